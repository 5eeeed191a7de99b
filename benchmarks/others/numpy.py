"""Workloads in plain NumPy, gradients derived by hand: what no library's bookkeeping would cost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from workloads.operations import BINARY

Step = Callable[[], object]
rng = np.random.default_rng(0)


def normal(*shape: int, scale: float = 1.0) -> Any:
    return np.float32(scale) * rng.standard_normal(shape, dtype=np.float32)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


FORWARD: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide,
    "maximum": np.maximum, "where": lambda a, b: np.where(a > b, a, b),
    "cat": lambda a, b: np.concatenate([a, b]),
    "neg": np.negative, "abs": np.abs, "square": np.square, "sqrt": np.sqrt, "exp": np.exp,
    "log": np.log, "sin": np.sin, "tanh": np.tanh, "sigmoid": sigmoid,
    "relu": lambda a: np.maximum(a, 0), "clamp": lambda a: np.clip(a, 0.75, 1.25),
    "sum": np.sum, "mean": np.mean,
}  # fmt: skip
BACKWARD: dict[str, Callable[..., Any]] = {  # of the gradient, the result and the inputs
    "add": lambda g, y, a, b: (g.copy(), g.copy()),
    "sub": lambda g, y, a, b: (g.copy(), -g),
    "mul": lambda g, y, a, b: (g * b, g * a),
    "div": lambda g, y, a, b: (g / b, -g * y / b),
    "maximum": lambda g, y, a, b: (g * (a > b), g * (a <= b)),
    "where": lambda g, y, a, b: (g * (a > b), g * (a <= b)),
    "cat": lambda g, y, a, b: (g[: len(a)].copy(), g[len(a) :].copy()),
    "neg": lambda g, y, a: -g,
    "abs": lambda g, y, a: g * np.sign(a),
    "square": lambda g, y, a: 2 * g * a,
    "sqrt": lambda g, y, a: g / (2 * y),
    "exp": lambda g, y, a: g * y,
    "log": lambda g, y, a: g / a,
    "sin": lambda g, y, a: g * np.cos(a),
    "tanh": lambda g, y, a: g * (1 - y * y),
    "sigmoid": lambda g, y, a: g * y * (1 - y),
    "relu": lambda g, y, a: g * (a > 0),
    "clamp": lambda g, y, a: g * ((a >= 0.75) & (a <= 1.25)),
    "sum": lambda g, y, a: np.full_like(a, g),
    "mean": lambda g, y, a: np.full_like(a, g / a.size),
}


def operation(size: int, name: str, backward: bool) -> Step:
    function, rule = FORWARD[name], BACKWARD[name]
    inputs = [rng.random(size, np.float32) + np.float32(0.5) for _ in range(1 + (name in BINARY))]
    if not backward:
        return lambda: function(*inputs)
    incoming = np.float32(1) * rng.random(np.shape(function(*inputs)), np.float32)
    return lambda: rule(incoming, function(*inputs), *inputs)


def chained_scalars(size: int) -> Step:
    x, scale, shift = np.float32(0.5), np.float32(0.99), np.float32(0.01)

    def step() -> None:
        y, g = x, np.float32(1)
        for _ in range(size // 2):
            y = y * scale + shift
        for _ in range(size // 2):
            g = g * scale

    return step


def tracked_add(size: int) -> Step:
    a, b = normal(size, size), normal(size, size)
    return lambda: a + b


def index_a_scalar(size: int) -> Step:
    x = normal(size, size)
    return lambda: x[3, 4]


def cross_entropy_gradient(logits: Any, labels: Any) -> tuple[Any, Any]:
    """The mean of -log softmax(logits)[label], and its derivative by the logits."""
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(p[rows, labels]).mean()
    p[rows, labels] -= 1
    p /= len(labels)
    return loss, p


def tanh_rule(g: Any, y: Any) -> Any:
    return g * (1 - y * y)


def relu_rule(g: Any, y: Any) -> Any:
    return g * (y > 0)


def perceptron(widths: tuple[int, ...], activation: Any, rule: Any) -> Callable[..., Any]:
    """Linear layers, activated between: a pass updates them and gives the input's gradient."""
    weights = [normal(m, n, scale=m**-0.5) for m, n in pairwise(widths)]
    biases = [np.zeros(n, np.float32) for n in widths[1:]]
    rate = np.float32(0.01)

    def learn(x: Any, labels: Any) -> Any:
        values = [x]
        for w, b in zip(weights[:-1], biases):
            values.append(activation(values[-1] @ w + b))
        _, g = cross_entropy_gradient(values[-1] @ weights[-1] + biases[-1], labels)
        for k in reversed(range(len(weights))):
            dw, db = values[k].T @ g, g.sum(axis=0)
            g = g @ weights[k].T if k == 0 else rule(g @ weights[k].T, values[k])
            weights[k] -= rate * dw
            biases[k] -= rate * db
        return g

    return learn


