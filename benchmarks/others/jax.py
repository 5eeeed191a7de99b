"""The training steps and layers of the compiled table in JAX: each step is one jitted function."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, nn

Step = Callable[[], object]
rng = np.random.default_rng(0)


def normal(*shape: int, scale: float = 1.0) -> Any:
    return jnp.asarray(scale * rng.standard_normal(shape), jnp.float32)


def integers(high: int, *shape: int) -> Any:
    return jnp.asarray(rng.integers(0, high, shape), jnp.int32)


def dense(inputs: int, outputs: int) -> Any:
    return normal(inputs, outputs, scale=inputs**-0.5), jnp.zeros(outputs)


def linear(layer: Any, x: Any) -> Any:
    return x @ layer[0] + layer[1]


def cross_entropy(logits: Any, labels: Any) -> Any:
    return -jnp.take_along_axis(nn.log_softmax(logits), labels[..., None], -1).mean()


# --- training -------------------------------------------------------------------------------------


def sgd(rate: float) -> Any:
    def update(parameters: Any, gradients: Any, state: Any) -> Any:
        return jax.tree.map(lambda p, g: p - rate * g, parameters, gradients), state

    return (lambda parameters: ()), update


def adamw(rate: float, decay: float = 0.01, b1: float = 0.9, b2: float = 0.999) -> Any:
    def start(parameters: Any) -> Any:
        zeros = partial(jax.tree.map, jnp.zeros_like)
        return zeros(parameters), zeros(parameters), jnp.float32(0)

    def update(parameters: Any, gradients: Any, state: Any) -> Any:
        m, v, t = state
        t += 1
        m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, m, gradients)
        v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, v, gradients)

        def rule(p: Any, m: Any, v: Any) -> Any:
            shrunk = p * (1 - rate * decay)
            return shrunk - rate * (m / (1 - b1**t)) / (jnp.sqrt(v / (1 - b2**t)) + 1e-8)

        return jax.tree.map(rule, parameters, m, v), (m, v, t)

    return start, update


def training(loss: Any, parameters: Any, optimizer: Any, data: Any, batch: Any) -> Step:
    """A step on ``batch(data, key)``; ``loss(parameters, key, *batch)`` gives a number."""
    start, update = optimizer

    @partial(jax.jit, donate_argnums=0)
    def learn(state: Any, data: Any) -> Any:
        parameters, memory, key = state
        key, draw, drop = jax.random.split(key, 3)
        inputs = batch(data, draw)
        value, gradients = jax.value_and_grad(loss)(parameters, drop, *inputs)
        return (*update(parameters, gradients, memory), key), value

    state = (parameters, start(parameters), jax.random.key(0))

    def step() -> Any:
        nonlocal state
        state, value = learn(state, data)
        return value.block_until_ready()

    return step


def rows(size: int) -> Any:
    """Rows of x and y drawn by chance."""

    def batch(data: Any, key: Any) -> Any:
        index = jax.random.randint(key, (size,), 0, len(data[0]))
        return [column[index] for column in data]

    return batch


def perceptron(activation: Any, layers: Any, x: Any) -> Any:
    for layer in layers[:-1]:
        x = activation(linear(layer, x))
    return linear(layers[-1], x)


def mlp(size: int, widths: Any, activation: Any, optimizer: Any, count: int) -> Step:
    data = normal(count, widths[0]), integers(widths[-1], count)
    layers = [dense(m, n) for m, n in pairwise(widths)]

    def loss(layers: Any, key: Any, x: Any, y: Any) -> Any:
        return cross_entropy(perceptron(activation, layers, x), y)

    return training(loss, layers, optimizer, data, rows(size))


def small_mlp_sgd(size: int) -> Step:
    return mlp(size, (10, 100, 5), jnp.tanh, sgd(0.01), 1000)


def small_mlp_adamw(size: int) -> Step:
    return mlp(size, (10, 100, 5), jnp.tanh, adamw(1e-3), 1000)


def large_mlp_sgd(size: int) -> Step:
    return mlp(size, (784, 512, 256, 10), nn.relu, sgd(0.01), 4096)


def character_mlp(size: int) -> Step:
    def loss(parameters: Any, key: Any, x: Any, y: Any) -> Any:
        table, layers = parameters
        return cross_entropy(perceptron(jnp.tanh, layers, table[x].reshape(len(x), -1)), y)

    parameters = normal(27, 10), [dense(30, 200), dense(200, 27)]
    data = integers(27, 1000, 3), integers(27, 1000)
    return training(loss, parameters, sgd(0.01), data, rows(size))


# --- convolutions ---------------------------------------------------------------------------------


def filters(inputs: int, outputs: int, width: int) -> Any:
    scale = (inputs * width * width) ** -0.5
    return normal(outputs, inputs, width, width, scale=scale), jnp.zeros((outputs, 1, 1))


def convolved(layer: Any, x: Any, padding: int) -> Any:
    pads = [(padding, padding)] * 2
    return lax.conv_general_dilated(x, layer[0], (1, 1), pads) + layer[1]


def pooled(x: Any) -> Any:
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def batch_normed(layer: Any, x: Any) -> Any:
    mean, variance = (f(x, (0, 2, 3), keepdims=True) for f in (jnp.mean, jnp.var))
    return (x - mean) * lax.rsqrt(variance + 1e-5) * layer[0] + layer[1]


def lenet(size: int) -> Step:
    def loss(parameters: Any, key: Any, x: Any, y: Any) -> Any:
        first, second, layers = parameters
        x = pooled(nn.relu(convolved(first, x, 2)))
        x = pooled(nn.relu(convolved(second, x, 0)))
        return cross_entropy(perceptron(nn.relu, layers, x.reshape(len(x), -1)), y)

    layers = [dense(m, n) for m, n in pairwise((400, 120, 84, 10))]
    data = normal(1024, 1, 28, 28), integers(10, 1024)
    parameters = filters(1, 6, 5), filters(6, 16, 5), layers
    return training(loss, parameters, sgd(0.01), data, rows(size))


def digits_cnn(size: int) -> Step:
    """Without the running statistics, which nothing here reads."""

    def loss(parameters: Any, key: Any, x: Any, y: Any) -> Any:
        *blocks, hidden, last = parameters
        for convolution, norm in blocks:
            x = pooled(nn.relu(batch_normed(norm, convolved(convolution, x, 1))))
        x = nn.relu(linear(hidden, x.reshape(len(x), -1)))
        x = jnp.where(jax.random.bernoulli(key, 0.7, x.shape), x / 0.7, 0)
        return cross_entropy(linear(last, x), y)

    norms = [(jnp.ones((n, 1, 1)), jnp.zeros((n, 1, 1))) for n in (16, 32)]
    blocks = (filters(1, 16, 3), norms[0]), (filters(16, 32, 3), norms[1])
    data = normal(1437, 1, 8, 8), integers(10, 1437)
    parameters = (*blocks, dense(128, 64), dense(64, 10))
    return training(loss, parameters, adamw(3e-3), data, rows(size))


# --- a transformer --------------------------------------------------------------------------------


def scaled(width: int) -> Any:
    return jnp.ones(width), jnp.zeros(width)


def normalized(layer: Any, x: Any) -> Any:
    mean, variance = (f(x, -1, keepdims=True) for f in (jnp.mean, jnp.var))
    return (x - mean) * lax.rsqrt(variance + 1e-5) * layer[0] + layer[1]


def attended(qkv: Any, heads: int, causal: bool) -> Any:
    batch, length, _ = qkv.shape
    q, k, v = (part.reshape(batch, length, heads, -1) for part in jnp.split(qkv, 3, axis=-1))
    return jax.nn.dot_product_attention(q, k, v, is_causal=causal).reshape(batch, length, -1)


def gpt(size: int) -> Step:
    letters, width, heads, context = 65, 128, 4, 64

    def loss(parameters: Any, key: Any, x: Any, y: Any) -> Any:
        table, places, blocks, norm, head = parameters
        x = table[x] + places
        for norm1, mix, mixture, norm2, expand, project in blocks:
            h = attended(linear(mix, normalized(norm1, x)), heads, causal=True)
            x = x + linear(mixture, h)
            h = nn.gelu(linear(expand, normalized(norm2, x)), approximate=False)
            x = x + linear(project, h)
        return cross_entropy(normalized(norm, x) @ head, y)

    def batch(text: Any, key: Any) -> Any:
        starts = jax.random.randint(key, (size, 1), 0, len(text) - context)
        index = starts + jnp.arange(context)
        return text[index], text[index + 1]

    blocks = [
        (scaled(width), dense(width, 3 * width), dense(width, width),
         scaled(width), dense(width, 512), dense(512, width))
        for _ in range(4)
    ]  # fmt: skip
    head = dense(width, letters)[0]
    parameters = normal(letters, width), normal(context, width), blocks, scaled(width), head
    return training(loss, parameters, adamw(1e-3), integers(letters, 10_000), batch)


# --- single layers --------------------------------------------------------------------------------


def both_ways(function: Any, *inputs: Any) -> Step:
    """The result and the gradients of all inputs for a fixed incoming gradient."""
    incoming = normal(*jax.eval_shape(function, *inputs).shape)

    @jax.jit
    def pulled(incoming: Any, *inputs: Any) -> Any:
        y, pull = jax.vjp(function, *inputs)
        return y, pull(incoming)

    return lambda: jax.block_until_ready(pulled(incoming, *inputs))


def layer_norm(size: int) -> Step:
    return both_ways(normalized, scaled(size), normal(size, size))


def softmax(size: int) -> Step:
    return both_ways(nn.softmax, normal(size, size))


def gelu(size: int) -> Step:
    return both_ways(partial(nn.gelu, approximate=False), normal(size, size))


def sigmoid(size: int) -> Step:
    x, function = normal(size), jax.jit(nn.sigmoid)
    return lambda: function(x).block_until_ready()


def chained_scalars(size: int) -> Step:
    def chain(x: Any) -> Any:
        for _ in range(size // 2):
            x = x * 0.99 + 0.01
        return x

    x, function = jnp.float32(0.5), jax.jit(jax.value_and_grad(chain))
    return lambda: jax.block_until_ready(function(x))


def lstm(size: int) -> Step:
    inputs, hidden, batch = 32, 64, 32

    def layer(parameters: Any, x: Any) -> Any:
        weight_x, weight_h, bias = parameters

        def at(state: Any, ahead: Any) -> Any:
            h, c = state
            i, f, g, o = jnp.split(ahead + h @ weight_h, 4, axis=-1)
            c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
            h = nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zeros = jnp.zeros((batch, hidden))
        return lax.scan(at, (zeros, zeros), x @ weight_x + bias)[1]

    weights = (normal(n, 4 * hidden, scale=hidden**-0.5) for n in (inputs, hidden))
    return both_ways(layer, (*weights, jnp.zeros(4 * hidden)), normal(size, batch, inputs))


WORKLOADS: dict[str, Callable[[int], Step]] = {
    build.__name__: build
    for build in (
        small_mlp_sgd, small_mlp_adamw, large_mlp_sgd, character_mlp, lenet, digits_cnn, gpt,
        layer_norm, softmax, gelu, sigmoid, chained_scalars, lstm,
    )
}  # fmt: skip
