"""What runs while a function is recorded: the user's code, and calls that give something new."""

from __future__ import annotations

import gc
import os
import re
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, partial
from types import CodeType, FrameType, FunctionType, GeneratorType, ModuleType
from typing import Any

import numpy as np

from .._types.dtype import dtype
from ..autograd.variable import Variable
from .reads import ASKING, BY_NAME, attribute_asked

__all__ = ["Watch", "owner", "uncollected", "unwatched"]

# Of the standard library: they look at what is no value of the program, or act on it.
IMPURE = {
    "_pydatetime", "_thread", "asyncio", "concurrent", "datetime", "faulthandler", "gc", "glob",
    "io", "logging", "multiprocessing", "os", "pathlib", "queue", "random", "sched", "secrets",
    "select", "shutil", "signal", "socket", "ssl", "subprocess", "sys", "tempfile", "threading",
    "time", "tracemalloc", "urllib", "uuid", "weakref",
}  # fmt: skip
# those that read the environment
OF_ENVIRONMENT = {
    "_Environ.__getitem__", "_Environ.__iter__", "_Environ.__len__", "getenv",
    "_createenviron.<locals>.decode", "_createenviron.<locals>.encode",
}  # fmt: skip
IMPURE_BUILTINS = {
    "__import__", "breakpoint", "compile", "eval", "exec", "globals", "id", "input", "locals",
    "open", "print",
}  # fmt: skip
# Modules of C functions whose results are functions of their arguments.
PURE = {
    "_abc", "_bisect", "_collections", "_functools", "_heapq", "_operator", "_statistics",
    "_string", "_struct", "binascii", "cmath", "itertools", "math", "operator", "zlib",
}  # fmt: skip
PURE_TYPES: tuple[Any, ...] = (
    str, bytes, bytearray, int, float, complex, list, tuple, dict, set, frozenset, deque, range,
    slice, type(None), memoryview, property, BaseException, GeneratorType, re.Pattern, re.Match,
    type({}.keys()), type({}.values()), type({}.items()),
    np.ndarray, np.generic, np.dtype, np.ufunc, Variable, dtype,
    ContextVar,  # whose value is guarded
)  # fmt: skip
# Ours, that the recorder is not told of: module, or module and function.
OURS = {
    "minitorch.hub", "minitorch.multiprocessing", "minitorch.profiler",
    "minitorch.random.generator", "minitorch.safetensors", "minitorch.serialization",
    "minitorch.utils.data", "minitorch.distributed",
}  # fmt: skip
OUR_FUNCTIONS = {
    "fork_rng", "get_autocast_cpu_dtype", "get_autocast_dtype", "get_deterministic_debug_mode",
    "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads",
    "get_printoptions", "get_rng_state", "initial_seed", "is_anomaly_check_nan_enabled",
    "is_deterministic_algorithms_warn_only_enabled", "is_multithreading_enabled",
    "is_warn_always_enabled", "manual_seed", "seed", "set_autocast_cache_enabled",
    "set_autocast_cpu_dtype", "set_autocast_cpu_enabled", "set_autocast_dtype",
    "set_autocast_enabled", "set_default_device", "set_default_dtype", "set_default_tensor_type",
    "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal",
    "set_kernels", "set_num_interop_threads", "set_num_threads", "set_printoptions",
    "set_rng_state", "set_warn_always", "use_deterministic_algorithms",
}  # fmt: skip
TRUSTED = {"minitorch", "numpy", "torch"}  # classes say that they are torch's
warn = warnings.warn


@lru_cache(maxsize=1024)
def owner(module: str) -> str:
    """Whose code a module is: "ours" (NumPy's, too), "python" (the standard library's) or
    "user"."""
    root = module.partition(".")[0]
    if root in TRUSTED:
        return "ours"
    return "python" if root in sys.stdlib_module_names and root != "__main__" else "user"


