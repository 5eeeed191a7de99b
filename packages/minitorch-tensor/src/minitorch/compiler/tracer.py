"""The recorder that makes programs of what runs: operations, rules, writes, draws, steps."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Container
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ..autograd.dispatch import _recorded, apply
from ..autograd.grad_mode import current
from ..autograd.history import history, root
from ..autograd.inplace import is_expanded
from ..autograd.node import Node, sequence_numbers
from ..autograd.opmath import kernel_for
from ..autograd.recorder import Place, Recorder, place
from ..autograd.variable import Inference, Variable
from ..kernels.elementwise import LARGE, UFUNCS, over_cores
from ..kernels.memory import nested, nesting
from ..random.generator import default_generator
from .asking import returned_at_once, values_asked
from .instructions import Instruction, Line, Method, Value
from .proxy import Opaque
from .sharing import Sharing
from .watch import unwatched
from .writer import Writer, expect, expect_none

__all__ = ["Again", "Stop", "Tracer", "nodes_of"]


class Stop(Exception):  # noqa: N818  (a decision)
    """What runs cannot be written down, for this reason."""


class Again(Stop):
    """It can be the next time."""


class Tracer(Recorder):
    """Within its block operations, writes and draws are written into ``writer``, until there is a
    ``reason`` not to; by a ``StepTracer`` gradients and optimizers' steps, too.

    ``outside``   the value of each tensor that came from outside, in the order they were met
    ``reached``   gives the tensors that the function is known to reach, more of them as it runs
    ``first``     of each leaf whose ``.grad`` changed: the leaf, what it was before, and whether
                  the first change was that a gradient arrived
    ``grad_of``   of each ``.grad`` that is among those from outside, its leaf
    ``own``       memory of optimizers that is the program's as long as they are ``ready``
    ``asked``     of where Python first asked for a bool or an int of a tensor's: how it asked, the
                  place, and the line of the function itself that runs there
    ``line``      that line where it stopped
    ``numbers``   those of optimizers, arguments too: the step that has them, name, number
    ``writes``    how often each tensor from outside was written to
    """

    def __init__(
        self, reached: Callable[[], list[Any]], names: dict[int, str], inlining: bool,
        whole: Container[Any], code: CodeType | None,
    ) -> None:  # fmt: skip
        self.reached, self.names, self.code = reached, names, code
        self.items: dict[int, tuple[float, Value]] = {}  # numbers that are returned, by identity
        self.writer = Writer()
        self.writer.inlining, self.writer.whole = inlining, whole
        self.reason: str | None = None
        self.where: Place | None = None
        self.asked: tuple[str, Place | None, int | None] | None = None
        self.line: int | None = None
        self.again = False  # whether the reason is gone next time
        self.outside: dict[Value, Any] = {}
        self.snapshots: dict[Value, Any] = {}  # what those held that were written to since
        self.first: dict[int, tuple[Any, Any, bool, int]] = {}
        self.grad_of: dict[int, Any] = {}
        self.writes: dict[int, tuple[Any, int]] = {}
        self.own: dict[Value, Any] = {}
        self.versions: dict[int, tuple[Any, int]] = {}  # of those from outside, as they came
        self.nodes: dict[Value, tuple[Any, Any]] = {}  # of those from outside, as they came
        self.numbers: dict[Value, tuple[Any, str, float]] = {}
        self.ready: list[Any] = []
        self.passes = 0
        self.start = next(sequence_numbers)  # of nodes: those that are there have larger ones
        self._drawn: set[int] = set()
        self._was: Any = None
        self._made: dict[Node, Value] = {}  # the value of the tensor that has this node
        self._lines: dict[Node, Line | None] = {}  # the line that made this node
        self._sharing = Sharing(self.writer.arrays)  # of the arrays of those from outside
        self._reached: set[int] = set()  # identities of those that were reached
        self._grads: tuple[int, dict[int, list[Any]]] | None = None  # how many, and by ``.grad``
        self._by_counter: dict[int, Any] = {}  # the first from outside that has this counter
        self._lines_of: dict[tuple[str, int], Line] = {}
        self._alive: list[Any] = []

    def stop(self, reason: str | Exception) -> None:
        """From here on nothing is written down."""
        if self.reason is None:
            self.reason, self.where, self.line = str(reason), place(), self._own_line()
            if isinstance(reason, Exception) and not isinstance(reason, Stop | Opaque):
                self.reason = f"the recorder failed with {type(reason).__name__}: {reason}"
            self.again = isinstance(reason, Again)
            self.writer.forget()
            self.versions = {}

    def _own_line(self) -> int | None:
        """The line that the function itself is at."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code is not self.code:
            frame = frame.f_back
        return None if frame is None else frame.f_lineno

    # --- which value a tensor is ----------------------------------------------------------------

    def value_of(self, tensor: Any) -> Value:
        """The value of a tensor; one from outside becomes an argument."""
        data = tensor._data
        value = self.writer.value_of(data)
        if value is not None:
            return value
        if tensor._interpreter is not None or not isinstance(data, np.ndarray | np.generic):
            raise Stop(f"a tensor of {type(data).__name__}")
        if not self._is_reached(tensor):  # it may be another look at one that is
            reached = self.reached()
            grads = (t._grad for t in reached if t._grad is not None)
            tensor = next((t for t in (*reached, *grads) if t._data is data), None)
            if tensor is None:
                raise Stop("a tensor is made, or comes, in a way that cannot be written down")
        return self.come(tensor)

    def _is_reached(self, tensor: Any) -> bool:
        reached = self.reached()
        self._reached.update(map(id, reached[len(self._reached) :]))
        return id(tensor) in self._reached

    def _leaves_of(self, grad: Any) -> list[Any]:
        """The tensors that were reached whose ``.grad`` this is."""
        reached = self.reached()
        if self._grads is None or self._grads[0] != len(reached):
            leaves = defaultdict(list)
            for leaf in reached:
                if leaf._grad is not None:
                    leaves[id(leaf._grad)].append(leaf)
            self._grads = len(reached), leaves
        return self._grads[1].get(id(grad), [])

    def come(self, tensor: Any) -> Value:
        """The value of a tensor from outside."""
        leaves = self._leaves_of(tensor)
        names = [f"{self.names[id(leaf)]}_grad" for leaf in leaves if id(leaf) in self.names]
        name = self.names.get(id(tensor), next(iter(names), ""))
        value = self.writer.know(tensor._data, Value.of(tensor._data, name))
        self.outside[value] = tensor
        self._sharing.add(value)
        self.nodes[value] = nodes_of(tensor)
        counter = tensor._counter
        self._by_counter.setdefault(id(counter), tensor)
        if type(counter) is not Inference:
            self.versions.setdefault(id(counter), (counter, counter[0]))
        for leaf in leaves:
            if self.grad_of.setdefault(id(tensor), leaf) is not leaf:
                raise Stop("two tensors have one gradient")
        return value

    def before_write(self, tensor: Any) -> None:
        """``tensor`` is about to be written to."""
        if self.reason is not None:
            return
        try:
            tensor._array()
            self._keep(self.value_of(tensor))
        except Exception as reason:
            self.stop(reason)

    def _keep(self, value: Value) -> None:
        """Keeps what the memory under ``value`` holds, where it came from outside."""
        for other in self._sharing.of(self.writer.arrays[value]):
            self.writer.lasting = True
            if other not in self.snapshots:
                self.snapshots[other] = self.writer.arrays[other].copy(order="K")

    # --- what is told ---------------------------------------------------------------------------

    def process(self, primitive: Any, args: tuple[Any, ...]) -> Any:
        if self.reason is None:
            try:
                with unwatched(primitive):
                    return self._operation(primitive, args)
            except (Stop, Opaque) as reason:
                self.stop(reason)
            except Exception as error:  # apply raises it as it ought to be
                self.stop(f"{primitive.name} raised {type(error).__name__}")
        return apply(primitive, *args)

    def process_function(self, function: Any, args: tuple[Any, ...]) -> Any:
        """A custom ``autograd.Function``: its own code runs, and is not taken apart."""
        self.stop(f"{function.__name__} is an autograd.Function")
        with self.disabled():
            return function.apply(*args)

    def _operation(self, primitive: Any, args: tuple[Any, ...]) -> Any:
        if "values" in primitive.traits:
            raise Stop(f"the shape of {primitive.name}'s result depends on values")
        variadic, view = primitive.variadic, primitive.view
        split = 1 if variadic else len(primitive.inputs)
        inputs: Any = args[0] if variadic else args[:split]
        params = args[split:]
        if primitive.name == "positions" and any(x._data.dtype == np.bool_ for x in inputs):
            raise Stop("how many elements a mask selects depends on values")
        for each in (*inputs, *params):
            if isinstance(each, np.generic):  # of a number of Python's
                self.writer.constants[id(each)] = each
        arrays: list[Any] = []
        for x in inputs:
            if isinstance(x, Variable):
                self.value_of(x)
                if view:
                    x._array()
                x = x._data
            arrays.append(x)
        here = self._place()
        kernel, wide = kernel_for(primitive, arrays)
        given = (arrays, *params) if variadic else (*arrays, *params)
        both = bool(primitive.residuals) and len(primitive.outputs) > 1
        if both:
            given = (kernel, *given)
            kernel = flat
        out = current.state.without_warnings(self._kernel, kernel, given)
        residuals: Any = ()
        if both:
            count = len(primitive.outputs)
            out, residuals = tuple(out[:count]), out[count:]
        elif primitive.residuals:
            out, *residuals = out
        for name, each in zip(primitive.residuals, residuals, strict=False):
            self._hint(each, name)
        if residuals:
            if any(type(each) is np.bool_ for each in residuals):
                raise Stop("a bool is saved for the backward pass")
        result = _recorded(primitive, inputs, params, arrays, out, residuals, wide)
        results = result if isinstance(result, tuple) else (result,)
        names = here.variable.split(", ") if here is not None and here.variable else []
        if len(names) != len(results):
            single = len(results) == len(primitive.outputs) == 1
            names = [primitive.name] if single else list(primitive.outputs)
        for k, each in enumerate(results):
            value = self._hint(each._data, names[min(k, len(names) - 1)])
            if value is not None and each._node is not None:
                self._made.setdefault(each._node, value)
                self._lines.setdefault(each._node, self.writer.line)
        return result

    def _hint(self, array: Any, name: str) -> Value | None:
        """The value of an array, which may be called ``name``."""
        value = self.writer.value_of(array)
        if value is not None and not value.hint:
            value.hint = name
        return value

    def _kernel(self, kernel: Any, given: tuple[Any, ...]) -> Any:
        ufunc = UFUNCS.get(kernel, kernel)
        first = given[0]
        if isinstance(ufunc, np.ufunc) and isinstance(first, np.ndarray) and first.size >= LARGE:
            made = self.writer.call(over_cores, kernel, *given)
        else:
            made = self.writer.call(ufunc, *given)
        if type(made) is np.bool_:  # there are two of them, which cannot be told apart
            (scalar,) = self.writer.instructions[-1].results
            array = np.asarray(made)
            self.writer.write(np.asarray, (scalar,), {}, array)
            return array
        return made

    def became_array(self, tensor: Any, number: Any) -> None:
        """What comes from outside is an array the next time."""
        value = self.writer.value_of(number)
        if self.reason is not None:
            return
        if value in self.outside or any(t is tensor for t in self.reached()):
            self.stop(Again("a number becomes an array"))
        elif value is not None:
            self.writer.write(np.asarray, (value,), {}, tensor._data)

    def _place(self) -> Place | None:
        here = place()
        if here is not None:
            key = here.filename, here.number
            line = self._lines_of.get(key)
            if line is None:
                line = self._lines_of[key] = Line(*key, here.text)
            self.writer.line = line
        return here

    def wrote(self, target: Any, value: Any) -> None:
        if self.reason is not None:
            return
        try:
            if is_expanded(target._data):
                raise Stop("a tensor is written to whose elements share memory")
            self._place()
            there, what = self.value_of(target), self.value_of(value)
            self._write(np.copyto, (there, what), casting="unsafe")
            self.mark(target)
        except Exception as reason:
            self.stop(reason)

    def mark(self, tensor: Any) -> None:
        """``tensor`` was written to."""
        key = id(tensor._counter)
        if key in self._by_counter:
            _, count = self.writes.get(key, (None, 0))
            self.writes[key] = self._by_counter[key], count + 1

    def drew(
        self, array: Any, distribution: Any, generator: Any, arguments: tuple[Any, ...]
    ) -> None:
        if self.reason is not None:
            return
        try:
            self._place()
            writer = self.writer
            drawn = writer.value_of(array)
            if drawn is None:
                if array.flags.c_contiguous:
                    writer.write(np.empty, (array.shape, array.dtype), {}, array)
                else:
                    order = tuple(nesting(array))
                    if nested(array.shape, array.dtype, order).strides != array.strides:
                        raise Stop("random numbers are drawn into memory with gaps")
                    writer.write(nested, (array.shape, array.dtype, order), {}, array)
                drawn = writer.known[id(array)]
                self._drawn.add(id(array))
            given = writer._valued(arguments, False)
            source = default_generator if generator is None else generator
            given = (source, drawn, *given)
            writer.append(Instruction(distribution, given, {}, (), writes=(drawn,), pure=False))
            writer.lasting = True
        except Exception as reason:
            self.stop(reason)

    def copied(self, array: Any, copy: Any) -> None:
        """``copy`` is a copy of ``array``, the values of a tensor."""
        if self.reason is None:
            value = self.writer.value_of(array)
            if value is None:
                self.stop("a tensor is copied that is not known")
            else:
                self.writer.write(Method("copy"), (value,), {}, copy)

    def checked(self, check: Callable[..., None], tensor: Any, args: tuple[Any, ...]) -> None:
        if self.reason is None:
            try:
                self._place()
                self._expect(expect_none, check, self.value_of(tensor), *args)
            except Exception as reason:
                self.stop(reason)

    def created(self, tensor: Any) -> None:
        """``tensor`` was made of numbers that do not come from tensors."""
        if self.reason is not None:
            return
        data, writer = tensor._data, self.writer
        if writer.value_of(data) is not None:
            self._drawn.discard(id(data))
        elif self._drawn or not isinstance(data, np.ndarray | np.generic):
            self.stop("random numbers are used in a way that cannot be written down")
        elif values_asked():
            self.stop("a tensor is made of another's values")
        else:
            data = tensor._array()
            kept = data.copy()
            constant = writer.know(kept, Value.of(kept, constant=True))
            writer.write(Method("copy"), (constant, "K"), {}, data)

    def refuse(self, reason: str) -> None:
        """What runs is not to be part of a program."""
        self.stop(reason)

    def reading(self, what: str, tensor: Any, number: Any, frame: FrameType) -> None:
        """Python asks, in ``frame``, for the values of a tensor. ``item()`` may be a result; where
        the answer is a bool or an int, the program is for this answer."""
        told = f"{what} asks for values"
        if self.reason is not None:
            return
        try:
            if type(number) is bool or (type(number) is int and tensor._data.dtype.kind in "biu"):
                self._place()
                self.asked = self.asked or (told, place(), self._own_line())
                self._expect(expect, self.value_of(tensor), number)
            elif (
                what == "item()"
                and type(number) is float
                and frame.f_code is self.code
                and returned_at_once(frame)
            ):
                self.items[id(number)] = number, self.value_of(tensor)
            else:
                self.stop(told)
        except Exception as reason:
            self.stop(reason)

    def _expect(self, function: Any, *args: Any) -> None:
        """The instruction of a function that raises ``Differs`` where a run is another one."""
        self.writer.append(Instruction(function, args, {}, (), pure=False))

    def _write(self, function: Any, args: tuple[Any, ...], **kwargs: Any) -> None:
        """The instruction of a function that writes to its first argument."""
        self.writer.append(Instruction(function, args, kwargs, (), writes=(args[0],)))


def nodes_of(tensor: Any) -> tuple[Any, Any]:
    """The nodes of a tensor, as of now, and of its base."""
    return history(tensor), None if tensor._base is None else root(tensor)._node


def flat(kernel: Callable[..., Any], *args: Any) -> tuple[Any, ...]:
    """The outputs of a kernel, a tuple, and its residuals, one after the other."""
    outputs, *residuals = kernel(*args)
    return (*outputs, *residuals)
