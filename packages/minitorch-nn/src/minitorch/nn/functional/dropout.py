"""Dropout: elements or whole channels set to zero at random while training."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import minitorch
from minitorch import Tensor
from minitorch.extend import inplace as inplace_of

__all__ = [
    "alpha_dropout",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
    "feature_dropout",
]

ALPHA = 1.7580993408473766  # scale * alpha of SELU


def _check(p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _kept(input: Any, p: float, features: bool) -> Any:
    """1 with probability 1 - p, else 0; one number for each channel with ``features``."""
    if features:
        if input.ndim < 2:
            raise RuntimeError(
                f"Feature dropout requires at least 2 dimensions in the input, but got {input.ndim}"
            )
        shape = (*input.shape[:2], *(1 for _ in input.shape[2:]))
        return minitorch.bernoulli(minitorch.empty(shape, dtype=input.dtype), 1 - p)
    return minitorch.bernoulli(minitorch.empty_like(input), 1 - p)  # drawn in memory's order


def _drop(x: Any, p: float, features: bool) -> Any:
    if p == 1:
        return x * x.new_zeros(())
    return x * (_kept(x, p, features) / (1 - p))


def _drop_alpha(x: Any, p: float, features: bool) -> Any:
    """Dropped elements become -ALPHA; a x + b then restores mean 0 and variance 1."""
    if p == 1:
        return x * x.new_zeros(())
    kept = _kept(x, p, features)
    a = 1 / ((ALPHA**2 * p + 1) * (1 - p)) ** 0.5
    return x * (kept * a) + ((kept - 1) * (ALPHA * a) + ALPHA * a * p)


def _apply(
    drop: Callable[..., Tensor],
    input: Tensor,
    p: float,
    training: bool,
    inplace: bool,
    features: bool,
) -> Tensor:
    if not training or p == 0 or not input.numel():
        return input
    if not input.dtype.is_floating_point:
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {input.dtype.type_name}: "
            "dropout takes floating-point numbers, convert the input with .float()"
        )
    return (inplace_of(drop) if inplace else drop)(input, p, features)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element is set to zero with probability ``p``, the others are divided by 1 - p."""
    _check(p)
    return _apply(_drop, input, p, training, inplace, False)


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Dropout that keeps mean 0 and variance 1, for ``selu`` (Klambauer et al., 2017)."""
    _check(p)
    return _apply(_drop_alpha, input, p, training, inplace, False)


def feature_dropout(input: Tensor, p: float, training: bool) -> Tensor:
    """Whole channels (dimension 1) set to zero."""
    _check(p)
    return _apply(_drop, input, p, training, False, True)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """``alpha_dropout`` of whole channels (dimension 1)."""
    _check(p)
    return _apply(_drop_alpha, input, p, training, inplace, True)


def _channels(
    input: Tensor, p: float, training: bool, inplace: bool, name: str, dims: tuple[int, int]
) -> Tensor:
    _check(p)
    if input.ndim not in dims:
        warnings.warn(
            f"{name}: Received a {input.ndim}-D input to {name}, which is deprecated and will "
            "result in an error in a future release. To retain the behavior and silence this "
            "warning, please use dropout instead. Note that it drops whole channels of inputs with "
            f"{dims[0]} or {dims[1]} dimensions.",
            stacklevel=3,
        )
    elif name == "dropout2d" and input.ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout "
            "behavior is desired - input is interpreted as shape (N, C, L), where C is the channel "
            "dim. This behavior will change in a future release to interpret the input as one "
            "without a batch dimension, i.e. shape (C, H, W). To maintain the 1D channel-wise "
            "dropout behavior, please switch to using dropout1d instead.",
            stacklevel=3,
        )
    if name == "dropout2d" or input.ndim == dims[1]:
        return _apply(_drop, input, p, training, inplace, True)
    return _apply(_drop, input.unsqueeze(0), p, training, inplace, True).squeeze(0)


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Whole channels of (N, C, L) or (C, L) set to zero with probability ``p``."""
    _check(p)
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input. Note that "
            "dropout1d exists to provide channel-wise dropout on inputs with 1 spatial dimension, "
            "a channel dimension, and an optional batch dimension (i.e. 2D or 3D inputs)."
        )
    return _channels(input, p, training, inplace, "dropout1d", (2, 3))


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Whole channels of (N, C, H, W) set to zero with probability ``p``."""
    return _channels(input, p, training, inplace, "dropout2d", (3, 4))


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Whole channels of (N, C, D, H, W) or (C, D, H, W) set to zero with probability ``p``."""
    return _channels(input, p, training, inplace, "dropout3d", (4, 5))
