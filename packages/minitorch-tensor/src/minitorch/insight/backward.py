"""What is written down of backward passes."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np

from ..autograd.node import AccumulateGrad, Node, Output, Partial
from .forward import Forward
from .steps import Pass, Passed, Step
from .values import Value

__all__ = ["Backward"]


class Backward(Forward):
    """The recorder of operations and of the passes that undo them."""

    def began(self, roots: Sequence[tuple[Node, Any]]) -> None:
        self.count += 1
        step = Step("backward", "backward", self._place(), self.call, backward=self.count)
        step.inside = self._inside()
        running = Pass(self.count, step)
        seeds: list[Value] = []
        for node, g in roots:
            whole = self._gradients(g)
            if whole:
                running.pending[id(node)] = whole[0]
                seeds.append(whole[0])
                step.of = step.of or self.step_of(node)
        step.inputs = seeds
        self.steps.append(step)
        self.passes.append(running)

    def ended(self) -> None:
        if self.passes:
            self.passes.pop()
        self._grads.clear()

    def _gradients(self, g: Any) -> list[Value]:
        """The values of a gradient: of a node with several outputs more than one."""
        if g is None:
            return []
        if isinstance(g, Partial):
            return [value for each in g.values() for value in self._gradients(each)]
        found = self._find(g)
        return [self._new(g, None) if found is None else found]

    def step_of(self, node: Any) -> Step | None:
        """The step that ``node`` undoes."""
        found = self._steps.get(id(node))
        return found[1] if found is not None and found[0]() is node else None

    def received(self, node: Node, g: Any) -> None:
        running = self.passes[-1]
        if running.last is not None:
            for passed in running.last.passed:
                passed.node = None
        step = Step("gradient", node.name())
        step.backward = running.number
        step.inputs = self._gradients(g)
        step.numbers = tuple(g) if isinstance(g, Partial) else ()
        step.primitive = getattr(node, "primitive", None)
        running.running = step
        if isinstance(node, Output):
            return
        step.of = self.step_of(node)
        if step.of is None:
            step.of = self._undone(node)
        if step.primitive is not None:
            if step.of.order:  # its inputs were not seen
                step.saved = self._saved(node, step.primitive, step.of, ())
            elif step.primitive.residuals:
                step.saved = self._saved(node, step.primitive, step.of, step.primitive.residuals)
        for parent in node.parents:
            leaf = parent.variable if isinstance(parent, AccumulateGrad) else None
            if leaf is not None and leaf._grad is not None and id(leaf) not in self._grads:
                known = self._find(leaf._grad)
                self._grads[id(leaf)] = self._new(leaf._grad, None) if known is None else known
        running.started = perf_counter()

    def _saved(
        self, node: Any, primitive: Any, of: Step, names: Sequence[str]
    ) -> list[tuple[str, Any]]:
        """What ``node`` saved under these names; () for all."""
        found: dict[str, Any] = {}
        if node.saved is not None and not (node.extra and "unpack" in node.extra):
            for own, values in zip(primitive.saved_names, node.saved, strict=False):
                for name, x in zip(own, values or (), strict=False):
                    if name in names or not names:
                        found[name] = self._saved_value(x, of, name)
        return list(found.items())

    def _saved_value(self, x: Any, of: Step, name: str) -> Any:
        if isinstance(x, np.ndarray | np.generic):
            known = self._find(x)
            return self._new(x, of, name) if known is None else known
        if isinstance(x, list | tuple):
            return type(x)(self._saved_value(each, of, name) for each in x)
        return x

    def _undone(self, node: Any) -> Step:
        """The step of an operation that ran before the recording, or of a write to a view."""
        if node.name().endswith("CopySlices") and len(node.parents) > 1:
            value = self.step_of(node.parents[1])
            for step in reversed(self.steps):
                if step.kind == "write" and value is not None:
                    if any(isinstance(x, Value) and x.source is value for x in step.inputs):
                        self._steps[id(node)] = (weakref.ref(node), step)
                        return step
        primitive = getattr(node, "primitive", None)
        name = node.name() if primitive is None else primitive.name
        step = Step("operation", name, primitive=primitive, order=-float(node.sequence_nr))
        step.message = "ran before the recording"
        self.before_block.append(step)
        self._steps[id(node)] = (weakref.ref(node), step)
        return step

    def after(self, node: Node, grads: Any) -> None:
        running = self.passes[-1]
        step = running.running
        assert step is not None
        step.seconds = perf_counter() - running.started
        running.running = None
        running.expected.clear()
        all_passed: list[Passed] = []
        step.passed = all_passed
        for k, (parent, g) in enumerate(zip(node.parents, grads, strict=False)):
            if parent is None or g is None:
                continue
            values = self._gradients(g)
            for value in values:
                passed = Passed(k, value, value, parent)
                all_passed.append(passed)
                if id(parent) in running.pending:
                    running.expected.append((parent, passed))
                else:
                    running.pending[id(parent)] = value
        if not isinstance(node, Output):
            for passed in all_passed:
                if passed.value.source is None:
                    passed.value.source = step
            self.steps.append(step)
            running.last = step

    def reduced(self, g: Any, total: Any) -> None:
        running = self.passes[-1]
        whole, value = self._find(g), self._gradients(total)[0]
        if running.last is None:
            return
        if value.source is None:
            value.source = running.last
        for passed in running.last.passed:
            if passed.value is whole and passed.reduced is whole:
                node = passed.node
                if node is not None and node.shape == total.shape:
                    passed.reduced = value
                    if running.pending.get(id(node)) is whole:
                        running.pending[id(node)] = value
                    return

    def summed(self, node: Any, a: Any, b: Any, total: Any) -> None:
        running = self.passes[-1]
        if isinstance(total, Partial):
            if isinstance(a, Partial) and isinstance(b, Partial) and not a.keys() & b.keys():
                return
        values = [*self._gradients(a), *self._gradients(b)]
        made = self._gradients(total)
        at = None
        while running.expected:
            parent, passed = running.expected.popleft()
            if passed.reduced in values or passed.value in values:
                at = parent
                break
        step = Step("sum", "sum", backward=running.number)
        step.inputs, step.outputs = values, made
        if at is not None:
            running.pending[id(at)] = made[0]
            step.of = self._row_of(at)
        for value in made:
            if value.source is None:
                value.source = step
        self.steps.append(step)

    def _row_of(self, node: Any) -> Step:
        """The step beside which what happens to the gradient of ``node`` stands."""
        if isinstance(node, Output):
            node = node.parents[0]
        if isinstance(node, AccumulateGrad):
            return self._leaf(node.variable)
        return self.step_of(node) or self._undone(node)

    def _leaf(self, leaf: Any) -> Step:
        step = self.step_of(leaf._node) if leaf is not None and leaf._node is not None else None
        if step is not None:
            return step
        found = self._find(leaf) if leaf is not None else None
        if found is not None and found.source is not None:
            return found.source
        step = Step("given", "" if leaf is None else self._name(leaf), order=0.5)
        step.message = "used before the recording"
        if leaf is not None:
            value = self._new(leaf, step, step.name) if found is None else found
            step.outputs = [value]
            if leaf._node is not None:
                self._steps[id(leaf._node)] = (weakref.ref(leaf._node), step)
        self.before_block.append(step)
        return step

    def accumulated(self, leaf: Any, g: Any) -> None:
        number = self.passes[-1].number
        step = Step("accumulate", "accumulate", backward=number, of=self._leaf(leaf))
        before = self._grads.pop(id(leaf), None)
        step.inputs = [*self._gradients(g), before]
        step.outputs = [self._new(leaf._grad, step)]
        self.steps.append(step)

    def captured(self, node: Node, g: Any) -> None:
        step = Step("captured", "captured", backward=self.passes[-1].number)
        step.of = self._row_of(node)
        step.inputs = self._gradients(g)
        self.steps.append(step)
