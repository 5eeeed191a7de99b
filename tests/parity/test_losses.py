"""Losses of nothing: of empty inputs, and of labels that are all ignored."""

from __future__ import annotations

import itertools
from typing import Any

import database
import minitorch
import numpy as np
import pytest
import torch

EMPTY = ((0,), (0, 3), (0, 3, 2), (2, 3, 0), (2, 0), (0, 0))
REDUCTIONS = ("none", "mean", "sum")
PAIRS = (
    *("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "binary_cross_entropy"),
    *("binary_cross_entropy_with_logits", "soft_margin_loss", "multilabel_soft_margin_loss"),
    *("poisson_nll_loss", "multilabel_margin_loss", "hinge_embedding_loss"),
)
LABELS = ("cross_entropy", "nll_loss")
SEVERAL = {  # losses of several inputs: how many
    "gaussian_nll_loss": 3, "margin_ranking_loss": 3, "triplet_margin_loss": 3,
    "cosine_embedding_loss": 2, "triplet_margin_with_distance_loss": 3,
}  # fmt: skip


def outcome(library: Any, call: Any, shapes: Any) -> Any:
    """The loss and the gradients of all its inputs, or the error."""
    random = np.random.default_rng(0)
    inputs = [
        library.from_numpy(random.uniform(0.1, 0.9, shape)).requires_grad_() for shape in shapes
    ]
    try:
        y = call(library, library.nn.functional, *inputs)
        y.sum().backward()
    except Exception as error:  # any: the types are compared
        return error
    return [y.detach(), *(x.grad for x in inputs)]


def check(call: Any, shapes: Any) -> None:
    right, ours = outcome(torch, call, shapes), outcome(minitorch, call, shapes)
    if isinstance(right, Exception):
        assert isinstance(ours, type(right)), f"{ours!r} instead of {right!r}"
        return
    assert not isinstance(ours, Exception), f"{ours!r} instead of {right}"
    for k, (o, t) in enumerate(zip(ours, right, strict=True)):
        if o is None or t is None:
            assert o is t is None, f"{k}: {o} instead of {t}"
        else:
            database.compare(o, t, str(k))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", EMPTY, ids=str)
@pytest.mark.parametrize("name", PAIRS)
def test_pairs(name: str, shape: tuple[int, ...], reduction: str) -> None:
    if name == "multilabel_margin_loss" and shape == (0, 3):
        reduction = "none"  # of the others PyTorch returns memory that it did not write

    def call(library: Any, functional: Any, x: Any, y: Any) -> Any:
        if name.endswith("margin_loss"):  # no gradient by the target
            y = y.detach()
        if name == "multilabel_margin_loss":
            y = y.long()
        return getattr(functional, name)(x, y, reduction=reduction)

    check(call, [shape, shape])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", EMPTY, ids=str)
@pytest.mark.parametrize("name", SEVERAL)
def test_several(name: str, shape: tuple[int, ...], reduction: str) -> None:
    def call(library: Any, functional: Any, *inputs: Any) -> Any:
        if name == "cosine_embedding_loss":
            inputs = (*inputs, library.ones(shape[:1], dtype=library.float64))
        return getattr(functional, name)(*inputs, reduction=reduction)

    check(call, [shape] * SEVERAL[name])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("shape", EMPTY[1:], ids=str)
@pytest.mark.parametrize("name", LABELS)
def test_labels(name: str, shape: tuple[int, ...], weighted: bool, reduction: str) -> None:
    def call(library: Any, functional: Any, x: Any) -> Any:
        target = library.zeros((*shape[:1], *shape[2:]), dtype=library.int64)
        weight = library.ones(shape[-1] if len(shape) == 1 else shape[1], dtype=library.float64)
        return getattr(functional, name)(
            x, target, weight=weight if weighted else None, reduction=reduction
        )

    check(call, [shape])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 2), (0, 3), (3,)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ignored(shape: tuple[int, ...], reduction: str, dtype: str) -> None:
    """All labels ignored, one of them, or none; with weights (of zero too) and smoothing."""
    wanted = shape[:1] + shape[2:] if len(shape) > 1 else ()
    for ignored, weights, smoothing, index, kind in itertools.product(
        ("all", "one", "none"), (None, (1.0, 2.0, 3.0), (0.0, 0.0, 0.0), (0.0, 2.0, 0.0)),
        (0.0, 0.3), (-100, 1, 7), ("cross_entropy", "nll_loss"),
    ):  # fmt: skip
        labels = np.asarray(np.arange(np.prod(wanted, dtype=int)).reshape(wanted) % 3)
        if ignored == "all":
            labels[...] = index
        elif ignored == "one":
            labels.reshape(-1)[:1] = index

        counted = labels[labels != index]
        if kind == "nll_loss" and weights and counted.size and not np.take(weights, counted).any():
            continue  # the mean of weights of zero is NaN; PyTorch's gradient too, ours is zero

        def call(
            library: Any, functional: Any, x: Any, labels: Any = labels, weights: Any = weights,
            smoothing: Any = smoothing, index: Any = index, kind: Any = kind,
        ) -> Any:  # fmt: skip
            x = x.to(getattr(library, dtype))
            weight = None if weights is None else library.tensor(weights, dtype=x.dtype)
            options = {"label_smoothing": smoothing} if kind == "cross_entropy" else {}
            return getattr(functional, kind)(
                x, library.from_numpy(labels.copy()), weight, ignore_index=index,
                reduction=reduction, **options,
            )  # fmt: skip

        check(call, [shape])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", EMPTY, ids=str)
def test_probabilities(shape: tuple[int, ...], reduction: str) -> None:
    check(
        lambda library, functional, x, p: functional.cross_entropy(x, p, reduction=reduction),
        [shape, shape],
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_ctc(reduction: str) -> None:
    """Target lengths of zero, and an empty batch."""
    for n, lengths in ((2, (0, 0)), (2, (0, 1)), (0, ())):

        def call(library: Any, functional: Any, x: Any, n: int = n, lengths: Any = lengths) -> Any:
            return functional.ctc_loss(
                x.log_softmax(2), library.ones((n, 2), dtype=library.int64),
                library.full((n,), 4, dtype=library.int64),
                library.tensor(lengths, dtype=library.int64), reduction=reduction,
            )  # fmt: skip

        check(call, [(4, n, 3)])
