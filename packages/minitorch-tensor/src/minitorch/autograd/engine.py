"""The backward pass: walks the graph from the outputs to the leaves, each node once.

A complex gradient g in the graph stands for the differential Re(g dz): the rules of analytic
functions hold as they are. What users give and see is its conjugate, PyTorch's gradient: it is
taken (``conj()``, which gives back real numbers themselves) where gradients enter and leave.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from .._types.dtype import get_default_dtype
from .._types.size import Size
from ..kernels import sums
from ..kernels.meta import MetaArray
from .grad_mode import ERRSTATE, IGNORE_ALL, current, tell, user_code
from .history import history
from .node import AccumulateGrad, Node, Partial
from .variable import Variable, wrap, wrapped

__all__ = ["backward", "differentiate", "sum_to"]


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Sums ``g`` over the dimensions along which ``shape`` was broadcast."""
    lead = g.ndim - len(shape)
    axes = tuple(range(lead))
    for k, n in enumerate(shape, lead):
        if k < 0 or (n != 1 and n != g.shape[k]):
            raise RuntimeError(
                f"a gradient rule returned an invalid gradient - got {list(g.shape)} but expected "
                f"shape compatible with {list(shape)}: has its input the shape that it had?"
            )
        if n != g.shape[k]:
            axes += (k,)
    if axes:
        g = sums.add(g, axes, False) if isinstance(g, np.ndarray) else g.sum(axes)
    return g if g.shape == shape else g.reshape(shape)


def run(
    roots: Sequence[tuple[Node, Any]],
    create_graph: bool,
    retain_graph: bool,
    targets: dict[Node, Any] | None = None,
    ends: set[Node] | None = None,
) -> None:
    """Sends the gradients of ``roots`` through the graph.

    Without ``targets`` they end in the leaves' ``.grad``. With ``targets``, a dict with the nodes
    of interest as keys, only the paths to those are walked and the gradients become its values.
    With ``ends`` only the paths to those nodes are walked, and the nodes themselves run too.

    A node waits on a heap by its number. Children have later numbers than their parents, so when
    a node's turn comes all of its gradient has arrived. No recursion: depth does not matter.
    """
    state = current.state
    watchers = [interpreter for interpreter in state.interpreters if hasattr(interpreter, "after")]
    ancestors = None
    if targets is not None or ends is not None:
        targets, ends = targets or {}, ends or set()
        ancestors = _ancestors_of(targets.keys() | ends, [node for node, _ in roots]) | ends
        roots = [(node, g) for node, g in roots if node in ancestors or node in targets]
    early = _first_uses(roots) if AccumulateGrad.hooked and ancestors is None else {}
    running: list[Any] = []  # what queue_callback adds
    state.passes.append((running, roots, targets, ancestors))
    state.arrays += 1
    try:
        try:
            for watcher in watchers:
                if hasattr(watcher, "began"):
                    watcher.began(roots)
            _walk(roots, create_graph, retain_graph, targets or {}, ancestors, watchers, early)
        except Exception:
            for watcher in watchers:
                if hasattr(watcher, "failed"):
                    watcher.failed()
            raise
        for callback in running:  # one may queue another
            with user_code():
                callback()
    finally:
        state.arrays -= 1
        state.passes.pop()
        for watcher in watchers:
            if hasattr(watcher, "ended"):
                watcher.ended()


