"""Reductions and normalizations that leave out the elements where a mask is False.

A mask is broadcast to the input. What is left out stands for the value that does not matter to the
operation: 0 in a sum, 1 in a product, -inf in a maximum.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import bool as bool_
from .._types.dtype import float32
from ..ops import extrema, order_statistics, reduction, scan, unary
from ..ops import softmax as softmaxes
from ..ops.arguments import numpy_names, some_dims
from ..ops.arguments import take_tensors as _take_tensors
from ..ops.arithmetic import true_divide
from ..ops.broadcasting import expand_p
from ..ops.choice import where
from ..ops.conversion import to
from ..ops.special import logaddexp as _logaddexp
from ..ops.vector_norm import vector_norm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .. import return_types
    from .._tensor import Tensor
    from .._types.dtype import dtype

__all__ = [
    "amax",
    "amin",
    "argmax",
    "argmin",
    "cumprod",
    "cumsum",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "mean",
    "median",
    "norm",
    "normalize",
    "prod",
    "softmax",
    "softmin",
    "std",
    "sum",
    "var",
]


def _mask(input: Any, mask: Any) -> Any:
    """The mask as bool, in the input's shape."""
    if mask.ndim > input.ndim:
        raise IndexError(
            "expected a mask that broadcasts to the input, but it has more dimensions: mask "
            f"{list(mask.shape)}, input {list(input.shape)}"
        )
    mask = to(mask, bool_).clone()  # writes into the given one later change no gradient
    return mask if mask.shape == input.shape else expand_p(mask, tuple(input.shape))


def _keep(input: Any, mask: Any, neutral: float) -> Any:
    """``input`` where the mask is set and ``neutral``, which fits any dtype, elsewhere."""
    if mask is None:
        return input
    if input.dtype.category < 2 and math.isinf(neutral):
        limits = np.iinfo(input.dtype.numpy)
        neutral = int(limits.max if neutral > 0 else limits.min)
    return where(_mask(input, mask), input, neutral)


def _dims(dim: Any, input: Any) -> tuple[int, ...]:
    return some_dims(dim, input.ndim)


