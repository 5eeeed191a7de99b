"""Inference tensors: written to, tracked or saved for backward only within inference mode."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import minitorch as torch
import numpy as np
import pytest

Tensor = Any


def made() -> Tensor:
    with torch.inference_mode():
        return torch.tensor([[0.25, 0.5], [0.75, 0.5]])


MAKERS: dict[str, Callable[[], Tensor]] = {
    "tensor": lambda: torch.tensor([1.0]),
    "zeros": lambda: torch.zeros(2),
    "add": lambda: torch.ones(2) + 1,
    "rand": lambda: torch.rand(2),
    "from_numpy": lambda: torch.from_numpy(np.ones(2)),
    "argmax": lambda: torch.ones(2, 2).max(0)[1],
    "clone": lambda: torch.ones(2).clone(),
    "cat": lambda: torch.cat([torch.ones(2), torch.ones(2)]),
    "where": lambda: torch.where(torch.ones(2) > 0, 1.0, 2.0),
    "arange": lambda: torch.arange(3),
    "scalar": lambda: torch.tensor(2.0) * 3,
    "direct": lambda: torch.Tensor([1.0]),
    "view": lambda: torch.ones(2, 2).t(),
}


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_made_in_inference_mode_is_an_inference_tensor(name: str) -> None:
    with torch.inference_mode():
        inside = MAKERS[name]()
    assert inside.is_inference()
    assert torch.is_inference(inside)
    assert not MAKERS[name]().is_inference()
    with pytest.raises(RuntimeError, match="do not track version"):
        _ = inside._version


@pytest.mark.parametrize("view", [lambda x: x.view(4), lambda x: x[0], lambda x: x.detach()])
def test_views_are_what_their_base_is(view: Any) -> None:
    normal = torch.ones(2, 2)
    with torch.inference_mode():
        assert not view(normal).is_inference()
        assert view(made()).is_inference()
    assert view(made()).is_inference()


ARGUMENTS: list[tuple[Any, ...]] = [
    (), (0.5,), (0, 1), (0,), (torch.ones(2, 2),), (torch.ones(2, 2), torch.ones(2, 2)),
    (torch.ones(2, 2) > 0, 0.5), (0, torch.zeros(2, 2).long(), torch.ones(2, 2)),
    (0, torch.tensor([0, 1]), torch.ones(2, 2)), (0, torch.tensor([0, 1]), 0.5), (2, 0, 1.0),
    (torch.ones(2), torch.ones(2)), (torch.ones(2, 2) > 0, torch.ones(4)), (2.0, 0, 0.5),
    ((torch.tensor([0]),), torch.ones(2)), (torch.tensor([0]), torch.ones(1)),
    (torch.ones(2, 2).int(),),
]  # fmt: skip
LETS = {"requires_grad_", "detach_", "share_memory_", "retain_grad_", "rename_"}


def in_place() -> list[tuple[str, tuple[Any, ...]]]:
    """The in-place methods, each with the first arguments that a normal tensor takes."""
    found = []
    for name in sorted(dir(torch.Tensor)):
        if name.endswith("_") and name[0] != "_" and name not in LETS:
            for arguments in ARGUMENTS:
                x = made().clone()
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        getattr(x, name)(*arguments)
                except Exception:  # other arguments may do
                    continue
                found.append((name, arguments))
                break
    return found


@pytest.mark.parametrize(("name", "arguments"), in_place())
def test_in_place_methods_refuse_inference_tensors(name: str, arguments: Any) -> None:
    x = made()
    before, shape = x.tolist(), x.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(RuntimeError, match="Inplace update to inference tensor"):
            getattr(x, name)(*arguments)
    assert (x.tolist(), x.shape) == (before, shape)
    with torch.no_grad(), pytest.raises(RuntimeError, match="Inplace update"):
        getattr(x, name)(*arguments)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        getattr(x, name)(*arguments)


def test_most_in_place_methods_are_swept() -> None:
    assert len(in_place()) > 100


@pytest.mark.parametrize("key", [0, (0, 0), slice(1), [0, 1], torch.tensor([0])])
def test_writes_by_index_refuse_inference_tensors(key: Any) -> None:
    x = made()
    before = x.tolist()
    with pytest.raises(RuntimeError, match="Inplace update"):
        x[key] = 3.0
    assert x.tolist() == before


def test_requires_grad_is_refused() -> None:
    for ask in (
        lambda x: x.requires_grad_(),
        lambda x: setattr(x, "requires_grad", True),
    ):
        with pytest.raises(RuntimeError, match="Setting requires_grad=True"):
            ask(made())
    made().requires_grad_(False)
    made().clone().requires_grad_()


SAVE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mul": lambda w, x: w * x,
    "matmul": lambda w, x: w @ x,
    "pow": lambda w, x: w**x,
    "div": lambda w, x: w / x,
    "mul_": lambda w, x: (w * 1).mul_(x),
    "addcmul": lambda w, x: torch.addcmul(w, w, x),
    "atan2": lambda w, x: torch.atan2(w, x),
}
DO_NOT_SAVE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": lambda w, x: w + x,
    "cat": lambda w, x: torch.cat([w, x]),
    "copy_": lambda w, x: (w * 1).copy_(x) + w,
    "where": lambda w, x: torch.where(x > 0, w, x),
    "clone": lambda w, x: w * x.clone(),
    "masked_fill": lambda w, x: w.masked_fill(x > 0, 1.0),
}


@pytest.mark.parametrize("name", SAVE)
def test_saving_for_backward_is_refused(name: str) -> None:
    w = torch.ones(2, 2, requires_grad=True)
    with pytest.raises(RuntimeError, match="cannot be saved for backward"):
        SAVE[name](w, made())
    with torch.no_grad():
        SAVE[name](w, made())


@pytest.mark.parametrize("name", DO_NOT_SAVE)
def test_what_is_not_saved_may_take_part(name: str) -> None:
    w = torch.ones(2, 2, requires_grad=True)
    DO_NOT_SAVE[name](w, made()).sum().backward()
    assert w.grad is not None


def test_inference_mode_off_switches_gradients_on() -> None:
    with torch.inference_mode(), torch.inference_mode(False):
        x = torch.ones(2, requires_grad=True)
        assert not x.is_inference()
        (x * 2).sum().backward()
    assert torch.is_grad_enabled()


def test_enable_grad_records_nothing_in_inference_mode() -> None:
    x = torch.ones(2, requires_grad=True)
    with torch.inference_mode(), torch.enable_grad():
        y = x * 2
        assert torch.is_grad_enabled()
        assert y.is_inference()
        assert not y.requires_grad
        with torch.inference_mode(False):
            assert (x * 2).requires_grad
    assert torch.is_grad_enabled()
    assert (x * 2).requires_grad
