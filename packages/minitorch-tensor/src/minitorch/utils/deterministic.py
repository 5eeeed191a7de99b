"""``fill_uninitialized_memory``: whether ``empty`` and its kin hold NaN, or the largest integer,
after ``use_deterministic_algorithms(True)``; True.

Follows https://docs.pytorch.org/docs/stable/deterministic.html
"""

from __future__ import annotations

import sys
from types import ModuleType

from ..ops.creation import unset

__all__ = ["fill_uninitialized_memory"]

fill_uninitialized_memory: bool


class _Module(ModuleType):
    @property
    def fill_uninitialized_memory(self) -> bool:
        return unset["fill"]

    @fill_uninitialized_memory.setter
    def fill_uninitialized_memory(self, mode: bool) -> None:
        if type(mode) is not bool:
            raise TypeError(f"expected bool, but got {type(mode)}")
        unset["fill"] = mode


sys.modules[__name__].__class__ = _Module
