"""Angles: the von Mises distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import minitorch
from minitorch import Tensor

from . import constraints
from .distribution import Distribution, checked
from .parameters import lazy_property

__all__ = ["VonMises"]

# Abramowitz and Stegun 9.8.1 to 9.8.4: I_0(x) and I_1(x) / x in (x / 3.75)^2 for x < 3.75, then
# sqrt(x) exp(-x) times I_0(x) and I_1(x) in 3.75 / x; the lowest power first
SMALL = (
    (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.360768e-1, 0.45813e-2),
    (0.5, 0.87890594, 0.51498869, 0.15084934, 0.2658733e-1, 0.301532e-2, 0.32411e-3),
)
LARGE = (
    (
        0.39894228, 0.1328592e-1, 0.225319e-2, -0.157565e-2, 0.916281e-2, -0.2057706e-1,
        0.2635537e-1, -0.1647633e-1, 0.392377e-2,
    ),
    (
        0.39894228, -0.3988024e-1, -0.362018e-2, 0.163801e-2, -0.1031555e-1, 0.2282967e-1,
        -0.2895312e-1, 0.1787654e-1, -0.420059e-2,
    ),
)  # fmt: skip


def _polynomial(y: Tensor, coefficients: Sequence[float]) -> Tensor:
    result: Any = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        result = c + y * result
    made: Tensor = result
    return made


def _log_modified_bessel_fn(x: Tensor, order: int = 0) -> Tensor:
    """``log I_order(x)`` for positive x, order 0 or 1."""
    assert order in (0, 1), f"order must be 0 or 1, got {order}"
    small = _polynomial((x / 3.75).pow(2), SMALL[order])
    if order:
        small = x.abs() * small
    large = x - 0.5 * x.log() + _polynomial(3.75 / x, LARGE[order]).log()
    return minitorch.where(x < 3.75, small.log(), large)


class VonMises(Distribution):
    """``p(x) = exp(k cos(x - loc)) / (2 pi I_0(k))`` on the circle, k the ``concentration``.

    Angles are in radians; samples are from [-pi, pi).

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import VonMises
        >>> VonMises(0.0, 1.0).log_prob(minitorch.tensor(0.0))
        tensor(-1.0738)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#vonmises
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real,
        "concentration": constraints.positive,
    }
    support = constraints.real
    has_rsample = False
    loc: Tensor
    concentration: Tensor

    def __init__(
        self,
        loc: Tensor | float,
        concentration: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        self._set(validate_args, loc=loc, concentration=concentration)

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        exponent = self.concentration * (value - self.loc).cos()
        normalizer = _log_modified_bessel_fn(self.concentration, order=0)
        return exponent - math.log(2 * math.pi) - normalizer

    @property
    def _proposal_r(self) -> Tensor:
        """The parameter of the wrapped Cauchy distribution that is proposed, in float64."""
        k = self.concentration.double()
        tau = 1 + (1 + 4 * k**2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * k)
        return minitorch.where(k < 1e-5, 1 / k + k, (1 + rho**2) / (2 * rho))

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """By rejection; Best and Fisher, "Efficient simulation of the von Mises distribution",
        1979."""
        with minitorch.no_grad():
            shape = self._extended_shape(sample_shape)
            loc, k, r = self.loc.double(), self.concentration.double(), self._proposal_r
            x = minitorch.empty(shape, dtype=minitorch.float64)
            done = minitorch.zeros(shape, dtype=minitorch.bool)
            while not done.all():
                u1, u2, u3 = minitorch.rand((3, *shape), dtype=minitorch.float64)
                z = (math.pi * u1).cos()
                f = (1 + r * z) / (r + z)
                c = k * (r - f)
                accept = (c * (2 - c) - u2 > 0) | ((c / u2).log() + 1 - c >= 0)
                x = minitorch.where(accept, (u3 - 0.5).sign() * f.acos(), x)
                done = done | accept
            angle: Tensor = (x + math.pi + loc) % (2 * math.pi) - math.pi
            return angle.to(self.loc.dtype)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @lazy_property
    def variance(self) -> Tensor:
        """The circular variance ``1 - I_1(k) / I_0(k)``."""
        k = self.concentration
        ratio = _log_modified_bessel_fn(k, order=1) - _log_modified_bessel_fn(k, order=0)
        return 1 - ratio.exp()
