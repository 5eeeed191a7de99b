"""What one recorded call gives: its program, that of a backward pass, and what else it did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..autograd.grad_mode import ERRSTATE, IGNORE_ALL, current
from ..random.generator import Generator
from .guards import World
from .instructions import Instruction
from .memory import OUTSIDE, Memory, may_raise
from .program import Program
from .sharing import Sharing
from .step_tracer import StepTracer
from .stepping import StepOf
from .writer import EXPECTING, Differs, expect

__all__ = ["Backward", "Recording", "Result", "drawing", "expects", "quietly"]


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


def expects(instruction: Instruction) -> bool:
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
