"""Workloads for MyGrad (https://mygrad.readthedocs.io), its memory guard off as its docs advise."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import mygrad as mg
import numpy as np
from mygrad.nnet.activations import relu, sigmoid
from mygrad.nnet.activations import softmax as softmax_of
from mygrad.nnet.layers import conv_nd, max_pool
from mygrad.nnet.losses import softmax_crossentropy
from workloads.operations import BINARY

Step = Callable[[], object]
f32 = np.float32  # also of constants: Python's make MyGrad's results float64
rng = np.random.default_rng(0)
mg.turn_memory_guarding_off()


def normal(*shape: int, scale: float = 1.0) -> Any:
    return mg.tensor(f32(scale) * rng.standard_normal(shape, dtype=f32))


def both_ways(function: Callable[..., Any], *inputs: Any) -> Step:
    """The step that applies ``function`` and pulls a fixed gradient back to all its inputs."""
    incoming = normal(*function(*inputs).shape).data

    def step() -> None:
        for x in inputs:
            x.null_grad()
        function(*inputs).backward(incoming)

    return step


OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": mg.add, "sub": mg.subtract, "mul": mg.multiply, "div": mg.divide,
    "maximum": mg.maximum, "where": lambda a, b: mg.where(a > b, a, b),
    "cat": lambda a, b: mg.concatenate([a, b]),
    "neg": mg.negative, "abs": mg.abs, "square": mg.square, "sqrt": mg.sqrt, "exp": mg.exp,
    "log": mg.log, "sin": mg.sin, "tanh": mg.tanh, "sigmoid": sigmoid,
    "relu": relu, "clamp": lambda a: mg.clip(a, f32(0.75), f32(1.25)),
    "sum": mg.sum, "mean": mg.mean,
}  # fmt: skip


def operation(size: int, name: str, backward: bool) -> Step:
    function = OPERATIONS[name]
    arrays = [rng.random(size, f32) + f32(0.5) for _ in range(1 + (name in BINARY))]
    inputs = [mg.tensor(x, constant=not backward) for x in arrays]
    return both_ways(function, *inputs) if backward else lambda: function(*inputs)


def chained_scalars(size: int) -> Step:
    x, scale, shift = mg.tensor(f32(0.5)), f32(0.99), f32(0.01)

    def step() -> None:
        x.null_grad()
        y = x
        for _ in range(size // 2):
            y = y * scale + shift
        y.backward()

    return step


def tracked_add(size: int) -> Step:
    a, b = normal(size, size), normal(size, size)
    return lambda: a + b


def index_a_scalar(size: int) -> Step:
    x = normal(size, size)
    return lambda: x[3, 4]


def layer(m: int, n: int) -> tuple[Any, Any]:
    return normal(m, n, scale=m**-0.5), mg.tensor(np.zeros(n, f32))


def training(model: Any, parameters: Any, x: Any, y: Any, batch: int) -> Step:
    """Forward, cross-entropy, backward and SGD on rows drawn by chance."""
    rate = f32(0.01)

    def step() -> None:
        index = rng.integers(0, len(x), batch)
        softmax_crossentropy(model(x[index]), y[index]).backward()
        for p in parameters:
            p.data -= rate * p.grad
            p.null_grad()

    return step


def small_mlp_sgd(size: int) -> Step:
    (w1, b1), (w2, b2) = layer(10, 100), layer(100, 5)
    x, y = normal(1000, 10).data, rng.integers(0, 5, 1000)
    return training(lambda x: mg.tanh(x @ w1 + b1) @ w2 + b2, (w1, b1, w2, b2), x, y, size)


def character_mlp(size: int) -> Step:
    table, (w1, b1), (w2, b2) = normal(27, 10), layer(30, 200), layer(200, 27)

    def model(x: Any) -> Any:
        return mg.tanh(table[x].reshape(size, 30) @ w1 + b1) @ w2 + b2

    x, y = rng.integers(0, 27, (1000, 3)), rng.integers(0, 27, 1000)
    return training(model, (table, w1, b1, w2, b2), x, y, size)


def large_mlp_sgd(size: int) -> Step:
    (w1, b1), (w2, b2), (w3, b3) = layer(784, 512), layer(512, 256), layer(256, 10)
    x, y = normal(4096, 784).data, rng.integers(0, 10, 4096)

    def model(x: Any) -> Any:
        return relu(relu(x @ w1 + b1) @ w2 + b2) @ w3 + b3

    return training(model, (w1, b1, w2, b2, w3, b3), x, y, size)


def filters(n: int, channels: int, width: int) -> tuple[Any, Any]:
    scale = (channels * width * width) ** -0.5
    return normal(n, channels, width, width, scale=scale), normal(1, n, 1, 1, scale=scale)


def lenet(size: int) -> Step:
    (f1, a1), (f2, a2) = filters(6, 1, 5), filters(16, 6, 5)
    (w1, b1), (w2, b2), (w3, b3) = layer(400, 120), layer(120, 84), layer(84, 10)
    x, y = normal(1024, 1, 28, 28).data, rng.integers(0, 10, 1024)

    def model(x: Any) -> Any:
        x = max_pool(relu(conv_nd(x, f1, stride=1, padding=2) + a1), (2, 2), 2)
        x = max_pool(relu(conv_nd(x, f2, stride=1) + a2), (2, 2), 2).reshape(size, 400)
        return relu(relu(x @ w1 + b1) @ w2 + b2) @ w3 + b3

    return training(model, (f1, a1, f2, a2, w1, b1, w2, b2, w3, b3), x, y, size)


def matmul(size: int) -> Step:
    return both_ways(mg.matmul, normal(size, size), normal(size, size))


def softmax(size: int) -> Step:
    return both_ways(softmax_of, normal(size, size))


def layer_norm(size: int) -> Step:
    def function(x: Any, weight: Any, bias: Any) -> Any:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = mg.square(centred).mean(axis=-1, keepdims=True)
        return centred / mg.sqrt(variance + f32(1e-5)) * weight + bias

    ones, zeros = np.ones(size, f32), np.zeros(size, f32)
    return both_ways(function, normal(size, size), mg.tensor(ones), mg.tensor(zeros))


def gelu(size: int) -> Step:
    """With tanh for the error function, which MyGrad lacks."""
    one, two, c, d = f32(1), f32(2), f32(np.sqrt(2 / np.pi)), f32(0.044715)
    return both_ways(
        lambda x: x * (one + mg.tanh(c * (x + d * x * x * x))) / two, normal(size, size)
    )


def cross_entropy(size: int) -> Step:
    labels = rng.integers(0, size, 64)
    return both_ways(lambda x: softmax_crossentropy(x, labels), normal(64, size))


def embedding(size: int) -> Step:
    indices = rng.integers(0, 50_000, size)
    return both_ways(lambda table: table[indices], normal(50_000, 128))


def convolution(size: int) -> Step:
    f, b = filters(64, 32, 3)
    return both_ways(
        lambda x, f, b: conv_nd(x, f, stride=1, padding=1) + b, normal(size, 32, 28, 28), f, b
    )


def attention(size: int) -> Step:
    def function(q: Any, k: Any, v: Any) -> Any:
        return softmax_of(q @ mg.swapaxes(k, -1, -2) / f32(8)) @ v

    return both_ways(function, *(normal(4, 8, size, 64) for _ in range(3)))


WORKLOADS: dict[str, Callable[[int], Step]] = {
    build.__name__: build
    for build in (
        chained_scalars, tracked_add, index_a_scalar, small_mlp_sgd, large_mlp_sgd, character_mlp,
        lenet, matmul, softmax, layer_norm, gelu, cross_entropy, embedding, convolution, attention,
    )
}  # fmt: skip
for name in OPERATIONS:
    WORKLOADS[name] = partial(operation, name=name, backward=False)
    WORKLOADS[f"{name}_backward"] = partial(operation, name=name, backward=True)
