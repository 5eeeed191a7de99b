"""Compiled functions: which recording fits a call, else a new one."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Container
from importlib import import_module
from operator import is_not
from typing import Any
from weakref import WeakSet

from ..autograd.grad_mode import INTERPRETERS, current
from . import passes, stance
from .entry import BUSY, MISS, entry
from .program import Program
from .recording import Recording
from .settling import record
from .splitting import parts, split
from .verification import verified
from .watch import uncollected

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
    ``quiet``     without warnings
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        fullgraph: bool = False,
        backend: str = "numpy",
        quiet: bool = False,
    ) -> None:
        self._function, self._fullgraph, self._backend = function, fullgraph, backend
        self._quiet = quiet
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
        self._expecting: list[Callable[..., Any]] = []  # those of them that expect values
        self._reason: str | None = None  # why it runs as it is,
        self._rest = self._function  # as this function,
        self._before: Compiled | None = None  # of which what comes before the reason is a program
        self._recordings = 0
        self._inlining = True
        # forwards, and backwards for each group of results, if all gradients arrive
        self._programs: tuple[list[Program], list[list[Program]]] = [], []

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
        if current.state.flags >= INTERPRETERS:
            return self._function(*args, **kwargs)
        if self._reason is not None:
            if self._fullgraph:
                raise RuntimeError(self._reason)
            if self._before is not None and any(map(is_not, self._split, parts(self._function))):
                self._rest, self._before = self._function, None
            return self._rest(*args, **kwargs)
        if self._entries and stance[0] != "default":
            if stance[0] == "fail_on_recompile":
                raise RuntimeError("no recording fits, and the stance is to fail where none does")
            return self._function(*args, **kwargs)
        with uncollected():
            return self._record(args, kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def _record(self, args: Any, kwargs: Any) -> Any:
        made, recording, tracer = record(self._function, args, kwargs, self._inlining, self._whole)
        self._recordings += 1
        reason, where, line = tracer.reason, tracer.where, tracer.line
        if tracer.asked is not None and (self._fullgraph or self._recordings >= LIMIT):
            reason, where, line = tracer.asked
        elif recording is not None and not self._take(recording):
            reason, tracer.again = "its program gives other numbers", self._inlining
            self._inlining = False  # kernels are called as a whole then
        elif tracer.asked is not None and len(self._expecting) == 1:
            self._warn("has a program for each answer", *tracer.asked[:2])
        if self._recordings >= LIMIT:
            told = reason or "what it reads changes from call to call"
            reason = f"{self._recordings} recordings are enough ({told})"
        elif tracer.again:
            reason = None
        if reason is not None:
            self._warn(self._give_up(reason, line), reason, where)
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
        made = entry(recording, programs[-1], run, run_backward)
        self._entries.insert(0, made)
        if recording.asked:
            self._expecting.append(made)
        whole = [len(each.arrived) == len(each.group) for each in recording.backward]
        self._programs = (
            programs,
            [made for (made, _), each in zip(backward, whole, strict=True) if each],
        )
        return True

    def _give_up(self, reason: str, line: int | None) -> str:
        """From here on other calls than the recorded ones run the function itself, but for what
        comes before the ``line``, which is compiled by itself. Returns what is to be told."""
        self._entries = [each for each in self._entries if each not in self._expecting]
        self._reason = reason
        made = None if line is None or self._fullgraph else split(self._function, line, self._part)
        if made is None:
            return "runs as it is, operation by operation"
        self._split = parts(self._function)
        self._rest, self._before = made
        return "is a program up to a line, then runs as it is, operation by operation"

    def _part(self, function: Callable[..., Any]) -> Compiled:
        return Compiled(function, backend=self._backend, quiet=True)

    def _warn(self, outcome: str, reason: str, where: Any) -> None:
        if self._quiet:
            return
        there = f"{where.filename}:{where.number}: " if where is not None else ""
        name = getattr(self._function, "__name__", type(self._function).__name__)
        told = f"compile: {name} {outcome}: {there}{reason}"
        if self._fullgraph:
            self._reason = told
            raise RuntimeError(told)
        warnings.warn(told, stacklevel=5)

    @property
    def programs(self) -> list[Program]:
        """Those of the last recording, one for each pass."""
        return self._programs[0] if self._before is None else self._before.programs

    @property
    def backward_programs(self) -> list[Program]:
        """Those of its backward pass, where that comes later and all gradients arrive; of results
        that are computed from others those of the last."""
        return self._backwards[-1] if self._backwards else []

    @property
    def _backwards(self) -> list[list[Program]]:
        return self._programs[1] if self._before is None else self._before._backwards

    @property
    def source(self) -> str:
        """The text of the program that runs."""
        if not self.programs:
            raise RuntimeError(
                f"there is no program: {self._reason or 'the function was not called yet'}"
            )
        later = [programs[-1].source for programs in reversed(self._backwards)]
        return "\n\n".join([self.programs[-1].source, *later])

    def save(self, path: Any) -> None:
        """Writes the program as a module that runs by itself; see ``Program.save``."""
        _ = self.source
        self.programs[-1].save(path)

    def _repr_html_(self) -> str:
        return self.programs[-1]._repr_html_() if self.programs else repr(self)
