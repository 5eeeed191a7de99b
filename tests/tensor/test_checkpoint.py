"""Checkpoints that go backward within the backward pass, beside those that do not."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import minitorch as torch
import numpy as np
import pytest
from minitorch.utils.checkpoint import CheckpointError, checkpoint

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


def twice(first, second):
    """A function that computes something else the second time."""
    calls = []

    def function(x):
        calls.append(x)
        return (first if len(calls) == 1 else second)(x)

    return function


DIFFERENT = {
    "fewer": (
        lambda x: x.sin().exp().sin(),
        lambda x: x.sin().exp(),
        "A different number of tensors was saved",
    ),
    "other shapes": (
        lambda x: x.sin().exp(),
        lambda x: x.sin() * torch.ones(2),
        "the following tensors have different metadata",
    ),
}


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("name", DIFFERENT)
def test_a_run_that_differs_is_told(name, debug):
    first, second, message = DIFFERENT[name]
    made = checkpoint(
        twice(first, second),
        torch.ones(1, requires_grad=True),
        use_reentrant=False,
        debug=debug,
    )
    with pytest.raises(CheckpointError, match=message) as caught:
        made.sum().backward()
    assert ("you passed `debug=True`" in str(caught.value)) is debug
    assert ("['sin', 'exp'" in str(caught.value)) is debug


def test_the_second_run_stops_early_or_not():
    few, many = (lambda x: x.sin().exp()), (lambda x: x.sin().exp().sin())
    x = torch.ones(1, requires_grad=True)
    checkpoint(twice(few, many), x, use_reentrant=False).backward()
    assert x.grad is not None
    with torch.utils.checkpoint.set_checkpoint_early_stop(False):
        made = checkpoint(twice(few, many), x, use_reentrant=False)
    with pytest.raises(CheckpointError, match="trying to save more tensors"):
        made.backward()


def test_debug_for_all():
    first, second, _ = DIFFERENT["fewer"]
    x = torch.ones(1, requires_grad=True)
    for all_of_them, own in ((True, False), (False, True)):
        with torch.utils.checkpoint.set_checkpoint_debug_enabled(all_of_them):
            made = checkpoint(twice(first, second), x, use_reentrant=False, debug=own)
            with pytest.raises(CheckpointError) as caught:
                made.backward()
        assert ("debug=True" in str(caught.value)) is all_of_them


def test_a_value_is_unpacked_once_per_pass():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            with pytest.raises(CheckpointError, match="already unpacked once"):
                ctx.saved_tensors  # noqa: B018
            return 2 * x * g

    x = torch.tensor(3.0, requires_grad=True)
    checkpoint(Square.apply, x, use_reentrant=False).backward()
    assert x.grad.item() == 6
