"""Softmax and its kin: distributions over a dimension."""

from __future__ import annotations

import warnings

import minitorch
from minitorch import Tensor, dtype
from minitorch.extend import numpy_names

__all__ = [
    "gumbel_softmax",
    "log_softmax",
    "softmax",
    "softmin",
]


def _dim(name: str, ndim: int, stacklevel: int) -> int:
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include "
        "dim=X as an argument.",
        stacklevel=stacklevel + 1,
    )
    return 0 if ndim in (0, 1, 3) else 1


@numpy_names
def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None
) -> Tensor:
    """exp(x) over its sum along ``dim``."""
    if dim is None:
        dim = _dim("softmax", input.ndim, _stacklevel)
    return minitorch.softmax(input, dim, dtype=dtype)


@numpy_names
def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None
) -> Tensor:
    """softmax(-x)."""
    if dim is None:
        dim = _dim("softmin", input.ndim, _stacklevel)
    return minitorch.softmax(-input, dim, dtype=dtype)


@numpy_names
def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None
) -> Tensor:
    """log(softmax(x)), in one numerically safe step."""
    if dim is None:
        dim = _dim("log_softmax", input.ndim, _stacklevel)
    return minitorch.log_softmax(input, dim, dtype=dtype)


@numpy_names
def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """A differentiable sample of a category: softmax((logits + Gumbel noise) / tau).

    Args:
        logits: unnormalised log-probabilities along ``dim``.
        tau: the temperature; small is nearer to one-hot.
        hard: one-hot in the forward pass, with the gradient of the soft sample.
        eps: deprecated, without effect.
        dim: the dimension of the categories.
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=3)
    gumbels = -minitorch.empty_like(logits).detach().exponential_().log()
    soft = minitorch.softmax((logits + gumbels) / tau, dim)
    if not hard:
        return soft
    index = soft.detach().argmax(dim, keepdim=True)
    one_hot = minitorch.zeros_like(soft).detach().scatter_(dim, index, 1.0)
    return one_hot - soft.detach() + soft
