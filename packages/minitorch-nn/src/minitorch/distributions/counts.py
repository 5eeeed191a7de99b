"""Counts: of successes, of failures before one, of events in a time."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Number
from typing import Any, ClassVar

import minitorch
from minitorch import Tensor
from minitorch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from . import constraints
from .binary import PROBS_OR_LOGITS, OfProbability
from .distribution import ExponentialFamily, checked
from .gamma_family import Gamma
from .parameters import broadcast_all, lazy_property

__all__ = ["Binomial", "Geometric", "NegativeBinomial", "Poisson"]


class OfCountAndProbability(OfProbability):
    """A distribution by a number of trials and a probability."""

    total_count: Tensor

    def __init__(
        self,
        total_count: Tensor | float,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        name, value = self._given(probs, logits)
        count, value = broadcast_all(total_count, value)
        self._set(validate_args, **{name: value, "total_count": count.type_as(value)})


class Binomial(OfCountAndProbability):
    """The successes in n = ``total_count`` trials: ``P(k) = C(n, k) p^k (1 - p)^(n - k)``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Binomial
        >>> Binomial(2, minitorch.tensor(0.5)).log_prob(minitorch.tensor(1.0)).exp()
        tensor(0.5000)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#binomial
    """

    arg_constraints: ClassVar[Any] = {
        "total_count": constraints.nonnegative_integer,
        **PROBS_OR_LOGITS,
    }
    has_enumerate_support = True

    def __init__(
        self,
        total_count: Tensor | int = 1,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(total_count, probs, logits, validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with minitorch.no_grad():
            return minitorch.binomial(self.total_count.expand(shape), self.probs.expand(shape))

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        n, logits = self.total_count, self.logits
        # n log(1 - p) = -n (max(logits, 0) + log1p(exp(-|logits|))), with half the slope of max
        # on each side of 0
        positive = (logits.clamp(min=0) + logits - logits.clamp(max=0)) / 2
        log_rest = n * positive + n * (-logits.abs()).exp().log1p()
        log_orders = (value + 1).lgamma(), (n - value + 1).lgamma()
        return value * logits - log_orders[0] - log_orders[1] - (log_rest - (n + 1).lgamma())

    def _one_count(self, method: str) -> int:
        count = int(self.total_count.max())
        if not bool(self.total_count.min() == count):
            raise NotImplementedError(f"Inhomogeneous total count not supported by `{method}`.")
        return count

    def entropy(self) -> Tensor:
        self._one_count("entropy")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(log_prob.exp() * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        count = self._one_count("enumerate_support")
        return self._enumerated(minitorch.arange(1 + count, dtype=self._param.dtype), expand)


class NegativeBinomial(OfCountAndProbability):
    """The successes before the r-th failure, r = ``total_count``:
    ``P(k) = Gamma(k + r) / (k! Gamma(r)) p^k (1 - p)^r``.

    Samples are Poisson with rates that are Gamma variables.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import NegativeBinomial
        >>> NegativeBinomial(2, minitorch.tensor(0.5)).mean
        tensor(2.)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#negativebinomial
    """

    arg_constraints: ClassVar[Any] = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Tensor:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Tensor:
        return self.mean / (-self.logits).sigmoid()

    @lazy_property
    def _gamma(self) -> Gamma:
        return Gamma(self.total_count, (-self.logits).exp(), validate_args=False)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with minitorch.no_grad():
            return minitorch.poisson(self._gamma.sample(sample_shape))

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        r = self.total_count
        unnormalized: Tensor = r * logsigmoid(-self.logits) + value * logsigmoid(self.logits)
        normalizer = -(r + value).lgamma() + (1.0 + value).lgamma() + r.lgamma()
        normalizer = normalizer.masked_fill(r + value == 0.0, 0.0)
        return unnormalized - normalizer


class Geometric(OfProbability):
    """The failures before the first success: ``P(k) = (1 - p)^k p``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Geometric
        >>> Geometric(minitorch.tensor(0.25)).mean
        tensor(3.)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#geometric
    """

    support = constraints.nonnegative_integer

    def __init__(
        self,
        probs: Tensor | Number | float | None = None,
        logits: Tensor | Number | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        name, value = self._given(probs, logits)
        self._set(validate_args, **{name: value})
        if self._validate_args and name == "probs" and not (self.probs > 0).all():
            value = self.probs
            raise ValueError(
                f"Expected parameter probs ({type(value).__name__} of shape {tuple(value.shape)}) "
                f"of distribution {self!r} to be positive but found invalid values:\n"
                f"{value.data[~(value > 0)]}"
            )

    @property
    def mean(self) -> Tensor:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Tensor:
        return minitorch.zeros_like(self.probs)

    @property
    def variance(self) -> Tensor:
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        tiny = minitorch.finfo(self.probs.dtype).tiny
        with minitorch.no_grad():
            u: Tensor = self.probs.new_empty(self._extended_shape(sample_shape))
            u.uniform_(tiny, 1)
            return (u.log() / (-self.probs).log1p()).floor()

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        value, probs = broadcast_all(value, self.probs)
        probs = probs.masked_fill((probs == 1) & (value == 0), 0.0)  # 0 log 0 = 0
        return value * (-probs).log1p() + self.probs.log()

    def entropy(self) -> Tensor:
        of_one = binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")
        return of_one / self.probs


class Poisson(ExponentialFamily):
    """``P(k) = rate^k exp(-rate) / k!``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Poisson
        >>> Poisson(2.0).log_prob(minitorch.tensor(0.0))
        tensor(-2.)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#poisson
    """

    arg_constraints: ClassVar[Any] = {"rate": constraints.nonnegative}
    support = constraints.nonnegative_integer
    rate: Tensor

    def __init__(self, rate: Tensor | Number | float, validate_args: bool | None = None) -> None:
        self._set(validate_args, rate=rate)

    @property
    def mean(self) -> Tensor:
        return self.rate

    @property
    def mode(self) -> Tensor:
        return self.rate.floor()

    @property
    def variance(self) -> Tensor:
        return self.rate

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with minitorch.no_grad():
            return minitorch.poisson(self.rate.expand(self._extended_shape(sample_shape)))

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        rate, value = broadcast_all(self.rate, value)
        return value.xlogy(rate) - rate - (value + 1).lgamma()

    @property
    def _natural_params(self) -> tuple[Tensor]:
        return (self.rate.log(),)

    def _log_normalizer(self, x: Tensor) -> Tensor:  # type: ignore[override]  # as many as there are parameters
        return x.exp()
