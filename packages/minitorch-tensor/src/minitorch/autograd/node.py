"""Nodes of the graph: each knows its parents and how to pass a gradient on to them.

Nodes link to nodes, never to tensors, so no reference cycle forms and memory goes with the loss.
"""

from __future__ import annotations

import itertools
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from ..kernels.memory import filled, like
from ..kernels.sparse import SparseData
from .grad_mode import current, tell
from .variable import Moved, Variable, check_inference, wrap, wrapped

__all__ = ["AccumulateGrad", "Node", "Output", "Partial"]

# Later nodes get smaller numbers: the engine's heap hands out the latest first, and a node is
# always later than its parents.
sequence_numbers = itertools.count(0, -1)


USED_UP = (
    "Trying to backward through the graph a second time (or directly access saved tensors after "
    "they have already been freed). Saved intermediate values of the graph are freed when you call "
    ".backward() or autograd.grad(). Specify retain_graph=True if you need to backward through the "
    "graph a second time or if you need to access saved tensors after calling backward."
)


class Node:
    """A node of the graph: one recorded operation.

    ``parents``   the nodes of the inputs, None for an input that wants no gradient
    ``saved``     per input the values that its rule asked for; None once they are freed
    ``versions``  ((counter, number), ...) of the saved tensors at that time
    ``shape``     the output's shape, to which gradients are summed
    ``extra``     hooks and what interpreters attach; None for nearly every node
    """

    __slots__ = (
        "__weakref__",
        "extra",
        "parents",
        "saved",
        "sequence_nr",
        "shape",
        "versions",
    )
    parents: tuple[Node | None, ...]
    saved: Any
    versions: tuple[tuple[list[int], int], ...]
    shape: Any
    sequence_nr: int
    extra: dict[str, Any] | None
    makes_arrays = False  # whether vjp returns arrays that only the engine has
    seen = slice(None)  # of what is saved, what rules see
    rereads = True  # whether inputs that `.data =` gave other memory are taken as they are now

    def name(self) -> str:
        """PyTorch's name of the operation, such as ``"MulBackward0"``."""
        return type(self).__name__

    def __repr__(self) -> str:
        return f"<{self.name().rpartition(':')[2]} object at {id(self):#x}>"

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """``((node, output number), ...)`` of the inputs, as in PyTorch."""
        return tuple(
            (shown(p.parents[0]), p.number) if isinstance(p, Output) else (shown(p), 0)
            for p in self.parents
        )

    @property
    def metadata(self) -> Any:
        """A dict to keep notes in; ``"traceback"`` is the forward line in anomaly mode."""
        return self.attach("metadata", dict)

    def __dir__(self) -> list[str]:
        saved = import_module(f"{__package__}.saved")
        return [*object.__dir__(self), *saved.attributes(self)]

    def _sequence_nr(self) -> int:
        """The number of the node: later ones have larger numbers."""
        number: int = (self.extra or {}).get("sequence_nr", -self.sequence_nr)
        return number

    def _set_sequence_nr(self, number: int) -> None:
        """Lets ``_sequence_nr`` say another number; the order of the backward pass stays."""
        self.attach("sequence_nr", int)
        assert self.extra is not None
        self.extra["sequence_nr"] = number

    def attach(self, key: str, make: Any) -> Any:
        if self.extra is None:
            self.extra = {}
        return self.extra.setdefault(key, make())

    def register_hook(self, hook: Any) -> RemovableHandle:
        """``hook(grad_inputs, grad_outputs)`` runs after the node passed its gradients on."""
        return add_hook(self.attach("post_hooks", OrderedDict), hook)

    def register_prehook(self, hook: Any) -> RemovableHandle:
        """``hook(grad_outputs)`` runs before the node; what it returns takes their place."""
        return add_hook(self.attach("pre_hooks", OrderedDict), hook)

    def vjp(self, g: Any, create_graph: bool, wanted: Sequence[bool] | None) -> Sequence[Any]:
        """The gradient per parent: arrays from an array, Tensors from a Tensor."""
        raise NotImplementedError

    def __call__(self, *gradients: Any) -> Any:
        """The gradients by the inputs (one, or a tuple), given those by the outputs.

        Raises:
            TypeError: these are not as many as there are outputs.
        """
        several = type(self.shape) is tuple and any(isinstance(n, tuple) for n in self.shape)
        count = len(self.shape or ()) if several else 1
        if len(gradients) != count:
            raise TypeError(
                f"{self.name()} expected {count} arguments, got {len(gradients)} instead"
            )
        given = Partial(enumerate(gradients)) if several else gradients[0]
        made = tuple(self.vjp(given, True, None))
        return made[0] if len(made) == 1 else made

    def check(self, versions: Sequence[tuple[list[int], int]]) -> None:
        """Raises where the saved values are gone, or have other versions than these.

        Inputs that were given other memory since, by ``.data = ...``, are taken as they are now.
        """
        if self.saved is None:
            raise RuntimeError(USED_UP)
        for counter, version in versions:
            now = counter[0]
            if type(now) is Moved and self.rereads:
                self.saved = now.present(self.saved, self)
            if int(now) != int(version):
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an "
                    f"inplace operation: a value saved by {self.name()}, whose output has shape "
                    f"{list(self.shape or ())}, is at version {now}; expected version "
                    f"{version} instead. Hint: enable anomaly detection to find the "
                    "operation that failed to compute its gradient, with "
                    "torch.autograd.set_detect_anomaly(True)."
                )


