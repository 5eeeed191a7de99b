"""Normal vectors, by a covariance matrix or by one of low rank plus a diagonal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import minitorch
from minitorch import Size, Tensor

from . import constraints
from .distribution import Distribution as Distribution
from .distribution import checked
from .parameters import _standard_normal, lazy_property

__all__ = ["LowRankMultivariateNormal", "MultivariateNormal"]

LOG_2_PI = math.log(2 * math.pi)


def _batch_mv(matrix: Tensor, vector: Tensor) -> Tensor:
    """Matrices times vectors."""
    product: Tensor = (matrix @ vector.unsqueeze(-1)).squeeze(-1)
    return product


def _batch_mahalanobis(factor: Tensor, x: Tensor) -> Tensor:
    """``x^T (L L^T)^-1 x`` for lower triangular L (..., n, n) and vectors x (..., n).

    Where x has more batch dimensions than L, or where L has size 1 and x more, its vectors become
    columns of one system, so that no matrix is copied.
    """
    n, batch = x.shape[-1], factor.shape[:-2]
    outer = x.ndim - 1 - len(batch)
    # (outer, a1 / l1, l1, a2 / l2, l2, ..., n): l as in L
    sizes = [*x.shape[:outer]]
    for of_factor, of_x in zip(batch, x.shape[outer:-1], strict=True):
        sizes += [of_x // of_factor, of_factor]
    split = x.reshape((*sizes, n))
    many = [*range(outer), *range(outer, split.ndim - 1, 2)]
    order = [*many, *range(outer + 1, split.ndim - 1, 2)]
    columns = split.permute((*order, split.ndim - 1)).reshape((-1, batch.numel(), n))
    systems = columns.permute(1, 2, 0)
    flat = factor.reshape((-1, n, n))
    solved = minitorch.linalg.solve_triangular(flat, systems, upper=False)
    distances = solved.pow(2).sum(-2).T.reshape([split.shape[d] for d in order])
    back = sorted(range(len(order)), key=lambda k: order[k])
    return distances.permute(back).reshape(x.shape[:-1])


def _precision_to_scale_tril(precision: Tensor) -> Tensor:
    """The Cholesky factor of the inverse.

    With P = U U^T, U upper triangular (the Cholesky factor of P turned by half a turn), P^-1 =
    L L^T for ``L = U^-T``.
    """
    factor = minitorch.linalg.cholesky(precision.flip((-2, -1)))
    upper_t = factor.flip((-2, -1)).mT
    identity = minitorch.eye(precision.shape[-1], dtype=precision.dtype)
    return minitorch.linalg.solve_triangular(upper_t, identity, upper=False)


def half_log_det(factor: Tensor) -> Tensor:
    """``log det(L L^T) / 2``: the sum of the diagonal's logarithms."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


