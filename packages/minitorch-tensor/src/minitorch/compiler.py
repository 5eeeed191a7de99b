"""``compile`` and what surrounds it: models run as they are, operation by operation.

Follows https://docs.pytorch.org/docs/stable/generated/torch.compile.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["compile", "disable", "is_compiling", "is_dynamo_compiling", "reset"]


def compile(
    model: Any = None, *, fullgraph: bool = False, dynamic: bool | None = None,
    backend: Any = "inductor", mode: str | None = None, options: Any = None, disable: bool = False,
) -> Any:  # fmt: skip
    """Returns ``model`` itself; without one, a decorator that does."""
    return _same if model is None else model


def _same(model: Callable[..., Any]) -> Callable[..., Any]:
    return model


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """Returns ``fn`` itself; without one, a decorator that does."""
    return _same if fn is None else fn


def is_compiling() -> bool:
    """False."""
    return False


is_dynamo_compiling = is_compiling


def reset() -> None:
    """Nothing to forget."""
