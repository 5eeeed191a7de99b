"""``pytest test_lesson_4.py`` says which exercises are solved. MiniTorch checks the gradients."""

import minitorch as torch
from lesson_4 import (
    conv2d,
    kernel_rule,
    max_pool_rule,
    output_size,
    picture_rule,
    strided_rule,
)
from minitorch.nn import functional as F

SIZES = [((5, 6), (3, 2)), ((4, 4), (1, 1)), ((3, 7), (3, 4))]


def example(size, kernel):
    torch.manual_seed(0)
    x = torch.randn(*size, requires_grad=True)
    w = torch.randn(*kernel, requires_grad=True)
    y = F.conv2d(x[None, None], w[None, None])[0, 0]
    g = torch.randn(*y.shape)
    y.backward(g)
    return x, w, y, g


def test_output_size():
    for n, k, padding, stride in [(6, 2, 0, 1), (8, 3, 1, 1), (9, 3, 0, 2), (10, 3, 1, 4)]:
        y = F.conv1d(torch.zeros(1, 1, n), torch.zeros(1, 1, k), padding=padding, stride=stride)
        assert output_size(n, k, padding, stride) == y.shape[2]


def test_conv2d():
    for sizes in SIZES:
        x, w, y, _ = example(*sizes)
        assert torch.allclose(conv2d(x.detach(), w.detach()), y, atol=1e-5)


def test_kernel_rule():
    for sizes in SIZES:
        x, w, _, g = example(*sizes)
        made = kernel_rule(g, x.detach(), w.detach())
        assert made.shape == w.shape
        assert torch.allclose(made, w.grad, atol=1e-5)


def test_picture_rule():
    for sizes in SIZES:
        x, w, _, g = example(*sizes)
        made = picture_rule(g, x.detach(), w.detach())
        assert made.shape == x.shape
        assert torch.allclose(made, x.grad, atol=1e-5)


def test_strided_rule():
    torch.manual_seed(0)
    for n, k, stride in [(9, 3, 2), (10, 3, 2), (7, 2, 3), (6, 4, 1)]:
        x = torch.randn(1, 1, n, requires_grad=True)
        w = torch.randn(1, 1, k)
        y = F.conv1d(x, w, stride=stride)
        g = torch.randn(*y.shape)
        y.backward(g)
        made = strided_rule(g[0, 0], n, w[0, 0], stride)
        assert torch.allclose(made, x.grad[0, 0], atol=1e-5)


def test_max_pool_rule():
    torch.manual_seed(0)
    for k in (2, 3):
        x = torch.randn(6, 12, requires_grad=True)
        y = F.max_pool2d(x[None], k)[0]
        g = torch.randn(*y.shape)
        y.backward(g)
        assert torch.equal(max_pool_rule(g, x.detach(), k), x.grad)
