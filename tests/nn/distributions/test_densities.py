"""Densities, distribution functions, entropies and moments against SciPy; their gradients."""

import math

import minitorch
import numpy as np
import pytest
from minitorch import distributions as d
from minitorch.autograd import gradcheck

stats = pytest.importorskip("scipy.stats")

POINTS = [-1.5, -0.2, 0.3, 2.0]
POSITIVE = [0.1, 0.7, 1.3, 4.0]
INSIDE = [0.05, 0.3, 0.5, 0.9]
COUNTS = [0.0, 1.0, 2.0, 5.0]
C = [[2.0, 0.5], [0.5, 1.0]]
ROWS = [  # our class, its parameters, SciPy's, values
    (d.Normal, [0.5, 1.5], stats.norm(0.5, 1.5), POINTS),
    (d.Laplace, [0.5, 1.5], stats.laplace(0.5, 1.5), POINTS),
    (d.Cauchy, [0.5, 1.5], stats.cauchy(0.5, 1.5), POINTS),
    (d.Gumbel, [0.5, 1.5], stats.gumbel_r(0.5, 1.5), POINTS),
    (d.StudentT, [4.5, 0.5, 1.5], stats.t(4.5, 0.5, 1.5), POINTS),
    (d.VonMises, [0.5, 1.5], stats.vonmises(1.5, 0.5), POINTS),
    (d.HalfNormal, [1.5], stats.halfnorm(0, 1.5), POSITIVE),
    (d.HalfCauchy, [1.5], stats.halfcauchy(0, 1.5), POSITIVE),
    (d.LogNormal, [0.5, 0.75], stats.lognorm(0.75, scale=math.exp(0.5)), POSITIVE),
    (d.Exponential, [1.5], stats.expon(scale=1 / 1.5), POSITIVE),
    (d.Gamma, [2.5, 1.5], stats.gamma(2.5, scale=1 / 1.5), POSITIVE),
    (d.Chi2, [2.5], stats.chi2(2.5), POSITIVE),
    (d.InverseGamma, [3.5, 1.5], stats.invgamma(3.5, scale=1.5), POSITIVE),
    (d.FisherSnedecor, [2.5, 5.5], stats.f(2.5, 5.5), POSITIVE),
    (d.Weibull, [1.5, 2.5], stats.weibull_min(2.5, scale=1.5), POSITIVE),
    (d.Pareto, [0.05, 3.5], stats.pareto(3.5, scale=0.05), POSITIVE),
    (d.GeneralizedPareto, [0.0, 1.5, 0.25], stats.genpareto(0.25, 0, 1.5), POSITIVE),
    (d.Uniform, [0.0, 1.5], stats.uniform(0, 1.5), INSIDE),
    (d.Beta, [2.5, 1.5], stats.beta(2.5, 1.5), INSIDE),
    (d.Bernoulli, [0.3], stats.bernoulli(0.3), [0.0, 1.0]),
    (d.Geometric, [0.3], stats.geom(0.3, loc=-1), COUNTS),
    (d.Poisson, [1.5], stats.poisson(1.5), COUNTS),
    (d.Binomial, [6, 0.3], stats.binom(6, 0.3), COUNTS),
    (d.NegativeBinomial, [6, 0.3], stats.nbinom(6, 0.7), COUNTS),
    (d.Dirichlet, [[2.5, 1.5, 0.5]], stats.dirichlet([2.5, 1.5, 0.5]), [[0.2, 0.3, 0.5]]),
    (d.Multinomial, [6, [0.2, 0.3, 0.5]], stats.multinomial(6, [0.2, 0.3, 0.5]), [[1.0, 2, 3]]),
    (d.MultivariateNormal, [[0.5, 1.0], C], stats.multivariate_normal([0.5, 1.0], C), [[0.0, 2.0]]),
    (d.Wishart, [4.5, C], stats.wishart(4.5, C), [[[1.0, 0.3], [0.3, 2.0]]]),
]
each_row = pytest.mark.parametrize(
    ("kind", "parameters", "theirs", "values"), ROWS, ids=[row[0].__name__ for row in ROWS]
)


def tensor(data):
    return minitorch.tensor(data, dtype=minitorch.float64)


def build(kind, parameters):
    return kind(*[x if isinstance(x, int) else tensor(x) for x in parameters])


def log_density(theirs, values):
    f = getattr(theirs, "logpdf", None) or theirs.logpmf
    if isinstance(values[0], list) and isinstance(values[0][0], list):
        return [f(np.array(value)) for value in values]
    return f(values if not isinstance(values[0], list) else np.array(values[0]))


