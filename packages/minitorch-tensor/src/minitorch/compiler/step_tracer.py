"""The tracer of whole steps: backward passes, by their rules, and steps of optimizers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.engine import sum_to
from ..autograd.fused import FusedNode
from ..autograd.node import AccumulateGrad, Node, Output, Partial
from ..autograd.primitive_node import JointNode, PrimitiveNode
from ..autograd.variable import Variable
from ..kernels.memory import like
from .instructions import Instruction, Method, Value
from .stepping import StepOf, StepWriter
from .tracer import Stop, Tracer
from .watch import unwatched

__all__ = ["StepTracer"]

VJPS = {PrimitiveNode.vjp, JointNode.vjp, FusedNode.vjp}  # those that are known to call rules


class StepTracer(Tracer):
    """Also writes down what reaches leaves' ``.grad``, and how optimizers take it.

    ``ends``     nodes at which a backward pass ends, and the gradients that come there one by one
    ``lacking``  parameters that a step left out, as they had no gradient from the beginning
    """

    ends: dict[Any, list[Any]] = {}  # noqa: RUF012  (of none)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.lacking: list[Any] = []

    # --- the backward pass ----------------------------------------------------------------------

    def began(self, roots: Sequence[tuple[Node, Any]]) -> None:
        if self.reason is not None:
            return
        self.passes += 1
        self._place()
        for _, given in roots:
            g = given._data if isinstance(given, Variable) else given
            if self.writer.value_of(g) is not None:
                continue
            if isinstance(given, np.generic):
                self.writer.constants[id(g)] = g  # the 1 with which a pass begins
            elif isinstance(g, np.ndarray | np.generic):
                source = next((t for t in self.reached() if t._data is g), None)
                if source is None:  # the ones with which a pass begins
                    self.writer.know(g, Value.of(g, constant=True))
                else:
                    self.come(source)

    def vjp(self, node: Any, g: Any, wanted: Any) -> Any:
        """What ``node`` passes on, its rules written down."""
        if self.reason is not None or type(node) is Output or isinstance(g, Variable):
            return node.vjp(g, isinstance(g, Variable), wanted)
        try:
            self.check_node(node)
            self.writer.backward = True
            self.writer.line = self._lines.get(node, self.writer.line)
            with unwatched(node.primitive):
                made = self._rules(node, g, wanted)
                for parent, each in zip(node.parents, made, strict=False):
                    self._name(parent, each)
            return made
        except Exception as reason:
            self.stop(reason)
        finally:
            self.writer.backward = False
        return node.vjp(g, False, wanted)

    def check_node(self, node: Any) -> None:
        """Raises where a backward pass through ``node`` does more than its rules, or uses up what
        was there before."""
        if node.sequence_nr > self.start:
            raise Stop("a backward pass goes on beyond a tensor from outside")
        if node.extra is not None or (type(node).vjp not in VJPS and type(node) is not Output):
            raise Stop(f"{node.name()} is not taken apart")

    def _rules(self, node: Any, g: Any, wanted: Any) -> Any:
        saved = node._values(False)
        if type(g) is Partial:
            known = set(map(id, g.values()))
            g = node._full(g, False)
            for each in g if isinstance(g, tuple) else (g,):  # zeros where none arrived
                if id(each) not in known and isinstance(each, np.ndarray):
                    self.writer.write(np.zeros, (each.shape, each.dtype), {}, each)
        primitive = node.primitive
        if primitive.joint is not None:
            return self.writer.call(primitive.joint, g, *saved[0])
        if wanted is not None:
            saved = [v if w else None for v, w in zip(saved, wanted, strict=True)]
        return [
            None if values is None else self.writer.call(rule, g, *values)
            for rule, values in zip(node.rules, saved, strict=True)
        ]

    def _name(self, node: Any, g: Any) -> None:
        """Names a gradient by what it is the gradient of."""
        of = self._made.get(node)
        if of is None and type(node) is AccumulateGrad and node.variable is not None:
            of = self.writer.value_of(node.variable._data)
        value = self.writer.value_of(g)
        if of is not None and of.hint and value is not None and not value.hint:
            value.hint = f"d_{of.hint}"

    def reduced(self, g: Any, total: Any) -> None:
        if self.reason is not None or not isinstance(g, np.ndarray | np.generic):
            return
        try:
            with unwatched():
                self._again(total, sum_to, g, total.shape)
        except Exception as reason:
            self.stop(reason)

    def summed(self, node: Any, a: Any, b: Any, total: Any) -> None:
        if self.reason is not None or isinstance(total, Variable):
            return
        if node in self.ends:
            parts = self.ends[node]
            parts += [b] if parts else [a, b]
            return
        if type(total) is Partial:
            for number, each in total.items():
                if number in a and number in b:
                    self.summed(node, a[number], b[number], each)
            return
        try:
            if not isinstance(total, np.ndarray | np.generic):
                raise Stop("a sparse gradient")
            with unwatched():
                self._again(total, np.add, a, b)
        except Exception as reason:
            self.stop(reason)

    def _again(self, made: Any, function: Callable[..., Any], *args: Any) -> None:
        """Writes down what gave ``made``, by doing it again."""
        writer = self.writer
        if writer.value_of(made) is not None:
            return
        writer.backward = True
        try:
            again = writer.call(function, *args)
            value = writer.value_of(again)
            if value is None:
                raise Stop(f"{function.__name__} gives what is not known")
            writer.known[id(made)] = value
            self._alive.append(made)  # else another array could get its identity
        finally:
            writer.backward = False

    def before_grad(self, leaf: Any, arriving: bool) -> None:
        """The ``.grad`` of ``leaf`` is about to change."""
        at = len(self.writer.instructions)
        self.first.setdefault(id(leaf), (leaf, leaf._grad, arriving, at))
        self._grads = None
        self._was = leaf._grad
        if arriving and leaf._grad is not None:
            self.before_write(leaf._grad)

    def accumulated(self, leaf: Any, g: Any) -> None:
        if self.reason is not None:
            return
        try:
            with unwatched():
                self._accumulate(leaf, g)
        except Exception as reason:
            self.stop(reason)
        finally:
            self.writer.backward = False

    def _accumulate(self, leaf: Any, g: Any) -> None:
        """Writes down how ``g`` came into ``leaf.grad``."""
        if not isinstance(g, np.ndarray | np.generic):
            raise Stop("a gradient that is no array")
        writer, grad = self.writer, leaf._grad
        given = writer.value_of(g)
        if given is None and isinstance(g, np.ndarray):
            raise Stop("a gradient that is not known")
        writer.backward = True
        data = grad._data
        of = writer.value_of(leaf._data)
        if self._was is None:
            if g.dtype == data.dtype and isinstance(g, np.ndarray) and data.flags.c_contiguous:
                writer.write(Method("copy"), (given,), {}, data)
                if of is not None and of.hint:
                    writer.known[id(data)].hint = f"d_{of.hint}"
            else:
                there = of or self.value_of(leaf)
                writer.write(like, (there,), {}, data)
                self._write(np.copyto, (writer.known[id(data)], g if given is None else given))
        else:
            there = self.value_of(grad)
            what = g if given is None else given
            self._write(np.add, (there, what, there), casting="same_kind")
            self.mark(grad)

    # --- optimizers -----------------------------------------------------------------------------

    def step(self, run: Callable[..., Any], optimizer: Any, args: Any, kwargs: Any) -> Any:
        """A step of an optimizer: as instructions, where it can write them, else as one."""
        if args or kwargs:
            self.stop("an optimizer's step with a closure")
        if self.reason is not None:
            return run(optimizer, *args, **kwargs)
        writer, taken, quiet = StepWriter(self), [], unwatched()
        given: list[Any] = [p for group in optimizer.param_groups for p in group["params"]]
        self.lacking += [p for p in given if p._grad is None and id(p) not in self.first]
        given = [p for p in given if p._grad is not None]
        try:
            with quiet:
                self._place()
                grads = tuple(self.value_of(p._grad) for p in given)
                values = tuple(self.value_of(p) for p in given)
                for value in values:
                    self._keep(value)
        except Exception as reason:
            self.stop(reason)
            return run(optimizer)

        def take(optimizer: Any) -> None:
            quiet.but(run, optimizer)
            taken.append(True)

        try:
            with self.disabled(), quiet:
                written = getattr(optimizer, "__recorded__", lambda take, _: take(optimizer))(
                    take, writer
                )
        except Exception as reason:
            if not taken:
                raise
            self.stop(reason)
            return None
        if written:
            self.ready += writer.ready
        else:
            step = StepOf(run, optimizer, given)
            self.writer.append(Instruction(step, (grads,), {}, (), writes=values, pure=False))
        for p in given:
            self.mark(p)
        return None
