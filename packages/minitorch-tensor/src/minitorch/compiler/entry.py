"""The way into a recording's program and out of it, as one flat Python function.

It asks whether the world is as it was and whether the tensors are such tensors, runs the program
with their arrays, and does what else the call did: gradients, versions, nodes.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.dispatch import NEVER
from ..autograd.grad_mode import ERRSTATE, IGNORE_ALL, current
from ..autograd.history import history
from ..autograd.node import USED_UP, AccumulateGrad, Node, Output, Partial, sequence_numbers
from ..autograd.variable import Inference, wrap
from ..utils import _pytree as pytree
from .program import Program
from .recording import Backward, Recording, quietly

__all__ = ["BUSY", "MISS", "CompiledBackward", "entry"]

MISS = object()  # the call is another than the recorded one
BUSY = object()  # another thread runs the program, or the program's own function calls it


class Passes:
    """The backward passes of a recording: a program for each way in which gradients can arrive.

    ``sources``  where what they save is, all together: see ``Backward.saved``
    ``targets``  the tensors from outside that one of them has gradients for: number, which gradient
    ``watched``  the tensors that must not be written to before, told as in ``sources``
    ``frees``    by the results at which gradients arrive: those at which they can do so once
    """

    def __init__(self, found: list[tuple[Backward, Callable[..., Any]]]) -> None:
        passes = [each for each, _ in found]
        self.sources = list(dict.fromkeys(w for each in passes for w in each.saved))
        self.targets = list(dict.fromkeys(each for p in passes for each in counted(p.targets)))
        self.watched = list(dict.fromkeys(w for each in passes for w in each.watched))
        self.programs = {
            each.arrived: (
                program,
                [self.sources.index(where) for where in each.saved],
                [places.get(target) for target in self.targets],
            )
            for each, program in found
            for places in [{target: k for k, target in enumerate(counted(each.targets))}]
        }
        self.checked = {
            each.arrived: [self.watched.index(where) for where in each.watched] for each in passes
        }
        self.frees = {each.arrived: each.frees for each in passes}
        self.results = len(max(self.frees, key=len, default=()))
        self.lock = threading.Lock()  # a program has memory that one run at a time may use

    def run(self, saved: list[Any], gs: dict[int, Any]) -> list[Any]:
        """The gradient for each target; ``gs`` are those that arrived, by the result's number."""
        arrived = tuple(sorted(gs))
        program, picks, places = self.programs[arrived]
        with self.lock:
            made = quietly(program, [*(saved[k] for k in picks), *(gs[k] for k in arrived)])
        return [None if place is None else made[place] for place in places]


def counted(numbers: list[int]) -> list[tuple[int, int]]:
    """Each number, and how often it was there before."""
    return [(number, numbers[:k].count(number)) for k, number in enumerate(numbers)]


class CompiledBackward(Node):
    """A call of a compiled function in the graph: its backward pass is a program.

    ``arrived``  the results at which gradients arrived last
    ``freed``    those at which none may arrive again
    """

    __slots__ = ("_saved", "arrived", "freed", "passes")
    passes: Passes
    arrived: tuple[int, ...]
    freed: frozenset[int]

    @property
    def saved(self) -> Any:
        """What the programs save, as long as one of them can still run."""
        return self._saved

    @saved.setter
    def saved(self, values: Any) -> None:
        if values is None:  # a pass ends that does not retain the graph
            self.freed |= self.passes.frees[self.arrived]
        if values is not None or len(self.freed) == self.passes.results:
            self._saved = values

    def name(self) -> str:
        """PyTorch's name for it."""
        return "CompiledFunctionBackward"

    def vjp(self, g: Any, create_graph: bool, wanted: Any) -> Any:
        arrived = self.arrived = tuple(sorted(g)) if type(g) is Partial else (0,)
        if not self.freed.isdisjoint(arrived):
            raise RuntimeError(USED_UP)
        self.check([self.versions[k] for k in self.passes.checked[arrived]])
        if create_graph:
            raise RuntimeError(
                "torch.compile with aot_autograd does not currently support double backward. For "
                "create_graph=True call the function itself"
            )
        return self.passes.run(self.saved, g if type(g) is Partial else {0: g})