@each_row
def test_log_prob(kind, parameters, theirs, values):
    if not hasattr(theirs, "logpdf"):
        want = theirs.logpmf(np.array(values))
    else:
        want = log_density(theirs, values)
    got = build(kind, parameters).log_prob(tensor(values))
    np.testing.assert_allclose(got.numpy(), np.reshape(want, got.shape), rtol=1e-6)


@each_row
def test_gradients_of_log_prob(kind, parameters, theirs, values):
    discrete = kind.__name__ in ("Bernoulli", "Geometric", "Poisson", "Binomial", "Multinomial")
    leaves = [tensor(x).requires_grad_() for x in parameters if not isinstance(x, int)]
    value = tensor(values)

    def f(*given):
        tensors = iter(given)
        made = [x if isinstance(x, int) else next(tensors) for x in parameters]
        if kind is d.Wishart:  # of a symmetric matrix
            made[1] = (made[1] + made[1].mT) / 2
        if kind is d.MultivariateNormal:
            made[1] = (made[1] + made[1].mT) / 2
        return kind(*made, validate_args=False).log_prob(next(tensors, value))

    assert gradcheck(f, leaves)
    if not discrete and kind not in (d.NegativeBinomial, d.Wishart, d.Uniform):
        assert gradcheck(f, [*leaves, value.requires_grad_()])


@each_row
def test_cdf_and_icdf(kind, parameters, theirs, values):
    ours = build(kind, parameters)
    if not hasattr(theirs, "cdf") or isinstance(values[0], list):
        pytest.skip("SciPy has none")
    try:
        got = ours.cdf(tensor(values))
    except NotImplementedError:
        return
    np.testing.assert_allclose(got.numpy(), theirs.cdf(values), rtol=1e-7)
    try:
        back = ours.icdf(got)
    except NotImplementedError:
        return
    np.testing.assert_allclose(back.numpy(), values, rtol=1e-6)


@each_row
def test_moments_and_entropy(kind, parameters, theirs, values):
    ours = build(kind, parameters)
    names = {"mean": "mean", "variance": "var"}
    if kind is d.Wishart or kind is d.Multinomial or kind is d.MultivariateNormal:
        names = {"mean": "mean"}
    if kind in (d.VonMises, d.Cauchy, d.HalfCauchy):  # circular variance; none
        names = {}
    for ours_name, their_name in names.items():
        want = getattr(theirs, their_name)
        want = want() if callable(want) else want
        np.testing.assert_allclose(getattr(ours, ours_name).numpy(), want, rtol=1e-6)
    try:
        entropy = ours.entropy()
    except NotImplementedError:
        return
    np.testing.assert_allclose(entropy.numpy(), theirs.entropy(), rtol=1e-6)


def test_the_rest_by_their_definitions():
    x = tensor([0.2, 0.6])
    kumaraswamy = d.Kumaraswamy(tensor(2.0), tensor(3.0))
    want = (6 * x * (1 - x**2) ** 2).log()
    np.testing.assert_allclose(kumaraswamy.log_prob(x).numpy(), want.numpy())
    low_rank = d.LowRankMultivariateNormal(
        tensor([0.0, 1.0]), tensor([[1.0], [0.5]]), tensor([1.0, 2])
    )
    full = d.MultivariateNormal(low_rank.loc, low_rank.covariance_matrix)
    np.testing.assert_allclose(low_rank.log_prob(x).numpy(), full.log_prob(x).numpy())
    np.testing.assert_allclose(low_rank.entropy().numpy(), full.entropy().numpy())
    np.testing.assert_allclose(low_rank.scale_tril.numpy(), full.scale_tril.numpy())
    mixture = d.MixtureSameFamily(
        d.Categorical(tensor([0.25, 0.75])), d.Normal(tensor([0.0, 1.0]), tensor([1.0, 2.0]))
    )
    want = 0.25 * stats.norm(0, 1).pdf(x.numpy()) + 0.75 * stats.norm(1, 2).pdf(x.numpy())
    np.testing.assert_allclose(mixture.log_prob(x).exp().numpy(), want)
    twice = d.Independent(d.Normal(tensor([0.0, 0.0]), tensor([1.0, 1.0])), 1)
    assert float(twice.log_prob(x)) == pytest.approx(stats.norm().logpdf(x.numpy()).sum())
    continuous = d.ContinuousBernoulli(tensor(0.3))
    grid = minitorch.linspace(0, 1, 10_001, dtype=minitorch.float64)
    assert float(minitorch.trapezoid(continuous.log_prob(grid).exp(), grid)) == pytest.approx(1)
    lkj = d.LKJCholesky(
        3, 1.0
    )  # all correlation matrices are equally likely: the volume is pi^2 / 2
    factor = minitorch.eye(3)
    assert float(lkj.log_prob(factor)) == pytest.approx(-math.log(math.pi**2 / 2), abs=1e-5)
