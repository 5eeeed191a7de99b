"""Guards: what the Python code of a recorded function reads besides the values of tensors.

A ``World`` follows, while a function runs, what its code can reach: globals, closures, defaults,
arguments, attributes, methods. Of each value it writes one line of a Python function, the check,
which is run before the function's program is used again. What cannot be checked, and what must
happen in each call, such as ``print()``, is a reason not to make a program.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from ..autograd.variable import Variable
from .check import Check
from .modes import guard_modes
from .objects import attributes_of, held, is_module
from .reads import UNKNOWN
from .values import same
from .walk import Walk
from .watch import Watch

__all__ = ["World"]

MANY = 200_000  # guards


class World:
    """What a function reads, from before its first call on.

    ::

        world = World.of(function, args, kwargs)  # before the function runs
        with world.watching():
            function(*args, **kwargs)
        reason = world.settle()  # outside of recorders: None, or why there can be no program

        tensors = world.read(args, kwargs)  # at each later call
        if type(tensors) is not tuple:  # a number
            reason = world.told[tensors]

    ``read``     returns the tensors in the places where ``tensors`` were, a tuple, where the world
                 holds for a call with these arguments; else the number of what differs.
    ``told``     by number, what is looked at.
    ``tensors``  those that were reached, in the arguments, closures, modules, optimizers' groups.
                 A tensor in two places counts once, and has to be one in later calls, two have to
                 be two. Their classes are guarded, not their shapes, dtypes or ``requires_grad``.
    ``states``   of each of them its data (an array: by a weak reference), node and gradient
                 when it was reached.
    ``names``    the attributes that the user's code names.
    ``grads``    whether code of ours that ran reads gradients.
    ``known``    the identities of all that was reached.
    ``opaque``   optimizers and schedules that are reached. Of their numbers only the types are
                 guarded, unless the user's code reads them; their state is not looked at.
    ``generators``  of random numbers, those that are reached, each with its state before the call.
    ``again``    whether the reason may be gone at the next call, as where the first call filled a
                 cache or set an attribute.

    Not seen: attributes of a Module that are written to its ``__dict__`` directly, functions of
    MiniTorch or NumPy that are replaced where only their own code calls them.
    """

    read: Callable[[tuple[Any, ...], dict[str, Any]], Any]

    def __init__(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.again = False
        check = self._check = Check()
        walk = self._walk = Walk(check)
        self.told = check.told
        self._call: Any = args, kwargs
        environment: Any = os.environ
        self._environment = dict(environment._data)  # encoded, as it is compared
        self._reason = guard_modes(check)
        walk.start(function)
        check.guard(f"len(args) == {len(args)}", "the number of arguments")
        names = f"all_same(kwargs, {check.constant(list(kwargs))})" if kwargs else "not kwargs"
        check.guard(names, "the arguments' names")
        for k, value in enumerate(args):
            walk.look(value, f"args[{k}]", f"argument {k}", True)
        for key, value in kwargs.items():
            walk.look(value, f"kwargs[{key!r}]", f"argument {key!r}", True)
        self._watch = Watch(walk.ran, walk.ask)

    @classmethod
    def of(cls, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> World:
        """The world of a call that comes next."""
        return cls(function, args, kwargs)

    def watching(self) -> Watch:
        """The block in which the function runs."""
        return self._watch

    def reached(self) -> list[Variable]:
        """The tensors that were reached so far."""
        return self._walk.reached

    def settle(self) -> str | None:
        """Ends the recording: the reason why there can be no program, or None."""
        walk = self._walk
        reason = self._reason or walk.reason or self._watch.reason or self._stepped()
        if reason is None and len(self.told) > MANY:
            reason = "it reads too many things"
        self.tensors: list[Variable] = [tensor for tensor, _ in walk.tensors]
        self.grads, self.loaded = walk.grads, walk.loaded
        self.states, self.names, self.known = walk.states, walk.read, set(walk._exprs)
        self.opaque, self.generators = walk.opaque, walk.generators
        if self._watch.environment:
            environment = self._check.constant(os.environ)
            before = self._check.constant(self._environment)
            self._check.guard(f"{environment}._data == {before}", "the environment")
        if reason is None:
            changed = self._new_attribute()
            self._absent_attributes()
            self.read = self._check.compiled()
            changed = changed or self._changed(self.read(*self._call))
            if changed is not None:
                self.again = True
                reason = f"{changed} changed while the function ran"
        del self._walk, self._check, self._watch, self._call
        return reason

    def holds(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
        """None where a call with these arguments meets the same world, else what differs."""
        found = self.read(args, kwargs)
        return None if type(found) is tuple else f"{self.told[found]} is not what it was"

    def _changed(self, found: tuple[Any, ...] | int) -> str | None:
        """What of the world as it was before the call is different now."""
        if isinstance(found, int):
            return self.told[found]
        pairs = zip(found, self._walk.tensors, strict=True)
        return next((told for now, (before, told) in pairs if now is not before), None)

    def _stepped(self) -> str | None:
        """A schedule whose step changed numbers, which programs take but do not change."""
        for told, now, before in self._walk.numbers:
            if any(name not in now or not same(now[name], v) for name, v in before.items()):
                return (
                    f"the numbers of {told} change while the function runs: call a schedule's "
                    "step() outside of it"
                )
        return None

    def _new_attribute(self) -> str | None:
        """An attribute that was set while the function ran."""
        walk = self._walk
        for node, names in walk.objects:
            for name in attributes_of(node.value):
                read = name in walk.read or walk.every or is_module(node.value)
                if read and name not in names:
                    return f"{node.told}.{name}"
        return None

    def _absent_attributes(self) -> None:
        """What ``hasattr`` and its kin did not find must not be there later."""
        asked: defaultdict[int, set[str]] = defaultdict(set)
        for target, name in self._walk.asked:
            asked[id(target)].add(name)
        for node, names in self._walk.objects:
            if self._walk.every:
                self._walk.names_held(node)
            if held(node.value, None) is not None:
                for name in sorted((asked[id(node.value)] | asked[id(UNKNOWN)]) - names):
                    self._walk.absent(node, name)
