"""Sampling a grid of values at points between its elements."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Any

from ..autograd.dispatch import of_arrays
from ..autograd.fused import fused
from ..autograd.primitive import primitive
from ..kernels import grid_sampler as kernels
from .arguments import take_tensors
from .matmul import column
from .shape import contiguous_p, permute_p, view_p

if TYPE_CHECKING:
    from .._tensor import Tensor
    from ..autograd.primitive import Operation

__all__ = ["grid_sampler", "grid_sampler_2d", "grid_sampler_3d"]

MODES = ("bilinear", "nearest", "bicubic")  # by PyTorch's numbers
PADDINGS = ("zeros", "border", "reflection")

gather_rows_p: Operation = primitive(
    kernels.gather,
    "x index",
    lambda g, index, x_shape: scatter_rows_p(g, index, x_shape[1]),
    None,
    name="gather_rows",
)
scatter_rows_p: Operation = primitive(
    kernels.scatter, "x index | size", lambda g, index: gather_rows_p(g, index), None,
    name="scatter_rows",
)  # fmt: skip
grid_cells_p = primitive(
    kernels.cells,
    "c | n mode padding align -> slope shift index inside",
    None,
    name="grid_cells",
)


finite_coordinates_p = primitive(
    kernels.finite, "c | mode padding", lambda g, c: g * (c - c == 0), name="finite_coordinates"
)


def sampled(x: Any, grid: Any, mode: str, padding: str, align: bool) -> Any:
    """The weighted sums of the elements around each point, of arrays or of Tensors."""
    b, c, *sizes = x.shape
    out = tuple(grid.shape[1:-1])
    rows = permute_p(view_p(x, (b, c, math.prod(sizes))), (0, 2, 1))
    points = view_p(grid, (b, math.prod(out), len(sizes)))
    axes = []
    for k, n in enumerate(reversed(sizes)):
        at = finite_coordinates_p(kernels.coordinates(points[..., k], n, align), mode, padding)
        slope, shift, index, inside = grid_cells_p(at, n, mode, padding, align)
        along = enumerate(kernels.weights(at * slope + shift, mode))
        axes.append([(index[j], w * inside[j]) for j, w in along])
    total = None
    for taps in product(*axes):
        place, weight = taps[0]
        for (i, w), stride in list(zip(taps, kernels.strides(sizes), strict=True))[1:]:
            place, weight = place + i * stride, weight * w
        term = gather_rows_p(rows, place) * column(weight)
        total = term if total is None else total + term
    return view_p(contiguous_p(permute_p(total, (0, 2, 1))), (b, c, *out))


SIGNATURE = "x grid | mode padding align"
grid_sampler_2d_p = fused(
    of_arrays(sampled), SIGNATURE, kernels.gradients, sampled, name="grid_sampler_2d",
    label="GridSampler2DBackward0",
)  # fmt: skip
grid_sampler_3d_p = fused(
    of_arrays(sampled), SIGNATURE, kernels.gradients, sampled, name="grid_sampler_3d",
    label="GridSampler3DBackward0",
)  # fmt: skip


def _checked(input: Any, grid: Any, ndim: int, mode: int, padding: int) -> tuple[str, str]:
    """The modes' names."""
    shapes = f"got input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
    if input.shape[:1] != grid.shape[:1]:
        raise RuntimeError(
            f"grid_sampler(): expected grid and input to have same batch size, but {shapes}"
        )
    if grid.shape[-1:] != (input.ndim - 2,):
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {input.ndim - 2} in last dimension, but "
            f"{shapes}"
        )
    if 0 in input.shape[2:]:
        raise RuntimeError(
            f"grid_sampler(): expected input to have non-empty spatial dimensions, but {shapes}"
        )
    if input.ndim != ndim or grid.ndim != ndim:
        raise RuntimeError(
            f"grid_sampler(): expected {ndim}D input and grid with same number of dimensions, but "
            f"{shapes}"
        )
    if input.dtype != grid.dtype or not input.dtype.is_floating_point:
        raise RuntimeError(
            "grid_sampler(): expected input and grid to have same floating-point dtype, but input "
            f"has {input.dtype} and grid has {grid.dtype}"
        )
    if not 0 <= mode < 3 or not 0 <= padding < 3:
        raise RuntimeError(
            f"grid_sampler(): unknown interpolation_mode {mode} or padding_mode {padding}"
        )
    if mode == 2 and ndim == 5:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    return MODES[mode], PADDINGS[padding]


def grid_sampler_2d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """The values of images (n, c, h, w) at the points ``grid`` (n, p, q, 2): (n, c, p, q).

    A point is (x, y), each from -1 to 1 across the image.

    Args:
        input: the images.
        grid: the points.
        interpolation_mode: 0 bilinear, 1 nearest, 2 bicubic.
        padding_mode: what lies outside: 0 zeros, 1 the border's values, 2 the image reflected.
        align_corners: whether -1 and 1 are the centers of the corner elements, not their edges.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html
    """
    mode, padding = _checked(input, grid, 4, interpolation_mode, padding_mode)
    return grid_sampler_2d_p(input, grid, mode, padding, bool(align_corners))


def grid_sampler_3d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """The values of volumes (n, c, d, h, w) at the points ``grid`` (n, p, q, r, 3).

    As ``grid_sampler_2d``; a point is (x, y, z), and there is no bicubic interpolation.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html
    """
    mode, padding = _checked(input, grid, 5, interpolation_mode, padding_mode)
    return grid_sampler_3d_p(input, grid, mode, padding, bool(align_corners))


def grid_sampler(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """``grid_sampler_2d`` or ``grid_sampler_3d``, as the input has four or five dimensions."""
    sample = grid_sampler_3d if input.ndim == 5 else grid_sampler_2d
    return sample(input, grid, interpolation_mode, padding_mode, align_corners)


take_tensors(globals())
