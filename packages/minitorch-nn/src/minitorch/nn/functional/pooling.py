"""Pooling: maxima, means and norms of windows."""

from __future__ import annotations

import math
from typing import Any

import minitorch
from minitorch import div, sign
from minitorch.extend import primitive

from ..kernels import pooling as kernels
from ..kernels import resampling
from .activation import relu
from .arguments import numbers, spatial

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
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

# Weighted sums along a dimension; ``arg`` are the weights, a sparse matrix.
resampled: Any = primitive(
    resampling.resample,
    "x | dim arg",
    lambda g, dim, arg: resampled(g, dim, arg.T),
    name="resample",
    traits=("linear",),
)
put: Any = primitive(
    kernels.put,
    "g indices | size once",
    lambda h, indices: taken(h, indices),
    None,
    name="put_places",
    traits=("linear",),
)
taken: Any = primitive(
    kernels.take,
    "x indices",
    lambda g, indices, x_shape: put(g, indices, tuple(x_shape[2:]), False),
    None,
    name="take_places",
    traits=("linear",),
)
maxima: Any = primitive(
    kernels.max_pool,
    "x | axes once -> values indices",
    lambda g, indices, x_shape, once: put(g, indices, tuple(x_shape[2:]), once),
    name="max_pool",
)


def _batch(input: Any, ndim: int, name: str) -> Any:
    """``input`` with a batch dimension, and whether it had one."""
    batched = spatial(input, ndim, name)
    if 0 in input.shape[-ndim - 1 :]:
        raise RuntimeError(
            f"{name}: Expected input with non-zero size for non-batch dimensions, but got input of "
            f"size {list(input.shape)}"
        )
    return (input if batched else input.unsqueeze(0)), batched


def _geometry(
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


# --- maxima ---------------------------------------------------------------------------------


def _max_pool(
    ndim: int, input: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool,
) -> Any:  # fmt: skip
    name = f"max_pool{ndim}d"
    x, batched = _batch(input, ndim, name)
    kernel, step, around, spread, out = _geometry(
        input, ndim, name, kernel_size, stride, padding, dilation, ceil_mode
    )
    axes = tuple(map(kernels.axis, x.shape[2:], out, kernel, step, around, spread))
    apart = all(s >= d * (k - 1) + 1 for k, s, d in zip(kernel, step, spread, strict=True))
    values, indices = maxima(x, axes, apart)
    return (values, indices) if batched else (values.squeeze(0), indices.squeeze(0))


def _adaptive_max_pool(ndim: int, input: Any, output_size: Any) -> Any:
    name = f"adaptive_max_pool{ndim}d"
    _check_sizes(input, output_size)
    x, batched = _batch(input, ndim, name)
    out = _output_size(output_size, x, ndim, name)
    axes = tuple(map(kernels.adaptive_axis, x.shape[2:], out))
    values, indices = maxima(x, axes, all(map(_divides, out, x.shape[2:])))
    return (values, indices) if batched else (values.squeeze(0), indices.squeeze(0))


def _check_sizes(input: Any, output_size: Any) -> None:
    if isinstance(output_size, tuple | list) and input.ndim <= len(output_size):
        raise ValueError(
            f"Input dimension should be at least {len(output_size) + 1}, but got input of size "
            f"{list(input.shape)} for output_size={output_size}"
        )


def _divides(m: int, n: int) -> bool:
    return m > 0 and n % m == 0


def _output_size(output_size: Any, x: Any, ndim: int, name: str) -> tuple[int, ...]:
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
    return out


def _with_indices(ndim: int) -> Any:
    def function(
        input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
        ceil_mode: bool = False, return_indices: bool = False,
    ) -> Any:  # fmt: skip
        return _max_pool(ndim, input, kernel_size, stride, padding, dilation, ceil_mode)

    function.__name__ = function.__qualname__ = f"max_pool{ndim}d_with_indices"
    return function


def _adaptive_with_indices(ndim: int) -> Any:
    def function(input: Any, output_size: Any, return_indices: bool = False) -> Any:
        return _adaptive_max_pool(ndim, input, output_size)

    function.__name__ = function.__qualname__ = f"adaptive_max_pool{ndim}d_with_indices"
    return function


max_pool1d_with_indices = _with_indices(1)
max_pool2d_with_indices = _with_indices(2)
max_pool3d_with_indices = _with_indices(3)
adaptive_max_pool1d_with_indices = _adaptive_with_indices(1)
adaptive_max_pool2d_with_indices = _adaptive_with_indices(2)
adaptive_max_pool3d_with_indices = _adaptive_with_indices(3)


def max_pool1d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The maxima of windows; the arguments are those of ``max_pool2d``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool1d.html
    """
    found = _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode)
    return found if return_indices else found[0]


def max_pool2d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
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

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html
    """
    found = _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode)
    return found if return_indices else found[0]


def max_pool3d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The maxima of windows; the arguments are those of ``max_pool2d``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool3d.html
    """
    found = _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode)
    return found if return_indices else found[0]


def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of ``output_size`` parts of the last dimension.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool1d.html
    """
    found = _adaptive_max_pool(1, input, output_size)
    return found if return_indices else found[0]


def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of parts, ``output_size`` (an int or two; None for all) in each dimension.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool2d.html
    """
    found = _adaptive_max_pool(2, input, output_size)
    return found if return_indices else found[0]


def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of parts, ``output_size`` (an int or three; None for all) in each dimension.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool3d.html
    """
    found = _adaptive_max_pool(3, input, output_size)
    return found if return_indices else found[0]


