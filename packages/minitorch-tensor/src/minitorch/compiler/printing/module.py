"""The module that a program is printed as: imports, constants, buffers, the function."""

from __future__ import annotations

import html as escaping
import itertools
import linecache
import math
import os
import sys
import textwrap
import weakref
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..instructions import Line, Value
from .layout import WIDTH, commented, filled, wrapped
from .literals import nested
from .names import Names
from .statements import Writer

if TYPE_CHECKING:
    from ..program import Program

__all__ = ["function", "html", "save", "source"]

LARGE = 1 << 16  # bytes; arrays of so many are let go of after their last use
SMALL = 8  # elements; constants of so many stand in the text
INDENT = "    "


@dataclass
class Block:
    """The lines that come of one line of the user's."""

    line: Line | None
    backward: bool
    lines: list[str] = field(default_factory=list)


@dataclass
class Text:
    """A program as text. ``body`` is the function's, the rest stands before it."""

    program: Program
    writer: Writer
    arguments: list[str]
    body: list[Block]
    results: list[str]


def written(program: Program) -> Text:
    """The statements of a program."""
    names = Names()
    names.taken.add(program.function_name)
    writer = Writer(names)
    for k, value in enumerate(program.arguments):
        names.give(value, value.hint or f"argument_{k}")
    buffers = {value for memory in program.buffers for value in memory}
    for instruction in program.instructions:
        for value in instruction.writes:
            if value in buffers and value not in names.of:
                names.give(value, value.hint or names.word(instruction, value))
                writer.outside.add(names.of[value])
        writer.prepare(instruction)
    body: list[Block] = []
    ends = _ends(program, buffers)
    held = _held_outside(program, buffers)
    for k, instruction in enumerate(program.instructions):
        place = instruction.line, instruction.backward
        if not body or place != (body[-1].line, body[-1].backward):
            body.append(Block(*place))
        names.release(ends[k])  # a result may be called as an operand was
        names.give_results(instruction)
        results = [value for value in instruction.results if value is not None]
        lines = wrapped(writer.statement(instruction), INDENT)
        body[-1].lines += commented(lines, ", ".join(map(_shape, results)))
        unused = [value for value in results if value in ends[-1]]
        names.release(unused)
        rebound = [names.of[value] for value in results]
        ending = [v for v in ends[k] if names.of[v] not in rebound] + unused
        dropped = [names.of[v] for v in ending if v not in held and _large(v)]
        if dropped and instruction is not program.instructions[-1]:
            body[-1].lines += wrapped(f"del {', '.join(dropped)}", INDENT)
    results_text = [writer.text(value) for value in program.results]
    return Text(program, writer, [names.of[v] for v in program.arguments], body, results_text)


def _ends(program: Program, buffers: set[Value]) -> dict[int, list[Value]]:
    """By number of an instruction: the values that are not used after it; by -1 those that are not
    used at all. Results, arguments, constants and buffers are not among them."""
    last: dict[Value, int] = {}
    for k, instruction in enumerate(program.instructions):
        last.update((value, -1) for value in instruction.results if value is not None)
        last.update((value, k) for value in instruction.inputs())
    for value in (*program.results, *buffers, *program.arguments):
        last.pop(value, None)
    ends = defaultdict(list)
    for value, k in last.items():
        if value.constant is None:
            ends[k].append(value)
    return ends


def _held_outside(program: Program, buffers: set[Value]) -> set[Value]:
    """What the caller holds, and buffers; and views of these."""
    held = {*program.arguments, *buffers}
    for instruction in program.instructions:
        if any(value in held for value in instruction.views):
            held.update(filter(None, instruction.results))
    return held


def _size(value: Value) -> int:
    return value.dtype.itemsize * math.prod(value.shape)


def _large(value: Value) -> bool:
    return _size(value) >= LARGE


def _shape(value: Value) -> str:
    return str(value.shape) + ("" if value.dtype == np.float32 else f" {value.dtype}")


# --- the module's text -------------------------------------------------------------------------


def source(program: Program) -> str:
    """The text of the program, a module of Python; larger constants come by their names."""
    return _module(written(program), [])


