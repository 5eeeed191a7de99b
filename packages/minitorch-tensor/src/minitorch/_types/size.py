"""``Size``: the shape of a tensor, a tuple that prints and counts as PyTorch's."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Self, SupportsIndex, overload


class Size(tuple[int, ...]):
    """The sizes of a tensor's dimensions: integers of any kind, kept as Python's.

    Raises:
        TypeError: something in it is no integer.

    Example:
        >>> import minitorch
        >>> minitorch.zeros(2, 3).shape
        torch.Size([2, 3])
        >>> minitorch.zeros(2, 3).shape.numel()
        6
    """

    __slots__ = ()

    def __new__(cls, sizes: Iterable[SupportsIndex] = ()) -> Self:
        given: tuple[Any, ...] = tuple(sizes)
        if not {*map(type, given)} <= {int}:
            given = tuple([_integer(k, n) for k, n in enumerate(given)])
        return super().__new__(cls, given)

    def numel(self) -> int:
        """The number of elements: the product of the sizes."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    @overload
    def __getitem__(self, key: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> Size: ...
    def __getitem__(self, key: Any) -> Any:
        made = _item(self, key)
        return tuple.__new__(Size, made) if type(key) is slice else made

    def __add__(self, other: tuple[SupportsIndex, ...]) -> Size:  # type: ignore[override]  # a Size, as PyTorch's
        if not isinstance(other, tuple):
            raise TypeError(f"can only concatenate tuple (not {type(other).__name__}) to Size")
        return Size(super().__add__(other))

    def __radd__(self, other: tuple[SupportsIndex, ...]) -> Size:
        return Size(other + tuple(self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, count: SupportsIndex) -> Size:
        return Size(super().__mul__(count))

    __rmul__ = __mul__


_item: Any = tuple.__getitem__  # every `x.shape[0]` asks: half the time that super() takes


def _integer(place: int, value: Any) -> int:
    try:
        return int(value.__index__())
    except (AttributeError, TypeError):
        raise TypeError(
            f"torch.Size() takes an iterable of 'int' (item {place} is "
            f"'{type(value).__name__}': {value!r:.60})"
        ) from None
