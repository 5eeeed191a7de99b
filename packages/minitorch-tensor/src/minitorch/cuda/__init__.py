"""CUDA as a machine without it answers: nothing is available, and what needs a GPU raises."""

from __future__ import annotations

from typing import Any

__all__ = [
    "current_device",
    "device_count",
    "empty_cache",
    "get_arch_list",
    "get_rng_state_all",
    "is_available",
    "is_bf16_supported",
    "is_initialized",
    "is_tf32_supported",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "memory_stats",
    "reset_peak_memory_stats",
    "seed",
    "seed_all",
]


def is_available() -> bool:
    """False."""
    return False


def is_initialized() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False."""
    return False


def is_tf32_supported() -> bool:
    """False."""
    return False


def get_arch_list() -> list[str]:
    """Empty."""
    return []


def get_rng_state_all() -> list[Any]:
    """Empty: a state for each GPU."""
    return []


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing to seed."""


def manual_seed_all(seed: int) -> None:
    """Nothing to seed."""


def seed() -> None:
    """Nothing to seed."""


def seed_all() -> None:
    """Nothing to seed."""


def empty_cache() -> None:
    """Nothing to empty."""


def memory_allocated(device: Any = None) -> int:
    """0."""
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """0."""
    return 0


memory_reserved = memory_allocated
max_memory_reserved = max_memory_allocated


def memory_stats(device: Any = None) -> dict[str, Any]:
    """Empty."""
    return {}


def reset_peak_memory_stats(device: Any = None) -> None:
    """Nothing to reset."""


def current_device() -> int:
    """Raises: there is no GPU."""
    raise needs_gpu("current_device")


def needs_gpu(name: str) -> RuntimeError:
    return RuntimeError(
        f"cuda.{name} needs a GPU, and MiniTorch computes on the CPU: ask cuda.is_available() "
        "(False) before"
    )


def _absent(name: str) -> Any:
    def absent(*args: Any, **kwargs: Any) -> Any:
        raise needs_gpu(name)

    absent.__name__ = absent.__qualname__ = name
    return absent


def __getattr__(name: str) -> Any:
    if name == "amp":
        from importlib import import_module

        return import_module("minitorch.cuda.amp")
    if name.startswith("_"):
        raise AttributeError(f"module 'minitorch.cuda' has no attribute {name!r}")
    return _absent(name)
