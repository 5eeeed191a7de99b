"""What an object is: a tensor, a storage, of which type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..autograd.variable import Variable
from ..kernels.memory import StorageBase

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from .._tensor import Tensor

__all__ = ["is_storage", "is_tensor", "numel", "typename"]


def is_tensor(obj: object) -> TypeIs[Tensor]:
    """True for tensors."""
    return isinstance(obj, Variable)


def is_storage(obj: Any) -> bool:
    """True for storages."""
    return isinstance(obj, StorageBase)


def numel(input: Any) -> int:
    """The number of elements."""
    return int(input.numel())


def typename(obj: Any) -> str:
    """The type's name, for tensors PyTorch's, such as ``"torch.FloatTensor"``."""
    if isinstance(obj, Variable):
        return f"torch.{obj.dtype.type_name}Tensor"
    kind = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(kind, "__module__", None)
    return kind.__qualname__ if module in (None, "builtins") else f"{module}.{kind.__qualname__}"
