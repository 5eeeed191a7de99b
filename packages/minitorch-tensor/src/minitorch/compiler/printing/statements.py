"""Instructions as lines of Python."""

from __future__ import annotations

import operator
from typing import Any, cast

import numpy as np

from ..instructions import Attribute, Instruction, Method, Value, same
from .literals import array_name, literal
from .names import Names, identifier
from .references import kernel_name, reference

__all__ = ["Writer"]

BINARY: dict[Any, str] = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.floor_divide: "//",
    np.remainder: "%", np.matmul: "@", np.bitwise_and: "&", np.bitwise_or: "|",
    np.bitwise_xor: "^", np.left_shift: "<<", np.right_shift: ">>", np.greater: ">",
    np.greater_equal: ">=", np.less: "<", np.less_equal: "<=", np.equal: "==",
    np.not_equal: "!=",
}  # fmt: skip
UNARY: dict[Any, str] = {np.negative: "-", np.invert: "~"}
PYTHON_BINARY: dict[Any, str] = {
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/",
    operator.floordiv: "//", operator.mod: "%", operator.matmul: "@", operator.pow: "**",
    operator.and_: "&", operator.or_: "|", operator.xor: "^", operator.lshift: "<<",
    operator.rshift: ">>", operator.gt: ">", operator.ge: ">=", operator.lt: "<",
    operator.le: "<=", operator.eq: "==", operator.ne: "!=",
}  # fmt: skip
PYTHON_UNARY: dict[Any, str] = {operator.neg: "-", operator.invert: "~", operator.pos: "+"}
IN_PLACE: dict[Any, str] = {
    operator.iadd: "+", operator.isub: "-", operator.imul: "*", operator.itruediv: "/",
    operator.ifloordiv: "//", operator.imod: "%", operator.ipow: "**", operator.imatmul: "@",
    operator.iand: "&", operator.ior: "|", operator.ixor: "^", operator.ilshift: "<<",
    operator.irshift: ">>",
}  # fmt: skip
WRITTEN = {*PYTHON_BINARY, *PYTHON_UNARY, operator.getitem, operator.setitem, same}


