"""The backward pass: walks the graph from the outputs to the leaves, each node once."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from ..kernels import sums
from .grad_mode import NUMPYS, QUIET, current
from .node import AccumulateGrad, Node, Partial
from .variable import Variable, history, wrap

__all__ = ["backward", "differentiate", "sum_to"]


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Sums ``g`` over the dimensions along which ``shape`` was broadcast."""
    lead = g.ndim - len(shape)
    stretched = (k + lead for k, n in enumerate(shape) if n == 1 and g.shape[k + lead] != 1)
    axes = (*range(lead), *stretched)
    if axes:
        g = sums.add(g, axes, False) if isinstance(g, np.ndarray) else g.sum(axes)
    return g if g.shape == shape else g.reshape(shape)


def run(
    roots: Sequence[tuple[Node, Any]],
    create_graph: bool,
    retain_graph: bool,
    targets: dict[Node, Any] | None = None,
) -> None:
    """Sends the gradients of ``roots`` through the graph.

    Without ``targets`` they end in the leaves' ``.grad``. With ``targets``, a dict with the nodes
    of interest as keys, only the paths to those are walked and the gradients become its values.

    A node waits on a heap by its number. Children have later numbers than their parents, so when
    a node's turn comes all of its gradient has arrived. No recursion: depth does not matter.
    """
    state = current.state
    watchers = [tool for tool in state.tools if hasattr(tool, "after")]
    leads = None if targets is None else _leading_to(targets, [node for node, _ in roots])
    state.passes.append((object(), roots, targets, leads))
    try:
        _walk(roots, create_graph, retain_graph, targets or {}, leads, watchers)
    finally:
        state.passes.pop()


def _walk(
    roots: Sequence[tuple[Node, Any]],
    create_graph: bool,
    retain_graph: bool,
    targets: dict[Node, Any],
    leads: set[Node] | None,
    watchers: list[Any],
) -> None:
    pending: dict[Node, Any] = {}
    heap: list[tuple[int, Node]] = []  # (order, node): smaller is later
    owned: set[Node] = set()  # nodes whose pending array is nobody else's
    for node, g in roots:
        if node in pending:
            pending[node] = pending[node] + g
        else:
            pending[node] = g
            heappush(heap, (node.order, node))
    while heap:
        node = heappop(heap)[1]
        g = pending.pop(node)
        extra = node.extra
        if extra is not None:
            g = _before(node, extra, g)
        if leads is not None:
            if node in targets:
                targets[node] = g
            if node not in leads:
                continue
        if type(node) is AccumulateGrad:
            node.accumulate(g, node in owned)
            if extra is not None:
                accumulated(node)
                _after(node, extra, (), g)
            continue
        if watchers:
            for watcher in watchers:
                watcher.before(node)
        parents = node.parents
        if leads is None:
            grads = node.vjp(g, create_graph, None)
        else:
            wanted = [p in leads or p in targets for p in parents]
            parents = tuple(p if w else None for p, w in zip(parents, wanted, strict=True))
            grads = node.vjp(g, create_graph, wanted)
        if extra is not None:
            grads = _after(node, extra, grads, g)
        if watchers:
            for watcher in watchers:
                watcher.after(node, grads)
        for parent, gp in zip(parents, grads):
            if parent is None or gp is None:
                continue
            if gp.shape != parent.shape and type(gp) is not Partial:
                gp = sum_to(gp, parent.shape)
            if parent not in pending:
                pending[parent] = gp
                heappush(heap, (parent.order, parent))
                if type(parent) is AccumulateGrad and gp is not g and _is_new(gp, node):
                    owned.add(parent)
            elif parent in owned:
                pending[parent] += gp
            else:
                pending[parent] = total = pending[parent] + gp
                if type(total) is np.ndarray:
                    owned.add(parent)
        if node.versions and not retain_graph:  # values are saved, not shapes alone
            node.saved = None


