"""gather, scatter, index_*, masks: values against plain loops, gradients to the second order."""

from __future__ import annotations

from typing import Any

import minitorch
import numpy as np
import pytest
from minitorch.autograd import gradcheck, gradgradcheck

A = np.array([[0.5, -1.0, 2.0], [3.0, 0.25, -0.75], [1.5, 4.0, -2.0]])
S = np.array([[1.25, 0.5, -1.5], [2.5, -3.0, 0.125]])
I = np.array([[0, 2, 0], [0, 1, 2]], np.int64)
ROWS = np.array([2, 0])
MASK = A > 0
REDUCE = {
    "sum": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum,
}  # fmt: skip


def loop(dim: int, write: Any) -> Any:
    out = A.copy()
    for k, n in np.ndindex(I.shape):
        at = (I[k, n], n) if dim == 0 else (k, I[k, n])
        out[at] = write(out[at], S[k, n])
    return out


def rows(write: Any) -> Any:
    out = A.copy()
    for k, row in enumerate(ROWS):
        out[row] = write(out[row], S[k])
    return out


i, r, m = minitorch.tensor(I), minitorch.tensor(ROWS), minitorch.tensor(MASK)
CASES: list[tuple[str, Any, Any]] = [
    ("gather 0", lambda a, s: a.gather(0, i), np.take_along_axis(A, I, 0)),
    ("gather 1", lambda a, s: a.gather(1, i), np.take_along_axis(A[:2], I, 1)),
    ("scatter_add 0", lambda a, s: a.scatter_add(0, i, s), loop(0, np.add)),
    ("scatter_add 1", lambda a, s: a.scatter_add(1, i, s), loop(1, np.add)),
    ("scatter value", lambda a, s: a.scatter(1, i, 9.0), loop(1, lambda old, new: 9.0)),
    ("scatter add", lambda a, s: a.scatter(0, i, s, reduce="add"), loop(0, np.add)),
    ("scatter multiply", lambda a, s: a.scatter(0, i, s, reduce="multiply"), loop(0, np.multiply)),
    *(
        (f"scatter_reduce {name}", lambda a, s, name=name: a.scatter_reduce(0, i, s, name),
         loop(0, ufunc))
        for name, ufunc in REDUCE.items()
    ),
    ("index_select", lambda a, s: a.index_select(0, r), A[ROWS]),
    ("index_add", lambda a, s: a.index_add(0, r, s, alpha=2), rows(lambda x, y: x + 2 * y)),
    ("index_copy", lambda a, s: a.index_copy(0, r, s), rows(lambda x, y: y)),
    ("index_fill", lambda a, s: a.index_fill(0, r, 3.0), rows(lambda x, y: 3.0)),
    ("index_reduce", lambda a, s: a.index_reduce(0, r, s, "prod"), rows(np.multiply)),
    ("masked_select", lambda a, s: a.masked_select(m), A[MASK]),
    ("masked_fill", lambda a, s: a.masked_fill(m, 2.0), np.where(MASK, 2.0, A)),
    ("masked_scatter", lambda a, s: a.masked_scatter(m, s),
     np.where(MASK, S.reshape(-1)[np.minimum(MASK.cumsum() - 1, 5)].reshape(3, 3), A)),
    ("take", lambda a, s: a.take(minitorch.tensor([[0, -1], [4, 4]])), A.take([[0, -1], [4, 4]])),
    ("take_along_dim", lambda a, s: minitorch.take_along_dim(a, i[:1], 0),
     np.take_along_axis(A, I[:1], 0)),
    ("put", lambda a, s: a.put(minitorch.tensor([8, 0]), s[0, :2]),
     np.concatenate([S[0, 1:2], A.reshape(-1)[1:8], S[0, :1]]).reshape(3, 3)),
    ("slice_scatter", lambda a, s: a.slice_scatter(s, 0, 1), np.concatenate([A[:1], S])),
    ("select_scatter", lambda a, s: a.select_scatter(s[0], 0, 1), np.stack([A[0], S[0], A[2]])),
    ("diagonal_scatter", lambda a, s: a.diagonal_scatter(s[0]),
     A - np.diag(np.diag(A)) + np.diag(S[0])),
]  # fmt: skip


