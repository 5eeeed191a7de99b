"""Gradients where a function is undefined, meets its bound or has ties."""

from __future__ import annotations

import math

import minitorch
import numpy as np
import pytest

INF, NAN = math.inf, math.nan
ORIGIN = minitorch.zeros(1, 2)
ROWS = (  # function, input, gradient
    (lambda x: minitorch.atan2(x[0], x[1]), (0.0, 0.0), (0.0, 0.0)),
    (lambda x: minitorch.acosh(x), (-2.0,), (1 / math.sqrt(3),)),
    (lambda x: minitorch.sinc(x), (0.0, 1e-30), (0.0, 0.0)),
    (lambda x: minitorch.logit(x, 0.1), (NAN, 0.0), (NAN, 0.0)),
    (lambda x: x**0.5, (-0.0, -INF), (-INF, NAN)),
    (lambda x: minitorch.cdist(x[None], ORIGIN, INF), (2.0, -2.0), (1.0, -1.0)),
    (lambda x: minitorch.cdist(x[None], ORIGIN, 0.0), (2.0, NAN), (0.0, 0.0)),
    (lambda x: minitorch.linalg.vector_norm(x, 0), (NAN, 1.0), (0.0, 0.0)),
    (lambda x: minitorch.det(x.reshape(2, 2)), (NAN, 1.0, 1.0, 1.0), (NAN,) * 4),
    (lambda x: minitorch.det(x.reshape(2, 1, 1)), (NAN, 2.0), (1.0, 1.0)),
    (lambda x: minitorch.logdet(x.reshape(2, 2)), (1.0, 1.0, 1.0, 1.0), (INF, -INF, -INF, INF)),
    (lambda x: minitorch.slogdet(x.reshape(2, 1, 1))[1], (0.0, 2.0), (INF, 0.5)),
    (lambda x: minitorch.matrix_exp(x.reshape(3, 1, 1)), (0.0, NAN, INF), (1.0, NAN, NAN)),
)  # fmt: skip


@pytest.mark.parametrize("row", range(len(ROWS)))
def test_gradients(row):
    function, at, right = ROWS[row]
    x = minitorch.tensor(at, requires_grad=True)
    function(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), right, rtol=1e-6)


def test_values():
    x = minitorch.tensor([[[0.0]], [[NAN]], [[1.0]], [[INF]]])
    np.testing.assert_allclose(minitorch.matrix_exp(x).flatten(), [1, NAN, math.e, NAN], rtol=1e-6)
    x = minitorch.tensor([[[NAN, 1], [1, 1]], [[1, 2], [2, 4]], [[1, 2], [3, 4]]])
    np.testing.assert_allclose(minitorch.det(x), [NAN, 0, -2], rtol=1e-6)
    np.testing.assert_allclose(minitorch.logdet(x[:2]), [NAN, -INF])
    np.testing.assert_allclose(minitorch.slogdet(x)[0], [0, 0, -1])
    np.testing.assert_allclose(minitorch.det(x[0]), NAN)
    made, info = minitorch.linalg.inv_ex(x[1])
    assert (made.tolist(), info.item()) == ([[-INF, INF], [INF, -INF]], 2)
    assert minitorch.tensor([-0.0]).pow(-0.5).item() == -INF
    tiny = minitorch.tensor([1e-310, -1e-310], dtype=minitorch.float64)
    assert minitorch.lgamma(tiny).tolist() == pytest.approx([713.8013788] * 2)
    assert minitorch.polygamma(1, minitorch.tensor([-1e-9])).item() == pytest.approx(1e18)
