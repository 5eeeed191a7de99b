"""``Size``: the shape of a tensor, a tuple that prints and counts as PyTorch's."""

from __future__ import annotations

import math
from typing import Any, SupportsIndex, overload


class Size(tuple[int, ...]):
    """The sizes of a tensor's dimensions.

    Example:
        >>> import minitorch
        >>> minitorch.zeros(2, 3).shape
        torch.Size([2, 3])
        >>> minitorch.zeros(2, 3).shape.numel()
        6
    """

    __slots__ = ()

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
        made = super().__getitem__(key)
        return Size(made) if isinstance(key, slice) else made

    def __add__(self, other: Any) -> Size:
        return Size(super().__add__(tuple(other)))
