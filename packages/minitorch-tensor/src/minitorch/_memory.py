"""The memory under an array, of which several arrays may be windows."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def address(array: Array) -> int:
    """Where the first element lies."""
    return array.__array_interface__["data"][0]  # type: ignore[no-any-return]


def memory_of(array: Array) -> Array:
    """The array, without gaps, whose memory ``array`` is a window of; a copy if there is none."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    if array.flags.c_contiguous or array.flags.f_contiguous or array.flags.owndata:
        return array
    return np.array(array, order="C")


class UntypedStorage:
    """The bytes that a tensor shares with its views."""

    def __init__(self, array: Array) -> None:
        self._memory = memory_of(array)

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return address(self._memory)

    def nbytes(self) -> int:
        """The number of bytes."""
        return self._memory.nbytes

    size = __len__ = nbytes


def deep_copy(array: Array, memo: dict[Any, Any]) -> Array:
    """A copy of ``array``; the copies of windows of one memory are windows of one copy again."""
    memory = memory_of(array)
    offset = address(array) - address(memory)
    if not 0 <= offset <= memory.nbytes:  # memory_of had to copy
        return array.copy()
    key = (deep_copy, address(memory), memory.nbytes)
    if key not in memo:
        memo[key] = memory.copy(order="K"), memory  # and the original: its address stays taken
    return np.ndarray(array.shape, array.dtype, memo[key][0], offset, array.strides)
