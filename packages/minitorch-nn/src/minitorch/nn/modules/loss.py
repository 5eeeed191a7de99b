"""Losses as layers, and ``Loss``."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import minitorch
from minitorch import Tensor

from .. import functional as F
from ..functional.reduction import chosen
from ..module import Module

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CTCLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "Loss",
    "MSELoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "NLLLoss2d",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


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


class _Loss(Module):
    reduction: str

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        old = size_average is not None or reduce is not None
        self.reduction = chosen(reduction, size_average, reduce) if old else reduction


class _WeightedLoss(_Loss):
    weight: Any

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class L1Loss(_Loss):
    """The mean of |input - target|.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html
    """

    def forward(self, input: Any, target: Any) -> Any:
        """Two of one shape to a number, or to that shape with ``reduction="none"``."""
        return F.l1_loss(input, target, reduction=self.reduction)


class MSELoss(_Loss):
    """The mean of (input - target)^2.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html
    """

    def forward(self, input: Any, target: Any) -> Any:
        """Two of one shape to a number, or to that shape with ``reduction="none"``."""
        return F.mse_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """Squared below ``beta``, absolute above.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Any, target: Any) -> Any:
        """Two of one shape to a number, or to that shape with ``reduction="none"``."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """Squared up to ``delta``, linear above.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Any, target: Any) -> Any:
        """Two of one shape to a number, or to that shape with ``reduction="none"``."""
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class NLLLoss(_WeightedLoss):
    """-input at the target class, for log-probabilities.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Any:
        """(N, C, ...) and (N, ...) integers to a number."""
        return F.nll_loss(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class NLLLoss2d(NLLLoss):
    """``NLLLoss`` under an old name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            "NLLLoss2d has been deprecated. Please use NLLLoss instead as a drop-in replacement.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__(*args, **kwargs)


class CrossEntropyLoss(_WeightedLoss):
    """-log softmax(input) at the target class.

    Args:
        weight: (C), a factor for each class.
        ignore_index: a class number that does not count.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        label_smoothing: how much of the target is spread over all classes.

    Raises:
        IndexError: a target is not the number of a class.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Any, target: Any) -> Any:
        """(N, C, ...) and class numbers (N, ...) or probabilities (N, C, ...) to a number."""
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class PoissonNLLLoss(_Loss):
    """-log of the Poisson probability of the target.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.PoissonNLLLoss.html
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Any, target: Any) -> Any:
        """Two of one shape to a number."""
        return F.poisson_nll_loss(
            log_input,
            target,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )


class GaussianNLLLoss(_Loss):
    """-log of the normal density of the target.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.GaussianNLLLoss.html
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(None, None, reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Any, target: Any, var: Any) -> Any:
        """Means, samples and variances to a number."""
        return F.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )


class KLDivLoss(_Loss):
    """target (log(target) - input), for log-probabilities.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Any, target: Any) -> Any:
        """Two of one shape to a number."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class BCELoss(_WeightedLoss):
    """-t log(p) - (1 - t) log(1 - p).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html
    """

    def forward(self, input: Any, target: Any) -> Any:
        """Two of one shape to a number."""
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_WeightedLoss):
    """``BCELoss`` of sigmoid(input), in one numerically safe step.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
    """

    pos_weight: Any

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Any = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Any, target: Any) -> Any:
        """Two of one shape to a number."""
        return F.binary_cross_entropy_with_logits(
            input,
            target,
            self.weight,
            pos_weight=self.pos_weight,
            reduction=self.reduction,
        )


class HingeEmbeddingLoss(_Loss):
    """input where the target is 1, max(0, margin - input) where it is -1.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.HingeEmbeddingLoss.html
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Any:
        """Two of one shape to a number."""
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class MultiLabelMarginLoss(_Loss):
    """The mean hinge between classes that are labels and classes that are not.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelMarginLoss.html
    """

    def forward(self, input: Any, target: Any) -> Any:
        """(N, C) and (N, C) labels, ended by -1, to a number."""
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """The mean over the classes of the logistic loss for each.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelSoftMarginLoss.html
    """

    def forward(self, input: Any, target: Any) -> Any:
        """(N, C) and (N, C) zeros and ones to a number."""
        return F.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)


class SoftMarginLoss(_Loss):
    """log(1 + exp(-target input)).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.SoftMarginLoss.html
    """

    def forward(self, input: Any, target: Any) -> Any:
        """Two of one shape to a number."""
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class CosineEmbeddingLoss(_Loss):
    """1 - cos where the target is 1, max(0, cos - margin) where it is -1.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.CosineEmbeddingLoss.html
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        """(N, D), (N, D) and (N) to a number."""
        return F.cosine_embedding_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class MarginRankingLoss(_Loss):
    """max(0, -target (input1 - input2) + margin).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.MarginRankingLoss.html
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        """Three of one shape to a number."""
        return F.margin_ranking_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class MultiMarginLoss(_WeightedLoss):
    """The mean of max(0, margin - x_target + x_k)^p over the other classes k.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Any = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.ndim != 1:
            raise ValueError(f"MultiMarginLoss: expected 1D weight, but got shape {weight.shape}")
        self.p = p
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Any:
        """(N, C) and (N) to a number."""
        return F.multi_margin_loss(
            input,
            target,
            p=self.p,
            margin=self.margin,
            weight=self.weight,
            reduction=self.reduction,
        )


class TripletMarginLoss(_Loss):
    """max(0, |anchor - positive| - |anchor - negative| + margin).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginLoss.html
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(
                f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead"
            )
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        """Three (N, D) to a number."""
        return F.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


class TripletMarginWithDistanceLoss(_Loss):
    """``TripletMarginLoss`` with any distance.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginWithDistanceLoss.html
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Any, Any], Any] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(None, None, reduction)
        if margin <= 0:
            raise ValueError(
                "TripletMarginWithDistanceLoss: expected margin to be greater than 0, got "
                f"{margin} instead"
            )
        self.distance_function = (
            F.pairwise_distance if distance_function is None else distance_function
        )
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        """Three (N, D) to a number."""
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )


class CTCLoss(_Loss):
    """-log of the probability of a labelling, summed over all its alignments (Graves et al., 2006).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.CTCLoss.html
    """

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(self, log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any) -> Any:
        """(T, N, C), (N, S) or their concatenation, (N) and (N) to a number."""
        return F.ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            self.blank,
            self.reduction,
            self.zero_infinity,
        )
