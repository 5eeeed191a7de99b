"""``KL(p || q)``, the mean under p of ``log p(x) - log q(x)``: rules by the types of p and q.

The rules for p and q of one family are here, those of two families in ``kl_across``.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import minitorch
from minitorch import Tensor
from minitorch.nn.functional import softplus

from .beta_family import Beta, Dirichlet
from .binary import Bernoulli, ContinuousBernoulli
from .categories import Categorical, OneHotCategorical
from .composite import Independent, TransformedDistribution
from .counts import Binomial, Geometric, Poisson
from .distribution import Distribution, ExponentialFamily
from .gamma_family import Exponential, Gamma
from .location_scale import Cauchy, Gumbel, HalfNormal, Laplace, Normal, Uniform
from .multivariate_normal import (
    LowRankMultivariateNormal,
    MultivariateNormal,
    _batch_lowrank_logdet,
    _batch_lowrank_mahalanobis,
    _batch_mahalanobis,
    half_log_det,
)
from .parameters import _sum_rightmost, euler_constant
from .pareto import Pareto

__all__ = ["kl_divergence", "register_kl"]

Rule = TypeVar("Rule", bound=Callable[[Any, Any], Any])
_KL_REGISTRY: dict[tuple[type, type], Callable[[Any, Any], Any]] = {}
_KL_MEMOIZE: dict[tuple[type, type], Any] = {}  # of types seen: their rule, or NotImplemented


def register_kl(type_p: type, type_q: type) -> Callable[[Rule], Rule]:
    """A decorator that registers ``KL(p || q)`` for two classes and their subclasses.

    Of several rules that fit, the one for the most derived classes counts; where that depends on
    whether p or q is looked at first, a RuntimeWarning says so.

    Raises:
        TypeError: one of the two is no class.

    Example:
        >>> from minitorch.distributions import Normal, kl_divergence, register_kl
        >>> class Mine(Normal):
        ...     pass
        >>> @register_kl(Mine, Mine)
        ... def kl_of_mine(p, q):
        ...     return "mine"
        >>> kl_divergence(Mine(0.0, 1.0), Mine(0.0, 1.0))
        'mine'
    """
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not isinstance(kind, type):  # which may be a base of distributions
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {kind}")

    def decorator(fun: Rule) -> Rule:
        _KL_REGISTRY[type_p, type_q] = fun
        _KL_MEMOIZE.clear()
        return fun

    return decorator


def _dispatch_kl(type_p: type, type_q: type) -> Any:
    """The rule for two types."""
    matches = [(p, q) for p, q in _KL_REGISTRY if issubclass(type_p, p) and issubclass(type_q, q)]
    if not matches:
        return NotImplemented

    def depth(kind: type, of: type) -> int:
        return of.__mro__.index(kind) if kind in of.__mro__ else len(of.__mro__)

    by_p = min(matches, key=lambda m: (depth(m[0], type_p), depth(m[1], type_q)))
    by_q = min(matches, key=lambda m: (depth(m[1], type_q), depth(m[0], type_p)))
    rule = _KL_REGISTRY[by_p]
    if rule is not _KL_REGISTRY[by_q]:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). Please "
            f"register_kl({by_p[0].__name__}, {by_q[1].__name__})",
            RuntimeWarning,
            stacklevel=3,
        )
    return rule


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """``KL(p || q)``, of the batch's shape.

    Raises:
        NotImplementedError: there is no rule for the two types.

    Example:
        >>> from minitorch.distributions import Normal, kl_divergence
        >>> kl_divergence(Normal(1.0, 1.0), Normal(0.0, 1.0))
        tensor(0.5000)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#module-torch.distributions.kl
    """
    types = type(p), type(q)
    if types not in _KL_MEMOIZE:
        _KL_MEMOIZE[types] = _dispatch_kl(*types)
    rule = _KL_MEMOIZE[types]
    if rule is NotImplemented:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type "
            f"{type(q).__name__}"
        )
    found: Tensor = rule(p, q)
    return found


# --- by structure --------------------------------------------------------------------------------


@register_kl(ExponentialFamily, ExponentialFamily)
def _kl_expfamily_expfamily(p: Any, q: Any) -> Tensor:
    """The Bregman divergence of the log normalizer F: ``F(q) - F(p) - <q - p, grad F(p)>``."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot be computed "
            "using Bregman divergences"
        )
    of_p = [x.detach().requires_grad_() for x in p._natural_params]
    of_q = q._natural_params
    normalizer = p._log_normalizer(*of_p)
    slopes = minitorch.autograd.grad(normalizer.sum(), of_p, create_graph=True)
    result: Tensor = q._log_normalizer(*of_q) - normalizer
    for a, b, slope in zip(of_p, of_q, slopes, strict=True):
        term = (b - a) * slope
        result = result - _sum_rightmost(term, term.ndim - result.ndim)
    return result


