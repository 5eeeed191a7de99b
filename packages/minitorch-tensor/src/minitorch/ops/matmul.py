"""Products of matrices and vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.primitive import primitive
from ..autograd.variable import Variable
from .conversion import as_operand
from .shape import permuted, reshaped

__all__ = ["bmm", "dot", "matmul", "mm", "mv"]

C_NAMES = {
    "float32": "float", "float64": "double", "float16": "c10::Half", "int64": "int64_t",
    "int32": "int", "int16": "short", "int8": "signed char", "uint8": "unsigned char",
    "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
}  # fmt: skip


def _matmul(a: Any, b: Any) -> Any:
    try:
        if b.ndim == 2:
            if a.ndim == 2:
                return np.dot(a, b)  # less overhead than np.matmul
            if a.ndim > 2:  # one product for the whole batch
                return np.dot(a.reshape(-1, a.shape[-1]), b).reshape(*a.shape[:-1], b.shape[1])
        return np.matmul(a, b)
    except (ValueError, AttributeError):
        raise mismatch(a, b) from None


def mismatch(a: Any, b: Any) -> Exception:
    """PyTorch's error for operands that have no product."""
    for k, x in enumerate((a, b)):
        if not isinstance(x, np.ndarray | np.generic):
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
                f"({b.shape[-k]}) at non-singleton dimension {max(m, n) - k}: matmul got the shapes "
                f"{list(a.shape)} and {list(b.shape)}"
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
            f"{C_NAMES.get(a.dtype.name, a.dtype.name)} != {C_NAMES.get(b.dtype.name, b.dtype.name)}"
        )
    return a, b


def transposed(x: Any) -> Any:
    """The last two dimensions swapped, of arrays and Tensors."""
    if isinstance(x, np.ndarray):
        return x.mT
    return permuted(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def column(x: Any) -> Any:
    return reshaped(x, (*x.shape, 1))


def row(x: Any) -> Any:
    return reshaped(x, (*x.shape[:-1], 1, *x.shape[-1:]))


# c = ab: da = dc b', db = a' dc, where a vector stands for a matrix with one row or one column
def _left(g: Any, b: Any, a_shape: tuple[int, ...]) -> Any:
    if b.ndim == 1:
        return g * b if len(a_shape) == 1 else column(g) * b
    if len(a_shape) == 1:
        return reshaped(matmul(b, column(g)), b.shape[:-1])
    return matmul(g, transposed(b))


def _right(g: Any, a: Any, b_shape: tuple[int, ...]) -> Any:
    if a.ndim == 1:
        return a * g if len(b_shape) == 1 else column(a) * row(g)
    if len(b_shape) == 1:
        return reshaped(matmul(transposed(a), column(g)), (*a.shape[:-2], a.shape[-1]))
    if len(b_shape) == 2 < a.ndim:  # the sum over the batch is part of the product
        a = reshaped(a, (math.prod(a.shape[:-1]), a.shape[-1]))
        g = reshaped(g, (a.shape[0], g.shape[-1]))
    return matmul(transposed(a), g)


matmul = primitive(_matmul, "a b", _left, _right, name="matmul", promote=same_dtype)
matmul.__doc__ = """The product of matrices or vectors, over broadcast leading dimensions.

Two vectors give their dot product; a vector stands for a row on the left and a column on the right.

Raises:
    RuntimeError: the inner dimensions or the dtypes differ, or one operand has no dimension.

Example:
    >>> import minitorch
    >>> minitorch.matmul(minitorch.tensor([[1.0, 2.0], [3.0, 4.0]]), minitorch.tensor([1.0, 1.0]))
    tensor([3., 7.])

Follows https://docs.pytorch.org/docs/stable/generated/torch.matmul.html
"""


def matmul_reversed(input: Any, other: Any) -> Any:
    """``other @ input``."""
    return matmul(other, input)


def mm(input: Any, mat2: Any) -> Any:
    """The product of two matrices.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.mm.html
    """
    if input.ndim != 2 or mat2.ndim != 2:
        raise RuntimeError(
            f"{'self' if input.ndim != 2 else 'mat2'} must be a matrix: mm got the shapes "
            f"{list(input.shape)} and {list(mat2.shape)}"
        )
    return matmul(input, mat2)


def bmm(input: Any, mat2: Any) -> Any:
    """The products of two batches of matrices, ``(b, n, m)`` and ``(b, m, p)``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.bmm.html
    """
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
    return matmul(input, mat2)


def mv(input: Any, vec: Any) -> Any:
    """The product of a matrix and a vector.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.mv.html
    """
    if input.ndim != 2 or vec.ndim != 1:
        raise RuntimeError(
            f"vector + matrix @ vector expected, got {vec.ndim}, {input.ndim}, {vec.ndim}"
        )
    return matmul(input, vec)


def dot(input: Any, tensor: Any) -> Any:
    """The dot product of two vectors of one length.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.dot.html
    """
    if input.ndim != 1 or tensor.ndim != 1:
        raise RuntimeError(
            f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors"
        )
    if input.dtype != tensor.dtype:
        raise RuntimeError(
            "dot : expected both vectors to have same dtype, but found "
            f"{input.dtype.type_name} and {tensor.dtype.type_name}"
        )
    return matmul(input, tensor)
