"""Vectors in space: the cross product, distances between points."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.primitive import primitive
from .arguments import numpy_names, one_dim
from .conversion import promote
from .norm import vector_norm
from .shape import reshaped

__all__ = ["cdist", "cross"]


def _cross(a: Any, b: Any, dim: int) -> Any:
    a1, a2, a3 = np.moveaxis(a, dim, 0)
    b1, b2, b3 = np.moveaxis(b, dim, 0)
    return np.stack([a2 * b3 - a3 * b2, a3 * b1 - a1 * b3, a1 * b2 - a2 * b1], dim)


# g . (da x b) = da . (b x g)
crossed = primitive(
    _cross,
    "a b | dim",
    lambda g, b, dim: crossed(b, g, dim),
    lambda g, a, dim: crossed(g, a, dim),
    name="linalg_cross",
)


@numpy_names
def linalg_cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """The cross product of vectors of three elements along ``dim``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.linalg.cross.html
    """
    if input.ndim != other.ndim:
        raise RuntimeError(
            "linalg.cross: inputs must have the same number of dimensions, but have the shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    d = one_dim(dim, input.ndim)
    if not input.ndim or input.shape[d] != 3 or other.shape[d] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    try:
        np.broadcast_shapes(tuple(input.shape), tuple(other.shape))
    except ValueError:
        raise RuntimeError(
            f"linalg.cross: the shapes {list(input.shape)} and {list(other.shape)} do not broadcast"
        ) from None
    return crossed(*promote(input, other), d)


@numpy_names
def cross(input: Any, other: Any, dim: int | None = None) -> Any:
    """The cross product along ``dim``, by default the first dimension of size 3.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.cross.html
    """
    if dim is None:
        found = [k for k, n in enumerate(input.shape) if n == 3]
        if not found:
            raise RuntimeError(f"no dimension of size 3 in input: the shape is {list(input.shape)}")
        dim = found[0]
    return linalg_cross(input, other, dim=dim)


def cdist(
    x1: Any,
    x2: Any,
    p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> Any:
    """The p-norm distance between each row of ``x1`` and each row of ``x2``.

    ``(..., n, d)`` and ``(..., m, d)`` give ``(..., n, m)``; the batch dimensions broadcast.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.cdist.html
    """
    for k, x in enumerate((x1, x2), 1):
        if x.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, X{k} got: {x.ndim}D")
        if not x.dtype.is_floating_point:
            raise RuntimeError(f"cdist only supports floating-point dtypes, X{k} got: {x.dtype}")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}"
        )
    if p < 0:
        raise RuntimeError(f"cdist only supports non-negative p values, got {p}")
    rows = reshaped(x1, (*x1.shape[:-1], 1, x1.shape[-1]))
    columns = reshaped(x2, (*x2.shape[:-2], 1, *x2.shape[-2:]))
    difference = rows - columns
    if not x1.shape[-1]:
        return difference.sum(-1)
    return vector_norm(difference, p, -1)
