"""Elementwise operations as formulas of one element, by the dtype that NumPy computes them in."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from .windows import Untranslatable

__all__ = ["DTYPES", "cast", "constant", "formula", "kind"]

# how a dtype is written in the text of a function
DTYPES = {
    np.dtype(name): f"{name[0]}{np.dtype(name).itemsize}" if name != "bool" else "u1"
    for name in ("float32", "float64", "int64", "int32", "int16", "int8", "uint8", "bool")
}  # fmt: skip

NAN_OR = "({1} if ({0} {sign} {1}) | ({1} != {1}) else {0})"
FLOAT: dict[Any, str] = {
    np.add: "{0} + {1}", np.subtract: "{0} - {1}", np.multiply: "{0} * {1}",
    np.divide: "{0} / {1}", np.negative: "-{0}", np.positive: "{0}", np.absolute: "abs({0})",
    np.square: "{0} * {0}", np.reciprocal: "one / {0}", np.sqrt: "math.sqrt({0})",
    np.exp: "exp({0})", np.log: "log({0})", np.tanh: "tanh({0})",
    np.maximum: NAN_OR.replace("{sign}", "<"), np.minimum: NAN_OR.replace("{sign}", ">"),
    np.isnan: "{0} != {0}", np.isfinite: "abs({0}) < math.inf", np.isinf: "abs({0}) == math.inf",
}  # fmt: skip
INTEGER: dict[Any, str] = {
    np.add: "{0} + {1}", np.subtract: "{0} - {1}", np.multiply: "{0} * {1}",
    np.negative: "-{0}", np.positive: "{0}", np.square: "{0} * {0}", np.invert: "~{0}",
    np.maximum: "({0} if {0} >= {1} else {1})", np.minimum: "({0} if {0} <= {1} else {1})",
    np.absolute: "({0} if {0} >= 0 else -{0})",
    np.bitwise_and: "{0} & {1}", np.bitwise_or: "{0} | {1}", np.bitwise_xor: "{0} ^ {1}",
}  # fmt: skip
BOOL: dict[Any, str] = {
    np.add: "{0} | {1}", np.multiply: "{0} & {1}", np.bitwise_and: "{0} & {1}",
    np.bitwise_or: "{0} | {1}", np.bitwise_xor: "{0} != {1}", np.invert: "not {0}",
    np.maximum: "{0} | {1}", np.minimum: "{0} & {1}", np.positive: "{0}",
}  # fmt: skip
COMPARING: dict[Any, str] = {
    np.equal: "{0} == {1}", np.not_equal: "{0} != {1}", np.less: "{0} < {1}",
    np.less_equal: "{0} <= {1}", np.greater: "{0} > {1}", np.greater_equal: "{0} >= {1}",
}  # fmt: skip
LOGICAL: dict[Any, str] = {
    np.logical_and: "{0} & {1}", np.logical_or: "{0} | {1}", np.logical_not: "not {0}",
    np.logical_xor: "{0} != {1}",
}  # fmt: skip
# what the processor takes one number at a time: of many NumPy is quicker
SLOW: dict[Any, str] = {
    np.sin: "math.sin({0})", np.cos: "math.cos({0})", np.tan: "math.tan({0})",
    np.arctan: "math.atan({0})", np.sinh: "math.sinh({0})", np.cosh: "math.cosh({0})",
    np.log1p: "math.log1p({0})", np.expm1: "math.expm1({0})",
}  # fmt: skip
MANY = 256  # elements that are many for those
POWERS = 64  # the largest exponent that becomes products

PYTHONS: dict[Any, Any] = {
    operator.add: np.add, operator.sub: np.subtract, operator.mul: np.multiply,
    operator.truediv: np.divide, operator.neg: np.negative,
}  # fmt: skip


def kind(dtype: np.dtype[Any]) -> str:
    """The dtype's name in the text."""
    if dtype not in DTYPES:
        raise Untranslatable(f"dtype {dtype}")
    return DTYPES[dtype]


def cast(text: str, given: np.dtype[Any], wanted: np.dtype[Any]) -> str:
    """``text``, of dtype ``given``, as ``wanted``."""
    if given == wanted:
        return text
    if wanted == np.bool_:
        return f"({text} != 0)"
    if given.kind == "f" and wanted.kind in "iu":
        raise Untranslatable("floats to integers, where NaN has no rule")
    return f"{kind(wanted)}({text})"


def constant(x: Any, dtype: np.dtype[Any]) -> str:
    """A number of Python's or NumPy's as a literal of the dtype."""
    made = np.asarray(x).astype(dtype)[()]
    if dtype == np.bool_:
        return str(bool(made))
    if dtype.kind in "iu":
        return f"{kind(dtype)}({int(made)})"
    number = float(made)
    if math.isfinite(number):
        return f"{kind(dtype)}({number!r})"
    text = "math.nan" if number != number else "math.inf" if number > 0 else "-math.inf"
    return f"{kind(dtype)}({text})"


def formula(
    function: Any, dtypes: list[Any], elements: int
) -> tuple[str, list[np.dtype[Any]], np.dtype[Any]]:
    """The formula of a ufunc with operands ``{0}``, ``{1}``; the dtypes that it takes them in, and
    that of its result. ``dtypes`` are those of the operands; int, float of Python's numbers."""
    try:
        *taken, made = function.resolve_dtypes((*dtypes, None))
    except TypeError:
        raise Untranslatable("dtypes that NumPy does not take") from None
    for dtype in (*taken, made):
        kind(dtype)
    inner = taken[0]
    if function in LOGICAL:
        return LOGICAL[function], [np.dtype(bool)] * len(taken), made
    if function in COMPARING and all(dtype == inner for dtype in taken):
        return COMPARING[function], taken, made
    table = {"f": FLOAT, "i": INTEGER, "u": INTEGER, "b": BOOL}[inner.kind]
    text = table.get(function)
    if text is None and inner.kind == "f" and elements <= MANY:
        text = SLOW.get(function)
    if text is None:
        raise Untranslatable(f"no formula for {function.__name__} of {inner}")
    if (made.kind in "iu" and made.itemsize < 8) or function in SLOW:  # Numba's integers grow
        text = f"{kind(made)}({text})"
    return text.replace("one", f"{kind(made)}(1)"), taken, made


def power(exponent: int) -> str:
    """x^n by products; of a negative n the reciprocal."""
    n, product, square = abs(exponent), "", "{0}"
    while n:
        if n & 1:
            product = f"{product} * {square}" if product else square
        square, n = f"({square} * {square})", n >> 1
    product = product or "one"
    return product if exponent >= 0 else f"one / ({product})"
