"""Views and rearrangements: values against NumPy, gradients, shared memory, refusals."""

from __future__ import annotations

from typing import Any

import minitorch
import numpy as np
import pytest
from minitorch.autograd import gradcheck, gradgradcheck

pytestmark = pytest.mark.filterwarnings("ignore:The use of `x.T`")

VALUES = np.arange(24.0).reshape(2, 3, 4)

# name, ours, NumPy's, whether the result is a view
CASES: list[tuple[str, Any, Any, bool]] = [
    ("T", lambda x: x.T, lambda a: a.T, True),
    ("mT", lambda x: x.mT, lambda a: a.swapaxes(1, 2), True),
    ("mH", lambda x: x.mH, lambda a: a.swapaxes(1, 2), True),
    ("reshape", lambda x: x.reshape(4, -1), lambda a: a.reshape(4, 6), True),
    ("view", lambda x: x.view(6, 4), lambda a: a.reshape(6, 4), True),
    ("permute", lambda x: x.permute(2, 0, 1), lambda a: a.transpose(2, 0, 1), True),
    ("transpose", lambda x: x.transpose(0, -1), lambda a: a.swapaxes(0, 2), True),
    ("movedim", lambda x: x.movedim((0, 1), (2, 0)),
     lambda a: np.moveaxis(a, (0, 1), (2, 0)), True),
    ("unsqueeze", lambda x: x.unsqueeze(-1), lambda a: a[..., None], True),
    ("squeeze", lambda x: x[:1].squeeze(0), lambda a: a[0], True),
    ("squeeze tuple", lambda x: x[:1, :1].squeeze((0, 1)), lambda a: a[0, 0], True),
    ("flatten", lambda x: x.flatten(1), lambda a: a.reshape(2, 12), True),
    ("unflatten", lambda x: x.unflatten(2, (2, -1)), lambda a: a.reshape(2, 3, 2, 2), True),
    ("expand", lambda x: x[:, :1].expand(2, 5, -1), lambda a: np.repeat(a[:, :1], 5, 1), True),
    ("unfold", lambda x: x.unfold(2, 3, 1),
     lambda a: np.lib.stride_tricks.sliding_window_view(a, 3, 2), True),
    ("diagonal", lambda x: x.diagonal(1, 1, 2), lambda a: a.diagonal(1, 1, 2), True),
    ("narrow", lambda x: x.narrow(1, 1, 2), lambda a: a[:, 1:3], True),
    ("select", lambda x: x.select(1, -1), lambda a: a[:, -1], True),
    ("as_strided", lambda x: x.as_strided((2, 3), (1, 2), 1),
     lambda a: a.reshape(-1)[1 + np.add.outer(np.arange(2), 2 * np.arange(3))], True),
    ("repeat", lambda x: x.repeat(2, 1, 1, 3), lambda a: np.tile(a, (2, 1, 1, 3)), False),
    ("tile", lambda x: x.tile(2), lambda a: np.tile(a, 2), False),
    ("repeat_interleave", lambda x: x.repeat_interleave(2, 1), lambda a: a.repeat(2, 1), False),
    ("roll", lambda x: x.roll((1, -1), (0, 2)), lambda a: np.roll(a, (1, -1), (0, 2)), False),
    ("roll flat", lambda x: x.roll(5), lambda a: np.roll(a, 5), False),
    ("rot90", lambda x: x.rot90(1, (1, 2)), lambda a: np.rot90(a, 1, (1, 2)), False),
    ("flip", lambda x: x.flip(0, 2), lambda a: a[::-1, :, ::-1], False),
    ("tril", lambda x: x.tril(-1), lambda a: np.tril(a, -1), False),
    ("triu", lambda x: x.triu(1), lambda a: np.triu(a, 1), False),
    ("diag_embed", lambda x: x[0, 0].diag_embed(1), lambda a: np.diag(a[0, 0], 1), False),
    ("diag", lambda x: minitorch.diag(x[0]), lambda a: np.diag(a[0]), False),
    ("trace", lambda x: x[0].trace(), lambda a: a[0].trace(), False),
    ("pad", lambda x: minitorch.constant_pad_nd(x, (1, -1, 2, 0), 7.0),
     lambda a: np.pad(a[:, :, :-1], ((0, 0), (2, 0), (1, 0)), constant_values=7.0), False),
    ("clone", lambda x: x.clone(), lambda a: a, False),
    ("contiguous", lambda x: x.mT.contiguous(), lambda a: a.swapaxes(1, 2), False),
]  # fmt: skip


