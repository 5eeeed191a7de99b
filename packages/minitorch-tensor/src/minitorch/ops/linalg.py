"""Square matrices: inverses and linear equations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import return_types
from ..autograd.out import castable
from ..autograd.primitive import primitive
from ..autograd.variable import Variable, wrap
from ..kernels import linalg as kernels
from ..kernels.meta import MetaArray
from .matmul import column, matmul, transposed
from .shape import permute_p, view_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor import Tensor
    from ..autograd.primitive import Operation

__all__ = ["inverse"]


# --- checks --------------------------------------------------------------------------------------


def matrices(name: str, x: Any, floats: bool = True) -> None:
    """Raises unless ``x`` is a matrix, or a batch of them, of floats."""
    if x.ndim < 2:
        raise RuntimeError(
            f"{name}: The input tensor A must have at least 2 dimensions, but has shape "
            f"{list(x.shape)}"
        )
    if floats:
        floating(name, x)


def floating(name: str, x: Any, low: bool = False) -> None:
    """Raises unless ``x`` has floats; float16 and bfloat16 only where ``low`` is set."""
    if x.dtype.category < 2:
        raise RuntimeError(
            f"{name}: Expected a floating point or complex tensor as input. Got {x.dtype.type_name}"
        )
    if x.dtype.itemsize == 2 and not low:
        raise RuntimeError(f"{name}: Low precision dtypes not supported. Got {x.dtype.type_name}")


def square(name: str, x: Any, low: bool = False) -> None:
    """Raises unless ``x`` is a square matrix, or a batch of them, of ``floating`` numbers."""
    matrices(name, x, False)
    if x.shape[-1] != x.shape[-2]:
        raise RuntimeError(
            f"{name}: A must be batches of square matrices, but they are {x.shape[-2]} by "
            f"{x.shape[-1]} matrices"
        )
    floating(name, x, low)


def one_dtype(name: str, a: Any, b: Any) -> None:
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"{name}: Expected A and B to have the same dtype, but found A of type "
            f"{a.dtype.type_name} and B of type {b.dtype.type_name} instead"
        )


def constant(value: Any, x: Any) -> Any:
    """``value`` in the dtype of ``x``, an array or a Tensor as ``x`` is one."""
    if isinstance(x, Variable):
        made = wrap(value.astype(x.dtype.numpy))
        return made.to("meta") if isinstance(x._data, MetaArray) else made
    return value.astype(x.dtype)


# --- inverses and linear equations ---------------------------------------------------------------

linalg_inv_p = primitive(
    kernels.inv,
    "x",
    # d(1/x) = -1/x dx 1/x
    lambda g, out: -(transposed(out) @ g @ transposed(out)),
    name="linalg_inv",
    label="LinalgInvExBackward0",
)

# a x = b, matrices: db = a'^-1 dx, da = -db x'
linalg_solve_p: Operation = primitive(
    kernels.solve,
    "a b",
    lambda g, a, out: -(linalg_solve_p(transposed(a), g) @ transposed(out)),
    lambda g, a: linalg_solve_p(transposed(a), g),
    name="linalg_solve",
    label="LinalgSolveExBackward0",
)


def triangle(x: Any, upper: bool, unitriangular: bool = False) -> Any:
    """One triangle of ``x``, zeros elsewhere."""
    m, n = x.shape[-2:]
    k = -1 if unitriangular else 0
    return x * constant(np.tri(n, m, k).T if upper else np.tri(m, n, k), x)


linalg_solve_triangular_p: Operation = primitive(
    kernels.solve_triangular,
    "a b | upper unitriangular",
    lambda g, a, out, upper, unitriangular: triangle(
        -(linalg_solve_triangular_p(transposed(a), g, not upper, unitriangular) @ transposed(out)),
        upper,
        unitriangular,
    ),
    lambda g, a, upper, unitriangular: linalg_solve_triangular_p(
        transposed(a), g, not upper, unitriangular
    ),
    name="linalg_solve_triangular",
)


def inverse(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of square matrices.

    Raises:
        LinAlgError: a matrix is singular.
    """
    square("linalg.inv", input)
    return linalg_inv_p(input)


def solve(A: Tensor, B: Tensor, *, left: bool = True, out: Tensor | None = None) -> Tensor:
    """The solution ``X`` of ``A X = B`` (of ``X A = B`` with ``left=False``).

    ``B`` is a vector, or a batch of vectors where its shape is that of ``A`` without the last
    dimension; else matrices, whose batch dimensions broadcast with those of ``A``.

    Raises:
        LinAlgError: a matrix is singular.

    Example:
        >>> import minitorch
        >>> A = minitorch.tensor([[2.0, 0.0], [0.0, 4.0]])
        >>> minitorch.linalg.solve(A, minitorch.tensor([1.0, 1.0]))
        tensor([0.5000, 0.2500])
    """
    square("linalg.solve", A)
    one_dtype("linalg.solve", A, B)
    if not B.ndim:
        raise RuntimeError("linalg.solve: The input tensor B must have at least 1 dimension")
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and B.shape == A.shape[:-1])
    if vector and not left:
        raise RuntimeError(
            "linalg.solve: Vector broadcasting of the left hand side is not supported for "
            "left=False. In this case linalg.solve is equivalent to B / A.squeeze(-1)"
        )
    X = column(B) if vector else B
    if X.shape[-2 if left else -1] != A.shape[-1]:
        n = A.shape[-1]
        raise RuntimeError(
            "linalg.solve: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'} ({n}x{n} and {X.shape[-2]}x{X.shape[-1]})"
        )
    same_batch("linalg.solve", A, X)
    X = linalg_solve_p(A, X) if left else transposed(linalg_solve_p(transposed(A), transposed(X)))
    return view_p(X, X.shape[:-1]) if vector else X


