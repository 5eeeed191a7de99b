"""Embeddings whose weight gets a sparse gradient: the rows that were used, and nothing else."""

from __future__ import annotations

from typing import Any

from minitorch import Tensor
from minitorch.autograd import Function
from minitorch.extend import array_of, wrap
from minitorch.sparse import sparse_coo_tensor

from ..kernels.embedding import take_rows

__all__ = ["SparseEmbedding"]


class SparseEmbedding(Function):
    """``weight[input]``, with a sparse gradient for ``weight``."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, input: Tensor, padding: int) -> Tensor:
        ctx.save_for_backward(input)
        ctx.shape_of_weight, ctx.padding = weight.shape, padding
        return wrap(take_rows(array_of(weight), array_of(input), padding))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        (input,) = ctx.saved_tensors
        rows, values = input.reshape(-1), grads[0].reshape(-1, ctx.shape_of_weight[1])
        if ctx.padding >= 0:
            used = rows != ctx.padding
            rows, values = rows[used], values[used]
        return sparse_coo_tensor(rows.unsqueeze(0), values, ctx.shape_of_weight), None, None
