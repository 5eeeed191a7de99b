"""Distances, similarities and norms of vectors."""

from __future__ import annotations

import minitorch
from minitorch import Tensor
from minitorch.extend import into, numpy_names

__all__ = ["cosine_similarity", "normalize", "pairwise_distance", "pdist"]


def norm(x: Tensor, p: float, dim: int, keepdim: bool = False) -> Tensor:
    return minitorch.linalg.vector_norm(x, p, dim, keepdim)


@numpy_names
def normalize(
    input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None
) -> Tensor:
    """``x`` / max(|x|_p, eps), vectors along ``dim``."""
    if out is not None:
        into(out, normalize, input, p, dim, eps, rule="castable")
        return out
    return input / norm(input, p, dim, True).clamp_min(eps).expand_as(input)


@numpy_names
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x1 . x2 / (max(|x1|, eps) max(|x2|, eps)), vectors along ``dim``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cosine_similarity.html
    """
    kind = minitorch.promote_types(x1.dtype, x2.dtype)
    if not kind.is_floating_point:
        raise RuntimeError(
            "expected common dtype to be floating point, yet common dtype is "
            f"{kind.type_name}: convert one of them with .float()"
        )
    x1, x2 = minitorch.broadcast_tensors(x1.to(kind), x2.to(kind))
    n1 = norm(x1, 2.0, dim, True).clamp_min(eps)
    n2 = norm(x2, 2.0, dim, True).clamp_min(eps)
    return ((x1 / n1) * (x2 / n2)).sum(dim)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """|x1 - x2 + eps|_p, vectors along the last dimension.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pairwise_distance.html
    """
    return norm(minitorch.sub(x1, x2) + eps, p, -1, keepdim)


def pdist(input: Tensor, p: float = 2) -> Tensor:
    """The distances |x_i - x_j|_p of all pairs of rows i < j.

    Args:
        input: (n, width)
        p: the norm.

    Returns:
        (n (n - 1) / 2,)

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pdist.html
    """
    if input.ndim != 2:
        raise RuntimeError(
            f"pdist only supports 2D tensors, got: {input.ndim}D of shape {list(input.shape)}"
        )
    if not input.dtype.is_floating_point:
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    i, j = minitorch.triu_indices(input.shape[0], input.shape[0], 1)
    from minitorch.extend import difference_norm

    return difference_norm(input[i] - input[j], p)
