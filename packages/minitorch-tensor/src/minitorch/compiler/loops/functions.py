"""A text of loops as a function."""

from __future__ import annotations

import re
from typing import Any

from ..writer import Differs
from .text import HELPERS

__all__ = ["LoopFunction"]


class LoopFunction:
    """The function of ``text``, which Numba compiles when it is called for the first time.

    ``imports``  the names in the text that come from elsewhere, by module
    ``expects``  whether it raises ``Differs`` where values are not as expected
    """

    def __init__(self, name: str, text: str) -> None:
        from ...kernels.numba import loops

        self.__name__, self.text, self.names = name, text, HELPERS | {name}
        self.expects = "raise Differs" in text
        words = {*re.findall(r"\w+", text)}
        self.imports = {
            loops.__name__: ["compiled", *sorted(words & loops.NAMES.keys())],
            Differs.__module__: ["Differs"] if "Differs" in words else [],
        }
        self.run = loops.from_file(name, text, {"Differs": Differs})

    def __call__(self, *arrays: Any) -> None:
        self.run(*arrays)
