"""What PyTorch has and MiniTorch does not: module -> names -> what each of them is.

``names.txt`` lists PyTorch's modules with the names that they define; the rows in ``devices.py``,
``compilers.py`` and ``processes.py`` say which of them answer. Imports and look-ups succeed and
tell the truth; what would have to compute raises, with the reason; nothing that changes numbers
does nothing. ``modules.py`` makes modules of the rows.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pkgutil import get_data
from typing import Any

from . import compilers, devices, internals, processes
from .absent import Absent
from .reasons import reason

__all__ = ["TABLE"]

ROWS: dict[str, Absent] = {
    "version": Absent(
        values={"debug": False, "cuda": None, "hip": None, "xpu": None, "git_version": None},
        real={"__version__": "minitorch:__version__"},
    ),
    **devices.TABLE,
    **processes.TABLE,
    **compilers.TABLE,
    **internals.TABLE,
}
KINDS = {"class": "classes", "def": "raises", "enum": "enums", "error": "exceptions"}


def listed() -> dict[str, Absent]:
    """The rows of ``names.txt``, and those that say more."""
    found = {}
    for line in (get_data(__package__, "names.txt") or b"").decode().splitlines():
        module, *parts = re.split(" (class|def|enum|error): ", line)
        row = ROWS.get(module, Absent())
        kinds: dict[str, Any] = {
            KINDS[kind]: names for kind, names in zip(parts[::2], parts[1::2], strict=True)
        }
        kinds = {kind: f"{names} {getattr(row, kind)}" for kind, names in kinds.items()}
        found[module] = replace(row, why=reason(module), **kinds)
    rest = {module: replace(row, why=reason(module)) for module, row in ROWS.items()}
    return rest | found


TABLE = listed()
