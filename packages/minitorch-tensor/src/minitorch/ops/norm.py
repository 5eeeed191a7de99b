"""``torch.norm``, of vectors and of matrices, and what is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._types.dtype import bfloat16, float16
from ..autograd.out import into
from ..autograd.primitive import primitive
from .arguments import numpy_names, one_dim, some_dims
from .arithmetic import sub
from .conversion import to
from .reduction import kept_p
from .vector_norm import vector_norm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor import Tensor
    from .._types.dtype import dtype

__all__ = ["dist", "frobenius_norm", "norm", "nuclear_norm", "renorm"]

gt_p = primitive(lambda x, bound: x > bound, "x | bound", None, name="gt")


@numpy_names
def norm(
    input: Tensor, p: float | str | None = "fro", dim: int | Sequence[int] | None = None,
    keepdim: bool = False, out: Tensor | None = None, dtype: dtype | None = None,
) -> Tensor:  # fmt: skip
    """A norm over ``dim`` (all by default): of vectors, or of matrices for ``"nuc"``.

    Args:
        p: a number, ``"fro"`` (the 2-norm of all elements) or ``"nuc"`` (the sum of the singular
            values).
        out: a tensor that the result is written to, and that is returned then.

    Example:
        >>> import minitorch
        >>> minitorch.norm(minitorch.tensor([3.0, 4.0]))
        tensor(5.)
    """
    if out is not None:
        into(out, norm, input, p, dim, keepdim, dtype=dtype)
        return out
    if p == "nuc":
        axes = (-2, -1) if dim is None else some_dims(dim, input.ndim)
        from .matrix_norm import matrix_norm  # singular values come in where they are used

        return matrix_norm(input, "nuc", axes, keepdim, dtype=dtype)
    if p is None or p == "fro":
        p = 2
    if isinstance(p, str):
        raise RuntimeError(f"only 'fro' and 'nuc' are norms by name, not {p!r}")
    return vector_norm(input, p, dim, keepdim, dtype=dtype)


@numpy_names
def norm_method(
    self: Tensor, p: float | str | None = "fro", dim: int | Sequence[int] | None = None,
    keepdim: bool = False, dtype: dtype | None = None,
) -> Tensor:  # fmt: skip
    """``norm`` as a method, which has no ``out``."""
    return norm(self, p, dim, keepdim, dtype=dtype)


def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The ``p``-norm of ``input - other``."""
    return norm(sub(input, other), p)


def renorm(
    input: Tensor, p: float, dim: int, maxnorm: float, *, out: Tensor | None = None
) -> Tensor:
    """``input`` with each slice along ``dim`` scaled down to a ``p``-norm of at most
    ``maxnorm``."""
    p, maxnorm = float(p), float(maxnorm)
    if p <= 0:
        raise RuntimeError(f"renorm: non-positive-norm not supported: p is {p}")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input.ndim}")
    d = one_dim(dim, input.ndim)
    wide = input.float() if input.dtype in (bfloat16, float16) else input
    norms = vector_norm(wide, p, tuple(k for k in range(input.ndim) if k != d), True)
    large = gt_p(norms, maxnorm)
    scale = kept_p(maxnorm / (norms + 1e-7) - 1, large) + 1
    return to(wide * scale, input.dtype)


def frobenius_norm(
    input: Tensor, dim: Any, keepdim: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """The root of the sum of squares over ``dim``."""
    return vector_norm(input, 2, dim if not isinstance(dim, int) else (dim,), keepdim)


def nuclear_norm(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """The sum of the singular values of matrices."""
    if isinstance(dim, bool):  # nuclear_norm(input, keepdim)
        dim, keepdim = None, dim
    return norm(input, "nuc", dim, keepdim)
