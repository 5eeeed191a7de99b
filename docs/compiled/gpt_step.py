"""step: buffers planned.

9 results written over an operand that nobody needs any more, 21 results into 1,054.5 KiB of memory
that is kept.
"""

import numpy as np
from minitorch.autograd.dispatch import of_arrays
from minitorch.compiler.writer import expect_none
from minitorch.kernels.blas import axpby
from minitorch.kernels.indexing import outside
from minitorch.nn.functional.attention import scaled_dot_product_attention_p
from minitorch.nn.functional.gelu import gelu_p
from minitorch.nn.functional.normalization import native_layer_norm_p
from minitorch.nn.kernels.embedding import add_rows

scaled_dot_product_attention = scaled_dot_product_attention_p.primitive.kernel
gelu = gelu_p.primitive.kernel
native_layer_norm_backward = native_layer_norm_p.primitive.joint
scaled_dot_product_attention_backward = scaled_dot_product_attention_p.primitive.joint
float32 = np.dtype(np.float32)
numbers = np.arange(0, 32, 1, np.int64)
numbers_2 = np.arange(0, 64, 1, np.int64)
ones = np.ones((64,), np.float32)
numbers_3 = np.arange(0, 16576, 65, np.int64)
ones_2 = np.ones((65,), np.float32)
ones_3 = np.ones((256,), np.float32)
constant = np.array(0.00390625, np.float32)
product = numbers.reshape(-1) * 64
outer = np.add.outer(product, numbers_2)
reshaped = outer.reshape(-1)

# memory that every run writes to anew
memory_1 = np.empty((256, 64), np.float32)
memory_2 = np.empty((2, 256), np.float32)
memory_3 = np.empty(241920, np.uint8)
memory_3_256x192 = np.ndarray((256, 192), np.float32, memory_3)
memory_3_3x8x4x32x16 = np.ndarray((3, 8, 4, 32, 16), np.float32, memory_3)
memory_3_60480 = np.ndarray((60480,), np.float32, memory_3)
memory_4 = np.empty(65536, np.uint8)
memory_4_256x64 = np.ndarray((256, 64), np.float32, memory_4)
memory_4_8x32x64 = np.ndarray((8, 32, 64), np.float32, memory_4)
memory_5 = np.empty((256, 64), np.float32)
memory_6 = np.empty((2, 256), np.float32)
memory_7 = np.empty(262144, np.uint8)
memory_7_256x256 = np.ndarray((256, 256), np.float32, memory_7)
memory_7_256x64 = np.ndarray((256, 64), np.float32, memory_7)
memory_7_60480 = np.ndarray((60480,), np.float32, memory_7)
memory_8 = np.empty((256, 64), np.float32)
memory_9 = np.empty((2, 256), np.float32)
memory_10 = np.empty(241920, np.uint8)
memory_10_256x65 = np.ndarray((256, 65), np.float32, memory_10)
memory_10_60480 = np.ndarray((60480,), np.float32, memory_10)
memory_11 = np.empty((256, 64), np.float32)
mean = memory_2[0]
rstd = memory_2[1]
mean_column = mean[:, None]
rstd_column = rstd[:, None]
mean_2 = memory_6[0]
rstd_2 = memory_6[1]
mean_2_column = mean_2[:, None]
rstd_2_column = rstd_2[:, None]
mean_3 = memory_9[0]
rstd_3 = memory_9[1]
mean_3_column = mean_3[:, None]
rstd_3_column = rstd_3[:, None]
letters_weight_gathered = memory_7_60480[0:4160].reshape((65, 64))
places_weight_gathered = memory_7_60480[4160:6208].reshape((32, 64))
block_norm1_weight_gathered = memory_7_60480[6208:6272]
block_norm1_bias_gathered = memory_7_60480[6272:6336]
block_norm2_weight_gathered = memory_7_60480[6336:6400]
block_norm2_bias_gathered = memory_7_60480[6400:6464]
block_qkv_weight_gathered = memory_7_60480[6464:18752].reshape((192, 64))
block_qkv_bias_gathered = memory_7_60480[18752:18944]
block_out_weight_gathered = memory_7_60480[18944:23040].reshape((64, 64))
block_out_bias_gathered = memory_7_60480[23040:23104]
block_up_weight_gathered = memory_7_60480[23104:39488].reshape((256, 64))
block_up_bias_gathered = memory_7_60480[39488:39744]
block_down_weight_gathered = memory_7_60480[39744:56128].reshape((64, 256))
block_down_bias_gathered = memory_7_60480[56128:56192]
norm_weight_gathered = memory_7_60480[56192:56256]
norm_bias_gathered = memory_7_60480[56256:56320]
head_weight_gathered = memory_7_60480[56320:60480].reshape((65, 64))
d_letters_weight_gathered = memory_3_60480[0:4160].reshape((65, 64))
d_places_weight_gathered = memory_3_60480[4160:6208].reshape((32, 64))
d_block_norm1_weight_gathered = memory_3_60480[6208:6272]
d_block_norm1_bias_gathered = memory_3_60480[6272:6336]
d_block_norm2_weight_gathered = memory_3_60480[6336:6400]
d_block_norm2_bias_gathered = memory_3_60480[6400:6464]
d_block_qkv_weight_gathered = memory_3_60480[6464:18752].reshape((192, 64))
d_block_qkv_bias_gathered = memory_3_60480[18752:18944]
d_block_out_weight_gathered = memory_3_60480[18944:23040].reshape((64, 64))
d_block_out_bias_gathered = memory_3_60480[23040:23104]
d_block_up_weight_gathered = memory_3_60480[23104:39488].reshape((256, 64))
d_block_up_bias_gathered = memory_3_60480[39488:39744]
d_block_down_weight_gathered = memory_3_60480[39744:56128].reshape((64, 256))
d_block_down_bias_gathered = memory_3_60480[56128:56192]
d_norm_weight_gathered = memory_3_60480[56192:56256]
d_norm_bias_gathered = memory_3_60480[56256:56320]
d_head_weight_gathered = memory_3_60480[56320:60480].reshape((65, 64))


