"""Normalization: of batches, layers, groups of channels, single channels; by squares."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

from minitorch import (
    Tensor,
    bfloat16,
    channels_last,
    channels_last_3d,
    div,
    finfo,
    float16,
    float32,
    int64,
    no_grad,
    rsqrt,
)
from minitorch.extend import apply, batching_rule, fused, in_single, labelled, primitive, wrap

from ..kernels import normalization as kernels
from ..kernels import resampling
from ..kernels.dtypes import check_float, check_same
from .arguments import keeps_channels_last, suggests_channels_last, with_channels_last
from .batching import together
from .pooling import resample_p

__all__ = [
    "batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "local_response_norm",
    "rms_norm",
]


def centered(x: Any, dims: tuple[int, ...], eps: float) -> Any:
    """``(x - mean) / sqrt(variance + eps)``"""
    around = x - x.mean(dims, keepdim=True)
    return around * rsqrt((around * around).mean(dims, keepdim=True) + eps)


def layer_norm_definition(x: Any, w: Any, b: Any, ndim: int, eps: float) -> Any:
    _check_dtypes("layer_norm", x, weight=w, bias=b)
    y = centered(x, tuple(range(-ndim, 0)), eps)
    y = y if w is None else y * w
    return y if b is None else y + b


def channel_norm_definition(
    x: Any, w: Any, b: Any, mean: Any, var: Any, groups: int, eps: float
) -> Any:
    shape = tuple(x.shape)
    if groups:
        y = centered(x.reshape((shape[0], groups, -1)), (2,), eps).reshape(shape)
    else:
        y = centered(x, (0, *range(2, len(shape))), eps)
    return affine(y, w, b)


def affine(x: Tensor, w: Tensor | None, b: Tensor | None) -> Tensor:
    """A factor and a summand for each channel."""
    ones = (1,) * (x.ndim - 2)
    x = x if w is None else x * w.reshape((-1, *ones))
    return x if b is None else x + b.reshape((-1, *ones))


HALVES = (float16, bfloat16)
half_layer_norm = in_single(kernels.layer_norm, 1)


def _layer_norm(x: Any, w: Any, b: Any, *options: Any) -> Any:
    dtype = x.dtype
    if (
        dtype.kind not in "fV"
        or (w is not None and w.dtype is not dtype)
        or (b is not None and b.dtype is not dtype)
    ):
        named = (("weight", w), ("bias", b))
        params = {name: v if v is None else wrap(v) for name, v in named}
        _check_dtypes("layer_norm", wrap(x), **params)
    run = kernels.layer_norm if dtype.char != "e" else half_layer_norm
    return run(x, w, b, *options)


native_layer_norm_p = fused(
    _layer_norm,
    "x w b | ndim eps",
    in_single(kernels.layer_norm_backward),
    layer_norm_definition,
    name="native_layer_norm",
    residuals="mean rstd",
    compiled="rows.layer_norm rows.layer_norm_backward",
)
# ``mean`` and ``var`` are those of x: no gradient passes through them as inputs
native_batch_norm_p = fused(
    in_single(kernels.channel_norm, 1),
    "x w b mean var | groups eps",
    in_single(kernels.channel_norm_backward),
    channel_norm_definition,
    name="native_batch_norm",
    residuals="rstd",
    compiled="channels.channel_norm channels.channel_norm_backward",
)
native_group_norm_p = labelled(native_batch_norm_p, "NativeGroupNormBackward0")
channel_moments_p = primitive(
    in_single(kernels.moments, 0),
    "x | groups -> mean var",
    None,
    name="channel_moments",
    compiled="channels.moments",
)


@batching_rule(channel_moments_p)
def _moments(op: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    (x,), (groups,) = values, params
    if groups:
        return together(op, values, batched, params, size)
    n, c, *spatial = x.shape[1:]  # over all of the batch: each example has channels of its own
    x = x.permute((1, 0, *range(2, x.ndim))).reshape((n, size * c, *spatial))
    return tuple(each.reshape((size, 1, c)) for each in apply(op, x, groups))


def _check_affine(name: str, weight: Any, bias: Any, channels: int) -> None:
    for what, value in (("weight", weight), ("bias", bias)):
        if value is not None and tuple(value.shape) != (channels,):
            raise RuntimeError(
                f"{name}: Expected {what} to be a vector of size equal to the number of channels "
                f"in input ({channels}), but got {what} of shape {list(value.shape)}"
            )


def _check_dtypes(name: str, input: Any, **params: Any) -> None:
    """Parameters have the input's dtype; with one of ``HALVES`` they may all be float32."""
    dtype = input.dtype
    for value in params.values():
        if value is not None and value.dtype is not dtype:
            break
    else:
        if dtype.is_floating_point:
            return
    half = dtype in HALVES and all(p is None or p.dtype is float32 for p in params.values())
    if not half:
        check_same(name, input, **params)
    check_float(input, name)


