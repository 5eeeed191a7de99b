"""Losses of nothing: a mean is NaN, a sum is 0, gradients are zero."""

from __future__ import annotations

import math

import minitorch
import minitorch.nn.functional as F
import pytest

PAIRS = (F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss, F.binary_cross_entropy)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("loss", PAIRS, ids=lambda f: f.__name__)
def test_of_an_empty_batch(loss, reduction):
    x = minitorch.zeros(0, 3, requires_grad=True)
    y = loss(x, minitorch.zeros(0, 3), reduction=reduction)
    y.backward()
    assert math.isnan(y.item()) if reduction == "mean" else y.item() == 0
    assert x.grad.shape == (0, 3)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 2), (0, 3), (0, 0)], ids=str)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_all_labels_ignored(shape, smoothing, weighted):
    x = minitorch.ones(*shape, requires_grad=True)
    target = minitorch.full((*shape[:1], *shape[2:]), -100)
    weight = minitorch.ones(shape[1]) if weighted else None
    y = F.cross_entropy(x, target, weight, label_smoothing=smoothing)
    y.backward()
    assert math.isnan(y.item())
    assert x.grad.shape == shape
    assert not x.grad.any()
