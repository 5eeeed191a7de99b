"""Images made larger or smaller, sampled at points, and channels traded for pixels."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Sequence
from typing import Any

import minitorch
import numpy as np
from minitorch import Tensor, stack
from minitorch.extend import primitive

from ..kernels import resampling as kernels
from ..kernels.dtypes import check_float
from .arguments import Sizes, keeps_channels_last
from .pooling import _adaptive_avg_pool, resample_p

__all__ = [
    "affine_grid",
    "grid_sample",
    "interpolate",
    "pixel_shuffle",
    "pixel_unshuffle",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]

resample_bytes_p = primitive(kernels.resample_bytes, "x | dim arg", None, name="resample_bytes")

LINEAR = {"linear": 3, "bilinear": 4, "trilinear": 5, "bicubic": 4}  # the input's dimensions
MODES = ("nearest", "area", "nearest-exact", *LINEAR)


@keeps_channels_last
def interpolate(
    input: Tensor,
    size: Sizes | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Images (sequences, volumes) of another size.

    Args:
        input: (N, C, ...) with one to three spatial dimensions.
        size: the new spatial size, an int or one for each dimension;
        scale_factor: or by how much to multiply it.
        mode: ``"nearest"``, ``"nearest-exact"``, ``"area"``; ``"linear"`` for one dimension,
            ``"bilinear"`` and ``"bicubic"`` for two, ``"trilinear"`` for three.
        align_corners: whether the corners' centers stay where they are, not the image's edges.
        recompute_scale_factor: take the factor from the rounded size.
        antialias: average over what falls together, for ``"bilinear"`` and ``"bicubic"``.

    Raises:
        ValueError: both or neither of ``size`` and ``scale_factor`` are given, or an option does
            not go with the mode.
        NotImplementedError: the mode is not for that many dimensions.

    Example:
        >>> import minitorch
        >>> x = minitorch.tensor([[[1.0, 2.0]]])
        >>> minitorch.nn.functional.interpolate(x, scale_factor=2, mode="linear")
        tensor([[[1.0000, 1.2500, 1.7500, 2.0000]]])
    """
    if mode not in MODES:
        raise NotImplementedError(f"unknown interpolation mode {mode!r}: use one of {list(MODES)}")
    if mode not in LINEAR and align_corners is not None:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear "
            "| bicubic | trilinear"
        )
    ndim = input.ndim - 2
    if not 1 <= ndim <= 3 or LINEAR.get(mode, input.ndim) != input.ndim:
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {input.ndim}D) for the "
            "modes: nearest | linear | bilinear | bicubic | trilinear | area | nearest-exact (got "
            f"{mode})"
        )
    if antialias and not (mode in ("bilinear", "bicubic") and input.ndim == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D "
            "tensor as input"
        )
    sizes, factors = _sizes(input, size, scale_factor, recompute_scale_factor)
    if 0 in input.shape[1:] or any(n < 1 for n in sizes):
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input {list(input.shape)} "
            f"and output size {list(sizes)}"
        )
    if mode == "area":
        return _adaptive_avg_pool(ndim, input, sizes)
    if input.dtype is minitorch.uint8 and mode in ("bilinear", "bicubic"):
        real: Any = np.float64
        dims = range(ndim)[::-1]  # as PyTorch, rows first
        step: Any = resample_bytes_p
    else:
        if mode in LINEAR or input.dtype is not minitorch.uint8:
            check_float(input, f"interpolate by {mode}")
        real = np.float64 if input.dtype == minitorch.float64 else np.float32
        dims, step = range(ndim), resample_p
    out = input
    for k in dims:
        n, m, factor = input.shape[2 + k], sizes[k], factors[k]
        if mode in LINEAR:
            matrix = kernels.antialiased if antialias else kernels.smooth
            kind = "cubic" if mode == "bicubic" else "linear"
            weights = matrix(n, m, factor, bool(align_corners), kind, real)
        else:
            weights = kernels.nearest(n, m, factor, mode == "nearest-exact", real)
        out = step(out, 2 + k, weights)
    return out


def _sizes(input: Any, size: Any, scale_factor: Any, recompute: bool | None) -> Any:
    """(the new size, the factors to compute places with) of each dimension."""
    ndim = input.ndim - 2
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    given = scale_factor if size is None else size
    values = list(given) if isinstance(given, tuple | list) else [given] * ndim
    if len(values) != ndim:
        raise ValueError(
            f"Input and {'scale_factor' if size is None else 'output'} must have the same number "
            f"of spatial dimensions, but got input with spatial dimensions of "
            f"{list(input.shape[2:])} and {'scale_factor' if size is None else 'output size'} of "
            f"{given}. Please provide input tensor in (N, C, d1, d2, ...,dK) format."
        )
    if size is not None:
        if recompute:
            raise ValueError(
                "recompute_scale_factor is not meaningful when size is explicitly specified."
            )
        try:
            return tuple(map(operator.index, values)), (None,) * ndim
        except TypeError:
            raise TypeError(
                "expected size to be one of int or Tuple[int] or Tuple[int, int] or "
                f"Tuple[int, int, int], but got size with types {[type(n) for n in values]}"
            ) from None
    factors = [float(f) for f in values]
    exact = [n * f for n, f in zip(input.shape[2:], factors, strict=True)]
    if not all(abs(n) < 2**63 for n in exact):  # nor NaN
        raise RuntimeError(f"interpolate: the output would have the size {exact}")
    sizes = tuple(map(math.floor, exact))
    return sizes, (None,) * ndim if recompute else tuple(factors)


