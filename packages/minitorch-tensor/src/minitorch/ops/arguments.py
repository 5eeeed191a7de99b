"""Arguments as operations take them: dimensions, NumPy's names for them, shapes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])
NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}


def numpy_names(function: F) -> F:
    """Lets ``axis`` and ``keepdims`` stand for ``dim`` and ``keepdim``."""

    @functools.wraps(function)
    def renamed(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            kwargs = {NUMPY_NAMES.get(name, name): value for name, value in kwargs.items()}
        return function(*args, **kwargs)

    return cast(F, renamed)


def one_dim(dim: int, ndim: int) -> int:
    """``dim`` counted from the front. A 0-dim tensor has dimension 0 (and -1), as in PyTorch.

    Raises:
        IndexError: there is no such dimension.
    """
    n = ndim or 1
    if not -n <= dim < n:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})"
        )
    return dim % n


def some_dims(dim: Any, ndim: int) -> tuple[int, ...]:
    """The dimensions that ``dim`` (None or () for all, an int, a sequence of them) names.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: one appears twice.
    """
    if dim is None or dim == () or dim == []:
        return tuple(range(ndim))
    if isinstance(dim, int):
        number = one_dim(dim, ndim)
        return (number,) if ndim else ()
    dims = tuple(one_dim(int(d), ndim) for d in dim)
    for d in dims:
        if dims.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return dims if ndim else ()


def as_shape(shape: tuple[Any, ...]) -> tuple[int, ...]:
    """The sizes given as ``f(2, 3)`` or ``f((2, 3))``."""
    if len(shape) == 1 and not hasattr(shape[0], "__index__"):
        shape = tuple(shape[0])
    return shape if {*map(type, shape)} <= {int} else tuple(n.__index__() for n in shape)
