"""Softmax, its logarithm and log-sum-exp: numerically safe, in few passes over fresh memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import parallel, sums
from .elementwise import exp_into
from .half import single
from .memory import packed

Rows = Callable[..., None]


def by_rows(rows: Rows, passes: int, *arrays: Any) -> Any:
    """``rows(*arrays, out)`` over the last dimension, many rows at a time, on all cores.

    It takes as long per element as ``passes`` products.
    """
    out = np.empty(arrays[0].shape, arrays[0].dtype)
    n = out.shape[-1]
    tables = [a.reshape(-1, n) for a in (*arrays, out)]
    step = max(1, parallel.BLOCK // n)

    def work(start: int, stop: int) -> None:
        for k in range(start, stop, step):
            rows(*(table[k : min(k + step, stop)] for table in tables))

    parallel.over_rows(work, out.size // n, out.size * passes)
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


def tops(x: Any, dim: int) -> Any:
    return np.maximum.reduce(x, axis=dim, keepdims=True)


def row_sums(x: Any) -> Any:
    """Sums over the last dimension. Not by BLAS: its threads would stand in the way of ours."""
    return np.einsum("ij->i", x)[:, None]


# --- softmax ---------------------------------------------------------------------------------


def exp_rows(x: Any, out: Any) -> Any:
    """``exp(x)`` of rows, in ``out``.

    Of -inf, and wherever nothing is left, exp2 takes seven times as long; what a mask hides is
    seen in a row's last number.
    """
    if np.minimum.reduce(x[:, -1]) < -87:
        return np.exp(x, out=out)
    return exp_into(x, out)


def moderate(sums: Any) -> bool:
    """Whether sums of exponentials are all in a middle range, so that no maximum need be taken off.

    Then no exponential was infinite, what became zero belongs to no number above the smallest, and
    log(sum) keeps its digits.
    """
    least, most = np.minimum.reduce(sums, axis=None), np.maximum.reduce(sums, axis=None)
    return bool(least > 1e-4 and most < 1e6)


def exponentials(x: Any, out: Any) -> tuple[Any, bool]:
    """Writes ``exp(x - c)`` into ``out``; returns the rows' sums, and whether c is their maxima.

    Mostly c can be 0.
    """
    sums = row_sums(exp_rows(x, out))
    if moderate(sums):
        return sums, False
    np.subtract(x, tops(x, -1), out=out)
    return row_sums(np.exp(out, out=out)), True


def _softmax_rows(x: Any, out: Any) -> None:
    sums, _ = exponentials(x, out)
    out *= 1 / sums


def softmax(x: Any, dim: int) -> Any:
    if not x.size:
        return x.copy()
    x = packed(x)
    if large(x, dim):
        return by_rows(_softmax_rows, 7, x)
    y = single(x)
    y = y - tops(y, dim)
    np.exp(y, out=y)
    y /= np.add.reduce(y, axis=dim, keepdims=True)
    return y if y.dtype == x.dtype else y.astype(x.dtype)


def _softmax_backward_rows(g: Any, y: Any, out: Any) -> None:
    np.subtract(g, sums.row_products(g, y)[:, None], out=out)
    out *= y


def softmax_backward(g: Any, y: Any, dim: int) -> Any:
    """y * (g - sum(g * y))"""
    if large(y, dim) and g.flags.c_contiguous:
        return by_rows(_softmax_backward_rows, 3, g, y)
    if y.dtype.char == "e":
        return softmax_backward(single(g), single(y), dim).astype(y.dtype)
    gx = g * y
    gx -= y * np.add.reduce(gx, axis=dim, keepdims=True)
    return gx


# --- log_softmax -----------------------------------------------------------------------------


def _log_softmax_rows(x: Any, out: Any) -> None:
    sums, shifted = exponentials(x, out)
    if shifted:  # first the maxima, exactly: their sum with the logarithm would be rounded
        x = np.subtract(x, tops(x, -1), out=out)
    np.subtract(x, np.log(sums), out=out)


def log_softmax(x: Any, dim: int) -> Any:
    if not x.size:
        return x.copy()
    x = packed(x)
    if large(x, dim):
        return by_rows(_log_softmax_rows, 7, x)
    y = single(x)
    y = y - tops(y, dim)
    y -= np.log(np.add.reduce(np.exp(y), axis=dim, keepdims=True))
    return y if y.dtype == x.dtype else y.astype(x.dtype)


def _log_softmax_backward_rows(g: Any, y: Any, out: Any) -> None:
    exp_rows(y, out)
    out *= row_sums(g)
    np.subtract(g, out, out=out)


def log_softmax_backward(g: Any, y: Any, dim: int) -> Any:
    """g - exp(y) * sum(g)"""
    if large(y, dim) and g.flags.c_contiguous:
        return by_rows(_log_softmax_backward_rows, 8, g, y)
    if y.dtype.char == "e":
        return log_softmax_backward(single(g), single(y), dim).astype(y.dtype)
    gx = np.exp(y)
    gx *= np.add.reduce(g, axis=dim, keepdims=True)
    np.subtract(g, gx, out=gx)
    return gx


# --- log-sum-exp -----------------------------------------------------------------------------


def logsumexp(x: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    if not x.size:
        return np.log(sums.add(np.exp(x), dim, keepdim))
    y = single(x)
    top = np.maximum.reduce(y.real, axis=dim, keepdims=True)
    top = np.where(np.isinf(top), y.dtype.type(0), top)  # exp(-inf - -inf) would be NaN
    y = y - top
    s = np.log(sums.add(np.exp(y, out=y if y.ndim else None), dim, keepdim))
    s = s + top.reshape(s.shape)
    return s if s.dtype == x.dtype else s.astype(x.dtype)


def log_add_exp(a: Any, b: Any) -> Any:
    """``log(exp(a) + exp(b))``, of complex numbers too."""
    if a.dtype.kind != "c":
        return np.logaddexp(a, b)
    a, b = np.broadcast_arrays(a, b)
    low, high = np.where(a.real < b.real, (a, b), (b, a))
    infinite = ~np.isfinite(low.real) & (low.real == high.real)
    out = np.where(infinite & (low.real < 0), low, np.log1p(np.exp(low - high)) + high)
    return np.where(infinite & (low.real > 0), np.log(np.exp(low) + np.exp(high)), out)[()]