class MultivariateNormal(Distribution):
    """``log p(x) = -(x - loc)^T C^-1 (x - loc) / 2 - log det(2 pi C) / 2``.

    C is the ``covariance_matrix``, the inverse of the ``precision_matrix`` or L L^T with the
    lower triangular ``scale_tril``, which is the cheapest to give. Samples are ``loc + L z``.

    Raises:
        ValueError: not just one of the three is given, or one has too few dimensions.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import MultivariateNormal
        >>> d = MultivariateNormal(minitorch.zeros(2), minitorch.eye(2))
        >>> d.log_prob(minitorch.zeros(2))
        tensor(-1.8379)

    Follows https://docs.pytorch.org/docs/stable/distributions.html#multivariatenormal
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True
    _kept = ("_unbroadcasted_scale_tril",)

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        forms = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        given = [(name, matrix) for name, matrix in forms.items() if matrix is not None]
        if len(given) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        ((name, matrix),) = given
        if matrix.dim() < 2:
            raise ValueError(
                f"{name}{' matrix' if name == 'scale_tril' else ''} must be at least "
                "two-dimensional, with optional leading batch dimensions"
            )
        batch_shape = Size(minitorch.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1]))
        self.__dict__[name] = matrix.expand((*batch_shape, -1, -1))
        self.loc = loc.expand((*batch_shape, -1))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        if name == "scale_tril":
            self._unbroadcasted_scale_tril = matrix
        elif name == "covariance_matrix":
            self._unbroadcasted_scale_tril = minitorch.linalg.cholesky(matrix)
        else:
            self._unbroadcasted_scale_tril = _precision_to_scale_tril(matrix)

    def _matrix(self, matrix: Tensor) -> Tensor:
        """``matrix`` for the whole batch."""
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The Cholesky factor L of the covariance."""
        return self._matrix(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance L L^T."""
        factor = self._unbroadcasted_scale_tril
        return self._matrix(factor @ factor.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        return self._matrix(minitorch.cholesky_inverse(self._unbroadcasted_scale_tril))

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        variance = self._unbroadcasted_scale_tril.pow(2).sum(-1)
        return variance.expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        z = _standard_normal(self._extended_shape(sample_shape), dtype=self.loc.dtype)
        return self.loc + _batch_mv(self._unbroadcasted_scale_tril, z)

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        distance = _batch_mahalanobis(self._unbroadcasted_scale_tril, value - self.loc)
        normalizer = half_log_det(self._unbroadcasted_scale_tril)
        return -0.5 * (self._event_shape[0] * LOG_2_PI + distance) - normalizer

    def entropy(self) -> Tensor:
        normalizer = half_log_det(self._unbroadcasted_scale_tril)
        entropy = 0.5 * self._event_shape[0] * (1.0 + LOG_2_PI) + normalizer
        return entropy.expand(self._batch_shape) if self._batch_shape else entropy


# --- low rank ----------------------------------------------------------------------------------
# with C = W W^T + D and K = 1 + W^T D^-1 W (the capacitance):
# C^-1 = D^-1 - D^-1 W K^-1 W^T D^-1 (Woodbury) and det C = det K det D


def _plus_one(matrix: Tensor) -> Tensor:
    return matrix + minitorch.eye(matrix.shape[-1], dtype=matrix.dtype)


def _batch_capacitance_tril(w: Tensor, d: Tensor) -> Tensor:
    """The Cholesky factor of K."""
    return minitorch.linalg.cholesky(_plus_one(w.mT / d.unsqueeze(-2) @ w))


def _batch_lowrank_logdet(w: Tensor, d: Tensor, capacitance_tril: Tensor) -> Tensor:
    """``log det C``."""
    return 2 * half_log_det(capacitance_tril) + d.log().sum(-1)


def _batch_lowrank_mahalanobis(w: Tensor, d: Tensor, x: Tensor, capacitance_tril: Tensor) -> Tensor:
    """``x^T C^-1 x``."""
    projected = _batch_mv(w.mT / d.unsqueeze(-2), x)
    return (x.pow(2) / d).sum(-1) - _batch_mahalanobis(capacitance_tril, projected)


class LowRankMultivariateNormal(Distribution):
    """A normal vector with the covariance ``W W^T + D``.

    W, of shape (n, rank), is the ``cov_factor``, the diagonal D the ``cov_diag``; all that costs
    more than n rank^2 is left out. Samples are ``loc + W z + sqrt(D) z'``.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import LowRankMultivariateNormal
        >>> d = LowRankMultivariateNormal(
        ...     minitorch.zeros(2), minitorch.tensor([[1.0], [0.0]]), minitorch.ones(2)
        ... )
        >>> d.covariance_matrix
        tensor([[2., 0.],
                [0., 1.]])

    Follows https://docs.pytorch.org/docs/stable/distributions.html#lowrankmultivariatenormal
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True
    _kept = ("_unbroadcasted_cov_factor", "_unbroadcasted_cov_diag", "_capacitance_tril")

    def __init__(
        self,
        loc: Tensor,
        cov_factor: Tensor,
        cov_diag: Tensor,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        event_shape = loc.shape[-1:]
        if cov_factor.dim() < 2:
            raise ValueError(
                "cov_factor must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        if cov_factor.shape[-2:-1] != event_shape:
            raise ValueError(
                f"cov_factor must be a batch of matrices with shape {event_shape[0]} x m"
            )
        if cov_diag.shape[-1:] != event_shape:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {event_shape}")
        try:
            columns = loc.unsqueeze(-1), cov_factor, cov_diag.unsqueeze(-1)
            loc_, self.cov_factor, diag_ = minitorch.broadcast_tensors(*columns)
        except RuntimeError as error:
            raise ValueError(
                f"Incompatible batch shapes: loc {loc.shape}, cov_factor {cov_factor.shape}, "
                f"cov_diag {cov_diag.shape}"
            ) from error
        self.loc, self.cov_diag = loc_[..., 0], diag_[..., 0]
        self._unbroadcasted_cov_factor = cov_factor
        self._unbroadcasted_cov_diag = cov_diag
        self._capacitance_tril = _batch_capacitance_tril(cov_factor, cov_diag)
        super().__init__(self.loc.shape[:-1], event_shape, validate_args=validate_args)

    def _parts(self) -> tuple[Tensor, Tensor]:  # W and D
        return self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag

    def _matrix(self, matrix: Tensor) -> Tensor:
        """``matrix`` for the whole batch."""
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @lazy_property
    def variance(self) -> Tensor:
        w, d = self._parts()
        return (w.pow(2).sum(-1) + d).expand(self._batch_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The Cholesky factor of the covariance."""
        w, d = self._parts()
        root = d.sqrt().unsqueeze(-1)
        scaled = w / root
        return self._matrix(root * minitorch.linalg.cholesky(_plus_one(scaled @ scaled.mT)))

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance W W^T + D."""
        w, d = self._parts()
        return self._matrix(w @ w.mT + d.diag_embed())

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        w, d = self._parts()
        scaled = w.mT / d.unsqueeze(-2)
        solved = minitorch.linalg.solve_triangular(self._capacitance_tril, scaled, upper=False)
        return self._matrix(d.reciprocal().diag_embed() - solved.mT @ solved)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        w, d = self._parts()
        shape = self._extended_shape(sample_shape)
        z_w = _standard_normal(shape[:-1] + w.shape[-1:], dtype=self.loc.dtype)
        z_d = _standard_normal(shape, dtype=self.loc.dtype)
        return self.loc + _batch_mv(w, z_w) + d.sqrt() * z_d

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        w, d = self._parts()
        tril = self._capacitance_tril
        distance = _batch_lowrank_mahalanobis(w, d, value - self.loc, tril)
        log_det = _batch_lowrank_logdet(w, d, tril)
        return -0.5 * (self._event_shape[0] * LOG_2_PI + log_det + distance)

    def entropy(self) -> Tensor:
        log_det = _batch_lowrank_logdet(*self._parts(), self._capacitance_tril)
        entropy = 0.5 * (self._event_shape[0] * (1.0 + LOG_2_PI) + log_det)
        return entropy.expand(self._batch_shape) if self._batch_shape else entropy
