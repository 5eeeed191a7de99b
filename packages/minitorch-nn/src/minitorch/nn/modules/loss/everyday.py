"""``Loss``: the two losses of everyday use, checked."""

from __future__ import annotations

from typing import Any

import minitorch
from minitorch import Tensor

from ... import functional as F

__all__ = ["Loss"]


class Loss:
    """The two losses of everyday use, which refuse shapes that would broadcast in silence.

    (n, 1) and (n,) are taken for the same.

    Example:
        >>> import minitorch
        >>> from minitorch.nn import Loss
        >>> Loss.mean_squared_error_loss(minitorch.tensor([[1.0], [3.0]]), minitorch.zeros(2))
        tensor(5.)
    """

    @staticmethod
    def cross_entropy_loss(logits: Any, labels: Any) -> Any:
        """The mean of -log softmax(logits) at the labels.

        Args:
            logits: (n, classes)
            labels: (n,) or (n, 1) integers, or (n, classes) probabilities.

        Raises:
            IndexError: a label is not that of a class.
            ValueError: the shapes do not fit, or the labels are no integers.
        """
        labels = _as_tensor(labels)
        if logits.ndim == 2 and labels.shape == (logits.shape[0], 1) != logits.shape:
            labels = labels.reshape(-1)
        floats = labels.dtype.is_floating_point
        if logits.shape == labels.shape and floats:
            return F.cross_entropy(logits, labels)
        if logits.ndim != 2 or labels.shape != logits.shape[:1]:
            raise ValueError(
                f"cross_entropy_loss: labels of shape {list(labels.shape)} do not fit logits of "
                f"shape {list(logits.shape)}: expected logits (n, classes) and labels (n,)"
            )
        if floats or labels.dtype is minitorch.bool:
            raise ValueError(
                f"cross_entropy_loss: labels are class numbers and must be integers, but got "
                f"{labels.dtype}: use labels.long()"
            )
        return F.cross_entropy(logits, labels.long())

    @staticmethod
    def mean_squared_error_loss(prediction: Any, target: Any) -> Any:
        """The mean of (prediction - target)^2.

        Args:
            prediction: any shape
            target: the same shape; or (n,) integers against (n, classes), taken as one-hot.

        Raises:
            IndexError: a label is not that of a class.
            ValueError: the shapes do not fit.
        """
        target = _as_tensor(target)
        a, b = prediction.shape, target.shape
        integers = not target.dtype.is_floating_point and target.dtype is not minitorch.bool
        if a != b and len(a) == 2 and a[1] > 1 and b in (a[:1], (a[0], 1)) and integers:
            low, high = (int(target.min()), int(target.max())) if target.numel() else (0, 0)
            if low < 0 or high >= a[1]:
                wrong = low if low < 0 else high
                raise IndexError(f"Target {wrong} is out of bounds: there are {a[1]} classes.")
            target = F.one_hot(target.reshape(-1).long(), a[1])
        elif a != b and sorted((len(a), len(b))) == [1, 2] and (*a, 1)[:2] == (*b, 1)[:2]:
            target = target.reshape(a)
        if a != target.shape:
            raise ValueError(
                f"mean_squared_error_loss: prediction of shape {list(a)} and target of shape "
                f"{list(b)} do not match; nothing is broadcast here"
            )
        if target.dtype is not prediction.dtype:
            target = target.to(prediction.dtype)
        return F.mse_loss(prediction, target)


def _as_tensor(value: Any) -> Any:
    return value if isinstance(value, Tensor) else minitorch.tensor(value)
