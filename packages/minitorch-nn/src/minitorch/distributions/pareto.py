"""Power laws: Pareto and its generalization."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import minitorch
from minitorch import Tensor

from . import constraints
from .composite import TransformedDistribution
from .distribution import Distribution, checked
from .gamma_family import Exponential
from .parameters import broadcast_all
from .transforms import AffineTransform, ExpTransform

__all__ = ["GeneralizedPareto", "Pareto"]


class Pareto(TransformedDistribution):
    """``p(x) = alpha scale^alpha / x^(alpha + 1)`` for x from ``scale`` on.

    Samples are ``scale exp(x)`` of an Exponential x.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Pareto
        >>> Pareto(1.0, 3.0).mean
        tensor(1.5000)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#pareto
    """

    arg_constraints: ClassVar[Any] = {"alpha": constraints.positive, "scale": constraints.positive}

    def __init__(
        self, scale: Tensor | float, alpha: Tensor | float, validate_args: bool | None = None
    ) -> None:
        self.scale, self.alpha = broadcast_all(scale, alpha)
        base = Exponential(self.alpha, validate_args=validate_args)
        transforms = [ExpTransform(), AffineTransform(loc=0, scale=self.scale)]
        super().__init__(base, transforms, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        return constraints.greater_than_eq(self.scale)

    @property
    def mean(self) -> Tensor:
        a = self.alpha.clamp(min=1)  # infinite up to 1
        return a * self.scale / (a - 1)

    @property
    def mode(self) -> Tensor:
        return self.scale

    @property
    def variance(self) -> Tensor:
        a = self.alpha.clamp(min=2)
        return self.scale.pow(2) * a / ((a - 1).pow(2) * (a - 2))

    def entropy(self) -> Tensor:
        return (self.scale / self.alpha).log() + (1 + self.alpha.reciprocal())


class GeneralizedPareto(Distribution):
    """``p(x) = (1 + k z)^(-1 / k - 1) / scale`` with ``z = (x - loc) / scale`` and k the
    ``concentration``; for k = 0 the exponential distribution.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import GeneralizedPareto
        >>> GeneralizedPareto(0.0, 1.0, 0.5).mean
        tensor(2.)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#generalizedpareto
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True
    loc: Tensor
    scale: Tensor
    concentration: Tensor

    def __init__(
        self,
        loc: Tensor | float,
        scale: Tensor | float,
        concentration: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        self._set(validate_args, loc=loc, scale=scale, concentration=concentration)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        k = self.concentration
        end = minitorch.where(k < 0, self.loc - self.scale / k, math.inf)
        return constraints.interval(self.loc, end)

    def _cases(self) -> tuple[Tensor, Tensor]:
        """Where k is zero, and k with 1 in place of zeros."""
        zero = minitorch.isclose(self.concentration, minitorch.zeros_like(self.concentration))
        return zero, self.concentration.masked_fill(zero, 1.0)

    def _z(self, x: Tensor) -> Tensor:
        return (x - self.loc) / self.scale

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        u = minitorch.rand(self._extended_shape(sample_shape), dtype=self.loc.dtype)
        return self.icdf(u)

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        z = self._z(value)
        zero, k = self._cases()
        power = 1 / k + minitorch.ones_like(z)
        general = minitorch.where(power == 0, power, power * (k * z).log1p())
        return -self.scale.log() - minitorch.where(zero, z, general)

    @checked
    def log_survival_function(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of what is greater than ``value``."""
        z = self._z(value)
        zero, k = self._cases()
        return minitorch.where(zero, -z, -(k * z).log1p() / k)

    def log_cdf(self, value: Tensor) -> Tensor:
        """The logarithm of ``cdf``."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Tensor) -> Tensor:
        return self.log_cdf(value).exp()

    def icdf(self, value: Tensor) -> Tensor:
        zero, k = self._cases()
        log_left = (-value).log1p()
        general = self.loc + self.scale / k * (-k * log_left).expm1()
        return minitorch.where(zero, self.loc - self.scale * log_left, general)

    @property
    def mean(self) -> Tensor:
        finite = self.concentration < 1
        k = minitorch.where(finite, self.concentration, 0.5)
        return minitorch.where(finite, self.loc + self.scale / (1 - k), math.nan)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        finite = self.concentration < 0.5
        k = minitorch.where(finite, self.concentration, 0.25)
        variance = self.scale**2 / ((1 - k) ** 2 * (1 - 2 * k))
        return minitorch.where(finite, variance, math.nan)

    def entropy(self) -> Tensor:
        entropy = self.scale.log() + self.concentration + 1
        return entropy.expand(self._batch_shape)
