"""The module that a program is printed as: imports, constants, kept memory, the function."""

from __future__ import annotations

import operator
import os
import sys
import textwrap
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...autograd.dispatch import of_arrays
from ..instructions import Instruction, Line, Value
from .layout import WIDTH, commented, filled, wrapped
from .literals import array_text
from .lives import Lives
from .names import Names
from .statements import Writer

if TYPE_CHECKING:
    from ..program import Program

__all__ = ["INDENT", "Block", "Text", "module", "source", "written"]

INDENT = "    "
FLOAT32 = np.dtype(np.float32)


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
    setup: list[tuple[Instruction, str]]
    arguments: list[str]
    body: list[Block]
    results: list[str]


def written(program: Program) -> Text:
    """The statements of a program."""
    names = Names()
    names.taken.add(program.function_name)
    for instruction in program.instructions:  # names that other texts have
        names.taken.update(getattr(instruction.function, "names", ()))
    writer = Writer(names)
    for k, value in enumerate(program.arguments):
        names.give(value, value.hint or f"argument_{k}")
    setup = _setup(program, writer)
    for instruction in program.instructions:
        writer.prepare(instruction)
    lives = Lives(program)
    bound: dict[str, Value] = {}
    body: list[Block] = []
    for k, instruction in enumerate(program.instructions):
        place = instruction.line, instruction.backward
        if not body or place != (body[-1].line, body[-1].backward):
            body.append(Block(*place))
        names.release(lives.ends.get(k, ()))  # a result may be called as an operand was
        names.give_results(instruction)
        bound.update((names.of[value], value) for value in filter(None, instruction.results))
        body[-1].lines += _chain(instruction, writer)
        lines = wrapped(writer.statement(instruction), INDENT)
        body[-1].lines += commented(lines, _shapes(instruction, "".join(lines)))
        names.release(lives.unused.get(k, ()))
        dropped = lives.dropped(k, bound, names.of)
        for name in dropped:
            del bound[name]
        if dropped and k + 1 < len(program.instructions):
            body[-1].lines += wrapped(f"del {', '.join(dropped)}", INDENT)
    results = [writer.text(value) for value in program.results]
    arguments = [names.of[v] for v in program.arguments]
    return Text(program, writer, setup, arguments, body, results)


def _chain(instruction: Instruction, writer: Writer) -> list[str]:
    """What a compiled chain does, as a comment: ``r1 = tanh(r0)``."""
    operations = getattr(instruction.function, "operations", None)
    if operations is None:
        return []
    named = {f"a{k}": writer.text(x) for k, x in enumerate(instruction.args)}
    steps = []
    for result, operation, operands in operations:
        texts = (named.get(x, str(x)) for x in operands)
        steps.append(f"{result} = {operation}({', '.join(texts)}),")
    words = " ".join(steps).removesuffix(",").split()
    return filled(words, INDENT) if words else []


def _setup(program: Program, writer: Writer) -> list[tuple[Instruction, str]]:
    """The statements before the function."""
    gathered = {  # memory into which the program copies what has a name
        each.args[0]: f"{each.args[-1].hint}_gathered"
        for each in program.instructions
        if each.function is operator.setitem and isinstance(each.args[-1], Value)
        and each.args[-1].hint and not each.args[0].hint
    }  # fmt: skip
    uses = Counter(value for each in program.setup for value in each.inputs())
    used = {value for each in program.instructions for value in each.inputs()}
    found = []
    for instruction in program.setup:
        writer.prepare(instruction)
        value = instruction.results[0]
        assert value is not None
        if instruction.views and uses[value] == 1 and value not in used:
            writer.names.of[value] = writer.expression(instruction)  # stands where it is used
            continue
        if value in gathered:
            writer.names.give(value, gathered[value])
        writer.names.give_results(instruction)
        writer.outside.update(writer.names.of[each] for each in instruction.results if each)
        found.append((instruction, writer.statement(instruction)))
    return found


def _shapes(instruction: Instruction, text: str) -> str:
    """The shapes of the results, where the text does not show them."""
    shapes = [_shape(value) for value in filter(None, instruction.results)]
    shown = all(shape in text or shape == "()" for shape in shapes)
    return "" if shown else ", ".join(shapes)


