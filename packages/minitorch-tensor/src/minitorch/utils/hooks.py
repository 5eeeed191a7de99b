"""Handles of hooks, under PyTorch's name for their module.

Follows https://docs.pytorch.org/docs/stable/generated/torch.Tensor.register_hook.html
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..autograd.node import RemovableHandle

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["RemovableHandle", "unserializable_hook", "warn_if_has_hooks"]


def unserializable_hook(f: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a hook whose loss ``warn_if_has_hooks`` tells of."""
    f.__torch_unserializable__ = True  # type: ignore[attr-defined]  # functions take attributes
    return f


def warn_if_has_hooks(tensor: Tensor) -> None:
    """Warns of the tensor's hooks, which are not saved with it."""
    node = tensor._node
    for hook in ((node and node.extra) or {}).get("tensor_hooks", {}).values():
        if not hasattr(hook, "__torch_unserializable__"):
            warnings.warn(
                f"backward hook {hook!r} on tensor will not be serialized. If this is expected, "
                "you can decorate the function with @torch.utils.hooks.unserializable_hook to "
                "suppress this warning",
                stacklevel=2,
            )