def small_mlp_sgd(size: int) -> Step:
    learn = perceptron((10, 100, 5), np.tanh, tanh_rule)
    x, labels = normal(1000, 10), rng.integers(0, 5, 1000)

    def step() -> None:
        index = rng.integers(0, 1000, size)
        learn(x[index], labels[index])

    return step


def large_mlp_sgd(size: int) -> Step:
    learn = perceptron((784, 512, 256, 10), lambda x: np.maximum(x, 0), relu_rule)
    x, labels = normal(4096, 784), rng.integers(0, 10, 4096)

    def step() -> None:
        index = rng.integers(0, 4096, size)
        learn(x[index], labels[index])

    return step


def character_mlp(size: int) -> Step:
    learn = perceptron((30, 200, 27), np.tanh, tanh_rule)
    table, x, labels = normal(27, 10), rng.integers(0, 27, (1000, 3)), rng.integers(0, 27, 1000)

    def step() -> None:
        index = rng.integers(0, 1000, size)
        letters = x[index]
        g = learn(table[letters].reshape(size, 30), labels[index])
        gradient = np.zeros_like(table)
        np.add.at(gradient, letters, g.reshape(size, 3, 10))
        table[...] -= np.float32(0.01) * gradient

    return step


def matmul(size: int) -> Step:
    a, b, g = normal(size, size), normal(size, size), normal(size, size)
    return lambda: (a @ b, g @ b.T, a.T @ g)


def softmax_of(x: Any) -> Any:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    e /= e.sum(axis=-1, keepdims=True)
    return e


def softmax_gradient(g: Any, y: Any) -> Any:
    return y * (g - (g * y).sum(axis=-1, keepdims=True))


def softmax(size: int) -> Step:
    x, g = normal(size, size), normal(size, size)
    return lambda: softmax_gradient(g, softmax_of(x))


def layer_norm(size: int) -> Step:
    x, g = normal(size, size), normal(size, size)
    weight, bias = np.ones(size, np.float32), np.zeros(size, np.float32)

    def step() -> Any:
        centred = x - x.mean(axis=-1, keepdims=True)
        shrink = 1 / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(1e-5))
        z = centred * shrink
        y = z * weight + bias
        h = g * weight
        along = (h * z).mean(axis=-1, keepdims=True)
        dx = shrink * (h - h.mean(axis=-1, keepdims=True) - z * along)
        return y, dx, (g * z).sum(axis=0), g.sum(axis=0)

    return step


def gelu(size: int) -> Step:
    """With tanh for the error function, which NumPy lacks."""
    x, g = normal(size, size), normal(size, size)
    c = np.float32(np.sqrt(2 / np.pi))

    def step() -> Any:
        t = np.tanh(c * (x + np.float32(0.044715) * x * x * x))
        slope = (1 - t * t) * c * (1 + np.float32(0.134145) * x * x)
        return x * (1 + t) / 2, g * (1 + t + x * slope) / 2

    return step


def cross_entropy(size: int) -> Step:
    x, labels = normal(64, size), rng.integers(0, size, 64)
    return lambda: cross_entropy_gradient(x, labels)


def embedding(size: int) -> Step:
    table, indices = normal(50_000, 128), rng.integers(0, 50_000, size)
    g = normal(size, 128)

    def step() -> Any:
        gradient = np.zeros_like(table)
        np.add.at(gradient, indices, g)
        return table[indices], gradient

    return step


def attention(size: int) -> Step:
    q, k, v, g = (normal(4, 8, size, 64) for _ in range(4))

    def step() -> Any:
        p = softmax_of(q @ k.swapaxes(-1, -2) / 8)
        ds = softmax_gradient(g @ v.swapaxes(-1, -2), p) / 8
        return p @ v, ds @ k, ds.swapaxes(-1, -2) @ q, p.swapaxes(-1, -2) @ g

    return step


WORKLOADS: dict[str, Callable[[int], Step]] = {
    build.__name__: build
    for build in (
        chained_scalars, tracked_add, index_a_scalar, small_mlp_sgd, large_mlp_sgd, character_mlp,
        matmul, softmax, layer_norm, gelu, cross_entropy, embedding, attention,
    )
}  # fmt: skip
for name in FORWARD:
    WORKLOADS[name] = partial(operation, name=name, backward=False)
    WORKLOADS[f"{name}_backward"] = partial(operation, name=name, backward=True)
