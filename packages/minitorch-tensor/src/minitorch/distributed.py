"""Distributed training: there is none, and programs that ask first run on one process."""

from __future__ import annotations

from typing import Any

__all__ = ["is_available", "is_initialized", "is_torchelastic_launched"]


def is_available() -> bool:
    """False."""
    return False


def is_initialized() -> bool:
    """False."""
    return False


def is_torchelastic_launched() -> bool:
    """False."""
    return False


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"module 'minitorch.distributed' has no attribute {name!r}: MiniTorch runs in one process. "
        "Ask distributed.is_available() (False) before"
    )
