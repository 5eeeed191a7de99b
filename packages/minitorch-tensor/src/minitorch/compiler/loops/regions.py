"""Which instructions of a program become a function together, and how it is called."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...kernels.memory import packed_strides
from ..instructions import Instruction, Value
from ..memory import OUTSIDE, Memory, plural
from ..program import Program
from ..writer import expect_none
from .functions import LoopFunction
from .nodes import Assign, Node, Reduce, Register
from .text import Text
from .translation import Translation
from .windows import Buffer, Untranslatable, Window

__all__ = ["compile_loops"]

WORTH = 4  # nodes that take longer in NumPy than the call of a function
MOST = 400  # nodes of a function: some seconds of Numba's
ALIGNED = 64  # bytes


def compile_loops(program: Program) -> Program:
    """With the longest runs of instructions that have loops as one function each."""
    kept: list[Instruction] = []
    functions = count = 0
    memory, lasting = Memory(program), False
    translation = Translation(lasting)
    later = [*program.instructions, None]
    for k, instruction in enumerate(later):
        if instruction is not None and len(translation.nodes) < MOST:
            try:
                translation.add(instruction)
                lasting = translation.lasting = lasting or _lasts(instruction, memory)
                continue
            except Untranslatable:
                pass
        if len(translation.nodes) >= WORTH:
            needed = {v for each in program.instructions[k:] for v in each.inputs()}
            functions += 1
            count += len(translation.instructions)
            name = f"{program.function_name}_loops" + (f"_{functions}" if functions > 1 else "")
            kept += _called(name, translation, needed | set(program.results))
        else:
            kept += translation.instructions
        translation = Translation(lasting)
        if instruction is not None:
            try:
                translation.add(instruction)
            except Untranslatable:
                kept.append(instruction)
            lasting = translation.lasting = lasting or _lasts(instruction, memory)
    change = f"{plural(count, 'instruction')} in {plural(functions, 'function')} of loops."
    return program.having("loops compiled", change, kept)


def _lasts(instruction: Instruction, memory: Memory) -> bool:
    """Whether it changes what is outside of the program, other than generators of numbers."""
    if instruction.function is expect_none:
        return False
    return OUTSIDE in memory.of_all(instruction.writes) or not (
        instruction.pure or instruction.writes
    )


def _called(name: str, translation: Translation, needed: set[Value]) -> list[Instruction]:
    """The instructions that run a function of the translation, and show its results."""
    before: list[Instruction] = []
    after: list[Instruction] = []
    nodes = list(translation.nodes)
    first = translation.instructions[0]
    outs: dict[Buffer, Value] = {}
    sources: set[Value] = set()  # whose views are made outside
    for instruction in reversed(translation.instructions):
        for value in filter(None, instruction.results):
            if value not in needed and value not in sources:
                continue
            place = translation.places[value]
            if isinstance(place, Register):
                room = Value((), value.dtype, (), False, value.hint)
                window = Window.over(room)
                outs[window.buffer] = room
                nodes.append(Assign(instruction, window, "{0}", [place]))
                item = Instruction(operator.getitem, (room, ()), {}, (value,))
                after.insert(0, replace(item, line=instruction.line, backward=instruction.backward))
            elif isinstance(place, Window) and place.buffer.value is value:
                outs[place.buffer] = value
            else:  # a view
                after.insert(0, instruction)
                sources.update(instruction.views or instruction.inputs())
    used = {w.buffer for each in nodes for w in (*each.reads(), *each.writes())}
    registers = {x.value for n in nodes if isinstance(n, Assign) for x in n.operands if isinstance(x, Register)}
    arrays = [
        value
        for value, place in translation.given.items()
        if (isinstance(place, Window) and place.buffer in used) or value in registers
    ]
    made = [value for buffer, value in outs.items() if buffer in used]
    before += [_empty(value, first) for value in outs.values()]
    own = [b for b in used if not b.outside and b not in outs]
    text, size = _text(name, translation, nodes, arrays, made, own)
    given = [*arrays, *made]
    if size:
        memory = Value((size,), np.dtype(np.uint8), (1,), False)
        before.append(Instruction(np.empty, (size, np.uint8), {}, (memory,), fresh=True))
        given.append(memory)
    touched = {w.buffer.value for each in nodes for w in each.writes()}
    writes = tuple(v for v in given if v in touched or (size and v is given[-1]))
    call = Instruction(LoopFunction(name, text), tuple(given), {}, (), writes=writes)
    return [*before, replace(call, line=first.line, backward=first.backward), *after]


def _empty(value: Value, first: Instruction) -> Instruction:
    """New memory in the order of the value."""
    shape, size = value.shape, value.dtype.itemsize
    kwargs = {}
    if value.strides != packed_strides(shape, size, range(len(shape))):
        kwargs = {"order": "F"}
    return Instruction(
        np.empty, (shape, value.dtype.type), kwargs, (value,), fresh=True,
        line=first.line, backward=first.backward,
    )  # fmt: skip


def _text(
    name: str, translation: Translation, nodes: list[Node], arrays: list[Value],
    made: list[Value], own: list[Buffer],
) -> tuple[str, int]:  # fmt: skip
    """The text of the function, and how much memory it needs."""
    text = Text(translation.instructions, arrays)
    names = text.names
    for value in made:
        if value not in names.of:
            names.give(value, value.hint or "result")
    groups = _groups(nodes)
    live: dict[Buffer, list[int]] = {}  # of a buffer the first and the last group
    loads: dict[Buffer, int] = {}  # the last group that reads it from memory
    for k, group in enumerate(groups):
        for node in group:
            for window in node.reads():
                loads[window.buffer] = k
            for window in (*node.reads(), *node.writes()):
                live.setdefault(window.buffer, [k, k])[1] = k
    internal = set(own)
    stored_at: set[Buffer] = set()
    for k, group in enumerate(groups):
        head = group[0]
        if isinstance(head, Assign):
            stored = []
            for number, node in enumerate(group):
                target = node.target  # type: ignore[attr-defined]
                if isinstance(target, Register):
                    stored.append(True)
                    continue
                rest = [w for each in group[number + 1 :] for w in each.reads()]
                elsewhere = any(
                    w.buffer is target.buffer and not target.same_place(w.broadcast(target.shape))
                    for w in rest
                )
                store = target.buffer not in internal or elsewhere or loads.get(target.buffer, -1) > k
                stored.append(store)
            text.group(group, stored)  # type: ignore[arg-type]
        elif isinstance(head, Reduce):
            text.reduce(head)
        else:
            text.heading(head)
            text.lines += head.text(text)  # type: ignore[attr-defined]
    body = "\n".join(text.lines)
    places, size = _placed([b for b in own if _mentioned(names.of.get(b.value), body)], live)
    lines = [names.of[v] for v in (*arrays, *made)] + (["memory"] if size else [])
    pointers = [names.of[v] for v in (*arrays, *made) if not v.scalar]
    top = [f"{each} = start({each})" for each in pointers]
    for buffer, offset in places.items():
        shape = f"  # {buffer.value.shape}"
        kind = np_kind(buffer)
        top.append(f"{names.of[buffer.value]} = at(memory, {offset}, {kind}){shape}")
    from ..printing.layout import wrapped

    head_lines = wrapped(f"def {name}({', '.join(lines)}):")
    all_lines = head_lines + [f"    {line}" if line else "" for line in (*top, *text.lines)]
    return "\n".join(all_lines) + "\n", size


def np_kind(buffer: Buffer) -> str:
    from .formulas import kind

    return kind(buffer.dtype)


def _mentioned(name: str | None, body: str) -> bool:
    import re

    return name is not None and re.search(rf"\b{name}\b", body) is not None


def _groups(nodes: Sequence[Node]) -> list[list[Node]]:
    """Neighbours that can be one nest of loops; scalars go before the loops around them."""
    groups: list[list[Node]] = []
    current: list[Any] = []
    for node in nodes:
        if not isinstance(node, Assign):
            groups += [current] if current else []
            groups.append([node])
            current = []
        elif current and _joins(node, current):
            current.append(node)
        elif current and not node.shape and _independent(node, current):
            groups.append([node])
        else:
            groups += [current] if current else []
            current = [node]
    return groups + ([current] if current else [])


def _independent(node: Assign, group: list[Assign]) -> bool:
    """A scalar that is computed of registers of earlier groups."""
    made = {each.target for each in group if isinstance(each.target, Register)}
    return (
        isinstance(node.target, Register)
        and not list(node.reads())
        and made.isdisjoint(x for x in node.operands if isinstance(x, Register))
    )


def _joins(node: Assign, group: list[Assign]) -> bool:
    """Whether the node can be computed element by element after those of the group."""
    shape = group[0].shape
    if node.shape != shape:
        return False
    targets = [w for each in group for w in each.writes()]
    reads = [w.broadcast(shape) for each in group for w in each.reads()]

    def harmless(a: Window, b: Window) -> bool:
        return a.same_place(b) or a.apart(b)

    return all(harmless(w.broadcast(shape), t) for w in node.reads() for t in targets) and all(
        harmless(w, other) for w in node.writes() for other in (*targets, *reads)
    )


def _placed(buffers: list[Buffer], live: dict[Buffer, list[int]]) -> tuple[dict[Buffer, int], int]:
    """Where each buffer lies in memory: over others that are not needed at the same time."""
    places: dict[Buffer, int] = {}
    end = 0
    for buffer in sorted(buffers, key=lambda b: live[b]):
        size = -(-buffer.size * buffer.dtype.itemsize // ALIGNED) * ALIGNED
        taken = sorted(
            (places[b], -(-b.size * b.dtype.itemsize // ALIGNED) * ALIGNED)
            for b in places
            if live[b][0] <= live[buffer][1] and live[buffer][0] <= live[b][1]
        )
        at = 0
        for start, length in taken:
            if start - at >= size:
                break
            at = max(at, start + length)
        places[buffer] = at
        end = max(end, at + size)
    return places, end