def _module(text: Text, loading: list[str]) -> str:
    program, writer = text.program, text.writer
    lines = _docstring(program)
    imports = [
        line for module, found in sorted(writer.imports.items()) for line in _import(module, found)
    ]
    standard = [line for line in imports if line.split()[1] in sys.stdlib_module_names]
    others = [line for line in imports if line not in standard]
    if loading:
        standard = sorted([*standard, "from pathlib import Path"])
    lines += [*standard, *([""] if standard else []), "import numpy as np", *others]
    around = [f"{name} = np.dtype(np.{dtype.name})" for dtype, name in writer.dtypes.items()]
    around += [
        f"# {name}: an object of type {type(x).__name__} that the program keeps, {x!r:.40}"
        for name, x in writer.objects.items()
    ]
    for name, array in writer.constants.values():
        around += commented(wrapped(_constant(name, array)), _shape(Value.of(array)))
    if around:
        lines += ["", *loading, *around]
    if program.buffers:
        lines += ["", "# memory that every run writes to anew"]
        for k, memory in enumerate(program.buffers, 1):
            lines += _memory(k, memory, writer)
    lines += ["", "", *_function(text, len(lines) + 2)]
    return "\n".join(lines) + "\n"


def _docstring(program: Program) -> list[str]:
    title = f'"""{program.function_name}: {program.name}.'
    lines = textwrap.wrap(program.change, WIDTH) if program.change else []
    lines = [line.replace("\\", "\\\\").replace('"""', "'''") for line in lines]
    return [title, "", *lines, '"""', ""] if lines else [title + '"""', ""]


def _import(module: str, found: dict[str, str]) -> list[str]:
    names = [name if name == here else f"{name} as {here}" for name, here in sorted(found.items())]
    line = f"from {module} import {', '.join(names)}"
    return [line] if len(line) <= WIDTH else wrapped(f"from {module} import ({', '.join(names)})")


def _constant(name: str, array: Any) -> str:
    if array.size <= SMALL and array.flags.c_contiguous and array.dtype.kind in "biufc":
        elements = nested(array)
        if elements is not None:
            return f"{name} = np.array({elements}, np.{array.dtype.name})"
    return f'{name} = constants["{name}"]'


def _memory(number: int, buffers: tuple[Value, ...], writer: Writer) -> list[str]:
    """Buffers that share their memory."""
    names = [writer.names.of[value] for value in buffers]
    if len(buffers) == 1:
        return wrapped(f"{names[0]} = {_laid_out('np.empty({}, {})', buffers[0], writer)}")
    name = writer.names.fresh(f"memory_{number}")
    lines = [f"{name} = np.empty({max(map(_size, buffers))}, np.uint8)"]
    for here, value in zip(names, buffers):
        made = f"{name}[:{_size(value)}].view({{1}}).reshape({{0}})"
        lines += wrapped(f"{here} = {_laid_out(made, value, writer)}")
    return lines


def _laid_out(text: str, value: Value, writer: Writer) -> str:
    """``text``, which makes memory of a shape and dtype, for the shape and strides of ``value``."""
    order = sorted(range(len(value.shape)), key=lambda k: -value.strides[k])
    shape = tuple(value.shape[k] for k in order)
    made = text.format(shape, writer.text(value.dtype.type))
    if order != sorted(order):
        made += f".transpose({', '.join(str(order.index(k)) for k in range(len(order)))})"
    return made


def _function(text: Text, above: int) -> list[str]:
    """The def, whose first line stands after ``above`` others."""
    program = text.program
    lines = wrapped(f"def {program.function_name}({', '.join(text.arguments)}):")
    shapes = [f"{name} {_shape(v)}" for name, v in zip(text.arguments, program.arguments)]
    lines += filled([f"{shape}," for shape in shapes[:-1]] + shapes[-1:], INDENT) if shapes else []
    half = None
    headings = []  # (place, block)
    for block in text.body:
        if block.backward is not half:
            if half is not None or block.backward:
                lines += ["", f"{INDENT}# {'-' * 10} {'backward' if block.backward else 'forward'}"]
            half = block.backward
        if block.line is not None:
            lines.append("")
            headings.append((len(lines), block))
            lines.append("")
        lines += block.lines
    for (at, block), other in zip(headings, _others(headings)):
        lines[at] = _heading(block, None if other is None else above + other + 1)
    results = ", ".join(text.results) + ("," if len(text.results) == 1 else "")
    return [*lines, "", *wrapped(f"return ({results})" if results else "return ()", INDENT)]


