"""Weighted sums of few elements along one dimension: averaging, interpolation, and the adjoints."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from minitorch.extend import over_rows


class Weights:
    """A sparse matrix: ``out[rows[k]] += weights[k] * x[columns[k]]``, ordered by row.

    Its entries are applied as ``taps``, each of which has one entry at most for any row.
    """

    def __init__(self, rows: Any, columns: Any, weights: Any, outputs: int, inputs: int) -> None:
        self.entries = rows, columns, weights
        self.outputs, self.inputs = outputs, inputs
        starts = np.searchsorted(rows, rows)  # of each entry's row
        number = np.arange(len(rows), dtype=np.int64) - starts
        self.taps = []
        for k in range(number.max() + 1 if len(rows) else 0):
            (which,) = np.nonzero(number == k)
            weight: Any = weights[which]
            if (weight == weight[0]).all():
                weight = float(weight[0])
            self.taps.append((places(rows[which]), places(columns[which]), weight))

    @functools.cached_property
    def rounded(self) -> tuple[Weights, int]:
        """The matrix times 2**bits, in integers that fit 16 bits."""
        rows, columns, weights = self.entries
        dense = np.zeros((self.outputs, self.inputs))
        np.add.at(dense, (rows, columns), weights)
        bits, largest = 0, dense.max()
        while bits < 22 and int(0.5 + largest * 2 ** (bits + 1)) < 2**15:
            bits += 1
        scaled = dense * 2**bits
        whole = np.trunc(scaled + np.copysign(0.5, scaled)).astype(np.int32)
        rows, columns = (at.astype(np.int64, copy=False) for at in np.nonzero(whole))
        return Weights(rows, columns, whole[rows, columns], self.outputs, self.inputs), bits

    @functools.cached_property
    def transposed(self) -> Weights:
        """The transposed matrix."""
        rows, columns, weights = self.entries
        order = np.argsort(columns, kind="stable")
        return Weights(columns[order], rows[order], weights[order], self.inputs, self.outputs)


def places(index: Any) -> Any:
    """The index as a slice where its steps are equal: that takes no copy."""
    if len(index) == 1:
        return slice(int(index[0]), int(index[0]) + 1)
    step = int(index[1] - index[0])
    if step > 0 and (np.diff(index) == step).all():
        return slice(int(index[0]), int(index[-1]) + 1, step)
    return index


def resample(x: Any, dim: int, weights: Weights) -> Any:
    before, after = x.shape[:dim], x.shape[dim + 1 :]
    rows, n = math.prod(before), math.prod(after)
    out = np.zeros((rows, weights.outputs, n), x.dtype)
    x = x.reshape(rows, weights.inputs, n)

    def work(start: int, stop: int) -> None:
        source, target = x[start:stop], out[start:stop]
        for put, take, weight in weights.taps:
            part = source[:, take]
            if isinstance(weight, np.ndarray):
                part = part * weight.astype(x.dtype)[:, None]
            elif weight != 1.0:
                part = part * x.dtype.type(weight)
            target[:, put] += part

    over_rows(work, rows, 4 * x.size)
    return out.reshape(*before, weights.outputs, *after)


def resample_bytes(x: Any, dim: int, weights: Weights) -> Any:
    """``resample`` of uint8 in integers, as Pillow and PyTorch do it."""
    matrix, bits = weights.rounded
    sums = resample(x.astype(np.int32), dim, matrix) + (1 << bits >> 1)
    return np.clip(sums >> bits, 0, 255).astype(np.uint8)


# --- the matrices ---------------------------------------------------------------------------


def of_ranges(starts: Any, stops: Any, weights: Any, inputs: int) -> Weights:
    """Row k sums the inputs from starts[k] to stops[k], times weights[k]."""
    counts = np.maximum(stops - starts, 0).astype(np.intp, copy=False)
    rows = np.repeat(np.arange(len(starts), dtype=np.int64), counts)
    first = np.cumsum(counts) - counts - starts
    columns = np.arange(len(rows), dtype=np.int64) - np.repeat(first, counts)
    return Weights(rows, columns, weights[rows], len(starts), inputs)


@functools.lru_cache(256)
def windows(n: int, out: int, kernel: int, stride: int, padding: int, divisor: str) -> Weights:
    """Sums of windows, divided by how many elements they have: "padded", "inside", or "none"."""
    starts = np.arange(out, dtype=np.int64) * stride - padding
    stops = np.minimum(starts + kernel, n + padding)
    inside = np.maximum(starts, 0), np.minimum(stops, n)
    if divisor == "none":
        counts = np.ones(out)
    else:
        counts = stops - starts if divisor == "padded" else inside[1] - inside[0]
    return of_ranges(*inside, 1 / np.maximum(counts, 1), n)


def adaptive_ranges(n: int, out: int) -> tuple[Any, Any]:
    """Where the ``out`` parts of n elements begin and end; neighbours may share an element."""
    k = np.arange(out, dtype=np.int64)
    return k * n // out, -((-(k + 1) * n) // out)


@functools.lru_cache(256)
def adaptive(n: int, out: int) -> Weights:
    """Means of ``out`` parts."""
    starts, stops = adaptive_ranges(n, out)
    return of_ranges(starts, stops, 1 / (stops - starts), n)


def step(n: int, out: int, scale: float | None, align: bool, real: Any) -> Any:
    """The distance in the input between neighbours of the output."""
    if align:
        return real(n - 1) / real(out - 1) if out > 1 else real(0)
    return real(1.0 / scale) if scale is not None and scale > 0 else real(n) / real(out)


@functools.lru_cache(256)
def nearest(n: int, out: int, scale: float | None, exact: bool, real: Any) -> Weights:
    k = np.arange(out, dtype=real)
    index = np.floor((k + real(0.5 if exact else 0)) * step(n, out, scale, False, real))
    index = np.minimum(index.astype(np.int64), n - 1)
    return Weights(np.arange(out, dtype=np.int64), index, np.ones(out), out, n)


def triangle(x: Any) -> Any:
    return np.maximum(1 - abs(x), 0)


def cubic(x: Any, a: float) -> Any:
    """Keys' convolution kernel (1981)."""
    x = abs(x)
    inner = ((a + 2) * x - (a + 3)) * x * x + 1
    outer = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, inner, np.where(x < 2, outer, 0))


