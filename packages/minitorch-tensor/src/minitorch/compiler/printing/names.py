"""What the variables of a printed program are called."""

from __future__ import annotations

import builtins
import keyword
import operator
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from ..instructions import Attribute, Instruction, Method, Value
from .references import primitive_of

__all__ = ["Names", "identifier"]

RESERVED = {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "np", "self"}

# the result of an operation on no named operand; on a named one, "{}" stands for that
WORDS = {
    np.add: ("total", ""), np.subtract: ("difference", ""), np.multiply: ("product", ""),
    np.divide: ("quotient", ""), np.matmul: ("product", ""), np.negative: ("negative", "minus_{}"),
    np.power: ("power", "{}_power"), np.square: ("squares", "{}_squared"),
    np.absolute: ("sizes", "abs_{}"), np.where: ("chosen", ""), np.maximum: ("larger", ""),
    np.minimum: ("smaller", ""), np.concatenate: ("joined", ""), np.stack: ("stacked", ""),
    np.add.reduce: ("sums", "sum_{}"), np.multiply.reduce: ("products", "product_{}"),
    np.maximum.reduce: ("tops", "max_{}"), np.minimum.reduce: ("least", "min_{}"),
    np.broadcast_to: ("broadcast", "{}_broadcast"), np.einsum: ("products", ""),
    np.dot: ("product", ""), np.vecdot: ("products", ""), np.reciprocal: ("inverse", "inverse_{}"),
    operator.getitem: ("part", "{}_part"), operator.add: ("total", ""),
    operator.sub: ("difference", ""), operator.mul: ("product", ""),
    operator.truediv: ("quotient", ""), operator.pow: ("power", "{}_power"),
    np.asfortranarray: ("columns", "{}_by_columns"), np.log: ("logs", "log_{}"),
    operator.neg: ("negative", "minus_{}"), operator.matmul: ("product", ""),
}  # fmt: skip
METHODS = {
    "T": ("transposed", "{}_T"), "mT": ("transposed", "{}_T"), "transpose": ("transposed", "{}_T"),
    "swapaxes": ("transposed", "{}_T"), "reshape": ("reshaped", "{}_reshaped"),
    "ravel": ("flat", "{}_flat"), "astype": ("converted", "{}_converted"),
    "copy": ("copied", "{}_copy"), "sum": ("sums", "sum_{}"), "mean": ("mean", "mean_{}"),
    "max": ("tops", "max_{}"), "min": ("least", "min_{}"), "take": ("taken", "{}_taken"),
    "dot": ("product", ""), "squeeze": ("squeezed", "{}_squeezed"), "view": ("view", "{}_view"),
}  # fmt: skip


@lru_cache(maxsize=4096)
def identifier(text: str) -> str:
    """``text`` as a variable may be called: fc_weight for fc.weight, layer0_bias for 0.bias."""
    if text.startswith("d_"):
        return "d_" + identifier(text[2:]).rstrip("_")
    name = re.sub(r"\W+", "_", text).strip("_") or "value"
    if not name.isidentifier():
        name = "layer" + name
    return name + "_" if name in RESERVED else name


class Names:
    """Names that are taken, and those of values."""

    def __init__(self) -> None:
        self.taken = {*RESERVED}
        self.of: dict[Value, str] = {}

    def fresh(self, name: str) -> str:
        """``name``, numbered where it is taken."""
        name = name if len(name) <= 40 else name[:40].rstrip("_")
        numbered, number = name, 1
        while numbered in self.taken:
            number += 1
            numbered = f"{name}_{number}"
        self.taken.add(numbered)
        return numbered

    def give(self, value: Value, name: str) -> None:
        """``value`` is called ``name`` or, where that is taken, nearly so."""
        self.of[value] = self.fresh(identifier(name))

    def release(self, values: Iterable[Value]) -> None:
        """Others may be called as these are."""
        for value in values:
            self.taken.discard(self.of[value])

    def give_results(self, instruction: Instruction) -> None:
        """Names for what an instruction gives."""
        words: list[str] = []
        for k, value in enumerate(instruction.results):
            if value is None or value in self.of:
                continue
            again = instruction.views and instruction.views[0].hint == value.hint
            if value.hint and not again:
                self.give(value, value.hint)
            else:
                words = words or self._words(instruction)
                self.give(value, words[k])

    def _words(self, instruction: Instruction) -> list[str]:
        function = instruction.function
        operand = next((v for v in instruction.inputs() if v.constant is None), None)
        named = self.of.get(operand, "") if operand is not None and operand.hint else ""
        named = named if named.isidentifier() else ""
        count = len(instruction.results)
        if not instruction.several:
            return [self.word(instruction, value, named) for value in instruction.results if value]
        primitive = primitive_of(function)
        if primitive is not None:
            results = [*primitive.outputs, *primitive.residuals]
            if function is not primitive.kernel:
                results = [f"d_{name}" for name in primitive.inputs]
            if results[:1] == ["out"]:
                results[0] = primitive.name
            if len(results) == count:
                return results
        return [f"{_name(function)}_{k}" for k in range(count)]

    def word(self, instruction: Instruction, value: Value, named: str = "") -> str:
        """What ``value``, the one result, is of the operand that is called ``named``."""
        function: Any = instruction.function
        if function is operator.getitem and instruction.args[1] == (slice(None), None):
            alone, of = "column", "{}_column"
        elif isinstance(function, (Attribute, Method)):
            alone, of = METHODS.get(function.name, (function.name, f"{{}}_{function.name}"))
        elif isinstance(function, np.ufunc) and value.dtype.kind == "b":
            alone, of = "mask", ""
        elif _adds(instruction):
            alone, of = "sums", "sum_{}"
        elif function in WORDS:
            alone, of = WORDS[function]
        else:
            alone = _name(function)
            of = "" if len(instruction.inputs()) > 1 else f"{alone}_{{}}"
        return of.format(named) if named and of else alone


def _adds(instruction: Instruction) -> bool:
    """Whether it is a product with ones, which is a sum."""
    dot = instruction.function in (np.dot, np.matmul, Method("dot"))
    constants = [v.constant for v in instruction.inputs() if v.constant is not None]
    return dot and any(x.ndim == 1 and np.all(x == 1) for x in constants)


def _name(function: Any) -> str:
    primitive = primitive_of(function) if not isinstance(function, np.ufunc) else None
    name = primitive.name if primitive else getattr(function, "__name__", "value")
    return identifier(str(name)).strip("_")
