"""What of functions, classes, instances, modules and optimizers code can read."""

from __future__ import annotations

import sys
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache, partial, partialmethod
from types import (
    CodeType,
    FunctionType,
    GenericAlias,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    UnionType,
)
from typing import Any, NamedTuple

from ..autograd.variable import Variable
from ..random.generator import Generator
from .check import Check
from .values import is_constant
from .watch import owner

__all__ = [
    "CachedFunction", "Objects", "Reached", "is_module", "is_object", "is_opaque", "whose_function"
]  # fmt: skip

MEMBERS = ("_modules", "_parameters", "_buffers")
FORWARD = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
INTERNAL = {
    *MEMBERS, *FORWARD, "_non_persistent_buffers_set", "_is_full_backward_hook",
    "_forward_hooks_with_kwargs", "_forward_hooks_always_called", "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks", "_state_dict_pre_hooks", "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
}  # fmt: skip
STEP_HOOKS = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")
CachedFunction = type(lru_cache(lambda: None))
PLAIN_DESCRIPTORS = (GetSetDescriptorType, MemberDescriptorType)


class Reached(NamedTuple):
    """A value, and the expression for it in the check. A ``free`` one comes with the arguments:
    it may be another object in each call."""

    value: Any
    expr: str
    told: str
    free: bool


