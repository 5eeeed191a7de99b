"""Comparisons, tests of values, logic: values, operands, refusals."""

import math
import operator

import minitorch
import numpy as np
import pytest
from minitorch import tensor

COMPARISONS = [
    ("eq", operator.eq, "eq"),
    ("ne", operator.ne, "not_equal"),
    ("lt", operator.lt, "less"),
    ("le", operator.le, "less_equal"),
    ("gt", operator.gt, "greater"),
    ("ge", operator.ge, "greater_equal"),
]


@pytest.mark.parametrize(("name", "op", "alias"), COMPARISONS, ids=[r[0] for r in COMPARISONS])
class TestComparisons:
    a, b = np.array([1.0, 2.0, math.nan]), np.array([[2.0], [1.0]])

    def test_values(self, name, op, alias):
        made = op(tensor(self.a), tensor(self.b))
        assert made.dtype is minitorch.bool
        np.testing.assert_array_equal(made.numpy(), op(self.a, self.b))
        assert getattr(minitorch, alias).primitive is getattr(minitorch, name).primitive
        np.testing.assert_array_equal(
            getattr(minitorch, name)(tensor(self.a), tensor(self.b)).numpy(), op(self.a, self.b)
        )

    def test_numbers(self, name, op, alias):
        i = np.array([1, 2, 3])
        np.testing.assert_array_equal(op(tensor(i), 2.5).numpy(), op(i, 2.5))
        np.testing.assert_array_equal(op(2, tensor(i)).numpy(), op(2, i))

    def test_requires_no_grad(self, name, op, alias):
        assert not op(tensor(self.a, requires_grad=True), 1.0).requires_grad

    def test_in_place(self, name, op, alias):
        x = tensor([1.0, 2.0, 3.0])
        getattr(x, name + "_")(2)
        assert x.dtype is minitorch.float32
        assert x.tolist() == op(np.array([1.0, 2.0, 3.0]), 2).astype(float).tolist()

    def test_function_wants_a_tensor_first(self, name, op, alias):
        with pytest.raises(TypeError, match="must be Tensor"):
            getattr(minitorch, name)(2, tensor([1.0]))


def test_comparison_with_what_is_no_operand():
    x = tensor([1.0])
    for other in (None, "a"):
        assert (x == other) is False
        assert (x != other) is True
    assert x not in [None, "a"]
    with pytest.raises(TypeError):
        _ = x < "a"


def test_complex_numbers_have_no_order():
    z = tensor([1j])
    assert (z == z).tolist() == [True]
    with pytest.raises(NotImplementedError, match="ComplexFloat"):
        _ = z < z


def test_integers_wrap_as_in_pytorch():
    assert (tensor([44], dtype=minitorch.uint8) == 300).tolist() == [True]


def test_equal():
    x = tensor([1.0, 2.0])
    assert minitorch.equal(x, tensor([1, 2])) is True
    assert x.equal(tensor([1.0, 3.0])) is False
    assert x.equal(tensor([[1.0, 2.0]])) is False


class TestCloseness:
    def test_isclose(self):
        a = tensor([1.0, 1.0, math.inf, math.nan, math.inf])
        b = tensor([1.0 + 1e-6, 1.1, math.inf, math.nan, 1.0])
        assert minitorch.isclose(a, b).tolist() == [True, False, True, False, False]
        assert a.isclose(b, equal_nan=True).tolist() == [True, False, True, True, False]

    def test_integers(self):
        assert minitorch.isclose(tensor([100, 1]), tensor([101, 2]), rtol=0.01).tolist() == [
            True,
            False,
        ]

    def test_allclose(self):
        assert minitorch.allclose(tensor([1.0]), tensor([1.0 + 1e-7])) is True
        assert tensor([1.0]).allclose(tensor([1.1])) is False

    def test_refusals(self):
        with pytest.raises(RuntimeError, match="Float did not match Double"):
            minitorch.isclose(tensor([1.0]), tensor([1.0], dtype=minitorch.float64))
        with pytest.raises(RuntimeError, match="rtol"):
            minitorch.isclose(tensor([1.0]), tensor([1.0]), rtol=-1.0)


TESTS = [
    ("isfinite", [True, False, False, False, True]),
    ("isnan", [False, True, False, False, False]),
    ("isinf", [False, False, True, True, False]),
    ("isposinf", [False, False, True, False, False]),
    ("isneginf", [False, False, False, True, False]),
    ("isreal", [True, True, True, True, True]),
    ("signbit", [False, False, False, True, True]),
]


@pytest.mark.parametrize(("name", "expected"), TESTS)
def test_tests(name, expected):
    x = tensor([1.0, math.nan, math.inf, -math.inf, -0.0])
    assert getattr(minitorch, name)(x).tolist() == expected
    assert getattr(x, name)().tolist() == expected
    assert getattr(minitorch, name)(tensor([3])).tolist() == [name in ("isfinite", "isreal")]


def test_complex_tests():
    assert minitorch.isreal(tensor([1j, 1])).tolist() == [False, True]
    with pytest.raises(RuntimeError, match="complex"):
        minitorch.isposinf(tensor([1j]))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("logical_and", [True, False, False]),
        ("logical_or", [True, True, False]),
        ("logical_xor", [False, True, False]),
    ],
)
def test_logic(name, expected):
    a, b = tensor([1.5, 0.0, 0.0]), tensor([2, 3, 0])
    assert getattr(minitorch, name)(a, b).tolist() == expected
    with pytest.raises(TypeError, match="must be Tensor"):
        getattr(minitorch, name)(a, 2)


def test_logical_not():
    assert minitorch.logical_not(tensor([0.0, 2.0])).tolist() == [True, False]
    assert tensor([3, 0]).logical_not_().tolist() == [0, 1]
