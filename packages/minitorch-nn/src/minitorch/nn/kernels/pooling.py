"""Maxima of windows and where they are; elements put to such places and taken from them."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from minitorch.extend import over_rows

from .resampling import adaptive_ranges, places

BLOCK = 1 << 16  # elements at a time, which stay in the cache

# One dimension of windows: for each element of a window, where it is for each output; how many
# elements are before and after the input; the first place of each window that is in the input.
Axis = tuple[list[Any], tuple[int, int], Any]


def axis(n: int, out: int, kernel: int, stride: int, padding: int, dilation: int) -> Axis:
    starts = np.arange(out) * stride
    index = [starts + dilation * k for k in range(kernel)]
    after = max(int(index[-1][-1]) + 1 - n - padding, 0) if out else 0
    first = starts - padding
    first = np.where(first < 0, first + dilation * -(first // dilation), first)
    return index, (padding, after), first


def adaptive_axis(n: int, out: int) -> Axis:
    starts, stops = adaptive_ranges(n, out)
    widest = int((stops - starts).max()) if out else 0
    return [np.minimum(starts + k, stops - 1) for k in range(widest)], (0, 0), starts


def least(dtype: Any) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def max_pool(x: Any, axes: tuple[Axis, ...], once: bool) -> tuple[Any, Any]:
    """(maxima, their places in the flattened spatial dimensions); a NaN is a maximum."""
    size = x.shape[2:]
    out = tuple(len(first) for _, _, first in axes)
    planes = x.reshape(-1, *size)
    values = np.empty((len(planes), *out), x.dtype)
    indices = np.empty(values.shape, np.int64)
    strides = [math.prod(size[k + 1 :]) for k in range(len(size))]
    first = position([first for _, _, first in axes], strides)
    elements = [
        [(k, places(at), at - before) for k, at in enumerate(index)]
        for index, (before, _), _ in axes
    ]
    padding = [pair for _, pair, _ in axes]
    padded = any(map(any, padding))

    def work(start: int, stop: int) -> None:
        count = max(1, BLOCK // max(1, math.prod(size)))
        for n in range(start, stop, count):
            part = slice(n, min(n + count, stop))
            source, best, index = planes[part], values[part], indices[part]
            nan = x.dtype.kind == "f" and source.size and np.isnan(np.minimum.reduce(source, None))
            if padded:
                source = np.pad(source, [(0, 0), *padding], constant_values=least(x.dtype))
            best[...] = least(x.dtype)
            index[...] = first
            for element in itertools.product(*elements):
                seen = source
                for d, (_, at, _) in enumerate(element, 1):
                    seen = seen[(*(slice(None),) * d, at)]
                better = seen > best
                if nan:
                    better |= np.isnan(seen)
                np.copyto(best, seen, where=better)
                np.copyto(index, position([at for _, _, at in element], strides), where=better)

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
    return (indices.reshape(planes, -1) + np.arange(planes)[:, None] * plane).reshape(-1)


def put(g: Any, indices: Any, size: tuple[int, ...], once: bool) -> Any:
    """Zeros, and ``g`` at the places ``indices``; added up where places are not taken ``once``."""
    plane = math.prod(size)
    out = np.zeros(math.prod(g.shape[:2]) * plane, g.dtype)
    where = numbered(indices, plane)
    if once:
        out[where] = g.reshape(-1)
    else:
        np.add.at(out, where, g.reshape(-1))
    return out.reshape(*g.shape[:2], *size)


def take(x: Any, indices: Any) -> Any:
    """The elements of ``x`` at the places ``indices``."""
    where = numbered(indices, math.prod(x.shape[2:]))
    return x.reshape(-1)[where].reshape(indices.shape)
