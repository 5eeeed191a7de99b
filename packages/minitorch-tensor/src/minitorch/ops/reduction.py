"""Reductions over dimensions: sums, means, products, counts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import as_dtype, bfloat16, float16, float32
from ..autograd.out import castable, computing
from ..autograd.primitive import primitive
from ..autograd.variable import Variable
from ..kernels import along, sums
from ..kernels.half import single
from .arguments import numpy_names, one_dim, some_dims
from .broadcasting import expand_p
from .conversion import to
from .shape import view_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor import Tensor
    from .._types.dtype import dtype
    from ..autograd.primitive import Operation

__all__ = ["all", "any", "count_nonzero", "mean", "nanmean", "nansum", "prod", "sum"]


def broadcast_gradient(
    g: Any, shape: tuple[int, ...], dim: tuple[int, ...] | None, keepdim: bool
) -> Any:
    """The gradient of a sum: ``g`` repeated along the dimensions that were summed (None: all)."""
    if dim is not None and g.ndim and not keepdim:
        g = view_p(g, tuple(1 if k in dim else n for k, n in enumerate(shape)))
    return expand_p(g, shape) if is_tensor(g) else along.repeat(g, shape)


def count(shape: tuple[int, ...], dim: tuple[int, ...] | None) -> int:
    """How many elements are reduced to one."""
    return math.prod(shape) if dim is None else math.prod([shape[d] for d in dim])


def dims(dim: Any, ndim: int) -> tuple[int, ...] | None:
    """``dim`` as the primitives here take it: None for all."""
    if isinstance(dim, int):
        d = one_dim(dim, ndim)
        return (d,) if ndim else ()
    return None if dim is None else some_dims(dim, ndim)


def is_tensor(x: Any) -> bool:
    """Whether a rule runs under ``create_graph``."""
    return isinstance(x, Variable)


# x where mask, else 0: also where x is inf or NaN
kept_p: Operation = primitive(
    lambda x, mask: np.where(mask, x, x.dtype.type(0)),
    "x mask",
    lambda g, mask: kept_p(g, mask),
    None,
    name="kept",
    traits=("elementwise",),
)

# Weights and masks, constant for autograd: locally they do not change with x.
ne_zero_p = primitive(lambda x: x != 0, "x", None, name="ne", traits=("elementwise",))
is_number_p = primitive(lambda x: x == x, "x", None, name="is_number", traits=("elementwise",))
any_zero_p = primitive(lambda x: np.bool_(not np.all(x)), "x", None, name="any")


def has_zeros(x: Any) -> bool:
    """Whether one cannot divide by ``x``; of a batch under ``vmap`` that is not to be known."""
    return getattr(x, "_interpreter", None) is not None or bool(any_zero_p(x))


# --- sums ------------------------------------------------------------------------------------


def _sum(x: Any, dim: Any, keepdim: bool) -> Any:
    if x.dtype.kind in "biu":
        return sums.add_reduce(x, axis=dim, dtype=np.int64, keepdims=keepdim)
    return sums.add(x, dim, keepdim)


def of_all_or_some(node: Any) -> str:
    """PyTorch's names: 0 for the reduction to a number, 1 for one along dimensions."""
    return f"{type(node).__name__[:-1]}{int(node.shape != ())}"


sum_p = primitive(
    _sum,
    "x | dim keepdim",
    lambda g, shape, dim, keepdim: broadcast_gradient(g, shape, dim, keepdim),
    name="sum",
    label=of_all_or_some,
    traits=("linear",),
)


@numpy_names
@computing
def sum(
    input: Tensor,
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The sum over ``dim`` (all by default); integers and bools sum to int64, or to ``dtype``.

    Example:
        >>> import minitorch
        >>> minitorch.sum(minitorch.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)
        tensor([4., 6.])
    """
    if dtype is not None:
        return to(sum(to(input, dtype), dim, keepdim), dtype)
    return sum_p(input, dim if dim is None else dims(dim, input.ndim), keepdim)


nansum_p = primitive(
    lambda x, dim, keepdim: _sum(np.where(x == x, x, x.dtype.type(0)), dim, keepdim),
    "x | dim keepdim",
    lambda g, x, dim, keepdim: kept_p(broadcast_gradient(g, x.shape, dim, keepdim), is_number_p(x)),
    name="nansum",
)


@numpy_names
@computing
def nansum(
    input: Tensor,
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The sum over ``dim`` (all by default), NaNs counted as zero; in ``dtype`` where it is
    given."""
    if dtype is not None:
        return to(nansum(to(input, dtype), dim, keepdim), dtype)
    return nansum_p(input, dims(dim, input.ndim), keepdim)


# --- means -----------------------------------------------------------------------------------


def _mean(x: Any, dim: Any, keepdim: bool) -> Any:
    if x.dtype.kind not in "fVc":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {x.dtype}. Convert it first, as with .float()"
        )
    if x.dtype.itemsize == 2:  # float16 sums overflow
        return np.asarray(np.mean(x, axis=dim, keepdims=keepdim, dtype=np.float32)).astype(x.dtype)
    s = sums.add(x, dim, keepdim)
    n = x.size if dim is None else count(x.shape, dim)
    return s / n


def over(g: Any, n: int) -> Any:
    """``g / n``; of float16 in float32, which holds larger numbers of elements."""
    if n > 2048 and g.dtype == np.float16:
        return (single(g) / n).astype(np.float16)
    return g / n


mean_p = primitive(
    _mean,
    "x | dim keepdim",
    lambda g, shape, dim, keepdim: broadcast_gradient(
        over(g, count(shape, dim)), shape, dim, keepdim
    ),
    name="mean",
    label=of_all_or_some,
    traits=("linear",),
)


