"""Where results go: over an operand that nobody needs any more, or into memory kept for it.

Memory is planned by roots (see ``Memory``): a result that is new memory is a root, all views of it
have it. A root's memory is free after the last instruction that takes one of them.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..instructions import Attribute, Instruction, Method, Value, same
from ..memory import Memory, elementwise, of_numpy, plural, same_layout
from .dead_code import remove_dead_code

if TYPE_CHECKING:
    from ..program import Program

__all__ = ["plan_buffers"]

LEAST = 1 << 16  # bytes; for less, making new memory is as quick as reusing it; measured
VIEWING = {"T", "mT", "ravel", "reshape", "squeeze", "swapaxes", "transpose"}
ASSIGNING = {np.add, np.subtract, np.multiply, np.divide}  # those with an `a += b`


@dataclass(eq=False)
class Storage:
    """Memory that is kept between runs, and what shows it in one layout each."""

    size: int
    free_after: int
    layouts: list[Value]


def plan_buffers(program: Program) -> Program:
    """With ``out=`` where the result can be written over an operand, or into memory that is kept;
    with such memory in place of ``np.empty``, the views of which are made once."""
    planner = Planner(program)
    kept = [planner.planned(k, each) for k, each in enumerate(program.instructions)]
    memory = [made for k, each in enumerate(planner.storages, 1) for made in _memory(k, each)]
    size = sum(each.size for each in planner.storages)
    change = (
        f"{plural(planner.over, 'result')} written over an operand that nobody needs any more, "
        f"{plural(planner.into, 'result')} into {size / 1024:,.1f} KiB of memory that is kept."
    )
    planned = program.having(
        "", "", [each for each in kept if each], setup=program.setup + memory + planner.views
    )
    return replace(remove_dead_code(planned), name="buffers planned", change=change)


def _memory(number: int, storage: Storage) -> list[Instruction]:
    """What makes a storage."""
    name = f"memory_{number}"
    if len(storage.layouts) == 1 and _packed(storage.layouts[0]):
        value = storage.layouts[0]
        value.hint = name
        return [Instruction(np.empty, (value.shape, value.dtype.type), {}, (value,))]
    memory = Value((storage.size,), np.dtype(np.uint8), (1,), False, name)
    made = [Instruction(np.empty, (storage.size, np.uint8), {}, (memory,))]
    for value in storage.layouts:
        value.hint = f"{name}_{'x'.join(map(str, value.shape))}"
        strides = () if _packed(value) else (0, value.strides)
        args = value.shape, value.dtype.type, memory, *strides
        made.append(Instruction(np.ndarray, args, {}, (value,), views=(memory,)))
    return made


class Planner:
    """Goes through a program once. ``changed`` says what stands in place of a value."""

    def __init__(self, program: Program) -> None:
        self.memory = Memory(program)
        self.changed: dict[Value, Value] = {}
        self.storages: list[Storage] = []
        self.views: list[Instruction] = []  # of storages, made once
        self.kept: dict[Value, Value] = {}  # by value: what is the same and made once
        self.owner: dict[Value, Value] = {}  # of a root: the root over which it was written
        self.storage: dict[Value, Storage] = {}  # by root
        self.layouts: set[Value] = set()  # of all storages
        self.own: set[Value] = set()  # new memory of this run; and views of it that can be written
        self.over = self.into = 0

    def planned(self, k: int, original: Instruction) -> Instruction | None:
        """The ``k``-th instruction, perhaps with ``out=``; None where it is done once."""
        instruction = original.renamed(self.changed)
        value = original.results[0] if len(original.results) == 1 else None
        if value is None or original.several or not original.pure or original.writes:
            return instruction
        if original.views:
            return self._view(original, instruction, value)
        if not self._plannable(original, value):
            return instruction
        self.own.add(value)
        if self.memory.of(value) & self.memory.escaping:
            return instruction
        empty = original.function in (np.empty, np.empty_like) and _dense(value)
        if empty and "device" not in original.kwargs:
            self.into += 1
            made = self.kept[value] = self._buffer(value, k)
            if not value.hint:
                self.changed[value] = made
                return None
            return instruction.having(function=same, args=(made,), views=(made,))
        if elementwise(original):
            for operand, now in zip(original.args, instruction.args):
                if isinstance(operand, Value) and self._dies(operand, value, original, k):
                    return self._over(instruction, value, operand, now)
        if value.dtype.itemsize * math.prod(value.shape) >= LEAST and _takes_out(original, value):
            self.into += 1
            out = self._buffer(value, k)
            return instruction.having(
                kwargs=instruction.kwargs | {"out": out}, writes=(out,), views=(out,)
            )
        return instruction

    def _view(
        self, original: Instruction, instruction: Instruction, value: Value
    ) -> Instruction | None:
        if not _writable_view(original):
            return instruction
        self.own.update({value} if original.views[0] in self.own else ())
        if all(each in self.kept for each in original.inputs()) and self.memory.defined[value] == 1:
            self.kept[value] = value
            self.views.append(original.mapped(self.kept.__getitem__))
            return None
        return instruction

    def _plannable(self, instruction: Instruction, value: Value) -> bool:
        return (
            not value.scalar and bool(value.shape) and 0 not in value.shape
            and value.dtype.kind in "biufc" and self.memory.defined[value] == 1
            and of_numpy(instruction.function) and "out" not in instruction.kwargs
        )  # fmt: skip

    def _root(self, value: Value) -> Value | None:
        """The one root of ``value``, if it is memory of this run's; None for others."""
        roots = self._final(value)
        return roots[0] if len(roots) == 1 and roots[0] in self.own else None

    def _final(self, value: Value) -> list[Value]:
        """The roots over which those of ``value`` were written."""
        roots = list(self.memory.of(value))
        for k, root in enumerate(roots):
            while root in self.owner:
                root = self.owner[root]
            roots[k] = root
        return roots

    def _dies(self, operand: Value, value: Value, instruction: Instruction, k: int) -> bool:
        """Whether ``value`` may be written over ``operand``."""
        root = self._root(operand)
        if root is None or operand not in self.own or math.prod(value.shape) == 1:
            return False  # of one element NumPy takes it for a sum: NaN + -NaN is the other one
        if self.memory.used[root] != k or not same_layout(operand, value) or not _dense(operand):
            return False
        others = (other for other in instruction.inputs() if other is not operand)
        return not any(root in self._final(other) for other in others)

    def _over(
        self, instruction: Instruction, value: Value, operand: Value, out: Value
    ) -> Instruction:
        """``instruction``, whose result ``value`` is written over the operand, ``out`` by now."""
        self.over += 1
        root = self._root(operand)
        assert root is not None
        self.owner[value] = root
        self.memory.used[root] = self.memory.used[value]
        if root in self.storage:
            self.storage[root].free_after = self.memory.used[root]
        results = instruction.results
        nameless = not (value.hint or out.hint or operand in self.kept or out in self.layouts)
        if instruction.args[0] is out and nameless and instruction.function in ASSIGNING:
            self.changed[value] = out  # `product *= x`
            results = ()
        return instruction.having(
            kwargs=instruction.kwargs | {"out": out}, writes=(out,),
            results=results, views=(out,) if results else (),
        )  # fmt: skip

    def _buffer(self, value: Value, k: int) -> Value:
        """Memory for ``value``, in its layout, which is free until its last use."""
        size = value.dtype.itemsize * math.prod(value.shape)
        free = [each for each in self.storages if each.free_after < k]
        # the smallest that is large enough; else the largest, which grows
        storage = min(free, key=lambda s: (s.size < size, abs(s.size - size)), default=None)
        if storage is None:
            storage = Storage(size, k, [])
            self.storages.append(storage)
        storage.size = max(storage.size, size)
        storage.free_after = self.memory.used[value]
        self.storage[value] = storage
        for layout in storage.layouts:
            if same_layout(layout, value):
                return layout
        layout = replace(value, constant=None)
        storage.layouts.append(layout)
        self.layouts.add(layout)
        return layout


