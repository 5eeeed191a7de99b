"""Which of many arrays may share memory, without asking of each pair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .instructions import Value

__all__ = ["Sharing"]


class Sharing:
    """Values by the array that owns the memory of theirs, which is in ``arrays``: that of two
    owners is not shared. The owner of other memory, such as a file's, is not known."""

    def __init__(self, arrays: Mapping[Value, Any], values: Iterable[Value] = ()) -> None:
        self._arrays = arrays
        self._owned: defaultdict[int | None, list[Value]] = defaultdict(list)
        for value in values:
            self.add(value)

    def add(self, value: Value) -> None:
        """One more value."""
        self._owned[_owner(self._arrays[value])].append(value)

    def of(self, array: Any) -> list[Value]:
        """The values whose arrays may share memory with this one."""
        owner, arrays = _owner(array), self._arrays
        if owner is None:
            found = [value for group in self._owned.values() for value in group]
        else:
            found = [*self._owned.get(owner, ()), *self._owned.get(None, ())]
        return [v for v in found if arrays[v] is array or np.may_share_memory(arrays[v], array)]


def _owner(array: Any) -> int | None:
    """The identity of the array that owns the memory; None where that is none of NumPy's."""
    while isinstance(array, np.ndarray):
        if array.base is None:
            return id(array) if array.flags.owndata else None
        array = array.base
    return None
