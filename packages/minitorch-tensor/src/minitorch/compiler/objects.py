"""What of instances, modules and optimizers code can read."""

from __future__ import annotations

import sys
from collections import deque
from types import (
    FunctionType,
    GenericAlias,
    MappingProxyType,
    MemberDescriptorType,
    UnionType,
)
from typing import Any
from weakref import WeakKeyDictionary

from ..random.generator import Generator
from .classes import Classes, Reached
from .values import is_constant
from .watch import owner

__all__ = ["Objects", "attributes_of", "is_module", "is_object", "is_opaque"]

MEMBERS = ("_modules", "_parameters", "_buffers")
FORWARD = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
INTERNAL = {
    *MEMBERS, *FORWARD, "_non_persistent_buffers_set", "_is_full_backward_hook",
    "_forward_hooks_with_kwargs", "_forward_hooks_always_called", "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks", "_state_dict_pre_hooks", "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
}  # fmt: skip
RECORDED = ("backward_programs", "programs")  # attributes of a compiled function of its own
STEP_HOOKS = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")


class Objects(Classes):
    """Guards what code reads of instances that are reached."""

    def _shadowed(self, node: Reached, name: str) -> None:
        """No attribute of the instance stands before the method."""
        if name[:2] != "__" and name not in held(node.value, {name}):
            self.absent(node, name)

    def absent(self, node: Reached, name: str) -> None:
        """The instance does not hold the attribute."""
        told = f"{node.told}.{name}"
        self.check.guard(f"{name!r} not in {self._dict(node)}", told, is_module(node.value))

    def names_held(self, node: Reached) -> None:
        """The instance holds these attributes, in this order."""
        own = held(node.value, None)
        if own is not None:
            test = f"all_same({self._dict(node)}, {self.check.constant(list(own))})"
            self.check.guard(test, f"the attributes of {node.told}", is_module(node.value))

    def _dict(self, node: Reached) -> str:
        """The expression for what an instance holds, that runs no code of its class."""
        if node.free or not _computes(type(node.value)):
            return f"{node.expr}.__dict__"
        own = self.check.constant(held(node.value))
        if self._first(held(node.value), ""):
            get = self.check.constant(object.__getattribute__)
            self.check.identical(f"{get}({node.expr}, '__dict__')", own, node.told)
        return own

    def _object(self, node: Reached) -> None:
        """An instance: its attributes that are named; all of one of ours."""
        value, kind = node.value, type(node.value)
        if isinstance(value, Generator):  # the program draws from it
            self.generators.append((value, value.get_state()))
            return
        if kind.__module__ == "minitorch.compiler.function":  # what it recorded changes nothing
            self.look(value._function, f"{node.expr}._function", node.told, node.free)
            given = [name for name in value.__dict__ if name not in RECORDED and name[0] != "_"]
            self.objects.append((node, set(given)))
            for name in given:
                self._when_read(name, lambda n=name: self._attribute(node, n))  # type: ignore[misc]
            return
        if kind.__module__ == "logging":  # what a logger does is seen as it does it
            return
        if kind.__module__.startswith("numpy.random") or _holds_state(value):
            self._refuse(node.told, f"is a {kind.__name__}, which cannot be looked into")
        elif is_object(value):
            if not node.free:
                told = f"the class of {node.told}"
                self.check.identical(f"type({node.expr})", self.check.constant(kind), told)
            self._attributes(node, attributes_of(value), owner(kind.__module__) == "ours")

    def _attributes(self, node: Reached, names: list[str], all_of_them: bool = False) -> None:
        """Of the attributes of the instance itself those that are named, or all."""
        self.objects.append((node, set(names)))
        self._class(type(node.value))
        for cls in type(node.value).__mro__:
            self._instances[id(cls)].append(node)
            for name in self._entries[id(cls)]:
                self._shadowed(node, name)
        for name in names:
            if all_of_them and name not in self.read:
                with self._leniently():
                    self._attribute(node, name)
            else:
                self._when_read(name, lambda n=name: self._attribute(node, n))  # type: ignore[misc]

    def _attribute(self, node: Reached, name: str) -> None:
        value, kind = node.value, type(node.value)
        entry: Any = getattr(kind, name, None)
        own = held(value)
        if name in own:
            found = own[name]
            direct = entry is None or not hasattr(type(entry), "__set__")
        else:
            try:
                found, direct = entry.__get__(value, kind), True
            except AttributeError:
                return  # a slot that is empty
        plain = direct and not _computes(kind) and name.isidentifier()
        access = f"{node.expr}.{name}" if plain else f"{self._dict(node)}[{name!r}]"
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
        for held_numbers in own.get("param_groups", (own,)):  # an optimizer's, or a schedule's own
            constants = {name: v for name, v in held_numbers.items() if is_constant(v)}
            self.numbers.append((node.told, held_numbers, constants))
        for k, group in enumerate(own.get("param_groups", ())):
            told = f"{node.told}.param_groups[{k}]"
            place = check.variable(f"{expr}.param_groups[{k}]")
            check.guard(f"all_same({place}, {check.constant(list(group))})", told)
            for name, option in group.items():
                if name == "params":
                    for number, p in enumerate(option):
                        if id(p) not in self._exprs:
                            access = f"{place}['params'][{number}]"
                            self.look(p, access, f"{told}['params'][{number}]")
                    exprs = [self._exprs.get(id(p)) or check.constant(p) for p in option]
                    check.guard(f"all_same({place}['params'], [{', '.join(exprs)}])", told)
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


def attributes_of(value: Any) -> list[str]:
    """The attributes that an instance itself holds."""
    kind = type(value)
    slots = _slots.get(kind)
    if slots is None:
        slots = _slots[kind] = [
            name
            for base in kind.__mro__
            for name, entry in vars(base).items()
            if isinstance(entry, MemberDescriptorType)
        ]
    return [*held(value), *slots]


_slots: WeakKeyDictionary[type, list[str]] = WeakKeyDictionary()


def held(value: Any, default: Any = ()) -> Any:
    """The ``__dict__`` of an instance, without running code of its class; a default."""
    if not _computes(type(value)):
        return getattr(value, "__dict__", default)
    try:
        return object.__getattribute__(value, "__dict__")
    except AttributeError:
        return default


def _computes(kind: type) -> bool:
    """Whether each look-up of an attribute runs code of the class."""
    return isinstance(getattr(kind, "__getattribute__", None), FunctionType)


def is_object(value: Any) -> bool:
    """Whether it has attributes of its own: an instance of a class that is written in Python."""
    return held(value, None) is not None or bool(type(value).__flags__ & HEAP_TYPE)


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
