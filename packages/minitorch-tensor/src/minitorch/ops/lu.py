"""The LU decomposition, and linear equations by it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import return_types
from ..autograd.primitive import primitive
from ..kernels import lu as kernels
from ..kernels.linalg import LinAlgError
from .broadcasting import broadcast_shapes
from .decompositions import eye
from .joining import cat_p
from .linalg import linalg_solve_triangular_p, matrices, one_dtype, same_batch, square, triangle
from .matmul import adjoint as conjugate
from .matmul import matmul, transposed
from .shape import contiguous

if TYPE_CHECKING:
    from .._tensor import Tensor
    from ..autograd.primitive import Operation

__all__ = ["lu", "lu_solve", "lu_unpack", "triangular_solve"]


def _lower(lu: Any) -> Any:
    """The unit lower triangle, as many columns as there are pivots."""
    m, n = lu.shape[-2:]
    k = min(m, n)
    return triangle(lu[..., :k], False, True) + eye(lu, m, k)


def _upper(lu: Any) -> Any:
    return triangle(lu[..., : min(lu.shape[-2:]), :], True)


def _factors_rule(g: Any, out: Any) -> Any:
    # of x = l u, square: gx = l'^-1 (tril(l' gl, -1) + triu(gu u')) u'^-1; what is left of a wide
    # or a tall matrix is u2 = l^-1 x2 or l2 = x2 u^-1
    m, n = out.shape[-2:]
    k = min(m, n)
    l_t, u_t = transposed(_lower(out)[..., :k, :]), transposed(_upper(out)[..., :k])
    gl, gu = triangle(g[..., :k, :k], False, True), triangle(g[..., :k, :k], True)
    rest = None
    if n > k:
        rest = linalg_solve_triangular_p(l_t, g[..., k:], True, True)
        gl = gl - triangle(matmul(rest, transposed(out[..., k:])), False, True)
    if m > k:
        rest = _over_upper(u_t, g[..., k:, :])
        gu = gu - triangle(matmul(transposed(out[..., k:, :]), rest), True)
    inner = triangle(matmul(l_t, gl), False, True) + triangle(matmul(gu, u_t), True)
    made = _over_upper(u_t, linalg_solve_triangular_p(l_t, inner, True, True))
    return made if rest is None else cat_p([made, rest], out.ndim - (1 if n > k else 2))


def _over_upper(u_t: Any, x: Any) -> Any:
    """``x u'^-1``."""
    return transposed(linalg_solve_triangular_p(transposed(u_t), transposed(x), True, False))


lu_factor_ex_p = primitive(kernels.factors, "x -> lu pivots info", None, name="lu_factor_ex")
lu_order_p = primitive(kernels.order, "pivots | m", None, name="lu_order")
permutation_p = primitive(kernels.permutation, "pivots | m dtype", None, name="lu_permutation")
order_back_p = primitive(lambda order: np.argsort(order, -1), "order", None, name="order_back")
# of a matrix whose rows are in order already; `known` are its factors
lu_factors_p = primitive(
    lambda x, known: known, "x known", lambda g, out: _factors_rule(g, out), None,
    name="lu_factors", label="LinalgLuFactorExBackward0",
)  # fmt: skip
permute_rows_p: Operation = primitive(
    lambda x, order: np.take_along_axis(x, order[..., None], -2),
    "x order",
    lambda g, order: permute_rows_p(g, order_back_p(order)),
    None,
    name="permute_rows",
)


def _factor(name: str, A: Tensor, pivot: bool) -> tuple[Tensor, Tensor, Tensor]:
    matrices(name, A)
    if not pivot:
        raise RuntimeError(f"{name}: LU without pivoting is not implemented on the CPU")
    known, pivots, info = lu_factor_ex_p(A)
    rows = permute_rows_p(A, lu_order_p(pivots, A.shape[-2]))
    return lu_factors_p(rows, known), pivots, info


def lu_factor(
    A: Tensor, *, pivot: bool = True, out: tuple[Tensor, Tensor] | None = None
) -> return_types.linalg_lu_factor:
    """``(LU, pivots)``: both triangles in one matrix (the diagonal is that of ``U``), and the row,
    counted from 1, that each step swapped with its own.

    Raises:
        RuntimeError: ``pivot`` is False; a pivot is zero.

    Example:
        >>> import minitorch
        >>> minitorch.linalg.lu_factor(minitorch.tensor([[1.0, 2.0], [2.0, 2.0]])).LU
        tensor([[2.0000, 2.0000],
                [0.5000, 1.0000]])
    """
    lu, pivots, info = _factor("torch.linalg.lu_factor", A, pivot)
    _check(info)
    return return_types.linalg_lu_factor(lu, pivots)


def _check(tensor: Tensor) -> None:
    if tensor.is_meta:
        return
    info = tensor._array()
    if info.any():
        k = int(np.flatnonzero(info)[0])
        where = f"(Batch element {k}): " if info.ndim else ""
        raise LinAlgError(
            f"torch.linalg.lu_factor: {where}U[{info.flat[k]},{info.flat[k]}] is zero and using it "
            "on lu_solve would result in a division by zero. If you still want to perform the "
            "factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"
        )


