"""Scans: cumulative sums, products, extrema and log-sum-exps along a dimension."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import return_types
from .._types.dtype import as_dtype
from ..autograd.out import computing
from ..autograd.primitive import primitive
from ..kernels.half import single
from ..kernels.memory import packed
from ..kernels.softmax import log_add_exp
from .arguments import numpy_names, one_dim
from .conversion import not_implemented, to
from .extrema import place_p
from .reduction import has_zeros, is_tensor, kept_p, one_left_out

if TYPE_CHECKING:
    from .._tensor import Tensor
    from .._types.dtype import dtype
    from ..autograd.primitive import Operation

__all__ = ["cummax", "cummin", "cumprod", "cumsum", "logcumsumexp"]


ROW = 256  # elements side by side from which adding rows beats NumPy's scan, element by element


def _accumulate(ufunc: np.ufunc, x: Any, dim: int, dtype: Any = None) -> Any:
    if dtype is None:
        dtype = np.dtype(np.int64) if x.dtype.kind in "biu" else x.dtype
    if not x.ndim:
        return dtype.type(x)
    if dtype == np.float16:
        return _accumulate(ufunc, x, dim, np.dtype(np.float32)).astype(dtype)
    inner = math.prod(x.shape[dim + 1 :])
    if inner < ROW or not x.size:
        return packed(ufunc.accumulate(x, axis=dim, dtype=dtype))
    out = np.empty(x.shape, dtype)
    steps, made = np.moveaxis(x, dim, 0), np.moveaxis(out, dim, 0)
    made[0] = steps[0]
    for k in range(1, len(steps)):
        ufunc(made[k - 1], steps[k], out=made[k])
    return out


# --- sums ------------------------------------------------------------------------------------


def _cumsum(x: Any, dim: int, reverse: bool) -> Any:
    if not reverse or not x.ndim:
        return _accumulate(np.add, x, dim)
    return packed(np.flip(_accumulate(np.add, np.flip(x, dim), dim), dim))


cumsum_p: Operation = primitive(
    _cumsum,
    "x | dim reverse",
    lambda g, dim, reverse: cumsum_p(g, dim, not reverse),
    name="cumsum",
    traits=("linear",),
)


def numeric(name: str, dtype: Any) -> Any:
    """``dtype``, which must not be bool."""
    if as_dtype(dtype).category == 0:
        raise not_implemented(f"{name}_out_cpu", dtype)
    return dtype


@numpy_names
@computing
def cumsum(
    input: Tensor, dim: int, *, dtype: dtype | None = None, out: Tensor | None = None
) -> Tensor:
    """``y[k] = x[0] + ... + x[k]`` along ``dim``; integers and bools give int64, or ``dtype``.

    Example:
        >>> import minitorch
        >>> minitorch.cumsum(minitorch.tensor([1, 2, 3]), dim=0)
        tensor([1, 3, 6])
    """
    if dtype is not None:
        return to(cumsum(to(input, numeric("cumsum", dtype)), dim), dtype)
    return cumsum_p(input, one_dim(dim, input.ndim), False)


# --- products --------------------------------------------------------------------------------


def _cumprod_past_zero(g: Any, x: Any, dim: int) -> Any:
    """The gradient where a factor is zero, in three passes.

    Before the first zero it is sum_(i >= k) g[i] out[i] / x[k], as ever; at the first zero
    sum g[i] out'[i] with out' the products without that zero; after it all products are zero.
    """
    g, x = single(g), single(x)
    zero = x == 0
    seen = np.add.accumulate(zero, axis=dim, dtype=np.int64)
    first = zero & (seen == 1)
    filled = np.where(first, x.dtype.type(1), x)
    sums = _cumsum(g * np.multiply.accumulate(filled, axis=dim), dim, True)
    before = _cumsum(np.where(seen == 0, g * np.multiply.accumulate(x, axis=dim), 0), dim, True)
    return np.where(seen == 0, before / np.where(zero, 1, x), np.where(first, sums, 0))


def _cumprod_rule(g: Any, x: Any, out: Any, dim: int) -> Any:
    if not x.ndim:
        return g
    if not has_zeros(x):
        return cumsum_p(g * out, dim, True) / x
    if not is_tensor(x):
        return _cumprod_past_zero(g, x, dim).astype(x.dtype)
    # all orders: row k holds the products without x[k]
    products = cumprod_p(one_left_out(x.swapaxes(dim, -1)), x.ndim)
    later = np.triu(np.ones((x.shape[dim],) * 2, np.bool_))
    terms = kept_p(products * g.swapaxes(dim, -1).unsqueeze(-2), later)
    return terms.sum(-1).swapaxes(dim, -1)


cumprod_p = primitive(
    lambda x, dim: _accumulate(np.multiply, x, dim), "x | dim", _cumprod_rule, name="cumprod"
)


@numpy_names
@computing
def cumprod(
    input: Tensor, dim: int, *, dtype: dtype | None = None, out: Tensor | None = None
) -> Tensor:
    """``y[k] = x[0] * ... * x[k]`` along ``dim``; integers and bools give int64, or ``dtype``."""
    if dtype is not None:
        return to(cumprod(to(input, numeric("cumprod", dtype)), dim), dtype)
    return cumprod_p(input, one_dim(dim, input.ndim))


# --- extrema ---------------------------------------------------------------------------------


def _running_extremum(ufunc: np.ufunc, name: str) -> Callable[..., Any]:
    def kernel(x: Any, dim: int) -> Any:
        if not x.ndim:
            return x[()], np.int64(0)
        values = _accumulate(ufunc, x, dim, x.dtype)
        reached = (x == values) | (x != x)  # the latest of equals, as in PyTorch
        places = np.arange(x.shape[dim], dtype=np.int64).reshape(-1, *(1,) * (x.ndim - 1 - dim))
        return values, packed(np.maximum.accumulate(np.where(reached, places, 0), axis=dim))

    return primitive(
        kernel,
        "x | dim -> values indices",
        lambda g, indices, dim, shape: place_p(g, indices, dim, True, True, shape),
        name=name,
    )


cummax_p = _running_extremum(np.maximum, "cummax")
cummin_p = _running_extremum(np.minimum, "cummin")


@numpy_names
def cummax(
    input: Tensor, dim: int, *, out: tuple[Tensor, Tensor] | None = None
) -> return_types.cummax:
    """The largest so far along ``dim`` and its place, the latest of equals.

    Returns:
        A named tuple ``(values, indices)``.
    """
    return return_types.cummax(*cummax_p(input, one_dim(dim, input.ndim)))


@numpy_names
def cummin(
    input: Tensor, dim: int, *, out: tuple[Tensor, Tensor] | None = None
) -> return_types.cummin:
    """The smallest so far along ``dim`` and its place, the latest of equals.

    Returns:
        A named tuple ``(values, indices)``.
    """
    return return_types.cummin(*cummin_p(input, one_dim(dim, input.ndim)))


# --- log of sums of exponentials -------------------------------------------------------------


ne_p = primitive(lambda x: x != -np.inf, "x", None, name="ne")


def _logcumsumexp(x: Any, dim: int) -> Any:
    if x.dtype.kind not in "fVc":
        raise NotImplementedError(
            f'"logcumsumexp" not implemented for {x.dtype}: convert it first, as with .float()'
        )
    if not x.ndim:
        return x[()]
    if x.dtype.kind == "c":
        x = np.where(x.real == -np.inf, x.dtype.type(-np.inf), x)  # of 0 there is no phase
        rows = itertools.accumulate(np.moveaxis(x, dim, 0), log_add_exp)
        return np.stack(list(rows), dim) if x.size else x.copy()
    return np.logaddexp.accumulate(x.astype(np.float64, "C"), axis=dim).astype(x.dtype)


def _logcumsumexp_rule(g: Any, x: Any, out: Any, dim: int) -> Any:
    """``exp(x[k]) * sum_(i >= k) g[i] exp(-out[i])``, without overflow: in logarithms."""
    if not x.ndim:
        return g
    if is_tensor(x):
        n = x.shape[dim]
        x, out, g = (t.swapaxes(dim, -1) for t in (x, out, g))
        weights = kept_p(
            (x.unsqueeze(-1) - out.unsqueeze(-2)).exp(), np.triu(np.ones((n, n), np.bool_))
        )
        weights = kept_p(weights, ne_p(x).unsqueeze(-1))
        return (weights * g.unsqueeze(-2)).sum(-1).swapaxes(dim, -1)

    if x.dtype.kind == "c":
        out = _logcumsumexp(
            x.astype(np.complex128), dim
        )  # exp takes its absolute error for its own
        x, out, g = (np.moveaxis(t, dim, -1) for t in (x, out, g))
        weights = np.triu(np.exp(x[..., None] - out[..., None, :]))
        return np.moveaxis((weights * g[..., None, :]).sum(-1), -1, dim).astype(g.dtype)

    def weighted(log_g: Any) -> Any:
        return np.exp(np.flip(_logcumsumexp(np.flip(log_g - out, dim), dim), dim) + x)

    made = weighted(np.log(np.maximum(g, 0))) - weighted(np.log(np.maximum(-g, 0)))
    return np.where(x == -np.inf, x.dtype.type(0), made)


logcumsumexp_p = primitive(_logcumsumexp, "x | dim", _logcumsumexp_rule, name="logcumsumexp")


@numpy_names
def logcumsumexp(input: Tensor, dim: int, *, out: Tensor | None = None) -> Tensor:
    """``y[k] = log(exp(x[0]) + ... + exp(x[k]))`` along ``dim``, without overflow."""
    return logcumsumexp_p(input, one_dim(dim, input.ndim))
