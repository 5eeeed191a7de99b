"""The default generator and ``fork_rng``.

Follows https://docs.pytorch.org/docs/stable/random.html
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .functions import get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from .generator import default_generator

__all__ = [
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]


@contextmanager
def fork_rng(
    devices: Any = None,
    enabled: bool = True,
    _caller: str = "fork_rng",
    _devices_kw: str = "devices",
    device_type: str = "cpu",
) -> Iterator[None]:
    """Within it random numbers may be drawn; afterwards the default generator is as it was.

    Example:
        >>> import minitorch
        >>> _ = minitorch.manual_seed(0)
        >>> with minitorch.random.fork_rng():
        ...     _ = minitorch.rand(100)
        >>> minitorch.rand(1)
        tensor([0.4963])
    """
    state = get_rng_state() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            set_rng_state(state)
