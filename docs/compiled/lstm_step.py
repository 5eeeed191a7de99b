"""step: buffers planned.

5 results written over an operand that nobody needs any more, 3 results into 300.1 KiB of memory
that is kept.
"""

import numpy as np
from minitorch.autograd.dispatch import of_arrays
from minitorch.compiler.tracer import flat
from minitorch.compiler.writer import expect_none
from minitorch.kernels.blas import axpby
from minitorch.kernels.indexing import outside
from minitorch.nn.kernels.recurrent import lstm, lstm_backward

float32 = np.dtype(np.float32)
zeros = np.zeros((1, 16, 64), np.float32)
zeros_2 = np.zeros((1, 16, 64), np.float32)
numbers = np.arange(0, 16, 1, np.int64)
ones = np.ones((8,), np.float32)
ones_2 = np.ones((16,), np.float32)
constant = np.array(0.0625, np.float32)
select = zeros[0, ...]
select_2 = zeros_2[0, ...]
zeros_3 = np.zeros((16, 64), float32)

# memory that every run writes to anew
memory_1 = np.empty((25608,), np.float32)
memory_2 = np.empty((25608,), np.float32)
memory_3 = np.empty((25608,), np.float32)
lstm_weight_ih_l0_gathered = memory_1[0:8192].reshape((256, 32))
lstm_weight_hh_l0_gathered = memory_1[8192:24576].reshape((256, 64))
lstm_bias_ih_l0_gathered = memory_1[24576:24832]
lstm_bias_hh_l0_gathered = memory_1[24832:25088]
head_weight_gathered = memory_1[25088:25600].reshape((8, 64))
head_bias_gathered = memory_1[25600:25608]
d_lstm_weight_ih_l0_gathered = memory_2[0:8192].reshape((256, 32))
d_lstm_weight_hh_l0_gathered = memory_2[8192:24576].reshape((256, 64))
d_lstm_bias_ih_l0_gathered = memory_2[24576:24832]
d_lstm_bias_hh_l0_gathered = memory_2[24832:25088]
d_head_weight_gathered = memory_2[25088:25600].reshape((8, 64))
d_head_bias_gathered = memory_2[25600:25608]


