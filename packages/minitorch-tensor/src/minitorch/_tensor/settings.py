"""PyTorch's switches and look-ups that programs call, and what they mean here."""

from __future__ import annotations

import os
import warnings
from math import e, inf, nan, pi
from typing import Any

from .._types.device import chosen, default_device
from .._types.device import device as Device
from .._types.dtype import ALL, set_default_dtype
from ..kernels import blas, parallel
from ..kernels.choice import get_kernels, set_kernels
from ..ops.creation import unset

__all__ = [
    "are_deterministic_algorithms_enabled",
    "e",
    "get_default_device",
    "get_deterministic_debug_mode",
    "get_float32_matmul_precision",
    "get_kernels",
    "get_num_interop_threads",
    "get_num_threads",
    "inf",
    "is_deterministic_algorithms_warn_only_enabled",
    "is_warn_always_enabled",
    "nan",
    "newaxis",
    "pi",
    "set_default_device",
    "set_default_tensor_type",
    "set_deterministic_debug_mode",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_kernels",
    "set_num_interop_threads",
    "set_num_threads",
    "set_warn_always",
    "use_deterministic_algorithms",
]


newaxis = None


def get_default_device() -> Device:
    """Where this thread makes tensors unless told else: on the CPU, or what ``with device(...):``
    says.
    """
    return default_device()


def set_default_device(device: Device | str | int | None) -> None:
    """Where tensors are made from now on unless told else; None: on the CPU.

    Example:
        >>> import minitorch
        >>> minitorch.set_default_device("meta")
        >>> minitorch.ones(2)
        tensor(..., device='meta', size=(2,))
        >>> minitorch.set_default_device(None)
    """
    place = None if device is None else Device(device)
    chosen[:] = [each for each in chosen if each[0] is not None]
    if place is not None:
        chosen.insert(0, (None, place))


def set_default_tensor_type(t: Any) -> None:
    """Sets the default dtype by a type's name, such as ``"torch.DoubleTensor"``."""
    warnings.warn(
        "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use "
        "torch.set_default_dtype() as alternative.",
        stacklevel=2,
    )
    name = t if isinstance(t, str) else f"torch.{getattr(t, '__name__', t)}"
    for dtype in ALL:
        if name == f"torch.{dtype.type_name}Tensor":
            set_default_dtype(dtype)
            return
    raise TypeError(f"invalid type object: {t!r}; it is the name of a type: 'torch.FloatTensor'")


def get_num_threads() -> int:
    """The number of threads that one operation may use."""
    return parallel.get_num_threads()


def set_num_threads(threads: int) -> None:
    """Sets how many threads one operation may use: of ours, and of the library that NumPy
    multiplies matrices with where that can be told. Where nothing is set, all cores are used;
    the environment variable ``MINITORCH_NUM_THREADS`` sets it from outside. More than four for
    each core, and than 64, become so many.

    On Linux our threads keep to cores of their own while they share an operation: the calling
    thread, too, has its affinity narrowed meanwhile, and then gets back what it had. The library's
    threads stay off the core of the thread that last asked for a large product.

    Raises:
        RuntimeError: not a positive integer.

    Example:
        >>> import minitorch
        >>> before = minitorch.get_num_threads()
        >>> minitorch.set_num_threads(1)
        >>> minitorch.get_num_threads()
        1
        >>> minitorch.set_num_threads(before)
    """
    if not isinstance(threads, int) or threads < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, but got {threads!r}")
    parallel.set_num_threads(threads)
    blas.set_num_threads(parallel.get_num_threads())


if _wanted := os.environ.get("MINITORCH_NUM_THREADS", "").strip():
    if not (_wanted.isascii() and _wanted.isdecimal() and _wanted.strip("0")):
        raise ValueError(
            f"MINITORCH_NUM_THREADS must be a positive integer, but is {_wanted[:80]!r}"
        )
    set_num_threads(int(_wanted.lstrip("0")[:9]))  # more are too many, whatever follows


def get_num_interop_threads() -> int:
    """1: operations run one after the other."""
    return 1


def set_num_interop_threads(threads: int) -> None:
    """Does nothing: operations run one after the other.

    Raises:
        RuntimeError: ``threads`` is no int, or not positive.
    """
    if not isinstance(threads, int):
        raise RuntimeError(
            f"set_num_interop_threads expects an int, but got {type(threads).__name__}"
        )
    if threads < 1:
        raise RuntimeError("set_num_interop_threads expects a positive integer")


def get_float32_matmul_precision() -> str:
    """What was set last; products of float32 are computed in float32 in any case."""
    return _precision[0]


def set_float32_matmul_precision(precision: str) -> None:
    """How exact products of float32 have to be: at least ``"highest"``, ``"high"`` or ``"medium"``.

    They are computed in float32 in any case. Another word changes nothing, with a warning.
    """
    if precision in ("highest", "high", "medium"):
        _precision[0] = precision
    else:
        warnings.warn(f"{precision} is not one of 'highest', 'high', or 'medium'", stacklevel=2)


_precision = ["highest"]


# What programs set and read back; every operation here is deterministic in any case.
_set: dict[str, Any] = {"deterministic": False, "warn_only": False, "warn_always": False}
MODES = ("default", "warn", "error")


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Remembers the choice: every operation here is deterministic in any case. With True, ``empty``
    and its kin hold NaN or the largest number; see ``utils.deterministic``."""
    _set["deterministic"] = unset["deterministic"] = bool(mode)
    _set["warn_only"] = bool(warn_only)


def are_deterministic_algorithms_enabled() -> bool:
    """Whether ``use_deterministic_algorithms`` was asked for; they are used in any case."""
    return bool(_set["deterministic"])


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether ``use_deterministic_algorithms(..., warn_only=True)`` was asked for."""
    return bool(_set["warn_only"])


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2: what ``set_deterministic_debug_mode`` set."""
    return (1 if _set["warn_only"] else 2) if _set["deterministic"] else 0


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """``use_deterministic_algorithms`` by one of "default" (0), "warn" (1) and "error" (2).

    Raises:
        TypeError, RuntimeError: it is none of them.
    """
    if not isinstance(debug_mode, int | str):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if debug_mode not in (0, 1, 2, *MODES):
        raise RuntimeError(
            "invalid value of debug_mode, expected one of `default`, `warn`, `error`, 0, 1 or 2, "
            f"but got {debug_mode}"
        )
    mode = MODES.index(debug_mode) if isinstance(debug_mode, str) else debug_mode
    use_deterministic_algorithms(mode > 0, warn_only=mode == 1)


def set_flush_denormal(mode: bool) -> bool:
    """False: the processor's treatment of denormal numbers is left alone."""
    return False


def set_warn_always(b: bool, /) -> None:
    """Remembers the choice; Python's filters decide how often a warning is shown."""
    _set["warn_always"] = bool(b)


def is_warn_always_enabled() -> bool:
    """What ``set_warn_always`` set."""
    return bool(_set["warn_always"])
