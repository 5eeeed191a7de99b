"""What NumPy's BLAS offers beyond matrix products: its threads, and a x + b y.

Where our threads multiply matrices each, those of BLAS have to stand still: they would wait for one
another, and a product of small matrices then takes ten times as long. And where BLAS' threads share
a product they are kept off the core of the thread that asks for it, for the reason that
``parallel`` gives: without that, after a pause, they share it for a tenth of a second.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from .affinity import core_reader, usable_cores
from .openblas import short_waits

PREFIXES = ("scipy_", "")  # NumPy's own wheels; a system's library
SUFFIXES = ("64_", "", "_64")
SHARED = 1 << 20  # multiply-adds of a product that several threads share, roughly

_lock = threading.Lock()
_inside = 0
_threads = 1
_left = -1  # the core that the library's threads are kept off


def _forget() -> None:  # a forked child has no thread that would release the lock
    global _lock, _inside
    _lock, _inside = threading.Lock(), 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@cache
def _library() -> Any:
    """What finds the library's functions by their names."""
    try:
        import ctypes

        module = importlib.import_module("numpy._core._multiarray_umath")
        return ctypes.CDLL(module.__file__)  # a name is sought in what it is linked to, too
    except (ImportError, OSError, AttributeError):  # linked statically, it has no file
        return None


@cache
def _function(name: str) -> Any:
    """The library's function, and whether it counts in 64 bits; None where there is none."""
    library = _library()
    for prefix in PREFIXES:
        for suffix in SUFFIXES:
            function = getattr(library, f"{prefix}{name}{suffix}", None)
            if function is not None:
                return function, "64" in suffix
    return None


def address(name: str) -> tuple[int, bool] | None:
    """Where the library's function is, and whether it counts in 64 bits; None if there is none."""
    found = _function(name)
    if found is None:
        return None
    import ctypes

    return ctypes.cast(found[0], ctypes.c_void_p).value or 0, found[1]


@cache
def shorten_spin() -> None:
    """``openblas`` for a NumPy that was imported before, as long as its library says how.

    The time is read when threads are started, so they are stopped, as the library does at a fork;
    the next product starts them. Not while other threads may multiply.
    """
    kind, given = _function("openblas_get_parallel"), _function("openblas_thread_timeout")
    read, stop = _function("openblas_read_env"), _function("blas_thread_shutdown_")
    if not (kind and given and read and stop) or threading.active_count() > 1:
        return
    if kind[0]() == 1 and not given[0]() and os.name == "posix":  # threads of its own
        _anew()
        with short_waits():
            read[0]()
            stop[0]()


@cache
def controls() -> Any:
    """The library's (get, set) of its number of threads; () where there is none."""
    found = [_function(f"openblas_{verb}_num_threads") for verb in ("get", "set")]
    return tuple(function for function, _ in found) if all(found) else ()


@cache
def _keeper() -> Any:
    """``f(core, cores)``, which keeps the library's threads on the cores but that one, and tells
    whether there are any yet; None where it cannot be done."""
    kind, keep = _function("openblas_get_parallel"), _function("openblas_setaffinity")
    if not (kind and keep and controls()) or kind[0]() != 1:  # 1: threads of its own
        return None
    import ctypes

    try:
        running = ctypes.c_int.in_dll(_library(), "blas_server_avail")
    except ValueError:
        return None

    def keep_off(core: int, cores: set[int]) -> bool:
        if not running.value:  # its function does not ask
            return False
        threads = controls()[0]() - 1  # the last is the one that calls
        if 0 < threads < len(cores):
            cores = cores - {core}
        mask = (ctypes.c_uint64 * (max(cores) // 64 + 1))()
        for core in cores:
            mask[core // 64] |= 1 << core % 64
        for thread in range(threads):
            keep[0](thread, ctypes.c_size_t(ctypes.sizeof(mask)), mask)
        return True

    return keep_off


def threads_off_this_core() -> None:
    """Keeps the library's threads off the core of this thread: to be called before products of
    SHARED multiply-adds or more. It takes 0.3 us where this thread is still on the same core."""
    global _left
    core = core_reader()
    here = -1 if core is None else core()
    if here == _left:
        return
    keep, cores = _keeper(), usable_cores()
    if len(cores) == 1:  # there is no other, or this thread is kept on one for a while
        return
    with _lock:
        if not _inside and (not keep or keep(here, cores)):
            _left = here


def _anew() -> None:
    """Has ``threads_off_this_core`` look again: there are new threads."""
    global _left
    _left = -1


@cache
def _axpby(dtype: np.dtype[Any]) -> Any:
    """The library's ``y = a x + b y`` as ``f(a, x, b, y)``; None where there is none."""
    letter = {np.dtype("f4"): "s", np.dtype("f8"): "d"}.get(dtype)
    found = _function(f"cblas_{letter}axpby") if letter else None
    if not found:
        return None
    import ctypes

    function, wide = found
    count = ctypes.c_int64 if wide else ctypes.c_int32
    number = ctypes.c_float if letter == "s" else ctypes.c_double
    line = [number, ctypes.c_void_p, count]  # a factor, elements and how far they are apart
    function.argtypes, function.restype = [count, *line, *line], None

    def pointer(x: Any) -> Any:  # the first takes a third of the time, but not read-only memory
        writeable = x.flags.writeable
        return ctypes.byref(ctypes.c_char.from_buffer(x)) if writeable else x.ctypes.data

    return lambda a, x, b, y: function(y.size, a, pointer(x), 1, b, pointer(y), 1)


def axpby(a: float, x: Any, b: float, y: Any, room: Any) -> Any:
    """``y = a x + b y`` in one pass; only ``b y`` and the sum are rounded.

    ``x`` and ``y`` are contiguous lines of one dtype; ``room`` takes ``a x`` where BLAS cannot do
    it.
    """
    if type(y) is not np.ndarray:  # a proxy of one, which is recorded
        return y.whole(axpby, (a, x, b, y, room), writes=(y, room))
    run = _axpby(y.dtype)
    plain = x.nbytes == y.nbytes and 0 < y.size < 1 << 31
    if run is None or not (plain and a and b):  # to BLAS, 0 nan is 0
        np.multiply(x, a, room)
        return np.add(y if b == 1 else np.multiply(y, b, y), room, y)
    run(float(a), x, float(b), y)
    return y


def set_num_threads(threads: int) -> None:
    """Tells the library, where it can be told."""
    global _threads
    found = controls()
    _anew()
    with _lock:
        _threads = threads
        if found and not _inside:
            found[1](threads)


@contextmanager
def single_threaded() -> Iterator[None]:
    """Matrix products inside take one thread each, so that several threads can take products."""
    global _inside, _threads
    found = controls()
    if not found:
        yield
        return
    get, put = found
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
        threads_off_this_core()
