"""Containers of modules: in a row, in a list, in a dictionary."""

from __future__ import annotations

import operator
import warnings
from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from itertools import islice
from typing import Any, Self, cast, overload

from ..module import Module

__all__ = ["Container", "ModuleDict", "ModuleList", "Sequential"]


def renumber(module: Module, modules: Iterable[Module | None]) -> None:
    module.__dict__["_modules"] = {str(k): part for k, part in enumerate(modules)}


def insert(sequence: ModuleSequence, index: int, module: Module) -> None:
    modules = list(sequence)
    modules.insert(index, module)
    renumber(sequence, modules)


def at(module: Module, index: int) -> str:
    """The name of the module at ``index``."""
    index = operator.index(index)
    if not -len(module._modules) <= index < len(module._modules):
        raise IndexError(f"index {index} is out of range")
    return next(islice(module._modules, index % len(module._modules), None))


class ModuleSequence(Module):
    """What ``Sequential`` and ``ModuleList`` share: modules named "0", "1", ..."""

    @overload
    def __getitem__(self, index: slice) -> Self: ...
    @overload
    def __getitem__(self, index: int) -> Module: ...
    def __getitem__(self, index: int | slice) -> Module:
        if isinstance(index, slice):
            return self.__part__(index)
        return cast(Module, self._modules[at(self, index)])

    def __part__(self, index: slice) -> Self:
        make: Any = type(self)
        return cast(Self, make(list(self)[index]))

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, at(self, index), module)

    def __delitem__(self, index: int | slice) -> None:
        doomed = list(self._modules)[index] if isinstance(index, slice) else [at(self, index)]
        for name in doomed:
            del self._modules[name]
        renumber(self, self._modules.values())

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(cast(dict[str, Module], self._modules).values())

    def append(self, module: Module) -> Self:
        """Adds a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Adds modules at the end."""
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"{self._get_name()}.extend should be called with an iterable, but got "
                + type(modules).__name__
            )
        for module in list(modules):
            self.append(module)
        return self

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def pop(self, key: int) -> Module:
        """Takes out the module at ``key`` and returns it."""
        module = self[key]
        del self[key]
        return module


class Sequential(ModuleSequence):
    """Modules one after the other, each fed with what the one before it gives.

    Args:
        args: modules; or one list of modules; or one ``OrderedDict`` of modules by name.

    Example:
        >>> from minitorch.nn import Linear, Sequential, Tanh
        >>> Sequential(Linear(3, 5), Tanh(), Linear(5, 1))
        Sequential(
          (0): Linear(in_features=3, out_features=5, bias=True)
          (1): Tanh()
          (2): Linear(in_features=5, out_features=1, bias=True)
        )
    """

    def __init__(self, *args: Module | Iterable[Module] | Mapping[str, Module]) -> None:
        super().__init__()
        modules: Any = args
        if len(args) == 1 and isinstance(args[0], list | tuple | Mapping):
            (modules,) = args
        if not isinstance(modules, Mapping):
            modules = {str(k): module for k, module in enumerate(modules)}
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, input: Any) -> Any:
        """The last module's output."""
        modules: Any = self._modules
        for module in modules.values():
            input = module(input)
        return input

    def __part__(self, index: slice) -> Self:
        modules: Any = OrderedDict(list(self._modules.items())[index])
        return type(self)(modules)

    def insert(self, index: int, module: Module) -> Self:
        """Puts a module before the one at ``index``."""
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        insert(self, index, module)
        return self

    def __add__(self, other: Sequential) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(
                "add operator supports only objects of Sequential class, but "
                f"{type(other)} is given."
            )
        return Sequential(*self, *other)

    def __mul__(self, other: int) -> Sequential:
        if not isinstance(other, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(other)}")
        if other <= 0:
            raise ValueError(f"Non-positive multiplication factor {other} for {type(self)}")
        return Sequential(*list(self) * other)

    __rmul__ = __mul__

    def __imul__(self, other: int) -> Sequential:
        renumber(self, (self * other)._modules.values())
        return self


class ModuleList(ModuleSequence):
    """Modules in a list."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def insert(self, index: int, module: Module) -> None:
        """Puts a module before the one at ``index``."""
        insert(self, index, module)

    def __repr__(self) -> str:
        if not len(self):
            return self._get_name() + "()"
        blocks: list[tuple[int, int, str]] = []  # (first, last, text): equals once
        for k, text in enumerate(map(repr, self)):
            if blocks and blocks[-1][2] == text:
                blocks[-1] = (blocks[-1][0], k, text)
            else:
                blocks.append((k, k, text))
        lines = [
            (f"({a}): {text}" if a == b else f"({a}-{b}): {b - a + 1} x {text}").replace(
                "\n", "\n  "
            )
            for a, b, text in blocks
        ]
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"


Modules = Mapping[str, Module] | Iterable[tuple[str, Module]] | Module


class ModuleDict(Module):
    """Modules by name."""

    def __init__(self, modules: Modules | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Module:
        return cast(Module, self._modules[key])

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Takes all modules out."""
        self._modules.clear()

    def pop(self, key: str) -> Module:
        """Takes out the module at ``key`` and returns it."""
        return cast(Module, self._modules.pop(key))

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._modules.keys()

    def items(self) -> ItemsView[str, Module]:
        """The (name, module) pairs."""
        return cast(dict[str, Module], self._modules).items()

    def values(self) -> ValuesView[Module]:
        """The modules."""
        return cast(dict[str, Module], self._modules).values()

    def update(self, modules: Modules) -> None:
        """Adds modules from a mapping or from (name, module) pairs."""
        for key, module in pairs(modules, "ModuleDict"):
            self[key] = module


def pairs(values: Any, what: str) -> list[tuple[Any, Any]]:
    """The (key, value) pairs of a mapping or of an iterable of such pairs."""
    if isinstance(values, Mapping) or (isinstance(values, Module) and hasattr(values, "items")):
        return list(values.items())
    if not isinstance(values, Iterable):
        raise TypeError(
            f"{what}.update should be called with an iterable of key/value pairs, but got "
            + type(values).__name__
        )
    made = []
    for k, pair in enumerate(values):
        if not isinstance(pair, Iterable):
            raise TypeError(
                f"{what} update sequence element #{k} should be Iterable; is {type(pair).__name__}"
            )
        pair = tuple(pair)
        if len(pair) != 2:
            raise ValueError(
                f"{what} update sequence element #{k} has length {len(pair)}; 2 is required"
            )
        made.append(pair)
    return made


class Container(Module):
    """A module with the parts that it is given by name; deprecated, as Module does all of it."""

    def __init__(self, **kwargs: Any) -> None:
        warnings.warn(
            "`nn.Container` is deprecated. All of its functionality is now implemented in "
            "`nn.Module`. Subclass that instead.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__()
        for name, module in kwargs.items():
            self.add_module(name, module)
