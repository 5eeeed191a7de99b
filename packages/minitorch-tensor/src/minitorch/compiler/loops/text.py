"""Nodes as the text of one function, which Numba compiles."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..instructions import Line, Value
from ..printing.layout import WIDTH
from ..printing.literals import array_name
from ..printing.names import Names
from . import formulas
from .nodes import Assign, Node, Operand, Reduce, Register, Statement
from .windows import Buffer, Window

__all__ = ["HELPERS", "INDENT", "LETTERS", "Text"]

LETTERS = "ijklmn"
INDENT = "    "
HELPERS: set[str] = {  # what the text calls, and its loops' variables
    "Differs", "add", "ahead", "at", "compiled", "dgemm", "exp", "log", "math", "memory", "p",
    "sgemm", "start", "tanh", "total", *LETTERS, *formulas.DTYPES.values(),
}  # fmt: skip


class Text:
    """Writes the body of a function. ``kept`` says where buffers of its own lie in its memory;
    what is not ``needed`` afterwards is not stored."""

    def __init__(self, instructions: Sequence[Any], given: Sequence[Value]) -> None:
        self.names = Names()
        self.names.taken |= HELPERS
        for k, value in enumerate(given):
            word = array_name(value.constant) if value.constant is not None else f"x{k}"
            self.names.give(value, value.hint or word)
        for instruction in instructions:
            self.names.give_results(instruction)
        self.used: set[Buffer] = set()
        self.lines: list[str] = []
        self.place: tuple[Line | None, bool] = None, False

    # --- what things are called ----------------------------------------------------------------

    def buffer(self, buffer: Buffer) -> str:
        """The pointer to a buffer."""
        if buffer.value not in self.names.of:
            self.names.give(buffer.value, buffer.value.hint or "array")
        return self.names.of[buffer.value]

    def pointer(self, window: Window) -> str:
        """The pointer to the first element of a window."""
        self.used.add(window.buffer)
        name = self.buffer(window.buffer)
        return f"ahead({name}, {window.offset})" if window.offset else name

    def element(self, window: Window, letters: Sequence[str]) -> str:
        """The element at an index, as it lies in memory."""
        self.used.add(window.buffer)
        terms = [
            letter if step == 1 else f"{step} * {letter}"
            for letter, step, n in zip(letters, window.strides, window.shape, strict=True)
            if step and n != 1 and letter != "0"
        ]
        if window.offset or not terms:
            terms.append(str(window.offset))
        return f"{self.buffer(window.buffer)}[{' + '.join(terms)}]"

    def load(self, window: Window, letters: Sequence[str]) -> str:
        """The element at an index, as a number."""
        text = self.element(window, letters)
        return f"({text} != 0)" if window.dtype == np.bool_ else text

    def operand(self, x: Operand, letters: Sequence[str] = ()) -> str:
        """An operand of a formula."""
        if isinstance(x, str):
            return x
        return self.register(x) if isinstance(x, Register) else self.load(x, letters)

    def register(self, register: Register) -> str:
        """The variable."""
        if register.value not in self.names.of:
            self.names.give(register.value, register.value.hint or "number")
        return self.names.of[register.value]

    # --- lines ---------------------------------------------------------------------------------

    def heading(self, node: Node) -> None:
        """The user's line, where it is another than before."""
        place = node.instruction.line, node.instruction.backward
        if place != self.place and place[0] is not None:
            file = f"{os.path.basename(place[0].filename)}:{place[0].number}"
            text = f"# {'undoes ' if place[1] else ''}{file}  {place[0].text.strip()}"
            self.lines += ["", text if len(text) <= WIDTH - 4 else text[: WIDTH - 7] + "..."]
        self.place = place

    def nest(self, sizes: Sequence[tuple[str, int]], body: list[str]) -> list[str]:
        """The body within loops, the outermost first."""
        lines = []
        for level, (letter, n) in enumerate(sizes):
            lines.append(INDENT * level + f"for {letter} in range({n}):")
        return lines + [INDENT * len(sizes) + line for line in body]

    def group(self, nodes: list[Assign], stored: list[bool]) -> None:
        """Assignments over one shape as one nest of loops; what is ``stored`` is needed later."""
        self.heading(nodes[0])
        loops = _loops([w for each in nodes for w in _windows(each)], nodes[0].shape)
        letters = LETTERS[: len(loops)]
        body: list[str] = []
        known: list[tuple[Window, str]] = []

        def text(x: Operand) -> str:
            if not isinstance(x, Window):
                return self.operand(x)
            window = x.broadcast(nodes[0].shape)
            for other, name in reversed(known):
                if other.same_place(window):
                    return name
            name = self.load(_collapsed(window, loops), letters)
            if counts[_key(window)] > 1:
                name, loaded = (
                    self.names.fresh(f"{self.buffer(window.buffer)}_{letters[-1:]}"),
                    name,
                )
                body.append(f"{name} = {loaded}")
                known.append((window, name))
            return name

        counts: dict[Any, int] = {}
        for node in nodes:
            for k, x in enumerate(node.operands):
                if isinstance(x, Window):
                    key = _key(x.broadcast(nodes[0].shape))
                    counts[key] = counts.get(key, 0) + node.formula.count(f"{{{k}}}")
        for number, (node, store) in enumerate(zip(nodes, stored, strict=True)):
            operands = [text(x) for x in node.operands]
            expression = node.formula.format(*operands)
            target = node.target
            if isinstance(target, Register):
                body.append(f"{self.register(target)} = {_bare(expression)}")
                continue
            later = [x for each in nodes[number + 1 :] for x in each.reads()]
            again = any(target.same_place(x.broadcast(target.shape)) for x in later)
            place = self.element(_collapsed(target, loops), letters) if store else ""
            if store and not again:
                body.append(f"{place} = {_bare(expression)}")
                continue
            known[:] = [(w, n) for w, n in known if w.apart(target)]
            result = node.instruction.results[0] if node.instruction.results else None
            word = self.names.of.get(result) if result is not None and not store else None
            if word is None or word in (n for _, n in known) or result is not target.buffer.value:
                word = self.names.fresh(f"{self.buffer(target.buffer)}_{letters[-1:] or 0}")
            body.append(f"{word} = {_bare(expression)}")
            known.append((target, word))
            if store:
                body.append(f"{place} = {word}")
        self.lines += self.nest([(a, n) for a, (n, _) in zip(letters, loops)], body)

    def statement(self, node: Statement) -> None:
        """Lines as they are."""
        self.heading(node)
        self.lines += node.text(self)

    def reduce(self, node: Reduce) -> None:
        """Sums and their like: in a register, or in memory where rows are added up."""
        self.heading(node)
        shape, target = node.operands[0].shape, node.target
        first = node.operands[0]
        dims = [d for d, n in enumerate(shape) if n != 1]
        kept = [d for d in dims if isinstance(target, Window) and target.strides[d]]
        gone = [d for d in dims if d not in kept]
        gone.sort(key=lambda d: -abs(first.strides[d]))
        kept.sort(key=lambda d: -abs(target.strides[d]))  # type: ignore[union-attr]
        letter = dict(zip([*kept, *gone], LETTERS))
        letters = [letter.get(d, "0") for d in range(len(shape))]
        loads = [self.load(w, letters) for w in node.operands]
        element = node.element.format(*loads)
        beginning = node.start or node.element.format(
            *(
                self.load(w, ["0" if d in gone else a for d, a in enumerate(letters)])
                for w in node.operands
            )
        )
        outer = [(letter[d], shape[d]) for d in kept]
        inner = [(letter[d], shape[d]) for d in gone]
        alone = not kept or (gone and min(dims, key=lambda d: abs(first.strides[d])) in gone)
        if alone or not gone:  # a sum in a register
            name = self.register(target) if isinstance(target, Register) else "total"
            total = node.formula.format(name, element)
            body = [f"{name} = {beginning}", *self.nest(inner, [f"{name} = {total}"])]
            if isinstance(target, Window):
                body.append(f"{self.element(target, letters)} = total")
            self.lines += self.nest(outer, body)
            return
        assert isinstance(target, Window)
        place = self.element(target, letters)
        self.lines += self.nest(outer, [f"{place} = {beginning}"])
        total = node.formula.format(place, element)
        self.lines += self.nest(inner + outer, [f"{place} = {total}"])


