"""What the approximations of special functions share: cache-sized blocks, polynomials."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .memory import laid_as

BLOCK = 4096  # 32 kB of float64: a block's temporaries stay in the cache


def blockwise(f: Callable[..., Any]) -> Callable[..., Any]:
    """``f``, written for float64 vectors, for arrays of any shape and floating dtype."""

    @functools.wraps(f)
    def kernel(*xs: Any) -> Any:
        arrays = np.broadcast_arrays(*xs) if len(xs) > 1 else [np.asarray(xs[0])]
        flat = [x.reshape(-1) for x in arrays]
        out = np.empty(flat[0].shape, np.result_type(*xs))
        for k in range(0, out.size, BLOCK):
            out[k : k + BLOCK] = f(*(x[k : k + BLOCK].astype(np.float64) for x in flat))
        return laid_as(out.reshape(arrays[0].shape), arrays[0])[()]

    return kernel


def horner(x: Any, coefficients: Sequence[float]) -> Any:
    """The polynomial with these coefficients, highest power first."""
    out = np.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        out *= x
        out += c
    return out


def clenshaw(t: Any, coefficients: Sequence[float]) -> Any:
    """The Chebyshev series with these coefficients, at ``t`` in [-1, 1]."""
    b1 = b2 = np.zeros_like(t)
    twice = 2 * t
    for c in coefficients[:0:-1]:
        b1, b2 = twice * b1 - b2 + c, b1
    return t * b1 - b2 + coefficients[0]


def put_where(out: Any, mask: Any, f: Callable[..., Any], *xs: Any) -> Any:
    """``out`` with ``f`` of the masked elements where ``mask`` is set; ``f`` only runs on those."""
    if mask.any():
        out[mask] = f(*(x[mask] for x in xs))
    return out
