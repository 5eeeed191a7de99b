"""Pooling layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import functional as F
from ..module import Module
from .convolution import by_class, ntuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._tensor import Tensor

__all__ = [
    *(f"{kind}{n}d" for kind in ("AdaptiveAvgPool", "AdaptiveMaxPool") for n in (1, 2, 3)),
    *(f"{kind}{n}d" for kind in ("AvgPool", "LPPool", "MaxPool", "MaxUnpool") for n in (1, 2, 3)),
]


def max_pooling(pool: Any) -> Any:
    def forward(self: Any, input: Any) -> Any:
        """The maxima, with ``return_indices`` their places too."""
        return pool(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip

    return forward


class _MaxPoolNd(Module):
    def __init__(
        self, kernel_size: int | Sequence[int], stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0, dilation: int | Sequence[int] = 1,
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


class MaxPool1d(_MaxPoolNd):
    """The maxima of windows; the arguments are those of ``MaxPool2d``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html
    """

    forward = max_pooling(F.max_pool1d)


class MaxPool2d(_MaxPoolNd):
    """The maxima of windows.

    Args:
        kernel_size: the windows' size, an int or one for each dimension.
        stride: the step between windows, by default their size.
        padding: minus infinities on both sides, half a window at most.
        dilation: the step between the elements of a window.
        return_indices: return the maxima's places too, for ``MaxUnpool2d``.
        ceil_mode: round the number of windows up.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
    """

    forward = max_pooling(F.max_pool2d)


class MaxPool3d(_MaxPoolNd):
    """The maxima of windows; the arguments are those of ``MaxPool2d``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html
    """

    forward = max_pooling(F.max_pool3d)


def unpooling(pool: Any) -> Any:
    def forward(self: Any, input: Any, indices: Any, output_size: Any = None) -> Any:
        """The maxima back at their places, zeros elsewhere."""
        return pool(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    return forward


class _MaxUnpoolNd(Module):
    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        n = by_class(self, {MaxUnpool1d: 1, MaxUnpool2d: 2, MaxUnpool3d: 3})
        self.kernel_size = ntuple(kernel_size, n)
        self.stride = ntuple(kernel_size if stride is None else stride, n)
        self.padding = ntuple(padding, n)

    def extra_repr(self) -> str:
        """The geometry."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """Undoes ``MaxPool1d`` with its indices.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool1d.html
    """

    forward = unpooling(F.max_unpool1d)


class MaxUnpool2d(_MaxUnpoolNd):
    """Undoes ``MaxPool2d`` with its indices.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html
    """

    forward = unpooling(F.max_unpool2d)


class MaxUnpool3d(_MaxUnpoolNd):
    """Undoes ``MaxPool3d`` with its indices.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool3d.html
    """

    forward = unpooling(F.max_unpool3d)


class AvgPool1d(Module):
    """The means of windows; the arguments are those of ``AvgPool2d``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html
    """

    def __init__(
        self, kernel_size: int | Sequence[int], stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0, ceil_mode: bool = False, count_include_pad: bool = True,
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


def mean_pooling(pool: Any) -> Any:
    def forward(self: Any, input: Any) -> Any:
        """The means."""
        return pool(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip

    return forward


class _AvgPoolNd(Module):
    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
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


class AvgPool2d(_AvgPoolNd):
    """The means of windows.

    Args:
        kernel_size: the windows' size, an int or one for each dimension.
        stride: the step between windows, by default their size.
        padding: zeros on both sides, half a window at most.
        ceil_mode: round the number of windows up.
        count_include_pad: count the zeros too.
        divisor_override: divide the sums by this instead.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
    """

    forward = mean_pooling(F.avg_pool2d)


class AvgPool3d(_AvgPoolNd):
    """The means of windows; the arguments are those of ``AvgPool2d``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html
    """

    forward = mean_pooling(F.avg_pool3d)


def norm_pooling(pool: Any) -> Any:
    def forward(self: Any, input: Any) -> Any:
        """The norms."""
        return pool(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    return forward


class _LPPoolNd(Module):
    def __init__(
        self,
        norm_type: float,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
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


class LPPool1d(_LPPoolNd):
    """``sum(x^p)^(1/p)`` of windows.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool1d.html
    """

    forward = norm_pooling(F.lp_pool1d)


class LPPool2d(_LPPoolNd):
    """``sum(x^p)^(1/p)`` of windows.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool2d.html
    """

    forward = norm_pooling(F.lp_pool2d)


class LPPool3d(_LPPoolNd):
    """``sum(x^p)^(1/p)`` of windows.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool3d.html
    """

    forward = norm_pooling(F.lp_pool3d)


def part_means(pool: Any) -> Any:
    def forward(self: Any, input: Any) -> Any:
        """The means."""
        return pool(input, self.output_size)

    return forward


class _AdaptiveAvgPoolNd(Module):
    def __init__(self, output_size: int | Sequence[int] | None) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """The size."""
        return f"output_size={self.output_size}"


def part_maxima(pool: Any) -> Any:
    def forward(self: Any, input: Any) -> Any:
        """The maxima, with ``return_indices`` their places too."""
        return pool(input, self.output_size, self.return_indices)

    return forward


class _AdaptiveMaxPoolNd(_AdaptiveAvgPoolNd):
    def __init__(
        self, output_size: int | Sequence[int] | None, return_indices: bool = False
    ) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """The means of ``output_size`` parts.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html
    """

    forward = part_means(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """The means of parts, ``output_size`` (None for all) in each dimension.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
    """

    forward = part_means(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """The means of parts, ``output_size`` (None for all) in each dimension.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html
    """

    forward = part_means(F.adaptive_avg_pool3d)


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """The maxima of ``output_size`` parts.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool1d.html
    """

    forward = part_maxima(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """The maxima of parts, ``output_size`` (None for all) in each dimension.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html
    """

    forward = part_maxima(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """The maxima of parts, ``output_size`` (None for all) in each dimension.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool3d.html
    """

    forward = part_maxima(F.adaptive_max_pool3d)
