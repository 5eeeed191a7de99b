"""Margin losses: hinges between scores, distances, similarities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import minitorch
from minitorch import Tensor, clamp_min, minimum, where

from ..kernels.dtypes import check_float, check_same
from .distance import pairwise_distance
from .reduction import chosen, reduced

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``x`` where the target is 1, max(0, margin - x) where it is -1."""
    reduction = chosen(reduction, size_average, reduce)
    if input.dtype.is_complex:
        check_float(input, "hinge_embedding_loss")
    far = where(target != 1, clamp_min(margin - input, 0).to(input.dtype), 0)
    near = where(target != -1, input, 0)
    return reduced(far + near, reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, -target (input1 - input2) + margin)."""
    reduction = chosen(reduction, size_average, reduce)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {list(input1.shape)}, input2: {list(input2.shape)}, target: "
            f"{list(target.shape)} "
        )
    return reduced(clamp_min(-target * (input1 - input2) + float(margin), 0), reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos(input1, input2) where the target is 1, max(0, cos - margin) where it is -1.

    Args:
        input1: (N, D) or (D)
        input2: the same shape
        target: (N) or ()
        margin: the cosine up to which unlike vectors cost nothing.
        size_average: replaced by ``reduction``.
        reduce: replaced by ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
    """
    reduction = chosen(reduction, size_average, reduce)
    if target.ndim not in (0, 1):
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if not input1.ndim == input2.ndim == target.ndim + 1:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found "
            f"inputs with sizes {list(input1.shape)} and {list(input2.shape)}."
        )
    epsilon = 1e-12  # as PyTorch's own kernel; under the root, unlike cosine_similarity
    dot = (input1 * input2).sum(-1)
    squares = ((input1 * input1).sum(-1) + epsilon) * ((input2 * input2).sum(-1) + epsilon)
    cosine = dot / squares.sqrt()
    near = where(target == 1, 1 - cosine, 0.0)
    far = where(target == -1, clamp_min(cosine - margin, 0), 0.0)
    return reduced(near + far, reduction)


def rows_of(input: Any) -> Any:
    """Scores (N, C), or (C) as one row."""
    if input.ndim > 2 or 0 in input.shape[-1:]:
        raise RuntimeError(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(input.shape)}"
        )
    return input if input.ndim == 2 else input.reshape(1, -1)


def _check_labels(name: str, input: Any, target: Any) -> None:
    check_float(input, name)
    if target.dtype is not minitorch.int64:
        raise RuntimeError(
            f"{name}: expected scalar type Long but found {target.dtype.type_name}: class numbers "
            "are int64, convert them with .long()"
        )


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the classes k other than the target of max(0, margin - x_target + x_k)^p.

    Args:
        input: (N, C) or (C)
        target: (N) or ()
        p: 1 or 2.
        margin: how far ahead the target's score should be.
        weight: (C), a factor for each target class.
        size_average: replaced by ``reduction``.
        reduce: replaced by ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
    """
    reduction = chosen(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.ndim != 1:
        raise ValueError(
            f"multi_margin_loss: expected 1D weight, but got shape {list(weight.shape)}"
        )
    rows = rows_of(input)
    _check_labels("multi_margin_loss", input, target)
    check_same("multi_margin_loss", input, weight=weight)
    labels = target.reshape(-1)
    n, classes = rows.shape
    if labels.shape != (n,):
        raise RuntimeError(f"inconsistent target size, expected {n} but got {list(target.shape)}")
    if weight is not None and weight.shape != (classes,):
        raise RuntimeError(
            f"inconsistent weight size, expected {classes} but got {list(weight.shape)}"
        )
    if not labels.is_meta and ((labels < 0) | (labels >= classes)).any():
        raise RuntimeError("target out of range")
    others = minitorch.arange(classes, device=labels.device) != labels.unsqueeze(1)
    hinge = clamp_min(margin - rows.gather(1, labels.unsqueeze(1)) + rows, 0)
    if p == 2:
        hinge = hinge * hinge
    if weight is not None:
        hinge = hinge * weight[labels].unsqueeze(1)
    loss = where(others, hinge, 0.0).sum(1) / classes
    return reduced(loss if input.ndim == 2 or target.ndim else loss.reshape(()), reduction)


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The sum of max(0, 1 - x_label + x_k) over labels and all classes k that are none, over C.

    Args:
        input: (N, C) or (C)
        target: the same shape: the labels of each row, ended by -1.
        size_average: replaced by ``reduction``.
        reduce: replaced by ``reduction``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
    """
    reduction = chosen(reduction, size_average, reduce)
    rows = rows_of(input)
    if (input.shape or (1,)) != (target.shape or (1,)):
        raise RuntimeError(
            f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}"
        )
    _check_labels("multilabel_margin_loss", input, target)
    labels = target.reshape(rows.shape)
    classes = rows.shape[1]
    if not labels.is_meta and ((labels < -1) | (labels >= classes)).any():
        raise RuntimeError("multilabel_margin_loss: target out of range")
    given = (labels < 0).long().cumsum(1) == 0  # before the first -1
    at = labels * given
    is_label = rows.new_zeros(rows.shape, dtype=minitorch.int64)
    is_label = is_label.scatter_add(1, at, given.long()) > 0
    hinge = clamp_min(1 - rows.gather(1, at).unsqueeze(2) + rows.unsqueeze(1), 0)
    counts = given.unsqueeze(2) & ~is_label.unsqueeze(1)
    loss = where(counts, hinge, 0.0).sum((1, 2)) / classes
    return reduced(loss if input.ndim == 2 else loss.reshape(()), reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, |anchor - positive|_p - |anchor - negative|_p + margin)."""
    reduction = chosen(reduction, size_average, reduce)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {anchor.ndim}D, positive {positive.ndim}D, and negative "
            f"{negative.ndim}D inputs"
        )
    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=lambda a, b: pairwise_distance(a, b, p, eps),
        margin=margin,
        swap=swap,
        reduction=reduction,
    )


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin).

    Args:
        anchor: (N, D)
        positive: like the anchor
        negative: unlike the anchor
        distance_function: d, by default ``pairwise_distance``.
        margin: by how much the positive should be nearer.
        swap: measure the negative from the positive where that is nearer.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
    """
    chosen(reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced(clamp_min(near - far + margin, 0), reduction)
