"""Constants as Python writes them: what is read back is the same to the last bit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["literal", "nested"]


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
    if isinstance(x, type) and issubclass(x, np.generic):
        return f"np.{np.dtype(x).name}"
    return None


def _scalar(x: Any) -> str | None:
    kind = x.dtype.kind
    if kind == "b":
        return f"np.bool({bool(x)})"
    name = f"np.{x.dtype.name}"
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


def nested(x: Any) -> str | None:
    """The elements of an array in nested lists; None where one has no text."""
    if x.ndim:
        parts = [nested(each) for each in x]
        return None if None in parts else f"[{', '.join(map(str, parts))}]"
    text = _scalar(x[()])
    return text and (text if x.dtype.kind == "c" else text.partition("(")[2][:-1])
