"""Padding layers."""

from __future__ import annotations

from minitorch import Tensor

from ..functional.arguments import Sizes
from ..functional.padding import pad
from ..module import Module
from .convolution import ntuple

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _Pad(Module):
    """The last ``ndim`` dimensions of an input widened by ``padding``, as ``pad`` does in ``mode``.

    Args:
        padding: an int, or (before, after, ...) of each dimension, the last one first.
    """

    __ndim__: int
    __mode__: str

    def __init__(self, padding: Sizes) -> None:
        super().__init__()
        self.padding = ntuple(padding, 2 * self.__ndim__)

    def forward(self, input: Tensor) -> Tensor:
        """The padded input."""
        if input.ndim not in (self.__ndim__ + 1, self.__ndim__ + 2):
            raise ValueError(
                f"{self}: expected {self.__ndim__ + 1}D or {self.__ndim__ + 2}D input "
                f"(got {input.ndim}D input)"
            )
        return pad(input, self.padding, self.__mode__)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding: Sizes, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """The padded input."""
        return pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """The widths and the value."""
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Sizes) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class CircularPad1d(_Pad):
    """Elements from the other end around the last dimension."""

    __ndim__ = 1
    __mode__ = "circular"


class CircularPad2d(_Pad):
    """Elements from the other end around the last 2 dimensions."""

    __ndim__ = 2
    __mode__ = "circular"


class CircularPad3d(_Pad):
    """Elements from the other end around the last 3 dimensions."""

    __ndim__ = 3
    __mode__ = "circular"


class ReflectionPad1d(_Pad):
    """The elements mirrored at the border around the last dimension."""

    __ndim__ = 1
    __mode__ = "reflect"


class ReflectionPad2d(_Pad):
    """The elements mirrored at the border around the last 2 dimensions."""

    __ndim__ = 2
    __mode__ = "reflect"


class ReflectionPad3d(_Pad):
    """The elements mirrored at the border around the last 3 dimensions."""

    __ndim__ = 3
    __mode__ = "reflect"


class ReplicationPad1d(_Pad):
    """The border repeated around the last dimension."""

    __ndim__ = 1
    __mode__ = "replicate"


class ReplicationPad2d(_Pad):
    """The border repeated around the last 2 dimensions."""

    __ndim__ = 2
    __mode__ = "replicate"


class ReplicationPad3d(_Pad):
    """The border repeated around the last 3 dimensions."""

    __ndim__ = 3
    __mode__ = "replicate"


class ConstantPad1d(_ConstantPad):
    """A constant around the last dimension."""

    __ndim__ = 1


class ConstantPad2d(_ConstantPad):
    """A constant around the last 2 dimensions."""

    __ndim__ = 2


class ConstantPad3d(_ConstantPad):
    """A constant around the last 3 dimensions."""

    __ndim__ = 3


class ZeroPad1d(_ZeroPad):
    """Zeros around the last dimension."""

    __ndim__ = 1


class ZeroPad2d(_ZeroPad):
    """Zeros around the last 2 dimensions."""

    __ndim__ = 2


class ZeroPad3d(_ZeroPad):
    """Zeros around the last 3 dimensions."""

    __ndim__ = 3
