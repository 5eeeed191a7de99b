"""Instructions as loops: which function becomes what."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ...kernels.blas import axpby
from ...kernels.elementwise import over_cores
from ...kernels.memory import like
from ..instructions import Attribute, Instruction, Method, Value, same
from ..writer import expect_none
from . import formulas
from .indexing import checked, gathered, scattered
from .nodes import Assign, Node, Operand, Register, Statement
from .products import product
from .reductions import reduction
from .windows import Untranslatable, Window, maker, steps, window_of

__all__ = ["LARGE", "Translation"]

LARGE = (
    1 << 15
)  # elements; of more of them Python costs nothing beside the work, and all cores work
DIMENSIONS = 6
VIEWS = {
    "T",
    "mT",
    "reshape",
    "ravel",
    "transpose",
    "swapaxes",
    "squeeze",
    "diagonal",
    "view",
    "real",
}
VIEWING = {
    np.reshape, np.transpose, np.swapaxes, np.moveaxis, np.expand_dims, np.squeeze,
    np.broadcast_to, np.flip, same,
}  # fmt: skip
COPYING = {"copy", "flatten", "astype"}
COPIES = {np.ascontiguousarray, np.asfortranarray, np.asarray, np.array, np.copy}
EMPTY = {np.empty, np.empty_like, like}
FILLED: dict[Any, str | None] = {
    np.zeros: "0", np.zeros_like: "0", np.ones: "1", np.ones_like: "1", np.full: None,
    np.full_like: None,
}  # fmt: skip


class Translation:
    """Neighbouring instructions as ``nodes``.

    ``places``  where each value is: a window on a buffer, a register, or a literal
    ``given``   the values that come from outside
    ``items``   of given arrays without dimensions the number, which is read before
    ``arrays``  of those that may be numbers when the program runs, the array
    ``kept``    whether what an instruction copies is as it was for as long as the copy is used
    ``steady``  whether nothing writes to a value
    ``lasting`` something outside was written to, so that no value can be refused any more
    """

    def __init__(
        self, kept: Callable[[Instruction], bool], steady: Callable[[Value], bool]
    ) -> None:
        self.kept, self.steady = kept, steady
        self.lasting = False
        self.nodes: list[Node] = []
        self.places: dict[Value, Operand] = {}
        self.given: dict[Value, Operand] = {}
        self.items: dict[Value, Value] = {}
        self.arrays: dict[Value, Value] = {}
        self.instructions: list[Instruction] = []

    def takes(self, instruction: Instruction) -> bool:
        """Adds an instruction, if there are loops for it."""
        try:
            self._take(instruction)
        except Untranslatable:
            return False
        return True

    def _take(self, instruction: Instruction) -> None:
        for value in (*instruction.inputs(), *filter(None, instruction.results)):
            size = math.prod(value.shape)
            if size > LARGE or not size or len(value.shape) > DIMENSIONS:
                raise Untranslatable("large arrays, empty ones, or many dimensions")
            formulas.kind(value.dtype)
        if instruction.several:
            raise Untranslatable("several results")
        made: dict[Value, Operand] = {}
        nodes = self._nodes(instruction, made)
        if any(value in self.places for value in made):
            raise Untranslatable("a value that is made again")
        for node in nodes:
            self._check(node)
            if self.lasting and isinstance(node, Statement) and node.expects:
                raise Untranslatable("an error after something that lasts")
        self.places |= made
        self.nodes += nodes
        self.instructions.append(instruction)

    @staticmethod
    def _check(node: Node) -> None:
        """Whether no element that a node writes is read under another index."""
        for target in node.writes():
            for window in node.reads():
                if isinstance(node, Assign):
                    window = window.broadcast(target.shape)
                if not (target.apart(window) or target.same_place(window)):
                    raise Untranslatable("what is written is read elsewhere")

    # --- operands and results ------------------------------------------------------------------

    def place(self, value: Value) -> Operand:
        """Where a value is."""
        found = self.places.get(value, self.given.get(value))
        if found is None:
            if value.constant is not None and (value.scalar or _uniform(value.constant)):
                found = formulas.constant(np.ravel(value.constant)[0], value.dtype)
            elif value.scalar:
                found = Register(value)
            elif not value.shape and self.steady(value):
                item = self.items[value] = replace(value, scalar=True)
                self.given[item] = found = Register(item)
            else:
                found = Window.over(value, outside=True)
            self.given[value] = found
        return found

    def window(self, x: Any) -> Window:
        """Where the elements of an array are."""
        if isinstance(x, Value):
            found = self.place(x)
            if not isinstance(found, Window) and x in self.given and not x.scalar:
                if x not in self.arrays:
                    array = self.arrays[x] = x if x.shape else replace(x, constant=None)
                    self.given[array] = Window.over(array, outside=True)
                found = self.given[self.arrays[x]]
            if isinstance(found, Window):
                return found
        raise Untranslatable("no array")

    def operand(self, x: Any) -> tuple[Operand | None, Any]:
        """An operand of a ufunc, and its dtype; None of a Python number, which takes another's."""
        if isinstance(x, Value):
            return self.place(x), float if x.number else x.dtype
        if type(x) in (bool, int, float):
            return None, type(x)
        if isinstance(x, np.generic):
            return formulas.constant(x, x.dtype), x.dtype
        raise Untranslatable("an operand that is no number")

    def new(self, value: Value) -> Window | Register:
        """Where a result goes."""
        if value.scalar:
            return Register(value)
        maker(value)
        return Window.over(value)

    def target(self, instruction: Instruction, out: Any, made: dict[Value, Operand]) -> Any:
        """Where the one result goes, which may be called anew."""
        result = instruction.results[0] if instruction.results else None
        if out is not None:
            window = self.window(out)
            if result is not None and result is not out:
                made[result] = window
            return window
        if result is None:
            raise Untranslatable("no result")
        place = made[result] = self.new(result)
        return place

    # --- which function it is ------------------------------------------------------------------

    def _nodes(self, instruction: Instruction, made: dict[Value, Operand]) -> list[Node]:
        function, args, kwargs = instruction.function, instruction.args, instruction.kwargs
        if isinstance(function, np.ufunc):
            return self._ufunc(instruction, function, args, kwargs, made)
        if function is over_cores and isinstance(args[0], np.ufunc):
            return self._ufunc(instruction, args[0], args[1:], kwargs, made)
        if isinstance(function, (Method, Attribute)):
            return self._method(instruction, function.name, made)
        if not isinstance(function, Callable) or not hasattr(function, "__hash__"):  # type: ignore[arg-type]
            raise Untranslatable("a function without a name")
        try:
            if function in VIEWING:
                return self._view(instruction, made)
            if function in COPIES:
                return self._copy(instruction, made)
            if function in EMPTY:
                self.target(instruction, None, made)
                return []
            if function in FILLED:
                return self._fill(instruction, made)
            if function in formulas.PYTHONS and _of_numbers(instruction):
                ufunc = formulas.PYTHONS[function]
                return self._ufunc(instruction, ufunc, args, kwargs, made)
            handler = HANDLERS.get(function)
        except TypeError:  # it has no hash
            raise Untranslatable("a function without a hash") from None
        if handler is not None:
            return handler(self, instruction, made)
        owner = getattr(function, "__self__", None)
        if isinstance(owner, np.ufunc):
            return self._of_ufunc(instruction, owner, function.__name__, made)
        raise Untranslatable(f"no loops for {function}")

    def _method(
        self, instruction: Instruction, name: str, made: dict[Value, Operand]
    ) -> list[Node]:
        if name in VIEWS:
            return self._view(instruction, made)
        if name in COPYING:
            return self._copy(instruction, made)
        if name == "dot":
            return product(self, instruction, made)
        if name == "take":
            return gathered(self, instruction, made)
        if name in ("sum", "max", "min"):
            args = (np.add, np.maximum, np.minimum)[("sum", "max", "min").index(name)]
            return reduction(self, instruction, args, made)
        raise Untranslatable(f"no loops for the method {name}")

    def _of_ufunc(
        self, instruction: Instruction, ufunc: np.ufunc, name: str, made: dict[Value, Operand]
    ) -> list[Node]:
        if name == "reduce":
            return reduction(self, instruction, ufunc, made)
        if name == "at" and ufunc is np.add:
            return scattered(self, instruction)
        if name == "outer" and not instruction.kwargs:
            a, b = map(self.window, instruction.args)
            column = replace(
                a, shape=a.shape + (1,) * len(b.shape), strides=a.strides + (0,) * len(b.shape)
            )
            return self._elementwise(
                instruction, ufunc, [column, b], [a.dtype, b.dtype], None, made
            )
        raise Untranslatable(f"no loops for {ufunc.__name__}.{name}")

    # --- elementwise ---------------------------------------------------------------------------

    def _ufunc(
        self, instruction: Instruction, ufunc: np.ufunc, args: Any, kwargs: Any,
        made: dict[Value, Operand],
    ) -> list[Node]:  # fmt: skip
        if ufunc in (np.matmul, np.vecdot):
            return product(self, instruction, made)
        out = args[ufunc.nin] if len(args) > ufunc.nin else kwargs.get("out")
        out = out[0] if type(out) is tuple else out
        if ufunc.nout != 1 or kwargs.keys() - {"out"} or len(args) > ufunc.nin + 1:
            raise Untranslatable("options of a ufunc")
        found = [self.operand(x) for x in args[: ufunc.nin]]
        operands = [
            place if place is not None else x for (place, _), x in zip(found, args, strict=False)
        ]
        return self._elementwise(instruction, ufunc, operands, [d for _, d in found], out, made)

    def _elementwise(
        self, instruction: Instruction, ufunc: np.ufunc, operands: list[Any], dtypes: list[Any],
        out: Any, made: dict[Value, Operand],
    ) -> list[Node]:  # fmt: skip
        target = self.target(instruction, out, made)
        size = math.prod(target.shape) if isinstance(target, Window) else 1
        result: Any = out if out is not None else instruction.results[0]
        if result.number:
            dtypes = [np.dtype(float)] * len(dtypes)
        text, taken, given = formulas.formula(ufunc, dtypes, size)
        return [
            self.assign(instruction, target, text, operands, dtypes, taken, given, result.dtype)
        ]

    def assign(
        self, instruction: Instruction, target: Any, text: str, operands: list[Any],
        dtypes: list[Any], taken: list[Any], made: Any, stored: Any,
    ) -> Assign:  # fmt: skip
        """The node of a formula; its operands are of ``dtypes`` and ``taken`` as others."""
        places: list[Operand] = []
        for k, (x, given, wanted) in enumerate(zip(operands, dtypes, taken, strict=True)):
            if isinstance(x, bool | int | float):  # Python's
                places.append(formulas.constant(x, wanted))
                continue
            given = np.dtype(float) if given is float else given
            text = text.replace(f"{{{k}}}", formulas.cast(f"{{{k}}}", given, wanted))
            places.append(x)
        return Assign(
            instruction, target, formulas.cast(_bracketed(text, made, stored), made, stored), places
        )

    def copy(self, instruction: Instruction, target: Any, source: Any) -> Assign:
        """``target[...] = source``."""
        place, dtype = self.operand(source)
        stored = target.value.dtype if isinstance(target, Register) else target.dtype
        if place is None:
            return Assign(instruction, target, "{0}", [formulas.constant(source, stored)])
        given = np.dtype(float) if dtype is float else dtype
        return Assign(instruction, target, formulas.cast("{0}", given, stored), [place])

    # --- views, copies, new memory -------------------------------------------------------------

    def _view(self, instruction: Instruction, made: dict[Value, Operand]) -> list[Node]:
        source, result = instruction.args[0], instruction.results[0]
        if not isinstance(source, Value) or result is None:
            raise Untranslatable("a view of nothing")
        window = window_of(instruction, source, self.window(source))
        if window is None:
            return self._copy(instruction, made)
        if result.scalar or window.shape != result.shape:
            raise Untranslatable("a view that is another")
        made[result] = window
        return []

    def _copy(self, instruction: Instruction, made: dict[Value, Operand]) -> list[Node]:
        """A copy in C's order of the elements, or of the same shape."""
        source, result = instruction.args[0], instruction.results[0]
        if not isinstance(source, Value) or result is None:
            raise Untranslatable("a copy of nothing")
        window = self.window(source)
        if (
            instruction.views
        ):  # of the same dtype and order: it is the array itself, or a view of it
            if window.shape == result.shape and result.dtype == window.dtype:
                made[result] = window
                return []
            raise Untranslatable("a view that is another")
        target = self.new(result)
        if not isinstance(target, Window):
            raise Untranslatable("a number")
        if (window.shape, window.dtype) == (result.shape, result.dtype) and self.kept(instruction):
            made[result] = window  # for loops all orders are as good
            return []
        made[result] = target
        if window.shape != result.shape:  # what it is copied to, in the source's shape
            given = [x for x in instruction.args[1:] if type(x) is str]
            order = given[0] if given else instruction.kwargs.get("order", "C")
            packed = steps(result) == _packed(result.shape)
            if (
                not packed
                or order == "F"
                or (order in ("K", "A") and window.strides != _packed(window.shape))
            ):
                raise Untranslatable("a copy in another order")
            target = Window(target.buffer, window.shape, _packed(window.shape))
        return [self.copy(instruction, target, source)]

    def _fill(self, instruction: Instruction, made: dict[Value, Operand]) -> list[Node]:
        number: Any = FILLED[instruction.function]
        if number is None:
            number = (
                instruction.args[1]
                if len(instruction.args) > 1
                else instruction.kwargs.get("fill_value")
            )
        else:
            number = int(number)
        return [self.copy(instruction, self.target(instruction, None, made), number)]


