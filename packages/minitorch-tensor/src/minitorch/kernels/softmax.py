"""Softmax, its logarithm and log-sum-exp: numerically safe, in few passes over fresh memory."""

from __future__ import annotations

from typing import Any

import numpy as np

SAFE = {"f": 60.0, "d": 600.0}  # exp and its sums stay finite and normal up to there
LARGE = 65536  # elements from which a look at the range of all values saves time


def wide(x: Any) -> Any:
    """float16 as float32, in which its exponentials are computed."""
    return x.astype(np.float32) if x.dtype.itemsize == 2 else x


def exponentials(x: Any, dim: int) -> Any:
    """exp(x - max x) in fresh memory; large inputs in a safe range go without the maximum."""
    if x.size >= LARGE:
        safe = SAFE.get(x.dtype.char, 0.0)
        if np.maximum.reduce(x, axis=None) < safe and np.minimum.reduce(x, axis=None) > -safe:
            return np.exp(x)
    y = x - np.maximum.reduce(x, axis=dim, keepdims=True)
    return np.exp(y, out=y)


def row_sums(y: Any, dim: int) -> Any:
    if dim == y.ndim - 1 and y.size >= LARGE:  # adds four rows' worth per step where reduce adds one
        return np.einsum("...i->...", y)[..., None]
    return np.add.reduce(y, axis=dim, keepdims=True)


def softmax(x: Any, dim: int) -> Any:
    if not x.ndim:
        return np.exp(x - x)
    if not x.shape[dim]:
        return x.copy()
    y = exponentials(wide(x), dim)
    y /= row_sums(y, dim)
    return y if y.dtype == x.dtype else y.astype(x.dtype)


def softmax_backward(g: Any, out: Any, dim: int) -> Any:
    """out * (g - sum(g * out))"""
    if not out.ndim:
        return g * 0
    y = g * out
    s = np.add.reduce(y, axis=dim, keepdims=True)
    y -= out * s
    return y


def log_softmax(x: Any, dim: int) -> Any:
    if not x.ndim:
        return x - x
    if not x.shape[dim]:
        return x.copy()
    y = wide(x)
    y = y - np.maximum.reduce(y, axis=dim, keepdims=True)
    s = np.add.reduce(np.exp(y), axis=dim, keepdims=True)
    y -= np.log(s)
    return y if y.dtype == x.dtype else y.astype(x.dtype)


def logsumexp(x: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    if not x.size:
        return np.log(np.add.reduce(np.exp(x), axis=dim, keepdims=keepdim))
    y = wide(x)
    top = np.maximum.reduce(y, axis=dim, keepdims=True)
    top = np.where(np.isinf(top), y.dtype.type(0), top)
    s = np.log(np.add.reduce(np.exp(y - top), axis=dim, keepdims=keepdim))
    s = s + top.reshape(s.shape)
    return s if y.dtype == x.dtype else s.astype(x.dtype)