def same_batch(name: str, A: Any, B: Any) -> None:
    try:
        np.broadcast_shapes(tuple(A.shape[:-2]), tuple(B.shape[:-2]))
    except ValueError:
        raise RuntimeError(
            f"{name}: the batch dimensions of A and B do not broadcast: the shapes are "
            f"{list(A.shape)} and {list(B.shape)}"
        ) from None


def solve_triangular(
    input: Tensor,
    B: Tensor,
    *,
    upper: bool,
    left: bool = True,
    unitriangular: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """The solution of ``input X = B`` or ``X input = B``; one triangle of ``input`` is looked at.

    A zero on the diagonal gives inf or nan, no error; ``unitriangular`` means a diagonal of ones.
    """
    name = "linalg.solve_triangular"
    square(name, input)
    matrices(name, B)
    one_dtype(name, input, B)
    if B.shape[-2 if left else -1] != input.shape[-1]:
        n = input.shape[-1]
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'} ({n}x{n} and {B.shape[-2]}x{B.shape[-1]})"
        )
    same_batch(name, input, B)
    if left:
        return linalg_solve_triangular_p(input, B, upper, unitriangular)
    made: Tensor = transposed(
        linalg_solve_triangular_p(transposed(input), transposed(B), not upper, unitriangular)
    )
    return made


def _info(x: Any) -> Any:
    return kernels.info(kernels.inv, x, kernels.zero_pivot)


linalg_inv_ex_p = primitive(
    kernels.inv_or_inf,
    "x",
    lambda g, out: -(transposed(out) @ g @ transposed(out)),
    name="linalg_inv_ex",
    label="LinalgInvExBackward0",
)
linalg_inv_ex_info_p = primitive(_info, "x", None, name="linalg_inv_ex_info")


def inv_ex(
    A: Tensor, *, check_errors: bool = False, out: tuple[Tensor, Tensor] | None = None
) -> return_types.linalg_inv_ex:
    """``(inverse, info)``: ``info`` is 0 where the inverse exists; elsewhere it is inf and nan."""
    square("linalg.inv_ex", A)
    made = linalg_inv_p(A) if check_errors else linalg_inv_ex_p(A)
    return return_types.linalg_inv_ex(made, linalg_inv_ex_info_p(A))


def solve_ex(
    A: Tensor,
    B: Tensor,
    *,
    left: bool = True,
    check_errors: bool = False,
    out: tuple[Tensor, Tensor] | None = None,
) -> return_types.linalg_solve_ex:
    """``(result, info)``; without ``check_errors`` singular matrices give inf and nan."""
    square("linalg.solve_ex", A)
    info = linalg_inv_ex_info_p(A)
    if check_errors or not info.any():
        return return_types.linalg_solve_ex(solve(A, B, left=left), info)
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and B.shape == A.shape[:-1])
    inverse = linalg_inv_ex_p(A)
    X = matmul(inverse, column(B) if vector else B) if left else matmul(B, inverse)
    return return_types.linalg_solve_ex(view_p(X, X.shape[:-1]) if vector else X, info)


@castable
def tensorinv(input: Tensor, ind: int = 2, *, out: Tensor | None = None) -> Tensor:
    """The inverse of ``input`` as the linear map from its last dimensions to its first ``ind``."""
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    head, tail = tuple(input.shape[:ind]), tuple(input.shape[ind:])
    n = math.prod(tail)
    if math.prod(head) != n:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {n} != {math.prod(head)}"
        )
    return view_p(inverse(view_p(input, (math.prod(head), n))), tail + head)


@castable
def tensorsolve(
    input: Tensor, other: Tensor, dims: Sequence[int] | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The ``X`` of ``tensordot(input, X, X.ndim) = other``; ``dims`` of ``input`` are moved to
    its end first."""
    if dims is not None:
        moved = [d % input.ndim for d in dims]
        input = permute_p(input, (*(k for k in range(input.ndim) if k not in moved), *moved))
    rest = tuple(input.shape[other.ndim :])
    n = math.prod(other.shape)
    if math.prod(rest) != n:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {math.prod(rest)} != {n}"
        )
    return view_p(solve(view_p(input, (n, n)), view_p(other, (n,))), rest)
