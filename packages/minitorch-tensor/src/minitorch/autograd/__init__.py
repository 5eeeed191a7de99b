"""Automatic differentiation: ``backward``, ``grad``, the modes and the interpreters.

Follows https://docs.pytorch.org/docs/stable/autograd.html
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from . import engine, function, graph
from .function import Function
from .grad_mode import (
    current,
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .gradcheck import GradcheckError, gradcheck, gradgradcheck
from .interpreters import (
    detect_anomaly,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    set_detect_anomaly,
)
from .node import Output
from .variable import Variable as _Variable
from .variable import history, wrap

__all__ = [
    "Function",
    "GradcheckError",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "forward_ad",
    "function",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]


if TYPE_CHECKING:  # of what comes in on first use
    from . import forward_ad as forward_ad
    from . import functional as functional
    from .legacy import Variable as Variable
else:

    def __getattr__(name: str) -> Any:
        if name in ("forward_ad", "functional"):
            return import_module(f"{__name__}.{name}")
        if name == "Variable":
            return import_module(f"{__name__}.legacy").Variable
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _sequence(value: Any, count: int | None = None) -> list[Any]:
    if value is None:
        return [None] * (count or 0)
    return [value] if isinstance(value, _Variable | graph.GradientEdge) else list(value)


def _primal(x: Any) -> Any:
    """The value of a dual tensor: ``backward`` adds no tangents to ``.grad``."""
    while hasattr(x, "_primal"):
        x = x._primal
    return x


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Adds the gradients of ``tensors`` to the ``.grad`` of the leaves, or of ``inputs`` alone.

    Args:
        tensors: a tensor or a sequence of tensors.
        grad_tensors: the gradient to start with for each; None for those with one element.
        retain_graph: keep the saved values for another pass; by default ``create_graph``.
        create_graph: record the backward pass too.
        grad_variables: ``grad_tensors`` under its old name.
        inputs: the tensors whose ``.grad`` to fill.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.autograd.backward.html
    """
    if create_graph:
        warnings.warn(
            "Using backward() with create_graph=True will create a reference cycle between the "
            "parameter and its gradient which can cause a memory leak. We recommend using "
            "autograd.grad when creating the graph to avoid this. If you have to use this "
            "function, make sure to reset the .grad fields of your parameters to None after use.",
            stacklevel=3,
        )
    if grad_variables is not None:
        warnings.warn(
            "`grad_variables` is deprecated. Use `grad_tensors` instead.",
            FutureWarning,
            stacklevel=2,
        )
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to "
                "`backward()`. Please only use `grad_tensors`."
            )
        grad_tensors = grad_variables
    outputs = [_primal(y) for y in _sequence(tensors)]
    gradients = [_primal(g) for g in _sequence(grad_tensors, len(outputs))]
    if inputs is None:
        engine.backward(outputs, gradients, retain_graph, create_graph)
        return
    ends: set[Any] = set()
    for x in _sequence(inputs):
        engine.retain_grad(x)
        node = history(x)
        ends.update((node, *node.parents) if isinstance(node, Output) else (node,))
    if not ends:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    engine.backward(outputs, gradients, retain_graph, create_graph, ends=ends)


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of ``outputs`` by ``inputs``, as a tuple; ``.grad`` stays as it is.

    Args:
        outputs: a tensor or a sequence of tensors.
        inputs: the tensors to differentiate by.
        grad_outputs: the gradient to start with for each output; None for those with one element.
        retain_graph: keep the saved values for another pass; by default ``create_graph``.
        create_graph: record the pass, so that the result can be differentiated again.
        only_inputs: deprecated and ignored: it is always True.
        allow_unused: None in the result, not an error, for inputs that do not matter.
        is_grads_batched: ``grad_outputs`` have a batch of gradients in front; so will the result.
        materialize_grads: zeros in the result for these.

    Raises:
        RuntimeError: there are no inputs; one does not require grad, or does not matter without
            ``allow_unused``.

    Example:
        >>> import minitorch
        >>> x = minitorch.tensor(3.0, requires_grad=True)
        >>> (g,) = minitorch.autograd.grad(x * x * x, x, create_graph=True)
        >>> minitorch.autograd.grad(g, x)
        (tensor(18.),)

    Follows https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html
    """
    ys, xs = _sequence(outputs), _sequence(inputs)
    gs = _sequence(grad_outputs, len(ys))
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To "
            "accumulate gradient for other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    if not xs:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    if allow_unused is False and materialize_grads:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    if is_grads_batched:
        found = _batched(ys, xs, gs, create_graph)
    else:
        found = _gradients(ys, xs, gs, retain_graph, create_graph)
    for k, (x, g) in enumerate(zip(xs, found, strict=True)):
        if g is None and materialize_grads:
            found[k] = zeros = wrap(np.zeros_like(x._data))
            if create_graph:
                zeros.requires_grad_()
        elif g is None and not allow_unused:
            raise RuntimeError(
                f"One of the differentiated Tensors, that at index {k}, appears to not have been "
                "used in the graph. Set allow_unused=True if this is the desired behavior."
            )
    return tuple(found)


def _batched(ys: list[Any], xs: list[Any], gs: list[Any], create_graph: bool) -> list[Any]:
    """The gradients for each of a batch of ``gs``."""
    from ..func import vmap

    if all(g is None for g in gs):
        raise RuntimeError("grad can be implicitly created only for scalar outputs")
    reached: list[int] = []

    def one(*gs: Any) -> list[Any]:
        found = _gradients(ys, xs, list(gs), True, create_graph)
        reached[:] = [k for k, g in enumerate(found) if g is not None]
        return [g for g in found if g is not None]

    in_dims = tuple(None if g is None else 0 for g in gs)
    values = dict(zip(reached, made, strict=True)) if (made := vmap(one, in_dims)(*gs)) else {}
    return [values.get(k) for k in range(len(xs))]


def _gradients(
    outputs: list[Any],
    inputs: list[Any],
    gradients: list[Any],
    retain_graph: bool | None,
    create_graph: bool,
) -> list[Any]:
    wrapped = [t._interpreter for t in (*outputs, *inputs) if t._interpreter is not None]
    if wrapped:
        interpreter = max(wrapped, key=current.state.interpreters.index)
        options = {"retain_graph": retain_graph, "create_graph": create_graph}
        found: list[Any] = interpreter.gradients(outputs, inputs, gradients, **options)
        return found
    targets: dict[Any, Any] = {}
    for x in inputs:
        node = history(x)
        if node is None:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
        targets[node] = None
    engine.backward(outputs, gradients, retain_graph, create_graph, targets)
    return [_contiguous(targets[history(x)], x) for x in inputs]


def _contiguous(g: Any, x: Any) -> Any:
    """``g`` as a tensor; contiguous where ``x`` is, so that ``view(-1)`` of both goes."""
    if g is None:
        return None
    if not isinstance(g, _Variable):
        g = wrap(g)
    contiguous = g._data.flags.c_contiguous or not x._data.flags.c_contiguous
    return g if contiguous else g.contiguous()
