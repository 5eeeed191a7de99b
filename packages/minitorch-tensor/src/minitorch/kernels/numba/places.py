"""To places and from them: gradients of embeddings, maxima of windows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..parallel import over_rows
from .jit import formula, ready

__all__ = ["add_rows", "max_pool", "put"]

Kernel = Callable[..., Any]


def within(index: Any, size: int) -> bool:
    """Whether all are places among ``size``: what is compiled does not look."""
    return index.dtype == np.int64 and bool(index.min() >= 0 and index.max() < size)


@formula
def add_rows_chunk(g, index, padding, out):
    for n in range(index.size):
        if index[n] != padding:
            to, row = out[index[n]], g[n]
            for k in range(row.size):
                to[k] += row[k]


def add_rows(numpy: Kernel) -> Kernel:
    def kernel(g: Any, index: Any, rows: int, padding: int) -> Any:
        arrays = ready(g)
        if arrays is None or not g.size or not within(index, rows):
            return numpy(g, index, rows, padding)
        width = g.shape[index.ndim :]
        out = np.zeros((rows, math.prod(width)), g.dtype)
        lines = np.ascontiguousarray(index).reshape(-1)
        add_rows_chunk(arrays[0].reshape(len(lines), -1), lines, padding, out)
        return out.reshape(rows, *width)

    return kernel


@formula
def max_pool_chunk(x, places, values, indices, start, stop):
    """The largest of x[n, places[:, o]] and where it is; a NaN is, of several the last."""
    for n in range(start, stop):
        for o in range(places.shape[1]):
            at = places[0, o]
            best = x[n, at]
            for k in range(1, places.shape[0]):
                seen = x[n, places[k, o]]
                if seen > best or seen != seen:
                    best, at = seen, places[k, o]
            values[n, o], indices[n, o] = best, at


def max_pool(numpy: Kernel) -> Kernel:
    def kernel(x: Any, windows: Any, once: bool) -> Any:
        arrays = ready(x)
        out, places, padding = windows.out, windows.places, windows.padding
        if arrays is None or any(map(any, padding)) or not (x.size and places.size):
            return numpy(x, windows, once)
        planes = arrays[0].reshape(math.prod(x.shape[:2]), -1)
        values = np.empty((len(planes), places.shape[1]), x.dtype)
        indices = np.empty(values.shape, np.int64)
        over_rows(
            lambda a, b: max_pool_chunk(planes, places, values, indices, a, b),
            len(planes),
            values.size * len(places) * 4,
        )
        shape = (*x.shape[:2], *out)
        return values.reshape(shape), indices.reshape(shape)

    return kernel


@formula
def put_chunk(g, indices, out, start, stop):
    for n in range(start, stop):
        for k in range(out.shape[1]):
            out[n, k] = 0
        for k in range(g.shape[1]):
            out[n, indices[n, k]] += g[n, k]


def put(numpy: Kernel) -> Kernel:
    def kernel(g: Any, indices: Any, size: tuple[int, ...], once: bool) -> Any:
        arrays = ready(g)
        if arrays is None or not g.size or not within(indices, math.prod(size)):
            return numpy(g, indices, size, once)
        planes = math.prod(g.shape[:2])
        out = np.empty((planes, math.prod(size)), g.dtype)
        gs, at = arrays[0].reshape(planes, -1), np.ascontiguousarray(indices).reshape(planes, -1)
        over_rows(lambda a, b: put_chunk(gs, at, out, a, b), planes, out.size + g.size * 2)
        return out.reshape(*g.shape[:2], *size)

    return kernel
