"""Chains of elementwise operations stand together: each right before what takes its result."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ..instructions import Instruction, Value
from ..memory import Memory, elementwise, plural

if TYPE_CHECKING:
    from ..program import Program

__all__ = ["bring_chains_together"]


def bring_chains_together(program: Program) -> Program:
    """With elementwise operations moved down to the one operation of the same line of the user's
    that takes their result. Draws, writes and what other lines compute stay where they are."""
    memory = Memory(program)
    takers = Counter(value for each in program.instructions for value in set(each.inputs()))
    takers.update(program.results)
    waiting: dict[Value, Chain] = {}  # by the result of its last instruction
    kept: list[Instruction] = []
    place = None
    for instruction in program.instructions:
        if waiting:
            written = memory.of_all(instruction.writes)
            for value, chain in list(waiting.items()):
                if place != (instruction.line, instruction.backward) or (
                    written and written & memory.of_all(chain.reads)
                ):
                    kept += waiting.pop(value).instructions
        place = instruction.line, instruction.backward
        inputs = dict.fromkeys(instruction.inputs())
        chain = Chain([], set(inputs))
        for operand in inputs:
            if operand in waiting:
                chain += waiting.pop(operand)
        chain.instructions.append(instruction)
        result = instruction.results[0] if len(instruction.results) == 1 else None
        if (
            result is not None and takers[result] == 1 and memory.defined[result] == 1
            and elementwise(instruction) and not instruction.writes
        ):  # fmt: skip
            waiting[result] = chain
        else:
            kept += chain.instructions
    for chain in waiting.values():
        kept += chain.instructions
    moved = sum(a is not b for a, b in zip(kept, program.instructions))
    change = f"{plural(moved, 'instruction')} stand elsewhere, next to what takes their results."
    return program.having("chains of elementwise operations brought together", change, kept)


class Chain:
    """Instructions that wait for one that takes the result of the last; the values they read."""

    def __init__(self, instructions: list[Instruction], reads: set[Value]) -> None:
        self.instructions, self.reads = instructions, reads

    def __iadd__(self, other: Chain) -> Chain:
        self.instructions += other.instructions
        self.reads |= other.reads
        return self
