"""Softmax, log_softmax, logsumexp: values, safety, gradients of both orders."""

from __future__ import annotations

from typing import Any

import minitorch
import numpy as np
import pytest
from minitorch.autograd import gradcheck, gradgradcheck

inf = np.inf
X = np.array([[0.5, -1.5, 2.0, 3.0], [4.0, 0.25, -2.5, 1.0], [1.5, -0.75, 0.1, 6.0]])


def leaf(x: Any) -> Any:
    return minitorch.tensor(np.asarray(x, np.float64), requires_grad=True)


def softmax(x: Any, dim: int) -> Any:
    e = np.exp(x - x.max(dim, keepdims=True))
    return e / e.sum(dim, keepdims=True)


FUNCTIONS = [
    ("softmax", softmax),
    ("log_softmax", lambda x, dim: np.log(softmax(x, dim))),
    ("logsumexp", lambda x, dim: np.log(np.exp(x).sum(dim))),
]


def call(name: str, x: Any, dim: int) -> Any:
    return getattr(minitorch, name)(x, dim)


@pytest.mark.parametrize(("name", "reference"), FUNCTIONS, ids=lambda v: str(v)[:11])
@pytest.mark.parametrize("dim", [0, -1])
def test_values_and_gradients(name: str, reference: Any, dim: int) -> None:
    np.testing.assert_allclose(call(name, leaf(X), dim).detach().numpy(), reference(X, dim))
    assert gradcheck(lambda x: call(name, x, dim), (leaf(X),))
    assert gradgradcheck(lambda x: call(name, x, dim), (leaf(X),))


@pytest.mark.parametrize("scale", [1.0, 30.0])  # 30: out of the range without maxima
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_large(name: str, dtype: str, scale: float) -> None:
    """The kernels by rows, on several cores, against the plain formula."""
    rng = np.random.default_rng(0)
    data = (rng.standard_normal((600, 500)) * scale).astype(dtype)
    weights = rng.standard_normal((600, 500))
    x = minitorch.tensor(data, requires_grad=True)
    y = call(name, x, 1)
    wide = data.astype(np.float64)
    p = softmax(wide, 1)
    top = wide.max(1, keepdims=True)
    log = wide - top - np.log(np.exp(wide - top).sum(1, keepdims=True))
    tolerance = 2e-5 if dtype == "float32" else 1e-10
    if name == "logsumexp":
        expected, w = (wide - log)[:, 0], weights[:, 0]
        slope = w[:, None] * p
    elif name == "softmax":
        expected, w = p, weights
        slope = p * (w - (w * p).sum(1, keepdims=True))
    else:
        expected, w = log, weights
        slope = w - p * w.sum(1, keepdims=True)
    np.testing.assert_allclose(y.detach().numpy(), expected, rtol=tolerance, atol=tolerance)
    y.backward(minitorch.tensor(w.astype(dtype)))
    np.testing.assert_allclose(x.grad.numpy(), slope, rtol=tolerance, atol=tolerance * 5)


def test_safe() -> None:
    x = minitorch.tensor([1000.0, 1000.0, -inf])
    assert x.softmax(0).tolist() == [0.5, 0.5, 0.0]
    np.testing.assert_allclose(x.logsumexp(0).item(), 1000 + np.log(2))
    np.testing.assert_allclose(x.log_softmax(0).numpy()[:2], [-np.log(2)] * 2, rtol=1e-6)
    assert minitorch.tensor([-inf, -inf]).logsumexp(0).item() == -inf
    assert np.isnan(minitorch.tensor([-inf, -inf]).softmax(0).numpy()).all()
    masked = np.zeros((600, 500), np.float32)
    masked[:, 1:] = -inf
    assert (minitorch.tensor(masked).softmax(1).numpy()[:, 0] == 1).all()


def test_dtypes_and_shapes() -> None:
    assert minitorch.tensor([1, 2]).softmax(0, dtype=minitorch.float64).dtype == minitorch.float64
    assert minitorch.tensor([1.0]).half().softmax(axis=-1).dtype == minitorch.float16
    assert minitorch.tensor([1, 2]).logsumexp(0).dtype == minitorch.float32
    assert minitorch.tensor(2.0).softmax(0).item() == 1
    assert minitorch.zeros(2, 0).softmax(1).shape == (2, 0)
    assert minitorch.zeros(2, 0).logsumexp(1).tolist() == [-inf, -inf]
    assert minitorch.tensor(X).logsumexp((0, 1), keepdim=True).shape == (1, 1)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_refusals(name: str) -> None:
    with pytest.raises(NotImplementedError, match=name):
        getattr(minitorch, name)(minitorch.tensor([1, 2]), 0)
    with pytest.raises(IndexError):
        getattr(minitorch, name)(minitorch.tensor([1.0, 2.0]), 1)
    with pytest.raises(TypeError):
        getattr(minitorch, name)(minitorch.tensor([1.0, 2.0]))


@pytest.mark.parametrize("offset", [0.0, 30.0, -30.0, 60.0, 1000.0, -1000.0])
def test_large_rows_keep_their_digits_far_from_zero(offset: float) -> None:
    x = np.random.default_rng(0).standard_normal((300, 400)).astype(np.float32) + np.float32(offset)
    exact = x.astype(np.float64) - x.max(1, keepdims=True)
    exact -= np.log(np.exp(exact).sum(1, keepdims=True))
    t = minitorch.from_numpy(x)
    assert np.allclose(t.log_softmax(1).numpy(), exact, rtol=1.3e-6, atol=1e-6)
    assert np.allclose(t.softmax(1).numpy(), np.exp(exact), rtol=2e-6, atol=0)
