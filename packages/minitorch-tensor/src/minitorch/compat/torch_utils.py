"""``torch._utils``: what pickles call to make tensors, and what libraries borrow besides."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable
from typing import Any

from .._tensor.typed_storage import TypedStorage
from ..ops.creation import empty
from ..serialization.rebuilding import (
    parameter as _rebuild_parameter,
)
from ..serialization.rebuilding import (
    parameter_with_state as _rebuild_parameter_with_state,
)
from ..utils.flat import (
    _flatten_dense_tensors,
    _get_device_index,
    _reorder_tensors_as,
    _take_tensors,
    _unflatten_dense_tensors,
)

__all__ = [
    "ExceptionWrapper", "KeyErrorMessage", "_element_size", "_flatten_dense_tensors",
    "_get_device_index", "_import_dotted_name", "_rebuild_parameter",
    "_rebuild_parameter_with_state", "_rebuild_tensor", "_rebuild_tensor_v2",
    "_reorder_tensors_as", "_take_tensors", "_unflatten_dense_tensors", "classproperty",
    "is_compiling",
]  # fmt: skip


def _rebuild_tensor(storage: TypedStorage, storage_offset: int, size: Any, stride: Any) -> Any:
    """A tensor on ``storage``: a window, counted in elements.

    Raises:
        RuntimeError: it would reach out of the storage.
    """
    made: Any = empty(0, dtype=storage._dtype)
    return made.set_(storage._untyped_storage, storage_offset, size, stride)


def _rebuild_tensor_v2(
    storage: TypedStorage, storage_offset: int, size: Any, stride: Any, requires_grad: bool,
    backward_hooks: Any, metadata: Any = None,
) -> Any:  # fmt: skip
    """``_rebuild_tensor`` of a tensor that may require grad.

    Raises:
        RuntimeError: there are hooks or metadata: MiniTorch's files have none.
    """
    if backward_hooks or metadata:
        raise RuntimeError("tensors with hooks or metadata in their pickle are not made again")
    return _rebuild_tensor(storage, storage_offset, size, stride).requires_grad_(requires_grad)


def _element_size(dtype: Any) -> int:
    """The bytes of an element."""
    size: int = dtype.itemsize
    return size


def _import_dotted_name(name: str) -> Any:
    """What a dotted name means: ``"torch.nn.Linear"``."""
    root, *rest = name.split(".")
    found: Any = importlib.import_module(root)
    for part in rest:
        found = getattr(found, part)
    return found


class KeyErrorMessage(str):
    """A message that KeyError, which shows the repr of its argument, shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return self


class ExceptionWrapper:
    """An exception on its way to another thread or process, where ``reraise`` raises it.

    Args:
        exc_info: as ``sys.exc_info()`` gives it, by default that of the present exception.
        where: what the message says of the place.
    """

    def __init__(self, exc_info: Any = None, where: str = "in background") -> None:
        exc_info = exc_info or sys.exc_info()
        self.exc_type = exc_info[0]
        self.exc_msg = "".join(traceback.format_exception(*exc_info))
        self.where = where

    def reraise(self) -> None:
        """Raises an exception of the same type, with the first one's traceback in its message."""
        message: str = f"Caught {self.exc_type.__name__} {self.where}.\nOriginal {self.exc_msg}"
        if self.exc_type is KeyError:
            message = KeyErrorMessage(message)
        elif getattr(self.exc_type, "message", None):
            raise self.exc_type(message=message)
        try:
            error = self.exc_type(message)
        except Exception:  # a constructor that wants more
            raise RuntimeError(message) from None
        raise error


class classproperty:  # noqa: N801  (PyTorch's name)
    """A property of a class: ``func(cls)``."""

    def __init__(self, func: Callable[[Any], Any]) -> None:
        self.func = func

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self.func(owner or type(instance))


def is_compiling() -> bool:
    """False: nothing is traced."""
    return False
