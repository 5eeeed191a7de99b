"""The Bunch-Kaufman decomposition ``P L D L' P'`` of symmetric matrices, as LAPACK's sytrf has it.

``D`` has blocks of one and of two rows. ``pivots`` says, from 1, which row each step swapped with
its own; both entries of a block of two are negative, and name the row swapped with its second.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .lu import _size

Array = Any
ALPHA = (1 + math.sqrt(17)) / 8  # which makes the growth of the elements least


def factors(x: Array, hermitian: bool) -> tuple[Array, Array, Array]:
    """``(ld, pivots, info)``; ``info`` is the first zero block on the diagonal, from 1, or 0."""
    *batch, n, _ = x.shape
    ld = np.tril(x).reshape(math.prod(batch), n, n)
    pivots = np.empty((len(ld), n), np.int32)
    info = np.array([_factor(a, p, hermitian) for a, p in zip(ld, pivots, strict=True)], np.int32)
    return ld.reshape(x.shape), pivots.reshape(*batch, n), info.reshape(tuple(batch))


def _conjugated(x: Array, hermitian: bool) -> Array:
    return x.conj() if hermitian else x


def _factor(a: Array, pivots: Array, hermitian: bool) -> int:
    """Turns the lower triangle of ``a`` into its factors; returns info."""
    n, k, info = len(a), 0, 0
    if hermitian:
        np.fill_diagonal(a, a.diagonal().real)
    while k < n:
        p, two = _pivot(a, k)
        if p is None:
            info = info or k + 1
            pivots[k] = k + 1
            k += 1
            continue
        last = k + two
        _swap(a, k, last, p, hermitian)
        if two:
            pivots[k] = pivots[k + 1] = -(p + 1)
        else:
            pivots[k] = p + 1
        rest, below = slice(last + 1, n), a[last + 1 :, k : last + 1].copy()
        block = a[k : last + 1, k : last + 1]
        block = np.tril(block) + _conjugated(np.tril(block, -1).T, hermitian)
        scaled = below @ np.linalg.inv(block)
        a[rest, rest] -= np.tril(scaled @ _conjugated(below.T, hermitian))
        if hermitian:
            at = np.arange(last + 1, n, dtype=np.int64)
            a[at, at] = a[at, at].real
        a[rest, k : last + 1] = scaled
        k = last + 1
    return info


def _pivot(a: Array, k: int) -> tuple[int | None, int]:
    """(the row to swap with, whether the block has two rows); no row where the column is zero."""
    own = _size(a[k, k])
    column = _size(a[k + 1 :, k])
    largest = column.max(initial=0)
    if max(own, largest) == 0 or np.isnan(own):
        return None, 0
    if own >= ALPHA * largest:
        return k, 0
    p = k + 1 + int(column.argmax())
    in_row = max(_size(a[p, k:p]).max(), _size(a[p + 1 :, p]).max(initial=0))
    if own >= ALPHA * largest * (largest / in_row):
        return k, 0
    return p, 0 if _size(a[p, p]) >= ALPHA * in_row else 1


def _swap(a: Array, k: int, last: int, p: int, hermitian: bool) -> None:
    """Swaps the rows and columns ``last`` and ``p`` of what is left, in the lower triangle."""
    if p == last:
        return
    a[p + 1 :, [last, p]] = a[p + 1 :, [p, last]]
    between = a[last + 1 : p, last].copy()
    a[last + 1 : p, last] = _conjugated(a[p, last + 1 : p], hermitian)
    a[p, last + 1 : p] = _conjugated(between, hermitian)
    if hermitian:
        a[p, last] = a[p, last].conj()
    a[last, last], a[p, p] = a[p, p], a[last, last]
    if last > k:
        a[last, k], a[p, k] = a[p, k], a[last, k]


def solve(ld: Array, pivots: Array, b: Array, hermitian: bool) -> Array:
    """The solution of ``x y = b`` from the factors of ``x``."""
    batch = np.broadcast_shapes(ld.shape[:-2], b.shape[:-2])
    n = ld.shape[-1]
    made = np.broadcast_to(b, (*batch, *b.shape[-2:])).copy()
    ld = np.broadcast_to(ld, (*batch, n, n))
    pivots = np.broadcast_to(pivots, (*batch, n))
    for place in np.ndindex(*batch):
        _solve(ld[place], pivots[place], made[place], hermitian)
    return made


def _solve(a: Array, pivots: Array, y: Array, hermitian: bool) -> None:
    n, k = len(a), 0
    blocks = []
    while k < n:
        last = k if pivots[k] > 0 else k + 1
        blocks.append((k, last, abs(int(pivots[k])) - 1))
        k = last + 1
    for k, last, p in blocks:
        y[[last, p]] = y[[p, last]]
        y[last + 1 :] -= a[last + 1 :, k : last + 1] @ y[k : last + 1]
        block = a[k : last + 1, k : last + 1]
        block = np.tril(block) + _conjugated(np.tril(block, -1).T, hermitian)
        y[k : last + 1] = np.linalg.solve(block, y[k : last + 1])
    for k, last, p in reversed(blocks):
        below = _conjugated(a[last + 1 :, k : last + 1].T, hermitian)
        y[k : last + 1] -= below @ y[last + 1 :]
        y[[last, p]] = y[[p, last]]
