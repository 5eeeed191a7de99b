"""Convolution layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import minitorch
from minitorch import Tensor

from .. import init
from ..functional import convolution as F
from ..functional import padding
from ..functional.arguments import Sizes
from ..module import Module
from ..parameter import Parameter
from .lazy import LazyModuleMixin, materialize, postpone

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
]


def by_class(module: Any, table: dict[type, Any]) -> Any:
    """What ``table`` says of the module's class, or of the nearest of its bases."""
    return next(table[kind] for kind in type(module).__mro__ if kind in table)


def ntuple(value: Any, n: int) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,) * n


def build(
    self: Any, transposed: bool, in_channels: int, out_channels: int, kernel_size: Sizes,
    stride: Sizes, padding: str | Sizes, output_padding: Sizes, dilation: Sizes, groups: int,
    bias: bool, padding_mode: str, device: Any, dtype: Any,
) -> None:  # fmt: skip
    name, n = type(self).__name__, by_class(self, DIMENSIONS)
    self.transposed = transposed
    if groups <= 0:
        raise ValueError(f"{name}: groups must be a positive integer, but got {groups}")
    for what, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        if channels % groups:
            raise ValueError(
                f"{name}: {what} must be divisible by groups, but got {what}={channels} and "
                f"groups={groups}"
            )
    modes = ("zeros", "reflect", "replicate", "circular")
    if padding_mode not in modes:
        raise ValueError(
            f"padding_mode must be one of {set(modes)}, but got padding_mode='{padding_mode}'"
        )
    self.in_channels, self.out_channels = in_channels, out_channels
    self.kernel_size, self.stride = ntuple(kernel_size, n), ntuple(stride, n)
    self.dilation, self.output_padding = ntuple(dilation, n), ntuple(output_padding, n)
    self.groups, self.padding_mode = groups, padding_mode
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise ValueError(
                f"Invalid padding string {padding!r}, should be one of {{'same', 'valid'}}"
            )
        if padding == "same" and any(s != 1 for s in self.stride):
            raise ValueError("padding='same' is not supported for strided convolutions")
        self.padding = padding
    else:
        self.padding = ntuple(padding, n)
    shape = weight_shape(self)
    self.weight = Parameter(minitorch.empty(shape, dtype=dtype, device=device))
    if bias:
        self.bias = Parameter(minitorch.empty(out_channels, dtype=dtype, device=device))
    else:
        self.register_parameter("bias", None)
    self.reset_parameters()


