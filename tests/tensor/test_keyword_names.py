"""Names by which PyTorch's libraries pass arguments, where method and function differ."""

import minitorch
import pytest
from minitorch import linalg

x = minitorch.arange(6.0).reshape(3, 2)
square = minitorch.tensor([[2.0, 1.0], [1.0, 3.0]])
CALLS = {
    "split": (lambda: [len(part) for part in x.split(split_size=2, dim=0)], [2, 1]),
    "split into sizes": (lambda: [len(part) for part in x.split(split_size=[1, 2])], [1, 2]),
    "split, the function": (lambda: len(minitorch.split(x, split_size_or_sections=1)), 3),
    "det": (lambda: linalg.det(A=square).item(), 5.0),
    "det, the function": (lambda: minitorch.det(input=square).item(), 5.0),
    "detach": (lambda: minitorch.detach(x.clone().requires_grad_()).requires_grad, False),
}


@pytest.mark.parametrize("name", CALLS)
def test_keywords(name):
    call, expected = CALLS[name]
    assert call() == pytest.approx(expected)
