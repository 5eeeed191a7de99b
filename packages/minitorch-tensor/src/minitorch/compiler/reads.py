"""What a code object can read besides its arguments: told by its instructions."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

__all__ = ["Reads", "reads"]

GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "STORE_NAME", "DELETE_GLOBAL", "DELETE_NAME")
BY_NAME = {"getattr", "hasattr", "setattr", "delattr"}  # the attribute's name is an argument
COMPUTED = {"vars", "dir", "__dict__", "attrgetter", "methodcaller", "__getstate__"}
# In the number that goes with an instruction the name's index stands above some bits.
SHIFTS = {"LOAD_GLOBAL": 1, "LOAD_SUPER_ATTR": 2}
if sys.version_info >= (3, 12):
    SHIFTS["LOAD_ATTR"] = 1
NAMED = set(dis.hasname)


class Reads(NamedTuple):
    """``globals`` and ``attributes`` by name, modules that it ``imports``; of the attributes
    those ``asked`` for by ``getattr`` and its kin, which need not exist; whether names are
    ``computed``, so that every attribute may be read."""

    globals: tuple[str, ...]
    attributes: frozenset[str]
    imports: tuple[str, ...]
    asked: frozenset[str]
    computed: bool


@lru_cache(maxsize=4096)
def reads(code: CodeType) -> Reads:
    """What ``code`` reads, not the functions that are defined in it."""
    names = code.co_names
    found: dict[str, None] = {}
    attributes: set[str] = set()
    imports: list[str] = []
    asked: set[str] = set()
    computed = not COMPUTED.isdisjoint(names)
    for name, number in _instructions(code.co_code):
        if dis.opmap[name] not in NAMED:
            computed |= name == "MATCH_CLASS"
            continue
        code_name = names[number >> SHIFTS.get(name, 0)]
        if name == "IMPORT_NAME":
            imports.append(code_name)
        elif name in GLOBAL:
            found[code_name] = None
        else:
            attributes.add(code_name)
    if not BY_NAME.isdisjoint(found):
        constants = set(_asked(code))
        computed |= None in constants
        asked = {constant for constant in constants if constant is not None}
    return Reads(
        tuple(found), frozenset(attributes | asked), tuple(imports), frozenset(asked), computed
    )


def _asked(code: CodeType) -> Iterator[str | None]:
    """The constant names that ``getattr`` and its kin are called with; None for another one."""
    loaded: list[Any] | None = None  # since getattr was
    for name, number in _instructions(code.co_code):
        if name == "LOAD_GLOBAL" and code.co_names[number >> 1] in BY_NAME:
            if loaded is not None:
                yield None
            loaded = []
        elif loaded is None or name in ("PUSH_NULL", "PRECALL", "LOAD_ATTR"):
            continue
        elif name == "LOAD_CONST":
            loaded.append(code.co_consts[number])
        elif name.startswith("LOAD_"):
            loaded += [None] * (1 + name.count("_LOAD_"))
        else:  # the call, if this is as simple as it mostly is
            simple = name == "CALL" and len(loaded) == number > 1
            yield loaded[1] if simple and isinstance(loaded[1], str) else None
            loaded = None


def _instructions(code: bytes) -> Iterator[tuple[str, int]]:
    """The instructions by name, each with the number that goes with it; dis takes 20 times as
    long."""
    above = 0
    for k in range(0, len(code), 2):
        name = dis.opname[code[k]]
        number = above | code[k + 1]
        above = number << 8 if name == "EXTENDED_ARG" else 0
        if name not in ("EXTENDED_ARG", "CACHE"):
            yield name, number
