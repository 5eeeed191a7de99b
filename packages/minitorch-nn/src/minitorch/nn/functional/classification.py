"""Losses of class labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from minitorch import Tensor, int64, log_softmax, uint8, where
from minitorch.extend import apply, batching_rule, fused, primitive

from ..kernels import cross_entropy as kernels
from ..kernels.dtypes import check_float, check_same
from .batching import all_rows, in_front
from .reduction import chosen, reduced

__all__ = ["cross_entropy", "nll_loss"]


def class_dim(x: Any) -> int:
    return 1 if x.ndim > 1 else 0


def definition(
    x: Any, target: Any, weight: Any, ignore: int, reduction: str, smoothing: float
) -> Any:
    """``nll_loss`` of log_softmax(x), a part ``smoothing`` of it for all classes alike."""
    logp = log_softmax(x, class_dim(x))
    loss = nll_loss(logp, target, weight, ignore_index=ignore, reduction=reduction)
    if not smoothing:
        return loss
    counts = target != ignore
    w = None if weight is None else by_class(weight, logp)
    smooth = -(logp if w is None else logp * w).sum(class_dim(x)) * counts.to(logp.dtype)
    if reduction != "none":
        smooth = smooth.sum()
    if reduction == "mean":
        total = counts.sum() if weight is None else (weight[target * counts] * counts).sum()
        smooth = smooth / total
    return loss * (1 - smoothing) + smooth * (smoothing / x.shape[class_dim(x)])


def _cross_entropy(x: Any, target: Any, weight: Any, *params: Any) -> Any:
    if x.ndim != 2 or target.shape != x.shape[:1] or weight is not None:
        no_probabilities(x, target)
        target = unbatched(x, target)
        check_classes(x, target, weight, "cross_entropy")
    if x.dtype.kind not in "fV":
        check_float(x, "cross_entropy")
    if weight is not None:
        check_same("cross_entropy", x, weight=weight)
    return kernels.cross_entropy(x, target, weight, *params)


cross_entropy_p = fused(
    _cross_entropy,
    "x target weight | ignore reduction smoothing",
    kernels.cross_entropy_backward,
    definition,
    name="cross_entropy",
    label="NllLossBackward0",
    residuals="probabilities share at",
)


def by_class(weight: Any, x: Any) -> Any:
    """The class weights in a shape that broadcasts with ``x``."""
    return weight.reshape((-1,) + (1,) * (x.ndim - 1 - class_dim(x)))


def no_probabilities(input: Any, target: Any) -> None:
    """Raises where integers are shaped as probabilities are."""
    if input.shape == target.shape:
        raise RuntimeError(
            "Expected floating point type for target with class probabilities, got "
            f"{target.dtype.name} of shape {list(target.shape)}, the shape of the scores"
        )


def unbatched(input: Any, target: Any) -> Any:
    """The label of (C) scores without its dimension of size 1."""
    if not input.ndim == target.ndim == 1:
        return target
    if target.shape != (1,):
        raise ValueError(
            f"For 1D input, 1D target must have size 1, but got target size: {target.shape[0]}"
        )
    return target.reshape(())


def check_classes(input: Any, target: Any, weight: Any, name: str) -> None:
    """Raises where labels do not fit scores: (C) with (), (N, C, ...) with (N, ...)."""
    if not input.ndim >= 1:
        raise ValueError(f"{name}: Expected 1 or more dimensions (got 0)")
    wanted = input.shape[:1] + input.shape[2:] if input.ndim > 1 else ()
    if target.shape != wanted:
        if input.ndim > 1 and target.ndim and input.shape[0] != target.shape[0]:
            raise ValueError(
                f"Expected input batch_size ({input.shape[0]}) to match target batch_size "
                f"({target.shape[0]}): {name} got the shapes {list(input.shape)} and "
                f"{list(target.shape)}"
            )
        raise RuntimeError(
            f"{name}: {len(wanted)}D target tensor expected, labels of shape {list(wanted)} for "
            f"scores of shape {list(input.shape)} (classes in dimension {class_dim(input)}), but "
            f"got {list(target.shape)}"
        )
    if weight is not None and weight.shape != (input.shape[class_dim(input)],):
        raise RuntimeError(
            f"weight tensor should be defined either for all {input.shape[class_dim(input)]} "
            f"classes or no classes but got weight tensor of shape: {list(weight.shape)}"
        )


def class_numbers(target: Any) -> Any:
    """Labels as int64; uint8 may stand for it, but not in images, as in PyTorch."""
    if target.dtype is not int64 and not (target.dtype is uint8 and target.ndim < 2):
        raise RuntimeError(
            f"expected scalar type Long but found {target.dtype.type_name}: class numbers are "
            "int64, convert them with .long()"
        )
    return target.long()


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log softmax(input) at the target class.

    Args:
        input: (C), (N, C) or (N, C, d1, ...), scores before any softmax.
        target: class numbers (), (N) or (N, d1, ...); or class probabilities, shaped as ``input``.
        weight: (C), a factor for each class.
        size_average: replaced by ``reduction``.
        ignore_index: a class number that does not count.
        reduce: replaced by ``reduction``.
        reduction: ``"none"``, ``"mean"`` (over the weights of what counts) or ``"sum"``.
        label_smoothing: how much of the target is spread over all classes.

    Raises:
        IndexError: a target is not the number of a class.

    Example:
        >>> import minitorch
        >>> F = minitorch.nn.functional
        >>> F.cross_entropy(minitorch.zeros(2, 4), minitorch.tensor([0, 3]))
        tensor(1.3863)
    """
    if size_average is not None or reduce is not None or reduction not in ("mean", "sum", "none"):
        reduction = chosen(reduction, size_average, reduce)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if target.dtype is not int64:
        if target.dtype.is_floating_point and input.shape == target.shape:
            if ignore_index >= 0:
                raise RuntimeError(
                    f"ignore_index is not supported for floating point target: got {ignore_index}, "
                    "which names a class, while the targets are probabilities of classes"
                )
            return entropy_of_probabilities(input, target, weight, reduction, label_smoothing)
        no_probabilities(input, target)
        check_classes(input, unbatched(input, target), weight, "cross_entropy")
        target = class_numbers(target)
    return cross_entropy_p(input, target, weight, ignore_index, reduction, label_smoothing)


