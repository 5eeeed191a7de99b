"""Workloads for HIPS autograd (https://github.com/HIPS/autograd): functions of arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import autograd.numpy as np
import numpy
from autograd import grad, make_vjp
from workloads.operations import BINARY

Step = Callable[[], object]
rng = numpy.random.default_rng(0)


def normal(*shape: int, scale: float = 1.0) -> Any:
    return numpy.float32(scale) * rng.standard_normal(shape, dtype=numpy.float32)


def both_ways(function: Callable[..., Any], *inputs: Any) -> Step:
    """The step that applies ``function`` and pulls a fixed gradient back to all its inputs."""
    differentiate = make_vjp(function, argnum=tuple(range(len(inputs))))
    incoming = numpy.float32(1) * normal(*numpy.shape(function(*inputs)))

    def step() -> Any:
        pull_back, _ = differentiate(*inputs)
        return pull_back(incoming)

    return step


OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide,
    "maximum": np.maximum, "where": lambda a, b: np.where(a > b, a, b),
    "cat": lambda a, b: np.concatenate([a, b]),
    "neg": np.negative, "abs": np.abs, "square": np.square, "sqrt": np.sqrt, "exp": np.exp,
    "log": np.log, "sin": np.sin, "tanh": np.tanh, "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "relu": lambda a: np.maximum(a, 0), "clamp": lambda a: np.clip(a, 0.75, 1.25),
    "sum": np.sum, "mean": np.mean,
}  # fmt: skip


def operation(size: int, name: str, backward: bool) -> Step:
    function = OPERATIONS[name]
    draw = partial(rng.random, size, numpy.float32)
    inputs = [draw() + numpy.float32(0.5) for _ in range(1 + (name in BINARY))]
    return both_ways(function, *inputs) if backward else lambda: function(*inputs)


def chained_scalars(size: int) -> Step:
    def chain(x: Any) -> Any:
        for _ in range(size // 2):
            x = x * 0.99 + 0.01
        return x

    slope = grad(chain)
    return lambda: slope(0.5)


def tracked_add(size: int) -> Step:
    a, b = normal(size, size), normal(size, size)
    tracked = make_vjp(np.add, argnum=(0, 1))
    return lambda: tracked(a, b)


def index_a_scalar(size: int) -> Step:
    x = normal(size, size)
    tracked = make_vjp(lambda x: x[3, 4])
    return lambda: tracked(x)


def cross_entropy_of(logits: Any, labels: Any) -> Any:
    highest = np.max(logits, axis=1, keepdims=True)
    normalizer = highest[:, 0] + np.log(np.sum(np.exp(logits - highest), axis=1))
    return np.mean(normalizer - logits[numpy.arange(len(labels)), labels])


def perceptron(widths: tuple[int, ...]) -> list[Any]:
    return [
        (normal(m, n, scale=m**-0.5), numpy.zeros(n, numpy.float32)) for m, n in pairwise(widths)
    ]


def logits(parameters: list[Any], x: Any, activation: Callable[[Any], Any]) -> Any:
    for w, b in parameters[:-1]:
        x = activation(x @ w + b)
    w, b = parameters[-1]
    return x @ w + b


def training(loss: Callable[..., Any], parameters: list[Any], x: Any, y: Any, batch: int) -> Step:
    gradient = grad(loss)
    rate = numpy.float32(0.01)

    def step() -> None:
        index = rng.integers(0, len(x), batch)
        slopes = gradient(parameters, x[index], y[index])
        for (w, b), (dw, db) in zip(parameters, slopes):
            w -= rate * dw
            b -= rate * db

    return step


def small_mlp_sgd(size: int) -> Step:
    def loss(parameters: Any, x: Any, y: Any) -> Any:
        return cross_entropy_of(logits(parameters, x, np.tanh), y)

    x, y = normal(1000, 10), rng.integers(0, 5, 1000)
    return training(loss, perceptron((10, 100, 5)), x, y, size)


def large_mlp_sgd(size: int) -> Step:
    def loss(parameters: Any, x: Any, y: Any) -> Any:
        return cross_entropy_of(logits(parameters, x, lambda x: np.maximum(x, 0)), y)

    x, y = normal(4096, 784), rng.integers(0, 10, 4096)
    return training(loss, perceptron((784, 512, 256, 10)), x, y, size)


def character_mlp(size: int) -> Step:
    def loss(parameters: Any, x: Any, y: Any) -> Any:
        (table, _), *layers = parameters
        inputs = np.reshape(table[x], (size, 30))
        return cross_entropy_of(logits(layers, inputs, np.tanh), y)

    table = (normal(27, 10), numpy.zeros(0, numpy.float32))
    x, y = rng.integers(0, 27, (1000, 3)), rng.integers(0, 27, 1000)
    return training(loss, [table, *perceptron((30, 200, 27))], x, y, size)


def matmul(size: int) -> Step:
    return both_ways(np.matmul, normal(size, size), normal(size, size))


def softmax_of(x: Any) -> Any:
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def softmax(size: int) -> Step:
    return both_ways(softmax_of, normal(size, size))


def layer_norm(size: int) -> Step:
    def function(x: Any, weight: Any, bias: Any) -> Any:
        centred = x - np.mean(x, axis=-1, keepdims=True)
        variance = np.mean(centred * centred, axis=-1, keepdims=True)
        return centred / np.sqrt(variance + 1e-5) * weight + bias

    ones, zeros = numpy.ones(size, numpy.float32), numpy.zeros(size, numpy.float32)
    return both_ways(function, normal(size, size), ones, zeros)


def gelu(size: int) -> Step:
    """With tanh for the error function."""
    c = float(numpy.sqrt(2 / numpy.pi))
    return both_ways(
        lambda x: x * (1 + np.tanh(c * (x + 0.044715 * x * x * x))) / 2, normal(size, size)
    )


def cross_entropy(size: int) -> Step:
    labels = rng.integers(0, size, 64)
    return both_ways(lambda x: cross_entropy_of(x, labels), normal(64, size))


def embedding(size: int) -> Step:
    indices = rng.integers(0, 50_000, size)
    return both_ways(lambda table: table[indices], normal(50_000, 128))


def attention(size: int) -> Step:
    def function(q: Any, k: Any, v: Any) -> Any:
        return softmax_of(q @ np.swapaxes(k, -1, -2) / 8) @ v

    return both_ways(function, *(normal(4, 8, size, 64) for _ in range(3)))


WORKLOADS: dict[str, Callable[[int], Step]] = {
    build.__name__: build
    for build in (
        chained_scalars, tracked_add, index_a_scalar, small_mlp_sgd, large_mlp_sgd, character_mlp,
        matmul, softmax, layer_norm, gelu, cross_entropy, embedding, attention,
    )
}  # fmt: skip
for name in OPERATIONS:
    WORKLOADS[name] = partial(operation, name=name, backward=False)
    WORKLOADS[f"{name}_backward"] = partial(operation, name=name, backward=True)