def _others(headings: list[tuple[int, Block]]) -> list[int | None]:
    """Where the forward lines of each backward block are, and the other way round.

    The blocks of a line that ran several times are undone in the opposite order.
    """
    places = defaultdict(lambda: ([], []))  # type: ignore[var-annotated]
    for at, block in headings:
        places[block.line][block.backward].append(at)
    found: list[int | None] = []
    for at, block in headings:
        mine, others = places[block.line][block.backward], places[block.line][not block.backward]
        number = len(mine) - 1 - mine.index(at)
        found.append(others[min(number, len(others) - 1)] if others else None)
    return found


def _heading(block: Block, other: int | None) -> str:
    line = block.line
    assert line is not None
    place = f"{os.path.basename(line.filename)}:{line.number}"
    start, end = f"{INDENT}# {place}  ", ""
    if other is not None:
        if block.backward:
            start = f"{INDENT}# undoes line {other}, {place}  "
        else:
            end = f"  (undone in line {other})"
    room = WIDTH - len(start) - len(end)
    text = line.text.strip()
    return start + (text if len(text) <= room else text[: room - 3] + "...") + end


# --- what becomes of the text ------------------------------------------------------------------

_numbers = itertools.count(1)


def function(program: Program) -> Callable[..., tuple[Any, ...]]:
    """The function of the program, compiled from its text."""
    text = written(program)
    lines = _module(text, [])
    name = f"<{program.function_name} {next(_numbers)}>"
    namespace: dict[str, Any] = {
        "__name__": name,
        "constants": dict(text.writer.constants.values()),
        **text.writer.objects,
    }
    exec(compile(lines, name, "exec"), namespace)
    made: Callable[..., tuple[Any, ...]] = namespace[program.function_name]
    linecache.cache[name] = len(lines), None, lines.splitlines(keepends=True), name
    weakref.finalize(made, linecache.cache.pop, name, None)
    return made


def save(program: Program, path: str | os.PathLike[str]) -> None:
    """Writes the text as a module, and its larger constants beside it."""
    text = written(program)
    for name, x in text.writer.objects.items():
        raise ValueError(
            f"save(): the program uses {name}, {x!r}, which cannot be imported from a module: "
            "define it at the top of one, or keep the program in memory"
        )
    arrays = {
        name: array for name, array in text.writer.constants.values()
        if _constant(name, array).endswith("]")
    }  # fmt: skip
    loading = ['with np.load(Path(__file__).with_suffix(".npz")) as file:'] if arrays else []
    loading += ["    constants = dict(file)"] if arrays else []
    path = Path(path)
    path.write_text(_module(text, loading), encoding="utf-8")
    if arrays:
        np.savez(path.with_suffix(".npz"), **arrays)


STYLE = """
.program { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 0 1.5em;
  font: 13px/1.45 ui-monospace, monospace; color: light-dark(#1f2328, #e6edf3);
  color-scheme: light dark; }
.program > * { white-space: pre-wrap; padding: .3em 0; text-align: left;
  border-top: 1px solid light-dark(#d0d7de, #30363d); }
.program .wide { grid-column: 1 / 3; font-family: system-ui, sans-serif; border: 0; }
.program .line, .program .comment { color: light-dark(#59636e, #9198a1); }
"""


def html(program: Program) -> str:
    """Two columns: the user's line, and the generated lines beside it."""
    text = written(program)
    title = f"<b>{program.function_name}: {escaping.escape(program.name)}.</b> "
    rows = [f'<div class="wide">{title}{escaping.escape(program.change)}</div>']
    head = [f"def {program.function_name}({', '.join(text.arguments)}):"]
    rows.append(_row("", [part for line in head for part in wrapped(line)]))
    half = False
    for block in text.body:
        if block.backward and not half:
            rows.append('<div class="wide"><b>backward</b></div>')
        half = block.backward
        line = block.line
        place = line and f"{os.path.basename(line.filename)}:{line.number}"
        users = f"{place}  {line.text.strip()}" if line else ""
        rows.append(_row(users, [each.removeprefix(INDENT) for each in block.lines]))
    rows.append(_row("", [f"return ({', '.join(text.results)})"]))
    return f"<style>{STYLE}</style><div class='program'>{''.join(rows)}</div>"


def _row(users: str, lines: list[str]) -> str:
    cells = []
    for line in lines:
        code, mark, comment = escaping.escape(line).partition("  # ")
        cells.append(f'{code}<span class="comment">{mark}{comment}</span>' if mark else code)
    left = f'<div class="line">{escaping.escape(users)}</div>'
    return f"{left}<div>{chr(10).join(cells)}</div>"