class Objects:
    """Guards what code reads of objects that are reached.

    ``reason`` says of the first value that cannot be guarded what it is.
    """

    def __init__(self, check: Check) -> None:
        self.check = check
        self.reason: str | None = None
        self.tensors: list[tuple[Variable, str]] = []  # with what they are called
        self.opaque: list[Any] = []
        self.objects: list[tuple[Reached, set[str]]] = []  # with the attributes that are guarded
        self._exprs: dict[int, str] = {}
        self._held: list[Any] = []  # so that no identity is used again
        self._codes: dict[int, CodeType] = {}  # that ran
        self.read: set[str] = set()  # attributes that they name
        self.asked: set[str] = set()  # of these, those that need not exist
        self.computed = False  # whether names are computed, so that all attributes count
        self._named = True  # whether what is looked at is named
        self._waiting: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)
        self._functions: defaultdict[int, list[Callable[[], None]]] = defaultdict(list)
        self._namespaces: set[tuple[int, str]] = set()
        self._modules: list[Reached] = []
        self._classes: dict[int, type] = {}
        self._entries: list[tuple[type, str, Any]] = []  # of classes, that were read or ran

    def look(
        self, value: Any, access: str, told: str, free: bool = False, written: bool = False
    ) -> None:
        """Guards ``value``, which ``access`` gives; ``written``: a module's attribute holds it."""
        raise NotImplementedError

    def _refuse(self, told: str, why: str) -> None:
        if self._named and self.reason is None:
            self.reason = f"{told} {why}"

    def _when_read(self, name: str, look: Callable[[], None]) -> None:
        """Looks at an attribute now if code names it, else when some does."""
        if name in self.read or self.computed:
            if name in self.read:
                look()
            else:
                with self._leniently():
                    look()
        else:
            self._waiting[name].append(look)

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
            self.look(getattr(function, part), f"{expr}.{part}", f"a default of {told}", node.free)
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
            if id(base) in self._classes:
                continue
            self._classes[id(base)] = base
            if owner(base.__module__) != "user":
                continue
            for name, entry in vars(base).items():
                functions = list(_functions_of(entry))
                for function in functions:
                    self._when_run(
                        function.__code__,
                        lambda b=base, n=name, e=entry: self._ran_method(b, n, e),  # type: ignore[misc]
                    )
                if not functions and not isinstance(entry, PLAIN_DESCRIPTORS) and name[:2] != "__":
                    self._when_read(
                        name,
                        lambda b=base, n=name, e=entry: self._entry_read(b, n, e),  # type: ignore[misc]
                    )

    def _entry_read(self, cls: type, name: str, entry: Any) -> None:
        """An attribute of a class that is no method."""
        told = f"{cls.__name__}.{name}"
        self.look(entry, f"{self.check.constant(cls)}.__dict__[{name!r}]", told)
        self._found_in_class(cls, name, entry)

    def _ran_method(self, cls: type, name: str, entry: Any) -> None:
        """The method is to be the same one, for instances of all classes met."""
        if not self._first(vars(cls), name, id(cls)):
            return
        check, told = self.check, f"{cls.__name__}.{name}"
        kind, found = check.constant(cls), check.constant(entry)
        heirs = [other for other in self._classes.values() if self._inherits(other, cls, name)]
        if not isinstance(entry, FunctionType):
            check.identical(f"{kind}.__dict__[{name!r}]", found, told)
        elif not heirs:  # whose methods are looked at
            check.identical(f"{kind}.{name}", found, told)
        for function in _functions_of(entry):
            expr = check.constant(function)
            if id(function) not in self._exprs:
                self._exprs[id(function)] = expr
                self._inside(Reached(function, expr, told, False))
        self._found_in_class(cls, name, entry, heirs)

    def _found_in_class(
        self, cls: type, name: str, entry: Any, heirs: list[type] | None = None
    ) -> None:
        """For instances of all classes met the entry is the one that is found."""
        self._entries.append((cls, name, entry))
        for node, _ in self.objects:
            if isinstance(node.value, cls):
                self._shadowed(node, name)
        if heirs is None:
            heirs = [each for each in self._classes.values() if self._inherits(each, cls, name)]
        for heir in heirs:
            self._inherited(heir, name, entry)

    def _inherits(self, cls: type, base: type, name: str) -> bool:
        """Whether a subclass has the method from ``base``."""
        if cls is base or not issubclass(cls, base):
            return False
        return next(each for each in cls.__mro__ if name in vars(each)) is base

    def _inherited(self, cls: type, name: str, entry: Any) -> None:
        """A subclass still has what it has of its base."""
        check, told = self.check, f"{cls.__name__}.{name}"
        kind = check.constant(cls)
        if isinstance(entry, FunctionType):
            check.identical(f"{kind}.{name}", check.constant(entry), told)
        else:
            check.guard(f"{name!r} not in {kind}.__dict__", told)

    def _inside(self, node: Reached) -> None:
        """Looks into what was reached."""
        raise NotImplementedError

    def _shadowed(self, node: Reached, name: str) -> None:
        """No attribute of the instance stands before the method."""
        if name[:2] != "__" and name not in getattr(node.value, "__dict__", (name,)):
            self.check.guard(
                f"{name!r} not in {node.expr}.__dict__", f"{node.told}.{name}",
                is_module(node.value),
            )  # fmt: skip

    def _first(self, namespace: Any, name: str, key: int | None = None) -> bool:
        """Whether this name of a namespace was not looked at before."""
        pair = id(namespace) if key is None else key, name
        new = pair not in self._namespaces
        self._namespaces.add(pair)
        return new

    # --- instances --------------------------------------------------------------------------------

    def _object(self, node: Reached) -> None:
        """An instance: its attributes that are named; all of one of ours."""
        value, kind = node.value, type(node.value)
        if isinstance(value, Generator):
            return  # the program draws from it
        if kind.__module__.startswith("numpy.random") or _holds_state(value):
            self._refuse(node.told, f"is a {kind.__name__}, which cannot be looked into")
        elif is_object(value):
            if not node.free:
                told = f"the class of {node.told}"
                self.check.identical(f"{node.expr}.__class__", self.check.constant(kind), told)
            self._attributes(node, attributes_of(value), owner(kind.__module__) == "ours")

    def _attributes(self, node: Reached, names: list[str], all_of_them: bool = False) -> None:
        """Of the attributes of the instance itself those that are named, or all."""
        self.objects.append((node, set(names)))
        self._new_class(type(node.value))
        for cls, name, _ in self._entries:
            if isinstance(node.value, cls):
                self._shadowed(node, name)
        for name in names:
            if all_of_them and name not in self.read:
                with self._leniently():
                    self._attribute(node, name)
            else:
                self._when_read(name, lambda n=name: self._attribute(node, n))  # type: ignore[misc]

    @contextmanager
    def _leniently(self) -> Iterator[None]:
        """What is looked at may not be read: what cannot be guarded is no reason."""
        named, self._named = self._named, False
        yield
        self._named = named

    def _new_class(self, cls: type) -> None:
        new = [base for base in cls.__mro__ if id(base) not in self._classes]
        self._class(cls)
        for base in new:
            for other, name, entry in self._entries:
                if self._inherits(base, other, name):
                    self._inherited(base, name, entry)

    def _attribute(self, node: Reached, name: str) -> None:
        value, kind = node.value, type(node.value)
        entry: Any = getattr(kind, name, None)
        own = getattr(value, "__dict__", {})
        if name in own:
            found = own[name]
            direct = entry is None or not hasattr(type(entry), "__set__")
        else:
            try:
                found, direct = entry.__get__(value, kind), True
            except AttributeError:
                return  # a slot that is empty
        usual = getattr(kind, "__getattribute__", None) is object.__getattribute__
        plain = direct and usual and name.isidentifier()
        access = f"{node.expr}.{name}" if plain else f"{node.expr}.__dict__[{name!r}]"
        self.look(found, access, f"{node.told}.{name}", node.free, is_module(value))

    # --- modules and optimizers -------------------------------------------------------------------

    def _module(self, node: Reached) -> None:
        """A Module: its children and tensors, its attributes that are constants or named."""
        check, own = self.check, node.value.__dict__
        constant = check.constant
        check.identical(
            f"type({node.expr})", constant(type(node.value)), f"the class of {node.told}", True
        )
        if not all(name in own for name in (*MEMBERS, *FORWARD)):
            self._refuse(node.told, "was not initialised")
            return
        for name in FORWARD:
            check.hooks.append(own[name])
            if own[name]:
                self._refuse(node.told, "has hooks")
        for kind in MEMBERS:
            members = constant(own[kind])
            check.identical(f"{node.expr}.{kind}", members, node.told, True)
            if own[kind]:
                if kind == "_modules":
                    check.guard(f"len({members}) == {len(own[kind])}", node.told)
                keys = constant(list(own[kind]))
                check.guard(f"all_same({members}, {keys})", f"the members of {node.told}", True)
            for name, member in own[kind].items():
                self.look(member, f"{members}[{name!r}]", f"{node.told}.{name}")
        names = [name for name in own if name not in INTERNAL]
        constants = [name for name in names if is_constant(own[name])]
        for name in constants:
            self._attribute(node, name)
        others = [name for name in names if name not in constants]
        self._attributes(node, others, _inherits_code(type(node.value)))
        self.objects[-1][1].update(own)

    def _optimizer(self, node: Reached) -> None:
        """An optimizer or a schedule: the groups' keys and switches, the parameters."""
        check, value, expr = self.check, node.value, node.expr
        self.opaque.append(value)
        own = value.__dict__
        for name in STEP_HOOKS:
            if name in own:
                check.hooks.append(own[name])
                if own[name]:
                    self._refuse(node.told, "has hooks")
        for k, group in enumerate(own.get("param_groups", ())):
            place, told = f"{expr}.param_groups[{k}]", f"{node.told}.param_groups[{k}]"
            check.guard(f"all_same({place}, {check.constant(list(group))})", told)
            for name, option in group.items():
                if name == "params":
                    check.guard(f"len({place}['params']) == {len(option)}", told)
                    for number, p in enumerate(option):
                        self.look(p, f"{place}['params'][{number}]", f"{told}['params'][{number}]")
                elif option is None or isinstance(option, bool | str):
                    check.equal(f"{place}[{name!r}]", option, f"{told}[{name!r}]")
                else:
                    kind = check.constant(type(option))
                    check.identical(f"type({place}[{name!r}])", kind, f"{told}[{name!r}]")
        if "param_groups" in own:
            check.guard(f"len({expr}.param_groups) == {len(own['param_groups'])}", node.told)
        if "optimizer" in own:  # of a schedule
            self.look(own["optimizer"], f"{expr}.optimizer", f"{node.told}.optimizer")
        self.objects.append((node, set(own)))
        for name in own.keys() - {"optimizer"}:  # where the user's code reads the numbers
            self._when_read(name, lambda n=name: self._attribute(node, n))  # type: ignore[misc]
        for name in ("get_last_lr", "get_lr", "state_dict"):
            self._when_read(name, lambda: self._refuse(node.told, "is asked for its numbers"))


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
    if isinstance(value, MethodType | partial) or is_module(value):
        return True
    return owner(type(value).__module__) == "user"