def _of_numbers(instruction: Instruction) -> bool:
    """Whether it computes with Python's numbers alone."""
    result = instruction.results[0] if instruction.results else None
    return result is not None and result.number


def _uniform(x: Any) -> bool:
    """Whether all its elements are the same."""
    return bool(x.tobytes() == x.ravel()[0].tobytes() * x.size)


def _packed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[d + 1 :]) for d in range(len(shape)))


def _bracketed(text: str, made: Any, stored: Any) -> str:
    return text if made == stored or stored.kind != "b" else f"({text})"


# --- functions that are no ufuncs --------------------------------------------------------------


def _where(t: Translation, instruction: Instruction, made: dict[Value, Operand]) -> list[Node]:
    target = t.target(instruction, None, made)
    dtype = instruction.results[0].dtype  # type: ignore[union-attr]
    found = [t.operand(x) for x in instruction.args]
    operands = [x if place is None else place for (place, _), x in zip(found, instruction.args)]
    taken = [np.dtype(bool), dtype, dtype]
    text = "({1} if {0} else {2})"
    return [
        t.assign(instruction, target, text, operands, [d for _, d in found], taken, dtype, dtype)
    ]


def _power(t: Translation, instruction: Instruction, made: dict[Value, Operand]) -> list[Node]:
    base, exponent = instruction.args
    place, dtype = t.operand(base)
    result = instruction.results[0]
    if result is None or dtype not in (np.float32, np.float64) or result.dtype != dtype:
        raise Untranslatable("a power of integers")
    if type(exponent) not in (int, float):
        raise Untranslatable("another exponent in each run")
    if exponent == 0.5:
        text = formulas.FLOAT[np.sqrt]
    elif exponent == int(exponent) and abs(exponent) <= formulas.POWERS:
        text = formulas.power(int(exponent))
    elif math.prod(result.shape) <= formulas.MANY:
        text = f"{{0}} ** {formulas.constant(exponent, dtype)}"
    else:
        raise Untranslatable("powers, which NumPy takes sooner")
    kind = formulas.kind(dtype)
    text = text.replace("one", f"{kind}(1)")
    text = f"{kind}({text})" if "math" in text or "**" in text else text
    return [Assign(instruction, t.target(instruction, None, made), text, [place])]  # type: ignore[list-item]


