"""Everything public says what it is: a text and a signature."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

import pytest

MODULES = [
    "minitorch", "minitorch.linalg", "minitorch.special", "minitorch.fft", "minitorch.func",
    "minitorch.autograd", "minitorch.autograd.functional", "minitorch.autograd.forward_ad",
    "minitorch.autograd.graph", "minitorch.random", "minitorch.signal.windows", "minitorch.masked",
    "minitorch.amp", "minitorch.profiler", "minitorch.safetensors", "minitorch.extend",
    "minitorch.utils.checkpoint", "minitorch.utils.data", "minitorch.nn", "minitorch.nn.init",
    "minitorch.nn.functional", "minitorch.nn.utils", "minitorch.nn.utils.rnn",
    "minitorch.nn.utils.parametrize", "minitorch.nn.utils.parametrizations", "minitorch.optim",
    "minitorch.optim.lr_scheduler", "minitorch.optim.swa_utils",
]  # fmt: skip


def _public(name: str) -> dict[str, Any]:
    module = import_module(name)
    return {
        each: value
        for each in getattr(module, "__all__", dir(module))
        if each[0] != "_"
        and callable(value := getattr(module, each))
        and getattr(value, "__module__", "").startswith("minitorch")
    }


def _members(kind: type) -> dict[str, Any]:
    """The public methods and properties that a class has itself."""
    members = {}
    for name, member in vars(kind).items():
        if isinstance(member, staticmethod | classmethod):
            member = member.__func__
        if name[0] != "_" and (inspect.isfunction(member) or isinstance(member, property)):
            members[name] = member
    return members


def _unclear(value: Any) -> str:
    if not inspect.getdoc(value):
        return "no text"
    if isinstance(value, property) or (isinstance(value, type) and issubclass(value, Exception)):
        return ""
    try:
        inspect.signature(value)
    except ValueError:
        return "no signature"
    return ""


@pytest.mark.parametrize("module", MODULES)
def test_texts_and_signatures(module: str) -> None:
    found = {name: _unclear(value) for name, value in _public(module).items()}
    assert found
    assert {name: what for name, what in found.items() if what} == {}


def test_methods_of_tensor() -> None:
    from minitorch import Tensor

    members = _members(Tensor)
    assert len(members) > 500
    assert {name: what for name, value in members.items() if (what := _unclear(value))} == {}
