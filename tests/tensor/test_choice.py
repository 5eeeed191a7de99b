"""Where, masks, bounds, extrema of two: values, ties, NaN, gradients, refusals."""

import math

import minitorch
import numpy as np
import pytest
from minitorch import tensor
from minitorch.autograd import gradcheck, gradgradcheck

A = np.array([1.5, -2.0, 0.5, 3.0])
B = np.array([[1.0], [2.0]])


def leaf(values):
    return tensor(np.array(values, np.float64), requires_grad=True)


GRADIENTS = [
    ("maximum", minitorch.maximum),
    ("minimum", minitorch.minimum),
    ("fmax", minitorch.fmax),
    ("fmin", minitorch.fmin),
    ("where", lambda a, b: minitorch.where(a > b, a, b * 2)),
    ("where number", lambda a, b: minitorch.where(a > 0, a, 1.0)),
    ("masked_fill", lambda a, b: a.masked_fill(a > 1, 0.5)),
    ("masked_fill tensor", lambda a, b: a.masked_fill(a > 1, b[0, 0])),
    ("clamp", lambda a, b: minitorch.clamp(a, -1.0, 1.0)),
    ("clamp min", lambda a, b: minitorch.clamp(a, min=0.1)),
    ("clamp max", lambda a, b: a.clamp_max(0.1)),
    ("clamp tensors", lambda a, b: minitorch.clamp(a, b - 1.6, b)),
    ("clamp one tensor", lambda a, b: minitorch.clamp(a, max=b)),
    ("fill", lambda a, b: minitorch.fill(a, b[1, 0])),
]


@pytest.mark.parametrize(("name", "function"), GRADIENTS, ids=[row[0] for row in GRADIENTS])
def test_gradients(name, function):
    a, b = leaf(A), leaf(B)
    assert gradcheck(function, (a, b))
    assert gradgradcheck(function, (a, b))


class TestWhere:
    def test_values_and_dtypes(self):
        mask = tensor([True, False])
        assert minitorch.where(mask, tensor([1, 2]), tensor([3, 4])).tolist() == [1, 4]
        assert minitorch.where(mask, tensor([1, 2]), 0.5).tolist() == [1.0, 0.5]
        assert minitorch.where(mask, 1, 2).dtype is minitorch.int64
        assert minitorch.where(mask, 1.0, 2).dtype is minitorch.float32
        assert minitorch.where(mask, 1j, 2).dtype is minitorch.complex64
        assert tensor([1.0, 2.0]).where(mask, 0).tolist() == [1.0, 0.0]

    def test_condition_alone(self):
        rows, columns = minitorch.where(tensor([[0, 1], [2, 0]]))
        assert rows.tolist() == [0, 1]
        assert columns.tolist() == [1, 0]

    def test_condition_must_be_bool(self):
        with pytest.raises(RuntimeError, match="boolean"):
            minitorch.where(tensor([1, 0]), 1.0, 2.0)

    def test_the_branch_not_taken_gets_nothing(self):
        x = leaf([0.0, 4.0])
        minitorch.where(x > 0, x, 0).sqrt().backward(tensor([0.0, 1.0], dtype=minitorch.float64))
        assert x.grad.tolist() == [0.0, 0.25]


class TestExtrema:
    def test_nan(self):
        a, b = tensor([math.nan, 1.0, math.nan]), tensor([1.0, math.nan, math.nan])
        assert np.isnan(minitorch.maximum(a, b).numpy()).all()
        assert np.isnan(minitorch.minimum(a, b).numpy()).all()
        np.testing.assert_array_equal(minitorch.fmax(a, b).numpy(), [1.0, 1.0, math.nan])
        np.testing.assert_array_equal(minitorch.fmin(a, b).numpy(), [1.0, 1.0, math.nan])

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("maximum", (0.5, 0.5)),
            ("minimum", (0.5, 0.5)),
            ("fmax", (1.0, 0.0)),
            ("fmin", (1.0, 0.0)),
        ],
    )
    def test_gradient_of_ties(self, name, expected):
        a, b = leaf([1.0]), leaf([1.0])
        getattr(minitorch, name)(a, b).backward()
        assert (a.grad.item(), b.grad.item()) == expected

    def test_integers(self):
        assert minitorch.maximum(tensor([1, 5]), tensor(3)).tolist() == [3, 5]


class TestClamp:
    def test_values(self):
        x = tensor([-2.0, 0.5, math.nan, 3.0])
        np.testing.assert_array_equal(x.clamp(-1, 1).numpy(), [-1.0, 0.5, math.nan, 1.0])
        assert minitorch.clip is not minitorch.clamp
        assert tensor([1.0]).clamp(2, 0).tolist() == [0.0]
        assert tensor([1, 2, 3]).clamp(min=1.5).tolist() == [1.5, 2.0, 3.0]
        assert tensor([1, 5]).clamp(max=tensor(3)).tolist() == [1, 3]

    def test_bounds_pass_the_gradient(self):
        x = leaf([-1.0, 0.0, 1.0, 2.0])
        x.clamp(-1, 1).sum().backward()
        assert x.grad.tolist() == [1.0, 1.0, 1.0, 0.0]

    def test_in_place(self):
        x = tensor([1.0, 5.0])
        assert x.clamp_(max=2) is x
        assert x.tolist() == [1.0, 2.0]

    def test_needs_a_bound(self):
        with pytest.raises(RuntimeError, match="At least one"):
            minitorch.clamp(tensor([1.0]))


class TestMaskedFill:
    def test_values(self):
        x = tensor([1, 2])
        assert x.masked_fill(tensor([True, False]), 7.9).tolist() == [7, 2]
        assert x.masked_fill(tensor([[True], [False]]), 0).tolist() == [[0, 0], [1, 2]]
        assert x.masked_fill_(tensor([False, True]), tensor(9)).tolist() == [1, 9]

    def test_refusals(self):
        x, mask = tensor([1.0]), tensor([True])
        with pytest.raises(RuntimeError, match="boolean masks"):
            x.masked_fill(tensor([1]), 0)
        with pytest.raises(RuntimeError, match="0-dimensional value"):
            x.masked_fill(mask, tensor([1.0]))
        with pytest.raises(RuntimeError, match="without overflow"):
            x.masked_fill(mask, 1j)


def test_fill():
    x = tensor([1.0, 2.0])
    assert minitorch.fill(x, 3).tolist() == [3.0, 3.0]
    assert x.fill_(tensor(4)).tolist() == [4.0, 4.0]


@pytest.mark.parametrize("size", [5000, 1 << 20])  # on one core, on all
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_where_of_many_elements(size, dtype):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, size)).astype(dtype)
    a[7], b[8] = math.nan, -math.inf
    mask = rng.random(size) < 0.5
    for x, y in ((a, b), (a, 0), (0, b), (a, -1.5), (2, b), (a, -0.0)):
        made = minitorch.where(
            tensor(mask), *(tensor(v) if isinstance(v, np.ndarray) else v for v in (x, y))
        )
        assert made.numpy().tobytes() == np.where(mask, x, y).astype(dtype).tobytes()
