"""``KL(p || q)`` where p and q are of two families.

Most are ``-H(p) - E log q(x)`` with the means under p of x, x^2 or log x written out. Where p has
values that q cannot have, the divergence is infinite.
"""

from __future__ import annotations

import math
from typing import Any

import minitorch
from minitorch import Tensor

from .beta_family import Beta
from .binary import Bernoulli, ContinuousBernoulli
from .counts import Binomial, Poisson
from .gamma_family import Exponential, Gamma
from .kl import register_kl
from .location_scale import Gumbel, Laplace, Normal, Uniform
from .parameters import euler_constant
from .pareto import Pareto

SQRT_2_PI = math.sqrt(2 * math.pi)

# of each family, the parameter whose shape the result has, and the families whose support is less
INFINITE: dict[Any, tuple[str, list[Any]]] = {
    Beta: ("concentration1", [Pareto]),
    ContinuousBernoulli: ("probs", [Pareto]),
    Exponential: ("rate", [Beta, ContinuousBernoulli, Pareto, Uniform]),
    Gamma: ("concentration", [Beta, ContinuousBernoulli, Pareto, Uniform]),
    Gumbel: ("loc", [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform]),
    Laplace: ("loc", [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform]),
    Normal: ("loc", [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform]),
    Pareto: ("scale", [Beta, ContinuousBernoulli, Uniform]),
    Poisson: ("rate", [Bernoulli, Binomial]),
}


def _infinite(parameter: str) -> Any:
    def rule(p: Any, q: Any) -> Tensor:
        return minitorch.full_like(getattr(p, parameter), math.inf)

    return rule


for _family, (_parameter, _others) in INFINITE.items():
    for _other in _others:
        register_kl(_family, _other)(_infinite(_parameter))


def _x_log_x(x: Any) -> Any:
    return minitorch.xlogy(x, x)


# --- from Bernoulli, Beta and ContinuousBernoulli -----------------------------------------------


@register_kl(Bernoulli, Poisson)
def _kl_bernoulli_poisson(p: Any, q: Any) -> Any:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Beta, ContinuousBernoulli)
def _kl_beta_continuous_bernoulli(p: Any, q: Any) -> Any:
    return -p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q._cont_bern_log_norm()


@register_kl(Beta, Exponential)
def _kl_beta_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(Beta, Gamma)
def _kl_beta_gamma(p: Any, q: Any) -> Any:
    mean_log = p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    normalizer = q.concentration.lgamma() - q.concentration * q.rate.log()
    return -p.entropy() + normalizer - (q.concentration - 1) * mean_log + q.rate * p.mean


@register_kl(Beta, Normal)
def _kl_beta_normal(p: Any, q: Any) -> Any:
    mean, variance = p.mean, q.scale.pow(2)
    half_square = (p.variance + mean.pow(2)) * 0.5
    distance = half_square - q.loc * mean + q.loc.pow(2) * 0.5
    return -p.entropy() + 0.5 * (variance * 2 * math.pi).log() + distance / variance


@register_kl(Beta, Uniform)
def _kl_beta_uniform(p: Any, q: Any) -> Any:
    kl = -p.entropy() + (q.high - q.low).log()
    return kl.masked_fill((q.low > 0) | (q.high < 1), math.inf)


@register_kl(ContinuousBernoulli, Exponential)
def _kl_continuous_bernoulli_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(ContinuousBernoulli, Normal)
def _kl_continuous_bernoulli_normal(p: Any, q: Any) -> Any:
    normalizer = 0.5 * (math.log(2 * math.pi) + (q.loc / q.scale).square()) + q.scale.log()
    square = p.variance + p.mean.square()
    return -p.entropy() + normalizer + (square - 2 * q.loc * p.mean) / (2 * q.scale.square())


@register_kl(ContinuousBernoulli, Uniform)
def _kl_continuous_bernoulli_uniform(p: Any, q: Any) -> Any:
    kl = -p.entropy() + (q.high - q.low).log()
    return kl.masked_fill((q.low >= 0) | (q.high <= 1), math.inf)


# --- from Exponential and Gamma -----------------------------------------------------------------


