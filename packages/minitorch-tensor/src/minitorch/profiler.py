"""Which operations cost what: calls, time and bytes, as a table or as a Chrome trace.

Follows https://docs.pytorch.org/docs/stable/profiler.html
"""

from __future__ import annotations

import gzip
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .autograd.dispatch import apply
from .autograd.grad_mode import current
from .autograd.interpreters import Interpreter
from .autograd.variable import Variable

__path__: list[str] = []  # PyTorch has modules in here
__all__ = [
    "ProfilerAction", "ProfilerActivity", "kineto_available", "profile", "record_function",
    "schedule", "supported_activities", "tensorboard_trace_handler",
]  # fmt: skip


class ProfilerActivity(Enum):
    """What to watch: there is the CPU; of the others nothing is heard."""

    CPU, XPU, MTIA, CUDA, HPU, PrivateUse1 = 0, 1, 4, 2, 3, 5


class ProfilerAction(Enum):
    """What a profile does during a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def supported_activities() -> set[ProfilerActivity]:
    """The CPU's."""
    return {ProfilerActivity.CPU}


def kineto_available() -> bool:
    """False: it is PyTorch's own."""
    return False


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0,
    skip_first_wait: int = 0,
) -> Callable[[int], ProfilerAction]:  # fmt: skip
    """A rule for ``profile``: which steps are left out and which are recorded.

    After ``skip_first`` steps, rounds of ``wait`` and ``warmup`` steps that are not recorded and
    ``active`` ones that are; ``repeat`` of them, or without end.

    Args:
        skip_first_wait: not 0: the first round does not wait.

    Example:
        >>> from minitorch.profiler import schedule
        >>> rule = schedule(wait=1, warmup=1, active=2)
        >>> [rule(k).name for k in range(4)]
        ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE']
    """

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
        if step < skip_first:
            return ProfilerAction.NONE
        step -= skip_first
        if skip_first_wait:
            step += wait
        length = wait + warmup + active
        if repeat and step // length >= repeat:
            return ProfilerAction.NONE
        at = step % length
        if at < wait:
            return ProfilerAction.NONE
        if at < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if at < length - 1 else ProfilerAction.RECORD_AND_SAVE

    if wait < 0 or warmup < 0 or active < 1 or repeat < 0 or skip_first < 0:
        raise AssertionError("Invalid profiler schedule arguments")
    return action


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[profile], None]:
    """For ``on_trace_ready``: writes each trace into a file of its own in a folder.

    Raises:
        RuntimeError: the folder can not be made.
    """
    try:
        os.makedirs(dir_name, exist_ok=True)
    except OSError as error:
        raise RuntimeError(f"Can't create directory: {dir_name}") from error
    worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"

    def write(prof: profile) -> None:
        name = f"{worker}.{time.time_ns()}.pt.trace.json" + (".gz" if use_gzip else "")
        prof.export_chrome_trace(os.path.join(dir_name, name))

    return write


@dataclass
class Event:
    """One run of an operation: times in seconds, ``bytes`` of its results."""

    name: str
    start: float
    duration: float
    bytes: int
    thread: int


@dataclass
class Total:
    """All runs of one operation."""

    key: str
    count: int = 0
    seconds: float = 0.0
    bytes: int = 0

    @property
    def cpu_time_total(self) -> float:
        """In microseconds."""
        return self.seconds * 1e6

    @property
    def cpu_time(self) -> float:
        """Per call, in microseconds."""
        return self.cpu_time_total / self.count


class Averages(list[Total]):
    """The totals of a profile, one per operation."""

    def table(self, sort_by: str | None = "cpu_time_total", row_limit: int = 100) -> str:
        """The totals as text, the most expensive first (``sort_by``: a Total's attribute)."""
        key = "cpu_time_total" if sort_by in (None, "self_cpu_time_total") else str(sort_by)
        rows = sorted(self, key=lambda total: getattr(total, key), reverse=True)[:row_limit]
        everything = sum(total.seconds for total in self) or 1.0
        width = max([len(total.key) for total in rows] + [4])
        titles = f"{'Calls':>7}  {'Total ms':>10}  {'%':>6}  {'us/call':>10}  {'MB':>9}"
        head = f"{'Name':<{width}}  {titles}"
        line = "-" * len(head)
        body = [
            f"{t.key:<{width}}  {t.count:>7}  {t.seconds * 1e3:>10.3f}  "
            f"{t.seconds / everything:>6.1%}  {t.cpu_time:>10.2f}  {t.bytes / 1e6:>9.3f}"
            for t in rows
        ]
        return "\n".join([line, head, line, *body, line])


def _size(made: Any) -> int:
    if isinstance(made, tuple | list):
        return sum(map(_size, made))
    return int(made._data.nbytes) if isinstance(made, Variable) else 0


EventList = Averages


