"""step: buffers planned.

5 results written over an operand that nobody needs any more, 6 results into 623.5 KiB of memory
that is kept.
"""

import numpy as np
from minitorch.autograd.dispatch import of_arrays
from minitorch.compiler.writer import expect_none
from minitorch.kernels.blas import axpby
from minitorch.nn.functional.convolution import convolution_p
from minitorch.nn.functional.max_pooling import max_pool_p
from minitorch.nn.kernels.convolution import convolution
from minitorch.nn.kernels.cross_entropy import check_labels
from minitorch.nn.kernels.pooling import max_pool, windows

max_pool_d_x = max_pool_p.primitive.rules[0]
convolution_d_x = convolution_p.primitive.rules[0]
convolution_d_w = convolution_p.primitive.rules[1]
windows_2 = windows((28, 28), (14, 14), (2, 2), (2, 2), (0, 0), (1, 1))
windows_3 = windows((14, 14), (7, 7), (2, 2), (2, 2), (0, 0), (1, 1))
numbers = np.arange(0, 16, 1, np.int64)
ones = np.ones((10,), np.float32)
ones_2 = np.ones((16,), np.float32)
constant = np.array(0.0625, np.float32)

# memory that every run writes to anew
memory_1 = np.empty(401408, np.uint8)
memory_1_16x8x28x28 = np.ndarray((16, 8, 28, 28), np.float32, memory_1)
memory_1_9098 = np.ndarray((9098,), np.float32, memory_1)
memory_2 = np.empty(200704, np.uint8)
memory_2_16x16x14x14 = np.ndarray((16, 16, 14, 14), np.float32, memory_2)
memory_2_16x8x28x28 = np.ndarray((16, 8, 28, 28), np.bool, memory_2)
memory_2_9098 = np.ndarray((9098,), np.float32, memory_2)
memory_3 = np.empty((9098,), np.float32)
memory_1_16x8x28x28_reshaped = memory_1_16x8x28x28.reshape(-1)
memory_2_16x16x14x14_reshaped = memory_2_16x16x14x14.reshape(-1)
conv1_weight_gathered = memory_2_9098[0:72].reshape((8, 1, 3, 3))
conv1_bias_gathered = memory_2_9098[72:80]
conv2_weight_gathered = memory_2_9098[80:1232].reshape((16, 8, 3, 3))
conv2_bias_gathered = memory_2_9098[1232:1248]
head_weight_gathered = memory_2_9098[1248:9088].reshape((10, 784))
head_bias_gathered = memory_2_9098[9088:9098]
d_conv1_weight_gathered = memory_1_9098[0:72].reshape((8, 1, 3, 3))
d_conv1_bias_gathered = memory_1_9098[72:80]
d_conv2_weight_gathered = memory_1_9098[80:1232].reshape((16, 8, 3, 3))
d_conv2_bias_gathered = memory_1_9098[1232:1248]
d_head_weight_gathered = memory_1_9098[1248:9088].reshape((10, 784))
d_head_bias_gathered = memory_1_9098[9088:9098]


