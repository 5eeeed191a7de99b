"""What ``explain`` writes down while a program runs: its steps, in the order of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from time import perf_counter
from traceback import walk_tb
from typing import Any

from ..autograd.frames import is_ours
from ..autograd.recorder import Place
from ..autograd.variable import Variable
from .backward import Backward
from .calls import HOOKS, Calls
from .flow import Flow, FollowedStep
from .steps import Step
from .values import Value

__all__ = ["Recording"]


class Recording(Backward, Calls):
    """The recorder of ``explain``."""

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
        for held in (
            self._handles,
            self._modules,
            self._known,
            self._leaves,
            self._detached,
            self._steps,
        ):
            held.clear()
        self._writers.clear()
        for call in self.calls:
            call.module = None
        self.names.clear()
        for step in self.steps:
            for passed in step.passed:
                passed.node = None

    def flow(self) -> Flow:
        """What happened to the values of leaves, for the table of gradients."""
        flow = Flow()
        made: dict[Any, Any] = {}  # by value, the step of the flow that gave it
        for step in self.steps:
            values = [x for x in step.inputs if isinstance(x, Value)]
            if step.kind == "write":
                for x in values:
                    made.update(dict.fromkeys(step.outputs, made.get(x)))
            elif step.kind in ("operation", "view") and step.inside is None:
                sources = [made[x] for x in values if made.get(x) and not x.leaf]
                leaves = [x.leaf for x in values if x.leaf]
                if leaves or sources:
                    floating = any(v.dtype.kind in "fVc" for v in step.outputs)
                    there = FollowedStep(
                        step.name, step.place, tuple(leaves), tuple(sources), step.followed,
                        step.recording, floating,
                    )  # fmt: skip
                    flow.steps.append(there)
                    made.update(dict.fromkeys(step.outputs, there))
        return flow

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

    def raised(self, error: BaseException) -> None:
        known = self.failure is not None and self.failure[0] in _chain(error)
        if isinstance(error, Exception) and not known:
            self.failure = (error, self._from_traceback(error))

    def _from_traceback(self, error: BaseException) -> Step:
        """The step of an error that no operation raised: the function that did, and the tensors
        that it was given."""
        step = Step("error", type(error).__name__, self._place(), self.call, message=str(error))
        frames = list(walk_tb(error.__traceback__))
        users = [k for k, (frame, _) in enumerate(frames) if not is_ours(frame)]
        if users:
            frame, line = frames[users[-1]]
            code = frame.f_code
            step.place = Place(code.co_filename, line, code.co_qualname, "")
        for frame, _ in frames[users[-1] + 1 if users else 0 :]:
            tensors = dict(_tensors_in(frame.f_locals))
            if not tensors:
                continue
            owner = frame.f_locals.get("self")
            step.name = type(owner).__name__ if hasattr(owner, "forward") else frame.f_code.co_name
            first = {id(x): name for name, x in reversed(tensors.items())}
            step.inputs = [
                self._find(x) or self._new(x, None, self._name(x) or name)
                for name, x in tensors.items()
                if first[id(x)] == name
            ]
            if not all(name.startswith("args[") for name in tensors):  # else perhaps a wrapper
                break
        return step


def _chain(error: BaseException | None) -> list[BaseException]:
    """The error and those that led to it."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _tensors_in(names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The tensors that are bound to names, or stand in a sequence that is."""
    for name, x in names.items():
        if isinstance(x, Variable):
            yield name, x
        elif isinstance(x, tuple | list):
            for k, each in enumerate(x):
                if isinstance(each, Variable):
                    yield f"{name}[{k}]", each
