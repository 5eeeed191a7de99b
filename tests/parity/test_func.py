"""Transforms of functions, one by one and nested, equal to PyTorch's: 34 functions times 15."""

import minitorch
import numpy as np
import pytest
import torch

X = np.random.default_rng(0).standard_normal(6) * 0.8  # every function is one of six numbers
PULL = np.random.default_rng(1).standard_normal(6)  # a direction to go along
BATCH = np.random.default_rng(2).standard_normal((3, 6)) * 0.8

# name: (m, x) -> a scalar; m is minitorch or torch
FUNCTIONS = {
    "rosenbrock": lambda m, x: (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum(),
    "logsumexp": lambda m, x: m.logsumexp(x * x, 0),
    "softmax": lambda m, x: (m.softmax(x, 0) * constant(m, 6)).sum(),
    "log_softmax": lambda m, x: (m.log_softmax(x.reshape(2, 3), 1) ** 2).sum(),
    "cross_entropy": lambda m, x: m.nn.functional.cross_entropy(x.reshape(2, 3), m.tensor([0, 2])),
    "mse_of_mlp": lambda m, x: mlp(m, x),
    "mlp_cross_entropy": lambda m, x: m.nn.functional.cross_entropy(
        m.tanh(constant(m, 4, 2) @ x.reshape(2, 3)), m.tensor([0, 2, 1, 1])
    ),
    "layer_norm": lambda m, x: (m.nn.functional.layer_norm(x, (6,)) ** 3).sum(),
    "conv1d": lambda m, x: (
        m.nn.functional.conv1d(constant(m, 1, 2, 5), x.reshape(1, 2, 3), padding=1).square().sum()
    ),
    "conv2d": lambda m, x: (
        m.nn.functional.conv2d(constant(m, 1, 1, 4, 4), x.reshape(1, 1, 2, 3), stride=2).exp().sum()
    ),
    "runge_kutta": lambda m, x: runge_kutta(m, x),
    "determinant": lambda m, x: m.linalg.det(square(m, x)),
    "logdet": lambda m, x: m.logdet(positive(m, x)),
    "inverse": lambda m, x: (m.linalg.inv(positive(m, x)) ** 2).sum(),
    "cholesky": lambda m, x: m.linalg.cholesky(positive(m, x)).sum(),
    "solve": lambda m, x: (m.linalg.solve(positive(m, x), x[:3]) ** 2).sum(),
    "cholesky_solve": lambda m, x: m.cholesky_solve(
        x[:3, None], m.linalg.cholesky(positive(m, x))
    ).sum(),
    "matrix_exp": lambda m, x: m.matrix_exp(square(m, x) * 0.3).sum(),
    "attention": lambda m, x: attention(m, x),
    "cumsum_cumprod": lambda m, x: (m.cumsum(x, 0) * m.cumprod(x, 0)).sum(),
    "prod": lambda m, x: x.prod() + x.reshape(2, 3).prod(1).sum(),
    "norm": lambda m, x: m.linalg.vector_norm(x) + m.linalg.vector_norm(x, 3),
    "frobenius": lambda m, x: m.linalg.norm(x.reshape(2, 3)) ** 3,
    "gather": lambda m, x: m.gather(x.reshape(2, 3).exp(), 1, m.tensor([[0, 2], [1, 1]])).prod(),
    "index": lambda m, x: (x[m.tensor([0, 2, 2, 5])] ** 3).sum() * x[m.tensor([1, 1])].sum(),
    "slices": lambda m, x: (x[::2] * x[1::2].flip(0)).sum() * m.cat([x, x * x]).sum(),
    "sort": lambda m, x: (m.sort(x)[0] ** 2 * constant(m, 6)).sum(),
    "max_min": lambda m, x: x.max() ** 2 * x.min() + m.maximum(x, x.flip(0)).sum() ** 2,
    "where": lambda m, x: m.where(x > 0, x.exp(), x**3).sum(),
    "variance": lambda m, x: x.var() * x.std() + x.reshape(2, 3).var(0).sum(),
    "rnn": lambda m, x: rnn(m, x),
    "einsum": lambda m, x: m.einsum("ij,kj,k->i", x.reshape(2, 3), x.reshape(2, 3), x[:2]).sum(),
    "special": lambda m, x: (m.erf(x) * m.sigmoid(x) + m.lgamma(x.abs() + 1)).sum(),
    "written_in_place": lambda m, x: written(m, x),
}


def constant(m, *shape):
    return m.linspace(-1, 2, int(np.prod(shape)), dtype=m.float64).reshape(shape)


def square(m, x):
    return m.outer(x[:3], x[3:]) + m.diag(x[:3]) + m.eye(3, dtype=m.float64)


def positive(m, x):
    a = square(m, x)
    return a @ a.T + m.eye(3, dtype=m.float64)


def mlp(m, x):
    hidden = m.tanh(constant(m, 5, 2) @ x[:4].reshape(2, 2) + x[4:])
    return ((hidden.sum(1) - constant(m, 5)) ** 2).mean()


def runge_kutta(m, x):
    def slope(y):
        return m.stack([y[1], m.sin(y[0]) * x[2] - x[3] * y[1]])

    y, h = x[:2], 0.1
    for _ in range(3):
        a = slope(y)
        b = slope(y + h / 2 * a)
        c = slope(y + h / 2 * b)
        y = y + h / 6 * (a + 2 * b + 2 * c + slope(y + h * c))
    return (y**2).sum() * x[4:].sum()


def attention(m, x):
    q, k, v = x.reshape(3, 2, 1)
    return (m.softmax(q @ k.transpose(0, 1) / 2, -1) @ v).square().sum()


def rnn(m, x):
    h = m.zeros(2, dtype=m.float64)
    for t in constant(m, 4):
        h = m.tanh(x[:4].reshape(2, 2) @ h + x[4:] * t)
    return (h * h).sum()


def written(m, x):
    y = x.clone()
    y[0] = x[1] * x[2]
    y[3:].mul_(x[:3])
    return (y**2).sum()


# name: (m, f, x, v, batch) -> tensors
TRANSFORMS = {
    "grad": lambda m, f, x, v, xs: m.func.grad(f)(x),
    "grad_and_value": lambda m, f, x, v, xs: m.func.grad_and_value(f)(x),
    "jacrev": lambda m, f, x, v, xs: m.func.jacrev(lambda x: f(x) * x)(x),
    "jacfwd": lambda m, f, x, v, xs: m.func.jacfwd(lambda x: f(x) * x)(x),
    "hessian": lambda m, f, x, v, xs: m.func.hessian(f)(x),
    "jacrev(jacrev)": lambda m, f, x, v, xs: m.func.jacrev(m.func.jacrev(f))(x),
    "jvp": lambda m, f, x, v, xs: m.func.jvp(f, (x,), (v,)),
    "vjp": lambda m, f, x, v, xs: m.func.vjp(lambda x: f(x) * x, x)[1](v),
    "jvp(grad)": lambda m, f, x, v, xs: m.func.jvp(m.func.grad(f), (x,), (v,)),
    "grad(jvp)": lambda m, f, x, v, xs: m.func.grad(lambda x: m.func.jvp(f, (x,), (v,))[1])(x),
    "grad(grad)": lambda m, f, x, v, xs: m.func.grad(lambda x: (m.func.grad(f)(x) * v).sum())(x),
    "vmap(grad)": lambda m, f, x, v, xs: m.func.vmap(m.func.grad(f))(xs),
    "hvp": lambda m, f, x, v, xs: m.autograd.functional.hvp(f, x, v),
    "vhp": lambda m, f, x, v, xs: m.autograd.functional.vhp(f, x, v),
    "functional.hessian": lambda m, f, x, v, xs: m.autograd.functional.hessian(f, x),
}

# PyTorch 2.13's reverse over forward mode is wrong for det, solve and layer_norm: the same product
# with the Hessian by another way
THEIRS = {"grad(jvp)": "grad(grad)"}


def arrays(made):
    tensors = made if isinstance(made, tuple) else (made,)
    return [t.detach().numpy() for t in tensors]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:There is a performance drop")
@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_equal(function, transform):
    f = FUNCTIONS[function]
    found = []
    for m, name in ((minitorch, transform), (torch, THEIRS.get(transform, transform))):
        x, v, xs = (m.tensor(a.tolist(), dtype=m.float64) for a in (X, PULL, BATCH))
        found.append(arrays(TRANSFORMS[name](m, lambda x, m=m: f(m, x), x, v, xs)))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)
