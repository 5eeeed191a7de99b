"""Which instructions of a program become a function together, and how it is called."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..instructions import Instruction, Value
from ..memory import OUTSIDE, Memory, plural
from ..program import Program
from .assembly import assembled
from .functions import LoopFunction
from .nodes import Assign, Register
from .translation import Translation
from .windows import Buffer, Window, maker

__all__ = ["compile_loops"]

WORTH = 4  # nodes that take longer in NumPy than the call of a function
MOST = 400  # nodes of a function: some seconds of Numba's


def compile_loops(program: Program) -> Program:
    """With the longest runs of instructions that have loops as one function each."""
    memory = Memory(program)
    kept_copies = _kept_copies(program, memory)
    kept: list[Instruction] = []
    functions = count = 0

    def begin() -> Translation:
        return Translation(kept_copies, memory.never_written)

    def end(k: int) -> None:
        """Takes the translation, which instruction ``k`` ends."""
        nonlocal functions, count
        if len(translation.nodes) < WORTH:
            kept.extend(translation.instructions)
            return
        needed = {v for each in program.instructions[k:] for v in each.inputs()}
        functions, count = functions + 1, count + len(translation.instructions)
        name = f"{program.function_name}_loops" + (f"_{functions}" if functions > 1 else "")
        kept.extend(_called(name, translation, needed | set(program.results)))

    translation = begin()
    for k, instruction in enumerate(program.instructions):
        taken = len(translation.nodes) < MOST and translation.takes(instruction)
        if not taken:
            end(k)
            translation = begin()
            if not translation.takes(instruction):
                kept.append(instruction)
        if OUTSIDE in memory.of_all(instruction.writes):
            translation.lasting = True
    end(len(program.instructions))
    change = f"{plural(count, 'instruction')} in {plural(functions, 'function')} of loops."
    return program.having("loops compiled", change, kept)


def _kept_copies(program: Program, memory: Memory) -> Callable[[Instruction], bool]:
    """Tells of an instruction that copies its first argument whether neither the copy nor that is
    written to before the last use of the copy."""
    position = {id(each): k for k, each in enumerate(program.instructions)}
    writes: dict[Value, list[int]] = {}
    for k, each in enumerate(program.instructions):
        for root in memory.of_all(each.writes):
            writes.setdefault(root, []).append(k)

    def kept(instruction: Instruction) -> bool:
        k, copy = position[id(instruction)], instruction.results[0]
        assert copy is not None
        roots = memory.of(copy)
        last = max((memory.used[root] for root in roots), default=k)
        both = roots | memory.of(instruction.args[0])
        return not any(k < at <= last for root in both for at in writes.get(root, ()))

    return kept


def _called(name: str, translation: Translation, needed: set[Value]) -> list[Instruction]:
    """The instructions that run a function of the translation, and show what is ``needed``."""
    first = translation.instructions[0]
    nodes = list(translation.nodes)
    made: dict[Buffer, Value] = {}  # memory that the function fills
    after: list[Instruction] = []  # numbers out of it, and views
    sources: set[Value] = set()  # of those views
    for instruction in reversed(translation.instructions):
        for value in filter(None, instruction.results):
            if value not in needed and value not in sources:
                continue
            place = translation.places[value]
            if isinstance(place, Register):
                room = Window.over(replace(value, scalar=False))
                made[room.buffer] = room.buffer.value
                nodes.append(Assign(instruction, room, "{0}", [place]))
                item = Instruction(operator.getitem, (room.buffer.value, ()), {}, (value,))
                after.insert(0, item)
            elif isinstance(place, Window) and place.buffer.value is value:
                made[place.buffer] = value
            else:
                after.insert(0, instruction)
                sources.update(instruction.inputs())
    used = {w.buffer for each in nodes for w in (*each.reads(), *each.writes())}
    registers = {
        x.value
        for each in nodes
        if isinstance(each, Assign)
        for x in each.operands
        if isinstance(x, Register)
    }
    before = [maker(value) for value in made.values()]
    before += [
        Instruction(operator.getitem, (value, ()), {}, (item,))
        for value, item in translation.items.items()
        if item in registers
    ]
    before += [
        Instruction(np.asarray, (value,), {}, (array,), views=(value,))
        for value, array in translation.arrays.items()
        if array is not value
    ]
    given = [
        value
        for value, place in translation.given.items()
        if (isinstance(place, Window) and place.buffer in used) or value in registers
    ]
    given += [value for buffer, value in made.items() if buffer in used]
    own = {buffer for buffer in used if not buffer.outside and buffer not in made}
    text, size = assembled(name, translation, nodes, given, own)
    touched = {w.buffer.value for each in nodes for w in each.writes()}
    if size:
        memory = Value((size,), np.dtype(np.uint8), (1,), False)
        before.append(Instruction(np.empty, (size, np.uint8), {}, (memory,), fresh=True))
        given.append(memory)
        touched.add(memory)
    writes = tuple(value for value in given if value in touched)
    call = Instruction(LoopFunction(name, text), tuple(given), {}, (), writes=writes)
    there: dict[str, Any] = {"line": first.line, "backward": first.backward}
    return [replace(each, **there) for each in (*before, call, *after)]
