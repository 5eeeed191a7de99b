"""What kernels that compute in floats say to anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def check_float(x: Any, name: str) -> None:
    """Raises where ``x`` holds integers or bools.

    Raises:
        NotImplementedError: as PyTorch does.
    """
    if x.dtype.kind not in "fc":
        raise NotImplementedError(
            f'"{name}" not implemented for {x.dtype}: convert it first, as with .float()'
        )


def of_floats(kernel: Callable[..., Any], name: str) -> Callable[..., Any]:
    """``kernel`` with ``check_float`` on its first argument."""

    def checked(x: Any, *params: Any) -> Any:
        if x.dtype.kind != "f":
            check_float(x, name)
        return kernel(x, *params)

    return checked
