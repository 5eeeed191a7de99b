"""Convolutions and transposed ones.

A convolution is linear in the input and in the weights. Its two adjoints are linear in their inputs
too, and the derivatives of the three are the three again:

    y = convolution(x, w)         x gets transposed(g, w)      w gets weight_gradient(x, g)
    x = transposed(y, w)          y gets convolution(g, w)     w gets weight_gradient(g, y)
    w = weight_gradient(x, y)     x gets transposed(y, g)      y gets convolution(x, g)
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import minitorch
from minitorch import Tensor, stack
from minitorch.extend import primitive

from ..kernels import convolution as kernels
from .arguments import Sizes, keeps_channels_last, numbers, spatial

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_tbc",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
]

Pairs = tuple[tuple[int, int], ...]


# --- the definitions, in plain operations ---------------------------------------------------


def padded(x: Any, pairs: Pairs) -> Any:
    """Zeros around the spatial dimensions of ``x``."""
    return minitorch.constant_pad_nd(x, [n for pair in reversed(pairs) for n in pair])


def seen(x: Any, offset: Any, out: Any, stride: Any, dilation: Any, groups: int) -> Any:
    """What the weights at ``offset`` see of a padded x, as (batch, groups, channels, positions)."""
    key = (
        slice(d * k, d * k + s * (o - 1) + 1, s)
        for k, o, s, d in zip(offset, out, stride, dilation, strict=True)
    )
    part = x[(slice(None), slice(None), *key)]
    return part.reshape((len(x), groups, x.shape[1] // groups, math.prod(out)))


def by_group(w: Any, offset: Any, groups: int) -> Any:
    part = w[(slice(None), slice(None), *offset)]
    return part.reshape((groups, w.shape[0] // groups, w.shape[1]))


def convolution_definition(
    x: Any, w: Any, b: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    """The sum over the kernel's elements of a matrix product each."""
    kernel = tuple(w.shape[2:])
    out = kernels.output_size(tuple(x.shape[2:]), kernel, stride, padding, dilation)
    x = padded(x, padding)
    y = sum(
        by_group(w, offset, groups) @ seen(x, offset, out, stride, dilation, groups)
        for offset in itertools.product(*map(range, kernel))
    )
    y = y.reshape((len(x), w.shape[0], *out))
    return y if b is None else y + b.reshape((-1, *(1 for _ in out)))


