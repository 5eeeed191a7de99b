"""A text of loops as a function."""

from __future__ import annotations

from typing import Any

from ..writer import Differs

__all__ = ["LoopFunction"]


class LoopFunction:
    """The function of ``text``, which Numba compiles when it is called for the first time."""

    def __init__(self, name: str, text: str) -> None:
        from ...kernels.numba import loops

        self.__name__ = name
        self.text = text
        self.compiled = loops.compiled(name, text, {"Differs": Differs})

    def __call__(self, *arrays: Any) -> None:
        self.compiled(*arrays)