@np.errstate(all="ignore")
@of_arrays
def step(
    x, lstm_weight_ih_l0, lstm_weight_hh_l0, lstm_bias_ih_l0, lstm_bias_hh_l0, head_weight,
    head_bias, y, lr
):
    # x (16, 50, 32), lstm_weight_ih_l0 (256, 32), lstm_weight_hh_l0 (256, 64),
    # lstm_bias_ih_l0 (256,), lstm_bias_hh_l0 (256,), head_weight (8, 64), head_bias (8,),
    # y (16,) int64, lr () float64

    # lstm.py:15  states, _ = self.lstm(x)  (undone in line 108)
    permute = x.transpose((1, 0, 2))  # (50, 16, 32)
    view = permute.reshape((-1, 32))  # (800, 32)
    y_2, _, _, gates, before, cells, tanhs = flat(
        lstm, view, select, select_2, lstm_weight_ih_l0, lstm_weight_hh_l0, lstm_bias_ih_l0,
        lstm_bias_hh_l0, None, (16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 16, 16, 16, 16, 16, 16, 16, 16, 16), False
    )  # (800, 64), (800, 256), (800, 64), (800, 64), (800, 64)
    view_2 = y_2.reshape((50, 16, 64))
    permute = view_2.transpose((1, 0, 2))  # (16, 50, 64)

    # lstm.py:16  return self.head(states[:, -1])  (undone in line 99)
    slice_ = permute[:, -1, ...]  # (16, 64)
    head_weight_T = head_weight.T  # (64, 8)
    logits = slice_.dot(head_weight_T)  # (16, 8)
    logits += head_bias

    # lstm.py:27  loss = F.cross_entropy(logits, y)  (undone in line 92)
    expect_none(outside, y, 8)
    logits_by_columns = np.asfortranarray(logits)  # (16, 8)
    tops = np.maximum.reduce(logits_by_columns, axis=1, keepdims=True)  # (16, 1)
    probabilities = np.subtract(logits_by_columns, tops, out=logits_by_columns)  # (16, 8)
    product = y * 16  # (16,) int64
    at = np.add(product, numbers, out=product)  # (16,) int64
    probabilities_flat = probabilities.ravel("K")  # (128,)
    taken = probabilities_flat.take(at)  # (16,)
    np.exp(probabilities, out=probabilities)
    product = probabilities.dot(ones)  # (16,)
    column = product[:, None]  # (16, 1)
    probabilities /= column
    logs = np.log(product, out=product)  # (16,)
    logs -= taken
    sums = np.dot(ones_2, logs)
    loss = sums / 16.0

    # ---------- backward

    # undoes line 72, lstm.py:27  loss = F.cross_entropy(logits, y)
    d_logits = np.multiply(probabilities, constant, out=probabilities)  # (16, 8)
    d_logits_flat = d_logits.ravel("K")  # (128,)
    part = d_logits_flat[at]  # (16,)
    part -= constant
    d_logits_flat[at] = part

    # undoes line 66, lstm.py:16  return self.head(states[:, -1])
    d_slice = d_logits.dot(head_weight)  # (16, 64)
    d_logits_T = d_logits.T  # (8, 16)
    d_head_weight = d_logits_T.dot(slice_)  # (8, 64)
    d_head_bias = np.dot(ones_2, d_logits)  # (8,)
    d_permute = np.zeros((16, 50, 64), float32)
    d_permute_part = d_permute[:, -1, ...]  # (16, 64)
    d_permute_part[...] = d_slice

    # undoes line 54, lstm.py:15  states, _ = self.lstm(x)
    d_view = d_permute.transpose((1, 0, 2))  # (50, 16, 64)
    d_y = d_view.reshape((800, 64))
    (
        _, _, _, d_lstm_weight_ih_l0, d_lstm_weight_hh_l0, d_lstm_bias_ih_l0, d_lstm_bias_hh_l0, _
    ) = lstm_backward(
        (d_y, zeros_3, zeros_3), view, lstm_weight_ih_l0, lstm_weight_hh_l0, None, gates, before,
        cells, tanhs, (16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
        16, 16, 16, 16, 16, 16, 16, 16), False, (False, False, False, True, True, True, True, False)
    )  # (256, 32), (256, 64), (256,), (256,)

    # ---------- afterwards

    # lstm.py:29  optimizer.step()
    lstm_weight_ih_l0_gathered[...] = lstm_weight_ih_l0
    d_lstm_weight_ih_l0_gathered[...] = d_lstm_weight_ih_l0
    lstm_weight_hh_l0_gathered[...] = lstm_weight_hh_l0
    d_lstm_weight_hh_l0_gathered[...] = d_lstm_weight_hh_l0
    lstm_bias_ih_l0_gathered[...] = lstm_bias_ih_l0
    d_lstm_bias_ih_l0_gathered[...] = d_lstm_bias_ih_l0
    lstm_bias_hh_l0_gathered[...] = lstm_bias_hh_l0
    d_lstm_bias_hh_l0_gathered[...] = d_lstm_bias_hh_l0
    head_weight_gathered[...] = head_weight
    d_head_weight_gathered[...] = d_head_weight
    head_bias_gathered[...] = head_bias
    d_head_bias_gathered[...] = d_head_bias
    product = lr * -1  # () float64
    axpby(product, memory_2, 1, memory_1, memory_3)
    lstm_weight_ih_l0[...] = lstm_weight_ih_l0_gathered
    lstm_weight_hh_l0[...] = lstm_weight_hh_l0_gathered
    lstm_bias_ih_l0[...] = lstm_bias_ih_l0_gathered
    lstm_bias_hh_l0[...] = lstm_bias_hh_l0_gathered
    head_weight[...] = head_weight_gathered
    head_bias[...] = head_bias_gathered

    return (
        loss, d_lstm_weight_ih_l0, d_lstm_weight_hh_l0, d_lstm_bias_ih_l0, d_lstm_bias_hh_l0,
        d_head_weight, d_head_bias
    )