def _clip(t: Translation, instruction: Instruction, made: dict[Value, Operand]) -> list[Node]:
    x, *bounds = instruction.args
    if len(bounds) != 2 or any(isinstance(b, Value) or b is None or b != b for b in bounds):
        raise Untranslatable("bounds that may be NaN")
    if instruction.kwargs.keys() - {"out"} or x.dtype.kind != "f":
        raise Untranslatable("options of clip")
    target = t.target(instruction, instruction.kwargs.get("out"), made)
    text = "({1} if {0} < {1} else {2} if {0} > {2} else {0})"
    dtypes = [x.dtype, *(t.operand(b)[1] for b in bounds)]
    operands = [t.place(x), *map(float, bounds)]
    stored = target.dtype if isinstance(target, Window) else target.value.dtype
    return [t.assign(instruction, target, text, operands, dtypes, [x.dtype] * 3, x.dtype, stored)]


def _axpby(t: Translation, instruction: Instruction, made: dict[Value, Operand]) -> list[Node]:
    """y = a x + b y"""
    a, x, b, y, _ = instruction.args
    target, dtype = t.window(y), y.dtype
    found = [t.operand(each) for each in (a, x, b, y)]
    operands = [e if place is None else place for (place, _), e in zip(found, (a, x, b, y))]
    text = "{0} * {1} + {3}" if b == 1 and not isinstance(b, Value) else "{0} * {1} + {2} * {3}"
    dtypes = [d for _, d in found]
    return [t.assign(instruction, target, text, operands, dtypes, [dtype] * 4, dtype, dtype)]


