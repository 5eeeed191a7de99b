"""Arguments as operations take them: dimensions, NumPy's names for them, shapes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar, cast

from ..autograd.door import not_tensor
from ..autograd.grad_mode import current
from ..autograd.variable import Variable

F = TypeVar("F", bound=Callable[..., Any])
NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}


def numpy_names(function: F) -> F:
    """Lets ``axis`` and ``keepdims`` stand for ``dim`` and ``keepdim``."""

    @functools.wraps(function)
    def renamed(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            given, kwargs = kwargs, {NUMPY_NAMES.get(k, k): value for k, value in kwargs.items()}
            if len(kwargs) < len(given):
                raise TypeError(f"{function.__name__}() got one argument by two names: {[*given]}")
        return function(*args, **kwargs)

    return cast(F, renamed)


FIRST = {"A", "anchor", "input", "input1", "query", "self", "tensor", "x", "x1"}


def take_tensors(module: dict[str, Any]) -> None:
    """Lets the public functions of a module refuse what is no tensor where PyTorch has ``input``.

    Operations that are one primitive do so themselves, and the methods of Tensor need not.
    """
    for name in module["__all__"]:
        function = module[name]
        if isinstance(function, FunctionType) and not hasattr(function, "primitive"):
            first = next(iter(inspect.signature(function).parameters), "")
            if first in FIRST:
                module[name] = _taking_a_tensor(function, first)


def _taking_a_tensor(function: F, first: str) -> F:
    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if not isinstance(args[0] if args else kwargs.get(first), Variable):
            x = args[0] if args else kwargs.get(first)
            if not current.state.arrays and (args or first in kwargs):
                raise not_tensor(function, first, 1, x)
        return function(*args, **kwargs)

    return cast(F, checked)


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
