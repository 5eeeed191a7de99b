"""Variances, standard deviations, covariances, correlations."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import float32
from ..autograd.out import castable
from ..autograd.primitive import primitive
from ..kernels import sums
from .arguments import numpy_names
from .complex import complex as complex_of
from .conversion import to
from .reduction import broadcast_gradient, count, dims, is_tensor, kept_p, mean_p, ne_zero_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor import Tensor

__all__ = ["corrcoef", "cov", "std", "std_mean", "var", "var_mean"]


def _var(x: Any, dim: Any, correction: float, keepdim: bool) -> Any:
    if x.dtype.kind not in "fVc":
        raise RuntimeError(
            f"std and var only support floating point and complex dtypes, not {x.dtype}"
        )
    wide = x.astype(np.float32) if x.dtype.itemsize == 2 else x
    n = count(x.shape, dim)
    d = wide - sums.add_reduce(wide, axis=dim, keepdims=True) / n if n else wide
    squares = np.multiply(d, d) if d.dtype.kind in "fV" else d.real**2 + d.imag**2
    s = sums.add_reduce(squares, axis=dim, keepdims=keepdim)
    s = s / np.maximum(n - correction, 0).astype(s.dtype)
    return s if s.dtype == x.dtype or x.dtype.kind == "c" else s.astype(x.dtype)


def _var_rule(g: Any, x: Any, dim: Any, correction: float, keepdim: bool) -> Any:
    slope = (2.0 / freedom) if (freedom := count(x.shape, dim) - correction) else math.inf
    axes = tuple(range(x.ndim)) if dim is None else dim
    return broadcast_gradient(g * slope, x.shape, dim, keepdim) * (x - mean_p(x, axes, True)).conj()


def _std(x: Any, dim: Any, correction: float, keepdim: bool) -> Any:
    return np.sqrt(_var(x, dim, correction, keepdim))


def _std_rule(g: Any, x: Any, out: Any, dim: Any, correction: float, keepdim: bool) -> Any:
    # no slope where nothing varies
    return _var_rule(kept_p(g / (2 * out), ne_zero_p(out)), x, dim, correction, keepdim)


var_p = primitive(_var, "x | dim correction keepdim", _var_rule, name="var")
std_p = primitive(_std, "x | dim correction keepdim", _std_rule, name="std")


def _arguments(
    name: str, input: Any, dim: Any, unbiased: bool | None, correction: float | None
) -> tuple[Any, float]:
    """The dimensions and the correction; ``dim`` may be ``unbiased``, as in ``x.var(False)``."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise TypeError("pass either unbiased or correction, not both")
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    axes = dims(None if dim == () or dim == [] else dim, input.ndim)
    if (count(input._data.shape, axes) if input._data.size else 0) <= correction:
        _no_freedom(f"{name}(): degrees of freedom is <= 0", "the reduction factor", 5)
    return axes, correction


def _no_freedom(what: str, limit: str, stacklevel: int) -> None:
    warnings.warn(
        f"{what}. Correction should be strictly less than {limit}, the number of elements that go "
        "into one result.",
        stacklevel=stacklevel,
    )


@numpy_names
@castable
def var(
    input: Tensor,
    dim: int | Sequence[int] | None = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The variance over ``dim`` (all by default).

    Args:
        correction: subtracted from the number of elements by which the squares are divided; 1
            by default.
        unbiased: the older name: True for 1, False for 0.

    Example:
        >>> import minitorch
        >>> minitorch.var(minitorch.tensor([1.0, 2.0, 3.0]))
        tensor(1.)
    """
    axes, correction = _arguments("var", input, dim, unbiased, correction)
    return var_p(input, axes, correction, keepdim)


@numpy_names
@castable
def std(
    input: Tensor,
    dim: int | Sequence[int] | None = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The standard deviation over ``dim`` (all by default): the root of ``var``.

    Where nothing varies its gradient is taken as zero.
    """
    axes, correction = _arguments("std", input, dim, unbiased, correction)
    return std_p(input, axes, correction, keepdim)


@numpy_names
def var_mean(
    input: Tensor,
    dim: int | Sequence[int] | None = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Any, Any]:
    """``(var, mean)`` over ``dim``."""
    axes, correction = _arguments("var_mean", input, dim, unbiased, correction)
    return var_p(input, axes, correction, keepdim), mean_p(input, axes, keepdim)


@numpy_names
def std_mean(
    input: Tensor,
    dim: int | Sequence[int] | None = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Any, Any]:
    """``(std, mean)`` over ``dim``."""
    axes, correction = _arguments("std_mean", input, dim, unbiased, correction)
    return std_p(input, axes, correction, keepdim), mean_p(input, axes, keepdim)


# --- several variables -----------------------------------------------------------------------


def _weights(name: str, weights: Any, n: int, integral: bool) -> Any:
    kind = "integral" if integral else "floating point"
    if weights.ndim > 1:
        raise RuntimeError(f"cov(): expected {name} to have one or fewer dimensions")
    if (weights.dtype.is_floating_point or weights.dtype.is_complex) is integral:
        raise RuntimeError(f"cov(): expected {name} to have {kind} dtype but got {weights.dtype}")
    if weights.numel() != n:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the "
            f"input: {weights.numel()} != {n}"
        )
    if n and bool((weights < 0).any()):
        raise RuntimeError(f"cov(): {name} cannot be negative")
    return weights.reshape(n)


def cov(
    input: Tensor,
    *,
    correction: int = 1,
    fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:
    """The covariances of the variables in the rows of ``input``, observations in its columns.

    Args:
        correction: as in ``var``.
        fweights: how often each observation was made, integers.
        aweights: how much each observation weighs, floats.
    """
    if input.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with "
            f"{input.ndim} dimensions"
        )
    if not input.dtype.category:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = input if input.ndim == 2 else input.reshape(1, input.numel())
    if not (x.dtype.is_floating_point or x.dtype.is_complex):
        x = to(x, float32)
    n = x.shape[1]
    w = None
    if fweights is not None:
        w = _weights("fweights", fweights, n, True)
    if aweights is not None:
        a = _weights("aweights", aweights, n, False)
        w = a if w is None else w * a
    total = n if w is None else w.sum()
    mean = x.mean(1, True) if w is None else (x * w).sum(1, True) / total
    if w is not None and aweights is not None and correction:
        freedom = total - correction * (w * aweights.reshape(n)).sum() / total
    else:
        freedom = total - correction
    if freedom <= 0:
        _no_freedom("cov(): degrees of freedom is <= 0", "the number of observations", 3)
    freedom = freedom.clamp(min=0) if is_tensor(freedom) else max(freedom, 0)
    d: Tensor = x - mean
    other = d if w is None else d * w
    made: Tensor = d @ (other.conj() if d.dtype.is_complex else other).T / freedom
    return made.squeeze()


def corrcoef(input: Tensor) -> Tensor:
    """Pearson's correlation coefficients of the variables in the rows of ``input``."""
    if input.ndim > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{input.ndim} dimensions"
        )
    c = cov(input)
    if not c.ndim:
        return c / c
    d = c.diagonal().real.sqrt()
    made: Tensor = c / d.unsqueeze(1) / d.unsqueeze(0)
    if made.dtype.is_complex:
        return complex_of(made.real.clip(-1, 1), made.imag.clip(-1, 1))
    return made.clip(-1, 1)
