"""``Stateful``: what has a state that can be saved and loaded."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from minitorch.extend import absent_names

__all__ = ["Stateful"]


@runtime_checkable
class Stateful(Protocol):
    """An object with ``state_dict()`` and ``load_state_dict()``, such as a module."""

    def state_dict(self) -> dict[str, Any]:
        """Its state."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over a state."""


__getattr__, __dir__ = absent_names(__name__)
