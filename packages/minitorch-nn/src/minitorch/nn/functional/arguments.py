"""Arguments of functions over one, two or three spatial dimensions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from minitorch import Tensor, channels_last, channels_last_3d

__all__ = ["AdaptiveSizes", "Sizes", "in_format_of", "keeps_channels_last", "numbers", "spatial"]

AdaptiveSizes = int | Sequence[int | None] | None  # None: that of the input
Sizes = int | Sequence[int]  # one for all dimensions, or one for each
F = TypeVar("F", bound=Callable[..., Any])


def numbers(value: Sizes, ndim: int, name: str, what: str) -> tuple[int, ...]:
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


def spatial(input: Tensor, ndim: int, name: str) -> bool:
    """Whether ``input`` has a batch dimension besides its channels and ``ndim`` others."""
    if input.ndim not in (ndim + 1, ndim + 2):
        raise RuntimeError(
            f"Expected {ndim + 1}D (unbatched) or {ndim + 2}D (batched) input to {name}, but got "
            f"input of size: {list(input.shape)}"
        )
    return bool(input.ndim == ndim + 2)


def in_format_of(made: Any, *tensors: Any) -> Any:
    """``made``, with the channels last in memory where one of ``tensors`` has them there."""
    for x in tensors:
        if isinstance(x, Tensor) and x.ndim in (4, 5) and not x.is_contiguous():
            form = channels_last if x.ndim == 4 else channels_last_3d
            # steps over rows count where there is one row, too: else the format would be a guess
            rows = x.stride(-2) >= x.stride(-1) * x.shape[-1]
            if rows and x.is_contiguous(memory_format=form):
                if isinstance(made, tuple):
                    return tuple(each.contiguous(memory_format=form) for each in made)
                return made.contiguous(memory_format=form)
    return made


def keeps_channels_last(function: F) -> F:
    """Lets the results be in the memory format of the input or the weight."""

    @functools.wraps(function)
    def in_format(*args: Any, **kwargs: Any) -> Any:
        made = function(*args, **kwargs)
        if isinstance(made, Tensor) and made.ndim < 3:
            return made
        return in_format_of(made, *args, *kwargs.values())

    return cast(F, in_format)
