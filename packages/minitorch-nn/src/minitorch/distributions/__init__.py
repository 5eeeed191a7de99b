"""Probability distributions: densities, samples (PyTorch's for the same seed), divergences.

Example:
    >>> import minitorch
    >>> from minitorch.distributions import Normal, kl_divergence
    >>> loc = minitorch.tensor(1.0, requires_grad=True)
    >>> kl_divergence(Normal(loc, 1.0), Normal(0.0, 1.0)).backward()
    >>> loc.grad
    tensor(1.)

Follows https://docs.pytorch.org/docs/stable/distributions.html
"""

import sys

from . import (
    beta_family,
    binary,
    categories,
    composite,
    counts,
    distribution,
    gamma_family,
    kl,
    location_scale,
    matrices,
    mixture_same_family,
    multivariate_normal,
    parameters,
    pareto,
    transforms,
    von_mises,
)
from . import constraint_registry as constraint_registry
from . import constraints as constraints
from . import kl_across as kl_across
from .beta_family import *
from .binary import Bernoulli, ContinuousBernoulli, RelaxedBernoulli
from .categories import (
    Categorical,
    Multinomial,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
    RelaxedOneHotCategorical,
)
from .composite import *
from .constraint_registry import biject_to, transform_to
from .counts import *
from .distribution import *
from .gamma_family import *
from .kl import *
from .location_scale import *
from .matrices import *
from .mixture_same_family import *
from .multivariate_normal import *
from .pareto import *
from .transforms import *
from .von_mises import *

__all__ = ["Bernoulli", "Categorical", "ContinuousBernoulli", "Multinomial", "OneHotCategorical"]
__all__ += ["OneHotCategoricalStraightThrough", "RelaxedBernoulli", "RelaxedOneHotCategorical"]
__all__ += ["biject_to", "transform_to"]
for _module in (
    beta_family, composite, counts, distribution, gamma_family, kl, location_scale, matrices,
    mixture_same_family, multivariate_normal, pareto, transforms, von_mises,
):  # fmt: skip
    __all__ += _module.__all__

# PyTorch's modules, by the one of ours that has their contents
_PATHS = {
    beta_family: "beta dirichlet kumaraswamy",
    binary: "bernoulli continuous_bernoulli relaxed_bernoulli",
    categories: "categorical multinomial one_hot_categorical relaxed_categorical",
    composite: "independent transformed_distribution",
    counts: "binomial geometric negative_binomial poisson",
    distribution: "exp_family",
    gamma_family: "chi2 exponential fishersnedecor gamma inverse_gamma studentT weibull",
    location_scale: "cauchy gumbel half_cauchy half_normal laplace log_normal logistic_normal "
    "normal uniform",
    matrices: "lkj_cholesky wishart",
    multivariate_normal: "lowrank_multivariate_normal",
    parameters: "utils",
    pareto: "generalized_pareto",
}
for _module, _names in _PATHS.items():
    for _name in _names.split():
        sys.modules[f"{__name__}.{_name}"] = globals()[_name] = _module
