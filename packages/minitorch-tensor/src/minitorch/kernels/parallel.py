"""More than one core for large arrays: NumPy lets other threads run while it computes.

A sleeping core takes some 45 us to wake up, and a thread that finds the interpreter's lock taken
sleeps as long. So work goes to the threads in few and long calls, one for each, and the thread
that hands it out, being awake, takes a little more than its share.

While they work, each is kept on a core of its own. Linux wakes a thread on the core of whoever
wakes it where the core that it had looks taken, and in a virtual machine a core that sleeps does:
both threads then share one core for milliseconds, and take twice as long.
"""

from __future__ import annotations

import contextvars
import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .affinity import core_reader, keep_on, usable_cores
from .blas import controls, shorten_spin, single_threaded, threads_off_this_core

# Work is counted in elements of a float32 product, of which a core does ten in a nanosecond.
WORTH = 1 << 20  # from here on a second thread is worth waking
HEAD_START = 200_000  # what this thread takes on top of its share
LINE = 64  # bytes: a cache line, and the widest vector
BLOCK = 1 << 19  # elements of which a kernel of many passes keeps its temporaries at a time

Work = Callable[[int, int], None]


def _default_threads() -> int:
    if sys.platform == "emscripten":  # the browser: no threads
        return 1
    return min(len(usable_cores()) or os.cpu_count() or 1, 8)


class _Worker(threading.Thread):
    """Waits for work as long as the process lives."""

    def __init__(self) -> None:
        super().__init__(name="minitorch", daemon=True)
        self.wanted, self.done = threading.Lock(), threading.Lock()
        self.wanted.acquire()
        self.done.acquire()
        self.task: Callable[[], None] | None = None
        self.cores: set[int] = set()  # where it is kept
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        while self.wanted.acquire() and self.task:
            try:
                self.task()
            except BaseException as error:
                self.error = error
            self.task = None
            self.done.release()

    def begin(self, work: Work, start: int, stop: int) -> None:
        # in the caller's context, so that NumPy's warnings stay as they are set there
        context = contextvars.copy_context()
        self.error = None
        self.task = lambda: context.run(work, start, stop)
        self.wanted.release()


MOST = max(64, 4 * (os.cpu_count() or 1))  # threads; more only cost
_threads = _default_threads()
_workers: list[_Worker] = []
_free = threading.Lock()  # taken while the workers have work


def _forget() -> None:  # a forked child has none of the threads
    global _free
    _workers.clear()
    _free = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def get_num_threads() -> int:
    return _threads


def set_num_threads(threads: int) -> None:
    global _threads
    _threads = min(threads, MOST)


def _apart(workers: Sequence[_Worker], cores: set[int]) -> set[int]:
    """Keeps the workers off the core of this thread, which may use ``cores``; the thread is to be
    kept on what is returned."""
    core = core_reader()
    if core is None:
        return set()
    here = {core()}
    rest = cores - here
    if len(rest) < len(workers):  # more threads than cores
        here = rest = cores
    for worker in workers:
        if worker.cores != rest and worker.native_id is not None:
            keep_on(worker.native_id, rest)
            worker.cores = rest
    return here


def over_rows(work: Work, rows: int, size: int) -> None:
    """Runs ``work(start, stop)`` over all rows, in one part per core where ``size`` is worth it.

    Where the workers are busy, as within ``work`` itself, all is done here.
    """
    parts = min(_threads, rows) if size >= WORTH else 1
    if parts == 1 or not _free.acquire(blocking=False):
        work(0, rows)
        return
    waiting: list[_Worker] = []
    cores: set[int] = set()
    here: set[int] = set()
    try:
        if not _workers:
            shorten_spin()
        while len(_workers) < parts - 1:
            try:
                _workers.append(_Worker())
            except RuntimeError:  # there are no more to be had, in WebAssembly none at all
                parts = len(_workers) + 1
        if parts == 1:
            work(0, rows)
            return
        rest = round((size - HEAD_START) * rows * (parts - 1) / (size * parts))
        rest = min(max(rest, parts - 1), rows - 1)  # the others' rows: one at least for each of us
        ends = [rows - rest + rest * k // (parts - 1) for k in range(parts)]
        used = _workers[: parts - 1]
        waiting = list(used)
        cores = usable_cores()
        here = _apart(used, cores)
        for worker, start, stop in zip(used, ends, ends[1:]):
            worker.begin(work, start, stop)
        try:
            if here:
                keep_on(0, here)
            work(0, ends[0])
        finally:
            while waiting:
                waiting[-1].done.acquire()
                waiting.pop()
        for worker in used:
            if worker.error is not None:
                raise worker.error
    finally:
        if waiting:  # an interrupt: they are still at work, others take their place
            _workers.clear()
        _free.release()
        if here:
            keep_on(0, cores)


def products_over_rows(work: Callable[[int, int], None], rows: int, size: int) -> None:
    """``over_rows`` for work that takes matrix products: four multiply-adds count one."""
    if rows == 1 or size < WORTH or not controls():
        threads_off_this_core()
        work(0, rows)
        return
    with single_threaded():
        over_rows(work, rows, size)


_local = threading.local()


def _aligned(rows: int, width: int, dtype: np.dtype[Any]) -> Any:
    """Memory whose rows begin with a LINE: NumPy computes there up to a third faster."""
    stride = -(-width * dtype.itemsize // LINE) * LINE
    memory = np.empty(rows * stride + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + rows * stride].reshape(rows, stride).view(dtype)


def scratch(count: int, shape: tuple[int, ...], dtype: Any) -> list[Any]:
    """``count`` arrays of this thread, which the next call gives again."""
    arrays = _local.__dict__
    size = 1
    for n in shape:
        size *= n
    found = arrays.get(dtype)
    if found is None or found.shape[1] < size or len(found) < count:
        rows, width = (0, 0) if found is None else found.shape
        arrays[dtype] = found = _aligned(max(rows, count), max(width, size), np.dtype(dtype))
    return list(found[:count, :size].reshape(count, *shape))
