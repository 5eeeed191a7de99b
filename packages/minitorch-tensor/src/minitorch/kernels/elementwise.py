"""Element by element, on all cores where the arrays are large."""

from __future__ import annotations

import operator
from collections.abc import Callable
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
QUICK = {np.add, np.subtract, np.multiply, np.divide, np.negative, np.absolute, np.reciprocal}
QUICK |= {np.maximum, np.minimum, np.less, np.less_equal, np.greater, np.greater_equal, np.equal}


def threaded(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """What computes ``kernel`` of large arrays: if it is a ufunc, all cores do."""
    ufunc: Any = UFUNCS.get(kernel, kernel)
    if not isinstance(ufunc, np.ufunc) or ufunc.nout > 1:
        return kernel
    passes = 1 if ufunc in QUICK else 4

    def large(x: Any, *others: Any) -> Any:
        if x.size * passes < WORTH or not x.flags.c_contiguous:
            return kernel(x, *others)
        shape, operands, rows = x.shape, [x.reshape(-1)], x.size
        for y in others:
            if type(y) is np.ndarray and y.ndim:
                if y.shape != shape or not y.flags.c_contiguous:
                    return kernel(x, *others)
                y = y.reshape(-1)
            operands.append(y)
        kinds = [y.dtype if isinstance(y, np.ndarray | np.generic) else type(y) for y in operands]
        # said aloud: NumPy 2.1.0 takes float64 numbers for Python's in threads but the first
        dtypes = ufunc.resolve_dtypes((*kinds, None))
        out = np.empty(rows, dtypes[-1])

        def work(start: int, stop: int) -> None:
            ufunc(
                *(y[start:stop] if type(y) is np.ndarray and y.ndim else y for y in operands),
                out[start:stop],
                signature=dtypes,
            )

        over_rows(work, rows, rows * passes)
        return out.reshape(shape)

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
