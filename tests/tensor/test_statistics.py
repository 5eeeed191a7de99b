"""Variances, covariances, histograms."""

from __future__ import annotations

from typing import Any

import minitorch
import numpy as np
import pytest
from minitorch.autograd import gradcheck, gradgradcheck

pytestmark = pytest.mark.filterwarnings("ignore:.*degrees of freedom")

X = np.array([[0.5, -1.5, 2.0, 3.0], [4.0, 0.25, -2.5, 1.0], [1.5, -0.75, 0.1, 6.0]])
F = np.array([1, 2, 3, 1])
A = np.array([0.5, 1.0, 0.25, 2.0])


def leaf(x: Any) -> Any:
    return minitorch.tensor(np.asarray(x, np.float64), requires_grad=True)


VALUES = [
    (lambda x: x.var(), X.var(ddof=1)),
    (lambda x: x.var(False), X.var()),
    (lambda x: x.var(0), X.var(0, ddof=1)),
    (lambda x: x.var(0, True, True), X.var(0, ddof=1, keepdims=True)),
    (lambda x: x.var(dim=1, correction=2), X.var(1, ddof=2)),
    (lambda x: x.std((0, 1), unbiased=False), X.std()),
    (lambda x: x.std(axis=1, keepdims=True), X.std(1, ddof=1, keepdims=True)),
    (lambda x: minitorch.var_mean(x, 1)[0], X.var(1, ddof=1)),
    (lambda x: minitorch.std_mean(x, 1, correction=0)[1], X.mean(1)),
    (lambda x: x.cov(), np.cov(X)),
    (lambda x: x[0].cov(), np.cov(X[0])),
    (
        lambda x: x.cov(
            correction=0, fweights=minitorch.tensor(F), aweights=minitorch.tensor(A)
        ),
        np.cov(X, ddof=0, fweights=F, aweights=A),
    ),
    (lambda x: x.cov(aweights=minitorch.tensor(A)), np.cov(X, aweights=A)),
    (lambda x: x.corrcoef(), np.corrcoef(X)),
    (lambda x: x.histc(4), np.histogram(X, 4)[0]),
    (lambda x: x.histc(3, -1, 2), np.histogram(X, 3, (-1, 2))[0]),
    (lambda x: x.histogram(5).hist, np.histogram(X, 5)[0]),
    (lambda x: x.histogram(5).bin_edges, np.histogram(X, 5)[1]),
    (lambda x: x.histogram(4, range=(-1.0, 3.0), density=True).hist,
     np.histogram(X, 4, (-1, 3), density=True)[0]),
    (lambda x: x.histogram(4, weight=x).hist, np.histogram(X, 4, weights=X)[0]),
    (
        lambda x: x.histogram(x.new_tensor([-1.0, 0.0, 0.5, 4.0])).hist,
        np.histogram(X, [-1, 0, 0.5, 4])[0],
    ),
    (
        lambda x: minitorch.histogramdd(x[:, :2], [2, 3]).hist,
        np.histogramdd(X[:, :2], [2, 3])[0],
    ),
    (lambda x: minitorch.tensor([1, 3, 1]).bincount(minlength=6), [0, 2, 0, 1, 0, 0]),
    (lambda x: minitorch.tensor([1, 0, 1]).bincount(x[0, :3]), [-1.5, 2.5]),
]  # fmt: skip


@pytest.mark.parametrize(("function", "expected"), VALUES)
def test_values(function: Any, expected: Any) -> None:
    np.testing.assert_allclose(function(minitorch.tensor(X)).numpy(), expected, rtol=1e-6)


GRADIENTS = [
    ("var", lambda x: x.var()),
    ("var dim", lambda x: x.var(0, keepdim=True) * x),
    ("var correction", lambda x: x.var(dim=1, correction=0.5)),
    ("std", lambda x: x.std()),
    ("std dim", lambda x: x.std(1)),
    ("std_mean", lambda x: minitorch.std_mean(x, 0)),
    ("cov", lambda x: x.cov()),
    ("cov weights", lambda x: x[:2].cov(aweights=x[2] ** 2)),
    ("corrcoef", lambda x: x.corrcoef()),
]


@pytest.mark.parametrize(
    ("name", "function"), GRADIENTS, ids=lambda v: v if isinstance(v, str) else "f"
)
def test_gradients(name: str, function: Any) -> None:
    assert gradcheck(function, (leaf(X),))
    assert gradgradcheck(function, (leaf(X),), atol=1e-4)


def test_std_where_nothing_varies() -> None:
    x = leaf([[1.0, 1.0], [1.0, 3.0]])
    x.std(1).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [[0, 0], [-(0.5**0.5), 0.5**0.5]])


def test_too_few_elements_give_nan() -> None:
    assert np.isnan(minitorch.tensor([1.0]).var().item())
    assert minitorch.tensor([1.0]).var(unbiased=False).item() == 0


REFUSALS = [
    (lambda x: x.int().var(), RuntimeError),
    (lambda x: x.std(2), IndexError),
    (lambda x: x[None].cov(), RuntimeError),
    (lambda x: x.cov(fweights=x[0]), RuntimeError),
    (lambda x: x.cov(aweights=-x[0]), RuntimeError),
    (lambda x: x.histc(0), RuntimeError),
    (lambda x: x.histc(3, 2, 1), RuntimeError),
    (lambda x: (x / 0).histc(3), RuntimeError),
    (lambda x: minitorch.tensor([-1]).bincount(), RuntimeError),
    (lambda x: minitorch.histogramdd(x, [2, 3]), RuntimeError),
    (lambda x: x.histogram(x[:0].flatten()), RuntimeError),
    (lambda x: x.histogram(x.flatten(), range=(0, 1)), TypeError),
]


@pytest.mark.parametrize(("function", "error"), REFUSALS)
def test_refusals(function: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        function(minitorch.tensor(X))
