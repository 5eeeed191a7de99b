"""What ``explain`` writes down while a program runs: its steps, in the order of time."""

from __future__ import annotations

import sys
import weakref
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from time import perf_counter
from traceback import walk_tb
from typing import Any

import numpy as np

from ..autograd.dispatch import apply
from ..autograd.grad_mode import current
from ..autograd.node import AccumulateGrad, Node, Output, Partial
from ..autograd.recorder import Place, Recorder, place, user_frame
from ..autograd.variable import Variable
from .values import LEAST, ROOM, SAMPLE, WHOLE, Value, figures, sample, version_of

__all__ = ["Call", "Passed", "Recording", "Step"]


@dataclass(slots=True, eq=False)
class Call:
    """A call of a module, or of what is folded like one: a Function, an optimizer's step."""

    name: str
    kind: str
    parent: Call | None
    module: Any = None


@dataclass(slots=True, eq=False)
class Passed:
    """A gradient that a step passes on: as its rule gave it, and summed to the input's shape."""

    argument: int
    value: Value
    reduced: Value
    node: Any = None  # that gets it, while the engine hands it over


@dataclass(slots=True, eq=False)
class Step:
    """One thing that happened.

    ``kind``      given: a tensor from outside the recording is used first
                  operation; view: one whose result shares memory with its input
                  draw: random numbers; write: in place
                  backward: a pass begins
                  gradient: the pass goes through ``of``, the step that it undoes
                  sum: a gradient came by two ways; accumulate: it arrives in ``.grad``
                  captured: it was asked for, as by ``autograd.grad``
                  optimizer: a step of one
                  error: the operation that failed
    ``inputs``    Values, numbers and None; of a gradient step the incoming gradients
    ``inside``    the gradient step whose rule ran this operation, under ``create_graph``
    """

    kind: str
    name: str
    place: Place | None = None
    call: Call | None = None
    inputs: Sequence[Any] = ()
    outputs: Sequence[Value] = ()
    params: tuple[Any, ...] = ()
    seconds: float = 0.0
    primitive: Any = None
    function: Any = None  # the autograd.Function
    of: Step | None = None
    passed: Sequence[Passed] = ()
    backward: int = 0  # the number of the pass
    inside: Step | None = None
    saved: Sequence[tuple[str, Value]] = ()  # what its node had saved
    message: str = ""
    order: float = 0.0  # of operations from before the recording: their place among those
    numbers: tuple[int, ...] = ()  # which outputs the incoming gradients are of
    parameter: bool = False  # of a module: what is given


@dataclass(slots=True)
class Pass:
    """A backward pass that runs."""

    number: int
    step: Step
    pending: dict[Any, Value] = field(default_factory=dict)
    expected: deque[Any] = field(default_factory=deque)
    running: Step | None = None
    started: float = 0.0
    last: Step | None = None


