"""Vectors in space: the cross product, distances between points."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.fused import fused
from ..autograd.primitive import primitive
from ..kernels.memory import packed
from .arguments import numpy_names, one_dim
from .choice import zeros_like_p
from .complex_parts import sgn
from .conversion import not_implemented
from .shape import view_p
from .vector_norm import vector_norm

if TYPE_CHECKING:
    from .._tensor import Tensor
    from ..autograd.primitive import Operation

__all__ = ["cdist", "cross"]

MODES = (
    "use_mm_for_euclid_dist_if_necessary",
    "use_mm_for_euclid_dist",
    "donot_use_mm_for_euclid_dist",
)


def _cross(a: Any, b: Any, dim: int) -> Any:
    a1, a2, a3 = np.moveaxis(a, dim, 0)
    b1, b2, b3 = np.moveaxis(b, dim, 0)
    return packed(np.stack([a2 * b3 - a3 * b2, a3 * b1 - a1 * b3, a1 * b2 - a2 * b1], dim))


# g . (da x b) = da . (b x g)
linalg_cross_p: Operation = primitive(
    _cross,
    "a b | dim",
    lambda g, b, dim: linalg_cross_p(b, g, dim),
    lambda g, a, dim: linalg_cross_p(g, a, dim),
    name="linalg_cross",
)


def check_same(x: Any, y: Any, name: str) -> None:
    if x.dtype != y.dtype:
        raise RuntimeError(
            f"{name}: expected scalar type {x.dtype.type_name} but found {y.dtype.type_name}: "
            f"convert one of them, as with .to({x.dtype})"
        )


@numpy_names
def linalg_cross(
    input: Tensor, other: Tensor, *, dim: int = -1, out: Tensor | None = None
) -> Tensor:
    """The cross product of vectors of three elements along ``dim``."""
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
    check_same(input, other, "linalg.cross")
    if not input.dtype.category:
        raise not_implemented("cross", input.dtype)
    return linalg_cross_p(input, other, d)


@numpy_names
def cross(
    input: Tensor, other: Tensor, dim: int | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The cross product along ``dim``, by default the first dimension of size 3."""
    if dim is None:
        warnings.warn(
            "Using torch.cross without specifying the dim arg is deprecated. Please either pass "
            "the dim explicitly or simply use torch.linalg.cross, whose default is -1.",
            stacklevel=2,
        )
        found = [k for k, n in enumerate(input.shape) if n == 3]
        if not found:
            raise RuntimeError(f"no dimension of size 3 in input: the shape is {list(input.shape)}")
        dim = found[0]
    return linalg_cross(input, other, dim=dim)


def _euclidean(x: Any, y: Any) -> Any:
    # |x - y|^2 = |x|^2 + |y|^2 - 2 x.y: one product of matrices, no array of all differences;
    # in double precision, since the terms cancel where the points are close
    a, b = packed(x.astype(np.float64, copy=False)), packed(y.astype(np.float64, copy=False))
    squares = (a * a).sum(-1)[..., :, None] + (b * b).sum(-1)[..., None, :]
    squares -= 2 * np.matmul(a, b.mT)
    return np.sqrt(np.maximum(squares, 0, out=squares), out=squares).astype(x.dtype)


def _euclidean_rule(g: Any, x: Any, y: Any, out: Any) -> Any:
    a, b = x.astype(np.float64, copy=False), y.astype(np.float64, copy=False)
    w = np.where(out > 0, g / out, 0).astype(np.float64)
    return (
        (a * w.sum(-1)[..., None] - np.matmul(w, b)).astype(x.dtype),
        (b * w.sum(-2)[..., None] - np.matmul(w.mT, a)).astype(y.dtype),
    )


# Of a maximum each tie has the whole gradient, and NaNs do not count: PyTorch's rules
# for distances, which differ from those of norms.
greatest_distance_p = primitive(
    lambda d: np.maximum.reduce(abs(d), axis=-1, initial=0),
    "d",
    lambda g, d, out: view_p(g, (*g.shape, 1)) * sgn(d) * (abs(d) == view_p(out, (*g.shape, 1))),
    name="greatest_distance",
)
zero_norm_p = primitive(
    lambda d: np.minimum(np.ceil(abs(d)), 1).sum(-1),
    "d",
    lambda g, d: zeros_like_p(d),
    name="zero_norm",
)


def difference_norm(d: Tensor, p: float) -> Tensor:
    """The ``p``-norm of differences over the last dimension."""
    if p in (0, math.inf):
        return (greatest_distance_p if p else zero_norm_p)(d)
    return vector_norm(d, p, -1)


def _distances(x: Any, y: Any, p: float = 2.0) -> Tensor:
    rows = view_p(x, (*x.shape[:-1], 1, x.shape[-1]))
    columns = view_p(y, (*y.shape[:-2], 1, *y.shape[-2:]))
    return difference_norm(rows - columns, p)


cdist_p = fused(
    _euclidean, "x y", _euclidean_rule, _distances, name="cdist", label="EuclideanDistBackward0"
)


def cdist(
    x1: Tensor,
    x2: Tensor,
    p: float = 2.0,
    compute_mode: str = MODES[0],
) -> Tensor:
    """The p-norm distance between each row of ``x1`` and each row of ``x2``.

    ``(..., n, d)`` and ``(..., m, d)`` give ``(..., n, m)``; the batch dimensions broadcast. As in
    PyTorch, Euclidean distances of more than 25 points come from a product of matrices, unless
    ``compute_mode`` forbids it: distances far below the points' own size are rounded then.
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
    if compute_mode not in MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    check_same(x1, x2, "cdist")
    if p < 0:
        raise RuntimeError(f"cdist only supports non-negative p values, got {p}")
    if not x1.shape[-1]:
        return (view_p(x1, (*x1.shape, 1)) * view_p(x2, (*x2.shape[:-2], 1, 0, x2.shape[-2]))).sum(
            -2
        )
    large = x1.shape[-2] > 25 or x2.shape[-2] > 25
    if p == 2 and (compute_mode == MODES[1] or (compute_mode == MODES[0] and large)):
        return cdist_p(x1, x2)
    return _distances(x1, x2, p).contiguous()
