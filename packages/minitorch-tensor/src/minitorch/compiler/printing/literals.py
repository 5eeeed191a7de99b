"""Constants as Python writes them: what is read back is the same to the last bit."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["array_name", "array_text", "literal"]


def literal(x: Any) -> str | None:
    """The text of a number, string, NumPy scalar or None; None where it has no text."""
    kind = type(x)
    if kind is str:
        return repr(x) if '"' in x or "\\" in x else '"' + repr(x)[1:-1] + '"'
    if x is None or x is Ellipsis or kind in (bool, int, bytes):
        return "..." if x is Ellipsis else repr(x)
    if kind is float:
        if math.isfinite(x):
            return repr(x)
        return "np.nan" if x != x else "np.inf" if x > 0 else "-np.inf"
    if kind is complex:
        return f"complex({literal(x.real)}, {literal(x.imag)})"
    if isinstance(x, np.generic) and x.dtype.kind in "biufc":
        return _scalar(x)
    if isinstance(x, type) and issubclass(x, np.generic) and x.__module__ == "numpy":
        return f"np.{dtype_name(np.dtype(x))}"
    return None


@lru_cache(maxsize=256)
def dtype_name(dtype: np.dtype[Any]) -> str:
    """``dtype.name``, which NumPy puts together each time."""
    return dtype.name


def _scalar(x: Any) -> str | None:
    kind = x.dtype.kind
    if kind == "b":
        return f"np.bool({bool(x)})"
    name = f"np.{dtype_name(x.dtype)}"
    if kind in "iu":
        return f"{name}({int(x)})"
    if kind == "c":
        parts = _scalar(x.real), _scalar(x.imag)
        return None if None in parts else f"{name}(complex({parts[0]}, {parts[1]}))"
    if x.dtype.itemsize > 8:
        return None
    if not np.isfinite(x):
        if x != x and x.tobytes() != type(x)("nan").tobytes():
            return None  # a NaN with a sign or a payload
        return f"{name}({literal(float(x))})"
    text = str(x)  # the shortest that is read back as x in its own precision
    if type(x)(float(text)).tobytes() != x.tobytes():
        text = repr(float(x))
    return f"{name}({text})"


SMALL = 8  # elements; arrays of so many stand in the text


def array_text(x: Any) -> str | None:
    """The text of an array that is small or has a pattern; None of others, which go to a file."""
    if x.dtype.kind not in "biufc" or not x.flags.c_contiguous or not x.size:
        return None
    dtype, first = f"np.{dtype_name(x.dtype)}", x.ravel()[0]
    if x.size > 1 and x.tobytes() == first.tobytes() * x.size:
        word = _elements(first)
        if first == 1 or (first == 0 and not np.signbit(first)):
            return f"np.{'ones' if first else 'zeros'}({x.shape}, {dtype})"
        return word and f"np.full({x.shape}, {word}, {dtype})"
    steps = _steps(x.ravel())
    if steps is not None:
        shape = "" if x.ndim == 1 else f".reshape({x.shape})"
        return f"np.arange({steps.start}, {steps.stop}, {steps.step}, {dtype}){shape}"
    elements = _elements(x) if x.size <= SMALL else None
    return elements and f"np.array({elements}, {dtype})"


def _steps(x: Any) -> range | None:
    """The range that has the same numbers."""
    if x.dtype.kind != "i" or len(x) < 3:
        return None
    step = int(x[1]) - int(x[0])
    found = range(int(x[0]), int(x[-1]) + (step > 0) - (step < 0), step) if step else None
    return found if found is not None and np.array_equal(x, found) else None


def array_name(x: Any) -> str:
    """What a constant without a name of the user's may be called."""
    text = array_text(x) or ""
    names = {"np.ones": "ones", "np.zeros": "zeros", "np.arange": "numbers"}
    return names.get(text.partition("(")[0], "constant")


def _elements(x: Any) -> str | None:
    """The elements of an array in nested lists; None where one has no text."""
    if x.ndim:
        parts = [_elements(each) for each in x]
        return None if None in parts else f"[{', '.join(map(str, parts))}]"
    if x.dtype.kind == "c":
        return literal(complex(x[()]))
    text = _scalar(x[()])
    return text and text.partition("(")[2][:-1]