def _getitem(t: Translation, instruction: Instruction, made: dict[Value, Operand]) -> list[Node]:
    source, key = instruction.args
    result = instruction.results[0]
    if any(True for _ in instruction.mapped(lambda v: v).inputs()) and _arrays(key):
        return gathered(t, instruction, made)
    if result is not None and result.scalar:  # it is read now
        window = t.window(source)
        keys = key if type(key) is tuple else (key,)
        single = replace(instruction, args=(source, (*keys, ...)))
        found = window_of(single, source, window)
        if found is None:
            raise Untranslatable("an item that is no element")
        made[result] = Register(result)
        return [Assign(instruction, Register(result), "{0}", [found])]
    return t._view(instruction, made)


def _setitem(t: Translation, instruction: Instruction, made: dict[Value, Operand]) -> list[Node]:
    source, key, value = instruction.args
    if _arrays(key):
        return scattered(t, instruction)
    item = replace(instruction, function=operator.getitem, args=(source, _viewing(key)))
    window = window_of(item, source, t.window(source))
    if window is None:
        raise Untranslatable("what is set is no window")
    return [t.copy(instruction, window, value)]


def _viewing(key: Any) -> Any:
    """A key that gives a view where ``key`` gives a number."""
    keys = key if type(key) is tuple else (key,)
    return key if any(each is ... for each in keys) else (*keys, ...)


