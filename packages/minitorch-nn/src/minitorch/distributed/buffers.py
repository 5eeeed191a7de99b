"""The memory of tensors as MPI takes it: in place where it is contiguous, else through a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from minitorch import Tensor
from minitorch.extend import array_of, mark_written

__all__ = ["Landing", "check_list", "check_same_dtype", "check_tensor", "sending"]

Array = np.ndarray[Any, Any]


def check_tensor(value: Any, name: str) -> None:
    """Raises TypeError unless ``value`` is a dense tensor with values."""
    if not isinstance(value, Tensor):
        raise TypeError(
            f"Invalid function argument. Expected parameter `{name}` of type torch.Tensor\n"
            f"             but got {type(value)} instead."
        )
    if not isinstance(array_of(value), np.ndarray):
        raise RuntimeError(
            f"`{name}` is on {value.device} and of layout {value.layout}: only dense tensors on "
            "the CPU can be sent and received"
        )


def check_list(value: Any, name: str) -> None:
    """Raises TypeError unless ``value`` is a list of dense tensors with values."""
    if not isinstance(value, list):
        raise TypeError(
            f"Invalid function argument. Expected parameter `{name}` of type List[torch.Tensor]\n"
            f"             but got {type(value)} instead."
        )
    if not all(isinstance(each, Tensor) for each in value):
        raise TypeError(
            f"Invalid function argument. Expected parameter `{name}` of type List[torch.Tensor]\n"
            f"             but got {type(value)} with elements of type "
            f"{[type(each) for each in value]}."
        )
    for each in value:
        check_tensor(each, name)


def check_same_dtype(*tensors: Tensor) -> None:
    """Raises ValueError where two dtypes differ."""
    for other in tensors[1:]:
        if other.dtype is not tensors[0].dtype:
            raise ValueError(
                "Invalid usage of tensors with different dtypes"
                f"Found {tensors[0].dtype} and  {other.dtype}"
            )


def check_sizes(what: str, tensors: Iterable[Tensor], expected: Sequence[int]) -> None:
    """Raises RuntimeError where a tensor of a list has another size than ``expected``."""
    for k, each in enumerate(tensors):
        if tuple(each.shape) != tuple(expected):
            raise RuntimeError(
                f"ProcessGroupMPI::{what}: invalid tensor size at index {k} (expected "
                f"({', '.join(map(str, expected))}), got ({', '.join(map(str, each.shape))}))"
            )


def sending(tensor: Tensor) -> Array:
    """The values, contiguous: the tensor's own memory or a copy."""
    return np.ascontiguousarray(array_of(tensor))


def joined(tensors: Sequence[Tensor]) -> Array:
    """The values of tensors of one dtype, one after the other."""
    return np.concatenate([array_of(each).reshape(-1) for each in tensors])


class Landing:
    """Where values arrive that are for a tensor.

    Attributes:
        array: contiguous memory, the tensor's own if that is contiguous. It begins with the
            tensor's values if ``filled``.
    """

    def __init__(self, tensor: Tensor, filled: bool = True) -> None:
        own = array_of(tensor)
        self.tensor = tensor
        self.direct = own.flags.c_contiguous
        if self.direct:
            self.array = own
        else:
            self.array = np.ascontiguousarray(own) if filled else np.empty(own.shape, own.dtype)

    def settle(self) -> None:
        """Lets the tensor have the values."""
        if not self.direct:
            array_of(self.tensor)[...] = self.array
        mark_written(self.tensor)


class Spread:
    """Where values arrive that are for several tensors of one dtype, one after the other."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self.tensors = tensors
        total = sum(each.numel() for each in tensors)
        self.array = np.empty(total, array_of(tensors[0]).dtype)

    def settle(self) -> None:
        """Lets the tensors have the values."""
        start = 0
        for each in self.tensors:
            own = array_of(each)
            own[...] = self.array[start : start + own.size].reshape(own.shape)
            start += own.size
        mark_written(*self.tensors)


Finish = Callable[[], None]
