"""What PyTorch has and MiniTorch does not: module -> names -> what each of them is.

Imports and look-ups succeed and tell the truth; what would have to compute raises the module's
reason; nothing that changes numbers does nothing. ``modules.py`` makes modules of the rows.
"""

from __future__ import annotations

from . import compilers, devices, number_formats, processes
from .absent import Absent

__all__ = ["TABLE"]

VERSION = Absent(
    "it is what this build has",
    values={"debug": False, "cuda": None, "hip": None, "xpu": None, "git_version": None},
    real={"__version__": "minitorch:__version__"},
)
DISTRIBUTIONS = Absent(
    "probability distributions are on their way: draw with normal, rand, multinomial, poisson",
    raises="biject_to kl_divergence register_kl transform_to",
    classes="AffineTransform Bernoulli Beta Binomial Categorical Dirichlet Distribution "
    "ExponentialFamily Gamma Independent Laplace LogNormal MixtureSameFamily MultivariateNormal "
    "NegativeBinomial Normal OneHotCategorical Poisson RelaxedOneHotCategorical StudentT Transform "
    "TransformedDistribution Uniform",
)
TABLE: dict[str, Absent] = {
    "version": VERSION,
    "distributions": DISTRIBUTIONS,
    "distributions.constraints": Absent(DISTRIBUTIONS.why, classes="Constraint"),
    **devices.TABLE,
    **processes.TABLE,
    **compilers.TABLE,
    **number_formats.TABLE,
}
