"""Calls of a module with other parameters than its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

__all__ = ["functional_call"]


@contextmanager
def swapped(module: Any, values: Mapping[str, Any], tie_weights: bool) -> Iterator[None]:
    """Within it, the parameters and buffers named in ``values`` are these."""
    places: dict[str, tuple[Any, str]] = {}
    owners: dict[int, list[str]] = {}
    for prefix, child in module.named_modules(remove_duplicate=False):
        for kind in ("_parameters", "_buffers"):
            for name, tensor in child.__dict__[kind].items():
                full = f"{prefix}.{name}" if prefix else name
                places[full] = (child.__dict__[kind], name)
                owners.setdefault(id(tensor), []).append(full)
    unknown = [name for name in values if name not in places]
    if unknown:
        raise KeyError(f"{type(module).__name__} has no parameter or buffer {unknown[0]!r}")
    full_values = dict(values)
    if tie_weights:
        for name, value in values.items():
            store, key = places[name]
            for tied in owners[id(store[key])]:
                full_values.setdefault(tied, value)
    before = [(places[name], places[name][0][places[name][1]]) for name in full_values]
    try:
        for name, value in full_values.items():
            store, key = places[name]
            store[key] = value
        yield
    finally:
        for (store, key), old in before:
            store[key] = old


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: Any,
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``module(*args, **kwargs)`` with the given parameters and buffers in the place of its own.

    Args:
        module: the module, unchanged afterwards.
        parameter_and_buffer_dicts: tensors by name, or several such dicts.
        args: a tuple of arguments, or one argument.
        kwargs: keyword arguments.
        tie_weights: what is given for one of several tied parameters holds for all.
        strict: every parameter and buffer must be given.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.func.functional_call.html
    """
    dicts = (
        [parameter_and_buffer_dicts]
        if isinstance(parameter_and_buffer_dicts, Mapping)
        else list(parameter_and_buffer_dicts)
    )
    values: dict[str, Any] = {}
    for each in dicts:
        values.update(each)
    if strict:
        own = {name for name, _ in (*module.named_parameters(), *module.named_buffers())}
        missing = own - set(values)
        if missing:
            raise RuntimeError(f"Missing key(s): {', '.join(sorted(missing))}.")
    arguments = () if args is None else args if isinstance(args, tuple) else (args,)
    with swapped(module, values, tie_weights):
        return module(*arguments, **(kwargs or {}))
