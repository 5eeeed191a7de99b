"""Sums: NumPy's, and for large arrays BLAS, which adds several numbers a step.

float16 and bfloat16 are added and multiplied up in float32.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from .half import HALVES
from .memory import packed


def reducer(ufunc: np.ufunc, of_half: Any = None) -> Any:
    """``ufunc.reduce``, whose results are in C order, as PyTorch's are; those of float16 and
    bfloat16 are computed in the dtype ``of_half``.
    """
    reduce: Any = ufunc.reduce  # its stub takes no `keepdims: bool`

    def reduced(x: Any, axis: Any, keepdims: bool = False, dtype: Any = None) -> Any:
        if of_half and dtype is None and x.dtype.char in HALVES:
            return packed(reduce(x, axis, of_half, None, keepdims).astype(x.dtype))
        return packed(reduce(x, axis, dtype, None, keepdims))

    return reduced


numpy_add: Any = np.add.reduce
add_reduce = reducer(np.add, np.float32)
max_reduce = reducer(np.maximum)
min_reduce = reducer(np.minimum)
mul_reduce = reducer(np.multiply, np.float32)
and_reduce = reducer(np.logical_and)
or_reduce = reducer(np.logical_or)

LARGE = 1 << 16
BLOCK = 1024  # numbers that BLAS adds in one go: few enough for float32's digits


@lru_cache(maxsize=16)
def _few_ones(n: int, kind: str) -> Any:
    line = np.ones(n, kind)
    line.flags.writeable = False
    return line


def ones(n: int, dtype: Any) -> Any:
    """A line of n ones, not to be written to."""
    return _few_ones(n, dtype.char) if n <= 4 * BLOCK else np.ones(n, dtype)


def column_sums(x: Any) -> Any:
    """The sum of the rows of a matrix (n, m): by BLAS, in a third of NumPy's time and error.

    Also that of a line (n,), unless it is long: NumPy adds its numbers by pairs.
    """
    if x.dtype.char in "fd" and (x.ndim == 2 or len(x) <= BLOCK):
        line = ones(len(x), x.dtype)  # the method: np.dot is a detour of 0.1 us
        return line.dot(x) if type(x) is np.ndarray else np.dot(line, x)
    return add_reduce(x, 0)


def row_sums(x: Any) -> Any:
    """The sum of each row of a matrix (n, m)."""
    if x.dtype.char in "fd":
        return x.dot(ones(x.shape[1], x.dtype))
    return add_reduce(x, 1)


def row_products(x: Any, y: Any) -> Any:
    """The sum of x y over each row of two matrices (n, m).

    Where ``vecdot`` has no more than 500 results, NumPy lets no other thread run meanwhile. So
    large rows are taken in so many parts that there are more.
    """
    n, m = x.shape
    parts = 1 << (500 // max(n, 1)).bit_length()
    if x.size < LARGE or m % parts or parts == 1:
        return np.vecdot(x, y)
    return row_sums(np.vecdot(x.reshape(n, parts, -1), y.reshape(n, parts, -1)))


def last(x: Any) -> Any:
    """The sums of a C-contiguous float array over its last dimension, of at most 4 BLOCKs."""
    n = x.shape[-1]
    return row_sums(x.reshape(-1, n)).reshape(x.shape[:-1])


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
        if dim == tuple(range(len(dim))):
            sums = column_sums(x.reshape(-1, math.prod(x.shape[len(dim) :])))
            return sums.reshape((1,) * (len(dim) * keepdim) + x.shape[len(dim) :])
    if x.dtype.char in HALVES:
        return add_reduce(x, dim, keepdim)
    out = numpy_add(x, dim, None, None, keepdim)
    return out if dim is None or out.flags.c_contiguous else out.copy()
