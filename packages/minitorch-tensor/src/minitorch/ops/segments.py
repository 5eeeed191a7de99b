"""Reductions of the segments of a tensor, whose lengths or whose ends are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .arithmetic import add, mul, true_divide
from .choice import clamp_max, clamp_min, where
from .comparison import isnan
from .extrema import amax, amin
from .joining import stack
from .reduction import prod, sum
from .regions import slice_p

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

__all__ = ["_segment_reduce", "segment_reduce"]

# what each reduction makes of no elements
REDUCTIONS = {"sum": 0.0, "mean": np.nan, "prod": 1.0, "max": -np.inf, "min": np.inf}


def segment_reduce(
    data: Tensor, reduce: str, *, lengths: Tensor | None = None, indices: Tensor | None = None,
    offsets: Tensor | None = None, axis: int = 0, unsafe: bool = False,
    initial: float | None = None,
) -> Tensor:  # fmt: skip
    """One value per segment along ``axis``: ``lengths`` are theirs, or ``offsets`` where they begin
    and the last one ends.

    Args:
        reduce: "sum", "mean", "max", "min" or "prod".
        initial: what each reduction starts with.
        unsafe: do not look whether the lengths are those of ``data``.
    """
    if reduce not in REDUCTIONS:
        raise RuntimeError(f"reduce argument must be one of {[*REDUCTIONS]}, but got {reduce!r}")
    if indices is not None:
        raise RuntimeError("segment_reduce(): indices based reduction is not supported yet.")
    if (lengths is None) == (offsets is None):
        raise RuntimeError("segment_reduce(): Either lengths or offsets must be defined.")
    given: Any = lengths if offsets is None else offsets
    dims = given.ndim - 1
    if axis != dims and axis != dims - data.ndim:
        raise RuntimeError("segment_reduce(): Expected axis to be the last dimension of lengths.")
    table = given._array()
    if offsets is None:
        if not unsafe and (table.min(initial=0) < 0 or (table.sum(-1) != data.shape[axis]).any()):
            raise RuntimeError(
                "segment_reduce(): Expected all rows of lengths along axis to sum to "
                f"data.size(lengths.dim()-1) when !unsafe, which is {data.shape[axis]}"
            )
        table = np.concatenate([np.zeros_like(table[..., :1]), table.cumsum(-1)], -1)
    rows = [
        _row(data, place, table[place], reduce, initial) for place in np.ndindex(table.shape[:-1])
    ]
    if not dims:
        return rows[0]
    made = stack(rows)
    return made.reshape(*table.shape[:-1], *made.shape[1:])


_segment_reduce = segment_reduce


def _row(data: Tensor, place: tuple[int, ...], ends: Any, reduce: str, initial: Any) -> Tensor:
    parts = []
    for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        part = slice_p(data, (*place, slice(start, end)))
        if start == end:
            parts.append(add(sum(part, 0), REDUCTIONS[reduce] if initial is None else initial))
        elif reduce in ("sum", "mean"):
            total = sum(part, 0)
            total = total if initial is None else add(total, initial)
            parts.append(true_divide(total, end - start) if reduce == "mean" else total)
        else:
            parts.append(
                _product(part, initial) if reduce == "prod" else _most(part, reduce, initial)
            )
    return stack(parts) if parts else slice_p(data, (*place, slice(0, 0)))


def _product(part: Tensor, initial: float | None) -> Tensor:
    """The product; its gradient for a nan is the product of the others, which is not nan."""
    unknown = isnan(part)
    count, nans = sum(unknown, 0), _sum_of_nans(part)
    made = mul(prod(where(unknown, 1, part), 0), where(count > 0, nans, 1))
    made = mul(made, where(count > 1, nans.detach(), 1))  # the others have a nan, too
    return made if initial is None else mul(made, initial)


def _most(part: Tensor, reduce: str, initial: float | None) -> Tensor:
    """The largest or smallest element; where there are nans they share the gradient."""
    unknown = isnan(part)
    count = sum(unknown, 0)
    made = (amax if reduce == "max" else amin)(where(count > 0, 0, part), 0)
    if initial is not None:
        made = (clamp_min if reduce == "max" else clamp_max)(made, initial)
    return where(count > 0, true_divide(_sum_of_nans(part), count), made)


def _sum_of_nans(part: Tensor) -> Tensor:
    return sum(where(isnan(part), part, 0), 0)
