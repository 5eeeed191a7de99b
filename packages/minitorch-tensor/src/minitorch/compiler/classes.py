"""What of functions and classes code can read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache, partial, partialmethod
from types import (
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
)
from typing import Any, NamedTuple

from ..autograd.variable import Variable
from .check import Check
from .watch import owner

__all__ = ["CachedFunction", "Classes", "Reached", "whose_function"]

CachedFunction = type(lru_cache(lambda: None))
PLAIN_DESCRIPTORS = (GetSetDescriptorType, MemberDescriptorType)


class Reached(NamedTuple):
    """A value, and the expression for it in the check. A ``free`` one comes with the arguments:
    it may be another object in each call."""

    value: Any
    expr: str
    told: str
    free: bool


class Classes:
    """Guards what code reads of functions and classes that are reached.

    ``reason`` says of the first value that cannot be guarded what it is.
    """

    def __init__(self, check: Check) -> None:
        self.check = check
        self.reason: str | None = None
        self.tensors: list[tuple[Variable, str]] = []  # with what they are called
        self.reached: list[Variable] = []  # the same, alone
        self.states: list[
            tuple[Any, Any, Any]
        ] = []  # of each its data (an array: by a weak reference), node and grad then
        self.opaque: list[Any] = []
        # of opaque objects their dictionaries, with the constants in them as they were
        self.numbers: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        self.generators: list[tuple[Any, Any]] = []  # with their states then
        self.objects: list[tuple[Reached, set[str]]] = []  # with the attributes that are guarded
        self._exprs: dict[int, str] = {}
        self._held: list[Any] = []  # so that no identity is used again
        self._codes: dict[int, CodeType] = {}  # that ran
        self.read: set[str] = set()  # attributes that they name
        self.asked: list[tuple[Any, str]] = []  # of objects attributes that need not exist
        self.loaded: set[str] = set()  # those that are not only set
        self.grads = False  # whether code of ours that ran reads gradients
        self.every = False  # whether all attributes of instances may be read
        self._every_entry = False  # and all of classes
        self._named = True  # whether what is looked at is named
        self._waiting: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)
        self._waiting_entries: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)
        self._functions: defaultdict[int, list[Callable[[], None]]] = defaultdict(list)
        self._namespaces: set[tuple[int, str]] = set()
        self._modules: list[Reached] = []
        # by class: its subclasses that were met, instances of it and of them, entries that count
        self._met: set[int] = set()
        self._heirs: defaultdict[int, list[type]] = defaultdict(list)
        self._instances: defaultdict[int, list[Reached]] = defaultdict(list)
        self._entries: defaultdict[int, dict[str, Any]] = defaultdict(dict)

    def look(
        self, value: Any, access: str, told: str, free: bool = False, written: bool = False
    ) -> None:
        """Guards ``value``, which ``access`` gives; ``written``: a module's attribute holds it."""
        raise NotImplementedError

    def _refuse(self, told: str, why: str) -> None:
        if self._named and self.reason is None:
            self.reason = f"{told} {why}"

    def _when_read(self, name: str, look: Callable[[], None], entry: bool = False) -> None:
        """Looks at an attribute, or a class's entry, now if code names it, else when it does."""
        if name in self.read:
            look()
        elif self._every_entry if entry else self.every:
            with self._leniently():
                look()
        else:
            (self._waiting_entries if entry else self._waiting)[name].append(look)

    @contextmanager
    def _leniently(self) -> Iterator[None]:
        """What is looked at may not be read: what cannot be guarded is no reason."""
        named, self._named = self._named, False
        yield
        self._named = named

    def _when_run(self, code: CodeType, look: Callable[[], None]) -> None:
        if id(code) in self._codes:
            look()
        else:
            self._functions[id(code)].append(look)

    # --- functions --------------------------------------------------------------------------------

    def _function(self, node: Reached) -> None:
        """If it runs, what it closes over, its defaults and its code count; of one of ours, a
        decorator's result, the user's function that it closes over."""
        function = node.value
        if whose_function(function) == "ours":
            if function.__closure__:
                self._when_run(function.__code__, lambda: self._closure(node, _is_users))
            return
        if node.free:
            self._code(node)
        self._when_run(function.__code__, lambda: self._function_ran(node))
        for name in function.__dict__:
            self._when_read(name, lambda name=name: self._attribute(node, name))  # type: ignore[misc]

    def _code(self, node: Reached) -> None:
        check = self.check
        code = check.constant(node.value.__code__)
        check.identical(f"{node.expr}.__code__", code, node.told)
        if node.free:
            space = check.constant(node.value.__globals__)
            check.identical(f"{node.expr}.__globals__", space, node.told)

    def _function_ran(self, node: Reached) -> None:
        function, expr, told = node.value, node.expr, node.told
        if not node.free:
            self._code(node)
        for part in ("__defaults__", "__kwdefaults__"):
            value = getattr(function, part)
            if value is not None:  # a call that needs none does not look for one
                self.look(value, f"{expr}.{part}", f"a default of {told}", node.free)
        self._closure(node, lambda value: True)

    def _closure(self, node: Reached, counts: Callable[[Any], bool]) -> None:
        function = node.value
        for k, name in enumerate(function.__code__.co_freevars):
            cell = function.__closure__[k]
            try:
                value = cell.cell_contents
            except ValueError:  # nothing was assigned yet
                continue
            if counts(value):
                access = f"{node.expr}.__closure__[{k}]" if node.free else self.check.constant(cell)
                self.look(value, f"{access}.cell_contents", name, node.free)

    def _cached_function(self, node: Reached) -> None:
        """Of ``lru_cache``: whether its function runs or its result is remembered is the same."""
        function = node.value.__wrapped__
        self.look(function, f"{node.expr}.__wrapped__", node.told, node.free)
        if isinstance(function, FunctionType) and id(function.__code__) not in self._codes:
            whose = owner(function.__globals__.get("__name__") or "")
            self.ran(function.__code__, function.__globals__, whose)

    def ran(self, code: CodeType, globals: dict[str, Any], whose: str) -> None:
        """``code`` starts for the first time."""
        raise NotImplementedError

    # --- classes ----------------------------------------------------------------------------------

    def _class(self, cls: type) -> None:
        """Of the user's classes: methods that run, and other attributes that are named."""
        for base in cls.__mro__:
            if id(base) in self._met:
                continue
            self._met.add(id(base))
            for above in base.__mro__[1:]:
                self._heirs[id(above)].append(base)
                for name, entry in self._entries[id(above)].items():
                    self._inherited(base, above, name, entry)
            if owner(base.__module__) == "user":
                for name, entry in vars(base).items():
                    self._entry(base, name, entry)

    def _entry(self, cls: type, name: str, entry: Any) -> None:
        functions = list(_functions_of(entry))
        for function in functions:
            self._when_run(function.__code__, lambda: self._ran_method(cls, name, entry))
        if not functions and not isinstance(entry, PLAIN_DESCRIPTORS) and name[:2] != "__":
            self._when_read(name, lambda: self._read_entry(cls, name, entry), True)

    def _read_entry(self, cls: type, name: str, entry: Any) -> None:
        """An attribute of a class that is no method."""
        told = f"{cls.__name__}.{name}"
        self.look(entry, f"{self.check.constant(cls)}.__dict__[{name!r}]", told)
        self._found(cls, name, entry)

    def _ran_method(self, cls: type, name: str, entry: Any) -> None:
        if name in self._entries[id(cls)]:
            return
        check, told = self.check, f"{cls.__name__}.{name}"
        kind = check.constant(cls)
        if isinstance(entry, FunctionType):
            check.identical(f"{kind}.{name}", check.constant(entry), told)
        else:
            check.identical(f"{kind}.__dict__[{name!r}]", check.constant(entry), told)
        for function in _functions_of(entry):
            if id(function) not in self._exprs:
                expr = self._exprs[id(function)] = check.constant(function)
                self._inside(Reached(function, expr, told, False))
        self._found(cls, name, entry)

    def _found(self, cls: type, name: str, entry: Any) -> None:
        """The entry is to be the one that is found for instances of all classes met."""
        self._entries[id(cls)][name] = entry
        for node in self._instances[id(cls)]:
            self._shadowed(node, name)
        for heir in self._heirs[id(cls)]:
            self._inherited(heir, cls, name, entry)

    def _inherited(self, cls: type, base: type, name: str, entry: Any) -> None:
        """A subclass that has the entry from ``base`` still does."""
        if next(each for each in cls.__mro__ if name in vars(each)) is base:
            check, told = self.check, f"{cls.__name__}.{name}"
            kind = check.constant(cls)
            if isinstance(entry, FunctionType):
                check.identical(f"{kind}.{name}", check.constant(entry), told)
            else:
                check.guard(f"{name!r} not in {kind}.__dict__", told)

    def _inside(self, node: Reached) -> None:
        """Looks into what was reached."""
        raise NotImplementedError

    def _attribute(self, node: Reached, name: str) -> None:
        """Looks at an attribute that the object itself holds."""
        raise NotImplementedError

    def _shadowed(self, node: Reached, name: str) -> None:
        """No attribute of the instance stands before an entry of its class."""
        raise NotImplementedError

    def _first(self, namespace: Any, name: str) -> bool:
        """Whether this name of a namespace was not looked at before."""
        pair = id(namespace), name
        new = pair not in self._namespaces
        self._namespaces.add(pair)
        return new


def _functions_of(entry: Any) -> Any:
    """The functions that an entry of a class is made of."""
    if isinstance(entry, FunctionType):
        yield entry
    elif isinstance(entry, staticmethod | classmethod):
        yield from _functions_of(entry.__func__)
    elif isinstance(entry, property):
        for part in (entry.fget, entry.fset, entry.fdel):
            yield from _functions_of(part)
    elif isinstance(entry, cached_property | partialmethod):
        yield from _functions_of(entry.func)


def whose_function(function: FunctionType) -> str:
    """Whose code it is: a decorator's result is the decorator's."""
    return owner(function.__globals__.get("__name__") or "")


def _is_users(value: Any) -> bool:
    """Whether a decorator of ours closes over code of the user's with it."""
    if isinstance(value, FunctionType):
        return whose_function(value) == "user" or bool(value.__closure__)
    if isinstance(value, MethodType | partial) or hasattr(value, "_parameters"):
        return True
    return owner(type(value).__module__) == "user"