@register_kl(TransformedDistribution, TransformedDistribution)
def _kl_transformed_transformed(p: Any, q: Any) -> Tensor:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError("the distributions' transforms or event shapes differ")
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Independent, Independent)
def _kl_independent_independent(p: Any, q: Any) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("the distributions' reinterpreted_batch_ndims differ")
    return _sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


# --- discrete ------------------------------------------------------------------------------------


@register_kl(Bernoulli, Bernoulli)
def _kl_bernoulli_bernoulli(p: Any, q: Any) -> Tensor:
    of_1: Tensor = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    of_0: Tensor = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    of_1 = of_1.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0.0)
    of_0 = of_0.masked_fill(q.probs == 1, math.inf).masked_fill(p.probs == 1, 0.0)
    return of_1 + of_0


@register_kl(Binomial, Binomial)
def _kl_binomial_binomial(p: Any, q: Any) -> Tensor:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    of_trial = p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    kl: Tensor = p.total_count * of_trial
    return kl.masked_fill(p.total_count > q.total_count, math.inf)


@register_kl(Categorical, Categorical)
def _kl_categorical_categorical(p: Any, q: Any) -> Tensor:
    terms = p.probs * (p.logits - q.logits)
    terms = terms.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0.0)
    kl: Tensor = terms.sum(-1)
    return kl


@register_kl(OneHotCategorical, OneHotCategorical)
def _kl_onehotcategorical_onehotcategorical(p: Any, q: Any) -> Tensor:
    return _kl_categorical_categorical(p._categorical, q._categorical)


@register_kl(Geometric, Geometric)
def _kl_geometric_geometric(p: Any, q: Any) -> Any:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Poisson, Poisson)
def _kl_poisson_poisson(p: Any, q: Any) -> Any:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


# --- on the line ---------------------------------------------------------------------------------


@register_kl(Normal, Normal)
def _kl_normal_normal(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale).pow(2)
    shift = ((p.loc - q.loc) / q.scale).pow(2)
    return 0.5 * (ratio + shift - 1 - ratio.log())


@register_kl(HalfNormal, HalfNormal)
def _kl_halfnormal_halfnormal(p: Any, q: Any) -> Any:
    return _kl_normal_normal(p.base_dist, q.base_dist)


@register_kl(Cauchy, Cauchy)
def _kl_cauchy_cauchy(p: Any, q: Any) -> Any:
    numerator = (p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)
    return numerator.log() - (4 * p.scale * q.scale).log()


@register_kl(Laplace, Laplace)
def _kl_laplace_laplace(p: Any, q: Any) -> Any:
    ratio, shift = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + shift / q.scale + ratio * (-shift / p.scale).exp() - 1


@register_kl(Gumbel, Gumbel)
def _kl_gumbel_gumbel(p: Any, q: Any) -> Any:
    ratio = p.scale / q.scale
    of_q, of_p = q.loc / q.scale, p.loc / q.scale
    power = (of_q + (1 + ratio).lgamma() - of_p).exp()
    return -ratio.log() - of_q + of_p + ratio * euler_constant + power - (1 + euler_constant)


@register_kl(Uniform, Uniform)
def _kl_uniform_uniform(p: Any, q: Any) -> Any:
    kl = ((q.high - q.low) / (p.high - p.low)).log()
    return kl.masked_fill((q.low > p.low) | (q.high < p.high), math.inf)