def _deprecated(name: str) -> None:
    warnings.warn(
        f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=3,
    )


def upsample(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """The old name of ``interpolate``."""
    _deprecated("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """``interpolate`` by ``"nearest"``."""
    _deprecated("upsample_nearest")
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """``interpolate`` by ``"bilinear"`` with ``align_corners=True``."""
    _deprecated("upsample_bilinear")
    return interpolate(input, size, scale_factor, "bilinear", align_corners=True)


# --- sampling at points ---------------------------------------------------------------------


def _aligned(align_corners: bool | None, name: str) -> bool:
    if align_corners is None:
        warnings.warn(
            f"Default {name} behavior has changed to align_corners=False since 1.3.0. Please "
            "specify align_corners=True if the old behavior is desired.",
            stacklevel=3,
        )
    return bool(align_corners)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """The values of images or volumes at points, each coordinate from -1 to 1 across the image.

    Args:
        input: (N, C, H, W) or (N, C, D, H, W)
        grid: (N, h, w, 2) points (x, y), or (N, d, h, w, 3) points (x, y, z)
        mode: ``"bilinear"``, ``"nearest"`` or ``"bicubic"``.
        padding_mode: what is outside: ``"zeros"``, ``"border"`` or ``"reflection"``.
        align_corners: whether -1 and 1 are the corners' centers, not the image's edges.

    Returns:
        (N, C, h, w) or (N, C, d, h, w)
    """
    modes = {"bilinear": 0, "nearest": 1, "bicubic": 2}
    paddings = {"zeros": 0, "border": 1, "reflection": 2}
    if mode not in modes:
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: '{mode}'"
        )
    if padding_mode not in paddings:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: '{padding_mode}'"
        )
    align = _aligned(align_corners, "grid_sample and affine_grid")
    out: Tensor = minitorch.grid_sampler(input, grid, modes[mode], paddings[padding_mode], align)
    return out


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The points to sample an image at so that it is moved by an affine map.

    Args:
        theta: (N, 2, 3) or (N, 3, 4): the maps.
        size: (N, C, H, W) or (N, C, D, H, W): of the image to be made.
        align_corners: as in ``grid_sample``.

    Returns:
        (N, H, W, 2) or (N, D, H, W, 3)
    """
    if not theta.dtype.is_floating_point:
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    size = tuple(int(n) for n in size)
    ndim = len(size) - 2
    if ndim not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {size}."
        )
    if theta.ndim != 3 or tuple(theta.shape[-2:]) != (ndim, ndim + 1):
        raise ValueError(
            f"Expected a batch of {ndim}D affine matrices of shape Nx{ndim}x{ndim + 1} for size "
            f"{size}. Got {tuple(theta.shape)}."
        )
    if any(n <= 0 for n in size):
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    if align_corners and min(size[2:]) == 1:
        warnings.warn(
            "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when "
            "align_corners=True. This is not an intended use case of affine_grid. See the "
            "documentation of affine_grid for details.",
            stacklevel=2,
        )
    align = _aligned(align_corners, "grid_sample and affine_grid")
    axes = []
    for n in size[2:]:
        ends = theta.new_zeros(1)
        if n > 1:
            ends = minitorch.linspace(-1, 1, n, dtype=theta.dtype, device=theta.device)
        axes.append(ends if align else ends * ((n - 1) / n))
    mesh = minitorch.meshgrid(*axes, indexing="ij")
    points = stack([*reversed(mesh), minitorch.ones_like(mesh[0])], -1).reshape((-1, ndim + 1))
    grid: Tensor = (points @ theta.mT).reshape((theta.shape[0], *size[2:], ndim))
    return grid


# --- channels and pixels --------------------------------------------------------------------


@keeps_channels_last
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(*, C r^2, H, W) to (*, C, H r, W r): channels become pixels (Shi et al., 2016).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pixel_shuffle.html
    """
    r = upscale_factor
    if input.ndim < 3:
        raise RuntimeError(
            f"pixel_shuffle expects input to have at least 3 dimensions, but got input with "
            f"{input.ndim} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    *batch, channels, h, w = input.shape
    if channels % r**2:
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={channels} is not divisible by {r**2}"
        )
    b, c = len(batch), channels // r**2
    x = input.reshape((*batch, c, r, r, h, w))
    x = x.permute((*range(b + 1), b + 3, b + 1, b + 4, b + 2))
    return x.clone(memory_format=minitorch.contiguous_format).reshape((*batch, c, h * r, w * r))


@keeps_channels_last
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(*, C, H r, W r) to (*, C r^2, H, W): the inverse of ``pixel_shuffle``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pixel_unshuffle.html
    """
    r = downscale_factor
    if input.ndim < 3:
        raise RuntimeError(
            f"pixel_unshuffle expects input to have at least 3 dimensions, but got input with "
            f"{input.ndim} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    *batch, c, height, width = input.shape
    if height % r or width % r:
        raise RuntimeError(
            "pixel_unshuffle expects height and width to be divisible by downscale_factor, but "
            f"input of size {height} x {width} is not divisible by {r}"
        )
    b, h, w = len(batch), height // r, width // r
    x = input.reshape((*batch, c, h, r, w, r))
    x = x.permute((*range(b + 1), b + 2, b + 4, b + 1, b + 3))
    return x.clone(memory_format=minitorch.contiguous_format).reshape((*batch, c * r**2, h, w))
