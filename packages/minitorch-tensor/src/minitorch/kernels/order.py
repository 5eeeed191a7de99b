"""Orders: stable sorting permutations, the largest few, medians and modes, by index."""

from __future__ import annotations

from typing import Any

import numpy as np

from .along import take
from .memory import laid_as, packed

PARTITION = 512  # elements from which picking a few is worth a partition


def order(x: Any, dim: int, descending: bool) -> Any:
    """The stable permutation that sorts ``x``; NaN counts as larger than any number."""
    if not descending:
        return np.argsort(x, axis=dim, kind="stable").astype(np.int64, copy=False)
    last = x.shape[dim] - 1
    turned = (slice(None),) * dim + (slice(None, None, -1),)
    return last - order(x[turned], dim, False)[turned]


def cut(x: Any, dim: int, start: int, stop: int) -> Any:
    """``x[start:stop]`` along ``dim``."""
    return x[(slice(None),) * dim + (slice(start, stop),)]


def sort(x: Any, dim: int, descending: bool) -> tuple[Any, Any]:
    if not x.ndim:
        return x[()], np.int64(0)
    index = order(x, dim, descending)
    return laid_as(take(x, index, dim), x), laid_as(index, x)


def topk(x: Any, k: int, dim: int, largest: bool) -> tuple[Any, Any]:
    """The ``k`` largest (or smallest) in order, and their places."""
    if x.dtype.kind == "b":
        raise RuntimeError("topk does not support bool dtypes on CPU")
    if not x.ndim:
        return (x[()], np.int64(0)) if k else (np.empty(0, x.dtype), np.empty(0, np.int64))
    n = x.shape[dim]
    if n < PARTITION or k == n or k == 0:
        index = packed(cut(order(x, dim, largest), dim, 0, k))
        return packed(take(x, index, dim)), index
    if largest:
        few = cut(np.argpartition(x, n - k, dim), dim, n - k, n)
    else:
        few = cut(np.argpartition(x, k - 1, dim), dim, 0, k)
    few = few.astype(np.int64)
    few.sort(dim)  # equals in the order of their places
    values = take(x, few, dim)
    index = order(values, dim, largest)
    return packed(take(values, index, dim)), packed(take(few, index, dim))


def at(x: Any, index: Any, dim: int, keepdim: bool) -> tuple[Any, Any]:
    """Values and places, with or without their dimension of size 1."""
    values, index = packed(take(x, index, dim)), packed(index)
    return (values, index) if keepdim else (values.squeeze(dim), index.squeeze(dim))


def no_bools(x: Any, name: str) -> None:
    if x.dtype.kind == "b":
        raise NotImplementedError(f'"{name}" not implemented for bool')


def kthvalue(x: Any, k: int, dim: int, keepdim: bool) -> tuple[Any, Any]:
    no_bools(x, "kthvalue")
    if not x.ndim:
        return x[()], np.int64(0)
    return at(x, cut(order(x, dim, False), dim, k - 1, k), dim, keepdim)


def median(x: Any, dim: int, keepdim: bool, skip: bool) -> tuple[Any, Any]:
    """The lower median; a NaN where there is one, unless they are to be skipped."""
    no_bools(x, "median")
    if not x.ndim:
        return x[()], np.int64(0)
    if not x.shape[dim]:
        raise ValueError("median of nothing")
    nan = x != x
    index = order(x, dim, False)
    numbers = np.add.reduce(~nan, axis=dim, keepdims=True, dtype=np.int64)
    middle = np.maximum(numbers - 1, 0) // 2
    if not skip:
        middle = np.where(numbers < x.shape[dim], numbers, middle)  # the first NaN
    return at(x, take(index, middle, dim), dim, keepdim)


def mode(x: Any, dim: int, keepdim: bool) -> tuple[Any, Any]:
    """The most frequent value, the smallest of those, at its last place."""
    if not x.ndim:
        return x[()], np.int64(0)
    index = order(x, dim, False)
    ordered = np.moveaxis(take(x, index, dim), dim, -1)
    places = np.arange(x.shape[dim], dtype=np.int64)
    starts = np.ones(ordered.shape, bool)
    starts[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    lengths = places - np.maximum.accumulate(np.where(starts, places, 0), axis=-1)
    longest = np.moveaxis(lengths.argmax(-1, keepdims=True), -1, dim)
    return at(x, take(index, longest, dim), dim, keepdim)
