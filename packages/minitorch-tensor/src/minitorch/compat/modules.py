"""Modules made of the table: ``minitorch.cuda`` and its kin, on first use."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Callable
from contextlib import ContextDecorator
from enum import Enum
from functools import cache
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

from .._types.device import device as Device
from .absent import Absent
from .elsewhere import ELSEWHERE
from .table import TABLE
from .top import TOP

__all__ = ["AbsentModule", "Final", "spec_of"]


def answering(value: Any) -> Callable[[str, str], Any]:
    """A kind of function that answers ``value`` (a copy of a list), whatever it is given."""

    def make(name: str, why: str) -> Any:
        def answer(*args: Any, **kwargs: Any) -> Any:
            return list(value) if isinstance(value, list) else value

        answer.__doc__ = f"{value}: {why}."
        return answer

    return make


def raising(name: str, why: str) -> Any:
    """A function that raises."""

    def absent(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(f"MiniTorch has no torch.{name}: {why}")

    absent.__doc__ = f"Raises: {why}."
    return absent


def absent_class(name: str, why: str, bases: tuple[type, ...] = (object,)) -> Any:
    """A class of which there are no instances; programs may subclass it."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807  (becomes a method)
        raise RuntimeError(f"MiniTorch has no torch.{name}: {why}")

    namespace = {"__init__": __init__, "__doc__": f"Nothing is one: {why}."}
    namespace["__class_getitem__"] = classmethod(lambda cls, item: cls)  # Future[Tensor]
    return type(name.rpartition(".")[2], bases, namespace)


def absent_exception(name: str, why: str) -> Any:
    """An exception that is never raised here."""
    return type(name.rpartition(".")[2], (RuntimeError,), {"__doc__": f"Never raised: {why}."})


def empty_context(name: str, why: str) -> Any:
    """A context manager and decorator that changes nothing."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807  (becomes a method)
        pass

    def __enter__(self: Any) -> Any:  # noqa: N807  (becomes a method)
        return self

    def __exit__(self: Any, *exception: object) -> None:  # noqa: N807  (becomes a method)
        pass

    def __call__(self: Any, function: Any) -> Any:  # noqa: N807  (becomes a method)
        return function

    methods = {f.__name__: f for f in (__init__, __enter__, __exit__, __call__)}
    return type(name.rpartition(".")[2], (), methods | {"__doc__": f"Changes nothing: {why}."})


def giving_back(name: str, why: str) -> Any:
    """A function or decorator that gives back its first argument."""

    def same(obj: Any = None, *args: Any, **kwargs: Any) -> Any:
        return obj if callable(obj) else lambda function: function

    same.__doc__ = f"Returns its argument: {why}."
    return same


@cache
def enumeration(text: str) -> Any:
    """The enumeration that a row of the table writes ``Name:int(ONE=1,TWO=2)``."""
    head, _, members = text.removesuffix(")").partition("(")
    name, _, base = head.partition(":")
    pairs = (member.partition("=") for member in members.split(","))
    values = {key: literal_eval(value) for key, _, value in pairs}
    return Enum(name, values, type={"int": int, "str": str}.get(base))


KINDS: dict[str, Callable[[str, str], Any]] = {
    "raises": raising,
    "classes": absent_class,
    "exceptions": absent_exception,
    "false": answering(False),
    "true": answering(True),
    "zero": answering(0),
    "nothing": answering(None),
    "empty": answering([]),
    "contexts": empty_context,
    "same": giving_back,
}


def kinds_of(row: Absent) -> dict[str, str]:
    """Name -> kind; what a name answers goes before that it raises."""
    return {name: kind for kind in KINDS for name in getattr(row, kind).split()}


class AbsentModule(ModuleType):
    """A module of the table; each name is made when it is asked for."""

    def __init__(self, key: str, row: Absent) -> None:
        super().__init__(f"minitorch.{key}", f"torch.{key} in MiniTorch: {row.why}.")
        kinds = kinds_of(row)
        self.__dict__.update(row.values, _key=key, _row=row, _kinds=kinds)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in self._row.links:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        row, path = self._row, f"{self._key}.{name}"
        if (path in TABLE or path in ELSEWHERE) and name not in self._kinds:
            return import_module(f"minitorch.{path}")
        if name in row.links:
            module, _, attribute = row.links[name].partition(":")
            outside = module in ("minitorch", "builtins", "typing")
            made = getattr(import_module(module if outside else f"minitorch.{module}"), attribute)
        elif name in row.enumerations:
            made = enumeration(row.enumerations[name])
        elif name in self._kinds:
            made = KINDS[self._kinds[name]](path, row.why)
            made.__name__ = made.__qualname__ = name
            made.__module__ = self.__name__
        else:
            raise AttributeError(f"MiniTorch has no torch.{path}: {row.why}")
        self.__dict__[name] = made
        return made

    def __setattr__(self, name: str, value: Any) -> None:
        # a function stays what it is when the submodule of its name is imported
        if not (isinstance(value, AbsentModule) and name in self._kinds):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        inside = {key.removeprefix(f"{self._key}.") for key in TABLE if key != self._key}
        inside = {key for key in inside if "." not in key and f"{self._key}.{key}" in TABLE}
        row = self._row
        return sorted({*self._kinds, *row.enumerations, *row.values, *row.links, *inside})


@cache
def rest_of(name: str) -> AbsentModule:
    """What PyTorch has in a module of which MiniTorch has a part, ``minitorch.distributed``."""
    key = name.partition(".")[2]
    return AbsentModule(key, TABLE[key])


class AbsentLoader(Loader):
    """Makes the module of a row."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        key = spec.name.partition(".")[2]
        return AbsentModule(key, TABLE[key])

    def exec_module(self, module: ModuleType) -> None:
        pass


