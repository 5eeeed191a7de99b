"""Arguments of functions over one, two or three spatial dimensions."""

from __future__ import annotations

from typing import Any

__all__ = ["numbers", "spatial"]


def numbers(value: Any, ndim: int, name: str, what: str) -> tuple[int, ...]:
    """``value``, an int or a sequence of one or ``ndim`` ints, as ``ndim`` ints."""
    if hasattr(value, "__index__"):
        return (value.__index__(),) * ndim
    found = tuple(n.__index__() for n in value)
    if len(found) == 1:
        return found * ndim
    if len(found) != ndim:
        raise RuntimeError(
            f"{name}: expected {what} to be a single integer value or a list of {ndim} values to "
            f"match the spatial dimensions, but got {what}={list(found)}"
        )
    return found


def spatial(input: Any, ndim: int, name: str) -> bool:
    """Whether ``input`` has a batch dimension besides its channels and ``ndim`` others."""
    if input.ndim not in (ndim + 1, ndim + 2):
        raise RuntimeError(
            f"Expected {ndim + 1}D (unbatched) or {ndim + 2}D (batched) input to {name}, but got "
            f"input of size: {list(input.shape)}"
        )
    return bool(input.ndim == ndim + 2)
