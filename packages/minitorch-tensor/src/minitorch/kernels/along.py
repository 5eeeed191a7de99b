"""Moving values along one dimension by index, and repeating them along some."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .half import single
from .memory import packed

SMALL = 4096  # elements up to which writing them costs less than a strided view's Python code


def repeat(x: Any, shape: tuple[int, ...]) -> Any:
    """``x`` broadcast to ``shape``: filled in where small, else a view without a copy."""
    if math.prod(shape) > SMALL:
        return np.broadcast_to(x, shape)
    out = np.empty(shape, x.dtype)
    out[...] = x
    return out


def without(x: Any, index: int) -> tuple[int, ...]:
    """The shape of ``x`` less dimension ``index``."""
    shape: tuple[int, ...] = x.shape
    return shape[:index] + shape[index + 1 :]


def take(x: Any, index: Any, dim: int) -> Any:
    """``x`` at ``index``, which has as many dimensions, along ``dim``."""
    if x.ndim == 1:
        return x[index]
    return np.take_along_axis(x, index, dim)


def pick(x: Any, index: Any, dim: int, keepdim: bool, repeats: bool) -> Any:
    """``x`` at ``index`` along ``dim``; without ``keepdim``, ``index`` lacks that dimension."""
    if not x.ndim:
        return x[()]
    if keepdim:
        return packed(take(x, index, dim))
    return take(x, np.expand_dims(index, dim), dim).reshape(without(x, dim))


def place(
    g: Any, index: Any, dim: int, keepdim: bool, repeats: bool, shape: tuple[int, ...]
) -> Any:
    """Zeros of ``shape`` with ``g`` at ``index`` along ``dim``, added where an index repeats."""
    if not shape:
        return g[()]
    if not keepdim:
        g, index = np.expand_dims(g, dim), np.expand_dims(index, dim)
    out = np.zeros(shape, g.dtype)
    if g.ndim == 1 and not repeats:
        out[index] = g
    elif not repeats:
        np.put_along_axis(out, index, g, dim)
    else:
        places = list(np.indices(index.shape, sparse=True, dtype=np.int64))
        places[dim] = index
        out = single(out)
        np.add.at(out, tuple(places), g)
    return out.astype(g.dtype, copy=False)
