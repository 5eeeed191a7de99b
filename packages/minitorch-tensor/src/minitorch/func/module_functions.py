"""Modules as functions of tuples of their parameters, as functorch had them before ``torch.func``.

Follows https://docs.pytorch.org/docs/stable/func.migrating.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

from ..ops.joining import stack
from .stateful import functional_call

__all__ = [
    "FunctionalModule", "FunctionalModuleWithBuffers", "combine_state_for_ensemble",
    "functional_init", "functional_init_with_buffers", "make_functional",
    "make_functional_with_buffers",
]  # fmt: skip


class FunctionalModuleWithBuffers:
    """``fmodule(params, buffers, *args)``: the module with these tensors."""

    def __init__(self, stateless_model: Any) -> None:
        self.stateless_model = stateless_model
        self.param_names = tuple(name for name, _ in stateless_model.named_parameters())
        self.buffer_names = tuple(name for name, _ in stateless_model.named_buffers())

    def __call__(self, params: Any, buffers: Any, *args: Any, **kwargs: Any) -> Any:
        state = dict(zip(self.param_names, params, strict=True))
        state |= zip(self.buffer_names, buffers, strict=True)
        return functional_call(self.stateless_model, state, args, kwargs)


class FunctionalModule(FunctionalModuleWithBuffers):
    """``fmodule(params, *args)``: the module with these parameters."""

    def __call__(self, params: Any, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(params, (), *args, **kwargs)


def _parts(model: Any, disable_autograd_tracking: bool) -> tuple[Any, Any, Any]:
    """A copy of the model, and its parameters and buffers."""
    module = deepcopy(model)
    params, buffers = tuple(module.parameters()), tuple(module.buffers())
    if disable_autograd_tracking:
        params = tuple(p.detach() for p in params)
    module = deepcopy(model)
    for p in module.parameters():
        p.requires_grad_(False)
    return module, params, buffers


def make_functional(model: Any, disable_autograd_tracking: bool = False) -> tuple[Any, Any]:
    """``(fmodule, params)``, so that ``fmodule(params, *args)`` is ``model(*args)``.

    Raises:
        RuntimeError: the model has buffers.
    """
    module, params, buffers = _parts(model, disable_autograd_tracking)
    if buffers:
        raise RuntimeError(
            "make_functional(model): `model` has buffers. Please use "
            "make_functional_with_buffers(model) instead."
        )
    return FunctionalModule(module), params


def make_functional_with_buffers(
    model: Any, disable_autograd_tracking: bool = False
) -> tuple[Any, Any, Any]:
    """``(fmodule, params, buffers)``: ``fmodule(params, buffers, *args)`` is ``model(*args)``."""
    module, params, buffers = _parts(model, disable_autograd_tracking)
    return FunctionalModuleWithBuffers(module), params, buffers


def combine_state_for_ensemble(models: Sequence[Any]) -> tuple[Any, Any, Any]:
    """``(fmodule, params, buffers)`` of models of one class, their tensors stacked for ``vmap``.

    Raises:
        RuntimeError: there are none, or they differ in class or mode.
    """
    if not models:
        raise RuntimeError("combine_state_for_ensemble: Expected at least one model, got 0.")
    if any(model.training != models[0].training for model in models):
        raise RuntimeError(
            "combine_state_for_ensemble: Expected all models to have the same training/eval mode."
        )
    if any(type(model) is not type(models[0]) for model in models):
        raise RuntimeError(
            "combine_state_for_ensemble: Expected all models to be of the same class."
        )
    made = [make_functional_with_buffers(model) for model in models]
    columns = [tuple(map(stack, zip(*(each[k] for each in made), strict=True))) for k in (1, 2)]
    return made[0][0], *columns


def _of_inputs(function: Any, states: int) -> Callable[..., Any]:
    """``function`` of so many tuples of tensors, and of the inputs in one more tuple."""

    def of_inputs(*args: Any) -> Any:
        return function(*args[:states], *args[states])

    return of_inputs


def functional_init(
    model_class: Callable[..., Any], ensemble_shape: tuple[int, ...] = (), device: Any = "cpu"
) -> Callable[..., Any]:
    """Of a class of modules: a function of its arguments that returns stacked parameters, the
    function of them and of a tuple of inputs, and the parameters' names.

    Raises:
        ValueError: ``ensemble_shape`` has more than one dimension.
    """

    def made(*args: Any, **kwargs: Any) -> Any:
        params, _, module = _ensemble(model_class, ensemble_shape, device, args, kwargs)
        function = FunctionalModule(module.stateless_model)
        return params, _of_inputs(function, 1), module.param_names

    return made


def functional_init_with_buffers(
    model_class: Callable[..., Any], ensemble_shape: tuple[int, ...] = (), device: Any = "cpu"
) -> Callable[..., Any]:
    """``functional_init`` for modules with buffers, which come second."""

    def made(*args: Any, **kwargs: Any) -> Any:
        params, buffers, module = _ensemble(model_class, ensemble_shape, device, args, kwargs)
        names = module.param_names, module.buffer_names
        return params, buffers, _of_inputs(module, 2), *names

    return made


def _ensemble(
    model_class: Callable[..., Any], ensemble_shape: tuple[int, ...], device: Any, args: Any,
    kwargs: Any,
) -> tuple[Any, Any, Any]:  # fmt: skip
    if len(ensemble_shape) > 1:
        raise ValueError("NYI: ensemble_shape with more than 1 element")
    count = ensemble_shape[0] if ensemble_shape else 1
    if count <= 0:
        raise ValueError(f"num_models {count} should be > 0")
    models = [model_class(*args, **kwargs).to(device) for _ in range(count)]
    function, params, buffers = combine_state_for_ensemble(models)
    if not ensemble_shape:
        params, buffers = (tuple(t[0] for t in each) for each in (params, buffers))
    return params, buffers, function
