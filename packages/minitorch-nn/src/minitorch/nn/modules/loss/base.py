"""What the losses share: their reduction, and weights."""

from __future__ import annotations

from minitorch import Tensor

from ...functional.reduction import chosen
from ...module import Module


class _Loss(Module):
    """A loss with its ``reduction``, also by the two arguments that it replaced."""

    reduction: str

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        old = size_average is not None or reduce is not None
        self.reduction = chosen(reduction, size_average, reduce) if old else reduction


class _WeightedLoss(_Loss):
    """A loss with a factor for each class or element, a buffer."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