@register_kl(Exponential, Gamma)
def _kl_exponential_gamma(p: Any, q: Any) -> Any:
    ratio, a = q.rate / p.rate, q.concentration
    return -a * ratio.log() + ratio + a.lgamma() + a * euler_constant - (1 + euler_constant)


@register_kl(Exponential, Gumbel)
def _kl_exponential_gumbel(p: Any, q: Any) -> Any:
    product, place = p.rate * q.scale, q.loc / q.scale
    mean = place.exp() * product / (product + 1)
    return product.log() - 1 - place + mean + product.reciprocal()


@register_kl(Exponential, Normal)
def _kl_exponential_normal(p: Any, q: Any) -> Any:
    variance, square = q.scale.pow(2), p.rate.pow(2)
    distance = square.reciprocal() - q.loc / p.rate + q.loc.pow(2) * 0.5
    return 0.5 * (square * variance * 2 * math.pi).log() - 1 + distance / variance


@register_kl(Gamma, Exponential)
def _kl_gamma_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


@register_kl(Gamma, Gumbel)
def _kl_gamma_gumbel(p: Any, q: Any) -> Any:
    a, product, place = p.concentration, p.rate * q.scale, q.loc / q.scale
    entropy = (a - 1) * a.digamma() - a.lgamma() - a
    mean = place.exp() * (1 + product.reciprocal()).pow(-a) - place
    return entropy + product.log() + a / product + mean


@register_kl(Gamma, Normal)
def _kl_gamma_normal(p: Any, q: Any) -> Any:
    a, variance, square = p.concentration, q.scale.pow(2), p.rate.pow(2)
    normalizer = 0.5 * (square * variance * 2 * math.pi).log() - a - a.lgamma()
    distance = 0.5 * (a.pow(2) + a) / square - q.loc * a / p.rate + 0.5 * q.loc.pow(2)
    return normalizer + (a - 1) * a.digamma() + distance / variance


# --- from location-scale families ---------------------------------------------------------------


@register_kl(Gumbel, Normal)
def _kl_gumbel_normal(p: Any, q: Any) -> Any:
    ratio = p.scale / q.scale
    shift = ((p.loc + p.scale * euler_constant - q.loc) / q.scale).pow(2) * 0.5
    spread = (math.pi * ratio * 0.5).pow(2) / 3
    return -(ratio / SQRT_2_PI).log() + spread + shift - (euler_constant + 1)


@register_kl(Laplace, Normal)
def _kl_laplace_normal(p: Any, q: Any) -> Any:
    variance = q.scale.pow(2)
    ratio = p.scale.pow(2) / variance
    distance = 0.5 * p.loc.pow(2) - p.loc * q.loc + 0.5 * q.loc.pow(2)
    return -0.5 * (2 * ratio / math.pi).log() + ratio + distance / variance - 1


@register_kl(Normal, Gumbel)
def _kl_normal_gumbel(p: Any, q: Any) -> Any:
    of_p, of_q = p.loc / q.scale, q.loc / q.scale
    ratio = (p.scale / q.scale).pow(2)
    mean = (-of_p + 0.5 * ratio + of_q).exp()
    return -ratio.log() * 0.5 + (of_p - of_q) + mean - 0.5 * (1 + math.log(2 * math.pi))


@register_kl(Normal, Laplace)
def _kl_normal_laplace(p: Any, q: Any) -> Any:
    shift = p.loc - q.loc
    z = shift / p.scale
    near = math.sqrt(2 / math.pi) * p.scale * (-0.5 * z.pow(2)).exp()
    far = shift * minitorch.erf(math.sqrt(0.5) * z)
    entropy = 0.5 * (1 + math.log(0.5 * math.pi))
    return -(p.scale / q.scale).log() + (near + far) / q.scale - entropy


@register_kl(Pareto, Exponential)
def _kl_pareto_exponential(p: Any, q: Any) -> Any:
    product = p.scale * q.rate
    mean = p.alpha * product / (p.alpha - 1)
    kl = (p.alpha / product).log() - p.alpha.reciprocal() + mean - 1
    return kl.masked_fill(p.alpha <= 1, math.inf)