def look(tensor: Any) -> Any:
    """What programs depend on besides values: of what is no array, which it is."""
    data = tensor._data
    array = isinstance(data, np.ndarray | np.generic)
    return (type(data), data.shape, data.dtype, data.strides) if array else data


def fits(tensor: Any, meta: Any) -> bool:
    """Whether a tensor looks like that."""
    data = tensor._data
    if type(meta) is not tuple:
        return data is meta
    kind, shape, dtype, strides = meta
    return (
        type(data) is kind
        and data.shape == shape
        and data.dtype == dtype
        and data.strides == strides
        and type(tensor._counter) is not Inference
    )


def clash(new: list[int], tensors: tuple[Any, ...], written: set[int]) -> bool:
    """Whether a write to one of the tensors, of which those that are ``written`` get some, may be
    one to another; of those that are not ``new`` it is known that it is not."""
    for k in new:
        a = tensors[k]
        for number in range(len(tensors)) if k in written else written:
            b = tensors[number]
            if b is not a and (a._counter is b._counter or np.may_share_memory(a._data, b._data)):
                return True
    return False


def used_up(shape: Any) -> Node:
    """The node of a result whose graph a backward pass within the function has used up."""
    node = CompiledBackward()
    node.parents, node.saved, node.versions, node.extra = (), (), (), None
    node.freed = frozenset([0])
    node.shape = shape
    node.sequence_nr = next(sequence_numbers)
    return node


def recorded(
    passes: Passes, parents: list[Any], saved: list[Any], counters: list[Any], shapes: list[Any],
    results: list[Any],
) -> None:  # fmt: skip
    """Makes the node of a call, whose ``results`` are tensors with these shapes and dtypes."""
    node = CompiledBackward()
    node.parents = tuple(map(history, parents))
    node.saved, node.versions = saved, tuple((counter, counter[0]) for counter in counters)
    if any(passes.frees.values()):  # there is something to let go
        node.versions += ((NEVER, 0),)
    node.sequence_nr = next(sequence_numbers)
    node.extra, node.passes, node.freed = None, passes, frozenset()
    if len(results) == 1:
        node.shape = shapes[0][0]
        results[0]._node = node
    else:
        node.shape = tuple(shapes)
        for k, tensor in enumerate(results):
            tensor._node = Output(node, k, shapes[k][0])


