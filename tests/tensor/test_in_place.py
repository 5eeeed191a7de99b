"""The in-place forms as functions."""

import minitorch
import pytest
from minitorch._tensor import in_place as in_place


@pytest.mark.parametrize("name", in_place.__all__)
def test_each_has_its_method(name):
    assert callable(getattr(minitorch.Tensor, name))


def test_they_write():
    x = minitorch.tensor([-1.0, 2.0])
    assert minitorch.relu_(x) is x
    assert minitorch.clamp_(x, 0.5, 1.0).tolist() == [0.5, 1.0]
    assert minitorch.zero_(x).tolist() == [0.0, 0.0]
