"""``pytest test_lesson_3.py`` says which exercises are solved. MiniTorch checks the numbers."""

import math

import minitorch as torch
from lesson_3 import accuracy, cross_entropy, cross_entropy_rule, log_softmax, train
from minitorch import nn, optim
from minitorch.nn import functional as F


def examples():
    torch.manual_seed(0)
    return torch.randn(6, 4), torch.tensor([0, 3, 1, 1, 2, 0])


def test_log_softmax():
    scores, _ = examples()
    assert torch.allclose(log_softmax(scores), F.log_softmax(scores, 1), atol=1e-6)


def test_log_softmax_of_large_scores():
    scores = torch.tensor([[1000.0, 0.0], [-1000.0, -1001.0]])
    made = log_softmax(scores)
    assert torch.isfinite(made).all()
    assert torch.allclose(made, F.log_softmax(scores, 1))


def test_cross_entropy():
    scores, kinds = examples()
    assert torch.allclose(cross_entropy(scores, kinds), F.cross_entropy(scores, kinds))
    same = cross_entropy(torch.zeros(5, 7), torch.arange(5))
    assert math.isclose(same.item(), math.log(7), rel_tol=1e-6)


def test_cross_entropy_can_be_differentiated():
    scores, kinds = examples()
    mine = scores.clone().requires_grad_()
    theirs = scores.clone().requires_grad_()
    cross_entropy(mine, kinds).backward()
    F.cross_entropy(theirs, kinds).backward()
    assert torch.allclose(mine.grad, theirs.grad, atol=1e-6)


def test_cross_entropy_rule():
    scores, kinds = examples()
    made = cross_entropy_rule(scores, kinds)
    leaf = scores.clone().requires_grad_()
    F.cross_entropy(leaf, kinds).backward()
    assert torch.allclose(made, leaf.grad, atol=1e-6)
    assert torch.equal(scores, examples()[0]), "the scores that were given have been changed"


def test_accuracy():
    scores = torch.tensor([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0], [1.0, 2.0]])
    made = accuracy(scores, torch.tensor([0, 1, 1, 1]))
    assert (type(made), made) == (float, 0.75)


def test_train():
    torch.manual_seed(0)
    points = torch.randn(40, 2)
    kinds = (points[:, 0] * points[:, 1] > 0).long()  # no straight line parts them
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    other = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    other.load_state_dict(model.state_dict())

    losses = train(model, list(model.parameters()), points, kinds, rate=0.3, steps=50)

    optimizer = optim.SGD(other.parameters(), lr=0.3)
    assert len(losses) == 50
    for mine in losses:
        loss = F.cross_entropy(other(points), kinds)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert math.isclose(mine, loss.item(), rel_tol=1e-3)
