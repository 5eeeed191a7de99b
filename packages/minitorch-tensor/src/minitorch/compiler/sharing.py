"""Which of many arrays may share memory, without asking of each pair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = ["Sharing"]


class Sharing:
    """Arrays, each with a key, by the array that owns their memory: those of two owners share none.
    The owner of others, such as files in memory, is not known. None of them may go meanwhile."""

    def __init__(self, arrays: Iterable[tuple[Any, Any]] = ()) -> None:
        self._owned: defaultdict[int | None, list[tuple[Any, Any]]] = defaultdict(list)
        for key, array in arrays:
            self.add(key, array)

    def add(self, key: Any, array: Any) -> None:
        self._owned[_owner(array)].append((key, array))

    def of(self, array: Any) -> list[Any]:
        """The keys of the arrays that may share memory with this one."""
        owner = _owner(array)
        if owner is None:
            found = [each for group in self._owned.values() for each in group]
        else:
            found = [*self._owned.get(owner, ()), *self._owned.get(None, ())]
        return [key for key, x in found if x is array or np.may_share_memory(x, array)]


def _owner(array: Any) -> int | None:
    """The identity of the array that owns the memory; None where that is none of NumPy's."""
    while isinstance(array, np.ndarray):
        if array.base is None:
            return id(array) if array.flags.owndata else None
        array = array.base
    return None