class profile(Interpreter):  # noqa: N801  (PyTorch's name)
    """Within it, every forward operation and every backward node of this thread is timed.

    Example:
        >>> import minitorch
        >>> with minitorch.profiler.profile() as prof:
        ...     _ = (minitorch.ones(3) * 2).sum()
        >>> [total.key for total in prof.key_averages()]
        ['mul', 'sum']

    Args:
        activities: the CPU's are the only ones.
        schedule: step -> what to do, as ``schedule`` makes it; ``step()`` ends a step.
        on_trace_ready: is called with the profile at the end of each round that was recorded.
        record_shapes, profile_memory, with_stack, with_flops, with_modules: what PyTorch may note
            in addition; here sizes are noted always, shapes, stacks, flops and modules never.
    """

    def __init__(
        self,
        *,
        activities: Iterable[ProfilerActivity] | None = None,
        schedule: Callable[[int], Any] | None = None,
        on_trace_ready: Callable[[profile], Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
    ) -> None:
        self.schedule, self.step_num = schedule, 0
        self.current_action = ProfilerAction.RECORD if schedule is None else schedule(0)
        self.on_trace_ready = on_trace_ready
        self.events_list: list[Event] = []
        self.last = 0.0

    def step(self) -> None:
        """Ends a step; the schedule says what the next one is for."""
        before = self.current_action
        self.step_num += 1
        if self.schedule is None:
            return
        self.current_action = self.schedule(self.step_num)
        if before is ProfilerAction.RECORD_AND_SAVE:
            self._end()

    def _end(self) -> None:
        """Ends a round."""
        if self.on_trace_ready is not None:
            self.on_trace_ready(self)
        if self.current_action is not ProfilerAction.NONE and self.schedule is not None:
            self.events_list = []  # of the next round

    def process(self, primitive: Any, args: tuple[Any, ...]) -> Any:
        """One operation on its way through dispatch."""
        start = time.perf_counter()
        made = apply(primitive, *args)
        self._note(primitive.name, start, _size(made))
        return made

    def before(self, node: Any) -> None:
        """A node of the backward pass starts."""
        self.last = time.perf_counter()

    def after(self, node: Any, grads: Any) -> None:
        """A node of the backward pass has run."""
        self._note(node.name(), self.last, sum(getattr(g, "nbytes", 0) or 0 for g in grads))

    def _note(self, name: str, start: float, size: int) -> None:
        if self.current_action not in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE):
            return
        now = time.perf_counter()
        self.events_list.append(Event(name, start, now - start, size, threading.get_ident()))

    def events(self) -> list[Event]:
        """Every run, in the order in which they ended."""
        return self.events_list

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        if self.current_action in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE):
            self.schedule = None
            self._end()

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0
    ) -> Averages:
        """The totals per operation.

        Raises:
            NotImplementedError: they are to be grouped by shapes or stacks.
        """
        if group_by_input_shape or group_by_stack_n:
            raise NotImplementedError("key_averages: shapes and stacks are not recorded")
        totals: dict[str, Total] = {}
        for event in self.events_list:
            total = totals.setdefault(event.name, Total(event.name))
            total.count += 1
            total.seconds += event.duration
            total.bytes += event.bytes
        return Averages(totals.values())

    def export_chrome_trace(self, path: str) -> None:
        """Writes a file that chrome://tracing and Perfetto show."""
        first = min((event.start for event in self.events_list), default=0.0)
        trace = [
            {
                "name": event.name,
                "ph": "X",
                "pid": 0,
                "tid": event.thread,
                "ts": (event.start - first) * 1e6,
                "dur": event.duration * 1e6,
                "args": {"bytes": event.bytes},
            }
            for event in self.events_list
        ]
        opened: Any = gzip.open if path.endswith(".gz") else open
        with opened(path, "wt", encoding="utf-8") as file:
            json.dump({"traceEvents": trace, "displayTimeUnit": "ms"}, file)


class autograd_profile(profile):  # noqa: N801  (PyTorch's name)
    """``autograd.profiler.profile``: the older form, which can be switched off.

    Example:
        >>> import minitorch as torch
        >>> with torch.autograd.profiler.profile(enabled=False) as prof:
        ...     _ = torch.ones(3) * 2
        >>> prof.events()
        []
    """

    def __init__(self, enabled: bool = True, **options: Any) -> None:
        super().__init__()
        self.enabled = enabled
        if not enabled:
            self.current_action = ProfilerAction.NONE


class record_function:  # noqa: N801  (PyTorch's name)
    """Times a ``with`` block as one event of the profile around it."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name

    def __enter__(self) -> record_function:
        self.profiles = [
            interpreter
            for interpreter in current.state.interpreters
            if isinstance(interpreter, profile)
        ]
        self.start = time.perf_counter()
        return self

    def __exit__(self, *exception: object) -> None:
        for each in self.profiles:
            each._note(self.name, self.start, 0)
