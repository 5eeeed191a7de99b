"""What is written down of operations: their values, in-place writes, random draws."""

from __future__ import annotations

import sys
import weakref
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from ..autograd.dispatch import apply
from ..autograd.grad_mode import current
from ..autograd.node import AccumulateGrad, Output
from ..autograd.recorder import Place, Recorder, place, user_frame
from ..autograd.variable import Variable
from .steps import Call, Pass, Step
from .values import LEAST, ROOM, SAMPLE, WHOLE, Value, figures, sample, version_of

__all__ = ["Forward"]


class Forward(Recorder):
    """The recorder of operations."""

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
        self._detached: dict[int, tuple[Any, Value]] = {}  # likewise: the memory is the source's
        self._steps: dict[int, tuple[Any, Step]] = {}  # by id of the node
        self._writers: dict[int, Step] = {}  # by id of the counter
        self._modules: dict[int, tuple[Any, str]] = {}
        self._grads: dict[int, Value] = {}  # by id of the leaf: .grad before the pass adds to it
        self._room = ROOM
        self.caller: Place | None = None  # who calls explain: not one of the run's lines
        self._handles: list[Any] = []
        self._function: Any = None
        self._optimizers: list[tuple[Step, Call | None, float]] = []

    def _place(self) -> Place | None:
        """The user's line; of who called ``explain`` without the variable, which gets the page."""
        found = place()
        return found._replace(variable="") if found is self.caller and found is not None else found

    def _inside(self) -> Step | None:
        """The gradient step that runs, or the one with which the pass began that runs."""
        return (self.passes[-1].running or self.passes[-1].step) if self.passes else None

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
                value.array = data.copy("K")
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
        if self._detached:
            apart = self._detached.get(id(x))
            if apart is not None and apart[0]() is x:
                found = (data, apart[1])
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
        node = x._node
        if value is not None and not value.name and id(x) in self.names:
            value.name = self.names[id(x)][1]
        if value is None:
            step = Step("given", "", self._place(), self.call)
            value = self._new(x, step, self._name(x))
            step.name, step.outputs = value.name, [value]
            step.parameter = id(x) in self.names
            step.inside = self._inside()
            self.steps.append(step)
            self._leaves[id(x)] = (weakref.ref(x), value)
            if type(node) is AccumulateGrad:
                self._steps[id(node)] = (weakref.ref(node), step)
        if type(node) is AccumulateGrad:
            value.leaf = id(x)
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
                step.followed = True

    # --- what the recorder is told -----------------------------------------------------------

    def process(self, primitive: Any, args: tuple[Any, ...]) -> Any:
        split = 1 if primitive.variadic else len(primitive.inputs)
        inputs = args[0] if primitive.variadic else args[:split]
        step = Step(
            "view" if primitive.view else "operation", primitive.name, self._place(), self.call
        )
        step.primitive, step.params = primitive, args[split:]
        step.inputs = [self._given(x) if isinstance(x, Variable) else x for x in inputs]
        step.inside = self._inside()
        started = perf_counter()
        try:
            made = apply(primitive, *args)
        except Exception as error:
            step.kind, step.message = "error", str(error)
            self.failure = (error, step)
            raise
        step.seconds = perf_counter() - started
        step.recording = current.state.grad
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
        step = Step("operation", function.__name__, self._place(), self.call, function=function)
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

    def detached(self, source: Any, made: Any) -> None:
        if not isinstance(source, Variable) or not isinstance(made, Variable):
            return
        step = Step("view", "detach", self._place(), self.call)
        step.inputs, step.inside = [self._given(source)], self._inside()
        number = len(self.values)
        value = replace(step.inputs[0], number=number, source=step, name="", leaf=0)
        self.values.append(value)
        self._detached[id(made)] = (weakref.ref(made), value)
        step.outputs = [value]
        self.steps.append(step)

    def wrote(self, target: Any, value: Any) -> None:
        known = self._find(value)
        step = Step("write", "write", self._place(), self.call)
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
        step = Step("draw", distribution.__name__.strip("_"), self._place(), self.call)
        step.params = arguments
        step.outputs = [self._new(array, step)]
        self.steps.append(step)


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
