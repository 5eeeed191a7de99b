"""Reductions over dimensions: sums, means, extrema, counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.primitive import primitive
from .arguments import numpy_names, some_dims
from .conversion import to
from .shape import expanded, reshaped

__all__ = ["sum"]


def spread(g: Any, shape: tuple[int, ...], dim: tuple[int, ...], keepdim: bool) -> Any:
    """The gradient of a sum: ``g`` repeated along the dimensions that were summed."""
    if not keepdim and g.ndim:
        g = reshaped(g, tuple(1 if k in dim else n for k, n in enumerate(shape)))
    return expanded(g, shape)


def _sum(x: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    return np.add.reduce(x, axis=dim, keepdims=keepdim)


total = primitive(
    _sum,
    "x | dim keepdim",
    lambda g, shape, dim, keepdim: spread(g, shape, dim, keepdim),
    name="sum",
    traits=("linear",),
)


@numpy_names
def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum over ``dim`` (all by default); integers and bools sum to int64.

    Example:
        >>> import minitorch
        >>> minitorch.sum(minitorch.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)
        tensor([4., 6.])

    Follows https://docs.pytorch.org/docs/stable/generated/torch.sum.html
    """
    if dtype is not None:
        input = to(input, dtype)
    elif input.dtype.kind in "biu" if isinstance(input, np.ndarray) else input.dtype.category < 2:
        input = to(input, np.int64)
    return total(input, some_dims(dim, input.ndim), keepdim)
