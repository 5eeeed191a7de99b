"""The order of results in memory: C's where PyTorch's is, else the input's, or as asked for."""

from __future__ import annotations

import operator
from typing import Any

import minitorch
import numpy as np
import pytest

X = np.arange(24.0).reshape(4, 3, 2).transpose(2, 1, 0)  # (2, 3, 4), steps 1, 2, 6

CONTIGUOUS: list[tuple[str, Any, Any]] = [
    ("cat", lambda x: minitorch.cat([x, x], 1), np.concatenate([X, X], 1)),
    ("stack", lambda x: minitorch.stack([x, x], 1), np.stack([X, X], 1)),
    ("sum", lambda x: x.sum(1), X.sum(1)),
    ("mean", lambda x: x.mean(0, keepdim=True), X.mean(0, keepdims=True)),
    ("amax", lambda x: x.amax(0), X.max(0)),
    ("max", lambda x: x.max(2).values, X.max(2)),
    ("all", lambda x: x.all(1), X.all(1)),
    ("var", lambda x: x.var(0, correction=0), X.var(0)),
    ("norm", lambda x: x.norm(1, 0), abs(X).sum(0)),
    ("cumsum", lambda x: x.cumsum(0), X.cumsum(0)),
    ("cummax", lambda x: x.cummax(1).indices, X * 0 + np.arange(3)[:, None]),
    ("gather", lambda x: x.gather(0, (x * 0).long()), X[[0, 0]]),
    ("roll", lambda x: x.roll(1, 0), np.roll(X, 1, 0)),
    ("tril", lambda x: x.tril(), np.tril(X)),
    ("masked_fill", lambda x: x.masked_fill(x > 5, 0), np.where(X > 5, 0, X)),
    ("repeat", lambda x: x.repeat(1, 2, 1), np.tile(X, (1, 2, 1))),
    ("matmul", lambda x: x @ x.mT, X @ X.swapaxes(1, 2)),
    ("topk", lambda x: x.topk(1, 0).values, X[1:]),
    ("contiguous_format", lambda x: x.clone(memory_format=minitorch.contiguous_format), X),
    ("cast", lambda x: x.to(minitorch.int64, memory_format=minitorch.contiguous_format), X),
]
IN_ORDER: list[tuple[str, Any, Any]] = [
    ("clone", lambda x: x.clone(), X),
    ("float", lambda x: x.float(), X),
    ("zeros_like", minitorch.zeros_like, 0 * X),
    ("flip", lambda x: x.flip(0), X[::-1]),
    ("sort", lambda x: x.sort(2, descending=True).values, X[..., ::-1]),
    ("index_fill", lambda x: x.index_fill(0, minitorch.tensor([1]), 5), [X[0], 0 * X[1] + 5]),
    ("index_put", lambda x: x.index_put((minitorch.tensor([-1]),), 0 * x[0]), [X[0], 0 * X[1]]),
    ("put", lambda x: x.put(minitorch.tensor([1]), x[1, 2, 3:]), np.where(X == 6, 23, X)),
    ("slice_scatter", lambda x: x.slice_scatter(x[:1], 0, 1, 2), X[[0, 0]]),
]


@pytest.mark.parametrize(("name", "op", "expected"), CONTIGUOUS, ids=[c[0] for c in CONTIGUOUS])
def test_contiguous(name: str, op: Any, expected: Any) -> None:
    made = op(minitorch.tensor(X.T.copy()).permute(2, 1, 0))
    np.testing.assert_allclose(made.numpy(), expected)
    assert made.is_contiguous()
    assert made.view(-1).shape == (expected.size,)


@pytest.mark.parametrize(("name", "op", "expected"), IN_ORDER, ids=[c[0] for c in IN_ORDER])
def test_in_order(name: str, op: Any, expected: Any) -> None:
    made = op(minitorch.tensor(X.T.copy()).permute(2, 1, 0))
    np.testing.assert_allclose(made.numpy(), expected)
    assert made.stride() == (1, 2, 6)


