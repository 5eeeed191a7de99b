"""Arithmetic: values, promotion, division's conventions, powers, gradients, refusals."""

import math
import operator
import subprocess
import sys

import minitorch
import numpy as np
import pytest
from minitorch import tensor
from minitorch.autograd import gradcheck, gradgradcheck

A = np.array([[1.53, -2.47, 0.76], [3.1, -1.28, 2.03]])
B = np.array([[0.5, 1.5, -2.0], [1.25, -0.75, 3.0]])
ROW = np.array([2.0, -0.5, 1.5])

BINARY = [
    ("add", np.add, A, B),
    ("sub", np.subtract, A, B),
    ("mul", np.multiply, A, B),
    ("div", np.divide, A, B),
    ("remainder", np.remainder, A, B),
    ("fmod", np.fmod, A, B),
    ("pow", np.power, np.abs(A), B),
    ("float_power", np.power, np.abs(A), B),
    ("rsub", lambda a, b: b - a, A, B),
]
OPERATORS = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
]


def leaf(values):
    return tensor(np.array(values), requires_grad=True)


@pytest.mark.parametrize(("name", "reference", "a", "b"), BINARY, ids=[row[0] for row in BINARY])
class TestBinary:
    def test_value(self, name, reference, a, b):
        made = getattr(minitorch, name)(tensor(a), tensor(b))
        np.testing.assert_allclose(made.numpy(), reference(a, b), rtol=1e-14)

    def test_broadcast_gradients(self, name, reference, a, b):
        x, y = leaf(a), leaf(ROW)
        function = getattr(minitorch, name)
        assert gradcheck(function, (x, y))
        assert gradgradcheck(function, (x, y))

    def test_gradient_with_a_number(self, name, reference, a, b):
        def function(x):
            return getattr(minitorch, name)(x, 1.75)

        assert gradcheck(function, (leaf(a),))
        assert gradgradcheck(function, (leaf(a),))


SMOOTH = [op for op in OPERATORS if op is not operator.floordiv]


@pytest.mark.parametrize("op", SMOOTH, ids=[op.__name__ for op in SMOOTH])
def test_reflected_gradients(op):
    x = leaf(np.abs(A))
    assert gradcheck(lambda x: op(1.5, x), (x,))
    assert gradgradcheck(lambda x: op(1.5, x), (x,))


@pytest.mark.parametrize("op", OPERATORS, ids=[op.__name__ for op in OPERATORS])
class TestOperators:
    def test_with_numbers_on_both_sides(self, op):
        x = np.abs(A)
        np.testing.assert_allclose(op(tensor(x), 1.5).numpy(), op(x, 1.5), rtol=1e-14)
        np.testing.assert_allclose(op(1.5, tensor(x)).numpy(), op(1.5, x), rtol=1e-14)
        assert op(2, tensor([1.5])).dtype is minitorch.float32

    def test_integers(self, op):
        a, b = np.array([7, -7, 6], np.int64), np.array([2, 3, 4], np.int64)
        made = op(tensor(a), tensor(b))
        expected = op(a, b)
        np.testing.assert_allclose(made.numpy(), expected, rtol=1e-6)
        assert made.dtype is (minitorch.float32 if op is operator.truediv else minitorch.int64)

    def test_in_place(self, op):
        x = tensor(np.abs(A))
        before = x
        x = getattr(operator, "i" + op.__name__)(x, 1.5)
        assert x is before
        np.testing.assert_allclose(x.numpy(), op(np.abs(A), 1.5), rtol=1e-14)

    def test_refuses_what_is_no_operand(self, op):
        with pytest.raises(TypeError):
            op(tensor([1.0]), "a")
        with pytest.raises(TypeError):
            op(None, tensor([1.0]))


class TestDtypes:
    @pytest.mark.parametrize(
        ("a", "b", "expected"),
        [
            (tensor([1]), 1.5, minitorch.float32),
            (tensor([1], dtype=minitorch.int8), 1000, minitorch.int8),
            (
                tensor([1], dtype=minitorch.uint8),
                tensor([1], dtype=minitorch.int8),
                minitorch.int16,
            ),
            (tensor([1.0]), tensor(1.0, dtype=minitorch.float64), minitorch.float32),
            (tensor(1.0), tensor([1.0], dtype=minitorch.float16), minitorch.float16),
            (tensor([1]), tensor(2.5, dtype=minitorch.float64), minitorch.float64),
            (tensor([True]), tensor([True]), minitorch.bool),
            (tensor([True]), 1, minitorch.int64),
            (tensor([1.0]), 1j, minitorch.complex64),
            (tensor([1.0]), np.float64(2.0), minitorch.float32),
            (tensor([1.0]), np.ones(1), minitorch.float64),
        ],
    )
    def test_result(self, a, b, expected):
        assert (a + b).dtype is expected
        assert (b + a if not isinstance(b, np.ndarray) else a * b).dtype is expected
        if not isinstance(b, np.ndarray):
            assert minitorch.result_type(a, b) is expected

    def test_integers_wrap_around(self):
        assert (tensor([250], dtype=minitorch.uint8) + 10).tolist() == [4]
        assert (tensor([1], dtype=minitorch.uint8) + 300).tolist() == [45]
        assert (tensor([1]) + 2**63).tolist() == [1 - 2**63]

    def test_bools(self):
        a, b = tensor([True, True]), tensor([True, False])
        assert (a + b).tolist() == [True, True]
        assert (a * b).tolist() == [True, False]

    def test_gradient_keeps_the_leaf_dtype(self):
        x = tensor([1.0], requires_grad=True)
        y = tensor([2.0], dtype=minitorch.float64, requires_grad=True)
        (x * y / 3 - 1).sum().backward()
        assert x.grad.dtype is minitorch.float32
        assert y.grad.dtype is minitorch.float64


