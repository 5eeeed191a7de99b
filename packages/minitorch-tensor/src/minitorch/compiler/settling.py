"""Makes the recording of a call that was watched, or says why there can be none."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container
from itertools import combinations
from types import CodeType
from typing import Any
from weakref import ref

import numpy as np

from .._tensor import Tensor
from ..autograd import engine
from ..autograd.history import history, root
from ..autograd.node import AccumulateGrad
from ..autograd.variable import Variable, wrap
from ..random.generator import default_generator
from ..utils import _pytree as pytree
from .asking import told_of_values
from .guards import World
from .instructions import Value
from .memory import may_raise
from .naming import names_of
from .program import Program
from .recording import Backward, Recording, Result, drawing, expects
from .sharing import Sharing
from .step_tracer import StepTracer
from .stepping import StepOf
from .tracer import Again, Stop, nodes_of
from .writer import EXPECTING, expect_none

__all__ = ["record"]

MOST_RESULTS = 3  # with a graph: each way in which gradients can arrive is a program
CONSTANT = (type(None), bool, int, float, complex, str, bytes)


def record(
    function: Callable[..., Any], args: Any, kwargs: Any, inlining: bool, whole: Container[Any]
) -> tuple[Any, Recording | None, StepTracer]:
    """Calls the function and watches it: the result, and the recording if there can be one; else
    the tracer says why. Kernels are taken apart where ``inlining`` says so, but for ``whole``."""
    try:
        world = World.of(function, args, kwargs)
        names = names_of(function, args, kwargs)
    except Exception as error:  # of an object that cannot be looked at
        tracer = StepTracer(list, {}, inlining, whole, None)
        tracer.stop(error)
        return function(*args, **kwargs), None, tracer
    tracer = StepTracer(world.reached, names, inlining, whole, _code(function))
    state = default_generator.get_state()
    with told_of_values(), tracer, world.watching():
        made = function(*args, **kwargs)
    recording = None
    try:
        reason = world.settle()
        if tracer.reason is None and reason is not None:
            tracer.stop(Again(reason) if world.again else reason)
        if tracer.reason is None:
            recording = _Settling(tracer, world, made, state).recording()
    except Exception as stop:  # the call itself is done: nothing is to come out of it
        tracer.stop(stop)
    return made, recording, tracer


def _code(function: Any) -> CodeType | None:
    """That of the function itself."""
    if hasattr(function, "_modules"):
        function = function.forward
    return getattr(getattr(function, "__func__", function), "__code__", None)


class _Settling:
    """Makes the recording of a call that returned ``made``."""

    def __init__(self, tracer: StepTracer, world: World, made: Any, state: Any) -> None:
        self.tracer, self.world, self.state = tracer, world, state
        self.writer = tracer.writer
        self.values: list[Value] = []  # the program's results
        self.counters: set[int] = set()  # their versions'
        self._items = {value for _, value in tracer.items.values()}
        check_containers(made, world.known)
        self.leaves, self.tree = pytree.tree_flatten(made)
        self.number = {id(t): k for k, t in enumerate(world.tensors)}  # in world.read()
        self.outside = list(tracer.outside.values())
        self.position = {id(t): k for k, t in enumerate(self.outside)}
        self.mark = len(self.writer.instructions)

    def recording(self) -> Recording:
        for value, before in self.tracer.nodes.items():
            tensor = self.tracer.outside[value]
            if nodes_of(tensor) != before or tensor._data is not self.writer.arrays[value]:
                raise Stop("a tensor from outside gets another history, or other memory")
        for tensor, (data, node, _) in zip(self.world.tensors, self.world.states, strict=True):
            array = data() if type(data) is ref else data  # nobody is to keep its memory
            if tensor._data is not array or tensor._node is not node:
                raise Stop("a tensor from outside gets another history, or other memory")
            known = self.writer.value_of(tensor._data)
            if known is not None and self.tracer.outside.get(known, tensor) is not tensor:
                raise Again("two tensors from outside are one array")
        for key, (counter, version) in self.tracer.versions.items():
            if counter[0] - version != self.tracer.writes.get(key, (None, 0))[1]:
                raise Stop("a tensor is changed in a way that cannot be written down")
        functions = [each.function for each in self.writer.instructions]
        whole = any(isinstance(each, StepOf) for each in functions)
        if whole and EXPECTING.intersection(functions):
            raise Stop("values are asked for beside a step that is taken as a whole")
        results = self._results()
        self.returned = len(self.values)
        pairs = zip(self.leaves, results, strict=True)
        tracked = [(t, n) for n, t in {r.number: t for t, r in pairs if r.tracked}.items()]
        freed = bool(tracked) and self.tracer.passes > 0
        if freed and not all(map(self._used_up, tracked)):
            raise Stop("a result's graph can still be used after a backward pass")
        grads = self._grads()
        backward = [] if freed else self._backward_passes(tracked)
        for t in self.outside:  # those that only the backward pass reads
            self.position.setdefault(id(t), len(self.position))
        required = [
            self._numbered(leaf)
            for leaf, grad, arrived, _ in self.tracer.first.values()
            if grad is None and arrived and id(leaf) in self.number
        ]
        required += [self._numbered(leaf) for leaf in self.tracer.lacking]
        used = {v for each in self.writer.instructions for v in each.inputs()}
        numbers = {v: number for v, number in self.tracer.numbers.items() if v in used}
        steps = list(dict.fromkeys(step for step, _, _ in self.tracer.numbers.values()))
        program = Program(
            "recorded", "what ran, as it ran",
            [*self.tracer.outside, *self.tracer.own, *numbers],
            self.writer.instructions[: self.mark], self.values,
        )  # fmt: skip
        writes = [(self.position[id(t)], n) for t, n in self.tracer.writes.values()]
        arrays = [self.writer.arrays[value] for value in self.tracer.outside]
        places = [self._place(t) for t in self.outside]
        return Recording(
            self.world, program, self.outside, places, self._beside(), self._given(), results,
            self.tree, grads, required, self._dropped(), writes, backward, freed, arrays,
            list(self.tracer.own.values()),
            [(step, name) for step, name, _ in numbers.values()], steps, self.tracer.ready,
            self.tracer,
            [(default_generator, self.state), *self.world.generators],
            self.writer.lasting, self.tracer.asked is not None,
        )  # fmt: skip

    def _dropped(self) -> list[int]:
        """With the old gradients gone first, as in the function, a step takes less memory."""
        instructions = self.writer.instructions
        if "grad" in self.world.names or any(map(expects, instructions)):
            return []
        fail = (
            k
            for k, each in enumerate(instructions)
            if each.function is expect_none or (may_raise(each) and not drawing(each))
        )
        safe = next(fail, len(instructions))
        return [
            self._numbered(leaf)
            for leaf, grad, arrived, at in self.tracer.first.values()
            if not arrived and at <= safe
            and id(leaf) in self.number and id(grad) not in self.tracer.grad_of
        ]  # fmt: skip

    def _beside(self) -> list[int]:
        return [k for k, t in enumerate(self.world.tensors) if id(t) not in self.position]

    def _given(self) -> dict[int, Any]:
        """Where ``.grad`` is read: what it was, of tensors where that is not seen otherwise."""
        read = "grad" in self.world.loaded
        if not (read or self.world.grads):
            return {}
        return {
            k: grad
            for k, (t, (_, _, grad)) in enumerate(
                zip(self.world.tensors, self.world.states, strict=True)
            )
            if read or id(t) not in self.tracer.first
        }

    def _numbered(self, tensor: Any) -> int:
        if id(tensor) not in self.number:
            raise Stop("a tensor comes from where it is not looked for")
        return self.number[id(tensor)]

    def _place(self, tensor: Any) -> int:
        leaf = self.tracer.grad_of.get(id(tensor))
        return self._numbered(tensor) if leaf is None else -1 - self._numbered(leaf)

    def _results(self) -> list[Result]:
        found: dict[int, Result] = {}
        first: dict[Value, int] = {}  # of the leaves that show a value
        for k, leaf in enumerate(self.leaves):
            if id(leaf) in found:
                continue
            value = self.writer.value_of(leaf._data) if type(leaf) is Tensor else None
            other = None if value is None else first.get(value)
            if other is not None and self._only_shows(leaf):
                source = self.leaves[other]
                found[id(leaf)] = found[id(source)]._replace(
                    tracked=False, version=leaf._counter[0], of=other,
                    counter=leaf._counter is source._counter,
                )  # fmt: skip
            else:
                found[id(leaf)] = self._result(leaf)
                if value is not None and found[id(leaf)].number is not None:
                    first[value] = k
        return [found[id(leaf)] for leaf in self.leaves]

    def _only_shows(self, leaf: Any) -> bool:
        """Whether a tensor is nothing but its memory and version, as what ``detach`` gives."""
        bare = leaf._node is leaf._base is leaf._grad is None and not leaf.__dict__
        return bare and id(leaf) not in self.number

    def _result(self, leaf: Any) -> Result:
        if not isinstance(leaf, Variable):
            if id(leaf) in self.tracer.items:
                _, value = self.tracer.items[id(leaf)]
                self.values.append(value)
                return Result(number=len(self.values) - 1, item=True)
            if isinstance(leaf, CONSTANT) and not (self._items and isinstance(leaf, int | float)):
                return Result(constant=leaf)
            raise Stop(f"a {type(leaf).__name__} is returned")
        if id(leaf) in self.number:
            return Result(outside=self.number[id(leaf)])
        if type(leaf) is not Tensor or leaf.__dict__ or leaf._grad is not None:
            raise Stop(f"a {type(leaf).__name__} is returned, or one with attributes")
        made = self.writer.value_of(leaf._data)
        if made is None or made.constant is not None or isinstance(leaf._node, AccumulateGrad):
            raise Stop("a tensor is returned that no operation is seen to make")
        followed = leaf._base is None or type(leaf._chain) is tuple
        if not followed and root(leaf)._node is not None:
            raise Stop("a view is returned that must not be written to")
        if id(leaf._counter) in self.counters or id(leaf._counter) in self.tracer.versions:
            raise Stop("what is returned shares its version with another tensor")
        self.counters.add(id(leaf._counter))
        array = self.writer.arrays[made]
        tensors = [v for v in self.values if v not in self._items]
        for other in (*self.tracer.outside, *tensors):
            if other is made or np.may_share_memory(self.writer.arrays[other], array):
                raise Stop("what is returned shares memory with another tensor")
        self.values.append(made)
        number, tracked = len(self.values) - 1, history(leaf) is not None
        return Result(number=number, tracked=tracked, version=leaf._counter[0])

    @staticmethod
    def _used_up(tracked: tuple[Any, Any]) -> bool:
        return any(node.saved is None for node in engine._reachable([history(tracked[0])]))

    def _grads(self) -> list[tuple[int, int | None, int]]:
        """The leaves whose ``.grad`` is another now; its value joins the results."""
        found: list[tuple[int, int | None, int]] = []
        for leaf, before, arrived, _ in self.tracer.first.values():
            grad = leaf._grad
            if id(leaf) not in self.number:
                value = self.writer.value_of(leaf._data)
                if value is None or value in self.tracer.outside:  # not one that was made inside
                    raise Stop("a gradient arrives at a tensor that is not looked for")
                continue
            if grad is before and (grad is not None or arrived):
                continue
            if grad is None:  # set to it, though it may have been that
                found.append((self._numbered(leaf), None, 0))
                continue
            value = self.writer.value_of(grad._data)
            if value is None or grad._node is not None or value in self.tracer.outside:
                raise Stop("a gradient is set in a way that cannot be written down")
            self.values.append(value)
            found.append((self._numbered(leaf), len(self.values) - 1, grad._counter[0]))
        return found

    def _backward_passes(self, tracked: list[tuple[Any, Any]]) -> list[Backward]:
        """A backward pass for each way in which gradients can arrive at the results of a group:
        what does not arrive is not zero, of which a rule could make NaN."""
        found = []
        leaves = [leaf for leaf, _ in tracked]
        sources = {history(t): self.position[id(t)] for t in self.outside if history(t) is not None}
        if len(sources) < sum(history(t) is not None for t in self.outside):
            raise Stop("two tensors from outside have one history")
        for group in grouped(list(map(history, leaves)), set(sources)):
            if len(group) > MOST_RESULTS:
                raise Stop(f"more than {MOST_RESULTS} results have a graph in common")
            others = {history(t): -1 - k for k, t in enumerate(leaves) if k not in group}
            members, numbers = [leaves[k] for k in group], range(len(group))
            ways = [way for n in numbers for way in combinations(numbers, n + 1)]
            found += [self._backward(group, members, way, sources | others) for way in ways]
        return found

    def _backward(
        self, group: tuple[int, ...], members: list[Any], arrived: tuple[int, ...],
        numbers: dict[Any, int],
    ) -> Backward:  # fmt: skip
        """Writes down a backward pass to the nodes with these numbers from the results; what it
        gives is thrown away."""
        start = len(self.writer.instructions)
        leaves = [members[k] for k in arrived]
        targets: dict[Any, Any] = dict.fromkeys(numbers)
        gs = [np.ones(leaf._data.shape, leaf._data.dtype) for leaf in leaves]
        if any(g.dtype.kind != "f" for g in gs):
            raise Stop("a complex result")
        own = [self.writer.know(g, Value.of(g, hint="d_out")) for g in gs]
        # hooks run in real passes alone; beyond a tensor from outside it is not for this program
        before = {node: (node.extra, node.parents) for node in targets}
        for node in targets:
            node.extra, node.parents = None, ()
        try:
            graphs = [self._graph(leaf, targets) for leaf in members]
            self.tracer.ends = {node: [] for node in targets}
            with self.tracer:
                engine.backward(leaves, [wrap(g) for g in gs], True, False, targets)
        finally:
            for node, (extra, parents) in before.items():
                node.extra, node.parents = extra, parents
        if self.tracer.reason is not None:
            raise Stop(self.tracer.reason)
        instructions = self.writer.instructions[start:]
        results: list[Value] = []
        wanting: list[int] = []
        for node, number in numbers.items():
            g = targets[node]
            if g is None:
                continue
            for part in self.tracer.ends[node] or [g]:
                value = self.writer.value_of(part)
                if value is None:
                    raise Stop("a gradient is not known")
                results.append(value)
                wanting.append(number)
        made = {value for each in instructions for value in each.results}
        made.update(own)
        arguments: list[Value] = []
        saved: list[int] = []
        needed = dict.fromkeys(value for each in instructions for value in each.inputs())
        for value in needed | dict.fromkeys(results):
            if value in made or value.constant is not None:
                continue
            arguments.append(value)
            outside = self.tracer.outside.get(value)
            if outside is not None:
                saved.append(-1 - self.position[id(outside)])
                continue
            if value not in self.values:
                self.values.append(value)
            saved.append(self.values.index(value))
        program = Program(
            "recorded", "what ran, as it ran", [*arguments, *own], instructions, results,
            "backward",
        )  # fmt: skip
        passed = frozenset().union(*(graphs[k] for k in arrived))
        frees = frozenset(k for k, graph in enumerate(graphs) if not graph.isdisjoint(passed))
        watched = self._watched(arguments) if frees else []
        return Backward(group, arrived, program, saved, wanting, frees, watched)

    def _graph(self, leaf: Any, targets: Any) -> set[Any]:
        """The nodes between a result and the ``targets`` that save values."""
        found = engine._reachable([history(leaf)]) - targets.keys()
        for node in found:
            if type(node) is not AccumulateGrad:
                self.tracer.check_node(node)
        return {node for node in found if node.versions}

    def _watched(self, saved: list[Value]) -> list[int]:
        """The tensors whose memory the values that are ``saved`` have, or share."""
        arrays = self.writer.arrays
        tensors = [(number, self.values[number]) for number in range(self.returned)]
        outside = self.tracer.outside.items()
        tensors += [(-1 - self.position[id(tensor)], value) for value, tensor in outside]
        sharing = Sharing(arrays, saved)
        return [where for where, value in tensors if sharing.of(arrays[value])]


def check_containers(made: Any, known: set[int]) -> None:
    """Raises where a list or a dict in ``made`` is there twice, or is one of those that are
    ``known``, by identity: programs give new ones."""
    stack, seen = [made], set(known)
    while stack:
        each = stack.pop()
        if isinstance(each, list | dict | deque):
            if id(each) in seen:
                raise Stop(f"a {type(each).__name__} is returned that is elsewhere, too")
            seen.add(id(each))
        if isinstance(each, list | tuple | dict | deque):
            stack += each.values() if isinstance(each, dict) else each


def grouped(results: list[Any], outside: set[Any]) -> list[tuple[int, ...]]:
    """The nodes of results, by number, in groups that have nodes in common, each group after those
    that it is computed from. Hooks on a result see its whole gradient, as what is computed from it
    is another group, or there is none.

    Groups whose nodes were made by turns, and that lead to the same ends, are one: the gradients
    that come to an end are added in the order of their nodes.
    """
    places = {node: k for k, node in enumerate(results)}
    groups = []
    for node in results:
        inner, ends = set(), set()
        stack = [node]
        while stack:
            each = stack.pop()
            inner.add(each)
            for parent in each.parents:
                if parent in outside or parent in places:
                    ends.add(parent)
                elif parent is not None and parent not in inner:
                    stack.append(parent)
        groups.append(({places[node]}, inner, ends))
    joined: list[Any] = []
    while groups:
        members, inner, ends = groups.pop()
        other = next((g for g in [*groups, *joined] if _together(inner, ends, g[1], g[2])), None)
        if other is None:
            joined.append((members, inner, ends))
            continue
        groups = [g for g in [*groups, *joined] if g is not other]
        joined = []
        groups.append((members | other[0], inner | other[1], ends | other[2]))
    joined.sort(key=lambda group: -min(node.sequence_nr for node in group[1]))  # as they were made
    ordered: list[Any] = []
    done: set[int] = set()
    while joined:
        group = next((g for g in joined if {places[e] for e in g[2] if e in places} <= done), None)
        if group is None:
            raise Stop("a result is computed from another in more than one way")
        before = joined[: joined.index(group)]
        if any(not group[2].isdisjoint(ends) for _, _, ends in before):
            raise Stop("gradients would be added in another order")
        joined.remove(group)
        done |= group[0]
        ordered.append(tuple(sorted(group[0])))
    return ordered


def _together(inner: set[Any], ends: set[Any], others: set[Any], others_ends: set[Any]) -> bool:
    if not inner.isdisjoint(others):
        return True
    (first, last), (first_other, last_other) = (
        (min(numbers), max(numbers))
        for numbers in ([node.sequence_nr for node in each] for each in (inner, others))
    )
    return not ends.isdisjoint(others_ends) and first <= last_other and first_other <= last
