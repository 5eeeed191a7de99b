"""Operations, grouped as in mathematics; ``torch.ops.<namespace>`` are those of ``library``."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any


def load_library(path: Any) -> None:
    """Raises: compiled operators are PyTorch's own."""
    raise OSError(f"Could not load this library: {path}: MiniTorch has no compiled operators")


def __getattr__(name: str) -> Any:
    from importlib.util import find_spec

    starting = sys.modules["minitorch"].__spec__._initializing  # type: ignore[union-attr]  # a module that is imported has one
    if starting or name.startswith("__") or find_spec(f"{__name__}.{name}"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("minitorch.compat.operators").namespace(name)
