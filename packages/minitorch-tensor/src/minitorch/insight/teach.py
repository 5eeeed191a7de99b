"""``minitorch.teach``: warnings about the mistakes that training loops have.

It is an interpreter at dispatch and a few hooks, there while it is on: off, it costs nothing.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from types import TracebackType
from typing import Any, Self

import numpy as np

from ..autograd.dispatch import apply
from ..autograd.grad_mode import current
from ..autograd.node import Node
from ..autograd.recorder import Place, Recorder, place
from .flow import Flow
from .lessons import Lesson, TeachingWarning, Warner, all_lessons
from .lessons.layers import NoGradient, params_of
from .lessons.lesson import values_of

__all__ = ["TeachingWarning", "teach"]


class Teacher(Recorder):
    """Tells the lessons what happens."""

    def __init__(self) -> None:
        self.warner = Warner()
        self.lessons = all_lessons(self.warner)
        self.thread = threading.get_ident()
        self.depth = 0  # of the modules that run
        self.whole = False  # whether the running backward pass goes to the leaves
        self.hooks: list[Any] = []
        self.copies: list[list[tuple[Any, Any]]] = []  # of steps that run: what they change
        self.at: Place | None = None
        self.listeners = {
            event: [
                getattr(lesson, event)
                for lesson in self.lessons
                if getattr(type(lesson), event) is not getattr(Lesson, event)
            ]
            for event in Lesson.events
        }

    @property
    def flow(self) -> Flow:
        """What happened to the values since the last step."""
        return next(each.flow for each in self.lessons if isinstance(each, NoGradient))

    def tell(self, event: str, *what: Any) -> None:
        for listener in self.listeners[event]:
            listener(*what)

    # --- of dispatch -------------------------------------------------------------------------

    def process(self, primitive: Any, args: tuple[Any, ...]) -> Any:
        """One operation; those that a backward pass makes are none of the user's."""
        outside = not current.state.passes
        if outside:
            self.tell("starting", primitive.name, args)
        out = apply(primitive, *args)
        if outside:
            self.tell("operation", primitive.name, args, out, primitive.view)
        return out

    def wrote(self, target: Any, value: Any) -> None:
        """The tensor ``target`` now holds ``value``."""
        if not current.state.passes:
            self.tell("wrote", target, value)

    def detached(self, source: Any, made: Any) -> None:
        """``made`` has the values of ``source``, without its history."""
        if not current.state.passes:
            self.tell("detached", source, made)

    def drew(
        self, array: Any, distribution: Any, generator: Any, arguments: tuple[Any, ...]
    ) -> None:
        """Random numbers were drawn."""
        self.tell("drew")

    # --- of the backward pass ----------------------------------------------------------------

    def began(self, roots: Sequence[tuple[Node, Any]]) -> None:
        """A backward pass begins; those of ``autograd.grad`` leave the leaves as they are."""
        running, _, targets, _ = current.state.passes[-1]
        self.whole = not targets and len(current.state.passes) == 1
        if self.whole:
            self.tell("pass_began", roots, place())
            running.append(lambda: self.tell("pass_ended"))

    def after(self, node: Node, grads: Any) -> None:
        """A node has run."""
        if self.whole:
            self.tell("node_ran", node, grads)

    def accumulated(self, leaf: Any, g: Any) -> None:
        """A leaf has got a gradient."""
        if self.whole:
            self.tell("arrived", leaf, g)

    # --- of modules and optimizers -----------------------------------------------------------

    def here(self) -> bool:
        """Whether this is the thread, and the teacher is not switched off for a while."""
        return self.thread == threading.get_ident() and self in current.state.interpreters

    def enter_module(self, module: Any, args: Any) -> None:
        if self.here():
            if not self.depth:
                self.warner.met(module)
            self.tell("entered", module, self.depth)
            self.depth += 1

    def leave_module(self, module: Any, args: Any, out: Any) -> None:
        if self.here():
            self.depth -= 1
            self.tell("left", module, self.depth)

    def start_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        closure = kwargs.get("closure", args[1] if len(args) > 1 else None)
        self.warner.closure = closure is not None
        if self.here():
            held = [(p, values_of(p)) for p in params_of(optimizer)]
            self.copies.append([(p, np.array(data)) for p, data in held if data is not None])
            self.at = place()
            if closure is None:
                self.tell("stepping", optimizer, self.at)

    def end_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if self.here() and self.copies:
            before = self.copies.pop()
            moved = any(not np.array_equal(values_of(p), old, equal_nan=True) for p, old in before)
            self.tell("stepped", optimizer, moved, self.at)
        self.warner.closure = False

    def __enter__(self) -> Self:
        super().__enter__()
        with suppress(ModuleNotFoundError):  # without minitorch-nn there are no modules
            modules = import_module("minitorch.nn.modules.module")
            self.hooks += [
                modules.register_module_forward_pre_hook(self.enter_module),
                modules.register_module_forward_hook(self.leave_module, always_call=True),
            ]
        with suppress(ModuleNotFoundError):
            optim = import_module("minitorch.optim.optimizer")
            self.hooks += [
                optim.register_optimizer_step_pre_hook(self.start_step),
                optim.register_optimizer_step_post_hook(self.end_step),
            ]
        return self

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        for hook in self.hooks:
            hook.remove()


class teach:  # noqa: N801  (like grad modes: a function that is a context manager)
    """Switches warnings on that teach: at once, or for a ``with`` block.

    While it is on, a ``TeachingWarning`` tells of each mistake once per line, and how to mend it:
    softmax or sigmoid before a loss that computes it; gradients that were never zeroed, or never
    used by a step; parameters without gradient, or in no optimizer; eval mode forgotten, or left
    on; the operation that made the loss NaN; vanishing and exploding gradients; dead units; silent
    broadcasts of predictions to targets; labels outside of the classes; a learning rate that makes
    the loss rise; no seed. ``MINITORCH_TEACH=1`` in the environment switches it on from the start.

    Args:
        mode: False switches it off, at once or for the block.

    Example:
        >>> import warnings, minitorch as torch
        >>> with warnings.catch_warnings(record=True) as found, torch.teach():
        ...     warnings.simplefilter("always")
        ...     scores = torch.zeros(2, 3, requires_grad=True)
        ...     _ = torch.nn.functional.cross_entropy(scores.softmax(1), torch.tensor([0, 2]))
        >>> print(found[0].category.__name__)
        TeachingWarning
    """

    def __init__(self, mode: bool = True) -> None:
        self.before = _on()
        _switch(self.before or Teacher() if mode else None)
        if self.before is not None and not mode:
            self.before.tell("ended")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        now = _on()
        if now is not self.before:
            _switch(self.before)
            if now is not None and error is None:
                now.tell("ended")


def _on() -> Teacher | None:
    """The teacher of this thread."""
    found = [each for each in current.state.interpreters if isinstance(each, Teacher)]
    return found[-1] if found else None


def _switch(teacher: Teacher | None) -> None:
    """Lets ``teacher`` be the one of this thread."""
    now = _on()
    if now is teacher:
        return
    if now is not None:
        now.__exit__()
    if teacher is not None:
        teacher.__enter__()


@atexit.register
def _end() -> None:
    """What the whole run showed, where teaching was switched on and never off."""
    teacher = _on()
    if teacher is not None:
        _switch(None)
        teacher.tell("ended")