kinds: dict[tuple[type, str], Any] = {}


def _saved(self: Any, name: str) -> Any:
    if name.startswith(("_saved_", "_raw_saved_")):
        saved = import_module(f"{__package__}.saved")  # PyTorch's names for them
        get = saved.raw if name[1] == "r" else saved.value
        return get(self, name.partition("saved_")[2])
    raise AttributeError(f"{self.name()!r} object has no attribute {name!r}")


def shown(node: Any) -> Any:
    """``node`` for users to look at: PyTorch has a class for each name, here some share one.

    It has the names of what is saved, too: a class with ``__getattr__`` has slower attributes.
    """
    kind = type(node)
    if node is None or "__getattr__" in vars(kind):
        return node
    name = node.name().rpartition(":")[2]
    if name != kind.__name__ or hasattr(kind, "primitive"):
        if (kind, name) not in kinds:
            kinds[kind, name] = type(name, (kind,), {"__slots__": (), "__getattr__": _saved})
        node.__class__ = kinds[kind, name]
    return node


class RemovableHandle:
    """Takes a hook away again: ``handle.remove()``, or at the end of a ``with`` block.

    Args:
        hooks_dict: the hooks by the handles' ``id``; it is not kept alive.
        extra_dict: other dictionaries, one or a list, that lose the ``id`` with it.
    """

    id: int
    next_id = 0

    def __init__(self, hooks_dict: Any, *, extra_dict: Any = None) -> None:
        extra = [] if extra_dict is None else extra_dict
        self._refer_to(hooks_dict, extra if isinstance(extra, list | tuple) else [extra])
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1

    def _refer_to(self, hooks: Any, extra: Any) -> None:
        self.hooks_dict_ref = weakref.ref(hooks)
        self.extra_dict_ref = tuple(weakref.ref(each) for each in extra)

    def remove(self) -> None:
        if current.state.recording:
            tell("refuse", "a hook is removed")
        for reference in (self.hooks_dict_ref, *self.extra_dict_ref):
            hooks = reference()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()

    def __getstate__(self) -> tuple[Any, int, tuple[Any, ...]]:
        return self.hooks_dict_ref(), self.id, tuple(each() for each in self.extra_dict_ref)

    def __setstate__(self, state: tuple[Any, int, tuple[Any, ...]]) -> None:
        hooks, self.id, extra = state
        self._refer_to(OrderedDict() if hooks is None else hooks, extra)
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)


