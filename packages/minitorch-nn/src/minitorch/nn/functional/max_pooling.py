"""The maxima of windows, and maxima put back to their places."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, overload

import minitorch
from minitorch import Tensor, channels_last_3d
from minitorch.extend import batching_rule, labelled, primitive

from ..kernels import pooling as kernels
from ..kernels.dtypes import check_float
from .arguments import (
    AdaptiveSizes,
    Sizes,
    keeps_channels_last,
    numbers,
    suggests_channels_last,
    with_channels_last,
)
from .batching import together
from .pooling import (
    adaptive_size,
    batch,
    batch_of_parts,
    check_sizes,
    geometry,
    results_of_parts,
)

__all__ = [
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool2d_with_indices",
    "max_pool3d",
    "max_pool3d_with_indices",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]

put_places_p = primitive(
    kernels.put,
    "g indices | size once",
    lambda h, indices: take_places_p(h, indices),
    None,
    name="put_places",
    traits=("linear",),
    compiled="places.put",
)
take_places_p: Callable[..., Tensor] = primitive(
    kernels.take,
    "x indices",
    lambda g, indices, x_shape: put_places_p(g, indices, tuple(x_shape[2:]), False),
    None,
    name="take_places",
    traits=("linear",),
)
max_pool_p = primitive(
    kernels.max_pool,
    "x | windows once -> values indices",
    lambda g, indices, x_shape, once: put_places_p(g, indices, tuple(x_shape[2:]), once),
    name="max_pool",
    compiled="places.max_pool",
)
batching_rule(max_pool_p, put_places_p, take_places_p)(together)
# by the number of dimensions, under PyTorch's names
window_maxima, part_maxima = (
    [labelled(max_pool_p, name) for name in ("SqueezeBackward1", *names)]
    for names in (
        ("MaxPool2DWithIndicesBackward0", "MaxPool3DWithIndicesBackward0"),
        ("AdaptiveMaxPool2DBackward0", "AdaptiveMaxPool3DBackward0"),
    )
)


def _max_pool(
    ndim: int, input: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool, return_indices: bool,
) -> Any:  # fmt: skip
    name = f"max_pool{ndim}d"
    if ndim == 1 or input.dtype.is_complex or input.dtype is minitorch.bool:
        check_float(input, name)
    x, batched = batch(input, ndim, name)
    kernel, step, around, spread, out = geometry(
        input, ndim, name, kernel_size, stride, padding, dilation, ceil_mode
    )
    windows = kernels.windows(tuple(x.shape[2:]), out, kernel, step, around, spread)
    disjoint = all(s >= d * (k - 1) + 1 for k, s, d in zip(kernel, step, spread, strict=True))
    found: Any = window_maxima[ndim - 1](x, windows, disjoint)
    if ndim == 3:
        last = x.is_contiguous(memory_format=channels_last_3d) and not input.is_contiguous()
        if suggests_channels_last(x) if batched else last:
            found = tuple(map(with_channels_last, found))
    return _results(found, batched, return_indices)


def _adaptive_max_pool(ndim: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    name = f"adaptive_max_pool{ndim}d"
    check_float(input, name)
    check_sizes(input, output_size)
    x, batched = batch_of_parts(input, ndim, name)
    out = adaptive_size(output_size, x, ndim, name)
    windows = kernels.windows(tuple(x.shape[2:]), out)
    disjoint = all(map(_divides, out, x.shape[2:]))
    values, indices = part_maxima[ndim - 1](x, windows, disjoint)
    values = results_of_parts(values, batched, name)
    return (values, indices if batched else indices.squeeze(0)) if return_indices else values


def _divides(m: int, n: int) -> bool:
    return m > 0 and n % m == 0


def _results(found: Any, batched: bool, return_indices: bool) -> Any:
    values, indices = found if batched else (x.squeeze(0) for x in found)
    return (values, indices) if return_indices else values


def _with_indices(ndim: int) -> Any:
    def function(
        input: Tensor, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0,
        dilation: Sizes = 1,
        ceil_mode: bool = False, return_indices: bool = False,
    ) -> Any:  # fmt: skip
        return _max_pool(ndim, input, kernel_size, stride, padding, dilation, ceil_mode, True)

    function.__name__ = function.__qualname__ = f"max_pool{ndim}d_with_indices"
    function.__doc__ = f"``max_pool{ndim}d`` with ``return_indices=True``: (values, indices)."
    return function


def _adaptive_with_indices(ndim: int) -> Any:
    def function(input: Tensor, output_size: AdaptiveSizes, return_indices: bool = False) -> Any:
        return _adaptive_max_pool(ndim, input, output_size, True)

    function.__name__ = function.__qualname__ = f"adaptive_max_pool{ndim}d_with_indices"
    function.__doc__ = (
        f"``adaptive_max_pool{ndim}d`` with ``return_indices=True``: (values, indices)."
    )
    return function


max_pool1d_with_indices = _with_indices(1)
max_pool2d_with_indices = _with_indices(2)
max_pool3d_with_indices = _with_indices(3)
adaptive_max_pool1d_with_indices = _adaptive_with_indices(1)
adaptive_max_pool2d_with_indices = _adaptive_with_indices(2)
adaptive_max_pool3d_with_indices = _adaptive_with_indices(3)


class MaxPooling(Protocol):
    """The types of ``max_pool1d`` and its kin: with ``return_indices`` there are two results."""

    @overload
    def __call__(
        self, input: Tensor, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0,
        dilation: Sizes = 1, ceil_mode: bool = False, return_indices: Literal[False] = False,
    ) -> Tensor: ...  # fmt: skip
    @overload
    def __call__(
        self, input: Tensor, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0,
        dilation: Sizes = 1, ceil_mode: bool = False, *, return_indices: Literal[True],
    ) -> tuple[Tensor, Tensor]: ...  # fmt: skip
    @overload
    def __call__(
        self, input: Tensor, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0,
        dilation: Sizes = 1, ceil_mode: bool = False, return_indices: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]: ...  # fmt: skip


class AdaptiveMaxPooling(Protocol):
    """The same of ``adaptive_max_pool1d`` and its kin."""

    @overload
    def __call__(
        self, input: Tensor, output_size: AdaptiveSizes, return_indices: Literal[False] = False
    ) -> Tensor: ...
    @overload
    def __call__(
        self, input: Tensor, output_size: AdaptiveSizes, return_indices: Literal[True]
    ) -> tuple[Tensor, Tensor]: ...
    @overload
    def __call__(
        self, input: Tensor, output_size: AdaptiveSizes, return_indices: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]: ...


def either(function: Callable[..., Any]) -> MaxPooling:
    return function


def adaptive(function: Callable[..., Any]) -> AdaptiveMaxPooling:
    return function


@either
def max_pool1d(
    input: Tensor, kernel_size: Sizes, stride: Sizes | None = None,
    padding: Sizes = 0, dilation: Sizes = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    """The maxima of windows; the arguments are those of ``max_pool2d``."""
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@either
@keeps_channels_last
def max_pool2d(
    input: Tensor, kernel_size: Sizes, stride: Sizes | None = None,
    padding: Sizes = 0, dilation: Sizes = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    """The maxima of windows.

    Args:
        input: (N, C, H, W) or (C, H, W)
        kernel_size: the windows' size, an int or one for each dimension.
        stride: the step between windows, by default their size.
        padding: minus infinities on both sides, half a window at most.
        dilation: the step between the elements of a window.
        ceil_mode: round the number of windows up: the last one may reach beyond the input.
        return_indices: return the maxima's places too, each in its flattened (H, W).

    Raises:
        RuntimeError: no window fits, or padding exceeds half of it.
    """
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@either
def max_pool3d(
    input: Tensor, kernel_size: Sizes, stride: Sizes | None = None,
    padding: Sizes = 0, dilation: Sizes = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    """The maxima of windows; the arguments are those of ``max_pool2d``."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@adaptive
