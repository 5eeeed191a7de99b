"""Sorting, selecting the largest, unique values, searching in what is sorted."""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import return_types
from .._types.dtype import int64
from ..autograd.primitive import primitive
from ..autograd.recorder import checked
from ..autograd.variable import Variable
from ..kernels import order as kernels
from ..kernels.memory import packed
from ..kernels.meta import MetaArray
from .arguments import as_int, check_tensors, numpy_names, one_dim
from .conversion import as_operand
from .creation import literal
from .extrema import empty, place_p

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["argsort", "bucketize", "isin", "kthvalue", "msort", "searchsorted", "sort", "topk"]
__all__ += ["unique", "unique_consecutive"]

sort_p = primitive(
    kernels.sort,
    "x | dim descending -> values indices",
    lambda g, indices, dim, shape: place_p(g, indices, dim, True, False, shape),
    name="sort",
)
topk_p = primitive(
    kernels.topk,
    "x | k dim largest -> values indices",
    lambda g, indices, dim, shape: place_p(g, indices, dim, True, False, shape),
    name="topk",
)
kthvalue_p = primitive(
    kernels.kthvalue,
    "x | k dim keepdim -> values indices",
    lambda g, indices, dim, keepdim, shape: place_p(g, indices, dim, keepdim, False, shape),
    name="kthvalue",
)


@numpy_names
def sort(
    input: Tensor,
    dim: int = -1,
    descending: bool = False,
    stable: bool = False,
    *,
    out: tuple[Tensor, Tensor] | None = None,
) -> return_types.sort:
    """The elements along ``dim`` in order, NaNs counted as largest. Always stable.

    Returns:
        A named tuple ``(values, indices)``.

    Example:
        >>> import minitorch
        >>> values, indices = minitorch.sort(minitorch.tensor([3.0, 1.0, 2.0]))
        >>> values, indices
        (tensor([1., 2., 3.]), tensor([1, 2, 0]))
    """
    return return_types.sort(*sort_p(input, one_dim(dim, input.ndim), bool(descending)))


