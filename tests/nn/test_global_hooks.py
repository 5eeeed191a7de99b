"""Hooks of all modules at once, under PyTorch's name ``nn.modules.module``."""

from __future__ import annotations

from typing import Any

import minitorch
import pytest
from minitorch import nn
from minitorch.nn import module as modules


def test_hooks_of_all_modules_run_in_pytorchs_order() -> None:
    log: list[tuple[str, str]] = []

    def note(kind: str) -> Any:
        return lambda module, *_: log.append((kind, type(module).__name__))

    handles = [
        modules.register_module_forward_pre_hook(note("before")),
        modules.register_module_forward_hook(note("after")),
        modules.register_module_full_backward_pre_hook(note("backward before")),
        modules.register_module_full_backward_hook(note("backward")),
    ]
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    x = minitorch.ones(1, 2, requires_grad=True)
    try:
        net(x).sum().backward()
    finally:
        for handle in handles:
            handle.remove()
    assert log == [
        ("before", "Sequential"), ("before", "Linear"), ("after", "Linear"), ("before", "ReLU"),
        ("after", "ReLU"), ("after", "Sequential"), ("backward before", "Sequential"),
        ("backward before", "ReLU"), ("backward", "ReLU"), ("backward before", "Linear"),
        ("backward", "Linear"), ("backward", "Sequential"),
    ]  # fmt: skip
    net(x)
    assert len(log) == 12


def test_a_hook_of_all_modules_replaces_inputs_and_outputs() -> None:
    with modules.register_module_forward_pre_hook(lambda module, args: (args[0] * 3,)):
        assert nn.ReLU()(minitorch.ones(1)).item() == 3
    with modules.register_module_forward_hook(lambda module, args, out: out * 2):
        assert nn.ReLU()(minitorch.ones(1)).item() == 2
    assert nn.ReLU()(minitorch.ones(1)).item() == 1


def test_a_hook_that_is_always_called_sees_a_failed_forward() -> None:
    seen: list[Any] = []
    with (
        modules.register_module_forward_hook(
            lambda module, args, out: seen.append(out), always_call=True
        ),
        pytest.raises(TypeError),
    ):
        nn.Linear(1, 1)()
    assert seen == [None]


def test_registrations_are_seen() -> None:
    log: list[tuple[str, str]] = []

    def note(module: Any, name: str, value: Any) -> None:
        log.append((type(module).__name__, name))

    with (
        modules.register_module_parameter_registration_hook(note),
        modules.register_module_buffer_registration_hook(note),
        modules.register_module_module_registration_hook(note),
    ):
        nn.Sequential(nn.BatchNorm1d(2))
    names = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    assert log == [*(("BatchNorm1d", name) for name in names), ("Sequential", "0")]
    nn.Linear(1, 1)
    assert len(log) == 6


def test_zero_grad_writes_into_the_gradient() -> None:
    layer = nn.Linear(2, 2)
    layer(minitorch.ones(1, 2)).sum().backward()
    before = layer.weight.grad
    layer.zero_grad(set_to_none=False)
    assert layer.weight.grad is before
    assert not before.any()


def test_modules_that_are_no_lstm_have_no_projection() -> None:
    for kind in (nn.RNN, nn.GRU):
        with pytest.raises(ValueError, match="only supported for LSTM"):
            kind(3, 4, proj_size=2)
        with pytest.raises(TypeError, match="unexpected keyword argument 'size'"):
            kind(3, 4, size=2)


def test_packed_sequences_take_every_dtype() -> None:
    packed = nn.utils.rnn.pack_sequence([minitorch.ones(3, 2), minitorch.ones(2, 2)])
    for name in ("double", "float", "half", "long", "int", "short", "char", "byte"):
        cast = getattr(packed, name)()
        assert cast.data.dtype is getattr(getattr(minitorch.zeros(1), name)(), "dtype", None)
        assert cast.batch_sizes.dtype is minitorch.int64
    assert packed.float() is packed
    assert packed.to("cpu") is packed


def test_a_prefix_is_taken_off() -> None:
    state = {"module.a": 1, "b": 2}
    nn.state.consume_prefix_in_state_dict_if_present(state, "module.")
    assert state == {"a": 1, "b": 2}


def test_pytorchs_dictionaries_of_hooks(monkeypatch):
    home, seen = nn.modules.module, []
    handle = home.register_module_forward_hook(
        lambda *args: seen.append("forward"), with_kwargs=True, always_call=True
    )
    assert list(home._global_forward_hooks_always_called) == [handle.id]
    assert list(home._global_forward_hooks_with_kwargs) == [handle.id]
    nn.Identity()(minitorch.ones(1))
    handle.remove()
    assert not home._global_forward_hooks_always_called
    assert seen == ["forward"]
    hooks = {-1: lambda *args: seen.append("other")}
    monkeypatch.setattr(home, "_global_forward_hooks", hooks)  # programs replace the dictionary
    nn.Identity()(minitorch.ones(1))
    assert seen == ["forward", "other"]


@pytest.mark.filterwarnings("ignore:Using a non-full")
def test_backward_hooks_of_two_kinds(monkeypatch):
    home, seen = nn.modules.module, []
    monkeypatch.setattr(home, "_global_is_full_backward_hook", None)
    with home.register_module_backward_hook(lambda *args: seen.append(args[1:])):
        nn.ReLU()(minitorch.ones(1, requires_grad=True)).backward()
        with pytest.raises(RuntimeError, match="both regular backward hooks and full"):
            home.register_module_full_backward_hook(print)
    assert [[g.tolist() for g in gs] for gs in seen[0]] == [[[1]], [[1]]]