def adaptive_max_pool1d(
    input: Tensor, output_size: AdaptiveSizes, return_indices: bool = False
) -> Any:
    """The maxima of ``output_size`` parts of the last dimension."""
    return _adaptive_max_pool(1, input, output_size, return_indices)


@adaptive
@keeps_channels_last
def adaptive_max_pool2d(
    input: Tensor, output_size: AdaptiveSizes, return_indices: bool = False
) -> Any:
    """The maxima of parts, ``output_size`` (an int or two; None for all) in each dimension."""
    return _adaptive_max_pool(2, input, output_size, return_indices)


@adaptive
def adaptive_max_pool3d(
    input: Tensor, output_size: AdaptiveSizes, return_indices: bool = False
) -> Any:
    """The maxima of parts, ``output_size`` (an int or three; None for all) in each dimension."""
    return _adaptive_max_pool(3, input, output_size, return_indices)


# --- back to where the maxima were ----------------------------------------------------------


def _say_not_deterministic(name: str) -> None:
    """Where indices are the same, which of their values stays is left open."""
    text = (
        f"{name} does not have a deterministic implementation, but you set "
        "'torch.use_deterministic_algorithms(True)': where indices are the same, any of their "
        "values may stay. Turn it off for this operation, or use warn_only=True."
    )
    if not minitorch.is_deterministic_algorithms_warn_only_enabled():
        raise RuntimeError(text)
    warnings.warn(text, UserWarning, stacklevel=4)


