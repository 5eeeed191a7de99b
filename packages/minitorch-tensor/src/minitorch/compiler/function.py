"""Compiled functions: which recording fits a call, and what is done around its program."""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import Tensor
from ..autograd.grad_mode import ERRSTATE, IGNORE_ALL, INTERPRETERS, current
from ..autograd.history import history
from ..autograd.node import Node, Output, Partial, sequence_numbers
from ..autograd.variable import Inference, Variable, wrap
from ..utils import _pytree as pytree
from .recording import Backward, Recording, record

__all__ = ["Compiled", "CompiledBackward"]

LIMIT = 8  # recordings of one function: torch._dynamo.config.recompile_limit


class CompiledBackward(Node):
    """A call of a compiled function in the graph: its backward pass is a program."""

    __slots__ = ("run",)
    run: Callable[..., Any]

    def name(self) -> str:
        """PyTorch's name for it."""
        return "CompiledFunctionBackward"

    def vjp(self, g: Any, create_graph: bool, wanted: Any) -> Any:
        self.check(self.versions)
        if create_graph:
            raise RuntimeError(
                "torch.compile with aot_autograd does not currently support double backward. For "
                "create_graph=True call the function itself"
            )
        gs = [g.get(k) for k in range(len(self.shape))] if type(g) is Partial else [g]
        return self.run(self.saved, gs)


def quietly(program: Callable[..., Any], arguments: list[Any]) -> Any:
    """Runs a program without NumPy's warnings, as operations run."""
    settings = ERRSTATE.set(IGNORE_ALL)
    try:
        return program(*arguments)
    finally:
        ERRSTATE.reset(settings)


class Fitted:
    """A recording, ready to be used: ``fits(leaves)``, ``run(leaves)``."""

    def __init__(self, recording: Recording, leaves: list[Any]) -> None:
        self.recording = recording
        self.forward = recording.forward.function()
        self.busy = threading.Lock()
        place = {id(leaf): k for k, leaf in reversed(list(enumerate(leaves)))}
        # an argument is the tensor given at a place, or one that is there always
        self.outside = [place.get(id(t), t) for t in recording.outside]
        self.same = [place[id(x)] if isinstance(x, Variable) else -1 for x in leaves]
        self.constants = [None if isinstance(x, Variable) else x for x in leaves]
        self.metas = [self._meta(t) for t in recording.outside]
        self.leaf_metas = [self._meta(x) if isinstance(x, Variable) else None for x in leaves]
        self.stage = recording.stage
        self.results = [(self._there(r.tensor, place), r) for r in recording.results]
        self.grads = [(self._there(leaf, place), number) for leaf, number in recording.grads]
        self.required = [self._there(leaf, place) for leaf in recording.required]
        self.writes = [(self._there(t, place), count) for t, count in recording.writes]
        self.grad_of = {}
        for k, t in enumerate(recording.outside):
            for leaf in (*leaves, *recording.outside):
                if isinstance(leaf, Variable) and leaf._grad is t:
                    self.grad_of[k] = self._there(leaf, place)
        self.backward = recording.backward
        if self.backward is not None:
            self._prepare(self.backward, place)

    @staticmethod
    def _there(tensor: Any, place: dict[int, int]) -> Any:
        return place.get(id(tensor), tensor)

    @staticmethod
    def _meta(t: Any) -> Any:
        data = t._data
        strides = data.strides
        return (
            type(t), type(data), data.shape, data.dtype, strides, t._node is None,
        )  # fmt: skip

    def _prepare(self, backward: Backward, place: dict[int, int]) -> None:
        self.run_backward = backward.program.function()
        self.saved = [x if isinstance(x, int) else self._there(x, place) for x in backward.saved]
        self.saved_outside = [isinstance(x, Variable) for x in backward.saved]
        self.targets = [self._there(t, place) for t in backward.targets]
        self.shapes = [
            (self.recording.forward.results[n].shape, self.recording.forward.results[n].dtype)
            for n in backward.outputs
        ]

    def fits(self, leaves: list[Any]) -> bool:
        """Whether the recording holds for this call, as far as its tensors and arguments say."""
        if current.state.flags != self.stage or len(leaves) != len(self.same):
            return False
        for x, same, constant, meta in zip(
            leaves, self.same, self.constants, self.leaf_metas, strict=True
        ):
            if meta is None:
                if type(x) is not type(constant) or (x is not constant and x != constant):
                    return False
            elif not isinstance(x, Variable) or x is not leaves[same] or not self._as(x, meta):
                return False
        for k, (t, meta) in enumerate(zip(self.outside, self.metas, strict=True)):
            if k in self.grad_of:
                leaf = self.grad_of[k]
                t = (leaves[leaf] if type(leaf) is int else leaf)._grad
                if t is None or not self._as(t, meta):
                    return False
            elif type(t) is not int and not self._as(t, meta):
                return False
        for leaf in self.required:
            if (leaves[leaf] if type(leaf) is int else leaf)._grad is not None:
                return False
        return True

    @staticmethod
    def _as(t: Any, meta: Any) -> bool:
        data = t._data
        return (
            type(t) is meta[0] and type(data) is meta[1] and data.shape == meta[2]
            and data.dtype == meta[3] and data.strides == meta[4] and (t._node is None) is meta[5]
            and t._interpreter is None and type(t._counter) is not Inference
        )  # fmt: skip

    def run(self, leaves: list[Any]) -> list[Any]:
        def tensor(x: Any) -> Any:
            return leaves[x] if type(x) is int else x

        arguments = []
        tensors = []
        for k, t in enumerate(self.outside):
            t = tensor(self.grad_of[k])._grad if k in self.grad_of else tensor(t)
            tensors.append(t)
            arguments.append(t._data)
        made = quietly(self.forward, arguments)
        for leaf, number in self.grads:
            tensor(leaf)._grad = wrap(made[number]) if number >= 0 else None
        for t, count in self.writes:
            tensor(t)._counter[0] += count
        results = []
        tracked: list[Any] = []
        for there, r in self.results:
            if r.tensor is not None:
                results.append(tensor(there))
            elif r.number < 0:
                results.append(r.constant)
            else:
                results.append(wrap(made[r.number]))
                if r.tracked:
                    tracked.append(results[-1])
        if self.backward is not None:
            self._record(tracked, made, tensor)
        elif tracked:
            for t in tracked:
                t._node = node = CompiledBackward()
                node.parents, node.saved, node.versions = (), None, ()
                node.shape, node.extra = t._data.shape, None
                node.sequence_nr = next(sequence_numbers)
        return results

    def _record(self, tracked: list[Any], made: Any, tensor: Callable[[Any], Any]) -> None:
        """Makes the node of the call."""
        node = CompiledBackward()
        node.parents = tuple(history(tensor(t)) for t in self.targets)
        node.sequence_nr = next(sequence_numbers)
        node.extra = None
        outside = [t for t, out in zip(self.saved, self.saved_outside, strict=True) if out]
        node.versions = tuple((c, c[0]) for c in (tensor(t)._counter for t in outside))
        node.saved = [
            tensor(x)._data if out else made[x]
            for x, out in zip(self.saved, self.saved_outside, strict=True)
        ]
        if len(tracked) == 1:
            tracked[0]._node = node
            node.shape = self.shapes[0][0]
        else:
            node.shape = tuple(self.shapes)
            for k, t in enumerate(tracked):
                t._node = Output(node, k, self.shapes[k][0])
        node.run = self._run_backward

    def _run_backward(self, saved: list[Any], gs: list[Any]) -> Any:
        for k, g in enumerate(gs):
            if g is None:  # zeros, for want of a program that knows
                gs[k] = np.zeros(*self.shapes[k])
        return quietly(self.run_backward, [*saved, *gs])


