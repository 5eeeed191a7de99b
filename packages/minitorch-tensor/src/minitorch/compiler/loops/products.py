"""Products of matrices: BLAS, or loops where they are small."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...kernels.blas import SHARED
from ..instructions import Instruction, Value
from . import formulas
from .nodes import Node, Operand, Statement
from .reductions import reduced
from .windows import Untranslatable, Window

if TYPE_CHECKING:
    from .translation import Translation

__all__ = ["product"]

SMALL = 512  # multiply-adds that take less time than BLAS' own beginning
MOST = 64  # matrices of a batch


def product(t: Translation, instruction: Instruction, made: dict[Value, Operand]) -> list[Node]:
    """dot, matmul, vecdot."""
    a, b = map(t.window, instruction.args[:2])
    result = instruction.results[0] if instruction.results else None
    if result is None or instruction.kwargs or len(instruction.args) > 2:
        raise Untranslatable("options of a product")
    if not (a.dtype == b.dtype == result.dtype) or a.dtype.kind != "f":
        raise Untranslatable("a product of other dtypes")
    if instruction.function is np.vecdot:
        shape = np.broadcast_shapes(a.shape, b.shape)
        pair = [a.broadcast(shape), b.broadcast(shape)]
        return reduced(t, instruction, pair, "{0} * {1}", {len(shape) - 1}, np.add, made)
    if not a.shape or not b.shape:
        raise Untranslatable("a product with a number")
    ones = [_of_ones(x) for x in instruction.args[:2]]
    if len(a.shape) == 1 and ones[0] and len(b.shape) <= 2:  # a sum
        return reduced(t, instruction, [b], "{0}", {0}, np.add, made)
    if len(b.shape) == 1 and ones[1]:
        return reduced(t, instruction, [a], "{0}", {len(a.shape) - 1}, np.add, made)
    if len(b.shape) == 1:  # rows by a line
        pair = [a, b.broadcast(a.shape)]
        return reduced(t, instruction, pair, "{0} * {1}", {len(a.shape) - 1}, np.add, made)
    if len(a.shape) == 1:
        column = Window(a.buffer, (*a.shape, 1), (*a.strides, 0), a.offset)
        pair = [column.broadcast(b.shape), b]
        axes = {len(b.shape) - 2}
        return reduced(t, instruction, pair, "{0} * {1}", axes, np.add, made)
    if instruction.function is not np.matmul and (len(a.shape), len(b.shape)) != (2, 2):
        raise Untranslatable("a dot product of batches")
    out = t.new(result)
    if not isinstance(out, Window):
        raise Untranslatable("a number")
    made[result] = out
    return [_matrices(instruction, a, b, out)]


def _of_ones(x: Any) -> bool:
    constant = x.constant if isinstance(x, Value) else None
    return constant is not None and bool(np.all(constant == 1))


def _matrices(instruction: Instruction, a: Window, b: Window, out: Window) -> Statement:
    batch = out.shape[:-2]
    m, n, k = *out.shape[-2:], a.shape[-1]
    if m * n * k >= SHARED or math.prod(batch) > MOST:
        raise Untranslatable("large products, which all cores share")
    a, b = a.broadcast((*batch, m, k)), b.broadcast((*batch, k, n))
    triples = [
        tuple(_part(x, index) for x in (a, b, out))
        for index in itertools.product(*map(range, batch))
    ]
    text = _by_blas if m * n * k > SMALL else _by_loops
    writers = [text(*triple) for triple in triples]
    return Statement(
        instruction, lambda names: [line for w in writers for line in w(names)], [a, b], [out]
    )


def _part(x: Window, index: tuple[int, ...]) -> Window:
    """The matrix at ``index`` of a batch."""
    offset = x.offset + sum(i * s for i, s in zip(index, x.strides))
    return Window(x.buffer, x.shape[-2:], x.strides[-2:], offset)


def _by_loops(a: Window, b: Window, out: Window) -> Any:
    (m, n), k = out.shape, a.shape[1]
    kind = formulas.kind(out.dtype)

    def lines(names: Any) -> list[str]:
        return [
            f"for i in range({m}):",
            f"    for j in range({n}):",
            f"        total = {kind}(0)",
            f"        for k in range({k}):",
            f"            total = add(total, {names.element(a, 'ik')} * {names.element(b, 'kj')})",
            f"        {names.element(out, 'ij')} = total",
        ]

    return lines


def _by_blas(a: Window, b: Window, out: Window) -> Any:
    if _row(out) is None:  # the transposed product of the transposed
        a, b, out = _turned(b), _turned(a), _turned(out)
    ldc = _row(out)
    if ldc is None:
        raise Untranslatable("a product with gaps")
    (m, n), k = out.shape, a.shape[1]
    operands = []
    for x in (a, b):
        lead, turn = _row(x), 111
        if lead is None:
            lead, turn = _row(_turned(x)), 112
        if lead is None:
            raise Untranslatable("a factor with gaps")
        operands.append((x, turn, lead))
    (_, turn_a, lda), (_, turn_b, ldb) = operands
    kind = formulas.kind(out.dtype)
    gemm = "sgemm" if kind == "f4" else "dgemm"

    def lines(names: Any) -> list[str]:
        x, y, z = (names.pointer(each) for each in (a, b, out))
        factors = f"{kind}(1), {x}, {lda}, {y}, {ldb}, {kind}(0), {z}, {ldc}"
        return [f"{gemm}(101, {turn_a}, {turn_b}, {m}, {n}, {k}, {factors})"]

    return lines


def _turned(x: Window) -> Window:
    return Window(x.buffer, x.shape[::-1], x.strides[::-1], x.offset)


def _row(x: Window) -> int | None:
    """How far rows are apart whose elements lie side by side; None of others."""
    (rows, columns), (down, right) = x.shape, x.strides
    if columns > 1 and right != 1:
        return None
    if rows == 1:
        return max(columns, 1)
    return down if down >= max(columns, 1) else None