@register_kl(Pareto, Gamma)
def _kl_pareto_gamma(p: Any, q: Any) -> Any:
    mean_log = p.scale.log() + p.alpha.reciprocal()
    normalizer = q.concentration.lgamma() - q.concentration * q.rate.log()
    mean = q.rate * p.alpha * p.scale / (p.alpha - 1)
    kl = p.alpha.log() - mean_log + normalizer + (1 - q.concentration) * mean_log + mean - 1
    return kl.masked_fill(p.alpha <= 1, math.inf)


@register_kl(Pareto, Normal)
def _kl_pareto_normal(p: Any, q: Any) -> Any:
    unit = p.scale / (p.alpha - 1)
    spread = p.alpha * unit.pow(2) / (p.alpha - 2)
    shift = (p.alpha * unit - q.loc).pow(2)
    normalizer = (SQRT_2_PI * q.scale * p.alpha / p.scale).log() - p.alpha.reciprocal()
    kl = normalizer + (spread + shift) / (2 * q.scale.pow(2)) - 1
    return kl.masked_fill(p.alpha <= 2, math.inf)


# --- from Uniform ---------------------------------------------------------------------------------


def _mean_log(low: Any, high: Any) -> Any:
    """The mean of ``log x`` on (low, high)."""
    width = high - low
    return (_x_log_x(high) - _x_log_x(low) - width) / width


@register_kl(Uniform, Beta)
def _kl_uniform_beta(p: Any, q: Any) -> Any:
    a, b = q.concentration1, q.concentration0
    log_beta = a.lgamma() + b.lgamma() - (a + b).lgamma()
    of_x, of_rest = _mean_log(p.low, p.high), _mean_log(1 - p.high, 1 - p.low)
    kl = log_beta - (p.high - p.low).log() - (a - 1) * of_x - (b - 1) * of_rest
    return kl.masked_fill((p.high > 1) | (p.low < 0), math.inf)


@register_kl(Uniform, ContinuousBernoulli)
def _kl_uniform_continuous_bernoulli(p: Any, q: Any) -> Any:
    kl = -p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q._cont_bern_log_norm()
    return kl.masked_fill((p.high >= 1) | (p.low <= 0), math.inf)


@register_kl(Uniform, Exponential)
def _kl_uniform_exponential(p: Any, q: Any) -> Any:
    kl = q.rate * (p.high + p.low) / 2 - ((p.high - p.low) * q.rate).log()
    return kl.masked_fill(p.low < 0, math.inf)


@register_kl(Uniform, Gamma)
def _kl_uniform_gamma(p: Any, q: Any) -> Any:
    normalizer = q.concentration.lgamma() - q.concentration * q.rate.log()
    of_log = (1 - q.concentration) * _mean_log(p.low, p.high)
    kl = -(p.high - p.low).log() + normalizer + of_log + q.rate * (p.high + p.low) / 2
    return kl.masked_fill(p.low < 0, math.inf)


@register_kl(Uniform, Gumbel)
def _kl_uniform_gumbel(p: Any, q: Any) -> Any:
    ratio = q.scale / (p.high - p.low)
    high, low = (p.high - q.loc) / q.scale, (p.low - q.loc) / q.scale
    return ratio.log() + 0.5 * (high + low) - ratio * ((-high).exp() - (-low).exp())


@register_kl(Uniform, Normal)
def _kl_uniform_normal(p: Any, q: Any) -> Any:
    width = p.high - p.low
    distance = width.pow(2) / 12 + ((p.high + p.low - 2 * q.loc) / 2).pow(2)
    return (SQRT_2_PI * q.scale / width).log() + 0.5 * distance / q.scale.pow(2)


@register_kl(Uniform, Pareto)
def _kl_uniform_pareto(p: Any, q: Any) -> Any:
    normalizer = (q.alpha * q.scale.pow(q.alpha) * (p.high - p.low)).log()
    kl = _mean_log(p.low, p.high) * (q.alpha + 1) - normalizer
    return kl.masked_fill(p.low < q.scale, math.inf)
