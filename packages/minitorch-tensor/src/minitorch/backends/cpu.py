"""The CPU."""

from __future__ import annotations


def get_cpu_capability() -> str:
    """``"NUMPY"``: NumPy chooses among the instructions that the processor has."""
    return "NUMPY"
