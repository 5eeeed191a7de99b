"""step: buffers planned.

5 results written over an operand that nobody needs any more, 8 results into 686.0 KiB of memory
that is kept.
"""

import numpy as np
from minitorch.autograd.dispatch import of_arrays
from minitorch.compiler.writer import expect_none
from minitorch.kernels.blas import axpby
from minitorch.kernels.indexing import outside
from minitorch.nn.kernels.convolution import convolution, transposed, weight_gradient
from minitorch.nn.kernels.pooling import max_pool, windows

float32 = np.dtype(np.float32)
windows_2 = windows((28, 28), (14, 14), (2, 2), (2, 2), (0, 0), (1, 1))
windows_3 = windows((14, 14), (7, 7), (2, 2), (2, 2), (0, 0), (1, 1))
numbers = np.arange(0, 16, 1, np.int64)
ones = np.ones((10,), np.float32)
ones_2 = np.ones((16,), np.float32)
constant = np.array(0.0625, np.float32)
numbers_2 = np.arange(0, 49981, 196, np.int64).reshape((256, 1))
numbers_3 = np.arange(0, 99569, 784, np.int64).reshape((128, 1))

# memory that every run writes to anew
memory_1 = np.empty(401408, np.uint8)
memory_1_16x8x28x28 = np.ndarray((16, 8, 28, 28), np.float32, memory_1)
memory_1_9098 = np.ndarray((9098,), np.float32, memory_1)
memory_2 = np.empty(200704, np.uint8)
memory_2_16x16x14x14 = np.ndarray((16, 16, 14, 14), np.float32, memory_2)
memory_2_128x196 = np.ndarray((128, 196), np.int64, memory_2)
memory_2_9098 = np.ndarray((9098,), np.float32, memory_2)
memory_3 = np.empty(100352, np.uint8)
memory_3_256x49 = np.ndarray((256, 49), np.int64, memory_3)
memory_3_16x8x28x28 = np.ndarray((16, 8, 28, 28), np.bool, memory_3)
memory_3_9098 = np.ndarray((9098,), np.float32, memory_3)
memory_1_16x8x28x28_reshaped = memory_1_16x8x28x28.reshape(-1)
memory_2_16x16x14x14_reshaped = memory_2_16x16x14x14.reshape(-1)
conv1_weight_gathered = memory_3_9098[0:72].reshape((8, 1, 3, 3))
conv1_bias_gathered = memory_3_9098[72:80]
conv2_weight_gathered = memory_3_9098[80:1232].reshape((16, 8, 3, 3))
conv2_bias_gathered = memory_3_9098[1232:1248]
head_weight_gathered = memory_3_9098[1248:9088].reshape((10, 784))
head_bias_gathered = memory_3_9098[9088:9098]
d_conv1_weight_gathered = memory_2_9098[0:72].reshape((8, 1, 3, 3))
d_conv1_bias_gathered = memory_2_9098[72:80]
d_conv2_weight_gathered = memory_2_9098[80:1232].reshape((16, 8, 3, 3))
d_conv2_bias_gathered = memory_2_9098[1232:1248]
d_head_weight_gathered = memory_2_9098[1248:9088].reshape((10, 784))
d_head_bias_gathered = memory_2_9098[9088:9098]


