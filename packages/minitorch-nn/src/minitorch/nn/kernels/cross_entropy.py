"""Cross entropy of logits and class numbers: one pass forward, one backward.

With p = softmax(x), s the label smoothing, w the class weights and
q = (1 - s) w_t onehot(t) + s w / C, a row's loss is -sum(q log p) and its gradient sum(q) p - q.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from minitorch.extend import (
    column_sums,
    exponentials,
    offer,
    outside,
    over_elements,
    over_rows,
    row_sums,
)

FEW = 32  # classes; measured
MANY = 1 << 18  # scores; all cores work on so many


def as_rows(x: Any) -> Any:
    """(N, C), (N, C, d1, ...) or (C,) as (rows, C)."""
    if x.ndim == 2:
        return x
    if x.ndim == 1:
        return x[None]
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


def like(rows: Any, shape: tuple[int, ...]) -> Any:
    """(rows, C) in the shape that ``as_rows`` took it from."""
    if len(shape) < 3:
        return rows.reshape(shape)
    return np.moveaxis(rows.reshape(shape[0], *shape[2:], shape[1]), -1, 1)


def check_labels(t: Any, classes: int, ignore: int) -> Any:
    """Which rows count, None for all.

    Raises:
        IndexError: a label is not that of a class and not ``ignore``.
    """
    apart = not 0 <= ignore < classes
    if type(t) is not np.ndarray:  # a proxy of one, which is recorded
        check = (outside, t, classes) if apart else (check_labels, t, classes, ignore)
        return t.assuming(*check)
    if apart and t.size and outside(t, classes) is None:
        return None
    counts = t != ignore
    wrong = counts & ((t < 0) | (t >= classes))
    if wrong.any():
        raise IndexError(f"Target {t[wrong][0]} is out of bounds.")
    return None if counts.all() else counts


def softmax_of_many(rows: Any) -> tuple[Any, Any, Any]:
    """(softmax, sums of the exponentials, what was taken off before: mostly nothing)"""
    y = np.empty_like(rows)
    sums, tops = np.zeros((2, len(rows)), rows.dtype)

    def work(start: int, stop: int) -> None:
        part = slice(start, stop)
        made, shifted = exponentials(rows[part], y[part])
        y[part] *= 1 / made
        sums[part] = made[:, 0]
        if shifted:
            np.maximum.reduce(rows[part], axis=1, out=tops[part])

    over_rows(work, len(rows), 7 * rows.size)
    return y, sums, tops


def probabilities(rows: Any, t: Any, weight: Any, smoothing: float) -> Any:
    """(softmax, where the labels' numbers are in it, x - max(x) of the labels, logarithms of the
    sums of exponentials, with ``smoothing`` the weighted sums of x - max(x))"""
    n, classes = rows.shape
    if classes < FEW:
        rows = np.asfortranarray(rows)  # NumPy reduces many short rows faster by columns
    many = rows.size >= MANY and rows.flags.c_contiguous
    if many:
        y, sums, tops = softmax_of_many(rows)
        shifted = rows - tops[:, None] if np.logical_or.reduce(tops) else rows
    else:
        y = shifted = rows - np.maximum.reduce(rows, axis=1, keepdims=True)
    # where the labels' numbers are in memory, which is in order of rows or of columns
    at = (
        t + np.arange(0, y.size, classes, dtype=np.int64)
        if y.flags.c_contiguous
        else t * n + np.arange(n, dtype=np.int64)
    )
    chosen = shifted.ravel("K").take(at.astype(np.intp, copy=False))
    others = None
    if smoothing:
        others = row_sums(shifted) if weight is None else shifted @ weight
    if not many:
        np.exp(y, out=y)
        sums = row_sums(y)
        y /= sums[:, None]
    return y, at, chosen, np.log(sums), others


offer("losses.probabilities", probabilities, partial(globals().__setitem__, "probabilities"))


def cross_entropy(
    x: Any, target: Any, weight: Any, ignore: int, reduction: str, smoothing: float
) -> tuple[Any, Any, Any, Any]:
    rows = as_rows(x)
    t = target.reshape(-1)
    n, classes = rows.shape
    counts = check_labels(t, classes, ignore)
    if not classes:  # of nothing: any label would have been refused, unless ignored
        rows, classes, weight = np.zeros((n, 1), x.dtype), 1, None
    if counts is not None:
        t = np.where(counts, t, 0)
    if x.itemsize == 2:
        rows = rows.astype(np.float32)
    y, at, chosen, log_sums, others = probabilities(rows, t, weight, smoothing)
    loss = log_sums - chosen
    w = None if weight is None else weight[t]
    if w is not None:
        loss *= w
    if smoothing:
        others -= log_sums * (classes if weight is None else weight.sum())
        loss = (1 - smoothing) * loss - (smoothing / classes) * others
    if counts is not None:
        loss = np.where(counts, loss, 0)
        w = counts.astype(y.dtype) if w is None else w * counts
    share: Any = w  # of each row in the result; None or a number for the same everywhere
    if reduction == "none":
        out = loss.reshape(target.shape)
    elif reduction == "sum":
        out = column_sums(loss)
    else:
        # where the weights sum to zero the mean is NaN, never infinite
        total = y.dtype.type(n) if w is None else np.add.reduce(w, dtype=y.dtype) or np.nan
        out = column_sums(loss) / total
        share = (1 if w is None else w) / total
    if smoothing and weight is not None:  # the smoothed part is not weighted by the label
        share = np.ones(n, y.dtype)
        if reduction == "mean":
            share /= total
    if counts is not None:
        share = np.where(counts, share, 0)
    return out if out.dtype is x.dtype else out.astype(x.dtype), y, share, at


def cross_entropy_backward(
    g: Any, x_shape: Any, x_dtype: Any, target: Any, weight: Any, smoothing: float,
    probabilities: Any, share: Any, at: Any,
) -> tuple[Any, None, None]:  # fmt: skip
    scale = g.reshape(-1) if g.ndim else g
    if share is not None:
        scale = scale * share
    scale = np.asarray(scale, probabilities.dtype)
    column = scale[:, None] if scale.ndim else scale
    if not (smoothing and len(probabilities)):
        if scale.ndim or probabilities.size < MANY or not probabilities.flags.c_contiguous:
            d = probabilities * column
        else:
            d = np.empty_like(probabilities)
            over_elements(lambda p, out: np.multiply(p, scale, out=out), 1, probabilities, d)
        d.ravel("K")[at] -= scale
    else:
        classes = probabilities.shape[1]
        w = weight if weight is not None else np.ones(classes, probabilities.dtype)
        t = target.reshape(-1)
        label = (1 - smoothing) * (w[np.where(scale == 0, 0, t)] if weight is not None else 1)
        smooth = (smoothing / classes) * w
        d = probabilities * np.asarray(label + smooth.sum(), probabilities.dtype).reshape(-1, 1)
        d -= smooth
        d.ravel("K")[at] -= label
        d *= column
    return like(d.astype(x_dtype, copy=False), x_shape), None, None
