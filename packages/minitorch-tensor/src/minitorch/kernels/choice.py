"""Which kernels run: NumPy's, or compiled ones that compute the same.

Who has a kernel of which there is a compiled one offers it, with a way to put another in its place.
So the choice costs nothing where a kernel is called.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import update_wrapper
from importlib import import_module
from typing import Any, Literal, cast

Kernel = Callable[..., Any]
Name = Literal["numpy", "numba"]


def _known(name: str) -> Name:
    if name not in ("numpy", "numba"):
        raise ValueError(f"kernels are 'numpy' or 'numba', but got {name!r}")
    return cast(Name, name)


chosen = _known(os.environ.get("MINITORCH_KERNELS") or "numpy")
_offers: list[tuple[str, Kernel, Callable[[Kernel], None]]] = []


def offer(name: str, kernel: Kernel, put: Callable[[Kernel], None]) -> None:
    """``put(other)`` puts another kernel in the place of ``kernel``, by default NumPy's.

    Args:
        name: where in ``kernels.numba`` the other one is made: ``"module.function"``, a function of
            ``kernel``, to which it leaves what it is not for.
    """
    _offers.append((name, kernel, put))
    if chosen != "numpy":
        put(_compiled(name, kernel))


def _compiled(name: str, kernel: Kernel) -> Kernel:
    module, _, function = name.partition(".")
    make = getattr(import_module(f"{__package__}.numba.{module}"), function)
    made: Any = update_wrapper(make(kernel), kernel)  # a rule's parameter names say what it saves
    made.by_numba = True
    return cast(Kernel, made)


def set_kernels(kernels: Name) -> None:
    """Chooses the kernels that operations run from now on, in all threads.

    Args:
        kernels: ``"numpy"``, or ``"numba"``: kernels that Numba compiles, one pass over memory
            where NumPy takes several, for layer, batch and group norm, softmax, the activations
            made of exponentials, cross entropy, LSTM and GRU, embeddings and optimizers. Their
            results equal NumPy's but for rounding. The first call of each takes about a second
            to compile it, in later processes milliseconds. ``MINITORCH_KERNELS=numba`` in the
            environment chooses them from the start.

    Raises:
        ImportError: Numba is not installed.
        ValueError: there are no kernels of that name.

    Example:
        >>> import minitorch
        >>> minitorch.set_kernels("numpy")
        >>> minitorch.get_kernels()
        'numpy'
    """
    global chosen
    kernels = _known(kernels)
    made = [_compiled(name, k) if kernels == "numba" else k for name, k, _ in _offers]
    chosen = kernels
    for (_, _, put), kernel in zip(_offers, made, strict=True):
        put(kernel)


def get_kernels() -> Name:
    """Which kernels operations run, see ``set_kernels``.

    Example:
        >>> import minitorch
        >>> minitorch.get_kernels()
        'numpy'
    """
    return chosen
