"""Broadcasts, gradient sums and other arithmetic that changes nothing.

Each rule gives the same to the last bit: ``x + 0`` stays, as it makes 0 of -0, ``x * 1`` goes.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..instructions import Attribute, Instruction, Method, Value
from ..memory import Memory, elementwise, hand_on_name, key_of, of_numpy, same_layout
from .dead_code import remove_dead_code

if TYPE_CHECKING:
    from ..program import Program

__all__ = ["simplify"]

# functions that give views which begin where their argument does
FUNCTIONS = {
    np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis, np.squeeze, np.expand_dims,
    np.broadcast_to, np.asarray, np.ascontiguousarray,
}  # fmt: skip
NAMES = {"reshape", "ravel", "transpose", "swapaxes", "squeeze", "T", "mT", "astype"}


def simplify(program: Program) -> Program:
    """Without broadcasts, reshapes, conversions and arithmetic that make no difference."""
    simplifier = Simplifier(program)
    kept = []
    for k, instruction in enumerate(program.instructions):
        made = simplifier.simplified(instruction, k)
        if made is not None:
            kept.append(made)
    results = [simplifier.changed.get(value, value) for value in program.results]
    change = "; ".join(f"{what}: {count}" for what, count in simplifier.counts.items())
    simplified = remove_dead_code(program.having("", "", kept, results=results))
    name = "broadcasts and gradient sums simplified"
    return replace(simplified, name=name, change=change and change + ".")


class Simplifier:
    """Goes through a program once. ``changed`` says what stands in place of a value."""

    def __init__(self, program: Program) -> None:
        self.memory = Memory(program)
        self.results = set(program.results)
        self.changed: dict[Value, Value] = {}
        self.made_by: dict[Value, Instruction] = {}
        self.fresh: set[Value] = set()  # new memory of this run
        self.views: dict[Hashable, Any] = {}  # by what takes them
        self.counts: Counter[str] = Counter()

    def simplified(self, instruction: Instruction, k: int) -> Instruction | None:
        """The instruction as it is to be; None where another value stands for its result."""
        instruction = instruction.renamed(self.changed)
        value = instruction.results[0] if instruction.results else None
        if value is not None and not instruction.several and instruction.pure:
            for what, rule in (OF_VIEWS if instruction.views else OF_RESULTS).items():
                other = rule(self, instruction)
                if other is None or other is value:
                    continue
                if self._replaceable(instruction, value, other, k):
                    self.counts[what] += 1
                    self.changed[value] = other
                    hand_on_name(value, other)
                    return None
        changes = ELEMENTWISE if elementwise(instruction) else OTHERS
        for what, change in changes.items():
            made = change(self, instruction)
            if made is not None:
                self.counts[what] += 1
                instruction = made
        if value is not None and not instruction.several:
            self.made_by[value] = instruction
        if instruction.fresh or of_numpy(instruction.function):
            for each in filter(None, instruction.results):
                if not (instruction.views or each.scalar or self.memory.defined[each] != 1):
                    self.fresh.add(each)
        return instruction

    def _replaceable(self, instruction: Instruction, value: Value, other: Value, k: int) -> bool:
        """Whether nobody can tell ``value``, the result, from ``other``, which has its numbers."""
        memory = self.memory
        if not same_layout(value, other) or memory.defined[value] != 1:
            return False
        if instruction.views:
            return value not in self.results  # it is the same memory
        dies = other in self.fresh and memory.used[other] == k
        if not dies and (
            memory.of(value) & memory.escaping
            or not memory.never_written(value)
            or memory.written_after(other, k)
        ):
            return False
        until = max((memory.used[root] for root in memory.of(value)), default=k)
        for root in memory.of(other):
            memory.used[root] = max(until, memory.used.get(root, k))
        return True

    def source(self, value: Any) -> Value | None:
        """What ``value`` is a view of that begins at the same place in memory."""
        instruction = self.made_by.get(value) if isinstance(value, Value) else None
        return _viewed(instruction) if instruction is not None else None


def _viewed(instruction: Instruction) -> Value | None:
    function = instruction.function
    if len(instruction.views) != 1 or instruction.views[0] is not instruction.args[0]:
        return None
    known = function.name in NAMES if isinstance(function, (Attribute, Method)) else (
        function in FUNCTIONS
    )  # fmt: skip
    return instruction.views[0] if known else None


# --- another value stands for the result -------------------------------------------------------


def _whole(simplifier: Simplifier, instruction: Instruction) -> Value | None:
    """``x.reshape(x.shape)``, ``x[:]``, ``x.T.T``: what begins at the same place and has the same
    shape and strides is the same."""
    if instruction.function is operator.getitem:
        # of the same shape: where it begins elsewhere, it goes backward
        return instruction.args[0]  # type: ignore[no-any-return]
    value = instruction.results[0]
    assert value is not None
    other = _viewed(instruction)
    while other is not None and not same_layout(value, other):
        other = simplifier.source(other)
    return other


def _neutral(simplifier: Simplifier, instruction: Instruction) -> Value | None:
    """``x * 1``, ``1 * x``, ``x / 1``, ``x - 0``"""
    function, args = instruction.function, instruction.args
    if len(args) != 2 or instruction.kwargs:
        return None
    a, b = args
    if function is np.multiply:
        a, b = (b, a) if _is(1, a) else (a, b)
    one = function in (np.multiply, np.divide) and _is(1, b)
    zero = function is np.subtract and _is(0, b)
    if not isinstance(a, Value) or not (one or zero) or a.dtype.kind == "c":
        return None  # complex infinities become NaN
    return a


def _is(number: int, x: Any) -> bool:
    """Whether ``x`` is the number, a positive zero, or an array of nothing else."""
    x = x.constant if isinstance(x, Value) else x
    if type(x) in (int, float):
        return bool(x == number and math.copysign(1, x) > 0)
    if not isinstance(x, np.generic | np.ndarray) or x.dtype.kind not in "iuf":
        return False
    return bool(np.all(np.equal(x, number)) and not np.any(np.signbit(np.float64(x))))


def _copy(simplifier: Simplifier, instruction: Instruction) -> Value | None:
    """``x.copy()``, ``x.astype(x.dtype)``"""
    function = instruction.function
    named = isinstance(function, Method) and function.name in ("copy", "astype")
    x = instruction.args[0] if named or function in (np.copy, np.positive) else None
    return x if isinstance(x, Value) else None


def _taken_before(simplifier: Simplifier, instruction: Instruction) -> Value | None:
    """A view of the same memory that was taken before."""
    key = key_of((instruction.function, instruction.args, instruction.kwargs))
    return simplifier.views.setdefault(key, instruction.results[0])


def _negative(simplifier: Simplifier, instruction: Instruction) -> Value | None:
    """``-(-x)``"""
    if instruction.function is not np.negative or not elementwise(instruction):
        return None
    inner = simplifier.made_by.get(instruction.args[0])
    if inner is None or inner.function is not np.negative or inner.writes:
        return None
    first, x = instruction.args[0], inner.args[0]
    unchanged = simplifier.memory.never_written(first) and isinstance(x, Value)
    return x if unchanged and simplifier.memory.never_written(x) else None


OF_VIEWS: dict[str, Callable[[Simplifier, Instruction], Value | None]] = {
    "views of the whole": _whole,
    "views taken again": _taken_before,
}
OF_RESULTS: dict[str, Callable[[Simplifier, Instruction], Value | None]] = {
    "products with one and differences from zero": _neutral,
    "copies that make no difference": _copy,
    "negatives of negatives": _negative,
}


# --- a simpler instruction stands for it -------------------------------------------------------


def _implicit_broadcast(simplifier: Simplifier, instruction: Instruction) -> Instruction | None:
    """``np.broadcast_to(x, shape) * y`` is ``x * y``: NumPy goes through memory the same way."""
    ufunc: Any = instruction.function
    count = ufunc.nin
    args = list(instruction.args)
    for k, arg in enumerate(args[:count]):
        maker = simplifier.made_by.get(arg) if isinstance(arg, Value) else None
        if maker is None or maker.function is not np.broadcast_to:
            continue
        source = maker.args[0]
        numbers = [x for x in args[:count] if isinstance(x, Value) and x.dtype != arg.dtype]
        if numbers and isinstance(source, Value) and source.scalar:
            continue  # a number of Python's would not widen the others
        others = [x.shape for j, x in enumerate(args[:count]) if j != k and isinstance(x, Value)]
        if isinstance(source, (Value, np.generic)) and np.broadcast_shapes(*others) == arg.shape:
            args[k] = source
    return _with(instruction, args)


def _with(instruction: Instruction, args: list[Any]) -> Instruction | None:
    """With these arguments; None where they are those that it has."""
    changed = any(a is not b for a, b in zip(args, instruction.args))
    return instruction.having(args=tuple(args)) if changed else None


def _plain_number(simplifier: Simplifier, instruction: Instruction) -> Instruction | None:
    """``x / np.float32(64)`` is ``x / 64.0``, where x is one of NumPy's numbers of that dtype."""
    if len(instruction.args) != 2:
        return None
    args = list(instruction.args)
    for k, other in enumerate(reversed(args)):
        x = args[k].constant if isinstance(args[k], Value) else args[k]
        if isinstance(other, Value) and other.scalar and isinstance(x, np.float32):
            number = float(str(x))
            if other.dtype == x.dtype and np.float32(number).tobytes() == x.tobytes():
                args[k] = number
    return _with(instruction, args)


