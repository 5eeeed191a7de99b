"""Attention without its matrix: a block of queries at a time, heads on all cores.

Of the softmax only each row's maximum and sum are kept; the backward pass makes the blocks anew
(Dao et al., 2022). The two stay apart: their one logarithm would cost large scores five digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from minitorch.extend import exp_into, products_over_rows

BLOCK = 1 << 16  # elements of the matrix at a time


def blocks(first: int, last: int, queries: int, keys: int) -> Iterator[tuple[slice, slice]]:
    """(heads, rows): several small heads at a time, or some rows of a large one."""
    rows = max(1, min(queries, BLOCK // max(1, keys)))
    heads = max(1, BLOCK // max(1, rows * keys))
    for head in range(first, last, heads):
        for row in range(0, queries, rows):
            yield slice(head, min(head + heads, last)), slice(row, min(row + rows, queries))


def scores(q: Any, k: Any, mask: Any, scale: float, causal: bool, heads: slice, rows: slice) -> Any:
    """Rows of queries against the keys that they may see."""
    seen = min(k.shape[1], rows.stop) if causal else k.shape[1]
    s = np.matmul(q[heads, rows] * q.dtype.type(scale), k[heads, :seen].swapaxes(1, 2))
    if mask is not None:
        m = mask[heads, rows, :seen]
        if m.dtype == np.bool_:
            np.copyto(s, -np.inf, where=~m)
        else:
            s += m
    if causal:
        later = np.arange(seen) > np.arange(rows.start, rows.stop)[:, None]
        np.copyto(s, -np.inf, where=later)
    return s


def flat(x: Any) -> Any:
    return x.reshape(math.prod(x.shape[:-2]), *x.shape[-2:])  # -1 fails where a size is 0


def masks(mask: Any, q: Any, k: Any) -> Any:
    """The mask of each head, without a copy where heads share one."""
    if mask is None:
        return None
    full = np.broadcast_to(mask, (*q.shape[:-1], k.shape[-2]))
    return (
        flat(full) if mask.ndim > 2 else np.broadcast_to(mask, (flat(q).shape[0], *full.shape[-2:]))
    )


def attention(
    q: Any, k: Any, v: Any, mask: Any, scale: float, causal: bool
) -> tuple[Any, Any, Any]:
    """(softmax(scale q k' + mask) v, the maximum and the sum of each row of the softmax)"""
    mask = masks(mask, q, k)
    shape = (*q.shape[:-1], v.shape[-1])
    q, k, v = flat(q), flat(k), flat(v)
    count, queries = q.shape[:2]
    out = np.empty((count, queries, v.shape[-1]), q.dtype)
    tops, totals = np.empty((2, count, queries, 1), q.dtype)

    def work(first: int, last: int) -> None:
        for heads, rows in blocks(first, last, queries, k.shape[1]):
            p = scores(q, k, mask, scale, causal, heads, rows)
            top = np.maximum.reduce(p, axis=-1, keepdims=True)
            top[np.isneginf(top)] = 0  # nothing to see: zeros
            p -= top
            exp_into(p, p)
            total = np.einsum("hij->hi", p)[..., None]
            total[total == 0] = 1
            tops[heads, rows], totals[heads, rows] = top, total
            part = out[heads, rows]
            np.matmul(p, v[heads, : p.shape[2]], out=part)
            part *= 1 / total

    products_over_rows(work, count, count * queries * k.shape[1] * 16)
    return out.reshape(shape), tops, totals


def attention_backward(
    g: Any, q: Any, k: Any, v: Any, mask: Any, tops: Any, totals: Any, scale: float,
    causal: bool,
) -> Any:  # fmt: skip
    shapes = q.shape, k.shape, v.shape
    mask = masks(mask, q, k)
    q, k, v, g = map(flat, (q, k, v, g))
    count, queries = q.shape[:2]
    gq, gk, gv = np.empty(q.shape, q.dtype), np.zeros(k.shape, q.dtype), np.zeros(v.shape, q.dtype)
    kind = q.dtype.type

    def work(first: int, last: int) -> None:
        for heads, rows in blocks(first, last, queries, k.shape[1]):
            p = scores(q, k, mask, scale, causal, heads, rows)
            seen = p.shape[2]
            p -= tops[heads, rows]
            exp_into(p, p)
            p *= 1 / totals[heads, rows]
            gv[heads, :seen] += np.matmul(p.swapaxes(1, 2), g[heads, rows])
            gp = np.matmul(g[heads, rows], v[heads, :seen].swapaxes(1, 2))
            # not g . out, which is as much but rounded otherwise: near one-hot rows it must cancel
            gp -= np.einsum("hij,hij->hi", p, gp)[..., None]
            gp *= p
            gp *= kind(scale)
            np.matmul(gp, k[heads, :seen], out=gq[heads, rows])
            gk[heads, :seen] += np.matmul(gp.swapaxes(1, 2), q[heads, rows])

    products_over_rows(work, count, count * queries * k.shape[1] * 16)
    return gq.reshape(shapes[0]), gk.reshape(shapes[1]), gv.reshape(shapes[2]), None