def _shape(value: Value) -> str:
    return str(value.shape) + ("" if value.dtype == FLOAT32 else f" {value.dtype}")


# --- the module's text -------------------------------------------------------------------------


def source(program: Program) -> str:
    """The text of the program, a module of Python; larger constants come by their names."""
    return module(written(program))


def module(text: Text, alone: bool = False) -> str:
    """The module. One that is to run ``alone`` loads its larger constants, and is as silent as
    operations are."""
    writer = text.writer
    decorators = []
    if alone:
        decorators.append('@np.errstate(all="ignore")')
        if any(name.startswith("minitorch.") for name in writer.imports):  # rules, for one
            decorators.append(f"@{writer.function(of_arrays)}")
    loading = alone and any(array_text(array) is None for _, array in writer.constants.values())
    lines = _docstring(text.program)
    for function in writer.loops.values():
        for name, words in function.imports.items():
            here = writer.imports.setdefault(name, {})
            here.update((word, word) for word in words)
    imports = {
        name: _import(name, found) for name, found in sorted(writer.imports.items()) if found
    }
    if loading:
        imports["pathlib"] = ["from pathlib import Path"]
    standard = [imports.pop(name) for name in sorted(imports) if name in sys.stdlib_module_names]
    lines += [line for each in standard for line in each] + [""] * bool(standard)
    lines += ["import numpy as np", *(line for each in imports.values() for line in each)]
    around = [f"{name} = {path}" for path, name in writer.aliases.items()]
    around += [f"{name} = np.dtype({made})" for name, made in writer.dtypes.values()]
    around += [each for name, made in writer.made.items() for each in wrapped(f"{name} = {made}")]
    around += [
        f"# {name} is a {type(x).__qualname__} of {type(x).__module__}, which no text can name"
        for name, x in writer.objects.items()
    ]
    if loading:
        around += ['with np.load(Path(__file__).with_suffix(".npz")) as file:']
        around += ["    constants = dict(file)"]
    for name, array in writer.constants.values():
        made = array_text(array) or f'constants["{name}"]'
        shape = "" if made.startswith("np.") else _shape(Value.of(array))
        around += commented(wrapped(f"{name} = {made}"), shape)
    setup = [(each.function is np.empty, line) for each, line in text.setup]
    kept = next((k for k, (empty, _) in enumerate(setup) if empty), len(setup))
    around += [line for _, statement in setup[:kept] for line in wrapped(statement)]
    lines += [""] * bool(around) + around
    if setup[kept:]:
        lines += ["", "# memory that every run writes to anew"]
        lines += [line for _, statement in setup[kept:] for line in wrapped(statement)]
    lines += ["", ""]
    for function in writer.loops.values():
        lines += ["@compiled", *function.text.splitlines(), "", ""]
    return "\n".join([*lines, *decorators, *_function(text, len(lines + decorators))]) + "\n"


def _docstring(program: Program) -> list[str]:
    title = f'"""{program.function_name}: {program.name}.'
    lines = textwrap.wrap(program.change, WIDTH) if program.change else []
    lines = [line.replace("\\", "\\\\").replace('"""', "'''") for line in lines]
    return [title, "", *lines, '"""', ""] if lines else [title + '"""', ""]


def _import(module: str, found: dict[str, str]) -> list[str]:
    names = [name if name == here else f"{name} as {here}" for name, here in sorted(found.items())]
    line = f"from {module} import {', '.join(names)}"
    return [line] if len(line) <= WIDTH else wrapped(f"from {module} import ({', '.join(names)})")


def _function(text: Text, above: int) -> list[str]:
    """The def, whose first line stands after ``above`` others."""
    program = text.program
    lines = wrapped(f"def {program.function_name}({', '.join(text.arguments)}):")
    shapes = [f"{name} {_shape(v)}" for name, v in zip(text.arguments, program.arguments)]
    lines += filled([f"{shape}," for shape in shapes[:-1]] + shapes[-1:], INDENT) if shapes else []
    half = False
    headings = []  # (place, block)
    for k, block in enumerate(text.body):
        if block.backward is not half:
            later = any(each.backward for each in text.body[k:])
            part = "backward" if block.backward else "forward" if later else "afterwards"
            lines += ["", f"{INDENT}# ---------- {part}"]
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