def _one_reshape(simplifier: Simplifier, instruction: Instruction) -> Instruction | None:
    """``x.reshape(a).reshape(b)`` is ``x.reshape(b)`` of memory without gaps."""
    value = instruction.results[0] if instruction.results else None
    x = _viewed(instruction)
    reshapes = instruction.function in (Method("reshape"), np.reshape)
    if x is None or value is None or not reshapes or not _packed(value) or not _packed(x):
        return None
    source, base = simplifier.source(x), None
    while source is not None:
        base = source if _packed(source) else base
        source = simplifier.source(source)
    if base is None:
        return None
    function: Any = Method("reshape")
    args = base, value.shape
    return instruction.having(function=function, args=args, kwargs={}, views=(base,))


def _packed(value: Value) -> bool:
    """Whether it is contiguous, in C's order."""
    expected = value.dtype.itemsize
    for n, stride in zip(reversed(value.shape), reversed(value.strides)):
        if n != 1 and stride != expected:
            return 0 in value.shape
        expected *= n
    return True


def _plain_transpose(simplifier: Simplifier, instruction: Instruction) -> Instruction | None:
    """``x.swapaxes(-1, -2)`` is ``x.mT``, of a matrix ``x.T``"""
    value = instruction.results[0] if instruction.results else None
    x = _viewed(instruction)
    function: Any = instruction.function
    if x is None or value is None or isinstance(function, Attribute) or len(x.shape) < 2:
        return None
    if function not in (Method("swapaxes"), Method("transpose"), np.swapaxes, np.transpose):
        return None
    for of, result in ((x.shape, value.shape), (x.strides, value.strides)):
        if result != (*of[:-2], of[-1], of[-2]):
            return None
    if len(set(x.strides)) < len(x.strides):
        return None  # which axes were swapped does not show
    function = Attribute("T" if len(x.shape) == 2 else "mT")
    return instruction.having(function=function, args=(x,), kwargs={})


def _plain_reduction(simplifier: Simplifier, instruction: Instruction) -> Instruction | None:
    """``np.add.reduce(x, axis=0, dtype=None, keepdims=False)`` is ``np.add.reduce(x, axis=0)``"""
    kwargs, owner = instruction.kwargs, getattr(instruction.function, "__self__", None)
    plain = {
        name: value for name, value in kwargs.items()
        if not (name in ("dtype", "out") and value is None)
        and not (name == "keepdims" and value is False)
    }  # fmt: skip
    if not isinstance(owner, np.ufunc) or len(plain) == len(kwargs):
        return None
    return instruction.having(kwargs=plain)


ELEMENTWISE: dict[str, Callable[[Simplifier, Instruction], Instruction | None]] = {
    "broadcasts left to NumPy": _implicit_broadcast,
    "numbers that Python's stand for": _plain_number,
}
OTHERS: dict[str, Callable[[Simplifier, Instruction], Instruction | None]] = {
    "reductions": _plain_reduction,
    "reshapes of reshapes": _one_reshape,
    "transposes": _plain_transpose,
}
