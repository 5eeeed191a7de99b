"""What a strided tensor says when it is asked for what only sparse ones have."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["dense_dim", "resize", "resize_as", "sparse_dim"]

LAYOUTS = {
    "coalesce": "sparse coordinate tensor", "is_coalesced": "sparse coordinate tensor",
    "indices": "sparse coordinate tensor", "values": "sparse tensor",
    "crow_indices": "sparse row compressed tensor", "col_indices": "sparse row compressed tensor",
    "ccol_indices": "sparse column compressed tensor",
    "row_indices": "sparse column compressed tensor",
    "smm": "sparse coordinate tensor", "sspaddmm": "sparse coordinate tensor",
    "resize_as_sparse_": "sparse tensor", "sparse_resize_": "sparse tensor",
    "sparse_resize_and_clear_": "sparse tensor", "_nnz": "sparse tensor",
    "_indices": "sparse coordinate tensor", "_values": "sparse coordinate tensor",
    "_coalesced_": "sparse coordinate tensor",
}  # fmt: skip


def _refusing(name: str, expected: str) -> Callable[..., Any]:
    def method(self: Tensor, *args: Any) -> Any:
        raise RuntimeError(f"{name} expected {expected} layout but got Strided")

    method.__name__, method.__qualname__ = name, f"Tensor.{name}"
    method.__doc__ = f"Raises RuntimeError: a {expected} alone has this."
    return method


globals().update({name: _refusing(name, expected) for name, expected in LAYOUTS.items()})


def dense_dim(self: Tensor) -> int:
    """How many dimensions have no coordinates: all of them, where the tensor is strided."""
    return self.ndim


def sparse_dim(self: Tensor) -> int:
    """How many dimensions have coordinates: none, where the tensor is strided."""
    return 0


def resize(self: Tensor, *sizes: int | Sequence[int]) -> Tensor:
    """The old name of ``reshape`` for as many elements; PyTorch has given it up."""
    warnings.warn("non-inplace resize is deprecated", stacklevel=2)
    return self.clone().resize_(*sizes)


def resize_as(self: Tensor, tensor: Tensor) -> Tensor:
    """``resize`` to another tensor's shape."""
    warnings.warn("non-inplace resize_as is deprecated", stacklevel=2)
    return self.clone().resize_(tuple(tensor.shape))
