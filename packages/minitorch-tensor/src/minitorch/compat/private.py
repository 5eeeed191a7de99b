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

__all__ = ["dsmm", "spmm"]

spmm = dsmm  # the old names of mm, for a sparse matrix and a dense one


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
