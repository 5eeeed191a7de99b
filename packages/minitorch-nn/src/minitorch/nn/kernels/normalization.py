"""Normalization by rows (layer norm) and by channels (batch, group and instance norm).

Large inputs are taken in blocks of rows, on all cores.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from minitorch.extend import (
    BLOCK,
    column_sums,
    products_over_rows,
    row_products,
    row_sums,
    scratch,
)

MANY = 400_000  # elements from which two threads, for all their short calls, are quicker; measured


def by_blocks(work: Callable[[slice], None], rows: int, width: int) -> None:
    """Calls ``work`` with ranges of rows whose temporaries stay small, on all cores."""
    count = max(1, BLOCK // max(1, width))

    def blocks(start: int, stop: int) -> None:
        for row in range(start, stop, count):
            work(slice(row, min(row + count, stop)))

    products_over_rows(blocks, rows, rows * width * 8 if rows * width >= MANY else 0)


# --- by rows --------------------------------------------------------------------------------
# What is done once a row is done in place and in few calls: between two passes a thread has the
# interpreter to itself, and the other one, if it wants it then, falls asleep.


def layer_norm(x: Any, w: Any, b: Any, ndim: int, eps: float) -> tuple[Any, Any, Any]:
    """((x - mean) rstd w + b over the last ``ndim`` dimensions, mean, rstd)."""
    width = math.prod(x.shape[x.ndim - ndim :])
    rows = x.reshape(-1, width)
    y = np.empty(rows.shape, x.dtype)
    means, rstds = np.empty((2, len(rows)), x.dtype)
    weight = None if w is None else w.reshape(-1)
    bias = None if b is None else b.reshape(-1)

    def work(part: slice) -> None:
        out, mean, rstd = y[part], means[part], rstds[part]
        np.divide(row_sums(rows[part]), width, out=mean)
        np.subtract(rows[part], mean[:, None], out=out)
        np.divide(row_products(out, out), width, out=rstd)
        rstd += eps
        np.sqrt(rstd, out=rstd)
        np.reciprocal(rstd, out=rstd)
        out *= rstd[:, None]
        if weight is not None:
            out *= weight
        if bias is not None:
            out += bias

    by_blocks(work, len(rows), width)
    return y.reshape(x.shape), means[:, None], rstds[:, None]


def layer_norm_backward(
    g: Any, x: Any, w: Any, mean: Any, rstd: Any, ndim: int, needs: Any
) -> tuple[Any, Any, Any]:
    """With c = x - mean, r = rstd, h = g r w: h - mean(h) - c r^2 mean(h c); sum(g r c); sum(g)."""
    shape = x.shape[x.ndim - ndim :]
    width = math.prod(shape)
    rows, gs = x.reshape(-1, width), g.reshape(-1, width)
    gx = np.empty(rows.shape, x.dtype)
    weight = None if w is None else w.reshape(-1)
    square = (rstd * rstd / width)[:, 0]
    parts: dict[int, Any] = {}

    def work(part: slice) -> None:
        h = gx[part]
        (center,) = scratch(1, h.shape, h.dtype)
        np.subtract(rows[part], mean[part], out=center)
        np.multiply(gs[part], rstd[part], out=h)
        if needs[1] or needs[2]:
            parts[part.start] = (
                np.einsum("ij,ij->j", h, center) if needs[1] else None,
                column_sums(gs[part]) if needs[2] else None,
            )
        if needs[0]:  # in place: a pass to memory of its own takes half as long again
            if weight is not None:
                h *= weight
            level, along = row_sums(h), row_products(h, center)
            along *= square[part]
            center *= along[:, None]
            h -= center
            level /= width
            h -= level[:, None]

    by_blocks(work, len(rows), width)
    # in one order, whichever thread came first
    sums = [
        sum(parts[k][which] for k in sorted(parts)) if need else None
        for which, need in enumerate(needs[1:])
    ]
    gw, gb = (None if s is None else np.asarray(s, x.dtype).reshape(shape) if parts
              else np.zeros(shape, x.dtype) for s in sums)  # fmt: skip
    return (gx.reshape(x.shape) if needs[0] else None), gw, gb


# --- by channels ----------------------------------------------------------------------------
# Statistics are taken of each channel over the batch (``groups`` 0) or of each example's groups of
# channels. All is done with one number for each (example, channel), which is a row.


def pooled(table: Any, groups: int) -> Any:
    """Sums of what shares its statistics, as (1, channels) or (batch, groups)."""
    if not groups:
        return table.sum(0, keepdims=True)
    return table.reshape(len(table), groups, -1).sum(-1)


def for_rows(stats: Any, shape: tuple[int, ...]) -> Any:
    """Those sums as one number for each row."""
    n, c = shape[:2]
    numbers = np.empty((n, stats.shape[1], c // stats.shape[1]), stats.dtype)
    numbers[...] = stats[:, :, None]
    return numbers.reshape(n * c, 1)


def elements(shape: tuple[int, ...], groups: int) -> int:
    """How many elements share their statistics."""
    total = math.prod(shape)
    return total // shape[1] if not groups else total // (shape[0] * groups)


def moments(x: Any, groups: int) -> tuple[Any, Any]:
    """(means, variances), each (1, channels) or (batch, groups)."""
    width = math.prod(x.shape[2:])
    rows = x.reshape(-1, width)
    count = elements(x.shape, groups)
    sums = np.empty(len(rows), x.dtype)

    def add(part: slice) -> None:
        sums[part] = row_sums(rows[part])

    by_blocks(add, len(rows), width)
    mean = pooled(sums.reshape(x.shape[:2]), groups) / count
    center = for_rows(mean, x.shape)

    def square(part: slice) -> None:
        around = rows[part] - center[part]
        sums[part] = row_products(around, around)

    by_blocks(square, len(rows), width)
    return mean, pooled(sums.reshape(x.shape[:2]), groups) / count


def channel_norm(
    x: Any, w: Any, b: Any, mean: Any, var: Any, groups: int, eps: float
) -> tuple[Any, Any]:
    """((x - mean) rstd w + b, rstd)"""
    n, c = x.shape[:2]
    rstd = 1 / np.sqrt(var + x.dtype.type(eps))
    scale = for_rows(rstd, x.shape)
    if w is not None:
        scale = scale * for_rows(w[None], x.shape)
    shift = -for_rows(mean, x.shape) * scale
    if b is not None:
        shift += for_rows(b[None], x.shape)
    rows = x.reshape(n * c, -1)
    y = np.empty(rows.shape, x.dtype)

    def work(part: slice) -> None:
        np.multiply(rows[part], scale[part], out=y[part])
        y[part] += shift[part]

    by_blocks(work, len(rows), rows.shape[1])
    return y.reshape(x.shape), rstd


def channel_norm_backward(
    g: Any, x: Any, w: Any, mean: Any, rstd: Any, groups: int, needs: Any
) -> tuple[Any, Any, Any, None, None]:
    """As ``layer_norm_backward``: for each row, g a + (x - mean) b + c with numbers a, b, c."""
    n, c = x.shape[:2]
    shape, count = x.shape, elements(x.shape, groups)
    rows, gs = x.reshape(n * c, -1), g.reshape(n * c, -1)
    center, scale = for_rows(mean, shape), for_rows(rstd, shape).reshape(n, c)
    sums, products = np.empty((2, n * c), x.dtype)

    def add(part: slice) -> None:
        sums[part] = row_sums(gs[part])
        products[part] = row_products(gs[part], rows[part] - center[part])

    by_blocks(add, len(rows), rows.shape[1])
    sums, products = sums.reshape(n, c), products.reshape(n, c) * scale
    gx = None
    if needs[0]:
        h, p = (sums, products) if w is None else (sums * w, products * w)
        a = (scale if w is None else scale * w).reshape(-1, 1)
        along = for_rows(pooled(p, groups) / count, shape).reshape(n, c) * scale * scale
        level = for_rows(pooled(h, groups) / count, shape).reshape(n, c) * scale
        along, level = along.reshape(-1, 1), level.reshape(-1, 1)
        made = np.empty(rows.shape, x.dtype)

        def work(part: slice) -> None:
            around = rows[part] - center[part]
            around *= along[part]
            around += level[part]
            np.multiply(gs[part], a[part], out=made[part])
            made[part] -= around

        by_blocks(work, len(rows), rows.shape[1])
        gx = made.reshape(shape)
    gw = products.sum(0) if needs[1] else None
    gb = sums.sum(0) if needs[2] else None
    return gx, gw, gb, None, None
