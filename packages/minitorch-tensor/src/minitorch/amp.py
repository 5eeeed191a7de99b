"""Mixed precision as programs switch it off: computation stays in the tensors' own dtypes.

What is asked for on a GPU is off, as in PyTorch on a machine without one. Mixed precision on the
CPU is not here, and asking for it raises.

Follows https://docs.pytorch.org/docs/stable/amp.html
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

__all__ = [
    "GradScaler",
    "autocast",
    "custom_bwd",
    "custom_fwd",
    "is_autocast_available",
    "is_autocast_enabled",
]


def is_autocast_available(device_type: str) -> bool:
    """False."""
    return False


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """False."""
    return False


def check(name: str, device: Any, enabled: bool) -> None:
    if enabled and str(device).partition(":")[0] == "cpu":
        raise NotImplementedError(
            f"{name} on the CPU is not in MiniTorch: every operation computes in its inputs' "
            "dtype. Pass enabled=False."
        )


class autocast:  # noqa: N801  (PyTorch's name)
    """A context, and decorator, that changes nothing: for ``enabled=False`` or a GPU.

    Raises:
        NotImplementedError: enabled on the CPU.
    """

    def __init__(
        self,
        device_type: str,
        dtype: Any = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        check("autocast", device_type, enabled)
        self.device = device_type

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def same(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return same


class GradScaler:
    """A scaler of losses that is off: ``scale`` returns its argument, ``step`` steps.

    Raises:
        NotImplementedError: enabled on the CPU.
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        check("GradScaler", device, enabled)

    def scale(self, outputs: Any) -> Any:
        """``outputs`` as they are."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Nothing to undo."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step``."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """Nothing to adapt."""

    def get_scale(self) -> float:
        """1."""
        return 1.0

    def is_enabled(self) -> bool:
        """False."""
        return False

    def state_dict(self) -> dict[str, Any]:
        """Empty: a scaler that is off has no state."""
        return {}

    def load_state_dict(self, state_dict: Iterable[Any]) -> None:
        """Nothing to load."""


def custom_fwd(
    fwd: Any = None, *, device_type: str | None = None, cast_inputs: Any = None
) -> Any:  # fmt: skip
    """Decorates the forward of an ``autograd.Function``; ``cast_inputs`` holds within autocast,
    so nothing changes here."""
    return functools.partial(custom_fwd, device_type=device_type) if fwd is None else fwd


def custom_bwd(bwd: Any = None, *, device_type: str | None = None) -> Any:
    """Decorates the backward of an ``autograd.Function``: without autocast nothing changes."""
    return functools.partial(custom_bwd, device_type=device_type) if bwd is None else bwd


class CUDAAutocast(autocast):
    """``autocast("cuda")``, under the old name ``cuda.amp.autocast``."""

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> None:
        super().__init__("cuda", dtype, enabled, cache_enabled)


class CPUAutocast(autocast):
    """``autocast("cpu")``, under the old name ``cpu.amp.autocast``."""

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> None:
        super().__init__("cpu", dtype, enabled, cache_enabled)


class CUDAGradScaler(GradScaler):
    """``GradScaler("cuda")``, under the old name ``cuda.amp.GradScaler``."""

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        super().__init__(
            "cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled
        )
