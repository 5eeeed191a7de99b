"""The nodes that primitives make: what was saved meets the gradient rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels.meta import MetaArray
from .node import Node, Output, Partial
from .variable import wrap

if TYPE_CHECKING:
    from .primitive import Primitive

__all__ = ["JointNode", "PrimitiveNode"]


class PrimitiveNode(Node):
    """A node made by a primitive."""

    __slots__ = ()
    makes_arrays = True
    widens = False  # whether its rules see saved values in another dtype: ``opmath.Rounded``
    primitive: Primitive
    rules: tuple[Any, ...]  # None where an input has none; its saved values are None then too

    def vjp(self, g: Any, create_graph: bool, wanted: Sequence[bool] | None) -> Sequence[Any]:
        saved, rules = self.saved, self.rules
        if saved is None or create_graph or self.extra is not None or self.widens:
            saved = self._values(create_graph)
        else:  # the usual case of `_values`, written out
            for counter, version in self.versions:
                if counter[0] != version:
                    saved = self._values(create_graph)
                    break
        if type(g) is Partial:
            g = self._full(g, create_graph)
        if wanted is not None:
            saved = [v if w else None for v, w in zip(saved, wanted, strict=True)]
        if len(rules) == 1:
            return (rules[0](g, *saved[0]),)
        if len(rules) == 2:  # written out: a loop costs as much as the arithmetic
            first, second = saved
            return (
                None if first is None else rules[0](g, *first),
                None if second is None else rules[1](g, *second),
            )
        return [
            None if values is None else rule(g, *values)
            for rule, values in zip(rules, saved, strict=True)
        ]

    def _values(self, create_graph: bool) -> Any:
        """The saved values, checked; as Tensors where the backward pass makes a graph."""
        saved = self.saved
        if saved is None:
            self.check(())
        for counter, version in self.versions:
            if counter[0] != version:
                self.check(self.versions)
                saved = self.saved
        if self.extra is not None and "unpack" in self.extra:
            saved = self.extra["unpack"](saved)
        return self._as_tensors(saved) if create_graph else saved

    def _full(self, partial: Partial, create_graph: bool) -> Any:
        """All outputs' gradients, zeros where none arrived; the lone one where only one can."""
        gs = []
        for number, meta in enumerate(self.shape or ()):
            if meta is None:  # an output without gradient, such as indices
                continue
            g = partial.get(number)
            if g is None:
                g = np.zeros(*meta)
                g = wrap(g) if create_graph else g
            gs.append(g)
        return gs[0] if len(gs) == 1 < len(self.shape or ()) else tuple(gs)

    def _as_tensors(self, saved: Any) -> Any:
        """The saved arrays as the Tensors that they were: inputs with their node, outputs with
        this one."""
        primitive = self.primitive
        inputs = {name.lstrip("*"): k for k, name in enumerate(primitive.inputs)}

        def tensor(name: str, value: Any) -> Any:
            if primitive.variadic and name in inputs:
                return [wrap(v, p) for v, p in zip(value, self.parents, strict=True)]
            if not isinstance(value, np.ndarray | np.generic | MetaArray):
                return value
            if name in inputs:
                return wrap(value, self.parents[inputs[name]])
            if name in primitive.outputs:
                number = primitive.outputs.index(name)
                if len(primitive.outputs) == 1:
                    return wrap(value, self)
                if (self.shape or ())[number] is None:
                    return wrap(value)
                return wrap(value, Output(self, number, value.shape))
            return wrap(value)

        return [
            values and tuple(map(tensor, names, values))
            for names, values in zip(primitive.saved_names, saved, strict=False)
        ]


class JointNode(PrimitiveNode):
    """A node whose one rule gives the gradients of all inputs."""

    __slots__ = ()
    seen = slice(1)

    def vjp(self, g: Any, create_graph: bool, wanted: Sequence[bool] | None) -> Any:
        if type(g) is Partial:
            g = self._full(g, create_graph)
        return self.primitive.joint(g, *self._values(create_graph)[0])
