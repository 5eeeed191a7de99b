"""How many threads one matrix product takes: BLAS has threads of its own.

Where our threads multiply matrices each, those of BLAS have to stand still: they would wait for one
another, and a product of small matrices then takes ten times as long.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .parallel import WORTH, over_rows

PREFIXES = ("scipy_openblas", "openblas")  # NumPy's own wheels; a system's library
SUFFIXES = ("64_", "", "_64")

_lock = threading.Lock()
_inside = 0
_threads = 1
_found: Any = None


def _controls() -> Any:
    """The library's (get, set) of its number of threads; () where there is none."""
    global _found
    if _found is None:
        _found = ()
        try:
            import ctypes

            module = importlib.import_module("numpy._core._multiarray_umath")
            library = ctypes.CDLL(module.__file__)  # a name is sought in what it is linked to, too
        except (ImportError, OSError):
            return _found
        for prefix in PREFIXES:
            for suffix in SUFFIXES:
                get = getattr(library, f"{prefix}_get_num_threads{suffix}", None)
                put = getattr(library, f"{prefix}_set_num_threads{suffix}", None)
                if get is not None and put is not None:
                    _found = get, put
                    return _found
    return _found


def set_num_threads(threads: int) -> None:
    """Tells the library, where it can be told."""
    global _threads
    controls = _controls()
    with _lock:
        _threads = threads
        if controls and not _inside:
            controls[1](threads)


@contextmanager
def alone() -> Iterator[None]:
    """Matrix products inside take one thread each, so that several threads can take products."""
    global _inside, _threads
    controls = _controls()
    if not controls:
        yield
        return
    get, put = controls
    with _lock:
        _inside += 1
        if _inside == 1:
            _threads = get()
            put(1)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                put(_threads)


def products_over_rows(work: Callable[[int, int], None], rows: int, size: int) -> None:
    """``parallel.over_rows`` for work that takes matrix products: four multiply-adds count one."""
    if rows == 1 or size < WORTH or not _controls():
        work(0, rows)
        return
    with alone():
        over_rows(work, rows, size)
