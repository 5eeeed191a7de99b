"""Counting: integers, and numbers in bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import return_types
from ..autograd.primitive import primitive
from ..autograd.variable import Variable
from .arguments import as_int

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["bincount", "histc", "histogram", "histogramdd"]


def _bincount(x: Any, weights: Any, minlength: int) -> Any:
    if x.dtype.kind not in "iu":
        raise NotImplementedError(f'"bincount" not implemented for {x.dtype}')
    if x.ndim > 1 or (x.size and x.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is not None and weights.shape != x.shape:
        raise RuntimeError(
            f"weights should be 1-d and have the same length as input: {list(weights.shape)} and "
            f"{list(x.shape)}"
        )
    x = x.reshape(-1).astype(np.intp, copy=False)
    if weights is None:
        return np.bincount(x, minlength=minlength).astype(np.int64, copy=False)
    dtype = np.float32 if weights.dtype == np.float32 else np.float64
    return np.bincount(x, weights.reshape(-1), minlength).astype(dtype)


bincount_p = primitive(
    _bincount, "x weights | minlength", None, None, name="bincount", traits=("values",)
)


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each number 0, 1, 2, ... occurs in ``input``; with ``weights``, their sums."""
    if minlength < 0:
        raise RuntimeError(f"minlength should be >= 0, but got {minlength}")
    return bincount_p(input, weights, minlength)


def _histc(x: Any, bins: int, low: float, high: float) -> Any:
    if x.dtype.kind not in "fV":
        raise NotImplementedError(f'"histogram_cpu" not implemented for {x.dtype}')
    x = x.reshape(-1)
    if low == high and x.size:
        low, high = x.min(), x.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low}, {high}] is not finite")
    if low == high:
        low, high = low - 1, high + 1
    low, high = x.dtype.type(low), x.dtype.type(high)
    x = x[(x >= low) & (x <= high)]
    place = ((x - low) * bins / (high - low)).astype(np.intp)
    return np.bincount(np.minimum(place, bins - 1), minlength=bins).astype(x.dtype)


histc_p = primitive(_histc, "x | bins low high", None, name="histc")


def histc(
    input: Tensor, bins: int = 100, min: float = 0, max: float = 0, *, out: Tensor | None = None
) -> Tensor:
    """How many elements fall into each of ``bins`` equal bins from ``min`` to ``max``.

    Where the two are equal, the smallest and largest element are taken.
    """
    if bins <= 0:
        raise RuntimeError(f"torch.histc(): bins must be > 0, but got {bins}")
    if max < min:
        raise RuntimeError(f"torch.histc: max must be larger than min, but got [{min}, {max}]")
    return histc_p(input, as_int("bins", bins), min, max)


def _edges(x: Any, bins: int, span: Any) -> Any:
    if span is None:
        low, high = (x.min(), x.max()) if x.size else (0.0, 1.0)
    else:
        low, high = span
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"torch.histogramdd: dimension's range [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(f"torch.histogramdd: min should not exceed max, but got {low}, {high}")
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, bins + 1, dtype=x.dtype)


def _histogramdd(x: Any, weight: Any, bins: Any, span: Any, density: bool) -> tuple[Any, ...]:
    if x.dtype.kind not in "fV":
        raise NotImplementedError(f'"histogramdd" not implemented for {x.dtype}')
    edges = []
    place = np.zeros(len(x), np.int64)
    inside = np.ones(len(x), bool)
    for k, column in enumerate(x.T):
        b = bins[k]
        e = b if isinstance(b, np.ndarray) else _edges(column, b, None if span is None else span[k])
        at = np.searchsorted(e, column, "right") - 1
        at = np.where(column == e[-1], len(e) - 2, at)  # the last bin includes its end
        inside &= (at >= 0) & (at < len(e) - 1) & (column == column)
        place = place * (len(e) - 1) + at
        edges.append(e)
    sizes = [len(e) - 1 for e in edges]
    weights = None if weight is None else weight.reshape(-1)[inside]
    place = place[inside].astype(np.intp, copy=False)
    hist: Any = np.bincount(place, weights, math.prod(sizes)).astype(x.dtype).reshape(sizes)
    if density:
        hist /= hist.sum()
        for k, e in enumerate(edges):
            hist /= np.diff(e).reshape(-1, *(1,) * (len(edges) - 1 - k))
    return (hist, *edges)


