"""Containers of modules: in a row, in a list, in a dictionary."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from ..module import Module

__all__ = ["ModuleDict", "ModuleList", "Sequential"]

S = TypeVar("S", bound="ModuleSequence")
Q = TypeVar("Q", bound="Sequential")


def renumber(module: Module, modules: Iterable[Any]) -> None:
    module.__dict__["_modules"] = {str(k): part for k, part in enumerate(modules)}


def insert(sequence: Any, index: int, module: Module) -> None:
    modules = list(sequence)
    modules.insert(index, module)
    renumber(sequence, modules)


def at(module: Module, index: Any) -> str:
    """The name of the module at ``index``."""
    index = operator.index(index)
    if not -len(module._modules) <= index < len(module._modules):
        raise IndexError(f"index {index} is out of range")
    return next(islice(module._modules, index % len(module._modules), None))


class ModuleSequence(Module):
    """What ``Sequential`` and ``ModuleList`` share: modules named "0", "1", ..."""

    def __getitem__(self, index: Any) -> Any:
        return self._modules[at(self, index)]

    def __setitem__(self, index: Any, module: Module) -> None:
        setattr(self, at(self, index), module)

    def __delitem__(self, index: Any) -> None:
        doomed = list(self._modules)[index] if isinstance(index, slice) else [at(self, index)]
        for name in doomed:
            del self._modules[name]
        renumber(self, self._modules.values())

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def append(self: S, module: Module) -> S:
        """Adds a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self: S, modules: Iterable[Module]) -> S:
        """Adds modules at the end."""
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"{self._get_name()}.extend should be called with an iterable, but got "
                + type(modules).__name__
            )
        for module in list(modules):
            self.append(module)
        return self

    def __iadd__(self: S, modules: Iterable[Module]) -> S:
        return self.extend(modules)

    def pop(self, key: Any) -> Any:
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

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], Mapping):
            for name, module in args[0].items():
                self.add_module(name, module)
            return
        if len(args) == 1 and isinstance(args[0], list | tuple):
            args = tuple(args[0])
        for k, module in enumerate(args):
            self.add_module(str(k), module)

    def forward(self, input: Any) -> Any:
        """The last module's output."""
        modules: Any = self._modules
        for module in modules.values():
            input = module(input)
        return input

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._modules.items())[index]))
        return super().__getitem__(index)

    def insert(self: Q, index: int, module: Module) -> Q:
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
    """Modules in a list.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return super().__getitem__(index)

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


class ModuleDict(Module):
    """Modules by name.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleDict.html
    """

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

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

    def pop(self, key: str) -> Any:
        """Takes out the module at ``key`` and returns it."""
        return self._modules.pop(key)

    def keys(self) -> Any:
        """The names."""
        return self._modules.keys()

    def items(self) -> Any:
        """The (name, module) pairs."""
        return self._modules.items()

    def values(self) -> Any:
        """The modules."""
        return self._modules.values()

    def update(self, modules: Any) -> None:
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
