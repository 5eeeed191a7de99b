"""Looking at the graph and hooking into it.

Follows https://docs.pytorch.org/docs/stable/autograd.html#autograd-graph
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..kernels.memory import owner_of
from .dispatch import NEVER, apply
from .engine import reached
from .grad_mode import current, marking
from .gradients import GradientEdge
from .history import history
from .interpreters import (
    Interpreter,
    disable_saved_tensors_hooks,
    nodes_of,
    saved_tensors_hooks,
)
from .node import Node, RemovableHandle, shown
from .variable import Inference, Variable

__all__ = [
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


def get_gradient_edge(tensor: Any) -> GradientEdge:
    """The edge of ``tensor``.

    Raises:
        RuntimeError: it does not require grad.
    """
    node = history(tensor)
    if node is None:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require "
            "gradients"
        )
    return GradientEdge(shown(node), getattr(node, "number", 0))


def increment_version(tensor: Any) -> None:
    """Says of a tensor, or of several, that their memory was written to behind autograd's back.

    Nobody counts the writes to inference tensors.
    """
    for each in (tensor,) if isinstance(tensor, Variable) else tensor:
        if type(each._counter) is not Inference:
            each._counter[0] += 1


class save_on_cpu(saved_tensors_hooks):  # noqa: N801  (PyTorch's name)
    """Keeps saved values on the CPU, where they are."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cpu") -> None:
        super().__init__(lambda t: t, lambda t: t)


class Kept:
    """A saved array, until a write to its memory makes a copy of it."""

    __slots__ = ("__weakref__", "array", "context")

    def __init__(self, array: Any, context: allow_mutation_on_saved_tensors) -> None:
        self.array, self.context = array, context


class allow_mutation_on_saved_tensors(Interpreter):  # noqa: N801  (PyTorch's name)
    """Within it what nodes saved may be written to: it is copied before the write.

    The backward pass must run within the same block.

    Example:
        >>> import minitorch
        >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
        >>> with minitorch.autograd.graph.allow_mutation_on_saved_tensors():
        ...     y = x.clone()
        ...     z = (y * y).sum()
        ...     _ = y.zero_()
        ...     z.backward()
        >>> x.grad
        tensor([2., 4.])

    Follows https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.allow_mutation_on_saved_tensors
    """

    def __init__(self) -> None:
        # what is saved, by the id of its array and by that of the array that owns the memory
        self.tid_to_weakhandle: weakref.WeakValueDictionary[int, Kept] = (
            weakref.WeakValueDictionary()
        )
        self.kept: dict[int, weakref.WeakSet[Kept]] = {}
        self.cloned: weakref.WeakKeyDictionary[Kept, Any] = weakref.WeakKeyDictionary()
        self.open = False

    def __enter__(self) -> allow_mutation_on_saved_tensors:
        for interpreter in current.state.interpreters:
            if isinstance(interpreter, allow_mutation_on_saved_tensors):
                raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
        self.state = current.state
        marking.append(self.state)  # so that writes look who is to be asked
        self.open = True
        super().__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        marking.remove(self.state)
        self.open = False
        self.clear()
        super().__exit__(*exception)

    def clear(self) -> None:
        """Forgets what is saved: it must not be written to any more."""
        self.kept.clear()
        self.tid_to_weakhandle.clear()
        self.cloned.clear()

    def process(self, primitive: Any, args: tuple[Any, ...]) -> Any:
        with self.disabled():
            made = apply(primitive, *args)
        return self._guarded(made)

    def process_function(self, function: Any, args: tuple[Any, ...]) -> Any:
        """An ``autograd.Function`` at dispatch."""
        with self.disabled():
            made = function.apply(*args)
        return self._guarded(made)

    def _guarded(self, made: Any) -> Any:
        for node in nodes_of(made):
            if node.saved and (node.extra is None or "unpack" not in node.extra):
                node.saved = type(node.saved)(map(self._keep, node.saved))
                if node.versions:
                    node.versions = ((NEVER, 0),)
                node.attach("unpack", lambda: self._given_back)
        return made

    def _keep(self, saved: Any) -> Any:
        if isinstance(saved, tuple | list):
            return type(saved)(map(self._keep, saved))
        if not isinstance(saved, np.ndarray):
            return saved
        kept = self.tid_to_weakhandle.get(id(saved))
        if kept is None:
            kept = self.tid_to_weakhandle[id(saved)] = Kept(saved, self)
        self.kept.setdefault(id(owner_of(saved)), weakref.WeakSet()).add(kept)
        return kept

    def _given_back(self, saved: Any) -> Any:
        if isinstance(saved, tuple | list):
            return type(saved)(map(self._given_back, saved))
        if not isinstance(saved, Kept):
            return saved
        if not saved.context.open:
            raise AssertionError(
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context in "
                "which the graph was originally recorded."
            )
        return saved.array

    def before_write(self, tensor: Any) -> None:
        """Copies what is saved of the memory of ``tensor``."""
        for kept in self.kept.pop(id(owner_of(tensor._array())), ()):
            del self.tid_to_weakhandle[id(kept.array)]
            kept.array = self.cloned[kept] = kept.array.copy()


class _Handles:
    def __init__(self, handles: list[RemovableHandle]) -> None:
        self.handles = handles

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()

    def __enter__(self) -> _Handles:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


def register_multi_grad_hook(
    tensors: Sequence[Any], fn: Callable[[Any], Any], *, mode: str = "all"
) -> _Handles:
    """Calls ``fn`` once the gradients of all ``tensors`` are known, or with ``mode="any"`` at the
    first.

    Args:
        fn: of a list of gradients (None for tensors that were not reached), or of one gradient for
            ``mode="any"``.

    Follows https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.register_multi_grad_hook
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    lock = threading.Lock()
    nodes = [history(t) for t in tensors]
    # by thread, for the pass that runs: (the pass, how many will come, what came)
    seen: dict[int, tuple[Any, int, dict[int, Any]]] = {}

    def hook(k: int) -> Callable[[Any], None]:
        def see(g: Any) -> None:
            running = current.state.passes[-1][0]
            with lock:
                key = threading.get_ident()
                if key not in seen or seen[key][0] is not running:
                    seen[key] = (running, sum(reached(nodes)), {})
                _, count, arrived = seen[key]
                arrived[k] = g
            if mode == "any":
                if len(arrived) == 1:
                    fn(g)
            elif len(arrived) == count:
                fn([arrived.get(i) for i in range(len(tensors))])

        return see

    return _Handles([t.register_hook(hook(k)) for k, t in enumerate(tensors)])
