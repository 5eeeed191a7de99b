"""``x[key]`` and ``x[key] = value``: values, gradients, PyTorch's order of integers, refusals."""

from __future__ import annotations

from typing import Any

import minitorch
import numpy as np
import pytest
from minitorch.autograd import gradcheck, gradgradcheck

pytestmark = pytest.mark.filterwarnings("ignore:indexing with dtype torch.uint8")

VALUES = np.arange(24.0).reshape(2, 3, 4)
IDX, PAIR = [1, -1, 0], [0, 2]
MASK = np.array([True, False, True])

# our key, NumPy's expression for the same
KEYS: list[tuple[str, Any, Any]] = [
    ("int", 1, lambda a: a[1]),
    ("negative", -1, lambda a: a[-1]),
    ("slice", slice(0, 1), lambda a: a[:1]),
    ("step", (slice(None), slice(None, None, 2)), lambda a: a[:, ::2]),
    ("none", (None, 0, None), lambda a: a[None, 0, None]),
    ("ellipsis", (..., 1), lambda a: a[..., 1]),
    ("two ellipses", (0, ..., ...), lambda a: a[0]),
    ("None between ellipses", (..., None, ...), lambda a: a[..., None]),
    ("ellipses for no dimension", (0, ..., 1, ..., 2), lambda a: a[0, 1, 2]),
    ("all", ..., lambda a: a),
    ("empty tuple", (), lambda a: a),
    ("list", IDX, lambda a: a[IDX]),
    ("rows", minitorch.tensor(IDX), lambda a: a[IDX]),
    ("matrix", minitorch.tensor([IDX, IDX]), lambda a: a[np.array([IDX, IDX])]),
    ("second", (slice(None), IDX), lambda a: a[:, IDX]),
    ("last", (..., IDX), lambda a: a[..., IDX]),
    ("pairs", ([0, 1], PAIR), lambda a: a[[0, 1], PAIR]),
    ("broadcast", ([[0], [1]], PAIR), lambda a: a[[[0], [1]], PAIR]),
    ("apart", ([0, 1], slice(None), PAIR), lambda a: a[[0, 1], :, PAIR]),
    ("int first, then tensors", (0, slice(None), PAIR), lambda a: a[0][:, PAIR]),
    ("int between", (IDX, 0, IDX), lambda a: a[:, 0][IDX, IDX]),
    ("mask", minitorch.tensor(VALUES > 11), lambda a: a[VALUES > 11]),
    ("mask of one dim", (slice(None), MASK), lambda a: a[:, MASK]),
    ("mask and index", (0, MASK, PAIR), lambda a: a[0][MASK, PAIR]),
    ("uint8", (0, minitorch.tensor(MASK.astype(np.uint8))), lambda a: a[0, MASK]),
    ("true", True, lambda a: a[None]),
    ("false", False, lambda a: a[None][:0]),
    ("0-dim tensor", minitorch.tensor(1), lambda a: a[1]),
    ("numpy", (np.int64(1), np.array(PAIR)), lambda a: a[1][PAIR]),
    ("nothing", minitorch.tensor([], dtype=minitorch.int64), lambda a: a[:0]),
    ("tensor slice", slice(minitorch.tensor(0), minitorch.tensor(1)), lambda a: a[:1]),
]
IDS = [case[0] for case in KEYS]


def leaf() -> Any:
    return minitorch.tensor(VALUES, requires_grad=True)


@pytest.mark.parametrize(("name", "key", "reference"), KEYS, ids=IDS)
def test_getitem(name: str, key: Any, reference: Any) -> None:
    made = minitorch.tensor(VALUES)[key]
    expected = reference(VALUES)
    assert made.shape == expected.shape
    np.testing.assert_array_equal(made.numpy(), expected)


@pytest.mark.parametrize(("name", "key", "reference"), KEYS, ids=IDS)
def test_gradients(name: str, key: Any, reference: Any) -> None:
    if reference(VALUES).size:
        assert gradcheck(lambda x: x[key] * 1.0, (leaf(),))
        assert gradgradcheck(lambda x: x[key] ** 2, (leaf(),))


@pytest.mark.parametrize(("name", "key", "reference"), KEYS, ids=IDS)
def test_setitem(name: str, key: Any, reference: Any) -> None:
    places = np.arange(24).reshape(2, 3, 4)
    written = reference(places).reshape(-1)
    expected = VALUES.copy()
    expected.reshape(-1)[written] = -1.0
    for track in (False, True):
        x = minitorch.tensor(VALUES, requires_grad=track) * 1.0
        x[key] = -1.0
        np.testing.assert_array_equal(x.detach().numpy(), expected)
    x.sum().backward()


def repeats(reference: Any) -> bool:
    """What is written to a place that is named twice is not defined."""
    places = reference(np.arange(24).reshape(2, 3, 4))
    return len(np.unique(places)) < places.size


ONCE = [case for case in KEYS if not repeats(case[2])]


