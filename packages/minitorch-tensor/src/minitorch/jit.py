"""TorchScript's decorators, which leave functions and models as they are.

Follows https://docs.pytorch.org/docs/stable/jit.html
"""

from __future__ import annotations

from typing import Any, Final

from .compiler import disable as _same

__all__ = [
    "Final", "export", "ignore", "is_scripting", "is_tracing", "script", "script_method", "trace",
    "unused",
]  # fmt: skip

script_method = export = ignore = unused = _same


def script(obj: Any, *args: Any, **kwargs: Any) -> Any:
    """``obj`` itself: Python runs it."""
    return obj


def trace(func: Any, example_inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
    """``func`` itself: Python runs it."""
    return func


def is_scripting() -> bool:
    """False."""
    return False


def is_tracing() -> bool:
    """False."""
    return False


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"module 'minitorch.jit' has no attribute {name!r}: MiniTorch has no TorchScript; "
        "save and load state dicts"
    )
