"""Random matrices: Wishart's scatter matrices, LKJ's factors of correlation matrices."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from numbers import Number
from typing import Any, ClassVar

import minitorch
from minitorch import Size, Tensor

from . import constraints
from .beta_family import Beta
from .distribution import Distribution, ExponentialFamily, checked
from .gamma_family import Chi2
from .multivariate_normal import _precision_to_scale_tril, half_log_det
from .parameters import broadcast_all, lazy_property

__all__ = ["LKJCholesky", "Wishart"]

LOG_2 = math.log(2)


def _mvdigamma(x: Tensor, p: int) -> Tensor:
    """The derivative of ``mvlgamma(x, p)``: the sum of digamma(x - j / 2) for j = 0 ... p - 1."""
    assert (x > (p - 1) / 2).all(), "Wrong domain for multivariate digamma function."
    return (x.unsqueeze(-1) - minitorch.arange(p, dtype=x.dtype) / 2).digamma().sum(-1)


class Wishart(ExponentialFamily):
    """The sum of ``df`` outer products of normal vectors with covariance C, of p dimensions.

    ``log p(X) = (df - p - 1) / 2 log det X - tr(C^-1 X) / 2 - df / 2 log det(2 C) -
    mvlgamma(df / 2, p)``. C is given as ``MultivariateNormal``'s is.

    Raises:
        ValueError: ``df`` is not greater than p - 1.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import Wishart
        >>> Wishart(minitorch.tensor(2.0), covariance_matrix=minitorch.eye(2)).mean
        tensor([[2., 0.],
                [0., 2.]])

    Follows https://docs.pytorch.org/docs/stable/distributions.html#wishart
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(
        self,
        df: Tensor | Number | float,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        forms = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        given = [(name, matrix) for name, matrix in forms.items() if matrix is not None]
        assert len(given) == 1, (
            "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified."
        )
        ((name, matrix),) = given
        if matrix.dim() < 2:
            raise ValueError(
                "scale_tril must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        batch_shape = matrix.shape[:-2]
        if isinstance(df, Tensor):
            batch_shape = Size(minitorch.broadcast_shapes(batch_shape, df.shape))
            self.df = df.expand(batch_shape)
        else:
            self.df = minitorch.tensor(df, dtype=matrix.dtype)
        event_shape = matrix.shape[-2:]
        p = event_shape[-1]
        if (self.df <= p - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {p - 1}.")
        self.__dict__[name] = matrix.expand((*batch_shape, -1, -1))
        if (self.df < p).any():
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for "
                "ndim - 1 < df < ndim.",
                stacklevel=2,
            )
        super().__init__(batch_shape, event_shape, validate_args=validate_args)
        if name == "scale_tril":
            self._unbroadcasted_scale_tril = matrix
        elif name == "covariance_matrix":
            self._unbroadcasted_scale_tril = minitorch.linalg.cholesky(matrix)
        else:
            self._unbroadcasted_scale_tril = _precision_to_scale_tril(matrix)
        self._set_chi2()

    def _set_chi2(self) -> None:
        """The squared diagonal of Bartlett's factor: Chi2 with df, df - 1, ..., of the batch."""
        p = self._event_shape[-1]
        less = minitorch.arange(p, dtype=self._unbroadcasted_scale_tril.dtype)
        df = (self.df.unsqueeze(-1) - less).expand((*self._batch_shape, p))
        self._dist_chi2 = Chi2(df=df)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        new = self._get_checked_instance(Wishart, _instance)
        matrix = Size(batch_shape) + self._event_shape
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril.expand(matrix)
        super().expand(batch_shape, new)
        new._set_chi2()
        return new

    @property
    def arg_constraints(self) -> Any:
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self.event_shape[-1] - 1),
        }

    def _matrix(self, matrix: Tensor) -> Tensor:
        """``matrix`` for the whole batch."""
        return matrix.expand(self._batch_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The Cholesky factor of C."""
        return self._matrix(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """C."""
        factor = self._unbroadcasted_scale_tril
        return self._matrix(factor @ factor.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of C."""
        factor = self._unbroadcasted_scale_tril
        identity = minitorch.eye(self._event_shape[-1], dtype=factor.dtype)
        return self._matrix(minitorch.cholesky_solve(identity, factor))

    def _times(self, factor: Tensor, matrix: Tensor) -> Tensor:
        """A number for each matrix of the batch, times the matrix."""
        return factor.reshape((*self._batch_shape, 1, 1)) * matrix

    @property
    def mean(self) -> Tensor:
        return self._times(self.df, self.covariance_matrix)

    @property
    def mode(self) -> Tensor:
        factor = self.df - self._event_shape[-1] - 1
        return self._times(factor.masked_fill(factor <= 0, math.nan), self.covariance_matrix)

    @property
    def variance(self) -> Tensor:
        c = self.covariance_matrix
        diagonal = c.diagonal(dim1=-2, dim2=-1)
        squares = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        return self._times(self.df, c.pow(2) + squares)

    def _bartlett_sampling(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """``L A A^T L^T``, A lower triangular with a Chi diagonal and normals below (Bartlett)."""
        p = self._event_shape[-1]
        diagonal = self._dist_chi2.rsample(sample_shape).sqrt()
        diagonal = diagonal.clamp(min=minitorch.finfo(diagonal.dtype).eps)
        noise = diagonal.diag_embed(dim1=-2, dim2=-1)
        i, j = minitorch.tril_indices(p, p, offset=-1)
        below = (*sample_shape, *self._batch_shape, p * (p - 1) // 2)
        noise[..., i, j] = minitorch.randn(below, dtype=noise.dtype)
        factor = self._unbroadcasted_scale_tril @ noise
        product: Tensor = factor @ factor.mT
        return product

    def rsample(
        self, sample_shape: Sequence[int] = (), max_try_correction: int | None = None
    ) -> Tensor:
        """Samples; singular ones are drawn again, at most ``max_try_correction`` (10) times.

        As PyTorch does, it draws all of them twice and takes the second.
        """
        self._bartlett_sampling(sample_shape)
        sample = self._bartlett_sampling(sample_shape)
        singular = self._singular(sample)
        if singular.any():
            warnings.warn("Singular sample detected.", stacklevel=2)
            for _ in range(9 if max_try_correction is None else max_try_correction - 1):
                again = self._bartlett_sampling(singular[singular].shape)
                sample[singular] = again
                singular[singular.clone()] = self._singular(again)
                if not singular.any():
                    break
        return sample

    def _singular(self, sample: Tensor) -> Tensor:
        """For each of the sample's shape, whether a matrix of its batch has no Cholesky factor."""
        singular = ~self.support.check(sample)
        dims = list(range(-len(self._batch_shape), 0))
        return singular.any(dims) if dims else singular

    def _log_det(self) -> Tensor:
        """``log det(2 C) / 2``."""
        return self._event_shape[-1] * LOG_2 / 2 + half_log_det(self._unbroadcasted_scale_tril)

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        nu, p = self.df, self._event_shape[-1]
        solved = minitorch.cholesky_solve(value, self._unbroadcasted_scale_tril)
        trace = solved.diagonal(dim1=-2, dim2=-1).sum(-1)
        log_det = minitorch.linalg.slogdet(value).logabsdet
        return (
            -nu * self._log_det()
            - minitorch.mvlgamma(nu / 2, p=p)
            + (nu - p - 1) / 2 * log_det
            - trace / 2
        )

    def entropy(self) -> Tensor:
        nu, p = self.df, self._event_shape[-1]
        return (
            (p + 1) * self._log_det()
            + minitorch.mvlgamma(nu / 2, p=p)
            - (nu - p - 1) / 2 * _mvdigamma(nu / 2, p=p)
            + nu * p / 2
        )

    @property
    def _natural_params(self) -> tuple[Tensor, Tensor]:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]  # as many as there are parameters
        p = self._event_shape[-1]
        half = y + (p + 1) / 2
        log_det = minitorch.linalg.slogdet(-2 * x).logabsdet
        return half * (-log_det + LOG_2 * p) + minitorch.mvlgamma(half, p=p)


class LKJCholesky(Distribution):
    """The Cholesky factor of an n x n correlation matrix R with density as ``det(R)^(c - 1)``.

    c is the ``concentration``: 1 makes all matrices equally likely, more those near to the
    identity. Samples are made row by row: a random direction times the root of a Beta variable
    (the "onion method").

    Raises:
        ValueError: ``dim`` is less than 2.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions import LKJCholesky
        >>> factor = LKJCholesky(3, 0.5).sample()
        >>> (factor @ factor.mT).diagonal()
        tensor([1., 1., 1.])

    Follows https://docs.pytorch.org/docs/stable/distributions.html#lkjcholesky, Lewandowski,
    Kurowicka and Joe, "Generating random correlation matrices", 2009
    """

    arg_constraints: ClassVar[Any] = {"concentration": constraints.positive}
    support = constraints.corr_cholesky
    _expanded = ("_beta",)
    _kept = ("dim",)

    def __init__(
        self, dim: int, concentration: Tensor | float = 1.0, validate_args: bool | None = None
    ) -> None:
        if dim < 2:
            raise ValueError(
                f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}."
            )
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        rows = minitorch.arange(dim, dtype=self.concentration.dtype)
        before = (rows - 1).clamp(min=0)
        marginal = self.concentration + 0.5 * (dim - 2)
        self._beta = Beta(before + 0.5, marginal.unsqueeze(-1) - 0.5 * before)
        super().__init__(self.concentration.shape, (dim, dim), validate_args)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        y = self._beta.sample(sample_shape).unsqueeze(-1)
        with minitorch.no_grad():
            z = minitorch.randn(self._extended_shape(sample_shape), dtype=y.dtype).tril(-1)
            direction = z / z.norm(dim=-1, keepdim=True)
            direction[..., 0, :] = 0.0
            below = y.sqrt() * direction
            left = 1 - (below**2).sum(-1)
            diagonal = left.clamp(min=minitorch.finfo(y.dtype).tiny).sqrt()
            return below + diagonal.diag_embed()

    @checked
    def log_prob(self, value: Tensor) -> Tensor:
        """The product of the diagonal's ``L_ii^(2 (c - 1) + n - i)`` over its integral."""
        c, n = self.concentration, self.dim
        order = 2 * (c - 1).unsqueeze(-1) + n - minitorch.arange(2, n + 1)
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        unnormalized = (order * diagonal.log()).sum(-1)
        alpha = c + 0.5 * (n - 1)
        normalizer = (
            0.5 * (n - 1) * math.log(math.pi)
            + minitorch.mvlgamma(alpha - 0.5, n - 1)
            - alpha.lgamma() * (n - 1)
        )
        return unnormalized - normalizer
