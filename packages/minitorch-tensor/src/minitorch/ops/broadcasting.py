"""Broadcasting: dimensions of size 1 repeated without a copy, and summed back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.frames import fold
from ..autograd.primitive import primitive
from ..autograd.variable import Variable
from ..kernels.memory import storage_of, window
from .arguments import as_shape
from .shape import VIEW, view_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor import Tensor
    from .._types.size import Size

__all__ = ["broadcast_shapes", "broadcast_tensors", "broadcast_to", "expand"]


def _expand(x: Any, shape: tuple[int, ...]) -> Any:
    if x.shape == shape:
        return x if isinstance(x, np.generic) else x.view()
    x = np.asarray(x)
    lead, strides, step = len(shape) - x.ndim, [0] * len(shape), 0
    for k in reversed(range(len(shape))):  # a new dimension of size 1 goes around all within it
        n = 1
        if k >= lead:
            n, step = x.shape[k - lead], x.strides[k - lead]
        strides[k] = step if n == shape[k] else 0
        if n != shape[k] and n != 1:
            raise ValueError(f"{x.shape} does not broadcast to {shape}")
        step = strides[k] * shape[k]
    memory, start = storage_of(x)
    out = window(memory, shape, x.dtype, start, strides)
    if not x.flags.writeable:
        out.flags.writeable = False
    return out


# the engine sums the gradient back to the input's shape
expand_p = primitive(_expand, "x | shape", lambda g: g, name="expand", **VIEW)


def expand(
    input: Tensor,
    *sizes: int | Sequence[int],
    size: Sequence[int] | None = None,
    implicit: bool = False,
) -> Tensor:
    """Dimensions of size 1 repeated without a copy, a view that cannot be written to.

    Args:
        sizes: the new shape; -1 keeps a size.

    Raises:
        RuntimeError: a size other than 1 would have to change.
    """
    try:
        return _expand_to(input, as_shape(sizes if size is None else (size,)))
    except Exception as error:
        fold(error)
        raise


def _expand_to(input: Any, sizes: tuple[int, ...]) -> Tensor:
    shape = tuple(input.shape)
    lead = len(sizes) - len(shape)
    if lead < 0:
        raise RuntimeError(
            f"expand({list(shape)}, size={list(sizes)}): the number of sizes provided "
            f"({len(sizes)}) must be greater or equal to the number of dimensions in the tensor "
            f"({len(shape)})"
        )
    full = tuple(shape[k - lead] if n == -1 and k >= lead else n for k, n in enumerate(sizes))
    try:
        return expand_p(input, full)
    except (ValueError, RuntimeError):
        raise RuntimeError(_cannot_expand(shape, full, lead)) from None


def _cannot_expand(shape: tuple[int, ...], full: tuple[int, ...], lead: int) -> str:
    for k in reversed(range(len(full))):
        if k < lead and full[k] < 0:
            return (
                f"The expanded size of the tensor ({full[k]}) isn't allowed in a leading, "
                f"non-existing dimension {k}"
            )
        if k >= lead and shape[k - lead] not in (1, full[k]):
            return (
                f"The expanded size of the tensor ({full[k]}) must match the existing size "
                f"({shape[k - lead]}) at non-singleton dimension {k}.  Target sizes: "
                f"{list(full)}.  Tensor sizes: {list(shape)}"
            )
    return f"cannot expand {list(shape)} to {list(full)}"


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """``input`` expanded to the shape of ``other``."""
    return _expand_to(input, tuple(other.shape))


def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """``expand`` under NumPy's name."""
    return _expand_to(input, as_shape((size,)))


def broadcast_shapes(*shapes: int | Sequence[int]) -> Size:
    """The shape to which all ``shapes`` broadcast.

    Raises:
        RuntimeError: they do not.
    """
    from .._types.size import Size

    sizes = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    try:
        return Size(np.broadcast_shapes(*sizes))
    except ValueError:
        raise RuntimeError(
            "Shape mismatch: objects cannot be broadcast to a single shape: "
            + ", ".join(str(list(s)) for s in sizes)
        ) from None


def broadcast_tensors(*tensors: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The tensors expanded to their common shape; those that have it are returned themselves."""
    xs: tuple[Any, ...] = tensors
    if len(xs) == 1 and not isinstance(xs[0], Variable):
        xs = tuple(xs[0])
    shape = tuple(broadcast_shapes(*(x.shape for x in xs)))
    return tuple(x if x.shape == shape else expand_p(x, shape) for x in xs)


def sum_to_size(
    input: Tensor, *sizes_: int | Sequence[int], size: Sequence[int] | None = None
) -> Tensor:
    """``input`` summed to a shape that broadcasts to its own: ``2, 1``, ``(2, 1)`` or ``size=``."""
    sizes = as_shape(sizes_ if size is None else (size,))
    shape = tuple(input.shape)
    lead = len(shape) - len(sizes)
    if lead < 0 or any(n not in (1, m) for n, m in zip(sizes, shape[max(lead, 0) :], strict=True)):
        raise RuntimeError(f"size {list(sizes)} is not expandable to size {list(shape)}.")
    dims = (*range(lead), *(k + lead for k, n in enumerate(sizes) if n == 1 != shape[k + lead]))
    made = input.sum(dims, True) if dims or not sizes else input
    return made if len(sizes) == len(shape) else view_p(made, sizes)
