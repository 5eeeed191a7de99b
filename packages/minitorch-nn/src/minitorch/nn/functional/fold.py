"""Patches of images as columns, and images from patches."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import minitorch
from minitorch import Tensor
from minitorch.extend import batching_rule, in_single, primitive

from ..kernels import convolution as kernels
from ..kernels.dtypes import check_float
from .arguments import Sizes, numbers
from .batching import together

__all__ = ["fold", "unfold"]

GEOMETRY = "kernel stride padding dilation"
im2col_p = primitive(
    kernels.patches,
    f"x | {GEOMETRY}",
    lambda g, x_shape, kernel, stride, padding, dilation: col2im_p(
        g, tuple(x_shape[2:]), kernel, stride, padding, dilation
    ),
    name="im2col",
    traits=("linear",),
)
col2im_p: Callable[..., Tensor] = primitive(
    in_single(kernels.from_patches),
    f"x | size {GEOMETRY}",
    lambda g, kernel, stride, padding, dilation: im2col_p(g, kernel, stride, padding, dilation),
    name="col2im",
    traits=("linear",),
)
batching_rule(im2col_p, col2im_p)(together)


def _geometry(name: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Any:
    kernel = numbers(kernel_size, 2, name, "kernel_size")
    step = numbers(stride, 2, name, "stride")
    spread = numbers(dilation, 2, name, "dilation")
    around = numbers(padding, 2, name, "padding")
    for what, values, least in (
        ("kernel_size", kernel, 1), ("stride", step, 1), ("dilation", spread, 1),
        ("padding", around, 0),
    ):  # fmt: skip
        if any(n < least for n in values):
            raise RuntimeError(
                f"{name}: {what} should be {'greater than zero' if least else 'non-negative'}, but "
                f"got {list(values)}"
            )
    return kernel, step, tuple((n, n) for n in around), spread


def unfold(
    input: Tensor,
    kernel_size: Sizes,
    dilation: Sizes = 1,
    padding: Sizes = 0,
    stride: Sizes = 1,
) -> Tensor:
    """The patches that a convolution sees, as columns.

    Args:
        input: (N, C, H, W) or (C, H, W)
        kernel_size: the patches' size.
        dilation: the step between the elements of a patch.
        padding: zeros on both sides.
        stride: the step between patches.

    Returns:
        (N, C * kH * kW, number of patches)
    """
    if not input.dtype.is_complex and input.dtype is not minitorch.bool:
        check_float(input, "unfold")
    geometry = _geometry("unfold", kernel_size, dilation, padding, stride)
    if input.ndim not in (3, 4) or 0 in input.shape[-3:]:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(input.shape)}"
        )
    counts = kernels.output_size(tuple(input.shape[-2:]), *geometry)
    if any(n < 1 for n in counts):
        raise RuntimeError(
            f"unfold: Given input with spatial size {tuple(input.shape[-2:])}, "
            f"kernel_size={geometry[0]}, dilation={geometry[3]}, padding={padding}, calculated "
            f"shape of the array of sliding blocks as {counts}, but its components must be at "
            "least one."
        )
    if input.ndim == 3:
        return im2col_p(input.unsqueeze(0), *geometry).squeeze(0)
    return im2col_p(input, *geometry)


def fold(
    input: Tensor,
    output_size: Sizes,
    kernel_size: Sizes,
    dilation: Sizes = 1,
    padding: Sizes = 0,
    stride: Sizes = 1,
) -> Tensor:
    """The adjoint of ``unfold``: patches added up into images.

    Args:
        input: (N, C * kH * kW, number of patches), or the same without N.
        output_size: (H, W) of the images.
        kernel_size: the patches' size.
        dilation: as in ``unfold``.
        padding: as in ``unfold``.
        stride: as in ``unfold``.

    Returns:
        (N, C, H, W)
    """
    if not input.dtype.is_complex and input.dtype is not minitorch.bool:
        check_float(input, "fold")
    geometry = _geometry("fold", kernel_size, dilation, padding, stride)
    size = numbers(output_size, 2, "fold", "output_size")
    area = math.prod(geometry[0])
    if input.ndim not in (2, 3) or 0 in input.shape[-2:]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(input.shape)}"
        )
    if input.shape[-2] % area:
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
            f"but got input.size(1)={input.shape[-2]} and kernel_size={geometry[0]}."
        )
    counts = kernels.output_size(size, *geometry)
    if any(n < 1 for n in counts):
        raise RuntimeError(
            f"Given output_size={size}, kernel_size={geometry[0]}, dilation={geometry[3]}, "
            f"padding={padding}, stride={geometry[1]}, calculated shape of the array of sliding "
            f"blocks as {counts}, which is too small (non-positive)"
        )
    if input.shape[-1] != math.prod(counts):
        raise RuntimeError(
            f"Given output_size={size}, kernel_size={geometry[0]}, dilation={geometry[3]}, "
            f"padding={padding}, stride={geometry[1]}, expected size of input's dimension 2 to "
            f"match the calculated number of sliding blocks {counts[0]} * {counts[1]} = "
            f"{math.prod(counts)}, but got input.size(2)={input.shape[-1]}."
        )
    if input.ndim == 2:
        return col2im_p(input.unsqueeze(0), size, *geometry).squeeze(0)
    return col2im_p(input, size, *geometry)
