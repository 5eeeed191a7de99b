"""Whose code a frame runs, the user's or ours; tracebacks end in the user's.

Where a call of the user's enters MiniTorch, ``except Exception as error: fold(error); raise`` takes
our frames out of the traceback; as a bare ``raise`` adds none, nothing of ours is left. That costs
nothing until something fails. Public functions without it are folded where a traceback is shown.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, TypeVar, cast

from .grad_mode import INTERPRETERS, current, tell

__all__ = ["fold", "fold_shown", "folding", "show_folded"]

F = TypeVar("F", bound=Callable[..., Any])

# Called by ours, these are not the user's either: NumPy within a kernel, threads and queues.
TOOLS = {"numpy", "scipy", "numba", "ml_dtypes", *sys.stdlib_module_names} - {"__main__"}
NOTE = "(MiniTorch's own frames are left out: MINITORCH_TRACEBACK=full shows them.)"

last_folded = 0  # the id of the error


def is_ours(frame: FrameType) -> bool:
    """Whether the frame runs code of MiniTorch's packages."""
    name = frame.f_globals.get("__name__") or ""
    return name.startswith("minitorch.") or name == "minitorch"


def _root(frame: FrameType) -> str:
    """The package that the frame's module is in."""
    return (frame.f_globals.get("__name__") or "").partition(".")[0]


def full() -> bool:
    """Whether the user wants to see our frames."""
    return os.environ.get("MINITORCH_TRACEBACK", "") == "full"


def without_ours(trace: TracebackType | None, inside: bool) -> TracebackType | None:
    """The traceback without our frames, and those of tools that ours called (``inside``)."""
    kept, others = [], False
    while trace is not None:
        frame = trace.tb_frame
        inside = is_ours(frame) or (inside and _root(frame) in TOOLS)
        if inside:
            others = True
        else:
            kept.append(trace)
        trace = trace.tb_next
    if not others and kept:
        return kept[0]
    made = None
    for each in reversed(kept):
        made = TracebackType(made, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return made


def _chain(error: BaseException | None) -> list[BaseException]:
    """The error, and those that it was raised from or beside."""
    found: list[BaseException] = []
    open_ends = [error]
    while open_ends:
        each = open_ends.pop()
        if each is not None and each not in found:
            found.append(each)
            open_ends += [each.__cause__, each.__context__]
    return found


def fold(error: BaseException) -> None:
    """Takes our frames out of the traceback of ``error``, which one of ours is about to raise
    again; the user's frames in between, of hooks and modules, stay."""
    global last_folded
    if current.state.flags >= INTERPRETERS:
        tell("raised", error)
    if full():
        return
    last_folded = id(error)
    error.__traceback__ = without_ours(error.__traceback__, True)
    for each in _chain(error)[1:]:
        each.__traceback__ = without_ours(each.__traceback__, False)


def folding(function: F) -> F:
    """``function``, whose errors leave it folded; for what takes longer than a call."""

    @functools.wraps(function)
    def folded(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            fold(error)
            raise

    return cast(F, folded)


def show_folded(
    show: Callable[..., Any], kind: Any, error: BaseException, trace: TracebackType | None
) -> None:
    """``show(kind, error, traceback)`` with tracebacks that end in the user's code. The error keeps
    its own, for debuggers."""
    if full() or not isinstance(error, Exception):
        show(kind, error, trace)
        return
    before = [(each, each.__traceback__) for each in _chain(error)]
    shorter = without_ours(trace, False) or trace
    try:
        for each, own in before:
            each.__traceback__ = without_ours(own, False) or own
        if any(each.__traceback__ is not own or id(each) == last_folded for each, own in before):
            print(NOTE, file=sys.stderr)
        show(kind, error, shorter)
    finally:
        for each, own in before:
            each.__traceback__ = own


def fold_shown() -> None:
    """Called once: what shows tracebacks from now on folds them. In a notebook that is IPython."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        if not shell.custom_exceptions:  # the user's own handler stays

            def in_shell(
                shell: Any, kind: Any, error: Any, trace: Any, tb_offset: Any = None
            ) -> None:
                def show(*shown: Any) -> None:
                    shell.showtraceback(shown, tb_offset=tb_offset)

                show_folded(show, kind, error, trace)

            shell.set_custom_exc((Exception,), in_shell)
        return
    hook, thread_hook = sys.excepthook, threading.excepthook

    def at_end(kind: Any, error: Any, trace: Any) -> None:
        show_folded(hook, kind, error, trace)

    def in_thread(args: Any) -> None:
        def show(kind: Any, error: Any, trace: Any) -> None:
            thread_hook(threading.ExceptHookArgs((kind, error, trace, args.thread)))

        if args.exc_value is None:
            thread_hook(args)
        else:
            show_folded(show, args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook, threading.excepthook = at_end, in_thread
