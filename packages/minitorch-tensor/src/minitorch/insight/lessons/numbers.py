"""Numbers that go wrong: NaN, a rising loss, gradients that vanish or explode by the layer."""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...autograd.node import AccumulateGrad, Node
from ...autograd.recorder import Place, place
from ..tags import Tags, where
from .layers import params_of
from .lesson import Lesson, values_of

__all__ = ["NotANumber", "RisingLoss", "UnevenGradients"]

MENDS = {
    "log": "Keep its input above 0: log(x + 1e-8), or log_softmax in place of log(softmax).",
    "sqrt": "Keep its input above 0: sqrt(x + 1e-8); at 0 its gradient is infinite.",
    "div": "Keep the divisor away from 0: add 1e-8 to it.",
    "exp": "Subtract the maximum first, or use softmax, logsumexp or log_softmax.",
    "pow": "Keep the base above 0.",
    "norm": "At 0 the gradient of a norm is not defined: add 1e-8 below its root.",
}
SINGULAR = {*MENDS, "rsqrt", "reciprocal", "acos", "asin", "atan2", "std", "var", "where"}


def tensors_in(values: Any) -> list[Any]:
    """The tensors with floating-point values among ``values``."""
    found = []
    for each in values if isinstance(values, tuple | list) else (values,):
        if isinstance(each, tuple | list):
            found += tensors_in(each)
        else:
            data = values_of(each)
            if data is not None and data.dtype.kind == "f":
                found.append(each)
    return found


def described(args: tuple[Any, ...]) -> str:
    """The inputs of an operation: shapes, range, what stands out."""
    parts = []
    for x in tensors_in(args):
        data = values_of(x)
        if not data.size:
            continue
        finite = data[np.isfinite(data)] if data.ndim else data[np.isfinite(data)].reshape(-1)
        text = f"shape {list(data.shape)}"
        if finite.size:
            text += f", values {finite.min():.4g} to {finite.max():.4g}"
        for kind, count in (
            ("zero", int((data == 0).sum())),
            ("negative", int((data < 0).sum())),
            ("infinite", int(np.isinf(data).sum())),
        ):
            if count:
                text += f", {count} {kind}"
        parts.append(text)
    numbers = [f"the number {x!r}" for x in args if type(x) in (int, float)]
    return "; ".join(parts + numbers)