@numpy_names
def sum(
    input: Tensor,
    dim: int | Sequence[int] | None = None,
    *,
    keepdim: bool = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The sum of the elements where ``mask`` is True.

    Example:
        >>> import minitorch
        >>> x = minitorch.tensor([1.0, 2.0, 4.0])
        >>> minitorch.masked.sum(x, mask=minitorch.tensor([True, False, True]))
        tensor(5.)
    """
    return reduction.sum(_keep(input, mask, 0), _dims(dim, input), keepdim, dtype=dtype)


@numpy_names
def prod(
    input: Tensor,
    dim: int | None = None,
    *,
    keepdim: bool = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The product of the elements where ``mask`` is True."""
    result = _keep(input, mask, 1)
    if not input.ndim and dim is not None:
        result = reduction.prod(result, dtype=dtype)
    for d in sorted(_dims(dim, input), reverse=True):
        result = reduction.prod(result, d, keepdim, dtype=dtype)
    return result if dtype is None else to(result, dtype)


@numpy_names
def cumsum(
    input: Tensor, dim: int, *, dtype: dtype | None = None, mask: Tensor | None = None
) -> Tensor:
    """The running sum, to which the elements where ``mask`` is False add nothing."""
    return to(scan.cumsum(_keep(input, mask, 0), dim), dtype or input.dtype)


@numpy_names
def cumprod(
    input: Tensor, dim: int, *, dtype: dtype | None = None, mask: Tensor | None = None
) -> Tensor:
    """The running product, which the elements where ``mask`` is False do not change."""
    return to(scan.cumprod(_keep(input, mask, 1), dim), dtype or input.dtype)


@numpy_names
def amax(
    input: Tensor,
    dim: int | Sequence[int] | None = None,
    *,
    keepdim: bool = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The largest element where ``mask`` is True, -inf where there is none."""
    result = extrema.amax(_keep(input, mask, -math.inf), _dims(dim, input), keepdim)
    return to(result, dtype or input.dtype)


@numpy_names
def amin(
    input: Tensor,
    dim: int | Sequence[int] | None = None,
    *,
    keepdim: bool = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The smallest element where ``mask`` is True, inf where there is none."""
    result = extrema.amin(_keep(input, mask, math.inf), _dims(dim, input), keepdim)
    return to(result, dtype or input.dtype)


@numpy_names
def argmax(
    input: Tensor,
    dim: int | None = None,
    *,
    keepdim: bool = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The index of the largest element where ``mask`` is True, in the input's dtype."""
    result = extrema.argmax(_keep(input, mask, -math.inf), dim, keepdim)
    return to(result, dtype or input.dtype)


@numpy_names
def argmin(
    input: Tensor,
    dim: int | None = None,
    *,
    keepdim: bool = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The index of the smallest element where ``mask`` is True, in the input's dtype."""
    result = extrema.argmin(_keep(input, mask, math.inf), dim, keepdim)
    return to(result, dtype or input.dtype)


def _count(input: Any, dim: Any, keepdim: bool, mask: Any) -> Any:
    """How many elements count along ``dim``: a number, or a tensor where there is a mask."""
    if mask is None:
        return math.prod(input.shape[d] for d in _dims(dim, input))
    return reduction.sum(_mask(input, mask), _dims(dim, input), keepdim)


@numpy_names
def mean(
    input: Tensor,
    dim: int | Sequence[int] | None = None,
    *,
    keepdim: bool = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The mean of the elements where ``mask`` is True, nan where there is none.

    Raises:
        ValueError: neither the input nor ``dtype`` is floating-point.
    """
    kind = dtype or input.dtype
    if kind.category < 2:
        raise ValueError(
            "mean(): Could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {kind}"
        )
    total = sum(input, dim, keepdim=keepdim, dtype=kind, mask=mask)
    return true_divide(total, _count(input, dim, keepdim, mask))


@numpy_names
def median(
    input: Tensor,
    dim: int = -1,
    *,
    keepdim: bool = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor | return_types.median:
    """The median of the elements where ``mask`` is True; for none nan, of integers an error."""
    floats = input.dtype.is_floating_point
    kind = dtype or input.dtype
    x = input if floats else to(input, float32)
    result = order_statistics.nanmedian(_keep(x, mask, math.nan), dim, keepdim).values
    if floats:
        return result
    if bool(result.isnan().any()):
        raise ValueError(
            "masked median expects no fully masked out rows if dtype is not floating point"
        )
    return to(result, kind)


@numpy_names
def logsumexp(
    input: Tensor,
    dim: int | Sequence[int] | None = None,
    *,
    keepdim: bool = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The logarithm of the sum of the exponentials where ``mask`` is True."""
    result = softmaxes.logsumexp(_keep(input, mask, -math.inf), _dims(dim, input), keepdim)
    return to(result, dtype or input.dtype)


def logaddexp(
    input: Tensor,
    other: Tensor,
    *,
    dtype: dtype | None = None,
    input_mask: Tensor | None = None,
    other_mask: Tensor | None = None,
) -> Tensor:
    """``log(exp(input) + exp(other))``, without the terms whose mask is False."""
    result = _logaddexp(_keep(input, input_mask, -math.inf), _keep(other, other_mask, -math.inf))
    return to(result, dtype or input.dtype)


@numpy_names
def norm(
    input: Tensor, ord: float = 2.0, dim: int | Sequence[int] | None = None, *,
    keepdim: bool = False, dtype: dtype | None = None, mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The vector norm of the elements where ``mask`` is True."""
    x = _keep(input, mask, math.inf if ord == -math.inf else 0)
    return vector_norm(x, ord, _dims(dim, input), keepdim, dtype=dtype)


@numpy_names
def var(
    input: Tensor, dim: int | Sequence[int] | None = None, unbiased: bool | None = None, *,
    correction: float | None = None, keepdim: bool = False, dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The variance of the elements where ``mask`` is True; the divisor is their count less
    ``correction`` (1 by default).
    """
    if unbiased is not None and correction is not None:
        raise AssertionError("Only one of unbiased and correction may be given")
    if correction is None:
        correction = 0.0 if unbiased is False else 1.0
    kind = dtype or (input.dtype if input.dtype.category > 1 else float32)
    x = to(input, kind)
    difference = x - mean(x, dim, keepdim=True, mask=mask)
    total = sum(difference * difference.conj(), dim, keepdim=keepdim, mask=mask)
    count = _count(input, dim, keepdim, mask)
    if mask is None:
        freedom: float = max(count - correction, 0)
        return total / freedom
    return total / (to(count, kind.to_real()) - correction).clamp(min=0)


@numpy_names
def std(
    input: Tensor, dim: int | Sequence[int] | None = None, unbiased: bool | None = None, *,
    correction: float | None = None, keepdim: bool = False, dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The root of ``var``."""
    return unary.sqrt(
        var(input, dim, unbiased, correction=correction, keepdim=keepdim, dtype=dtype, mask=mask)
    )


@numpy_names
def softmax(
    input: Tensor, dim: int, *, dtype: dtype | None = None, mask: Tensor | None = None
) -> Tensor:
    """The softmax over the elements where ``mask`` is True; 0 at the others."""
    return softmaxes.softmax(_keep(input, mask, -math.inf), dim, dtype=dtype or input.dtype)


@numpy_names
def log_softmax(
    input: Tensor, dim: int, *, dtype: dtype | None = None, mask: Tensor | None = None
) -> Tensor:
    """The logarithm of ``softmax``; -inf where ``mask`` is False."""
    return softmaxes.log_softmax(_keep(input, mask, -math.inf), dim, dtype=dtype or input.dtype)


@numpy_names
def softmin(
    input: Tensor, dim: int, *, dtype: dtype | None = None, mask: Tensor | None = None
) -> Tensor:
    """The softmax of ``-input`` over the elements where ``mask`` is True; 0 at the others."""
    return softmaxes.softmax(-_keep(input, mask, math.inf), dim, dtype=dtype or input.dtype)


@numpy_names
def normalize(
    input: Tensor,
    ord: float,
    dim: int,
    *,
    eps: float = 1e-12,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The elements where ``mask`` is True over their norm (at least ``eps``); 0 elsewhere."""
    length = norm(input, ord, dim, keepdim=True, dtype=dtype, mask=mask)
    return true_divide(_keep(input, mask, 0), length.clamp(min=eps))


_take_tensors(globals())