@np.errstate(all="ignore")
@of_arrays
def step(
    image, conv1_weight, conv1_bias, conv2_weight, conv2_bias, head_weight, head_bias, label, lr
):
    # image (16, 1, 28, 28), conv1_weight (8, 1, 3, 3), conv1_bias (8,), conv2_weight (16, 8, 3, 3),
    # conv2_bias (16,), head_weight (10, 784), head_bias (10,), label (16,) int64, lr () float64

    # cnn.py:16  hidden = F.max_pool2d(F.relu(self.conv1(image)), 2)  (undone in line 137)
    convolution_2 = convolution(
        image, conv1_weight, conv1_bias, (1, 1), ((1, 1), (1, 1)), (1, 1), 1
    )  # (16, 8, 28, 28)
    relu = memory_1_16x8x28x28  # (16, 8, 28, 28)
    convolution_2_reshaped = convolution_2.reshape(-1)  # (100352,)
    np.clip(
        convolution_2_reshaped, np.float32(0.0), np.float32(np.inf),
        out=memory_1_16x8x28x28_reshaped
    )
    values, indices = max_pool(relu, windows_2, True)  # (16, 8, 14, 14), (16, 8, 14, 14) int64

    # cnn.py:17  hidden = F.max_pool2d(F.relu(self.conv2(hidden)), 2)  (undone in line 125)
    convolution_2 = convolution(
        values, conv2_weight, conv2_bias, (1, 1), ((1, 1), (1, 1)), (1, 1), 1
    )  # (16, 16, 14, 14)
    relu_2 = memory_2_16x16x14x14  # (16, 16, 14, 14)
    convolution_2_reshaped = convolution_2.reshape(-1)  # (50176,)
    np.clip(
        convolution_2_reshaped, np.float32(0.0), np.float32(np.inf),
        out=memory_2_16x16x14x14_reshaped
    )
    values_2, indices_2 = max_pool(relu_2, windows_3, True)  # (16, 16, 7, 7), (16, 16, 7, 7) int64

    # cnn.py:18  return self.head(hidden.flatten(1))  (undone in line 117)
    view = values_2.reshape((16, 784))
    head_weight_T = head_weight.T  # (784, 10)
    logits = view.dot(head_weight_T)  # (16, 10)
    logits += head_bias

    # cnn.py:29  loss = F.cross_entropy(logits, label)  (undone in line 110)
    expect_none(check_labels, label, 10, -100)
    logits_by_columns = np.asfortranarray(logits)  # (16, 10)
    tops = np.maximum.reduce(logits_by_columns, axis=1, keepdims=True)  # (16, 1)
    probabilities = np.subtract(logits_by_columns, tops, out=logits_by_columns)  # (16, 10)
    product = label * 16  # (16,) int64
    at = np.add(product, numbers, out=product)  # (16,) int64
    probabilities_flat = probabilities.ravel("K")  # (160,)
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

    # undoes line 90, cnn.py:29  loss = F.cross_entropy(logits, label)
    d_logits = np.multiply(probabilities, constant, out=probabilities)  # (16, 10)
    d_logits_flat = d_logits.ravel("K")  # (160,)
    part = d_logits_flat[at]  # (16,)
    part -= constant
    d_logits_flat[at] = part

    # undoes line 84, cnn.py:18  return self.head(hidden.flatten(1))
    d_view = d_logits.dot(head_weight)  # (16, 784)
    d_logits_T = d_logits.T  # (10, 16)
    d_head_weight = d_logits_T.dot(view)  # (10, 784)
    d_head_bias = np.dot(ones_2, d_logits)  # (10,)
    d_values = d_view.reshape((16, 16, 7, 7))
    d_relu = max_pool_d_x(d_values, indices_2, (16, 16, 14, 14), True)

    # undoes line 72, cnn.py:17  hidden = F.max_pool2d(F.relu(self.conv2(hidden)), 2)
    mask = relu_2 <= 0  # (16, 16, 14, 14) bool
    d_convolution = np.where(mask, 0, d_relu)  # (16, 16, 14, 14)
    d_values = convolution_d_x(
        d_convolution, conv2_weight, (16, 8, 14, 14), (1, 1), ((1, 1), (1, 1)), (1, 1), 1
    )
    d_conv2_weight = convolution_d_w(
        d_convolution, values, (16, 8, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1
    )
    d_conv2_bias = d_convolution.sum((0, 2, 3))  # (16,)
    d_relu = max_pool_d_x(d_values, indices, (16, 8, 28, 28), True)

    # undoes line 60, cnn.py:16  hidden = F.max_pool2d(F.relu(self.conv1(image)), 2)
    mask = np.less_equal(relu, 0, out=memory_2_16x8x28x28)  # (16, 8, 28, 28) bool
    d_convolution = np.where(mask, 0, d_relu)  # (16, 8, 28, 28)
    d_conv1_weight = convolution_d_w(
        d_convolution, image, (8, 1, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1
    )
    d_conv1_bias = d_convolution.sum((0, 2, 3))  # (8,)
    d_conv2_weight = d_conv2_weight.copy()  # (16, 8, 3, 3)
    d_conv1_weight = d_conv1_weight.copy()  # (8, 1, 3, 3)

    # ---------- afterwards

    # cnn.py:31  optimizer.step()
    conv1_weight_gathered[...] = conv1_weight
    d_conv1_weight_gathered[...] = d_conv1_weight
    conv1_bias_gathered[...] = conv1_bias
    d_conv1_bias_gathered[...] = d_conv1_bias
    conv2_weight_gathered[...] = conv2_weight
    d_conv2_weight_gathered[...] = d_conv2_weight
    conv2_bias_gathered[...] = conv2_bias
    d_conv2_bias_gathered[...] = d_conv2_bias
    head_weight_gathered[...] = head_weight
    d_head_weight_gathered[...] = d_head_weight
    head_bias_gathered[...] = head_bias
    d_head_bias_gathered[...] = d_head_bias
    product = lr * -1  # () float64
    axpby(product, memory_1_9098, 1, memory_2_9098, memory_3)
    conv1_weight[...] = conv1_weight_gathered
    conv1_bias[...] = conv1_bias_gathered
    conv2_weight[...] = conv2_weight_gathered
    conv2_bias[...] = conv2_bias_gathered
    head_weight[...] = head_weight_gathered
    head_bias[...] = head_bias_gathered

    return (
        loss, d_conv1_weight, d_conv1_bias, d_conv2_weight, d_conv2_bias, d_head_weight, d_head_bias
    )
