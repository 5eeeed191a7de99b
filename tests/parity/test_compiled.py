"""Compiled operations, modules and random programs give what they give uncompiled, to the last
bit: values, strides, versions, gradients, random numbers, refusals. The samples are those of
PyTorch's databases.

``pytest tests/parity/test_compiled.py --programs 10000`` runs that many random programs.
"""

from __future__ import annotations

import warnings
from typing import Any

import database
import minitorch
import numpy as np
import pytest
import test_modules
import test_programs as programs
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from minitorch import nn

SAMPLES = {torch.float32: 2, torch.complex64: 1, torch.int64: 1}  # per entry of the database


def told(value: Any) -> Any:
    """Everything about a result that can be compared, to the last bit."""
    if isinstance(value, minitorch.Tensor):
        if value.layout is not minitorch.strided or value.is_meta:
            return str(value)
        array = value.detach().resolve_conj().resolve_neg()
        if value.dtype is minitorch.bfloat16:
            array = array.view(minitorch.int16)
        return (
            type(value).__name__, str(value.dtype), tuple(value.shape), value.stride(),
            np.ascontiguousarray(array.numpy()).tobytes(), value.requires_grad, value._version,
        )  # fmt: skip
    if isinstance(value, list | tuple):
        return [type(value).__name__, *map(told, value)]
    if isinstance(value, dict):
        return {key: told(each) for key, each in value.items()}
    return repr(value)


def turn(inputs: Any) -> None:
    """The numbers of each tensor in the opposite order: others, which are valid where these are.
    What a program kept of the first call's values is then wrong."""
    for t in database.tensors(inputs):
        if t.layout is minitorch.strided and not t.is_meta and t.dtype is not minitorch.bfloat16:
            array = t.detach().numpy()
            if array.ndim and 0 not in array.strides and array.flags.writeable:
                array[...] = array.ravel()[::-1].reshape(array.shape)


def outcome(function: Any, sample: Any, grad: bool, call: int) -> Any:
    """What a call gives for inputs of its own; the gradients where there are some."""
    inputs = database.to_mini((sample.input, sample.args, sample.kwargs), requires_grad=grad)
    if call % 2:
        turn(inputs)
    minitorch.manual_seed(call)
    try:
        made = function(inputs[0], *inputs[1], **inputs[2])
    except Exception as error:
        return type(error).__name__, str(error)
    outs = [t for t in database.tensors(made) if t.requires_grad]
    result = told(made)
    if outs:
        random = np.random.default_rng(0)
        seeds = [
            minitorch.from_numpy(
                np.asarray(random.standard_normal(t.shape)).astype(t.detach().numpy().dtype)
            )
            for t in outs
        ]
        try:
            minitorch.autograd.backward(outs, seeds)
        except Exception as error:
            return result, type(error).__name__, str(error)
    after = told(inputs), [told(t.grad) for t in database.tensors(inputs) if t.is_leaf]
    return result, after, told(minitorch.get_rng_state())


def difference(got: Any, expected: Any) -> str:
    """The first parts that differ."""
    if isinstance(got, list | tuple) and isinstance(expected, list | tuple):
        if len(got) == len(expected):
            pairs = zip(got, expected, strict=True)
            return next(f"[{k}]{difference(a, b)}" for k, (a, b) in enumerate(pairs) if a != b)
    return f": {got!r:.300} instead of {expected!r:.300}"


def check(name: str, dtype: torch.dtype) -> tuple[int, int, set[str]]:
    """Samples that were compared, those of them that became programs, why others did not."""
    compared = programs = 0
    reasons = set()
    for entry in database.entries(name):
        if not entry.supports_dtype(dtype, "cpu"):
            continue
        function = database.mini_function(entry)
        grad = entry.supports_autograd and dtype in entry.supported_backward_dtypes("cpu")
        grad = bool(grad and (dtype.is_floating_point or dtype.is_complex))
        samples = database.spread(database.samples(entry, dtype, grad), SAMPLES[dtype])
        for k, sample in enumerate(samples):
            compiled = minitorch.compile(lambda *args, f=function, **kwargs: f(*args, **kwargs))
            for call in range(3):
                expected = outcome(function, sample, grad, call)
                got = outcome(compiled, sample, grad, call)
                where = f"{entry.formatted_name} {dtype} sample {k} call {call + 1}"
                assert got == expected, f"{where}: {difference(got, expected)}\n{str(sample)[:300]}"
            compared += 1
            programs += bool(compiled.programs)
            if not compiled.programs:
                reasons.add(str(compiled._reason))
    return compared, programs, reasons


