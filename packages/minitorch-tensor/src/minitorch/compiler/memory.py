"""Which values of a program share memory, and where that is written to."""

from __future__ import annotations

import operator
from collections.abc import Collection, Hashable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .instructions import Attribute, Instruction, Method, Value, values_in

if TYPE_CHECKING:
    from .program import Program

__all__ = [
    "NONE",
    "OUTSIDE",
    "Memory",
    "elementwise",
    "hand_on_name",
    "key_of",
    "may_raise",
    "of_numpy",
    "plural",
    "same_layout",
]

# The memory of all arguments, which may be views of each other.
OUTSIDE = Value((), np.dtype("V"), (), False, "outside")
NONE: frozenset[Value] = frozenset()


class Memory:
    """Of a program: whose memory each value has, and what happens to it.

    ``roots``    the values that brought the memory that a value may have: itself, what it is a view
                 of, ``OUTSIDE`` for arguments; none of a scalar, which nobody can change
    ``written``  by root: the number of the last instruction that writes to it
    ``used``     by root: the number of the last instruction that takes a value with its memory;
                 the number of instructions for what is a result
    ``escaping`` the roots of results, and ``OUTSIDE``
    ``defined``  by value: how many instructions give it, being an argument counts as one
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.roots: dict[Value, frozenset[Value]] = {}
        self.defined: dict[Value, int] = {}
        outside = frozenset([OUTSIDE])
        for instruction in program.setup:
            self._know_results(instruction)
        for value in program.arguments:
            self.roots[value] = NONE if value.scalar else outside
            self.defined[value] = 1
        for instruction in program.instructions:
            self._know_results(instruction)
        self.escaping = {OUTSIDE}.union(*map(self.of, program.results))

    def _know_results(self, instruction: Instruction) -> None:
        for value in instruction.results:
            if value is None:
                continue
            self.defined[value] = self.defined.get(value, 0) + 1
            if value in self.roots:
                continue
            if value.scalar:
                self.roots[value] = NONE
            else:
                views = instruction.views
                shared = self.of(views[0]) if len(views) == 1 else self.of_all(views)
                self.roots[value] = shared or frozenset([value])

    @cached_property
    def written(self) -> dict[Value, int]:
        return {
            root: k
            for k, instruction in enumerate(self.program.instructions)
            for value in instruction.writes
            for root in self.of(value)
        }

    @cached_property
    def used(self) -> dict[Value, int]:
        used: dict[Value, int] = {}
        for k, instruction in enumerate(self.program.instructions):
            for value in (*instruction.inputs(), *instruction.results):
                if value is not None:
                    for root in self.of(value):
                        used[root] = k
        used.update(dict.fromkeys(self.escaping, len(self.program.instructions)))
        return used

    def of(self, value: Value) -> frozenset[Value]:
        """The roots of ``value``."""
        found = self.roots.get(value)
        if found is None:  # a constant or a buffer
            found = self.roots[value] = NONE if value.scalar else frozenset([value])
        return found

    def of_all(self, values: Collection[Value]) -> frozenset[Value]:
        """The roots of all of them."""
        return NONE.union(*map(self.of, values)) if values else NONE

    def never_written(self, value: Value) -> bool:
        """No instruction writes to memory that ``value`` may have."""
        return self.written.keys().isdisjoint(self.of(value))

    def written_after(self, value: Value, k: int) -> bool:
        """An instruction after the ``k``-th writes to memory that ``value`` may have."""
        return any(self.written.get(root, -1) > k for root in self.of(value))


def elementwise(instruction: Instruction) -> bool:
    """Whether it is a ufunc of one result, called with arrays and numbers alone."""
    function = instruction.function
    return (
        isinstance(function, np.ufunc) and function.signature is None and function.nout == 1
        and function.nin <= len(instruction.args) <= function.nin + 1
        and instruction.kwargs.keys() <= {"out"}
    )  # fmt: skip


def of_numpy(function: Any) -> bool:
    """Whether NumPy computes it, so that a result which is no view is memory of its own."""
    if isinstance(function, (np.ufunc, Attribute, Method)):
        return True
    owner = getattr(function, "__self__", None)
    module = getattr(function, "__module__", None) or ""
    return isinstance(owner, np.ufunc) or module in ("_operator", "numpy", "numpy.linalg")


INDEXING = {operator.getitem, operator.setitem, np.take, np.take_along_axis, np.put_along_axis}


def may_raise(instruction: Instruction) -> bool:
    """Whether there are values for which it raises an error, which is a result, too: it takes
    indices, or is one of our kernels or NumPy's decompositions."""
    function = instruction.function
    if hasattr(function, "expects"):
        return bool(function.expects)
    if function in INDEXING or function == Method("take"):
        return any(value is not instruction.args[0] for value in values_in(instruction.args[:2]))
    return not of_numpy(function) or getattr(function, "__module__", "") == "numpy.linalg"


def same_layout(a: Value, b: Value) -> bool:
    """Whether both have the same shape, dtype and, where that makes a difference, strides."""
    return (
        a.shape == b.shape and a.dtype == b.dtype and a.scalar == b.scalar
        and (
            a.strides == b.strides or 0 in a.shape
            or all(s == t for n, s, t in zip(a.shape, a.strides, b.strides) if n > 1)
        )
    )  # fmt: skip


def hand_on_name(value: Value, other: Value) -> None:
    """Names ``other``, where it has no name, as ``value``, for which it stands."""
    if not other.hint and other.constant is None:
        other.hint = value.hint


def key_of(x: Any) -> Hashable:
    """Equal for what stands for the same: 1, 1.0 and True, 0.0 and -0.0 are not."""
    kind = type(x)
    if kind is Value:
        return x if x.constant is None else key_of(x.constant)
    if kind in (tuple, list):
        return kind, tuple(map(key_of, x))
    if kind is dict:
        return kind, tuple((name, key_of(each)) for name, each in sorted(x.items()))
    if kind is slice:
        return kind, key_of((x.start, x.stop, x.step))
    if isinstance(x, np.generic):
        return kind, x.dtype, x.tobytes()
    if kind in (Attribute, Method):
        return kind, x.name
    if kind in (float, complex):
        return kind, repr(x)
    if x is None or x is Ellipsis or kind in (bool, int, str, bytes):
        return kind, x
    if isinstance(x, np.dtype):
        return x
    owner = getattr(x, "__self__", None)  # np.add.reduce is another object each time
    return (id(owner), x.__name__) if isinstance(owner, np.ufunc) else id(x)


def plural(count: int, what: str) -> str:
    """``1 instruction``, ``2 instructions``."""
    return f"{count} {what}" + ("s" if count != 1 else "")
