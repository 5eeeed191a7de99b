"""Gradients of losses and activations at infinities and NaN."""

from __future__ import annotations

import math

import minitorch
import minitorch.nn.functional as F
import numpy as np
import pytest

INF, NAN = math.inf, math.nan
ZEROS = minitorch.zeros(3)
KERNEL = minitorch.tensor([[[NAN, 1.0]]])
ROWS = (  # function, input, gradient
    (lambda x: F.huber_loss(x, ZEROS, "sum", 2.0), (INF, -INF, 1.0), (2.0, -2.0, 1.0)),
    (lambda x: F.smooth_l1_loss(x, ZEROS, reduction="sum"), (INF, -INF, 0.5), (1.0, -1.0, 0.5)),
    (lambda x: F.pdist(x.reshape(2, 2), INF), (1.0, -1.0, 0.0, 0.0), (1.0, -1.0, -1.0, 1.0)),
    (lambda x: F.elu(x), (NAN, 1.0), (1.0, 1.0)),
    (lambda x: F.relu6(x), (NAN, 7.0), (1.0, 0.0)),
    (lambda x: F.hardswish(x), (NAN, 4.0), (NAN, 1.0)),
    (lambda x: F.rrelu(x, training=True), (NAN, 1.0), (1.0, 1.0)),
    (lambda x: F.gaussian_nll_loss(ZEROS, ZEROS, x, reduction="sum"), (INF, 1.0, 0.5), (0, 0.5, 1)),
    (lambda x: F.conv1d(x[None], KERNEL), (1.0, 2.0, 3.0), (NAN, NAN, 1.0)),
    (lambda x: F.conv2d(x[None, None], KERNEL[None]), (1.0, 2.0, 3.0), (NAN, NAN, 1.0)),
)  # fmt: skip


@pytest.mark.parametrize("row", range(len(ROWS)))
def test_gradients(row):
    function, at, right = ROWS[row]
    x = minitorch.tensor(at, requires_grad=True)
    function(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), right, rtol=1e-6)


def test_values():
    """What is not finite in a kernel reaches the elements under it."""
    x = minitorch.ones(1, 1, 3)
    for made in (F.conv_transpose1d(x, KERNEL), F.conv_transpose2d(x, KERNEL[None])):
        np.testing.assert_array_equal(made.flatten(), [NAN, NAN, NAN, 1.0])
    assert F.gelu(minitorch.tensor([INF])).item() == INF
