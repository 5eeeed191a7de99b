"""Samples: their moments, their support, their gradients by the parameters."""

import subprocess
import sys
import warnings

import minitorch
import numpy as np
import pytest
from minitorch import distributions as d
from minitorch.autograd import gradcheck


def tensor(data):
    return minitorch.tensor(data, dtype=minitorch.float64)


EXPLICIT = [  # the sample is a function of random numbers that parameters leave alone
    (d.Normal, [[0.5, -1.0], [1.0, 2.0]]),
    (d.Laplace, [[0.5, -1.0], [1.0, 2.0]]),
    (d.Cauchy, [[0.5, -1.0], [1.0, 2.0]]),
    (d.Gumbel, [[0.5, -1.0], [1.0, 2.0]]),
    (d.LogNormal, [[0.5, -1.0], [1.0, 0.5]]),
    (d.LogisticNormal, [[0.5, -1.0], [1.0, 0.5]]),
    (d.HalfNormal, [[1.0, 2.0]]),
    (d.HalfCauchy, [[1.0, 2.0]]),
    (d.Uniform, [[0.5, -1.0], [1.0, 2.0]]),
    (d.Exponential, [[1.0, 2.0]]),
    (d.Weibull, [[1.0, 2.0], [0.5, 3.0]]),
    (d.Pareto, [[1.0, 2.0], [1.5, 3.0]]),
    (d.GeneralizedPareto, [[0.0, 1.0], [1.0, 2.0], [0.3, -0.2]]),
    (d.Kumaraswamy, [[1.0, 2.0], [1.5, 3.0]]),
    (d.ContinuousBernoulli, [[0.2, 0.7]]),
    (d.RelaxedBernoulli, [0.5, [0.2, 0.7]]),
    (d.RelaxedOneHotCategorical, [0.5, [0.2, 0.7]]),
    (lambda loc, tril: d.MultivariateNormal(loc, scale_tril=tril.tril()),
     [[0.5, -1.0], [[1.0, 0.0], [0.5, 2.0]]]),
    (d.LowRankMultivariateNormal, [[0.5, -1.0], [[1.0], [0.5]], [1.0, 2.0]]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "parameters"), EXPLICIT)
def test_explicit_gradients(kind, parameters):
    def f(*given):
        minitorch.manual_seed(0)
        return kind(*given).rsample((3,))

    assert gradcheck(f, [tensor(x).requires_grad_() for x in parameters])


SHAPES = [0.05, 0.5, 1.0, 2.5, 7.0, 12.0, 60.0, 500.0]


@pytest.mark.parametrize("a", SHAPES)
def test_gradient_of_gamma_samples(a):
    """The quantile's derivative by the concentration."""
    special = pytest.importorskip("scipy.special")
    concentration = tensor(a).requires_grad_()
    minitorch.manual_seed(1)
    x = d.Gamma(concentration, 1.0).rsample((50,))
    step = 1e-4 * a
    for sample in x.unbind():
        value = sample.item()
        place = special.gammainc(a, value)
        if not 1e-6 < place < 1 - 1e-6:
            continue
        sides = [special.gammaincinv(a + s, place) for s in (step, -step)]
        (slope,) = minitorch.autograd.grad(sample, concentration, retain_graph=True)
        assert float(slope) == pytest.approx((sides[0] - sides[1]) / (2 * step), rel=2e-3)


@pytest.mark.parametrize("a", [0.2, 1.0, 3.0, 20.0])
@pytest.mark.parametrize("b", [0.3, 1.0, 4.0, 30.0])
def test_gradient_of_beta_samples(a, b):
    special = pytest.importorskip("scipy.special")
    leaves = [tensor(a).requires_grad_(), tensor(b).requires_grad_()]
    minitorch.manual_seed(1)
    x = d.Beta(*leaves).rsample((30,))
    for sample in x.unbind():
        value = sample.item()
        place = special.betainc(a, b, value)
        if not (1e-4 < place < 1 - 1e-4 and 1e-6 < value < 1 - 1e-6):
            continue
        slopes = minitorch.autograd.grad(sample, leaves, retain_graph=True)
        for slope, da, db in zip(slopes, (1e-4 * a, 0), (0, 1e-4 * b), strict=True):
            high, low = (special.betaincinv(a + s * da, b + s * db, place) for s in (1, -1))
            want = (high - low) / (2 * (da + db))
            assert float(slope) == pytest.approx(want, rel=5e-3, abs=1e-6)


