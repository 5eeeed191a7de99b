"""Modules as functions of their parameters."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..ops.joining import stack

__all__ = [
    "functional_call",
    "functionalize",
    "replace_all_batch_norm_modules_",
    "stack_module_state",
]


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: Any,
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``module(*args, **kwargs)`` with other parameters and buffers in place of its own.

    Args:
        parameter_and_buffer_dicts: ``{"layer.weight": tensor, ...}``, or a sequence of such dicts.
        tie_weights: parameters that the module shares are replaced together.
        strict: every parameter and buffer must be given, and no other name.

    Raises:
        RuntimeError: ``strict`` and names are missing or unknown.
        ValueError: different values for two names of one parameter.
    """
    dicts = parameter_and_buffer_dicts
    values: dict[str, Any] = {}
    for each in [dicts] if isinstance(dicts, dict) else dicts:
        values.update(each)
    inputs = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, values, tie_weights, strict):
        return module(*inputs, **(kwargs or {}))


@contextlib.contextmanager
def _replaced(module: Any, values: dict[str, Any], tie: bool, strict: bool) -> Iterator[None]:
    places = {
        (f"{prefix}." if prefix else "") + name: (store, name)
        for prefix, sub in module.named_modules(remove_duplicate=False)
        for store in (sub._parameters, sub._buffers)
        for name in store
    }
    owners = {name: store[key] for name, (store, key) in places.items()}
    full = {name: value for name, value in values.items() if name in places}
    if tie:
        by_owner: dict[int, str] = {}
        for name in full:
            first = by_owner.setdefault(id(owners[name]), name)
            if full[first] is not full[name]:
                raise ValueError(
                    f"functional_call got multiple values for keys {[first, name]}, which are "
                    "tied. Consider using tie_weights=False"
                )
        full |= {name: full[by_owner[id(o)]] for name, o in owners.items() if id(o) in by_owner}
    unknown = [name for name in values if name not in places]
    missing = [name for name in places if name not in full]
    if strict and (unknown or missing):
        raise RuntimeError(
            f"functional_call, strict: {type(module).__name__} has no parameters or buffers named "
            f"{unknown}, and {missing} are missing"
        )
    try:
        for name, value in full.items():
            store, key = places[name]
            store[key] = value
        yield
    finally:
        for name in full:
            store, key = places[name]
            store[key] = owners[name]


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and the buffers of ``models``, stacked along a new first dimension for
    ``vmap``.
    """
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if any(model.training != models[0].training for model in models):
        raise RuntimeError(
            "stack_module_state: Expected all models to have the same training/eval mode."
        )
    if any(type(model) is not type(models[0]) for model in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    for name, p in models[0].named_parameters():
        if any(model.get_parameter(name).requires_grad != p.requires_grad for model in models):
            raise RuntimeError(f"Expected {name!r} of all models to have the same .requires_grad")

    def stacked(dicts: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            name: stack([d[name].detach() for d in dicts]).requires_grad_(
                dicts[0][name].requires_grad
            )
            for name in dicts[0]
        }

    return (
        stacked([dict(m.named_parameters()) for m in models]),
        stacked([dict(m.named_buffers()) for m in models]),
    )


def replace_all_batch_norm_modules_(root: Any) -> Any:
    """Lets the batch normalisations in ``root`` forget their running statistics, in place.

    Those are written to in each forward pass, which transforms do not allow. Returns ``root``.
    """
    for module in root.modules():
        if getattr(module, "track_running_stats", False) and hasattr(module, "num_batches_tracked"):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """``func``: what it returns and what it writes into its arguments are the same either way.

    PyTorch removes in-place operations (and views) from what it traces; nothing is traced here.

    Raises:
        RuntimeError: ``remove`` is neither "mutations" nor "mutations_and_views".
    """
    if remove not in ("mutations", "mutations_and_views"):
        raise RuntimeError(
            f"functionalize(f, remove='mutations'): received invalid argument for remove={remove}. "
            "Valid options are 'mutations' and 'mutations_and_views'"
        )
    return func
