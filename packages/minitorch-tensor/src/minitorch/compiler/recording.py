"""What one recorded call gives: its program, that of a backward pass, and what else it did."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container
from itertools import combinations
from types import CodeType
from typing import Any, NamedTuple
from weakref import ref

import numpy as np

from .._tensor import Tensor
from ..autograd import engine
from ..autograd.grad_mode import ERRSTATE, IGNORE_ALL, current
from ..autograd.history import history, root
from ..autograd.node import AccumulateGrad
from ..autograd.variable import Variable, wrap
from ..random.generator import Generator, default_generator
from ..utils import _pytree as pytree
from .asking import told_of_values
from .guards import World
from .instructions import Instruction, Value
from .memory import OUTSIDE, Memory, may_raise
from .naming import names_of
from .program import Program
from .sharing import Sharing
from .step_tracer import StepTracer
from .stepping import StepOf
from .tracer import Again, Stop, nodes_of
from .writer import EXPECTING, Differs, expect, expect_none

__all__ = ["Backward", "Recording", "Result", "quietly", "record", "verified"]

MOST_RESULTS = 3  # with a graph: each way in which gradients can arrive is a program
CONSTANT = (type(None), bool, int, float, complex, str, bytes)


class Result(NamedTuple):
    """A leaf of what the function returns: the ``outside`` tensor, a new one of the array
    ``number`` of the program's results, or a ``constant``."""

    outside: int | None = None
    number: int | None = None
    constant: Any = None
    tracked: bool = False
    version: int = 0
    item: bool = False  # as a number of Python's
    of: int | None = None  # another leaf, whose memory it shows
    counter: bool = False  # whether it has the version of that one


class Backward(NamedTuple):
    """A part of the backward pass of a recorded call: that of some results with a graph, which are
    told by their order, as far as the tensors from outside and other results.

    ``group``    these results: their graphs have nodes in common
    ``arrived``  at which of the ``group`` gradients arrive, by their order in it
    ``saved``    where the program's first arguments are: numbers of the forward results, or -1 - k
                 for the array of the tensor k from outside; the gradients that arrived follow
    ``targets``  the tensors from outside whose gradients are the program's results, -1 - k for the
                 result k with a graph; one to which several gradients come is there as often: the
                 engine adds them, after those that come from elsewhere
    ``frees``    results, by their order in the ``group``, whose graph is used up by a pass that
                 does not retain it
    ``watched``  the tensors that must not be written to before it, as their memory is saved:
                 results or tensors from outside, told as in ``saved``
    """

    group: tuple[int, ...]
    arrived: tuple[int, ...]
    program: Program
    saved: list[int]
    targets: list[int]
    frees: frozenset[int]
    watched: list[int]


class Recording(NamedTuple):
    """What one recorded call gives. Tensors from outside are numbers, indices into ``outside``.

    ``forward``    the program; its results are those of ``results``, then new gradients, then what
                   the backward pass needs
    ``outside``    the tensors whose arrays are its arguments
    ``places``     of each the number in ``world.read()``, or -1 - k for the ``.grad`` of number k
    ``beside``     numbers in ``world.read()`` of those that no operation takes: their shapes may be
                   read all the same
    ``given``      by number in ``world.read()``: what ``.grad`` was before
    ``grads``      leaves whose ``.grad`` becomes new: (number in ``world.read()``, result or None,
                   its version)
    ``required``   leaves, numbers in ``world.read()``, whose ``.grad`` has to be None before
    ``dropped``    others whose ``.grad`` goes before anything can fail, and nobody looks at it
    ``writes``     (number, how often) of the tensors that are written to
    ``freed``      whether the results have a graph that is used up
    """

    world: World
    forward: Program
    outside: list[Any]
    places: list[int]
    beside: list[int]
    given: dict[int, Any]
    results: list[Result]
    tree: Any
    grads: list[tuple[int, int | None, int]]
    required: list[int]
    dropped: list[int]
    writes: list[tuple[int, int]]
    backward: list[Backward]
    freed: bool
    arrays: list[Any]  # of the outside tensors, as they were
    own: list[Any]  # memory of optimizers, the program's arguments after those
    numbers: list[tuple[Any, str]]  # of steps, by name, the arguments after those
    steps: list[Any]  # of optimizers, which are told that they were taken
    ready: list[Callable[[], bool]]  # whether their steps will be such ones
    tracer: StepTracer  # with the arrays of the call
    generators: list[tuple[Any, Any]]  # with their states before the call
    lasting: bool  # whether a run that fails may have changed something
    asked: bool  # whether it expects values

    def undone(self, program: Program) -> tuple[type[Exception], list[int], list[Any]]:
        """Which errors end a run of ``program``, after which the function itself runs; and what has
        changed before the last of them is possible: the arguments, by number, and the generators,
        which get back what they had.

        After draws, and of steps that are taken as a whole, errors are let through, but for values
        that are not those expected.
        """
        instructions = program.instructions
        plain = not any(isinstance(each.function, StepOf) or drawing(each) for each in instructions)
        ending = [
            k
            for k, each in enumerate(instructions)
            if each.function in EXPECTING
            or getattr(each.function, "expects", False)
            or (plain and may_raise(each))
        ]
        before = instructions[: ending[-1]] if ending else []
        roots, arrays = Memory(program), self.tracer.writer.arrays
        written = {v for each in before for v in each.writes if OUTSIDE in roots.of(v)}
        anything = not written <= arrays.keys()
        sharing = Sharing(arrays, written & arrays.keys())
        numbers = [
            k
            for k, value in enumerate(program.arguments)
            if value in arrays and (anything or sharing.of(arrays[value]))
        ]
        drawn = [generator for each in before for generator in drawing(each)]
        error = Exception if plain or not self.lasting else Differs
        return error, numbers, list(dict.fromkeys(drawn))