def entry(
    recording: Recording, forward: Program, run: Callable[..., Any],
    backward: list[Callable[..., Any]],
) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:  # fmt: skip
    """The function of ``(args, kwargs)``: the result, or MISS. The program ``forward`` is run as
    ``run``, those of the backward passes as functions, too."""
    names: dict[str, Any] = {
        "__name__": __name__, "MISS": MISS, "BUSY": BUSY,
        "read": recording.world.read, "program": run,
        "fits": fits, "clash": clash, "wrap": wrap,
        "history": history, "AccumulateGrad": AccumulateGrad,
        "recorded": recorded, "used_up": used_up, "free": threading.Lock(),
        "current": current, "ERRSTATE": ERRSTATE, "IGNORE": IGNORE_ALL,
    }  # fmt: skip
    lines = ["found = read(args, kwargs)", "if type(found) is not tuple: return MISS"]
    for leaf in recording.required:
        lines.append(f"if found[{leaf}]._grad is not None: return MISS")
    for place, grad in recording.given.items():
        lines += _given(place, grad, names)
    for k, place in enumerate(recording.places):
        if place < 0:
            lines += [f"t{k} = found[{-1 - place}]._grad", f"if t{k} is None: return MISS"]
        else:
            lines.append(f"t{k} = found[{place}]")
    written = names["written"] = {k for k, _ in recording.writes}
    if written:
        lines.append("new = []")
    for k, tensor in enumerate(recording.outside):
        met = [f"new.append({k})"] if written else []
        lines += _checks(f"t{k}", tensor, recording, names, met)
    for place in recording.beside:
        tensor = recording.world.tensors[place]
        lines += [
            f"b{place} = found[{place}]",
            *_checks(f"b{place}", tensor, recording, names, []),
        ]
    if written:
        everything = ", ".join(f"t{k}" for k in range(len(recording.outside)))
        lines.append(f"if new and clash(new, ({everything},), written): return MISS")
    given = [f"t{k}._data" for k in range(len(recording.arrays))]
    for k, array in enumerate(recording.own):
        names[f"own{k}"] = array
        given.append(f"own{k}")
    steps = recording.steps
    names |= {f"step{k}": step for k, step in enumerate(steps)}
    given += [f"step{steps.index(step)}.options[{name!r}]" for step, name in recording.numbers]
    for k, ready in enumerate(recording.ready):
        names[f"ready{k}"] = ready
        lines.append(f"if not ready{k}(): return MISS")
    arguments = ", ".join(given)
    kept, ended = _ending(recording, forward, given, names)
    lines += [
        "if not free.acquire(False): return BUSY",
        "quiet, state = ERRSTATE.set(IGNORE), current.state",
        "state.arrays += 1",
        "try:",
        *kept,
        *(f"    found[{leaf}]._grad = None" for leaf in recording.dropped),
        f"    made = program({arguments})",
        *ended,
        "finally:",
        "    state.arrays -= 1",
        "    ERRSTATE.reset(quiet)",
        "    free.release()",
    ]
    lines += [f"step{k}.taken()" for k in range(len(steps))]
    for leaf, number, version in recording.grads:
        value = "None" if number is None else f"wrap(made[{number}])"
        lines.append(f"found[{leaf}]._grad = {value}")
        if version:
            lines.append(f"found[{leaf}]._grad._counter[0] = {version}")
    lines += [f"t{k}._counter[0] += {count}" for k, count in recording.writes]
    lines += _results(recording, backward, names)
    text = "def call(args, kwargs):\n" + "".join(f"    {line}\n" for line in lines)
    exec(compile(text, "<the way into a compiled function>", "exec"), names)
    call: Callable[[tuple[Any, ...], dict[str, Any]], Any] = names["call"]
    return call


def _ending(
    recording: Recording, forward: Program, given: list[str], names: dict[str, Any]
) -> tuple[list[str], list[str]]:
    """Keeps what ``forward`` changes before an error may end it, and gives it back then."""
    error, arguments, generators = recording.undone(forward)
    names |= {"copyto": np.copyto, "Error": error}
    kept = [f"k{n} = {given[n]}.copy(order='K')" for n in arguments]
    back = [f"copyto({given[n]}, k{n})" for n in arguments]
    for n, generator in enumerate(generators):
        names[f"g{n}"] = generator
        kept.append(f"s{n} = g{n}.mark()")
        back.append(f"g{n}.back_to(s{n})")
    lines = [f"    {line}" for line in (*back, "return MISS")]  # the function raises its own error
    return [f"    {line}" for line in kept], ["except Error:", *lines]


def _given(number: int, grad: Any, names: dict[str, Any]) -> list[str]:
    """Of the ``.grad`` of a tensor: whether there is one, and what it looks like."""
    if grad is None:
        return [f"if found[{number}]._grad is not None: return MISS"]
    names[f"grad{number}_look"] = look(grad)
    return [
        f"given = found[{number}]._grad",
        f"if given is None or not fits(given, grad{number}_look): return MISS",
    ]