def leaf() -> Any:
    return minitorch.tensor(VALUES, dtype=minitorch.float64, requires_grad=True)


@pytest.mark.parametrize(("name", "ours", "reference", "shares"), CASES, ids=lambda c: str(c)[:20])
def test_value_and_sharing(name: str, ours: Any, reference: Any, shares: bool) -> None:
    x = minitorch.tensor(VALUES)
    made = ours(x)
    np.testing.assert_array_equal(made.numpy(), reference(VALUES))
    assert np.may_share_memory(made.numpy(), x.numpy()) == shares
    assert (made._counter is x._counter) == shares


@pytest.mark.parametrize(("name", "ours", "reference", "shares"), CASES, ids=lambda c: str(c)[:20])
def test_gradients(name: str, ours: Any, reference: Any, shares: bool) -> None:
    assert gradcheck(lambda x: ours(x) * 1.0, (leaf(),))
    assert gradgradcheck(lambda x: ours(x) ** 2, (leaf(),))


REFUSED: list[tuple[Any, type[Exception], str]] = [
    (lambda x: x.reshape(5), RuntimeError, "invalid for input of size 24"),
    (lambda x: x.mT.view(24), RuntimeError, "view size is not compatible"),
    (lambda x: x.permute(0, 1), RuntimeError, "length of the desired ordering"),
    (lambda x: x.permute(0, 1, 1), RuntimeError, "duplicate dims"),
    (lambda x: x.transpose(0, 3), IndexError, "Dimension out of range"),
    (lambda x: x.expand(3, 3, 4), RuntimeError, "must match the existing size"),
    (lambda x: x.expand(4), RuntimeError, "must be greater or equal"),
    (lambda x: x.t(), RuntimeError, "<= 2 dimensions"),
    (lambda x: x[0, 0].mT, RuntimeError, "only supported on matrices"),
    (lambda x: x.unfold(2, 5, 1), RuntimeError, "maximum size"),
    (lambda x: x.narrow(0, 1, 2), RuntimeError, "exceeds dimension size"),
    (lambda x: x.unflatten(2, (3, 2)), RuntimeError, "don't multiply up"),
    (lambda x: x.repeat(2), RuntimeError, "can not be smaller"),
    (lambda x: x.diagonal(0, 1, 1), RuntimeError, "identical"),
    (lambda x: minitorch.broadcast_shapes((2,), (3,)), RuntimeError, "broadcast"),
]


@pytest.mark.parametrize(("call", "kind", "text"), REFUSED)
def test_refusals(call: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call(minitorch.tensor(VALUES))


def test_broadcast_and_atleast() -> None:
    a, b = minitorch.broadcast_tensors(minitorch.ones(3, 1), minitorch.zeros(4))
    assert a.shape == b.shape == (3, 4)
    assert minitorch.broadcast_shapes((2, 1), 3, (1, 1, 1)) == (1, 2, 3)
    assert [x.ndim for x in minitorch.atleast_2d(minitorch.ones(2), minitorch.ones(()))] == [2, 2]
    assert minitorch.atleast_3d(minitorch.ones(2, 5)).shape == (2, 5, 1)


def test_memory_facts() -> None:
    x = minitorch.zeros(3, 4)
    y = x.T[1:]
    assert (y.stride(), y.storage_offset(), y.is_contiguous()) == ((1, 4), 1, False)
    assert (y.size(-1), y.dim(), y.numel(), y.element_size(), y.nbytes) == (3, 2, 9, 4, 36)
    assert x[0].is_set_to(x[0])
    assert not x[0].is_set_to(x[1])
    assert x.view(minitorch.int32).dtype is minitorch.int32
    assert minitorch.zeros(2, 3).resize_(3, 2).shape == (3, 2)


def test_grids() -> None:
    a, b = minitorch.tensor([1, 2]), minitorch.tensor([3, 4, 5])
    for indexing in ("ij", "xy"):
        found = minitorch.meshgrid(a, b, indexing=indexing)
        for mine, other in zip(
            found, np.meshgrid([1, 2], [3, 4, 5], indexing=indexing), strict=True
        ):
            np.testing.assert_array_equal(mine.numpy(), other)
    assert minitorch.cartesian_prod(a, b).tolist()[:2] == [[1, 3], [1, 4]]
    assert minitorch.combinations(b, 2).tolist() == [[3, 4], [3, 5], [4, 5]]
    assert minitorch.tril_indices(2, 2).tolist() == [[0, 1, 1], [0, 0, 1]]
    assert minitorch.triu_indices(2, 2, 1).tolist() == [[0], [1]]
