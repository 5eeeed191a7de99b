"""The walk through what a function can reach: of each value it adds guards to the check.

It follows names: of an object those attributes are looked at that occur in code that ran, of a
module's namespace those globals that the code loads.
"""

from __future__ import annotations

import sys
import weakref
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from functools import partial
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MethodType,
    ModuleType,
)
from typing import Any

import numpy as np

from ..autograd.history import history
from ..autograd.variable import Variable
from ..overrides import _tensor_class, disabled
from ..random.generator import Generator
from .classes import CachedFunction, Reached, whose_function
from .objects import Objects, is_module, is_object, is_opaque
from .reads import Reads, reads
from .values import is_constant
from .watch import owner

__all__ = ["Walk"]

LARGE = 1 << 24  # bytes of an array that is still compared
MANY = 1 << 20  # elements of a container
NAMES_ONLY = {"abc", "contextlib", "enum", "functools", "inspect", "types", "typing"}
UNSET = object()  # the value of a context variable that has none
SEQUENCES = (list, tuple, deque)
NOT_FREE = (FunctionType, ModuleType, type, Generator)
# what code can ask a tensor, besides what is asked of all of them
ASKED = {name: f".{name}" for name in ("is_leaf", "output_nr", "retains_grad", "_version")}
ASKED |= {
    name: f".{name}()" for name in ("is_inference", "is_shared", "storage_offset", "_is_view")
}
GRADS = {"_grad", "grad", "grad_of"}  # names of gradients in code of ours
BELOW = ("minitorch.autograd.", "minitorch.compiler.")  # there it is something else
GRAPH = ("grad_fn", "_base", "_backward_hooks")  # None, or what cannot be looked into
LOOKED_INTO = (*SEQUENCES, dict, set, frozenset, MappingProxyType, partial, np.ndarray)


