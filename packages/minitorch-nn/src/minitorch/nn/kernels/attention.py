"""Attention without its matrix: a block of queries at a time, heads on all cores.

Of the softmax only its logarithmic sums are kept; the backward pass makes the blocks anew
(Dao et al., 2022).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from minitorch.extend import products_over_rows

BLOCK = 1 << 16  # elements of the matrix at a time


def rows_at_once(keys: int) -> int:
    return max(1, BLOCK // max(1, keys))


def scores(
    q: Any, k: Any, mask: Any, scale: float, causal: bool, head: int, start: int, stop: int
) -> Any:
    """Queries from start to stop of one head against the keys that they may see."""
    seen = min(k.shape[1], stop) if causal else k.shape[1]
    s = np.dot(q[head, start:stop] * q.dtype.type(scale), k[head, :seen].T)
    if mask is not None:
        m = mask[head, start:stop, :seen]
        if m.dtype == np.bool_:
            s[~m] = -np.inf
        else:
            s += m
    if causal:
        s[np.arange(seen) > np.arange(start, stop)[:, None]] = -np.inf
    return s


def flat(x: Any) -> Any:
    return x.reshape(-1, *x.shape[-2:])


def masks(mask: Any, q: Any, k: Any) -> Any:
    """The mask of each head, without a copy where heads share one."""
    if mask is None:
        return None
    full = np.broadcast_to(mask, (*q.shape[:-1], k.shape[-2]))
    return (
        flat(full) if mask.ndim > 2 else np.broadcast_to(mask, (flat(q).shape[0], *full.shape[-2:]))
    )


def attention(q: Any, k: Any, v: Any, mask: Any, scale: float, causal: bool) -> tuple[Any, Any]:
    """(softmax(scale q k' + mask) v, the logarithms of the softmax's sums)"""
    mask = masks(mask, q, k)
    shape = (*q.shape[:-1], v.shape[-1])
    q, k, v = flat(q), flat(k), flat(v)
    heads, queries = q.shape[:2]
    out = np.empty((heads, queries, v.shape[-1]), q.dtype)
    logs = np.empty((heads, queries, 1), q.dtype)
    count = rows_at_once(k.shape[1])

    def work(first: int, last: int) -> None:
        for head in range(first, last):
            for start in range(0, queries, count):
                stop = min(start + count, queries)
                p = scores(q, k, mask, scale, causal, head, start, stop)
                top = np.maximum.reduce(p, axis=-1, keepdims=True)
                top[np.isneginf(top)] = 0  # nothing to see: zeros
                p -= top
                np.exp(p, out=p)
                total = np.einsum("ij->i", p)[:, None]
                logs[head, start:stop] = top + np.log(total)
                total[total == 0] = 1
                rows = out[head, start:stop]
                np.dot(p, v[head, : p.shape[1]], out=rows)
                rows /= total

    products_over_rows(work, heads, heads * queries * k.shape[1] * 4)
    return out.reshape(shape), logs


def attention_backward(
    g: Any, q: Any, k: Any, v: Any, mask: Any, out: Any, logs: Any, scale: float, causal: bool,
) -> Any:  # fmt: skip
    shapes = q.shape, k.shape, v.shape
    mask = masks(mask, q, k)
    q, k, v, g, out = map(flat, (q, k, v, g, out))
    heads, queries = q.shape[:2]
    gq, gk, gv = np.empty(q.shape, q.dtype), np.zeros(k.shape, q.dtype), np.zeros(v.shape, q.dtype)
    along = np.einsum("hij,hij->hi", g, out)[..., None]
    count = rows_at_once(k.shape[1])
    kind = q.dtype.type

    def work(first: int, last: int) -> None:
        for head in range(first, last):
            for start in range(0, queries, count):
                stop = min(start + count, queries)
                p = scores(q, k, mask, scale, causal, head, start, stop)
                seen = p.shape[1]
                rows = slice(start, stop)
                log = logs[head, rows]
                p -= np.where(np.isneginf(log), kind(0), log)
                np.exp(p, out=p)
                gv[head, :seen] += np.dot(p.T, g[head, rows])
                gp = np.dot(g[head, rows], v[head, :seen].T)
                gp -= along[head, rows]
                gp *= p
                gp *= kind(scale)
                np.dot(gp, k[head, :seen], out=gq[head, rows])
                gk[head, :seen] += np.dot(gp.T, q[head, rows])

    products_over_rows(work, heads, heads * queries * k.shape[1] * 4)
    return gq.reshape(shapes[0]), gk.reshape(shapes[1]), gv.reshape(shapes[2]), None
