"""Cross-entropy of a linear map's results, which need not all be there at once."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import minitorch
from minitorch import Tensor, cat

from .classification import cross_entropy
from .linear import linear

if TYPE_CHECKING:
    from .chunking import LinearCrossEntropyOptions

__all__ = ["linear_cross_entropy"]


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: LinearCrossEntropyOptions | None = None,
) -> Tensor:
    """``cross_entropy(linear(input, linear_weight, linear_bias), target)``.

    Args:
        input: (N, in) or (in,)
        linear_weight: (C, in), or (C, d1, ..., in) for losses at d1 x ... places.
        target: class numbers, (N, d1, ...) or (), or probabilities, (N, C, d1, ...) or (C,)
        linear_bias: (C, d1, ...)
        weight: (C,), a factor for each class.
        options: go through the rows in chunks, whose logits are computed again in the backward
            pass: less memory, more time.

    Raises:
        RuntimeError: shapes do not fit; ``ignore_index`` with probabilities.

    Example:
        >>> import minitorch
        >>> from minitorch.nn.functional import linear_cross_entropy
        >>> x, w = minitorch.zeros(2, 3), minitorch.zeros(4, 3)
        >>> linear_cross_entropy(x, w, minitorch.tensor([0, 3]))
        tensor(1.3863)
    """
    if not 1 <= input.ndim <= 2:
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.ndim}")
    if linear_weight.ndim < 2:
        raise RuntimeError(
            f"expected linear_weight with dimensionality at least 2, got {linear_weight.ndim}"
        )
    classes, *places, features = linear_weight.shape
    if input.shape[-1] != features:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{input.shape[-1]} and {features}, respectively"
        )
    if linear_bias is not None and tuple(linear_bias.shape) != (classes, *places):
        raise RuntimeError(
            f"expected linear_bias shape {(classes, *places)}, got {tuple(linear_bias.shape)}"
        )
    if places and input.ndim == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} "
            f"requires batched input, (N, {features}), got unbatched input with shape "
            f"{tuple(input.shape)}"
        )
    shape = (*input.shape[:-1], classes, *places)
    if ignore_index is None:
        ignore_index = -100
    elif tuple(target.shape) == shape:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    settings: Any = {
        "weight": weight,
        "ignore_index": ignore_index,
        "label_smoothing": label_smoothing,
    }
    if options is not None:
        if not places and label_smoothing == 0.0 and target.dtype is minitorch.int64:
            return _in_chunks(
                input, linear_weight, linear_bias, target, reduction, settings, options
            )
        warnings.warn(
            "linear_cross_entropy: ``options`` ignored; chunked path needs label_smoothing == 0, "
            "target.dtype == int64, out_features == (). Got "
            f"label_smoothing={label_smoothing}, target.dtype={target.dtype}, "
            f"out_features={tuple(places)}.",
            stacklevel=2,
        )
    wide = math.prod(places, start=classes)
    rows = linear_weight.reshape(wide, features) if places else linear_weight
    bias = linear_bias.reshape(wide) if places and linear_bias is not None else linear_bias
    logits = linear(input, rows, bias).reshape(shape)
    return cross_entropy(logits, target, reduction=reduction, **settings)


def _in_chunks(
    input: Tensor, linear_weight: Tensor, linear_bias: Tensor | None, target: Tensor,
    reduction: str, settings: Any, options: LinearCrossEntropyOptions,
) -> Tensor:  # fmt: skip
    from minitorch.utils.checkpoint import checkpoint

    x, labels = (input, target) if input.ndim == 2 else (input.unsqueeze(0), target.unsqueeze(0))
    of_chunk = "none" if reduction == "none" else "sum"

    def loss(rows: Tensor, classes: Tensor) -> Tensor:
        logits = linear(rows, linear_weight, linear_bias)
        return cross_entropy(logits, classes, reduction=of_chunk, **settings)

    size = options._compute_batch_chunk_size(len(x), x.shape[1], linear_weight.shape[0])
    parts = [
        checkpoint(loss, rows, classes, use_reentrant=False)
        for rows, classes in zip(x.split(size), labels.split(size), strict=True)
    ]
    if reduction == "none":
        whole = cat(parts)
        return whole if input.ndim == 2 else whole.squeeze(0)
    total: Tensor = sum(parts[1:], parts[0])
    if reduction == "sum":
        return total
    counted: Tensor = labels != settings["ignore_index"]
    weight: Tensor | None = settings["weight"]
    if weight is not None:
        counted = weight[labels.where(counted, 0)] * counted
    return total.div(counted.sum())
