"""Modules as functions of their parameters."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..autograd.variable import Variable
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
    values = _one_dict(parameter_and_buffer_dicts)
    inputs = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, values, tie_weights, strict):
        return module(*inputs, **(kwargs or {}))


def _one_dict(dicts: Any) -> dict[str, Any]:
    if isinstance(dicts, dict):
        return dicts
    if not isinstance(dicts, Sequence) or not all(isinstance(each, dict) for each in dicts):
        raise ValueError(
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(dicts).__name__}: {dicts!r:.60}"
        )
    names = [name for each in dicts for name in each]
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        raise ValueError(
            f"{repeated} appeared in multiple dictionaries; behavior of functional call is "
            "ambiguous"
        )
    return {name: value for each in dicts for name, value in each.items()}


@contextlib.contextmanager
def _replaced(module: Any, values: dict[str, Any], tie: bool, strict: bool) -> Iterator[None]:
    """Puts ``values`` into ``module`` for a while; what it then has there stays in ``values``."""
    full = _with_tied(module, values) if tie else values
    if strict:
        _check_names(module, full)
    before: dict[str, Any] = {}
    try:
        for name, value in full.items():
            before[name] = _exchange(module, name, value)
        yield
    finally:
        after = {name: _exchange(module, name, value) for name, value in before.items()}
        values.update((name, after[name]) for name in values if name in after)


def _named(module: Any) -> dict[str, Any]:
    """The parameters and buffers, under each of their names."""
    return {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }


def _with_tied(module: Any, values: dict[str, Any]) -> dict[str, Any]:
    """``values``, also under the other names of the tensors that they replace."""
    names: dict[int, list[str]] = {}
    for name, tensor in _named(module).items():
        names.setdefault(id(tensor), []).append(name)
    full = dict(values)
    for tied in names.values():
        given = [name for name in tied if name in values]
        if given and len(tied) > 1:
            if any(values[name] is not values[given[0]] for name in given):
                raise ValueError(
                    f"functional_call got multiple values for keys {sorted(tied)}, which are "
                    "tied. Consider using tie_weights=False"
                )
            full.update(dict.fromkeys(tied, values[given[0]]))
    return full


def _check_names(module: Any, values: dict[str, Any]) -> None:
    names = _named(module)
    wrong = {
        "Unexpected": [name for name in values if name not in names],
        "Missing": sorted(name for name in names if name not in values),
    }
    lines = [f"{k} key(s): {', '.join(map(repr, names))}." for k, names in wrong.items() if names]
    if lines:
        raise RuntimeError(
            f"Error(s) in reparametrizing for {type(module).__name__}:\n\t" + "\n\t".join(lines)
        )


MISSING = object()


def _exchange(module: Any, path: str, value: Any) -> Any:
    """Puts ``value`` at ``path``; returns what was there. ``MISSING`` stands for nothing."""
    owner, _, name = path.rpartition(".")
    inner = module.get_submodule(owner)
    _check_tensor(value, path)
    for store in (inner._parameters, inner._buffers):
        if name in store:
            old = store.pop(name) if value is MISSING else store[name]
            if value is not MISSING:
                store[name] = value
            return old
    old = getattr(inner, name, MISSING)
    _check_tensor(old, path)
    if value is not MISSING:
        setattr(inner, name, value)
    elif old is not MISSING:
        delattr(inner, name)
    return old


def _check_tensor(value: Any, path: str) -> None:
    if value is not MISSING and value is not None and not isinstance(value, Variable):
        raise TypeError(f"attribute `{path}`: {value} is not an instance of torch.Tensor")


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
