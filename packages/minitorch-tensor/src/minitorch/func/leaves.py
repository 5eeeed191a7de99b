"""The leaves that a transform gives its function, and the gradients by them."""

from __future__ import annotations

import weakref
from typing import Any

from ..autograd.grad_mode import current, layers
from ..autograd.gradients import gradients
from ..autograd.history import history
from ..autograd.node import AccumulateGrad, Node, track
from ..autograd.primitive import alias_p
from ..autograd.variable import Level, Variable, wrap
from .batching import Batched, Vmap, inner
from .wrapper import Disabled

__all__ = ["gradients_or_none", "passed", "per_example", "reaches_others", "tracked"]


def gradients_or_none(ys: list[Any], xs: list[Any], gs: list[Any], create_graph: bool) -> list[Any]:
    """``autograd.grad`` that gives None for inputs that the outputs do not depend on."""
    live = [(y, g) for y, g in zip(ys, gs, strict=True) if _nodes(y)]
    if not live:
        return [None] * len(xs)
    return gradients([y for y, _ in live], xs, [g for _, g in live], True, create_graph)


def tracked(x: Any) -> Any:
    """A new leaf with the value of ``x``; where ``x`` has a graph, joined to it."""
    if x._interpreter is not None:
        with Disabled(x._interpreter):
            made: Any = x._around(tracked(x._parts()[0]))
    else:
        made = alias_p(x)
        if made._node is None:
            track(made)
    made._tracked = layers(), x
    made._counter = x._counter  # it is the memory of x: not to be written to in a transform
    return made


def passed(x: Any) -> Any:
    """An argument that is not differentiated by: the same memory and graph, but a tensor of the
    transform, which its function may write to."""
    if not isinstance(x, Variable):
        return x
    if x._interpreter is not None:
        batched: Any = x
        with Disabled(x._interpreter):
            return batched._around(passed(batched._parts()[0]))
    made: Any = wrap(x._array()) if x._node is None and x._base is None else alias_p(x)
    made._counter = Passed(x._counter, current.state.level)
    return made


class Passed(Level):
    """The version of such an argument; writes count for the tensor that it was, too."""

    def __init__(self, counter: list[int], level: int) -> None:
        super().__init__([int(counter[0])], level)
        self.counter = counter

    def __setitem__(self, k: Any, value: Any) -> None:
        super().__setitem__(k, value)
        self.counter[0] += 1


def per_example(x: Any, within: Any = None) -> Any:
    """``x`` as part of each batch that is running (when ``within`` started): its gradient is wanted
    example by example."""
    for interpreter in current.state.interpreters:
        if isinstance(interpreter, Vmap) and (within is None or inner(within, interpreter)):
            x = _carrying(x, interpreter)
    return x


def _carrying(x: Any, interpreter: Vmap) -> Any:
    if interpreter.owns(x):
        return x
    if x._interpreter is None or inner(interpreter, x._interpreter):
        return Batched(x.expand((interpreter.size, *x.shape)), interpreter)
    return x._around(_carrying(x._parts()[0], interpreter))


def _nodes(x: Any) -> list[Node]:
    if x._interpreter is not None:
        return [node for part in x._parts() for node in _nodes(part)]
    return [] if x._node is None else [history(x)]


ended: weakref.WeakSet[Node] = weakref.WeakSet()  # leaves of transforms that have ended


def _end(x: Any) -> Any:
    """The node that ``tracked`` gave ``x``."""
    while x._interpreter is not None:
        x = x._parts()[0]
    return history(x)


def reaches_others(ys: list[Any], xs: list[Any]) -> bool:
    """Whether the graph of ``ys`` has leaves besides ``xs``: then its gradients have a graph
    too.
    """
    own = [_end(x) for x in xs]
    ended.update(own)
    stack, seen = [node for y in ys for node in _nodes(y)], set(own)
    if any(node.parents for node in own):
        return True
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            if isinstance(node, AccumulateGrad) and node not in ended:
                return True
            stack.extend(p for p in node.parents if p is not None)
    return False