def _laid_as(out: Tensor, x: Tensor) -> Tensor:
    """``out`` in the memory format of the input ``x``."""
    if x.is_contiguous() or x.ndim not in (4, 5):
        return out
    form = channels_last if x.ndim == 4 else channels_last_3d
    if x.is_contiguous(memory_format=form):
        return out.contiguous(memory_format=form)
    made: Tensor = with_channels_last(out) if suggests_channels_last(x) else out
    return made


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Each channel with mean 0 and variance 1 over the batch (Ioffe and Szegedy, 2015).

    Args:
        input: (N, C, ...)
        running_mean: (C,), changed in place while training: (1 - momentum) old + momentum new.
        running_var: (C,), the same with the unbiased variance.
        weight: (C,), a factor for each channel.
        bias: (C,), a summand for each channel.
        training: whether to normalize by the batch's own statistics, not the running ones.
        momentum: the share of the new statistics.
        eps: added to the variance.

    Raises:
        ValueError: a channel has one value only while training.
        RuntimeError: the statistics' or parameters' sizes are not the number of channels.
    """
    _check_dtypes(
        "batch_norm", input,
        running_mean=running_mean, running_var=running_var, weight=weight, bias=bias,
    )  # fmt: skip
    if input.ndim < 2:
        if not input.numel():
            return input.clone()
        raise RuntimeError(
            f"batch_norm: expected an input of shape (N, C, ...), but got {list(input.shape)}"
        )
    channels = input.shape[1]
    count = input.numel() // channels if channels else 0
    if training and count <= 1 and input.numel():
        raise ValueError(
            "Expected more than 1 value per channel when training, got input size "
            f"{list(input.shape)}"
        )
    for name, value in (("running_mean", running_mean), ("running_var", running_var)):
        if value is None and not training:
            raise RuntimeError(
                f"Expected {name} to be defined when training=False: batch_norm normalizes by it"
            )
        if value is not None and value.numel() != channels:
            raise RuntimeError(
                f"{name} should contain {channels} elements not {value.numel()}: the input has the "
                f"shape {list(input.shape)}"
            )
    _check_affine("batch_norm", weight, bias, channels)
    if running_mean is not None and running_var is not None and not training:
        if input.dtype in HALVES:  # rounded once
            x, mean, var = input.float(), running_mean.float(), running_var.float()
            w, b = (None if p is None else p.float() for p in (weight, bias))
            return batch_norm(x, mean, var, w, b, eps=eps).to(input.dtype)
        scale = rsqrt(running_var + eps)
        ones = (1,) * (input.ndim - 2)
        centers = running_mean.reshape((-1, *ones))
        scale = scale if weight is None else scale * weight
        out = affine(input.contiguous() - centers, scale, bias).to(input.dtype)
        return _laid_as(out, input)
    if not input.numel():
        return affine(input.clone(), weight, bias)
    mean, var = channel_moments_p(input, 0)
    out = native_batch_norm_p(input, weight, bias, mean, var, 0, eps)
    _update(running_mean, mean[0], momentum)
    _update(running_var, var[0] * (count / (count - 1)), momentum)
    return _laid_as(out, input)


def _update(running: Any, new: Any, momentum: float) -> None:
    if running is not None:
        with no_grad():
            running.copy_((1 - momentum) * running + momentum * new)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Each channel of each example with mean 0 and variance 1 (Ulyanov et al., 2016).

    The arguments are those of ``batch_norm``; ``use_input_stats`` is its ``training``.
    """
    _check_dtypes("instance_norm", input, weight=weight, bias=bias)
    if input.ndim < 2 or not (use_input_stats or running_mean is not None):
        raise RuntimeError(
            "Expected running_mean and running_var to be defined when use_input_stats is false, "
            f"and an input of shape (N, C, ...), but got {list(input.shape)}"
        )
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    count = math.prod(input.shape[2:])
    if count == 1:
        raise ValueError(
            "Expected more than 1 spatial element when training, got input size "
            f"{list(input.shape)}"
        )
    channels = input.shape[1]
    for name, value in (("running_mean", running_mean), ("running_var", running_var)):
        if value is not None and value.numel() != channels:
            raise RuntimeError(
                f"{name} should contain {channels} elements not {value.numel()}: the input has the "
                f"shape {list(input.shape)}"
            )
    _check_affine("instance_norm", weight, bias, channels)
    if not input.numel():
        return affine(input.clone(), weight, bias)
    mean, var = channel_moments_p(input, channels)
    weight = None if weight is None else weight.clone()  # what is saved is not the parameter itself
    out = native_batch_norm_p(input, weight, bias, mean, var, channels, eps)
    _update(running_mean, mean.mean(0), momentum)
    _update(running_var, var.mean(0) * (count / (count - 1)), momentum)
    return out


