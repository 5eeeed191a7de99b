"""More than one core for large arrays: NumPy lets other threads run while it computes."""

from __future__ import annotations

import contextvars
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

WORTH = 1 << 18  # elements from which a second thread pays for its start of some 50 us

_affinity = getattr(os, "sched_getaffinity", None)  # fewer than all in a container; Linux only
_cores = min(len(_affinity(0)) if _affinity else os.cpu_count() or 1, 8)
_pool: ThreadPoolExecutor | None = None


def _forget() -> None:  # a forked child has none of the threads
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def over_rows(work: Callable[[int, int], None], rows: int, size: int) -> None:
    """Runs ``work(start, stop)`` over all rows, in one part per core where ``size`` is worth it."""
    global _pool
    parts = min(_cores, rows) if size >= WORTH else 1
    if parts == 1:
        work(0, rows)
        return
    if _pool is None:
        from concurrent.futures import ThreadPoolExecutor  # takes 10 ms: when first wanted

        _pool = ThreadPoolExecutor(_cores - 1, "minitorch")
    ends = [rows * k // parts for k in range(parts + 1)]
    waiting = [
        # in this thread's context, so that NumPy's warnings stay as they are set here
        _pool.submit(contextvars.copy_context().run, work, ends[k], ends[k + 1])
        for k in range(1, parts)
    ]
    work(ends[0], ends[1])
    for each in waiting:
        each.result()
