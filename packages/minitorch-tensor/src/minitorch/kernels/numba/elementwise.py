"""Element by element: exp, log, tanh, sigmoid, erf and what is made of them, with their slopes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..parallel import over_rows
from . import functions
from .jit import formula, ready

__all__ = [
    "erf", "exp", "gelu", "gelu_backward", "gelu_tanh", "log", "sigmoid", "sigmoid_rule", "silu",
    "silu_rule", "tanh", "tanh_rule",
]  # fmt: skip

Kernel = Callable[..., Any]
FEW = 1 << 10  # elements with which NumPy's functions are as quick


def over_lines(chunk: Kernel, passes: int, outs: int = 1) -> Callable[[Kernel], Kernel]:
    """Of a chunk ``(*arrays, *outs)`` over lines a kernel ``(*arrays)``; where there
    are few elements, or other ones, or in another order, it is NumPy's kernel."""

    def make(numpy: Kernel) -> Kernel:
        def kernel(*arrays: Any) -> Any:
            x = arrays[-1]
            if type(x) is not np.ndarray or x.size < FEW or not x.flags.c_contiguous:
                return numpy(*arrays)
            same = ready(*arrays)
            if same is None or same[0].shape != x.shape:
                return numpy(*arrays)
            made = [np.empty(x.shape, x.dtype) for _ in range(outs)]
            lines = [array.reshape(-1) for array in (*same, *made)]

            def work(start: int, stop: int) -> None:
                chunk(*[line[start:stop] for line in lines])

            over_rows(work, x.size, x.size * passes)
            return made[0] if outs == 1 else tuple(made)

        return kernel

    return make


@formula
def exp_chunk(x, out):
    for k in range(out.size):
        out[k] = functions.exp(x[k])


@formula
def log_chunk(x, out):
    for k in range(out.size):
        out[k] = functions.log(x[k])


@formula
def tanh_chunk(x, out):
    for k in range(out.size):
        out[k] = functions.tanh(x[k])


@formula
def tanh_rule_chunk(g, y, out):
    for k in range(out.size):
        out[k] = g[k] * (y.dtype.type(1) - y[k] * y[k])


@formula
def sigmoid_chunk(x, out):
    for k in range(out.size):
        out[k] = functions.sigmoid(x[k])


@formula
def sigmoid_rule_chunk(g, y, out):
    for k in range(out.size):
        out[k] = g[k] * (y[k] * (y.dtype.type(1) - y[k]))


@formula
def erf_chunk(x, out):
    for k in range(out.size):
        out[k] = functions.erf(x[k])


@formula
def silu_chunk(x, out):
    for k in range(out.size):
        out[k] = x[k] * functions.sigmoid(x[k])


@formula
def silu_rule_chunk(g, x, out):
    one = x.dtype.type(1)
    for k in range(out.size):
        s = functions.sigmoid(x[k])
        out[k] = s * (x[k] * (one - s) + one) * g[k]


@formula
def product_chunk(a, b, out):
    for k in range(out.size):
        out[k] = a[k] * b[k]


@formula
def gelu_chunk(x, out, slope):
    """x Phi(x) and Phi(x) + x phi(x)."""
    for k in range(out.size):
        cdf, density = functions.normal(x[k])
        out[k] = x[k] * cdf
        slope[k] = cdf + x[k] * density


@formula
def gelu_tanh_chunk(x, out, slope):
    """x / 2 (1 + t) and (1 + t + x (1 - t^2) INNER (1 + 3 * 0.044715 x^2)) / 2, with the tanh
    t = 2 sigmoid(2 INNER (x + 0.044715 x^3)) - 1."""
    kind = x.dtype.type
    one, cubic = kind(1), kind(0.044715)
    inner = kind(math.sqrt(2 / math.pi))
    for k in range(out.size):
        square = x[k] * x[k]
        s = functions.sigmoid(kind(2) * inner * x[k] * (one + cubic * square))
        out[k] = x[k] * s
        steep = inner * (one + kind(3) * cubic * square)
        slope[k] = s + kind(2) * x[k] * s * (one - s) * steep


exp = over_lines(exp_chunk, 4)
log = over_lines(log_chunk, 6)
tanh = over_lines(tanh_chunk, 5)
tanh_rule = over_lines(tanh_rule_chunk, 2)
sigmoid = over_lines(sigmoid_chunk, 5)
sigmoid_rule = over_lines(sigmoid_rule_chunk, 2)
erf = over_lines(erf_chunk, 5)
silu = over_lines(silu_chunk, 5)
silu_rule = over_lines(silu_rule_chunk, 6)
gelu = over_lines(gelu_chunk, 8, outs=2)
gelu_tanh = over_lines(gelu_tanh_chunk, 8, outs=2)
_product = over_lines(product_chunk, 2)


def gelu_backward(numpy: Kernel) -> Kernel:
    product = _product(np.multiply)
    return lambda g, slope: (product(g, slope),)
