"""Fused operations: a hot composite as one node, which carries its definition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels.meta import MetaArray
from .engine import differentiate
from .grad_mode import set_grad_enabled
from .node import Partial
from .primitive import alias_p, primitive
from .primitive_node import JointNode
from .variable import Variable, wrap

if TYPE_CHECKING:
    from .primitive import Operation

__all__ = ["FusedNode", "fused"]


class FusedNode(JointNode):
    """Its backward kernel gives the gradients, its definition those that are differentiated."""

    __slots__ = ()

    def vjp(self, g: Any, create_graph: bool, wanted: Sequence[bool] | None) -> Any:
        if type(g) is Partial:
            g = self._full(g, create_graph)
        if not create_graph:
            return self.primitive.joint(g, *self._values(False)[0])
        values, versions = self._values(False)[-2:]
        if self.extra is None or "unpack" not in self.extra:  # a hook's values are its own
            self.check(versions)
        return self._differentiate_definition(g, values)

    def _differentiate_definition(self, g: Any, values: Any) -> Sequence[Any]:
        """The gradients as a graph: the fused operation's plain definition, differentiated."""
        count = len(self.primitive.inputs)
        with set_grad_enabled(True):  # it is off where a transform, not a graph, carries g
            inputs = [
                # an alias each, so that the definition's own graph ends there
                value if parent is None or value is None else alias_p(wrap(value, parent))
                for value, parent in zip(values[:count], self.parents, strict=True)
            ]
            arguments = [
                wrap(v) if isinstance(v, np.ndarray | np.generic | MetaArray) else v for v in inputs
            ]
            made = self.primitive.definition(*arguments, *values[count:])
        outputs = made if isinstance(made, tuple) else (made,)
        gs = g if isinstance(g, tuple) else (g,)
        pairs = [(o, h) for o, h in zip(outputs, gs, strict=False) if o._node is not None]
        found = iter(differentiate(pairs, [v for v in inputs if isinstance(v, Variable)]))
        return [next(found) if isinstance(v, Variable) else None for v in inputs]


def fused(
    forward: Callable[..., Any],
    signature: str,
    backward: Callable[..., Any],
    definition: Callable[..., Any],
    *,
    name: str,
    residuals: str = "",
    **options: Any,
) -> Operation:
    """A hot composite as one node: a kernel pair for the first order, its definition for the rest.

    Args:
        forward: ``forward(*inputs, *params)``, arrays in; ``(out, *residuals)`` out where
            ``residuals`` names values that the backward kernel wants.
        signature: as in ``primitive``.
        backward: ``backward(g, ...)``, a gradient (or None) per input. Its parameter names say what
            is saved: inputs, ``out``, params, residuals, and ``needs``, which inputs want one.
        definition: the same mathematics in a few lines of operations. ``create_graph=True``
            differentiates it and the tests hold the kernels against it.
        residuals: names of what ``forward`` returns beside its results, for ``backward``.
        options: those of ``primitive``; and ``used_by``, which says of saved inputs for whose
            gradients alone they are used: they may be written to where none of these is wanted.
    """
    return primitive(
        forward,
        signature,
        *(None for _ in signature.partition("|")[0].split()),
        name=name,
        joint=backward,
        definition=definition,
        node=FusedNode,
        residuals=residuals,
        **options,
    )
