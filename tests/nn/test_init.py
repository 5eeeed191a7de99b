"""Initial values: their statistics, and PyTorch's numbers (written down once) for a seed."""

import math

import minitorch
import pytest
from minitorch.nn import init

BIG = (64, 32, 3)


@pytest.mark.parametrize(
    ("fill", "std"),
    [
        (lambda t: init.uniform_(t, -1, 1), 1 / math.sqrt(3)),
        (lambda t: init.normal_(t, 0, 0.5), 0.5),
        (init.xavier_uniform_, math.sqrt(2 / (96 + 192))),
        (init.xavier_normal_, math.sqrt(2 / (96 + 192))),
        (init.kaiming_uniform_, math.sqrt(2 / 96)),
        (init.kaiming_normal_, math.sqrt(2 / 96)),
        (
            lambda t: init.kaiming_normal_(t, mode="fan_out", nonlinearity="relu"),
            math.sqrt(2 / 192),
        ),
        (lambda t: init.trunc_normal_(t, 0, 1, -20, 20), 1.0),
    ],
)
def test_spread(fill, std):
    minitorch.manual_seed(0)
    made = fill(minitorch.empty(BIG))
    assert made.mean().item() == pytest.approx(0, abs=4 * std / math.sqrt(made.numel()))
    assert made.std().item() == pytest.approx(std, rel=0.05)


def test_constants():
    assert init.constant_(minitorch.empty(3), 2.5).tolist() == [2.5] * 3
    assert init.ones_(minitorch.empty(2)).tolist() == [1, 1]
    assert init.zeros_(minitorch.empty(2)).tolist() == [0, 0]
    assert init.eye_(minitorch.empty(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert init.dirac_(minitorch.empty(2, 2, 3))[0].tolist() == [[0, 1, 0], [0, 0, 0]]


def test_bounds_and_structure():
    minitorch.manual_seed(0)
    inside = init.trunc_normal_(minitorch.empty(1000), 0, 1, -0.5, 0.5)
    assert abs(inside).max() <= 0.5
    far = init.trunc_normal_(minitorch.empty(100), 0, 1, 1.5, 2)
    assert far.min() >= 1.5
    for shape in ((3, 5), (5, 3)):
        q = init.orthogonal_(minitorch.empty(shape))
        product = q @ q.T if shape[0] < shape[1] else q.T @ q
        assert minitorch.allclose(product, minitorch.eye(3), atol=1e-5)
    sparse = init.sparse_(minitorch.empty(10, 4), 0.3)
    assert ((sparse == 0).sum(0) == 3).all()


def test_parameters_are_filled_outside_of_autograd():
    weight = minitorch.nn.Parameter(minitorch.empty(2, 2))
    assert init.ones_(weight) is weight
    assert weight.is_leaf
    assert weight.requires_grad


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda: init.xavier_normal_(minitorch.empty(3)), ValueError),
        (lambda: init.kaiming_normal_(minitorch.empty(3, 3), mode="x"), ValueError),
        (lambda: init.calculate_gain("x"), ValueError),
        (lambda: init.calculate_gain("leaky_relu", True), ValueError),
        (lambda: init.eye_(minitorch.empty(3)), ValueError),
        (lambda: init.dirac_(minitorch.empty(3, 3)), ValueError),
        (lambda: init.orthogonal_(minitorch.empty(3)), ValueError),
        (lambda: init.sparse_(minitorch.empty(3), 0.1), ValueError),
    ],
)
def test_errors(act, error):
    with pytest.raises(error):
        act()


def test_old_names_warn():
    with pytest.warns(FutureWarning, match="xavier_uniform_"):
        init.xavier_uniform(minitorch.empty(2, 2))
