"""Pooling: means and norms of windows, and the geometry of all windows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

import minitorch
from minitorch import Tensor, div, sign
from minitorch.extend import apply, batching_rule, in_single, labelled, primitive

from ..kernels import resampling
from ..kernels.dtypes import check_float
from .arguments import AdaptiveSizes, Sizes, keeps_channels_last, numbers, spatial
from .piecewise_linear import relu

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
]

HALVES = (minitorch.float16, minitorch.bfloat16)

# Weighted sums along a dimension; ``arg`` are the weights, a sparse matrix.
resample_p: Callable[..., Tensor] = primitive(
    in_single(resampling.resample),
    "x | dim arg",
    lambda g, dim, arg: resample_p(g, dim, arg.transposed),
    name="resample",
    traits=("linear",),
)


@batching_rule(resample_p)
def _resample(op: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    dim, weights = params
    return apply(op, *values, dim + 1, weights)


# the last step of a mean, by the number of dimensions, under PyTorch's names
window_means, part_means = (
    [labelled(resample_p, name) for name in ("SqueezeBackward1", *names)]
    for names in (
        ("AvgPool2DBackward0", "AvgPool3DBackward0"),
        ("AdaptiveAvgPool2DBackward0", "AdaptiveAvgPool3DBackward0"),
    )
)


def batch(input: Tensor, ndim: int, name: str) -> tuple[Tensor, bool]:
    """``input`` with a batch dimension, and whether it had one."""
    batched = spatial(input, ndim, name)
    if 0 in input.shape[-ndim - 1 :]:
        raise RuntimeError(
            f"{name}: Expected {ndim + 1}D or {ndim + 2}D (batch mode) tensor with optional 0 dim "
            f"batch size for input, but got:{list(input.shape)}"
        )
    return (input if batched else input.unsqueeze(0)), batched


def batch_of_parts(input: Tensor, ndim: int, name: str, first: int = 1) -> tuple[Tensor, bool]:
    """The same for poolings that choose their windows; the dimensions from ``first`` on are not
    empty.
    """
    if input.ndim not in (ndim + 1, ndim + 2):
        raise RuntimeError(
            f"{name}(): Expected {ndim + 1}D or {ndim + 2}D tensor, but got: {list(input.shape)}"
        )
    if 0 in input.shape[first:]:
        raise RuntimeError(
            f"{name}(): Expected input to have non-zero size for non-batch dimensions, but input "
            f"has sizes {list(input.shape)} with dimension {input.shape.index(0, first)} being "
            "empty"
        )
    batched = input.ndim == ndim + 2
    return (input if batched else input.unsqueeze(0)), batched


def results_of_parts(y: Tensor, batched: bool, name: str) -> Tensor:
    """``y`` without the batch dimension that was added; empty, it takes no gradient."""
    if 0 in y.shape[2:] and y.requires_grad:

        def refused(g: Tensor) -> NoReturn:
            raise RuntimeError(
                f"{name}_backward(): Expected grad_output to have non-zero size for non-batch "
                f"dimensions, but grad_output has sizes {list(g.shape)}"
            )

        y.register_hook(refused)
    return y if batched else y.squeeze(0)


def geometry(
    input: Any, ndim: int, name: str, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool,
) -> Any:  # fmt: skip
    """(kernel, stride, padding, dilation, output size), checked."""
    kernel = numbers(kernel_size, ndim, name, "kernel_size")
    absent = stride is None or stride == [] or stride == ()
    step = kernel if absent else numbers(stride, ndim, name, "stride")
    around = numbers(padding, ndim, name, "padding")
    spread = numbers(dilation, ndim, name, "dilation")
    for what, values in (("kernel_size", kernel), ("stride", step), ("dilation", spread)):
        if any(n <= 0 for n in values):
            raise RuntimeError(f"{name}: {what} must be greater than zero, but got {list(values)}")
    out = []
    for n, k, s, p, d in zip(input.shape[-ndim:], kernel, step, around, spread, strict=True):
        if p < 0:
            raise RuntimeError(f"{name}: pad must be non-negative, but got pad: {p}")
        if p > (d * (k - 1) + 1) // 2:
            raise RuntimeError(
                f"{name}: pad should be at most half of effective kernel size, but got pad={p}, "
                f"kernel_size={k} and dilation={d}"
            )
        m = (n + 2 * p - d * (k - 1) - 1 + (s - 1 if ceil_mode else 0)) // s + 1
        if ceil_mode and (m - 1) * s >= n + p:  # the last window has to start inside
            m -= 1
        out.append(m)
    if any(m < 1 for m in out):
        raise RuntimeError(
            f"{name}: Given input size: {list(input.shape[-ndim - 1 :])}. Calculated output size: "
            f"{out}. Output size is too small for kernel_size={list(kernel)}"
        )
    return kernel, step, around, spread, tuple(out)


def check_sizes(input: Any, output_size: Any) -> None:
    if isinstance(output_size, tuple | list) and input.ndim <= len(output_size):
        raise ValueError(
            f"Input dimension should be at least {len(output_size) + 1}, but got input of size "
            f"{list(input.shape)} for output_size={output_size}"
        )


def adaptive_size(output_size: Any, x: Any, ndim: int, name: str) -> tuple[int, ...]:
    """The sizes asked for; None stands for the input's."""
    given = output_size if isinstance(output_size, tuple | list) else (output_size,) * ndim
    if len(given) == 1:
        given = tuple(given) * ndim
    if len(given) != ndim:
        raise RuntimeError(
            f"{name}: output_size must be an int or {ndim} of them, but got {output_size}"
        )
    out = tuple(n if m is None else m for m, n in zip(given, x.shape[2:], strict=True))
    if any(m < 0 for m in out):
        raise RuntimeError(f"{name}: elements of output_size must be non-negative, but got {out}")
    if (total := math.prod((*x.shape[:2], *out)) * x.element_size()) >= 1 << 63:
        raise RuntimeError(
            f"{name}: Storage size calculation overflowed with sizes={[*x.shape[:2], *out]}: "
            f"{total} bytes"
        )
    return out


