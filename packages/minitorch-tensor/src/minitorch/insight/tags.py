"""Notes about tensors and nodes that go with them; places as text."""

from __future__ import annotations

import os
import weakref
from typing import Any

from ..autograd.node import AccumulateGrad
from ..autograd.recorder import Place
from ..autograd.variable import Variable

__all__ = ["Tags", "where"]


def where(at: Place | None) -> str:
    """The place as it stands in a message."""
    return "an unknown line" if at is None else f"{os.path.basename(at.filename)}:{at.number}"


class Tags:
    """What is known of tensors, and of the nodes that made them, for as long as they live."""

    def __init__(self) -> None:
        self.kept: dict[int, tuple[Any, Any]] = {}

    def _keep(self, key: Any, value: Any) -> None:
        number = id(key)
        self.kept[number] = (weakref.ref(key, lambda _: self.kept.pop(number, None)), value)

    def __setitem__(self, tensor: Any, value: Any) -> None:
        self._keep(tensor, value)
        if isinstance(tensor, Variable):
            node = tensor._node
            if node is not None and not isinstance(node, AccumulateGrad):
                self._keep(node, value)

    def get(self, x: Any) -> Any:
        """The tag of a tensor, by itself or by its node, or that of a node; else None."""
        reference, value = self.kept.get(id(x), (None, None))
        if reference is not None and reference() is x:
            return value
        if isinstance(x, Variable) and x._node is not None:
            return self.get(x._node)
        return None
