"""Joining and splitting: values against NumPy, dtypes, gradients, refusals."""

from __future__ import annotations

from typing import Any

import minitorch
import numpy as np
import pytest
from minitorch.autograd import gradcheck, gradgradcheck

A, B = np.arange(6.0).reshape(2, 3), np.arange(6.0, 12.0).reshape(2, 3)

JOINS: list[tuple[str, Any, Any]] = [
    ("cat", lambda a, b: minitorch.cat([a, b, a], 1), np.concatenate([A, B, A], 1)),
    ("cat axis", lambda a, b: minitorch.cat((a, b), axis=0), np.concatenate([A, B])),
    ("stack", lambda a, b: minitorch.stack([a, b], -1), np.stack([A, B], -1)),
    ("hstack", lambda a, b: minitorch.hstack([a, b]), np.hstack([A, B])),
    ("vstack", lambda a, b: minitorch.vstack([a[0], b]), np.vstack([A[0], B])),
    ("dstack", lambda a, b: minitorch.dstack([a, b]), np.dstack([A, B])),
    ("column_stack", lambda a, b: minitorch.column_stack([a[:, 0], b]),
     np.column_stack([A[:, 0], B])),
    ("scalars", lambda a, b: minitorch.stack([a[0, 1], b[1, 1]]), np.array([1.0, 10.0])),
    ("block_diag", lambda a, b: minitorch.block_diag(a, b[0])[:2, :3], A),
]  # fmt: skip
SPLITS: list[tuple[str, Any, Any]] = [
    ("split", lambda x: x.split(2, 1), [A[:, :2], A[:, 2:]]),
    ("split sizes", lambda x: x.split([1, 0, 2], 1), [A[:, :1], A[:, 1:1], A[:, 1:]]),
    ("chunk", lambda x: x.chunk(2, -1), [A[:, :2], A[:, 2:]]),
    ("tensor_split", lambda x: x.tensor_split(2, 1), np.array_split(A, 2, 1)),
    ("tensor_split at", lambda x: x.tensor_split((1,), 1), [A[:, :1], A[:, 1:]]),
    ("hsplit", lambda x: x.hsplit(3), np.hsplit(A, 3)),
    ("vsplit", lambda x: x.vsplit(2), np.vsplit(A, 2)),
    ("unbind", lambda x: x.unbind(1), list(A.T)),
    ("unsafe_split", lambda x: x.unsafe_split(2, 1), [A[:, :2], A[:, 2:]]),
    ("unsafe_chunk", lambda x: x.unsafe_chunk(2, 1), [A[:, :2], A[:, 2:]]),
]


def leaves() -> tuple[Any, Any]:
    return minitorch.tensor(A, requires_grad=True), minitorch.tensor(B, requires_grad=True)


@pytest.mark.parametrize(("name", "join", "expected"), JOINS, ids=[c[0] for c in JOINS])
def test_joins(name: str, join: Any, expected: Any) -> None:
    np.testing.assert_array_equal(join(*leaves()).detach().numpy(), expected)
    assert gradcheck(join, leaves())
    assert gradgradcheck(lambda a, b: join(a, b) ** 2, leaves())


@pytest.mark.parametrize(("name", "split", "expected"), SPLITS, ids=[c[0] for c in SPLITS])
def test_splits(name: str, split: Any, expected: Any) -> None:
    x = leaves()[0]
    made = split(x)
    assert isinstance(made, tuple)
    for mine, other in zip(made, expected, strict=True):
        np.testing.assert_array_equal(mine.detach().numpy(), other)
        assert not other.size or np.may_share_memory(mine.detach().numpy(), x.detach().numpy())
    assert gradcheck(lambda x: tuple(p for p in split(x) if p.numel()), (x,))
    assert gradgradcheck(lambda x: split(x)[0] ** 2 * split(x)[-1].sum(), (x,))


def test_dtypes() -> None:
    half, whole = minitorch.tensor([1.5]), minitorch.tensor([2])
    assert minitorch.cat([whole, half]).dtype is minitorch.float32
    assert minitorch.stack([whole, minitorch.tensor([True])]).dtype is minitorch.int64
    assert minitorch.cat([minitorch.zeros(0), minitorch.ones(2, 2)]).shape == (2, 2)


REFUSED: list[tuple[Any, type[Exception], str]] = [
    (lambda a: minitorch.cat([]), ValueError, "non-empty"),
    (lambda a: minitorch.cat([a, a[:1]], 1), RuntimeError, "must match except in dimension 1"),
    (lambda a: minitorch.cat([a, a[0]]), RuntimeError, "same number of dimensions"),
    (lambda a: minitorch.cat([a[0, 0]]), RuntimeError, "zero-dimensional"),
    (lambda a: minitorch.stack([a, a[0]]), RuntimeError, "equal size"),
    (lambda a: a.split([1, 1], 1), RuntimeError, "sum exactly to 3"),
    (lambda a: a.split(0), RuntimeError, "can only be 0"),
    (lambda a: a.chunk(0), RuntimeError, "greater than 0"),
    (lambda a: a.hsplit(2), RuntimeError, "not divisible"),
    (lambda a: a[0, 0].unbind(), IndexError, "no dimensions"),
]


@pytest.mark.parametrize(("call", "kind", "text"), REFUSED)
def test_refusals(call: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call(minitorch.tensor(A))


def test_iteration() -> None:
    x = minitorch.tensor(A)
    assert [row.tolist() for row in x] == A.tolist()
    assert [row.tolist() for row in reversed(x)] == A[::-1].tolist()
    assert 3 in x
    assert 99 not in x
    with pytest.raises(TypeError, match="0-d"):
        iter(x[0, 0])


def test_places_to_split_at_by_each_name():
    x = minitorch.arange(8.0).reshape(2, 4)
    for call, places in (
        (lambda **k: x.tensor_split(dim=1, **k), (1, 3)),
        (lambda **k: minitorch.tensor_split(x, dim=1, **k), (1, 3)),
        (x.hsplit, (1, 3)),
        (lambda **k: minitorch.vsplit(x, **k), (1,)),
        (lambda **k: x[None].dsplit(**k), (1, 3)),
    ):
        at = [t.tolist() for t in call(indices=places)]
        assert at == [t.tolist() for t in call(indices_or_sections=places)]
        assert [t.tolist() for t in call(sections=2)] == [
            t.tolist() for t in call(indices_or_sections=2)
        ]
        for wrong in ({}, {"indices": (1,), "sections": 2}):
            with pytest.raises(TypeError, match="either indices or a number of sections"):
                call(**wrong)
    by_tensor = minitorch.tensor_split(
        x, dim=1, tensor_indices_or_sections=minitorch.tensor([1, 3])
    )
    assert [t.shape[1] for t in by_tensor] == [1, 2, 1]
