"""Runs functions on proxies and writes down the instructions."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Container
from typing import Any

import numpy as np

from ..autograd.engine import alone_has_memory
from ..autograd.variable import Variable
from .program import Instruction, Line, Value, values_in
from .proxy import Opaque, Proxy, creating, proxies_in, unwrapped

__all__ = ["EXPECTING", "Differs", "Writer", "expect", "expect_none"]

MOST = 60  # instructions of a kernel that is taken apart; a longer one is called as a whole
LARGE = 1 << 15  # elements; on more of them Python costs nothing beside NumPy, and kernels that
FEW = 8  # take more instructions than these know better: by blocks that fit the cache, on all cores
CONSTANT = (type(None), bool, int, float)
ARRAYS = (np.ndarray, np.generic)
PLAIN = {*CONSTANT, str, type}
SMALL = 4096  # elements of an array that a kernel may bring along, unless it is read-only


class Differs(Exception):  # noqa: N818  (the function itself then runs)
    """A run is another than the recorded one; what it has done that lasts is undone."""


def expect(array: Any, answer: bool | int) -> None:
    """Raises ``Differs`` where the one number of ``array`` is another than ``answer``, or as a bool
    another bool."""
    if (bool(array) if type(answer) is bool else array.item()) != answer:
        raise Differs


def _largest(x: Any) -> int:
    """The elements of the largest array in nested containers."""
    if type(x) in (tuple, list):
        return max(map(_largest, x), default=0)
    return x.size if isinstance(x, np.ndarray) else 0


def expect_none(function: Callable[..., Any], *args: Any) -> None:
    """Raises ``Differs`` where ``function(*args)`` is not None, or raises."""
    try:
        found = function(*args)
    except Exception as error:
        raise Differs from error
    if found is not None:
        raise Differs


EXPECTING = {expect, expect_none}


class Writer:
    """The instructions so far, and which array of the recorded run each value is.

    ``known``    values by the identity of their array
    ``constants`` NumPy scalars that are the same in each run, by identity
    ``arrays``   the array of each value, which keeps it alive, so that identities stay unique
    """

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.known: dict[int, Value] = {}
        self.arrays: dict[Value, Any] = {}
        self.constants: dict[int, Any] = {}
        self.line: Line | None = None
        self.backward = False
        self.inlining = True  # whether kernels are taken apart,
        self.whole: Container[Any] = ()  # but for these
        self.lasting = False  # whether there was a draw or a write to what is outside
        self._thread = threading.get_ident()
        # of the kernel that is being taken apart: what it made, where its instructions begin, and
        # up to where they are known to take no large values
        self._own: set[Value] | None = None
        self._start = self._small = 0

    def forget(self) -> None:
        """Lets go of all arrays: nothing is written any more, and their memory may be asked for."""
        self.known.clear()
        self.arrays.clear()
        self.instructions = []

    def know(self, array: Any, value: Value | None = None) -> Value:
        """Makes ``array`` that of a value, by default a new one."""
        value = Value.of(array) if value is None else value
        if type(array) is not np.bool_:
            self.known[id(array)] = value
        self.arrays[value] = array
        if self._own is not None:
            self._own.add(value)
        return value

    def value_of(self, array: Any) -> Value | None:
        """The value whose array of the recorded run this is."""
        return self.known.get(id(array))

    def call(self, function: Callable[..., Any], *args: Any, pure: bool = True) -> Any:
        """The function's result for arrays of the run: its instructions, or one that calls it.

        Raises:
            Opaque: an argument is not known, so that it could be another in each run.
        """
        self._check(args)
        if self.inlining and pure and type(function) is not np.ufunc:
            if not self._is_whole(function, args):
                made = self._taken_apart(function, args)
                if made is not None:
                    return unwrapped(made)
        valued = self._valued(args, False)
        made = function(*args)
        return unwrapped(self.write(function, valued, {}, made, pure=pure))

    def _is_whole(self, function: Any, args: tuple[Any, ...]) -> bool:
        """Whether a kernel is not to be taken apart: Numba's computes in another way. Of small
        arrays loops are made, of which one function consists."""
        if hasattr(function, "by_numba"):
            return True
        return function in self.whole and _largest(args) > LARGE

    def _check(self, x: Any) -> None:
        """Raises where an array, or a NumPy scalar, is neither a value nor a constant."""
        if type(x) in (tuple, list):
            for each in x:
                self._check(each)
        elif isinstance(x, ARRAYS) and id(x) not in self.known:
            if id(x) not in self.constants:
                raise Opaque("values are used in a way that cannot be written down")

    def nested(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """``call`` for proxies, within what is taken apart."""
        whole = self._is_whole(function, unwrapped(args))
        made = None if whole else self._taken_apart(function, unwrapped(args))
        if made is None:
            with creating(None):  # its own arrays are none of the program
                return self.run(function, args, {})
        self._refuse_many()
        return made

    def _taken_apart(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """What the function gives for proxies of ``args``; None where it cannot be taken apart."""
        before = self._own, self._start, self._small
        self._own = set() if self._own is None else self._own
        mark = self._start = self._small = len(self.instructions)
        try:
            proxies = self._proxies(args)
            with creating(self):
                made = function(*proxies)
            self._refuse_many()
            if self._is_written(made):
                return made
        except Exception:  # whatever it is: the function is called as a whole, and raises again
            pass
        finally:
            self._own, self._start, self._small = before
        del self.instructions[mark:]
        return None

    def _refuse_many(self) -> None:
        """Raises where a kernel takes too many instructions to be taken apart."""
        count = len(self.instructions) - self._start
        if self._own is None or count <= FEW:
            return
        new, self._small = self.instructions[self._small :], len(self.instructions)
        values = (v for each in new for v in (*each.inputs(), *each.results))
        if count > MOST or any(v is not None and math.prod(v.shape) > LARGE for v in values):
            raise Opaque("takes many instructions")

    def _is_written(self, made: Any) -> bool:
        """Whether all arrays in ``made`` are proxies, or arrays of values. Numbers are constants:
        no value of an array was asked for."""
        if type(made) in (tuple, list):
            return all(map(self._is_written, made))
        if isinstance(made, Proxy) or id(made) in self.known:
            return True
        if isinstance(made, np.generic) and type(made) is not np.bool_:
            self.constants[id(made)] = made
            return True
        return isinstance(made, CONSTANT)

    def _proxies(self, x: Any) -> Any:
        """``x`` with proxies in place of the arrays of values."""
        kind = type(x)
        if kind is tuple or kind is list:
            return kind(map(self._proxies, x))
        value = self.known.get(id(x)) if isinstance(x, ARRAYS) else None
        return x if value is None else Proxy(x, value, self)

    def _valued(self, x: Any, constants: bool) -> Any:
        """``x`` with values in place of arrays; others are ``constants``, or refused."""
        kind = type(x)
        if kind is Proxy or issubclass(kind, Proxy):
            return x._value
        if kind in PLAIN:
            return x
        if kind is tuple or kind is list:
            return kind([self._valued(each, constants) for each in x])
        if kind is dict:
            return {key: self._valued(each, constants) for key, each in x.items()}
        if kind is slice:
            return slice(*(self._valued(each, constants) for each in (x.start, x.stop, x.step)))
        if kind is np.bool_:
            raise Opaque("a bool that may come from an array")
        if isinstance(x, np.generic):
            return self.known.get(id(x), x)
        if isinstance(x, np.ndarray):
            value = self.known.get(id(x))
            if value is not None:
                return value
            if not constants or x.dtype.hasobject or (x.size > SMALL and x.flags.writeable):
                raise Opaque("an array that comes from elsewhere")
            return self.know(x, Value.of(x, constant=True))
        if isinstance(x, Variable):
            raise Opaque("a tensor among arrays")
        return x

    def run(
        self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], writes: Any = ()
    ) -> Any:
        """What a proxy was asked to do: the result as a proxy, the instruction written."""
        if threading.get_ident() != self._thread:
            raise Opaque("goes on in another thread")
        written: tuple[Value, ...] = ()
        if writes:
            written = tuple(self._valued(target, False) for target in writes)
            if self._own is not None and not self._own.issuperset(written):
                raise Opaque("writes to an argument")
        valued: list[Any] = []
        arrays: list[Any] = []
        given: dict[Value, Any] = {}
        for x in args:
            kind = type(x)
            if kind is Proxy:
                valued.append(x._value)
                arrays.append(x._array)
                given[x._value] = x._array
            elif kind in PLAIN:
                valued.append(x)
                arrays.append(x)
            else:
                valued.append(self._valued(x, True))
                arrays.append(unwrapped(x))
                given.update((each._value, each._array) for each in proxies_in(x))
        named = kwargs
        if kwargs:
            named = self._valued(kwargs, True)
            given.update((each._value, each._array) for each in proxies_in(kwargs))
            kwargs = unwrapped(kwargs)
        made = function(*arrays, **kwargs)
        return self.write(function, tuple(valued), named, made, written, given=given)

    def write(
        self, function: Any, args: Any, kwargs: Any, made: Any,
        writes: tuple[Value, ...] = (), pure: bool = True,
        given: dict[Value, Any] | None = None,
    ) -> Any:  # fmt: skip
        """Writes the instruction that gave ``made``; returns this with proxies for arrays."""
        several = type(made) in (tuple, list)
        standing = {id(array): value for value, array in given.items()} if given else {}
        results: list[Value | None] = []
        proxies: list[Any] = []
        views: list[Value] = []
        fresh, alone = False, True
        for each in made if several else (made,):
            if not isinstance(each, ARRAYS):
                if each is not None:
                    raise Opaque(f"{function} returns {type(each).__name__}")
                results.append(None)
                proxies.append(None)
                continue
            value = self.known.get(id(each), standing.get(id(each)))
            if type(each) is np.bool_:  # there are two of them, for all values
                value = None
            if value is None:
                fresh, value = True, self.know(each)
                if isinstance(each, np.ndarray):
                    if alone:  # one that cannot be written to may be kept by the kernel
                        flags = each.flags
                        alone = flags.writeable and (flags.owndata or alone_has_memory(each))
                    if each.base is not None:
                        views += self._shared(each, value, (args, kwargs), given)
            else:
                alone = False  # an argument is among the results
            results.append(value)
            proxies.append(Proxy(each, value, self))
        if fresh or writes or not pure:  # else it gave back an argument
            self.instructions.append(
                Instruction(
                    function,
                    args,
                    kwargs,
                    tuple(results) if fresh else (),
                    several and fresh,
                    writes,
                    tuple(views),
                    pure,
                    self.line,
                    self.backward,
                    alone,
                )
            )
            self._refuse_many()
        return type(made)(proxies) if several else proxies[0]

    def assume(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Writes that ``function(*args)`` is None; a run that finds it is not ends there."""
        if function(*unwrapped(args)) is not None:
            raise Opaque("another result than None")
        self.append(
            Instruction(expect_none, (function, *self._valued(args, True)), {}, (), pure=False)
        )

    def append(self, instruction: Instruction) -> None:
        """Writes ``instruction``, which belongs to the line that runs."""
        instruction.line, instruction.backward = self.line, self.backward
        self.instructions.append(instruction)

    def _shared(
        self, array: Any, value: Value, args: Any, given: dict[Value, Any] | None
    ) -> list[Value]:
        """The arguments whose memory ``array`` shares; ``given`` are arrays that stand for them."""
        found = []
        for source in values_in(args):
            held = given[source] if given and source in given else self.arrays[source]
            if source is not value and np.may_share_memory(held, array):
                found.append(source)
        return found
