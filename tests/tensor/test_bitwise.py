"""Bits of integers, common divisors and multiples."""

import operator

import minitorch
import numpy as np
import pytest
from minitorch import tensor

OPERATORS = [
    ("bitwise_and", operator.and_),
    ("bitwise_or", operator.or_),
    ("bitwise_xor", operator.xor),
    ("bitwise_left_shift", operator.lshift),
    ("bitwise_right_shift", operator.rshift),
]


@pytest.mark.parametrize(("name", "op"), OPERATORS)
class TestOperators:
    a, b = np.array([12, -5, 7], np.int32), np.array([2, 3, 1], np.int32)

    def test_values(self, name, op):
        expected = op(self.a, self.b)
        np.testing.assert_array_equal(op(tensor(self.a), tensor(self.b)).numpy(), expected)
        np.testing.assert_array_equal(
            getattr(minitorch, name)(tensor(self.a), tensor(self.b)).numpy(), expected
        )

    def test_numbers_on_both_sides(self, name, op):
        np.testing.assert_array_equal(op(tensor(self.a), 2).numpy(), op(self.a, 2))
        np.testing.assert_array_equal(op(5, tensor(self.b)).numpy(), op(5, self.b))

    def test_in_place(self, name, op):
        x = tensor(self.a)
        getattr(x, name + "_")(2)
        np.testing.assert_array_equal(x.numpy(), op(self.a, 2))

    def test_refuses_floats(self, name, op):
        with pytest.raises(NotImplementedError, match="Float"):
            op(tensor([1.0]), tensor([1.0]))
        with pytest.raises(NotImplementedError, match="Float"):
            op(tensor([1.0]), 1)


def test_bools():
    a, b = tensor([True, False]), tensor([True, True])
    assert (a & b).tolist() == [True, False]
    assert (a | True).dtype is minitorch.bool
    assert (a ^ 1).dtype is minitorch.int64
    assert (~a).tolist() == [False, True]


def test_not():
    assert (~tensor([0, -1])).tolist() == [-1, 0]
    with pytest.raises(TypeError, match="integer and Boolean"):
        ~tensor([1.0])
    with pytest.raises(NotImplementedError, match="Float"):
        minitorch.bitwise_not(tensor([1.0]))


def test_shifts_by_too_many_bits():
    assert (tensor([1]) << 64).tolist() == [0]
    assert (tensor([-1, 1]) >> 70).tolist() == [-1, 0]
    assert (tensor([1]) << -1).tolist() == [0]


def test_divisors_and_multiples():
    a, b = tensor([12, -4, 0]), tensor([18, 6, 0])
    assert minitorch.gcd(a, b).tolist() == [6, 2, 0]
    assert minitorch.lcm(a, b).tolist() == [36, 12, 0]
    with pytest.raises(TypeError, match="must be Tensor"):
        minitorch.gcd(a, 6)


def test_hashes():
    x = tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    bits = x.double().numpy().view(np.uint64)
    assert minitorch.hash_tensor(x).item() == np.bitwise_xor.reduce(bits, None)
    assert x.hash_tensor(1).tolist() == np.bitwise_xor.reduce(bits, 1).tolist()
    assert minitorch.hash_tensor(x, (0, 1), keepdim=True).shape == (1, 1)
    for dtype in (minitorch.float16, minitorch.float64):  # equal numbers, equal hashes
        assert minitorch.equal(x.to(dtype).hash_tensor(0), x.hash_tensor(0))
    assert tensor([-1, 5, 7], dtype=minitorch.int8).hash_tensor().item() == 2**64 - 3
    assert tensor([True, True, False]).hash_tensor().tolist() == 0
    assert minitorch.hash_tensor(minitorch.zeros(0, 3), 1).shape == (0,)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: minitorch.hash_tensor(tensor([1]), mode=1), RuntimeError, "Unknown hash_tensor"),
        (lambda: minitorch.hash_tensor(tensor([])), RuntimeError, "reduction dim to be specified"),
        (lambda: minitorch.hash_tensor(tensor([]), 0), IndexError, "non-zero size"),
        (lambda: minitorch.hash_tensor(tensor([1j])), NotImplementedError, "ComplexFloat"),
    ],
)
def test_no_hash(call, error, text):
    with pytest.raises(error, match=text):
        call()
