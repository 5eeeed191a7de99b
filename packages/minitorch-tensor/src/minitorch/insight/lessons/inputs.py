"""What losses are given: squashed scores, labels that name no class, shapes that do not match."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.recorder import Place, place
from ..tags import Tags, where
from .lesson import Lesson, values_of, within

__all__ = ["SilentBroadcast", "SquashedInput", "WrongLabels"]

SQUASHING = {"softmax", "log_softmax", "sigmoid"}
KEEPING = {"clone", "to", "clamp", "index", "cat", "stack", "copy"}  # and views
TWICE = {  # what a loss does itself, and what its input must not have been through
    "cross_entropy": ("softmax", SQUASHING),
    "log_softmax": ("softmax", {"softmax"}),
    "binary_cross_entropy_with_logits": ("sigmoid", {"sigmoid", "softmax"}),
    "logsigmoid": ("sigmoid", {"sigmoid", "softmax"}),
}


class SquashedInput(Lesson):
    """Softmax or sigmoid before a loss that computes it, or none before one that does not."""

    def __init__(self, warner: Any) -> None:
        super().__init__(warner)
        self.made = Tags()  # (by what operation, where)

    def starting(self, name: str, args: tuple[Any, ...]) -> None:
        made, at = (self.made.get(args[0]) if args else None) or ("", None)
        if name == "nll_loss":
            self.check_nll(made, at, args[0])
            return
        itself, wrong = TWICE.get(name, ("", set()))
        if made not in wrong:
            return
        if made == "log_softmax":
            self.warn(
                f"{name} computes log_softmax itself, and its input went through log_softmax at "
                f"{where(at)} already. The value is the same, the work is done twice: give it the "
                "scores as they are, or use nll_loss."
            )
            return
        self.warn(
            f"{name} computes the {itself} itself, but its input went through {made} at "
            f"{where(at)} already: the loss is wrong and its gradients are too small to learn "
            f"from. Give it the scores (logits) as they are, without the {made}."
        )

    def check_nll(self, made: str, at: Place | None, x: Any) -> None:
        values = values_of(x)
        if made in ("softmax", "sigmoid"):
            self.warn(
                f"nll_loss takes logarithms of probabilities, but its input is the {made} of "
                f"{where(at)}. Use log_softmax there, or cross_entropy on the scores."
            )
        elif values is not None and values.size and float(values.max()) > 1e-3:
            self.warn(
                "nll_loss takes logarithms of probabilities, which are at most 0, but its input "
                f"goes up to {float(values.max()):.4g}. Put log_softmax before it, or use "
                "cross_entropy on the scores."
            )

    def operation(self, name: str, args: tuple[Any, ...], out: Any, view: bool) -> None:
        if not args or values_of(out) is None:
            return
        if name in SQUASHING or name == "exp":
            self.made[out] = (name, place())
            return
        first = args[0][0] if isinstance(args[0], list | tuple) and args[0] else args[0]
        tag = self.made.get(first)
        if name == "sum" and tag and tag[0] == "exp":
            self.made[out] = ("sum of exp", tag[1])
        elif name == "div" and tag and tag[0] == "exp":  # e^x / sum(e^x), by hand
            below = self.made.get(args[1])
            if below and below[0] == "sum of exp":
                self.made[out] = ("softmax", place())
        elif name == "log" and tag and tag[0] == "softmax":
            self.made[out] = ("log_softmax", place())
        elif tag and (view or name in KEEPING):
            self.made[out] = tag

    def wrote(self, target: Any, value: Any) -> None:
        tag = self.made.get(value)
        if tag:
            self.made[target] = tag


class WrongLabels(Lesson):
    """Labels that are not the number of a class, targets that are not probabilities."""

    def starting(self, name: str, args: tuple[Any, ...]) -> None:
        if name in ("cross_entropy", "nll_weights"):
            scores, labels = values_of(args[0]), values_of(args[1])
            if scores is None or labels is None or labels.dtype.kind not in "iu":
                return
            classes, ignored = scores.shape[min(scores.ndim - 1, 1)], args[3]
            wrong = ((labels < 0) | (labels >= classes)) & (labels != ignored)
            if wrong.any():
                self.outside(labels[wrong], labels[labels != ignored], classes)
        elif name == "embedding":
            numbers, table = self.numbers_and_table(args)
            if numbers is not None and numbers.size:
                rows = table.shape[0]
                if numbers.min() < 0 or numbers.max() >= rows:
                    self.warn(
                        f"an embedding of {rows} rows is asked for row {int(numbers.max())}: its "
                        f"numbers must be 0 to {rows - 1}. Give it num_embeddings="
                        f"{int(numbers.max()) + 1}, or map what is rare to one number."
                    )
        elif name in ("binary_cross_entropy_with_logits", "binary_cross_entropy"):
            targets = values_of(args[1])
            if targets is not None and targets.size:
                low, high = float(targets.min()), float(targets.max())
                if low < 0 or high > 1:
                    self.warn(
                        f"{name} takes targets from 0 to 1, but these go from {low:.4g} to "
                        f"{high:.4g}: the loss has no lower bound. Turn labels -1 and 1 into 0 "
                        "and 1 with (labels + 1) / 2; for several classes use cross_entropy."
                    )

    def numbers_and_table(self, args: tuple[Any, ...]) -> tuple[Any, Any]:
        """The indices and the rows, whichever comes first."""
        first, second = values_of(args[0]), values_of(args[1])
        if first is None or second is None:
            return None, None
        if first.dtype.kind in "iu":
            return first, second
        return (second, first) if second.dtype.kind in "iu" else (None, None)

    def outside(self, wrong: Any, labels: Any, classes: int) -> None:
        from_one = labels.min() >= 1 and labels.max() == classes
        mend = (
            "They seem to count from 1: subtract 1."
            if from_one
            else f"Give the last layer {int(labels.max()) + 1} outputs, or mend the labels."
            if wrong.max() >= classes
            else "Labels that are not to count are ignore_index=... of the loss."
        )
        some = ", ".join(str(int(n)) for n in np.unique(wrong)[:5])
        self.warn(
            f"labels outside of the classes: for {classes} scores they must be 0 to "
            f"{classes - 1}, but {wrong.size} of {labels.size} are not: {some}. {mend}"
        )


ELEMENTWISE = {"pow", "square", "abs", "mul", "div", "neg", "sqrt", "clamp", "where", "add"}


class SilentBroadcast(Lesson):
    """(N, 1) against (N,): every prediction is compared with every target."""

    def __init__(self, warner: Any) -> None:
        super().__init__(warner)
        self.outer = Tags()  # (shapes, where) of differences

    def starting(self, name: str, args: tuple[Any, ...]) -> None:
        if name in ("mse_loss", "sub") and len(args) > 1:
            a, b = values_of(args[0]), values_of(args[1])
            if a is None or b is None or a.shape == b.shape or () in (a.shape, b.shape):
                return
            if name == "mse_loss" or within("minitorch.nn.functional.regression"):
                self.tell(a.shape, b.shape, place())

    def operation(self, name: str, args: tuple[Any, ...], out: Any, view: bool) -> None:
        found = values_of(out)
        if found is None or not args:
            return
        tag = self.outer.get(args[0])
        if name == "sub" and found.ndim:
            a, b = values_of(args[0]), values_of(args[1])
            if a is None or b is None or found.size <= max(a.size, b.size):
                return
            # one learns, the other is given
            if {a.ndim, b.ndim} == {1, 2} and args[0].requires_grad != args[1].requires_grad:
                self.outer[out] = (a.shape, b.shape, place())
        elif tag and name in ("mean", "sum") and not found.ndim:
            self.tell(*tag)
        elif tag and name in ELEMENTWISE:
            self.outer[out] = tag

    def tell(self, a: tuple[int, ...], b: tuple[int, ...], at: Place | None) -> None:
        made = np.broadcast_shapes(a, b)
        self.warn(
            f"the prediction and the target have the shapes {list(a)} and {list(b)}; their "
            f"difference is broadcast to {list(made)}, so that each prediction is compared with "
            "targets that are not its own. Give them one shape: prediction.squeeze(1), or "
            "target.unsqueeze(1).",
            at,
        )
