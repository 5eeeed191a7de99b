"""Values that a function of nn refuses in a later call are refused there."""

import warnings

import minitorch as torch
import pytest

F = pytest.importorskip("minitorch.nn").functional
X = torch.arange(6.0).reshape(3, 2)
ROWS = {
    "embedding": lambda i: F.embedding(i, X),
    "embedding_bag": lambda i: F.embedding_bag(i[None], X),
    "one_hot": lambda i: F.one_hot(i),
    "one_hot of three": lambda i: F.one_hot(i, 3),
    "cross_entropy": lambda i: F.cross_entropy(torch.eye(3), i),
    "nll_loss": lambda i: F.nll_loss(torch.eye(3), i),
    "binary_cross_entropy": lambda i: F.binary_cross_entropy(i.float() / 2, torch.ones(3)),
    "multi_margin": lambda i: F.multi_margin_loss(torch.eye(3), i),
    "multilabel_margin": lambda i: F.multilabel_margin_loss(torch.eye(3)[0], i),
    "ctc": lambda i: F.ctc_loss(
        torch.eye(3).log_softmax(-1)[:, None], torch.tensor([[1]]), i[:1], torch.tensor([1])
    ),
    "gaussian_nll": lambda i: F.gaussian_nll_loss(X[:, 0], X[:, 1], i.float()),
    "pack_padded_sequence": lambda i: (
        torch.nn.utils.rnn.pack_padded_sequence(
            torch.ones(3, 4, 2), i.clamp(min=1).sort(descending=True)[0]
        ).data
    ),
    "max_unpool": lambda i: F.max_unpool1d(torch.ones(1, 1, 3), i[None, None], 2),
    "dropout": lambda i: F.dropout(X, float(i[0]) / 4),
}
CALLS = [
    [0, 1, 2], [2, 1, 0], [1, 1, 1], [0, 1, 7], [-1, 0, 1], [0, -9, 1], [0, 1, 2], [1, 2, 0]
]  # fmt: skip


def outcomes(function):
    torch.manual_seed(0)
    found = []
    for values in CALLS:
        i = torch.tensor(values)
        try:
            made = repr(function(i))
        except (RuntimeError, IndexError, ValueError, TypeError) as error:
            made = type(error).__name__, str(error)
        found.append((made, i.tolist(), i._version, torch.rand(1).item()))
    return found


@pytest.mark.parametrize("name", ROWS)
def test_refused_values(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert outcomes(torch.compile(ROWS[name])) == outcomes(ROWS[name])
