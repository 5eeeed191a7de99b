"""How a loss is brought to one number."""

from __future__ import annotations

import warnings
from typing import Any

from minitorch import Tensor, can_cast

__all__: list[str] = []


def in_dtype_of(x: Any, loss: Any) -> Any:
    """``loss`` in the dtype of ``x``.

    Raises:
        RuntimeError: numbers of its kind do not fit there.
    """
    if loss.dtype is x.dtype:
        return loss
    if not can_cast(loss.dtype, x.dtype):
        raise RuntimeError(
            f"result type {loss.dtype.type_name} can't be cast to the desired output type "
            f"{x.dtype.type_name}: convert it first, as with .to({loss.dtype})"
        )
    return loss.to(x.dtype)


def chosen(reduction: str, size_average: bool | None = None, reduce: bool | None = None) -> str:
    """The reduction, also by the two arguments that it replaced.

    Raises:
        ValueError: it is none of ``"none"``, ``"mean"``, ``"sum"``.
    """
    if isinstance(size_average, Tensor) or isinstance(reduce, Tensor):
        raise RuntimeError(
            "size_average and reduce are bools, but got a tensor: a loss module is made first and "
            "then called, as in nn.MSELoss()(input, target); the function is "
            "nn.functional.mse_loss(input, target)"
        )
    if size_average is not None or reduce is not None:
        if reduce is False:
            reduction = "none"
        else:
            reduction = "sum" if size_average is False else "mean"
        warnings.warn(
            "size_average and reduce args will be deprecated, please use "
            f"reduction='{reduction}' instead.",
            stacklevel=4,
        )
    elif reduction == "elementwise_mean":
        warnings.warn(
            "reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.",
            stacklevel=4,
        )
        return "mean"
    elif reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """``loss``, its mean or its sum."""
    if reduction == "mean":
        return loss.mean()
    return loss.sum() if reduction == "sum" else loss
