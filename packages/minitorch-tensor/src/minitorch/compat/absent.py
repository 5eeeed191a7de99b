"""What a row of the table says: names of a module of PyTorch's that MiniTorch lacks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

__all__ = ["Absent"]


@dataclass(frozen=True)
class Absent:
    """One module's names by kind, separated by blanks, and why they are not here.

    ``false true zero nothing empty`` are functions that answer so, whatever they are given;
    ``raises`` functions that raise; ``classes`` and ``exceptions`` can be subclassed and asked
    ``isinstance`` of, and raise when they are made; ``enums`` have PyTorch's members
    (``Name:int(ONE=1,TWO=2)``); ``contexts`` are context managers and decorators that change
    nothing; ``same`` are functions and decorators that give back their
    first argument; ``values`` are constants. ``real`` says where MiniTorch has what a name stands
    for, ``at`` where it has names.
    """

    false: str = ""
    true: str = ""
    zero: str = ""
    nothing: str = ""
    empty: str = ""
    raises: str = ""
    classes: str = ""
    exceptions: str = ""
    enums: str = ""
    contexts: str = ""
    same: str = ""
    why: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    real: dict[str, str] = field(default_factory=dict)
    at: dict[str, str] = field(default_factory=dict)

    @cached_property
    def links(self) -> dict[str, str]:
        """Name -> ``module:name`` of what MiniTorch has elsewhere."""
        shared = {
            name: f"{place}:{name}" for place, names in self.at.items() for name in names.split()
        }
        return shared | self.real

    @cached_property
    def enumerations(self) -> dict[str, str]:
        """Name -> how ``enums`` has it."""
        return {re.split("[:(]", text)[0]: text for text in self.enums.split()}
