"""Where points between the elements of a grid get their values from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

Array = Any
CUBIC = -0.75  # the free parameter of cubic convolution (Keys 1981)


def padded(c: Array, n: int, padding: str, align: bool) -> tuple[Array, Array]:
    """The coordinates ``c`` brought into the grid, and the slope of that map: 0, 1 or -1."""
    slope = np.ones_like(c)
    if padding == "reflection":
        low, span = (0.0, n - 1.0) if align else (-0.5, float(n))
        if not span:
            return np.zeros_like(c), np.zeros_like(c)
        away = np.abs(c - low)
        odd = np.floor(away / span) % 2 == 1
        rest = np.fmod(away, span)
        slope = np.where((c < low) ^ odd, -1, 1).astype(c.dtype)
        c = np.where(odd, span - rest, rest) + low
    if padding != "zeros":
        slope = np.where((c > 0) & (c < n - 1), slope, 0).astype(c.dtype)
        c = np.clip(c, 0, n - 1)
    return c, slope


def finite(c: Array, mode: str, padding: str) -> Array:
    """``c`` with numbers for NaN and infinities, which no weight is computed from but in zeros.

    As in PyTorch NaN is 0 where the coordinates are brought into the grid, as an infinity is that
    is reflected; the nearest of what is outside is outside.
    """
    if mode == "bicubic" or (mode, padding) == ("bilinear", "zeros"):
        return c
    far = float(np.finfo(c.dtype).max / 4)
    if padding == "reflection":
        return np.nan_to_num(c, nan=0.0, posinf=0.0, neginf=0.0)
    return np.nan_to_num(c, nan=0.0 if padding == "border" else far, posinf=far, neginf=-far)


def cells(c: Array, n: int, mode: str, padding: str, align: bool) -> tuple[Array, ...]:
    """Along one dimension of size ``n``: what the value at the coordinates ``c`` is made of.

    Returns ``slope, shift, index, inside``: ``t = c * slope + shift`` is the place between the
    elements; ``index`` holds the elements, one array per weight of ``weights(t)``; ``inside`` is 0
    where there is no such element, else 1.
    """
    value, slope = (c, np.ones_like(c)) if mode == "bicubic" else padded(c, n, padding, align)
    first = np.rint(value) if mode == "nearest" else np.floor(value)
    steps = {"nearest": (0,), "bilinear": (0, 1), "bicubic": (-1, 0, 1, 2)}[mode]
    taps = np.stack([first + k for k in steps])
    if mode == "bicubic":
        taps, _ = padded(taps, n, padding, align)
        if padding != "zeros":
            taps = np.where(np.isnan(taps), 0, taps)
    inside = (taps >= 0) & (taps < n)
    index = np.where(inside, taps, 0).astype(np.int64)
    return slope, value - c * slope - first, index, inside.astype(c.dtype)


def weights(t: Any, mode: str) -> list[Any]:
    """The weights of the elements around the place ``t``, an array or a Tensor."""
    if mode == "nearest":
        return [t * 0 + 1]
    if mode == "bilinear":
        return [1 - t, t]
    a = CUBIC

    def near(s: Any) -> Any:  # |s| <= 1
        return ((a + 2) * s - (a + 3)) * s * s + 1

    def far(s: Any) -> Any:  # 1 < |s| < 2
        return ((a * s - 5 * a) * s + 8 * a) * s - 4 * a

    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


def weight_slopes(t: Array, mode: str) -> list[Array]:
    """The derivatives of ``weights``."""
    if mode == "nearest":
        return [t * 0]
    if mode == "bilinear":
        return [-np.ones_like(t), np.ones_like(t)]
    a = CUBIC

    def near(s: Array) -> Array:
        return (3 * (a + 2) * s - 2 * (a + 3)) * s

    def far(s: Array) -> Array:
        return (3 * a * s - 10 * a) * s + 8 * a

    return [far(t + 1), near(t), -near(1 - t), -far(2 - t)]


def coordinates(g: Any, n: int, align: bool) -> Any:
    """From -1 ... 1 to the elements' numbers; -1 and 1 are the corners' centers if ``align``."""
    return (g + 1) * ((n - 1) / 2) if align else (g + 1) * (n / 2) - 0.5


def gather(x: Array, index: Array) -> Array:
    """The rows ``index`` (b, p) of ``x`` (b, s, c): (b, p, c)."""
    return x[np.arange(len(x), dtype=np.int64)[:, None], index]


def scatter(g: Array, index: Array, size: int) -> Array:
    """The transpose of ``gather``: the rows of ``g`` added up where they came from."""
    b, p, c = g.shape
    rows = (index + np.arange(b, dtype=np.int64)[:, None] * size).reshape(b * p, 1)
    places = (rows * c + np.arange(c, dtype=np.int64)).reshape(-1)
    total = np.bincount(places.astype(np.intp, copy=False), g.reshape(-1), b * size * c)
    return total.astype(g.dtype).reshape(b, size, c)


def gradients(
    g: Array, x: Array, grid: Array, needs: Any, mode: str, padding: str, align: bool
) -> tuple[Array | None, Array | None]:
    """The gradients of the input and of the grid."""
    b, c, *sizes = x.shape
    space, points = math.prod(sizes), math.prod(grid.shape[1:-1])
    rows = np.ascontiguousarray(x.reshape(b, c, space).swapaxes(1, 2))
    gs = g.reshape(b, c, points).swapaxes(1, 2)
    flat = grid.reshape(b, points, len(sizes))
    axes, factors = [], []
    for k, n in enumerate(reversed(sizes)):
        at = finite(coordinates(flat[..., k], n, align), mode, padding)
        slope, shift, index, inside = cells(at, n, mode, padding, align)
        t = at * slope + shift
        along = zip(index, inside, weights(t, mode), weight_slopes(t, mode), strict=True)
        axes.append([(i, w * m, d * m, np.where(m, w, 0)) for i, m, w, d in along])
        factors.append(slope * ((n - 1) / 2 if align else n / 2))
    gx = np.zeros((b, space, c), x.dtype) if needs[0] else None
    ggrid = np.zeros_like(flat) if needs[1] else None
    for taps in product(*axes):
        place = sum(tap[0] * stride for tap, stride in zip(taps, strides(sizes), strict=False))
        if gx is not None:
            weight: Any = math.prod(tap[3] for tap in taps)
            gx += scatter(gs * weight[..., None], place, space)
        if ggrid is not None and mode != "nearest":
            hit = np.einsum("bpc,bpc->bp", gs, gather(rows, place))
            for k in range(len(taps)):
                part = math.prod(tap[2 if j == k else 1] for j, tap in enumerate(taps))
                ggrid[..., k] += hit * part * factors[k]
    return (
        None if gx is None else np.ascontiguousarray(gx.swapaxes(1, 2)).reshape(x.shape),
        None if ggrid is None else ggrid.reshape(grid.shape),
    )


def strides(sizes: list[int]) -> Iterator[int]:
    """The distance of neighbors along the last dimension, the one before it, ..."""
    step = 1
    for n in reversed(sizes):
        yield step
        step *= n
