"""Sums: NumPy's, and for large arrays BLAS, which adds several numbers a step."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._memory import packed


def reducer(ufunc: np.ufunc) -> Any:
    """``ufunc.reduce``, whose results are in C order, as PyTorch's are."""
    reduce: Any = ufunc.reduce  # its stub takes no `keepdims: bool`

    def reduced(x: Any, axis: Any, keepdims: bool = False, dtype: Any = None) -> Any:
        return packed(reduce(x, axis, dtype, None, keepdims))

    return reduced


numpy_add: Any = np.add.reduce
add_reduce = reducer(np.add)
max_reduce = reducer(np.maximum)
min_reduce = reducer(np.minimum)
mul_reduce = reducer(np.multiply)
and_reduce = reducer(np.logical_and)
or_reduce = reducer(np.logical_or)

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
    out = numpy_add(x, dim, None, None, keepdim)
    return out if dim is None or out.flags.c_contiguous else out.copy()
