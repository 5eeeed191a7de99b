"""Losses of numbers: squared, absolute, Huber, and of distributions' parameters."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from minitorch import Tensor, clamp, exp, log, no_grad, ones_like, where
from minitorch.extend import fused, in_single, promote

from ..kernels.dtypes import check_float
from .reduction import chosen, in_dtype_of, reduced

__all__ = [
    "gaussian_nll_loss",
    "huber_loss",
    "l1_loss",
    "mse_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
]


def warn_of_sizes(input: Any, target: Any) -> None:
    """Says where the shapes differ: broadcasting is seldom what was meant."""
    if input.shape != target.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            stacklevel=3,
        )


def promoted(input: Any, target: Any, name: str) -> tuple[Any, Any]:
    """The two in one dtype of real numbers."""
    if input.dtype is not target.dtype:
        input, target = promote(input, target)
    check_float(input, name)
    return input, target


def _squares(x: Any, target: Any, mean: bool) -> tuple[Any, Any]:
    d = np.asarray(x - target)
    flat = d.reshape(-1)
    total = np.dot(flat, flat)
    return total / x.dtype.type(flat.size) if mean else total, d


def _squares_backward(g: Any, mean: bool, difference: Any, needs: Any) -> tuple[Any, Any]:
    gx = difference * (g * (2 / max(difference.size, 1) if mean else 2))
    return gx if needs[0] else None, -gx if needs[1] else None


mse_loss_p = fused(
    in_single(_squares, 1),
    "x target | mean",
    in_single(_squares_backward),
    lambda x, target, mean: reduced((x - target) * (x - target), "mean" if mean else "sum"),
    name="mse_loss",
    residuals="difference",
)


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The mean of (input - target)^2, each times ``weight`` where given.

    Warns where the shapes differ: broadcasting is seldom what was meant.

    Example:
        >>> import minitorch
        >>> minitorch.nn.functional.mse_loss(minitorch.tensor([1.0, 3.0]), minitorch.zeros(2))
        tensor(5.)
    """
    reduction = chosen(reduction, size_average, reduce)
    warn_of_sizes(input, target)
    if weight is not None:
        return weighted((input - target) ** 2, weight, reduction)
    input, target = promoted(input, target, "mse_loss")
    if reduction == "none":
        return (input - target) ** 2
    return mse_loss_p(input, target, reduction == "mean")


def check_weight(weight: Any, input: Any) -> None:
    if weight.shape != input.shape:
        raise ValueError("Weights and input must have the same size.")


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The mean of |input - target|."""
    reduction = chosen(reduction, size_average, reduce)
    warn_of_sizes(input, target)
    return weighted(abs(input - target), weight, reduction)


def weighted(loss: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    """The losses reduced; by their weighted mean where there are weights."""
    if weight is None:
        return reduced(loss, reduction)
    check_weight(weight, loss)
    loss = loss * weight
    return loss.sum() / weight.sum() if reduction == "mean" else reduced(loss, reduction)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """d^2 / (2 beta) where d = |input - target| is below ``beta``, d - beta / 2 elsewhere."""
    reduction = chosen(reduction, size_average, reduce)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    warn_of_sizes(input, target)
    if beta == 0:
        return reduced(abs(input - target), reduction)
    input, target = promoted(input, target, "smooth_l1_loss")
    d = input - target
    near = clamp(d, -beta, beta)  # near (d - near / 2): of an infinite d too the slope is finite
    return reduced(near * (d - near * 0.5) * (1 / beta), reduction)


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """d^2 / 2 where d = |input - target| is up to ``delta``, delta (d - delta / 2) elsewhere."""
    reduction = chosen(reduction)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    warn_of_sizes(input, target)
    d, target = promote(input, target)
    d = in_dtype_of(input, d - target)
    check_float(d, "huber_loss")
    near = clamp(d, -delta, delta)
    loss = near * (d - near * 0.5)
    return weighted(loss, weight, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """-log of the normal density of ``target`` with mean ``input`` and variance ``var``.

    Args:
        input: the means.
        target: the samples.
        var: the variances: a number, or a shape as that of ``input`` or without its last dimension.
        full: add the constant log(2 pi) / 2.
        eps: the least variance; below it, it has no gradient effect.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
    """
    if not isinstance(var, Tensor):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = ones_like(input).detach() * var
    elif (var < 0).any():
        raise ValueError("var has negative entry/entries")
    check_float(var, "gaussian_nll_loss: var")
    if var.shape != input.shape:
        if input.shape[:-1] == var.shape:
            var = var.unsqueeze(-1)
        elif not (
            input.ndim == var.ndim
            and sum(a != b for a, b in zip(input.shape, var.shape, strict=True)) == 1
            and 1 in var.shape
        ):
            raise ValueError(
                f"var is of incorrect size: {list(var.shape)} for an input of {list(input.shape)}"
            )
    chosen(reduction)
    with no_grad():
        floor = clamp(eps - var, min=0)
    var = var + floor  # the gradient passes as if nothing had been clamped
    loss = 0.5 * (log(var) + (input - target) ** 2 / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced(loss, reduction)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-log of the Poisson probability of ``target``, whose rate is exp(input), or ``input`` itself.

    Args:
        input: the rates or their logarithms.
        target: the counts.
        log_input: whether ``input`` is the logarithm.
        full: add Stirling's approximation of log(target!) where the target is above 1.
        size_average: replaced by ``reduction``.
        eps: keeps log(input) finite.
        reduce: replaced by ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
    """
    reduction = chosen(reduction, size_average, reduce)
    if log_input:
        loss = exp(input) - target * input
    else:
        loss = input - target * log(input + eps)
    if full:
        stirling = target * log(target) - target + 0.5 * log(2 * math.pi * target)
        loss = loss + where(target <= 1, 0.0, stirling)
    return reduced(loss, reduction)
