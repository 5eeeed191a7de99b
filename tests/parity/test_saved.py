"""What is saved for the backward pass: what PyTorch saves, or less.

Of every operation each input and each output in turn is written in place after the forward pass.
Where PyTorch's backward pass runs after that, and gives the gradient of the values before the
write, ours does too; elsewhere ours gives that gradient or refuses.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import database
import minitorch
import numpy as np
import pytest
import test_modules
import torch
from minitorch import nn

FEW = 6  # samples of each entry


@pytest.fixture(autouse=True)
def _quiet_oracle() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def run(
    lib: Any, function: Any, process: Any, arguments: Any, tracked: Any, written: int | None
) -> Any:
    """The gradients after a write into tensor ``written``: of the inputs, then of the outputs.

    None where there is nothing to differentiate or no such tensor to write into; the error where
    the write or the backward pass is refused.
    """
    inputs = database.tensors(arguments)
    for k in tracked:
        inputs[k].requires_grad_()
    lib.manual_seed(1)
    outputs = database.tensors(process(function(arguments[0], *arguments[1], **arguments[2])))
    ends = [t for t in outputs if t.requires_grad]
    if not ends or (written is not None and written >= len(inputs) + len(outputs)):
        return None
    random = np.random.default_rng(0)
    seeds = [lib.from_numpy(random.standard_normal(tuple(t.shape))).to(t.dtype) for t in ends]
    leaves = [inputs[k] for k in tracked]
    if written is not None:
        target = (inputs + outputs)[written]
        try:
            with lib.no_grad():
                if target.is_floating_point():
                    target.mul_(3).add_(1)
                else:
                    target.logical_not_()
        except RuntimeError as error:
            return error
    try:
        return lib.autograd.grad(ends, leaves, seeds, allow_unused=True)
    except RuntimeError as error:
        return error


def same(made: tuple[Any, ...], right: tuple[Any, ...]) -> bool:
    return all(
        o is None or t is None or database.close(database.array(o), database.array(t))
        for o, t in zip(made, right, strict=True)
    )


def subsets(count: int) -> Iterator[tuple[int, ...]]:
    """Each input alone, then all of them: what is saved depends on which gradients are wanted."""
    yield from itertools.combinations(range(count), 1)
    if count > 1:
        yield tuple(range(count))


def faults(
    theirs: Any, ours: Any, arguments: Any, process: Any = lambda x: x
) -> Iterator[tuple[int, str]]:
    """How many writes were compared, and what differs, for one sample."""
    wants = [k for k, t in enumerate(database.tensors(arguments)) if t.requires_grad]
    for tracked in ([wants[k] for k in s] for s in subsets(min(len(wants), 6))):

        def both(written: int | None, tracked: Any = tracked) -> Any:
            copy = database.fresh(arguments)
            a = run(torch, theirs, process, copy, tracked, written)
            b = run(
                minitorch,
                ours,
                database.rebind(process),
                database.to_mini(database.fresh(arguments)),
                tracked,
                written,
            )
            return a, b

        right, made = both(None)
        if not isinstance(right, tuple):
            continue
        if not isinstance(made, tuple):
            yield 1, f"without a write: {made!r}"
            continue
        for written in itertools.count():
            a, b = both(written)
            if a is None:
                break
            where = f"gradients of {tracked} after a write into {written}"
            if not isinstance(b, tuple):  # where PyTorch's gradient is wrong, we may refuse
                wrong = isinstance(a, tuple) and same(a, right)
                yield 1, f"{where}: {b}" if wrong else ""
            else:
                yield 1, "" if same(b, right) else f"{where}: {b} instead of {right}"


# Their gradients take the index tensor as it is at backward time where PyTorch has made its own
# copy or needs none: a write into it is refused here, never computed with.
KNOWN = {"index_add", "take_along_dim"}
INDEX = "has been modified by an inplace operation"


@pytest.mark.parametrize("name", database.names_in_scope())
def test_saved(name: str, record_property: Any) -> None:
    found: list[str] = []
    count = 0
    for entry in database.entries(name):
        if not entry.supports_autograd or not entry.supports_dtype(torch.float64, "cpu"):
            continue
        function = database.mini_function(entry)
        for sample in database.spread(database.samples(entry, torch.float64, True), FEW):
            arguments = (sample.input, sample.args, sample.kwargs)
            for one, wrong in faults(entry.op, function, arguments, sample.output_process_fn_grad):
                count += one
                if wrong and not (name in KNOWN and INDEX in wrong):
                    found.append(f"{str(sample)[:300]}: {wrong[:400]}")
    record_property("writes", count)
    assert not found, f"{len(found)} of {count} writes:\n" + "\n".join(found[:3])


@pytest.mark.parametrize("name", test_modules.NAMES)
def test_saved_by_modules(name: str, record_property: Any) -> None:
    found: list[str] = []
    count = 0
    for info in test_modules.infos(name):
        torch.manual_seed(0)
        samples = info.module_inputs_func(
            info, device="cpu", dtype=torch.float64, requires_grad=True, training=True
        )
        for sample in database.spread(list(samples), 2):
            made, called = sample.constructor_input, sample.forward_input
            if called is None:
                continue
            theirs = info.module_cls(*made.args, **made.kwargs).double()
            ours = getattr(nn, info.module_cls.__name__)(
                *test_modules.converted(made.args), **test_modules.converted(made.kwargs)
            ).double()
            if name.startswith("Lazy"):  # takes its sizes from a first input
                theirs(*called.args, **called.kwargs)
            state = {k: v.detach() for k, v in theirs.state_dict().items()}
            for key, _ in theirs.named_parameters():
                state[key] = state[key].clone().requires_grad_()
            for one, wrong in faults(
                lambda state, *args, module=theirs, **kwargs: torch.func.functional_call(
                    module, state, args, kwargs
                ),
                lambda state, *args, module=ours, **kwargs: minitorch.func.functional_call(
                    module, state, args, kwargs
                ),
                (state, tuple(called.args), called.kwargs),
            ):
                count += one
                if wrong:
                    found.append(f"{name}{made.args}{made.kwargs}: {wrong[:400]}")
    record_property("writes", count)
    assert not found, f"{len(found)} of {count} writes:\n" + "\n".join(found[:3])
