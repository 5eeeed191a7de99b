"""The names that tensors from outside have in the user's program."""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from ..autograd.variable import Variable
from .objects import is_module

__all__ = ["names_of"]


def names_of(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[int, str]:
    """By identity: of arguments the parameter's name, of what modules have their path in them."""
    found: dict[int, str] = {}
    given: dict[str, Any] = {}
    try:
        given = _given(function, args, kwargs)
    except (TypeError, ValueError):  # it says nothing of its parameters
        given = {f"argument_{k}": x for k, x in enumerate(args)} | kwargs
    for name, value in given.items():
        _add(found, name, value)
    for name, value in _captured(function):
        _add(found, name, value)
    return found


def _given(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by the names of the parameters."""
    if type(function) is FunctionType and not function.__dict__ and not kwargs:
        code = function.__code__
        if len(args) <= code.co_argcount:  # which inspect takes ten times as long to find
            return dict(zip(code.co_varnames, args))
    return dict(inspect.signature(function).bind(*args, **kwargs).arguments)


def _add(found: dict[int, str], name: str, value: Any, depth: int = 0) -> None:
    if isinstance(value, Variable):
        found.setdefault(id(value), _identifier(name))
    elif is_module(value):
        _add_members(found, value, "")
    elif isinstance(value, list | tuple) and depth < 3:
        for k, each in enumerate(value):
            _add(found, f"{name}_{k}", each, depth + 1)
    elif isinstance(value, dict) and depth < 3:
        for key, each in value.items():
            _add(found, f"{name}_{key}", each, depth + 1)


def _add_members(found: dict[int, str], module: Any, path: str) -> None:
    for name, tensor in (*module._parameters.items(), *module._buffers.items()):
        if tensor is not None:
            found.setdefault(id(tensor), _identifier(path + name))
    for name, child in module._modules.items():
        if child is not None:
            step = f"{type(child).__name__.lower()}{name}" if name.isdigit() else name
            _add_members(found, child, f"{path}{step}_")


def _captured(function: Any) -> Iterator[tuple[str, Any]]:
    """What the function finds in itself, in its closure and, by the names in it, in its module."""
    if is_module(function):
        yield "self", function
    if inspect.ismethod(function):
        yield "self", function.__self__
        function = function.__func__
    if not isinstance(function, FunctionType):
        return
    plain: Any = inspect.unwrap(function)
    code = getattr(plain, "__code__", None)
    if code is None:
        return
    for name, cell in zip(code.co_freevars, plain.__closure__ or (), strict=False):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    for name in code.co_names:
        if name in plain.__globals__:
            yield name, plain.__globals__[name]


def _identifier(name: str) -> str:
    name = re.sub(r"\W+", "_", name).strip("_") or "value"
    return f"_{name}" if name[0].isdigit() or keyword.iskeyword(name) else name
