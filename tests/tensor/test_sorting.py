"""Sorting, selection, unique values, searching, order statistics."""

from __future__ import annotations

from typing import Any

import minitorch
import numpy as np
import pytest
from minitorch.autograd import gradcheck, gradgradcheck

nan, inf = np.nan, np.inf
X = np.array([[0.5, -1.5, 2.0, 3.0], [4.0, 0.25, -2.5, 1.0], [1.5, -0.75, 0.1, 6.0]])
REPEATS = np.array([[2, 1, 2, 1], [3, 3, 1, 0]])
GAPS = np.array([[1.0, nan, 3.0, 2.0], [5.0, 2.0, 4.0, 1.0]])


def leaf(x: Any) -> Any:
    return minitorch.tensor(np.asarray(x, np.float64), requires_grad=True)


VALUES = [
    (lambda x: x.sort().values, X, np.sort(X)),
    (lambda x: x.sort(0, descending=True).values, X, -np.sort(-X, 0)),
    (lambda x: x.sort(axis=0).indices, X, X.argsort(0)),
    (lambda x: x.sort(stable=True).indices, REPEATS, [[1, 3, 0, 2], [3, 2, 0, 1]]),
    (lambda x: x.sort(descending=True).indices, REPEATS, [[0, 2, 1, 3], [0, 1, 2, 3]]),
    (lambda x: x.sort().values, GAPS, np.sort(GAPS)),
    (lambda x: x.sort(descending=True).values[0], GAPS, [nan, 3, 2, 1]),
    (lambda x: x.argsort(1), X, X.argsort(1)),
    (lambda x: x.msort(), X, np.sort(X, 0)),
    (lambda x: x.topk(2).values, X, -np.sort(-X)[:, :2]),
    (lambda x: x.topk(2, 0, largest=False).indices, X, X.argsort(0)[:2]),
    (lambda x: x.topk(1).values, GAPS, [[nan], [5]]),
    (lambda x: x.kthvalue(2).values, X, np.sort(X)[:, 1]),
    (lambda x: x.kthvalue(3, 0, keepdim=True).values, X, X.max(0, keepdims=True)),
    (lambda x: x.median(), X, np.sort(X.ravel())[5]),
    (lambda x: x.median(1).values, X, np.sort(X)[:, 1]),
    (lambda x: x.median(1).values, GAPS, [nan, 2]),
    (lambda x: x.median(1).indices[0], GAPS, 1),
    (lambda x: x.nanmedian(1).values, GAPS, [2, 2]),
    (lambda x: x.nanmedian(), GAPS, 2),
    (lambda x: x.mode().values, REPEATS, [1, 3]),
    (lambda x: x.mode().indices, REPEATS, [3, 1]),
    (lambda x: x.quantile(0.3), X, np.quantile(X, 0.3)),
    (lambda x: x.quantile(0.3, 1, True), X, np.quantile(X, 0.3, 1, keepdims=True)),
    (lambda x: x.quantile(x.new_tensor([0.1, 0.8]), 0), X, np.quantile(X, [0.1, 0.8], 0)),
    (lambda x: x.quantile(0.4), GAPS, nan),
    (lambda x: x.nanquantile(0.4, 1), GAPS, np.nanquantile(GAPS, 0.4, 1)),
    (lambda x: x.unique(), REPEATS, np.unique(REPEATS)),
    (lambda x: x.unique(return_inverse=True)[1], REPEATS, [[2, 1, 2, 1], [3, 3, 1, 0]]),
    (lambda x: x.unique(return_counts=True)[1], REPEATS, [1, 3, 2, 2]),
    (lambda x: x.unique(dim=1), REPEATS, np.unique(REPEATS, axis=1)),
    (lambda x: x.unique_consecutive(), REPEATS, [2, 1, 2, 1, 3, 1, 0]),
    (lambda x: x.unique_consecutive(return_counts=True)[1], REPEATS, [1, 1, 1, 1, 2, 1, 1]),
    (lambda x: x.unique_consecutive(return_inverse=True)[1][1], REPEATS, [4, 4, 5, 6]),
    (lambda x: minitorch.isin(x, 3), REPEATS, REPEATS == 3),
    (lambda x: minitorch.isin(x, x[0], invert=True), REPEATS, ~np.isin(REPEATS, [1, 2])),
]


