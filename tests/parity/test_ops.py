"""Every operation in scope against PyTorch: values, gradients, higher orders, refusals."""

from __future__ import annotations

import warnings
from typing import Any

import database
import minitorch
import numpy as np
import pytest
import torch
from minitorch.autograd import gradcheck, gradgradcheck

NAMES = database.names_compared()
SMALL = 40  # as many numbers have their gradients checked one by one


@pytest.fixture(autouse=True)
def _quiet_oracle() -> Any:
    # PyTorch's own database warns (deprecations, non-writable arrays); ours must not
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("dtype", database.DTYPES, ids=lambda d: str(d).removeprefix("torch."))
@pytest.mark.parametrize("name", NAMES)
def test_samples(name: str, dtype: torch.dtype, record_property: Any) -> None:
    assert database.entries(name), "not in the database"
    samples, gradients = database.check(name, dtype)
    record_property("samples", samples)
    record_property("gradients", gradients)
    if name in database.TIES and not dtype.is_floating_point:
        record_property("note", database.TIES[name][1])
    if (name, dtype) in database.DOUBLE:
        record_property("note", database.DOUBLE[name, dtype])


def elements(sample: Any) -> int:
    """How many numbers of the sample a gradient is taken by."""
    tensors = database.tensors((sample.input, sample.args, sample.kwargs))
    return sum(t.numel() for t in tensors if t.requires_grad)


def finite_part(op: Any, *args: Any, **kwargs: Any) -> Any:
    """What masks leave out is infinite or NaN, which ``test_samples`` compares: here it is 0."""
    made = op(*args, **kwargs)
    return minitorch.where(minitorch.isfinite(made), made, 0)


def along_directions(function: Any, leaves: list[Any]) -> tuple[Any, tuple[Any]]:
    """``u . function(leaves + V t)`` of three numbers ``t`` with random ``u`` and ``V``."""
    random = np.random.default_rng(0)
    directions = [random.standard_normal((3, *leaf.shape)) for leaf in leaves]
    weights: dict[Any, Any] = {}

    def of_numbers(t: Any) -> Any:
        moved = [
            leaf.detach() + minitorch.tensordot(t, minitorch.from_numpy(v), 1)
            for leaf, v in zip(leaves, directions, strict=True)
        ]
        made = [out for out in function(*moved) if out.dtype.is_floating_point]
        for k, out in enumerate(made):
            weights.setdefault(k, minitorch.from_numpy(random.standard_normal(tuple(out.shape))))
        return sum((weights[k] * out).sum() for k, out in enumerate(made))

    return of_numbers, (minitorch.zeros(3, dtype=minitorch.float64, requires_grad=True),)


def check_orders(entry: Any, function: Any, sample: Any) -> None:
    ours = database.to_mini((sample.input, sample.args, sample.kwargs), True)
    leaves = [
        t
        for t in database.tensors(ours)
        if t.requires_grad
        and t.is_contiguous()
        and t.dtype in (minitorch.float64, minitorch.complex128)
    ]
    process = database.rebind(sample.output_process_fn_grad)
    wrapper = database.rebind(entry.gradcheck_wrapper)
    if wrapper.__name__.startswith("gradcheck_wrapper_masked"):
        wrapper = finite_part
    step = database.STEPS.get(entry.name, 1e-6)

    def of_leaves(*values: Any) -> Any:
        swap = {id(old): new for old, new in zip(leaves, values, strict=True)}
        input, args, kwargs = database.swapped(ours, swap)
        minitorch.manual_seed(0)
        made = process(wrapper(function, input, *args, **kwargs))
        return tuple(database.tensors(made))

    if not leaves:
        return
    checked, inputs = of_leaves, tuple(leaves)
    if elements(sample) > SMALL:
        checked, inputs = along_directions(of_leaves, leaves)
    assert gradcheck(checked, inputs, eps=step)
    if entry.supports_gradgrad:
        assert gradgradcheck(checked, inputs, eps=step)


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128], ids=["real", "complex"])
@pytest.mark.parametrize("name", NAMES)
def test_orders(name: str, dtype: torch.dtype, record_property: Any) -> None:
    """Gradcheck and gradgradcheck on two small differentiable samples of each entry.

    Where the small are too few, large ones are checked along random directions.
    """
    count = 0
    for entry in database.entries(name):
        if not entry.supports_autograd or not entry.supports_dtype(dtype, "cpu"):
            continue
        reason = (database.KINKS | database.TWICE).get(entry.formatted_name)
        if reason is not None:
            record_property("note", reason)
            continue
        found = database.samples(entry, dtype, True)
        found = sorted((s for s in found if elements(s)), key=elements)
        small = [s for s in found if elements(s) <= SMALL][-2:]
        large = [s for s in found if elements(s) > SMALL][: 2 - len(small)]
        for sample in [*small, *large]:
            try:
                check_orders(entry, database.mini_function(entry), sample)
            except Exception as error:  # raised again with the sample
                raise AssertionError(f"{entry.formatted_name}: {str(sample)[:400]}") from error
            count += 1
    record_property("orders", count)


def error_of(function: Any, sample: Any) -> Exception | None:
    try:
        function(sample.input, *sample.args, **sample.kwargs)
    except Exception as error:  # any: the types are compared
        return error
    return None


def writable(value: Any) -> bool:
    """Whether MiniTorch has such tensors: NumPy has 64 dimensions, and no GPU."""
    return all(t.ndim <= 64 and t.device.type in ("cpu", "meta") for t in database.tensors(value))


@pytest.mark.parametrize("name", NAMES)
def test_refusals(name: str, record_property: Any) -> None:
    """What PyTorch refuses is refused here with an error of its type."""
    count = 0
    for entry in database.entries(name):
        if entry.error_inputs_func is None:
            continue
        function = database.mini_function(entry)
        for wrong in entry.error_inputs("cpu"):
            sample = wrong.sample_input
            if "out" in sample.kwargs:
                continue
            theirs = error_of(entry.op, sample)
            if theirs is None:  # the database is behind PyTorch
                record_property("note", f"PyTorch itself accepts {str(sample.args)[:40]}")
                continue
            where = f"{str(sample)[:400]}: {theirs!r}"
            values = (sample.input, sample.args, sample.kwargs)
            if not writable(values):
                record_property("note", "a sample's tensor itself is refused (device or 65 dims)")
                for t in database.tensors(values):
                    if not writable(t):
                        with pytest.raises((ValueError, RuntimeError)):
                            minitorch.zeros(t.shape, device=str(t.device))
            else:
                sample.input, sample.args, sample.kwargs = database.to_mini(values, True)
                ours = error_of(function, sample)
                assert ours is not None, f"accepted: {where}"
                assert isinstance(ours, wrong.error_type), f"{where}: {ours!r}"
                assert isinstance(ours, type(theirs)), f"{where}: {ours!r}"
            count += 1
    record_property("refusals", count)
