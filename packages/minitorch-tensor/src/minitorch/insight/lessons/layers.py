"""Parts of a model that do not learn: dead units, parameters without gradient or optimizer."""

from __future__ import annotations

import gc
import sys
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...autograd.grad_mode import is_grad_enabled
from ...autograd.node import AccumulateGrad, Node
from ...autograd.recorder import Place, place
from ..flow import Flow, reason
from .lesson import Lesson, values_of

__all__ = ["DeadUnits", "NoGradient", "OtherParameters", "optimizers", "params_of"]


def params_of(optimizer: Any) -> list[Any]:
    """All that it holds."""
    groups = getattr(optimizer, "param_groups", ())  # a wrapper may have none
    return [p for group in groups for p in group["params"]]


def optimizers() -> list[Any]:
    """All optimizers that there are; asked for only where a mistake is suspected."""
    module = sys.modules.get("minitorch.optim.optimizer")
    base = getattr(module, "Optimizer", None)
    if base is None:
        return []
    return [each for each in gc.get_objects() if issubclass(type(each), base)]


class DeadUnits(Lesson):
    """Units of a ReLU that no example activates: no gradient passes them."""

    def __init__(self, warner: Any) -> None:
        super().__init__(warner)
        self.number = 0  # of ReLUs since the last backward pass
        self.alive: dict[Any, tuple[Any, int]] = {}  # (units that were active, examples seen)

    def operation(self, name: str, args: tuple[Any, ...], out: Any, view: bool) -> None:
        if name != "relu" or not out.requires_grad:
            return
        active = values_of(out) > 0
        if active.ndim < 2:
            return
        self.number += 1
        key = (self.number, active.shape[1:])
        others = [a for a in range(active.ndim) if a not in (0, active.ndim - 1)]
        units = active.any(axis=(0, *others))
        if active.ndim > 2:  # channels first, or last: whichever has more that live
            by_channel = active.any(axis=(0, *range(2, active.ndim)))
            units = max(units, by_channel, key=lambda each: each.mean())
        before, seen = self.alive.get(key, (np.zeros_like(units), 0))
        units, seen = (units if before.shape != units.shape else units | before), seen + len(active)
        self.alive[key] = (units, seen)
        dead = 1 - float(units.mean())
        if (dead == 1 and seen >= 8 and units.size > 1) or (dead > 2 / 3 and seen >= 100):
            self.warn(
                f"{dead:.0%} of the {units.size} units of this relu were 0 for all of {seen} "
                "examples: they are dead, no gradient reaches their weights. Lower the learning "
                "rate, look at the initial weights and biases, or use leaky_relu or gelu."
            )

    def pass_ended(self) -> None:
        self.number = 0

    def stepped(self, optimizer: Any, moved: bool, at: Place | None) -> None:
        """Units may come alive again: what was seen before counts for some thousand examples."""
        for key, (units, seen) in self.alive.items():
            if seen > 2000:
                self.alive[key] = (np.zeros_like(units), 0)


@dataclass
class Waiting:
    """A parameter that had no gradient in the steps so far."""

    name: str
    why: str
    at: Place | None
    steps: int = 0


