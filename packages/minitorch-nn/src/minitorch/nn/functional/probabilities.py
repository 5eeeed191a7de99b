"""Losses of probabilities and of their logits."""

from __future__ import annotations

import warnings
from typing import Any

import minitorch
import numpy as np
from minitorch import Tensor, log, sigmoid, where
from minitorch.extend import primitive

from ..kernels.dtypes import check_float, of_floats
from .exponential import logsigmoid_p
from .reduction import chosen, in_dtype_of, reduced

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "kl_div",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
]


def _binary_cross_entropy(x: Any, t: Any) -> Any:
    check_float(x, "binary_cross_entropy")
    if not ((x >= 0) & (x <= 1)).all():  # NaN neither
        raise RuntimeError(
            "all elements of input should be between 0 and 1: it takes probabilities; for scores "
            "there is binary_cross_entropy_with_logits"
        )
    if not ((t >= 0) & (t <= 1)).all():
        raise RuntimeError("all elements of target should be between 0 and 1")
    with np.errstate(all="ignore"):
        return (t - 1) * np.maximum(np.log1p(-x), -100) - t * np.maximum(np.log(x), -100)


binary_cross_entropy_p = primitive(  # the logarithms are held at -100, as PyTorch does
    _binary_cross_entropy,
    "x t",
    lambda g, x, t: g * (x - t) / where((1 - x) * x < 1e-12, 1e-12, (1 - x) * x),
    lambda g, x: g * (log(1 - x) - log(x)),
    name="binary_cross_entropy",
    traits=("elementwise",),
)


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-t log(p) - (1 - t) log(1 - p) for probabilities p = ``input`` in [0, 1]."""
    reduction = chosen(reduction, size_average, reduce)
    if input.shape != target.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}) is deprecated. Please ensure they have the same size."
        )
    if input.dtype != target.dtype:
        raise RuntimeError(
            f"Found dtype {target.dtype.type_name} but expected {input.dtype.type_name}"
        )
    loss = binary_cross_entropy_p(input, target)
    if weight is not None:
        loss = in_dtype_of(input, loss * weight)
    return reduced(loss, reduction)


binary_cross_entropy_with_logits_p = primitive(
    of_floats(
        lambda x, t: (1 - t) * x - np.minimum(x, 0) + np.log1p(np.exp(-abs(x))),
        "binary_cross_entropy_with_logits",
    ),
    "x t",
    lambda g, x, t: g * (sigmoid(x) - t),
    lambda g, x: -g * x,
    name="binary_cross_entropy_with_logits",
    traits=("elementwise",),
)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """``binary_cross_entropy`` of sigmoid(input), in one numerically safe step.

    Args:
        input: scores.
        target: probabilities, of the same shape.
        weight: a factor for each element, broadcast.
        size_average: replaced by ``reduction``.
        reduce: replaced by ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        pos_weight: a factor for the positive part, broadcast.
    """
    reduction = chosen(reduction, size_average, reduce)
    if input.shape != target.shape:
        raise ValueError(
            f"Target size ({target.shape}) must be the same as input size ({input.shape})"
        )
    check_float(input, "binary_cross_entropy_with_logits")
    if pos_weight is None and input.dtype is target.dtype:
        loss = binary_cross_entropy_with_logits_p(input, target)
    else:  # in the target's dtype, as PyTorch's
        factor = 1 if pos_weight is None else (pos_weight - 1) * target + 1
        loss = in_dtype_of(target, (1 - target) * input - factor * logsigmoid_p(input))
    if weight is not None:
        loss = in_dtype_of(loss, loss * weight)
    return reduced(loss, reduction)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """Target (log(target) - input), where ``input`` holds log-probabilities.

    ``reduction="batchmean"`` divides the sum by the batch size: the Kullback-Leibler divergence.
    """
    batchmean = reduction == "batchmean"
    reduction = chosen("sum" if batchmean else reduction, size_average, reduce)
    if reduction == "mean" and not batchmean:
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. "
            "'batchmean' divides only by the batch size, as the mathematical definition does.",
            stacklevel=2,
        )
    for x in (input, target):
        if not x.dtype.is_floating_point:
            kind = "Complex" if x.dtype.is_complex else "Integral"
            raise RuntimeError(f"kl_div: {kind} inputs not supported: got {x.dtype}")
    if log_target:
        loss = target.exp() * (target - input)
    else:
        loss = minitorch.xlogy(target, target) - target * input
    loss = reduced(loss, reduction)
    return loss / input.shape[0] if batchmean and input.ndim else loss


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the classes of the logistic loss for each."""
    reduction = chosen(reduction, size_average, reduce)
    loss = -(target * logsigmoid_p(input) + (1 - target) * logsigmoid_p(-input))
    if weight is not None:
        loss = loss * weight
    return reduced(loss.mean(-1), reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + exp(-target input)), with targets 1 and -1."""
    reduction = chosen(reduction, size_average, reduce)
    margins = in_dtype_of(input, target * input)
    if margins.shape != input.shape:
        raise RuntimeError(
            f"soft_margin_loss: the target of shape {list(target.shape)} doesn't broadcast to the "
            f"input's shape {list(input.shape)}"
        )
    return reduced(-logsigmoid_p(margins), reduction)
