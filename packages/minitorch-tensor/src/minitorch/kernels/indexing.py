"""Overlapping windows, and adding into places that repeat."""

from __future__ import annotations

from typing import Any

import numpy as np

from .half import single
from .memory import storage_of, window

__all__ = ["accumulate", "add_rows", "fold_windows", "outside", "windows"]


def windows(x: Any, dim: int, size: int, step: int) -> Any:
    """The windows along ``dim``, in a last dimension, sharing memory."""
    shape, strides = list(x.shape), list(x.strides)
    shape[dim] = (shape[dim] - size) // step + 1
    strides[dim] *= min(step, x.shape[dim])  # further than that there is no second window
    memory, start = storage_of(x)
    return window(memory, (*shape, size), x.dtype, start, (*strides, x.strides[dim]))


def fold_windows(x: Any, shape: tuple[int, ...], dim: int, size: int, step: int) -> Any:
    """Windows added up where they overlap: the adjoint of ``windows``."""
    out = single(np.zeros(shape, x.dtype))
    count = x.shape[dim]
    lead = (slice(None),) * dim
    for k in range(size):
        out[(*lead, slice(k, k + (count - 1) * step + 1, step))] += x[..., k]
    return out.astype(x.dtype, copy=False)


def outside(index: Any, n: int) -> Any:
    """The first of the numbers that is not from 0 to n - 1; None where there is none."""
    # read without their sign, negative numbers are large ones: one look finds both
    if not index.size or int(np.maximum.reduce(index.view(f"u{index.itemsize}"), None)) < n:
        return None
    return index[(index < 0) | (index >= n)][0]


def accumulate(out: Any, rows: Any, values: Any) -> None:
    """``out[rows[k]] += values[k]`` for every k, rows that repeat included.

    ``out`` is contiguous, (N, ...), ``rows`` (K,) of integers from 0 on, ``values`` (K, ...).
    NumPy's ``add.at`` is quick on one dimension and one dtype alone, so rows are taken apart.
    """
    width = out.size // len(out) if len(out) else 0
    if width != 1:
        rows = np.add.outer(rows * width, np.arange(width, dtype=np.int64)).reshape(-1)
    total = single(out)
    np.add.at(total.reshape(-1), rows, single(values).reshape(-1))
    if total is not out:
        out[...] = total


def add_rows(values: Any, rows: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` to which ``values`` (rows.shape + shape[1:]) are added at ``rows``."""
    out = np.zeros(shape, values.dtype)
    rows = rows.reshape(-1)
    if rows.size and rows.min() < 0:
        rows = np.where(rows < 0, rows + shape[0], rows)
    accumulate(out, rows, values.reshape((rows.size, *shape[1:])))
    return out
