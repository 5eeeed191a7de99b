"""Transforms, constraints and the registries between them; divergences."""

import math
import pickle

import minitorch
import numpy as np
import pytest
from minitorch import distributions as d
from minitorch.autograd.functional import jacobian
from minitorch.distributions import biject_to, constraints, transform_to


def tensor(data):
    return minitorch.tensor(data, dtype=minitorch.float64)


X = tensor([0.5, -1.0, 0.25])
BIJECTIONS = [  # a transform, a value of its domain
    (d.ExpTransform(), X),
    (d.SigmoidTransform(), X),
    (d.SoftplusTransform(), X),
    (d.TanhTransform(), X),
    (d.PowerTransform(tensor(-1.5)), X.abs()),
    (d.AffineTransform(1.0, tensor([2.0, -3.0, 0.5])), X),
    (d.AffineTransform(1.0, -2.0, event_dim=1), X),
    (d.ComposeTransform([d.AffineTransform(0.0, 2.0), d.ExpTransform()]), X),
    (d.ComposeTransform([d.ExpTransform(), d.StickBreakingTransform().inv.inv]), X),
    (d.IndependentTransform(d.ExpTransform(), 1), X),
    (d.StickBreakingTransform(), X),
    (d.CorrCholeskyTransform(), X),
    (d.ReshapeTransform((3,), (3, 1)), X),
    (d.CumulativeDistributionTransform(d.Normal(tensor(0.0), tensor(1.0))), X),
    (d.CatTransform([d.ExpTransform(), d.TanhTransform()], lengths=[1, 2]), X),
    (d.StackTransform([d.ExpTransform(), d.TanhTransform(), d.identity_transform]), X),
]


@pytest.mark.parametrize(("transform", "x"), BIJECTIONS)
def test_bijections(transform, x):
    y = transform(x)
    assert transform.codomain.check(y).all()
    assert tuple(y.shape) == tuple(transform.forward_shape(x.shape))
    assert tuple(x.shape) == tuple(transform.inverse_shape(y.shape))
    assert transform.inv.inv is transform
    np.testing.assert_allclose(transform.inv(y).numpy(), x.numpy(), rtol=1e-9)
    log_det = transform.log_abs_det_jacobian(x, y)
    back = transform.inv.log_abs_det_jacobian(y, x)
    np.testing.assert_allclose(back.numpy(), -log_det.numpy(), rtol=1e-9)
    rows = jacobian(lambda x: coordinates(transform, transform(x)), x)
    want = np.linalg.slogdet(rows.numpy())[1]
    assert float(log_det.sum()) == pytest.approx(want, abs=1e-9)


def coordinates(transform, y):
    """As many numbers as the input has, that say all of y."""
    if isinstance(transform, d.CorrCholeskyTransform):
        return y[..., minitorch.ones(y.shape[-2:], dtype=minitorch.bool).tril(-1)]
    return y.reshape(-1)[:3]  # a simplex has one number more


@pytest.mark.parametrize("transform", [t for t, _ in BIJECTIONS])
def test_caches_and_pickles(transform):
    copy = pickle.loads(pickle.dumps(transform))
    np.testing.assert_array_equal(copy(X.abs()).numpy(), transform(X.abs()).numpy())
    cached = transform.with_cache()
    x = X.abs().clone()
    assert cached.inv(cached(x)) is x


