"""``out=``: where it is, what it writes, what it refuses."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import minitorch as torch
import pytest
from minitorch import fft, linalg, special

FUNCTIONS: dict[str, Any] = {
    f"{module.__name__}.{name}": function
    for module in (torch, linalg, special, fft)
    for name in dir(module)
    if (function := getattr(module, name, None))
    and name[0] != "_"
    and not name.endswith(("_", "_p"))
    and inspect.isfunction(function)
    and "out" in inspect.signature(function).parameters
}


def test_who_takes_it() -> None:
    assert len(FUNCTIONS) > 300
    for name in ("exp", "add", "mul", "sort", "max", "cat", "zeros", "where", "matmul", "norm"):
        assert f"minitorch.{name}" in FUNCTIONS


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_looked_at(name: str) -> None:
    """A function that declared it and did not look at it would compute and say nothing."""
    function = FUNCTIONS[name]
    given = {"n": 1, "size": (2,), "fill_value": 1, "shape": (2,), "start": 1, "end": 2, "steps": 2}
    given |= {"dim": 0, "k": 1, "p": 1.0, "mean": 0.0, "tensors": [torch.ones(2, 2)] * 2}
    parameters = [
        p
        for p in inspect.signature(function).parameters.values()
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    wanted = [p for p in parameters if p.default is p.empty]
    kwargs = {p.name: given.get(p.name, torch.eye(2)) for p in wanted}
    with pytest.raises(TypeError, match="argument 'out' must be"):
        function(**kwargs, out="text")


@pytest.mark.parametrize("name", ["add", "sum", "sort", "addmm", "clamp", "cumsum", "gather"])
def test_methods_have_none(name: str) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'out'"):
        getattr(torch.ones(2), name)(out=torch.ones(2))
    if hasattr(torch.Tensor, f"{name}_"):
        with pytest.raises(TypeError, match="unexpected keyword argument 'out'"):
            getattr(torch.ones(2), f"{name}_")(out=torch.ones(2))


def test_functions_without() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'out'"):
        torch.relu(torch.ones(2), out=torch.ones(2))  # type: ignore[call-arg]


def test_what_it_gives() -> None:
    x, out = torch.tensor([1.0, 4.0]), torch.empty(2)
    assert torch.sqrt(x, out=out) is out
    assert out.tolist() == [1.0, 2.0]
    assert out._version == 1
    assert torch.add(x, x, alpha=2, out=x) is x
    assert x.tolist() == [3.0, 12.0]
    assert torch.sqrt(x, out=None) is not x


def test_views() -> None:
    whole = torch.zeros(4)
    torch.exp(torch.zeros(2), out=whole[::2])
    assert whole.tolist() == [1.0, 0.0, 1.0, 0.0]
    assert whole._version == 1


def test_several() -> None:
    x = torch.tensor([[3.0, 1.0]])
    values, indices = torch.empty(1, 2), torch.empty(1, 2, dtype=torch.int64)
    made = torch.sort(x, out=(values, indices))
    assert made.values is values
    assert made.indices is indices
    assert indices.tolist() == [[1, 0]]
    with pytest.raises(TypeError, match="tuple of 2 elements but got 1"):
        torch.sort(x, out=(values,))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="tuple of 2 elements but got Tensor"):
        torch.sort(x, out=values)  # type: ignore[arg-type]


def test_other_shapes() -> None:
    out = torch.empty(0)
    assert torch.exp(torch.zeros(2, 3), out=out).shape == (2, 3)
    with pytest.warns(UserWarning, match="was resized since it had shape"):
        torch.exp(torch.zeros(2), out=out)
    assert out.shape == (2,)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert torch.zeros(3, out=out).shape == (3,)


DTYPES = [
    (lambda x, out: torch.exp(x, out=out), "double", "long", "result type Float can't be cast"),
    (lambda x, out: torch.neg(x, out=out), "float", "double", "Found dtype Double but expected"),
    (lambda x, out: torch.eq(x, x, out=out), "short", None, ""),
    (lambda x, out: torch.sum(x, 0, out=out), "long", None, ""),
    (lambda x, out: torch.bernoulli(x, out=out), "long", None, ""),
    (lambda x, out: torch.zeros(2, out=out), "long", None, ""),
    (
        lambda x, out: torch.zeros(2, dtype=torch.float64, out=out),
        "double",
        "float",
        "dtype Double does not match dtype of out parameter .Float.",
    ),
]


@pytest.mark.parametrize(("call", "good", "bad", "message"), DTYPES)
def test_dtypes(call: Any, good: str, bad: str | None, message: str) -> None:
    out = torch.ones(2).to(getattr(torch, good))
    assert call(torch.zeros(2), out.sum() if call is DTYPES[3][0] else out).dtype == out.dtype
    if bad is not None:
        out = torch.full((2,), 7, dtype=getattr(torch, bad))
        with pytest.raises(RuntimeError, match=message):
            call(torch.zeros(2), out)
        assert out.tolist() == [7, 7]
        assert out._version == 0


def test_gradients() -> None:
    leaf = torch.ones(2, requires_grad=True)
    for x, out in ((leaf, torch.ones(2)), (torch.ones(2), leaf)):
        with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
            torch.exp(x, out=out)
        with torch.no_grad():
            torch.exp(x, out=out)
    leaf = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        torch.cat([torch.ones(1), leaf], out=torch.ones(3))
    out = torch.ones(2)
    y = leaf * out
    torch.exp(torch.ones(2), out=out)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_memory_that_is_shared() -> None:
    x = torch.arange(4.0)
    with pytest.raises(RuntimeError, match="some elements of the input tensor"):
        torch.exp(x[:-1], out=x[1:])
    with pytest.raises(RuntimeError, match="more than one element"):
        torch.exp(x, out=torch.zeros(1).expand(4))
    square = torch.arange(4.0).reshape(2, 2)
    assert torch.mm(square, square, out=square).tolist() == [[2.0, 3.0], [6.0, 11.0]]


ONES = torch.ones(2)
WORDS = [
    (torch.all, (ONES,), torch.ones(()), "only supports bool tensor for result, got: Float"),
    (torch.nonzero, (ONES,), ONES, "scalar type Long but got scalar type Float"),
    (torch.quantile, (ONES, 0.5), ONES.double(), "same dtype as the input"),
]


@pytest.mark.parametrize(("function", "args", "out", "message"), WORDS)
def test_words_of_their_own(function: Any, args: Any, out: Any, message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        function(*args, out=out)


def test_a_tensor_is_no_tuple_of_them() -> None:
    for name in ("cat", "stack", "hstack", "vstack", "dstack", "column_stack"):
        with pytest.raises(TypeError, match="must be tuple of Tensors, not Tensor"):
            getattr(torch, name)(torch.ones(2))


@pytest.mark.parametrize("function", [torch.abs, torch.angle])
def test_real_results_in_complex_tensors(function: Any) -> None:
    x = torch.tensor([3 + 4j, -1j])
    for dtype in (torch.float64, torch.complex64, torch.complex128):
        made = function(x, out=torch.empty(2, dtype=dtype))
        assert made.dtype is dtype
        assert torch.allclose(made.real.float(), function(x))


X = torch.ones(3)
WORDS = {
    "abs": (lambda out: torch.abs(X, out=out), torch.float64, "Found dtype Double but expected Fl"),
    "neg": (lambda out: torch.neg(X, out=out), torch.int64, "Found dtype Long but expected Float"),
    "searchsorted": (lambda out: torch.searchsorted(X, X, out=out), torch.float32, "is wrong"),
    "bucketize": (lambda out: torch.bucketize(X, X, out=out), torch.int32, "dtype is wrong"),
    "heaviside": (lambda out: torch.heaviside(X, X, out=out), torch.complex64, "complex tensors"),
    "histogram": (
        lambda out: torch.histogram(X, 3, out=(out, torch.empty(4))), torch.float64, "hist tensor"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WORDS)
def test_words_of_wrong_dtypes(name: str) -> None:
    function, dtype, text = WORDS[name]
    with pytest.raises(RuntimeError, match=text):
        function(torch.empty(3, dtype=dtype))