class Writer:
    """Writes statements, and gathers what they need from around the function.

    ``imports``    module -> {its attribute: its name here}
    ``aliases``    a kernel's path -> its name
    ``dtypes``     dtype -> its name, and the text of its type
    ``constants``  (name, array), in the order of their use
    ``made``       name -> the text that makes an object
    ``objects``    what no text leads to: name -> object
    ``loops``      functions that are a text: name -> function
    ``outside``    the names that stand outside of the function, which it cannot assign to
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self.imports: dict[str, dict[str, str]] = {}
        self.aliases: dict[str, str] = {}
        self.dtypes: dict[np.dtype[Any], tuple[str, str]] = {}
        self.constants: dict[int, tuple[str, Any]] = {}
        self.made: dict[str, str] = {}
        self.objects: dict[str, Any] = {}
        self._objects: dict[int, str] = {}
        self.loops: dict[str, Any] = {}
        self.outside: set[str] = set()

    # --- what stands outside of the function --------------------------------------------------

    def prepare(self, instruction: Instruction) -> None:
        """Gives names to what an instruction needs from outside, before local ones are given."""
        function = instruction.function
        if not isinstance(function, (Attribute, Method)) and function not in WRITTEN:
            self.function(function)
        self._prepare(instruction.args)
        self._prepare(list(instruction.kwargs.values()))

    def _prepare(self, x: Any) -> None:
        kind = type(x)
        if kind is tuple or kind is list:
            for each in x:
                self._prepare(each)
        elif kind is slice:
            self._prepare((x.start, x.stop, x.step))
        elif kind is Value:
            if x.constant is not None:
                self.text(x)
        elif kind is not int and x is not None:
            self.text(x)

    def function(self, function: Any) -> str:
        """The text that stands for ``function``; imports what it is in."""
        if hasattr(function, "text"):
            self.loops[function.__name__] = function
            return str(function.__name__)
        found = reference(function)
        if found is None:
            return self._object(function)
        if found.module in ("numpy", "builtins"):
            return found.path
        first, dot, rest = found.path.partition(".")
        here = self.imports.setdefault(found.module, {})
        if first not in here:
            here[first] = self.names.fresh(first)
        path = here[first] + dot + rest
        if not dot:
            return path
        if path not in self.aliases:
            name = kernel_name(function)
            self.aliases[path] = self.names.fresh(f"{name}_kernel" if name == first else name)
        return self.aliases[path]

    def _object(self, x: Any) -> str:
        if id(x) not in self._objects:
            word = getattr(x, "__name__", type(x).__name__)
            name = self.names.fresh(identifier(word) if word != "<lambda>" else "rule")
            self._objects[id(x)] = name
            self.objects[name] = x
        return self._objects[id(x)]

    def _constant(self, array: Any, hint: str) -> str:
        if id(array) not in self.constants:
            name = self.names.fresh(identifier(hint or array_name(array)))
            self.constants[id(array)] = name, array
            self.outside.add(name)
        return self.constants[id(array)][0]

    # --- expressions ---------------------------------------------------------------------------

    def text(self, x: Any) -> str:
        """An argument as Python writes it."""
        if isinstance(x, Value):
            if x.constant is None or x in self.names.of:
                return self.names.of[x]
            return self.text(x.constant) if x.scalar else self._constant(x.constant, x.hint)
        written = literal(x)
        if written is not None:
            return written
        kind = type(x)
        if kind is tuple:
            return f"({', '.join(map(self.text, x))}{',' if len(x) == 1 else ''})"
        if kind is list:
            return f"[{', '.join(map(self.text, x))}]"
        if kind is dict:
            return f"{{{', '.join(f'{self.text(k)}: {self.text(v)}' for k, v in x.items())}}}"
        if kind is slice:
            return f"slice({self.text(x.start)}, {self.text(x.stop)}, {self.text(x.step)})"
        if isinstance(x, np.dtype) and x.fields is None and x.isnative:
            if x not in self.dtypes:
                self.dtypes[x] = self.names.fresh(identifier(x.name)), self.text(x.type)
            return self.dtypes[x][0]
        if isinstance(x, (np.ndarray, np.generic)):
            return self._constant(x, "")
        return self._made(x) or self.function(x)

    def _made(self, x: Any) -> str | None:
        """The name of an immutable object that says, as to pickle, how it is made."""
        if not isinstance(x, tuple) or "__reduce__" not in vars(type(x)):
            return None
        if id(x) not in self._objects:
            function, args = cast("tuple[Any, Any]", x.__reduce__())
            text = f"{self.function(function)}({', '.join(map(self.text, args))})"
            name = self._objects[id(x)] = self.names.fresh(identifier(type(x).__name__.lower()))
            self.made[name] = text
        return self._objects[id(x)]

    def _key(self, key: Any) -> str:
        if type(key) is slice:
            step = "" if key.step is None else f":{self.text(key.step)}"
            start, stop = ("" if x is None else self.text(x) for x in (key.start, key.stop))
            return f"{start}:{stop}{step}"
        if type(key) is tuple and key:
            return ", ".join(map(self._key, key))
        return self.text(key)

    def _operand(self, x: Any, before: str = "") -> str:
        """One that ``before`` stands after; a number before an attribute needs brackets."""
        text = self.text(x)
        if (before == "**" and text[0] == "-") or (before == "." and text[0] in "-0123456789"):
            return f"({text})"
        return text

    def expression(self, instruction: Instruction) -> str:
        """What stands right of the equals sign."""
        function, args, kwargs = instruction.function, instruction.args, instruction.kwargs
        if isinstance(function, Attribute):
            return f"{self._operand(args[0], '.')}.{function.name}"
        if isinstance(function, Method):
            arguments = self._arguments(args[1:], kwargs)
            return f"{self._operand(args[0], '.')}.{function.name}({arguments})"
        if function is same:
            return self.text(args[0])
        if function is operator.getitem:
            return f"{self.text(args[0])}[{self._key(args[1])}]"
        sign = PYTHON_BINARY.get(function)
        if sign or (not kwargs and len(args) == 2 and _operands(args)):
            sign = sign or BINARY.get(function)
            if sign:
                return f"{self._operand(args[0], sign)} {sign} {self.text(args[1])}"
        sign = PYTHON_UNARY.get(function)
        if sign or (not kwargs and len(args) == 1 and isinstance(args[0], Value)):
            sign = sign or UNARY.get(function)
            if sign:
                return sign + self.text(args[0])
        return f"{self.function(function)}({self._arguments(args, kwargs)})"

    def _arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        words = [f"{name}={self.text(value)}" for name, value in kwargs.items()]
        return ", ".join([*map(self.text, args), *words])

    # --- statements ------------------------------------------------------------------------------

    def statement(self, instruction: Instruction) -> str:
        """The instruction; its results and its arguments have names."""
        function, args = instruction.function, instruction.args
        results = [self.names.of[v] if v else "_" for v in instruction.results]
        if function is operator.setitem:
            return f"{self.text(args[0])}[{self._key(args[1])}] = {self.text(args[2])}"
        target = self._target(instruction)
        if target is not None:
            sign, other = target
            return f"{self.text(args[0])} {sign}= {self.text(other)}"
        expression = self.expression(instruction)
        if not any(instruction.results):
            return expression
        return f"{', '.join(results)}{',' if _single(instruction) else ''} = {expression}"

    def _target(self, instruction: Instruction) -> tuple[str, Any] | None:
        """(sign, right operand) of what is written as ``a += b``."""
        function, args, kwargs = instruction.function, instruction.args, instruction.kwargs
        if not args or not isinstance(args[0], Value) or self.text(args[0]) in self.outside:
            return None
        mine = any(v is args[0] for v in instruction.results)
        if function in IN_PLACE:
            return (IN_PLACE[function], args[1]) if mine or not any(instruction.results) else None
        if any(instruction.results) and not mine:
            return None
        out = kwargs.get("out") if len(args) == 2 else args[2] if len(args) == 3 else None
        out = out[0] if type(out) is tuple and len(out) == 1 else out
        plain = len(kwargs) == (len(args) == 2) and _operands(args[:2])
        if out is args[0] and plain and function in BINARY and _assignable(BINARY[function]):
            return BINARY[function], args[1]
        return None


def _operands(args: tuple[Any, ...]) -> bool:
    """Whether Python's operator does what the ufunc does: one is an array, none a sequence."""
    return any(isinstance(x, Value) for x in args) and all(
        isinstance(x, (Value, bool, int, float, complex, np.generic, np.ndarray)) for x in args
    )


def _assignable(sign: str) -> bool:
    return sign not in (">", ">=", "<", "<=", "==", "!=", "@")


def _single(instruction: Instruction) -> bool:
    return instruction.several and len(instruction.results) == 1