class NoGradient(Lesson):
    """Parameters that no gradient reaches, though they are to learn."""

    def __init__(self, warner: Any) -> None:
        super().__init__(warner)
        self.flow = Flow()  # what happened to the values since the last backward pass
        self.fresh = True
        self.reached: weakref.WeakSet[Node] = weakref.WeakSet()  # leaves, by their nodes
        self.waiting: dict[int, Waiting] = {}
        self.called: weakref.WeakSet[Any] = weakref.WeakSet()  # models, since the last pass

    def operation(self, name: str, args: tuple[Any, ...], out: Any, view: bool) -> None:
        if self.fresh:
            self.flow.clear()
            self.fresh = False
        self.flow.add(name, args, out)

    def detached(self, source: Any, made: Any) -> None:
        self.flow.add("detach", (source,), made)

    def wrote(self, target: Any, value: Any) -> None:
        self.flow.wrote(target, value)

    def arrived(self, leaf: Any, g: Any) -> None:
        if leaf._node is not None:
            self.reached.add(leaf._node)
        self.waiting.pop(id(leaf), None)

    def stepping(self, optimizer: Any, at: Place | None) -> None:
        missing = [p for p in params_of(optimizer) if self.misses(p)]
        if len(missing) == len(params_of(optimizer)):
            return  # OtherParameters tells of it
        self.wait(missing, at)
        for p in missing:
            self.waiting[id(p)].steps += 1
        cut = [self.waiting[id(p)] for p in missing if self.flow.uses(p)]
        self.tell(cut or [each for each in self.waiting.values() if each.steps == 3])

    def stepped(self, optimizer: Any, moved: bool, at: Place | None) -> None:
        self.fresh = True

    def entered(self, module: Any, depth: int) -> None:
        if not depth and is_grad_enabled():
            self.called.add(module)

    def pass_ended(self) -> None:
        """Of a model that a gradient reached, what it did not reach."""
        for root in list(self.called):
            params = [p for p in root.parameters() if p.requires_grad]
            missing = [p for p in params if self.misses(p)]
            if len(missing) < len(params):
                self.wait(missing, place())
        self.called.clear()

    def wait(self, leaves: list[Any], at: Place | None) -> None:
        for p in leaves:
            if id(p) not in self.waiting:
                name = self.warner.name(p)
                self.waiting[id(p)] = Waiting(name, reason(self.flow, p), at)

    def misses(self, p: Any) -> bool:
        """Whether it wants a gradient and never had one."""
        node = p._node
        return type(node) is AccumulateGrad and p._grad is None and node not in self.reached

    def tell(self, found: list[Waiting]) -> None:
        if found:
            self.warn(
                f"no gradient reaches {', '.join(each.name for each in found)}: {found[0].why}. "
                "What gets no gradient does not learn. If that is meant, say so: "
                "parameter.requires_grad_(False), and leave it out of the optimizer.",
                found[0].at,
            )

    def ended(self) -> None:
        self.tell(list(self.waiting.values()))


class _of(set[int]):  # noqa: N801  (a set of tensors by identity)
    def __init__(self, leaves: list[Any]) -> None:
        super().__init__(map(id, leaves))

    def __contains__(self, leaf: object) -> bool:
        return super().__contains__(id(leaf))


class OtherParameters(Lesson):
    """An optimizer that holds other parameters than those that get gradients."""

    def __init__(self, warner: Any) -> None:
        super().__init__(warner)
        self.reached: dict[int, Any] = {}  # leaves, since the last step

    def arrived(self, leaf: Any, g: Any) -> None:
        self.reached[id(leaf)] = weakref.ref(leaf)

    def stepping(self, optimizer: Any, at: Place | None) -> None:
        held = params_of(optimizer)
        leaves = [leaf for each in self.reached.values() if (leaf := each()) is not None]
        if leaves and all(p._grad is None for p in held):
            if any(p.requires_grad for p in held):
                self.warn(
                    f"the optimizer holds other parameters than the model: none of its {len(held)} "
                    f"has a gradient, while {self.warner.listed(leaves)} got one. Make the "
                    "optimizer after the model, of the parameters that the loss depends on.",
                    at,
                )
            return
        own = _of(held)
        for root in list(self.warner.roots):
            params = list(root.parameters())
            if not any(p in own for p in params):
                continue
            left = [p for p in params if p not in own and p in _of(leaves) and p.requires_grad]
            if left and not self.warner.told_of(type(self)):
                elsewhere = [_of(params_of(each)) for each in optimizers()]
                left = [p for p in left if not any(p in each for each in elsewhere)]
            if left:
                self.warn(
                    f"{self.warner.listed(left)} get gradients, but no optimizer holds them: they "
                    "do not learn. Make the optimizer after all layers, of model.parameters(), or "
                    "freeze them with requires_grad_(False).",
                    at,
                )

    def stepped(self, optimizer: Any, moved: bool, at: Place | None) -> None:
        self.reached.clear()
