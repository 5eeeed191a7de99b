"""Selections whose size is known beforehand, and slices put back in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import int64
from ..autograd.inplace import copy_slices_p
from ..autograd.primitive import primitive
from .diagonals import slice_scatter
from .matrix_functions import vander as _vander
from .rearranging import flip
from .storage import as_strided_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor.tensor import Tensor

__all__ = ["as_strided_scatter", "nonzero_static", "slice_inverse", "vander"]


def _nonzero_static(x: Any, size: int, fill_value: int) -> Any:
    found = np.argwhere(x)[:size]
    out = np.full((size, x.ndim), fill_value, np.int64)
    out[: len(found)] = found
    return out


nonzero_static_p = primitive(_nonzero_static, "x | size fill_value", None, name="nonzero_static")


def nonzero_static(
    input: Tensor, *, size: int, fill_value: int = -1, out: Tensor | None = None
) -> Tensor:
    """The positions of the first ``size`` nonzero elements, a (size, ndim) tensor, filled up with
    ``fill_value`` where there are fewer.
    """
    if size < 0:
        raise RuntimeError(f"nonzero_static: 'size' must be an non-negative integer, got {size}")
    return nonzero_static_p(input, size, fill_value)


def as_strided_scatter(
    input: Tensor, src: Tensor, size: Sequence[int], stride: Sequence[int],
    storage_offset: int | None = None,
) -> Tensor:  # fmt: skip
    """A copy of ``input`` with ``src`` as its ``as_strided(size, stride, storage_offset)``."""
    base = input.contiguous()
    offset = base.storage_offset() if storage_offset is None else storage_offset
    view = base.detach().as_strided(size, stride, offset)  # raises where it would reach out
    if view.shape != src.shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = "
            f"{list(src.shape)}, slice size = {list(view.shape)}"
        )
    own = offset - base.storage_offset()
    params = (tuple(view.shape), tuple(view.stride()), own, base.stride(), 0)
    return copy_slices_p(base, src, ((as_strided_p, params),))


def slice_inverse(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None,
    step: int = 1,
) -> Tensor:  # fmt: skip
    """What ``src[start:end:step]`` along ``dim`` is ``input`` of: ``src`` with ``input`` there."""
    return slice_scatter(src, input, dim, start, end, step)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The Vandermonde matrix: a row of powers for each element of ``x``, the highest first unless
    ``increasing``.
    """
    if x.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = x.shape[0] if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    if count < 2:
        made: Tensor = x.new_ones(
            (x.shape[0], count), dtype=x.dtype if x.dtype.category > 1 else int64
        )
        return made
    made = _vander(x, count)
    return made if increasing else flip(made, (1,))
