"""Gaussian elimination of batches of matrices, with row pivoting; what LAPACK keeps of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = Any


def factors(x: Array) -> tuple[Array, Array, Array]:
    """``(lu, pivots, info)``: both triangles in one matrix, the row (from 1) that each step swapped
    with its own, and the first zero pivot (from 1; 0: there is none).
    """
    *batch, m, n = x.shape
    k = min(m, n)
    lu = np.array(x, order="C").reshape(math.prod(batch), m, n)
    each = np.arange(len(lu), dtype=np.int64)
    pivots = np.empty((len(lu), k), np.int32)
    info = np.zeros(len(lu), np.int32)
    for j in range(k):
        p = j + np.argmax(_size(lu[:, j:, j]), 1)
        pivots[:, j] = p + 1
        swapped = lu[each, p]
        lu[each, p] = lu[:, j]
        lu[:, j] = swapped
        pivot = lu[:, j, j]
        zero = pivot == 0
        info[zero & (info == 0)] = j + 1
        lu[:, j + 1 :, j] /= np.where(zero, 1, pivot)[:, None]
        lu[:, j + 1 :, j + 1 :] -= lu[:, j + 1 :, j, None] * lu[:, j, None, j + 1 :]
    return lu.reshape(x.shape), pivots.reshape(*batch, k), info.reshape(tuple(batch))


def _size(x: Array) -> Array:
    """By which LAPACK compares pivots: of complex numbers |re| + |im|."""
    return np.abs(x.real) + np.abs(x.imag) if x.dtype.kind == "c" else np.abs(x)


def order(pivots: Array, m: int) -> Array:
    """The rows of ``x`` in the order of those of ``l @ u``."""
    flat = pivots.reshape(math.prod(pivots.shape[:-1]), pivots.shape[-1])
    rows = np.tile(np.arange(m, dtype=np.int64), (len(flat), 1))
    each = np.arange(len(flat), dtype=np.int64)
    for j in range(flat.shape[1]):
        p = flat[:, j] - 1
        rows[each, p], rows[:, j] = rows[:, j].copy(), rows[each, p]
    return rows.reshape(*pivots.shape[:-1], m)


def permutation(pivots: Array, m: int, dtype: Any) -> Array:
    """``p`` of ``x = p @ l @ u``."""
    return np.swapaxes(np.eye(m, dtype=dtype)[order(pivots, m)], -1, -2).copy()