C = [[2.0, 0.5], [0.5, 1.0]]
SAMPLED = [
    d.Normal(0.5, 2.0), d.Laplace(0.5, 2.0), d.Gumbel(0.5, 2.0), d.LogNormal(0.0, 0.5),
    d.HalfNormal(2.0), d.Uniform(-1.0, 2.0), d.StudentT(8.0, 0.5, 2.0), d.Exponential(2.0),
    d.Gamma(0.5, 2.0), d.Gamma(1.0, 2.0), d.Gamma(3.0, 2.0),
    d.Gamma(minitorch.tensor([1.5, 4.0]), 2.0),
    d.Chi2(3.0), d.InverseGamma(6.0, 2.0), d.FisherSnedecor(4.0, 12.0), d.Weibull(2.0, 1.5),
    d.Pareto(1.0, 6.0), d.GeneralizedPareto(0.0, 1.0, 0.1), d.Beta(0.5, 2.0),
    d.Kumaraswamy(2.0, 3.0), d.Dirichlet(minitorch.tensor([0.5, 2.0, 1.0])), d.Bernoulli(0.3),
    d.ContinuousBernoulli(0.3), d.Geometric(0.3), d.Poisson(0.5), d.Poisson(20.0),
    d.Binomial(5, minitorch.tensor(0.3)), d.Binomial(100, minitorch.tensor(0.7)),
    d.NegativeBinomial(4, minitorch.tensor(0.3)), d.OneHotCategorical(minitorch.tensor([0.2, 0.8])),
    d.Multinomial(5, minitorch.tensor([0.2, 0.8])),
    d.MultivariateNormal(minitorch.zeros(2), minitorch.tensor(C)),
    d.MultivariateNormal(minitorch.zeros(2), precision_matrix=minitorch.tensor(C)),
    d.LowRankMultivariateNormal(minitorch.zeros(2), minitorch.ones(2, 1), minitorch.ones(2)),
    d.Wishart(5.0, minitorch.tensor(C)),
    d.MixtureSameFamily(
        d.Categorical(minitorch.tensor([0.2, 0.8])),
        d.Normal(minitorch.tensor([-1.0, 1.0]), minitorch.tensor([0.5, 1.0])),
    ),
    d.Independent(d.Normal(minitorch.zeros(2), minitorch.ones(2)), 1),
]  # fmt: skip


@pytest.mark.parametrize("made", SAMPLED, ids=lambda made: type(made).__name__)
def test_moments_and_support_of_samples(made):
    count = 2000
    minitorch.manual_seed(2)
    samples = made.sample((count,))
    assert samples.shape == (count, *made.batch_shape, *made.event_shape)
    assert not samples.requires_grad
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert made.support.check(samples).all()
    error = (samples.mean(0) - made.mean).abs() / (made.variance / count).sqrt()
    assert (error < 4).all()
    spread = samples.var(0) / made.variance
    assert ((spread > 0.7) & (spread < 1.4)).all()


def test_angles_and_correlations():
    minitorch.manual_seed(0)
    angles = d.VonMises(3.0, 2.0).sample((2000,))
    assert ((angles >= -np.pi) & (angles < np.pi)).all()
    x, y = float(angles.cos().mean()), float(angles.sin().mean())
    assert np.hypot(x, y) == pytest.approx(1 - float(d.VonMises(3.0, 2.0).variance), abs=0.03)
    assert np.arctan2(y, x) == pytest.approx(3.0, abs=0.05)
    lkj = d.LKJCholesky(4, 2.0)
    factors = lkj.sample((500,))
    assert lkj.support.check(factors).all()


def test_gradients_of_what_is_drawn_are_zero():
    p = tensor([0.3, 0.7]).requires_grad_()
    for drawn in (minitorch.bernoulli(p), minitorch.poisson(p), minitorch.normal(p, p)):
        assert drawn.requires_grad
        (slope,) = minitorch.autograd.grad(drawn.sum(), p)
        assert (slope == 0).all()


def test_a_sampler_leaves_the_stream_where_single_numbers_would():
    for n in (1, 7, 16, 17, 40, 5000):
        for a in (0.5, 1.0, 2.0, [1.5, 3.0]):
            concentration = minitorch.tensor(a).repeat(n)
            minitorch.manual_seed(3)
            minitorch.randn(3)  # keeps a normal number
            together = minitorch._standard_gamma(concentration[:n])
            after = minitorch.rand(2)
            minitorch.manual_seed(3)
            minitorch.randn(3)
            parts = [minitorch._standard_gamma(part) for part in concentration[:n].split(5)]
            np.testing.assert_allclose(together.numpy(), minitorch.cat(parts).numpy(), rtol=1e-6)
            assert after.tolist() == minitorch.rand(2).tolist()


def test_distributions_come_in_on_first_use():
    program = (
        "import sys, minitorch, minitorch.nn; assert 'minitorch.distributions' not in sys.modules;"
        "minitorch.distributions.Normal; from minitorch.distributions.half_normal import HalfNormal"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
