"""What becomes of a program's text: a function, a file."""

from __future__ import annotations

import itertools
import linecache
import os
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .literals import array_text
from .module import module, written

if TYPE_CHECKING:
    from ..program import Program

__all__ = ["function", "save"]

_numbers = itertools.count(1)


def function(program: Program) -> Callable[..., tuple[Any, ...]]:
    """The function of the program, compiled from its text."""
    text = written(program)
    lines = module(text)
    name = f"<{program.function_name} {next(_numbers)}>"
    namespace: dict[str, Any] = {
        "__name__": name,
        "constants": dict(text.writer.constants.values()),
        **text.writer.objects,
    }
    with np.errstate(all="ignore"):  # what is computed once
        exec(compile(lines, name, "exec"), namespace)
    namespace |= text.writer.loops  # the same, which is compiled once and kept on disk
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
    constants = text.writer.constants.values()
    arrays = {name: array for name, array in constants if array_text(array) is None}
    with open(path, "w", encoding="utf-8") as file:
        file.write(module(text, alone=True))
    if arrays:
        np.savez(f"{os.path.splitext(path)[0]}.npz", **arrays)
