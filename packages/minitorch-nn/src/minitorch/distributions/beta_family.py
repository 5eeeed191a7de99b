"""Proportions: Dirichlet and its marginals, and Kumaraswamy's closed form of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import minitorch
from minitorch import Tensor
from minitorch.nn.functional import one_hot

from . import constraints
from .composite import TransformedDistribution
from .distribution import ExponentialFamily, checked
from .location_scale import Uniform
from .parameters import broadcast_all, euler_constant
from .transforms import AffineTransform, PowerTransform

__all__ = ["Beta", "Dirichlet", "Kumaraswamy"]


def _Dirichlet_backward(x: Tensor, concentration: Tensor, grad_output: Tensor) -> Tensor:  # noqa: N802  (PyTorch's name)
    """The gradient by the concentration, from that by the sample ``x``."""
    total = concentration.sum(-1, True).expand_as(concentration)
    slope = minitorch._dirichlet_grad(x, concentration, total)
    return slope * (grad_output - (x * grad_output).sum(-1, True))


class Dirichlet(ExponentialFamily):
    """``p(x) = prod x_i^(a_i - 1) / B(a)`` on the simplex, a the ``concentration``.

    Samples are Gamma variables over their sum.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Dirichlet
        >>> Dirichlet(minitorch.tensor([1.0, 3.0])).mean
        tensor([0.2500, 0.7500])

    Follows https://docs.pytorch.org/docs/stable/distributions.html#dirichlet
    """

    arg_constraints: ClassVar[Any] = {
        "concentration": constraints.independent(constraints.positive, 1)
    }
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.dim() < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        shape = concentration.shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        concentration = self.concentration.expand(self._extended_shape(sample_shape))
        return minitorch._sample_dirichlet(concentration)

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        a = self.concentration
        return minitorch.xlogy(a - 1.0, value).sum(-1) + a.sum(-1).lgamma() - a.lgamma().sum(-1)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Tensor:
        """``(a_i - 1) / sum (a_j - 1)``; where all a_i are less than 1, one of the corners."""
        above = (self.concentration - 1).clamp(min=0.0)
        mode = above / above.sum(-1, True)
        corner = (self.concentration < 1).all(-1)
        mode[corner] = one_hot(mode[corner].argmax(-1), above.shape[-1]).to(mode.dtype)
        return mode

    @property
    def variance(self) -> Tensor:
        a, total = self.concentration, self.concentration.sum(-1, True)
        return a * (total - a) / (total.pow(2) * (total + 1))

    def entropy(self) -> Tensor:
        a, total = self.concentration, self.concentration.sum(-1)
        return (
            a.lgamma().sum(-1)
            - total.lgamma()
            - (a.shape[-1] - total) * total.digamma()
            - ((a - 1.0) * a.digamma()).sum(-1)
        )

    @property
    def _natural_params(self) -> tuple[Tensor]:
        return (self.concentration,)

    def _log_normalizer(self, x: Tensor) -> Tensor:  # type: ignore[override]  # as many as there are parameters
        return x.lgamma().sum(-1) - x.sum(-1).lgamma()


class Beta(ExponentialFamily):
    """``p(x) = x^(a - 1) (1 - x)^(b - 1) / B(a, b)``, a ``concentration1`` and b
    ``concentration0``: the first part of a Dirichlet of two.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Beta
        >>> Beta(1.0, 3.0).mean
        tensor(0.2500)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#beta
    """

    arg_constraints: ClassVar[Any] = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval
    has_rsample = True
    _expanded = ("_dirichlet",)

    def __init__(
        self,
        concentration1: Tensor | float,
        concentration0: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        both = minitorch.stack(broadcast_all(concentration1, concentration0), -1)
        self._dirichlet = Dirichlet(both, validate_args=validate_args)
        super().__init__(self._dirichlet._batch_shape, validate_args=validate_args)

    @property
    def concentration1(self) -> Tensor:
        return self._dirichlet.concentration[..., 0]

    @property
    def concentration0(self) -> Tensor:
        return self._dirichlet.concentration[..., 1]

    @property
    def mean(self) -> Tensor:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Tensor:
        return self._dirichlet.mode[..., 0]

    @property
    def variance(self) -> Tensor:
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self._dirichlet.rsample(sample_shape).select(-1, 0)

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        return self._dirichlet.log_prob(minitorch.stack([value, 1.0 - value], -1))

    def entropy(self) -> Tensor:
        return self._dirichlet.entropy()

    @property
    def _natural_params(self) -> tuple[Tensor, Tensor]:
        return self.concentration1, self.concentration0

    def _log_normalizer(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]  # as many as there are parameters
        return x.lgamma() + y.lgamma() - (x + y).lgamma()


class Kumaraswamy(TransformedDistribution):
    """``p(x) = a b x^(a - 1) (1 - x^a)^(b - 1)``, a ``concentration1`` and b ``concentration0``.

    Samples are ``(1 - u^(1 / b))^(1 / a)``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Kumaraswamy
        >>> Kumaraswamy(1.0, 1.0).mean
        tensor(0.5000)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#kumaraswamy
    """

    arg_constraints: ClassVar[Any] = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval
    has_rsample: Any = True

    def __init__(
        self,
        concentration1: Tensor | float,
        concentration0: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        a, b = broadcast_all(concentration1, concentration0)
        self.concentration1, self.concentration0 = a, b
        zero, one = minitorch.zeros_like(b), minitorch.ones_like(b)
        transforms = [
            PowerTransform(exponent=b.reciprocal()),
            AffineTransform(loc=1.0, scale=-1.0),
            PowerTransform(exponent=a.reciprocal()),
        ]
        super().__init__(Uniform(zero, one, validate_args), transforms, validate_args)

    def _moment(self, n: int) -> Tensor:
        """``b B(1 + n / a, b)``."""
        a, b = 1 + n / self.concentration1, self.concentration0
        return b * (a.lgamma() + b.lgamma() - (a + b).lgamma()).exp()

    @property
    def mean(self) -> Tensor:
        return self._moment(1)

    @property
    def mode(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        log_mode = b.reciprocal() * (-b).log1p() - (-b * a).log1p()
        return log_mode.masked_fill((b < 1) | (a < 1), math.nan).exp()

    @property
    def variance(self) -> Tensor:
        return self._moment(2) - self.mean.pow(2)

    def entropy(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        harmonic = (b + 1).digamma() + euler_constant
        return (1 - b.reciprocal()) + (1 - a.reciprocal()) * harmonic - a.log() - b.log()