SETS = [
    (constraints.boolean, [0.0, 1.0], [0.5, -1.0]),
    (constraints.nonnegative_integer, [0.0, 3.0], [-1.0, 0.5]),
    (constraints.positive_integer, [1.0, 3.0], [0.0, 1.5]),
    (constraints.integer_interval(1, 3), [1.0, 3.0], [0.0, 4.0, 1.5]),
    (constraints.real, [0.0, math.inf], [math.nan]),
    (constraints.positive, [0.1], [0.0, math.nan]),
    (constraints.nonnegative, [0.0], [-0.1]),
    (constraints.greater_than(1.0), [1.1], [1.0]),
    (constraints.greater_than_eq(1.0), [1.0], [0.9]),
    (constraints.less_than(1.0), [0.9], [1.0]),
    (constraints.interval(0.0, 2.0), [0.0, 2.0], [2.1]),
    (constraints.half_open_interval(0.0, 2.0), [0.0], [2.0]),
    (constraints.unit_interval, [0.0, 1.0], [1.1]),
    (constraints.simplex, [[0.25, 0.75]], [[0.5, 0.6], [-0.5, 1.5]]),
    (constraints.one_hot, [[0.0, 1.0]], [[1.0, 1.0], [0.5, 0.5]]),
    (constraints.multinomial(3), [[1.0, 2.0]], [[2.0, 2.0], [-1.0, 1.0]]),
    (constraints.real_vector, [[0.0, 1.0]], [[0.0, math.nan]]),
    (constraints.lower_triangular, [[[1.0, 0.0], [2.0, -1.0]]], [[[1.0, 2.0], [0.0, 1.0]]]),
    (constraints.lower_cholesky, [[[1.0, 0.0], [2.0, 1.0]]], [[[1.0, 0.0], [2.0, -1.0]]]),
    (constraints.corr_cholesky, [[[1.0, 0.0], [0.6, 0.8]]], [[[1.0, 0.0], [0.6, 0.9]]]),
    (constraints.symmetric, [[[1.0, 2.0], [2.0, 1.0]]], [[[1.0, 2.0], [0.0, 1.0]]]),
    (constraints.positive_definite, [[[2.0, 1.0], [1.0, 2.0]]], [[[1.0, 2.0], [2.0, 1.0]]]),
    (constraints.positive_semidefinite, [[[1.0, 0.0], [0.0, 0.0]]], [[[1.0, 2.0], [2.0, 1.0]]]),
    (constraints.independent(constraints.positive, 1), [[1.0, 2.0]], [[1.0, 0.0]]),
    (constraints.cat([constraints.positive, constraints.real], -1), [[1.0, -1.0]], None),
]


@pytest.mark.parametrize(("constraint", "members", "others"), SETS, ids=lambda x: repr(x)[:30])
def test_constraints(constraint, members, others):
    assert constraint.check(tensor(members)).all()
    if others is not None:
        assert not constraint.check(tensor(others)).any()
    for registry in (biject_to, transform_to):
        try:
            transform = registry(constraint)
        except NotImplementedError:
            continue
        shape = {1: (4, 3), 2: (4, 3, 3)}.get(transform.domain.event_dim, (4, 2))
        minitorch.manual_seed(0)
        x = minitorch.randn(shape, dtype=minitorch.float64)
        if isinstance(transform, d.CatTransform):
            x = x[..., :2]
        assert constraint.check(transform(x)).all()


def test_registries_can_be_extended():
    class Odd(constraints.Constraint):
        pass

    with pytest.raises(NotImplementedError, match="Odd"):
        biject_to(Odd())
    biject_to.register(Odd(), lambda constraint: d.ExpTransform())
    assert isinstance(biject_to(Odd()), d.ExpTransform)
    with pytest.raises(TypeError):
        biject_to.register(object(), lambda constraint: None)


PAIRS = [  # with quantiles of the first
    (d.Normal(0.5, 1.5), d.Normal(0.0, 1.0)),
    (d.Normal(0.5, 1.5), d.Laplace(0.0, 1.0)),
    (d.Normal(0.5, 0.5), d.Gumbel(0.0, 1.0)),
    (d.Laplace(0.5, 0.5), d.Laplace(0.0, 1.0)),
    (d.Laplace(0.5, 0.5), d.Normal(0.0, 1.0)),
    (d.Gumbel(0.5, 0.5), d.Gumbel(0.0, 1.0)),
    (d.Gumbel(0.5, 0.5), d.Normal(0.0, 1.0)),
    (d.Exponential(1.5), d.Exponential(0.5)),
    (d.Exponential(1.5), d.Gamma(2.0, 0.5)),
    (d.Exponential(1.5), d.Normal(0.0, 1.0)),
    (d.Exponential(1.5), d.Gumbel(0.0, 1.0)),
    (d.Uniform(0.2, 0.7), d.Uniform(0.0, 1.0)),
    (d.Uniform(0.2, 0.7), d.Normal(0.0, 1.0)),
    (d.Uniform(0.2, 0.7), d.Beta(2.0, 3.0)),
    (d.Uniform(0.2, 0.7), d.Gamma(2.0, 3.0)),
    (d.Uniform(0.2, 0.7), d.Exponential(2.0)),
    (d.Uniform(0.2, 0.7), d.Gumbel(0.0, 1.0)),
    (d.Uniform(0.2, 0.7), d.Pareto(0.1, 2.0)),
    (d.Uniform(0.2, 0.7), d.ContinuousBernoulli(0.3)),
    (d.ContinuousBernoulli(0.3), d.ContinuousBernoulli(0.6)),
    (d.ContinuousBernoulli(0.3), d.Normal(0.0, 1.0)),
    (d.ContinuousBernoulli(0.3), d.Exponential(2.0)),
    (d.Pareto(1.0, 4.0), d.Exponential(1.0)),
    (d.Pareto(1.0, 4.0), d.Gamma(2.0, 1.0)),
    (d.HalfNormal(0.5), d.HalfNormal(1.0)),
    (d.Cauchy(0.5, 0.5), d.Cauchy(0.0, 1.0)),
    (d.LogNormal(0.5, 0.5), d.LogNormal(0.0, 1.0)),
]


