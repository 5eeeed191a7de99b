"""The functions that texts of loops call, and the way from a text to machine code."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .functions import exp, log, tanh
from .jit import exact, from_text, sums
from .pointers import ahead, at, dgemm, sgemm, start

__all__ = ["NAMES", "compiled", "from_file"]

add = sums(lambda a, b: a + b)  # in any order
f4, f8, u1 = np.float32, np.float64, np.uint8
i1, i2, i4, i8 = np.int8, np.int16, np.int32, np.int64
NAMES: dict[str, Any] = {
    "add": add, "ahead": ahead, "at": at, "dgemm": dgemm, "exp": exp, "f4": f4, "f8": f8,
    "i1": i1, "i2": i2, "i4": i4, "i8": i8, "log": log, "math": math, "sgemm": sgemm,
    "start": start, "tanh": tanh, "u1": u1,
}  # fmt: skip


def compiled(function: Any) -> Any:
    """The machine code of a function that a text of loops defines."""
    return exact(function)


def from_file(name: str, text: str, errors: dict[str, Any]) -> Any:
    """The function ``name`` of a text, which raises ``errors``: compiled on its first call, or read
    from disk."""
    return from_text(text, name, NAMES | errors, compiled, f"{sgemm} {dgemm}")