histogram_p = primitive(
    _histogramdd, "x weight | bins span density -> *hist_edges", None, None, name="histogram"
)


def _bins(bins: Any) -> Any:
    if isinstance(bins, Variable):
        if bins.ndim != 1:
            raise RuntimeError(
                "torch.histogramdd: bins tensor should have one dimension, but got "
                f"{bins.ndim} dimensions in the bins tensor"
            )
        if not bins._data.size:
            raise RuntimeError("torch.histogramdd: bins tensor should have at least 1 element")
        return bins._array()
    if bins <= 0:
        raise RuntimeError(f"histogram: bins must be > 0, but got {bins}")
    return int(bins)


def histogram(
    input: Tensor,
    bins: Tensor | int = 100,
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
    out: tuple[Tensor, Tensor] | None = None,
) -> return_types.histogram:
    """How many elements fall into each bin.

    Args:
        bins: the number of equal bins, or a tensor with their edges.
        range: the ends of the first and last bin, by default the smallest and largest element.
        weight: what each element counts, of ``input``'s shape.
        density: divide so that the histogram integrates to 1.

    Returns:
        A named tuple ``(hist, bin_edges)``.
    """
    span = None if range is None else (tuple(range),)
    if isinstance(bins, Variable) and range is not None:
        raise TypeError(
            "histogram() received an invalid combination of arguments: a range beside edges, which "
            "say where the bins are"
        )
    if isinstance(bins, Variable) and bins.dtype is not input.dtype:
        raise RuntimeError(
            "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got "
            f"input with dtype {input.dtype} and bins with dtype {bins.dtype}"
        )
    if weight is not None and weight.shape != input.shape:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the "
            f"input tensor excluding its innermost dimension, but got {list(input.shape)} and "
            f"{list(weight.shape)}"
        )
    if weight is not None and weight.dtype is not input.dtype:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor "
            f"should have the same dtype, but got input(dtype {input.dtype}) and weight(dtype "
            f"{weight.dtype})"
        )
    flat = input.reshape(-1, 1)
    return return_types.histogram(*histogram_p(flat, weight, (_bins(bins),), span, density))


def histogramdd(
    input: Tensor,
    bins: int | Sequence[int] | Sequence[Tensor],
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> return_types.histogramdd:
    """How many of the points in the rows of ``input`` fall into each cell of a grid.

    Args:
        bins: the number of bins, one for all or one per dimension, or the edges per dimension.
        range: the smallest and largest edge per dimension, in one flat sequence.

    Returns:
        A named tuple ``(hist, bin_edges)``.
    """
    if input.ndim < 2:
        raise RuntimeError(
            f"torch.histogramdd: input tensor should have at least 2 dimensions, not {input.ndim}"
        )
    d = input.shape[-1]
    each = list(bins) if isinstance(bins, Sequence) else [bins] * d
    if len(each) != d:
        raise RuntimeError(
            f"torch.histogramdd: expected {d} sequences of bins for a {d}-dimensional histogram, "
            f"not {len(each)}"
        )
    span = None
    if range is not None:
        if len(range) != 2 * d:
            raise RuntimeError(
                f"torch.histogramdd: for a {d}-dimensional histogram range should have {2 * d} "
                f"elements, but got {len(range)}"
            )
        span = tuple(zip(range[::2], range[1::2], strict=True))
    flat = input.reshape(-1, d)
    hist, *edges = histogram_p(flat, weight, tuple(map(_bins, each)), span, density)
    return return_types.histogramdd(hist, tuple(edges))