def attributes_of(value: Any) -> list[str]:
    """The attributes that an instance itself holds."""
    slots = [
        name
        for base in type(value).__mro__
        for name, entry in vars(base).items()
        if isinstance(entry, MemberDescriptorType)
    ]
    return [*getattr(value, "__dict__", ()), *slots]


def is_object(value: Any) -> bool:
    """Whether it has attributes of its own: an instance of a class that is written in Python."""
    return hasattr(value, "__dict__") or bool(type(value).__flags__ & HEAP_TYPE)


def is_module(value: Any) -> bool:
    """Whether it is an ``nn.Module``."""
    nn = sys.modules.get("minitorch.nn")
    return nn is not None and isinstance(value, nn.Module)


def _inherits_code(cls: type) -> bool:
    """Whether a class of modules has methods of ours that read attributes."""
    common = sys.modules["minitorch.nn"].Module.__mro__
    return any(owner(base.__module__) == "ours" for base in cls.__mro__ if base not in common)


def is_opaque(value: Any) -> bool:
    """Whether it is an optimizer or a schedule of ours."""
    return type(value).__module__.startswith("minitorch.optim.")


def _holds_state(value: Any) -> bool:
    """Whether instructions of Python, which call no function, read more of it than is guarded."""
    if isinstance(value, UNDERSTOOD):
        return False
    found = (getattr(type(value), name, None) for name in READING)
    return any(entry is not None and not isinstance(entry, FunctionType) for entry in found)


HEAP_TYPE = 1 << 9
READING = ("__next__", "__iter__", "__getitem__", "__len__", "__add__", "__contains__")
UNDERSTOOD = (
    list, tuple, dict, set, frozenset, deque, MappingProxyType, GenericAlias, UnionType, type,
)  # fmt: skip
