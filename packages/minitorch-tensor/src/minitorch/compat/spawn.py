"""``torch.multiprocessing.spawn``: one function in several processes."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

__all__ = [
    "ProcessContext", "ProcessException", "ProcessExitedException", "ProcessRaisedException",
    "SpawnContext", "spawn", "start_processes",
]  # fmt: skip


class ProcessException(Exception):  # noqa: N818 (PyTorch's name)
    """The process ``error_index`` failed."""

    def __init__(self, msg: str, error_index: int, error_pid: int) -> None:
        super().__init__(msg)
        self.msg, self.error_index, self.error_pid = msg, error_index, error_pid

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.msg, self.error_index, self.error_pid)


class ProcessRaisedException(ProcessException):
    """Its function raised; the message has the traceback."""


class ProcessExitedException(ProcessException):
    """It ended by a signal, or with an exit code that is not 0."""

    def __init__(
        self,
        msg: str,
        error_index: int,
        error_pid: int,
        exit_code: int,
        signal_name: str | None = None,
    ) -> None:
        super().__init__(msg, error_index, error_pid)
        self.exit_code, self.signal_name = exit_code, signal_name

    def __reduce__(self) -> tuple[Any, ...]:
        kind, args = super().__reduce__()
        return kind, (*args, self.exit_code, self.signal_name)


def _wrap(fn: Callable[..., Any], i: int, args: tuple[Any, ...], error_file: str) -> None:
    try:
        fn(i, *args)
    except KeyboardInterrupt:
        pass  # the parent was interrupted, too
    except Exception:
        Path(error_file).write_text(traceback.format_exc(), encoding="utf-8")
        sys.exit(1)


class ProcessContext:
    """Processes that were started together.

    Args:
        processes: they.
        error_files: where each writes the traceback if its function raises.
    """

    def __init__(self, processes: Sequence[Any], error_files: Sequence[str]) -> None:
        self.processes, self.error_files = processes, error_files
        self.sentinels = {process.sentinel: k for k, process in enumerate(processes)}

    def pids(self) -> list[int]:
        """Their numbers."""
        return [int(process.pid) for process in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Waits until one of them ends or ``timeout`` seconds are over; True when all have ended.

        Raises:
            ProcessRaisedException: the function of one raised; the others are terminated, after
                ``grace_period`` seconds.
            ProcessExitedException: one ended otherwise, as by a signal.
        """
        running = list(self.sentinels)
        for sentinel in multiprocessing.connection.wait(running, timeout) if running else ():
            failed = self.sentinels.pop(sentinel)
            self.processes[failed].join()
            if self.processes[failed].exitcode:
                self._end(grace_period)
                raise self._error(failed)
        return not self.sentinels

    def _end(self, grace_period: float | None) -> None:
        if grace_period is not None:
            self._wait(grace_period)
        for process in self.processes:
            process.terminate()
        self._wait(30 if grace_period is None else grace_period)
        for process in self.processes:
            process.kill()
            process.join()

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        for process in self.processes:
            process.join(max(0, end - time.monotonic()))

    def _error(self, k: int) -> ProcessException:
        pid, code = self.processes[k].pid, self.processes[k].exitcode
        written = Path(self.error_files[k])
        if written.exists():
            trace = written.read_text(encoding="utf-8")
            message = f"\n\n-- Process {k} terminated with the following error:\n{trace}"
            return ProcessRaisedException(message, k, pid)
        if code > 0:
            message = f"process {k} terminated with exit code {code}"
            return ProcessExitedException(message, k, pid, code)
        known = -code in set(signal.Signals)
        name = signal.Signals(-code).name if known else f"<Unknown signal {-code}>"
        message = f"process {k} terminated with signal {name}"
        return ProcessExitedException(message, k, pid, code, name)


class SpawnContext(ProcessContext):
    """The older name of ProcessContext."""

    def __init__(self, processes: Sequence[Any], error_files: Sequence[str]) -> None:
        warnings.warn("SpawnContext is renamed to ProcessContext since 1.4 release.", stacklevel=2)
        super().__init__(processes, error_files)


def start_processes(
    fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True,
    daemon: bool = False, start_method: str = "spawn",
) -> ProcessContext | None:  # fmt: skip
    """Runs ``fn(i, *args)`` in ``nprocs`` processes, ``i`` being the number of the process.

    With ``join=False`` returns them at once; otherwise waits for all.

    Raises:
        ProcessRaisedException: ``fn`` raised in one of them.
        ProcessExitedException: one of them ended otherwise.
    """
    processes, error_files = [], []
    context: Any = multiprocessing.get_context(start_method)
    for i in range(nprocs):
        handle, error_file = tempfile.mkstemp(prefix="minitorch-error-")
        os.close(handle)
        os.unlink(error_file)
        process = context.Process(target=_wrap, args=(fn, i, args, error_file), daemon=daemon)
        process.start()
        processes.append(process)
        error_files.append(error_file)
    started = ProcessContext(processes, error_files)
    if not join:
        return started
    while not started.join():
        pass
    return None


def spawn(
    fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True,
    daemon: bool = False, start_method: str = "spawn",
) -> ProcessContext | None:  # fmt: skip
    """``start_processes`` by a fresh interpreter each, in which ``fn`` can be imported."""
    if start_method != "spawn":
        warnings.warn(
            f"This method only supports start_method=spawn (got: {start_method}).\nTo use a "
            "different start_method use:\n\t\t torch.multiprocessing.start_processes(...)",
            FutureWarning,
            stacklevel=2,
        )
    return start_processes(fn, args, nprocs, join, daemon)