def _walk(
    roots: Sequence[tuple[Node, Any]],
    create_graph: bool,
    retain_graph: bool,
    targets: dict[Node, Any],
    ancestors: set[Node] | None,
    watchers: list[Any],
    early: dict[Node, float],
) -> None:
    """The algorithm, without hooks, targets, watchers and the reuse of buffers:

    pending = dict(roots)
    while pending:
        node = min(pending, key=lambda node: node.sequence_nr)  # the latest; a heap finds it
        g = pending.pop(node)
        if isinstance(node, AccumulateGrad):
            node.accumulate(g)
        for parent, gp in zip(node.parents, node.vjp(g)):
            pending[parent] = pending.get(parent, 0) + sum_to(gp, parent.shape)
        node.saved = None
    """
    pending: dict[Node, Any] = {}
    heap: list[tuple[float, Node]] = []  # (sequence number, node): smaller is later
    owned: set[Node] = set()  # nodes whose pending array the engine alone has
    run: Any = next((w.vjp for w in watchers if hasattr(w, "vjp")), None)
    for node, g in roots:
        if node in pending:
            pending[node] = pending[node] + g
        else:
            pending[node] = g
            heappush(heap, (node.sequence_nr, node))
    while heap:
        node = heappop(heap)[1]
        g = pending.pop(node)
        extra = node.extra
        if ancestors is not None and node in targets:
            targets[node] = g  # as PyTorch: before the tensor's hooks where the pass goes on,
            if node not in ancestors:  # after them where it ends
                if extra is not None:
                    targets[node] = _like(_tensor_hooks(extra, _tensor(g)), g)
                if watchers:
                    tell("captured", node, targets[node])
                continue
        if extra is not None:
            g, seen = _before(node, extra, g)
            if g is None:
                continue
        if type(node) is AccumulateGrad:
            if watchers and node.variable is not None:
                tell("before_grad", node.variable, True)
            # what hooks saw is no longer the engine's to write into
            if node.accumulate(g, node in owned and (extra is None or seen is None)):
                if watchers:
                    tell("accumulated", node.variable, g)
                if extra is not None:
                    _accumulated(extra, node.variable)
            if extra is not None:
                _after(extra, (), g, seen)
            continue
        if watchers:
            tell("received", node, g)
            for watcher in watchers:
                watcher.before(node)
        parents = node.parents
        if ancestors is None:
            grads = run(node, g, None) if run else node.vjp(g, create_graph, None)
        else:
            wanted = [p in ancestors or p in targets for p in parents]
            parents = tuple(p if w else None for p, w in zip(parents, wanted, strict=True))
            ends_here = not any(wanted)
            if ends_here:
                grads = [None] * len(parents)
            else:
                grads = run(node, g, wanted) if run else node.vjp(g, create_graph, wanted)
        if extra is not None:
            grads = _after(extra, grads, g, seen)
        if watchers:
            for watcher in watchers:
                watcher.after(node, grads)
        for parent, gp in zip(parents, grads):
            if parent is None or gp is None:
                continue
            if gp.shape != parent.shape and type(gp) is not Partial:
                whole, gp = gp, sum_to(gp, parent.shape)
                if watchers:
                    tell("reduced", whole, gp)
            if parent not in pending:
                pending[parent] = gp
                number = parent.sequence_nr
                heappush(heap, (early.get(parent, number) if early else number, parent))
                if type(parent) is AccumulateGrad and gp is not g and _is_new(gp, node):
                    if not watchers:  # who may have seen it
                        owned.add(parent)
            elif parent in owned:
                pending[parent] += gp
            else:
                before = pending[parent]
                pending[parent] = total = before + gp
                if watchers:
                    tell("summed", parent, before, gp, total)
                elif type(total) is np.ndarray:
                    owned.add(parent)
        if node.versions and not retain_graph:  # values are saved, not shapes alone
            node.saved = None


getrefcount: Any = getattr(sys, "getrefcount", None)  # CPython's; without it memory is never alone


def _owners(array: Any) -> int:
    base = array.base
    return getrefcount(base) if getrefcount else sys.maxsize


SEEING = {"post_hooks", "unpack"}  # what user code has seen, or kept, may be what is passed on
ALONE = (
    _owners(np.empty(2).reshape(2, 1)) if getrefcount else 0
)  # of a view that alone has its memory; Pythons differ


def alone_has_memory(view: Any) -> bool:
    """Whether ``view`` is of all of an array that nobody else has."""
    return (
        type(view.base) is np.ndarray
        and view.base.base is None
        and view.base.size == view.size
        and _owners(view) <= ALONE
    )


