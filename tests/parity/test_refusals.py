"""Calls that PyTorch refuses, and unusual ones that it takes: both do the same, with its words."""

from __future__ import annotations

import re
import warnings
from typing import Any

import minitorch
import numpy as np
import pytest
import torch

CALLS = """
    normal(torch.tensor(0.0), -1.0, (10,))
    normal(0.0, torch.tensor(1.0), (3,)).shape
    normal(torch.randn(2, 3), torch.full((2, 3), -1.0))
    empty(3).uniform_(-3e38, 3e38)
    zeros(2, 4, 0).view(2, -1, 0)
    cat([torch.zeros(0), torch.zeros(0)], 1)
    cat([torch.zeros(2, 0), torch.zeros(0)], 1)
    eye(2, out=torch.empty(0, dtype=torch.float64))
    randperm(0, out=torch.tensor(5.0))
    zeros(2, 3).new_ones(2, dtype=torch.int64, requires_grad=True)
    linspace(0, 1j, 5, dtype=torch.float32)
    logspace(0j, 1, 5, dtype=torch.float32)
    linspace(0, 3, 4, out=torch.zeros(2, 3).narrow(1, 1, 2))
    arange(0, 4, out=torch.zeros(2, 2))
    arange(0, 3, out=torch.zeros(0, dtype=torch.int64))
    tensor_split(torch.zeros(3, 3), 1.1)
    tensor_split(torch.zeros(3, 3), (1.1,))
    zeros(2, 2).resize_as_(torch.zeros(3), memory_format=torch.preserve_format)
    unravel_index(torch.tensor([0, 1]), (2.0,))
    unravel_index(torch.tensor([0, 1]), torch.tensor([0.5]))
    zeros(3)["a":]
    zeros(10, 0)[[0, 1], [0, 1]]
    unique(torch.zeros(0, 3, 0), dim=0)
    histogram(torch.zeros(3), bins=torch.zeros(2, 3))
    mode(torch.zeros(3), out=(torch.zeros(1), torch.zeros(1, dtype=torch.int8)))
    cummax(torch.zeros(3), 0, out=(torch.zeros(3), torch.zeros(3)))
    logcumsumexp(torch.zeros(3), 0, out=torch.zeros(3, dtype=torch.double))
    isposinf(torch.tensor([1.0]), out=torch.zeros(1))
    float_power(2.0, torch.tensor([1]), out=torch.empty(1, dtype=torch.long))
    zeros(3).index_fill_(0, torch.tensor([0]), 1 + 1j)
    zeros(2, 3).diff(dim=0, prepend=torch.tensor([[0, 1]]))
    zeros(3, 2).index_add(0, torch.tensor([0]), torch.zeros(2, 3))
    zeros(2, 2).index_add(1, torch.tensor([0, 0]), torch.zeros(3, 2))
    zeros(2).index_copy(0, torch.tensor([0]), torch.zeros(2, 2))
    maximum(torch.ones(1, dtype=torch.complex64), torch.ones(1))
    fmin(torch.ones(1), torch.ones(1, dtype=torch.complex64))
    heaviside(torch.ones(1, dtype=torch.complex64), torch.ones(1))
    tensor(3.0).addcmul(torch.tensor(3.0), torch.tensor(3.0), value=torch.tensor(2.0))
    tensor([True]) - torch.tensor([True])
    tensor([True]) - torch.tensor([1.0])
    trapezoid(torch.ones(2, 3), dx=2j)
    nan_to_num(torch.tensor([complex(float("inf"), float("nan"))]), 123, 12)
    nan_to_num(torch.tensor([True]))
    zeros(3).add(2, torch.ones(3))
    zeros(3).sub(2, torch.ones(3))
    zeros(3).addcmul(2, torch.ones(3), torch.ones(3))
    zeros(3).addcdiv(2, torch.ones(3), torch.ones(3))
    zeros(2, 2).addmm(1, 2, torch.ones(2, 2), torch.ones(2, 2))
    zeros(2).addmv(2, torch.ones(2, 2), torch.ones(2))
    zeros(2, 2).addr(2, torch.ones(2), torch.ones(2))
    zeros(1, 2, 2).baddbmm(2, torch.ones(1, 2, 2), torch.ones(1, 2, 2))
    zeros(3, requires_grad=True).view(torch.float32).requires_grad
    zeros(4, requires_grad=True).view(torch.int32).requires_grad
    promote_types(torch.complex32, torch.bfloat16)
    promote_types(torch.complex32, torch.float16)
    promote_types(torch.int8, torch.chalf)
    range(0, 4, device="cpu", dtype=torch.float16)
    from_dlpack(torch.zeros(3).__dlpack__())
    asarray(torch.zeros(3).__dlpack__())
    asarray(np.float64(0.5), copy=False)
    asarray(torch.zeros(3), dtype=torch.float64, copy=False)
    frombuffer(bytearray(8), dtype=torch.float32, offset=8)
    frombuffer(bytearray(8), dtype=torch.float32, count=3)
    empty([2, 4, 2**29, 2**29], dtype=torch.float64)
    empty_strided((2,), ())
    isclose(torch.ones(2), torch.ones(2), torch.tensor(1), torch.tensor(1.5))
    randn(0, dtype=torch.int16)
    rand(0, dtype=torch.int16)
    zeros(3).apply_(lambda k: "text")
    empty((0, 4, 2**61))
    tensor_split(torch.zeros(3, 3), torch.tensor(1.1))
    tensor_split(torch.zeros(3, 3), torch.tensor([[1]]))
    bucketize(3.0, torch.tensor([1.0, 2.0, 4.0]))
    histogram(torch.zeros(3), bins=torch.zeros(3, dtype=torch.double))
    histogram(torch.zeros(3), bins=torch.tensor([0, 1.0]), weight=torch.ones(2))
    unravel_index(torch.tensor([0]), torch.tensor(2))
    asarray([1, 2], copy=False)
    view_as_complex(torch.zeros(7)[1:].view(3, 2))
    view_as_complex(torch.zeros(4, 4)[:, 1:3])
    view_as_complex(torch.zeros(()))
    index_select(torch.zeros(0, 3), 0, torch.tensor([0, 1]))
    ByteStorage.from_buffer(bytearray([1, 2])).tolist()
    storage._LegacyStorage()
    zeros(3).int().type(torch.Tensor)
    FloatTensor(device="cuda")
    log1p(torch.tensor(complex(1e-19, 1e-18)))
    log1p(torch.tensor([complex(-1, 0), complex(3, -4), complex(0.3, -0.2)])).dtype
    meshgrid(torch.tensor([1]), torch.tensor([2], device="meta"), indexing="ij")
    trapezoid(torch.ones(2, 2), torch.ones(2), dx=2)
    randperm(2050, dtype=torch.half)
    randperm(300, dtype=torch.uint8)
    logcumsumexp(torch.tensor([complex(float("-inf"), float("inf")), complex(1, 1)]), 0)
    empty(2, 3, 4, 5).to(memory_format=torch.channels_last).dim_order()
    empty(2, 1, 4, 5).dim_order(ambiguity_check=True)
    empty(2).dim_order(ambiguity_check="text")
    empty_permuted((2, 3, 5), (1, 0, 2)).stride()
    empty_permuted((2, 3, 5), (1, 0, 2, 3))
    _debug_has_internal_overlap(torch.zeros(3).expand(2, 3))
    cat([torch.zeros(2)], out=torch.zeros(2)).tolist()
    frexp(torch.tensor([1.0]), out=(torch.zeros(1), torch.zeros(1)))
    _segment_reduce(torch.ones(0, requires_grad=True), "mean", lengths=torch.tensor([0])).tolist()
"""
LINES = [line.strip() for line in CALLS.strip().splitlines()]