@pytest.mark.parametrize(
    ("p", "q"), PAIRS, ids=lambda x: type(x).__name__ if isinstance(x, d.Distribution) else x
)
def test_divergences_are_means(p, q):
    n = 100_000
    u = (minitorch.arange(n, dtype=minitorch.float64) + 0.5) / n
    x = p.icdf(u)
    mean = (p.log_prob(x) - q.log_prob(x)).mean()
    assert float(d.kl_divergence(p, q)) == pytest.approx(float(mean), rel=2e-3, abs=2e-4)


def test_divergences_of_families_and_batches():
    family = d.kl._kl_expfamily_expfamily
    for p, q in (
        (d.Gamma(2.0, 1.0), d.Gamma(3.0, 0.5)),
        (d.Beta(2.0, 1.0), d.Beta(3.0, 0.5)),
        (d.Dirichlet(tensor([1.0, 2.0])), d.Dirichlet(tensor([2.0, 0.5]))),
        (d.Poisson(2.0), d.Poisson(1.0)),
        (d.Bernoulli(0.3), d.Bernoulli(0.6)),
    ):
        assert float(family(p, q)) == pytest.approx(float(d.kl_divergence(p, q)), rel=1e-5)
    one = d.Wishart(tensor([3.0, 4.0]), minitorch.eye(2, dtype=minitorch.float64))
    assert d.kl_divergence(one, one).tolist() == pytest.approx([0.0, 0.0])
    wide = d.Pareto(tensor([[1.0], [1.0]]), tensor([[1.5], [3.0]]))
    found = d.kl_divergence(wide, d.Normal(tensor([0.0, 1.0]), tensor([1.0, 2.0])))
    assert found.isinf().tolist() == [[True, True], [False, False]]
    with pytest.raises(NotImplementedError, match="Gumbel"):
        d.kl_divergence(d.Cauchy(0.0, 1.0), d.Gumbel(0.0, 1.0))


def test_solves_under_vmap_broadcast_their_batches():
    minitorch.manual_seed(0)
    factor = minitorch.eye(3) + minitorch.rand(3, 3).tril(-1)
    right = minitorch.rand(2, 5, 3, 3)
    for solve in (
        lambda b: minitorch.cholesky_solve(b, factor),
        lambda b: minitorch.linalg.solve_triangular(factor, b, upper=False),
    ):
        want = minitorch.stack([solve(b) for b in right])
        np.testing.assert_allclose(minitorch.vmap(solve)(right).numpy(), want.numpy(), rtol=1e-5)


def test_a_transform_that_is_a_module_too():
    class Scale(d.Transform, minitorch.nn.Module):
        domain = codomain = constraints.real
        __hash__ = minitorch.nn.Module.__hash__

        def __init__(self):
            super().__init__(cache_size=1)
            self.scale = minitorch.nn.Parameter(minitorch.tensor(2.0))

        def _call(self, x):
            return x * self.scale

    transform = Scale()
    assert transform(minitorch.tensor(3.0)).item() == 6
    assert [*dict(transform.named_parameters())] == ["scale"]
