"""What is said where dtypes do not fit. Arrays and tensors alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["check_float", "check_same", "of_floats"]


def check_float(x: Any, name: str) -> None:
    """Raises where ``x`` holds anything but real floating-point numbers.

    Raises:
        NotImplementedError: as PyTorch does.
    """
    kind = getattr(x.dtype, "numpy", x.dtype).kind
    if kind not in "fV":
        mend = "" if kind == "c" else ": convert it first, as with .float()"
        raise NotImplementedError(f'"{name}" not implemented for {x.dtype}{mend}')


def check_same(name: str, x: Any, **others: Any) -> None:
    """Raises where one of ``others``, but for those that are None, has another dtype than ``x``.

    Raises:
        RuntimeError: as PyTorch does.
    """
    for what, other in others.items():
        if other is not None and other.dtype != x.dtype:
            raise RuntimeError(
                f"{name}: mixed dtypes: the input is {x.dtype}, but {what} is {other.dtype}; "
                "convert one of them, as with .float() or .double()"
            )


def of_floats(kernel: Callable[..., Any], name: str, kinds: str = "fV") -> Callable[..., Any]:
    """``kernel``, which refuses a first argument that is not of NumPy's ``kinds``."""

    def checked(x: Any, *params: Any) -> Any:
        if x.dtype.kind not in kinds:
            check_float(x, name)
        return kernel(x, *params)

    return checked
