"""Every operation in scope against PyTorch: values, gradients, higher orders, refusals."""

from __future__ import annotations

import warnings
from typing import Any

import database
import pytest
import torch

import minitorch
from minitorch.autograd import gradcheck, gradgradcheck

NAMES = database.names_in_scope()


@pytest.fixture(autouse=True)
def _quiet_oracle() -> Any:
    # PyTorch's own database warns (deprecations, non-writable arrays); ours must not
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("dtype", database.DTYPES, ids=lambda d: str(d).removeprefix("torch."))
@pytest.mark.parametrize("name", NAMES)
def test_samples(name: str, dtype: torch.dtype) -> None:
    assert database.entries(name), "not in the database"
    database.check(name, dtype)


@pytest.mark.parametrize("name", NAMES)
def test_orders(name: str) -> None:
    """gradcheck and gradgradcheck on the two smallest differentiable samples of each entry."""
    for entry in database.entries(name):
        if not entry.supports_autograd or not entry.supports_dtype(torch.float64, "cpu"):
            continue
        function = database.mini_function(entry)
        found = [
            s
            for s in database.samples(entry, torch.float64, True)
            if 0
            < sum(
                t.numel() for t in database.tensors((s.input, s.args, s.kwargs)) if t.requires_grad
            )
            <= 40
        ]
        found.sort(
            key=lambda s: sum(t.numel() for t in database.tensors((s.input, s.args, s.kwargs)))
        )
        for sample in found[-2:]:
            ours = database.to_mini((sample.input, sample.args, sample.kwargs), True)
            leaves = [t for t in database.tensors(ours) if t.requires_grad and t.is_contiguous()]
            process = database.rebind(sample.output_process_fn_grad)

            def of_leaves(*values: Any) -> Any:
                swap = {id(old): new for old, new in zip(leaves, values, strict=True)}
                input, args, kwargs = database.swapped(ours, swap)
                minitorch.manual_seed(0)
                made = process(function(input, *args, **kwargs))
                return tuple(t for t in database.tensors(made) if not t.is_complex())

            if leaves:
                assert gradcheck(of_leaves, tuple(leaves)), str(sample)
                if entry.supports_gradgrad:
                    assert gradgradcheck(of_leaves, tuple(leaves)), str(sample)


@pytest.mark.parametrize("name", NAMES)
def test_refusals(name: str) -> None:
    """What PyTorch refuses with an error is refused here with an error of that type."""
    for entry in database.entries(name):
        if entry.error_inputs_func is None:
            continue
        function = database.mini_function(entry)
        for wrong in entry.error_inputs("cpu"):
            sample = wrong.sample_input
            if "out" in sample.kwargs:
                continue
            input, args, kwargs = database.to_mini((sample.input, sample.args, sample.kwargs), True)
            with pytest.raises(wrong.error_type):
                function(input, *args, **kwargs)
                pytest.fail(f"{name} accepts {str(sample)[:300]}")
