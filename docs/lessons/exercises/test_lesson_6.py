"""``pytest test_lesson_6.py`` says which exercises are solved. MiniTorch's optimizers check."""

import math

import minitorch as torch
from lesson_6 import Adam, AdamW, Momentum, clip, largest_rate, warmup_cosine
from minitorch import optim


def agree(mine, theirs, dtype=torch.float64):
    """Both take twenty steps on the same noisy slopes."""
    torch.manual_seed(0)
    x = torch.tensor([1.0, -2.0, 3.0], dtype=dtype)
    leaf = x.clone().requires_grad_()
    optimizer = theirs([leaf])
    for _ in range(20):
        g = torch.randn(3, dtype=dtype) + x
        x = mine.step(x, g)
        leaf.grad = g.clone()
        optimizer.step()
        assert torch.allclose(x, leaf)


def test_largest_rate():
    for curvatures in ([1.0, 20.0], [3.0, 0.5, 7.0]):
        turned, _ = torch.linalg.qr(torch.randn(len(curvatures), len(curvatures)))
        hessian = turned @ torch.diag(torch.tensor(curvatures)) @ turned.T
        rate = largest_rate(hessian)
        assert math.isclose(rate, 2 / max(curvatures), rel_tol=1e-4)


def test_momentum():
    agree(Momentum(0.1, 0.9), lambda p: optim.SGD(p, lr=0.1, momentum=0.9))
    agree(Momentum(0.1, 0.0), lambda p: optim.SGD(p, lr=0.1))


def test_adam():
    agree(Adam(), lambda p: optim.Adam(p))
    agree(Adam(0.1, 0.5, 0.9), lambda p: optim.Adam(p, lr=0.1, betas=(0.5, 0.9)))


def test_adamw():
    agree(AdamW(0.1, decay=0.3), lambda p: optim.AdamW(p, lr=0.1, weight_decay=0.3))


def test_adamw_decays_what_has_no_gradient():
    x = AdamW(0.1, decay=0.5).step(torch.tensor([2.0]), torch.zeros(1))
    assert math.isclose(x.item(), 1.9, rel_tol=1e-6)


def test_warmup_cosine():
    rates = [warmup_cosine(step, 10, 110, 0.5) for step in range(111)]
    assert (rates[0], rates[5], rates[10]) == (0.0, 0.25, 0.5)
    assert math.isclose(rates[60], 0.25)
    assert math.isclose(rates[110], 0.0, abs_tol=1e-12)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_clip():
    gradients = [torch.tensor([3.0, 0.0]), torch.tensor([[4.0]])]  # together 5 long
    made = clip(gradients, 1.0)
    assert torch.allclose(made[0], torch.tensor([0.6, 0.0]))
    assert torch.allclose(made[1], torch.tensor([[0.8]]))
    for given, same in zip(gradients, clip(gradients, 10.0), strict=True):
        assert torch.equal(given, same)
    assert clip([torch.zeros(2)], 1.0)[0].tolist() == [0.0, 0.0]
