"""Arguments as operations take them: dimensions, NumPy's names for them, shapes."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar, cast

import numpy as np

from ..autograd.deprecated import reordered
from ..autograd.dispatch import not_tensor
from ..autograd.frames import fold
from ..autograd.grad_mode import current
from ..autograd.out import into, unexpected
from ..autograd.variable import Variable
from ..overrides import add_function, copied, named_as, unasking

F = TypeVar("F", bound=Callable[..., Any])
MISSING = object()
NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}
NUMPY_TENSORS = {"x": "input", "a": "input", "x1": "input", "x2": "other"}


def numpy_names(function: F) -> F:
    """Lets ``axis`` and ``keepdims`` stand for ``dim`` and ``keepdim``."""
    no_out = "out" in (function.__kwdefaults__ or ())  # the public function's

    def renamed(*args: Any, **kwargs: Any) -> Any:
        try:
            if kwargs:
                if no_out and "out" in kwargs:
                    raise unexpected(function)
                kwargs = _by_our_names(function, kwargs)
            return function(*args, **kwargs)
        except Exception as error:
            fold(error)
            raise

    renamed.numpy_names = True  # type: ignore[attr-defined]  # see _calling
    return cast(F, named_as(function, renamed))


def _by_our_names(function: Any, given: dict[str, Any]) -> dict[str, Any]:
    if not NUMPY_NAMES.keys() & given.keys():
        return given
    kwargs = {NUMPY_NAMES.get(k, k): value for k, value in given.items()}
    if len(kwargs) < len(given):
        raise TypeError(f"{function.__name__}() got one argument by two names: {[*given]}")
    return kwargs


def _by_tensor_names(function: Any, given: dict[str, Any]) -> dict[str, Any]:
    own = inspect.signature(function).parameters
    return {k if k in own else NUMPY_TENSORS.get(k, k): value for k, value in given.items()}


# the names of parameters that are tensors
TENSORS = {
    "A",
    "B",
    "L",
    "LD",
    "LU",
    "LU_data",
    "a",
    "abs",
    "anchor",
    "elements",
    "indices",
    "input",
    "input1",
}
TENSORS |= {
    "log_probs",
    "logits",
    "query",
    "real",
    "self",
    "sorted_sequence",
    "tensor",
    "theta",
    "x",
    "x1",
    "y",
}
# of two operands, one may be a number
EITHER = {"add", "bucketize", "div", "float_power", "isin", "sub"}


def take_tensors(module: dict[str, Any], prefix: str = "") -> None:
    """Lets the public functions of a module refuse a first argument that is no tensor, and write
    into ``out`` where they declare it.

    Operations that are one primitive do so themselves, and the methods of Tensor need not. A
    function that has another name elsewhere is another object, as in PyTorch; with ``prefix``
    all are (``torch.special.erf`` is called "special_erf").
    """
    here = module["__name__"]
    names = module.get("__all__", ())
    for name, function in list(module.items()):
        if type(function) is FunctionType and name[0] != "_":
            made = taking_tensors(function, here)
            called = prefix + name if name in names else name
            module[name] = made = named(called, made, name, here)
            if show is not None:
                show(name, made, here)


def named(called: str, function: Any, name: str, module: str) -> Any:
    """``function``, as another object, found by ``name`` in ``module``, where ``called`` is not
    its own name."""
    if type(function) is not FunctionType or (
        function.__name__ == called and function.__qualname__ == name
    ):
        return function
    made = copied(unasking(function))
    made.__name__, made.__qualname__, made.__module__ = called, name, module
    return made


show: Callable[[str, Any, str], None] | None = (
    None  # what a new public function is called; see alias
)


def public(name: str, function: Any, module: str) -> Any:
    """The function that users find by ``name`` in ``module``, which came in on first use."""
    made = named(name, taking_tensors(function, module), name, module)
    add_function(name, made)
    if show is not None:
        show(name, made, module)
    return made


def taking_tensors(function: Any, module: str) -> Any:
    """``function``, found by name in ``module``, with that check where it takes tensors."""
    if type(function) is not FunctionType or "primitive" in vars(function):
        return function
    inner: Any = function
    while "__wrapped__" in vars(inner):
        inner = inner.__wrapped__
    code = inner.__code__  # quicker than inspect.signature
    first = (*code.co_varnames, "")[0 if code.co_argcount else code.co_kwonlyargcount]
    named = code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount]
    if code.co_argcount and first in TENSORS:
        function = _taking_a_tensor(function, first, function.__name__ in EITHER, "out" in named)
    elif not code.co_argcount and first == "tensors":
        function = _taking_tensors(function)
    elif "out" in named and (first in ("b", "tensors") or code.co_varnames[:2] == ("n", "input")):
        function = _writing(function)
    else:
        return function
    if function.__module__ == inner.__module__:  # it is new, and no other module's already
        function.__module__ = module
    return function


def _same(function: Any, given: dict[str, Any]) -> dict[str, Any]:
    return given


def _calling(function: Any) -> tuple[Any, Any]:
    """(the function that computes, what the keywords pass before): one call in place of two."""
    if hasattr(function, "numpy_names"):
        return function.__wrapped__, _by_our_names
    return function, _same


@functools.cache  # two names of one function are one function
def _taking_a_tensor(function: F, first: str, numbers: bool, writes: bool) -> F:
    rule = getattr(function, "out_dtype", "same")
    plain, named = _calling(function)

    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            if not (args and isinstance(args[0], Variable)) and not current.state.arrays:
                x = args[0] if args else kwargs.get(first, MISSING)
                allowed = isinstance(x, int | float | complex) if numbers else x is MISSING
                if not (isinstance(x, Variable) or allowed):
                    today = reordered(function.__name__, args)
                    if today is not None:
                        return checked(*today[0], **today[1], **kwargs)
                    ours = _by_tensor_names(function, kwargs)
                    if ours.keys() != kwargs.keys():
                        return checked(*args, **ours)
                    raise not_tensor(function, first, 1, x)
            try:
                if not kwargs:
                    return plain(*args)
                if writes and "out" in kwargs:
                    out = kwargs.pop("out")
                    if out is not None:
                        return into(out, function, *args, rule=rule, **kwargs)
                return plain(*args, **named(plain, kwargs))
            except TypeError:
                today = reordered(function.__name__, args)
                if today is not None:
                    return checked(*today[0], **today[1], **kwargs)
                ours = _by_tensor_names(function, kwargs)
                if ours.keys() == kwargs.keys():
                    raise
                return checked(*args, **ours)
            except AttributeError:  # an array has no `dtype.category`
                given = inspect.signature(function).bind_partial(*args, **kwargs).arguments
                for k, (name, x) in enumerate(given.items(), 1):
                    if isinstance(x, np.ndarray) and not current.state.arrays:
                        raise not_tensor(function, name, k, x) from None
                raise
        except Exception as error:
            fold(error)
            raise

    return cast(F, named_as(function, checked))


@functools.cache
def _taking_tensors(function: F) -> F:
    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            tensors = args[0] if len(args) == 1 and isinstance(args[0], list | tuple) else args
            for k, x in enumerate(tensors, 1):
                if not isinstance(x, Variable) and not current.state.arrays:
                    raise not_tensor(function, "tensors", k, x)
            return function(*args, **kwargs)
        except Exception as error:
            fold(error)
            raise

    return cast(F, named_as(function, checked))


@functools.cache
def _writing(function: F) -> F:
    inner: Any = function
    tensors = inspect.unwrap(inner).__code__.co_varnames[0] == "tensors"
    rule = getattr(function, "out_dtype", "same")
    plain, named = _calling(function)

    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            if tensors and args and isinstance(args[0], Variable):
                raise TypeError(
                    f"{function.__name__}(): argument 'tensors' (position 1) must be tuple of "
                    "Tensors, not Tensor"
                )
            if not kwargs:
                return plain(*args)
            out = kwargs.pop("out", None)
            if out is not None:
                return into(out, function, *args, rule=rule, **kwargs)
            return plain(*args, **named(plain, kwargs))
        except Exception as error:
            fold(error)
            raise

    return cast(F, named_as(function, checked))


def as_int(name: str, value: Any) -> int:
    """The argument ``name``, an integer of any kind but a bool.

    Raises:
        TypeError: it is none.
    """
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"argument '{name}' must be int, not bool")
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(
            f"argument '{name}' must be int, not {type(value).__name__}: {value!r:.60}"
        ) from None


def check_tensors(function: str, **arguments: Any) -> None:
    """Raises PyTorch's error where one of the arguments is no tensor."""
    for name, x in arguments.items():
        if not isinstance(x, Variable):
            raise TypeError(
                f"{function}(): argument '{name}' must be Tensor, not {type(x).__name__}"
            )


def one_dim(dim: int, ndim: int) -> int:
    """``dim`` counted from the front. A 0-dim tensor has dimension 0 (and -1), as in PyTorch.

    Raises:
        TypeError: it is no integer.
        IndexError: there is no such dimension.
    """
    if type(dim) is not int:
        dim = as_int("dim", dim)
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
    if dim is None or (isinstance(dim, tuple | list) and not dim):
        return tuple(range(ndim))
    if isinstance(dim, int) or not isinstance(dim, tuple | list):
        number = one_dim(dim, ndim)
        return (number,) if ndim else ()
    dims = tuple([one_dim(d, ndim) for d in dim])
    for d in dims:
        if dims.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return dims if ndim else ()


def as_shape(shape: tuple[Any, ...]) -> tuple[int, ...]:
    """The sizes given as ``f(2, 3)`` or ``f((2, 3))``."""
    if len(shape) == 1 and not hasattr(shape[0], "__index__"):
        shape = tuple(shape[0])
    return shape if {*map(type, shape)} <= {int} else tuple(map(operator.index, shape))
