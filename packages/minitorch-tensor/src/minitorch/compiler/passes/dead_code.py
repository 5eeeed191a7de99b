"""What nobody looks at is not computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..instructions import Value
from ..memory import OUTSIDE, Memory, may_raise, plural

if TYPE_CHECKING:
    from ..program import Program

__all__ = ["remove_dead_code"]


def remove_dead_code(program: Program) -> Program:
    """Without instructions whose results and writes make no difference."""
    memory = Memory(program)
    live: set[Value] = set(program.results)
    seen = {OUTSIDE}.union(memory.of_all(program.results))  # memory that is looked at later
    kept = []
    for instruction in reversed(program.instructions):
        results = instruction.results
        used = not live.isdisjoint(results) or not instruction.pure
        if not (used or seen & memory.of_all(instruction.writes) or may_raise(instruction)):
            continue
        inputs = instruction.inputs()
        live.update(inputs)
        seen.update(*map(memory.of, inputs))
        if results and live.isdisjoint(results):
            instruction = instruction.having(results=(), several=False)
        elif not live.issuperset(results):
            results = tuple(value if value in live else None for value in results)
            instruction = instruction.having(results=results)
        kept.append(instruction)
    kept.reverse()
    gone = len(program.instructions) - len(kept)
    change = f"{plural(gone, 'instruction')} whose results nobody looks at went."
    return program.having("dead code removed", change, kept)
