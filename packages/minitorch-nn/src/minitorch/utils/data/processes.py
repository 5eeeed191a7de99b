"""The main process's side of the workers: it starts them, talks to them and sees them end."""

from __future__ import annotations

import multiprocessing
import os
import time
import warnings
import weakref
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from .fetch import Fetcher
from .worker import GRACE, receive, work

__all__ = ["Workers"]

# this process's ends of the pipes to all workers
_ends: weakref.WeakSet[Any] = weakref.WeakSet()


def _close_ends() -> None:
    # a forked process would keep them open, and a worker would not see that the main one is gone
    for end in list(_ends):
        end.close()
    _ends.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_ends)


class Workers:
    """Processes that fetch data; they end with ``stop``, with this object, or with this process."""

    def __init__(
        self,
        count: int,
        fetcher: Fetcher,
        base_seed: int,
        init: Callable[[int], None] | None,
        context: Any,
    ) -> None:
        context = context or multiprocessing.get_context()
        self.processes: list[Any] = []
        self.asking: list[Connection] = []
        self.listening: list[Connection] = []
        self.stop = weakref.finalize(
            self, _stop, os.getpid(), self.processes, self.asking, self.listening
        )
        for id in range(count):
            asked, asking = context.Pipe(duplex=False)
            listening, ready = context.Pipe(duplex=False)
            _ends.update((asking, listening))
            process = context.Process(
                target=work,
                args=(asked, ready, fetcher, base_seed, init, id, count),
                name=f"minitorch-data-{id}",
                daemon=True,
            )
            try:
                with warnings.catch_warnings():
                    # Python warns of forks in a process with threads: BLAS has some, and stops
                    # and restarts them itself
                    warnings.filterwarnings("ignore", "This process", DeprecationWarning)
                    process.start()
            except BaseException:  # Ctrl-C too: no worker stays behind
                self.stop()
                raise
            finally:
                asked.close()
                ready.close()
            self.processes.append(process)
            self.asking.append(asking)
            self.listening.append(listening)

    def ask(self, worker: int, task: Any) -> None:
        try:
            self.asking[worker].send(task)
        except OSError:
            raise self._died(worker) from None

    def receive(self, timeout: float) -> Any:
        """The next message of any worker.

        Raises:
            RuntimeError: none came in ``timeout`` seconds (0: no limit), or a worker died.
        """
        ready = wait(self.listening, timeout or None)
        if not ready:
            raise RuntimeError(f"DataLoader timed out after {timeout} seconds")
        listening: Any = ready[0]
        try:
            return receive(listening)
        except (EOFError, OSError):
            raise self._died(self.listening.index(listening)) from None

    def _died(self, worker: int) -> RuntimeError:
        process = self.processes[worker]
        process.join(1)
        return RuntimeError(
            f"DataLoader worker {worker} (pid {process.pid}) exited unexpectedly, with exit code "
            f"{process.exitcode}"
        )


def _stop(
    owner: int, processes: list[Any], asking: list[Connection], listening: list[Connection]
) -> None:
    if os.getpid() != owner:  # a forked copy
        return
    for connection in asking:
        with suppress(OSError):
            connection.send(None)
    for connection in (*asking, *listening):
        connection.close()
    deadline = time.monotonic() + GRACE
    for process in processes:
        process.join(max(deadline - time.monotonic(), 0))
    for process in processes:
        if process.exitcode is None:
            process.terminate()
            process.join(1)
        if process.exitcode is None:
            process.kill()
            process.join()
        process.close()
    processes.clear()
