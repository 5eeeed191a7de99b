"""Until when values and their memory are needed."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from ..instructions import Value
from ..memory import Memory

if TYPE_CHECKING:
    from ..program import Program

__all__ = ["Lives"]

LARGE = 1 << 20  # bytes; memory of so many is let go of after its last use


class Lives:
    """Of a program.

    ``ends``    by number of an instruction: values that are not used after it
    ``unused``  by number of an instruction: its results that are not used at all
    """

    def __init__(self, program: Program) -> None:
        last: dict[Value, int] = {}
        made: dict[Value, int] = {}
        for k, instruction in enumerate(program.instructions):
            for value in instruction.inputs():
                last[value] = k
            for result in instruction.results:
                if result is not None:
                    made.setdefault(result, k)
        outside = {*program.results, *program.arguments}
        self.ends: dict[int, list[Value]] = defaultdict(list)
        self.unused: dict[int, list[Value]] = defaultdict(list)
        for value, k in made.items():
            if value not in outside:
                (self.ends[last[value]] if value in last else self.unused[k]).append(value)
        # by number of the last use: values that have the memory
        self._large: dict[int, list[Value]] = defaultdict(list)
        if not any(map(_large, made)):
            return
        memory = Memory(program)
        for value in made:
            roots = memory.of(value)
            if roots and all(root in made and _large(root) for root in roots):
                self._large[max(memory.used[root] for root in roots)].append(value)

    def dropped(self, k: int, bound: dict[str, Value], names: dict[Value, str]) -> list[str]:
        """The names of ``bound`` values whose large memory nobody needs after instruction ``k``."""
        values = self._large[k]
        return [names[value] for value in values if bound.get(names[value]) is value]


def _large(value: Value) -> bool:
    return value.dtype.itemsize * math.prod(value.shape) >= LARGE
