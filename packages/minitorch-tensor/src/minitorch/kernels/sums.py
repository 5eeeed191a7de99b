"""Sums: NumPy's, and for large arrays BLAS, which adds several numbers a step."""

from __future__ import annotations

from typing import Any

import numpy as np

# The stub of `reduce` takes no `keepdims: bool`.
add_reduce: Any = np.add.reduce
max_reduce: Any = np.maximum.reduce
min_reduce: Any = np.minimum.reduce
mul_reduce: Any = np.multiply.reduce

LARGE = 1 << 16
BLOCK = 1024  # numbers that BLAS adds in one go: few enough for float32's digits


def last(x: Any) -> Any:
    """The sums of a C-contiguous float array over its last dimension, of at most 4 BLOCKs."""
    n = x.shape[-1]
    return (x.reshape(-1, n) @ np.ones(n, x.dtype)).reshape(x.shape[:-1])


def add(x: Any, dim: Any, keepdim: bool) -> Any:
    """The sum over the dimensions ``dim`` (None: all)."""
    if x.size >= LARGE and x.dtype.char in "fd" and x.flags.c_contiguous:
        if dim is None or len(dim) == x.ndim:
            flat = x.reshape(-1)
            whole = x.size // BLOCK * BLOCK
            total = np.add.reduce(last(flat[:whole].reshape(-1, BLOCK)))
            total += np.add.reduce(flat[whole:])
            return total.reshape((1,) * x.ndim) if keepdim else total
        if len(dim) == 1 and dim[0] == x.ndim - 1 and 16 <= x.shape[-1] <= 4 * BLOCK:
            sums = last(x)
            return sums[..., None] if keepdim else sums
    return add_reduce(x, axis=dim, keepdims=keepdim)