@functools.lru_cache(256)
def smooth(n: int, out: int, scale: float | None, align: bool, mode: str, real: Any) -> Weights:
    """Linear or cubic interpolation."""
    k = np.arange(out, dtype=real)
    along = step(n, out, scale, align, real)
    at = k * along if align else (k + real(0.5)) * along - real(0.5)
    if mode == "linear":
        at = np.maximum(at, 0)
        first = np.minimum(np.floor(at), n - 1)
        reach = [0, 1]
        weights = [triangle(at - first - j) for j in reach]
    else:
        first = np.floor(at)
        reach = [-1, 0, 1, 2]
        weights = [cubic(at - first - j, -0.75) for j in reach]
    rows = np.repeat(np.arange(out, dtype=np.int64), len(reach))
    columns = np.clip(first[:, None] + reach, 0, n - 1).astype(np.int64).reshape(-1)
    return Weights(rows, columns, np.stack(weights, 1).reshape(-1), out, n)


@functools.lru_cache(256)
def antialiased(
    n: int, out: int, scale: float | None, align: bool, mode: str, real: Any
) -> Weights:
    """Linear or cubic interpolation whose kernel is as wide as the output's elements."""
    along = float(step(n, out, scale, align, real))
    wide = max(along, 1.0)
    support = (1 if mode == "linear" else 2) * wide
    center = along * (np.arange(out, dtype=np.int64) + 0.5)
    starts = np.maximum((center - support + 0.5).astype(np.int64), 0)
    stops = np.minimum((center + support + 0.5).astype(np.int64), n)
    ranges = of_ranges(starts, stops, np.ones(out), n)
    rows, columns, _ = ranges.entries
    at = (columns - center[rows] + 0.5) / wide
    weights = triangle(at) if mode == "linear" else cubic(at, -0.5)
    weights = weights / np.bincount(rows.astype(np.intp, copy=False), weights, out)[rows]
    return Weights(rows, columns, weights, out, n)


@functools.lru_cache(256)
def padding(n: int, before: int, after: int, mode: str) -> Weights:
    """The element that each place in and around the input takes its value from."""
    at = np.arange(-before, n + after, dtype=np.int64)
    if mode == "circular":  # around what negative padding leaves
        first, left = max(-before, 0), n + min(before, 0) + min(after, 0)
        at = first + (at - first) % left
    elif mode == "replicate":
        at = np.clip(at, 0, n - 1)
    else:
        at = abs(at)
        at = np.where(at >= n, 2 * (n - 1) - at, at)
    return Weights(np.arange(len(at), dtype=np.int64), at, np.ones(len(at)), len(at), n)
