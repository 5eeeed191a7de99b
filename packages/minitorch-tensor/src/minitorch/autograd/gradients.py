"""Gradients of outputs: into the ``.grad`` of the leaves, or by given inputs."""

from __future__ import annotations

import warnings
from typing import Any

from . import engine
from .grad_mode import current
from .history import history
from .node import Output
from .variable import Variable, wrapped

__all__ = ["GradientEdge", "backward", "gradients", "primal", "sequence"]


class GradientEdge(tuple[Any, int]):
    """``(node, output number)``: the place in the graph that a tensor's gradient flows to."""

    __slots__ = ()

    def __new__(cls, node: Any, output_nr: int = 0, ownership_token: Any = None) -> GradientEdge:
        """Of output ``output_nr`` of ``node``."""
        return super().__new__(cls, (node, output_nr))

    _base = _interpreter = None  # to autograd it is like a tensor of which only the node is known

    @property
    def _node(self) -> Any:
        return self[0]

    @property
    def node(self) -> Any:
        return self[0]

    @property
    def output_nr(self) -> int:
        return self[1]


SINGLE = (Variable, GradientEdge)


def sequence(value: Any, count: int | None = None) -> list[Any]:
    if value is None:
        return [None] * (count or 0)
    return [value] if isinstance(value, SINGLE) else list(value)


def primal(x: Any) -> Any:
    """The value of a dual tensor, without its tangent, as ``backward`` and in-place writes under
    ``no_grad`` take it.
    """
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
    outputs = list(map(primal, sequence(tensors)))
    gradients = sequence(grad_tensors, len(outputs))
    if grad_tensors is not None:
        gradients = list(map(primal, gradients))
    if inputs is None:
        engine.backward(outputs, gradients, retain_graph, create_graph)
        return
    ends: set[Any] = set()
    for x in sequence(inputs):
        if not isinstance(x, GradientEdge):
            engine.retain_grad(x)
        node = history(x)
        ends.update((node, *node.parents) if isinstance(node, Output) else (node,))
    if not ends:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    engine.backward(outputs, gradients, retain_graph, create_graph, ends=ends)


def gradients(
    outputs: list[Any],
    inputs: list[Any],
    starts: list[Any],
    retain_graph: bool | None,
    create_graph: bool,
) -> list[Any]:
    """The gradients of ``outputs``, which begin with ``starts``, by ``inputs``; None where an
    output does not depend on the input. An interpreter that wraps one of them takes over."""
    wrapped = [t._interpreter for t in (*outputs, *inputs) if t._interpreter is not None]
    if wrapped:
        interpreter = max(wrapped, key=current.state.interpreters.index)
        options = {"retain_graph": retain_graph, "create_graph": create_graph}
        found: list[Any] = interpreter.gradients(outputs, inputs, starts, **options)
        return found
    targets: dict[Any, Any] = {}
    for x in inputs:
        node = history(x)
        if node is None:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
        targets[node] = None
    engine.backward(outputs, starts, retain_graph, create_graph, targets)
    return [_contiguous(targets[history(x)], x) for x in inputs]


def _contiguous(g: Any, x: Any) -> Any:
    """``g`` as a tensor; contiguous where ``x`` is, so that ``view(-1)`` of both goes."""
    if g is None:
        return None
    g = g.conj() if isinstance(g, Variable) else wrapped(g.conj())
    if isinstance(x, GradientEdge):
        return g
    if g.is_sparse:
        return g
    contiguous = g._data.flags.c_contiguous or not x._data.flags.c_contiguous
    return g if contiguous else g.contiguous()
