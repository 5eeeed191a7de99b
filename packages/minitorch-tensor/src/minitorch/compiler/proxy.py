"""Arrays that write down what NumPy does to them: how kernels and rules become instructions.

A kernel or a gradient rule is run once with proxies. A proxy has an array of the run that is
recorded; operators, methods and NumPy's functions compute with the arrays and write an instruction.
The instructions are what the kernel does for these shapes, to the last bit. Where a kernel asks for
what is not written down, such as a value, the attempt ends with ``Opaque`` and the kernel is called
as a whole.
"""

from __future__ import annotations

import functools
import operator
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .program import Attribute, Method, Value

if TYPE_CHECKING:
    from .writer import Writer

__all__ = ["Opaque", "Proxy", "creating", "proxies_in", "unwrapped"]


class Opaque(Exception):  # noqa: N818  (nothing went wrong)
    """What was run with proxies cannot be taken apart: it is to be called as a whole."""


STATIC = {"shape", "dtype", "ndim", "size", "itemsize", "nbytes", "strides"}
ATTRIBUTES = {name: Attribute(name) for name in ("T", "mT", "real", "imag")}
_METHODS = """
    all any argmax argmin argsort astype clip conj conjugate copy cumprod cumsum diagonal dot
    flatten max mean min prod ravel repeat reshape round squeeze std sum swapaxes take
    trace transpose var view
"""
METHODS = {name: Method(name) for name in _METHODS.split()}
# NumPy's functions whose result does not depend on values
QUESTIONS = {
    np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj,
    np.min_scalar_type,
}  # fmt: skip
# those that change an argument, and which
CHANGING = {np.copyto: 0, np.put: 0, np.place: 0, np.putmask: 0, np.fill_diagonal: 0}
# those that ask for values, or whose result has a shape that depends on them
REFUSED = {
    np.array_equal, np.allclose, np.may_share_memory, np.shares_memory, np.save, np.nonzero,
    np.flatnonzero, np.argwhere, np.unique, np.extract, np.compress, np.trim_zeros, np.bincount,
}  # fmt: skip


def unwrapped(x: Any) -> Any:
    """``x`` with the arrays themselves in place of proxies."""
    kind = type(x)
    if kind is Proxy:
        return x._array
    if kind is tuple or kind is list:
        return kind([unwrapped(each) for each in x])
    if kind is dict:
        return {key: unwrapped(each) for key, each in x.items()}
    if kind is slice:
        return slice(unwrapped(x.start), unwrapped(x.stop), unwrapped(x.step))
    return x._array if issubclass(kind, Proxy) else x


class Flags:
    """Those of an array, to be looked at."""

    def __init__(self, flags: Any) -> None:
        self.__dict__["flags"] = flags

    def __getattr__(self, name: str) -> Any:
        return getattr(self.flags, name)

    def __getitem__(self, name: str) -> Any:
        return self.flags[name]

    def __setattr__(self, name: str, value: Any) -> None:
        raise Opaque("sets a flag of an array")

    __setitem__ = __setattr__


def proxies_in(x: Any) -> list[Proxy]:
    """The proxies in nested containers."""
    found: list[Proxy] = []
    _gather(x, found)
    return found


def _gather(x: Any, found: list[Proxy]) -> None:
    kind = type(x)
    if kind is tuple or kind is list:
        for each in x:
            _gather(each, found)
    elif kind is dict:
        for each in x.values():
            _gather(each, found)
    elif issubclass(kind, Proxy):
        found.append(x)


