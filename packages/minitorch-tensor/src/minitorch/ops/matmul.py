"""Products of matrices and vectors."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.out import castable, dtype_of_result, into
from ..autograd.primitive import labelled, operation
from ..autograd.variable import Variable
from ..kernels.blas import SHARED, threads_off_this_core
from ..kernels.memory import packed
from ..kernels.meta import MetaArray
from .arithmetic import add_p, mul
from .conversion import as_operand
from .reduction import sum
from .shape import permute_p, view_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor.tensor import Tensor

__all__ = ["addbmm", "addmm", "addmv", "addr", "baddbmm", "bmm", "chain_matmul", "dot", "ger"]
__all__ += ["inner", "kron", "matmul", "mm", "mv", "outer", "vdot"]

MANY = 1 << 12  # elements, below which no product is taken for a large one

C_NAMES = {
    "float32": "float", "float64": "double", "float16": "c10::Half", "int64": "int64_t",
    "int32": "int", "int16": "short", "int8": "signed char", "uint8": "unsigned char",
    "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
}  # fmt: skip


def _matmul(a: Any, b: Any) -> Any:
    try:
        if b.ndim == 2:
            if a.size > MANY and a.size * b.shape[1] >= SHARED:
                threads_off_this_core()
            if a.ndim == 2:
                return np.dot(a, b)  # less overhead than np.matmul
            if a.ndim > 2:  # one product for the whole batch
                flat = a.reshape(math.prod(a.shape[:-1]), a.shape[-1])
                return np.dot(flat, b).reshape(*a.shape[:-1], b.shape[1])
        if a.size > MANY:
            threads_off_this_core()
        return packed(np.matmul(a, b))
    except (ValueError, AttributeError):
        raise mismatch(a, b) from None


def mismatch(a: Any, b: Any) -> Exception:
    """PyTorch's error for operands that have no product."""
    for k, x in enumerate((a, b)):
        if not isinstance(x, np.ndarray | np.generic | MetaArray):
            return TypeError(
                f"matmul(): argument '{('input', 'other')[k]}' (position {k + 1}) must be Tensor, "
                f"not {type(x).__name__}"
            )
    m, n = a.ndim, b.ndim
    if not m or not n:
        return RuntimeError(
            "both arguments to matmul need to be at least 1D, but they are "
            f"{m}D and {n}D; multiply with a number by *"
        )
    if m == n == 1:
        return RuntimeError(
            f"inconsistent tensor size, expected tensor [{a.size}] and src [{b.size}] to have the "
            f"same number of elements, but got {a.size} and {b.size} elements respectively"
        )
    if n == 1:
        return RuntimeError(
            f"size mismatch, got input ({math.prod(a.shape[:-1])}), mat "
            f"({math.prod(a.shape[:-1])}x{a.shape[-1]}), vec ({b.size})"
        )
    if m <= 2 or n == 2:
        rows = math.prod(a.shape[:-1])
        return RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{a.shape[-1]} and "
            f"{b.shape[-2]}x{b.shape[-1]})"
        )
    for k in range(3, min(m, n) + 1):
        if a.shape[-k] != b.shape[-k] and 1 not in (a.shape[-k], b.shape[-k]):
            return RuntimeError(
                f"The size of tensor a ({a.shape[-k]}) must match the size of tensor b "
                f"({b.shape[-k]}) at non-singleton dimension {max(m, n) - k}: "
                f"matmul got the shapes {list(a.shape)} and {list(b.shape)}"
            )
    return RuntimeError(
        f"Expected size for first two dimensions of batch2 tensor to be: [*, {a.shape[-1]}] but "
        f"got: [*, {b.shape[-2]}], in the product of the shapes {list(a.shape)} and {list(b.shape)}"
    )


