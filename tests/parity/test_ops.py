"""Every operation in scope against PyTorch: values, gradients, higher orders, refusals."""

from __future__ import annotations

import warnings
from typing import Any

import database
import minitorch
import pytest
import torch
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


def elements(sample: Any) -> int:
    """How many numbers of the sample a gradient is taken by."""
    tensors = database.tensors((sample.input, sample.args, sample.kwargs))
    return sum(t.numel() for t in tensors if t.requires_grad)


def check_orders(entry: Any, function: Any, sample: Any) -> None:
    ours = database.to_mini((sample.input, sample.args, sample.kwargs), True)
    leaves = [
        t
        for t in database.tensors(ours)
        if t.requires_grad and t.is_contiguous() and t.dtype is minitorch.float64
    ]
    process = database.rebind(sample.output_process_fn_grad)
    wrapper = database.rebind(entry.gradcheck_wrapper)

    def of_leaves(*values: Any) -> Any:
        swap = {id(old): new for old, new in zip(leaves, values, strict=True)}
        input, args, kwargs = database.swapped(ours, swap)
        minitorch.manual_seed(0)
        made = process(wrapper(function, input, *args, **kwargs))
        return tuple(t for t in database.tensors(made) if not t.is_complex())

    if leaves:
        assert gradcheck(of_leaves, tuple(leaves))
        if entry.supports_gradgrad:
            assert gradgradcheck(of_leaves, tuple(leaves))


@pytest.mark.parametrize("name", NAMES)
def test_orders(name: str) -> None:
    """Gradcheck and gradgradcheck on two small differentiable samples of each entry."""
    for entry in database.entries(name):
        if not entry.supports_autograd or not entry.supports_dtype(torch.float64, "cpu"):
            continue
        found = database.samples(entry, torch.float64, True)
        small = sorted((s for s in found if 0 < elements(s) <= 40), key=elements)
        for sample in small[-2:]:
            try:
                check_orders(entry, database.mini_function(entry), sample)
            except Exception as error:
                raise AssertionError(f"{entry.formatted_name}: {str(sample)[:400]}") from error


def refused(wrong: Any, function: Any) -> bool:
    sample = wrong.sample_input
    input, args, kwargs = database.to_mini((sample.input, sample.args, sample.kwargs), True)
    try:
        function(input, *args, **kwargs)
    except wrong.error_type:
        return True
    return False


@pytest.mark.parametrize("name", NAMES)
def test_refusals(name: str) -> None:
    """What PyTorch refuses with an error is refused here with an error of that type."""
    for entry in database.entries(name):
        if entry.error_inputs_func is None:
            continue
        function = database.mini_function(entry)
        for wrong in entry.error_inputs("cpu"):
            if "out" not in wrong.sample_input.kwargs:
                assert refused(wrong, function), f"accepted: {str(wrong.sample_input)[:400]}"
