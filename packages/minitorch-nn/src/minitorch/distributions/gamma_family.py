"""Gamma variables, and the distributions of their sums, ratios and powers."""

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
from .transforms import AffineTransform, PowerTransform

__all__ = ["Chi2", "Exponential", "FisherSnedecor", "Gamma", "InverseGamma", "StudentT", "Weibull"]


class Exponential(ExponentialFamily):
    """``p(x) = rate exp(-rate x)``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Exponential
        >>> Exponential(2.0).mean
        tensor(0.5000)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#exponential
    """

    arg_constraints: ClassVar[Any] = {"rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure = 0
    rate: Tensor

    def __init__(self, rate: Tensor | float, validate_args: bool | None = None) -> None:
        self._set(validate_args, rate=rate)

    @property
    def mean(self) -> Tensor:
        return self.rate.reciprocal()

    @property
    def mode(self) -> Tensor:
        return minitorch.zeros_like(self.rate)

    @property
    def stddev(self) -> Tensor:
        return self.rate.reciprocal()

    @property
    def variance(self) -> Tensor:
        return self.rate.pow(-2)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        x: Tensor = self.rate.new_empty(self._extended_shape(sample_shape)).exponential_()
        return x / self.rate

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        return self.rate.log() - self.rate * value

    @checked
    def cdf(self, value: Tensor) -> Tensor:
        return 1 - (-self.rate * value).exp()

    def icdf(self, value: Tensor) -> Tensor:
        return -(-value).log1p() / self.rate

    def entropy(self) -> Tensor:
        return 1.0 - self.rate.log()

    @property
    def _natural_params(self) -> tuple[Tensor]:
        return (-self.rate,)

    def _log_normalizer(self, x: Tensor) -> Tensor:  # type: ignore[override]  # as many as there are parameters
        return -(-x).log()


class Gamma(ExponentialFamily):
    """``p(x) = rate^a x^(a - 1) exp(-rate x) / Gamma(a)`` with a the ``concentration``.

    ``rsample`` has the gradient by the concentration too: that of the sample whose place in the
    distribution stays (implicit reparameterization). ``cdf`` needs SciPy.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Gamma
        >>> Gamma(3.0, 2.0).mean
        tensor(1.5000)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#gamma
    """

    arg_constraints: ClassVar[Any] = {
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    support = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure = 0
    concentration: Tensor
    rate: Tensor

    def __init__(
        self,
        concentration: Tensor | float,
        rate: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        self._set(validate_args, concentration=concentration, rate=rate)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Tensor:
        return self.concentration / self.rate.pow(2)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        standard = minitorch._standard_gamma(self.concentration.expand(shape))
        value = standard / self.rate.expand(shape)
        value.data.clamp_(min=minitorch.finfo(value.dtype).tiny)  # with the gradient as it is
        return value

    def log_prob(self, value: Tensor | float) -> Tensor:
        x = minitorch.as_tensor(value, dtype=self.rate.dtype)
        if self._validate_args:
            self._validate_sample(x)
        a = self.concentration
        powers = minitorch.xlogy(a, self.rate) + minitorch.xlogy(a - 1, x)
        return powers - self.rate * x - a.lgamma()

    @checked
    def cdf(self, value: Tensor) -> Tensor:
        return minitorch.special.gammainc(self.concentration, self.rate * value)

    def entropy(self) -> Tensor:
        a = self.concentration
        return a - self.rate.log() + a.lgamma() + (1.0 - a) * a.digamma()

    @property
    def _natural_params(self) -> tuple[Tensor, Tensor]:
        return self.concentration - 1, -self.rate

    def _log_normalizer(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]  # as many as there are parameters
        return (x + 1).lgamma() + (x + 1) * (-y.reciprocal()).log()


class Chi2(Gamma):
    """The sum of ``df`` squared standard normals: ``Gamma(df / 2, 1 / 2)``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Chi2
        >>> Chi2(3.0).mean
        tensor(3.)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#chi2
    """

    arg_constraints: ClassVar[Any] = {"df": constraints.positive}

    def __init__(self, df: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(0.5 * df, 0.5, validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        new = self._get_checked_instance(Chi2, _instance)
        for name in ("concentration", "rate"):
            new.__dict__[name] = self.__dict__[name].expand(batch_shape)
        return super().expand(batch_shape, new)

    @property
    def df(self) -> Tensor:
        return self.concentration * 2


class StudentT(Distribution):
    """``loc + scale z / sqrt(c / df)``, z standard normal and c of Chi2(df).

    With ``y = (t - loc) / scale``: ``p(t) = Gamma((df + 1) / 2) / (Gamma(df / 2) scale sqrt(pi df))
    (1 + y^2 / df)^(-(df + 1) / 2)``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import StudentT
        >>> StudentT(4.0).variance
        tensor(2.)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#studentt
    """

    arg_constraints: ClassVar[Any] = {
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real
    has_rsample = True
    _expanded = ("_chi2",)
    df: Tensor
    loc: Tensor
    scale: Tensor

    def __init__(
        self,
        df: Tensor | float,
        loc: Tensor | float = 0.0,
        scale: Tensor | float = 1.0,
        validate_args: bool | None = None,
    ) -> None:
        self._chi2 = Chi2(broadcast_all(df, loc, scale)[0])
        self._set(validate_args, df=df, loc=loc, scale=scale)

    @property
    def mean(self) -> Tensor:
        return self.loc.masked_fill(self.df <= 1, math.nan)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        finite = self.scale.pow(2) * self.df / (self.df - 2)
        infinite = finite.masked_fill(self.df <= 2, math.inf)
        return infinite.masked_fill(self.df <= 1, math.nan)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        z = _standard_normal(self._extended_shape(sample_shape), dtype=self.df.dtype)
        c = self._chi2.rsample(sample_shape)
        return self.loc + self.scale * (z * (c / self.df).rsqrt())

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        y = (value - self.loc) / self.scale
        normalizer = (
            self.scale.log()
            + 0.5 * self.df.log()
            + 0.5 * math.log(math.pi)
            + (0.5 * self.df).lgamma()
            - (0.5 * (self.df + 1.0)).lgamma()
        )
        return -0.5 * (self.df + 1.0) * (y**2.0 / self.df).log1p() - normalizer

    def entropy(self) -> Tensor:
        half, more = 0.5 * self.df, 0.5 * (self.df + 1)
        log_beta = half.lgamma() + math.lgamma(0.5) - more.lgamma()
        slope = more.digamma() - half.digamma()
        return self.scale.log() + more * slope + 0.5 * self.df.log() + log_beta


class FisherSnedecor(Distribution):
    """The ratio of two Chi2 variables, each divided by its degrees of freedom.

    With ``r = df1 / df2``: ``p(x) = r^(df1 / 2) x^(df1 / 2 - 1) (1 + r x)^(-(df1 + df2) / 2) /
    B(df1 / 2, df2 / 2)``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import FisherSnedecor
        >>> FisherSnedecor(1.0, 4.0).mean
        tensor(2.)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#fishersnedecor
    """

    arg_constraints: ClassVar[Any] = {"df1": constraints.positive, "df2": constraints.positive}
    support = constraints.positive
    has_rsample = True
    _expanded = ("_gamma1", "_gamma2")
    df1: Tensor
    df2: Tensor

    def __init__(
        self, df1: Tensor | float, df2: Tensor | float, validate_args: bool | None = None
    ) -> None:
        first, second = broadcast_all(df1, df2)
        self._gamma1 = Gamma(first * 0.5, first)
        self._gamma2 = Gamma(second * 0.5, second)
        self._set(validate_args, df1=df1, df2=df2)

    @property
    def mean(self) -> Tensor:
        df2 = self.df2.masked_fill(self.df2 <= 2, math.nan)
        return df2 / (df2 - 2)

    @property
    def mode(self) -> Tensor:
        mode = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return mode.masked_fill(self.df1 <= 2, math.nan)

    @property
    def variance(self) -> Tensor:
        df1, df2 = self.df1, self.df2.masked_fill(self.df2 <= 4, math.nan)
        return 2 * df2.pow(2) * (df1 + df2 - 2) / (df1 * (df2 - 2).pow(2) * (df2 - 4))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        tiny = minitorch.finfo(self.df1.dtype).tiny
        first = self._gamma1.rsample(sample_shape)
        second = self._gamma2.rsample(sample_shape).clamp(min=tiny)
        return (first / second).clamp(min=tiny)

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        a, b = self.df1 * 0.5, self.df2 * 0.5
        ratio = self.df1 / self.df2
        log_beta = a.lgamma() + b.lgamma() - (a + b).lgamma()
        powers = a * ratio.log() + (a - 1) * value.log() - (a + b) * (ratio * value).log1p()
        return powers - log_beta


# --- powers --------------------------------------------------------------------------------------


class InverseGamma(TransformedDistribution):
    """``1 / x`` of a Gamma x: ``p(x) = rate^a x^(-a - 1) exp(-rate / x) / Gamma(a)``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import InverseGamma
        >>> InverseGamma(3.0, 4.0).mean
        tensor(2.)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#inversegamma
    """

    arg_constraints: ClassVar[Any] = {
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    support = constraints.positive
    has_rsample: Any = True

    def __init__(
        self,
        concentration: Tensor | float,
        rate: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        base = Gamma(concentration, rate, validate_args=validate_args)
        super().__init__(base, PowerTransform(-base.rate.new_ones(())), validate_args)

    @property
    def concentration(self) -> Tensor:
        concentration: Tensor = self.base_dist.concentration
        return concentration

    @property
    def rate(self) -> Tensor:
        rate: Tensor = self.base_dist.rate
        return rate

    @property
    def mean(self) -> Tensor:
        a = self.concentration
        return minitorch.where(a > 1, self.rate / (a - 1), math.inf)

    @property
    def mode(self) -> Tensor:
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Tensor:
        a = self.concentration
        finite = self.rate.square() / ((a - 1).square() * (a - 2))
        return minitorch.where(a > 2, finite, math.inf)

    def entropy(self) -> Tensor:
        a = self.concentration
        return a + self.rate.log() + a.lgamma() - (1 + a) * a.digamma()


class Weibull(TransformedDistribution):
    """``scale x^(1 / k)`` of an Exponential x, k the ``concentration``.

    ``p(x) = k / scale (x / scale)^(k - 1) exp(-(x / scale)^k)``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Weibull
        >>> Weibull(2.0, 1.0).mean
        tensor(2.)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#weibull
    """

    arg_constraints: ClassVar[Any] = {
        "scale": constraints.positive,
        "concentration": constraints.positive,
    }
    support = constraints.positive

    def __init__(
        self,
        scale: Tensor | float,
        concentration: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        base = Exponential(minitorch.ones_like(self.scale), validate_args=validate_args)
        power = PowerTransform(exponent=self.concentration_reciprocal)
        super().__init__(base, [power, AffineTransform(loc=0, scale=self.scale)], validate_args)

    @property
    def concentration_reciprocal(self) -> Tensor:
        return self.concentration.reciprocal()

    @property
    def mean(self) -> Tensor:
        return self.scale * (1 + self.concentration_reciprocal).lgamma().exp()

    @property
    def mode(self) -> Tensor:
        k = self.concentration
        return self.scale * ((k - 1) / k) ** k.reciprocal()

    @property
    def variance(self) -> Tensor:
        r = self.concentration_reciprocal
        second, first = (1 + 2 * r).lgamma().exp(), (2 * (1 + r).lgamma()).exp()
        return self.scale.pow(2) * (second - first)

    def entropy(self) -> Tensor:
        r = self.concentration_reciprocal
        return euler_constant * (1 - r) + (self.scale * r).log() + 1
