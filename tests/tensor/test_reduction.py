"""Sums, means, products, extrema, counts, norms: values, gradients of both orders, refusals."""

from __future__ import annotations

import pickle
from typing import Any

import minitorch
import numpy as np
import pytest
from minitorch.autograd import gradcheck, gradgradcheck

nan, inf = np.nan, np.inf
X = np.array([[0.5, -1.5, 2.0, 3.0], [4.0, 0.25, -2.5, 1.0], [1.5, -0.75, 0.1, 6.0]])
ZEROS = np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 4.0], [1.0, 5.0, 6.0]])
TIES = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
GAPS = np.array([[1.0, nan, 3.0], [nan, 2.0, 5.0]])


def leaf(x: Any) -> Any:
    return minitorch.tensor(np.asarray(x, np.float64), requires_grad=True)


VALUES = [
    (lambda x: x.sum(), np.sum(X)),
    (lambda x: x.sum(0), X.sum(0)),
    (lambda x: x.sum(axis=-1, keepdims=True), X.sum(-1, keepdims=True)),
    (lambda x: x.sum((0, 1)), X.sum()),
    (lambda x: x.sum(()), X.sum()),
    (lambda x: x.mean(), X.mean()),
    (lambda x: x.mean(1, keepdim=True), X.mean(1, keepdims=True)),
    (lambda x: x.prod(), X.prod()),
    (lambda x: x.prod(1), X.prod(1)),
    (lambda x: x.amax((0, 1)), X.max()),
    (lambda x: x.amin(0), X.min(0)),
    (lambda x: x.max(), X.max()),
    (lambda x: x.max(1).values, X.max(1)),
    (lambda x: x.min(0, keepdim=True).indices, X.argmin(0, keepdims=True)),
    (lambda x: minitorch.max(x, -x), np.abs(X)),
    (lambda x: minitorch.min(x, other=-x), -np.abs(X)),
    (lambda x: x.aminmax(dim=0).max, X.max(0)),
    (lambda x: x.argmax(), X.argmax()),
    (lambda x: x.argmin(dim=1), X.argmin(1)),
    (lambda x: (x > 0).all(0), (X > 0).all(0)),
    (lambda x: (x > 5).any(), True),
    (lambda x: x.count_nonzero(dim=1), np.count_nonzero(X, 1)),
    (lambda x: x.norm(), np.sqrt((X**2).sum())),
    (lambda x: x.norm(1, 1), np.abs(X).sum(1)),
    (lambda x: x.norm(inf, 0), np.abs(X).max(0)),
    (lambda x: x.norm(-inf, 0), np.abs(X).min(0)),
    (lambda x: x.norm(0, 0), np.full(4, 3.0)),
    (lambda x: x.norm(3), (np.abs(X) ** 3).sum() ** (1 / 3)),
    (lambda x: minitorch.dist(x, x * 2, 1), np.abs(X).sum()),
    (lambda x: x.renorm(2, 1, 1.0).norm(dim=0), np.ones(4)),
    (lambda x: x.renorm(2, 1, 100.0), X),
]


@pytest.mark.parametrize(("function", "expected"), VALUES)
def test_values(function: Any, expected: Any) -> None:
    np.testing.assert_allclose(function(minitorch.tensor(X)).numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x.nansum(), 11.0),
        (lambda x: x.nansum(0), [1.0, 2.0, 8.0]),
        (lambda x: x.nanmean(1), [2.0, 3.5]),
        (lambda x: x.max(1).values, [nan, nan]),
        (lambda x: x.max(1).indices, [1, 0]),
        (lambda x: x.amin(), nan),
        (lambda x: x.argmax(1), [1, 0]),
    ],
)
def test_nan(function: Any, expected: Any) -> None:
    np.testing.assert_array_equal(function(minitorch.tensor(GAPS)).numpy(), expected)