@register_kl(Exponential, Exponential)
def _kl_exponential_exponential(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Gamma, Gamma)
def _kl_gamma_gamma(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    return (
        b * (p.rate / q.rate).log()
        + b.lgamma()
        - a.lgamma()
        + (a - b) * a.digamma()
        + (q.rate - p.rate) * (a / p.rate)
    )


@register_kl(Pareto, Pareto)
def _kl_pareto_pareto(p: Any, q: Any) -> Any:
    ratio = q.alpha / p.alpha
    kl = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return kl.masked_fill(p.scale < q.scale, math.inf)


@register_kl(Beta, Beta)
def _kl_beta_beta(p: Any, q: Any) -> Any:
    a1, a0, b1, b0 = p.concentration1, p.concentration0, q.concentration1, q.concentration0
    of_p, of_q = a1 + a0, b1 + b0
    return (
        b1.lgamma() + b0.lgamma() + of_p.lgamma()
        - (a1.lgamma() + a0.lgamma() + of_q.lgamma())
        + (a1 - b1) * a1.digamma()
        + (a0 - b0) * a0.digamma()
        + (of_q - of_p) * of_p.digamma()
    )  # fmt: skip


@register_kl(Dirichlet, Dirichlet)
def _kl_dirichlet_dirichlet(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    of_p, of_q = a.sum(-1), b.sum(-1)
    means = a.digamma() - of_p.digamma().unsqueeze(-1)  # of log x
    normalizers = of_p.lgamma() - of_q.lgamma() - (a.lgamma() - b.lgamma()).sum(-1)
    return normalizers + ((a - b) * means).sum(-1)


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _kl_continuous_bernoulli_continuous_bernoulli(p: Any, q: Any) -> Any:
    return (
        p.mean * (p.logits - q.logits)
        + (p._cont_bern_log_norm() + (-p.probs).log1p())
        + (-q._cont_bern_log_norm() - (-q.probs).log1p())
    )


# --- normal vectors ------------------------------------------------------------------------------
# KL = (log det C_q - log det C_p + tr(C_q^-1 C_p) + (m_q - m_p)^T C_q^-1 (m_q - m_p) - n) / 2, and
# tr(C_q^-1 L L^T) is the sum of squares of L_q^-1 L or, of low rank, that of sqrt(1 / D) L less
# that of A L, with A = K^(-1/2) W^T D^-1


def _check_events(p: Any, q: Any) -> None:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two (Low Rank) Multivariate Normals with different event "
            f"shapes cannot be computed: {p.event_shape} and {q.event_shape}"
        )


def _squares(matrix: Tensor) -> Tensor:
    return matrix.pow(2).sum((-2, -1))


def _log_det(d: Any) -> Tensor:
    if isinstance(d, MultivariateNormal):
        return 2 * half_log_det(d._unbroadcasted_scale_tril)
    w, diagonal = d._parts()
    return _batch_lowrank_logdet(w, diagonal, d._capacitance_tril)


def _factors(d: Any) -> list[Tensor]:
    """Matrices of whose products with their transposes the covariance is the sum."""
    if isinstance(d, MultivariateNormal):
        return [d._unbroadcasted_scale_tril]
    w, diagonal = d._parts()
    return [w, diagonal.sqrt().diag_embed()]


def _whitened_squares(q: Any, factor: Tensor) -> Tensor:
    """``tr(C_q^-1 F F^T)``."""
    if isinstance(q, MultivariateNormal):
        tril = q._unbroadcasted_scale_tril
        batch = minitorch.broadcast_shapes(tril.shape[:-2], factor.shape[:-2])
        tril = tril.expand((*batch, *tril.shape[-2:]))
        factor = factor.expand((*batch, *factor.shape[-2:]))
        return _squares(minitorch.linalg.solve_triangular(tril, factor, upper=False))
    w, d = q._parts()
    scaled = w.mT / d.unsqueeze(-2)
    a = minitorch.linalg.solve_triangular(q._capacitance_tril, scaled, upper=False)
    return _squares(factor * d.rsqrt().unsqueeze(-1)) - _squares(a @ factor)


def _distance(q: Any, x: Tensor) -> Tensor:
    if isinstance(q, MultivariateNormal):
        return _batch_mahalanobis(q._unbroadcasted_scale_tril, x)
    w, d = q._parts()
    return _batch_lowrank_mahalanobis(w, d, x, q._capacitance_tril)


@register_kl(MultivariateNormal, MultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _kl_multivariatenormal_multivariatenormal(p: Any, q: Any) -> Any:
    _check_events(p, q)
    log_det = _log_det(q) - _log_det(p)
    trace: Any = sum(_whitened_squares(q, factor) for factor in _factors(p))
    return 0.5 * (log_det + (trace + _distance(q, q.loc - p.loc) - p.event_shape[0]))