def add_hook(
    hooks: OrderedDict[int, Any], hook: Any, prepend: bool = False, extra: Any = ()
) -> RemovableHandle:
    """Adds ``hook`` to ``hooks``; the dictionaries ``extra`` say how it is to be called."""
    if current.state.recording:
        tell("refuse", "a hook is registered")
    handle = RemovableHandle(hooks, extra_dict=list(extra))
    hooks[handle.id] = hook
    for marks in extra:
        marks[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


class AccumulateGrad(Node):
    """The end of every path: adds what arrives to the leaf's ``.grad``."""

    __slots__ = ("variable_reference",)
    hooked: ClassVar[bool] = False  # whether some leaf has had a hook for its complete gradient

    def __init__(self, leaf: Variable) -> None:
        self.parents = ()
        self.saved = ()
        self.versions = ()
        self.shape = leaf._data.shape
        self.sequence_nr = next(sequence_numbers)
        self.extra = None
        # weak: the leaf holds its node, and a cycle would keep both alive
        self.variable_reference = weakref.ref(leaf)

    def name(self) -> str:
        """``"torch::autograd::AccumulateGrad"``."""
        return "torch::autograd::AccumulateGrad"

    @property
    def variable(self) -> Any:
        return self.variable_reference()

    def vjp(self, g: Any, create_graph: bool, wanted: Sequence[bool] | None) -> Sequence[Any]:
        self.accumulate(g, owned=False)
        return ()

    def accumulate(self, g: Any, owned: bool) -> bool:
        """Adds ``g``, a Tensor where a graph is made of the backward pass, else an array.

        An array that the engine owns is kept as it is; any other is copied, since user code may
        have seen it and it may be some other gradient too. Returns False where the leaf is gone or
        no longer wants a gradient.
        """
        leaf: Any = self.variable_reference()
        if leaf is None or leaf._node is None:
            return False
        grad = leaf._grad
        if leaf._data.dtype.kind in "cW":
            g = g.conj()
        if isinstance(g, Variable):
            if g._data.dtype != leaf._data.dtype:
                g = g.to(leaf.dtype)
            if grad is None and isinstance(g._data, np.ndarray) and g._interpreter is None:
                leaf._grad = wrap(like(g._data)).copy_(g)
            else:
                leaf._grad = g.clone() if grad is None else grad + g
        elif grad is None:
            data = leaf._data
            if not owned or g.dtype is not data.dtype or g.strides != data.strides:
                if isinstance(g, SparseData):
                    leaf._grad = wrapped(g)
                    return True
                g = filled(like(data), g)
            leaf._grad = wrap(g)
        elif isinstance(grad._data, np.ndarray):
            np.add(grad._data, g, out=grad._data, casting="same_kind")
            grad._counter[0] += 1
        elif isinstance(grad._data, SparseData):  # with a dense one the sum is dense
            leaf._grad = wrapped(grad._data + g)
        else:
            grad._data = grad._data + g
            grad._counter[0] += 1
        return True


class Partial(dict[int, Any]):
    """The gradient of a node with several outputs, as far as it has arrived: {output: gradient}."""

    shape = None

    def __add__(self, other: Partial) -> Partial:
        total = Partial(self)
        for number, g in other.items():
            total[number] = total[number] + g if number in total else g
        return total

    __iadd__ = __add__


class Output(Node):
    """Output ``number`` of a node that has several."""

    __slots__ = ("number",)
    number: int
    parents: tuple[Node, ...]

    def __init__(self, node: Node, number: int, shape: tuple[int, ...]) -> None:
        self.parents = (node,)
        self.number = number
        self.saved = ()
        self.versions = ()
        self.shape = shape
        self.sequence_nr = next(sequence_numbers)
        self.extra = None

    def name(self) -> str:
        """The name of the node itself."""
        return self.parents[0].name()

    def vjp(self, g: Any, create_graph: bool, wanted: Sequence[bool] | None) -> Sequence[Any]:
        return (Partial({self.number: g}),)


def untrack(tensor: Variable) -> None:
    """Takes ``tensor`` out of the graph. A leaf keeps its node, for when it wants a gradient again:
    until then what a graph sends there is dropped.
    """
    if isinstance(tensor._node, AccumulateGrad):
        tensor._accumulator = tensor._node
    tensor._node = None


def track(leaf: Variable) -> None:
    """Makes ``leaf`` want a gradient."""
    check_inference(
        leaf, "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed."
    )
    leaf._node = node = leaf._accumulator or AccumulateGrad(leaf)
    node.shape = leaf._data.shape
