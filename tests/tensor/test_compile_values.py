"""What depends on values is another in each call: functions that ask for values, and some that only
seem to, run as they are and compiled, four calls each with other numbers."""

import math
import warnings

import minitorch as torch
import numpy as np
import pytest

CALLS = [
    ([1.0, -2, 3], [1, 0, 2]), ([-1.0, 2, 0.5], [2, 2, 1]), ([-0.5, -2, -3], [0, 0, 1]),
    ([4.0, 5, 6], [3, 4, 1]),
]  # fmt: skip
ROWS = {
    "tensor(x)": lambda x, i: torch.tensor(x) * 2,
    "as_tensor(numpy)": lambda x, i: torch.as_tensor(x.numpy()) * 2,
    "from_numpy": lambda x, i: torch.from_numpy(x.numpy() + 1) * 2,
    "tensor([x0,x1])": lambda x, i: torch.tensor([x[0], x[1]]) * 2,
    "full x0": lambda x, i: torch.full((2,), x[0]) * 2,
    "full item": lambda x, i: torch.full((2,), x[0].item()) * 2,
    "full_like": lambda x, i: torch.full_like(x, x[0]),
    "new_tensor": lambda x, i: x.new_tensor(x) * 2,
    "new_full": lambda x, i: x.new_full((2,), x[1]) * 2,
    "arange": lambda x, i: torch.arange(i[0]) * 2,
    "linspace": lambda x, i: torch.linspace(x[0], x[1], 3),
    "repeat_interleave": lambda x, i: x.repeat_interleave(i),
    "normal": lambda x, i: torch.normal(x, x.abs() + 1),
    "bernoulli": lambda x, i: torch.bernoulli(x.sigmoid()),
    "bernoulli_": lambda x, i: torch.empty(3).bernoulli_(x.sigmoid()),
    "multinomial": lambda x, i: torch.multinomial(x.abs() + 0.1, 2),
    "poisson": lambda x, i: torch.poisson(x.abs()),
    "randperm": lambda x, i: x[torch.randperm(3)],
    "normal_": lambda x, i: torch.empty(3).normal_(1, 2) * x,
    "uniform_": lambda x, i: torch.empty(3).uniform_(1, 2) * x,
    "randint_like": lambda x, i: torch.randint_like(x, 5) + x,
    "rand 0d": lambda x, i: torch.rand(()) * x,
    "x[i0]": lambda x, i: x[i[0]],
    "x[int(i0)]": lambda x, i: x[int(i[0])] * 1,
    "slice": lambda x, i: x[: i[0]] * 1,
    "index_select": lambda x, i: x.index_select(0, i),
    "masked_fill": lambda x, i: x.masked_fill(x > 0, x.max()),
    "clamp tensor": lambda x, i: x.clamp(min=x.mean()),
    "scatter": lambda x, i: torch.zeros(5).scatter_(0, i, x),
    "add alpha": lambda x, i: torch.add(x, x, alpha=x[0].item()),
    "pow": lambda x, i: x**i,
    "quantile": lambda x, i: torch.quantile(x, 0.3),
    "histc": lambda x, i: torch.histc(x, 4),
    "bincount": lambda x, i: torch.bincount(i),
    "unique": lambda x, i: torch.unique(i),
    "nonzero": lambda x, i: torch.nonzero(x > 0),
    "topk": lambda x, i: x.topk(2),
    "allclose": lambda x, i: x * 2 if torch.allclose(x, x.abs()) else x * 3,
    "equal": lambda x, i: x * 2 if torch.equal(x, x.abs()) else x * 3,
    "any": lambda x, i: x * 2 if (x > 0).any() else x * 3,
    "is_nonzero": lambda x, i: x * 2 if torch.is_nonzero(x[0] > 0) else x * 3,
    "in": lambda x, i: x * 2 if 1 in i else x * 3,
    "max(python)": lambda x, i: max(x) * 1,
    "sorted": lambda x, i: sorted(x.tolist())[0] + x,
    "data.numpy": lambda x, i: x * float(x.data.numpy()[0]),
    "__array__": lambda x, i: x * float(np.asarray(x)[0]),
    "np.sum": lambda x, i: x * float(np.sum(x.numpy())),
    "len mask": lambda x, i: x * len(x[x > 0]),
    "shape mask": lambda x, i: x * x[x > 0].shape[0],
    "count item": lambda x, i: x / (x > 0).sum(),
    "cumsum int": lambda x, i: i.cumsum(0).float() * x,
    "nan check": lambda x, i: x.nan_to_num(),
    "std": lambda x, i: (x - x.mean()) / x.std(),
    "det": lambda x, i: torch.linalg.det(torch.outer(x, x) + torch.eye(3)),
    "solve": lambda x, i: torch.linalg.solve(torch.outer(x, x) + torch.eye(3), x),
    "svd": lambda x, i: torch.linalg.svdvals(torch.outer(x, x)),
    "a function of a number": lambda x, i: math.exp(x.sum().item()),
    "a number": lambda x, i: x.sum().item(),
}


def outcomes(function):
    torch.manual_seed(3)
    found = []
    for values, places in CALLS:
        x, i = torch.tensor(values), torch.tensor(places)
        try:
            made = function(x, i)
            parts = made if isinstance(made, tuple) else (made,)
            found.append([(repr(t), getattr(t, "dtype", None)) for t in parts])
        except (RuntimeError, IndexError) as error:
            found.append(str(error))
    return found, torch.rand(2).tolist()


@pytest.mark.parametrize("name", ROWS)
def test_calls_with_other_values(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert outcomes(torch.compile(ROWS[name])) == outcomes(ROWS[name])


def summed(x, total):
    total += x.sum()
    total += x.mean()
    return total * x


def written(x):
    total = x.sum()
    total *= 2
    total.view(1).add_(1)
    return total.detach() + x


def test_numbers_from_outside_that_become_arrays_make_programs_the_next_time():
    count = torch.ones(2).sum()  # as an operation gives it

    def counted(x):
        count.add_(1)
        return x * count.detach()

    compiled = torch.compile(counted, fullgraph=True)
    assert [compiled(torch.ones(1)).item() for _ in range(4)] == [3, 4, 5, 6]
    assert compiled.programs


def test_draws_and_shapes_make_programs():
    for function in (
        lambda x: summed(x, torch.zeros(())), lambda x: summed(x, torch.tensor(2.0)), written,
        lambda x: torch.tensor(3) * x, lambda x: torch.as_tensor(2.5) + x,
        lambda x: x.sum().detach(), lambda x: x.new_tensor(2.0) * x.max().detach(),
        lambda x: torch.rand(3) * x, lambda x: torch.zeros_like(x) + x, lambda x: x.new_ones(3) * x,
        lambda x: torch.empty(3).normal_(1, 2) * x, lambda x: torch.full_like(x, 2.0) * x,
        lambda x: torch.arange(3) * x, lambda x: torch.tensor([1.0, 2, 3]) * x,
    ):  # fmt: skip
        compiled = torch.compile(function, fullgraph=True)
        for x in (torch.ones(3), torch.arange(3.0), torch.full((3,), 2.5)):
            state = torch.get_rng_state()
            made = compiled(x)
            torch.set_rng_state(state)
            assert torch.equal(made, function(x))
        assert compiled.programs
