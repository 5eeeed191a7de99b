"""Tensors of one element in place of numbers: compiled functions see each call's."""

import warnings

import minitorch as torch
import pytest

X = torch.arange(24.0).reshape(4, 6) / 7 - 1
ROWS = """
torch.add(X, X, alpha=t)
torch.sub(X, X, alpha=t)
torch.addcmul(X, X, X, value=t)
torch.addcdiv(X, X, X.abs()+1, value=t)
torch.addmm(X, X@X.T, X, beta=t, alpha=t)
torch.baddbmm(X[None], (X@X.T)[None], X[None], beta=t)
X.index_fill(0, torch.tensor([1]), t)
X.masked_fill(X > 0, t)
torch.zeros(3).fill_(t)
torch.full((3,), t)
torch.full_like(X, t)
X.scatter(0, torch.zeros(1, 6, dtype=int), t)
X.lerp(X * 2, t)
X.nan_to_num(nan=t)
torch.linspace(0, t, 3)
torch.arange(t.abs() + 2)
torch.arange(0, 5, t.abs() + 1)
X.roll(i, 0)
X.view(i * 2 + 2, -1) if i in (1, 2) else X
X[0].expand(i + 1, 6)
X.new_zeros(i + 1)
torch.zeros(i + 1)
torch.ones((i + 1, 2))
X.sum(i % 2)
X.sum((i % 2,))
X.repeat(i + 1, 1)
X.tile((i + 1,))
X[i:] * 1
X[:, i] * 1
X[i] * 1
X[..., -i - 1] * 1
torch.split(X, i + 1)[0] * 1
torch.chunk(X, i + 1)[0] * 1
X.narrow(0, i, 1) * 1
X.select(0, i) * 1
X.topk(i + 1)[0]
X.kthvalue(i + 1)[0]
X.unfold(0, i + 1, 1) * 1
X.tril(i - 1)
torch.eye(i + 1)
torch.diag(X, i - 1)
X.diagonal(i) * 1
torch.rot90(X, i)
X.flip(i % 2)
X.unsqueeze(i % 2) * 1
X.transpose(i % 2, 1) * 1
X.cumsum(i % 2)
torch.bincount(torch.tensor([1]), minlength=i)
X.quantile(t.abs() / 9)
X.pow(t)
X ** t
t ** X
X.clamp(t)
X.clamp(-t.abs(), t.abs())
X.clip(max=t)
torch.randint(i + 1, (3,))
torch.normal(t, 1.0, (2,))
torch.bernoulli(X, t.abs() / 9)
torch.zeros(3).uniform_(t, 9)
torch.zeros(3).normal_(t, 1)
torch.zeros(3).exponential_(t.abs() + 1)
torch.zeros(3).bernoulli_(t.abs() / 9)
torch.cat([X] * (i + 1))
torch.stack([X] * i.item() + [X])
torch.combinations(X[0], i + 1)
X.renorm(2, 0, t.abs() + 1)
X.norm(t.abs() + 1)
torch.linalg.vector_norm(X, t.abs() + 1)
torch.dist(X, X * 2, t.abs() + 1)
torch.cdist(X, X, t.abs() + 1)
torch.allclose(X, X + t, atol=t.abs()) * X
torch.isclose(X, X + .1, atol=t.abs())
torch.heaviside(X, t)
torch.where(X > 0, t, X)
torch.where(X > t, 0.0, X)
torch.logspace(0, 1, i + 2)
torch.std(X, correction=i)
torch.var(X, 0, correction=t.abs())
torch.polygamma(i, X.abs() + 1)
torch.mvlgamma(X.abs() + 9, i + 1)
torch.histc(X, i + 2)
torch.tensor(i) * X
torch.tensor([i, i + 1])
torch.as_tensor(t) * X
X * float(t)
X * int(t)
X * (t > 1)
X if t > 1 else -X
X * i.item()
X * t.item()
X * t.tolist()
X * max(t, 1)
X * round(float(t), 1)
X * abs(t)
X * (t // 1)
X.to(torch.float64) * t
X.mul(t).to(torch.int32)
torch.trapz(X, dx=t)
torch.diff(X, i + 1)
torch.gradient(X[0], spacing=float(t.abs()) + 1)[0]
torch.movedim(X, i % 2, 0) * 1
X.swapaxes(i % 2, 0) * 1
X.reshape((i + 1) * 0 - 1) * 1
torch.block_diag(t, X)
torch.meshgrid(X[0], t.reshape(1), indexing='ij')[0] * 1
torch.tensor_split(X, i + 1)[0] * 1
torch.repeat_interleave(X, i + 1, 0)
torch.argsort(X, i % 2)
torch.take_along_dim(X, (X > t).long(), 1)
torch.bucketize(t, X[0])
X.logcumsumexp(i % 2)
torch.softmax(X, i % 2)
torch.clamp_min(X, t)
torch.fmod(X, t + 5)
torch.ldexp(X, i)
X.index_add(0, torch.tensor([0]), X[:1], alpha=t)
X.put(torch.tensor([0]), t.reshape(1))
X.masked_scatter(X > 5, t.reshape(1))
torch.special.zeta(X.abs() + 2, t.abs() + 1)
X.view(-1)[i] * 1
X.flatten()[i : i + 2] * 1
X[torch.tensor([0, 1])[i % 2]] * 1
X[X.argmax() % 4] * 1
X[(X > t).sum() % 4] * 1
X[[i % 4]] * 1
X[i % 4, i % 6] * 1
X[None, i] * 1
X.index_select(0, i.reshape(1))
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
    names = {"torch": torch, "X": X}
    function = eval(f"lambda t, i: {row}", names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert outcomes(torch.compile(function)) == outcomes(function)
