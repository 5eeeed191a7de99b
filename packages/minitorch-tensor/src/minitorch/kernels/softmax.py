"""Softmax, its logarithm and log-sum-exp: numerically safe, in few passes over fresh memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import parallel, sums

SAFE = {"f": 60.0, "d": 600.0}  # exp and its sums stay finite and normal up to there
BLOCK = 1 << 16  # elements of a temporary array that stays in the cache

Rows = Callable[..., None]


def by_rows(rows: Rows, *arrays: Any) -> Any:
    """``rows(*arrays, out)`` over the last dimension, many rows at a time, on all cores."""
    out = np.empty(arrays[0].shape, arrays[0].dtype)
    n = out.shape[-1]
    tables = [a.reshape(-1, n) for a in (*arrays, out)]

    def work(start: int, stop: int) -> None:
        rows(*(table[start:stop] for table in tables))

    parallel.over_rows(work, out.size // n, out.size)
    return out


def large(x: Any, dim: int) -> bool:
    """Whether to go by rows: enough elements, each row in one piece of memory."""
    return bool(
        x.size >= sums.LARGE
        and dim == x.ndim - 1
        and x.dtype.char in "fd"
        and x.flags.c_contiguous
        and x.shape[-1] >= 16
    )


def wide(x: Any) -> Any:
    """float16 as float32, in which its exponentials are computed."""
    return x.astype(np.float32) if x.dtype.itemsize == 2 else x


def tops(x: Any, dim: int) -> Any:
    return np.maximum.reduce(x, axis=dim, keepdims=True)


def row_sums(x: Any) -> Any:
    """Sums over the last dimension. Not by BLAS: its threads would stand in the way of ours."""
    return np.einsum("ij->i", x)[:, None]


# --- softmax ---------------------------------------------------------------------------------


def in_range(x: Any) -> bool:
    """Whether there is no need to subtract the maxima: no NaN, no infinity, no overflow."""
    safe = SAFE[x.dtype.char]
    return bool(np.maximum.reduce(x, axis=None) < safe and np.minimum.reduce(x, axis=None) > -safe)


def _softmax_rows(x: Any, out: Any) -> None:
    if in_range(x):
        np.exp(x, out=out)
    else:
        np.subtract(x, tops(x, -1), out=out)
        np.exp(out, out=out)
    out *= 1 / row_sums(out)


def softmax(x: Any, dim: int) -> Any:
    if not x.size:
        return x.copy()
    if large(x, dim):
        return by_rows(_softmax_rows, x)
    y = wide(x)
    y = y - tops(y, dim)
    np.exp(y, out=y)
    y /= np.add.reduce(y, axis=dim, keepdims=True)
    return y if y.dtype == x.dtype else y.astype(x.dtype)


def _softmax_backward_rows(g: Any, y: Any, out: Any) -> None:
    np.subtract(g, np.vecdot(g, y)[:, None], out=out)
    out *= y


def softmax_backward(g: Any, y: Any, dim: int) -> Any:
    """Y * (g - sum(g * y))"""
    if large(y, dim) and g.flags.c_contiguous:
        return by_rows(_softmax_backward_rows, g, y)
    gx = g * y
    gx -= y * np.add.reduce(gx, axis=dim, keepdims=True)
    return gx


# --- log_softmax -----------------------------------------------------------------------------


def _log_softmax_rows(x: Any, out: Any) -> None:
    step = max(BLOCK // x.shape[1], 1)
    for k in range(0, len(x), step):
        part, made = x[k : k + step], out[k : k + step]
        if in_range(part):
            np.subtract(part, np.log(row_sums(np.exp(part))), out=made)
        else:
            np.subtract(part, tops(part, -1), out=made)
            made -= np.log(row_sums(np.exp(made)))


def log_softmax(x: Any, dim: int) -> Any:
    if not x.size:
        return x.copy()
    if large(x, dim):
        return by_rows(_log_softmax_rows, x)
    y = wide(x)
    y = y - tops(y, dim)
    y -= np.log(np.add.reduce(np.exp(y), axis=dim, keepdims=True))
    return y if y.dtype == x.dtype else y.astype(x.dtype)


def _log_softmax_backward_rows(g: Any, y: Any, out: Any) -> None:
    np.exp(y, out=out)
    out *= row_sums(g)
    np.subtract(g, out, out=out)


def log_softmax_backward(g: Any, y: Any, dim: int) -> Any:
    """G - exp(y) * sum(g)"""
    if large(y, dim) and g.flags.c_contiguous:
        return by_rows(_log_softmax_backward_rows, g, y)
    gx = np.exp(y)
    gx *= np.add.reduce(g, axis=dim, keepdims=True)
    np.subtract(g, gx, out=gx)
    return gx


# --- log-sum-exp -----------------------------------------------------------------------------


def logsumexp(x: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    if not x.size:
        return np.log(sums.add(np.exp(x), dim, keepdim))
    y = wide(x)
    top = np.maximum.reduce(y, axis=dim, keepdims=True)
    top = np.where(np.isinf(top), y.dtype.type(0), top)  # exp(-inf - -inf) would be NaN
    y = y - top
    s = np.log(sums.add(np.exp(y, out=y if y.ndim else None), dim, keepdim))
    s = s + top.reshape(s.shape)
    return s if s.dtype == x.dtype else s.astype(x.dtype)
