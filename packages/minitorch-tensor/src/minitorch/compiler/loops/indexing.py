"""Elements at numbers that are known when the program runs: take, x[index], add.at.

As NumPy they count negative numbers from the end, and refuse those that are out of bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...kernels.indexing import outside
from ..instructions import Instruction, Method, Value
from . import formulas
from .nodes import Node, Operand, Statement
from .windows import Untranslatable, Window

if TYPE_CHECKING:
    from .translation import Translation

__all__ = ["checked", "gathered", "scattered"]

LETTERS = "ijklmn"


def gathered(t: Translation, instruction: Instruction, made: dict[Value, Operand]) -> list[Node]:
    """``x[..., index, ...]`` or ``x.take(index, axis)``."""
    result = instruction.results[0]
    source = t.window(instruction.args[0])
    if isinstance(instruction.function, Method):
        options = dict(zip(("axis", "out", "mode"), instruction.args[2:])) | instruction.kwargs
        axis = options.pop("axis", None)
        if any(each is not None for each in options.values()):
            raise Untranslatable("options of take")
        number = instruction.args[1]
        if axis is None:
            source, axis = _line(source), 0
        axis %= len(source.shape)
    else:
        axis, number = _axis(instruction.args[1])
    index = t.window(number)
    if index.dtype.kind != "i" or result is None:
        raise Untranslatable("an index that is no integer")
    if result.scalar:
        raise Untranslatable("a number")
    out = t.new(result)
    if not isinstance(out, Window):
        raise Untranslatable("a number")
    made[result] = out
    text = "{out} = {source}"
    return [_loops(instruction, source, index, axis, out, text, [source, index], [out])]


def scattered(t: Translation, instruction: Instruction) -> list[Node]:
    """``x[..., index, ...] = values``, ``np.add.at(x, index, values)``."""
    target = t.window(instruction.args[0])
    axis, number = _axis(instruction.args[1])
    index = t.window(number)
    if index.dtype.kind != "i":
        raise Untranslatable("an index that is no integer")
    shape = (*target.shape[:axis], *index.shape, *target.shape[axis + 1 :])
    values, dtype = t.operand(instruction.args[2])
    if isinstance(values, Window):
        values = values.broadcast(shape)
    sign = "+=" if getattr(instruction.function, "__name__", "") == "at" else "="
    if values is None:
        values = formulas.constant(instruction.args[2], target.dtype)
    else:
        dtype = np.dtype(float) if dtype is float else dtype
        if dtype != target.dtype:
            raise Untranslatable("values of another dtype")
    if target.dtype.kind == "b":
        raise Untranslatable("masks")
    taken = [index, *([values] if isinstance(values, Window) else [])]
    if sign == "+=":
        taken.append(target)
    if any(not target.apart(each) for each in taken[: len(taken) - (sign == "+=")]):
        raise Untranslatable("what is written is read elsewhere")
    window = (
        values if isinstance(values, Window) else Window(target.buffer, shape, (0,) * len(shape))
    )
    text = (
        f"{{source}} {sign} {{out}}"
        if isinstance(values, Window)
        else f"{{source}} {sign} {{given}}"
    )
    return [_loops(instruction, target, index, axis, window, text, taken, [target], values)]


def _axis(key: Any) -> tuple[int, Any]:
    """The dimension in which a key has an index, and the index."""
    keys = key if type(key) is tuple else (key,)
    found = [k for k, each in enumerate(keys) if isinstance(each, Value)]
    others = [each for each in keys if not isinstance(each, Value)]
    if len(found) != 1 or any(type(x) is not slice or x != slice(None) for x in others):
        raise Untranslatable("an index of several kinds")
    return found[0], keys[found[0]]


def _line(x: Window) -> Window:
    """All elements in C's order."""
    size = 1
    for n, step in zip(x.shape[::-1], x.strides[::-1]):
        if n != 1 and step != size:
            raise Untranslatable("elements that do not lie side by side")
        size *= n
    return Window(x.buffer, (size,), (1,), x.offset)


def _loops(
    instruction: Instruction, source: Window, index: Window, axis: int, out: Window, text: str,
    taken: list[Window], made: list[Window], given: Any = None,
) -> Statement:  # fmt: skip
    """For each index of ``out``: the formula of it and of the element of ``source`` whose number
    along ``axis`` the index has."""
    depth = len(index.shape)
    if len(out.shape) > len(LETTERS):
        raise Untranslatable("many dimensions")
    shape, letters = out.shape, LETTERS[: len(out.shape)]
    inner = letters[axis : axis + depth]
    n = source.shape[axis]

    def lines(names: Any) -> list[str]:
        made: list[str] = []
        # the loops over the index, outermost: its numbers are read once
        order = [*range(axis, axis + depth), *range(axis), *range(axis + depth, len(shape))]
        for level, d in enumerate(order):
            if level == depth:
                made += _number(names, index, inner, n, level)
            made.append("    " * level + f"for {letters[d]} in range({shape[d]}):")
        if depth == len(order):
            made += _number(names, index, inner, n, depth)
        at = letters[:axis] + "p" + letters[axis + depth :]
        words = {"out": names.element(out, letters), "source": names.element(source, at)}
        if given is not None and not isinstance(given, Window):
            words["given"] = names.operand(given)
        return [*made, "    " * len(order) + text.format(**words)]

    return Statement(instruction, lines, taken, made, True)


def _number(names: Any, index: Window, letters: str, n: int, level: int) -> list[str]:
    indent = "    " * level
    return [
        f"{indent}p = {names.element(index, letters)}",
        f"{indent}p = p + {n} if p < 0 else p",
        f"{indent}if p < 0 or p >= {n}:",
        f"{indent}    raise Differs",
    ]


def checked(t: Translation, instruction: Instruction, made: dict[Value, Operand]) -> list[Node]:
    """``expect_none(outside, index, n)``: all numbers of the index are from 0 to n - 1."""
    function, index, n = instruction.args[:3]
    if function is not outside:
        raise Untranslatable("an assumption of another kind")
    window = t.window(index)
    letters = LETTERS[: len(window.shape)]

    def lines(names: Any) -> list[str]:
        made = [
            "    " * level + f"for {letter} in range({size}):"
            for level, (letter, size) in enumerate(zip(letters, window.shape))
        ]
        indent = "    " * len(letters)
        element = names.element(window, letters)
        return [
            *made,
            f"{indent}if {element} < 0 or {element} >= {n}:",
            f"{indent}    raise Differs",
        ]

    return [Statement(instruction, lines, [window], [], True)]
