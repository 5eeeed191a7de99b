"""The norms of vectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import as_dtype
from ..autograd.primitive import primitive
from ..kernels import sums
from .arguments import numpy_names
from .choice import zeros_like_p
from .complex_parts import sgn
from .conversion import to
from .extrema import tie_weights_p
from .reduction import broadcast_gradient, dims, kept_p, ne_zero_p

if TYPE_CHECKING:
    from .._tensor import Tensor
    from .._types.dtype import dtype

__all__ = ["inexact", "vector_norm"]


def _vector_norm(x: Any, p: float, dim: Any, keepdim: bool) -> Any:
    wide = x.astype(np.float32) if x.dtype.itemsize == 2 else x
    if p == 2:
        squares = wide * wide if x.dtype.kind in "fV" else wide.real**2 + wide.imag**2
        out = np.sqrt(sums.add_reduce(squares, axis=dim, keepdims=keepdim))
    elif p == 0:
        out = sums.add_reduce(
            wide != 0, axis=dim, keepdims=keepdim, dtype=abs(wide[..., None]).dtype
        )
    elif p == 1:
        out = sums.add_reduce(abs(wide), axis=dim, keepdims=keepdim)
    elif p == math.inf:
        out = sums.max_reduce(abs(wide), axis=dim, keepdims=keepdim)
    elif p == -math.inf:
        out = sums.min_reduce(abs(wide), axis=dim, keepdims=keepdim)
    else:
        out = sums.add_reduce(abs(wide) ** p, axis=dim, keepdims=keepdim) ** (1 / p)
    return out if x.dtype.kind == "c" or out.dtype == x.dtype else out.astype(x.dtype)


def _vector_norm_rule(g: Any, x: Any, out: Any, p: float, dim: Any, keepdim: bool) -> Any:
    if p == 0:
        return zeros_like_p(x)
    x = x.conj()  # d|x| = Re(conj(sgn x) dx)
    if p == 1:
        return broadcast_gradient(g, x.shape, dim, keepdim) * sgn(x)
    if p == 2:
        return broadcast_gradient(kept_p(g / out, ne_zero_p(out)), x.shape, dim, keepdim) * x
    size = abs(x)
    if abs(p) == math.inf:
        hit = tie_weights_p(size, out, dim, keepdim, True) * sgn(x)
        return broadcast_gradient(g, x.shape, dim, keepdim) * hit
    slope = broadcast_gradient(kept_p(g / out ** (p - 1), ne_zero_p(out)), x.shape, dim, keepdim)
    if p < 2:  # |x|^(p - 1) sign x has no finite slope of its own at 0
        safe = size + (1 - sgn(size))
        return slope * safe ** (p - 1) * sgn(x)
    return slope * size ** (p - 2) * x


# (sum |x|^p)^(1/p); its subgradient at 0 is 0
linalg_vector_norm_p = primitive(
    _vector_norm, "x | p dim keepdim", _vector_norm_rule, name="linalg_vector_norm"
)


def inexact(name: str, x: Tensor, dtype: dtype | None) -> Tensor:
    """``x`` in ``dtype``, if that is given.

    Raises:
        RuntimeError: one is neither floating nor complex, only one is complex, or digits get lost.
    """
    own = x.dtype
    if own.category < 2:
        raise RuntimeError(
            f"{name}: Expected a floating point or complex tensor as input. Got {own.type_name}"
        )
    if dtype is None:
        return x
    wanted = as_dtype(dtype)
    if wanted.category < 2:
        raise RuntimeError(
            f"{name}: dtype should be floating point or complex, but got {wanted.type_name}"
        )
    if wanted.category != own.category:
        kind = "complex" if own.is_complex else "real"
        raise RuntimeError(
            f"{name}: dtype should be {kind} for {kind} inputs, but got {wanted.type_name}"
        )
    if wanted.itemsize < own.itemsize:
        raise RuntimeError(
            f"{name}: the dtype of the input ({own.type_name}) should be convertible without "
            f"narrowing to the specified dtype ({wanted.type_name})"
        )
    return to(x, wanted)


@numpy_names
def vector_norm(
    input: Any,
    ord: float = 2,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """``(sum |x|^ord)^(1/ord)`` over ``dim`` (all by default)."""
    if isinstance(ord, complex):
        raise RuntimeError(
            f"linalg.vector_norm: Expected a non-complex scalar as the order of norm, but got {ord}"
        )
    input = inexact("linalg.vector_norm", input, dtype)
    axes = dims(dim, input.ndim)
    if (ord < 0 or ord == math.inf) and 0 in (
        input.shape if axes is None else [input.shape[d] for d in axes]
    ):
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {ord} norm of no elements: it has no identity "
            f"(input of shape {list(input.shape)}, dim={dim})"
        )
    return linalg_vector_norm_p(input, float(ord), axes, keepdim)