def _writable_view(instruction: Instruction) -> bool:
    """Whether the result is a view of the first argument that can be written to if that can."""
    function = instruction.function
    if instruction.views != instruction.args[:1]:
        return False
    if isinstance(function, (Attribute, Method)):
        return function.name in VIEWING
    return function in (operator.getitem, np.reshape, np.swapaxes, np.transpose, np.moveaxis)


def _takes_out(instruction: Instruction, value: Value) -> bool:
    """Whether ``out=`` gives the same, to the last bit, in memory of the same layout."""
    function: Any = instruction.function
    if not _dense(value):
        return False
    if elementwise(instruction):
        return bool(len(instruction.args) == function.nin)
    if function in (np.matmul, np.concatenate, np.stack) or function == Method("dot"):
        return True
    owner = getattr(function, "__self__", None)
    reduces = isinstance(owner, np.ufunc) and getattr(function, "__name__", "") == "reduce"
    return reduces and len(instruction.args) <= 3


def _packed(value: Value) -> bool:
    """Whether it fills its memory in C's order."""
    ordered = [s for n, s in zip(value.shape, value.strides) if n != 1]
    return _dense(value) and ordered == sorted(ordered, reverse=True)


def _dense(value: Value) -> bool:
    """Whether it fills its memory, in whatever order of the dimensions, forward."""
    expected = value.dtype.itemsize
    for stride, n in sorted((s, n) for n, s in zip(value.shape, value.strides) if n != 1):
        if stride != expected:
            return False
        expected *= n
    return True