@pytest.mark.parametrize(("name", "key", "reference"), ONCE, ids=[case[0] for case in ONCE])
def test_setitem_gradients(name: str, key: Any, reference: Any) -> None:
    shape = reference(VALUES).shape

    def write(x: Any, value: Any) -> Any:
        y = x * 1.0
        y[key] = value
        return y * y

    value = minitorch.arange(float(np.prod(shape)), dtype=minitorch.float64).reshape(shape)
    assert gradcheck(write, (leaf(), value.requires_grad_()))
    assert gradgradcheck(write, (leaf(), value))


REFUSED: list[tuple[Any, type[Exception], str]] = [
    (lambda x: x[2], IndexError, "index 2 is out of bounds for dimension 0 with size 2"),
    (lambda x: x[0, 3], IndexError, "index 3 is out of bounds for dimension 1 with size 3"),
    (lambda x: x[[5]], IndexError, "index 5 is out of bounds for dimension 0 with size 2"),
    (lambda x: x[:, [0], [9]], IndexError, "index 9 is out of bounds for dimension 2 with size 4"),
    (lambda x: x[0, 0, 0, 0], IndexError, "too many indices for tensor of dimension 3"),
    (lambda x: x[0, 0, 0][0], IndexError, "invalid index of a 0-dim tensor"),
    (lambda x: x[::-1], ValueError, "step must be greater than zero"),
    (lambda x: x[..., ..., 0], IndexError, "a second ellipsis"),
    (lambda x: x[1.0], IndexError, "only integers"),
    (lambda x: x[minitorch.tensor([1.0])], IndexError, "must be long, int, byte or bool"),
    (lambda x: x[[True, False, True]], IndexError, "shape of the mask"),
    (lambda x: x[[0, 1], [0, 1, 2]], IndexError, "could not be broadcast together"),
    (lambda x: x.__setitem__(0, minitorch.zeros(3)), RuntimeError, "shape mismatch"),
    (lambda x: x.__setitem__([0], minitorch.zeros(3)), RuntimeError, "dtypes match"),
    (lambda x: x.__setitem__([0], minitorch.zeros(3).double()), RuntimeError, "shape mismatch"),
    (lambda x: x.__setitem__(0, [1.0]), TypeError, "can't assign a list"),
    (lambda x: x.expand(2, 2, 3, 4).__setitem__((slice(None), 0), 1.0), RuntimeError, "clone"),
    (lambda x: x.requires_grad_().__setitem__(0, 1.0), RuntimeError, "leaf Variable"),
]


@pytest.mark.parametrize(("call", "kind", "text"), REFUSED)
def test_refusals(call: Any, kind: type[Exception], text: str) -> None:
    x = minitorch.tensor(VALUES)
    with pytest.raises(kind, match=text):
        call(x)
    np.testing.assert_array_equal(x.detach().numpy(), VALUES)
    assert x._version == 0


def test_values_are_cast_and_broadcast() -> None:
    x = minitorch.zeros(2, 3, dtype=minitorch.int64)
    x[0] = 2.7
    x[1] = minitorch.tensor([[1.5, 2.5, 3.5]])
    assert x.tolist() == [[2, 2, 2], [1, 2, 3]]
    x[:, 0] += 1
    assert x.tolist() == [[3, 2, 2], [2, 2, 3]]


def test_repeated_index_adds_up() -> None:
    x = minitorch.zeros(3, requires_grad=True)
    x[[0, 0, 2, -1]].sum().backward()
    assert x.grad.tolist() == [2.0, 0.0, 2.0]


def test_changed_index_is_noticed() -> None:
    x, index = leaf(), minitorch.tensor([0, 1])
    y = x[index]
    index[0] = 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_index_put() -> None:
    x = minitorch.zeros(3)
    x.index_put_((minitorch.tensor([0, 0]),), minitorch.tensor([1.0, 2.0]), accumulate=True)
    assert x.tolist() == [3.0, 0.0, 0.0]


@pytest.mark.parametrize("shape", [(2, 0, 3), (2, 3, 0)])
def test_accumulating_nothing(shape: tuple[int, ...]) -> None:
    x = minitorch.zeros(shape, requires_grad=True)
    made = x.index_put((minitorch.tensor([0, 1, 1]),), x[0], accumulate=True)
    made.sum().backward()
    assert made.shape == x.grad.shape == shape


def test_a_lone_index_that_is_written_into_is_noticed():
    """index_put saves where it wrote, not what the index says later."""
    x, index = minitorch.zeros(3, requires_grad=True), minitorch.tensor([0])
    y = minitorch.index_put(x * 1, (index,), minitorch.ones(1))
    index.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


@pytest.mark.parametrize("requires_grad", [False, True])
def test_a_row_becomes_one_of_its_elements(requires_grad):
    x = minitorch.arange(6.0).reshape(2, 3).requires_grad_(requires_grad).clone()
    y = x.clone()
    y[1] = y[1][2]
    assert y.tolist() == [[0.0, 1.0, 2.0], [5.0, 5.0, 5.0]]
    y[:, 0] = y[0, 1]
    assert y[:, 0].tolist() == [1.0, 1.0]
    whole = minitorch.arange(4)
    whole[...] = whole[3]
    assert whole.tolist() == [3, 3, 3, 3]
    if requires_grad:
        (g,) = minitorch.autograd.grad(y.sum(), x)
        assert g.tolist() == [[0.0, 3.0, 1.0], [0.0, 0.0, 2.0]]
