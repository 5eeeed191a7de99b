"""Symmetric matrices that need not be positive: the decomposition ``P L D L' P'``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import return_types
from ..autograd.primitive import primitive
from ..kernels import ldl as kernels
from .linalg import one_dtype, same_batch, square

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["ldl_factor", "ldl_factor_ex", "ldl_solve"]

ldl_factor_ex_p = primitive(
    kernels.factors, "x | hermitian -> ld pivots info", None, name="linalg_ldl_factor_ex"
)
ldl_solve_p: Any = primitive(
    kernels.solve, "ld pivots b | hermitian", None, None, None, name="linalg_ldl_solve"
)


def ldl_factor_ex(
    input: Tensor, *, hermitian: bool = False, check_errors: bool = False,
    out: tuple[Tensor, Tensor, Tensor] | None = None,
) -> return_types.linalg_ldl_factor_ex:  # fmt: skip
    """``ldl_factor`` and ``info``: the first zero block of ``D``, counted from 1, or 0."""
    name = "torch.linalg.ldl_factor_ex"
    square(name, input)
    made = return_types.linalg_ldl_factor_ex(*ldl_factor_ex_p(input, hermitian))
    if check_errors:
        _check(name, made.info)
    return made


def _check(name: str, info: Tensor) -> None:
    if not info.is_meta and bool((info != 0).any()):
        raise RuntimeError(
            f"{name}: a block of D is exactly zero, and ldl_solve would divide by it: info is "
            f"{info.tolist()}"
        )


def ldl_factor(
    input: Tensor, *, hermitian: bool = False, out: tuple[Tensor, Tensor] | None = None
) -> return_types.linalg_ldl_factor:
    """``(LD, pivots)`` of symmetric matrices: ``input = P L D L' P'`` with ``D`` in blocks of one
    or two rows. It has no gradient.

    Args:
        input: (*, n, n), of which the lower triangles are looked at.
        hermitian: complex matrices are Hermitian rather than symmetric.

    Returns:
        LD: ``L``, whose diagonal of ones is not stored, and ``D``, in one matrix.
        pivots: (*, n) int32; see LAPACK's ``sytrf``.

    Raises:
        RuntimeError: the input is not square; ``D`` is singular.

    Example:
        >>> import minitorch
        >>> A = minitorch.tensor([[0.0, 1.0], [1.0, 0.0]])
        >>> LD, pivots = minitorch.linalg.ldl_factor(A)
        >>> pivots
        tensor([-2, -2], dtype=torch.int32)
        >>> minitorch.linalg.ldl_solve(LD, pivots, minitorch.tensor([[3.0], [4.0]]))
        tensor([[4.],
                [3.]])
    """
    made = ldl_factor_ex(input, hermitian=hermitian)
    _check("torch.linalg.ldl_factor", made.info)
    return return_types.linalg_ldl_factor(made.LD, made.pivots)


def ldl_solve(
    LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False, out: Tensor | None = None
) -> Tensor:
    """The solution of ``A X = B`` from the factors that ``ldl_factor`` gave.

    Raises:
        RuntimeError: shapes or dtypes do not fit.
    """
    name = "torch.linalg.ldl_solve"
    square(name, LD)
    one_dtype(name, LD, B)
    if tuple(pivots.shape) != tuple(LD.shape[:-1]):
        raise RuntimeError(
            f"{name}: Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with "
            f"shape {list(pivots.shape)} instead"
        )
    if pivots.dtype.is_floating_point or pivots.dtype.is_complex:
        raise RuntimeError(f"{name}: Expected pivots to be integers. Got {pivots.dtype}")
    if B.ndim < 2 or B.shape[-2] != LD.shape[-1]:
        raise RuntimeError(
            f"Incompatible matrix sizes for {name}: each A matrix is {LD.shape[-1]} by "
            f"{LD.shape[-1]} but each b matrix is {' by '.join(map(str, B.shape[-2:]))}"
        )
    same_batch(name, LD, B)
    made: Tensor = ldl_solve_p(LD, pivots, B, hermitian)
    return made