def _is_new(array: Any, node: Node) -> bool:
    """True where a rule made ``array`` just now: only the engine has it and its memory."""
    if not node.makes_arrays or type(array) is not np.ndarray:
        return False
    if node.extra is not None and not SEEING.isdisjoint(node.extra):
        return False
    if array.base is not None and not alone_has_memory(array):
        return False
    for values in node.saved[node.seen]:  # a rule may give back what it was given
        for value in values or ():
            if value is array:
                return False
    return True


def _ancestors_of(targets: set[Node], roots: Sequence[Node]) -> set[Node]:
    """The nodes from which a target can be reached, the target itself not counted."""
    ancestors: set[Node] = set()
    for node in sorted(_reachable(roots), key=lambda n: -n.sequence_nr):  # parents before children
        if any(p in ancestors or p in targets for p in node.parents):
            ancestors.add(node)
    return ancestors


def _first_uses(roots: Sequence[tuple[Node, Any]]) -> dict[Node, float]:
    """Numbers with which leaves come right after the first node that used them, the last to bring
    them a gradient: hooks on leaves run while the pass goes on, as in PyTorch."""
    numbers: dict[Node, float] = {}
    for node in _reachable([node for node, _ in roots]):
        for k, parent in enumerate(node.parents, 1):
            if type(parent) is AccumulateGrad:
                number = node.sequence_nr + k / (len(node.parents) + 1)
                numbers[parent] = max(number, numbers.get(parent, number))
    return numbers


def _reachable(roots: Sequence[Node]) -> set[Node]:
    found: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack.extend(p for p in node.parents if p is not None)
    return found


def reached(nodes: Sequence[Node]) -> list[bool]:
    """Which of ``nodes`` the running backward pass reaches."""
    _, roots, targets, ancestors = current.state.passes[-1]
    reached = _reachable([node for node, _ in roots])
    if targets is not None:
        reached &= ancestors | targets.keys()
    return [node in reached for node in nodes]


def queue_callback(callback: Any) -> None:
    """Runs ``callback()`` when the backward pass that runs now is done.

    Raises:
        RuntimeError: none runs.
    """
    if not current.state.passes:
        raise RuntimeError("Final callbacks can only be installed during backward pass.")
    current.state.passes[-1][0].append(callback)


def whole_pass() -> bool:
    """Whether the running backward pass goes to all leaves, not to some tensors alone."""
    return current.state.passes[-1][3] is None


def _tensor(g: Any) -> Any:
    """The gradient as users see it, a Tensor."""
    if g is None:
        return None
    return g.conj() if isinstance(g, Variable) else wrapped(g.conj())


def _like(g: Any, before: Any) -> Any:
    """The tensor ``g`` as the pass carries gradients: a Tensor, or an array as ``before`` was."""
    if g is None:
        return None
    return g.conj() if isinstance(before, Variable) else g._data.conj()


def _replaced(hook: Any, g: Any, made: Any) -> Any:
    """What ``hook`` made of ``g``: of the same shape and dtype."""
    if not isinstance(made, Variable):
        raise TypeError(f"expected Variable, but hook returned '{type(made).__name__}'")
    name = getattr(hook, "__name__", repr(hook))
    if g is None:
        raise RuntimeError("can't replace a None gradient with a non-None value")
    if made.shape != g.shape:
        raise RuntimeError(
            f"hook '{name}' has changed the size of value: from {list(g.shape)} to "
            f"{list(made.shape)}"
        )
    if made.dtype is not g.dtype:
        raise RuntimeError(
            f"hook '{name}' has changed the type of value (was torch.{g.dtype.type_name}Tensor got "
            f"torch.{made.dtype.type_name}Tensor)"
        )
    return made


