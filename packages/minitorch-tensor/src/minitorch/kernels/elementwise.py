"""Element by element, on all cores where the arrays are large."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from .parallel import BLOCK, WORTH, over_rows

LARGE = WORTH // 4  # elements; fewer are never worth a second thread
UFUNCS: dict[Any, np.ufunc] = {
    operator.add: np.add,
    operator.sub: np.subtract,
    operator.mul: np.multiply,
    operator.truediv: np.divide,
}
FEW = 1 << 13  # elements for which fewer calls count more than quicker ones
QUICK = {np.add, np.subtract, np.multiply, np.divide, np.negative, np.absolute, np.reciprocal}
QUICK |= {np.maximum, np.minimum, np.less, np.less_equal, np.greater, np.greater_equal, np.equal}


@lru_cache(maxsize=64)
def constant(value: float, dtype: Any) -> Any:
    """An operand for ufuncs: for an array without dimensions they take half as long as for a
    number of Python's."""
    return np.array(value, dtype)


LOG2_E = 1 / math.log(2)
# where its exp2 of float32 is a vector's, which takes half the time of its exp, itself a vector's
_features: Any = getattr(import_module("numpy._core._multiarray_umath"), "__cpu_features__", {})
FAST_EXP2 = sys.platform == "linux" and _features.get("AVX512_SKX", False)


def exp_into(x: Any, out: Any, factor: float = 1.0) -> Any:
    """Writes ``exp(factor x)`` into ``out``, in the quickest way that NumPy has here.

    By exp2 the product's rounding is an error of 6e-8 times the exponent: 1e-6 where that is 20.
    """
    if FAST_EXP2 and x.dtype == np.float32:
        return np.exp2(np.multiply(x, np.float32(factor * LOG2_E), out=out), out=out)
    return np.exp(x if factor == 1 else np.multiply(x, factor, out=out), out=out)


def _is_array(y: Any) -> bool:
    return type(y) is np.ndarray and y.ndim > 0


def over_cores(kernel: Callable[..., Any], *operands: Any) -> Any:
    """``kernel(*operands)``, of large arrays by all cores where it is a ufunc."""
    return threaded(kernel)(*operands)


def threaded(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """What computes ``kernel`` of large arrays: if it is a ufunc, all cores do."""
    ufunc: Any = UFUNCS.get(kernel, kernel)
    if not isinstance(ufunc, np.ufunc) or ufunc.nout > 1:
        return kernel
    passes = 1 if ufunc in QUICK else 4

    def large(x: Any, *others: Any) -> Any:
        if x.size * passes < WORTH or not x.flags.c_contiguous or type(x) is not np.ndarray:
            return kernel(x, *others)
        operands = [x, *others]
        kinds = [y.dtype if isinstance(y, np.ndarray | np.generic) else type(y) for y in operands]
        # said aloud: NumPy 2.1.0 takes float64 numbers for Python's in threads but the first
        dtypes = ufunc.resolve_dtypes((*kinds, None))
        try:
            operands = [np.broadcast_to(y, x.shape) if _is_array(y) else y for y in operands]
        except ValueError:  # x is the one to be stretched, or they do not fit
            return kernel(x, *others)
        out = made = np.empty(x.shape, dtypes[-1])
        if all(y.flags.c_contiguous for y in operands if _is_array(y)):
            operands = [y.reshape(-1) if _is_array(y) else y for y in operands]
            made = out.reshape(-1)

        def work(start: int, stop: int) -> None:
            pieces = [y[start:stop] if _is_array(y) else y for y in operands]
            ufunc(*pieces, made[start:stop], signature=dtypes)

        over_rows(work, len(made), x.size * passes)
        return out

    return large


def over_elements(work: Callable[..., None], passes: int, *arrays: Any) -> None:
    """Calls ``work`` with pieces of the contiguous ``arrays`` of one size, all as lines.

    It takes as long per element as ``passes`` products; its temporaries stay small.
    """
    lines = [array.reshape(-1) for array in arrays]

    def pieces(start: int, stop: int) -> None:
        for k in range(start, stop, BLOCK):
            work(*[line[k : min(k + BLOCK, stop)] for line in lines])

    over_rows(pieces, lines[0].size, lines[0].size * passes)
