"""Of two outcomes: Bernoulli, and its continuous and relaxed relatives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Number
from typing import Any, ClassVar

import minitorch
from minitorch import Size, Tensor
from minitorch.nn.functional import binary_cross_entropy_with_logits

from . import constraints
from .composite import TransformedDistribution
from .distribution import Distribution, ExponentialFamily, checked
from .parameters import (
    broadcast_all,
    clamp_probs,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
)
from .transforms import SigmoidTransform

__all__ = ["Bernoulli", "ContinuousBernoulli", "LogitRelaxedBernoulli", "RelaxedBernoulli"]

PROBS_OR_LOGITS: Any = {"probs": constraints.unit_interval, "logits": constraints.real}


class OfProbability(Distribution):
    """A distribution by a probability, given as ``probs`` or as ``logits``, its log odds."""

    arg_constraints: ClassVar[Any] = PROBS_OR_LOGITS

    def _given(self, probs: Any, logits: Any) -> tuple[str, Any]:
        """The form that is given, and its value."""
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        return ("probs", probs) if logits is None else ("logits", logits)

    @lazy_property
    def logits(self) -> Tensor:
        """The log odds ``log(p / (1 - p))``."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Tensor:
        """The probability."""
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def _param(self) -> Tensor:
        first = next(name for name in self.__dict__ if name in ("probs", "logits"))
        param: Tensor = self.__dict__[first]
        return param

    def _new(self, *args: Any, **kwargs: Any) -> Any:
        param: Any = self._param
        return param.new(*args, **kwargs)

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter."""
        return self._param.size()


class Bernoulli(OfProbability, ExponentialFamily):
    """1 with probability ``probs``, else 0.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Bernoulli
        >>> Bernoulli(probs=0.25).log_prob(minitorch.tensor(1.0)).exp()
        tensor(0.2500)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#bernoulli
    """

    support = constraints.boolean
    has_enumerate_support = True
    _mean_carrier_measure = 0

    def __init__(
        self,
        probs: Tensor | Number | float | None = None,
        logits: Tensor | Number | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        name, value = self._given(probs, logits)
        self._set(validate_args, **{name: value})

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        mode = (self.probs >= 0.5).to(self.probs.dtype)
        return mode.masked_fill(self.probs == 0.5, math.nan)

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with minitorch.no_grad():
            return minitorch.bernoulli(self.probs.expand(self._extended_shape(sample_shape)))

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        logits, value = broadcast_all(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Tensor:
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return self._enumerated(minitorch.arange(2, dtype=self._param.dtype), expand)

    @property
    def _natural_params(self) -> tuple[Tensor]:
        return (self.probs.logit(),)

    def _log_normalizer(self, x: Tensor) -> Tensor:  # type: ignore[override]  # as many as there are parameters
        return x.exp().log1p()


class ContinuousBernoulli(OfProbability, ExponentialFamily):
    """``p(x) = C p^x (1 - p)^(1 - x)`` on [0, 1], p the ``probs``.

    ``log C = log |2 artanh(1 - 2 p) / (1 - 2 p)|``; where p is between ``lims``, Taylor series
    around 1/2 take the place of quotients that cancel.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import ContinuousBernoulli
        >>> ContinuousBernoulli(probs=0.5).mean
        tensor(0.5000)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#continuousbernoulli,
    Loaiza-Ganem and Cunningham, "The continuous Bernoulli", 2019
    """

    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0
    _kept = ("_lims",)

    def __init__(
        self,
        probs: Tensor | Number | float | None = None,
        logits: Tensor | Number | float | None = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        self._lims = lims
        name, value = self._given(probs, logits)
        if name == "probs":
            (value,) = broadcast_all(value)
            if validate_args is not None and not constraints.unit_interval.check(value).all():
                raise ValueError("The parameter probs has invalid values")
            value = clamp_probs(value)
        self._set(validate_args, **{name: value})

    @lazy_property
    def probs(self) -> Tensor:
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    def _outside_unstable_region(self) -> Tensor:
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _cut_probs(self) -> Tensor:
        return minitorch.where(self._outside_unstable_region(), self.probs, self._lims[0])

    def _unless_unstable(self, exact: Tensor, taylor: Tensor) -> Tensor:
        return minitorch.where(self._outside_unstable_region(), exact, taylor)

    def _cont_bern_log_norm(self) -> Tensor:
        p = self._cut_probs()
        low = p <= 0.5
        log_gap = minitorch.where(
            low,
            (-2.0 * minitorch.where(low, p, 0.0)).log1p(),
            (2.0 * minitorch.where(p >= 0.5, p, 1.0) - 1.0).log(),
        )
        log_norm = ((-p).log1p() - p.log()).abs().log() - log_gap
        x = (self.probs - 0.5).pow(2)
        taylor = math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x
        return self._unless_unstable(log_norm, taylor)

    @property
    def mean(self) -> Tensor:
        p = self._cut_probs()
        mean = p / (2.0 * p - 1.0) + 1.0 / ((-p).log1p() - p.log())
        x = self.probs - 0.5
        return self._unless_unstable(mean, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x.pow(2)) * x)

    @property
    def variance(self) -> Tensor:
        p = self._cut_probs()
        variance = p * (p - 1.0) / (1.0 - 2.0 * p).pow(2) + 1.0 / ((-p).log1p() - p.log()).pow(2)
        x = (self.probs - 0.5).pow(2)
        taylor = 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x
        return self._unless_unstable(variance, taylor)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(minitorch.rand(shape, dtype=self.probs.dtype))

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        logits, value = broadcast_all(self.logits, value)
        unnormalized = -binary_cross_entropy_with_logits(logits, value, reduction="none")
        return unnormalized + self._cont_bern_log_norm()

    @checked
    def cdf(self, value: Tensor) -> Tensor:
        p = self._cut_probs()
        inside = (p.pow(value) * (1.0 - p).pow(1.0 - value) + p - 1.0) / (2.0 * p - 1.0)
        inside = self._unless_unstable(inside, value)
        upper = minitorch.where(value >= 1.0, minitorch.ones_like(value), inside)
        return minitorch.where(value <= 0.0, minitorch.zeros_like(value), upper)

    def icdf(self, value: Tensor) -> Tensor:
        p = self._cut_probs()
        log_rest = (-p).log1p()
        exact = ((-p + value * (2.0 * p - 1.0)).log1p() - log_rest) / (p.log() - log_rest)
        return self._unless_unstable(exact, value)

    def entropy(self) -> Tensor:
        log0, log1 = (-self.probs).log1p(), self.probs.log()
        return self.mean * (log0 - log1) - self._cont_bern_log_norm() - log0

    @property
    def _natural_params(self) -> tuple[Tensor]:
        return (self.logits,)

    def _log_normalizer(self, x: Tensor) -> Tensor:  # type: ignore[override]  # as many as there are parameters
        low, high = (limit - 0.5 for limit in self._lims)
        stable = (x <= low) | (x > high)
        cut = minitorch.where(stable, x, low)
        exact = cut.expm1().abs().log() - cut.abs().log()
        return minitorch.where(stable, exact, 0.5 * x + x.pow(2) / 24.0 - x.pow(4) / 2880.0)


class LogitRelaxedBernoulli(OfProbability):
    """The log odds of ``RelaxedBernoulli``: ``(logits + log u - log(1 - u)) / temperature``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions.relaxed_bernoulli import LogitRelaxedBernoulli
        >>> LogitRelaxedBernoulli(minitorch.tensor(1.0), 0.5).log_prob(minitorch.tensor(0.0))
        tensor(-1.3863)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#logitrelaxedbernoulli
    """

    support = constraints.real
    _kept = ("temperature",)

    def __init__(
        self,
        temperature: Tensor,
        probs: Tensor | Number | float | None = None,
        logits: Tensor | Number | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self.temperature = temperature
        name, value = self._given(probs, logits)
        self._set(validate_args, **{name: value})

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        p = clamp_probs(self.probs.expand(shape))
        u = clamp_probs(minitorch.rand(shape, dtype=p.dtype))
        return (u.log() - (-u).log1p() + p.log() - (-p).log1p()) / self.temperature

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        logits, value = broadcast_all(self.logits, value)
        difference = logits - value.mul(self.temperature)
        return self.temperature.log() + difference - 2 * difference.exp().log1p()


class RelaxedBernoulli(TransformedDistribution):
    """A Bernoulli that is differentiable: on (0, 1), the closer to its ends the lower the
    ``temperature``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import RelaxedBernoulli
        >>> _ = minitorch.manual_seed(0)
        >>> RelaxedBernoulli(minitorch.tensor(0.1), probs=0.5).rsample()
        tensor(0.4630)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#relaxedbernoulli
    """

    arg_constraints = PROBS_OR_LOGITS
    support = constraints.unit_interval
    has_rsample: Any = True

    def __init__(
        self,
        temperature: Tensor,
        probs: Tensor | Number | float | None = None,
        logits: Tensor | Number | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)

    @property
    def temperature(self) -> Tensor:
        temperature: Tensor = self.base_dist.temperature
        return temperature

    @property
    def logits(self) -> Tensor:
        logits: Tensor = self.base_dist.logits
        return logits

    @property
    def probs(self) -> Tensor:
        probs: Tensor = self.base_dist.probs
        return probs
