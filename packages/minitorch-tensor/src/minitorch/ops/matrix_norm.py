"""Norms of matrices and their condition number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..autograd.out import castable
from .arguments import numpy_names, one_dim, some_dims
from .decompositions import singular_values
from .extrema import amax, amin
from .linalg import floating, linalg_inv_ex_p, matrices, square
from .reduction import sum
from .shape import permute_p, view_p
from .vector_norm import inexact, vector_norm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor import Tensor
    from .._types.dtype import dtype

__all__ = ["cond", "matrix_norm", "norm"]


@numpy_names
def matrix_norm(
    input: Tensor,
    ord: float | str = "fro",
    dim: Sequence[int] = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The norm of the matrices in two dimensions of ``input``.

    Args:
        input: floats, at least two dimensions.
        ord: "fro" (root of the sum of squares), "nuc" (sum of the singular values), 1 and inf
            (largest sum of a column, of a row), 2 (largest singular value); -1, -inf and -2 for
            the smallest.
        dim: the dimensions of the rows and of the columns.
        keepdim: keep them with size 1.
        dtype: convert to it first.
    """
    spectral = ord in ("nuc", 2, -2)
    matrices("linalg.matrix_norm", input, False)
    floating("linalg.matrix_norm", input, low=not spectral)
    if isinstance(dim, int) or len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}")
    rows, columns = (one_dim(d, input.ndim) for d in dim)
    if rows == columns:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    input = inexact("linalg.matrix_norm", input, dtype)
    if ord == "fro":
        return vector_norm(input, 2, (rows, columns), keepdim)
    largest = sum if 0 in (input.shape[rows], input.shape[columns]) else amax  # of nothing: 0
    extreme = largest if isinstance(ord, str) or ord > 0 else amin
    if spectral:
        rest = [k for k in range(input.ndim) if k not in (rows, columns)]
        s = singular_values(permute_p(input, (*rest, rows, columns)))
        result = sum(s, -1) if ord == "nuc" else extreme(s, -1)
        if not keepdim:
            return result
        return view_p(
            result, tuple(1 if k in (rows, columns) else n for k, n in enumerate(input.shape))
        )
    if ord not in (1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    inner, outer = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = extreme(vector_norm(input, 1, inner, True), outer, True)
    if keepdim:
        return sums
    return view_p(sums, tuple(n for k, n in enumerate(input.shape) if k not in (rows, columns)))


@numpy_names
def norm(
    input: Tensor,
    ord: float | str | None = None,
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The norm of vectors or, where ``dim`` (or ``ord`` and ``input``) has two dimensions, of
    matrices.

    Without ``ord``, the 2-norm of all elements.
    """
    if ord is None:
        return vector_norm(input, 2, dim, keepdim, dtype=dtype)
    dims = None if dim is None else some_dims(dim, input.ndim)
    if dims is None and input.ndim not in (1, 2):
        raise RuntimeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
            f"{input.ndim}D."
        )
    if dim is not None and not isinstance(dim, int) and len(dim) > 2:
        raise RuntimeError(
            f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dim)}"
        )
    if (dims is None and input.ndim == 2) or (dims is not None and len(dims) == 2):
        return matrix_norm(input, ord, dims or (-2, -1), keepdim, dtype=dtype)
    if isinstance(ord, str):
        raise RuntimeError(f"linalg.norm: order {ord!r} needs two dimensions, not {dim}")
    return vector_norm(input, ord, dim, keepdim, dtype=dtype)


@castable
def cond(input: Tensor, p: float | str | None = None, *, out: Tensor | None = None) -> Tensor:
    """The condition number ``norm(input, p) * norm(inv(input), p)``; inf for singular matrices."""
    matrices("linalg.cond", input)
    if p in (None, 2, -2):
        s = singular_values(input)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    if p not in ("fro", "nuc", 1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    square("linalg.cond", input)
    inverse = linalg_inv_ex_p(input)
    singular = ~inverse.isfinite().all(-1).all(-1)
    inverse = inverse.masked_fill(singular[..., None, None], 1)  # norms want numbers
    made = matrix_norm(input, p) * matrix_norm(inverse, p)
    return made.masked_fill(singular | made.isnan(), np.inf)
