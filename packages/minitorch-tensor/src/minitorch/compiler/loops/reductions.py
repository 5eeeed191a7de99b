"""Sums, products, largest and smallest elements along dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..instructions import Instruction, Method, Value
from . import formulas
from .nodes import Node, Operand, Reduce
from .windows import Untranslatable, Window

if TYPE_CHECKING:
    from .translation import Translation

__all__ = ["reduced", "reduction"]

NAMES = {
    "reduce": ("axis", "dtype", "out", "keepdims"), "sum": ("axis", "dtype", "out", "keepdims"),
    "max": ("axis", "out", "keepdims"), "min": ("axis", "out", "keepdims"),
}  # fmt: skip


def reduction(
    t: Translation, instruction: Instruction, ufunc: np.ufunc, made: dict[Value, Operand]
) -> list[Node]:
    """``ufunc.reduce`` or the method of an array."""
    function: Any = instruction.function
    name = function.name if isinstance(function, Method) else function.__name__
    options = dict(zip(NAMES[name], instruction.args[1:])) | instruction.kwargs
    axis, keep = (
        options.pop("axis", 0 if name == "reduce" else None),
        options.pop("keepdims", False),
    )
    options.pop("dtype", None)  # the result has it
    if any(each is not None for each in options.values()):
        raise Untranslatable("options of a reduction")
    window = t.window(instruction.args[0])
    dims = range(len(window.shape))
    axes = set(dims) if axis is None else {a % len(dims) for a in np.atleast_1d(axis).tolist()}
    return [reduced(t, instruction, [window], "{0}", axes, ufunc, made, keep)]


def reduced(
    t: Translation, instruction: Instruction, windows: list[Window], element: str,
    axes: set[int], ufunc: np.ufunc, made: dict[Value, Operand], keep: bool = False,
) -> Reduce:  # fmt: skip
    """The node that takes ``element``, a formula of the windows, together along ``axes``."""
    result = instruction.results[0] if instruction.results else None
    if result is None or result in t.places:
        raise Untranslatable("no result")
    dtype = result.dtype
    for window in windows:
        if window.dtype.kind == "f" != dtype.kind or window.dtype.itemsize > dtype.itemsize:
            raise Untranslatable("a reduction in fewer digits")
    if ufunc not in (np.add, np.multiply, np.maximum, np.minimum):
        raise Untranslatable(f"no loops for reductions by {ufunc.__name__}")
    formula, _, _ = formulas.formula(ufunc, [dtype, dtype], 1)
    start = {np.add: "0", np.multiply: "1"}.get(ufunc)
    if ufunc is np.add and dtype.kind == "f":
        formula = "add({0}, {1})"
    for k, window in enumerate(windows):
        element = element.replace(f"{{{k}}}", formulas.cast(f"{{{k}}}", window.dtype, dtype))
    target = made[result] = t.new(result)
    if isinstance(target, Window):
        strides = list(target.strides)
        if not keep:
            for a in sorted(axes):
                strides.insert(a, 0)
        strides = [0 if a in axes else step for a, step in enumerate(strides)]
        target = Window(target.buffer, windows[0].shape, tuple(strides))
    elif len(axes) < len(windows[0].shape):
        raise Untranslatable("a number for several")
    if start is not None:
        start = f"{formulas.kind(dtype)}({start})"
    return Reduce(instruction, target, windows, element, start, formula)