def transposed_definition(
    g: Any, w: Any, size: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    """Each element of g puts its copy of the kernel into the result."""
    kernel, out = tuple(w.shape[2:]), tuple(g.shape[2:])
    n, channels = len(g), w.shape[1] * groups
    rows = g.reshape((n, groups, g.shape[1] // groups, math.prod(out)))
    total: Any = 0
    for offset in itertools.product(*map(range, kernel)):
        part = by_group(w, offset, groups).mT @ rows
        part = part.reshape((n, channels, *(m for o in out for m in (o, 1))))
        # stride - 1 zeros behind each element
        part = minitorch.constant_pad_nd(
            part, [m for s in reversed(stride) for m in (0, s - 1, 0, 0)]
        )
        part = part.reshape((n, channels, *(o * s for o, s in zip(out, stride, strict=True))))
        before = [d * k - a for d, k, (a, _) in zip(dilation, offset, padding, strict=True)]
        total = total + padded(
            part,
            tuple((b, m - o * s - b) for b, m, o, s in zip(before, size, out, stride, strict=True)),
        )
    return total


def weight_definition(
    x: Any, g: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    """One matrix product for each of the kernel's elements."""
    out = tuple(g.shape[2:])
    rows = g.reshape((len(g), groups, g.shape[1] // groups, math.prod(out)))
    x = padded(x, padding)
    each = [
        (rows @ seen(x, offset, out, stride, dilation, groups).mT).sum(0)
        for offset in itertools.product(*map(range, kernel))
    ]
    return stack(each, -1).reshape((g.shape[1], x.shape[1] // groups, *kernel))


# --- the three ------------------------------------------------------------------------------

convolution_p = primitive(
    kernels.convolution,
    "x w b | stride padding dilation groups",
    lambda g, w, x_shape, stride, padding, dilation, groups: convolution_transpose_p(
        g, w, tuple(x_shape[2:]), stride, padding, dilation, groups
    ),
    lambda g, x, w_shape, stride, padding, dilation, groups: convolution_weight_p(
        x, g, tuple(w_shape[2:]), stride, padding, dilation, groups
    ),
    lambda g: g.sum((0, *range(2, g.ndim))),
    name="convolution",
    definition=convolution_definition,
)
convolution_transpose_p: Callable[..., Tensor] = primitive(
    kernels.transposed,
    "g w | size stride padding dilation groups",
    lambda h, w, stride, padding, dilation, groups: convolution_p(
        h, w, None, stride, padding, dilation, groups
    ),
    lambda h, g, w_shape, stride, padding, dilation, groups: convolution_weight_p(
        h, g, tuple(w_shape[2:]), stride, padding, dilation, groups
    ),
    name="convolution_transpose",
    label="ConvolutionBackward0",
    definition=transposed_definition,
)
convolution_weight_p: Callable[..., Tensor] = primitive(
    kernels.weight_gradient,
    "x g | kernel stride padding dilation groups",
    lambda h, g, x_shape, stride, padding, dilation, groups: convolution_transpose_p(
        g, h, tuple(x_shape[2:]), stride, padding, dilation, groups
    ),
    lambda h, x, stride, padding, dilation, groups: convolution_p(
        x, h, None, stride, padding, dilation, groups
    ),
    name="convolution_weight",
    definition=weight_definition,
)


# --- public ---------------------------------------------------------------------------------


def _check(input: Any, weight: Any, bias: Any, ndim: int, channels: int, out: int, name: str,
           groups: int, stride: Any, dilation: Any) -> None:  # fmt: skip
    """Raises for what does not fit; weights take ``channels`` and give ``out``."""
    if weight.ndim != ndim + 2:
        raise RuntimeError(
            f"{name}: expected {ndim + 2}-dimensional weight, but got weight of size "
            f"{list(weight.shape)}"
        )
    if groups <= 0:
        raise RuntimeError(f"{name}: non-positive groups is not supported, but got {groups}")
    if any(s <= 0 for s in stride):
        raise RuntimeError(f"{name}: non-positive stride is not supported, but got {list(stride)}")
    if any(d <= 0 for d in dilation):
        raise RuntimeError(
            f"{name}: dilation should be greater than zero, but got {list(dilation)}"
        )
    if weight.shape[0] % groups or not weight.shape[0]:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, and "
            f"divisible by {groups}, but got weight of size {list(weight.shape)} instead"
        )
    if input.shape[-ndim - 1] != channels:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(weight.shape)}, expected "
            f"input{list(input.shape)} to have {channels} channels, but got "
            f"{input.shape[-ndim - 1]} channels instead"
        )
    if bias is not None and tuple(bias.shape) != (out,):
        raise RuntimeError(
            f"{name}: weight of size {list(weight.shape)}, expected bias to be 1-dimensional with "
            f"{out} elements, but got bias of size {list(bias.shape)} instead"
        )
    for what, other in (("weight", weight), ("bias", bias)):
        if other is not None and other.dtype != input.dtype:
            raise RuntimeError(
                f"{name}: Input type ({input.type()}) and {what} type ({other.type()}) should be "
                "the same"
            )


def _conv(
    ndim: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any,
    dilation: Any, groups: int,
) -> Tensor:  # fmt: skip
    name = f"conv{ndim}d"
    batched = spatial(input, ndim, name)
    stride = numbers(stride, ndim, name, "stride")
    dilation = numbers(dilation, ndim, name, "dilation")
    _check(
        input, weight, bias, ndim, weight.shape[1] * groups if weight.ndim > 1 else 0,
        weight.shape[0], name, groups, stride, dilation,
    )  # fmt: skip
    kernel = tuple(weight.shape[2:])
    if isinstance(padding, str):
        if padding == "valid":
            pairs: Any = ((0, 0),) * ndim
        elif padding != "same":
            raise RuntimeError(f"Invalid padding string: '{padding}', use 'valid' or 'same'")
        elif any(s != 1 for s in stride):
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        else:
            totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
            pairs = tuple((n // 2, n // 2) for n in totals)
            if any(n % 2 for n in totals):
                input = minitorch.constant_pad_nd(
                    input, [m for n in reversed(totals) for m in (0, n % 2)]
                )
    else:
        pairs = tuple((n, n) for n in numbers(padding, ndim, name, "padding"))
        if any(a < 0 for a, _ in pairs):
            raise RuntimeError(f"{name}: negative padding is not supported, but got {padding}")
    reach = [n + a + b for n, (a, b) in zip(input.shape[-ndim:], pairs, strict=True)]
    wide = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    if any(k > n for k, n in zip(wide, reach, strict=True)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, reach))}). "
            f"Kernel size: ({' x '.join(map(str, wide))}). Kernel size can't be greater than "
            f"actual input size, in {name} with a kernel of {kernel} and dilation {dilation}"
        )
    x = input if batched else input.unsqueeze(0)
    y = convolution_p(x, weight, bias, stride, pairs, dilation, groups)
    return y if batched else y.squeeze(0)


def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """``conv1d`` of (time, batch, channels) with a weight (kernel, channels in, channels out)."""
    x, w = input.permute(1, 2, 0), weight.permute(2, 1, 0)
    return conv1d(x, w, bias, padding=pad).permute(2, 0, 1)


def conv1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Sizes = 1,
    padding: Sizes | str = 0, dilation: Sizes = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolution (cross-correlation) of sequences; the arguments are those of ``conv2d``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv1d.html
    """
    return _conv(1, input, weight, bias, stride, padding, dilation, groups)


@keeps_channels_last
def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Sizes = 1,
    padding: Sizes | str = 0, dilation: Sizes = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolution (cross-correlation) of images.

    Args:
        input: (N, C, H, W) or (C, H, W)
        weight: (O, C / groups, kH, kW)
        bias: (O,)
        stride: the step between positions of the kernel, an int or one for each dimension.
        padding: zeros on both sides, or ``"valid"`` for none, or ``"same"`` for a result as large
            as the input (stride 1).
        dilation: the step between the kernel's elements.
        groups: channels are divided into as many groups that do not see one another.

    Returns:
        (N, O, ...), each size (n + 2 padding - dilation (k - 1) - 1) // stride + 1

    Raises:
        RuntimeError: shapes or dtypes do not fit.

    Example:
        >>> import minitorch
        >>> from minitorch.nn.functional import conv2d
        >>> conv2d(minitorch.zeros(2, 3, 28, 28), minitorch.zeros(8, 3, 5, 5)).shape
        torch.Size([2, 8, 24, 24])

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html
    """
    return _conv(2, input, weight, bias, stride, padding, dilation, groups)


@keeps_channels_last
def conv3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Sizes = 1,
    padding: Sizes | str = 0, dilation: Sizes = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolution (cross-correlation) of volumes; the arguments are those of ``conv2d``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv3d.html
    """
    return _conv(3, input, weight, bias, stride, padding, dilation, groups)


def _conv_transpose(
    ndim: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any,
    output_padding: Any, groups: int, dilation: Any,
) -> Tensor:  # fmt: skip
    name = f"conv_transpose{ndim}d"
    batched = spatial(input, ndim, name)
    stride = numbers(stride, ndim, name, "stride")
    dilation = numbers(dilation, ndim, name, "dilation")
    padding = numbers(padding, ndim, name, "padding")
    extra = numbers(output_padding, ndim, name, "output_padding")
    out = weight.shape[1] * groups if weight.ndim > 1 else 0
    _check(input, weight, bias, ndim, weight.shape[0], out, name, groups, stride, dilation)
    if any(n < 0 for n in padding):
        raise RuntimeError(f"{name}: negative padding is not supported, but got {list(padding)}")
    if any(e < 0 for e in extra):
        raise RuntimeError(f"{name}: negative output_padding is not supported: {list(extra)}")
    if any(e >= s and e >= d for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise RuntimeError(
            f"{name}: output padding must be smaller than either stride or dilation, but got "
            f"output_padding={list(extra)}, stride={list(stride)}, dilation={list(dilation)}"
        )
    kernel = weight.shape[2:]
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, s, p, d, k, e in zip(
            input.shape[-ndim:], stride, padding, dilation, kernel, extra, strict=True
        )
    )
    if any(n <= 0 for n in size):
        raise RuntimeError(
            f"{name}: Given input size per channel: {list(input.shape[-ndim:])}. Calculated output "
            f"size per channel: {list(size)}. Output size is too small"
        )
    # padded like this, the convolution of the result has the input's size
    pairs = tuple((p, p - e) for p, e in zip(padding, extra, strict=True))
    x = input if batched else input.unsqueeze(0)
    y = convolution_transpose_p(x, weight, size, stride, pairs, dilation, groups)
    if bias is not None:
        y = y + bias.reshape((-1, *(1 for _ in size)))
    return y if batched else y.squeeze(0)


def conv_transpose1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Sizes = 1,
    padding: Sizes = 0, output_padding: Sizes = 0, groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:  # fmt: skip
    """The adjoint of ``conv1d``; the arguments are those of ``conv_transpose2d``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose1d.html
    """
    return _conv_transpose(
        1, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


@keeps_channels_last
def conv_transpose2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Sizes = 1,
    padding: Sizes = 0, output_padding: Sizes = 0, groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:  # fmt: skip
    """The adjoint of ``conv2d``: from the output's shape to the input's.

    Args:
        input: (N, C, H, W) or (C, H, W)
        weight: (C, O / groups, kH, kW)
        bias: (O,)
        stride: of the convolution.
        padding: of the convolution: what it takes off the result on both sides.
        output_padding: added to the size on one side, as strides hide it.
        groups: of the convolution.
        dilation: of the convolution.

    Returns:
        (N, O, ...), each size (n - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose2d.html
    """
    return _conv_transpose(
        2, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


@keeps_channels_last
def conv_transpose3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Sizes = 1,
    padding: Sizes = 0, output_padding: Sizes = 0, groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:  # fmt: skip
    """The adjoint of ``conv3d``; the arguments are those of ``conv_transpose2d``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose3d.html
    """
    return _conv_transpose(
        3, input, weight, bias, stride, padding, output_padding, groups, dilation
    )