def weight_shape(conv: _ConvNd) -> tuple[int, ...]:
    first, second = conv.out_channels, conv.in_channels
    if conv.transposed:
        first, second = second, first
    return (first, second // conv.groups, *conv.kernel_size)


class _ConvNd(Module):
    """What all convolutions share: their parameters."""

    in_channels: int
    out_channels: int
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: str | tuple[int, ...]
    dilation: tuple[int, ...]
    transposed: bool
    output_padding: tuple[int, ...]
    groups: int
    padding_mode: str
    weight: Parameter
    bias: Parameter | None

    def __getstate__(self) -> dict[str, Any]:
        """What a pickle holds: with what PyTorch's convolutions compute once and keep."""
        pads = self.padding
        if isinstance(pads, str):
            totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            pairs = [(t // 2, t - t // 2) if pads == "same" else (0, 0) for t in totals]
        else:
            pairs = [(pad, pad) for pad in pads]
        both = [pad for pair in reversed(pairs) for pad in pair]
        return {"_reversed_padding_repeated_twice": both, **self.__dict__}

    def reset_parameters(self) -> None:
        """Draws the parameters anew: uniform within 1 / sqrt(fan in)."""
        if not self.weight.numel():
            return
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """The channels, the kernel, and what is not usual."""
        n = len(self.kernel_size)
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        text += f", stride={self.stride}"
        usual = {"padding": (0,) * n, "dilation": (1,) * n, "output_padding": (0,) * n, "groups": 1}
        for name, value in usual.items():
            if getattr(self, name) != value:
                text += f", {name}={getattr(self, name)}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


class _Conv(_ConvNd):
    """A convolution of any number of dimensions."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Sizes, stride: Sizes = 1,
        padding: str | Sizes = 0, dilation: Sizes = 1, groups: int = 1, bias: bool = True,
        padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        build(
            self, False, in_channels, out_channels, kernel_size, stride, padding, 0, dilation,
            groups, bias, padding_mode, device, dtype,
        )  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        """(N, in_channels, ...) to (N, out_channels, ...); without N too."""
        try:
            return self._conv_forward(input, self.weight, self.bias)
        except RuntimeError as error:
            raise type(error)(f"{self}: {error}") from None

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        convolve = (F.conv1d, F.conv2d, F.conv3d)[len(self.kernel_size) - 1]
        around: str | Sizes = self.padding
        if self.padding_mode != "zeros":
            input = padding.pad(input, widths(self), self.padding_mode)
            around = 0
        return convolve(input, weight, bias, self.stride, around, self.dilation, self.groups)


def widths(conv: _ConvNd) -> list[int]:
    """The padding as ``pad`` takes it: last dimension first."""
    if conv.padding == "valid":
        return [0, 0] * len(conv.kernel_size)
    if isinstance(conv.padding, str):
        totals = [d * (k - 1) for d, k in zip(conv.dilation, conv.kernel_size, strict=True)]
        return [m for n in reversed(totals) for m in (n // 2, n - n // 2)]
    return [m for n in reversed(conv.padding) for m in (n, n)]


class Conv1d(_Conv):
    """Convolution of sequences; the arguments are those of ``Conv2d``."""


class Conv2d(_Conv):
    """Convolution of images.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        kernel_size: an int or one for each dimension, as are stride, padding and dilation.
        stride: the step between positions of the kernel.
        padding: what is added on both sides; or ``"valid"``, ``"same"``.
        dilation: the step between the kernel's elements.
        groups: channels are divided into as many groups that do not see one another.
        bias: whether to add one.
        padding_mode: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        device: only the CPU.
        dtype: of the parameters.

    Attributes:
        weight: (out_channels, in_channels / groups, *kernel_size), uniform within 1 / sqrt(fan in)
        bias: (out_channels,), the same; or None

    Example:
        >>> import minitorch
        >>> minitorch.nn.Conv2d(3, 8, 3, padding=1)(minitorch.zeros(2, 3, 28, 28)).shape
        torch.Size([2, 8, 28, 28])
    """


class Conv3d(_Conv):
    """Convolution of volumes; the arguments are those of ``Conv2d``."""


class _ConvTransposeNd(_ConvNd):
    """A transposed convolution of any number of dimensions."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Sizes, stride: Sizes = 1,
        padding: Sizes = 0, output_padding: Sizes = 0, groups: int = 1, bias: bool = True,
        dilation: Sizes = 1, padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if padding_mode != "zeros":
            raise ValueError(
                f'Only "zeros" padding mode is supported for {type(self).__name__}, but got '
                f"{padding_mode!r}"
            )
        build(
            self, True, in_channels, out_channels, kernel_size, stride, padding, output_padding,
            dilation, groups, bias, padding_mode, device, dtype,
        )  # fmt: skip

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """(N, in_channels, ...) to (N, out_channels, ...), of ``output_size`` where it is given."""
        convolve = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[
            len(self.kernel_size) - 1
        ]
        extra, around = self._output_padding(input, output_size), cast(Sizes, self.padding)
        try:
            return convolve(
                input, self.weight, self.bias, self.stride, around, extra, self.groups,
                self.dilation,
            )  # fmt: skip
        except RuntimeError as error:
            raise type(error)(f"{self}: {error}") from None

    def _output_padding(self, input: Tensor, output_size: Sequence[int] | None) -> tuple[int, ...]:
        if output_size is None:
            return self.output_padding
        n = len(self.kernel_size)
        sizes = tuple(output_size)
        if len(sizes) == input.ndim:
            sizes = sizes[-n:]
        if len(sizes) != n:
            raise ValueError(
                f"{self}: for {input.ndim}D input, output_size must have {n} or {input.ndim} "
                f"elements (got {len(output_size)})"
            )
        around = cast(tuple[int, ...], self.padding)
        least = [
            (m - 1) * s - 2 * p + d * (k - 1) + 1
            for m, s, p, d, k in zip(
                input.shape[-n:], self.stride, around, self.dilation, self.kernel_size,
                strict=True,
            )
        ]  # fmt: skip
        for size, low, s in zip(sizes, least, self.stride, strict=True):
            if not low <= size <= low + s - 1:
                raise ValueError(
                    f"requested an output size of {list(sizes)}, but sizes range from {least} "
                    f"to {[m + s - 1 for m, s in zip(least, self.stride, strict=True)]} (for an "
                    f"input of {list(input.shape[-n:])})"
                )
        return tuple(size - low for size, low in zip(sizes, least, strict=True))


class ConvTranspose1d(_ConvTransposeNd):
    """The adjoint of ``Conv1d``; the arguments are those of ``ConvTranspose2d``."""


class ConvTranspose2d(_ConvTransposeNd):
    """The adjoint of ``Conv2d``, whose arguments it has; from small images to large ones.

    ``output_padding`` is added to the size on one side, as strides hide it; ``forward`` takes the
    ``output_size`` instead.

    Attributes:
        weight: (in_channels, out_channels / groups, *kernel_size)
        bias: (out_channels,); or None
    """


class ConvTranspose3d(_ConvTransposeNd):
    """The adjoint of ``Conv3d``; the arguments are those of ``ConvTranspose2d``."""


class _LazyConvNd(LazyModuleMixin, _ConvNd):
    """What lazy convolutions share: they take ``in_channels`` from their first input."""

    def reset_parameters(self) -> None:
        """Draws the parameters anew, once the channels are known."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Takes ``in_channels`` from ``input``."""
        if not self.has_uninitialized_params():
            return
        n = len(self.kernel_size)
        if input.ndim not in (n + 1, n + 2):
            raise RuntimeError(
                f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {list(input.shape)}"
            )
        channels = int(input.shape[-n - 1])
        if channels % self.groups:
            raise ValueError("in_channels must be divisible by groups")
        self.in_channels = channels
        materialize(self, weight=weight_shape(self), bias=(self.out_channels,))
        self.reset_parameters()


class _LazyConv(_LazyConvNd, _Conv):
    def __init__(
        self, out_channels: int, kernel_size: Sizes, stride: Sizes = 1, padding: str | Sizes = 0,
        dilation: Sizes = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros",
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        postpone(self, "weight", *(["bias"] if bias else []), device=device, dtype=dtype)
        self.out_channels = out_channels


class _LazyConvTranspose(_LazyConvNd, _ConvTransposeNd):
    def __init__(
        self, out_channels: int, kernel_size: Sizes, stride: Sizes = 1, padding: Sizes = 0,
        output_padding: Sizes = 0, groups: int = 1, bias: bool = True, dilation: Sizes = 1,
        padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation,
            padding_mode,
        )  # fmt: skip
        postpone(self, "weight", *(["bias"] if bias else []), device=device, dtype=dtype)
        self.out_channels = out_channels


class LazyConv1d(_LazyConv, Conv1d):
    """``Conv1d`` that takes ``in_channels`` from its first input."""

    cls_to_become = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """``Conv2d`` that takes ``in_channels`` from its first input."""

    cls_to_become = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """``Conv3d`` that takes ``in_channels`` from its first input."""

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """``ConvTranspose1d`` that takes ``in_channels`` from its first input."""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """``ConvTranspose2d`` that takes ``in_channels`` from its first input."""

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """``ConvTranspose3d`` that takes ``in_channels`` from its first input."""

    cls_to_become = ConvTranspose3d


DIMENSIONS: dict[type, int] = {
    Conv1d: 1,
    Conv2d: 2,
    Conv3d: 3,
    ConvTranspose1d: 1,
    ConvTranspose2d: 2,
    ConvTranspose3d: 3,
}
