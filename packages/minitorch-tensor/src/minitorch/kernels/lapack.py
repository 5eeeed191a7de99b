"""NumPy's calls of LAPACK, which raise ``numpy.linalg.LinAlgError`` where it fails.

NumPy learns of a failure from floating-point flags. WebAssembly in a browser has none, and the
results of what failed are nan throughout: there they are looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

__all__ = ["cholesky", "eigh", "inv", "solve", "svd"]


def looked_at(function: Callable[..., Any], result: int | None, nan_passes: bool) -> Any:
    """``function``, which raises where a matrix's result, of several the one numbered, is nan.

    ``nan_passes``: LAPACK takes nan for a number like any other, and gives nan.
    """

    @wraps(function)
    def call(*arrays: Any, **options: Any) -> Any:
        made = function(*arrays, **options)
        values = made if result is None else made[result]
        failed = np.isnan(values).all((-2, -1) if result is None else -1)
        if values.size and failed.any():
            if not (nan_passes and any(np.isnan(x).any() for x in arrays)):
                raise np.linalg.LinAlgError(f"{function.__name__}: LAPACK failed")
        return made

    return call


if sys.platform == "emscripten":
    cholesky = looked_at(np.linalg.cholesky, None, nan_passes=False)
    eigh = looked_at(np.linalg.eigh, 0, nan_passes=False)
    inv = looked_at(np.linalg.inv, None, nan_passes=True)
    solve = looked_at(np.linalg.solve, None, nan_passes=True)
    svd = looked_at(np.linalg.svd, 1, nan_passes=False)
else:
    from numpy.linalg import cholesky, eigh, inv, solve, svd