def same_dtype(a: Any, b: Any) -> tuple[Any, Any]:
    """The operands of a product, which PyTorch does not promote.

    Raises:
        RuntimeError: their dtypes differ.
    """
    a, b = (as_operand(x) if isinstance(x, np.ndarray | np.generic) else x for x in (a, b))
    for x in (a, b):
        if not isinstance(x, Variable):
            raise mismatch(*(x._data if isinstance(x, Variable) else x for x in (a, b)))
    if a.dtype is not b.dtype:
        raise RuntimeError(
            "expected m1 and m2 to have the same dtype, but got: "
            + " != ".join(C_NAMES.get(x.dtype.name, x.dtype.name) for x in (a, b))
        )
    return a, b


def transposed(x: Any) -> Any:
    """The last two dimensions swapped, of arrays and Tensors."""
    if isinstance(x, np.ndarray):
        return x.mT
    return permute_p(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def adjoint(x: Any) -> Any:
    """The conjugate transpose."""
    return transposed(x).conj()


def column(x: Any) -> Tensor:
    return view_p(x, (*x.shape, 1))


def row(x: Any) -> Any:
    return view_p(x, (*x.shape[:-1], 1, *x.shape[-1:]))


# c = ab: da = dc b', db = a' dc, where a vector stands for a matrix with one row or one column
def _left(g: Any, b: Any, a_shape: tuple[int, ...]) -> Any:
    if len(a_shape) == 2 == b.ndim:
        return g @ b.mT
    if b.ndim == 1:
        return g * b if len(a_shape) == 1 else column(g) * b
    if len(a_shape) == 1:
        return view_p(matmul(b, column(g)), b.shape[:-1])
    return matmul(g, transposed(b))


def _right(g: Any, a: Any, b_shape: tuple[int, ...]) -> Any:
    if len(b_shape) == 2 == a.ndim:
        return a.mT @ g
    if a.ndim == 1:
        return a * g if len(b_shape) == 1 else column(a) * row(g)
    if len(b_shape) == 1:
        return view_p(matmul(transposed(a), column(g)), (*a.shape[:-2], a.shape[-1]))
    if len(b_shape) == 2 < a.ndim:  # the sum over the batch is part of the product
        a = view_p(a, (math.prod(a.shape[:-1]), a.shape[-1]))
        g = view_p(g, (a.shape[0], g.shape[-1]))
    return matmul(transposed(a), g)


def by_rank(node: Any) -> str:
    """PyTorch's names, by the dimensions of the result and of the operands that want a gradient."""
    m, n = (None if parent is None else len(parent.shape or ()) for parent in node.parents)
    rank = len(node.shape)
    if rank == 0:
        return "DotBackward0"
    if rank == 1:
        return "MvBackward0" if m == 2 or n == 1 else "SqueezeBackward4"
    if rank == 2 and 2 in (m, n):
        return "MmBackward0"
    return "CloneBackward0" if m == 2 else "UnsafeViewBackward0"


@dtype_of_result
@operation(
    _matmul, "a b", _left, _right,
    label=by_rank, promote=same_dtype, numbers="other", traits=("bilinear",),
)  # fmt: skip
def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of matrices or vectors, over broadcast leading dimensions.

    Two vectors give their dot product; a vector stands for a row on the left and a column on the
    right. The derivatives are those of c = ab: da = dc b', db = a' dc.

    Raises:
        RuntimeError: the inner dimensions or the dtypes differ, or one operand has no dimension.

    Example:
        >>> import minitorch
        >>> a = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> minitorch.matmul(a, minitorch.tensor([1.0, 1.0]))
        tensor([3., 7.])
    """


bmm_p = labelled(matmul, "BmmBackward0")


def matmul_reversed(input: Tensor, other: Tensor) -> Tensor:
    """``other @ input``."""
    return matmul(other, input)


def mm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of two matrices."""
    if input.ndim != 2 or mat2.ndim != 2:
        raise RuntimeError(
            f"{'self' if input.ndim != 2 else 'mat2'} must be a matrix: mm got the shapes "
            f"{list(input.shape)} and {list(mat2.shape)}"
        )
    return matmul(input, mat2)


def bmm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The products of two batches of matrices, ``(b, n, m)`` and ``(b, m, p)``."""
    for k, x in enumerate((input, mat2)):
        if x.ndim != 3:
            raise RuntimeError(f"batch{k + 1} must be a 3D tensor, but has shape {list(x.shape)}")
    b, m = input.shape[0], input.shape[2]
    if mat2.shape[:2] != (b, m):
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{b}, {m}] but got: "
            f"[{mat2.shape[0]}, {mat2.shape[1]}]."
        )
    if input.dtype != mat2.dtype:
        raise RuntimeError(
            f"expected scalar type {input.dtype.type_name} but found {mat2.dtype.type_name}"
        )
    return bmm_p(input, mat2)


def mv(input: Tensor, vec: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of a matrix and a vector."""
    if input.ndim != 2 or vec.ndim != 1:
        raise RuntimeError(
            f"vector + matrix @ vector expected, got {vec.ndim}, {input.ndim}, {vec.ndim}"
        )
    return matmul(input, vec)


def dot(input: Tensor, tensor: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The dot product of two vectors of one length."""
    if input.ndim != 1 or tensor.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors")
    if input.dtype != tensor.dtype:
        raise RuntimeError(
            "dot : expected both vectors to have same dtype, but found "
            f"{input.dtype.type_name} and {tensor.dtype.type_name}"
        )
    return matmul(input, tensor)


def vdot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The dot product of two vectors, the first one conjugated where it is complex."""
    return dot(input.conj() if input.is_complex() else input, other)


@castable
def outer(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The matrix of all products of the elements of two vectors."""
    for name, x in (("self", input), ("vec2", vec2)):
        if x.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {x.ndim}-D")
    return mul(column(input), vec2)


ger = outer


def inner(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The dot products along the last dimension: ``out[i, j] = sum_k input[i, k] * other[j,
    k]``."""
    if not input.ndim or not other.ndim:
        return mul(input, other)
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    rows, columns = input.shape[:-1], other.shape[:-1]
    n = input.shape[-1]
    a = view_p(input, (math.prod(rows), n))
    b = view_p(other, (math.prod(columns), n))
    return view_p(matmul(a, transposed(b)), (*rows, *columns))


@castable
def kron(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Kronecker product: ``other`` repeated once per element of ``input``, times that."""
    n = max(input.ndim, other.ndim)
    a = (1,) * (n - input.ndim) + tuple(input.shape)
    b = (1,) * (n - other.ndim) + tuple(other.shape)
    product = mul(
        view_p(input, tuple(size for k in a for size in (k, 1))),
        view_p(other, tuple(size for k in b for size in (1, k))),
    )
    return view_p(product, tuple(k * m for k, m in zip(a, b, strict=True)))


def chain_matmul(*matrices: Tensor, out: Tensor | None = None) -> Tensor:
    """The product of several matrices, multiplied in the order that needs the fewest operations."""
    if out is not None:
        into(out, chain_matmul, *matrices)
        return out
    warnings.warn(
        "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use "
        "torch.linalg.multi_dot instead, which accepts a list of two or more tensors.",
        stacklevel=2,
    )
    for x in matrices:
        if x.ndim != 2:
            raise RuntimeError(f"Tensor dimension is {x.ndim}, expected 2 instead.")
    return chain_product(matrices)


def chain_product(matrices: Sequence[Tensor]) -> Tensor:
    """Dynamic programming over the brackets: ``best[i, j]`` = (cost, split) of factors i to j.

    Of equal costs the first split is taken, of three matrices the last one, as in PyTorch.
    """
    count = len(matrices)
    sign = 1 if count > 3 else -1
    sizes = [matrices[0].shape[0], *(x.shape[1] for x in matrices)]
    best: dict[tuple[int, int], tuple[int, int]] = {(i, i): (0, i) for i in range(count)}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            best[i, j] = min(
                (
                    best[i, k][0] + best[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1],
                    sign * k,
                )
                for k in range(i, j)
            )

    def product(i: int, j: int) -> Tensor:
        k = sign * best[i, j][1]
        return matrices[i] if i == j else matmul(product(i, k), product(k + 1, j))

    return product(0, count - 1)


def _combine(name: str, input: Any, product: Any, beta: Any, alpha: Any) -> Tensor:
    """``beta * input + alpha * product``; with ``beta`` 0 the values of ``input`` do not matter."""
    if input.dtype != product.dtype:
        if name == "baddbmm":
            raise RuntimeError(
                f"Input dtypes must be the same, got: input {input.dtype.type_name}, batch1 and "
                f"batch2: {product.dtype.type_name}"
            )
        raise RuntimeError(
            f"{name}: self and the product must have the same dtype, but got "
            f"{input.dtype.type_name} and {product.dtype.type_name}"
        )
    if not product.dtype.is_floating_point and not product.dtype.is_complex:
        beta, alpha = int(beta), int(alpha)
    return _weighted(name, input, product, beta, alpha)


# the sums that end an addmm and its kin
SUMS = {
    name: labelled(add_p, f"{name.title()}Backward0")
    for name in ("addmm", "addmv", "addr", "baddbmm", "addbmm")
}


def _weighted(name: str, input: Any, product: Any, beta: Any, alpha: Any) -> Tensor:
    scaled = product if alpha == 1 else mul(product, alpha)
    if beta:
        scaled = SUMS[name](input if beta == 1 else mul(input, beta), scaled)
    if scaled.shape != product.shape or input.ndim > product.ndim:
        raise RuntimeError(
            f"The expanded size of the tensor must match the existing size. Target sizes: "
            f"{list(product.shape)}.  Tensor sizes: {list(input.shape)}"
        )
    return scaled


def addmm(
    input: Tensor,
    mat1: Tensor,
    mat2: Tensor,
    *,
    beta: complex = 1,
    alpha: complex = 1,
    out: Tensor | None = None,
) -> Tensor:
    """``beta * input + alpha * (mat1 @ mat2)``, ``input`` broadcast to the product."""
    return _combine("addmm", input, mm(mat1, mat2), beta, alpha)


def addmv(
    input: Tensor,
    mat: Tensor,
    vec: Tensor,
    *,
    beta: complex = 1,
    alpha: complex = 1,
    out: Tensor | None = None,
) -> Tensor:
    """``beta * input + alpha * (mat @ vec)``."""
    return _combine("addmv", input, mv(mat, vec), beta, alpha)


@castable
def addr(
    input: Tensor,
    vec1: Tensor,
    vec2: Tensor,
    *,
    beta: complex = 1,
    alpha: complex = 1,
    out: Tensor | None = None,
) -> Tensor:
    """``beta * input + alpha * outer(vec1, vec2)``; dtypes are promoted."""
    for name, x in (("vec1", vec1), ("vec2", vec2)):
        if x.ndim != 1:
            raise RuntimeError(f"addr: Expected 1-D argument {name}, but got {x.ndim}-D")
    highest = max(x.dtype.category for x in (input, vec1, vec2))
    for name, number in (("beta", beta), ("alpha", alpha)):
        if isinstance(number, bool) and highest > 0:
            raise RuntimeError(f"Boolean {name} only supported for Boolean results.")
    if highest < 2:
        for name, number in (("beta", beta), ("alpha", alpha)):
            if isinstance(number, float):
                raise RuntimeError(
                    f"For integral input tensors, argument {name} must not be a floating point "
                    "number."
                )
    return _weighted("addr", input, outer(vec1, vec2), beta, alpha)


def baddbmm(
    input: Tensor,
    batch1: Tensor,
    batch2: Tensor,
    *,
    beta: complex = 1,
    alpha: complex = 1,
    out: Tensor | None = None,
) -> Tensor:
    """``beta * input + alpha * bmm(batch1, batch2)``."""
    return _combine("baddbmm", input, bmm(batch1, batch2), beta, alpha)


def addbmm(
    input: Tensor,
    batch1: Tensor,
    batch2: Tensor,
    *,
    beta: complex = 1,
    alpha: complex = 1,
    out: Tensor | None = None,
) -> Tensor:
    """``beta * input`` plus ``alpha`` times the sum of the products over the batch."""
    return _combine("addbmm", input, sum(bmm(batch1, batch2), 0), beta, alpha)
