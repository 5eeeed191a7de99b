"""float16: sums and products of many numbers are taken in float32 and rounded once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["in_single", "single"]


def single(x: Any) -> Any:
    """``x``, in float32 where it is an array of float16."""
    return x.astype(np.float32) if getattr(x, "dtype", None) == np.float16 else x


def _rounded(x: Any) -> Any:
    return x.astype(np.float16) if getattr(x, "dtype", None) == np.float32 else x


def in_single(kernel: Callable[..., Any], results: int | None = None) -> Callable[..., Any]:
    """``kernel``, computed in float32 where its first argument is an array of float16.

    Of several results the first ``results`` (None: all) are rounded to float16, what is only kept
    for the backward pass is not.
    """

    @functools.wraps(kernel)
    def run(*args: Any) -> Any:
        if args[0].dtype.char != "e":
            return kernel(*args)
        out = kernel(*map(single, args))
        if type(out) is not tuple:
            return _rounded(out)
        count = len(out) if results is None else results
        return *map(_rounded, out[:count]), *out[count:]

    return run