class Recording(Recorder):
    """The recorder of ``explain``."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.before_block: list[Step] = []  # operations whose gradients alone were seen
        self.values: list[Value] = []
        self.passes: list[Pass] = []  # that run, the innermost last
        self.count = 0  # of passes
        self.call: Call | None = None
        self.calls: list[Call] = []
        self.names: dict[int, tuple[Any, str]] = {}  # of the parameters of the modules called
        self.error: BaseException | None = None
        self.failure: tuple[BaseException, Step] | None = None
        self.seconds = 0.0
        self._known: dict[int, tuple[Any, Value]] = {}  # by id of the array
        self._leaves: dict[int, tuple[Any, Value]] = {}  # by id of the tensor
        self._steps: dict[int, tuple[Any, Step]] = {}  # by id of the node
        self._writers: dict[int, Step] = {}  # by id of the counter
        self._modules: dict[int, tuple[Any, str]] = {}
        self._grads: dict[int, Value] = {}  # by id of the leaf: .grad before the pass adds to it
        self._room = ROOM
        self._handles: list[Any] = []
        self._function: Any = None
        self._optimizers: list[tuple[Step, Call | None, float]] = []

    # --- values ------------------------------------------------------------------------------

    def _new(
        self, x: Any, source: Step | None, name: str = "", previous: Value | None = None
    ) -> Value:
        """The value of a tensor or an array that is not known yet."""
        data, version = x, None
        if isinstance(x, Variable):
            data, version = x._data, version_of(x)
        value = Value(
            len(self.values), None, data.shape, data.dtype, getattr(data, "nbytes", 0), None, None,
            None, version, source, previous, name,
        )  # fmt: skip
        self.values.append(value)
        if isinstance(data, np.ndarray):
            if data.size <= (WHOLE if self._room > 0 else LEAST):
                value.array = data.copy()
                self._room -= data.nbytes
            else:
                most = SAMPLE if self._room > 0 else LEAST
                value.array, value.rows, value.columns = sample(data, most)
                value.figures = figures(data)
                self._room -= value.array.nbytes
            self._known[id(data)] = (weakref.ref(data), value)
        elif isinstance(data, np.generic):
            value.array = np.asarray(data)
            self._known[id(data)] = (data, value)
        return value

    def _find(self, x: Any) -> Value | None:
        """The value of a tensor or an array, None where it is not known."""
        data = x._data if isinstance(x, Variable) else x
        found = self._known.get(id(data))
        if found is not None:
            held, value = found
            if held is not data and (type(held) is not weakref.ref or held() is not data):
                return None
            if isinstance(x, Variable):
                version = version_of(x)
                if value.version is None:
                    value.version = version
                elif value.version != version:  # written to meanwhile, by another name
                    return self._new(x, self._writers.get(id(x._counter)), previous=value)
            return value
        if isinstance(x, Variable):
            leaf = self._leaves.get(id(x))
            if leaf is not None and leaf[0]() is x and leaf[1].version == version_of(x):
                value = leaf[1]
                if value.rows is None and value.array is not None and value.shape == data.shape:
                    if np.array_equal(value.array, data, equal_nan=data.dtype.kind in "fc"):
                        hold = weakref.ref(data) if isinstance(data, np.ndarray) else data
                        self._known[id(data)] = (hold, value)  # in other memory
                        return value
        return None

    def _given(self, x: Any) -> Value:
        """The value of an input; where it is not known, it comes from outside."""
        value = self._find(x)
        if value is None:
            step = Step("given", "", place(), self.call)
            value = self._new(x, step, self._name(x))
            step.name, step.outputs = value.name, [value]
            step.parameter = id(x) in self.names
            self.steps.append(step)
            if isinstance(x, Variable):
                self._leaves[id(x)] = (weakref.ref(x), value)
                node = x._node
                if isinstance(node, AccumulateGrad):
                    self._steps[id(node)] = (weakref.ref(node), step)
        return value

    def _name(self, x: Any) -> str:
        """What the user calls ``x``: a parameter's path, a variable, an attribute of one."""
        found = self.names.get(id(x))
        if found is not None and found[0] is x:
            return found[1]
        frame, outside = user_frame(), 0
        while frame is not None and outside < 3:
            if frame.f_globals.get("__name__", "").partition(".")[0] != "minitorch":
                name = _name_in(x, frame.f_locals)
                if name or (not outside and (name := _name_in(x, frame.f_globals))):
                    return name
                outside += 1
            frame = frame.f_back
        return ""

    def _made(self, step: Step, made: Any) -> None:
        """Notes the results of a step that ran, and the node that undoes it."""
        step.outputs = outputs = []
        for each in made if isinstance(made, tuple | list) else (made,):
            if not isinstance(each, Variable):
                continue
            value = self._find(each)
            if value is None or value.source is not step:
                value = self._new(each, step)
            outputs.append(value)
            node = each._node
            if node is not None:
                if isinstance(node, Output):
                    node = node.parents[0]
                self._steps[id(node)] = (weakref.ref(node), step)

    # --- what the recorder is told -----------------------------------------------------------

    def process(self, primitive: Any, args: tuple[Any, ...]) -> Any:
        split = 1 if primitive.variadic else len(primitive.inputs)
        inputs = args[0] if primitive.variadic else args[:split]
        step = Step("view" if primitive.view else "operation", primitive.name, place(), self.call)
        step.primitive, step.params = primitive, args[split:]
        step.inputs = [self._given(x) if isinstance(x, Variable) else x for x in inputs]
        if self.passes:
            step.inside = self.passes[-1].running
        started = perf_counter()
        try:
            made = apply(primitive, *args)
        except Exception as error:
            step.kind, step.message = "error", str(error)
            self.failure = (error, step)
            raise
        step.seconds = perf_counter() - started
        self._assign(step)
        self.steps.append(step)
        if primitive.view and isinstance(made, Variable) and made._base is None:
            step.kind = "operation"  # it had to copy
        self._made(step, made)
        return made

    def _assign(self, step: Step) -> None:
        """Takes the variable's name from the step before where both ran for one assignment."""
        if self.steps and step.place is not None and step.place.variable:
            last = self.steps[-1]
            k = len(self.steps)
            while last.kind in ("given", "draw") and k > 1:
                k -= 1
                last = self.steps[k - 1]
            if last.place == step.place and not step.inside:
                frame = user_frame()
                now = frame.f_locals.get(step.place.variable) if frame else None
                known = self._find(now) if isinstance(now, Variable) else None
                if known is None or known.source is not last:
                    assert last.place is not None
                    last.place = last.place._replace(variable="")

    def process_function(self, function: Any, args: tuple[Any, ...]) -> Any:
        """An ``autograd.Function``: its operations are folded in a call of its name."""
        if self._function is function:  # here for the second time
            self._function = None
            return NotImplemented
        step = Step("operation", function.__name__, place(), self.call, function=function)
        step.inputs = [self._given(x) if isinstance(x, Variable) else x for x in args]
        self._function = function
        self.call = call = Call(function.__name__, "Function", self.call)
        self.calls.append(call)
        started = perf_counter()
        try:
            made = function._dispatch(*args)
        finally:
            self.call, self._function = call.parent, None
        step.seconds = perf_counter() - started
        self.steps.append(step)
        self._made(step, made)
        return made

    def wrote(self, target: Any, value: Any) -> None:
        known = self._find(value)
        step = Step("write", "write", place(), self.call)
        step.inputs = [known] if known is not None else []
        found = self._known.get(id(target._data))
        before = found[1] if found is not None else None
        if known is not None and known.source is not None and before is not None:
            self._same_input(known.source, before)
        made = self._new(target, step, previous=before)
        step.outputs = [made]
        step.params = (before,)
        self.steps.append(step)
        self._writers[id(target._counter)] = step
        leaf = self._leaves.get(id(target))
        if leaf is not None and leaf[0]() is target:
            self._leaves[id(target)] = (leaf[0], made)

    def _same_input(self, step: Step, value: Value) -> None:
        """The operation of a write takes a copy of the old values: they are the target's."""
        for k, x in enumerate(step.inputs):
            copied = x.source if isinstance(x, Value) and x is not value else None
            if copied is not None and copied in self.steps[-4:]:
                same = copied.kind == "given" and x.shape == value.shape and x.array is not None
                if same and np.array_equal(x.array, value.array):
                    step.inputs = [*step.inputs[:k], value, *step.inputs[k + 1 :]]
                    self.steps.remove(copied)
                    return

    def drew(
        self, array: Any, distribution: Any, generator: Any, arguments: tuple[Any, ...]
    ) -> None:
        step = Step("draw", distribution.__name__.strip("_"), place(), self.call)
        step.params = arguments
        step.outputs = [self._new(array, step)]
        self.steps.append(step)

    def began(self, roots: Sequence[tuple[Node, Any]]) -> None:
        self.count += 1
        step = Step("backward", "backward", place(), self.call, backward=self.count)
        if self.passes:
            step.inside = self.passes[-1].running
        running = Pass(self.count, step)
        seeds: list[Value] = []
        for node, g in roots:
            whole = self._gradients(g)
            if whole:
                running.pending[id(node)] = whole[0]
                seeds.append(whole[0])
                step.of = step.of or self.step_of(node)
        step.inputs = seeds
        self.steps.append(step)
        self.passes.append(running)

    def ended(self) -> None:
        if self.passes:
            self.passes.pop()
        self._grads.clear()

    def _gradients(self, g: Any) -> list[Value]:
        """The values of a gradient: of a node with several outputs more than one."""
        if g is None:
            return []
        if isinstance(g, Partial):
            return [value for each in g.values() for value in self._gradients(each)]
        found = self._find(g)
        return [self._new(g, None) if found is None else found]

    def step_of(self, node: Any) -> Step | None:
        """The step that ``node`` undoes."""
        found = self._steps.get(id(node))
        return found[1] if found is not None and found[0]() is node else None

    def received(self, node: Node, g: Any) -> None:
        running = self.passes[-1]
        if running.last is not None:
            for passed in running.last.passed:
                passed.node = None
        step = Step("gradient", node.name())
        step.backward = running.number
        step.inputs = self._gradients(g)
        step.numbers = tuple(g) if isinstance(g, Partial) else ()
        step.primitive = getattr(node, "primitive", None)
        running.running = step
        if isinstance(node, Output):
            return
        step.of = self.step_of(node)
        if step.of is None:
            step.of = self._undone(node)
        if step.primitive is not None:
            if step.of.order:  # its inputs were not seen
                step.saved = self._saved(node, step.primitive, step.of, ())
            elif step.primitive.residuals:
                step.saved = self._saved(node, step.primitive, step.of, step.primitive.residuals)
        for parent in node.parents:
            leaf = parent.variable if isinstance(parent, AccumulateGrad) else None
            if leaf is not None and leaf._grad is not None and id(leaf) not in self._grads:
                known = self._find(leaf._grad)
                self._grads[id(leaf)] = self._new(leaf._grad, None) if known is None else known
        running.started = perf_counter()

    def _saved(
        self, node: Any, primitive: Any, of: Step, names: Sequence[str]
    ) -> list[tuple[str, Value]]:
        """The values that ``node`` saved under these names; () for all."""
        found: dict[str, Value] = {}
        if node.saved is not None and not (node.extra and "unpack" in node.extra):
            for own, values in zip(primitive.saved_names, node.saved, strict=False):
                for name, x in zip(own, values or (), strict=False):
                    if (name in names or not names) and isinstance(x, np.ndarray | np.generic):
                        known = self._find(x)
                        found[name] = self._new(x, of, name) if known is None else known
        return list(found.items())

    def _undone(self, node: Any) -> Step:
        """The step of an operation that ran before the recording, or of a write to a view."""
        if node.name().endswith("CopySlices") and len(node.parents) > 1:
            value = self.step_of(node.parents[1])
            for step in reversed(self.steps):
                if step.kind == "write" and value is not None:
                    if any(isinstance(x, Value) and x.source is value for x in step.inputs):
                        self._steps[id(node)] = (weakref.ref(node), step)
                        return step
        primitive = getattr(node, "primitive", None)
        name = node.name() if primitive is None else primitive.name
        step = Step("operation", name, primitive=primitive, order=-float(node.sequence_nr))
        step.message = "ran before the recording"
        self.before_block.append(step)
        self._steps[id(node)] = (weakref.ref(node), step)
        return step

    def after(self, node: Node, grads: Any) -> None:
        running = self.passes[-1]
        step = running.running
        assert step is not None
        step.seconds = perf_counter() - running.started
        running.running = None
        running.expected.clear()
        all_passed: list[Passed] = []
        step.passed = all_passed
        for k, (parent, g) in enumerate(zip(node.parents, grads, strict=False)):
            if parent is None or g is None:
                continue
            values = self._gradients(g)
            for value in values:
                passed = Passed(k, value, value, parent)
                all_passed.append(passed)
                if id(parent) in running.pending:
                    running.expected.append((parent, passed))
                else:
                    running.pending[id(parent)] = value
        if not isinstance(node, Output):
            for passed in all_passed:
                if passed.value.source is None:
                    passed.value.source = step
            self.steps.append(step)
            running.last = step

    def reduced(self, g: Any, total: Any) -> None:
        running = self.passes[-1]
        whole, value = self._find(g), self._gradients(total)[0]
        if running.last is None:
            return
        if value.source is None:
            value.source = running.last
        for passed in running.last.passed:
            if passed.value is whole and passed.reduced is whole:
                node = passed.node
                if node is not None and node.shape == total.shape:
                    passed.reduced = value
                    if running.pending.get(id(node)) is whole:
                        running.pending[id(node)] = value
                    return

    def summed(self, a: Any, b: Any, total: Any) -> None:
        running = self.passes[-1]
        if isinstance(total, Partial):
            if isinstance(a, Partial) and isinstance(b, Partial) and not a.keys() & b.keys():
                return
        values = [*self._gradients(a), *self._gradients(b)]
        made = self._gradients(total)
        at = None
        while running.expected:
            parent, passed = running.expected.popleft()
            if passed.reduced in values or passed.value in values:
                at = parent
                break
        step = Step("sum", "sum", backward=running.number)
        step.inputs, step.outputs = values, made
        if at is not None:
            running.pending[id(at)] = made[0]
            step.of = self._row_of(at)
        for value in made:
            if value.source is None:
                value.source = step
        self.steps.append(step)

    def _row_of(self, node: Any) -> Step:
        """The step beside which what happens to the gradient of ``node`` stands."""
        if isinstance(node, Output):
            node = node.parents[0]
        if isinstance(node, AccumulateGrad):
            return self._leaf(node.variable)
        return self.step_of(node) or self._undone(node)

    def _leaf(self, leaf: Any) -> Step:
        step = self.step_of(leaf._node) if leaf is not None and leaf._node is not None else None
        if step is not None:
            return step
        found = self._find(leaf) if leaf is not None else None
        if found is not None and found.source is not None and found.source.kind == "given":
            return found.source
        step = Step("given", "" if leaf is None else self._name(leaf), order=0.5)
        step.message = "used before the recording"
        if leaf is not None:
            value = self._new(leaf, step, step.name) if found is None else found
            step.outputs = [value]
            if leaf._node is not None:
                self._steps[id(leaf._node)] = (weakref.ref(leaf._node), step)
        self.before_block.append(step)
        return step

    def accumulated(self, leaf: Any, g: Any) -> None:
        number = self.passes[-1].number
        step = Step("accumulate", "accumulate", backward=number, of=self._leaf(leaf))
        before = self._grads.pop(id(leaf), None)
        step.inputs = [*self._gradients(g), before]
        step.outputs = [self._new(leaf._grad, step)]
        self.steps.append(step)

    def captured(self, node: Node, g: Any) -> None:
        step = Step("captured", "captured", backward=self.passes[-1].number)
        step.of = self._row_of(node)
        step.inputs = self._gradients(g)
        self.steps.append(step)

    # --- modules and optimizers --------------------------------------------------------------

    def _enter_module(self, module: Any, args: Any) -> None:
        if self not in current.state.interpreters:  # in another thread, or within a transform
            return
        if id(module) not in self._modules:
            self._modules[id(module)] = (module, "")
            for name, each in module.named_modules():
                self._modules.setdefault(id(each), (each, name))
            for name, parameter in module.named_parameters():
                self.names.setdefault(id(parameter), (parameter, name))
        name = self._modules[id(module)][1]
        self.call = call = Call(name, type(module).__name__, self.call, module)
        self.calls.append(call)

    def _leave_module(self, module: Any, args: Any, output: Any) -> None:
        call = self.call
        while call is not None and call.module is not module:
            call = call.parent
        if call is not None and self in current.state.interpreters:
            self.call, call.module = call.parent, None

    def _before_optimizer(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if self not in current.state.interpreters:
            return
        step = Step("optimizer", type(optimizer).__name__, place(), self.call)
        step.inputs = taken = []
        for group in optimizer.param_groups:
            for p in group["params"]:
                if isinstance(p, Variable) and p._grad is not None:
                    taken.append((weakref.ref(p), self._given(p), self._given_grad(p)))
        first = optimizer.param_groups[0] if optimizer.param_groups else {}
        step.params = tuple((key, each) for key, each in first.items() if key != "params")
        outside, self.call = self.call, Call(f"{step.name}.step", "Optimizer", self.call)
        self.calls.append(self.call)
        self._optimizers.append((step, outside, perf_counter()))

    def _given_grad(self, p: Any) -> Value:
        value = self._find(p._grad)
        return self._new(p._grad, None, f"{self._name(p)}.grad") if value is None else value

    def _after_optimizer(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if not self._optimizers or self not in current.state.interpreters:
            return
        step, self.call, started = self._optimizers.pop()
        step.seconds = perf_counter() - started
        changes = []
        outputs = []
        for reference, before, g in step.inputs:
            p = reference()
            if p is None:
                continue
            now = self._new(p, step, previous=before)
            self._leaves[id(p)] = (reference, now)
            self._writers[id(p._counter)] = step
            changes.append((before, g, now))
            outputs.append(now)
        step.inputs, step.outputs = changes, outputs
        self.steps.append(step)

    # --- the block ---------------------------------------------------------------------------

    def __enter__(self) -> Any:
        for path, hooks in HOOKS.items():
            with suppress(ImportError):
                module = import_module(path)
                for name, method, options in hooks:
                    register = getattr(module, name)
                    self._handles.append(register(getattr(self, method), **options))
        made = super().__enter__()
        self._started = perf_counter()
        return made

    def __exit__(self, *exception: Any) -> None:
        self.seconds = perf_counter() - self._started
        super().__exit__(*exception)
        for handle in self._handles:
            handle.remove()
        for held in (self._handles, self._modules, self._known, self._leaves, self._steps):
            held.clear()
        self._writers.clear()
        for call in self.calls:
            call.module = None
        self.names.clear()
        for step in self.steps:
            for passed in step.passed:
                passed.node = None

    def failed_with(self, error: BaseException | None) -> None:
        """The block ended with ``error``: its last step is the one that failed."""
        if error is None:
            return
        self.error = error
        step = None
        if self.failure is not None and self.failure[0] in _chain(error):
            step = self.failure[1]
            step.message = str(error)
        elif isinstance(error, Exception):
            step = self._from_traceback(error)
        if step is not None:
            self.steps.append(step)
        self.failure = None

    def _from_traceback(self, error: BaseException) -> Step:
        """The step of an error that came before any operation ran: the function that raised it and
        the tensors that it was given."""
        step = Step("error", type(error).__name__, message=str(error))
        frames = list(walk_tb(error.__traceback__))
        ours = [f.f_globals.get("__name__", "").partition(".")[0] == "minitorch" for f, _ in frames]
        users = [k for k, mine in enumerate(ours) if not mine]
        if not users:
            return step
        last = users[-1]
        frame, line = frames[last]
        step.place = Place(frame.f_code.co_filename, line, frame.f_code.co_qualname, "")
        if last + 1 < len(frames):
            inner = frames[last + 1][0]
            step.name = inner.f_code.co_name
            for name, x in inner.f_locals.items():
                if isinstance(x, Variable):
                    value = self._new(x, None, self.names.get(id(x), (None, name))[1])
                    step.inputs = [*step.inputs, value]
        return step


def _chain(error: BaseException | None) -> list[BaseException]:
    """The error and those that led to it."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


# siblings that may be installed, and their hooks
HOOKS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "minitorch.nn.module": [
        ("register_module_forward_pre_hook", "_enter_module", {}),
        ("register_module_forward_hook", "_leave_module", {"always_call": True}),
    ],
    "minitorch.optim.optimizer": [
        ("register_optimizer_step_pre_hook", "_before_optimizer", {}),
        ("register_optimizer_step_post_hook", "_after_optimizer", {}),
    ],
}


def _name_in(x: Any, names: Any) -> str:
    """The name that is bound to ``x``, or ``object.attribute`` where an object's attribute is."""
    for name, value in names.items():
        if value is x and not name.startswith("_"):
            return str(name)
    for name, value in names.items():
        held = getattr(value, "__dict__", None)
        if type(held) is dict and not isinstance(value, Variable | type(sys)):
            for attribute, each in held.items():
                if each is x:
                    return f"{name}.{attribute}"
    return ""
