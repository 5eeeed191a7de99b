"""Parametrizations with a name: weight norm, spectral norm, orthogonal matrices."""

from __future__ import annotations

from typing import Any

import minitorch
from minitorch import no_grad

from ..functional.distance import normalize
from ..module import Module
from .parametrize import register_parametrization
from .weight_norm import norm_except_dim

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def _named(module: Any, name: str) -> Any:
    weight = getattr(module, name, None)
    if not isinstance(weight, minitorch.Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Any, weight_v: Any) -> Any:
        """g v / |v|"""
        return weight_v * (weight_g / norm_except_dim(weight_v, 2, self.dim))

    def right_inverse(self, weight: Any) -> Any:
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """The weight as magnitude g times direction v / |v| (Salimans and Kingma, 2016).

    Args:
        module: the owner.
        name: the weight's name.
        dim: the dimension along which each slice has a magnitude; None for one in all.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.weight_norm.html
    """
    _named(module, name)
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def renamed(state_dict: Any, prefix: str, *_: Any) -> None:
        """Reads the files of ``nn.utils.weight_norm``."""
        old = [f"{prefix}{name}_{part}" for part in "gv"]
        if all(key in state_dict for key in old):
            for k, key in enumerate(old):
                new = f"{prefix}parametrizations.{name}.original{k}"
                state_dict[new] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(renamed)
    return module


class _SpectralNorm(Module):
    def __init__(
        self, weight: Any, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        n = weight.ndim
        if not -n <= dim < n:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{n}, {n - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got n_power_iterations="
                f"{n_power_iterations}"
            )
        self.dim = dim % n
        self.eps = eps
        if n > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self.matrix(weight).detach()
            u = matrix.new_empty(matrix.shape[0]).normal_(0, 1)
            v = matrix.new_empty(matrix.shape[1]).normal_(0, 1)
            self.register_buffer("_u", normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", normalize(v, dim=0, eps=eps))
            self.iterate(matrix, 15)

    def matrix(self, weight: Any) -> Any:
        return weight.movedim(self.dim, 0).flatten(1)

    @no_grad()
    def iterate(self, matrix: Any, count: int) -> None:
        """The power method: u and v tend to the first singular vectors."""
        for _ in range(count):
            self._u.copy_(normalize(matrix @ self._v, dim=0, eps=self.eps))
            self._v.copy_(normalize(matrix.mH @ self._u, dim=0, eps=self.eps))

    def forward(self, weight: Any) -> Any:
        """W / (u' W v)"""
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = self.matrix(weight)
        if self.training:
            self.iterate(matrix.detach(), self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()  # the next call writes to the buffers
        return weight / minitorch.vdot(u, matrix @ v)

    def right_inverse(self, value: Any) -> Any:
        return value


def spectral_norm(
    module: Any,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Any:
    """The weight divided by its largest singular value (Miyato et al., 2018).

    Args:
        module: the owner.
        name: the weight's name.
        n_power_iterations: steps of the power method in each training call.
        eps: keeps the norms away from 0.
        dim: the dimension of the outputs: 0, or 1 for transposed convolutions.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.spectral_norm.html
    """
    weight = _named(module, name)
    if dim is None:
        dim = 1 if getattr(module, "transposed", False) else 0
    made = _SpectralNorm(weight, n_power_iterations, dim, eps)
    register_parametrization(module, name, made)
    return module


class _Orthogonal(Module):
    base: Any

    def __init__(self, weight: Any, orthogonal_map: str, use_trivialization: bool) -> None:
        super().__init__()
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Any) -> Any:
        """An orthogonal matrix from the lower triangle of ``X``."""
        wide = X.shape[-2] < X.shape[-1]
        if wide:
            X = X.mT
        n, k = X.shape[-2:]
        if self.orthogonal_map == "householder":
            A = X.tril(-1)
            tau = 2 / (1 + (A * A).sum(-2))
            signs = X.diagonal(dim1=-2, dim2=-1).int()  # has no gradient
            Q = minitorch.linalg.householder_product(A, tau) * signs.unsqueeze(-2)
        else:
            A = X.tril()
            if n != k:
                A = minitorch.cat([A, A.new_zeros((*A.shape[:-1], n - k))], -1)
            A = A - A.mH
            if self.orthogonal_map == "matrix_exp":
                Q = minitorch.matrix_exp(A)
            else:  # (I - A / 2)^-1 (I + A / 2)
                unit = minitorch.eye(n, dtype=A.dtype)
                Q = minitorch.linalg.solve(unit - 0.5 * A, unit + 0.5 * A)
            Q = Q[..., :k]
        if hasattr(self, "base"):
            Q = self.base @ Q
        return Q.mT if wide else Q

    @no_grad()
    def right_inverse(self, Q: Any) -> Any:
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of "
                f"shape {Q.shape}."
            )
        wide = Q.shape[-2] < Q.shape[-1]
        tall = Q.mT if wide else Q
        n, k = tall.shape[-2:]
        if not hasattr(self, "base"):
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley "
                    "parametrizations when use_trivialization=False."
                )
            A, tau = minitorch.geqrf(tall)
            signs = A.diagonal(dim1=-2, dim2=-1)
            signs.sign_()
            signs[tau == 0] *= -1  # LAPACK used no reflection there
            return A.mT if wide else A
        start = minitorch.zeros_like(Q)
        start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        if n != k:
            more = minitorch.randn((*tall.shape[:-2], n, n - k), dtype=tall.dtype)
            tall = minitorch.cat([tall, more], -1)
        unit = minitorch.eye(n, dtype=tall.dtype)
        eps = 10 * n * minitorch.finfo(tall.dtype).eps
        if n != k or not minitorch.allclose(tall.mH @ tall, unit, atol=eps):
            q, r = minitorch.linalg.qr(tall)
            tall = q * r.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)
        self.base = tall.clone()
        return start


def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """The weight as an orthogonal matrix, or one with orthonormal rows or columns.

    Args:
        module: the owner.
        name: the weight's name.
        orthogonal_map: ``"matrix_exp"`` (square weights by default), ``"cayley"`` or
            ``"householder"``.
        use_trivialization: start from the present weight.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.orthogonal.html
    """
    weight = _named(module, name)
    if weight.ndim < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions."
        )
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: '
            f"{orthogonal_map}"
        )
    if weight.is_complex() and orthogonal_map == "householder":
        raise ValueError("The householder parametrization does not support complex tensors.")
    made = _Orthogonal(weight, orthogonal_map, use_trivialization)
    register_parametrization(module, name, made, unsafe=True)
    return module
