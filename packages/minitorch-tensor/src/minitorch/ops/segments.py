"""Reductions of the segments of a tensor, whose lengths or whose ends are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .arithmetic import add, mul, true_divide
from .choice import clamp_max, clamp_min
from .extrema import amax, amin
from .joining import stack
from .reduction import mean, prod, sum
from .regions import slice_p

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

__all__ = ["_segment_reduce", "segment_reduce"]

# the reduction, and what it makes of no elements
REDUCTIONS: dict[str, tuple[Any, float]] = {
    "sum": (sum, 0.0), "mean": (mean, np.nan), "prod": (prod, 1.0), "max": (amax, -np.inf),
    "min": (amin, np.inf),
}  # fmt: skip


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
    function, empty = REDUCTIONS[reduce]
    parts = []
    for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        part = slice_p(data, (*place, slice(start, end)))
        if start == end:
            parts.append(add(sum(part, 0), empty if initial is None else initial))
        elif initial is None:
            parts.append(function(part, 0))
        else:
            parts.append(_with_initial(function, part, reduce, initial))
    return stack(parts) if parts else slice_p(data, (*place, slice(0, 0)))


def _with_initial(function: Any, part: Tensor, reduce: str, initial: float) -> Tensor:
    made = function(part, 0)
    if reduce == "sum":
        return add(made, initial)
    if reduce == "prod":
        return mul(made, initial)
    if reduce == "mean":
        return true_divide(add(sum(part, 0), initial), part.shape[0])
    return clamp_min(made, initial) if reduce == "max" else clamp_max(made, initial)
