"""step: buffers planned.

9 results written over an operand that nobody needs any more, 3 results into 18.8 KiB of memory that
is kept.
"""

import numpy as np
from minitorch.autograd.dispatch import of_arrays
from minitorch.compiler.writer import expect_none
from minitorch.kernels.blas import axpby
from minitorch.kernels.indexing import outside

numbers = np.arange(0, 64, 1, np.int64)
ones = np.ones((5,), np.float32)
ones_2 = np.ones((64,), np.float32)
constant = np.array(0.015625, np.float32)

# memory that every run writes to anew
memory_1 = np.empty((1605,), np.float32)
memory_2 = np.empty((1605,), np.float32)
memory_3 = np.empty((1605,), np.float32)
hidden_weight_gathered = memory_1[0:1000].reshape((100, 10))
hidden_bias_gathered = memory_1[1000:1100]
out_weight_gathered = memory_1[1100:1600].reshape((5, 100))
out_bias_gathered = memory_1[1600:1605]
d_hidden_weight_gathered = memory_2[0:1000].reshape((100, 10))
d_hidden_bias_gathered = memory_2[1000:1100]
d_out_weight_gathered = memory_2[1100:1600].reshape((5, 100))
d_out_bias_gathered = memory_2[1600:1605]


@np.errstate(all="ignore")
@of_arrays
def step(x, hidden_weight, hidden_bias, out_weight, out_bias, y, lr):
    # x (64, 10), hidden_weight (100, 10), hidden_bias (100,), out_weight (5, 100), out_bias (5,),
    # y (64,) int64, lr () float64

    # mlp.py:15  hidden = torch.tanh(self.hidden(x))  (undone in line 82)
    hidden_weight_T = hidden_weight.T  # (10, 100)
    linear = x.dot(hidden_weight_T)  # (64, 100)
    linear += hidden_bias
    hidden = np.tanh(linear, out=linear)  # (64, 100)

    # mlp.py:16  return self.out(hidden)  (undone in line 76)
    out_weight_T = out_weight.T  # (100, 5)
    logits = hidden.dot(out_weight_T)  # (64, 5)
    logits += out_bias

    # mlp.py:27  loss = F.cross_entropy(logits, y)  (undone in line 69)
    expect_none(outside, y, 5)
    logits_by_columns = np.asfortranarray(logits)  # (64, 5)
    tops = np.maximum.reduce(logits_by_columns, axis=1, keepdims=True)  # (64, 1)
    probabilities = np.subtract(logits_by_columns, tops, out=logits_by_columns)  # (64, 5)
    product = y * 64  # (64,) int64
    at = np.add(product, numbers, out=product)  # (64,) int64
    probabilities_flat = probabilities.ravel("K")  # (320,)
    taken = probabilities_flat.take(at)  # (64,)
    np.exp(probabilities, out=probabilities)
    product = probabilities.dot(ones)  # (64,)
    column = product[:, None]  # (64, 1)
    probabilities /= column
    logs = np.log(product, out=product)  # (64,)
    logs -= taken
    sums = np.dot(ones_2, logs)
    loss = sums / 64.0

    # ---------- backward

    # undoes line 49, mlp.py:27  loss = F.cross_entropy(logits, y)
    d_logits = np.multiply(probabilities, constant, out=probabilities)  # (64, 5)
    d_logits_flat = d_logits.ravel("K")  # (320,)
    part = d_logits_flat[at]  # (64,)
    part -= constant
    d_logits_flat[at] = part

    # undoes line 44, mlp.py:16  return self.out(hidden)
    d_hidden = d_logits.dot(out_weight)  # (64, 100)
    d_logits_T = d_logits.T  # (5, 64)
    d_out_weight = d_logits_T.dot(hidden)  # (5, 100)
    d_out_bias = np.dot(ones_2, d_logits)  # (5,)

    # undoes line 38, mlp.py:15  hidden = torch.tanh(self.hidden(x))
    product = np.multiply(hidden, hidden, out=hidden)  # (64, 100)
    difference = np.subtract(1, product, out=product)  # (64, 100)
    d_linear = np.multiply(d_hidden, difference, out=d_hidden)  # (64, 100)
    d_linear_T = d_linear.T  # (100, 64)
    d_hidden_weight = d_linear_T.dot(x)  # (100, 10)
    d_hidden_bias = np.dot(ones_2, d_linear)  # (100,)

    # ---------- afterwards

    # mlp.py:29  optimizer.step()
    hidden_weight_gathered[...] = hidden_weight
    d_hidden_weight_gathered[...] = d_hidden_weight
    hidden_bias_gathered[...] = hidden_bias
    d_hidden_bias_gathered[...] = d_hidden_bias
    out_weight_gathered[...] = out_weight
    d_out_weight_gathered[...] = d_out_weight
    out_bias_gathered[...] = out_bias
    d_out_bias_gathered[...] = d_out_bias
    product = lr * -1  # () float64
    axpby(product, memory_2, 1, memory_1, memory_3)
    hidden_weight[...] = hidden_weight_gathered
    hidden_bias[...] = hidden_bias_gathered
    out_weight[...] = out_weight_gathered
    out_bias[...] = out_bias_gathered

    return (loss, d_hidden_weight, d_hidden_bias, d_out_weight, d_out_bias)