class Proxy:
    """Stands for an array while a kernel is taken apart; to ``isinstance`` it is one."""

    __slots__ = ("_array", "_value", "_writer")

    def __init__(self, array: Any, value: Value, writer: Writer) -> None:
        self._array, self._value, self._writer = array, value, writer

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._array)

    def whole(self, function: Callable[..., Any], args: tuple[Any, ...], writes: Any = ()) -> Any:
        """``function(*args)``, called as a whole."""
        return self._writer.run(function, args, {}, writes)

    def assuming(self, function: Callable[..., Any], *args: Any) -> None:
        """``function(*args)``, which has to return None in each run, as it does now."""
        self._writer.assume(function, args)

    def kernel(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, to be called on proxies: taken apart or as a whole."""
        return lambda *args: self._writer.nested(function, args)

    def __getattr__(self, name: str) -> Any:
        if name == "flags":
            return Flags(self._array.flags)
        if name in STATIC:
            return getattr(self._array, name)
        if name in ATTRIBUTES:
            return self._writer.run(ATTRIBUTES[name], (self,), {})
        if name in METHODS:
            method = METHODS[name]
            return lambda *args, **kwargs: self._writer.run(method, (self, *args), kwargs)
        raise Opaque(f"asks an array for {name}")

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any
    ) -> Any:
        function: Any = ufunc if method == "__call__" else getattr(ufunc, method)
        if method == "at":
            return self._writer.run(function, inputs, kwargs, writes=inputs[:1])
        if out is not None:
            if len(out) > 1:
                raise Opaque("several results with out=")
            kwargs["out"] = out[0]
            return self._writer.run(function, inputs, kwargs, writes=out)
        return self._writer.run(function, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in QUESTIONS:
            return function(*unwrapped(args), **unwrapped(kwargs))
        if function in REFUSED or (function is np.where and len(args) == 1):
            raise Opaque(f"asks {function.__name__}")
        writes: tuple[Any, ...] = ()
        if function in CHANGING:
            writes = (args[CHANGING[function]],)
        elif kwargs.get("out") is not None:
            writes = (kwargs["out"],)
        return self._writer.run(function, args, kwargs, writes=writes)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise Opaque("asks for the array")

    def _refuse(self, *args: Any) -> Any:
        raise Opaque("asks for a value")

    __bool__ = __int__ = __float__ = __complex__ = __index__ = __contains__ = _refuse
    __hash__ = object.__hash__

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Iterator[Any]:
        if len(self) > 8:
            raise Opaque("goes through an array")
        return (self[k] for k in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        keys = key if type(key) is tuple else (key,)
        if any(isinstance(k, np.ndarray) and k.dtype == np.bool_ for k in keys):
            raise Opaque("takes what a mask says")
        return self._writer.run(operator.getitem, (self, key), {})

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, Proxy) and isinstance(value._array, np.ndarray):
            there = self._array[unwrapped(key)]
            if there.__array_interface__ == value._array.__array_interface__:
                return  # `x[key] += y` sets what it has changed in place: nothing is left to do
        self._writer.run(operator.setitem, (self, key, value), {}, writes=(self,))


def _operator(function: Any, swapped: bool = False) -> Callable[..., Any]:
    def op(self: Any, other: Any) -> Any:
        operands = (other, self) if swapped else (self, other)
        return self._writer.run(function, operands, {})

    return op


def _in_place(function: Any) -> Callable[..., Any]:
    def op(self: Any, other: Any) -> Any:
        if function is operator.pow or not isinstance(self._array, np.ndarray):
            return self._writer.run(function, (self, other), {})  # a scalar's name goes to another
        return self._writer.run(function, (self, other), {"out": self}, writes=(self,))

    return op


# `x ** y` is not np.power: of few exponents it takes square or sqrt
BINARY: dict[str, Any] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide,
    "floordiv": np.floor_divide, "mod": np.remainder, "pow": operator.pow, "matmul": np.matmul,
    "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
    "lshift": np.left_shift, "rshift": np.right_shift,
}  # fmt: skip
COMPARING = {
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "eq": np.equal, "ne": np.not_equal,
}  # fmt: skip
UNARY = {"neg": np.negative, "abs": np.absolute, "invert": np.invert, "pos": np.positive}
for _name, _function in BINARY.items():
    setattr(Proxy, f"__{_name}__", _operator(_function))
    setattr(Proxy, f"__r{_name}__", _operator(_function, swapped=True))
    setattr(Proxy, f"__i{_name}__", _in_place(_function))
for _name, _function in COMPARING.items():
    setattr(Proxy, f"__{_name}__", _operator(_function))
for _name, _function in UNARY.items():

    def _unary(self: Any, function: Any = _function) -> Any:
        return self._writer.run(function, (self,), {})

    setattr(Proxy, f"__{_name}__", _unary)


# NumPy's functions that make arrays of shapes, or take them as they are: they ask no proxy
CREATING = {
    name: getattr(np, name)
    for name in ("empty", "zeros", "asarray", "ascontiguousarray", "asfortranarray", "asanyarray")
}
_here = threading.local()  # its writer


def _catching(name: str, original: Any) -> Any:
    makes = name in ("empty", "zeros")

    @functools.wraps(original)
    def function(*args: Any, **kwargs: Any) -> Any:
        writer = getattr(_here, "writer", None)
        if writer is None or not (makes or any(isinstance(x, Proxy) for x in args)):
            return original(*args, **kwargs)
        return writer.run(original, args, kwargs)

    return function


CAUGHT = {name: _catching(name, original) for name, original in CREATING.items()}


class creating:  # noqa: N801  (a context manager)
    """Within it these functions give this thread proxies of ``writer``, or arrays without one. They
    are others as long as there is such a block in any thread."""

    _blocks = 0
    _lock = threading.Lock()

    def __init__(self, writer: Writer | None) -> None:
        self.writer = writer

    def __enter__(self) -> None:
        self.before = getattr(_here, "writer", None)
        _here.writer = self.writer
        with self._lock:
            creating._blocks += 1
            if creating._blocks == 1:
                vars(np).update(CAUGHT)

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            creating._blocks -= 1
            if not creating._blocks:
                vars(np).update(CREATING)
        _here.writer = self.before
