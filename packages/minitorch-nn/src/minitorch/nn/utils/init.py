"""Modules without initial values."""

from __future__ import annotations

import inspect
from typing import Any

from ..module import Module

__all__ = ["skip_init"]


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """A module whose parameters were not drawn: their values are whatever the memory holds.

    The random stream stays where it was.
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")

    bare = type("Bare", (module_cls,), {"reset_parameters": lambda self: None})
    made = bare(*args, **kwargs)
    made.__class__ = module_cls
    return made
