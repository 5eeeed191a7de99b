"""float16: sums, products and gradients of thousands of numbers are taken in float32."""

from __future__ import annotations

import minitorch
import minitorch.nn.functional as F
import numpy as np
import pytest

MANY = 4096
TENTH = float(np.float16(0.1))


def tenths(*shape):
    return minitorch.full(shape, 0.1, dtype=minitorch.float16)


def gradient(function, *shape):
    x = tenths(*shape).requires_grad_()
    function(x).backward()
    return x.grad


ROWS = {
    "sum": (lambda: tenths(MANY, 3).sum(0)[0], MANY * TENTH),
    "nansum": (lambda: tenths(MANY, 3).nansum(0)[0], MANY * TENTH),
    "nanmean": (lambda: tenths(MANY, 3).nanmean(0)[0], TENTH),
    "cumsum": (lambda: tenths(MANY).cumsum(0)[-1], MANY * TENTH),
    "einsum": (lambda: minitorch.einsum("ij->j", tenths(MANY, 2))[0], MANY * TENTH),
    "matmul": (lambda: (tenths(2, MANY) @ tenths(MANY, 2))[0, 0], MANY * TENTH**2),
    "prod": (lambda: minitorch.full((1024,), 1 - 2**-10, dtype=minitorch.half).prod(), 0.36770),
    "bias": (lambda: gradient(lambda b: (tenths(MANY, 2) + b).sum(), 2)[0], MANY),
    "expand": (lambda: gradient(lambda b: b.expand(MANY, 2).sum(), 2)[0], MANY),
    "index_add": (
        lambda: minitorch.zeros(1, dtype=minitorch.half).index_add(
            0, minitorch.zeros(MANY, dtype=minitorch.int64), tenths(MANY)
        ),
        MANY * TENTH,
    ),
    "embedding": (
        lambda: gradient(
            lambda w: F.embedding(minitorch.zeros(MANY, dtype=minitorch.int64), w).sum(), 1, 1
        ),
        MANY,
    ),
    "avg_pool1d": (lambda: F.avg_pool1d(tenths(1, 1, MANY), MANY), TENTH),
    "batch_norm": (
        lambda: F.batch_norm(
            minitorch.cat([tenths(MANY, 1) * 10, tenths(MANY, 1) * -10]), None, None, training=True
        )[0],
        1.0,
    ),
    "layer_norm": (
        lambda: F.layer_norm(minitorch.cat([tenths(MANY) * 10, tenths(MANY) * -10]), (2 * MANY,))[
            0
        ],
        1.0,
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_accumulates_in_single(name):
    made, right = ROWS[name][0](), ROWS[name][1]
    assert made.dtype == minitorch.float16
    assert made.item() == pytest.approx(right, rel=2e-3)


def test_of_the_greatest():
    """65504 is the largest number: a sum beyond it is infinite, a mean is not."""
    x = minitorch.full((4,), 60000.0, dtype=minitorch.float16)
    assert x.sum().item() == float("inf")
    assert x.mean().item() == 60000