def lu_factor_ex(
    A: Tensor, *, pivot: bool = True, check_errors: bool = False,
    out: tuple[Tensor, Tensor, Tensor] | None = None,
) -> return_types.linalg_lu_factor_ex:  # fmt: skip
    """``lu_factor`` and ``info``: the first pivot, counted from 1, that is zero, or 0."""
    lu, pivots, info = _factor("torch.linalg.lu_factor_ex", A, pivot)
    if check_errors:
        _check(info)
    return return_types.linalg_lu_factor_ex(lu, pivots, info)


def linalg_lu(
    A: Tensor, *, pivot: bool = True, out: tuple[Tensor, Tensor, Tensor] | None = None
) -> return_types.linalg_lu:
    """``(P, L, U)``: ``A = P @ L @ U`` with a permutation, a unit lower and an upper triangle."""
    lu, pivots, _ = _factor("linalg.lu", A, pivot)
    p = permutation_p(pivots, A.shape[-2], lu._data.dtype)
    return return_types.linalg_lu(p, _lower(lu), _upper(lu))


def linalg_lu_solve(
    LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The solution of ``A X = B`` (of ``X A = B`` where not ``left``) from the factors of ``A``; of
    ``A'`` with ``adjoint``.
    """
    name = "torch.linalg.lu_solve"
    square(name, LU)
    one_dtype(name, LU, B)
    if pivots.dtype.name != "int32":
        raise RuntimeError(
            f"{name}: pivots should be a Tensor of scalar type torch.int32, but is {pivots.dtype}"
        )
    if B.ndim < 2 or B.shape[-2 if left else -1] != LU.shape[-1]:
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'} ({list(LU.shape)} and {list(B.shape)})"
        )
    same_batch(name, LU, B)
    if not left:  # x a = b, a' x' = b'
        turned = linalg_lu_solve(LU, pivots, conjugate(B), adjoint=not adjoint)
        return contiguous(conjugate(turned))
    order = lu_order_p(pivots, LU.shape[-1])
    lower, upper = triangle(LU, False, True), triangle(LU, True)
    if not adjoint:
        rows = _ordered(B, order)
        made = linalg_solve_triangular_p(lower, rows, False, True)
        return linalg_solve_triangular_p(upper, made, True, False)
    made = linalg_solve_triangular_p(conjugate(upper), B, False, False)
    made = linalg_solve_triangular_p(conjugate(lower), made, True, True)
    return _ordered(made, order_back_p(order))


def _ordered(x: Tensor, order: Tensor) -> Tensor:
    batch = broadcast_shapes(x.shape[:-2], order.shape[:-1])
    x = x.expand(*batch, *x.shape[-2:])
    return permute_rows_p(x, order.expand(*batch, order.shape[-1]))


def lu_solve(
    input: Tensor, LU_data: Tensor, LU_pivots: Tensor, *, out: Tensor | None = None
) -> Tensor:
    """The solution of ``A X = input`` from the factors of ``A``; see ``linalg.lu_solve``."""
    return linalg_lu_solve(LU_data, LU_pivots, input)


def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True, *,
    out: tuple[Tensor, Tensor, Tensor] | None = None,
) -> return_types.lu_unpack:  # fmt: skip
    """``(P, L, U)`` of what ``lu_factor`` gave; empty what is not to be unpacked."""
    if unpack_pivots and LU_pivots.dtype.name != "int32":
        raise RuntimeError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 "
            f"dtype, but is {LU_pivots.dtype}"
        )
    p, lower, upper = (LU_data.new_empty(0) for _ in range(3))
    if unpack_pivots:
        p = permutation_p(LU_pivots, LU_data.shape[-2], LU_data._data.dtype)
    if unpack_data:
        lower, upper = contiguous(_lower(LU_data)), contiguous(_upper(LU_data))
    return return_types.lu_unpack(p, lower, upper)


def lu(
    A: Tensor, pivot: bool = True, get_infos: bool = False, *,
    out: tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:  # fmt: skip
    """``(LU, pivots)``, and ``info`` with ``get_infos``; PyTorch advises ``linalg.lu_factor``."""
    warnings.warn(
        "torch.lu is deprecated in favor of torch.linalg.lu_factor / torch.linalg.lu_factor_ex and "
        "will be removed in a future PyTorch release.",
        stacklevel=2,
    )
    made, pivots, info = _factor("lu", A, pivot)
    if get_infos:
        return made, pivots, info
    return made, pivots


def triangular_solve(
    input: Tensor, A: Tensor, upper: bool = True, transpose: bool = False,
    unitriangular: bool = False, *, out: tuple[Tensor, Tensor] | None = None,
) -> return_types.triangular_solve:  # fmt: skip
    """The solution of ``A X = input`` (``A' X = input`` with ``transpose``), and ``A``, of
    which one triangle is looked at; PyTorch advises ``linalg.solve_triangular``.
    """
    warnings.warn(
        "torch.triangular_solve is deprecated in favor of torch.linalg.solve_triangular and will "
        "be removed in a future PyTorch release.",
        stacklevel=2,
    )
    square("triangular_solve", A)
    matrices("triangular_solve", input)
    one_dtype("triangular_solve", A, input)
    same_batch("triangular_solve", A, input)
    a = transposed(A) if transpose else A
    made = contiguous(linalg_solve_triangular_p(a, input, upper is not transpose, unitriangular))
    batch = tuple(made.shape[:-2])
    return return_types.triangular_solve(made, A.expand(*batch, *A.shape[-2:]).clone())