def entropy_of_probabilities(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float
) -> Tensor:
    """-sum(target log softmax(input)); its mean is over everything but the classes."""
    dim = class_dim(input)
    classes = input.shape[dim]
    if smoothing:
        target = target * (1 - smoothing) + smoothing / classes
    loss = log_softmax(input, dim) * target
    if weight is not None:
        loss = loss * by_class(weight, input)
    if reduction == "none":
        return -loss.sum(dim)
    return -loss.sum() / (input.numel() / max(classes, 1) if reduction == "mean" else 1)


def _weights(logp: Any, target: Any, weight: Any, ignore: int) -> Any:
    """The weight of each label, 0 where it is to be ignored; the labels are checked."""
    check_float(logp, "nll_loss")
    check_same("nll_loss", logp, weight=weight)
    t = target.reshape(-1)
    counts = kernels.check_labels(t, logp.shape[class_dim(logp)], ignore)
    if counts is not None:
        t = np.where(counts, t, 0)
    w = np.ones(len(t), logp.dtype) if weight is None else weight[t]
    return (w if counts is None else np.where(counts, w, 0).astype(logp.dtype)).reshape(
        target.shape
    )


nll_weights_p = primitive(_weights, "logp target weight | ignore", name="nll_weights")


def _places(target: Any, weights: Any) -> Any:
    """(row, label) of each label; of those that do not count, (row, 0)."""
    return np.arange(target.size, dtype=np.int64), np.where(weights == 0, 0, target).reshape(-1)


def _take(logp: Any, target: Any, weights: Any) -> Any:
    """-w logp at the labels."""
    found = kernels.as_rows(logp)[_places(target, weights)].reshape(target.shape)
    return np.where(weights == 0, logp.dtype.type(0), -found * weights)


def _place(g: Any, target: Any, weights: Any, shape: Any) -> Any:
    """-w g at the labels, 0 elsewhere: the transpose of ``_take``."""
    rows = np.zeros((target.size, shape[1 if len(shape) > 1 else 0]), g.dtype)
    rows[_places(target, weights)] = np.where(weights == 0, 0, -g * weights).reshape(-1)
    return kernels.like(rows, shape)


nll_loss_p = primitive(
    _take,
    "logp target weights",
    lambda g, target, weights, shape: nll_loss_backward_p(g, target, weights, tuple(shape)),
    None,
    None,
    name="nll_loss",
)
nll_loss_backward_p: Callable[..., Tensor] = primitive(
    _place,
    "g target weights | shape",
    lambda h, target, weights: nll_loss_p(h, target, weights),
    None,
    None,
    name="nll_loss_backward",
)


@batching_rule(nll_loss_p, nll_loss_backward_p, nll_weights_p)
def of_labels(op: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    """(n, classes, ...) with labels (n, ...): the n of all examples become one."""
    if op is nll_weights_p.primitive:
        return _label_weights(op, values, batched, params, size)
    ready = in_front(values, batched, size)
    shape = tuple(ready[1].shape)  # of the labels
    if params:  # the shape of the gradient
        own = params[0]
        params = ((size, *own) if len(shape) == 1 else (size * own[0], *own[1:]),)
    if len(shape) == 1:  # one label an example
        return apply(op, *ready, *params)
    made = apply(op, *map(all_rows, ready), *params)
    return made.reshape((*shape[:2], *made.shape[1:]))


def _label_weights(op: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    logp, target, weight = values
    logp, target = in_front([logp, target], batched[:2], size)
    shape = target.shape
    if len(shape) > 1:
        logp, target = all_rows(logp), all_rows(target)
    if not batched[2]:
        return apply(op, logp, target, weight, *params).reshape(shape)
    counts = apply(op, logp, target, None, *params).reshape((size, -1))  # 1, or 0 if to be ignored
    labels = where(counts == 0, 0, target.reshape((size, -1)))
    return (weight.gather(1, labels) * counts).reshape(shape)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-input at the target class, for log-probabilities; otherwise as ``cross_entropy``."""
    reduction = chosen(reduction, size_average, reduce)
    target = unbatched(input, target)
    check_classes(input, target, weight, "nll_loss")
    target = class_numbers(target)
    weights = nll_weights_p(input, target, weight, ignore_index)
    loss = nll_loss_p(input, target, weights)
    if reduction == "mean":
        return loss.sum() / weights.sum()
    return reduced(loss, reduction)
