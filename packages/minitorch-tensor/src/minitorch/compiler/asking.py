"""Where Python asks for the values of a tensor while it is recorded."""

from __future__ import annotations

import dis
import functools
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from .._tensor import Tensor
from ..autograd.grad_mode import current, tell

__all__ = ["returned_at_once", "told_of_values", "values_asked"]

METHODS = (
    "__array__", "__bool__", "__complex__", "__dlpack__", "__float__", "__format__", "__index__",
    "__int__", "__repr__", "data_ptr", "item", "numpy", "storage", "tolist", "untyped_storage",
)  # fmt: skip


# instructions of Python's that hand on what they get
HANDING_ON = {
    "BUILD_CONST_KEY_MAP", "BUILD_LIST", "BUILD_MAP", "BUILD_TUPLE", "CACHE", "COPY", "LOAD_CONST",
    "LOAD_FAST", "LOAD_FAST_LOAD_FAST", "NOP", "PRECALL", "STORE_FAST", "SWAP",
}  # fmt: skip


def returned_at_once(frame: FrameType) -> bool:
    """Whether what ``x.item()`` gives, called now in ``frame``, goes into what the function returns
    and nowhere else: nothing is done to it, no branch depends on it."""
    items = 0  # methods that are loaded and not called yet
    for instruction in dis.get_instructions(frame.f_code):
        if instruction.offset <= frame.f_lasti:
            continue
        name = instruction.opname
        if name == "RETURN_VALUE":
            return True
        if name in ("LOAD_ATTR", "LOAD_METHOD"):
            if instruction.argval != "item":
                return False
            items += 1
        elif name == "CALL":
            if not items:  # of a function that gets the number
                return False
            items -= 1
        elif name not in HANDING_ON:
            return False
    return False


# modules whose functions make tensors of numbers, and what they call a tensor that is to be like
MAKING = {
    f"minitorch.{name}"
    for name in (
        "ops.creation", "ops.diagonals", "ops.fft", "ops.from_data", "ops.ranges", "ops.windows",
        "random.functions", "random.implicit",
    )
}  # fmt: skip
LIKE = {"input", "self", "result", "tensor"}
HANDED_ON = {"args", "kwargs"}  # by wrappers, to the function that names them


def values_asked() -> bool:
    """Whether the function that makes a tensor now was given others for their values, as
    ``tensor([x[0], 1])`` and ``full_like(x, x.max())`` are: its arguments are on the stack."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("minitorch."):
        if frame.f_globals["__name__"] in MAKING:
            for name, value in frame.f_locals.items():
                if name not in LIKE | HANDED_ON and _has_tensor(value):
                    return True
        frame = frame.f_back
    return False


def _has_tensor(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_has_tensor, value))
    return isinstance(value, Tensor)


class told_of_values:  # noqa: N801  (a context manager)
    """Within it these methods tell the recorders of their thread: the methods are others as long as
    there is such a block, so that they cost nothing otherwise."""

    _blocks = 0
    _lock = threading.Lock()
    _originals: dict[str, Any] = {}  # noqa: RUF012  (one for all)

    def __enter__(self) -> None:
        kind = type(self)
        with self._lock:
            kind._blocks += 1
            if kind._blocks == 1:
                for name in METHODS:
                    self._originals[name] = vars(Tensor)[name]
                    setattr(Tensor, name, _telling(name, self._originals[name]))

    def __exit__(self, *exception: object) -> None:
        kind = type(self)
        with self._lock:
            kind._blocks -= 1
            if not kind._blocks:
                for name, original in self._originals.items():
                    setattr(Tensor, name, original)


@functools.lru_cache(maxsize=64)
def _telling(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if current.state.recording:
            made = original(self, *args, **kwargs)
            tell("reading", f"{name}()", self, made, sys._getframe(1))
            return made
        return original(self, *args, **kwargs)

    return method