@numpy_names
def argsort(
    input: Tensor,
    dim: int = -1,
    descending: bool = False,
    stable: bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The indices that sort the elements along ``dim``."""
    return sort_p(input, one_dim(dim, input.ndim), bool(descending))[1]


def msort(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements in order along the first dimension."""
    return sort(input, 0)[0]


@numpy_names
def topk(
    input: Tensor,
    k: int,
    dim: int = -1,
    largest: bool = True,
    sorted: bool = True,
    *,
    out: tuple[Tensor, Tensor] | None = None,
) -> return_types.topk:
    """The ``k`` largest (or smallest) elements along ``dim``, in order.

    Returns:
        A named tuple ``(values, indices)``.

    Raises:
        RuntimeError: ``k`` is negative or larger than the dimension.
    """
    k, d = as_int("k", k), one_dim(dim, input.ndim)
    size = input.shape[d] if input.ndim else 1
    if not 0 <= k <= size:
        raise RuntimeError(
            f"selected index k out of range: k is {k}, the dimension has size {size}"
        )
    return return_types.topk(*topk_p(input, k, d, bool(largest)))


@numpy_names
def kthvalue(
    input: Tensor,
    k: int,
    dim: int = -1,
    keepdim: bool = False,
    *,
    out: tuple[Tensor, Tensor] | None = None,
) -> return_types.kthvalue:
    """The ``k``-th smallest element along ``dim``, counted from 1.

    Returns:
        A named tuple ``(values, indices)``.
    """
    k, d = as_int("k", k), one_dim(dim, input.ndim)
    size = input.shape[d] if input.ndim else 1
    if not size:
        raise empty("kthvalue", input, (d,))
    if not 1 <= k <= size:
        raise RuntimeError(
            f"kthvalue(): selected number k out of range for dimension {d}: k is {k}, size {size}"
        )
    return return_types.kthvalue(*kthvalue_p(input, k, d, keepdim))


# --- unique values ---------------------------------------------------------------------------


def _unique(x: Any, dim: int | None) -> tuple[Any, Any, Any]:
    x = np.asarray(x)
    if dim is not None and x.dtype.kind in "fVc" and (x != x).any():
        return _unique_with_nan(x, dim)
    values, inverse, counts = np.unique(
        x, return_inverse=True, return_counts=True, axis=dim, equal_nan=False
    )
    inverse, counts = inverse.astype(np.int64, copy=False), counts.astype(np.int64, copy=False)
    return values, inverse.reshape(x.shape if dim is None else -1), counts


def _unique_with_nan(x: Any, dim: int) -> tuple[Any, Any, Any]:
    """Slices in order of the first elements of which one is less: a NaN is passed over."""
    slices = np.moveaxis(x, dim, 0)
    rows = slices.reshape(len(slices), -1)

    def compare(i: int, j: int) -> int:
        less, more = rows[i] < rows[j], rows[i] > rows[j]
        decided = more[less | more]
        return 2 * int(decided[0]) - 1 if decided.size else 0

    order = sorted(range(len(rows)), key=functools.cmp_to_key(compare))
    values, numbers, counts = _unique_consecutive(slices[order], 0)
    inverse = np.empty_like(numbers)
    inverse[order] = numbers
    return np.moveaxis(values, 0, dim), inverse, counts


def _unique_consecutive(x: Any, dim: int | None) -> tuple[Any, Any, Any]:
    x = np.asarray(x)
    rows = x.reshape(-1) if dim is None else np.moveaxis(x, dim, 0)
    n = len(rows)
    starts = np.ones(n, bool)
    if n > 1:
        starts[1:] = (rows[1:] != rows[:-1]).reshape(n - 1, -1).any(1)
    places = np.flatnonzero(starts).astype(np.int64, copy=False)
    inverse = np.cumsum(starts, dtype=np.int64) - 1
    values = packed(rows[places])
    return (
        values if dim is None else np.moveaxis(values, 0, dim),
        inverse.reshape(x.shape) if dim is None else inverse,
        np.diff(np.append(places, n)),
    )


def _no_gradient(g: Any) -> Any:
    raise NotImplementedError("the derivative of unique values is not implemented, as in PyTorch")


unique_p = primitive(
    _unique, "x | dim -> values inverse counts", _no_gradient, name="unique", traits=("values",)
)
unique_consecutive_p = primitive(
    _unique_consecutive,
    "x | dim -> values inverse counts",
    _no_gradient,
    name="unique_consecutive",
    traits=("values",),
)


def _asked(found: Any, return_inverse: bool, return_counts: bool) -> Any:
    values, inverse, counts = found
    made = (values, *(inverse,) * return_inverse, *(counts,) * return_counts)
    return made if len(made) > 1 else values


def _dim(input: Any, dim: int | None) -> int | None:
    if dim is None:
        return None
    if not input.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    d = one_dim(dim, input.ndim)
    if input.shape.count(0) > 1:
        raise RuntimeError(
            "Number of zero sized dimensions is more than one, so unique cannot be applied: the "
            f"shape is {list(input.shape)}"
        )
    if input.shape[d] and not input.numel():
        raise RuntimeError(
            "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied: "
            f"the shape is {list(input.shape)}, the dimension {d}"
        )
    return d


@numpy_names
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements (along ``dim``: slices) in order; every NaN is distinct.

    Returns:
        The values alone, or a tuple with the index of each element among them and their counts.
    """
    return _asked(unique_p(input, _dim(input, dim)), return_inverse, return_counts)


@numpy_names
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements (along ``dim``: slices) less those equal to the one before."""
    return _asked(unique_consecutive_p(input, _dim(input, dim)), return_inverse, return_counts)


# --- searching -------------------------------------------------------------------------------


def _searchsorted(sequence: Any, x: Any, sorter: Any, side: Any, dtype: Any) -> Any:
    if sorter is not None:
        sequence = np.take_along_axis(sequence, sorter, -1)
    if sequence.ndim == 1:
        return np.asarray(np.searchsorted(sequence, x, side)).astype(dtype)
    out = np.empty_like(x, dtype, order="C")
    for row in np.ndindex(x.shape[:-1]):
        out[row] = np.searchsorted(sequence[row], x[row], side)
    return out


searchsorted_p = primitive(
    _searchsorted, "sequence x sorter | side dtype", None, None, None, name="searchsorted"
)


def _sorter_in_range(places: Any, size: int) -> None:
    if not isinstance(places, MetaArray) and places.size:
        if places.min() < 0 or places.max() >= size:
            raise RuntimeError("torch.searchsorted(): sorter index out of range")


def searchsorted(
    sorted_sequence: Tensor,
    input: Tensor | complex,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Where ``input`` would go in the last dimension of ``sorted_sequence`` to keep it sorted.

    Raises:
        RuntimeError: the leading dimensions differ, or ``side`` contradicts ``right``.
    """
    if side not in (None, "left", "right"):
        raise RuntimeError(
            f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}"
        )
    if side == "left" and right:
        raise RuntimeError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left "
            "while right was True"
        )
    if not isinstance(input, Variable):
        input = literal(np.asarray(as_operand(input), sorted_sequence.dtype.numpy))
    for name, x in (("input value", input), ("boundary", sorted_sequence)):
        if not x._data.flags.c_contiguous:
            warnings.warn(
                f"torch.searchsorted(): {name} tensor is non-contiguous, this will lower the "
                f"performance due to extra data copy when converting non-contiguous tensor to "
                f"contiguous, please use contiguous {name} tensor if possible. This message will "
                "only appear once per program.",
                stacklevel=2,
            )
    if not sorted_sequence.ndim:
        raise RuntimeError(
            "torch.searchsorted(): input value can be a scalar, but the boundaries tensor must "
            "have at least one dimension"
        )
    if sorted_sequence.ndim > 1 and not input.ndim:
        raise RuntimeError(
            "torch.searchsorted(): input value can be a scalar only when boundaries tensor "
            f"dimension is 1, but we got boundaries tensor dim({sorted_sequence.ndim}) and input "
            "value's dim(0)"
        )
    if sorted_sequence.ndim > 1 and sorted_sequence.shape[:-1] != input.shape[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 "
            f"dimensions of boundaries tensor and input value tensor must match, but we got "
            f"boundaries tensor {list(sorted_sequence.shape)} and input value tensor "
            f"{list(input.shape)}"
        )
    if sorter is not None and sorter.shape != sorted_sequence.shape:
        raise RuntimeError(
            "torch.searchsorted(): boundary and sorter must have the same size, but got boundary "
            f"tensor {list(sorted_sequence.shape)} and got sorter tensor {list(sorter.shape)}"
        )
    if sorter is not None:
        if sorter.dtype is not int64:
            raise RuntimeError(
                "torch.searchsorted(): sorter must be a tensor of long dtype but got dtype "
                f"{sorter.dtype}"
            )
        checked(_sorter_in_range, sorter, sorter.shape[-1])
    last = "right" if right or side == "right" else "left"
    dtype = np.int32 if out_int32 else np.int64
    return searchsorted_p(sorted_sequence, input, sorter, last, dtype)


def bucketize(
    input: Tensor | complex,
    boundaries: Tensor,
    *,
    out_int32: bool = False,
    right: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """The bucket, between sorted ``boundaries``, that each element falls into."""
    check_tensors("bucketize", boundaries=boundaries)
    if boundaries.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


isin_p = primitive(
    lambda x, test, invert: np.isin(x, test, invert=invert), "x test | invert", None, None,
    name="isin",
)  # fmt: skip


def isin(
    elements: Tensor,
    test_elements: Tensor,
    *,
    assume_unique: bool = False,
    invert: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Whether each of ``elements`` is among ``test_elements``."""
    if not isinstance(elements, Variable):
        elements = literal(np.asarray(as_operand(elements)))
    if not isinstance(test_elements, Variable):
        test_elements = literal(np.asarray(as_operand(test_elements)))
    return isin_p(elements, test_elements, bool(invert))
