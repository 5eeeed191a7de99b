"""Of several outcomes: indices, one-hot vectors, counts of them, and relaxed ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import minitorch
from minitorch import Size, Tensor
from minitorch.nn.functional import one_hot

from . import constraints
from .composite import TransformedDistribution
from .counts import Binomial
from .distribution import Distribution, checked
from .parameters import (
    broadcast_all,
    clamp_probs,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
)
from .transforms import ExpTransform

__all__ = ["Categorical", "ExpRelaxedCategorical", "Multinomial", "OneHotCategorical"]
__all__ += ["OneHotCategoricalStraightThrough", "RelaxedOneHotCategorical"]

PROBS_OR_LOGITS: Any = {"probs": constraints.simplex, "logits": constraints.real_vector}


class Categorical(Distribution):
    """The index i with probability ``probs[i]``.

    ``probs`` are divided by their sum; ``logits`` are log probabilities up to a constant.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Categorical
        >>> Categorical(minitorch.tensor([1.0, 3.0])).probs
        tensor([0.2500, 0.7500])

    Follows https://docs.pytorch.org/docs/stable/distributions.html#categorical
    """

    arg_constraints = PROBS_OR_LOGITS
    has_enumerate_support = True
    _kept = ("_num_events",)

    def __init__(
        self,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if probs is not None:
            if probs.dim() < 1:
                raise ValueError("`probs` parameter must be at least one-dimensional.")
            self.probs = probs / probs.sum(-1, keepdim=True)
        elif logits is not None:
            if logits.dim() < 1:
                raise ValueError("`logits` parameter must be at least one-dimensional.")
            self.logits = logits - logits.logsumexp(dim=-1, keepdim=True)
        self._num_events = self._param.shape[-1]
        super().__init__(self._param.shape[:-1], validate_args=validate_args)

    @property
    def _param(self) -> Tensor:
        first = next(name for name in self.__dict__ if name in ("probs", "logits"))
        param: Tensor = self.__dict__[first]
        return param

    def _new(self, *args: Any, **kwargs: Any) -> Any:
        param: Any = self._param
        return param.new(*args, **kwargs)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self._num_events - 1)

    @lazy_property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities."""
        return probs_to_logits(self.probs)

    @lazy_property
    def probs(self) -> Tensor:
        """The probabilities."""
        return logits_to_probs(self.logits)

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter."""
        return self._param.size()

    @property
    def mean(self) -> Tensor:
        return self.probs.new_full(self._extended_shape(), math.nan)

    @property
    def mode(self) -> Tensor:
        return self.probs.argmax(-1)

    @property
    def variance(self) -> Tensor:
        return self.probs.new_full(self._extended_shape(), math.nan)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        sample_shape = Size(sample_shape)
        rows = self.probs.reshape(-1, self._num_events)
        drawn = minitorch.multinomial(rows, sample_shape.numel(), True).T
        return drawn.reshape(self._extended_shape(sample_shape))

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        index, log_probs = minitorch.broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        return log_probs.gather(-1, index[..., :1]).squeeze(-1)

    def entropy(self) -> Tensor:
        logits = self.logits.clamp(min=minitorch.finfo(self.logits.dtype).min)  # 0 log 0 = 0
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return self._enumerated(minitorch.arange(self._num_events), expand)


class OfCategories(Distribution):
    """A distribution of vectors, by the probabilities of a ``Categorical``."""

    arg_constraints = PROBS_OR_LOGITS
    _expanded = ("_categorical",)
    _categorical: Categorical

    def _new(self, *args: Any, **kwargs: Any) -> Any:
        return self._categorical._new(*args, **kwargs)

    @property
    def _param(self) -> Tensor:
        return self._categorical._param

    @property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities."""
        return self._categorical.logits

    @property
    def probs(self) -> Tensor:
        """The probabilities."""
        return self._categorical.probs

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter."""
        return self._categorical.param_shape


class OneHotCategorical(OfCategories):
    """A Categorical whose samples are one-hot vectors.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import OneHotCategorical
        >>> OneHotCategorical(minitorch.tensor([0.0, 1.0])).sample()
        tensor([0., 1.])

    Follows https://docs.pytorch.org/docs/stable/distributions.html#onehotcategorical
    """

    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(
        self,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._categorical = Categorical(probs, logits)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        return one_hot(self.probs.argmax(-1), self.probs.shape[-1]).to(self.probs.dtype)

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        index = self._categorical.sample(Size(sample_shape))
        return one_hot(index, self._categorical._num_events).to(self.probs.dtype)

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        return self._categorical.log_prob(value.argmax(-1))

    def entropy(self) -> Tensor:
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        n = self.event_shape[0]
        return self._enumerated(minitorch.eye(n, dtype=self._param.dtype), expand)


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """One-hot samples whose gradient is that of the probabilities (Bengio et al., 2013).

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import OneHotCategoricalStraightThrough
        >>> probs = minitorch.tensor([0.0, 1.0], requires_grad=True)
        >>> OneHotCategoricalStraightThrough(probs).rsample().detach()
        tensor([0., 1.])

    Follows https://docs.pytorch.org/docs/stable/distributions.html#torch.distributions.one_hot_categorical.OneHotCategoricalStraightThrough
    """

    has_rsample = True

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self.sample(sample_shape) + (self.probs - self.probs.detach())


class Multinomial(OfCategories):
    """How often each index comes in n = ``total_count`` draws of a Categorical:
    ``P(k) = n! prod p_i^k_i / k_i!``.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Multinomial
        >>> Multinomial(4, minitorch.tensor([0.25, 0.75])).mean
        tensor([1., 3.])

    Follows https://docs.pytorch.org/docs/stable/distributions.html#multinomial
    """

    _kept = ("total_count",)
    total_count: int

    def __init__(
        self,
        total_count: int = 1,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        self._categorical = Categorical(probs=probs, logits=logits)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        return constraints.multinomial(self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.probs * self.total_count

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    @property
    def _binomial(self) -> Binomial:
        return Binomial(total_count=self.total_count, probs=self.probs)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        drawn = self._categorical.sample((self.total_count, *sample_shape)).movedim(0, -1)
        counts: Tensor = drawn.new_zeros(self._extended_shape(sample_shape))
        counts.scatter_add_(-1, drawn, minitorch.ones_like(drawn))
        return counts.type_as(self.probs)

    def entropy(self) -> Tensor:
        """``n H(p) - log n! + sum_i E log k_i!``, each k_i Binomial."""
        n = self.total_count
        binomial = self._binomial
        support = binomial.enumerate_support(expand=False)[1:]
        means = (binomial.log_prob(support).exp() * (support + 1).lgamma()).sum([0, -1])
        return n * self._categorical.entropy() - math.lgamma(n + 1) + means

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        logits, value = broadcast_all(self.logits, value)
        logits = logits.masked_fill((value == 0) & (logits == -math.inf), 0.0)  # 0 log 0 = 0
        log_choices = (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1)
        return log_choices + (logits * value).sum(-1)


# --- relaxed -------------------------------------------------------------------------------------


class ExpRelaxedCategorical(OfCategories):
    """The logarithm of ``RelaxedOneHotCategorical``: ``log softmax((logits + g) / temperature)``,
    g Gumbel variables.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions.relaxed_categorical import ExpRelaxedCategorical
        >>> d = ExpRelaxedCategorical(minitorch.tensor(1.0), minitorch.ones(2))
        >>> d.rsample().exp().sum()
        tensor(1.)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#torch.distributions.relaxed_categorical.ExpRelaxedCategorical
    """

    support = constraints.real_vector
    has_rsample = True
    _kept = ("temperature",)

    def __init__(
        self,
        temperature: Tensor,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._categorical = Categorical(probs, logits)
        self.temperature = temperature
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        u = clamp_probs(minitorch.rand(shape, dtype=self.logits.dtype))
        gumbels = -(-u.log()).log()
        scores = (self.logits + gumbels) / self.temperature
        return scores - scores.logsumexp(dim=-1, keepdim=True)

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        n = self._categorical._num_events
        logits, value = broadcast_all(self.logits, value)
        normalizer = math.lgamma(n) + (n - 1) * self.temperature.log()
        score = logits - value.mul(self.temperature)
        return (score - score.logsumexp(dim=-1, keepdim=True)).sum(-1) + normalizer


class RelaxedOneHotCategorical(TransformedDistribution):
    """A one-hot vector that is differentiable: on the simplex, the closer to its corners the
    lower the ``temperature`` (Jang et al. and Maddison et al., 2017).

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import RelaxedOneHotCategorical
        >>> d = RelaxedOneHotCategorical(minitorch.tensor(0.5), minitorch.ones(3))
        >>> d.rsample().sum()
        tensor(1.)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#relaxedonehotcategorical
    """

    arg_constraints = PROBS_OR_LOGITS
    support = constraints.simplex
    has_rsample: Any = True

    def __init__(
        self,
        temperature: Tensor,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

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
