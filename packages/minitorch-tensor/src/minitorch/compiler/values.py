"""When two Python values are the same for a program: those that are compared, not identified."""

from __future__ import annotations

import enum
import re
import sys
from collections.abc import Collection
from functools import lru_cache
from itertools import compress
from operator import is_
from typing import Any

import numpy as np

from .._types.device import device
from .._types.dtype import dtype
from .._types.layout import layout, memory_format
from .._types.size import Size

__all__ = ["all_same", "is_constant", "same", "same_array"]

# where == says everything of two values of one type
EXACT = {int, bool, str, bytes, type(None), type(...), type(NotImplemented), range}
NUMBERS = {float, complex}
TUPLES = {tuple, Size, frozenset}
CONSTANT = (
    np.generic, np.dtype, enum.Enum, re.Pattern, dtype, device, layout, memory_format
)  # fmt: skip
STANDARD = {  # of modules that need not be imported
    "datetime": ("date", "time", "timedelta", "tzinfo"), "decimal": ("Decimal",),
    "fractions": ("Fraction",), "pathlib": ("PurePath",),
}  # fmt: skip


def is_constant(value: Any) -> bool:
    """Whether nothing about ``value`` can change: numbers, strings, dtypes, tuples of them."""
    kind = type(value)
    if kind in EXACT or kind in NUMBERS:
        return True
    if kind in TUPLES:
        return all(map(is_constant, value))
    if kind is slice:
        return all(map(is_constant, (value.start, value.stop, value.step)))
    return isinstance(value, _constant_classes(*map(sys.modules.__contains__, STANDARD)))


@lru_cache
def _constant_classes(*imported: bool) -> tuple[type, ...]:
    modules = compress(STANDARD.items(), imported)
    return CONSTANT + tuple(getattr(sys.modules[m], name) for m, names in modules for name in names)


def same(a: Any, b: Any) -> bool:
    """Whether constants are equal and of one type: 1 is not True, and 0.0 not -0.0."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if type(a) in EXACT:
        return bool(a == b)
    if type(a) in TUPLES:
        return all_same(a, b)
    if isinstance(a, np.generic):
        return bool(a.dtype == b.dtype and a.tobytes() == b.tobytes())
    return is_constant(a) and is_constant(b) and repr(a) == repr(b)


def all_same(a: Collection[Any], b: Collection[Any]) -> bool:
    """Whether two collections hold the same constants, or the same objects, in this order."""
    return len(a) == len(b) and (all(map(is_, a, b)) or all(map(same, a, b)))


def same_array(a: Any, b: Any) -> bool:
    """Whether two arrays are alike to the last bit."""
    return bool(
        type(a) is type(b)
        and a.dtype == b.dtype
        and a.shape == b.shape
        and a.strides == b.strides
        and a.tobytes() == b.tobytes()
    )