class Walk(Objects):
    """Reaches values, and looks further into them as more code runs."""

    def start(self, function: Any) -> None:
        """Begins at the function, which is the same in each call."""
        self._exprs[id(function)] = expr = self.check.constant(function)
        if isinstance(function, MethodType):
            for part in ("__func__", "__self__"):
                self.look(getattr(function, part), f"{expr}.{part}", "the function")
        else:
            self._inside(Reached(function, expr, "the function", False))

    # --- code that runs ---------------------------------------------------------------------------

    def ran(self, code: CodeType, globals: dict[str, Any], whose: str) -> None:
        """``code`` starts for the first time."""
        self._codes[id(code)] = code
        for look in self._functions.pop(id(code), ()):
            look()
        if whose == "ours":
            module = globals.get("__name__") or ""
            if not module.startswith(BELOW) and not GRADS.isdisjoint(code.co_names):
                self.grads = True
            self._method_of_ours(code, globals)
            return
        found = reads(code)
        if whose == "user":
            self._globals(found, globals)
        self.loaded |= found.loaded
        self.read_attributes(found.attributes)
        if found.every and (whose == "user" or globals.get("__name__") not in NAMES_ONLY):
            self.every = True
            self._open(self._waiting)

    def read_attributes(self, names: Iterable[str]) -> None:
        """Code names these attributes."""
        new = set(names) - self.read
        self.read |= new
        for name in new:
            for waiting in (self._waiting, self._waiting_entries):
                for look in waiting.pop(name, ()):
                    look()
        for module in self._modules:
            self._module_attributes(module, new)

    def ask(self, target: Any, name: str | None) -> None:
        """``getattr`` or its kin ask ``target``, which may be ``UNKNOWN``, for an attribute; None:
        for any."""
        if name is not None:
            self.asked.append((target, name))
            self.loaded.add(name)
            self.read_attributes((name,))
        elif not self._every_entry:
            self.every = self._every_entry = True
            self._open(self._waiting)
            self._open(self._waiting_entries)

    def _open(self, waiting: dict[str, list[Callable[[], None]]]) -> None:
        """Looks at attributes that no code names."""
        with self._leniently():
            while waiting:
                for look in waiting.popitem()[1]:
                    look()

    def _method_of_ours(self, code: CodeType, globals: dict[str, Any]) -> None:
        """A method of a module or an optimizer that ran has to be the same one later."""
        kind, _, name = code.co_qualname.partition(".")
        cls = globals.get(kind)
        if (
            name != "__getattr__"
            and isinstance(cls, type)
            and (globals.get("__name__") or "").startswith(("minitorch.nn.", "minitorch.optim."))
        ):
            method = vars(cls).get(name)
            if isinstance(method, FunctionType) and method.__code__ is code:
                self._ran_method(cls, name, method)

    def _globals(self, found: Reads, globals: dict[str, Any]) -> None:
        namespace = self.check.constant(globals)
        for name in found.globals:
            if name in globals:
                value = globals[name]
                if isinstance(value, ModuleType):
                    self._module_named(value, found.attributes, name)
                if self._first(globals, name):
                    self.look(value, f"{namespace}[{name!r}]", name)
            elif self._first(globals, name):
                self.check.guard(f"{name!r} not in {namespace}", name)
        for name in found.imports:
            inside = f"{globals.get('__package__') or ''}.{name}".strip(".")
            module = sys.modules.get(name) or sys.modules.get(inside)
            if module is not None:
                self._module_named(module, found.attributes, name)

    def _module_named(self, module: ModuleType, names: frozenset[str], told: str) -> None:
        """The attributes ``names`` of ``module``, which code names beside it. Of the user's modules
        those count, too, that other code names."""
        if owner(module.__name__) == "user":
            if self._first(vars(module), ""):
                self._modules.append(Reached(module, self.check.constant(module), told, False))
                self._module_attributes(self._modules[-1], self.read)
            return
        if module is np and "random" in names:
            _ = np.random  # comes when it is asked for
        for name in sorted(names & vars(module).keys()):
            value = vars(module)[name]
            if isinstance(value, ModuleType):
                self._module_named(value, names, f"{told}.{name}")
            elif module.__name__ == "numpy.random" and not isinstance(value, type):
                self._refuse(f"{told}.{name}", "draws numbers that no program knows of")
            self._module_attribute(module, name, f"{told}.{name}")

    def _module_attributes(self, module: Reached, names: Iterable[str]) -> None:
        for name in vars(module.value).keys() & set(names):
            self._module_attribute(module.value, name, f"{module.told}.{name}")

    def _module_attribute(self, module: ModuleType, name: str, told: str) -> None:
        if name[:2] != "__" and self._first(vars(module), name):
            access = f"{self.check.constant(vars(module))}[{name!r}]"
            self.look(vars(module)[name], access, told)

    # --- a value ----------------------------------------------------------------------------------

    def look(
        self, value: Any, access: str, told: str, free: bool = False, written: bool = False
    ) -> None:
        """Guards ``value``, which ``access`` gives; ``written``: a module's attribute holds it."""
        check = self.check
        kind = type(value)
        if is_constant(value):
            check.equal(access, value, told, written)
        elif isinstance(value, Variable):
            self._tensor(value, access, told)
        elif id(value) in self._exprs:
            check.identical(access, self._exprs[id(value)], told, written)
        elif kind is MethodType:
            check.guard(f"type({access}) is {check.constant(kind)}", told, written)
            self.look(value.__func__, f"{access}.__func__", told, free, written)
            self.look(value.__self__, f"{access}.__self__", told, free, written)
        elif kind is BuiltinFunctionType and not isinstance(
            value.__self__, ModuleType | type | None
        ):
            check.guard(f"type({access}) is {check.constant(kind)}", told, written)
            check.guard(f"{access}.__name__ == {value.__name__!r}", told, written)
            self.look(value.__self__, f"{access}.__self__", told, free, written)
        elif kind is slice:
            check.guard(f"type({access}) is slice", told, written)
            for part in ("start", "stop", "step"):
                self.look(getattr(value, part), f"{access}.{part}", f"{told}.{part}", free, written)
        else:
            self._reach(value, access, told, free, written)

    def _reach(self, value: Any, access: str, told: str, free: bool, written: bool) -> None:
        check, kind = self.check, type(value)
        free = (
            free
            and (
                isinstance(value, LOOKED_INTO)
                or (isinstance(value, FunctionType) and whose_function(value) == "user")
                or (is_object(value) and not isinstance(value, NOT_FREE) and not is_opaque(value))
            )
            and not is_module(value)
        )
        if free:
            expr = check.variable(access)
            check.identical(f"type({expr})", check.constant(kind), told)
        else:
            expr = check.constant(value)
            check.identical(access, expr, told, written)
        self._exprs[id(value)] = expr
        self._held.append(value)
        self._inside(Reached(value, expr, told, free))

    def _inside(self, node: Reached) -> None:
        value = node.value
        if isinstance(value, ModuleType):
            self._module_named(value, frozenset(self.read), node.told)
        elif isinstance(value, type):
            self._class(value)
        elif isinstance(value, FunctionType):
            self._function(node)
        elif isinstance(value, CachedFunction):
            self._cached_function(node)
        elif is_module(value):
            self._module(node)
        elif is_opaque(value):
            self._optimizer(node)
        elif isinstance(value, np.ndarray):
            self._array(node)
        elif isinstance(value, ContextVar):
            access = f"{node.expr}.get({self.check.constant(UNSET)})"
            self.look(value.get(UNSET), access, node.told)
        elif isinstance(value, partial):
            for part in ("func", "args", "keywords"):
                self.look(getattr(value, part), f"{node.expr}.{part}", node.told, node.free)
        else:
            self._container(node)
            self._object(node)

    def _refuse(self, told: str, why: str) -> None:
        if self._named and self.reason is None:
            self.reason = f"{told} {why}"

    def _tensor(self, value: Variable, access: str, told: str) -> None:
        check = self.check
        if id(value) in self._exprs:
            check.identical(access, self._exprs[id(value)], told)
            return
        expr = self._exprs[id(value)] = check.variable(access)
        self._held.append(value)
        self.tensors.append((value, told))
        self.reached.append(value)
        data: Any = value._data
        data = weakref.ref(data) if isinstance(data, np.ndarray) else data
        node = value._node if value._base is None else history(value)
        self.states.append((data, node, value._grad))
        check.tensors.append(expr)
        kind = type(value)
        check.identical(f"type({expr})", check.constant(kind), told)
        if kind is not _tensor_class() and getattr(kind, "__torch_function__", 0) is not disabled:
            self._refuse(told, f"is a {kind.__name__}, whose __torch_function__ computes")
        self._attributes(Reached(value, expr, told, True), list(value.__dict__))
        for name in (*ASKED, *GRAPH, "grad"):
            asked = "is_leaf" if name == "grad" else name  # of others `.grad` warns
            self._when_read(name, lambda n=asked: self._asked(value, expr, told, n))  # type: ignore[misc]

    def _asked(self, value: Variable, expr: str, told: str, name: str) -> None:
        """Code names what can be asked of tensors alone."""
        told = f"{told}.{name}"
        try:
            found = getattr(value, name)
            found = found() if ASKED.get(name, "").endswith("()") else found
        except (AttributeError, RuntimeError):
            self._refuse(told, "cannot be asked for")
            return
        if name in ASKED:
            self.check.equal(f"{expr}{ASKED[name]}", found, told)
        elif found is None:
            self.check.guard(f"{expr}.{name} is None", told)
        else:
            self._refuse(told, "cannot be looked into")

    def _array(self, node: Reached) -> None:
        value = node.value
        if value.dtype.hasobject or value.nbytes > LARGE:
            self._refuse(node.told, "is an array of objects or a large one")
            return
        copy = self.check.constant(np.array(value, order="K", copy=True))
        self.check.guard(f"same_array({node.expr}, {copy})", node.told)

    # --- containers -------------------------------------------------------------------------------

    def _container(self, node: Reached) -> None:
        value = node.value
        if isinstance(value, SEQUENCES):
            self._elements(node, list(value), "", (f"[{k}]" for k in range(len(value))))
        elif isinstance(value, dict | MappingProxyType):
            keys = list(value)
            self._elements(node, keys, "", None)
            names = (f"[{k!r}]" if type(k) is str else f"[{self.check.constant(k)}]" for k in keys)
            self._elements(node, list(value.values()), ".values()", names)
            if isinstance(value, defaultdict):
                self.look(value.default_factory, f"{node.expr}.default_factory", node.told)
        elif isinstance(value, set | frozenset):
            self._elements(node, list(value), "", None)

    def _elements(
        self, node: Reached, values: list[Any], of: str, places: Iterator[str] | None
    ) -> None:
        """The elements at ``places``; those that have none, in this order, by identity."""
        check, told = self.check, node.told
        whole = f"{node.expr}{of}"
        if len(values) > MANY:
            self._refuse(told, f"has {len(values)} elements")
        elif places is None or all(map(is_constant, values)):
            check.guard(f"all_same({whole}, {check.constant(values)})", told)
            for each in values:
                if not (is_constant(each) or isinstance(each, type)):  # classes are told apart only
                    self.look(each, check.constant(each), f"an element of {told}")
        else:
            check.guard(f"len({node.expr}) == {len(values)}", told)
            for each, place in zip(values, places, strict=True):
                self.look(each, node.expr + place, told + place, node.free)
