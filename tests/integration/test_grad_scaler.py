"""``amp.GradScaler`` on the CPU: scaled losses, steps left out, a scale that adapts."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import minitorch as torch
import pytest

pytest.importorskip("minitorch.optim")


def _case(**options: Any) -> tuple[Any, Any, Any]:
    w = torch.ones(2, requires_grad=True)
    return w, torch.optim.SGD([w], lr=0.5), torch.amp.GradScaler("cpu", init_scale=8.0, **options)


def test_a_step_is_that_of_the_loss_itself() -> None:
    w, optimizer, scaler = _case()
    scaler.scale(w.sum()).backward()
    assert w.grad.tolist() == [8.0, 8.0]
    scaler.step(optimizer)
    assert w.tolist() == [0.5, 0.5]
    assert w.grad.tolist() == [1.0, 1.0]


def test_a_step_with_an_infinite_gradient_is_left_out() -> None:
    w, optimizer, scaler = _case()
    (scaler.scale(w.sum()) * float("inf")).backward()
    assert scaler.step(optimizer) is None
    scaler.update()
    assert (w.tolist(), scaler.get_scale()) == ([1.0, 1.0], 4.0)


def test_the_scale_grows_after_an_interval() -> None:
    w, optimizer, scaler = _case(growth_interval=2, growth_factor=4.0)
    scales = []
    for _ in range(4):
        w.grad = None
        scaler.scale(w.sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        scales.append(scaler.get_scale())
    assert scales == [8.0, 32.0, 32.0, 128.0]
    scaler.update(2.0)
    assert scaler.get_scale() == 2.0


def test_stages() -> None:
    w, optimizer, scaler = _case()
    with pytest.raises(AssertionError, match="_scale is None"):
        scaler.step(optimizer)
    scaled = scaler.scale([w.sum(), (w.sum(),)])
    scaled[0].backward()
    assert scaled[1][0].item() == 16.0
    scaler.unscale_(optimizer)
    assert w.grad.tolist() == [1.0, 1.0]
    with pytest.raises(RuntimeError, match="already been called on this optimizer"):
        scaler.unscale_(optimizer)
    with pytest.raises(AssertionError, match="only be pickled"):
        pickle.dumps(scaler)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="already been called since the last update"):
        scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="Closure"):
        scaler.step(optimizer, closure=lambda: None)
    with pytest.raises(ValueError, match="Tensor or an iterable"):
        scaler.scale(1.0)


def test_state() -> None:
    _, _, scaler = _case(growth_interval=3)
    scaler.set_growth_factor(3.0)
    other = torch.amp.GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    for each in (other, pickle.loads(pickle.dumps(scaler)), copy.deepcopy(scaler)):
        assert each.state_dict() == {
            "scale": 8.0, "growth_factor": 3.0, "backoff_factor": 0.5, "growth_interval": 3,
            "_growth_tracker": 0,
        }  # fmt: skip
    off = torch.amp.GradScaler("cuda")
    assert (off.state_dict(), off.get_scale(), off.scale(1)) == ({}, 1.0, 1)
    with pytest.raises(RuntimeError, match="source state dict is empty"):
        other.load_state_dict(off.state_dict())