class Compiled:
    """A function that records itself and runs the program of what it recorded.

    ``programs`` are the programs of the last recording, one per pass; ``source`` is the text of the
    last of them.
    """

    def __init__(self, function: Callable[..., Any], fullgraph: bool = False) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._fullgraph = fullgraph
        self._fitted: list[Fitted] = []
        self._given_up: str | None = None
        self._tries = 0
        self._warned = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        state = current.state
        if self._given_up is not None or state.flags >= INTERPRETERS or state.inference:
            return self._function(*args, **kwargs)
        leaves, tree = pytree.tree_flatten((args, kwargs))
        for fitted in self._fitted:
            if fitted.tree == tree and fitted.fits(leaves) and fitted.busy.acquire(False):
                try:
                    results = fitted.run(leaves)
                finally:
                    fitted.busy.release()
                return pytree.tree_unflatten(results, fitted.recording.tree)
        return self._record(args, kwargs, leaves, tree)

    def _record(self, args: Any, kwargs: Any, leaves: list[Any], tree: Any) -> Any:
        tensors = [x for x in leaves if isinstance(x, Variable)]
        tensors += reachable(self._function)
        made, recording, tracer = record(self._function, args, kwargs, tensors, True)
        self.tracer = tracer
        if recording is not None:
            fitted = Fitted(recording, leaves)
            fitted.tree = tree
            self._fitted.insert(0, fitted)
        self._tries += 1
        if recording is None and not tracer.again or self._tries > LIMIT:
            self._given_up = tracer.reason or f"there are {LIMIT} recordings already"
            where = f" ({tracer.where.filename}:{tracer.where.number})" if tracer.where else ""
            told = f"compile: {self._given_up}{where}: the function runs as it is"
            if self._fullgraph:
                raise RuntimeError(told)
            warnings.warn(told, stacklevel=3)
        return made


def reachable(function: Any) -> list[Any]:
    """The tensors that ``function`` may get at."""
    found: list[Any] = []
    seen: set[int] = set()
    stack = [function]
    while stack:
        x = stack.pop()
        if id(x) in seen:
            continue
        seen.add(id(x))
        if isinstance(x, Variable):
            found.append(x)
            continue
        if isinstance(x, (list, tuple)):
            stack += x
        elif isinstance(x, dict):
            stack += x.values()
        elif hasattr(x, "_parameters") and hasattr(x, "_modules"):
            stack += [x._parameters, x._buffers, x._modules, type(x).forward]
        elif hasattr(x, "param_groups"):
            stack += [x.param_groups]
        elif hasattr(x, "__func__"):
            stack += [x.__self__, x.__func__]
        elif hasattr(x, "__code__"):
            for cell in x.__closure__ or ():
                stack.append(cell.cell_contents)
            for name in x.__code__.co_names:
                v = x.__globals__.get(name)
                if not isinstance(v, type(threading)):
                    stack.append(v)
    return found