@np.errstate(all="ignore")
@of_arrays
def step(
    letters_weight, text, places_weight, block_norm1_weight, block_norm1_bias, block_qkv_weight,
    block_qkv_bias, block_out_weight, block_out_bias, block_norm2_weight, block_norm2_bias,
    block_up_weight, block_up_bias, block_down_weight, block_down_bias, norm_weight, norm_bias,
    head_weight, following, lr
):
    # letters_weight (65, 64), text (8, 32) int64, places_weight (32, 64), block_norm1_weight (64,),
    # block_norm1_bias (64,), block_qkv_weight (192, 64), block_qkv_bias (192,),
    # block_out_weight (64, 64), block_out_bias (64,), block_norm2_weight (64,),
    # block_norm2_bias (64,), block_up_weight (256, 64), block_up_bias (256,),
    # block_down_weight (64, 256), block_down_bias (64,), norm_weight (64,), norm_bias (64,),
    # head_weight (65, 64), following (8, 32) int64, lr () float64

    # gpt.py:37  embedded = self.letters(text) + self.places(places)  (undone in line 304)
    expect_none(outside, text, 65)
    embedding = letters_weight.take(text, 0)  # (8, 32, 64)
    expect_none(outside, numbers, 32)
    embedding_2 = places_weight.take(numbers, 0)  # (32, 64)
    embedded = np.add(embedding, embedding_2, out=embedding)  # (8, 32, 64)

    # gpt.py:18  qkv = self.qkv(self.norm1(x)).view(batch, length, 3, self....  (undone in line 290)
    embedded_reshaped = embedded.reshape(-1, 64)  # (256, 64)
    native_layer_norm = memory_1  # (256, 64)
    product_2 = embedded_reshaped.dot(ones)  # (256,)
    np.divide(product_2, 64, out=mean)
    np.subtract(embedded_reshaped, mean_column, out=native_layer_norm)
    products = np.vecdot(native_layer_norm, native_layer_norm)  # (256,)
    np.divide(products, 64, out=rstd)
    np.add(rstd, 1e-05, out=rstd)
    np.sqrt(rstd, out=rstd)
    np.reciprocal(rstd, out=rstd)
    native_layer_norm *= rstd_column
    native_layer_norm *= block_norm1_weight
    native_layer_norm += block_norm1_bias
    block_qkv_weight_T = block_qkv_weight.T  # (64, 192)
    linear = native_layer_norm.dot(block_qkv_weight_T, out=memory_3_256x192)  # (256, 192)
    linear += block_qkv_bias
    qkv = linear.reshape((8, 32, 3, 4, 16))

    # gpt.py:19  q, k, v = qkv.permute(2, 0, 3, 1, 4)  (undone in line 287)
    permute = qkv.transpose((2, 0, 3, 1, 4))  # (3, 8, 4, 32, 16)
    q = permute[0, ...]  # (8, 4, 32, 16)
    k = permute[1, ...]  # (8, 4, 32, 16)
    v = permute[2, ...]  # (8, 4, 32, 16)

    # gpt.py:20  attended = F.scaled_dot_product_attention(q, k, v, is_caus...  (undone in line 277)
    attended, scaled, turned_keys, _, tops, totals = scaled_dot_product_attention(
        q, k, v, None, 0.25, True
    )  # (8, 4, 32, 16), (32, 32, 16), (32, 16, 32), (32, 32, 1), (32, 32, 1)

    # gpt.py:21  x = x + self.out(attended.transpose(1, 2).reshape(batch, l...  (undone in line 268)
    permute = attended.transpose((0, 2, 1, 3))  # (8, 32, 4, 16)
    view = permute.reshape((8, 32, 64))
    view_reshaped = view.reshape(-1, 64)  # (256, 64)
    block_out_weight_T = block_out_weight.T  # (64, 64)
    linear = view_reshaped.dot(block_out_weight_T, out=memory_4_256x64)  # (256, 64)
    linear += block_out_bias
    linear_reshaped = linear.reshape((8, 32, 64))
    x = np.add(embedded, linear_reshaped, out=linear_reshaped)  # (8, 32, 64)

    # gpt.py:22  hidden = F.gelu(self.up(self.norm2(x)))  (undone in line 254)
    x_reshaped = x.reshape(-1, 64)  # (256, 64)
    native_layer_norm_2 = memory_5  # (256, 64)
    product_2 = x_reshaped.dot(ones)  # (256,)
    np.divide(product_2, 64, out=mean_2)
    np.subtract(x_reshaped, mean_2_column, out=native_layer_norm_2)
    products = np.vecdot(native_layer_norm_2, native_layer_norm_2)  # (256,)
    np.divide(products, 64, out=rstd_2)
    np.add(rstd_2, 1e-05, out=rstd_2)
    np.sqrt(rstd_2, out=rstd_2)
    np.reciprocal(rstd_2, out=rstd_2)
    native_layer_norm_2 *= rstd_2_column
    native_layer_norm_2 *= block_norm2_weight
    native_layer_norm_2 += block_norm2_bias
    block_up_weight_T = block_up_weight.T  # (64, 256)
    linear = native_layer_norm_2.dot(block_up_weight_T, out=memory_7_256x256)  # (256, 256)
    linear += block_up_bias
    linear_reshaped = linear.reshape((8, 32, 256))
    hidden, slope = gelu(linear_reshaped)  # (8, 32, 256), (8, 32, 256)

    # gpt.py:23  return x + self.down(hidden)  (undone in line 246)
    hidden_reshaped = hidden.reshape(-1, 256)  # (256, 256)
    block_down_weight_T = block_down_weight.T  # (256, 64)
    linear = hidden_reshaped.dot(block_down_weight_T, out=memory_7_256x64)  # (256, 64)
    linear += block_down_bias
    linear_reshaped = linear.reshape((8, 32, 64))
    add = np.add(x, linear_reshaped, out=linear_reshaped)  # (8, 32, 64)

    # gpt.py:38  return self.head(self.norm(self.block(embedded)))  (undone in line 236)
    add_reshaped = add.reshape(-1, 64)  # (256, 64)
    native_layer_norm_3 = memory_8  # (256, 64)
    product_2 = add_reshaped.dot(ones)  # (256,)
    np.divide(product_2, 64, out=mean_3)
    np.subtract(add_reshaped, mean_3_column, out=native_layer_norm_3)
    products = np.vecdot(native_layer_norm_3, native_layer_norm_3)  # (256,)
    np.divide(products, 64, out=rstd_3)
    np.add(rstd_3, 1e-05, out=rstd_3)
    np.sqrt(rstd_3, out=rstd_3)
    np.reciprocal(rstd_3, out=rstd_3)
    native_layer_norm_3 *= rstd_3_column
    native_layer_norm_3 *= norm_weight
    native_layer_norm_3 += norm_bias
    head_weight_T = head_weight.T  # (64, 65)
    logits = native_layer_norm_3.dot(head_weight_T, out=memory_10_256x65)  # (256, 65)

    # gpt.py:49  loss = F.cross_entropy(logits.flatten(0, 1), following.fla...  (undone in line 229)
    view = following.reshape((256,))  # (256,) int64
    expect_none(outside, view, 65)
    max_logits = np.maximum.reduce(logits, axis=1, keepdims=True)  # (256, 1)
    probabilities = np.subtract(logits, max_logits, out=logits)  # (256, 65)
    at = view + numbers_3  # (256,) int64
    probabilities_flat = probabilities.ravel("K")  # (16640,)
    taken = probabilities_flat.take(at)  # (256,)
    np.exp(probabilities, out=probabilities)
    product_2 = probabilities.dot(ones_2)  # (256,)
    column = product_2[:, None]  # (256, 1)
    probabilities /= column
    logs = np.log(product_2, out=product_2)  # (256,)
    logs -= taken
    sums = np.dot(ones_3, logs)
    loss = sums / 256.0

    # ---------- backward

    # undoes line 210, gpt.py:49  loss = F.cross_entropy(logits.flatten(0, 1), following.flatten())
    d_view = np.multiply(probabilities, constant, out=probabilities)  # (256, 65)
    d_view_flat = d_view.ravel("K")  # (16640,)
    part = d_view_flat[at]  # (256,)
    part -= constant
    d_view_flat[at] = part

    # undoes line 193, gpt.py:38  return self.head(self.norm(self.block(embedded)))
    d_native_layer_norm = d_view.dot(head_weight, out=memory_11)  # (256, 64)
    d_native_layer_norm_reshaped = d_native_layer_norm.reshape(8, 32, 64)
    d_view_T = d_view.T  # (65, 256)
    d_head_weight = d_view_T.dot(native_layer_norm_3)  # (65, 64)
    d_add, d_norm_weight, d_norm_bias = native_layer_norm_backward(
        d_native_layer_norm_reshaped, add, norm_weight, mean_3_column, rstd_3_column, 1, (True,
        True, True)
    )  # (8, 32, 64), (64,), (64,)

    # undoes line 185, gpt.py:23  return x + self.down(hidden)
    d_add_reshaped = d_add.reshape(-1, 64)  # (256, 64)
    d_hidden = d_add_reshaped.dot(block_down_weight, out=memory_7_256x256)  # (256, 256)
    d_hidden_reshaped = d_hidden.reshape(8, 32, 256)
    transposed = d_add_reshaped.T  # (64, 256)
    d_block_down_weight = transposed.dot(hidden_reshaped)  # (64, 256)
    d_block_down_bias = np.dot(ones_3, d_add_reshaped)  # (64,)

    # undoes line 165, gpt.py:22  hidden = F.gelu(self.up(self.norm2(x)))
    d_linear = np.multiply(d_hidden_reshaped, slope, out=d_hidden_reshaped)  # (8, 32, 256)
    d_linear_reshaped = d_linear.reshape(-1, 256)  # (256, 256)
    d_native_layer_norm = d_linear_reshaped.dot(block_up_weight, out=memory_8)  # (256, 64)
    d_native_layer_norm_reshaped = d_native_layer_norm.reshape(8, 32, 64)
    transposed = d_linear_reshaped.T  # (256, 256)
    d_block_up_weight = transposed.dot(native_layer_norm_2)  # (256, 64)
    d_block_up_bias = np.dot(ones_3, d_linear_reshaped)  # (256,)
    d_x, d_block_norm2_weight, d_block_norm2_bias = native_layer_norm_backward(
        d_native_layer_norm_reshaped, x, block_norm2_weight, mean_2_column, rstd_2_column, 1, (True,
        True, True)
    )  # (8, 32, 64), (64,), (64,)
    d_embedded = np.add(d_add, d_x, out=memory_4_8x32x64)  # (8, 32, 64)

    # undoes line 155, gpt.py:21  x = x + self.out(attended.transpose(1, 2).reshape(batch, length...
    d_embedded_reshaped = d_embedded.reshape(-1, 64)  # (256, 64)
    d_view = d_embedded_reshaped.dot(block_out_weight, out=memory_5)  # (256, 64)
    transposed = d_embedded_reshaped.T  # (64, 256)
    d_block_out_weight = transposed.dot(view_reshaped)  # (64, 64)
    d_block_out_bias = np.dot(ones_3, d_embedded_reshaped)  # (64,)
    d_permute = d_view.reshape((8, 32, 4, 16))
    d_attended = d_permute.transpose((0, 2, 1, 3))  # (8, 4, 32, 16)

    # undoes line 150, gpt.py:20  attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    d_q, d_k, d_v, _ = scaled_dot_product_attention_backward(
        d_attended, (8, 4, 32, 16), (8, 4, 32, 16), v, scaled, turned_keys, None, tops, totals,
        0.25, True
    )
    d_q_part = d_q[None]  # (1, 8, 4, 32, 16)
    d_k_part = d_k[None]  # (1, 8, 4, 32, 16)
    d_v_part = d_v[None]  # (1, 8, 4, 32, 16)
    d_permute = np.concatenate([d_q_part, d_k_part, d_v_part], 0, out=memory_3_3x8x4x32x16)

    # undoes line 144, gpt.py:19  q, k, v = qkv.permute(2, 0, 3, 1, 4)
    d_qkv = d_permute.transpose((1, 3, 0, 2, 4))  # (8, 32, 3, 4, 16)

    # undoes line 125, gpt.py:18  qkv = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads...
    d_linear = d_qkv.reshape((8, 32, 192))
    d_linear_reshaped = d_linear.reshape(-1, 192)  # (256, 192)
    d_native_layer_norm = d_linear_reshaped.dot(block_qkv_weight, out=memory_5)  # (256, 64)
    d_native_layer_norm_reshaped = d_native_layer_norm.reshape(8, 32, 64)
    transposed = d_linear_reshaped.T  # (192, 256)
    d_block_qkv_weight = transposed.dot(native_layer_norm)  # (192, 64)
    d_block_qkv_bias = np.dot(ones_3, d_linear_reshaped)  # (192,)
    d_embedded_2, d_block_norm1_weight, d_block_norm1_bias = native_layer_norm_backward(
        d_native_layer_norm_reshaped, embedded, block_norm1_weight, mean_column, rstd_column, 1,
        (True, True, True)
    )  # (8, 32, 64), (64,), (64,)
    d_embedding = np.add(d_embedded, d_embedded_2, out=d_embedded)  # (8, 32, 64)

    # undoes line 118, gpt.py:37  embedded = self.letters(text) + self.places(places)
    sum_d_embedding = np.add.reduce(d_embedding, axis=(0,))  # (32, 64)
    d_places_weight = np.zeros((32, 64), float32)
    d_places_weight_reshaped = d_places_weight.reshape(-1)  # (2048,)
    reshaped_2 = sum_d_embedding.reshape(-1)  # (2048,)
    np.add.at(d_places_weight_reshaped, reshaped, reshaped_2)
    d_letters_weight = add_rows(d_embedding, text, 65, -1)  # (65, 64)

    # ---------- afterwards

    # gpt.py:51  optimizer.step()
    letters_weight_gathered[...] = letters_weight
    d_letters_weight_gathered[...] = d_letters_weight
    places_weight_gathered[...] = places_weight
    d_places_weight_gathered[...] = d_places_weight
    block_norm1_weight_gathered[...] = block_norm1_weight
    d_block_norm1_weight_gathered[...] = d_block_norm1_weight
    block_norm1_bias_gathered[...] = block_norm1_bias
    d_block_norm1_bias_gathered[...] = d_block_norm1_bias
    block_norm2_weight_gathered[...] = block_norm2_weight
    d_block_norm2_weight_gathered[...] = d_block_norm2_weight
    block_norm2_bias_gathered[...] = block_norm2_bias
    d_block_norm2_bias_gathered[...] = d_block_norm2_bias
    block_qkv_weight_gathered[...] = block_qkv_weight
    d_block_qkv_weight_gathered[...] = d_block_qkv_weight
    block_qkv_bias_gathered[...] = block_qkv_bias
    d_block_qkv_bias_gathered[...] = d_block_qkv_bias
    block_out_weight_gathered[...] = block_out_weight
    d_block_out_weight_gathered[...] = d_block_out_weight
    block_out_bias_gathered[...] = block_out_bias
    d_block_out_bias_gathered[...] = d_block_out_bias
    block_up_weight_gathered[...] = block_up_weight
    d_block_up_weight_gathered[...] = d_block_up_weight
    block_up_bias_gathered[...] = block_up_bias
    d_block_up_bias_gathered[...] = d_block_up_bias
    block_down_weight_gathered[...] = block_down_weight
    d_block_down_weight_gathered[...] = d_block_down_weight
    block_down_bias_gathered[...] = block_down_bias
    d_block_down_bias_gathered[...] = d_block_down_bias
    norm_weight_gathered[...] = norm_weight
    d_norm_weight_gathered[...] = d_norm_weight
    norm_bias_gathered[...] = norm_bias
    d_norm_bias_gathered[...] = d_norm_bias
    head_weight_gathered[...] = head_weight
    d_head_weight_gathered[...] = d_head_weight
    product_2 = lr * -1  # () float64
    axpby(product_2, memory_3_60480, 1, memory_7_60480, memory_10_60480)
    letters_weight[...] = letters_weight_gathered
    places_weight[...] = places_weight_gathered
    block_norm1_weight[...] = block_norm1_weight_gathered
    block_norm1_bias[...] = block_norm1_bias_gathered
    block_norm2_weight[...] = block_norm2_weight_gathered
    block_norm2_bias[...] = block_norm2_bias_gathered
    block_qkv_weight[...] = block_qkv_weight_gathered
    block_qkv_bias[...] = block_qkv_bias_gathered
    block_out_weight[...] = block_out_weight_gathered
    block_out_bias[...] = block_out_bias_gathered
    block_up_weight[...] = block_up_weight_gathered
    block_up_bias[...] = block_up_bias_gathered
    block_down_weight[...] = block_down_weight_gathered
    block_down_bias[...] = block_down_bias_gathered
    norm_weight[...] = norm_weight_gathered
    norm_bias[...] = norm_bias_gathered
    head_weight[...] = head_weight_gathered

    return (
        loss, d_letters_weight, d_places_weight, d_block_norm1_weight, d_block_norm1_bias,
        d_block_norm2_weight, d_block_norm2_bias, d_block_qkv_weight, d_block_qkv_bias,
        d_block_out_weight, d_block_out_bias, d_block_up_weight, d_block_up_bias,
        d_block_down_weight, d_block_down_bias, d_norm_weight, d_norm_bias, d_head_weight
    )
