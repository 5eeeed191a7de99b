"""Memory read with other strides, and adding into places that repeat."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["accumulate", "add_rows", "fold_windows", "strided", "windows"]


def strided(x: Any, shape: Any, strides: Any, offset: int = 0) -> Any:
    """The memory of ``x`` from its first element plus ``offset`` bytes on, as a view."""
    owner = x.base if isinstance(x.base, np.ndarray) else x
    start = x.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    if owner.flags.c_contiguous or owner.flags.f_contiguous:
        flat = owner.reshape(-1, order="A").view(np.uint8) if owner.dtype != x.dtype else owner
        return np.ndarray(shape, x.dtype, flat, start + offset, strides)
    if offset:
        x = np.lib.stride_tricks.as_strided(x, (offset // x.itemsize + 1,), (x.itemsize,))[-1:]
    return np.lib.stride_tricks.as_strided(x, shape, strides)


def windows(x: Any, dim: int, size: int, step: int) -> Any:
    """The windows along ``dim``, in a last dimension, sharing memory."""
    shape, strides = list(x.shape), list(x.strides)
    shape[dim] = (shape[dim] - size) // step + 1
    strides[dim] *= step
    return strided(x, (*shape, size), (*strides, x.strides[dim]))


def fold_windows(x: Any, shape: tuple[int, ...], dim: int, size: int, step: int) -> Any:
    """Windows added up where they overlap: the adjoint of ``windows``."""
    out = np.zeros(shape, x.dtype)
    count = x.shape[dim]
    lead = (slice(None),) * dim
    for k in range(size):
        out[(*lead, slice(k, k + (count - 1) * step + 1, step))] += x[..., k]
    return out


def accumulate(out: Any, rows: Any, values: Any) -> None:
    """``out[rows[k]] += values[k]`` for every k, rows that repeat included.

    ``out`` is contiguous, (N, ...), ``rows`` (K,) of integers from 0 on, ``values`` (K, ...).
    NumPy's ``add.at`` is quick on one dimension and one dtype alone, so rows are taken apart.
    """
    width = out.size // len(out) if len(out) else 0
    if width != 1:
        rows = np.add.outer(rows * width, np.arange(width, dtype=np.int64)).reshape(-1)
    np.add.at(out.reshape(-1), rows, values.reshape(-1))


def add_rows(values: Any, rows: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` to which ``values`` (rows.shape + shape[1:]) are added at ``rows``."""
    out = np.zeros(shape, values.dtype)
    rows = rows.reshape(-1)
    if rows.size and rows.min() < 0:
        rows = np.where(rows < 0, rows + shape[0], rows)
    accumulate(out, rows, values.reshape((rows.size, *shape[1:])))
    return out