def _arrays(key: Any) -> bool:
    keys = key if type(key) is tuple else (key,)
    return any(isinstance(each, Value | np.ndarray | list) for each in keys)


def _copyto(t: Translation, instruction: Instruction, made: dict[Value, Operand]) -> list[Node]:
    target, source = instruction.args
    if instruction.kwargs.keys() - {"casting"}:
        raise Untranslatable("a mask")
    return [t.copy(instruction, t.window(target), source)]


def _joined(t: Translation, instruction: Instruction, made: dict[Value, Operand]) -> list[Node]:
    """concatenate, stack: each part is copied into a window on the result."""
    result, parts = instruction.results[0], instruction.args[0]
    options = dict(zip(("axis", "out"), instruction.args[1:])) | instruction.kwargs
    axis = options.pop("axis", 0)
    if result is None or any(each is not None for each in options.values()) or axis is None:
        raise Untranslatable("options of a concatenation")
    stack = instruction.function is np.stack
    axis %= len(result.shape)
    whole = made[result] = t.target(instruction, None, made)
    if not isinstance(whole, Window):
        raise Untranslatable("a number")
    nodes: list[Node] = []
    at = 0
    for part in parts:
        window = t.window(part)
        n = 1 if stack else window.shape[axis]
        shape, strides = list(whole.shape), list(whole.strides)
        if stack:
            del shape[axis], strides[axis]
        else:
            shape[axis] = n
        there = Window(
            whole.buffer, tuple(shape), tuple(strides), whole.offset + at * whole.strides[axis]
        )
        nodes.append(t.copy(instruction, there, part))
        at += n
    return nodes


Handler = Callable[[Translation, Instruction, dict[Value, Operand]], list[Node]]
HANDLERS: dict[Any, Handler] = {
    np.where: _where, operator.pow: _power, axpby: _axpby, operator.getitem: _getitem,
    operator.setitem: _setitem, np.copyto: _copyto, np.concatenate: _joined, np.stack: _joined,
    np.clip: _clip, np.dot: product, expect_none: checked,
}  # fmt: skip
