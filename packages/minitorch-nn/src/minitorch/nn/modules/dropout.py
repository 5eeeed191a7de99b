"""Dropout layers: they drop while training and do nothing in ``eval()``."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from minitorch import Tensor

from .. import functional as F
from ..module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    __function__: ClassVar[Callable[..., Tensor]]

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}, inplace={self.inplace}"

    def forward(self, input: Tensor) -> Tensor:
        """The input with some of it dropped."""
        return type(self).__function__(input, self.p, self.training, self.inplace)


_DropoutNd = _Dropout  # PyTorch's name


class Dropout(_Dropout):
    """Each element is set to zero with probability ``p``, the others are divided by 1 - p."""

    __function__ = F.dropout


class Dropout1d(_Dropout):
    """Whole channels of (N, C, L) are set to zero with probability ``p``."""

    __function__ = F.dropout1d


class Dropout2d(_Dropout):
    """Whole channels of (N, C, H, W) are set to zero with probability ``p``."""

    __function__ = F.dropout2d


class Dropout3d(_Dropout):
    """Whole channels of (N, C, D, H, W) are set to zero with probability ``p``."""

    __function__ = F.dropout3d


class AlphaDropout(_Dropout):
    """Dropout that keeps mean 0 and variance 1, for ``SELU`` networks."""

    __function__ = F.alpha_dropout


class FeatureAlphaDropout(_Dropout):
    """``AlphaDropout`` of whole channels."""

    __function__ = F.feature_alpha_dropout
