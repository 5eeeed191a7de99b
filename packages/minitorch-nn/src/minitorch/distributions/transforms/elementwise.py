"""Transforms of numbers, element by element."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Number
from typing import Any

import minitorch
from minitorch import Tensor
from minitorch.nn.functional import softplus

from .. import constraints
from ..parameters import broadcast_all, lazy_property
from .base import Transform

__all__ = ["AbsTransform", "AffineTransform", "CumulativeDistributionTransform", "ExpTransform"]
__all__ += ["PowerTransform", "SigmoidTransform", "SoftplusTransform", "TanhTransform"]


class SameType(Transform):
    """A transform without parameters: equal to all of its type."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self))


class Increasing(SameType):
    """A bijection that grows."""

    domain = constraints.real
    bijective = True
    sign = +1


class ExpTransform(Increasing):
    """``y = exp(x)``, of which ``log |dy/dx| = x``."""

    codomain = constraints.positive

    def _call(self, x: Tensor) -> Tensor:
        return x.exp()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return x


def clipped_sigmoid(x: Tensor) -> Tensor:
    """The sigmoid, kept within (0, 1)."""
    info = minitorch.finfo(x.dtype)
    return minitorch.sigmoid(x).clamp(min=info.tiny, max=1.0 - info.eps)


class SigmoidTransform(Increasing):
    """``y = 1 / (1 + exp(-x))``, of which ``log dy/dx = log y + log(1 - y)``."""

    codomain = constraints.unit_interval

    def _call(self, x: Tensor) -> Tensor:
        return clipped_sigmoid(x)

    def _inverse(self, y: Tensor) -> Tensor:
        info = minitorch.finfo(y.dtype)
        y = y.clamp(min=info.tiny, max=1.0 - info.eps)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -softplus(-x) - softplus(x)


class SoftplusTransform(Increasing):
    """``y = log(1 + exp(x))``, of which ``log dy/dx = -softplus(-x)``; linear above 20."""

    codomain = constraints.positive

    def _call(self, x: Tensor) -> Tensor:
        return softplus(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return (-y).expm1().neg().log() + y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -softplus(-x)


class TanhTransform(Increasing):
    """``y = tanh(x)``, of which ``log dy/dx = 2 (log 2 - x - softplus(-2 x))``.

    Close to -1 and 1 the inverse loses all digits: ``cache_size=1`` keeps them.
    """

    codomain = constraints.interval(-1.0, 1.0)

    def _call(self, x: Tensor) -> Tensor:
        return x.tanh()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.atanh()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return 2.0 * (math.log(2.0) - x - softplus(-2.0 * x))


class AbsTransform(SameType):
    """``y = |x|``; its inverse gives the positive one of two."""

    domain = constraints.real
    codomain = constraints.positive

    def _call(self, x: Tensor) -> Tensor:
        return x.abs()

    def _inverse(self, y: Tensor) -> Tensor:
        return y


def _same(a: Any, b: Any) -> bool:
    """Whether two numbers or tensors are equal throughout."""
    equal = a == b
    return bool(equal.all()) if isinstance(equal, Tensor) else bool(equal)


def _shape(parameter: Any) -> tuple[int, ...]:
    return tuple(getattr(parameter, "shape", ()))


class PowerTransform(Transform):
    """``y = x^exponent`` of positive x, of which ``dy/dx = exponent y / x``."""

    domain = constraints.positive
    codomain = constraints.positive
    bijective = True
    _arguments = ("exponent",)

    def __init__(self, exponent: Tensor | float, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        (self.exponent,) = broadcast_all(exponent)

    @lazy_property
    def sign(self) -> Tensor:
        return self.exponent.sign()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PowerTransform) and _same(self.exponent, other.exponent)

    def _call(self, x: Tensor) -> Tensor:
        return x.pow(self.exponent)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return (self.exponent * y / x).abs().log()

    def forward_shape(self, shape: Sequence[int]) -> Any:
        return minitorch.broadcast_shapes(shape, _shape(self.exponent))

    inverse_shape = forward_shape


class AffineTransform(Transform):
    """``y = loc + scale x``; events have ``event_dim`` dimensions.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import AffineTransform
        >>> AffineTransform(loc=1.0, scale=minitorch.tensor([2.0, 4.0]))(minitorch.ones(2))
        tensor([3., 5.])
    """

    bijective = True
    _arguments = ("loc", "scale", "event_dim")

    def __init__(
        self,
        loc: Tensor | float,
        scale: Tensor | float,
        event_dim: int = 0,
        cache_size: int = 0,
    ) -> None:
        super().__init__(cache_size=cache_size)
        self.loc: Any = loc
        self.scale: Any = scale
        self._event_dim = event_dim

    @property
    def event_dim(self) -> int:
        return self._event_dim

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        if self.event_dim == 0:
            return constraints.real
        return constraints.independent(constraints.real, self.event_dim)

    codomain = domain

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, AffineTransform)
            and _same(self.loc, other.loc)
            and _same(self.scale, other.scale)
        )

    @property
    def sign(self) -> Any:
        if isinstance(self.scale, Number):
            scale: Any = self.scale
            return (scale > 0) - (scale < 0)
        return self.scale.sign()

    def _call(self, x: Tensor) -> Any:
        return self.loc + self.scale * x

    def _inverse(self, y: Tensor) -> Any:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        shape = x.shape
        if isinstance(self.scale, Number):
            result = minitorch.full_like(x, math.log(abs(self.scale)))  # type: ignore[arg-type]  # a number there
        else:
            result = self.scale.abs().log()
        if self.event_dim:
            result = result.view((*result.shape[: -self.event_dim], -1)).sum(-1)
            shape = shape[: -self.event_dim]
        return result.expand(shape)

    def forward_shape(self, shape: Sequence[int]) -> Any:
        return minitorch.broadcast_shapes(shape, _shape(self.loc), _shape(self.scale))

    inverse_shape = forward_shape


class CumulativeDistributionTransform(Transform):
    """``y = F(x)``, F the distribution function of ``distribution``; its inverse are quantiles.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import CumulativeDistributionTransform, Normal
        >>> CumulativeDistributionTransform(Normal(0.0, 1.0))(minitorch.zeros(1))
        tensor([0.5000])
    """

    bijective = True
    codomain = constraints.unit_interval
    sign = +1
    _arguments = ("distribution",)

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        self.distribution = distribution

    @property
    def domain(self) -> Any:
        return self.distribution.support

    def _call(self, x: Tensor) -> Any:
        return self.distribution.cdf(x)

    def _inverse(self, y: Tensor) -> Any:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
        return self.distribution.log_prob(x)
