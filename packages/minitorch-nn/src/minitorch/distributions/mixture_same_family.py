"""Mixtures of distributions of one family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import minitorch
from minitorch import Tensor

from . import constraints
from .categories import Categorical
from .distribution import Distribution, checked

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """A component drawn by ``mixture_distribution``, a Categorical, then a sample of it.

    The last batch dimension of ``component_distribution`` counts the components; the density is
    the mean of theirs, weighted by the mixture's probabilities.

    Raises:
        ValueError: the distributions' shapes do not fit.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Categorical, MixtureSameFamily, Normal
        >>> weights = Categorical(minitorch.tensor([0.25, 0.75]))
        >>> parts = Normal(minitorch.tensor([-1.0, 1.0]), minitorch.tensor([1.0, 1.0]))
        >>> MixtureSameFamily(weights, parts).mean
        tensor(0.5000)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#mixturesamefamily
    """

    arg_constraints: ClassVar[Any] = {}
    has_rsample = False
    _expanded = ("_mixture_distribution", "_component_distribution")
    _kept = ("_num_component", "_event_ndims")

    def __init__(
        self,
        mixture_distribution: Any,
        component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                " The Mixture distribution needs to be an  instance of "
                "torch.distributions.Categorical"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "The Component distribution needs to be an instance of "
                "torch.distributions.Distribution"
            )
        weights, batch = mixture_distribution.batch_shape, component_distribution.batch_shape[:-1]
        for i, j in zip(reversed(weights), reversed(batch), strict=False):
            if i != 1 and j != 1 and i != j:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({weights}) is not compatible with "
                    f"`component_distribution.batch_shape`({batch})"
                )
        weighted = mixture_distribution.logits.shape[-1]
        components = component_distribution.batch_shape[-1]
        if weighted != components:
            raise ValueError(
                f"`mixture_distribution component` ({weighted}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({components})"
            )
        self._num_component = components
        event_shape = component_distribution.event_shape
        self._event_ndims = len(event_shape)
        super().__init__(batch, event_shape, validate_args=validate_args)

    @constraints.dependent_property
    def support(self) -> Any:
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Any:
        """The distribution of the components' numbers."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Any:
        """The components, along the last batch dimension."""
        return self._component_distribution

    def _mean_over_components(self, values: Tensor) -> Tensor:
        """The components' ``values`` weighted by their probabilities."""
        probs = self._pad_mixture_dimensions(self.mixture_distribution.probs)
        return (probs * values).sum(-1 - self._event_ndims)

    @property
    def mean(self) -> Tensor:
        return self._mean_over_components(self.component_distribution.mean)

    @property
    def variance(self) -> Tensor:
        """The mean of the components' variances and the variance of their means."""
        within = self._mean_over_components(self.component_distribution.variance)
        shift = self.component_distribution.mean - self._pad(self.mean)
        return within + self._mean_over_components(shift.pow(2.0))

    def cdf(self, x: Tensor) -> Tensor:
        of_components = self.component_distribution.cdf(self._pad(x))
        mean: Tensor = (of_components * self.mixture_distribution.probs).sum(-1)
        return mean

    @checked
    def log_prob(self, x: Tensor) -> Tensor:
        of_components = self.component_distribution.log_prob(self._pad(x))
        weights = minitorch.log_softmax(self.mixture_distribution.logits, dim=-1)
        return minitorch.logsumexp(of_components + weights, dim=-1)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with minitorch.no_grad():
            dim = len(sample_shape) + len(self.batch_shape)
            chosen = self.mixture_distribution.sample(sample_shape)
            samples = self.component_distribution.sample(sample_shape)
            events = self._event_ndims
            index = chosen.reshape((*chosen.shape, *[1] * (events + 1)))
            index = index.repeat((*[1] * chosen.ndim, 1, *self.event_shape))
            return minitorch.gather(samples, dim, index).squeeze(dim)

    def _pad(self, x: Tensor) -> Tensor:
        """``x`` with a dimension for the components."""
        return x.unsqueeze(-1 - self._event_ndims)

    def _pad_mixture_dimensions(self, x: Tensor) -> Tensor:
        """Probabilities with the dimensions of the components' batch and event."""
        weights = len(self.mixture_distribution.batch_shape)
        more = 0 if weights == 1 else len(self.batch_shape) - weights
        return x.reshape((*x.shape[:-1], *[1] * more, x.shape[-1], *[1] * self._event_ndims))

    def __repr__(self) -> str:
        return (
            f"MixtureSameFamily(\n  {self.mixture_distribution},\n  {self.component_distribution})"
        )