def top(name: str) -> Any:
    """``minitorch.name``, if a group of ``TOP`` has it.

    Raises:
        AttributeError: none has.
    """
    if name not in _top_names():
        raise AttributeError(name)
    return _made_of_top(name)


@cache
def _top_names() -> dict[str, tuple[str, str]]:
    """Name -> its kind, and why it is not here."""
    return {name: (kind, row.why) for row in TOP for name, kind in kinds_of(row).items()}


@cache
def _made_of_top(name: str) -> Any:
    kind, why = _top_names()[name]
    made = KINDS[kind](name, why)
    made.__name__ = made.__qualname__ = name
    made.__module__ = "minitorch"
    return made


def spec_of(name: str) -> ModuleSpec | None:
    """How to import ``minitorch.x``, if the table has x."""
    key = name.partition(".")[2]
    if key not in TABLE:
        return None
    is_package = any(other.startswith(f"{key}.") for other in TABLE)
    return ModuleSpec(name, AbsentLoader(), is_package=is_package)


class Decorating(ContextDecorator):
    """A context manager that decorates functions, too; each call makes a new one."""

    def clone(self) -> Any:
        """Another one."""
        return type(self)()

    def _recreate_cm(self) -> Any:
        return self.clone()


def annotate(the_type: Any, the_value: Any) -> Any:
    """``the_value`` itself, as in PyTorch outside of TorchScript."""
    return the_value


def cpu_capability() -> str:
    """``"NUMPY"``: NumPy chooses among the instructions that the processor has."""
    return "NUMPY"


def cpu_name() -> str:
    """``"cpu"``."""
    return "cpu"


def default_accelerator() -> Device:
    """``device("cpu")``: there is no other."""
    return Device("cpu")


def get_device_module(device: Any = None) -> ModuleType:
    """The module named as the type of ``device``, by default ``minitorch.cpu``.

    Raises:
        RuntimeError: there is no such module.

    Example:
        >>> import minitorch
        >>> minitorch.get_device_module("cuda").is_available()
        False
    """
    kind = "cpu" if device is None else Device(device).type
    try:
        return import_module(f"minitorch.{kind}")
    except ModuleNotFoundError:
        raise RuntimeError(
            f"Device '{kind}' does not have a corresponding module registered as 'torch.{kind}'."
        ) from None


def one() -> int:
    """1: the CPU."""
    return 1


def private_backend() -> str:
    """``"privateuseone"``: nobody gave another device a name."""
    return "privateuseone"


def parse_to(*args: Any, **kwargs: Any) -> tuple[Any, Any, bool, Any]:
    """Device, dtype, ``non_blocking`` and memory format among the arguments of ``Module.to``."""
    from .._tensor.tensor import Tensor
    from .._types.device import device
    from .._types.dtype import dtype

    found = {"device": None, "dtype": None, "non_blocking": False, "memory_format": None} | kwargs
    copy = found.pop("copy", False)
    for value in args:
        if isinstance(value, Tensor):
            found |= {"device": value.device, "dtype": value.dtype}
        elif isinstance(value, dtype):
            found["dtype"] = value
        elif isinstance(value, bool):
            found["non_blocking"] = value
        elif value is not None:
            found["device"] = value
    if isinstance(found["device"], str | int):
        found["device"] = device(found["device"])
    del copy
    return found["device"], found["dtype"], found["non_blocking"], found["memory_format"]


def to_dlpack(tensor: Any) -> Any:
    """The DLPack capsule of a tensor, for ``from_dlpack`` of others."""
    return tensor.__dlpack__()
