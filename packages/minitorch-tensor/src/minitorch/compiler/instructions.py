"""What programs of arrays consist of: values, and instructions over them.

Functions are NumPy's, kernels or gradient rules, which all take and give arrays; ``Method`` and
``Attribute`` stand for what arrays have themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Attribute", "Instruction", "Line", "Method", "Value", "mapped", "same", "values_in"]


class Line(NamedTuple):
    """A line of the user's program."""

    filename: str
    number: int
    text: str


@dataclass(slots=True, eq=False)
class Value:
    """An array, or a NumPy scalar, that a program computes or is given.

    ``hint``      the name of the variable that the user gave it, ``d_`` before it for a gradient;
                  "" where there is none
    ``constant``  the array itself, of a value that is the same in every run
    ``number``    it is a number of Python's, which takes the dtype of the array beside it
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    strides: tuple[int, ...]
    scalar: bool  # a NumPy scalar, not an array
    hint: str = ""
    constant: Any = None
    number: bool = False

    @classmethod
    def of(cls, array: Any, hint: str = "", constant: bool = False) -> Value:
        """The value that has the properties of ``array``."""
        return cls(
            array.shape, array.dtype, array.strides, not isinstance(array, np.ndarray), hint,
            array if constant else None,
        )  # fmt: skip


class Method(NamedTuple):
    """``x.name(*args)`` as a function of x."""

    name: str

    def __call__(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(x, self.name)(*args, **kwargs)


class Attribute(NamedTuple):
    """``x.name`` as a function of x."""

    name: str

    def __call__(self, x: Any) -> Any:
        return getattr(x, self.name)


def same(x: Any) -> Any:
    """``x``, by another name."""
    return x


@dataclass(slots=True, eq=False)
class Instruction:
    """``results = function(*args, **kwargs)``.

    Values may stand in tuples, lists and slices among the arguments. An item is
    ``operator.getitem(x, key)``, an assignment ``operator.setitem(x, key, value)``.

    ``results``   what the function returns: one value; several where ``several``; none where it
                  only writes, or where its result is not used
    ``writes``    the arguments whose memory it changes, ``out=`` among them
    ``views``     the arguments whose memory a result may share
    ``pure``      without results and ``writes`` it has no effect, and with the same arguments it
                  gives the same: not a random draw, not an assumption
    ``fresh``     the results are memory that nothing else has
    ``backward``  belongs to the backward pass
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: tuple[Value | None, ...]
    several: bool = False
    writes: tuple[Value, ...] = ()
    views: tuple[Value, ...] = ()
    pure: bool = True
    line: Line | None = None
    backward: bool = False
    fresh: bool = False

    _inputs: list[Value] | None = field(default=None, init=False, repr=False)

    def inputs(self) -> list[Value]:
        """The values among the arguments, which nobody changes any more."""
        found = self._inputs
        if found is None:
            found = self._inputs = values_in((self.args, self.kwargs))
        return found

    def having(self, **changes: Any) -> Instruction:
        """The same but for these fields."""
        made = Instruction.__new__(Instruction)
        for name in FIELDS:
            setattr(made, name, changes[name] if name in changes else getattr(self, name))
        made._inputs = None
        return made

    def mapped(self, change: Callable[[Value], Any]) -> Instruction:
        """The same with ``change(value)`` in place of each value that it takes."""
        return self.having(
            args=mapped(self.args, change),
            kwargs=mapped(self.kwargs, change),
            writes=tuple(map(change, self.writes)),
            views=tuple(map(change, self.views)),
        )

    def renamed(self, changed: dict[Value, Value]) -> Instruction:
        """The same with ``changed[value]`` in place of each value that is changed; itself where
        none is."""
        if not changed or changed.keys().isdisjoint(self.inputs()):
            return self
        return self.mapped(lambda value: changed.get(value, value))


FIELDS = [each.name for each in fields(Instruction) if each.init]


def values_in(x: Any) -> list[Value]:
    """The values in nested tuples, lists, dicts and slices."""
    found: list[Value] = []
    _gather(x, found)
    return found


def _gather(x: Any, found: list[Value]) -> None:
    kind = type(x)
    if kind is Value:
        found.append(x)
    elif kind is tuple or kind is list:
        for each in x:
            _gather(each, found)
    elif kind is dict:
        for each in x.values():
            _gather(each, found)
    elif kind is slice:
        _gather((x.start, x.stop, x.step), found)


def mapped(x: Any, change: Callable[[Value], Any]) -> Any:
    """``x`` with ``change(value)`` in place of each value in it."""
    if isinstance(x, Value):
        return change(x)
    if type(x) in (tuple, list):
        return type(x)(mapped(each, change) for each in x)
    if type(x) is dict:
        return {key: mapped(each, change) for key, each in x.items()}
    if type(x) is slice:
        return slice(*(mapped(each, change) for each in (x.start, x.stop, x.step)))
    return x
