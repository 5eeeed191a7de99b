"""By rows: softmax, its logarithm, layer norm. A row is read from memory once."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..parallel import over_rows
from ..sums import ones
from .functions import exp_quick, log
from .jit import formula, larger, ready, sums

__all__ = [
    "layer_norm",
    "layer_norm_backward",
    "log_softmax",
    "log_softmax_backward",
    "softmax",
    "softmax_backward",
]

Kernel = Callable[..., Any]


@formula
def top_of(x):
    """The largest number; any where one is NaN, which the sum of exponentials shows."""
    top = x[0]
    for k in range(x.size):
        top = larger(x[k], top)
    return top


@sums
def exps_into(x, top, out):
    """Writes exp(x - top); returns the sum."""
    total = x.dtype.type(0)
    for k in range(x.size):
        e = exp_quick(x[k] - top)
        out[k] = e
        total += e
    return total


@sums
def sum_of(x):
    total = x.dtype.type(0)
    for k in range(x.size):
        total += x[k]
    return total


@sums
def product_of(x, y):
    total = x.dtype.type(0)
    for k in range(x.size):
        total += x[k] * y[k]
    return total


@formula
def softmax_chunk(x, out, start, stop):
    for n in range(start, stop):
        factor = x.dtype.type(1) / exps_into(x[n], top_of(x[n]), out[n])
        for k in range(x.shape[1]):
            out[n, k] *= factor


@formula
def log_softmax_chunk(x, out, start, stop):
    for n in range(start, stop):
        top = top_of(x[n])
        rest = log(exps_into(x[n], top, out[n]))
        for k in range(x.shape[1]):
            out[n, k] = (x[n, k] - top) - rest


@formula
def softmax_backward_chunk(g, y, out, start, stop):
    for n in range(start, stop):
        total = product_of(g[n], y[n])
        for k in range(y.shape[1]):
            out[n, k] = (g[n, k] - total) * y[n, k]


@formula
def log_softmax_backward_chunk(g, y, out, start, stop):
    for n in range(start, stop):
        total = sum_of(g[n])
        for k in range(y.shape[1]):
            out[n, k] = g[n, k] - exp_quick(y[n, k]) * total


def over_last(passes: int, chunk: Kernel) -> Callable[[Kernel], Kernel]:
    """Of a chunk ``(*arrays, out, start, stop)`` over rows a kernel ``(*arrays, dim)`` for the last
    dimension; what it is not for is left to NumPy's kernel."""

    def make(numpy: Kernel) -> Kernel:
        def kernel(*args: Any) -> Any:
            *given, dim = args
            arrays = ready(*given)
            if arrays is None or dim != arrays[0].ndim - 1 or not arrays[0].size:
                return numpy(*args)
            out = np.empty_like(arrays[0])
            width = out.shape[-1]
            tables = [array.reshape(-1, width) for array in (*arrays, out)]
            over_rows(lambda a, b: chunk(*tables, a, b), out.size // width, out.size * passes)
            return out

        return kernel

    return make


softmax = over_last(6, softmax_chunk)
log_softmax = over_last(6, log_softmax_chunk)
softmax_backward = over_last(3, softmax_backward_chunk)
log_softmax_backward = over_last(5, log_softmax_backward_chunk)


# --- layer norm -----------------------------------------------------------------------------------


@sums
def squares_of(x, center):
    total = x.dtype.type(0)
    for k in range(x.size):
        total += (x[k] - center) * (x[k] - center)
    return total


@formula
def layer_norm_chunk(x, w, b, eps, y, means, rstds, start, stop):
    width = x.dtype.type(x.shape[1])
    for n in range(start, stop):
        mean = sum_of(x[n]) / width
        rstd = x.dtype.type(1) / math.sqrt(squares_of(x[n], mean) / width + eps)
        means[n], rstds[n] = mean, rstd
        for k in range(x.shape[1]):
            y[n, k] = (x[n, k] - mean) * rstd * w[k] + b[k]


@sums
def slopes_of(g, w, x, mean):
    """The sums of h and of h (x - mean) with h = g w."""
    level = along = x.dtype.type(0)
    for k in range(x.size):
        h = g[k] * w[k]
        level += h
        along += h * (x[k] - mean)
    return level, along


@formula
def layer_norm_backward_chunk(g, x, w, means, rstds, gx, gw, gb, start, stop):
    """With c = x - mean, r = rstd, h = g r w: gx = h - mean(h) - c r^2 mean(h c); adds g r c and g
    to ``gw`` and ``gb``."""
    width = x.dtype.type(x.shape[1])
    for n in range(start, stop):
        mean, rstd = means[n], rstds[n]
        level, along = slopes_of(g[n], w, x[n], mean)
        level *= rstd / width
        along *= rstd * rstd / width
        for k in range(x.shape[1]):
            c, h = (x[n, k] - mean) * rstd, g[n, k]
            gx[n, k] = h * w[k] * rstd - c * along - level
            gw[k] += h * c
            gb[k] += h


def layer_norm(numpy: Kernel) -> Kernel:
    def kernel(x: Any, w: Any, b: Any, ndim: int, eps: float) -> Any:
        arrays = ready(x, *(p for p in (w, b) if p is not None))
        width = math.prod(x.shape[x.ndim - ndim :])
        if arrays is None or not x.size:
            return numpy(x, w, b, ndim, eps)
        rows, dtype = arrays[0].reshape(-1, width), x.dtype
        weight = ones(width, dtype) if w is None else arrays[1].reshape(-1)
        bias = np.zeros(width, dtype) if b is None else arrays[-1].reshape(-1)
        y = np.empty(rows.shape, dtype)
        means, rstds = np.empty((2, len(rows)), dtype)
        eps = dtype.type(eps)
        over_rows(
            lambda a, b: layer_norm_chunk(rows, weight, bias, eps, y, means, rstds, a, b),
            len(rows),
            x.size * 3,
        )
        return y.reshape(x.shape), means[:, None], rstds[:, None]

    return kernel


def layer_norm_backward(numpy: Kernel) -> Kernel:
    def kernel(g: Any, x: Any, w: Any, mean: Any, rstd: Any, ndim: int, needs: Any) -> Any:
        arrays = ready(g, x, *([] if w is None else [w]))
        if arrays is None or not x.size:
            return numpy(g, x, w, mean, rstd, ndim, needs)
        shape = x.shape[x.ndim - ndim :]
        width = math.prod(shape)
        gs, rows = arrays[0].reshape(-1, width), arrays[1].reshape(-1, width)
        weight = ones(width, x.dtype) if w is None else arrays[2].reshape(-1)
        means, rstds = mean.reshape(-1), rstd.reshape(-1)
        gx = np.empty(rows.shape, x.dtype)
        parts: dict[int, Any] = {}

        def work(start: int, stop: int) -> None:
            parts[start] = gw, gb = np.zeros((2, width), x.dtype)
            layer_norm_backward_chunk(gs, rows, weight, means, rstds, gx, gw, gb, start, stop)

        over_rows(work, len(rows), x.size * 5)
        # in one order, whichever thread came first
        gw, gb = (sum(parts[k][which] for k in sorted(parts)).reshape(shape) for which in (0, 1))
        return (
            gx.reshape(x.shape) if needs[0] else None,
            gw if needs[1] else None,
            gb if needs[2] else None,
        )

    return kernel
