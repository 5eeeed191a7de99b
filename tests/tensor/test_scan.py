"""Cumulative operations, differences and integrals."""

from __future__ import annotations

from typing import Any

import minitorch
import numpy as np
import pytest
from minitorch.autograd import gradcheck, gradgradcheck

nan, inf = np.nan, np.inf
X = np.array([[0.5, -1.5, 2.0, 3.0], [4.0, 0.25, -2.5, 1.0], [1.5, -0.75, 0.1, 6.0]])
ZEROS = np.array([[2.0, 0.0, 3.0, 4.0], [5.0, 0.0, 0.0, 2.0], [0.0, 1.0, 2.0, 3.0]])
GRID = np.array([0.0, 1.0, 2.5, 3.0])


def leaf(x: Any) -> Any:
    return minitorch.tensor(np.asarray(x, np.float64), requires_grad=True)


VALUES = [
    (lambda x: x.cumsum(0), np.cumsum(X, 0)),
    (lambda x: x.cumsum(axis=-1), np.cumsum(X, 1)),
    (lambda x: x.cumprod(1), np.cumprod(X, 1)),
    (lambda x: x.cummax(1).values, np.maximum.accumulate(X, 1)),
    (lambda x: x.cummin(0).values, np.minimum.accumulate(X, 0)),
    (lambda x: x.logcumsumexp(1), np.log(np.cumsum(np.exp(X), 1))),
    (lambda x: x.diff(), np.diff(X)),
    (lambda x: x.diff(n=2, dim=0), np.diff(X, 2, 0)),
    (lambda x: x.diff(n=9, dim=0), np.diff(X, 9, 0)),
    (lambda x: x.diff(dim=1, prepend=x[:, :1], append=x), np.diff(np.hstack([X[:, :1], X, X]))),
    (lambda x: minitorch.trapezoid(x), np.trapezoid(X)),
    (lambda x: minitorch.trapz(x, dx=0.5, dim=0), np.trapezoid(X, dx=0.5, axis=0)),
    (lambda x: minitorch.trapezoid(x, minitorch.tensor(GRID)), np.trapezoid(X, GRID)),
    (lambda x: minitorch.cumulative_trapezoid(x), np.cumsum((X[:, 1:] + X[:, :-1]) / 2, 1)),
    (lambda x: minitorch.gradient(x)[0], np.gradient(X)[0]),
    (lambda x: minitorch.gradient(x, dim=1, edge_order=2)[0], np.gradient(X, axis=1, edge_order=2)),
    (
        lambda x: minitorch.gradient(x, spacing=(minitorch.tensor(GRID),), dim=1)[0],
        np.gradient(X, GRID, axis=1),
    ),
    (
        lambda x: minitorch.gradient(x, spacing=[minitorch.tensor(GRID)], dim=1, edge_order=2)[0],
        np.gradient(X, GRID, axis=1, edge_order=2),
    ),
]


@pytest.mark.parametrize(("function", "expected"), VALUES)
def test_values(function: Any, expected: Any) -> None:
    np.testing.assert_allclose(function(minitorch.tensor(X)).numpy(), expected, rtol=1e-6)


GRADIENTS = [
    ("cumsum", lambda x: x.cumsum(1) ** 2, X),
    ("cumsum of 0-dim", lambda x: x.cumsum(0) ** 2, 2.0),
    ("cumprod", lambda x: x.cumprod(1), X),
    ("cumprod with zeros", lambda x: x.cumprod(1), ZEROS),
    ("cumprod with zeros, other dim", lambda x: x.cumprod(0) * x, ZEROS),
    ("cummax", lambda x: x.cummax(1).values ** 2, X),
    ("cummin", lambda x: x.cummin(0).values * x, X),
    ("logcumsumexp", lambda x: x.logcumsumexp(1), X),
    ("logcumsumexp, other dim", lambda x: x.logcumsumexp(0) * x, X),
    ("diff", lambda x: x.diff(n=2) ** 2, X),
    ("trapezoid", lambda x: minitorch.trapezoid(x, x * x), X),
    ("gradient", lambda x: minitorch.gradient(x * x, edge_order=2), X),
]


@pytest.mark.parametrize(
    ("name", "function", "x"), GRADIENTS, ids=lambda v: v if isinstance(v, str) else "f"
)
def test_gradients(name: str, function: Any, x: Any) -> None:
    assert gradcheck(function, (leaf(x),))
    assert gradgradcheck(function, (leaf(x),))


def test_running_extrema_keep_the_latest_place() -> None:
    values, indices = minitorch.tensor([1.0, 3.0, 3.0, 2.0, nan, 5.0, nan]).cummax(0)
    np.testing.assert_array_equal(values.numpy(), [1, 3, 3, 3, nan, nan, nan])
    assert indices.tolist() == [0, 1, 2, 2, 4, 4, 6]
    x = leaf([2.0, 1.0, 3.0])
    x.cummax(0).values.sum().backward()
    assert x.grad.tolist() == [2, 0, 1]


def test_logcumsumexp_is_safe() -> None:
    x = leaf([-inf, 1000.0, 1000.0])
    y = x.logcumsumexp(0)
    np.testing.assert_allclose(y.detach().numpy(), [-inf, 1000, 1000 + np.log(2)])
    y[2].backward()
    np.testing.assert_allclose(x.grad.numpy(), [0, 0.5, 0.5])


def test_dtypes_and_in_place() -> None:
    x = minitorch.tensor([1, 2, 3], dtype=minitorch.int32)
    assert x.cumsum(0).dtype == minitorch.int64
    assert x.cumprod(0, dtype=minitorch.float32).dtype == minitorch.float32
    assert x.cumsum_(0) is x
    assert x.dtype == minitorch.int32
    assert x.tolist() == [1, 3, 6]
    assert minitorch.tensor([True, False, False]).diff().tolist() == [True, False]
    y = leaf([1.0, 2.0, 3.0])
    z = y * 1
    z.cumprod_(0)
    z.sum().backward()
    np.testing.assert_allclose(y.grad.numpy(), [1 + 2 + 6, 1 + 3, 2])


REFUSALS = [
    (lambda x: x.cumsum(2), IndexError),
    (lambda x: x.diff(n=-1), RuntimeError),
    (lambda x: minitorch.tensor(1.0).diff(), RuntimeError),
    (lambda x: minitorch.gradient(x, edge_order=3), RuntimeError),
    (lambda x: minitorch.gradient(x, spacing=[1.0]), RuntimeError),
    (lambda x: minitorch.gradient(x[:, :1], dim=1), RuntimeError),
    (lambda x: minitorch.trapezoid(x, minitorch.tensor([1.0, 2.0])), RuntimeError),
    (lambda x: minitorch.tensor([1, 2]).logcumsumexp(0), NotImplementedError),
]


@pytest.mark.parametrize(("function", "error"), REFUSALS)
def test_refusals(function: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        function(minitorch.tensor(X))
