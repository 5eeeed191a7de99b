"""What the text of a whole program as one function is written in: pointers, and BLAS' products.

An index into a pointer is one multiplication and one addition of numbers that are in the text:
machine code and the compiler's work are a fraction of what arrays take.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np
from llvmlite import binding
from numba import types
from numba.extending import intrinsic

from ..blas import address

__all__ = ["ahead", "at", "dgemm", "sgemm", "start"]


def _pointer(dtype: Any) -> Any:
    """Bool in memory is a byte."""
    return types.CPointer(types.uint8 if dtype == types.boolean else dtype)


@intrinsic
def start(context: Any, array: Any) -> Any:
    """Where the first element of an array is."""
    kind = _pointer(array.dtype)

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.bitcast(data, context.get_value_type(kind))

    return kind(array), code


@intrinsic
def at(context: Any, memory: Any, offset: Any, kind: Any) -> Any:
    """The byte ``offset`` of an array of bytes, as the place of a number of this kind."""
    pointer = _pointer(kind.dtype)

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.bitcast(builder.gep(data, [args[1]]), context.get_value_type(pointer))

    return pointer(memory, offset, kind), code


@intrinsic
def ahead(context: Any, pointer: Any, count: Any) -> Any:
    """The place ``count`` elements further on."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.gep(*args[:1], [args[1]])

    return pointer(pointer, count), code


# --- C = A B, as ``cblas_sgemm`` takes it: order, transpositions, m, n, k, 1, A, lda, B, ldb, 0, C,
# ldc -----------------------------------------------------------------------------------------


def _plain(kind: Any) -> Any:
    """For a NumPy whose BLAS cannot be called."""

    @numba.njit(nogil=True, error_model="numpy")
    def gemm(order, turn_a, turn_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc):
        for i in range(m):
            for j in range(n):
                total = kind(0)
                for p in range(k):
                    x = a[i + lda * p] if turn_a == 112 else a[lda * i + p]
                    y = b[ldb * j + p] if turn_b == 112 else b[j + ldb * p]
                    total += x * y
                c[ldc * i + j] = total

    return gemm


@cache
def _gemm(letter: str, number: Any, kind: Any) -> Any:
    """NumPy's own BLAS, by a name that machine code read from a file finds it under again."""
    found = address(f"cblas_{letter}gemm")
    if found is None:
        return _plain(kind)
    where, wide = found
    name = f"minitorch_{letter}gemm{'64' if wide else ''}"
    binding.add_symbol(name, where)
    count = types.int64 if wide else types.int32
    pointer = types.CPointer(number)
    flags, sizes = [types.int32] * 3, [count] * 3
    operands = [number, pointer, count, pointer, count, number, pointer, count]
    return types.ExternalFunction(name, types.void(*flags, *sizes, *operands))


sgemm = _gemm("s", types.float32, np.float32)
dgemm = _gemm("d", types.float64, np.float64)
