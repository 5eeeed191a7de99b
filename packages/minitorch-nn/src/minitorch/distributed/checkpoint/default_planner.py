"""Names for what a nested state holds, and back; what may be missing.

Dictionaries are taken apart, and lists where they hold tensors: ``{"model": {"weight": x}}`` has
``model.weight``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minitorch import Tensor
from minitorch.extend import absent_names

__all__ = ["DefaultLoadPlanner", "DefaultSavePlanner", "flatten_state_dict"]


class DefaultSavePlanner:
    """Divides what several ranks have among them, by size."""


class DefaultLoadPlanner:
    """Says whether a checkpoint may lack names that the state has.

    Args:
        allow_partial_load: whether it may.
    """

    def __init__(
        self, flatten_state_dict: bool = True, flatten_sharded_tensors: bool = True,
        allow_partial_load: bool = False,
    ) -> None:  # fmt: skip
        self.allow_partial_load = allow_partial_load


def is_whole(value: Any) -> bool:
    """Whether ``value`` is saved as one."""
    if isinstance(value, Mapping):
        return False
    if not isinstance(value, list):
        return True
    return not any(
        isinstance(each, Tensor) or (isinstance(each, Mapping | list) and not is_whole(each))
        for each in value
    )


def flatten_state_dict(state_dict: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Name -> value, and name -> path.

    Raises:
        ValueError: two values have one name.
    """
    flat: dict[str, Any] = {}
    paths: dict[str, Any] = {}

    def visit(path: tuple[Any, ...], value: Any) -> None:
        if isinstance(value, Mapping):
            for key, each in value.items():
                visit((*path, str(key)), each)
        elif isinstance(value, list) and not is_whole(value):
            for k, each in enumerate(value):
                visit((*path, k), each)
        else:
            name = ".".join(map(str, path))
            if name in flat:
                raise ValueError(f"duplicated flatten key {name}")
            flat[name], paths[name] = value, path

    visit((), state_dict)
    return flat, paths


def set_element(state_dict: Any, path: tuple[Any, ...], value: Any) -> None:
    """Puts ``value`` at a path of the nested state."""
    at = state_dict
    for key in path[:-1]:
        at = at[actual_key(at, key)]
    at[actual_key(at, path[-1])] = value


def actual_key(at: Any, key: Any) -> Any:
    """The key of ``at`` that is written ``key``: names are strings, keys may be numbers."""
    if isinstance(at, Mapping) and key not in at:
        return next((each for each in at if str(each) == str(key)), key)
    return key


__getattr__, __dir__ = absent_names(__name__)