GRADIENTS = [
    ("sum", lambda x: x.sum(), X),
    ("sum of 0-dim", lambda x: x.sum(), 2.0),
    ("sum dims", lambda x: x.sum((0,)) ** 2, X),
    ("mean", lambda x: x.mean() ** 2, X),
    ("mean keepdim", lambda x: x.mean(0, True) * x, X),
    ("prod", lambda x: x.prod(), X),
    ("prod dim", lambda x: x.prod(1, True), X),
    ("prod with zeros", lambda x: x.prod(1), ZEROS),
    ("prod with zeros, other dim", lambda x: x.prod(0), ZEROS),
    ("prod with one zero", lambda x: x.prod(), ZEROS[0]),
    ("prod with two zeros", lambda x: x.prod(), ZEROS),
    ("max", lambda x: x.max() ** 2, X),
    ("max dim", lambda x: x.max(1).values ** 2, X),
    ("min dim", lambda x: x.min(0, keepdim=True).values * x, X),
    ("amax", lambda x: x.amax((0, 1)) * x, X),
    ("aminmax", lambda x: tuple(x.aminmax(dim=1)), X),
    ("nansum", lambda x: (x * x).nansum(1), X),
    ("norm", lambda x: x.norm(), X),
    ("norm 1", lambda x: x.norm(1, 0), X),
    ("norm 1.5", lambda x: x.norm(1.5, 0), X),
    ("norm 3", lambda x: x.norm(3, 1, True), X),
    ("norm inf", lambda x: x.norm(inf, 1), X),
    ("renorm", lambda x: x.renorm(2, 0, 2.0), X),
]


@pytest.mark.parametrize(
    ("name", "function", "x"), GRADIENTS, ids=lambda v: v if isinstance(v, str) else "f"
)
def test_gradients(name: str, function: Any, x: Any) -> None:
    assert gradcheck(function, (leaf(x),))
    assert gradgradcheck(function, (leaf(x),))


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (lambda x: x.max(), TIES, [[0, 0.5, 0.5], [0, 0, 0]]),
        (lambda x: x.amax(1).sum(), TIES, [[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]]),
        (lambda x: x.max(1).values.sum(), TIES, [[0, 1, 0], [1, 0, 0]]),
        (lambda x: x.max(), [1.0, nan, nan], [0, 0.5, 0.5]),
        (lambda x: x.nansum(), [1.0, nan], [1, 0]),
        (lambda x: x.norm(), [0.0, 0.0], [0, 0]),
        (lambda x: x.norm(1), [0.0, -2.0], [0, -1]),
        (lambda x: x.norm(inf), [2.0, -2.0], [0.5, -0.5]),
        (lambda x: x.norm(3), [0.0, 0.0], [0, 0]),
        (lambda x: x.norm(0), [1.0, 0.0], [0, 0]),
    ],
)
def test_conventions(function: Any, x: Any, expected: Any) -> None:
    x = leaf(x)
    function(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), expected)


@pytest.mark.parametrize(
    "shape", [(3, 4), (300, 400), (70000,), (3, 70001), (5000, 16), (16, 5000)]
)
def test_large_sums(shape: Any) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    t = minitorch.tensor(x, requires_grad=True)
    for dim in (None, -1, 0):
        np.testing.assert_allclose(
            t.sum(dim).detach().numpy(), x.sum(dim, dtype=np.float64), rtol=1e-5, atol=1e-3
        )
    t.mean().backward()
    np.testing.assert_allclose(t.grad.numpy(), np.full(shape, 1 / x.size), rtol=1e-6)
    assert t.grad.numpy().flags.writeable


DTYPES = [
    (lambda x: x.sum(), "int32", "int64"),
    (lambda x: x.sum(0), "uint8", "int64"),
    (lambda x: x.prod(), "bool", "int64"),
    (lambda x: x.sum(), "float16", "float16"),
    (lambda x: x.sum(dtype=minitorch.float64), "int32", "float64"),
    (lambda x: x.mean(dtype=minitorch.float32), "int64", "float32"),
    (lambda x: x.mean(), "float16", "float16"),
    (lambda x: x.all(), "uint8", "uint8"),
    (lambda x: x.any(0), "float32", "bool"),
    (lambda x: x.argmax(), "int32", "int64"),
    (lambda x: x.max(), "int8", "int8"),
    (lambda x: x.count_nonzero(), "bool", "int64"),
    (lambda x: x.norm(), "float16", "float16"),
]


@pytest.mark.parametrize(("function", "given", "expected"), DTYPES)
def test_dtypes(function: Any, given: str, expected: str) -> None:
    x = minitorch.tensor(np.array([1, 0, 1]).astype(given))
    assert function(x).dtype == getattr(minitorch, expected)


