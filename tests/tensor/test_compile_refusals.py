"""Values that an operation refuses in a later call are refused there, with the same message."""

import warnings

import minitorch as torch
import pytest

X = torch.arange(6.0).reshape(3, 2)
ROWS = {
    "mask0d": lambda i: X[i[0] > 1],
    "index": lambda i: X[i] * 1,
    "index_select": lambda i: X.index_select(0, i),
    "gather": lambda i: X.gather(0, i[:, None]),
    "take": lambda i: X.take(i),
    "scatter": lambda i: torch.zeros(3).scatter(0, i, torch.ones(3)),
    "scatter_add": lambda i: torch.zeros(3).scatter_add(0, i, torch.ones(3)),
    "index_add": lambda i: torch.zeros(3).index_add(0, i, torch.ones(3)),
    "index_copy": lambda i: torch.zeros(3).index_copy(0, i, torch.ones(3)),
    "index_fill": lambda i: torch.zeros(3).index_fill(0, i, 1.0),
    "index_put": lambda i: torch.zeros(3).index_put((i,), torch.ones(3)),
    "take_along_dim": lambda i: torch.take_along_dim(X, i[:, None], 0),
    "index_reduce": lambda i: torch.zeros(3).index_reduce(0, i, torch.ones(3), "mean"),
    "scatter_reduce": lambda i: torch.zeros(3).scatter_reduce(0, i, torch.ones(3), "mean"),
    "bincount": lambda i: torch.bincount(i),
    "repeat_interleave": lambda i: X.repeat_interleave(i, 0),
    "bernoulli": lambda i: torch.bernoulli(i.float() / 2),
    "multinomial": lambda i: torch.multinomial(i.float(), 1),
    "pow": lambda i: torch.tensor([2, 3, 4]) ** i,
    "div": lambda i: torch.tensor([2, 3, 4]) // i,
    "remainder": lambda i: torch.tensor([2, 3, 4]) % i,
    "cholesky": lambda i: torch.linalg.cholesky(torch.diag(i.float())),
    "inv": lambda i: torch.linalg.inv(torch.diag(i.float())),
    "searchsorted": lambda i: torch.searchsorted(i, torch.tensor([1])),
    "bucketize": lambda i: torch.bucketize(torch.tensor([1]), i),
    "put": lambda i: torch.zeros(3).put(i, torch.ones(3)),
    "masked_scatter": lambda i: torch.zeros(3).masked_scatter(i > 0, torch.ones(2)),
    "tensor_split": lambda i: torch.tensor_split(torch.arange(9.0), i.sort()[0]),
    "select": lambda i: X.select(0, i[0]),
    "narrow": lambda i: X.narrow(0, i[0], 1),
    "negative index": lambda i: X[-i],
    "cov": lambda i: torch.cov(X.T, fweights=i),
    "histogram": lambda i: torch.histc(i.float(), 3),
    "combinations": lambda i: torch.combinations(i),
    "block_diag": lambda i: torch.diag_embed(i),
    "logspace": lambda i: torch.logspace(i[0], i[1], 3),
    "quantile": lambda i: torch.quantile(X, i.float() / 4),
    "kthvalue": lambda i: X.kthvalue(int(i[0]) + 1, 0)[0] if i[0] < 2 else X,
    "normal of a deviation": lambda i: torch.normal(0.0, i.float()),
    "poisson": lambda i: torch.poisson(i.float()),
    "a write": lambda i: torch.zeros(3).__setitem__(i, 1.0) or i,
    "after a write": lambda i: i.add_(0) + X[i].sum(),
    "after a draw": lambda i: torch.rand(3) + X.index_select(0, i)[:, 0],
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