def _outcome(module: Any, line: str) -> tuple[str, Any]:
    module.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = eval(f"torch.{line}", {"torch": module, "np": np})
        except Exception as error:
            return type(error).__name__, str(error)
    return "", f"{made.dtype} {made.tolist()}" if hasattr(made, "tolist") else str(made)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z_]{4,}", text.lower().partition(" - got")[0])[:4]


@pytest.mark.parametrize("line", LINES)
def test_both_do_the_same(line: str) -> None:
    (kind, said), (expected, words) = _outcome(minitorch, line), _outcome(torch, line)
    bases = [c.__name__ for c in getattr(__import__("builtins"), kind, Exception).__mro__]
    assert kind == expected or expected in bases, (kind, said, expected, words)
    if expected:
        assert _words(words)[:3] == _words(said)[:3], (said, words)
    else:
        assert said == words


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.empty(3).random_(2**24 + 1, 2**30),
        lambda t: t.empty(5).random_(-(2**40) + 3, 2**40 + 1),
        lambda t: t.empty(5, dtype=t.float16).random_(-65504, 5),
        lambda t: t.empty(5, dtype=t.float64).random_(0, 2**60 + 7),
    ],
)
def test_random_bounds_that_a_float_does_not_hold(call: Any) -> None:
    made = []
    for module in (torch, minitorch):
        module.manual_seed(1)
        with pytest.warns(UserWarning, match="is out of bounds .* discrete uniform"):
            made.append(call(module).tolist())
    assert made[0] == made[1]
    with pytest.raises(RuntimeError, match="to - 1 is out of bounds"):
        minitorch.empty(3, dtype=minitorch.float16).random_(0, 70000)
