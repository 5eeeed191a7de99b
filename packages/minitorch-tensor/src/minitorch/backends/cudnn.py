"""cuDNN: absent. The switches can be set and change nothing."""

from __future__ import annotations

enabled = False
benchmark = False
benchmark_limit = 10
deterministic = False
allow_tf32 = False


def is_available() -> bool:
    """False."""
    return False


def version() -> None:
    """None."""
