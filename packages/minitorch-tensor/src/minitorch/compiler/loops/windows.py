"""Where the elements of values are: windows on buffers, told by offsets and strides in elements."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...kernels.memory import address, extent, nested
from ..instructions import Instruction, Value, mapped

__all__ = ["Buffer", "Untranslatable", "Window", "maker", "steps", "window_of"]


class Untranslatable(Exception):  # noqa: N818  (nothing went wrong)
    """There are no loops for an instruction; it stays what it is."""


@dataclass(eq=False)
class Buffer:
    """Memory under one name.

    ``value``    the first value that shows it
    ``outside``  it is not this function's: an argument, which others may share memory with
    """

    value: Value
    outside: bool = False

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.value.dtype

    @property
    def size(self) -> int:
        return math.prod(self.value.shape)


@dataclass(frozen=True)
class Window:
    """Elements of a buffer: number ``offset + sum(i * stride)``, for all indices of ``shape``."""

    buffer: Buffer
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @classmethod
    def over(cls, value: Value, outside: bool = False) -> Window:
        """A new buffer, shown as the value is."""
        return cls(Buffer(value, outside), value.shape, steps(value))

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.buffer.dtype

    def broadcast(self, shape: tuple[int, ...]) -> Window:
        """The same elements again along the dimensions of ``shape`` that it lacks."""
        front = len(shape) - len(self.shape)
        if front < 0:
            raise Untranslatable("more dimensions than what it goes to")
        strides = [0] * front
        for n, size, step in zip(self.shape, shape[front:], self.strides):
            if n not in (1, size):
                raise Untranslatable("shapes that do not broadcast")
            strides.append(step if n == size else 0)
        return replace(self, shape=shape, strides=tuple(strides))

    def same_place(self, other: Window) -> bool:
        """Whether both show the same elements, index by index."""
        return (
            self.buffer is other.buffer and self.offset == other.offset
            and self.shape == other.shape
            and all(s == t for n, s, t in zip(self.shape, self.strides, other.strides) if n != 1)
        )  # fmt: skip

    def apart(self, other: Window) -> bool:
        """Whether no element is in both."""
        if self.buffer is not other.buffer:
            return not (self.buffer.outside and other.buffer.outside)
        (low, high), (first, last) = self._reach(), other._reach()
        return high <= first or last <= low

    def _reach(self) -> tuple[int, int]:
        low, high = extent(self.shape, self.strides, 1)
        return self.offset + low, self.offset + high


def steps(value: Value) -> tuple[int, ...]:
    """The strides in elements."""
    size = value.dtype.itemsize
    if any(step % size for step in value.strides):
        raise Untranslatable("strides that are no multiples of an element")
    return tuple(step // size for step in value.strides)


def maker(value: Value) -> Instruction:
    """The instruction that makes new memory for a value, in its order."""
    shape, dtype = value.shape, value.dtype.type
    dims = tuple(sorted(range(len(shape)), key=lambda d: -value.strides[d]))
    ways: list[tuple[Any, Any, dict[str, Any]]] = [
        (np.empty, (shape, dtype), {}),
        (np.empty, (shape, dtype), {"order": "F"}),
        (nested, (shape, dtype, dims), {}),
    ]
    for function, args, kwargs in ways:
        if function(*args, **kwargs).strides == value.strides:
            return Instruction(function, args, kwargs, (value,), fresh=True)
    raise Untranslatable("memory with gaps")


def window_of(instruction: Instruction, source: Value, window: Window) -> Window | None:
    """What ``instruction`` shows of ``source``, which is ``window``: NumPy says it, of an array
    that lies in memory as the source does. None where it makes a copy."""
    size = window.dtype.itemsize
    strides = [step * size for step in window.strides]
    low, high = extent(window.shape, strides, size)
    array: Any = np.ndarray(
        window.shape, window.dtype, np.empty(high - low, np.uint8), -low, strides
    )

    def standing(value: Value) -> Any:
        if value is source:
            return array
        raise Untranslatable("a view that depends on values")

    shown = instruction.function(*mapped(instruction.args, standing), **instruction.kwargs)
    if not isinstance(shown, np.ndarray) or not np.may_share_memory(shown, array):
        return None
    if shown.dtype != window.dtype:
        raise Untranslatable("memory that is read as another dtype")
    offset = (address(shown) - address(array)) // size
    steps = tuple(step // size for step in shown.strides)
    return Window(window.buffer, shown.shape, steps, window.offset + offset)
