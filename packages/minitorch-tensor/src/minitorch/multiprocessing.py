"""Python's ``multiprocessing``; tensors travel between processes as copies."""

from __future__ import annotations

import multiprocessing
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__path__: list[str] = []  # PyTorch has modules in here
__all__ = ["get_all_sharing_strategies", "get_sharing_strategy", "set_sharing_strategy"]


def get_all_sharing_strategies() -> set[str]:
    """None shares memory."""
    return set()


def get_sharing_strategy() -> str:
    """``"copy"``."""
    return "copy"


def set_sharing_strategy(new_strategy: str) -> None:
    """Does nothing: tensors are copied."""


SPAWN = {
    "ProcessContext", "ProcessExitedException", "ProcessRaisedException", "SpawnContext", "spawn",
    "start_processes",
}  # fmt: skip


class _Module(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        # `spawn` stays the function when the module of its name is imported
        if not (name == "spawn" and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Module

if TYPE_CHECKING:
    from multiprocessing import *  # noqa: F403  (all that Python's module has)
else:

    def __getattr__(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name in SPAWN:
            return getattr(import_module("minitorch.compat.spawn"), name)
        return getattr(multiprocessing, name)
