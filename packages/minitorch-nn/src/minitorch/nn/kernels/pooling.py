"""Maxima of windows and where they are; elements put to such places and taken from them."""

from __future__ import annotations

import itertools
import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from minitorch.extend import over_rows, single

from .resampling import adaptive_ranges, places

BLOCK = 1 << 16  # elements at a time, which stay in the cache

ALL = slice(None)

# One dimension of windows: for each element of a window, where it is for each output; how many
# elements are before and after the input; the first place of each window that is in the input.
Axis = tuple[list[Any], tuple[int, int], Any]


class Windows(NamedTuple):
    """The windows of a spatial shape.

    ``out``      how many there are along each dimension
    ``keys``     for each element of a window the keys that, one after the other, take it from all
    ``places``   for each element where it lies for each window, in flattened dimensions. The first
                 row has the first place in the input: where all are the least, that is the maximum
    ``padding``  how many elements are before and after the input in each dimension
    ``made_of``  the arguments of ``windows``
    """

    out: tuple[int, ...]
    keys: list[list[tuple[Any, ...]]]
    places: Any
    padding: list[tuple[int, int]]
    made_of: tuple[tuple[int, ...], ...]

    def __reduce__(self) -> Any:
        return windows, self.made_of


def axis(n: int, out: int, kernel: int, stride: int, padding: int, dilation: int) -> Axis:
    starts = np.arange(out, dtype=np.int64) * stride
    index = [starts + dilation * k for k in range(kernel)]
    after = max(int(index[-1][-1]) + 1 - n - padding, 0) if out else 0
    first = starts - padding
    first = np.where(first < 0, first + dilation * -(first // dilation), first)
    return index, (padding, after), first


def adaptive_axis(n: int, out: int) -> Axis:
    starts, stops = adaptive_ranges(n, out)
    widest = int((stops - starts).max()) if out else 0
    return [np.minimum(starts + k, stops - 1) for k in range(widest)], (0, 0), starts


@lru_cache(maxsize=16)
def windows(size: tuple[int, ...], out: tuple[int, ...], *geometry: tuple[int, ...]) -> Windows:
    """Windows by kernel, stride, padding and dilation; without them those of adaptive pooling."""
    axes = list(map(axis if geometry else adaptive_axis, size, out, *geometry))
    strides = [math.prod(size[k + 1 :]) for k in range(len(size))]
    rows = [position([first for _, _, first in axes], strides)]
    keys = []
    for element in itertools.product(*(range(len(index)) for index, _, _ in axes)):
        at = [index[k] for k, (index, _, _) in zip(element, axes, strict=True)]
        if any(element):
            before = [pad for _, (pad, _), _ in axes]
            rows.append(position([i - n for i, n in zip(at, before, strict=True)], strides))
        taken = list(map(places, at))
        if all(isinstance(each, slice) for each in taken):
            keys.append([(ALL, *taken)])
        else:
            keys.append([(*(ALL,) * d, each) for d, each in enumerate(taken, 1)])
    table = np.stack([np.broadcast_to(row, out).reshape(-1) for row in rows])
    return Windows(out, keys, table, [pair for _, pair, _ in axes], (size, out, *geometry))


def least(dtype: Any) -> Any:
    return -np.inf if dtype.kind in "fV" else np.iinfo(dtype).min


def max_pool(x: Any, windows: Windows, once: bool) -> tuple[Any, Any]:
    """(maxima, their places in the flattened spatial dimensions); a NaN is a maximum."""
    out, keys, table, padding, _ = windows
    size = x.shape[2:]
    planes = x.reshape(math.prod(x.shape[:2]), *size)  # -1 fails where a size is 0
    values = np.empty((len(planes), *out), x.dtype)
    indices = np.empty((len(planes), table.shape[1]), np.int64)
    padded = any(map(any, padding))
    kind = np.min_scalar_type(len(keys))
    outputs = np.arange(table.shape[1], dtype=np.int64)

    def work(start: int, stop: int) -> None:
        count = max(1, BLOCK // max(1, math.prod(size)))
        for n in range(start, stop, count):
            part = slice(n, min(n + count, stop))
            source, best = planes[part], values[part]
            if padded:
                source = np.pad(source, [(0, 0), *padding], constant_values=least(x.dtype))
            number = np.zeros(best.shape, kind)
            for k, (key, *more) in enumerate(keys):
                seen = source[key]
                for key in more:
                    seen = seen[key]
                if not k:
                    best[...] = seen
                    continue
                seen = np.ascontiguousarray(seen)
                better = seen > best
                if x.dtype.kind in "fV":
                    better |= np.isnan(seen)  # of several NaNs the last counts
                np.maximum(best, seen, out=best)
                # later numbers are larger
                np.maximum(number, np.multiply(better, k, dtype=kind), out=number)
            flat = number.reshape(len(best), len(outputs)).astype(np.int64)
            flat *= table.shape[1]
            flat += outputs
            table.take(flat.astype(np.intp, copy=False), out=indices[part], mode="clip")

    over_rows(work, len(planes), 8 * x.size)
    shape = (*x.shape[:2], *out)
    return values.reshape(shape), indices.reshape(shape)


def position(at: list[Any], strides: list[int]) -> Any:
    """Places along each dimension as places in all of them flattened."""
    total: Any = 0
    for k, (index, stride) in enumerate(zip(at, strides, strict=True)):
        total = total + (index * stride).reshape(-1, *(1 for _ in at[k + 1 :]))
    return total


def numbered(indices: Any, plane: int) -> Any:
    """Places in each plane as places in all planes together."""
    planes = math.prod(indices.shape[:2])
    return (
        indices.reshape(planes, math.prod(indices.shape[2:]))
        + np.arange(planes, dtype=np.int64)[:, None] * plane
    ).reshape(-1)


def put(g: Any, indices: Any, size: tuple[int, ...], once: bool) -> Any:
    """Zeros, and ``g`` at the places ``indices``; added up where places are not taken ``once``."""
    plane = math.prod(size)
    out = np.zeros(math.prod(g.shape[:2]) * plane, g.dtype)
    where = numbered(indices, plane)
    if once:
        out[where] = g.reshape(-1)
    else:
        out = single(out)
        np.add.at(out, where, g.reshape(-1))
        out = out.astype(g.dtype, copy=False)
    return out.reshape(*g.shape[:2], *size)


def take(x: Any, indices: Any) -> Any:
    """The elements of ``x`` at the places ``indices``."""
    where = numbered(indices, math.prod(x.shape[2:]))
    return x.reshape(-1)[where].reshape(indices.shape)


def fractional_places(x: Any, samples: Any, kernel: Any, out: Any) -> Any:
    """The places of the maxima of windows, as numbers within a plane (volume) of ``x``.

    With u of ``samples`` (N, C, ndim), a = (n - k) / (m - 1) and n, k, m the sizes of input, window
    and output, window i starts at int((i + u) a) - int(u a), the last one at n - k.
    """
    sizes, ndim = x.shape[2:], len(kernel)
    flat: Any = 0
    for d, (n, k, m) in enumerate(zip(sizes, kernel, out, strict=True)):
        u = samples[..., d, None]
        starts = np.full((*x.shape[:2], m), n - k, np.int64)
        if m > 1:
            a = x.dtype.type(n - k) / x.dtype.type(m - 1)
            i = np.arange(m - 1, dtype=x.dtype)
            starts[..., :-1] = ((i + u) * a).astype(np.int64) - (u * a).astype(np.int64)
        places = starts[..., None] + np.arange(k, dtype=np.int64)  # (N, C, m, k)
        shape = [1] * 2 * ndim
        shape[d], shape[ndim + d] = m, k
        flat = flat * n + places.reshape(*x.shape[:2], *shape)
    flat = flat.reshape(*x.shape[:2], *out, math.prod(kernel))
    rows = x.reshape(*x.shape[:2], math.prod(sizes))
    picked = flat.reshape(*x.shape[:2], math.prod(flat.shape[2:]))
    values = np.take_along_axis(rows, picked, -1).reshape(flat.shape)
    best = np.argmax(values, -1)[..., None]
    return np.take_along_axis(flat, best, -1)[..., 0]
