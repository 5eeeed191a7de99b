"""Rows out of a table, and gradients back into it."""

from __future__ import annotations

from typing import Any

import numpy as np
from minitorch.extend import accumulate, outside, single

FEW = 1 << 14  # numbers that are added one by one; measured


def take_rows(table: Any, index: Any, padding: int) -> Any:
    """table[index]; ``padding`` matters for the gradient alone.

    Raises:
        IndexError: an index is negative or too large.
    """
    if type(index) is not np.ndarray and hasattr(index, "assuming"):  # a proxy, which is recorded
        index.assuming(outside, index, len(table))
    elif index.size and np.minimum.reduce(index, None) < 0:
        raise out_of_range(table, int(index.min()))
    try:
        return table.take(index.astype(np.intp, copy=False), 0)
    except IndexError:
        raise out_of_range(table, int(index.max())) from None


def out_of_range(table: Any, index: int) -> IndexError:
    return IndexError(f"index out of range in self: {index}, the table has {len(table)} rows")


def add_rows(g: Any, index: Any, rows: int, padding: int) -> Any:
    """A table of ``rows`` rows, each the sum of the rows of ``g`` that ``index`` sends there."""
    width = g.shape[index.ndim :]
    out = np.zeros((rows, *width), g.dtype)
    index = index.reshape(-1)
    g = g.reshape(len(index), *width)
    if padding >= 0:
        kept = index != padding
        index, g = index[kept], g[kept]
    if g.size < FEW:
        accumulate(out, index, g)
        return out
    order = index.argsort(kind="stable")
    index = index[order]
    first = np.ones(len(index), np.bool_)  # of those that go to the same row
    np.not_equal(index[1:], index[:-1], out=first[1:])
    if np.count_nonzero(first) > len(index) // 4:  # reduceat takes a microsecond for each row
        once = first.copy()
        once[:-1] &= first[1:]
        out[index[once]] = g[order[once]]
        index, order, first = index[~once], order[~once], first[~once]
    if len(index):
        starts = np.flatnonzero(first)
        out[index[starts]] = np.add.reduceat(single(g)[order], starts, axis=0)
    return out


def masked_rows(table: Any, index: Any, padding: int) -> Any:
    """table[index] with zeros at the padding."""
    out = table.take(index.astype(np.intp, copy=False), 0)
    if padding >= 0:
        out[index == padding] = 0
    return out


def row_norms(table: Any, norm_type: float) -> Any:
    if norm_type == np.inf:
        return abs(table).max(1)
    return (abs(table) ** norm_type).sum(1) ** (1 / norm_type)
