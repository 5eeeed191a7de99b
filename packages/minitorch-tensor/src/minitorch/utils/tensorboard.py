"""``SummaryWriter``: through the package tensorboardX, where it is installed.

Follows https://docs.pytorch.org/docs/stable/tensorboard.html
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .._tensor.tensor import Tensor

try:
    package: Any = import_module("tensorboardX")
except ImportError as error:
    raise ImportError(
        "minitorch.utils.tensorboard writes through tensorboardX, which is not installed: "
        "pip install tensorboardX",
        name="tensorboardX",
    ) from error

__all__ = ["SummaryWriter"]


def plain(value: Any) -> Any:
    """Tensors, also in containers, as NumPy arrays; those of one element as numbers."""
    if isinstance(value, Tensor):
        return value.item() if value.numel() == 1 else value.detach().numpy()
    if isinstance(value, list | tuple):
        return type(value)(plain(x) for x in value)
    if isinstance(value, dict):
        return {key: plain(x) for key, x in value.items()}
    return value


class SummaryWriter(package.SummaryWriter):  # type: ignore[misc]  # has no types
    """tensorboardX's writer, which takes tensors too; ``add_graph`` is not possible."""

    def __getattribute__(self, name: str) -> Any:
        method = super().__getattribute__(name)
        if not name.startswith("add_"):
            return method
        if name == "add_graph":
            raise NotImplementedError("add_graph: MiniTorch does not trace models")
        return lambda *args, **kwargs: method(*plain(args), **plain(kwargs))
