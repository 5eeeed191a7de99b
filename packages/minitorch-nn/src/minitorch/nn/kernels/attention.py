"""Attention without its matrix: a block of queries at a time, heads on all cores.

Of the softmax only each row's maximum and sum are kept; the backward pass makes the blocks anew
(Dao et al., 2022). The two stay apart: their one logarithm would cost large scores five digits.
The maximum is 0 unless the sum leaves the middle of the numbers' range without it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from minitorch.extend import moderate, products_over_rows, row_sums

BLOCK = 1 << 18  # elements of the matrix at a time; measured, as is the next
ROWS = 128  # at a time where later keys are left out


def block_rows(queries: int, keys: int, causal: bool) -> int:
    return max(1, min(queries, BLOCK // max(1, keys), ROWS if causal else queries))


def blocks(
    first: int, last: int, queries: int, keys: int, causal: bool
) -> Iterator[tuple[slice, slice]]:
    """(heads, rows): several small heads at a time, or some rows of a large one."""
    rows = block_rows(queries, keys, causal)
    heads = max(1, BLOCK // max(1, rows * keys))
    for head in range(first, last, heads):
        for row in range(0, queries, rows):
            yield slice(head, min(head + heads, last)), slice(row, min(row + rows, queries))


def ceiling(queries: int, keys: int, causal: bool, dtype: Any) -> Any:
    """The greatest score of a block's queries and the keys from its first query's on."""
    if not causal:
        return None
    rows = block_rows(queries, keys, causal)
    return np.where(np.tri(rows, dtype=np.bool_), dtype.type(np.inf), dtype.type(-np.inf))


def scores(q: Any, kt: Any, mask: Any, limit: Any, heads: slice, rows: slice) -> Any:
    """Rows of queries, scaled, against the keys that they may see."""
    count = kt.shape[2] if limit is None else min(kt.shape[2], rows.stop)
    s = np.matmul(q[heads, rows], kt[heads, :, :count])
    if mask is not None:
        m = mask[heads, rows, :count]
        if m.dtype == np.bool_:
            np.copyto(s, -np.inf, where=~m)
        else:
            s += m
    if limit is not None:  # earlier keys are seen by all of these queries
        late = s[:, :, rows.start :]
        np.minimum(late, limit[: late.shape[1], : late.shape[2]], out=late)
    return s


def flat(x: Any) -> Any:
    return x.reshape(math.prod(x.shape[:-2]), *x.shape[-2:])  # -1 fails where a size is 0


def masks(mask: Any, q: Any, k: Any) -> Any:
    """A copy of the mask for each head, or one where heads share it."""
    if mask is None:
        return None
    repeated = tuple(slice(0, 1 if step == 0 else None) for step in mask.strides)
    mask = mask[repeated].copy()
    full = np.broadcast_to(mask, (*q.shape[:-1], k.shape[-2]))
    return (
        flat(full) if mask.ndim > 2 else np.broadcast_to(mask, (flat(q).shape[0], *full.shape[-2:]))
    )


def sums(p: Any) -> Any:
    return row_sums(p.reshape(-1, p.shape[2])).reshape(*p.shape[:2], 1)


def turned(x: Any) -> Any:
    """``flat`` with its last dimensions exchanged in memory: the quicker factor of a product."""
    return flat(np.ascontiguousarray(x.swapaxes(-1, -2)))


def attention(
    q: Any, k: Any, v: Any, mask: Any, scale: float, causal: bool
) -> tuple[Any, Any, Any, Any, Any, Any]:
    """(softmax(scale q k' + mask) v, scaled queries, turned keys, mask, the maximum and the sum
    of each row of the softmax)
    """
    mask = masks(mask, q, k)
    shape = (*q.shape[:-1], v.shape[-1])
    q, kt, v = flat(q) * q.dtype.type(scale), turned(k), flat(v)
    count, queries = q.shape[:2]
    keys = kt.shape[2]
    out = np.empty((count, queries, v.shape[-1]), q.dtype)
    tops, totals = np.zeros((2, count, queries, 1), q.dtype)
    limit = ceiling(queries, keys, causal, q.dtype)

    def work(first: int, last: int) -> None:
        for heads, rows in blocks(first, last, queries, keys, causal):
            p = scores(q, kt, mask, limit, heads, rows)
            np.exp(p, out=p)
            total = sums(p)
            if not moderate(total):
                p = scores(q, kt, mask, limit, heads, rows)
                top = np.maximum.reduce(p, axis=-1, keepdims=True)
                top[np.isneginf(top)] = 0  # nothing to see: zeros
                p -= top
                np.exp(p, out=p)
                total = sums(p)
                total[total == 0] = 1
                tops[heads, rows] = top
            totals[heads, rows] = total
            part = out[heads, rows]
            np.matmul(p, v[heads, : p.shape[2]], out=part)
            part *= 1 / total

    products_over_rows(work, count, count * queries * keys * 16)
    return out.reshape(shape), q, kt, mask, tops, totals


def attention_backward(
    g: Any, q_shape: Any, k_shape: Any, v: Any, scaled: Any, turned_keys: Any, masked: Any,
    tops: Any, totals: Any, scale: float, causal: bool,
) -> Any:  # fmt: skip
    shapes = q_shape, k_shape, v.shape
    q, kt, mask = scaled, turned_keys, masked
    kind = q.dtype.type
    k, vt, g = kt.swapaxes(1, 2), turned(v), flat(g)
    count, queries = q.shape[:2]
    keys = kt.shape[2]
    gq, gk = np.empty(q.shape, q.dtype), np.zeros(k.shape, q.dtype)
    gv = np.zeros((count, keys, vt.shape[1]), q.dtype)
    limit = ceiling(queries, keys, causal, q.dtype)

    def work(first: int, last: int) -> None:
        for heads, rows in blocks(first, last, queries, keys, causal):
            p, top = scores(q, kt, mask, limit, heads, rows), tops[heads, rows]
            if top.any():
                p -= top
            np.exp(p, out=p)
            p /= totals[heads, rows]  # not times 1 / total: e / e is 1
            seen = p.shape[2]
            gv[heads, :seen] += np.matmul(p.swapaxes(1, 2), g[heads, rows])
            gp = np.matmul(g[heads, rows], vt[heads, :, :seen])
            # neither g . out nor BLAS, which round otherwise: near one-hot rows it must cancel
            gp -= np.einsum("hij,hij->hi", p, gp)[..., None]
            gp *= p
            part = gq[heads, rows]
            np.matmul(gp, k[heads, :seen], out=part)
            part *= kind(scale)
            gk[heads, :seen] += np.matmul(gp.swapaxes(1, 2), q[heads, rows])

    products_over_rows(work, count, count * queries * keys * 16)
    return gq.reshape(shapes[0]), gk.reshape(shapes[1]), gv.reshape(shapes[2]), None