@numpy_names
@castable
def mean(
    input: Tensor,
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The mean over ``dim`` (all by default).

    Raises:
        RuntimeError: ``input`` holds integers or bools and no ``dtype`` is given.

    Example:
        >>> import minitorch
        >>> minitorch.mean(minitorch.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)
        tensor([1.5000, 3.5000])
    """
    if dtype is not None:
        input = to(input, inexact("mean", dtype))
    return mean_p(input, dim if dim is None else dims(dim, input.ndim), keepdim)


count_numbers_p = primitive(
    lambda x, dim, keepdim: sums.add_reduce(x == x, dim, keepdim, single(x).dtype).astype(x.dtype),
    "x | dim keepdim",
    None,
    name="count_numbers",
)


def inexact(name: str, dtype: Any) -> Any:
    """``dtype``, which must be floating or complex."""
    if as_dtype(dtype).category < 2:
        raise RuntimeError(
            f"{name}(): could not infer output dtype. Optional dtype must be either a floating "
            f"point or complex dtype. Got: {dtype}"
        )
    return dtype


@numpy_names
@castable
def nanmean(
    input: Tensor,
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The mean over ``dim`` of what is not NaN."""
    if not (input.dtype.is_floating_point or input.dtype.is_complex):
        raise RuntimeError(
            "nanmean(): expected input to have floating point or complex dtype but got "
            f"{input.dtype.type_name}"
        )
    if dtype is not None:
        input = to(input, inexact("nanmean", dtype))
    axes = dims(dim, input.ndim)
    if input.dtype in (bfloat16, float16):  # which hold few counts
        return to(nanmean(to(input, float32), dim, keepdim), input.dtype)
    return nansum_p(input, axes, keepdim) / count_numbers_p(input, axes, keepdim)


# --- products --------------------------------------------------------------------------------


def _prod(x: Any, dim: int | None, keepdim: bool) -> Any:
    dtype = np.int64 if x.dtype.kind in "biu" else None
    if dim is not None and not x.ndim:
        return x[()] if dtype is None else dtype(x)
    return sums.mul_reduce(x, axis=dim, dtype=dtype, keepdims=keepdim)


def _others(x: Any) -> Any:
    """The product of all others for each element, along the last dimension."""
    n = x.shape[-1]
    if not is_tensor(x):  # products from the left times products from the right
        dtype, x = x.dtype, single(x)
        ones = np.ones((*x.shape[:-1], 1), x.dtype)
        left = np.multiply.accumulate(np.concatenate([ones, x[..., :-1]], -1), -1)
        right = np.multiply.accumulate(np.concatenate([ones, x[..., :0:-1]], -1), -1)
        return (left * right[..., ::-1]).astype(dtype)
    return prod_p(one_left_out(x), len(x.shape), False) if n else x


def one_left_out(x: Any) -> Any:
    """``x`` repeated along a new second to last dimension, in row k with a 1 in place k."""
    eye = np.eye(x.shape[-1], dtype=bool)
    return kept_p(view_p(x, (*x.shape[:-1], 1, x.shape[-1])), ~eye) + eye.astype(np.float16)


def _prod_rule(g: Any, x: Any, out: Any, dim: int | None, keepdim: bool) -> Any:
    if not x.ndim:
        return g
    axes = None if dim is None else (dim,)
    if not has_zeros(x):
        return broadcast_gradient(g * out, x.shape, axes, keepdim) / x
    if dim is None:
        others = view_p(_others(view_p(x, (math.prod(x.shape),))), tuple(x.shape))
    else:
        others = x.swapaxes(dim, -1)
        others = _others(others).swapaxes(dim, -1)
    return broadcast_gradient(g, x.shape, axes, keepdim) * others


prod_p = primitive(_prod, "x | dim keepdim", _prod_rule, name="prod", label=of_all_or_some)


@numpy_names
@computing
def prod(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The product over ``dim`` (all by default); integers and bools give int64, or ``dtype``."""
    if dtype is not None:
        return to(prod(to(input, dtype), dim, keepdim), dtype)
    return prod_p(input, None if dim is None else one_dim(dim, input.ndim), keepdim)


# --- truth and counts ------------------------------------------------------------------------


def _all(x: Any, dim: Any, keepdim: bool) -> Any:
    out = sums.and_reduce(x, axis=dim, keepdims=keepdim)
    return out.astype(np.uint8) if x.dtype == np.uint8 else out


def _any(x: Any, dim: Any, keepdim: bool) -> Any:
    out = sums.or_reduce(x, axis=dim, keepdims=keepdim)
    return out.astype(np.uint8) if x.dtype == np.uint8 else out


def _count_nonzero(x: Any, dim: Any) -> Any:
    return sums.add_reduce(x != 0, axis=dim, dtype=np.int64)


all_p = primitive(_all, "x | dim keepdim", None, name="all")
any_p = primitive(_any, "x | dim keepdim", None, name="any")
count_nonzero_p = primitive(_count_nonzero, "x | dim", None, name="count_nonzero")


@numpy_names
def all(
    input: Tensor,
    dim: Sequence[int] | int | None = None,
    keepdim: bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Whether every element along ``dim`` (all by default) is true."""
    return all_p(input, dims(dim, input.ndim), keepdim)


@numpy_names
def any(
    input: Tensor,
    dim: Sequence[int] | int | None = None,
    keepdim: bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Whether some element along ``dim`` (all by default) is true."""
    return any_p(input, dims(dim, input.ndim), keepdim)


@numpy_names
def count_nonzero(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """The number of elements along ``dim`` (all by default) that are not zero."""
    return count_nonzero_p(input, dims(dim, input.ndim))
