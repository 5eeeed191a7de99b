"""The loop's order: zero the gradients, backward, step."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from ...autograd.node import Node
from ...autograd.recorder import Place, place
from ...kernels.memory import owner_of
from .layers import optimizers, params_of
from .lesson import Lesson, values_of, within

__all__ = ["NeverZeroed", "NoStep"]


class Leaf:
    """What is known of a leaf that got gradients."""

    def __init__(self, leaf: Any) -> None:
        self.reference = weakref.ref(leaf)
        self.clean = True  # its gradient was zero at the beginning of a pass since the last step
        self.stepped = False  # it has been changed by a gradient
        self.passes = 0  # since the last step
        self.optimized = False  # an optimizer steps it
        self.held = False  # an optimizer holds it


def is_zero(leaf: Any) -> bool:
    """Whether it has no gradient, or one of zeros."""
    data = None if leaf._grad is None else values_of(leaf._grad)
    return data is None or not data.any()


class Leaves(Lesson):
    """Knows the leaves: when their gradients were zeroed, and when they were changed."""

    def __init__(self, warner: Any) -> None:
        super().__init__(warner)
        self.leaves: dict[int, Leaf] = {}
        self.owners: dict[int, Leaf] = {}  # by the array that owns the memory

    def pass_began(self, roots: Sequence[tuple[Node, Any]], at: Place | None) -> None:
        for number, known in list(self.leaves.items()):
            leaf = known.reference()
            if leaf is None:
                del self.leaves[number]
            elif is_zero(leaf):
                known.clean = True

    def arrived(self, leaf: Any, g: Any) -> None:
        known = self.leaves.get(id(leaf))
        if known is None or known.reference() is not leaf:
            known = self.leaves[id(leaf)] = Leaf(leaf)
        known.passes += 1
        self.owners[id(owner_of(leaf._array()))] = known

    def known(self, leaf: Any) -> Leaf | None:
        """What is known of it."""
        found = self.leaves.get(id(leaf))
        return found if found is not None and found.reference() is leaf else None

    def wrote(self, target: Any, value: Any) -> None:
        """By hand: ``p -= lr * p.grad``, ``p.data.add_(...)``."""
        known = self.owners.get(id(owner_of(target._array())))
        leaf = None if known is None else known.reference()
        if known is None or leaf is None or known.optimized or not known.passes:
            return
        if leaf._grad is not None and leaf._array() is not None:
            self.changed([known], place())

    def stepped(self, optimizer: Any, moved: bool, at: Place | None) -> None:
        found = [self.known(p) for p in params_of(optimizer) if p._grad is not None]
        leaves = [known for known in found if known is not None and known.passes]
        for known in leaves:
            known.optimized = True
        if not self.warner.closure:
            self.changed(leaves, at)

    def changed(self, leaves: list[Leaf], at: Place | None) -> None:
        """A step used the gradients of these leaves."""
        for known in leaves:
            known.clean, known.stepped, known.passes = False, True, 0


class NeverZeroed(Leaves):
    """Gradients of one step that those of the next are added to."""

    def stepped(self, optimizer: Any, moved: bool, at: Place | None) -> None:
        if moved:
            super().stepped(optimizer, moved, at)

    def changed(self, leaves: list[Leaf], at: Place | None) -> None:
        stale = [known for known in leaves if known.stepped and not known.clean]
        found = [leaf for known in stale if (leaf := known.reference()) is not None]
        if found:
            self.warn(
                "gradients were never zeroed between two steps: those of "
                f"{self.warner.listed(found)} are sums over all steps so far. Call "
                "optimizer.zero_grad() once per step, before loss.backward().",
                at,
            )
        super().changed(leaves, at)


class NoStep(Leaves):
    """Backward passes whose gradients no step uses."""

    def __init__(self, warner: Any) -> None:
        super().__init__(warner)
        self.at: Place | None = None
        self.pending: list[tuple[Place | None, list[Leaf]]] = []  # passes that no step has used
        self.reach: list[Leaf] = []
        self.gradients: dict[int, Any] = {}  # .grad of leaves, by id
        self.wasted: dict[Place | None, int] = {}
        self.searched: set[Place | None] = set()  # lines whose leaves' optimizers were looked for

    def pass_began(self, roots: Sequence[tuple[Node, Any]], at: Place | None) -> None:
        super().pass_began(roots, at)
        self.settle()
        self.at, self.reach = at, []

    def arrived(self, leaf: Any, g: Any) -> None:
        super().arrived(leaf, g)
        known = self.known(leaf)
        if known is not None:
            self.reach.append(known)
        if leaf._grad is not None:
            self.gradients[id(leaf._grad)] = weakref.ref(leaf._grad)

    def pass_ended(self) -> None:
        if not self.reach or self.warner.closure:
            return
        self.pending.append((self.at, self.reach))
        if self.at not in self.searched:
            self.searched.add(self.at)
            held = {id(p) for each in optimizers() for p in params_of(each)}
            for known in self.reach:
                known.held = id(known.reference()) in held

    def settle(self) -> None:
        """Passes whose gradients are gone: no step can use them any more."""
        for each in list(self.pending):
            at, reach = each
            leaves = [leaf for known in reach if (leaf := known.reference()) is not None]
            if leaves and all(is_zero(leaf) for leaf in leaves):
                self.pending.remove(each)
                self.wasted[at] = self.wasted.get(at, 0) + 1
                if self.wasted[at] >= 2:
                    self.tell(reach, at)

    def tell(self, reach: list[Leaf], at: Place | None) -> None:
        """Of gradients that are only looked at, which no optimizer asks for, nothing is said."""
        if any(known.held for known in reach):
            self.warn(
                "backward without a step: gradients were computed here, and no step used them. "
                "Call optimizer.step() after loss.backward().",
                at,
            )

    def changed(self, leaves: list[Leaf], at: Place | None) -> None:
        super().changed(leaves, at)
        used = {id(known) for known in leaves}
        for line, reach in self.pending:
            if any(id(known) in used for known in reach):
                self.wasted.pop(line, None)
        self.pending = [
            each for each in self.pending if not any(id(known) in used for known in each[1])
        ]

    def operation(self, name: str, args: tuple[Any, ...], out: Any, view: bool) -> None:
        """Who computes with a gradient uses it; to clip it is none."""
        if not self.pending or not self.gradients:
            return
        for x in args:
            for each in x if isinstance(x, list | tuple) else (x,):
                reference = self.gradients.get(id(each))
                if (
                    reference is not None
                    and reference() is each
                    and not within("minitorch.nn.utils")
                ):
                    self.pending, self.gradients = [], {}
                    return

    def ended(self) -> None:
        """What is left of an accumulation at the end is no mistake, where steps came before."""
        self.settle()
        for at, reach in self.pending:
            if not any(known.stepped for known in reach):
                self.tell(reach, at)
        for at in self.wasted:
            self.tell(self.reach, at)
        self.pending, self.wasted = [], {}