@pytest.mark.parametrize("name", database.names_in_scope())
def test_operations(name: str, record_property: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for dtype in SAMPLES:
            compared, programs, reasons = check(name, dtype)
            record_property(str(dtype), (compared, programs, sorted(reasons)))


# --- modules --------------------------------------------------------------------------------------


def module_outcome(module: Any, function: Any, called: Any, call: int) -> Any:
    inputs = test_modules.converted((tuple(called.args), called.kwargs), True)
    test_modules.LEAVES.clear()
    if call % 2:
        turn(inputs)
    minitorch.manual_seed(call)
    module.zero_grad()
    try:
        made = function(*inputs[0], **inputs[1])
        result = told(made)
        outs = [t for t in database.tensors(made) if t.requires_grad and not t.is_complex()]
        if outs:
            sum((t * t).sum() for t in outs).backward()
    except Exception as error:
        return type(error).__name__, str(error)
    grads = [told(t.grad) for t in (*database.tensors(inputs), *module.parameters()) if t.is_leaf]
    return result, grads, told(module.state_dict()), told(minitorch.get_rng_state())


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", test_modules.NAMES)
def test_compiled_modules(name: str, training: bool) -> None:
    for info in test_modules.infos(name):
        if torch.float32 not in info.dtypes:
            continue
        torch.manual_seed(0)
        samples = info.module_inputs_func(
            info, device="cpu", dtype=torch.float32, requires_grad=True, training=training
        )
        for sample in database.spread(list(samples), SAMPLES[torch.float32]):
            made, called = sample.constructor_input, sample.forward_input
            if called is None:
                continue
            pair = []
            for _ in range(2):
                minitorch.manual_seed(0)
                kind = getattr(nn, info.module_cls.__name__)
                args = test_modules.converted((tuple(made.args), made.kwargs))
                pair.append(kind(*args[0], **args[1]).train(training))
            eager, module = pair
            compiled = minitorch.compile(module)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for call in range(4):
                    expected = module_outcome(eager, eager, called, call)
                    got = module_outcome(module, compiled, called, call)
                    assert got == expected, (
                        f"{name}{made.args}{made.kwargs} call {call + 1}: "
                        f"{difference(got, expected)}"
                    )


# --- random programs ------------------------------------------------------------------------------


def program(steps: list[Any]) -> Any:
    """Runs the steps; what is left is one number."""

    def run(*tensors: Any) -> Any:
        pool, seen = list(tensors), []
        for step in steps:
            made, _ = programs.run_step(minitorch, pool, seen, step)
            if made is not None and len(pool) < programs.MAX_TENSORS and made.numel() < 200:
                pool.append(made)
        total: Any = 0
        for k, x in enumerate(pool):
            if x.is_floating_point():
                total = total + (x.double() * x.double() * (k + 1)).sum()
        return total

    return run


def program_outcome(function: Any, tracked: int, dtypes: Any) -> Any:
    leaves = programs.leaves(minitorch, tracked, dtypes)
    try:
        total = function(*leaves)
        result = told(total)
        if isinstance(total, minitorch.Tensor) and total.requires_grad:
            total.backward()
    except Exception as error:
        return type(error).__name__, str(error), told(leaves)
    return result, told(leaves), [told(t.grad) for t in leaves if t.is_leaf]


@pytest.mark.filterwarnings("ignore")
def test_compiled_programs(request: pytest.FixtureRequest) -> None:
    @settings(
        max_examples=request.config.getoption("--programs", 300),
        deadline=None,
        database=None,
        derandomize=request.config.getoption("--hypothesis-seed", None) is None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.integers(0, 2 ** len(programs.SHAPES) - 1),
        programs.kinds,
        st.lists(programs.draws, max_size=10),
    )
    def every(tracked: int, dtypes: tuple[str, ...], drawn: Any) -> None:
        steps = programs.expanded(drawn)
        function = program(steps)
        compiled = minitorch.compile(function)
        for call in range(3):
            expected = program_outcome(function, tracked, dtypes)
            got = program_outcome(compiled, tracked, dtypes)
            assert got == expected, (
                f"call {call + 1} of {programs.describe(steps)} of {tracked:b} {dtypes}: "
                f"{difference(got, expected)}"
            )

    every()