@keeps_channels_last
def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """Each example's groups of channels with mean 0 and variance 1 (Wu and He, 2018).

    Args:
        input: (N, C, ...)
        num_groups: how many groups to divide the channels in.
        weight: (C,), a factor for each channel.
        bias: (C,), a summand for each channel.
        eps: added to the variance.
    """
    _check_dtypes("group_norm", input, weight=weight, bias=bias)
    if input.ndim < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {input.ndim}"
        )
    n, channels = input.shape[:2]
    if num_groups <= 0 or channels % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(input.shape)} and num_groups={num_groups}"
        )
    if n * channels // num_groups * math.prod(input.shape[2:]) == 1:
        raise ValueError(
            "Expected more than 1 value per channel when training, got input size "
            f"{list(input.shape)} for {num_groups} groups"
        )
    _check_affine("group_norm", weight, bias, channels)
    if not input.numel():
        return affine(input.clone(), weight, bias)
    mean, var = channel_moments_p(input, num_groups)
    return native_group_norm_p(input, weight, bias, mean, var, num_groups, eps)


def _normalized_dims(name: str, input: Any, normalized_shape: Any, weight: Any, bias: Any) -> int:
    shape = tuple(normalized_shape)
    if (
        shape
        and input.shape[-len(shape) :] == shape
        and (weight is None or weight.shape == shape)
        and (bias is None or bias.shape == shape)
    ):
        return len(shape)
    if not shape:
        raise RuntimeError(
            f"{name}: Expected normalized_shape to be at least 1-dimensional, i.e., containing at "
            f"least one element, but got normalized_shape = {list(shape)}"
        )
    for what, value in (("weight", weight), ("bias", bias)):
        if value is not None and tuple(value.shape) != shape:
            raise RuntimeError(
                f"{name}: Expected {what} to be of same shape as normalized_shape, but got {what} "
                f"of shape {list(value.shape)} and normalized_shape = {list(shape)}"
            )
    raise RuntimeError(
        f"Given normalized_shape={list(shape)}, expected input with shape "
        f"[*, {', '.join(map(str, shape))}], but got input of size{list(input.shape)}"
    )


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """Each example's last dimensions with mean 0 and variance 1 (Ba et al., 2016).

    Args:
        input: (*, normalized_shape)
        normalized_shape: the sizes of the dimensions over which to normalize.
        weight: of that shape, factors.
        bias: of that shape, summands.
        eps: added to the variance.
    """
    ndim = _normalized_dims("layer_norm", input, normalized_shape, weight, bias)
    if not input.numel():
        _check_dtypes("layer_norm", input, weight=weight, bias=bias)
        out = input.clone() if weight is None else input * weight
        return out if bias is None else out + bias
    return native_layer_norm_p(input, weight, bias, ndim, eps)


@keeps_channels_last
def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """Each example's last dimensions over the root of their mean square (Zhang, Sennrich, 2019).

    Args:
        input: (*, normalized_shape)
        normalized_shape: the sizes of the dimensions over which to normalize.
        weight: of that shape, factors.
        eps: added to the mean square, by default the dtype's distance from 1 to the next number.
    """
    ndim = _normalized_dims("rms_norm", input, normalized_shape, weight, None)
    if not input.dtype.is_complex:
        check_float(input, "rms_norm")
    input = input.contiguous()
    eps = finfo(input.dtype).eps if eps is None else eps
    wide = input.float() if input.dtype in HALVES else input
    squares = (wide * wide).mean(tuple(range(-ndim, 0)), keepdim=True)
    out = wide * rsqrt(squares + eps)
    return (out if weight is None else out * weight).to(input.dtype)


@keeps_channels_last
def local_response_norm(
    input: Tensor, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """``x / (k + alpha mean(squares of size neighbouring channels))^beta``."""
    if input.ndim < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions)"
        )
    if input.dtype is not int64:
        check_float(input, "local_response_norm")
    if not input.numel():
        return input
    channels, size = input.shape[1], operator.index(size)
    near = resampling.windows(channels, channels, size, 1, size // 2, "none")
    sums = resample_p(input * input, 1, near)
    means = div(sums, size, rounding_mode=None if input.dtype.is_floating_point else "trunc")
    return input / (means * alpha + k) ** beta
