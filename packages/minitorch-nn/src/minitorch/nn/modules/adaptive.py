"""A softmax over many classes, the rare ones in clusters of their own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from minitorch import Tensor

from .. import functional as F
from ..containers import ModuleList, Sequential
from ..module import Module
from .linear import Linear

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-probabilities of classes that are numbered from frequent to rare.

    The head knows the classes before the first cutoff, and each cluster of rarer ones as a whole;
    within a cluster a narrower projection tells them apart. Grave et al., Efficient softmax
    approximation for GPUs, 2016, https://arxiv.org/abs/1609.04309

    Args:
        in_features: the width of the input.
        n_classes: how many classes.
        cutoffs: where clusters begin, increasing, between 1 and ``n_classes - 1``.
        div_value: cluster i (from 1) projects to a width of ``in_features / div_value**i``.
        head_bias: whether the head has a bias.

    Raises:
        ValueError: the cutoffs are no such sequence.
        RuntimeError: shapes do not fit, or a target is no class.

    Example:
        >>> import minitorch
        >>> layer = minitorch.nn.AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs=[5, 10])
        >>> made = layer(minitorch.zeros(3, 8), minitorch.tensor([0, 7, 19]))
        >>> made.output.shape, layer.log_prob(minitorch.zeros(3, 8)).shape
        (torch.Size([3]), torch.Size([3, 20]))
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        ends = [0, *cutoffs, n_classes]
        if any(a >= b or int(b) != b for a, b in itertools.pairwise(ends)):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing "
                f"order, where each value is between 1 and n_classes-1, but got {cutoffs} with "
                f"n_classes={n_classes}"
            )
        self.in_features, self.n_classes = in_features, n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size = cutoffs[0]
        self.n_clusters = len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        made = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **made)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(itertools.pairwise(self.cutoffs), 1):
            width = int(in_features // div_value**i)
            self.tail.append(
                Sequential(
                    Linear(in_features, width, bias=False, **made),
                    Linear(width, high - low, bias=False, **made),
                )
            )

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        self.head.reset_parameters()
        for projection in self.tail:
            for layer in projection.children():
                layer.reset_parameters()

    def forward(self, input: Tensor, target: Tensor) -> _ASMoutput:
        """(N, in_features) and (N) class numbers to (their N log-probabilities, minus the mean)."""
        if target.ndim > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if input.ndim != target.ndim + 1:
            raise RuntimeError(
                f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found "
                f"inputs with size {list(input.shape)}"
            )
        if target.ndim and input.shape[0] != target.shape[0]:
            raise RuntimeError(
                "Input and target should have the same size in the batch dimension, but got "
                f"{list(input.shape)} and {list(target.shape)}"
            )
        if target.numel() and not (int(target.min()) >= 0 and int(target.max()) < self.n_classes):
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{target.min().item()}, {target.max().item()}] were found."
            )
        x, classes = (input, target) if target.ndim else (input.unsqueeze(0), target.unsqueeze(0))
        entries = classes.clone()  # of the head: a class, or a cluster of them
        within = x.new_zeros(classes.shape)
        for i, (low, high) in enumerate(itertools.pairwise(self.cutoffs)):
            (rows,) = ((classes >= low) & (classes < high)).nonzero(as_tuple=True)
            if rows.numel():
                inside = F.log_softmax(self.tail[i](x.index_select(0, rows)), dim=1)
                chosen = inside.gather(1, (classes[rows] - low).unsqueeze(1)).squeeze(1)
                within = within.index_copy(0, rows, chosen)
                entries.index_fill_(0, rows, self.shortlist_size + i)
        head = F.log_softmax(self.head(x), dim=1)
        output = within + head.gather(1, entries.unsqueeze(1)).squeeze(1)
        loss = -output.mean()
        return _ASMoutput(output if target.ndim else output.squeeze(0), loss)

    def log_prob(self, input: Tensor) -> Tensor:
        """(N, in_features) to the (N, n_classes) log-probabilities."""
        return self._get_full_log_prob(input, self.head(input))

    def _get_full_log_prob(self, input: Tensor, scores: Tensor) -> Tensor:
        head = F.log_softmax(scores, dim=1)
        out: Tensor = input.new_empty((scores.shape[0], self.n_classes))
        out[:, : self.shortlist_size] = head[:, : self.shortlist_size]
        for i, (low, high) in enumerate(itertools.pairwise(self.cutoffs)):
            cluster = head[:, self.shortlist_size + i].unsqueeze(1)
            out[:, low:high] = F.log_softmax(self.tail[i](input), dim=1) + cluster
        return out

    def predict(self, input: Tensor) -> Tensor:
        """(N, in_features) to the N most probable classes.

        A row whose best entry of the head is a class is not looked at further.
        """
        scores: Tensor = self.head(input)
        output = scores.argmax(1)
        rare = output >= self.shortlist_size
        if bool(rare.any()):
            output[rare] = self._get_full_log_prob(input[rare], scores[rare]).argmax(1)
        return output
