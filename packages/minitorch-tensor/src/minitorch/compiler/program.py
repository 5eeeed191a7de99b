"""Programs of arrays: what a recording gives, what passes change, what is printed and run.

A program is a list of instructions over named values. It holds no array but its constants.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from . import printing
from .instructions import Attribute, Instruction, Line, Method, Value, values_in

__all__ = ["Attribute", "Instruction", "Line", "Method", "Program", "Value", "values_in"]


@dataclass(slots=True, repr=False)
class Program:
    """``name`` is the pass that gave it, ``change`` says what that changed, for the reader.

    The function of the program takes ``arguments`` in their order and returns a tuple of
    ``results``. Memory of an argument changes where an instruction ``writes`` to it or to a view
    of it; nobody holds memory of another run's but what ``results`` gave out.

    ``setup`` runs once, before the first run. What it makes is the same for all runs, or memory
    that each of them writes to anew; none of it is a result, nor is a view of one.
    """

    name: str
    change: str
    arguments: list[Value]
    instructions: list[Instruction]
    results: list[Value]
    function_name: str = "step"
    notes: dict[str, Any] = field(default_factory=dict)
    setup: list[Instruction] = field(default_factory=list)

    def having(
        self, name: str, change: str, instructions: list[Instruction], **others: Any
    ) -> Program:
        """The program that a pass makes of this one."""
        return replace(self, name=name, change=change, instructions=instructions, **others)

    @property
    def source(self) -> str:
        """The text of the program, a module of Python."""
        return printing.source(self)

    def function(self) -> Callable[..., tuple[Any, ...]]:
        """The function of the program, compiled from its text, whose lines tracebacks and debuggers
        show. Each call gives one that has memory of its own, which one thread may use at a time.
        """
        return printing.function(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the program as a module that can be imported by itself, with its larger constants
        in an ``.npz`` file beside it.

        Raises:
            ValueError: the program uses an object that no text can name; the message names it.
        """
        printing.save(self, path)

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        return f"<program {self.function_name}, {self.name}: {len(self.instructions)} instructions>"

    def _repr_html_(self) -> str:
        from .printing.notebook import html  # only notebooks need it

        return html(self)