def _owners(array: Any) -> int:
    base = array.base
    return sys.getrefcount(base)


ALONE = _owners(np.empty(2).reshape(2, 1))  # of a view that alone has its memory; Pythons differ


def _is_new(array: Any, node: Node) -> bool:
    """True where a rule made ``array`` just now: nobody else has it or the memory under it."""
    if not node.makes_arrays or type(array) is not np.ndarray:
        return False
    if array.base is not None and (
        type(array.base) is not np.ndarray
        or array.base.base is not None
        or array.base.size != array.size
        or _owners(array) > ALONE
    ):
        return False
    for values in node.saved or ():
        for value in values or ():
            if value is array:
                return False
    return True


def _leading_to(targets: dict[Node, Any], roots: Sequence[Node]) -> set[Node]:
    """The nodes from which a target can be reached, the target itself not counted."""
    leads: set[Node] = set()
    for node in sorted(_reached(roots), key=lambda n: -n.order):  # parents before children
        if any(p in leads or p in targets for p in node.parents):
            leads.add(node)
    return leads


def _reached(roots: Sequence[Node]) -> set[Node]:
    found: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack.extend(p for p in node.parents if p is not None)
    return found


def coming_by(nodes: Sequence[Node]) -> list[bool]:
    """Which of ``nodes`` the running backward pass reaches."""
    _, roots, targets, leads = current.state.passes[-1]
    reached = _reached([node for node, _ in roots])
    if targets is not None:
        reached &= leads | targets.keys()
    return [node in reached for node in nodes]


def accumulated(node: AccumulateGrad) -> None:
    """Runs the hooks that see a leaf once its ``.grad`` is there."""
    for hook in list((node.extra or {}).get("accumulated", {}).values()):
        hook(node.variable)


def _tensor(g: Any) -> Any:
    return g if g is None or isinstance(g, Variable) else wrap(g)


def _as_tuple(node: Node, g: Any) -> tuple[Any, ...]:
    """The gradients of all outputs of ``node``, as Tensors; None for what did not arrive."""
    if type(g) is not Partial:
        return (_tensor(g),)
    return tuple(_tensor(g.get(number)) for number in range(len(node.shape or ())))


def _replaced(hook: Any, g: Any, made: Any) -> Any:
    """What ``hook`` made of ``g``, of the same kind, shape and dtype."""
    if made is None or g is None:
        return g
    if not isinstance(made, Variable):
        raise TypeError(f"expected Variable, but hook returned '{type(made).__name__}'")
    name = getattr(hook, "__name__", repr(hook))
    if made._data.shape != (g._data if isinstance(g, Variable) else g).shape:
        raise RuntimeError(
            f"hook '{name}' has changed the size of value: from {list(g.shape)} to "
            f"{list(made._data.shape)}"
        )
    if made._data.dtype != (g._data if isinstance(g, Variable) else g).dtype:
        raise RuntimeError(
            f"hook '{name}' has changed the type of value (was {g.dtype} got {made._data.dtype})"
        )
    return made if isinstance(g, Variable) else made._data


def _before(node: Node, extra: dict[str, Any], g: Any) -> Any:
    """Runs the hooks that see a gradient before its node does."""
    for hook in list(extra.get("pre_hooks", {}).values()):
        made = hook(_as_tuple(node, g))
        if made is None:
            continue
        made = made if isinstance(made, tuple) else (made,)
        if type(g) is Partial:
            g = Partial({k: _replaced(hook, each, made[k]) for k, each in g.items()})
        else:
            g = _replaced(hook, g, made[0])
    for hook in list(extra.get("tensor_hooks", {}).values()):
        g = _replaced(hook, g, hook(_tensor(g)))
    for keep in extra.get("retain", {}).values():
        keep(_tensor(g))
    return g


