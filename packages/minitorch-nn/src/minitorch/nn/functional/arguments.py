"""Arguments of functions over one, two or three spatial dimensions."""

from __future__ import annotations

import functools
import math
import operator
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
    found = tuple(map(operator.index, value))
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


def suggests_channels_last(x: Any) -> bool:
    """Whether the steps in memory say that the channels are last, as ``torch.channels_last`` has
    them: of slices too, and where a size is 1.
    """
    if x.ndim not in (4, 5):
        return False
    size, stride = x.shape, x.stride()
    least = 0
    for dim in (1, *range(x.ndim - 1, 1, -1), 0):
        if not size[dim] or stride[dim] < least or not stride[1]:
            return False
        if dim == 0 and least == stride[1]:  # it could be either
            return False
        least = stride[dim] * size[dim]
    return True


def in_format_of(made: Any, *tensors: Any) -> Any:
    """``made``, with the channels last in memory where one of ``tensors`` has them there."""
    if any(isinstance(x, Tensor) and suggests_channels_last(x) for x in tensors):
        return (
            tuple(map(with_channels_last, made))
            if type(made) is tuple
            else with_channels_last(made)
        )
    return made


def with_channels_last(x: Any) -> Any:
    """``x`` with its channels last in memory; the steps say so where a size is 1, too."""
    if x.ndim not in (4, 5):
        return x
    x = x.contiguous(memory_format=channels_last if x.ndim == 4 else channels_last_3d)
    if 1 not in x.shape:
        return x
    _, channels, *sizes = x.shape
    steps = [channels * math.prod(sizes[k + 1 :]) for k in range(len(sizes))]
    stride = (channels * math.prod(sizes), 1, *steps)
    return x if x.stride() == stride else x.as_strided(x.shape, stride)


def keeps_channels_last(function: F) -> F:
    """Lets the results be in the memory format of the input or the weight."""

    @functools.wraps(function)
    def in_format(*args: Any, **kwargs: Any) -> Any:
        made = function(*args, **kwargs)
        return in_format_of(made, *args, *kwargs.values())

    return cast(F, in_format)
