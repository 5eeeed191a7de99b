"""What instructions become on their way to loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..instructions import Instruction, Value
from .windows import Window

__all__ = ["Assign", "Node", "Reduce", "Register", "Statement"]


@dataclass(frozen=True)
class Register:
    """A number that a variable holds."""

    value: Value


Operand = Window | Register | str  # the last is a literal


@dataclass(eq=False)
class Node:
    """``instruction`` is the one that it comes of."""

    instruction: Instruction

    def reads(self) -> Sequence[Window]:
        return ()

    def writes(self) -> Sequence[Window]:
        return ()


@dataclass(eq=False)
class Assign(Node):
    """``target[index] = formula(operands[index])`` for each index of the target's shape; once, for
    a register."""

    target: Window | Register
    formula: str
    operands: list[Operand]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.target.shape if isinstance(self.target, Window) else ()

    def reads(self) -> Sequence[Window]:
        return [each for each in self.operands if isinstance(each, Window)]

    def writes(self) -> Sequence[Window]:
        return [self.target] if isinstance(self.target, Window) else []


@dataclass(eq=False)
class Reduce(Node):
    """The ``element`` of each index, a formula of the operands, taken together into the target
    along the dimensions in which its stride is 0.

    ``start``    what it begins with, a literal; None where that is the first element
    ``formula``  of the result so far, ``{0}``, and an element, ``{1}``
    """

    target: Window | Register
    operands: list[Window]
    element: str
    start: str | None
    formula: str

    def reads(self) -> Sequence[Window]:
        return self.operands

    def writes(self) -> Sequence[Window]:
        return [self.target] if isinstance(self.target, Window) else []


@dataclass(eq=False)
class Statement(Node):
    """Lines that ``text`` gives, of what says how a buffer or a register is called. One that
    ``expects`` values ends the program, which is undone, where they are others."""

    text: Callable[[Any], list[str]]
    taken: Sequence[Window]
    made: Sequence[Window]
    expects: bool = False

    def reads(self) -> Sequence[Window]:
        return self.taken

    def writes(self) -> Sequence[Window]:
        return self.made
