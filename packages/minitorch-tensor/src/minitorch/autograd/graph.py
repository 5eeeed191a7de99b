"""Looking at the graph and hooking into it.

Follows https://docs.pytorch.org/docs/stable/autograd.html#autograd-graph
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from .engine import reached
from .grad_mode import current
from .gradients import GradientEdge
from .history import history
from .interpreters import disable_saved_tensors_hooks, saved_tensors_hooks
from .node import Node, RemovableHandle

__all__ = [
    "GradientEdge",
    "Node",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
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
    return GradientEdge(node, getattr(node, "number", 0))


class save_on_cpu(saved_tensors_hooks):  # noqa: N801  (PyTorch's name)
    """Keeps saved values on the CPU, where they are."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cpu") -> None:
        super().__init__(lambda t: t, lambda t: t)


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
