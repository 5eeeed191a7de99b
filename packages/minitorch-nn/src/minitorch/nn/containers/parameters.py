"""Containers of parameters: in a list, in a dictionary."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, KeysView, Mapping
from typing import Any, Self

from minitorch import Tensor

from ..module import Module
from ..parameter import Parameter
from .modules import pairs

__all__ = ["ParameterDict", "ParameterList"]


def as_parameter(value: Any) -> Any:
    """Plain tensors become parameters; anything else stays what it is."""
    return Parameter(value) if type(value) is Tensor else value


def describe(value: Any, type_name: str) -> str:
    """One line of a container's repr; ``type_name`` is how it writes the dtype."""
    if isinstance(value, Tensor):
        size = "x".join(map(str, value.shape))
        kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
        return f"{kind} containing: [{type_name.format(value.dtype)} of size {size}]"
    return f"Object of type: {type(value).__name__}"


def at(parameters: ParameterList, index: int) -> str:
    index = operator.index(index)
    if not -parameters._size <= index < parameters._size:
        raise IndexError(f"index {index} is out of range")
    return str(index % parameters._size)


class ParameterList(Module):
    """Parameters in a list; plain tensors become parameters."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, str(k)) for k in range(self._size))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, at(self, index))

    def __setitem__(self, index: Any, value: Any) -> None:
        setattr(self, at(self, index), as_parameter(value))

    def append(self, value: Any) -> Self:
        """Adds a value at the end."""
        setattr(self, str(self._size), as_parameter(value))
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Adds values at the end."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(
                "ParameterList.extend should be called with an iterable, but got "
                + type(values).__name__
            )
        for value in list(values):
            self.append(value)
        return self

    __iadd__ = extend

    def __repr__(self) -> str:
        lines = [f"({k}): {describe(value, '{}')}" for k, value in enumerate(self)]
        return (
            f"{self._get_name()}("
            + "".join(f"\n    {line}" for line in lines)
            + ("\n)" if lines else ")")
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("ParameterList should not be called.")


Parameters = Mapping[str, Any] | Iterable[tuple[str, Any]] | Module


class ParameterDict(Module):
    """Parameters by name; plain tensors become parameters."""

    def __init__(self, parameters: Parameters | None = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(
                "Index given to ParameterDict cannot be used as a key as it is not a string "
                f"(type is '{type(key).__name__}')."
            )
        self._keys[key] = None
        setattr(self, key, as_parameter(value))

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def __or__(self, other: Parameters) -> ParameterDict:
        made = self.copy()
        made.update(other)
        return made

    def __ror__(self, other: Parameters) -> ParameterDict:
        made = ParameterDict(other)
        made.update(self)
        return made

    def __ior__(self, other: Parameters) -> Self:
        self.update(other)
        return self

    def copy(self) -> ParameterDict:
        """Another dictionary with the same parameters."""
        return ParameterDict(OrderedDict(self.items()))

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value at ``key``, set to ``default`` where there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Takes all out."""
        for key in list(self._keys):
            del self[key]

    def pop(self, key: str) -> Any:
        """Takes out the value at ``key`` and returns it."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Takes out the last (key, value) pair and returns it."""
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The value at ``key``, or ``default``."""
        return self[key] if key in self._keys else default

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A new dictionary with ``default`` at each key."""
        return ParameterDict((key, default) for key in keys)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._keys.keys()

    def items(self) -> list[tuple[str, Any]]:
        """The (name, value) pairs."""
        return [(key, self[key]) for key in self._keys]

    def values(self) -> list[Any]:
        """The values."""
        return [self[key] for key in self._keys]

    def update(self, parameters: Parameters) -> None:
        """Adds values from a mapping or from (name, value) pairs."""
        found = pairs(parameters, "ParameterDict")
        ordered = isinstance(parameters, OrderedDict | ParameterDict)
        for key, value in (
            found if ordered or not isinstance(parameters, Mapping) else sorted(found)
        ):
            self[key] = value

    def __repr__(self) -> str:
        lines = [
            f"({key}): {describe(value, 'torch.{0.type_name}Tensor')}"
            for key, value in self.items()
        ]
        return (
            f"{self._get_name()}("
            + "".join(f"\n    {line}" for line in lines)
            + ("\n)" if lines else ")")
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("ParameterDict should not be called.")