# --- back to where the maxima were ----------------------------------------------------------


def _max_unpool(
    ndim: int, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any,
    output_size: Any,
) -> Any:  # fmt: skip
    name = f"max_unpool{ndim}d"
    kernel = numbers(kernel_size, ndim, name, "kernel_size")
    step = kernel if stride is None else numbers(stride, ndim, name, "stride")
    around = numbers(padding, ndim, name, "padding")
    x, batched = _batch(input, ndim, name)
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
    if index.numel() and not (int(index.min()) >= 0 and int(index.max()) < plane):
        raise RuntimeError(
            f"{name}: found an invalid max index: indices run from {int(index.min())} to "
            f"{int(index.max())}, but the output of size {list(size)} has {plane} elements"
        )
    out = put(x, index, size, True)
    return out if batched else out.squeeze(0)


def max_unpool1d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> Any:  # fmt: skip
    """Maxima back at their places; the arguments are those of ``max_unpool2d``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool1d.html
    """
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> Any:  # fmt: skip
    """Maxima back at their places, zeros elsewhere.

    Args:
        input: what ``max_pool2d`` returned.
        indices: the places that it returned.
        kernel_size: as there.
        stride: as there.
        padding: as there.
        output_size: the size of the pooled input, where strides hide it.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool2d.html
    """
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> Any:  # fmt: skip
    """Maxima back at their places; the arguments are those of ``max_unpool2d``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool3d.html
    """
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)


# --- means ----------------------------------------------------------------------------------


def _avg_pool(
    ndim: int, input: Any, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool,
    count_include_pad: bool, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    name = f"avg_pool{ndim}d"
    x, batched = _batch(input, ndim, name)
    kernel, step, around, _, out = _geometry(
        input, ndim, name, kernel_size, stride, padding, 1, ceil_mode
    )
    if divisor_override is not None and divisor_override == 0:
        raise RuntimeError(f"{name}: divisor must be not zero")
    whole = not x.dtype.is_floating_point

    def pooled(x: Any, divisor: str) -> Any:
        for k, (n, *window) in enumerate(zip(x.shape[2:], out, kernel, step, around, strict=True)):
            x = resampled(x, 2 + k, resampling.windows(n, *window, divisor))
        return x

    counted = "padded" if count_include_pad else "inside"
    divisor: Any = divisor_override
    if whole and divisor is None:  # the numbers of elements, exactly
        ones = minitorch.ones((1, 1, *x.shape[2:]), dtype=minitorch.float64)
        divisor = (pooled(ones, "none") / pooled(ones, counted)).round().to(x.dtype)
    if divisor is None:
        means = pooled(x, counted)
    else:
        means = div(pooled(x, "none"), divisor, rounding_mode="trunc" if whole else None)
    return means if batched else means.squeeze(0)


def avg_pool1d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:  # fmt: skip
    """The means of windows; the arguments are those of ``avg_pool2d``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool1d.html
    """
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """The means of windows.

    Args:
        input: (N, C, H, W) or (C, H, W)
        kernel_size: the windows' size, an int or one for each dimension.
        stride: the step between windows, by default their size.
        padding: zeros on both sides, half a window at most.
        ceil_mode: round the number of windows up: the last one may reach beyond the input.
        count_include_pad: count the zeros too.
        divisor_override: divide the sums by this instead.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html
    """
    return _avg_pool(
        2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """The means of windows; the arguments are those of ``avg_pool2d``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool3d.html
    """
    return _avg_pool(
        3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _adaptive_avg_pool(ndim: int, input: Any, output_size: Any) -> Any:
    name = f"adaptive_avg_pool{ndim}d"
    _check_sizes(input, output_size)
    x, batched = _batch(input, ndim, name)
    if not x.dtype.is_floating_point:
        raise NotImplementedError(f'"{name}" not implemented for {x.dtype}')
    for k, m in enumerate(_output_size(output_size, x, ndim, name), 2):
        x = resampled(x, k, resampling.adaptive(x.shape[k], m))
    return x if batched else x.squeeze(0)


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """The means of ``output_size`` parts of the last dimension.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool1d.html
    """
    return _adaptive_avg_pool(1, input, output_size)


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """The means of parts, ``output_size`` (an int or two; None for all) in each dimension.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool2d.html
    """
    return _adaptive_avg_pool(2, input, output_size)


def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    """The means of parts, ``output_size`` (an int or three; None for all) in each dimension.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool3d.html
    """
    return _adaptive_avg_pool(3, input, output_size)


# --- norms ----------------------------------------------------------------------------------


def _lp_pool(
    ndim: int, input: Any, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Any:
    kernel = numbers(kernel_size, ndim, f"lp_pool{ndim}d", "kernel_size")
    means = _avg_pool(ndim, input**norm_type, kernel, stride, 0, ceil_mode, True)
    return (sign(means) * relu(abs(means)) * math.prod(kernel)) ** (1.0 / norm_type)


def lp_pool1d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """``sum(x^p)^(1/p)`` of windows.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool1d.html
    """
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """``sum(x^p)^(1/p)`` of windows.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool2d.html
    """
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """``sum(x^p)^(1/p)`` of windows.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool3d.html
    """
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)
