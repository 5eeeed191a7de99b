"""Linear algebra, as ``torch.linalg``.

Follows https://docs.pytorch.org/docs/stable/linalg.html
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from .autograd.out import castable
from .kernels.linalg import LinAlgError
from .ops.arguments import numpy_names
from .ops.arguments import take_tensors as _take_tensors
from .ops.arithmetic import mul
from .ops.decompositions import (
    cholesky_ex,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    svdvals,
)
from .ops.decompositions import linalg_cholesky as cholesky
from .ops.decompositions import linalg_qr as qr
from .ops.decompositions import linalg_svd as svd
from .ops.diagonals import diagonal as _diagonal
from .ops.geometry import linalg_cross as cross
from .ops.householder import householder_product
from .ops.ldl import ldl_factor, ldl_factor_ex, ldl_solve
from .ops.least_squares import lstsq, matrix_rank, pinv
from .ops.linalg import inv_ex, solve, solve_ex, solve_triangular, tensorinv, tensorsolve
from .ops.linalg import inverse as _inverse
from .ops.lu import linalg_lu as lu
from .ops.lu import linalg_lu_solve as lu_solve
from .ops.lu import lu_factor, lu_factor_ex
from .ops.matmul import chain_product, column, matmul, row
from .ops.matrix_functions import linalg_det as det
from .ops.matrix_functions import linalg_slogdet as slogdet
from .ops.matrix_functions import matrix_exp as _matrix_exp
from .ops.matrix_functions import matrix_power as _matrix_power
from .ops.matrix_functions import vander
from .ops.matrix_norm import cond, matrix_norm, norm
from .ops.reduction import sum
from .ops.shape import view_p
from .ops.vector_norm import vector_norm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._tensor import Tensor

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "ldl_factor",
    "ldl_factor_ex",
    "ldl_solve",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonals of matrices, a view."""
    return _diagonal(A, offset, dim1, dim2)


def inv(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of square matrices.

    Raises:
        LinAlgError: a matrix is singular.
    """
    return _inverse(A)


def matrix_exp(input: Tensor) -> Tensor:
    """The exponential ``1 + input + input input / 2 + ...`` of square matrices."""
    return _matrix_exp(input)


@castable
def matrix_power(input: Tensor, n: int, *, out: Tensor | None = None) -> Tensor:
    """Square matrices to the integer power ``n``; negative powers are those of the inverse."""
    return _matrix_power(input, n)


@numpy_names
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """The dot products of vectors along ``dim``; ``x`` is conjugated where it is complex."""
    if x.dtype.is_complex:
        x = x.conj()
    return sum(mul(x, y), dim)


def multi_dot(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """The product of two or more matrices in the cheapest order; the ends may be vectors."""
    factors = list(tensors)
    n = len(factors)
    if n < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {n}")
    for k, x in enumerate(factors):
        allowed = (1, 2) if k in (0, n - 1) else (2,)
        if x.ndim not in allowed:
            raise RuntimeError(
                f"multi_dot(): tensor {k} must be {'1D or ' if 1 in allowed else ''}2D but got "
                f"{x.ndim}D"
            )
        if x.dtype != factors[0].dtype:
            raise RuntimeError(
                "multi_dot(): all tensors must have be the same dtype but tensor 0 is "
                f"{factors[0].dtype} and tensor {k} {x.dtype}"
            )
    first, last = factors[0].ndim == 1, factors[-1].ndim == 1
    if first:
        factors[0] = row(factors[0])
    if last:
        factors[-1] = column(factors[-1])
    for k, (a, b) in enumerate(itertools.pairwise(factors)):
        if a.shape[1] != b.shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {k} and {k + 1} with shapes {list(a.shape)} and "
                f"{list(b.shape)} cannot be multiplied"
            )
    product = chain_product(factors)
    rows, columns = product.shape
    return view_p(product, (*(() if first else (rows,)), *(() if last else (columns,))))


_take_tensors(globals(), "linalg_")
