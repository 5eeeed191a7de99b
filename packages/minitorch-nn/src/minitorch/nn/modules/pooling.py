"""Pooling layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from minitorch import Tensor

from .. import functional as F
from ..functional.arguments import AdaptiveSizes, Sizes
from ..module import Module
from .convolution import by_class, ntuple

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


class _MaxPoolNd(Module):
    __function__: ClassVar[Callable[..., Tensor | tuple[Tensor, Tensor]]]

    def __init__(
        self, kernel_size: Sizes, stride: Sizes | None = None,
        padding: Sizes = 0, dilation: Sizes = 1,
        return_indices: bool = False, ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def extra_repr(self) -> str:
        """The geometry."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )

    def forward(self, input: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """The maxima, with ``return_indices`` their places too."""
        return type(self).__function__(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip


class MaxPool1d(_MaxPoolNd):
    """The maxima of windows; the arguments are those of ``MaxPool2d``."""

    __function__ = F.max_pool1d


class MaxPool2d(_MaxPoolNd):
    """The maxima of windows.

    Args:
        kernel_size: the windows' size, an int or one for each dimension.
        stride: the step between windows, by default their size.
        padding: minus infinities on both sides, half a window at most.
        dilation: the step between the elements of a window.
        return_indices: return the maxima's places too, for ``MaxUnpool2d``.
        ceil_mode: round the number of windows up.
    """

    __function__ = F.max_pool2d


class MaxPool3d(_MaxPoolNd):
    """The maxima of windows; the arguments are those of ``MaxPool2d``."""

    __function__ = F.max_pool3d


class _FractionalMaxPoolNd(Module):
    def __init__(
        self, kernel_size: Sizes, output_size: Sizes | None = None,
        output_ratio: float | Sequence[float] | None = None, return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        n = by_class(self, {FractionalMaxPool2d: 2, FractionalMaxPool3d: 3})
        name = type(self).__name__
        if (output_size is None) == (output_ratio is None):
            raise ValueError(
                f"{name} requires specifying either an output size, or a pooling ratio"
                if output_size is None
                else "only one of output_size and output_ratio may be specified"
            )
        ratios = (output_ratio,) * n if isinstance(output_ratio, int | float) else output_ratio
        if ratios is not None and not all(0 < ratio < 1 for ratio in ratios):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {ratios})")
        self.kernel_size = ntuple(kernel_size, n)
        self.output_size = None if output_size is None else ntuple(output_size, n)
        self.output_ratio = ratios
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)

    def forward(self, input: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """The maxima, with ``return_indices`` their places too."""
        two = len(self.kernel_size) == 2
        return (F.fractional_max_pool2d if two else F.fractional_max_pool3d)(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices,
            self._random_samples,
        )  # fmt: skip


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """The maxima of windows at random places, which overlap and cover the image.

    Args:
        kernel_size: the windows' size, an int or one for each dimension.
        output_size: how many windows;
        output_ratio: or their number as a part of the input's size, between 0 and 1.
        return_indices: return the maxima's places too.

    Raises:
        ValueError: both or neither of ``output_size`` and ``output_ratio`` are given.
    """


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """The same for volumes; the arguments are those of ``FractionalMaxPool2d``."""


class _MaxUnpoolNd(Module):
    __function__: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
    ) -> None:
        super().__init__()
        n = by_class(self, {MaxUnpool1d: 1, MaxUnpool2d: 2, MaxUnpool3d: 3})
        self.kernel_size = ntuple(kernel_size, n)
        self.stride = ntuple(kernel_size if stride is None else stride, n)
        self.padding = ntuple(padding, n)

    def extra_repr(self) -> str:
        """The geometry."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"

    def forward(
        self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None
    ) -> Tensor:
        """The maxima back at their places, zeros elsewhere."""
        return type(self).__function__(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool1d(_MaxUnpoolNd):
    """Undoes ``MaxPool1d`` with its indices."""

    __function__ = F.max_unpool1d


class MaxUnpool2d(_MaxUnpoolNd):
    """Undoes ``MaxPool2d`` with its indices."""

    __function__ = F.max_unpool2d


class MaxUnpool3d(_MaxUnpoolNd):
    """Undoes ``MaxPool3d`` with its indices."""

    __function__ = F.max_unpool3d


class AvgPool1d(Module):
    """The means of windows; the arguments are those of ``AvgPool2d``."""

    def __init__(
        self, kernel_size: Sizes, stride: Sizes | None = None,
        padding: Sizes = 0, ceil_mode: bool = False, count_include_pad: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = ntuple(kernel_size, 1)
        self.stride = ntuple(kernel_size if stride is None else stride, 1)
        self.padding = ntuple(padding, 1)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """The geometry."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPoolNd(Module):
    __function__: ClassVar[Callable[..., Tensor]]

    def __init__(
        self, kernel_size: Sizes, stride: Sizes | None = None,
        padding: Sizes = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad
        self.divisor_override = divisor_override

    def extra_repr(self) -> str:
        """The geometry."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"

    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        return type(self).__function__(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip


class AvgPool2d(_AvgPoolNd):
    """The means of windows.

    Args:
        kernel_size: the windows' size, an int or one for each dimension.
        stride: the step between windows, by default their size.
        padding: zeros on both sides, half a window at most.
        ceil_mode: round the number of windows up.
        count_include_pad: count the zeros too.
        divisor_override: divide the sums by this instead.
    """

    __function__ = F.avg_pool2d


class AvgPool3d(_AvgPoolNd):
    """The means of windows; the arguments are those of ``AvgPool2d``."""

    __function__ = F.avg_pool3d


class _LPPoolNd(Module):
    __function__: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        norm_type: float,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.norm_type, self.kernel_size = norm_type, kernel_size
        self.stride, self.ceil_mode = stride, ceil_mode

    def extra_repr(self) -> str:
        """The geometry."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )

    def forward(self, input: Tensor) -> Tensor:
        """The norms."""
        p = float(self.norm_type)
        return type(self).__function__(input, p, self.kernel_size, self.stride, self.ceil_mode)


class LPPool1d(_LPPoolNd):
    """``sum(x^p)^(1/p)`` of windows."""

    __function__ = F.lp_pool1d


class LPPool2d(_LPPoolNd):
    """``sum(x^p)^(1/p)`` of windows."""

    __function__ = F.lp_pool2d


class LPPool3d(_LPPoolNd):
    """``sum(x^p)^(1/p)`` of windows."""

    __function__ = F.lp_pool3d


class _AdaptivePoolNd(Module):
    def __init__(self, output_size: AdaptiveSizes) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """The size."""
        return f"output_size={self.output_size}"


class _AdaptiveAvgPoolNd(_AdaptivePoolNd):
    __function__: ClassVar[Callable[..., Tensor]]

    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        return type(self).__function__(input, self.output_size)


class _AdaptiveMaxPoolNd(_AdaptivePoolNd):
    __function__: ClassVar[Callable[..., Tensor | tuple[Tensor, Tensor]]]

    def __init__(self, output_size: AdaptiveSizes, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """The maxima, with ``return_indices`` their places too."""
        return type(self).__function__(input, self.output_size, self.return_indices)


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """The means of ``output_size`` parts."""

    __function__ = F.adaptive_avg_pool1d


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """The means of parts, ``output_size`` (None for all) in each dimension."""

    __function__ = F.adaptive_avg_pool2d


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """The means of parts, ``output_size`` (None for all) in each dimension."""

    __function__ = F.adaptive_avg_pool3d


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """The maxima of ``output_size`` parts."""

    __function__ = F.adaptive_max_pool1d


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """The maxima of parts, ``output_size`` (None for all) in each dimension."""

    __function__ = F.adaptive_max_pool2d


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """The maxima of parts, ``output_size`` (None for all) in each dimension."""

    __function__ = F.adaptive_max_pool3d
