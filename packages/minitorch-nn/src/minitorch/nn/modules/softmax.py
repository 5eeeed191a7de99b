"""Activation layers along a dimension: softmax and its kin, and GLU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from minitorch import Tensor

from .. import functional as F
from ..module import Module

__all__ = ["GLU", "LogSoftmax", "Softmax", "Softmax2d", "Softmin"]


class _AlongDim(Module):
    """A function along ``dim``."""

    __function__: ClassVar[Callable[..., Tensor]]

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim: Any = dim

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim!r}"

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        return type(self).__function__(input, self.dim, _stacklevel=5)


class GLU(_AlongDim):
    """a sigmoid(b), a and b the halves of the input along ``dim``."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim)

    def forward(self, input: Tensor) -> Tensor:
        """Half the size along ``dim``."""
        return F.glu(input, self.dim)


class LogSoftmax(_AlongDim):
    """log(softmax(x)) along ``dim``."""

    __function__ = F.log_softmax


class Softmax(_AlongDim):
    """exp(x) over its sum along ``dim``."""

    __function__ = F.softmax


class Softmax2d(Module):
    """Softmax over the channels of (N, C, H, W) or (C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return F.softmax(input, -3)


class Softmin(_AlongDim):
    """softmax(-x) along ``dim``."""

    __function__ = F.softmin
