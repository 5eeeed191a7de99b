"""Order statistics: medians, modes, quantiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

from .. import return_types
from ..autograd.primitive import primitive
from ..kernels import order as kernels
from ..kernels.half import single
from .arguments import numpy_names, one_dim
from .arithmetic import lerp
from .creation import literal
from .extrema import empty, pick_p, place_p, tie_weights_p
from .reduction import broadcast_gradient, is_tensor
from .shape import permute_p, view_p
from .sorting import sort_p

if TYPE_CHECKING:
    from .._tensor import Tensor
    from ..autograd.primitive import Operation

__all__ = ["median", "mode", "nanmedian", "nanquantile", "quantile"]

R = TypeVar("R")


def _medians(name: str, skip: bool) -> tuple[Operation, Operation]:
    """The median of all, whose ties share the gradient, and along a dimension, by index."""

    def of_all(x: Any) -> Any:
        if not x.size:
            return np.full((), np.nan).astype(x.dtype)
        return kernels.median(x.reshape(-1), 0, False, skip)[0]

    return (
        primitive(
            of_all,
            "x",
            lambda g, x, out: (
                broadcast_gradient(g, x.shape, None, False)
                * tie_weights_p(x, out, None, False, True)
            ),
            name=name,
        ),
        primitive(
            lambda x, dim, keepdim: kernels.median(x, dim, keepdim, skip),
            "x | dim keepdim -> values indices",
            lambda g, indices, dim, keepdim, shape: place_p(g, indices, dim, keepdim, False, shape),
            name=name,
            label=f"{name.title()}Backward1",
        ),
    )


median_p, median_dim_p = _medians("median", skip=False)
nanmedian_p, nanmedian_dim_p = _medians("nanmedian", skip=True)
mode_p = primitive(
    kernels.mode,
    "x | dim keepdim -> values indices",
    lambda g, indices, dim, keepdim, shape: place_p(g, indices, dim, keepdim, False, shape),
    name="mode",
)


def _along(op: Operation, made: Callable[..., R], input: Tensor, dim: int, keepdim: bool) -> R:
    d = one_dim(dim, input.ndim)
    try:
        return made(*op(input, d, keepdim))
    except ValueError:
        raise empty(op.__name__, input, (d,)) from None


@overload
def median(input: Tensor) -> Tensor: ...
@overload
def median(input: Tensor, dim: int, keepdim: bool = False) -> return_types.median: ...
@numpy_names
def median(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    out: tuple[Tensor, Tensor] | None = None,
) -> Tensor | return_types.median:
    """The median, of an even number of elements the lower one; NaN where there is a NaN.

    Returns:
        A tensor, with ``dim`` a named tuple ``(values, indices)``.

    Example:
        >>> import minitorch
        >>> minitorch.median(minitorch.tensor([4.0, 1.0, 3.0, 2.0]))
        tensor(2.)
    """
    if dim is None:
        return median_p(input)
    return _along(median_dim_p, return_types.median, input, dim, keepdim)


@overload
def nanmedian(input: Tensor) -> Tensor: ...
@overload
def nanmedian(input: Tensor, dim: int, keepdim: bool = False) -> return_types.nanmedian: ...
@numpy_names
def nanmedian(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    out: tuple[Tensor, Tensor] | None = None,
) -> Tensor | return_types.nanmedian:
    """The median of what is not NaN."""
    if dim is None:
        return nanmedian_p(input)
    return _along(nanmedian_dim_p, return_types.nanmedian, input, dim, keepdim)


@numpy_names
def mode(
    input: Tensor, dim: int = -1, keepdim: bool = False, *, out: tuple[Tensor, Tensor] | None = None
) -> return_types.mode:
    """The most frequent value along ``dim``, of several the smallest.

    Returns:
        A named tuple ``(values, indices)``.
    """
    return _along(mode_p, return_types.mode, input, dim, keepdim)


# --- quantiles -------------------------------------------------------------------------------

INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _last_rank(x: Any, skip: bool) -> Any:
    """The rank of the largest number along the last dimension."""
    numbers = np.add.reduce(x == x, axis=-1, keepdims=True, dtype=single(x).dtype)
    return np.maximum(numbers - 1, 0) if skip else np.full_like(numbers, x.shape[-1] - 1)


last_rank_p = primitive(_last_rank, "x | skip", None, name="last_rank")
# where NaNs count, any NaN makes all quantiles the last in order, which is NaN
to_nan_p = primitive(
    lambda x: np.any(x != x, axis=-1, keepdims=True) * (x.shape[-1] - 1), "x", None, name="to_nan"
)
rank_p = primitive(
    lambda ranks, to_nan, way: np.maximum(way(ranks), to_nan).astype(np.int64),
    "ranks to_nan | way",
    None,
    None,
    name="rank",
)


def _quantile(
    name: str, x: Any, q: Any, dim: int | None, keepdim: bool, interpolation: str, skip: bool
) -> Tensor:
    if x.dtype.name not in ("float32", "float64"):
        raise RuntimeError(
            f"{name}() input tensor must be either float or double dtype, not {x.dtype}"
        )
    if interpolation not in INTERPOLATIONS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, "
            f"but got {interpolation}"
        )
    if is_tensor(q):
        if q.ndim > 1:
            raise RuntimeError(f"{name}() q must be a scalar or 1D tensor, not {q.ndim}-D")
        if q.dtype != x.dtype:
            raise RuntimeError(
                f"{name}() q tensor must be same dtype as the input tensor: {x.dtype}"
            )
        if q._interpreter is None and q.is_cpu and not bool(((q >= 0) & (q <= 1)).all()):
            raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
    else:
        if not 0 <= q <= 1:
            raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q}")
        q = literal(np.asarray(q, x.dtype.numpy)).to(x.device)
    ndim = x.ndim
    if dim is None:
        x, d = view_p(x, (x.numel(),)), 0
    else:
        d = one_dim(dim, ndim)
        x = x.movedim(d, -1) if ndim else view_p(x, (1,))
    if not x.numel():
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    ordered = sort_p(x, x.ndim - 1, False)[0]
    ranks = last_rank_p(x, skip) * view_p(q, (q.numel(),))
    nan = literal(np.zeros((), x.dtype.numpy)) if skip else to_nan_p(x)

    def at(way: Any) -> Any:
        return pick_p(ordered, rank_p(ranks, nan, way), ordered.ndim - 1, True, True)

    if interpolation in ("linear", "midpoint"):
        low, high = at(np.floor), at(np.ceil)
        weight = ranks - ranks.detach().floor() if interpolation == "linear" else 0.5
        out = lerp(low, high, weight)
    else:
        out = at({"lower": np.floor, "higher": np.ceil, "nearest": np.rint}[interpolation])
    if dim is None:  # (q,)
        sizes = (q.numel(), *(1,) * ndim) if keepdim else (q.numel(),)
        out = view_p(out, sizes)
    elif not ndim:
        out = view_p(out, (q.numel(),))
    else:  # (..., q) to (q, ...)
        out = _front(out, d, keepdim)
    return out if q.ndim else out.squeeze(0)


def _front(x: Any, dim: int, keepdim: bool) -> Any:
    """The last dimension to the front; with ``keepdim``, one of size 1 at ``dim`` of the others."""
    out = permute_p(x, (x.ndim - 1, *range(x.ndim - 1)))
    return out.unsqueeze(dim + 1) if keepdim else out


@numpy_names
def quantile(
    input: Tensor,
    q: Tensor | float,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
    out: Tensor | None = None,
) -> Tensor:
    """The ``q``-quantiles along ``dim`` (of all by default); NaN where there is a NaN.

    Args:
        q: a number or a tensor of them, of shape () or (Q,), from 0 to 1. (Q,) makes the result's
            first dimension.
        interpolation: ``"linear"``, ``"lower"``, ``"higher"``, ``"midpoint"`` or ``"nearest"``.

    Example:
        >>> import minitorch
        >>> minitorch.quantile(minitorch.tensor([1.0, 2.0, 4.0]), 0.25)
        tensor(1.5000)
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation, False)


@numpy_names
def nanquantile(
    input: Tensor,
    q: Tensor | float,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
    out: Tensor | None = None,
) -> Tensor:
    """The ``q``-quantiles of what is not NaN."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)