def _checks(
    name: str, tensor: Any, recording: Recording, names: dict[str, Any], met: list[str]
) -> list[str]:
    """Of a tensor from outside: its array, and whether it wants a gradient as it did; ``met`` is
    done where its array is another one."""
    data = tensor._data
    names[f"{name}_look"] = look(tensor)
    lines = [f"if not fits({name}, {name}_look): return MISS", *met]
    if isinstance(data, np.ndarray):
        names[f"{name}_data"] = weakref.ref(data)
        lines = [f"if {name}._data is not {name}_data():", *(f" {line}" for line in lines)]
    node = tensor._node
    if tensor._base is not None:
        tracked = history(tensor) is not None
        lines.append(f"if (history({name}) is not None) is not {tracked}: return MISS")
    elif node is None:
        lines.append(f"if {name}._node is not None or {name}._base is not None: return MISS")
    else:
        lines += [f"node = {name}._node", "if node is None: return MISS"]
        if isinstance(node, AccumulateGrad) and not recording.backward:
            lines.append("if node.extra is not None: return MISS")  # a hook
    return lines


def _results(
    recording: Recording, backward: list[Callable[..., Any]], names: dict[str, Any]
) -> list[str]:
    lines: list[str] = []
    texts: list[str] = []
    tracked: list[str] = []
    for k, result in enumerate(recording.results):
        if result.outside is not None:
            texts.append(f"found[{result.outside}]")
        elif result.number is None:
            names[f"c{k}"] = result.constant
            texts.append(f"c{k}")
        else:
            # a tensor that is returned twice has one
            same = next(j for j, each in enumerate(recording.results) if each is result)
            if same == k:
                kind = f"made[{result.number}].item()" if result.item else None
                lines.append(f"r{k} = {kind or f'wrap(made[{result.number}])'}")
                if result.counter:
                    lines.append(f"r{k}._counter = r{result.of}._counter")
                elif result.version:
                    lines.append(f"r{k}._counter[0] = {result.version}")
                if result.tracked:
                    tracked.append(f"r{k}")
            texts.append(f"r{same}")
    if recording.freed:
        lines += [f"{name}._node = used_up({name}._data.shape)" for name in tracked]
    else:
        lines += _nodes(recording, backward, tracked, names)
    if recording.tree.num_leaves == 1 and len(texts) == 1 and recording.tree.is_leaf():
        return [*lines, f"return {texts[0]}"]
    names["unflatten"], names["tree"] = pytree.tree_unflatten, recording.tree
    return [*lines, f"return unflatten([{', '.join(texts)}], tree)"]


def _nodes(
    recording: Recording, backward: list[Callable[..., Any]], tracked: list[str],
    names: dict[str, Any],
) -> list[str]:  # fmt: skip
    """The node of each group of results; ``tracked`` are those with a graph."""
    tensor = {r.number: f"r{k}" for k, r in reversed(list(enumerate(recording.results)))}
    numbers = list(dict.fromkeys(r.number for r in recording.results if r.tracked))
    pairs = list(zip(recording.backward, backward, strict=True))
    lines = []
    for k, group in enumerate(dict.fromkeys(each.group for each in recording.backward)):
        passes = names[f"passes{k}"] = Passes([pair for pair in pairs if pair[0].group == group])
        parents = ", ".join(f"t{n}" if n >= 0 else tracked[-1 - n] for n, _ in passes.targets)
        saved = ", ".join(f"made[{w}]" if w >= 0 else f"t{-1 - w}._data" for w in passes.sources)
        counters = ", ".join(
            f"{tensor[w] if w >= 0 else f't{-1 - w}'}._counter" for w in passes.watched
        )
        values = [recording.forward.results[numbers[each] or 0] for each in group]
        names[f"shapes{k}"] = [(value.shape, value.dtype) for value in values]
        results = ", ".join(tracked[each] for each in group)
        lines.append(
            f"recorded(passes{k}, [{parents}], [{saved}], [{counters}], shapes{k}, [{results}])"
        )
    return lines
