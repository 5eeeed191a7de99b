"""Values of a recorded run: copies of small arrays, samples of large ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .steps import Step

__all__ = ["Value", "grid", "number_text", "sample", "version_of"]

WHOLE = 8192  # elements up to which an array is copied
SAMPLE = 4096  # elements that are taken of a larger one
LEAST = 256  # and of any, once ROOM is used up
ROOM = 1 << 27  # bytes of copies in a recording


@dataclass(slots=True, eq=False)
class Value:
    """What an array held at one time.

    ``array``     the values: those of the array itself, or where ``rows`` is not None those of
                  these rows and ``columns`` of it, seen as a matrix whose columns are the last
                  dimension; None where there are none (on "meta", of a sparse tensor)
    ``version``   of the tensor at that time; None of what is no tensor
    ``source``    the step that computed it
    ``leaf``      the id of the tensor, of a leaf that wants a gradient
    ``previous``  what the same memory held before it was written to
    ``figures``   of a sample: the least, the greatest, the norm and the mean of the whole
    """

    number: int
    array: Any
    shape: tuple[int, ...]
    dtype: Any
    nbytes: int
    rows: Any = None
    columns: Any = None
    figures: tuple[float, float, float, float] | None = None
    version: int | None = None
    source: Step | None = None
    previous: Value | None = None
    name: str = ""
    leaf: int = 0

    @property
    def size(self) -> int:
        """The number of elements of the whole."""
        return math.prod(self.shape)

    def statistics(self) -> tuple[float, float, float, float] | None:
        """The least, the greatest, the norm and the mean; None where there is nothing to say."""
        if self.figures is None and self.array is not None and self.array.size:
            self.figures = figures(self.array)
        return self.figures


def figures(array: Any) -> tuple[float, float, float, float]:
    """The least and the greatest element, the norm and the mean; of complex numbers by modulus."""
    if array.dtype.kind == "c":
        array = abs(array)
    elif array.dtype.kind == "b":
        array = array.view(np.uint8)
    elif array.dtype.kind == "V" or array.dtype.itemsize < 4:
        array = array.astype(np.float32)
    with np.errstate(all="ignore"):
        flat = array.reshape(-1)
        norm = math.sqrt(np.dot(flat, flat)) if flat.dtype.kind == "f" else math.inf
        if not math.isfinite(norm):  # integers, or squares that overflow
            wide = flat.astype(np.float64)
            norm = math.sqrt(np.dot(wide, wide))
        return float(array.min()), float(array.max()), norm, float(array.mean())


@lru_cache(maxsize=256)
def grid(rows: int, columns: int, most: int) -> tuple[Any, Any]:
    """Which rows and columns of a matrix to take so that there are no more than ``most`` elements:
    evenly spaced ones, the first and the last among them."""
    wide = min(columns, max(most // max(rows, 1), math.isqrt(most)))
    high = min(rows, max(most // max(wide, 1), 1))
    return (
        np.linspace(0, rows - 1, high).round().astype(np.intp),
        np.linspace(0, columns - 1, wide).round().astype(np.intp),
    )


def sample(array: Any, most: int) -> tuple[Any, Any, Any]:
    """Some elements of ``array``, which has more than ``most``: a matrix, its rows and columns."""
    shape = array.shape
    rows, columns = grid(math.prod(shape[:-1]), shape[-1], most)
    if len(shape) < 2:
        return array[columns][None], rows, columns
    place = tuple(each[:, None] for each in np.unravel_index(rows, shape[:-1]))
    return array[(*place, columns)], rows, columns


def version_of(tensor: Any) -> int:
    """The number of writes to the memory of ``tensor``; of inference tensors they are not
    counted."""
    try:
        return int(tensor._counter[0])
    except RuntimeError:
        return 0


def number_text(x: object) -> str:
    """A number with the fewest digits that read back as the same number of its dtype."""
    if isinstance(x, np.generic):
        if isinstance(x, np.floating):
            size = abs(float(x))
            if size and not 1e-4 <= size < 1e9 and np.isfinite(x):
                return str(np.format_float_scientific(x, trim="-"))
            return str(np.format_float_positional(x, trim="-"))
        return str(x)
    return repr(x)
