"""The layout of convolutions' weights."""

from __future__ import annotations

from typing import Any, TypeVar

from ..module import Module
from ..modules.convolution import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]

M = TypeVar("M", bound=Module)


def _converted(module: M, kinds: tuple[type[Module], ...], memory_format: Any) -> M:
    for part in module.modules():
        if isinstance(part, kinds):
            weight: Any = part.weight
            weight.data = weight.detach().clone(memory_format=memory_format)
    return module


def convert_conv2d_weight_memory_format(module: M, memory_format: Any) -> M:
    """Lays the weights of the two-dimensional convolutions in ``module`` out in another format,
    such as ``channels_last``; returns ``module``."""
    return _converted(module, (Conv2d, ConvTranspose2d), memory_format)


def convert_conv3d_weight_memory_format(module: M, memory_format: Any) -> M:
    """The same of three-dimensional convolutions, as with ``channels_last_3d``."""
    return _converted(module, (Conv3d, ConvTranspose3d), memory_format)
