"""Transforms to simplexes and to triangular and positive definite matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import minitorch
from minitorch import Size, Tensor
from minitorch.nn.functional import logsigmoid, pad, softplus

from .. import constraints
from ..parameters import tril_matrix_to_vec, vec_to_tril_matrix
from .base import TOO_FEW, Transform
from .elementwise import SameType, clipped_sigmoid

__all__ = ["CorrCholeskyTransform", "LowerCholeskyTransform", "PositiveDefiniteTransform"]
__all__ += ["SoftmaxTransform", "StickBreakingTransform"]


class SoftmaxTransform(SameType):
    """``y = softmax(x)``: n numbers to the simplex in n dimensions; not one to one.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import SoftmaxTransform
        >>> SoftmaxTransform()(minitorch.zeros(2))
        tensor([0.5000, 0.5000])
    """

    domain = constraints.real_vector
    codomain = constraints.simplex

    def _call(self, x: Tensor) -> Tensor:
        powers = (x - x.amax(-1, True)).exp()
        return powers / powers.sum(-1, True)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def forward_shape(self, shape: Sequence[int]) -> Any:
        if len(shape) < 1:
            raise ValueError(TOO_FEW)
        return shape

    inverse_shape = forward_shape


class StickBreakingTransform(SameType):
    """n numbers to the simplex in n + 1 dimensions, one to one.

    Of the stick of length 1 the k-th of n numbers breaks off the part
    ``z_k = sigmoid(x_k - log(n + 1 - k))`` of what is left.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import StickBreakingTransform
        >>> StickBreakingTransform()(minitorch.zeros(2))
        tensor([0.3333, 0.3333, 0.3333])
    """

    domain = constraints.real_vector
    codomain = constraints.simplex
    bijective = True

    def _offset(self, x: Tensor) -> Tensor:
        """log(n + 1 - k) for k = 1 ... n."""
        n = x.shape[-1]
        ones: Tensor = x.new_ones(n)
        return (n + 1 - ones.cumsum(-1)).log()

    def _call(self, x: Tensor) -> Tensor:
        z = clipped_sigmoid(x - self._offset(x))
        left = (1 - z).cumprod(-1)
        return pad(z, [0, 1], value=1) * pad(left, [1, 0], value=1)

    def _inverse(self, y: Tensor) -> Tensor:
        parts = y[..., :-1]
        left = (1 - parts.cumsum(-1)).clamp(min=minitorch.finfo(y.dtype).tiny)
        return parts.log() - left.log() + self._offset(parts)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        x = x - self._offset(x)
        # the sum of log(y_k (1 - z_k)), where 1 - sigmoid(x) = exp(-x) sigmoid(x)
        slopes: Tensor = -x + logsigmoid(x) + y[..., :-1].log()
        return slopes.sum(-1)

    def forward_shape(self, shape: Sequence[int]) -> Any:
        if len(shape) < 1:
            raise ValueError(TOO_FEW)
        return Size((*shape[:-1], shape[-1] + 1))

    def inverse_shape(self, shape: Sequence[int]) -> Any:
        if len(shape) < 1:
            raise ValueError(TOO_FEW)
        return Size((*shape[:-1], shape[-1] - 1))


class LowerCholeskyTransform(SameType):
    """Square matrices to lower triangular ones: the exponential of the diagonal, zeros above it."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def _call(self, x: Tensor) -> Tensor:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(SameType):
    """Square matrices to ``L L^T``, L the matrix of ``LowerCholeskyTransform``."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def _call(self, x: Tensor) -> Tensor:
        factor = LowerCholeskyTransform()(x)
        product: Tensor = factor @ factor.mT
        return product

    def _inverse(self, y: Tensor) -> Any:
        return LowerCholeskyTransform().inv(minitorch.linalg.cholesky(y))


class CorrCholeskyTransform(Transform):
    """n (n - 1) / 2 numbers to the Cholesky factor of an n x n correlation matrix.

    They fill the triangle below the diagonal, row by row; with ``r = tanh(x)`` each row is
    ``r_k sqrt((1 - r_1^2) ... (1 - r_(k-1)^2))``, its diagonal element as if of r = 1, so that its
    norm is 1. The logarithm of the Jacobian is that of the elements below the diagonal.

    Follows https://mc-stan.org/docs/reference-manual/transforms.html
    """

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky
    bijective = True

    def _call(self, x: Tensor) -> Tensor:
        eps = minitorch.finfo(x.dtype).eps
        r = vec_to_tril_matrix(x.tanh().clamp(min=-1 + eps, max=1 - eps), diag=-1)
        left = (1 - r**2).sqrt().cumprod(-1)
        r = r + minitorch.eye(r.shape[-1], dtype=r.dtype)
        return r * pad(left[..., :-1], [1, 0], value=1)

    def _inverse(self, y: Tensor) -> Tensor:
        left = 1 - (y * y).cumsum(-1)
        shifted = tril_matrix_to_vec(pad(left[..., :-1], [1, 0], value=1), diag=-1)
        r = tril_matrix_to_vec(y, diag=-1) / shifted.sqrt()
        return (r.log1p() - r.neg().log1p()) / 2

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        left = tril_matrix_to_vec(1 - (y * y).cumsum(-1), diag=-2)
        of_tanh = -2 * (x + softplus(-2 * x) - math.log(2.0)).sum(-1)
        return 0.5 * left.log().sum(-1) + of_tanh

    def forward_shape(self, shape: Sequence[int]) -> Any:
        if len(shape) < 1:
            raise ValueError(TOO_FEW)
        m = shape[-1]
        n = round((0.25 + 2 * m) ** 0.5 + 0.5)
        if n * (n - 1) // 2 != m:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return Size((*shape[:-1], n, n))

    def inverse_shape(self, shape: Sequence[int]) -> Any:
        if len(shape) < 2:
            raise ValueError(TOO_FEW)
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        n = shape[-1]
        return Size((*shape[:-2], n * (n - 1) // 2))
