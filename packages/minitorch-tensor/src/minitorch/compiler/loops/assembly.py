"""Nodes as a function: which become one nest of loops, what is stored, where buffers lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from ..instructions import Value
from ..printing.layout import wrapped
from . import formulas
from .nodes import Assign, Node, Reduce, Register, Statement
from .text import INDENT, Text
from .windows import Buffer, Window

if TYPE_CHECKING:
    from .translation import Translation

__all__ = ["assembled"]

ALIGNED = 64  # bytes


def assembled(
    name: str, translation: Translation, nodes: list[Node], arguments: list[Value], own: set[Buffer]
) -> tuple[str, int]:
    """The text of the function, and how many bytes of memory it takes for its ``own`` buffers, as
    another argument."""
    text = Text(translation.instructions, arguments)
    groups = _groups(nodes)
    live: dict[Buffer, list[int]] = {}  # the first and the last group that has to do with a buffer
    reads: dict[Buffer, int] = {}  # the last group that reads it
    for k, group in enumerate(groups):
        for node in group:
            reads.update((window.buffer, k) for window in node.reads())
            for window in (*node.reads(), *node.writes()):
                live.setdefault(window.buffer, [k, k])[1] = k
    for k, group in enumerate(groups):
        head = group[0]
        if isinstance(head, Assign):
            assigns = cast("list[Assign]", group)
            later = own - {buffer for buffer, last in reads.items() if last > k}
            text.group(assigns, [_stored(j, assigns, later) for j in range(len(group))])
        elif isinstance(head, Reduce):
            text.reduce(head)
        else:
            text.statement(cast("Statement", head))
    places, size = _placed([buffer for buffer in own if buffer in text.used], live)
    top = [f"{n} = start({n})" for n in (text.names.of[v] for v in arguments if not v.scalar)]
    for buffer, offset in places.items():
        kind = formulas.kind(buffer.dtype)
        top.append(f"{text.buffer(buffer)} = at(memory, {offset}, {kind})  # {buffer.value.shape}")
    names = [text.names.of[value] for value in arguments] + ["memory"] * bool(size)
    lines = wrapped(f"def {name}({', '.join(names)}):")
    for line in (*top, *text.lines):
        bare = line.lstrip()
        lines += wrapped(bare, INDENT + line[: -len(bare)]) if bare else [""]
    return "\n".join(lines) + "\n", size


def _groups(nodes: Sequence[Node]) -> list[list[Node]]:
    """Neighbours that can be one nest of loops; a scalar goes before the loops that it is among."""
    groups: list[list[Node]] = []
    current: list[Assign] = []
    for node in nodes:
        if isinstance(node, Assign) and current:
            if _joins(node, current):
                current.append(node)
                continue
            if _independent(node, current):
                groups.append([node])
                continue
        if current:
            groups.append([*current])
            current = []
        if isinstance(node, Assign):
            current = [node]
        else:
            groups.append([node])
    return groups + ([[*current]] if current else [])


def _independent(node: Assign, group: list[Assign]) -> bool:
    """Whether it is computed of registers of earlier groups alone."""
    made = {each.target for each in group if isinstance(each.target, Register)}
    registers = {x for x in node.operands if isinstance(x, Register)}
    return isinstance(node.target, Register) and not node.reads() and made.isdisjoint(registers)


def _joins(node: Assign, group: list[Assign]) -> bool:
    """Whether the node can be computed element by element after those of the group."""
    shape = group[0].shape
    if node.shape != shape:
        return False
    targets = [w for each in group for w in each.writes()]
    others = [w.broadcast(shape) for each in group for w in each.reads()] + targets

    def harmless(a: Window, b: Window) -> bool:
        return a.same_place(b) or a.apart(b)

    return all(harmless(w.broadcast(shape), t) for w in node.reads() for t in targets) and all(
        harmless(w, other) for w in node.writes() for other in others
    )


def _stored(number: int, group: list[Assign], unread: set[Buffer]) -> bool:
    """Whether memory has to hold what assignment ``number`` of a group computes. Later groups do
    not read what is ``unread``; the group itself takes it from registers, at the same index."""
    target = group[number].target
    if isinstance(target, Register) or target.buffer not in unread:
        return True
    return any(
        w.buffer is target.buffer and not target.same_place(w.broadcast(target.shape))
        for each in group[number + 1 :]
        for w in each.reads()
    )


def _placed(buffers: list[Buffer], live: dict[Buffer, list[int]]) -> tuple[dict[Buffer, int], int]:
    """Where each buffer lies in memory: over others that are not needed at the same time."""
    places: dict[Buffer, int] = {}

    def end(buffer: Buffer, start: int) -> int:
        bytes_ = buffer.size * buffer.dtype.itemsize
        return start + -(-bytes_ // ALIGNED) * ALIGNED

    for buffer in sorted(buffers, key=lambda b: (live[b], b.size)):
        first, last = live[buffer]
        taken = [
            (start, end(other, start))
            for other, start in places.items()
            if live[other][0] <= last and first <= live[other][1]
        ]
        at = 0
        for start, stop in sorted(taken):
            if end(buffer, at) <= start:
                break
            at = max(at, stop)
        places[buffer] = at
    return places, max((end(buffer, at) for buffer, at in places.items()), default=0)