class TestDivision:
    a, b = [7, -7, 7, -7], [2, 2, -2, -2]

    @pytest.mark.parametrize("dtype", [minitorch.int64, minitorch.float32])
    def test_rounding_modes(self, dtype):
        a, b = tensor(self.a, dtype=dtype), tensor(self.b, dtype=dtype)
        assert minitorch.div(a, b, rounding_mode="floor").tolist() == [3, -4, -4, 3]
        assert minitorch.div(a, b, rounding_mode="trunc").tolist() == [3, -3, -3, 3]
        assert (a // b).tolist() == [3, -4, -4, 3]
        assert (a % b).tolist() == [1, 1, -1, -1]
        assert minitorch.fmod(a, b).tolist() == [1, -1, 1, -1]
        assert minitorch.div(a, b, rounding_mode="floor").dtype is dtype

    def test_floats_by_zero(self):
        x = tensor([1.0, -1.0, 0.0])
        np.testing.assert_array_equal((x / 0).numpy(), [math.inf, -math.inf, math.nan])
        np.testing.assert_array_equal((x // 0).numpy(), [math.inf, -math.inf, math.nan])
        assert np.isnan((x % 0).numpy()).all()

    @pytest.mark.parametrize(
        "divide",
        [
            lambda a: a // 0,
            lambda a: a % 0,
            lambda a: minitorch.fmod(a, 0),
            lambda a: minitorch.div(a, tensor([1, 0]), rounding_mode="trunc"),
        ],
    )
    def test_integers_by_zero(self, divide):
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            divide(tensor([1, 2]))

    def test_rounded_quotients_have_zero_gradient(self):
        x = leaf([7.5, -3.0])
        minitorch.div(x, 2.0, rounding_mode="floor").sum().backward()
        assert x.grad.tolist() == [0.0, 0.0]

    def test_floor_divide_has_no_derivative(self):
        x = leaf([7.5])
        with pytest.raises(NotImplementedError, match="floor_divide"):
            (x // 2).sum().backward()

    def test_unknown_mode(self):
        with pytest.raises(RuntimeError, match="rounding_mode"):
            minitorch.div(tensor([1.0]), 2, rounding_mode="up")


class TestPowers:
    @pytest.mark.parametrize("exponent", [0, 1, 2, 3, 0.5, -1, -2.5])
    def test_number_exponents(self, exponent):
        x = leaf([0.5, 1.5, 2.5])
        np.testing.assert_allclose((x**exponent).detach().numpy(), x.detach().numpy() ** exponent)
        assert gradcheck(lambda x: x**exponent, (x,))
        assert gradgradcheck(lambda x: x**exponent, (x,))

    def test_gradient_at_zero(self):
        x, y = leaf([0.0, 0.0, 0.0]), leaf([0.0, 1.0, 2.0])
        (x**y).sum().backward()
        assert x.grad.tolist() == [0.0, 1.0, 0.0]
        assert y.grad.tolist() == [0.0, 0.0, 0.0]
        y = leaf([0.0, 2.0])
        (0**y).sum().backward()
        assert y.grad.tolist() == [0.0, 0.0]

    def test_integers(self):
        assert (tensor([2, 1, -1, -1]) ** tensor([-1, -3, -3, -2])).tolist() == [0, 1, -1, 1]
        assert (2 ** tensor([3, 0])).tolist() == [8, 1]
        assert (tensor([2]) ** 0.5).dtype is minitorch.float32
        with pytest.raises(RuntimeError, match="negative integer powers"):
            tensor([2]) ** -1

    def test_float_power_is_double(self):
        assert minitorch.float_power(tensor([2]), 2).dtype is minitorch.float64
        assert minitorch.float_power(2, tensor([2.0])).tolist() == [4.0]
        with pytest.raises(RuntimeError, match="Double"):
            tensor([2.0]).float_power_(2)


class TestAlpha:
    def test_add_and_sub(self):
        x = tensor([1.0, 2.0])
        assert minitorch.add(x, 10, alpha=2).tolist() == [21.0, 22.0]
        assert x.sub(tensor([1, 2]), alpha=3).tolist() == [-2.0, -4.0]
        assert minitorch.rsub(x, 10, alpha=2).tolist() == [8.0, 6.0]

    def test_must_fit_the_result(self):
        with pytest.raises(RuntimeError, match="floating point"):
            minitorch.add(tensor([1]), tensor([2]), alpha=1.5)
        with pytest.raises(RuntimeError, match="Boolean alpha"):
            minitorch.sub(tensor([1]), tensor([2]), alpha=True)


class TestThreeOperands:
    a, b, c = leaf([1.0, 2.0]), leaf([[3.0], [-1.0]]), leaf([0.5, 4.0])

    @pytest.mark.parametrize(
        "function",
        [
            lambda a, b, c: minitorch.addcmul(a, b, c, value=0.5),
            lambda a, b, c: minitorch.addcdiv(a, b, c, value=-2),
            lambda a, b, c: minitorch.lerp(a, b, c),
            lambda a, b, c: minitorch.lerp(a, c, 0.75),
        ],
    )
    def test_gradients(self, function):
        assert gradcheck(function, (self.a, self.b, self.c))
        assert gradgradcheck(function, (self.a, self.b, self.c))

    def test_values(self):
        x = tensor([1.0, 2.0])
        assert x.addcmul(tensor([3.0, 4.0]), tensor([2.0]), value=2).tolist() == [13.0, 18.0]
        assert x.addcdiv(tensor([3.0, 4.0]), tensor([2.0])).tolist() == [2.5, 4.0]
        assert x.lerp(tensor([3.0, 6.0]), 0.5).tolist() == [2.0, 4.0]
        half = tensor([0.0, 0.125], dtype=minitorch.float16)
        assert half.lerp(half + 0.125, 70_000).tolist() == [8752.0, 8752.0]  # no overflow within
        assert minitorch.addcmul(tensor([1]), tensor([2]), tensor([3])).tolist() == [7]
        assert x.lerp_(tensor([3.0, 6.0]), 1.0).tolist() == [3.0, 6.0]

    def test_refusals(self):
        with pytest.raises(RuntimeError, match="Integer division with addcdiv"):
            minitorch.addcdiv(tensor([1.0]), tensor([1]), tensor([2]))
        with pytest.raises(RuntimeError, match="expected dtype float for `end`"):
            minitorch.lerp(tensor([1.0]), tensor([1.0], dtype=minitorch.float64), 0.5)


REFUSALS = [
    (lambda: tensor([True]) - tensor([True]), RuntimeError, "bool"),
    (lambda: tensor([1.0]) - True, RuntimeError, "bool"),
    (lambda: 1 - tensor([True]), RuntimeError, "bool"),
    (lambda: tensor([True]) ** tensor([True]), NotImplementedError, "Bool"),
    (lambda: tensor([True]) // tensor([True]), NotImplementedError, "Bool"),
    (lambda: tensor([1]).add_(1.5), RuntimeError, "can't be cast"),
    (lambda: tensor([1]).div_(2), RuntimeError, "can't be cast"),
    (lambda: tensor([1.0, 2.0]) + tensor([1.0, 2.0, 3.0]), RuntimeError, "must match the size"),
    (lambda: minitorch.remainder(2, 3), TypeError, "must be Tensor"),
    (lambda: minitorch.fmod(2, tensor([3])), TypeError, "must be Tensor"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSALS)
def test_refusals(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize(
    ("made", "expected", "dtype"),
    [
        (lambda: minitorch.add(12, 5), 17, minitorch.int64),
        (lambda: minitorch.sub(12, 5.5), 6.5, minitorch.float32),
        (lambda: minitorch.mul(12, 2j), 24j, minitorch.complex64),
        (lambda: minitorch.div(12, 5), 2.4, minitorch.float32),
        (lambda: minitorch.div(-12, 5, rounding_mode="trunc"), -2, minitorch.int64),
        (lambda: minitorch.div(-12, 5.0, rounding_mode="floor"), -3, minitorch.float32),
        (lambda: minitorch.floor_divide(12, 5), 2, minitorch.int64),
    ],
)
def test_two_numbers(made, expected, dtype):
    result = made()
    assert result.item() == pytest.approx(expected)
    assert (result.dtype, result.shape) == (dtype, ())


def test_cubes_are_products():
    """As PyTorch computes them, whichever number says 3."""
    x = minitorch.tensor([1.1, -2.3, 1e-20, 7.7])
    for exponent in (3, 3.0):
        assert minitorch.equal(x**exponent, x * x * x)
        assert minitorch.equal(minitorch.pow(x, exponent), x * x * x)


def test_methods_of_two_names_go_by_the_one_that_is_asked_for():
    program = (
        "import minitorch\n"
        "x = minitorch.ones(2)\n"
        "for name in ('divide_', 'div_', 'absolute', 'abs', 'less_', 'bitwise_and', '__radd__'):\n"
        "    assert getattr(x, name).__name__ == name, name\n"
        "    assert getattr(minitorch.Tensor, name) is getattr(minitorch.Tensor, name)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
