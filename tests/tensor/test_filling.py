"""Writes into a tensor, older interfaces, segments, copies of views."""

from __future__ import annotations

from math import nan
from typing import Any

import minitorch as torch
import numpy as np
import pytest
from minitorch.autograd import gradcheck
from minitorch.ops import copies


def test_fill_diagonal() -> None:
    for shape, wrap in (((3, 3), False), ((2, 4), False), ((7, 3), True), ((7, 3), False)):
        expected = np.zeros(shape)
        np.fill_diagonal(expected, 5, wrap)
        x = torch.zeros(shape)
        assert x.fill_diagonal_(5, wrap) is x
        assert x.tolist() == expected.tolist()
    with pytest.raises(RuntimeError, match="must be of equal length"):
        torch.zeros(2, 2, 3).fill_diagonal_(1)


def test_map() -> None:
    x = torch.tensor([1.0, 2.0])
    assert x.map_(torch.tensor(10.0), lambda a, b: a + b).tolist() == [11.0, 12.0]
    assert x.map2_(x, torch.ones(2), lambda a, b, c: a + b + c).tolist() == [23.0, 25.0]
    with pytest.raises(RuntimeError, match="requires grad"):
        torch.ones(2, requires_grad=True).map_(torch.ones(2), max)


def test_new() -> None:
    x = torch.zeros(2, dtype=torch.int64)
    assert x.new(2, 3).shape == (2, 3)
    assert x.new([1, 2]).dtype is torch.int64
    assert x.new().shape == (0,)
    with pytest.raises(TypeError, match="expected a tensor of dtype"):
        x.new(torch.zeros(2))


ORDERS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("add", ("x", 2, "y"), {"alpha": 2}),
    ("sub", ("x", 2, "y"), {"alpha": 2}),
    ("addcmul", ("x", 2, "x", "y"), {"value": 2}),
    ("addcdiv", ("x", 2, "x", "y"), {"value": 2}),
    ("addmm", (2, "x", 3, "x", "y"), {"beta": 2, "alpha": 3}),
    ("addmm", (2, "x", "x", "y"), {"beta": 2}),
]


@pytest.mark.parametrize(("name", "old", "keywords"), ORDERS)
def test_arguments_in_the_old_order(
    name: str, old: tuple[Any, ...], keywords: dict[str, Any]
) -> None:
    given = {"x": torch.eye(2), "y": torch.full((2, 2), 3.0)}
    old = tuple(given.get(a, a) if isinstance(a, str) else a for a in old)
    tensors = [a for a in old if isinstance(a, torch.Tensor)]
    expected = getattr(torch, name)(*tensors, **keywords)
    with pytest.warns(UserWarning, match=f"This overload of {name} is deprecated"):
        assert torch.equal(getattr(torch, name)(*old), expected)
    x, *rest = tensors
    numbers = [a for a in old if not isinstance(a, torch.Tensor)]
    rest = [*numbers, *rest]
    with pytest.warns(UserWarning, match=f"This overload of {name}_ is deprecated"):
        assert torch.equal(getattr(x.clone(), f"{name}_")(*rest), expected)


def test_what_is_in_no_order() -> None:
    with pytest.raises(TypeError, match="takes 2 positional arguments"):
        torch.add(torch.ones(2), 2, 3)  # type: ignore[misc]
    with pytest.raises(TypeError, match="takes 2 positional arguments"):
        torch.ones(2).add_(2, 3)


@pytest.mark.parametrize("reduce", ["sum", "mean", "prod", "max", "min"])
@pytest.mark.parametrize("initial", [None, 0.5])
def test_segments(reduce: str, initial: float | None) -> None:
    torch.manual_seed(0)
    data = torch.rand(6, 2, dtype=torch.float64, requires_grad=True)
    lengths = torch.tensor([2, 3, 1])
    made = torch.segment_reduce(data, reduce, lengths=lengths, initial=initial)
    offsets = torch.tensor([0, 2, 5, 6])
    assert torch.equal(made, torch.segment_reduce(data, reduce, offsets=offsets, initial=initial))
    if initial is None:
        function = getattr(torch, {"max": "amax", "min": "amin"}.get(reduce, reduce))
        assert torch.equal(made[1], function(data[2:5], 0))
    assert gradcheck(
        lambda d: torch.segment_reduce(d, reduce, lengths=lengths, initial=initial), data
    )
    with pytest.raises(RuntimeError, match="to sum to"):
        torch.segment_reduce(data, reduce, lengths=lengths[:2])


@pytest.mark.parametrize(
    ("reduce", "slopes"),
    [("sum", [1, 1, 1]), ("max", [0, 1, 0]), ("min", [0, 1, 0]), ("prod", [nan, 12, nan])],
)
def test_segments_with_nan(reduce: str, slopes: list[float]) -> None:
    data = torch.tensor([5.0, 3.0, nan, 4.0], requires_grad=True)
    made = torch.segment_reduce(data, reduce, lengths=torch.tensor([1, 3]))
    made.sum().backward()
    assert made.isnan().tolist() == [False, True]
    assert torch.allclose(data.grad, torch.tensor([1.0, *slopes]), equal_nan=True)


ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "as_strided_copy": ((2,), (1,)),
    "expand_copy": ((2, 2, 2),),
    "narrow_copy": (0, 0, 1),
    "permute_copy": ((1, 0),),
    "select_copy": (0, 1),
    "split_copy": (1,),
    "split_with_sizes_copy": ([1, 1],),
    "transpose_copy": (0, 1),
    "unfold_copy": (0, 2, 1),
    "unsqueeze_copy": (0,),
    "view_copy": ((4,),),
}


@pytest.mark.parametrize("name", copies.__all__)
def test_copies(name: str) -> None:
    x = torch.arange(4.0).reshape(2, 2)
    if name == "view_as_real_copy":
        x = torch.complex(x, x)
    function, view = getattr(torch, name), name.removesuffix("_copy")
    made = function(x, *ARGUMENTS.get(name, ()))
    parts = made if isinstance(made, tuple) else (made,)
    assert not any(np.shares_memory(x.numpy(), part.numpy()) for part in parts)
    owner = torch if hasattr(torch, view) else torch.Tensor
    if view not in ("alias", "slice"):
        expected = getattr(owner, view)(x, *ARGUMENTS.get(name, ()))
        expected = expected if isinstance(expected, tuple) else (expected,)
        assert all(map(torch.equal, parts, expected))


def test_selections() -> None:
    x = torch.tensor([[0, 1], [2, 0]])
    assert torch.nonzero_static(x, size=3).tolist() == [[0, 1], [1, 0], [-1, -1]]
    assert torch.nonzero_static(x, size=1, fill_value=7).tolist() == [[0, 1]]
    assert torch.vander(torch.tensor([2, 3])).tolist() == [[2, 1], [3, 1]]
    assert torch.vander(torch.tensor([2, 3]), 3, increasing=True).tolist() == [[1, 2, 4], [1, 3, 9]]
    base, part = torch.zeros(5), torch.tensor([1.0, 2.0])
    assert torch.as_strided_scatter(base, part, (2,), (2,), 1).tolist() == [0.0, 1, 0, 2, 0]
    assert torch.slice_inverse(part, base, 0, 1, 3).tolist() == [0.0, 1, 2, 0, 0]
