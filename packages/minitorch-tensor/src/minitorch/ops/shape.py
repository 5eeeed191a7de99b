"""Shapes: reshaping, permuting, expanding, slicing. Where NumPy shares memory, the result is a view."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.primitive import primitive
from .arguments import as_shape, one_dim

__all__ = ["expand", "permute", "reshape", "transpose", "view"]

VIEW = {"view": True, "traits": ("linear",)}


def _reshape(x: Any, shape: tuple[int, ...]) -> Any:
    return x.reshape(shape)


reshaped = primitive(
    _reshape, "x | shape", lambda g, x_shape: reshaped(g, x_shape), name="view", **VIEW
)


def reshape(input: Any, *shape: Any) -> Any:
    """The same elements in another shape; a view where the memory allows it.

    Args:
        shape: sizes, one of which may be -1: whatever is left.

    Raises:
        RuntimeError: the sizes do not fit the number of elements.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.reshape.html
    """
    sizes = as_shape(shape)
    try:
        return reshaped(input, sizes)
    except ValueError:
        raise RuntimeError(
            f"shape '{list(sizes)}' is invalid for input of size {math.prod(input.shape)}"
        ) from None


def _permute(x: Any, dims: tuple[int, ...]) -> Any:
    return x.transpose(dims)


permuted = primitive(
    _permute,
    "x | dims",
    lambda g, dims: permuted(g, tuple(sorted(range(len(dims)), key=dims.__getitem__))),
    name="permute",
    **VIEW,
)


def permute(input: Any, *dims: Any) -> Any:
    """The dimensions in another order, a view.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.permute.html
    """
    order = as_shape(dims)
    n = input.ndim
    if len(order) != n:
        raise RuntimeError(
            f"permute(sparse_coo): number of dimensions in the tensor input does not match the "
            f"length of the desired ordering of dimensions i.e. input.dim() = {n} is not equal to "
            f"len(dims) = {len(order)}"
        )
    return permuted(input, tuple(one_dim(d, n) for d in order))


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Two dimensions swapped, a view."""
    n = input.ndim
    order = list(range(n))
    a, b = one_dim(dim0, n), one_dim(dim1, n)
    if n:
        order[a], order[b] = b, a
    return permuted(input, tuple(order))


def _expand(x: Any, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(x, shape)


# the engine sums the gradient back to the input's shape
expanded = primitive(_expand, "x | shape", lambda g: g, name="expand", **VIEW)


def expand(input: Any, *sizes: Any) -> Any:
    """Dimensions of size 1 repeated without a copy, a view that cannot be written to."""
    shape = as_shape(sizes)
    lead = len(shape) - input.ndim
    full = tuple(
        input.shape[k - lead] if n == -1 and k >= lead else n for k, n in enumerate(shape)
    )
    return expanded(input, full)


def view(input: Any, *shape: Any) -> Any:
    """The same memory in another shape."""
    return reshape(input, *shape)
