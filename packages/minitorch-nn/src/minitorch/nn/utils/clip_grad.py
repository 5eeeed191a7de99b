"""Gradients held to a norm or to a range."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import minitorch
from minitorch import Tensor, no_grad

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
]


def as_list(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    return [parameters] if isinstance(parameters, Tensor) else list(parameters)


def gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    return [p.grad for p in as_list(parameters) if p.grad is not None]


@no_grad()
def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all tensors together, as if they were one vector.

    Args:
        tensors: a tensor or several.
        norm_type: the p of the norm, ``inf`` too.
        error_if_nonfinite: raise where the norm is NaN or infinite.
        foreach: has no effect.
    """
    p = float(norm_type)
    norms = [minitorch.linalg.vector_norm(t, p) for t in as_list(tensors)]
    total = (
        minitorch.linalg.vector_norm(minitorch.stack(norms), p) if norms else minitorch.tensor(0.0)
    )
    if error_if_nonfinite and not math.isfinite(total.item()):
        raise RuntimeError(
            f"The total norm of order {p} for gradients from `parameters` is non-finite, so it "
            "cannot be clipped. To disable this error and scale the gradients by the non-finite "
            "norm anyway, set `error_if_nonfinite=False`"
        )
    return total


@no_grad()
def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,
) -> None:
    """Scales the gradients, whose norm is ``total_norm``, down to ``max_norm``."""
    scale = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    for g in gradients(parameters):
        g.mul_(scale)


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scales the gradients of ``parameters`` down until their norm together is ``max_norm``.

    Args:
        parameters: a tensor or several.
        max_norm: the largest norm allowed.
        norm_type: the p of the norm, ``inf`` too.
        error_if_nonfinite: raise where the norm is NaN or infinite.
        foreach: has no effect.

    Returns:
        The norm before.
    """
    given, parameters = parameters, as_list(parameters)
    if not parameters and isinstance(given, Iterator):
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2
        )
    total = get_total_norm(gradients(parameters), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(parameters, max_norm, total)
    return total


@functools.wraps(clip_grad_norm_, assigned=())
def clip_grad_norm(*args: Any, **kwargs: Any) -> Tensor:
    """``clip_grad_norm_`` under an old name."""
    warnings.warn(
        "torch.nn.utils.clip_grad_norm is now deprecated in favor of "
        "torch.nn.utils.clip_grad_norm_.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(*args, **kwargs)


@no_grad()
def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Holds every element of the gradients in [-clip_value, clip_value].

    Raises:
        RuntimeError: there is no gradient.
    """
    clip = float(clip_value)
    found = gradients(parameters)
    if not found:
        raise RuntimeError("clip_grad_value_: no parameter has a gradient; call backward() first")
    for g in found:
        g.clamp_(-clip, clip)
