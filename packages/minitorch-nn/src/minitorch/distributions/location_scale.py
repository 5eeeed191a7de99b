"""``loc + scale z``: location-scale families, and what |.| and exp make of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import minitorch
from minitorch import Tensor

from . import constraints
from .composite import TransformedDistribution
from .distribution import Distribution, ExponentialFamily, checked
from .parameters import _standard_normal, broadcast_all, euler_constant
from .transforms import AbsTransform, AffineTransform, ExpTransform, StickBreakingTransform

__all__ = ["Cauchy", "Gumbel", "HalfCauchy", "HalfNormal", "Laplace", "LogNormal"]
__all__ += ["LogisticNormal", "Normal", "Uniform"]

LOC_SCALE: Any = {"loc": constraints.real, "scale": constraints.positive}
LOG_SQRT_2_PI = math.log(math.sqrt(2 * math.pi))


class Normal(ExponentialFamily):
    """``p(x) = exp(-((x - loc) / scale)^2 / 2) / (scale sqrt(2 pi))``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Normal
        >>> Normal(0.0, 1.0).log_prob(minitorch.tensor(0.0))
        tensor(-0.9189)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#normal
    """

    arg_constraints = LOC_SCALE
    support = constraints.real
    has_rsample = True
    _mean_carrier_measure = 0
    loc: Tensor
    scale: Tensor

    def __init__(
        self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None
    ) -> None:
        self._set(validate_args, loc=loc, scale=scale)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def stddev(self) -> Tensor:
        return self.scale

    @property
    def variance(self) -> Tensor:
        return self.scale.pow(2)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with minitorch.no_grad():
            return minitorch.normal(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        z = _standard_normal(self._extended_shape(sample_shape), dtype=self.loc.dtype)
        return self.loc + z * self.scale

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        distance = (value - self.loc) ** 2
        return -distance / (2 * self.scale**2) - self.scale.log() - LOG_SQRT_2_PI

    @checked
    def cdf(self, value: Tensor) -> Tensor:
        z = (value - self.loc) * self.scale.reciprocal()
        return 0.5 * (1 + minitorch.erf(z / math.sqrt(2)))

    def icdf(self, value: Tensor) -> Tensor:
        return self.loc + self.scale * minitorch.erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self) -> Tensor:
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()

    @property
    def _natural_params(self) -> tuple[Tensor, Tensor]:
        return self.loc / self.scale.pow(2), -0.5 * self.scale.pow(2).reciprocal()

    def _log_normalizer(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]  # as many as there are parameters
        return -0.25 * x.pow(2) / y + 0.5 * minitorch.log(-math.pi / y)


class Laplace(Distribution):
    """``p(x) = exp(-|x - loc| / scale) / (2 scale)``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Laplace
        >>> Laplace(0.0, 1.0).cdf(minitorch.tensor(0.0))
        tensor(0.5000)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#laplace
    """

    arg_constraints = LOC_SCALE
    support = constraints.real
    has_rsample = True
    loc: Tensor
    scale: Tensor

    def __init__(
        self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None
    ) -> None:
        self._set(validate_args, loc=loc, scale=scale)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return 2 * self.scale.pow(2)

    @property
    def stddev(self) -> Tensor:
        return 2**0.5 * self.scale

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        eps = minitorch.finfo(self.loc.dtype).eps
        shape = self._extended_shape(sample_shape)
        u: Tensor = self.loc.new_empty(shape).uniform_(eps - 1, 1)
        return self.loc - self.scale * u.sign() * (-u.abs()).log1p()

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    @checked
    def cdf(self, value: Tensor) -> Tensor:
        distance = value - self.loc
        return 0.5 - 0.5 * distance.sign() * (-distance.abs() / self.scale).expm1()

    def icdf(self, value: Tensor) -> Tensor:
        side = value - 0.5
        return self.loc - self.scale * side.sign() * (-2 * side.abs()).log1p()

    def entropy(self) -> Tensor:
        return 1 + (2 * self.scale).log()


class Cauchy(Distribution):
    """``p(x) = 1 / (pi scale (1 + ((x - loc) / scale)^2))``; it has no mean.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Cauchy
        >>> Cauchy(0.0, 1.0).icdf(minitorch.tensor(0.75))
        tensor(1.0000)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#cauchy
    """

    arg_constraints = LOC_SCALE
    support = constraints.real
    has_rsample = True
    loc: Tensor
    scale: Tensor

    def __init__(
        self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None
    ) -> None:
        self._set(validate_args, loc=loc, scale=scale)

    @property
    def mean(self) -> Tensor:
        return self.loc.new_full(self._extended_shape(), math.nan)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return self.loc.new_full(self._extended_shape(), math.inf)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        z: Tensor = self.loc.new_empty(self._extended_shape(sample_shape)).cauchy_()
        return self.loc + z * self.scale

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        z = (value - self.loc) / self.scale
        return -math.log(math.pi) - self.scale.log() - (z**2).log1p()

    @checked
    def cdf(self, value: Tensor) -> Tensor:
        return ((value - self.loc) / self.scale).atan() / math.pi + 0.5

    def icdf(self, value: Tensor) -> Tensor:
        return (math.pi * (value - 0.5)).tan() * self.scale + self.loc

    def entropy(self) -> Tensor:
        return math.log(4 * math.pi) + self.scale.log()


class Uniform(Distribution):
    """``p(x) = 1 / (high - low)`` on [low, high).

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Uniform
        >>> Uniform(0.0, 4.0).entropy()
        tensor(1.3863)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#uniform
    """

    has_rsample = True
    low: Tensor
    high: Tensor

    def __init__(
        self, low: Tensor | float, high: Tensor | float, validate_args: bool | None = None
    ) -> None:
        self._set(validate_args, low=low, high=high)

    @property
    def arg_constraints(self) -> Any:
        return {
            "low": constraints.less_than(self.high),
            "high": constraints.greater_than(self.low),
        }

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        return constraints.interval(self.low, self.high)

    @property
    def mean(self) -> Tensor:
        return (self.high + self.low) / 2

    @property
    def mode(self) -> Tensor:
        return math.nan * self.high

    @property
    def stddev(self) -> Tensor:
        return (self.high - self.low) / 12**0.5

    @property
    def variance(self) -> Tensor:
        return (self.high - self.low).pow(2) / 12

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        u = minitorch.rand(self._extended_shape(sample_shape), dtype=self.low.dtype)
        return self.low + u * (self.high - self.low)

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        inside = (self.low <= value) & (self.high > value)
        return inside.type_as(self.low).log() - (self.high - self.low).log()

    @checked
    def cdf(self, value: Tensor) -> Tensor:
        return ((value - self.low) / (self.high - self.low)).clamp(min=0, max=1)

    def icdf(self, value: Tensor) -> Tensor:
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Tensor:
        return (self.high - self.low).log()


# --- images of these ---------------------------------------------------------------------------


class Gumbel(TransformedDistribution):
    """``p(x) = exp(z - exp(z)) / scale`` with ``z = (loc - x) / scale``: of greatest values.

    Samples are ``loc - scale log(-log u)``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Gumbel
        >>> Gumbel(0.0, 1.0).mean
        tensor(0.5772)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#gumbel
    """

    arg_constraints = LOC_SCALE
    support = constraints.real

    def __init__(
        self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None
    ) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        info = minitorch.finfo(self.loc.dtype)
        low = minitorch.full_like(self.loc, info.tiny)
        high = minitorch.full_like(self.loc, 1 - info.eps)
        log = ExpTransform().inv
        transforms = [
            log,
            AffineTransform(loc=0, scale=-minitorch.ones_like(self.scale)),
            log,
            AffineTransform(loc=loc, scale=-self.scale),
        ]
        super().__init__(Uniform(low, high, validate_args), transforms, validate_args)

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        z = (self.loc - value) / self.scale
        return z - z.exp() - self.scale.log()

    @property
    def mean(self) -> Tensor:
        return self.loc + self.scale * euler_constant

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def stddev(self) -> Tensor:
        return math.pi / math.sqrt(6) * self.scale

    @property
    def variance(self) -> Tensor:
        return self.stddev.pow(2)

    def entropy(self) -> Tensor:
        return self.scale.log() + (1 + euler_constant)


class Folded(TransformedDistribution):
    """``|x|`` of an x that is symmetric around 0: twice the density, on the positive half."""

    arg_constraints: ClassVar[Any] = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample: Any = True

    @property
    def scale(self) -> Tensor:
        scale: Tensor = self.base_dist.scale
        return scale

    @property
    def mode(self) -> Tensor:
        return minitorch.zeros_like(self.scale)

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        log_prob = self.base_dist.log_prob(value) + math.log(2)
        return minitorch.where(value >= 0, log_prob, -math.inf)

    @checked
    def cdf(self, value: Tensor) -> Tensor:
        cdf: Tensor = 2 * self.base_dist.cdf(value) - 1
        return cdf

    def icdf(self, value: Tensor) -> Tensor:
        icdf: Tensor = self.base_dist.icdf((value + 1) / 2)
        return icdf

    def entropy(self) -> Tensor:
        entropy: Tensor = self.base_dist.entropy() - math.log(2)
        return entropy


class HalfNormal(Folded):
    """``|x|`` of a Normal x with mean 0.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import HalfNormal
        >>> HalfNormal(1.0).mean
        tensor(0.7979)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#halfnormal
    """

    def __init__(self, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(Normal(0, scale, validate_args=False), AbsTransform(), validate_args)

    @property
    def mean(self) -> Tensor:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Tensor:
        return self.scale.pow(2) * (1 - 2 / math.pi)


class HalfCauchy(Folded):
    """``|x|`` of a Cauchy x around 0.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import HalfCauchy
        >>> HalfCauchy(1.0).cdf(minitorch.tensor(1.0))
        tensor(0.5000)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#halfcauchy
    """

    def __init__(self, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(Cauchy(0, scale, validate_args=False), AbsTransform(), validate_args)

    @property
    def mean(self) -> Tensor:
        return self.scale.new_full(self._extended_shape(), math.inf)

    @property
    def variance(self) -> Tensor:
        variance: Tensor = self.base_dist.variance
        return variance


class LogNormal(TransformedDistribution):
    """``exp(x)`` of a Normal x.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import LogNormal
        >>> LogNormal(0.0, 1.0).mean
        tensor(1.6487)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#lognormal
    """

    arg_constraints = LOC_SCALE
    support = constraints.positive
    has_rsample: Any = True

    def __init__(
        self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None
    ) -> None:
        super().__init__(Normal(loc, scale, validate_args), ExpTransform(), validate_args)

    @property
    def loc(self) -> Tensor:
        loc: Tensor = self.base_dist.loc
        return loc

    @property
    def scale(self) -> Tensor:
        scale: Tensor = self.base_dist.scale
        return scale

    @property
    def mean(self) -> Tensor:
        return (self.loc + self.scale.pow(2) / 2).exp()

    @property
    def mode(self) -> Tensor:
        return (self.loc - self.scale.square()).exp()

    @property
    def variance(self) -> Tensor:
        squared = self.scale.pow(2)
        return squared.expm1() * (2 * self.loc + squared).exp()

    def entropy(self) -> Tensor:
        entropy: Tensor = self.base_dist.entropy() + self.loc
        return entropy


class LogisticNormal(TransformedDistribution):
    """Independent Normals, taken to the simplex by ``StickBreakingTransform``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import LogisticNormal
        >>> d = LogisticNormal(minitorch.zeros(2), minitorch.ones(2))
        >>> d.event_shape
        torch.Size([3])

    Follows https://docs.pytorch.org/docs/stable/distributions.html#logisticnormal
    """

    arg_constraints = LOC_SCALE
    support = constraints.simplex
    has_rsample: Any = True

    def __init__(
        self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None
    ) -> None:
        base = Normal(loc, scale, validate_args=validate_args)
        if not base.batch_shape:
            base = base.expand([1])
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)

    @property
    def loc(self) -> Tensor:
        loc: Tensor = self.base_dist.base_dist.loc
        return loc

    @property
    def scale(self) -> Tensor:
        scale: Tensor = self.base_dist.base_dist.scale
        return scale