def _max_unpool(
    ndim: int, input: Tensor, indices: Tensor, kernel_size: Any, stride: Any, padding: Any,
    output_size: Any,
) -> Tensor:  # fmt: skip
    name = f"max_unpool{ndim}d"
    if minitorch.are_deterministic_algorithms_enabled():
        _say_not_deterministic(f"max_unpooling{max(ndim, 2)}d_forward_out")
    kernel = numbers(kernel_size, ndim, name, "kernel_size")
    step = kernel if stride is None else numbers(stride, ndim, name, "stride")
    around = numbers(padding, ndim, name, "padding")
    x, batched = batch(input, ndim, name)
    if indices.dtype.is_floating_point or indices.dtype.itemsize != 8:
        raise RuntimeError(f"{name}: elements in indices should be int64, but got {indices.dtype}")
    if tuple(indices.shape) != tuple(input.shape):
        raise RuntimeError(
            f"{name}: Expected shape of indices to be same as that of the input tensor "
            f"({list(input.shape)}), but got indices tensor with shape {list(indices.shape)}"
        )
    if any(s <= 0 for s in step):
        raise RuntimeError(f"{name}: strides should be greater than zero, but got {list(step)}")
    usual = [
        (n - 1) * s + k - 2 * p
        for n, s, k, p in zip(x.shape[2:], step, kernel, around, strict=True)
    ]
    size = tuple(usual if output_size is None else [int(n) for n in output_size[-ndim:]])
    if len(size) != ndim:
        raise ValueError(
            f"output_size should be a sequence containing {ndim} or {ndim + 2} elements, but it "
            f"has a length of '{len(size)}'"
        )
    for m, n, s in zip(size, usual, step, strict=True):
        if output_size is not None and not n - s < m < n + s:
            raise ValueError(
                f"invalid output_size {list(size)}: each must be within the stride {list(step)} of "
                f"{usual}"
            )
    index = indices if batched else indices.unsqueeze(0)
    plane = math.prod(size)
    if index.is_cpu and index.numel() and not (int(index.min()) >= 0 and int(index.max()) < plane):
        raise RuntimeError(
            f"{name}: found an invalid max index: indices run from {int(index.min())} to "
            f"{int(index.max())}, but the output of size {list(size)} has {plane} elements"
        )
    out = put_places_p(x, index, size, True)
    return out if batched else out.squeeze(0)


def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Sizes, stride: Sizes | None = None,
    padding: Sizes = 0, output_size: Sequence[int] | None = None,
) -> Tensor:  # fmt: skip
    """Maxima back at their places; the arguments are those of ``max_unpool2d``."""
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


@keeps_channels_last
def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Sizes, stride: Sizes | None = None,
    padding: Sizes = 0, output_size: Sequence[int] | None = None,
) -> Tensor:  # fmt: skip
    """Maxima back at their places, zeros elsewhere.

    Args:
        input: what ``max_pool2d`` returned.
        indices: the places that it returned.
        kernel_size: as there.
        stride: as there.
        padding: as there.
        output_size: the size of the pooled input, where strides hide it.
    """
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Sizes,
    stride: Sizes | None = None, padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:  # fmt: skip
    """Maxima back at their places; the arguments are those of ``max_unpool2d``."""
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)
