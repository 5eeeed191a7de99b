"""Compiled functions: which recording fits a call, else a new one."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Container
from importlib import import_module
from typing import Any
from weakref import WeakSet

from ..autograd.grad_mode import INTERPRETERS, current
from . import passes, stance
from .entry import BUSY, MISS, entry
from .program import Program
from .recording import Recording, record, verified

__all__ = ["Compiled", "reset"]

LIMIT = 8  # recordings of one function: torch._dynamo.config.recompile_limit
everything: WeakSet[Compiled] = WeakSet()  # the compiled functions


def reset() -> None:
    """Has all compiled functions forget what they recorded."""
    for each in list(everything):
        each.reset()


def _again(function: Callable[..., Any], fullgraph: bool, backend: str) -> Compiled:
    return Compiled(function, fullgraph=fullgraph, backend=backend)


class Compiled:
    """A function that is recorded when it is called, and whose program then runs in its place.

    ``programs``  those of the last recording, one for each pass, each a complete program
    ``source``    the text of the last one, forwards and, where it comes later, backwards
    """

    def __init__(
        self, function: Callable[..., Any], *, fullgraph: bool = False, backend: str = "numpy"
    ) -> None:
        self._function, self._fullgraph, self._backend = function, fullgraph, backend
        self._run: Callable[[Program], list[Program]] = passes.run
        self._whole: Container[Any] = ()
        if backend == "numba":
            fusing = import_module(f"{__package__}.fusing")
            self._run, self._whole = fusing.run, fusing.offered()
        if not hasattr(function, "_modules"):
            functools.update_wrapper(self, function)
        everything.add(self)
        self.reset()

    def __reduce__(self) -> Any:  # copies and files have the function, not what was recorded
        return _again, (self._function, self._fullgraph, self._backend)

    def reset(self) -> None:
        """Forgets all recordings."""
        self._entries: list[Callable[..., Any]] = []
        self._reason: str | None = None  # why it runs as it is
        self._recordings = 0
        self._inlining = True
        self.programs: list[Program] = []
        self.backward_programs: list[Program] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if stance[0] == "force_eager":
            return self._function(*args, **kwargs)
        for call in self._entries:
            made = call(args, kwargs)
            if made is BUSY:
                return self._function(*args, **kwargs)
            if made is not MISS:
                return made
        return self._without_program(args, kwargs)

    def _without_program(self, args: Any, kwargs: Any) -> Any:
        """A call that no recording fits."""
        if self._reason is not None or current.state.flags >= INTERPRETERS:
            return self._function(*args, **kwargs)
        if self._entries and stance[0] != "default":
            if stance[0] == "fail_on_recompile":
                raise RuntimeError("no recording fits, and the stance is to fail where none does")
            return self._function(*args, **kwargs)
        return self._record(args, kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def _record(self, args: Any, kwargs: Any) -> Any:
        made, recording, tracer = record(self._function, args, kwargs, self._inlining, self._whole)
        self._recordings += 1
        reason = tracer.reason
        if recording is not None and not self._take(recording):
            reason, tracer.again = "its program gives other numbers", self._inlining
            self._inlining = False  # kernels are called as a whole then
        if reason is not None and not tracer.again:
            self._give_up(reason, tracer.where)
        if self._reason is None and self._recordings >= LIMIT:
            told = reason or "what it reads changes from call to call"
            self._give_up(f"{self._recordings} recordings are enough ({told})", tracer.where)
        return made

    def _take(self, recording: Recording) -> bool:
        """Makes the programs of a recording; returns False where they give other numbers."""
        exactly = self._backend == "numpy"
        forward = recording.forward
        programs, run = verified(recording, forward, self._run(forward), exactly)
        backward = [
            verified(recording, each.program, self._run(each.program), exactly)
            for each in recording.backward
        ]
        run_backward = [function for _, function in backward if function is not None]
        if run is None or len(run_backward) < len(backward):
            return False
        self._entries.insert(0, entry(recording, run, run_backward))
        self.programs = programs
        self.backward_programs = backward[-1][0] if backward else []  # all gradients arrive
        return True

    def _give_up(self, reason: str | None, where: Any) -> None:
        """From here on other calls than the recorded ones run the function itself."""
        self._reason = reason
        there = f"{where.filename}:{where.number}: " if where is not None else ""
        name = getattr(self._function, "__name__", type(self._function).__name__)
        told = f"compile: {name} runs as it is, operation by operation: {there}{reason}"
        if self._fullgraph:
            raise RuntimeError(told)
        warnings.warn(told, stacklevel=4)

    @property
    def source(self) -> str:
        """The text of the program that runs."""
        if not self.programs:
            raise RuntimeError(
                f"there is no program: {self._reason or 'the function was not called yet'}"
            )
        later = [self.backward_programs[-1].source] if self.backward_programs else []
        return "\n\n".join([self.programs[-1].source, *later])

    def save(self, path: Any) -> None:
        """Writes the program as a module that runs by itself; see ``Program.save``."""
        _ = self.source
        self.programs[-1].save(path)

    def _repr_html_(self) -> str:
        return self.programs[-1]._repr_html_() if self.programs else repr(self)
