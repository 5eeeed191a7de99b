"""Every module in scope against PyTorch: initial values, outputs, gradients, buffers."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import database
import minitorch
import numpy as np
import pytest
import torch
from minitorch import nn
from torch.testing._internal.common_modules import module_db

SCOPE = Path(__file__).with_name("modules_in_scope.txt")
NAMES = [line for line in SCOPE.read_text().splitlines() if line and not line.startswith("#")]


LEAVES: dict[torch.Tensor, Any] = {}  # one tensor given twice is one tensor here too


@pytest.fixture(autouse=True)
def _quiet_oracle() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def infos(name: str) -> list[Any]:
    return [info for info in module_db if info.name == f"nn.{name}"]


def converted(value: Any, requires_grad: bool = False) -> Any:
    """Arguments in MiniTorch's types; modules and functions become ours of that name."""
    if isinstance(value, torch.nn.TransformerEncoderLayer):
        attention = value.self_attn
        made = nn.TransformerEncoderLayer(
            attention.embed_dim, attention.num_heads, value.linear1.out_features, value.dropout.p,
            converted(value.activation), value.norm1.eps, attention.batch_first, value.norm_first,
            value.linear1.bias is not None, None, database.to_mini(value.linear1.weight.dtype),
        )  # fmt: skip
        state = {k: converted(v) for k, v in value.state_dict().items()}
        made.load_state_dict(state)
        return made
    if isinstance(value, torch.nn.Module):
        return getattr(nn, type(value).__name__)()
    if isinstance(value, torch.Tensor) and requires_grad:
        if value not in LEAVES:
            LEAVES[value] = database.to_mini(value, True)
        return LEAVES[value]
    if callable(value) and getattr(value, "__module__", "").startswith(("torch.nn", "torch._C")):
        return getattr(nn.functional, value.__name__)
    if isinstance(value, dict):
        return {k: converted(v, requires_grad) for k, v in value.items()}
    if isinstance(value, list | tuple) and not isinstance(value, torch.Size):
        return type(value)(converted(v, requires_grad) for v in value)
    return database.to_mini(value, requires_grad)


def leaves(value: Any) -> list[Any]:
    """The tensors in ``value`` that require grad, each once."""
    return list(dict.fromkeys(t for t in database.tensors(value) if t.requires_grad))


def check(info: Any, sample: Any, training: bool, dtype: torch.dtype) -> None:
    made, called = sample.constructor_input, sample.forward_input
    torch.manual_seed(0)
    theirs = info.module_cls(*made.args, **made.kwargs).to(dtype).train(training)
    minitorch.manual_seed(0)
    kind = getattr(nn, info.module_cls.__name__)
    ours = kind(*converted(made.args), **converted(made.kwargs))
    ours = ours.to(database.to_mini(dtype)).train(training)
    if called is None:
        return
    LEAVES.clear()
    their_args = (tuple(called.args), called.kwargs)
    # float32 rounds PyTorch's CTC gradients by 4e-5: its float64 ones are the oracle
    oracle = torch.float64 if info.name == "nn.CTCLoss" else dtype
    fresh = {id(t): t.detach().to(oracle).clone().requires_grad_() for t in leaves(their_args)}
    their_args = database.swapped(their_args, fresh)
    our_args = converted((tuple(called.args), called.kwargs), True)
    torch.manual_seed(1)
    their_out = theirs(*their_args[0], **their_args[1])
    minitorch.manual_seed(1)
    our_out = ours(*our_args[0], **our_args[1])
    state = theirs.state_dict()
    assert list(ours.state_dict()) == list(state), "keys of the state dict"
    assert repr(ours) == repr(theirs)
    for key, value in ours.state_dict().items():
        database.compare(value, state[key], f"{key} (initial value or running statistics)")
    outs = list(zip(database.tensors(our_out), database.tensors(their_out), strict=True))
    for k, (o, t) in enumerate(outs):
        database.compare(
            o.detach(), t.detach().to(dtype if oracle != dtype else t.dtype), f"output {k}"
        )
    pairs = [(o, t) for o, t in outs if t.requires_grad and not t.is_complex()]
    if not pairs:
        return
    random = np.random.default_rng(0)
    seeds = [random.standard_normal(t.shape).astype(database.array(t).dtype) for _, t in pairs]
    their_leaves = [*leaves(their_args), *theirs.parameters()]
    our_leaves = [*leaves(our_args), *ours.parameters()]
    their_grads = torch.autograd.grad(
        [t for _, t in pairs], their_leaves, [torch.from_numpy(s) for s in seeds], allow_unused=True
    )
    our_grads = minitorch.autograd.grad(
        [o for o, _ in pairs],
        our_leaves,
        [minitorch.from_numpy(s.copy()) for s in seeds],
        allow_unused=True,
    )
    for k, (o, t) in enumerate(zip(our_grads, their_grads, strict=True)):
        if o is None or t is None:
            left = o if t is None else t
            assert left is None or not np.any(database.array(left)), f"gradient {k}"
        else:
            database.compare(o, t.to(dtype), f"gradient {k}")
            assert o.is_contiguous() or not t.is_contiguous(), f"gradient {k}: {o.stride()}"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", NAMES)
def test_modules(name: str, training: bool, dtype: torch.dtype, record_property: Any) -> None:
    assert infos(name), "not in the database"
    assert hasattr(nn, name), f"minitorch.nn has no {name}"
    for info in infos(name):
        if dtype not in info.dtypes:
            continue
        torch.manual_seed(0)
        samples = info.module_inputs_func(
            info, device="cpu", dtype=dtype, requires_grad=True, training=training
        )
        record_property("samples", len(samples))
        for sample in samples:
            try:
                check(info, sample, training, dtype)
            except Exception as error:  # raised again with the sample
                made = sample.constructor_input
                raise AssertionError(
                    f"{name}{made.args}{made.kwargs} {sample.desc}: "
                    f"{type(error).__name__}: {str(error)[:1500]}"
                ) from error


@pytest.mark.parametrize("name", NAMES)
def test_gradients_lie_as_their_parameters(name: str) -> None:
    """So that ``torch.cat([p.grad.view(-1) for p in module.parameters()])`` runs."""
    for info in infos(name):
        if torch.float32 not in info.dtypes:
            continue
        samples = info.module_inputs_func(
            info, device="cpu", dtype=torch.float32, requires_grad=True, training=True
        )
        for sample in samples:
            made, called = sample.constructor_input, sample.forward_input
            ours = getattr(nn, info.module_cls.__name__)(*converted(made.args),
                                                         **converted(made.kwargs))  # fmt: skip
            if called is None:
                continue
            LEAVES.clear()
            args, kwargs = converted((tuple(called.args), called.kwargs), True)
            outs = [t for t in database.tensors(ours(*args, **kwargs)) if t.requires_grad]
            for out in outs:
                out.sum().backward(retain_graph=True)
            for x in [*ours.parameters(), *leaves((args, kwargs))]:
                if x.grad is not None and x.is_contiguous():
                    assert x.grad.is_contiguous(), (sample.desc, x.shape, x.grad.stride())
                    assert x.grad.view(-1).stride() == (1,) or not x.numel()
