"""Tensors as Python's numbers: one element, of the right kind."""

import minitorch as torch
import pytest
from minitorch import tensor

ONE = [int, float, complex]


@pytest.mark.parametrize("kind", ONE)
@pytest.mark.parametrize("shape", [(2,), (0,), (1, 2)])
def test_only_one_element(kind, shape):
    with pytest.raises(ValueError, match="only one element tensors"):
        kind(torch.zeros(shape))


@pytest.mark.parametrize("kind", ONE)
def test_one_element(kind):
    assert kind(tensor([[2.0]])) == kind(2)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: tensor([1, 2]).item(), RuntimeError),
        (lambda: bool(tensor([1, 2])), RuntimeError),
        (lambda: int(tensor(float("nan"))), ValueError),
        (lambda: int(tensor(float("inf"))), OverflowError),
        (lambda: int(tensor(1j)), RuntimeError),
        (lambda: range(tensor([1, 2])), TypeError),
        (lambda: [1, 2][tensor(1.0)], TypeError),
    ],
)
def test_errors(call, error):
    with pytest.raises(error):
        call()
