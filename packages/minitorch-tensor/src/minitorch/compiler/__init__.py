"""``compile`` and what surrounds it: models run as they are, operation by operation.

Follows https://docs.pytorch.org/docs/stable/generated/torch.compile.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = [
    "allow_in_graph", "assume_constant_result", "compile", "cudagraph_mark_step_begin", "disable",
    "is_compiling", "is_dynamo_compiling", "is_exporting", "list_backends",
    "nested_compile_region", "reset", "set_stance", "substitute_in_graph", "wrap_numpy",
]  # fmt: skip


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


is_dynamo_compiling = is_exporting = is_compiling


def allow_in_graph(fn: Any) -> Any:
    """Returns ``fn`` itself: there is no graph to take it into."""
    return fn


assume_constant_result = wrap_numpy = allow_in_graph


def nested_compile_region(fn: Any = None, **options: Any) -> Any:
    """Returns ``fn`` itself; without one, a decorator that does."""
    return _same if fn is None else fn


def substitute_in_graph(original_fn: Any, **options: Any) -> Any:
    """A decorator that gives back its function: nothing is traced."""
    return _same


def list_backends(exclude_tags: Any = ("debug", "experimental")) -> list[str]:
    """None."""
    return []


def cudagraph_mark_step_begin() -> None:
    """Nothing to mark."""


class set_stance:  # noqa: N801  (PyTorch's name)
    """Changes nothing, as a call, as a ``with`` block and as a decorator."""

    def __init__(self, stance: str = "default", **options: Any) -> None:
        self.stance = stance

    def __call__(self, fn: Any) -> Any:
        return fn

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        pass


def reset() -> None:
    """Nothing to forget."""
