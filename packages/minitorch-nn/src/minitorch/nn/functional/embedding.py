"""Embeddings: rows of a table by number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import minitorch
import numpy as np
from minitorch import Tensor, int32, int64, where
from minitorch.extend import apply, array_of, batching_rule, data_of, primal, primitive, single

from ..kernels import embedding as kernels
from .batching import all_rows, in_front, numbered

__all__ = ["embedding", "one_hot"]

NUMBERS = (int64, int32)  # dtypes of indices

embedding_p = primitive(
    kernels.take_rows,
    "table index | padding",
    lambda g, index, shape, padding: embedding_dense_backward_p(g, index, shape[0], padding),
    None,
    name="embedding",
)
embedding_dense_backward_p: Callable[..., Tensor] = primitive(
    kernels.add_rows,
    "g index | rows padding",
    lambda g, index, padding: embedding_masked_p(g, index, padding),
    None,
    name="embedding_dense_backward",
    compiled="places.add_rows",
)
embedding_masked_p: Callable[..., Tensor] = primitive(
    kernels.masked_rows,
    "table index | padding",
    lambda g, index, shape, padding: embedding_dense_backward_p(g, index, shape[0], padding),
    None,
    name="embedding_masked",
)
scale_grad_by_freq_p = (
    primitive(  # the identity; the gradient of a row used n times is divided by n
        lambda rows, counts: rows.copy(),
        "rows counts",
        lambda g, counts: g / counts,
        None,
        name="scale_grad_by_freq",
    )
)


@batching_rule(embedding_p, embedding_masked_p)
def embeddings(op: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    """The tables of all examples become one, in which no row is the padding."""
    if not batched[0]:
        return apply(op, *values, *params)
    (table, index), (padding,) = in_front(values, batched, size), params
    made = apply(op, all_rows(table), numbered(index, table.shape[1]), -1)
    if padding is None or padding < 0:
        return made
    masked = op is embedding_masked_p.primitive  # type: ignore[attr-defined]  # an operation has it
    there = made.detach() * 0 if masked else made.detach()  # no gradient either way
    return where((index == padding).unsqueeze(-1), there, made)


@batching_rule(embedding_dense_backward_p)
def embeddings_backward(
    op: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    (g, index), (rows, padding) = in_front(values, batched, size), params
    if padding is not None and padding >= 0:
        g = where((index == padding).unsqueeze(-1), minitorch.zeros_like(g), g)
    made = apply(op, g, numbered(index, rows), size * rows, -1)
    return made.reshape((size, rows, *made.shape[1:]))


def check_index(input: Any, name: str) -> None:
    if not isinstance(input, Tensor):
        raise TypeError(
            f"{name}(): argument 'indices' (position 2) must be Tensor, not "
            f"{type(input).__name__}: make one, as with torch.tensor({input!r:.40})"
        )
    if input.dtype not in NUMBERS:
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
            f"Long, Int; but got {input.type()} instead (while checking arguments for {name})"
        )


def renormalize(weight: Any, input: Any, max_norm: float, norm_type: float) -> None:
    """Scales the rows in use down to ``max_norm``, in place."""
    weight = primal(weight)
    with minitorch.no_grad(), np.errstate(all="ignore"):
        used = minitorch.unique(input)
        rows = weight.detach()[used]
        norms = kernels.row_norms(single(array_of(rows)), norm_type)
        large = norms > max_norm
        if large.any():
            scale = np.where(large, max_norm / (norms + 1e-7), 1).astype(norms.dtype)
            weight[used] = rows * minitorch.from_numpy(scale[:, None])


def row_number(index: int, weight: Any) -> int:
    """``padding_idx`` counted from the front; -1 for none."""
    n: int = weight.shape[0]
    if not -n <= index < n:
        raise AssertionError(f"Padding_idx must be within num_embeddings: {index}, {n} rows")
    return index % n


def counts_of(input: Any, rows: int) -> Any:
    """How often each element of ``input`` occurs in it."""
    flat = input.reshape(-1)
    return minitorch.bincount(flat, minlength=rows)[flat].reshape((*input.shape, 1))


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of ``weight`` with the numbers ``input``.

    Args:
        input: (*), integers
        weight: (rows, width)
        padding_idx: a row that gets no gradient.
        max_norm: rows longer than that are scaled down, in ``weight`` itself.
        norm_type: the p of that norm.
        scale_grad_by_freq: divide each row's gradient by how often it was used.
        sparse: give ``weight`` a sparse gradient, for SparseAdam, SGD or Adagrad.

    Returns:
        (*, width)

    Raises:
        IndexError: a number is not that of a row.
    """
    check_index(input, "embedding")
    if weight.ndim != 2:
        raise RuntimeError(f"'weight' must be 2-D, but has shape {list(weight.shape)}")
    padding = -1 if padding_idx is None else row_number(padding_idx, weight)
    if max_norm is not None and not weight.is_meta:
        renormalize(weight, input, max_norm, norm_type)
    take = sparse_embedding if sparse and weight.requires_grad else embedding_p
    rows: Tensor = take(weight, input, padding)
    if scale_grad_by_freq:
        return scale_grad_by_freq_p(rows, counts_of(input, weight.shape[0]).to(rows.dtype))
    return rows


def sparse_embedding(weight: Tensor, input: Tensor, padding: int) -> Tensor:
    """``embedding_p`` with a sparse gradient."""
    from .sparse_embedding import SparseEmbedding

    rows: Tensor = SparseEmbedding.apply(weight, input, padding)
    return rows


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """1 at the class, 0 elsewhere, along a new last dimension.

    Args:
        input: (*), int64
        num_classes: by default one more than the largest class.

    Returns:
        (*, num_classes), int64
    """
    if input.dtype is not int64:
        raise RuntimeError(
            f"one_hot is only applicable to index tensor of type LongTensor, but got {input.dtype}"
        )
    if not input.numel():
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return minitorch.zeros((*input.shape, num_classes), dtype=int64, device=input.device)
    if num_classes > 0 and not isinstance(data_of(input), np.ndarray | np.generic):
        return _one_hot(input, num_classes)  # no values to look at: "meta", or a batch of vmap's
    if int(input.min()) < 0:
        raise RuntimeError("Class values must be non-negative.")
    largest = int(input.max())
    if num_classes == -1:
        num_classes = largest + 1
    elif num_classes < 1:
        raise RuntimeError("num_classes should be positive")
    elif largest >= num_classes:
        raise RuntimeError(
            f"Class values must be smaller than num_classes: {largest} is not below {num_classes}."
        )
    return _one_hot(input, num_classes)


def _one_hot(input: Tensor, num_classes: int) -> Tensor:
    return (input.unsqueeze(-1) == minitorch.arange(num_classes, device=input.device)).to(int64)