@np.errstate(all="ignore")
@of_arrays
def step(
    image, conv1_weight, conv1_bias, conv2_weight, conv2_bias, head_weight, head_bias, label, lr
):
    # image (16, 1, 28, 28), conv1_weight (8, 1, 3, 3), conv1_bias (8,), conv2_weight (16, 8, 3, 3),
    # conv2_bias (16,), head_weight (10, 784), head_bias (10,), label (16,) int64, lr () float64

    # cnn.py:16  hidden = F.max_pool2d(F.relu(self.conv1(image)), 2)  (undone in line 149)
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

    # cnn.py:17  hidden = F.max_pool2d(F.relu(self.conv2(hidden)), 2)  (undone in line 131)
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

    # cnn.py:18  return self.head(hidden.flatten(1))  (undone in line 118)
    view = values_2.reshape((16, 784))
    head_weight_T = head_weight.T  # (784, 10)
    logits = view.dot(head_weight_T)  # (16, 10)
    logits += head_bias

    # cnn.py:29  loss = F.cross_entropy(logits, label)  (undone in line 111)
    expect_none(outside, label, 10)
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

    # undoes line 91, cnn.py:29  loss = F.cross_entropy(logits, label)
    d_logits = np.multiply(probabilities, constant, out=probabilities)  # (16, 10)
    d_logits_flat = d_logits.ravel("K")  # (160,)
    part = d_logits_flat[at]  # (16,)
    part -= constant
    d_logits_flat[at] = part

    # undoes line 85, cnn.py:18  return self.head(hidden.flatten(1))
    d_view = d_logits.dot(head_weight)  # (16, 784)
    d_logits_T = d_logits.T  # (10, 16)
    d_head_weight = d_logits_T.dot(view)  # (10, 784)
    d_head_bias = np.dot(ones_2, d_logits)  # (10,)
    d_relu = np.zeros(50176, float32)  # (50176,)
    indices_2_reshaped = indices_2.reshape(256, 49)  # (256, 49) int64
    total = np.add(indices_2_reshaped, numbers_2, out=memory_3_256x49)  # (256, 49) int64
    reshaped = total.reshape(-1)  # (12544,) int64
    d_view_reshaped = d_view.reshape((12544,))
    d_relu[reshaped] = d_view_reshaped
    d_relu_reshaped = d_relu.reshape(16, 16, 14, 14)

    # undoes line 73, cnn.py:17  hidden = F.max_pool2d(F.relu(self.conv2(hidden)), 2)
    mask = relu_2 <= 0  # (16, 16, 14, 14) bool
    d_convolution = np.where(mask, 0, d_relu_reshaped)  # (16, 16, 14, 14)
    d_values = transposed(
        d_convolution, conv2_weight, (14, 14), (1, 1), ((1, 1), (1, 1)), (1, 1), 1
    )  # (16, 8, 14, 14)
    d_conv2_weight = weight_gradient(
        values, d_convolution, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1
    )  # (16, 8, 3, 3)
    d_conv2_bias = d_convolution.sum((0, 2, 3))  # (16,)
    d_relu = np.zeros(100352, float32)  # (100352,)
    indices_reshaped = indices.reshape(128, 196)  # (128, 196) int64
    total = np.add(indices_reshaped, numbers_3, out=memory_2_128x196)  # (128, 196) int64
    reshaped = total.reshape(-1)  # (25088,) int64
    d_values_reshaped = d_values.reshape(-1)  # (25088,)
    d_relu[reshaped] = d_values_reshaped
    d_relu_reshaped = d_relu.reshape(16, 8, 28, 28)

    # undoes line 61, cnn.py:16  hidden = F.max_pool2d(F.relu(self.conv1(image)), 2)
    mask = np.less_equal(relu, 0, out=memory_3_16x8x28x28)  # (16, 8, 28, 28) bool
    d_convolution = np.where(mask, 0, d_relu_reshaped)  # (16, 8, 28, 28)
    d_conv1_weight = weight_gradient(
        image, d_convolution, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1
    )  # (8, 1, 3, 3)
    d_conv1_bias = d_convolution.sum((0, 2, 3))  # (8,)

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
    axpby(product, memory_2_9098, 1, memory_3_9098, memory_1_9098)
    conv1_weight[...] = conv1_weight_gathered
    conv1_bias[...] = conv1_bias_gathered
    conv2_weight[...] = conv2_weight_gathered
    conv2_bias[...] = conv2_bias_gathered
    head_weight[...] = head_weight_gathered
    head_bias[...] = head_bias_gathered

    return (
        loss, d_conv1_weight, d_conv1_bias, d_conv2_weight, d_conv2_bias, d_head_weight, d_head_bias
    )
