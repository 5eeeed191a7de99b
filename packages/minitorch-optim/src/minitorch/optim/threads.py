"""A second thread for large parameters: NumPy frees the interpreter's lock as it computes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from minitorch.extend import current

__all__ = ["with_helper"]


class _Helper(threading.Thread):
    """Waits for work as long as the process lives."""

    def __init__(self) -> None:
        super().__init__(name="minitorch-optim", daemon=True)
        self.work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.start()

    def run(self) -> None:
        while True:
            self.work.get()()


_helper: _Helper | None = None


def _forget_helper() -> None:
    global _helper
    _helper = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_helper)


def with_helper(work: Callable[[int], None]) -> None:
    """Runs ``work(0)`` here and ``work(1)`` in the helper, and waits for both."""
    global _helper
    if _helper is None:
        _helper = _Helper()
    done = threading.Lock()
    done.acquire()
    errors: list[Any] = []

    def other() -> None:
        try:
            current.state.quiet(work, 1)
        except BaseException as error:  # raised again by the thread that asked
            errors.append(error)
        finally:
            done.release()

    _helper.work.put(other)
    try:
        work(0)
    finally:
        done.acquire()
    if errors:
        raise errors[0]