class NotANumber(Lesson):
    """A loss, or a gradient, that is NaN or infinite: the operation that made it first."""

    def __init__(self, warner: Any) -> None:
        super().__init__(warner)
        self.nan, self.infinite = Tags(), Tags()  # where it comes from, as text
        self.singular = Tags()  # of nodes: where the operation stands
        self.from_node = ""
        self.leaves: list[Any] = []
        self.finite = True
        self.at: Place | None = None

    def operation(self, name: str, args: tuple[Any, ...], out: Any, view: bool) -> None:
        for made in tensors_in(out):
            data = values_of(made)
            if name in SINGULAR and made.requires_grad:
                self.singular[made] = (name, place())
            if np.isfinite(data).all():
                continue
            if np.isnan(data).any():
                self.nan[made] = self.origin(self.nan, np.isnan, name, args)
            else:
                self.infinite[made] = self.origin(self.infinite, np.isinf, name, args)

    def origin(self, tags: Tags, is_bad: Any, name: str, args: tuple[Any, ...]) -> str:
        """What made the first bad number on the way here."""
        for x in tensors_in(args):
            if is_bad(values_of(x)).any():
                return tags.get(x) or self.came_in(x)
        text = f"`{name}` at {where(place())} made it first, of its inputs: {described(args)}."
        for x in tensors_in(args):
            cause = self.infinite.get(x) if tags is self.nan else None
            if cause:
                text += f" The infinite value: {cause}"
                break
        return text + (f" {MENDS[name]}" if name in MENDS else "")

    def came_in(self, x: Any) -> str:
        if type(x._node) is AccumulateGrad:
            return (
                f"{self.warner.name(x)} was so before the forward pass: an earlier step wrote it. "
                "Lower the learning rate, or look at the gradients of that step."
            )
        return f"a tensor of shape {list(x.shape)} came in with it: look at the data."

    def wrote(self, target: Any, value: Any) -> None:
        for tags in (self.nan, self.infinite):
            cause = tags.get(value)
            if cause:
                tags[target] = cause

    def pass_began(self, roots: Sequence[tuple[Node, Any]], at: Place | None) -> None:
        self.from_node, self.leaves, self.at, self.finite = "", [], at, True
        for node, _ in roots:
            for kind, tags in (("NaN", self.nan), ("infinite", self.infinite)):
                cause = tags.get(node)
                if cause:
                    self.finite = False
                    self.warn(f"the loss is {kind}. {cause}", at)

    def node_ran(self, node: Node, grads: Any) -> None:
        if self.from_node or not self.finite:
            return
        for g in grads:
            data = g if isinstance(g, np.ndarray | np.generic) else values_of(g)
            if data is not None and data.dtype.kind == "f" and not np.isfinite(data).all():
                name, at = self.singular.get(node) or (node.name(), None)
                self.from_node = (
                    f"`{name}`" + (f" at {where(at)}" if at else "") + " made it in its backward "
                    f"step. {MENDS.get(name, '')}"
                )
                return

    def arrived(self, leaf: Any, g: Any) -> None:
        data = g if isinstance(g, np.ndarray | np.generic) else values_of(g)
        if self.finite and data is not None and not np.isfinite(data).all():
            self.leaves.append(leaf)

    def pass_ended(self) -> None:
        if self.leaves and self.from_node:
            self.warn(
                "the loss is finite, but gradients are not, those of "
                f"{self.warner.listed(self.leaves)}: {self.from_node}".rstrip(),
                self.at,
            )


class RisingLoss(Lesson):
    """A learning rate so large that the loss rises."""

    def __init__(self, warner: Any) -> None:
        super().__init__(warner)
        self.value = Tags()  # of nodes of one number
        self.losses: dict[tuple[str, int], list[float]] = {}  # by the line of backward
        self.moves: list[float] = []  # how far the last steps went, in lengths of the weights
        self.before: dict[int, tuple[Any, Any]] = {}  # leaves and what they were before a step
        self.rate = ""

    def operation(self, name: str, args: tuple[Any, ...], out: Any, view: bool) -> None:
        data = values_of(out)
        if data is not None and data.size == 1 and data.dtype.kind == "f" and out.requires_grad:
            self.value[out] = float(data.item())

    def pass_began(self, roots: Sequence[tuple[Node, Any]], at: Place | None) -> None:
        self.moved()
        value = self.value.get(roots[0][0]) if len(roots) == 1 else None
        if value is None or at is None or self.warner.closure:  # which searches along a line
            return
        found = self.losses.setdefault((at.filename, at.number), [])
        found.append(value)
        del found[1:-7]  # the first, and the last
        first, last = found[0], found[1:]
        far = max(self.moves, default=0.0)
        limit = first + abs(first)
        above = len(last) >= 3 and all(not each <= limit for each in last[-3:])
        rising = len(last) >= 5 and all(
            not b <= a for a, b in zip(last[-6:], last[-5:], strict=False)
        )
        if (above and far > 0.1) or (rising and last[-1] > first and far > 0.02):
            self.warn(
                f"the loss rises: {first:.4g} at first, then "
                f"{', '.join(f'{each:.4g}' for each in last[-3:])}. The steps change the "
                f"parameters by up to {far:.0%} of their length. Lower the learning rate"
                f"{self.rate}: try a tenth of it.",
                at,
            )

    def arrived(self, leaf: Any, g: Any) -> None:
        data = values_of(leaf)
        if data is not None and id(leaf) not in self.before:
            self.before[id(leaf)] = (weakref.ref(leaf), np.array(data))

    def moved(self) -> None:
        """How far the leaves went since the last step, whoever moved them."""
        pairs = [
            (p, old) for reference, old in self.before.values() if (p := reference()) is not None
        ]
        change = sum(_square(values_of(p) - old) for p, old in pairs)
        length = sum(_square(old) for _, old in pairs)
        if change:
            self.moves = [*self.moves[-2:], math.sqrt(change / length) if length else math.inf]
            self.before = {}

    def stepping(self, optimizer: Any, at: Place | None) -> None:
        groups = getattr(optimizer, "param_groups", [{}])
        self.rate = f", which is {float(groups[0].get('lr', math.nan)):g}"


