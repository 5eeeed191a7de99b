"""The functions that texts of loops call, and the way from a text to machine code."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .functions import exp, log, tanh
from .jit import exact, from_text, sums
from .pointers import ahead, at, dgemm, sgemm, start

__all__ = ["compiled"]

NAMES: dict[str, Any] = {
    "ahead": ahead, "at": at, "dgemm": dgemm, "exp": exp, "log": log, "math": math,
    "sgemm": sgemm, "start": start, "tanh": tanh, "add": sums(lambda a, b: a + b),
    "f4": np.float32, "f8": np.float64, "i1": np.int8, "i2": np.int16, "i4": np.int32,
    "i8": np.int64, "u1": np.uint8,
}  # fmt: skip


def compiled(name: str, text: str, errors: dict[str, Any]) -> Any:
    """The function ``name`` of a text: compiled on its first call, or read from disk. ``errors`` are
    the exceptions that it raises."""
    return from_text(text, name, NAMES | errors, exact, f"{sgemm} {dgemm}")