def _all_replaced(hook: Any, gs: tuple[Any, ...], made: Any) -> tuple[Any, ...]:
    """What the ``hook`` of a node made of ``gs``: a tuple as long; None takes a gradient away."""
    if made is None:
        return gs
    if not isinstance(made, tuple):
        raise TypeError(f"expected tuple, but hook returned '{type(made).__name__}'")
    if len(made) != len(gs):
        raise RuntimeError(
            f"hook '{getattr(hook, '__name__', repr(hook))}' has returned an incorrect number of "
            f"values (got {len(made)}, but expected {len(gs)})"
        )
    return tuple(
        None if new is None else _replaced(hook, g, new) for g, new in zip(gs, made, strict=True)
    )


def _tensor_hooks(extra: dict[str, Any], g: Any) -> Any:
    """Runs the hooks of a tensor, which all see one gradient, and ``retain_grad`` after them."""
    with user_code():
        for hook in list(extra.get("tensor_hooks", {}).values()):
            made = hook(g)
            if made is not None:
                g = _replaced(hook, g, made)
    for keep in list(extra.get("retain", {}).values()):
        keep(g)
    return g


def _accumulated(extra: dict[str, Any], leaf: Any) -> None:
    """Runs the hooks of a leaf whose gradient is complete."""
    with user_code():
        for hook in list(extra.get("accumulated", {}).values()):
            if hook(leaf) is not None:
                raise RuntimeError("Tensor post accumulate grad hooks should return None.")


HOOKS = {"tensor_hooks", "retain", "pre_hooks", "post_hooks"}  # those that see gradients


def _before(node: Node, extra: dict[str, Any], g: Any) -> tuple[Any, Any]:
    """Runs the hooks that see a gradient before its node does: the tensor's, then the node's.

    Returns the gradient and the tuple of tensors that hooks see, None where there is no hook.
    """
    if HOOKS.isdisjoint(extra):
        return g, None
    partial = type(g) is Partial
    if partial:
        gs = tuple(_tensor(g.get(number)) for number in range(len(node.shape or ())))
    else:
        gs = (_tensor_hooks(extra, _tensor(g)),)
    with user_code():
        for hook in list(extra.get("pre_hooks", {}).values()):
            gs = _all_replaced(hook, gs, hook(gs))
    if partial:
        return Partial({k: _like(gs[k], each) for k, each in g.items() if gs[k] is not None}), gs
    return _like(gs[0], g), gs


def _after(extra: dict[str, Any], grads: Any, g: Any, seen: Any) -> Any:
    """Runs the hooks that see what a node passes on."""
    hooks = extra.get("post_hooks")
    if not hooks:
        return grads
    made = tuple(map(_tensor, grads))
    with user_code():
        for hook in list(hooks.values()):
            made = _all_replaced(hook, made, hook(made, seen))
    tensors = any(
        isinstance(each, Variable) for each in (g.values() if type(g) is Partial else (g,))
    )
    return [None if new is None else new.conj() if tensors else new._data.conj() for new in made]


def _check_shape(gradient: Any, shape: tuple[int, ...]) -> None:
    if gradient._data.shape != shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[0] has a shape of {Size(gradient._data.shape)} and "
            f"output[0] has a shape of {Size(shape)}."
        )