def _windows(node: Assign) -> list[Window]:
    shape = node.shape
    return [*node.writes(), *(w.broadcast(shape) for w in node.reads())]


def _key(window: Window) -> Any:
    return window.buffer, window.offset, window.strides


def _bare(text: str) -> str:
    """Without brackets around all of it."""
    if text.startswith("(") and text.endswith(")"):
        depth = 0
        for k, char in enumerate(text):
            depth += (char == "(") - (char == ")")
            if not depth:
                return text[1:-1] if k == len(text) - 1 else text
    return text


Loops = list[tuple[int, list[int]]]


def _loops(windows: list[Window], shape: tuple[int, ...]) -> Loops:
    """(size, dimensions) of each loop, the outermost first: in the order of the first window's
    memory; dimensions that lie one within the other in all windows make one loop."""
    dims = (
        sorted(
            (d for d, n in enumerate(shape) if n != 1), key=lambda d: -abs(windows[0].strides[d])
        )
        if windows
        else []
    )
    loops: Loops = []
    for d in dims:
        if loops:
            size, before = loops[-1]
            if all(w.strides[before[-1]] == w.strides[d] * shape[d] for w in windows):
                loops[-1] = size * shape[d], [*before, d]
                continue
        loops.append((shape[d], [d]))
    return loops


def _collapsed(window: Window, loops: Loops) -> Window:
    """The window over the loops' indices."""
    strides = tuple(window.strides[dims[-1]] for _, dims in loops)
    return Window(window.buffer, tuple(n for n, _ in loops), strides, window.offset)
