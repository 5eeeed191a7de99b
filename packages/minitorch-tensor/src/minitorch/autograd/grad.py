"""``autograd.grad``. It stands above ``func``, whose vmap carries a batch of gradients."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .frames import folding
from .gradients import GradientEdge, gradients, sequence
from .variable import wrap

__all__ = ["grad"]


@folding
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
    """
    ys, xs = sequence(outputs), sequence(inputs)
    gs = sequence(grad_outputs, len(ys))
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To "
            "accumulate gradient for other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=3,
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
        found = gradients(ys, xs, gs, retain_graph, create_graph)
    for k, (x, g) in enumerate(zip(xs, found, strict=True)):
        if g is None and materialize_grads:
            if isinstance(x, GradientEdge):
                raise RuntimeError(
                    "materialize_grads cannot be used when the given input is a GradientEdge"
                )
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
    from ..func.batching import old_vmap

    if all(g is None for g in gs):
        raise RuntimeError("grad can be implicitly created only for scalar outputs")
    for k, (y, g) in enumerate(zip(ys, gs, strict=True)):
        if g is not None and not isinstance(y, GradientEdge) and g.shape[1:] != y.shape:
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output "
                "as the batch dimension. The sizes of the remaining dimensions are expected to "
                "match the shape of corresponding output, but a mismatch was detected: "
                f"grad_output[{k}] has a shape of {g.shape} and output[{k}] has a shape of "
                f"{y.shape}. If you only want some tensors in `grad_output` to be considered "
                "batched, consider using vmap."
            )
    reached: list[int] = []

    def one(*gs: Any) -> list[Any]:
        found = gradients(ys, xs, list(gs), True, create_graph)
        reached[:] = [k for k, g in enumerate(found) if g is not None]
        return [g for g in found if g is not None]

    in_dims = tuple(None if g is None else 0 for g in gs)
    values = dict(zip(reached, made, strict=True)) if (made := old_vmap(one, in_dims)(*gs)) else {}
    return [values.get(k) for k in range(len(xs))]
