"""float16 and bfloat16: sums and products of many numbers are taken in float32 and rounded once."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .._types.dtype import bfloat16, is_installed

__all__ = ["as_bfloat16", "in_float8", "in_single", "single"]

HALVES = "eE"  # the characters of float16 and of ml_dtypes' bfloat16


def single(x: Any) -> Any:
    """``x``, in float32 where it is an array of float16 or bfloat16."""
    dtype = getattr(x, "dtype", None)
    return x.astype(np.float32) if dtype is not None and dtype.char in HALVES else x


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


def in_float8(x: Any, dtype: Any) -> Any:
    """Numbers as a float8 NumPy dtype takes them: float8_e4m3fn has no infinity, what is too large
    is its largest number; float8_e8m0fnu has neither sign nor zero."""
    if dtype.name == "float8_e4m3fn":
        return np.clip(x.astype(np.float32), -448, 448)
    if dtype.name == "float8_e8m0fnu":
        return np.maximum(np.abs(x.astype(np.float32)), np.float32(2.0**-127))
    return x


def as_bfloat16(raw: Any) -> Any:
    """The bytes ``raw``, one dimension or more, as bfloat16 in the same memory; where ml_dtypes is
    not installed as float32 in memory of their own, the first time with a warning."""
    if is_installed(bfloat16):
        return raw.view(bfloat16.numpy)
    _warn_widened()
    wide = raw.view(np.uint16).astype(np.uint32)  # the upper half of a float32
    np.left_shift(wide, np.uint32(16), out=wide)
    return wide.view(np.float32)


@functools.cache
def _warn_widened() -> None:
    warnings.warn(
        "bfloat16 becomes float32, which takes twice the memory: NumPy's extension ml_dtypes is "
        "not installed (minitorch-tensor[bfloat16])",
        stacklevel=4,
    )