@pytest.mark.parametrize(("function", "x", "expected"), VALUES)
def test_values(function: Any, x: Any, expected: Any) -> None:
    np.testing.assert_allclose(function(minitorch.tensor(x)).numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("way", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_interpolations(way: str) -> None:
    x = minitorch.tensor(X)
    for q in (0.0, 0.2, 0.55, 1.0):
        np.testing.assert_allclose(
            x.quantile(q, 1, interpolation=way).numpy(), np.quantile(X, q, 1, method=way)
        )


@pytest.mark.parametrize("largest", [True, False])
def test_topk_of_many(largest: bool) -> None:
    x = np.random.default_rng(0).permutation(4000).reshape(4, 1000)
    values, indices = minitorch.tensor(x).topk(5, largest=largest)
    expected = np.sort(x)[:, :-6:-1] if largest else np.sort(x)[:, :5]
    np.testing.assert_array_equal(values.numpy(), expected)
    np.testing.assert_array_equal(np.take_along_axis(x, indices.numpy(), 1), expected)


SEQUENCE = np.array([1.0, 3.0, 3.0, 7.0])


@pytest.mark.parametrize("right", [False, True])
def test_searching(right: bool) -> None:
    x, edges = minitorch.tensor(X), minitorch.tensor(SEQUENCE)
    expected = np.searchsorted(SEQUENCE, X, "right" if right else "left")
    np.testing.assert_array_equal(minitorch.searchsorted(edges, x, right=right).numpy(), expected)
    found = minitorch.bucketize(x, edges, right=right, out_int32=True)
    np.testing.assert_array_equal(found.numpy(), expected)
    assert found.dtype == minitorch.int32
    assert minitorch.searchsorted(edges, 3, side="right").item() == 3
    with pytest.warns(UserWarning, match="boundary tensor is non-contiguous"):
        rows = minitorch.searchsorted(edges.expand(3, 4), x, right=right)
    np.testing.assert_array_equal(rows.numpy(), expected)
    shuffled = minitorch.tensor(SEQUENCE[[2, 0, 3, 1]])
    found = minitorch.searchsorted(shuffled, x, sorter=shuffled.argsort(), right=right)
    np.testing.assert_array_equal(found.numpy(), expected)


GRADIENTS = [
    ("sort", lambda x: x.sort(0).values ** 2, X),
    ("sort descending", lambda x: x.sort(descending=True).values * x, X),
    ("topk", lambda x: x.topk(2, 0).values ** 2, X),
    ("kthvalue", lambda x: x.kthvalue(2).values ** 2, X),
    ("median", lambda x: x.median() * x, X),
    ("median dim", lambda x: x.median(0, keepdim=True).values * x, X),
    ("nanmedian", lambda x: x.nanmedian(1).values ** 2, X),
    ("mode", lambda x: x.mode(1).values ** 2, X),
    ("quantile", lambda x: x.quantile(0.3, 1) ** 2, X),
    ("nanquantile", lambda x: x.nanquantile(0.6, 0, True) * x, X),
]


@pytest.mark.parametrize(
    ("name", "function", "x"), GRADIENTS, ids=lambda v: v if isinstance(v, str) else "f"
)
def test_gradients(name: str, function: Any, x: Any) -> None:
    assert gradcheck(function, (leaf(x),))
    assert gradgradcheck(function, (leaf(x),))


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (lambda x: x.median(), [2.0, 1.0, 2.0, 3.0], [0.5, 0, 0.5, 0]),
        (lambda x: x.mode().values, [2.0, 1.0, 2.0], [0, 0, 1]),
        (lambda x: x.sort().values[0], [2.0, 1.0, 1.0], [0, 1, 0]),
    ],
)
def test_conventions(function: Any, x: Any, expected: Any) -> None:
    x = leaf(x)
    function(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), expected)


REFUSALS = [
    (lambda x: x.topk(5), RuntimeError),
    (lambda x: x.kthvalue(0), RuntimeError),
    (lambda x: x.sort(2), IndexError),
    (lambda x: x[:, :0].median(1), IndexError),
    (lambda x: x[:, :0].mode(1), IndexError),
    (lambda x: x.quantile(1.5), RuntimeError),
    (lambda x: x[:0].quantile(0.5), RuntimeError),
    (lambda x: x.quantile(0.5, interpolation="cubic"), RuntimeError),
    (lambda x: x.int().quantile(0.5), RuntimeError),
    (lambda x: minitorch.bucketize(x, x), RuntimeError),
    (lambda x: minitorch.searchsorted(x, x[:2]), RuntimeError),
    (lambda x: minitorch.searchsorted(x[0], x, right=True, side="left"), RuntimeError),
    (lambda x: x.requires_grad_().unique().sum().backward(), NotImplementedError),
]


@pytest.mark.parametrize(("function", "error"), REFUSALS)
def test_refusals(function: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        function(minitorch.tensor(X))


def test_zero_dim_and_empty() -> None:
    x = minitorch.tensor(2.0)
    assert x.sort().indices.item() == 0
    assert x.topk(1).values.item() == 2
    assert x.unique().tolist() == [2]
    assert np.isnan(minitorch.zeros(0).median().item())
    assert minitorch.zeros(2, 0).sort().values.shape == (2, 0)


@pytest.mark.parametrize(
    ("sorter", "text"),
    [
        (minitorch.tensor([0.0, 1.0, 2.0]), "sorter must be a tensor of long dtype"),
        (minitorch.tensor([0, 1, 3]), "sorter index out of range"),
        (minitorch.tensor([-1, 1, 2]), "sorter index out of range"),
    ],
)
def test_sorters_that_do_not_fit(sorter, text):
    with pytest.raises(RuntimeError, match=text):
        minitorch.searchsorted(minitorch.tensor([1, 2, 3]), 2.5, sorter=sorter)
