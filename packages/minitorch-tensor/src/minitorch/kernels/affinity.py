"""Cores: which ones a thread may use, which one it is on; asked for, where the system tells."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

__all__ = ["core_reader", "keep_on", "usable_cores"]


def usable_cores() -> set[int]:
    """The numbers of the cores that this thread may use, where the system tells: on Linux."""
    ask = getattr(os, "sched_getaffinity", None)
    return ask(0) if ask is not None else set()


def keep_on(thread: int, cores: set[int]) -> None:
    """Lets a thread use these cores alone, if the system lets us say so."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError, OSError):
            os.sched_setaffinity(thread, cores)


@cache
def core_reader() -> Callable[[], int] | None:
    """What tells the number of the core that runs this thread; None where nothing does."""
    try:
        import ctypes

        found: Any = ctypes.CDLL(None).sched_getcpu
    except (ImportError, OSError, AttributeError, TypeError):
        return None
    return found if sys.platform == "linux" and found() >= 0 else None