class Watch:
    """A ``with`` block in which the profiler of this thread tells ``ran(code, globals, owner)`` of
    each code object that starts, once, and ``asked(object, name)`` of an attribute that ``getattr``
    or its kin are about to be asked for (see ``attribute_asked``); ``reason`` is the first call
    that forbids a program.

    A profiler that is there already goes on, but one in C, such as cProfile, only after the block.
    """

    def __init__(
        self,
        ran: Callable[[CodeType, dict[str, Any], str], None],
        asked: Callable[[Any, str | None], None],
    ) -> None:
        self.ran, self.asked = ran, asked
        self.reason: str | None = None
        self.environment = False  # whether it is read
        self.codes: dict[int, CodeType] = {}  # a code object hashes slowly

    def __enter__(self) -> Watch:
        self.before: Any = sys.getprofile()
        before = self.before if callable(self.before) else None
        seen, users, started, called = self.codes, set[int](), self._started, self._called
        self.users = users

        def event(frame: FrameType, event: str, arg: Any) -> None:
            try:
                if event == "call":
                    if id(frame.f_code) not in seen:
                        started(frame)
                elif event == "c_call" and (id(frame.f_code) in users or arg is warn):
                    called(frame, arg)
            except Exception as error:  # of objects that cannot be looked at; it is not the user's
                self.reason = self.reason or f"what it reads raises {type(error).__name__}: {error}"
            if before is not None:
                before(frame, event, arg)  # type: ignore[arg-type]

        sys.setprofile(event)
        return self

    def __exit__(self, *exception: object) -> None:
        if self.before is None or callable(self.before):
            sys.setprofile(self.before)
        else:
            self.before.enable()

    def _started(self, frame: FrameType) -> None:
        module = frame.f_globals.get("__name__") or ""
        code, whose = frame.f_code, owner(module)
        if whose == "ours":
            if _acts(module, code.co_name):
                if _caller(frame) is not None:
                    self._refuse(frame, f"{module}.{code.co_qualname}")
                return  # whoever calls it next may be another
            self.codes[id(code)] = code
        elif _importing(frame):
            return  # runs once
        elif whose == "python":
            caller = _caller(frame)
            if caller is None:  # ours: what it does is known
                return
            if module == "os" and code.co_qualname in OF_ENVIRONMENT:
                self.environment = True
            elif module.partition(".")[0] in IMPURE:
                self._refuse(frame, f"{module}.{code.co_qualname}")
                return
            self.codes[id(code)] = code
            if ASKING.intersection(code.co_names):
                self.users.add(id(code))
        else:
            self.codes[id(code)] = code
            self.users.add(id(code))
        self.ran(code, frame.f_globals, whose)

    def _called(self, frame: FrameType, function: Any) -> None:
        if function is warn:
            self._refuse(frame, "warnings.warn")
            return
        if function in BY_NAME:
            self.asked(*attribute_asked(frame))
            return
        if owner(frame.f_globals.get("__name__") or "") == "python":
            return
        of = function.__self__
        if of is None or isinstance(of, ModuleType):
            module = function.__module__ or ""
            if module == "builtins":
                if function.__name__ in IMPURE_BUILTINS:
                    self._refuse(frame, function.__name__)
            elif module not in PURE and module.partition(".")[0] not in TRUSTED:
                self._refuse(frame, f"{module}.{function.__qualname__}")
        elif isinstance(of, type):
            if not issubclass(of, PURE_TYPES) and not _of_object(function):
                self._refuse(frame, function.__qualname__)
        elif not isinstance(of, PURE_TYPES) and not _of_object(function):
            self._refuse(frame, function.__qualname__)

    def _refuse(self, frame: FrameType, what: str) -> None:
        if self.reason is None:
            user = _user(frame)
            self.reason = f"{user}calls {what}()" if user else f"{what}() is called"


@contextmanager
def uncollected() -> Iterator[None]:
    """Within it no garbage is collected: finalizers of other objects are not the function's, and of
    all that is made for a program little is garbage."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class unwatched:  # noqa: N801  (a context manager)
    """Within it the profiler is told of nothing: what runs is ours. If it is a ``primitive`` that
    runs code of the user's, the profiler is told."""

    def __init__(self, primitive: Any = None) -> None:
        self.profile = sys.getprofile()
        self.instead = self.profile if primitive is not None and _is_users(primitive) else None

    def __enter__(self) -> unwatched:
        sys.setprofile(self.instead)
        return self

    def __exit__(self, *exception: object) -> None:
        sys.setprofile(self.profile)

    def but(self, function: Callable[..., Any], *args: Any) -> Any:
        """``function(*args)``, of which the profiler is told."""
        sys.setprofile(self.profile)
        try:
            return function(*args)
        finally:
            sys.setprofile(self.instead)


@lru_cache(maxsize=1024)
def _is_users(primitive: Any) -> bool:
    """Whether its kernel, or a rule, runs code of the user's."""
    return any(map(_runs_users_code, (primitive.kernel, primitive.joint, *primitive.rules)))


def _runs_users_code(function: Any) -> bool:
    if isinstance(function, partial):
        return _runs_users_code(function.func)
    if not isinstance(function, FunctionType):
        return owner(type(function).__module__) == "user"
    if owner(function.__globals__.get("__name__") or "") == "user":
        return True
    return any(_runs_users_code(cell.cell_contents) for cell in function.__closure__ or ())


def _of_object(function: Any) -> bool:
    """Methods that every object has, or every class."""
    return str(function.__qualname__).startswith(("object.", "type."))


def _acts(module: str, function: str) -> bool:
    return function in OUR_FUNCTIONS or _module_acts(module)


@lru_cache(maxsize=1024)
def _module_acts(module: str) -> bool:
    return any(module == name or module.startswith(name + ".") for name in OURS)


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_globals.get("__name__") == "importlib._bootstrap":
            return True
        frame = frame.f_back
    return False


def _caller(frame: FrameType) -> FrameType | None:
    """The user's frame that called this one, through the standard library alone; else None."""
    above = frame.f_back
    while above is not None:
        whose = owner(above.f_globals.get("__name__") or "")
        if whose != "python":
            return above if whose == "user" else None
        above = above.f_back
    return None


def _user(frame: FrameType | None) -> str:
    """Where the user's program is: "train.py:12 "."""
    while frame is not None:
        if owner(frame.f_globals.get("__name__") or "") == "user":
            return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno} "
        frame = frame.f_back
    return ""
