"""Invertible transforms of random values, with the logarithms of their Jacobians' determinants.

Example:
    >>> import minitorch
    >>> from minitorch.distributions.transforms import ExpTransform
    >>> t = ExpTransform()
    >>> y = t(minitorch.tensor([0.0, 1.0]))
    >>> y, t.inv(y)
    (tensor([1.0000, 2.7183]), tensor([0., 1.]))

Follows https://docs.pytorch.org/docs/stable/distributions.html#module-torch.distributions.transforms
"""

from .base import *
from .base import _InverseTransform as _InverseTransform
from .elementwise import *
from .joined import *
from .matrices import *

__all__ = [
    "AbsTransform", "AffineTransform", "CatTransform", "ComposeTransform", "CorrCholeskyTransform",
    "CumulativeDistributionTransform", "ExpTransform", "IndependentTransform",
    "LowerCholeskyTransform", "PositiveDefiniteTransform", "PowerTransform", "ReshapeTransform",
    "SigmoidTransform", "SoftmaxTransform", "SoftplusTransform", "StackTransform",
    "StickBreakingTransform", "TanhTransform", "Transform", "identity_transform",
]  # fmt: skip
