"""Checkpoints that go backward within the backward pass, beside those that do not."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import minitorch as torch
import numpy as np
import pytest
from minitorch.utils.checkpoint import checkpoint

Tensor = Any

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": lambda x, y: (x * y).exp(),
    "two": lambda x, y: (x * y, x + 1),
    "detached": lambda x, y: (x * y, x.detach()),
    "random": lambda x, y: x * y * torch.rand(4),
    "constant": lambda x, y: x.sin() + 3,
    "nested": lambda x, y: checkpoint(lambda x: x.exp() * x, x * y, use_reentrant=True),
}


def gradients(call: Callable[[Tensor, Tensor], Any]) -> list[Any]:
    torch.manual_seed(0)
    x, y = (torch.tensor([0.5, 1.0, 2.0, 4.0], requires_grad=True) for _ in range(2))
    made = call(x, y)
    for value in made if isinstance(made, tuple) else (made,):
        if value.requires_grad:
            value.sum().backward(retain_graph=True)
    return [None if v.grad is None else v.grad.tolist() for v in (x, y)]


@pytest.mark.parametrize("reentrant", [True, False])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_are_those_without_a_checkpoint(name: str, reentrant: bool) -> None:
    f = FUNCTIONS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of inner checkpoints: no inputs require grad
        found = gradients(lambda x, y: checkpoint(f, x, y, use_reentrant=reentrant))
        expected = gradients(f)
    for mine, other in zip(found, expected, strict=True):
        if mine is None or other is None:
            assert not np.any(mine if other is None else other)
        else:
            np.testing.assert_allclose(mine, other, rtol=1e-6)


def test_only_whole_passes_reach_a_reentrant_checkpoint() -> None:
    x = torch.ones(2, requires_grad=True)
    y = checkpoint(lambda x: x * x, x, use_reentrant=True).sum()
    with pytest.raises(RuntimeError, match=r"incompatible with .grad\(\)"):
        torch.autograd.grad(y, x, retain_graph=True)
    with pytest.raises(RuntimeError, match=r"passing an `inputs` parameter"):
        y.backward(inputs=[x], retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [2, 2]


def test_what_a_reentrant_checkpoint_refuses() -> None:
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: k"):
        checkpoint(lambda x, k: x * k, x, k=2, use_reentrant=True)
    with pytest.raises(ValueError, match="only supported when use_reentrant=False"):
        checkpoint(lambda x: x, x, debug=True, use_reentrant=True)
    with pytest.raises(RuntimeError, match="is not necessary"):
        checkpoint(lambda x: x.detach(), x, use_reentrant=True).sum().backward()
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad"):
        made = checkpoint(lambda y: x * y, torch.ones(2), use_reentrant=True)
    assert not made.requires_grad


@pytest.mark.parametrize("reentrant", [True, False])
def test_arguments_written_to_since_are_noticed(reentrant: bool) -> None:
    x = torch.ones(2, requires_grad=True)
    h = x * 1
    y = checkpoint(lambda h: h * h, h, use_reentrant=reentrant).sum()
    h.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()