def test_copies_of_expanded_tensors() -> None:
    rows = minitorch.arange(3.0).expand(4, 3)
    columns = minitorch.arange(6.0).reshape(2, 3).t().unsqueeze(2).expand(3, 2, 4)
    assert rows.clone().stride() == rows.double().stride() == (3, 1)
    assert columns.clone().stride() == columns.double().stride() == (4, 12, 1)
    assert minitorch.empty_like(columns).stride() == (4, 12, 1)


@pytest.mark.parametrize(
    ("memory_format", "shape", "stride"),
    [
        (minitorch.channels_last, (2, 3, 4, 5), (60, 1, 15, 3)),
        (minitorch.channels_last_3d, (2, 3, 4, 5, 6), (360, 1, 90, 18, 3)),
        (minitorch.contiguous_format, (2, 3), (3, 1)),
    ],
)
def test_memory_formats(memory_format: Any, shape: Any, stride: Any) -> None:
    x = minitorch.randn(shape, requires_grad=True)
    made = x.clone(memory_format=memory_format)
    assert made.stride() == stride
    assert made.is_contiguous(memory_format=memory_format)
    assert made.contiguous(memory_format=memory_format) is made
    assert made.to(memory_format=memory_format) is made
    assert made.clone().stride() == made.double().stride() == stride
    assert minitorch.empty(shape, memory_format=memory_format).stride() == stride
    assert minitorch.ones_like(x, memory_format=memory_format).stride() == stride
    assert x.double(memory_format=memory_format).stride() == stride
    np.testing.assert_array_equal(made.numpy(force=True), x.numpy(force=True))
    (made * made).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * x.numpy(force=True))


def test_formats_for_other_dimensions() -> None:
    x = minitorch.zeros(2, 3)
    for call in (x.clone, x.contiguous, x.to, x.float, lambda **f: minitorch.empty_like(x, **f)):
        with pytest.raises(RuntimeError, match="required rank 4 tensor to use channels_last"):
            call(memory_format=minitorch.channels_last)
    assert not x.is_contiguous(memory_format=minitorch.channels_last)
    with pytest.raises(RuntimeError, match="Preserve"):
        minitorch.empty(2, memory_format=minitorch.preserve_format)
    with pytest.raises(TypeError, match="memory_format"):
        x.clone(memory_format="channels_last")
    with pytest.raises(RuntimeError, match="preserve"):
        x.t().contiguous(memory_format=minitorch.preserve_format)


def test_gradients_in_another_order_through_as_strided() -> None:
    x = minitorch.ones(2, 3, requires_grad=True)
    y = x * 1
    y.as_strided((2, 2), (1, 2)).mul_(minitorch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    (y.t() * minitorch.arange(6.0).reshape(3, 2)).sum().backward()
    assert x.grad.tolist() == [[0, 6, 8], [4, 3, 5]]


OF_NUMBERS: dict[str, Any] = {
    **{
        name: operator.methodcaller(name, 0)
        for name in ("max", "min", "median", "nanmedian", "mode", "sort", "prod", "cummax",
                     "cummin", "logcumsumexp", "cumsum", "cumprod", "amax", "sum")
    },
    "msort": lambda x: x.msort(),
    "topk": lambda x: x.topk(1),
    "kthvalue": lambda x: x.kthvalue(1),
    "diff": lambda x: x.reshape(1).diff(0),
    "sum_to_size": lambda x: x.sum_to_size(()),
    "repeat": lambda x: x.repeat(()),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_results_of_numbers_are_new_memory(name: str) -> None:
    x = minitorch.arange(3.0)[2]
    made = OF_NUMBERS[name](x)
    (made[0] if isinstance(made, tuple) else made).mul_(10)
    assert x.item() == 2


def test_a_written_result_leaves_the_gradient_right() -> None:
    w = minitorch.tensor([2.0, 3.0], requires_grad=True)
    p = (w * 1)[0]
    q = p * p
    p.detach().max(0)[0].mul_(10)
    q.backward()
    assert w.grad.tolist() == [4, 0]
