"""Tensors of one element in place of numbers, in functions of nn."""

import warnings

import minitorch as torch
import pytest

F = pytest.importorskip("minitorch.nn").functional
X = torch.arange(24.0).reshape(4, 6) / 7 - 1
ROWS = """
F.hardtanh(X, -1.0, t.abs())
F.leaky_relu(X, t)
F.elu(X, t)
F.celu(X, t.abs() + .1)
F.softplus(X, t.abs()+1)
F.threshold(X, t, 0.0)
F.softshrink(X, t.abs())
F.hardshrink(X, t)
F.pad(X, (1, 1), value=t)
F.pad(X, (i, 1))
F.dropout(X, t.abs() / 9)
F.layer_norm(X, (6,), eps=t.abs())
F.normalize(X, t.abs() + 1)
F.huber_loss(X, X * 2, delta=t.abs() + 1)
F.smooth_l1_loss(X, X * 2, beta=t.abs() + 1)
F.cross_entropy(X, torch.tensor([1,2,3,4]), label_smoothing=t.abs() / 9)
F.gumbel_softmax(X, tau=t.abs() + 1)
F.one_hot(torch.tensor([0, 1]), i + 3)
F.interpolate(X[None], size=i + 1)
F.avg_pool1d(X[None], i + 1)
F.unfold(X[None, None], i + 1)
F.glu(X, i % 2)
F.alpha_dropout(X, t.abs() / 9, True)
torch.nn.init.constant_(torch.zeros(2), t)
torch.nn.init.uniform_(torch.zeros(2), -t.abs() - 1, 9)
F.rrelu(X, t.abs() / 9, .9)
F.gaussian_nll_loss(X, X, X.abs(), eps=float(t.abs()) + .1)
F.cosine_similarity(X, X * 2 + 1, i % 2)
F.pixel_shuffle(X.reshape(1, 4, 2, 3), 2) * t
F.local_response_norm(X[None], i + 1)
""".strip().splitlines()
CALLS = [(1.0, 1), (2.5, 2), (-3.0, 0), (1.0, 3), (0.0, 2), (float("nan"), 1)]


def outcomes(function):
    torch.manual_seed(0)
    found = []
    for number, integer in CALLS:
        t, i = torch.tensor(number), torch.tensor(integer)
        try:
            found.append(repr(function(t, i)))
        except (RuntimeError, IndexError, ValueError, TypeError) as error:
            found.append((type(error).__name__, str(error)))
    return found, torch.rand(1).item()


@pytest.mark.parametrize("row", ROWS)
def test_numbers_that_are_tensors(row):
    names = {"torch": torch, "F": F, "X": X}
    function = eval(f"lambda t, i: {row}", names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert outcomes(torch.compile(function)) == outcomes(function)
