"""Sums, products, largest and smallest elements along dimensions."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..instructions import Instruction, Method, Value
from . import formulas
from .nodes import Assign, Node, Operand, Reduce, Register
from .windows import Untranslatable, Window

if TYPE_CHECKING:
    from .translation import Translation

__all__ = ["reduced", "reduction"]

FEW = 16  # numbers whose sum is as exact either way
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
    return reduced(t, instruction, [window], "{0}", axes, ufunc, made, keep)


def reduced(
    t: Translation, instruction: Instruction, windows: list[Window], element: str,
    axes: set[int], ufunc: np.ufunc, made: dict[Value, Operand], keep: bool = False,
) -> list[Node]:  # fmt: skip
    """The nodes that take ``element``, a formula of the windows, together along ``axes``. Many
    float32 are added up in float64: loops add them one by one, NumPy in pairs."""
    result = instruction.results[0] if instruction.results else None
    if result is None or result in t.places:
        raise Untranslatable("no result")
    shape, dtype = windows[0].shape, result.dtype
    for window in windows:
        if window.dtype.kind == "f" != dtype.kind or window.dtype.itemsize > dtype.itemsize:
            raise Untranslatable("a reduction in fewer digits")
    if ufunc not in (np.add, np.multiply, np.maximum, np.minimum):
        raise Untranslatable(f"no loops for reductions by {ufunc.__name__}")
    target = made[result] = t.new(result)
    if isinstance(target, Register) and len(axes) < len(shape):
        raise Untranslatable("a number for several")
    total, wide = target, dtype
    if ufunc is np.add and dtype == np.float32 and math.prod(shape[a] for a in axes) > FEW:
        wide = np.dtype(np.float64)
        strides = tuple(2 * step for step in result.strides)
        hint = f"wide_{result.hint or 'sums'}"
        total = t.new(replace(result, dtype=wide, strides=strides, hint=hint))
    formula, _, _ = formulas.formula(ufunc, [wide, wide], 1)
    if ufunc is np.add and wide.kind == "f":
        formula = "add({0}, {1})"
    for k, window in enumerate(windows):
        element = element.replace(f"{{{k}}}", formulas.cast(f"{{{k}}}", window.dtype, wide))
    start = {np.add: "0", np.multiply: "1"}.get(ufunc)
    start = start and f"{formulas.kind(wide)}({start})"
    nodes: list[Node] = [
        Reduce(instruction, _over(total, shape, axes, keep), windows, element, start, formula)
    ]
    if total is not target:
        nodes.append(Assign(instruction, target, formulas.cast("{0}", wide, dtype), [total]))
    return nodes


def _over(
    target: Window | Register, shape: tuple[int, ...], axes: set[int], keep: bool
) -> Window | Register:
    """The target for each index of the operands."""
    if isinstance(target, Register):
        return target
    strides = list(target.strides)
    if not keep:
        for a in sorted(axes):
            strides.insert(a, 0)
    return Window(target.buffer, shape, tuple(0 if a in axes else s for a, s in enumerate(strides)))
