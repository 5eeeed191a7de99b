"""Sparse arrays as coordinates and values: sums of equal coordinates, products with matrices."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

__all__ = ["SparseData", "coalesce", "multiply"]


class SparseData:
    """The values of a sparse tensor; its gradient in the backward pass.

    ``index`` (sparse dimensions, n) are coordinates, ``value`` (n, dense dimensions ...) what lies
    there; what lies at equal coordinates is added up. Only addition is known: NumPy's other
    functions raise TypeError.
    """

    __slots__ = ("__weakref__", "index", "shape", "value")
    tensor: ClassVar[Any]  # makes a sparse tensor of it; set where that class is

    def __init__(self, index: Any, value: Any, shape: Any) -> None:
        self.index, self.value, self.shape = index, value, tuple(shape)

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        return int(self.value.itemsize)

    def conj(self) -> SparseData:
        return SparseData(self.index, self.value.conj(), self.shape)

    def dense(self) -> Any:
        """All elements, zeros too."""
        return self.add_to(np.zeros(self.shape, self.dtype))

    def add_to(self, dense: Any) -> Any:
        """Adds the values to ``dense``, in place."""
        np.add.at(dense, tuple(self.index), self.value)
        return dense

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, SparseData):
            return self.add_to(np.array(other))
        index = np.concatenate([self.index, other.index], 1)
        return SparseData(index, np.concatenate([self.value, other.value]), self.shape)

    __radd__ = __add__

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        """An array of objects would be made of it, whatever asked for numbers."""
        raise NotImplementedError("a sparse tensor has no array of its own: use to_dense()")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if ufunc is np.add and method == "__call__" and isinstance(inputs[0], np.ndarray):
            (out,) = options.get("out") or (np.array(inputs[0]),)
            return self.add_to(out) if out is inputs[0] or "out" not in options else NotImplemented
        return NotImplemented


def coalesce(index: Any, value: Any, shape: Any) -> tuple[Any, Any, Any]:
    """Each coordinate once, in order: (index, the order of the old values, where runs begin)."""
    sizes = tuple(shape[: len(index)])
    flat = np.ravel_multi_index(tuple(index), sizes) if sizes else np.zeros(len(value), np.int64)
    order = np.argsort(flat, kind="stable").astype(np.int64)
    flat = flat[order]
    starts = np.flatnonzero(np.diff(flat, prepend=-1))
    return index[:, order[starts]], order, starts


def multiply(value: Any, dense: Any, rows: Any, columns: Any, n: int) -> Any:
    """The product (n, p) of a sparse matrix and ``dense`` (m, p)."""
    shape = (n, dense.shape[0])
    try:
        from scipy.sparse import csr_matrix  # type: ignore[import-untyped]  # SciPy has no types
    except ImportError:
        order = np.argsort(rows, kind="stable")
        starts = np.flatnonzero(np.diff(rows[order], prepend=-1))
        out = np.zeros((n, dense.shape[1]), np.result_type(value, dense))
        if len(order):
            products = value[order, None] * dense[columns[order]]
            out[rows[order][starts]] = np.add.reduceat(products, starts, 0)
        return out
    return np.asarray(csr_matrix((value, (rows, columns)), shape) @ dense)
