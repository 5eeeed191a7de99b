"""By channels: the moments and the normalization of batch, group and instance norm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..parallel import over_rows
from .jit import formula, ready, sums
from .rows import squares_of, sum_of

__all__ = ["channel_norm", "channel_norm_backward", "moments"]

Kernel = Callable[..., Any]


def pooled(table: Any, groups: int) -> Any:
    """Sums over what shares its statistics: (1, channels) or (batch, groups)."""
    if not groups:
        return table.sum(0, keepdims=True)
    return table.reshape(len(table), groups, -1).sum(-1)


def spread(stats: Any, shape: tuple[int, ...]) -> Any:
    """Those as one number for each (example, channel)."""
    n, c = shape[:2]
    made = np.empty((n, stats.shape[1], c // stats.shape[1]), stats.dtype)
    made[...] = stats[:, :, None]
    return made.reshape(n * c)


def count(shape: tuple[int, ...], groups: int, size: int) -> int:
    """How many elements share their statistics."""
    return size // (shape[0] * groups) if groups else size // shape[1]


@formula
def moments_chunk(x, means, squares, start, stop):
    """The mean of each row and the sum of squares around it."""
    width = x.dtype.type(x.shape[1])
    for n in range(start, stop):
        means[n] = sum_of(x[n]) / width
        squares[n] = squares_of(x[n], means[n])


def moments(numpy: Kernel) -> Kernel:
    def kernel(x: Any, groups: int) -> Any:
        arrays = ready(x)
        if arrays is None or not x.size:
            return numpy(x, groups)
        n, c = x.shape[:2]
        rows = arrays[0].reshape(n * c, -1)
        means, squares = np.empty((2, n * c), x.dtype)
        over_rows(lambda a, b: moments_chunk(rows, means, squares, a, b), n * c, x.size * 2)
        total, width = count(x.shape, groups, x.size), rows.shape[1]
        mean = pooled(means.reshape(n, c), groups) * x.dtype.type(width / total)
        # squares around another centre: more by the square of the distance, for each number
        away = means - spread(mean, x.shape)
        squares += away * away * x.dtype.type(width)
        return mean, pooled(squares.reshape(n, c), groups) / x.dtype.type(total)

    return kernel


@formula
def channel_norm_chunk(x, scale, shift, y, start, stop):
    for n in range(start, stop):
        for k in range(x.shape[1]):
            y[n, k] = x[n, k] * scale[n] + shift[n]


def channel_norm(numpy: Kernel) -> Kernel:
    def kernel(x: Any, w: Any, b: Any, mean: Any, var: Any, groups: int, eps: float) -> Any:
        arrays = ready(x, mean, var, *(p for p in (w, b) if p is not None))
        if arrays is None or not x.size:
            return numpy(x, w, b, mean, var, groups, eps)
        n, c = x.shape[:2]
        rstd = 1 / np.sqrt(var + x.dtype.type(eps))
        scale = spread(rstd, x.shape)
        if w is not None:
            scale = scale * np.tile(w, n)
        shift = -spread(mean, x.shape) * scale
        if b is not None:
            shift += np.tile(b, n)
        rows = arrays[0].reshape(n * c, -1)
        y = np.empty(rows.shape, x.dtype)
        over_rows(lambda a, b: channel_norm_chunk(rows, scale, shift, y, a, b), n * c, x.size * 2)
        return y.reshape(x.shape), rstd

    return kernel


@sums
def around_of(g, x, center):
    """The sums of g and of g (x - center)."""
    level = along = x.dtype.type(0)
    for k in range(x.size):
        level += g[k]
        along += g[k] * (x[k] - center)
    return level, along


@formula
def slopes_chunk(g, x, center, levels, alongs, start, stop):
    for n in range(start, stop):
        levels[n], alongs[n] = around_of(g[n], x[n], center[n])


@formula
def channel_norm_backward_chunk(g, x, center, a, along, level, gx, start, stop):
    for n in range(start, stop):
        for k in range(x.shape[1]):
            gx[n, k] = g[n, k] * a[n] - ((x[n, k] - center[n]) * along[n] + level[n])


def channel_norm_backward(numpy: Kernel) -> Kernel:
    def kernel(g: Any, x: Any, w: Any, mean: Any, rstd: Any, groups: int, needs: Any) -> Any:
        arrays = ready(g, x, mean, rstd, *([] if w is None else [w]))
        if arrays is None or not x.size:
            return numpy(g, x, w, mean, rstd, groups, needs)
        n, c = shape = x.shape[:2]
        gs, rows = (each.reshape(n * c, -1) for each in arrays[:2])
        center, scale = spread(mean, x.shape), spread(rstd, x.shape)
        levels, alongs = np.empty((2, n * c), x.dtype)
        over_rows(
            lambda a, b: slopes_chunk(gs, rows, center, levels, alongs, a, b), n * c, x.size * 2
        )
        alongs *= scale
        gx = None
        if needs[0]:
            weights = None if w is None else np.tile(w, n)
            h, p = (levels, alongs) if w is None else (levels * weights, alongs * weights)
            a = scale if w is None else scale * weights
            total = x.dtype.type(count(x.shape, groups, x.size))
            along = spread(pooled(p.reshape(shape), groups) / total, x.shape) * scale * scale
            level = spread(pooled(h.reshape(shape), groups) / total, x.shape) * scale
            gx = np.empty(rows.shape, x.dtype)

            def work(start: int, stop: int) -> None:
                channel_norm_backward_chunk(gs, rows, center, a, along, level, gx, start, stop)

            over_rows(work, n * c, x.size * 3)
            gx = gx.reshape(x.shape)
        gw = alongs.reshape(shape).sum(0) if needs[1] else None
        gb = levels.reshape(shape).sum(0) if needs[2] else None
        return gx, gw, gb, None, None

    return kernel