def _after(node: Node, extra: dict[str, Any], grads: Any, g: Any) -> Any:
    """Runs the hooks that see what a node passes on."""
    for hook in list(extra.get("post_hooks", {}).values()):
        made = hook(tuple(map(_tensor, grads)), _as_tuple(node, g))
        if made is not None:
            made = made if isinstance(made, tuple) else (made,)
            grads = [_replaced(hook, gp, new) for gp, new in zip(grads, made, strict=True)]
    return grads


def _root(output: Any, gradient: Any, tensors: bool) -> tuple[Node, Any]:
    """The node of ``output`` and the gradient to start with, a Tensor or an array."""
    node = history(output)
    if node is None:
        raise RuntimeError(
            "element 0 of tensors does not require grad and does not have a grad_fn: nothing that "
            "went into it has requires_grad=True, or it was computed under no_grad()"
        )
    if isinstance(output, tuple):  # a GradientEdge: nothing but the node is known
        if not isinstance(gradient, Variable):
            raise RuntimeError("the gradient of a GradientEdge must be given")
        return node, gradient if tensors else gradient._data
    data = output._data
    if gradient is None:
        if data.size != 1:
            raise RuntimeError(
                f"grad can be implicitly created only for scalar outputs, but this one has shape "
                f"{list(data.shape)}: pass gradient= (of that shape) or reduce it, as with .sum()"
            )
        if data.dtype.kind == "c":
            raise RuntimeError("grad can be implicitly created only for real scalar outputs")
        ones = np.ones(data.shape, data.dtype) if data.shape else data.dtype.type(1)
        return node, wrap(ones) if tensors else ones
    if not isinstance(gradient, Variable):
        raise TypeError(
            f"gradients can be either Tensors or None, but got {type(gradient).__name__}"
        )
    if gradient._data.shape != data.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[0] has a shape of {list(gradient._data.shape)} and "
            f"output[0] has a shape of {list(data.shape)}."
        )
    if gradient._data.dtype != data.dtype:
        gradient = gradient.to(output.dtype)
    return node, gradient if tensors else gradient._data


def backward(
    outputs: Sequence[Any],
    gradients: Sequence[Any],
    retain_graph: bool | None,
    create_graph: bool,
    targets: dict[Node, Any] | None = None,
) -> None:
    """Checks the outputs, then runs: on arrays, or on Tensors where a graph is made of the pass or
    a transform carries the gradients."""
    if len(outputs) != len(gradients):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(gradients)} gradients")
    tensors = create_graph
    for g in gradients:
        if g is not None and getattr(g, "_tool", None) is not None:
            tensors = True
    roots = [
        _root(output, gradient, tensors)
        for output, gradient in zip(outputs, gradients, strict=True)
    ]
    retain = create_graph if retain_graph is None else retain_graph
    state = current.state
    before = state.flags & 1
    state.set_grad(create_graph)
    try:
        if tensors:
            run(roots, True, retain, targets)
        else:
            settings = NUMPYS.set(QUIET)
            try:
                run(roots, False, retain, targets)
            finally:
                NUMPYS.reset(settings)
    finally:
        state.set_grad(bool(before))


def differentiate(pairs: Sequence[tuple[Any, Any]], inputs: Sequence[Any]) -> list[Any]:
    """The gradients of ``outputs`` along ``gs``, as Tensors; ``pairs`` are (output, g)."""
    targets: dict[Node, Any] = {history(x): None for x in inputs}
    run([(history(output), g) for output, g in pairs], True, True, targets)
    return [targets[x._node] for x in inputs]


def retain_grad(tensor: Any) -> None:
    """Lets the pass leave in ``tensor.grad`` the gradient that comes by."""
    node = history(tensor)
    if node is None:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    if isinstance(node, AccumulateGrad) or tensor._retained is node:
        return
    tensor._retained = node
    reference = weakref.ref(tensor)  # the tensor holds the node already

    def keep(g: Any) -> None:
        kept = reference()
        if kept is not None:
            kept._grad = g if kept._grad is None else kept._grad + g

    node.attach("retain", dict)[id(tensor)] = keep
