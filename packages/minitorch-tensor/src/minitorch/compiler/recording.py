"""What one recorded call gives: programs, and what is to be done around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import Tensor
from ..autograd import engine
from ..autograd.grad_mode import current
from ..autograd.history import history
from ..autograd.node import AccumulateGrad
from ..autograd.variable import Variable, wrap
from ..utils import _pytree as pytree
from .program import Instruction, Program, Value, values_in
from .tracer import Stop, Tracer

__all__ = ["Recording", "record"]

CONSTANT = (type(None), bool, int, float, complex, str, bytes)


class Result(NamedTuple):
    """A leaf of what the function returns: the ``tensor`` itself where it came from outside, or a
    new one of the array ``number`` of the program's results, or a ``constant``."""

    tensor: Any = None
    number: int = -1
    constant: Any = None
    tracked: bool = False


class Recording(NamedTuple):
    """What one recorded call gives.

    ``forward``    the program; its results are those of ``results``, then gradients, then what the
                   backward pass needs
    ``outside``    the tensors whose arrays are its arguments, in their order
    ``grads``      the leaves whose ``.grad`` becomes new: (leaf, number of the result, or -1: None)
    ``required``   the leaves whose ``.grad`` has to be None before
    ``writes``     the tensors from outside that are written to, and how often
    ``backward``   the program of a later backward pass, if any
    """

    forward: Program
    outside: list[Any]
    results: list[Result]
    tree: Any
    grads: list[tuple[Any, int]]
    required: list[Any]
    writes: list[tuple[Any, int]]
    backward: Backward | None
    stage: int  # the grad mode
    freed: bool  # whether the graph of the results is used up


class Backward(NamedTuple):
    """The backward pass of a recorded call.

    ``saved``    numbers of the forward results, or tensors from outside: its first arguments;
                 the gradients by the ``outputs``, numbers of results, follow
    ``targets``  the tensors from outside that may want a gradient, in the order of its results
    """

    program: Program
    saved: list[Any]
    outputs: list[int]
    targets: list[Any]
    versions: list[Any]


def record(
    function: Callable[..., Any], args: Any, kwargs: Any, tensors: Sequence[Any], inlining: bool
) -> tuple[Any, Recording | None, Tracer]:
    """Calls the function and watches: its result, and the recording if it could be written down.

    ``tensors`` are those that it may get at.
    """
    tracer = Tracer(inlining)
    leaves = []
    for tensor in tensors:
        tracer.may_come.setdefault(id(tensor._data), tensor)
        if tensor._grad is not None:
            tracer.may_come.setdefault(id(tensor._grad._data), tensor._grad)
        if isinstance(tensor._node, AccumulateGrad):
            leaves.append((tensor, tensor._grad))
    with tracer:
        made = function(*args, **kwargs)
    if tracer.reason is not None:
        return made, None, tracer
    try:
        return made, _settle(tracer, made, leaves), tracer
    except Stop as reason:
        tracer.stop(reason)
    return made, None, tracer


def _settle(tracer: Tracer, made: Any, leaves: list[tuple[Any, Any]]) -> Recording:
    leaves_made, tree = pytree.tree_flatten(made)
    values: list[Value] = []
    results: list[Result] = []
    freed = False
    outside = {id(tensor): tensor for tensor in tracer.outside.values()}
    tensors: dict[int, Result] = {}
    nodes = []
    for leaf in leaves_made:
        if id(leaf) in tensors:
            results.append(tensors[id(leaf)])
        elif isinstance(leaf, Variable):
            result = _result(tracer, leaf, outside, values)
            if result.tracked:
                nodes.append((leaf, result.number))
            tensors[id(leaf)] = result
            results.append(result)
        elif isinstance(leaf, CONSTANT):
            results.append(Result(constant=leaf))
        else:
            raise Stop(f"a {type(leaf).__name__} is returned")
    mark = len(tracer.writer.instructions)
    if nodes and tracer.passes:
        freed = True
        for leaf, _ in nodes:
            if all(node.saved is not None for node in engine._reachable([history(leaf)])):
                raise Stop("the graph of a result can still be used")
    grads = _grads(tracer, leaves, values)
    backward = None
    if nodes and not freed:
        backward = _backward(tracer, nodes, values)
    for tensor in tracer.outside.values():
        if tensor._interpreter is not None:
            raise Stop("a tensor of a transform")
    required = [leaf for leaf, before in leaves if before is None and id(leaf) in tracer.first]
    program = Program(
        "recorded", "what ran, as it ran", list(tracer.outside), tracer.writer.instructions[:mark],
        values,
    )  # fmt: skip
    return Recording(
        program, list(tracer.outside.values()), results, tree, grads, required,
        list(tracer.writes.values()), backward, current.state.flags & 1, freed,
    )  # fmt: skip