def _root(output: Any, gradient: Any, tensors: bool) -> tuple[Node, Any]:
    """The node of ``output`` and the gradient to start with, a Tensor or an array."""
    node = history(output)
    if node is None:
        raise RuntimeError(
            "element 0 of tensors does not require grad and does not have a grad_fn: nothing that "
            "went into it has requires_grad=True, or it was computed under no_grad()"
        )
    if isinstance(output, tuple):  # a GradientEdge: nothing but the node is known
        if gradient is None and node.shape == ():
            gradient = wrap(np.ones((), get_default_dtype().numpy))
        if not isinstance(gradient, Variable):
            raise RuntimeError(
                "grad can be implicitly created only for scalar outputs: the gradient of a "
                "GradientEdge must be given"
            )
        if type(node.shape) is tuple and not any(isinstance(n, tuple) for n in node.shape):
            _check_shape(gradient, node.shape)
        return node, gradient.conj() if tensors else gradient._data.conj()
    data = output._data
    if gradient is None:
        if data.size != 1:
            raise RuntimeError(
                f"grad can be implicitly created only for scalar outputs, but this one has shape "
                f"{list(data.shape)}: pass gradient= (of that shape) or reduce it, as with .sum()"
            )
        if data.dtype.kind in "cW":
            raise RuntimeError("grad can be implicitly created only for real scalar outputs")
        if isinstance(data, MetaArray):
            return node, wrap(MetaArray(data.shape, data.dtype))
        ones = np.ones(data.shape, data.dtype) if data.shape else data.dtype.type(1)
        return node, wrap(ones) if tensors else ones
    if not isinstance(gradient, Variable):
        raise TypeError(
            f"gradients can be either Tensors or None, but got {type(gradient).__name__}"
        )
    _check_shape(gradient, data.shape)
    if gradient._data.dtype != data.dtype:
        gradient = gradient.to(output.dtype)
    return node, gradient.conj() if tensors else gradient._data.conj()


DEEP = 40  # backward passes within backward passes, some 15 frames of Python's each


def on_another_stack(call: Any) -> None:
    """Runs ``call()`` in a thread of its own, in the modes of this one, whose stack gets full."""
    state = current.state
    caught: list[BaseException] = []

    def run_there() -> None:
        there = current.state
        there.inference, there.level = state.inference, state.level
        there.set_grad(state.grad)
        there.set_interpreters(state.interpreters)
        try:
            call()
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=run_there)
    thread.start()
    thread.join()
    if caught:
        raise caught[0]


def backward(
    outputs: Sequence[Any],
    gradients: Sequence[Any],
    retain_graph: bool | None,
    create_graph: bool,
    targets: dict[Node, Any] | None = None,
    ends: set[Node] | None = None,
) -> None:
    """Checks the outputs, then runs: on arrays, or on Tensors where a graph is made of the pass or
    a transform carries the gradients."""
    if len(outputs) != len(gradients):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(gradients)} gradients")
    if len(current.state.passes) >= DEEP:
        on_another_stack(
            lambda: backward(outputs, gradients, retain_graph, create_graph, targets, ends)
        )
        return
    tensors = create_graph
    for output, g in zip(outputs, gradients, strict=True):
        if type(getattr(output, "_data", None)) is MetaArray:  # arrays have values
            tensors = True
        if g is not None and getattr(g, "_interpreter", None) is not None:
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
            run(roots, True, retain, targets, ends)
        else:
            settings = ERRSTATE.set(IGNORE_ALL)
            try:
                run(roots, False, retain, targets, ends)
            finally:
                ERRSTATE.reset(settings)
    finally:
        state.set_grad(bool(before))


def differentiate(pairs: Sequence[tuple[Any, Any]], inputs: Sequence[Any]) -> list[Any]:
    """The gradients of ``outputs`` along ``gs``, as Tensors; ``pairs`` are (output, g)."""
    targets: dict[Node, Any] = {history(x): None for x in inputs}
    run([(history(output), g) for output, g in pairs], True, True, targets)
    return [targets[x._node] for x in inputs]


def retain_grad(tensor: Any) -> None:
    """Lets the pass leave the gradient by ``tensor`` in ``tensor.grad``."""
    node = history(tensor)
    if node is None:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    if isinstance(node, AccumulateGrad) or tensor._retained is node:
        return
    if current.state.recording:
        tell("refuse", "retain_grad() is called")
    tensor._retained = node
    reference = weakref.ref(tensor)  # the tensor holds the node already

    def keep(g: Any) -> None:
        kept = reference()
        if kept is not None:
            kept._grad = g.clone() if kept._grad is None else kept._grad + g

    node.attach("retain", dict)[id(tensor)] = keep
