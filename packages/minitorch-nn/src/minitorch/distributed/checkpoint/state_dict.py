"""States of models and optimizers by the parameters' names, the same in and outside of DDP.

Follows https://docs.pytorch.org/docs/stable/distributed.checkpoint.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from minitorch import Tensor
from minitorch.extend import absent_names

__all__ = [
    "StateDictOptions", "get_model_state_dict", "get_optimizer_state_dict", "get_state_dict",
    "set_model_state_dict", "set_optimizer_state_dict", "set_state_dict",
]  # fmt: skip


@dataclass
class StateDictOptions:
    """How states are taken and set. Each rank has all of a model here: only ``strict`` and
    ``ignore_frozen_params`` make a difference."""

    full_state_dict: bool = False
    cpu_offload: bool = False
    ignore_frozen_params: bool = False
    keep_submodule_prefixes: bool = True
    strict: bool = True
    broadcast_from_rank0: bool = False
    flatten_optimizer_state_dict: bool = False


class Loaded(NamedTuple):
    """What ``load_state_dict`` says."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def inner(model: Any) -> Any:
    """The model itself, without DistributedDataParallel around it."""
    wraps = type(model).__name__ in ("DistributedDataParallel", "DataParallel")
    return inner(model.module) if wraps else model


def get_model_state_dict(
    model: Any, *, submodules: Any = None, options: StateDictOptions | None = None
) -> dict[str, Any]:
    """The state of a model, under the names of the model inside DistributedDataParallel."""
    options = options or StateDictOptions()
    state: dict[str, Any] = dict(inner(model).state_dict())
    if options.ignore_frozen_params:
        for name, each in inner(model).named_parameters():
            if not each.requires_grad:
                state.pop(name, None)
    return state


def set_model_state_dict(
    model: Any, model_state_dict: dict[str, Any], *, options: StateDictOptions | None = None
) -> Any:
    """Lets the model take over a state of ``get_model_state_dict``."""
    options = options or StateDictOptions()
    if not model_state_dict:
        return Loaded([], [])
    return inner(model).load_state_dict(model_state_dict, strict=options.strict)


def all_of(optimizers: Any) -> Iterable[Any]:
    return optimizers if isinstance(optimizers, tuple | list) else (optimizers,)


def numbered(optimizer: Any) -> Iterator[tuple[int, Tensor]]:
    """The parameters by the numbers that ``state_dict()`` has for them."""
    yield from enumerate(each for group in optimizer.param_groups for each in group["params"])


def names_of(model: Any, optimizer: Any) -> dict[int, str]:
    """Number in ``state_dict()`` -> name."""
    names = {id(each): name for name, each in inner(model).named_parameters()}
    return {number: names[id(each)] for number, each in numbered(optimizer)}


def get_optimizer_state_dict(
    model: Any, optimizers: Any, *, submodules: Any = None,
    options: StateDictOptions | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The state of optimizers, with the parameters' names in place of their numbers."""
    whole: dict[str, Any] = {"state": {}, "param_groups": []}
    for optimizer in all_of(optimizers):
        names, state = names_of(model, optimizer), optimizer.state_dict()
        whole["state"] |= {names[number]: each for number, each in state["state"].items()}
        whole["param_groups"] += [
            group | {"params": [names[number] for number in group["params"]]}
            for group in state["param_groups"]
        ]
    return whole


def set_optimizer_state_dict(
    model: Any, optimizers: Any, optim_state_dict: dict[str, Any], *,
    options: StateDictOptions | None = None,
) -> None:  # fmt: skip
    """Lets optimizers take over a state of ``get_optimizer_state_dict``.

    Raises:
        RuntimeError: it has no group for some parameter.
    """
    for optimizer in all_of(optimizers):
        names = names_of(model, optimizer)
        saved = optim_state_dict["state"]
        state = {number: saved[name] for number, name in names.items() if name in saved}
        groups, start = [], 0
        for group in optimizer.param_groups:
            numbers = list(range(start, start + len(group["params"])))
            start += len(numbers)
            mine = {names[number] for number in numbers}
            found = [g for g in optim_state_dict["param_groups"] if mine <= set(g["params"])]
            if not found:
                raise RuntimeError(f"the optimizer's state has no group of {sorted(mine)}")
            groups.append(found[0] | {"params": numbers})
        optimizer.load_state_dict({"state": state, "param_groups": groups})


def get_state_dict(
    model: Any, optimizers: Any, *, submodules: Any = None,
    options: StateDictOptions | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """The states of a model and of its optimizers."""
    return (
        get_model_state_dict(model, options=options),
        get_optimizer_state_dict(model, optimizers, options=options),
    )


def set_state_dict(
    model: Any, optimizers: Any, *, model_state_dict: dict[str, Any],
    optim_state_dict: dict[str, Any], options: StateDictOptions | None = None,
) -> Any:  # fmt: skip
    """Lets a model and its optimizers take over their states."""
    set_optimizer_state_dict(model, optimizers, optim_state_dict, options=options)
    return set_model_state_dict(model, model_state_dict, options=options)


__getattr__, __dir__ = absent_names(__name__)
