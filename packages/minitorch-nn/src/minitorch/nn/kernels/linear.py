"""y = x W' + b and its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
from minitorch.extend import SHARED, column_sums, threads_off_this_core

SMALL = 1 << 17  # multiply-adds
FEW = 64  # rows; measured


def linear(x: Any, weight: Any, bias: Any) -> Any:
    dtype = x.dtype
    if weight.dtype is not dtype and weight.dtype != dtype:
        raise RuntimeError(
            f"mat1 and mat2 must have the same dtype, but got {dtype} and {weight.dtype}"
        )
    rows = x if x.ndim == 2 else x.reshape(-1, x.shape[-1])
    products = len(rows) * weight.size
    out = rows.dot(weight.T) if products <= SMALL else _product(rows, weight, products)
    if bias is not None:
        if bias.dtype is not dtype and bias.dtype != dtype:
            raise RuntimeError(
                f"bias and mat1 must have the same dtype, but got {bias.dtype} and {dtype}"
            )
        out += bias
    return out if x.ndim == 2 else out.reshape((*x.shape[:-1], *weight.shape[:-1]))


def _product(rows: Any, weight: Any, products: int) -> Any:
    """``rows.dot(weight.T)`` in the form in which BLAS is quickest."""
    if products >= SHARED:
        threads_off_this_core()
    count = len(rows)
    if 1 < count <= FEW and 4 * count <= len(weight) and weight.ndim == 2:
        # half to three quarters of the time where the larger matrix comes first
        return np.ascontiguousarray(weight.dot(rows.T).T)
    across = weight.T
    if count > 1 and products < SHARED:  # quicker by a third then, measured
        across = np.ascontiguousarray(across)
    return rows.dot(across)


def linear_backward(g: Any, x: Any, weight: Any, needs: Any) -> tuple[Any, Any, Any]:
    out = weight.shape[:-1]  # () where the layer has one output and its weight one dimension
    if g.ndim != 2 or not out:
        x = x.reshape(-1, weight.shape[-1])
        rows = g.reshape(-1, *out)
    else:
        rows = g
    gx = gw = gb = None
    if needs[0]:
        gx = rows.dot(weight) if out else np.multiply.outer(rows, weight)
        if g.ndim != 2 or not out:
            gx = gx.reshape(*g.shape[: g.ndim - len(out)], weight.shape[-1])
    if needs[1]:
        gw = rows.T.dot(x)
    if needs[2]:
        gb = column_sums(rows) if out else np.add.reduce(rows)
    return gx, gw, gb
