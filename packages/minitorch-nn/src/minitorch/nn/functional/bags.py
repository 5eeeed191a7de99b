"""Bags of embeddings: their sums, means and maxima."""

from __future__ import annotations

import warnings
from typing import Any

import minitorch
import numpy as np
from minitorch import Tensor
from minitorch.extend import array_of

from ..kernels.dtypes import check_float
from .embedding import (
    check_index,
    counts_of,
    embedding_dense_backward_p,
    embedding_p,
    renormalize,
    scale_grad_by_freq_p,
    sparse_embedding,
)

__all__ = ["embedding_bag"]


def bags_of(input: Any, offsets: Any, include_last_offset: bool) -> tuple[Any, int]:
    """The bag of each element, and how many there are."""
    starts = offsets.numpy()
    if starts.size and starts[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
            f"position 0. However, got {starts[0]}"
        )
    if starts.size and starts[-1] > input.shape[0]:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {input.shape[0]} but got "
            f"offsets[-1] of {starts[-1]}"
        )
    if (np.diff(starts) < 0).any():
        raise RuntimeError(f"offsets must not decrease, but got {starts.tolist()}")
    if include_last_offset:
        if not starts.size:
            raise RuntimeError("include_last_offset: number of offsets should be at least 1")
        starts = starts[:-1]
    elements = np.arange(input.shape[0], dtype=np.int64)
    bags = np.searchsorted(starts, elements, side="right") - 1
    return bags.astype(np.int64, copy=False), len(starts)


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of the rows of ``weight`` in each bag; zeros for an empty bag.

    Args:
        input: (bags, n) row numbers; or (n), cut into bags by ``offsets``.
        weight: (rows, width)
        offsets: (bags), where each bag starts.
        max_norm: rows longer than that are scaled down, in ``weight`` itself.
        norm_type: the p of that norm.
        scale_grad_by_freq: divide each row's gradient by how often it was used.
        mode: ``"sum"``, ``"mean"`` or ``"max"``.
        sparse: give ``weight`` a sparse gradient, for SparseAdam, SGD or Adagrad.
        per_sample_weights: as ``input``: a factor for each row of a sum.
        include_last_offset: ``offsets`` ends with the end of the last bag.
        padding_idx: a row that does not count and gets no gradient.

    Returns:
        (bags, width)
    """
    if weight.dtype is minitorch.int64 and input.dtype.is_floating_point:
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage "
            "`embedding_bag(weight, input, ...)` is deprecated, and should now be "
            "`embedding_bag(input, weight, ...)`.",
            stacklevel=2,
        )
        input, weight = weight, input
    if per_sample_weights is not None and per_sample_weights.dtype is not weight.dtype:
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have the same type as tensor for argument "
            f"#1 'per_sample_weights'; but type {weight.type()} does not equal "
            f"{per_sample_weights.type()} (while checking arguments for embedding_bag)"
        )
    if per_sample_weights is not None and input.shape != per_sample_weights.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then "
            f"it must have the same shape as the input ({input.shape})"
        )
    if weight.ndim != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.ndim}")
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported "
            f"for mode='sum' (got mode='{mode}')."
        )
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch "
                f"of fixed length sequences. However, found offsets of type {type(offsets)}"
            )
        count = input.shape[0]
        bags = np.repeat(np.arange(count, dtype=np.int64), input.shape[1])
        input = input.reshape(-1)
        if per_sample_weights is not None:
            per_sample_weights = per_sample_weights.reshape(-1)
    elif input.ndim == 1:
        if offsets is None or offsets.ndim != 1:
            raise ValueError(
                "offsets has to be a 1D Tensor" + (" but got None" if offsets is None else "")
            )
        bags, count = bags_of(input, offsets, include_last_offset)
    else:
        raise ValueError(
            f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}"
        )
    check_index(input, "embedding_bag")
    if offsets is not None:
        check_index(offsets, "embedding_bag")
    check_float(weight, "embedding_bag")
    if max_norm is not None:
        renormalize(weight, input, max_norm, norm_type)
    rows_there = weight.shape[0]
    if padding_idx is not None and not -rows_there <= padding_idx < rows_there:
        raise RuntimeError(
            f"padding_idx must be within the number of embeddings, {-rows_there} through "
            f"{rows_there - 1}, but got {padding_idx}"
        )
    sparse = sparse and weight.requires_grad
    if sparse and scale_grad_by_freq:
        raise RuntimeError(
            "embedding_backward: scale_grad_by_freq not supported with sparse gradients"
        )
    scales = counts_of(input, weight.shape[0]) if scale_grad_by_freq else None
    if padding_idx is not None:
        kept = input.numpy() != padding_idx % rows_there
        mask = minitorch.from_numpy(kept)
        input, bags = input[mask], bags[kept]
        if per_sample_weights is not None:
            per_sample_weights = per_sample_weights[mask]
        if scales is not None:
            scales = scales[mask]
    try:
        rows = (sparse_embedding if sparse else embedding_p)(weight, input, -1)
    except IndexError:
        wrong = input[(input < 0) | (input >= rows_there)]
        raise RuntimeError(
            "embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be "
            f"{int(wrong[0])}; num_embeddings is {rows_there}"
        ) from None
    if scales is not None:
        rows = scale_grad_by_freq_p(rows, scales.to(rows.dtype))
    sizes = np.bincount(bags.astype(np.intp, copy=False), minlength=count)
    if mode == "max":
        return maxima(rows, bags, sizes)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.unsqueeze(1)
    if mode == "sum":
        return embedding_dense_backward_p(rows, minitorch.from_numpy(bags), count, -1)
    wide = rows.to(minitorch.promote_types(rows.dtype, minitorch.float32))  # float16 ends at 65504
    total = embedding_dense_backward_p(wide, minitorch.from_numpy(bags), count, -1)
    counts = minitorch.from_numpy(np.maximum(sizes, 1)[:, None]).to(wide.dtype)
    mean: Tensor = (total / counts).to(rows.dtype)
    return mean


def maxima(rows: Tensor, bags: Any, sizes: Any) -> Tensor:
    """The maximum over each bag, found among the values and picked from the graph."""
    values = array_of(rows)
    places = np.zeros((len(sizes), rows.shape[1]), np.int64)
    for bag in np.flatnonzero(sizes):
        (members,) = np.nonzero(bags == bag)
        places[bag] = members[values[members].argmax(0)]
    if not len(values):
        return minitorch.zeros(places.shape, dtype=rows.dtype) + rows.sum()  # 0, with a gradient
    found = rows.gather(0, minitorch.from_numpy(places))
    return minitorch.where(minitorch.from_numpy(sizes > 0).unsqueeze(1), found, 0.0)