REFUSALS = [
    (lambda: minitorch.tensor([1, 2]).mean(), RuntimeError, "mean"),
    (lambda: minitorch.tensor([1, 2]).norm(), RuntimeError, "floating point"),
    (lambda: minitorch.tensor([1.0]).sum(1), IndexError, "out of range"),
    (lambda: minitorch.tensor(1.0).sum(1), IndexError, "out of range"),
    (lambda: minitorch.tensor([[1.0]]).sum((0, 0)), RuntimeError, "multiple times"),
    (lambda: minitorch.zeros(0).max(), RuntimeError, "numel"),
    (lambda: minitorch.zeros(2, 0).max(1), IndexError, "non-zero size"),
    (lambda: minitorch.zeros(0).amax(), RuntimeError, "numel"),
    (lambda: minitorch.zeros(0, 3).amin(0), IndexError, "non-zero size"),
    (lambda: minitorch.zeros(0).argmax(), IndexError, "numel"),
    (lambda: minitorch.tensor([True]).argmax(), RuntimeError, "bool"),
    (lambda: minitorch.zeros(2, 2).renorm(0, 0, 1.0), RuntimeError, "non-positive"),
    (lambda: minitorch.zeros(2).norm("what"), RuntimeError, "what"),
]


@pytest.mark.parametrize(("call", "error", "words"), REFUSALS)
def test_refusals(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_empty_and_zero_dim() -> None:
    assert minitorch.zeros(0).sum().item() == 0
    assert minitorch.zeros(0).prod().item() == 1
    assert np.isnan(minitorch.zeros(0).mean().item())
    assert minitorch.zeros(0, 3).max(1).values.shape == (0,)
    assert minitorch.tensor(3.0).sum(0).item() == 3
    values, indices = minitorch.tensor(3.0).max(-1)
    assert (values.item(), indices.item()) == (3.0, 0)


def test_named_results() -> None:
    result = minitorch.tensor([[1.0, 5.0], [7.0, 2.0]]).max(dim=1)
    assert repr(result) == (
        "torch.return_types.max(\nvalues=tensor([5., 7.]),\nindices=tensor([1, 0]))"
    )
    values, indices = result
    assert values is result.values
    assert indices is result[1]
    again = pickle.loads(pickle.dumps(result))
    assert type(again) is type(result)
    assert again.indices.tolist() == [1, 0]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64", "bool"])
@pytest.mark.parametrize(
    ("name", "exact"),
    [("sum", 300), ("nansum", 300), ("prod", 20000), ("cumsum", [200, 300]),
     ("cumprod", [200, 20000])],
)  # fmt: skip
def test_an_integer_dtype_is_that_of_the_result(name: str, exact: Any, dtype: str) -> None:
    kind = getattr(minitorch, dtype)
    dim = (0,) if name.startswith("cum") else ()
    for x in (minitorch.tensor([200, 100]), minitorch.tensor([200.0, 100.0])):
        if dtype == "bool" and dim:
            with pytest.raises(NotImplementedError, match="not implemented for 'Bool'"):
                getattr(minitorch, name)(x, *dim, dtype=kind)
            continue
        for made in (
            getattr(minitorch, name)(x, *dim, dtype=kind),
            getattr(x, name)(*dim, dtype=kind),
        ):
            assert made.dtype is kind
            assert made.tolist() == np.array(exact).astype(dtype).tolist()


def test_norm_writes_to_out() -> None:
    x = minitorch.tensor([[3.0, 4.0], [0.0, 0.0]])
    for options, expected in (({}, 5.0), ({"dim": 1}, [5.0, 0.0]), ({"p": "nuc"}, 5.0)):
        out = minitorch.empty(0)
        assert minitorch.norm(x, **options, out=out) is out
        assert out.tolist() == expected
    with pytest.raises(RuntimeError, match="Expected out tensor to have dtype float,"):
        minitorch.norm(x, out=minitorch.empty((), dtype=minitorch.float64))
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        minitorch.norm(x.clone().requires_grad_(), out=minitorch.empty(()))


def test_one_argument_by_two_names_is_refused() -> None:
    with pytest.raises(TypeError, match="two names"):
        minitorch.ones(2, 2).sum(dim=0, axis=1)