def _result(tracer: Tracer, leaf: Any, outside: dict[int, Any], values: list[Value]) -> Result:
    if id(leaf) in outside or id(leaf) in {id(t) for t in tracer.may_come.values()}:
        return Result(tensor=leaf)
    if type(leaf) is not Tensor:
        raise Stop(f"a {type(leaf).__name__} is returned")
    value = tracer.writer.value_of(leaf._data)
    if value is None or value.constant is not None:
        raise Stop("a tensor is returned that no operation is seen to make")
    array = tracer.writer.arrays[value]
    for other in tracer.outside:
        if np.may_share_memory(tracer.writer.arrays[other], array):
            raise Stop("what is returned shares memory with a tensor from outside")
    for other in values:
        if other is value or np.may_share_memory(tracer.writer.arrays[other], array):
            raise Stop("results share memory")
    if isinstance(leaf._node, AccumulateGrad):
        raise Stop("a new leaf is returned")
    values.append(value)
    return Result(number=len(values) - 1, tracked=history(leaf) is not None)


def _grads(
    tracer: Tracer, leaves: list[tuple[Any, Any]], values: list[Value]
) -> list[tuple[Any, int]]:
    """The leaves whose ``.grad`` is another one now; its value joins ``values``."""
    found = []
    for leaf, before in leaves:
        grad = leaf._grad
        if grad is before:
            continue
        if grad is None:
            found.append((leaf, -1))
            continue
        value = tracer.writer.value_of(grad._data)
        if value is None or grad._node is not None or value in tracer.outside:
            raise Stop("a gradient is set in a way that cannot be written down")
        values.append(value)
        found.append((leaf, len(values) - 1))
    return found


def _backward(tracer: Tracer, nodes: list[tuple[Any, int]], values: list[Value]) -> Backward:
    """Runs and writes down a backward pass from the results, which is thrown away."""
    mark = len(tracer.writer.instructions)
    sources = [t for t in tracer.outside.values() if history(t) is not None]
    targets: dict[Any, Any] = {history(t): None for t in sources}
    gs = []
    for leaf, _ in nodes:
        array = np.ones(leaf._data.shape, leaf._data.dtype)
        if array.dtype.kind != "f":
            raise Stop("the gradient of a complex result")
        tracer.writer.know(array, Value.of(array, hint="d_out"))
        gs.append(wrap(array))
    hooks = {node: node.extra for node in targets}
    for node in targets:
        node.extra = None
    passes = tracer.passes
    try:
        with tracer:
            engine.backward([leaf for leaf, _ in nodes], gs, True, False, targets)
    finally:
        tracer.passes = passes
        for node, extra in hooks.items():
            node.extra = extra
    if tracer.reason is not None:
        raise Stop(tracer.reason)
    instructions = tracer.writer.instructions[mark:]
    results, wanting = [], []
    for tensor in sources:
        g = targets[history(tensor)]
        if g is not None:
            value = tracer.writer.value_of(g)
            if value is None:
                raise Stop("a gradient that is not known")
            results.append(value)
            wanting.append(tensor)
    own = {tracer.writer.known[id(g._data)] for g in gs}
    made = {v for each in instructions for v in each.results}
    needed = {v: None for each in instructions for v in each.inputs()}
    needed |= dict.fromkeys(results)
    saved: list[Any] = []
    arguments: list[Value] = []
    versions = []
    counters = {id(leaf._data): number for leaf, number in nodes}
    for value in needed:
        if value in own or value in made or value.constant is not None:
            continue
        arguments.append(value)
        tensor = tracer.outside.get(value)
        if tensor is not None:
            saved.append(tensor)
            versions.append(tensor)
        else:
            if value not in values:
                values.append(value)
            saved.append(values.index(value))
    del counters
    program = Program(
        "recorded", "what ran, as it ran", [*arguments, *own_in_order(tracer, gs)], instructions,
        results, "backward",
    )  # fmt: skip
    return Backward(program, saved, [number for _, number in nodes], wanting, versions)


def own_in_order(tracer: Tracer, gs: list[Any]) -> list[Value]:
    return [tracer.writer.known[id(g._data)] for g in gs]
