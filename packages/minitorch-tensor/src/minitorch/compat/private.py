"""Functions of ``torch`` without a public name that libraries call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._tensor.tensor import Tensor
from .._types import dtype as dtypes
from ..autograd.variable import wrap
from ..ops.joining import stack
from ..ops.matmul import mm as dsmm

if TYPE_CHECKING:
    from .._types.dtype import dtype

__all__ = ["dsmm", "get_device", "spmm"]

spmm = dsmm  # the old names of mm, for a sparse matrix and a dense one


def get_device(input: Tensor) -> int:
    """-1: the CPU has no number."""
    return input.get_device()


def _softmax_backward_data(
    grad_output: Tensor, output: Tensor, dim: int, input_dtype: dtype
) -> Tensor:
    """The gradient of softmax: ``output * (grad_output - (grad_output * output).sum(dim))``."""
    inner = (grad_output * output).sum(dim, keepdim=True)
    return (output * (grad_output - inner)).to(input_dtype)


def _log_softmax_backward_data(
    grad_output: Tensor, output: Tensor, dim: int, input_dtype: dtype
) -> Tensor:
    """The gradient of log_softmax: ``grad_output - exp(output) * grad_output.sum(dim)``."""
    return (grad_output - output.exp() * grad_output.sum(dim, keepdim=True)).to(input_dtype)


def _softmax(input: Tensor, dim: int, half_to_float: bool) -> Tensor:
    """``softmax``; of float16 in float32 with ``half_to_float``, which the CPU does not have."""
    _check_half(half_to_float)
    return input.softmax(dim)


def _log_softmax(input: Tensor, dim: int, half_to_float: bool) -> Tensor:
    """``log_softmax``; see ``_softmax``."""
    _check_half(half_to_float)
    return input.log_softmax(dim)


def _check_half(half_to_float: bool) -> None:
    if half_to_float:
        raise RuntimeError("softmax with half to float conversion is not supported on CPU")


def _masked_softmax(
    input: Tensor, mask: Tensor, dim: int | None = None, mask_type: int | None = None
) -> Tensor:
    """Softmax along ``dim`` (the last one) of what is left where ``mask`` is True, which gets 0;
    nan where all is masked.

    Args:
        input: (batch, heads, L, L) for the types 0 and 1
        mask_type: 0, of attention (L, L); 1, of padding (batch, L); 2, the input's shape.
    """
    if mask.dtype is not dtypes.bool:
        raise RuntimeError("Mask should be a boolean tensor")
    if mask_type is None and tuple(mask.shape) != tuple(input.shape):
        raise RuntimeError("Mask Type should be defined")
    if mask_type == 1 and mask.ndim == 2 < input.ndim:
        mask = mask[:, None, None]
    hidden = input.masked_fill(mask, -np.inf)
    return hidden.softmax(-1 if dim is None else dim).masked_fill(mask & ~_all(mask, input, dim), 0)


def _all(mask: Tensor, input: Tensor, dim: int | None) -> Tensor:
    return mask.expand(input.shape).all(-1 if dim is None else dim, keepdim=True)


def _add_relu(input: Tensor, other: Tensor | float, *, alpha: float = 1) -> Tensor:
    """``relu(input + alpha * other)``."""
    return input.add(other, alpha=alpha).relu()


def _int_mm(self: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of two matrices of int8, in int32.

    Raises:
        RuntimeError: another dtype; other shapes than (n, m) and (m, p).
    """
    for x in (self, mat2):
        if x.dtype is not dtypes.int8:
            raise RuntimeError(
                f"expected scalar type Char but found {x.dtype.type_name}: _int_mm multiplies int8"
            )
    # exact: sums of products below 2^14 stay below 2^53
    made = self.to(dtypes.float64).mm(mat2.to(dtypes.float64)).to(dtypes.int32)
    if out is None:
        return made
    if out.dtype is not dtypes.int32:
        raise RuntimeError(f"Expected result dtype to be of type kInt but got {out.dtype}")
    return out.resize_(made.shape).copy_(made)


def _convert_indices_from_coo_to_csr(
    input: Tensor, size: int, *, out_int32: bool = False
) -> Tensor:
    """Where each of ``size`` rows begins among ``input``, the sorted rows; the last one is the end.

    Example:
        >>> import minitorch
        >>> minitorch._convert_indices_from_coo_to_csr(minitorch.tensor([0, 0, 2]), 3)
        tensor([0, 2, 2, 3])
    """
    ends = np.arange(size + 1, dtype=np.int64)
    starts: Any = wrap(np.searchsorted(input._array(), ends).astype(np.int64, copy=False))
    made: Tensor = starts.to(dtypes.int32 if out_int32 else dtypes.int64)
    return made


def _convert_indices_from_csr_to_coo(
    crow_indices: Tensor, col_indices: Tensor, *, out_int32: bool = False, transpose: bool = False
) -> Tensor:
    """The rows of the elements, given where each row begins, above their columns (``transpose``:
    below)."""
    starts = crow_indices._array()
    rows: Any = wrap(
        np.repeat(
            np.arange(len(starts) - 1, dtype=np.int64), np.diff(starts).astype(np.intp, copy=False)
        )
    )
    pair = [col_indices, rows] if transpose else [rows, col_indices]
    return stack([each.to(dtypes.int32 if out_int32 else dtypes.int64) for each in pair])
