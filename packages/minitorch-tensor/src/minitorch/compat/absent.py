"""What a row of the table says: names of a module of PyTorch's that MiniTorch lacks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Absent"]


@dataclass(frozen=True)
class Absent:
    """One module: why it is not here, and its names by kind, separated by blanks.

    ``false true zero nothing empty`` are functions that answer so, whatever they are given;
    ``raises`` functions that raise; ``classes`` and ``exceptions`` can be subclassed and asked
    ``isinstance`` of, and raise when they are made; ``contexts`` are context managers and
    decorators that change nothing; ``same`` are functions and decorators that give back their
    first argument; ``values`` are constants; ``real`` names what MiniTorch has elsewhere.
    """

    why: str
    false: str = ""
    true: str = ""
    zero: str = ""
    nothing: str = ""
    empty: str = ""
    raises: str = ""
    classes: str = ""
    exceptions: str = ""
    contexts: str = ""
    same: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    real: dict[str, str] = field(default_factory=dict)