def leaves() -> tuple[Any, Any]:
    return minitorch.tensor(A, requires_grad=True), minitorch.tensor(S, requires_grad=True)


@pytest.mark.parametrize(("name", "call", "expected"), CASES, ids=[c[0] for c in CASES])
def test_values(name: str, call: Any, expected: Any) -> None:
    np.testing.assert_allclose(call(*leaves()).detach().numpy(), expected)


@pytest.mark.parametrize(("name", "call", "expected"), CASES, ids=[c[0] for c in CASES])
def test_gradients(name: str, call: Any, expected: Any) -> None:
    assert gradcheck(call, leaves())
    assert gradgradcheck(lambda a, s: call(a, s) * a.sum() * s.mean(), leaves())


@pytest.mark.parametrize("zeros", [(0,), (0, 2), (0, 1, 2)])
def test_product_with_zeros(zeros: tuple[int, ...]) -> None:
    values = np.array([2.0, 3.0, 4.0, 5.0])
    values[list(zeros)] = 0.0
    x = minitorch.tensor([1.5], dtype=minitorch.float64, requires_grad=True)
    src = minitorch.tensor(values, requires_grad=True)
    index = minitorch.zeros(4, dtype=minitorch.int64)

    def product(x: Any, src: Any) -> Any:
        return x.scatter_reduce(0, index, src, "prod")

    assert gradcheck(product, (x, src))
    if len(zeros) < 3:
        assert gradgradcheck(product, (x, src))
    else:
        with pytest.raises(NotImplementedError, match="three factors"):
            gradgradcheck(product, (x, src))


def test_mean_and_include_self() -> None:
    x, index = minitorch.tensor([10.0, 20.0]), minitorch.tensor([0, 0])
    src = minitorch.tensor([1.0, 3.0])
    found = {
        name: x.scatter_reduce(0, index, src, name, include_self=False).tolist()
        for name in ("sum", "prod", "mean", "amax", "amin")
    }
    assert found == {
        "sum": [4, 20],
        "prod": [3, 20],
        "mean": [2, 20],
        "amax": [3, 20],
        "amin": [1, 20],
    }
    assert x.scatter_reduce(0, index, src, "mean").tolist() == pytest.approx([14 / 3, 20])


def test_where_something_is() -> None:
    x = minitorch.tensor([[0, 1], [2, 0]])
    assert minitorch.nonzero(x).tolist() == minitorch.argwhere(x).tolist() == [[0, 1], [1, 0]]
    rows_, columns = x.nonzero(as_tuple=True)
    assert (rows_.tolist(), columns.tolist()) == ([0, 1], [1, 0])
    assert [t.item() for t in minitorch.unravel_index(minitorch.tensor(5), (2, 3))] == [1, 2]


REFUSED: list[tuple[Any, type[Exception], str]] = [
    (lambda a, s: a.gather(0, i + 2), RuntimeError, "out of bounds"),
    (lambda a, s: a.gather(0, i.double()), RuntimeError, "int32/int64"),
    (lambda a, s: a.gather(0, i[0]), RuntimeError, "same number of dimensions"),
    (lambda a, s: a.scatter(0, i, s.float()), RuntimeError, "self.dtype"),
    (lambda a, s: a.scatter(0, i, s[:, :2]), RuntimeError, "no larger than src"),
    (lambda a, s: a.scatter_reduce(0, i, s, "max"), RuntimeError, "reduce argument"),
    (lambda a, s: a.index_select(0, r + 5), IndexError, "out of range"),
    (lambda a, s: a.index_select(1, r + 9), RuntimeError, "INDICES element is out of DATA bounds"),
    (lambda a, s: a.index_add(0, r, s[:1]), RuntimeError, "Number of indices"),
    (lambda a, s: a.index_copy(0, r, s[:1]), IndexError, "Number of indices"),
    (lambda a, s: a.index_fill(0, r, 1j), RuntimeError, "complex Scalar"),
    (lambda a, s: a.masked_scatter(m, s[:1]), RuntimeError, "at least"),
    (lambda a, s: a.masked_select(i), RuntimeError, "BoolTensor"),
    (lambda a, s: a.take(i + 20), IndexError, "out of bounds"),
]


@pytest.mark.parametrize(("call", "kind", "text"), REFUSED)
def test_refusals(call: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call(*leaves())
