"""``pytest test_lesson_2.py`` says which exercises are solved. MiniTorch checks the gradients."""

import minitorch as torch
import numpy as np
from lesson_2 import broadcast_shape, matmul_rule, mean_rule, softmax_rule, unbroadcast

rng = np.random.default_rng(0)


def gradients(function, g, *arrays):
    tensors = [torch.tensor(each, requires_grad=True) for each in arrays]
    function(*tensors).backward(torch.tensor(g))
    return [each.grad.numpy() for each in tensors]


def test_broadcast_shape():
    for a, b, shape in [
        ((2, 3), (3,), (2, 3)), ((2, 1), (3,), (2, 3)), ((), (4,), (4,)), ((1,), (1, 1), (1, 1)),
        ((5, 1, 3), (2, 1), (5, 2, 3)), ((0,), (1,), (0,)),
    ]:  # fmt: skip
        assert broadcast_shape(a, b) == broadcast_shape(b, a) == shape


def test_broadcast_shape_refuses():
    for a, b in [((2, 3), (2,)), ((3,), (4,)), ((2, 0), (2, 3))]:
        try:
            shape = broadcast_shape(a, b)
        except ValueError:
            continue
        raise AssertionError(f"{a} and {b} do not fit, but gave {shape}")


def test_unbroadcast():
    for shape in [(2, 3), (3,), (2, 1), (1, 3), (1, 1), (1,), ()]:
        g = rng.normal(size=(2, 3))
        made = unbroadcast(g, shape)
        (expected,) = gradients(lambda x: x + torch.zeros(2, 3), g, np.zeros(shape))
        assert made.shape == shape
        assert np.allclose(made, expected)


def test_matmul_rule():
    a, b, g = (rng.normal(size=shape) for shape in [(2, 3), (3, 4), (2, 4)])
    for made, expected in zip(matmul_rule(g, a, b), gradients(torch.matmul, g, a, b), strict=True):
        assert np.allclose(made, expected)


def test_mean_rule():
    x = rng.normal(size=(2, 3, 4))
    for dim, shape in enumerate([(3, 4), (2, 4), (2, 3)]):
        g = rng.normal(size=shape)
        (expected,) = gradients(lambda t, dim=dim: t.mean(dim), g, x)
        made = mean_rule(g, x, dim)
        assert made.shape == x.shape
        assert np.allclose(made, expected)


def test_softmax_rule():
    x, g = rng.normal(size=(2, 5)), rng.normal(size=(2, 5))
    y = torch.softmax(torch.tensor(x), -1).numpy()
    (expected,) = gradients(lambda t: torch.softmax(t, -1), g, x)
    assert np.allclose(softmax_rule(g, y), expected)
