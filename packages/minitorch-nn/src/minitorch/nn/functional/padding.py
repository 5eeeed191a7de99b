"""Padding: constants, reflections, repetitions around a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import minitorch
from minitorch import Tensor

from ..kernels import resampling as kernels
from .arguments import in_format_of
from .pooling import resample_p

__all__ = ["pad"]


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """Elements added (or, for negative numbers, taken off) at the ends of the last dimensions.

    Args:
        input: any shape for ``"constant"``; (N, C, ...) or (C, ...) for the others.
        pad: (before, after) of the last dimension, then of the one before it, and so on.
        mode: ``"constant"``; ``"reflect"``, without repeating the border; ``"replicate"`` the
            border; ``"circular"``, from the other end.
        value: the constant, 0 by default.

    Raises:
        RuntimeError: the padding is too large for its mode.
        NotImplementedError: the mode or the number of dimensions is not known.

    Example:
        >>> import minitorch
        >>> minitorch.nn.functional.pad(minitorch.tensor([[1.0, 2.0, 3.0]]), (1, 2), "circular")
        tensor([[3., 1., 2., 3., 1., 2.]])
    """
    widths = tuple(n.__index__() for n in pad)
    if len(widths) % 2:
        raise RuntimeError(f"Padding length must be divisible by 2, but got {widths}")
    if len(widths) > 2 * input.ndim:
        raise RuntimeError(
            f"Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(widths)} and input of dimension {input.ndim}"
        )
    if mode == "constant":
        return minitorch.constant_pad_nd(input, widths, 0 if value is None else value)
    if value is not None and value != 0:
        raise ValueError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if input.dtype is minitorch.bool and mode != "circular":
        raise NotImplementedError(f'"{mode} padding" not implemented for {input.dtype}')
    pairs = list(zip(widths[::2], widths[1::2], strict=True))
    if not 1 <= len(pairs) <= 3 or input.ndim - len(pairs) not in (1, 2):
        raise NotImplementedError(
            "Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now: got "
            f"{len(widths)} numbers for an input of {input.ndim} dimensions"
        )
    for k, (before, after) in enumerate(pairs, 1):
        _check(input, input.ndim - k, before, after, mode)
    out = input
    for k, (before, after) in enumerate(pairs, 1):
        if before or after:
            dim = input.ndim - k
            out = resample_p(out, dim, kernels.padding(input.shape[dim], before, after, mode))
    out = out.clone() if out is input else out
    return out if mode == "circular" else in_format_of(out, input)  # as in PyTorch


def _check(input: Any, dim: int, before: int, after: int, mode: str) -> None:
    n = input.shape[dim]
    if 0 in input.shape[1:]:
        raise RuntimeError(
            f"Expected {input.ndim - 1}D or {input.ndim}D (batch mode) tensor with possibly 0 "
            f"batch size and other non-zero dimensions for input, but got: {list(input.shape)}"
        )
    if mode == "reflect" and max(before, after) >= n:
        raise RuntimeError(
            "Argument #4: Padding size should be less than the corresponding input dimension, but "
            f"got: padding ({before}, {after}) at dimension {dim} of input {list(input.shape)}"
        )
    if mode == "circular" and max(before, after) > n:
        raise RuntimeError(
            f"Padding value causes wrapping around more than once: got ({before}, {after}) at "
            f"dimension {dim} of input {list(input.shape)}"
        )
    if n + before + after < 1:
        raise RuntimeError(
            f"The input of size {list(input.shape)}, plus negative padding {before} and {after}, "
            f"resulted in a size of {n + before + after} at dimension {dim}, which is invalid."
        )