def _expects(instruction: Instruction) -> bool:
    """Whether it ends a run where values differ."""
    return instruction.function is expect or getattr(instruction.function, "expects", False)


def drawing(instruction: Instruction) -> list[Generator]:
    """The generators that it draws from."""
    return [each for each in instruction.args if type(each) is Generator]


def quietly(program: Callable[..., Any], arguments: list[Any]) -> Any:
    """Runs a program as operations run: without NumPy's warnings, rules taking arrays."""
    state = current.state
    settings = ERRSTATE.set(IGNORE_ALL)
    state.arrays += 1
    try:
        return program(*arguments)
    finally:
        state.arrays -= 1
        ERRSTATE.reset(settings)


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
        if "grad" in self.world.names or any(map(_expects, instructions)):
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


def verified(
    recording: Recording, recorded: Program, programs: list[Program], exactly: bool
) -> tuple[list[Program], Callable[..., Any] | None]:
    """``programs``, which passes made of ``recorded``, as far as the last one that gives what the
    call gave, or what differs from it by rounding; and the function of that one."""
    while programs:
        try:
            function = _right(recording, recorded, programs[-1], exactly)
            if function is not None:
                return programs, function
        except Exception:  # whatever it is, in a run that nobody asked for
            pass
        programs = programs[:-1]
    return [], None


def _right(
    recording: Recording, recorded: Program, program: Program, exactly: bool
) -> Callable[..., Any] | None:
    """Runs the function of ``program`` on what the call began with; None where that is not right.

    What is after an optimizer's step that is called as a whole is not looked at: it would be taken.
    """
    arrays, snapshots = recording.tracer.writer.arrays, recording.tracer.snapshots
    steps = [k for k, i in enumerate(program.instructions) if isinstance(i.function, StepOf)]
    end = steps[0] if steps else len(program.instructions)
    made = {v for each in program.instructions[:end] for v in each.results}
    after = {v for each in program.instructions[end:] for v in each.writes}
    kept = [
        (value, origin)
        for value, origin in zip(program.results, recorded.results, strict=True)
        if not steps or (value in made and value not in after)
    ]
    function = program.function()
    part = function
    if steps:
        part = program.having(
            "verified", "", program.instructions[:end], results=[value for value, _ in kept]
        ).function()
    numbers = {value: number for value, (_, _, number) in recording.tracer.numbers.items()}
    everything = arrays | numbers
    given = [
        snapshots[value].copy(order="K") if value in snapshots else everything[value]
        for value in program.arguments
    ]
    now = [(each, each.get_state()) for each, _ in recording.generators]
    for generator, state in recording.generators:
        generator.set_state(state)
    try:
        found = quietly(part, given)
        drawn = [(each, each.get_state()) for each, _ in recording.generators]
    finally:
        for generator, state in now:
            generator.set_state(state)
    if recorded is recording.forward and not _same_states(drawn, now):
        return None  # numbers were drawn that the recorder was not told of
    pairs = [(a, arrays[v]) for a, (_, v) in zip(found, kept, strict=True)]
    if not steps:
        pairs += [(a, arrays[v]) for a, v in zip(given, program.arguments) if v in snapshots]
    size = 0.0 if exactly else max(map(_size, (b for _, b in pairs)), default=0)
    noise = {} if exactly or recorded is not recording.forward else _noise(recording)
    right = all(
        a.dtype == b.dtype
        and a.strides == b.strides
        and (a.tobytes() == b.tobytes() or (not exactly and _close(a, b, size, noise.get(id(b)))))
        for a, b in pairs
    )
    return function if right else None


def _same_states(a: list[tuple[Any, Any]], b: list[tuple[Any, Any]]) -> bool:
    return all(
        state._data.tobytes() == other._data.tobytes()
        for (_, state), (_, other) in zip(a, b, strict=True)
    )


def _size(array: Any) -> float:
    """The largest of its numbers that is not infinite."""
    if array.dtype.kind not in "fc":
        return 0
    return float(np.abs(array[np.isfinite(array)]).max(initial=0))


def _close(a: Any, b: Any, size: float, noise: Any = None) -> bool:
    """Equal but for rounding, beside numbers as large as ``size``: gradients of 0 are noise. So is
    what a step makes of that: Adam divides gradients by their size."""
    if a.dtype.kind not in "fc" or a.shape != b.shape:
        return False
    rounding = np.finfo(a.dtype).eps ** 0.5
    close = np.isclose(a, b, rounding, rounding * size, equal_nan=True)
    if noise is not None and noise.shape == a.shape:
        close |= noise & np.isfinite(a) & np.isfinite(b)
    return bool(close.all())


def _noise(recording: Recording) -> dict[int, Any]:
    """By the identity of a parameter's array: where its new gradient is only rounding errors beside
    the largest gradient."""
    arrays = recording.tracer.writer.arrays
    grads = {
        id(recording.world.tensors[leaf]._data): arrays[recording.forward.results[number]]
        for leaf, number, _ in recording.grads
        if number is not None
    }
    size = max(map(_size, grads.values()), default=0)
    return {
        key: np.abs(g) <= np.finfo(g.dtype).eps ** 0.5 * size
        for key, g in grads.items()
        if g.dtype.kind == "f"
    }
