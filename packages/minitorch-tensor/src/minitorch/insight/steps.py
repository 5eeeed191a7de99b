"""The steps of a recorded run."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..autograd.recorder import Place
from .values import Value

__all__ = ["Call", "Pass", "Passed", "Step"]


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
    saved: Sequence[tuple[str, Any]] = ()  # what its node had saved: Values, lists of them, others
    message: str = ""
    order: float = 0.0  # of operations from before the recording: their place among those
    numbers: tuple[int, ...] = ()  # which outputs the incoming gradients are of
    parameter: bool = False  # of a module: what is given
    recording: bool = True  # whether gradients were on
    followed: bool = False  # whether autograd recorded it


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