def _square(x: Any) -> float:
    with np.errstate(all="ignore"):
        square = float((x.astype(np.float64) ** 2).sum())
    return square if math.isfinite(square) else 1e300


class UnevenGradients(Lesson):
    """Gradients that vanish, or explode, from the last layer to the first."""

    def __init__(self, warner: Any) -> None:
        super().__init__(warner)
        self.sizes: list[tuple[Any, float]] = []  # (weight, root mean square), the last first
        self.at: Place | None = None

    def pass_began(self, roots: Sequence[tuple[Node, Any]], at: Place | None) -> None:
        self.sizes, self.at = [], at

    def arrived(self, leaf: Any, g: Any) -> None:
        data = g if isinstance(g, np.ndarray) else values_of(g)
        if data is None or data.ndim < 2 or data.dtype.kind != "f":
            return
        data = data[data != 0].astype(np.float64)  # of an embedding, the rows that took part
        if data.size and np.isfinite(data).all():
            self.sizes.append((leaf, float(np.sqrt((data * data).mean()))))

    def pass_ended(self) -> None:
        if len(self.sizes) < 3:
            return
        third = max(len(self.sizes) // 3, 1)
        last, first = (
            max(size for _, size in part) for part in (self.sizes[:third], self.sizes[-third:])
        )
        table = ", ".join(f"{self.warner.name(p)} {size:.1e}" for p, size in _some(self.sizes))
        if first < 1e-4 * last:
            self.warn(
                f"the gradients vanish towards the first layer: {table} (root mean square, from "
                "the last layer to the first). Use relu in place of sigmoid or tanh, fewer layers, "
                "normalization or residual connections, or an initialization that fits "
                "(nn.init.kaiming_normal_).",
                self.at,
            )
        elif first > 1e4 * last or max(size for _, size in self.sizes) > 1e6:
            self.explodes(table)

    def explodes(self, table: str) -> None:
        self.warn(
            f"the gradients explode: {table} (root mean square, from the last layer to the "
            "first). Use smaller initial weights (nn.init.kaiming_normal_), normalization, or "
            "nn.utils.clip_grad_norm_(model.parameters(), 1.0) before the step.",
            self.at,
        )

    def stepping(self, optimizer: Any, at: Place | None) -> None:
        params = params_of(optimizer)
        held = [(p, values_of(p), values_of(p._grad)) for p in params if p._grad is not None]
        held = [each for each in held if each[1] is not None and each[2] is not None]
        length = math.sqrt(sum(_square(g) for _, _, g in held))
        if length > 1e4 * math.sqrt(sum(_square(data) for _, data, _ in held)) > 0:
            sizes = [(p, math.sqrt(_square(g) / max(g.size, 1))) for p, _, g in reversed(held)]
            self.explodes(", ".join(f"{self.warner.name(p)} {s:.1e}" for p, s in _some(sizes)))


def _some(sizes: list[tuple[Any, float]]) -> list[tuple[Any, float]]:
    """At most six of them, spread evenly, the ends among them."""
    count = min(len(sizes), 6)
    places = [round(k * (len(sizes) - 1) / max(count - 1, 1)) for k in range(count)]
    return [sizes[k] for k in places]
