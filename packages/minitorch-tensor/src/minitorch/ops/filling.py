"""Writes into a tensor: its diagonal, element by element, in another's size."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.layout import preserve_format
from ..autograd.inplace import check_history
from ..autograd.variable import Variable
from ..kernels.memory import format_of
from .storage import as_strided, resize_

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor.tensor import Tensor
    from .._types.layout import memory_format

__all__ = ["index_put_", "is_same_size", "resize_as_"]


def fill_diagonal_(input: Tensor, fill_value: complex, wrap: bool = False) -> Tensor:
    """Writes ``fill_value`` where all indices are equal; with ``wrap``, in a tall matrix, again
    below every square.
    """
    if input.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    if input.ndim > 2 and len(set(input.shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    rows, columns = input.shape[:2]
    step = sum(input.stride())
    count = min(rows, columns)
    as_strided(input, (count,), (step,)).fill_(fill_value)
    if wrap and rows > columns + 1 and input.ndim == 2:
        for start in range(columns + 1, rows, columns + 1):
            input[start:].fill_diagonal_(fill_value)
    return input


def map_(input: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Replaces each element ``a`` by ``callable(a, b)``, one by one in Python, ``b`` the element of
    ``tensor``, which is broadcast.
    """
    return _mapped(input, callable, tensor, name="map_")


def map2_(input: Tensor, x: Tensor, y: Tensor, callable: Callable[[Any, Any, Any], Any]) -> Tensor:
    """``map_`` with two tensors beside this one."""
    return _mapped(input, callable, x, y, name="map2_")


def _mapped(input: Any, callable: Callable[..., Any], *others: Any, name: str) -> Tensor:
    for other in others:
        if not isinstance(other, Variable):
            raise TypeError(f"{name}: argument must be Tensor, not {type(other).__name__}")
    if any(x.requires_grad for x in (input, *others)):
        raise RuntimeError("Can't call map_() on Variable that requires grad. Use var.detach()")
    check_history(input)
    data = input._array()
    try:
        arrays = [np.broadcast_to(x._array(), data.shape) for x in others]
    except ValueError:
        shapes = [list(x.shape) for x in others]
        raise RuntimeError(
            f"{name}: {shapes} do not broadcast to the shape that is written to, {list(data.shape)}"
        ) from None
    for place in np.ndindex(data.shape):
        data[place] = callable(data[place].item(), *[x[place].item() for x in arrays])
    input._counter[0] += 1
    return input  # type: ignore[no-any-return]  # a Tensor


def resize_as_(
    input: Tensor, the_template: Tensor, *, memory_format: memory_format | None = None
) -> Tensor:
    """``resize_`` to the size of ``the_template``."""
    if memory_format is preserve_format:
        memory_format = format_of(the_template._data)
    return resize_(input, tuple(the_template.shape), memory_format=memory_format)


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape."""
    return tuple(input.shape) == tuple(other.shape)


def index_put_(
    input: Tensor, indices: Sequence[Tensor | None], values: Tensor, accumulate: bool = False
) -> Tensor:
    """Writes ``values`` at ``input[indices]``, or adds them."""
    return input.index_put_(indices, values, accumulate)