# --- means ----------------------------------------------------------------------------------


def _avg_pool(
    ndim: int, input: Tensor, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool,
    count_include_pad: bool, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    name = f"avg_pool{ndim}d"
    x, batched = batch(input, ndim, name)
    kernel, step, around, _, out = geometry(
        input, ndim, name, kernel_size, stride, padding, 1, ceil_mode
    )
    if input.dtype in HALVES:  # rounded once
        return _avg_pool(
            ndim, input.float(), kernel_size, stride, padding, ceil_mode, count_include_pad,
            divisor_override,
        ).to(input.dtype)  # fmt: skip
    if divisor_override is not None and divisor_override == 0:
        raise RuntimeError(f"{name}: divisor must be not zero")
    if x.dtype is not minitorch.int64:
        check_float(x, name)
    whole = not x.dtype.is_floating_point

    def pooled(x: Tensor, divisor: str) -> Tensor:
        for k, (n, *window) in enumerate(zip(x.shape[2:], out, kernel, step, around, strict=True)):
            averaged: Any = window_means[k] if k == ndim - 1 else resample_p
            x = averaged(x, 2 + k, resampling.windows(n, *window, divisor))
        return x

    counted = "padded" if count_include_pad else "inside"
    divisor: Any = divisor_override
    if whole and divisor is None:  # the numbers of elements, exactly
        ones = x.new_ones((1, 1, *x.shape[2:]), dtype=minitorch.float64)
        divisor = (pooled(ones, "none") / pooled(ones, counted)).round().to(x.dtype)
    if divisor is None:
        means = pooled(x, counted)
    else:
        means = div(pooled(x, "none"), divisor, rounding_mode="trunc" if whole else None)
    return means if batched else means.squeeze(0)


def avg_pool1d(
    input: Tensor, kernel_size: Sizes, stride: Sizes | None = None,
    padding: Sizes = 0, ceil_mode: bool = False, count_include_pad: bool = True,
) -> Tensor:  # fmt: skip
    """The means of windows; the arguments are those of ``avg_pool2d``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool1d.html
    """
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


@keeps_channels_last
def avg_pool2d(
    input: Tensor, kernel_size: Sizes, stride: Sizes | None = None,
    padding: Sizes = 0, ceil_mode: bool = False, count_include_pad: bool = True,
    divisor_override: int | None = None, *,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The means of windows.

    Args:
        input: (N, C, H, W) or (C, H, W)
        kernel_size: the windows' size, an int or one for each dimension.
        stride: the step between windows, by default their size.
        padding: zeros on both sides, half a window at most.
        ceil_mode: round the number of windows up: the last one may reach beyond the input.
        count_include_pad: count the zeros too.
        divisor_override: divide the sums by this instead.
    """
    return _avg_pool(
        2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Tensor, kernel_size: Sizes, stride: Sizes | None = None,
    padding: Sizes = 0, ceil_mode: bool = False, count_include_pad: bool = True,
    divisor_override: int | None = None, *,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The means of windows; the arguments are those of ``avg_pool2d``."""
    return _avg_pool(
        3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _adaptive_avg_pool(ndim: int, input: Tensor, output_size: Any) -> Tensor:
    name = f"adaptive_avg_pool{ndim}d"
    check_sizes(input, output_size)
    x, batched = batch_of_parts(input, ndim, name, 1 if ndim == 3 else input.ndim - ndim)
    check_float(x, name)
    if x.dtype in HALVES:  # rounded once
        return _adaptive_avg_pool(ndim, input.float(), output_size).to(x.dtype)
    for k, m in enumerate(adaptive_size(output_size, x, ndim, name), 2):
        averaged: Any = part_means[ndim - 1] if k == ndim + 1 else resample_p
        x = averaged(x, k, resampling.adaptive(x.shape[k], m))
    return results_of_parts(x, batched, name)


def adaptive_avg_pool1d(input: Tensor, output_size: AdaptiveSizes) -> Tensor:
    """The means of ``output_size`` parts of the last dimension.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool1d.html
    """
    return _adaptive_avg_pool(1, input, output_size)


@keeps_channels_last
def adaptive_avg_pool2d(input: Tensor, output_size: AdaptiveSizes) -> Tensor:
    """The means of parts, ``output_size`` (an int or two; None for all) in each dimension."""
    return _adaptive_avg_pool(2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: AdaptiveSizes) -> Tensor:
    """The means of parts, ``output_size`` (an int or three; None for all) in each dimension."""
    return _adaptive_avg_pool(3, input, output_size)


# --- norms ----------------------------------------------------------------------------------


def _lp_pool(
    ndim: int, input: Tensor, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Tensor:
    kernel = numbers(kernel_size, ndim, f"lp_pool{ndim}d", "kernel_size")
    means = _avg_pool(ndim, input**norm_type, kernel, stride, 0, ceil_mode, True)
    return (sign(means) * relu(abs(means)) * math.prod(kernel)) ** (1.0 / norm_type)


def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """``sum(x^p)^(1/p)`` of windows."""
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


@keeps_channels_last
def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """``sum(x^p)^(1/p)`` of windows."""
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """``sum(x^p)^(1/p)`` of windows."""
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)
