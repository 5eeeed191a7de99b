"""What a code object can read besides its arguments: told by its instructions."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FrameType, MemberDescriptorType
from typing import Any, NamedTuple

__all__ = ["ASKING", "BY_NAME", "UNKNOWN", "Reads", "attribute_asked", "reads"]

GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "STORE_NAME", "DELETE_GLOBAL", "DELETE_NAME")
EVERY = {"vars", "dir", "__dict__", "attrgetter", "methodcaller", "__getstate__"}
BY_NAME: set[Any] = {getattr, hasattr, setattr, delattr}
ASKING = {function.__name__ for function in BY_NAME}
# In the number that goes with an instruction the name's index stands above some bits.
SHIFTS = {"LOAD_GLOBAL": 1, "LOAD_SUPER_ATTR": 2}
if sys.version_info >= (3, 12):
    SHIFTS["LOAD_ATTR"] = 1
NAMED = set(dis.hasname)
UNKNOWN = object()

Step = tuple[str, int]


class Reads(NamedTuple):
    """``globals`` and ``attributes`` by name, those that are not only set, modules that it
    ``imports``; whether ``every`` attribute may be read."""

    globals: tuple[str, ...]
    attributes: frozenset[str]
    loaded: frozenset[str]
    imports: tuple[str, ...]
    every: bool


@lru_cache(maxsize=4096)
def reads(code: CodeType) -> Reads:
    """What ``code`` reads, not the functions that are defined in it."""
    names = code.co_names
    found: dict[str, None] = {}
    attributes: set[str] = set()
    loaded: set[str] = set()
    imports: list[str] = []
    every = not EVERY.isdisjoint(names)
    for _, name, number in _instructions(code):
        if dis.opmap[name] not in NAMED:
            every |= name == "MATCH_CLASS"
            continue
        code_name = names[number >> SHIFTS.get(name, 0)]
        if name == "IMPORT_NAME":
            imports.append(code_name)
        elif name in GLOBAL:
            found[code_name] = None
        else:
            attributes.add(code_name)
            if name not in ("STORE_ATTR", "DELETE_ATTR"):
                loaded.add(code_name)
    return Reads(tuple(found), frozenset(attributes), frozenset(loaded), tuple(imports), every)


def _instructions(code: CodeType) -> Iterator[tuple[int, str, int]]:
    """Offsets, names and numbers of the instructions; dis takes 20 times as long."""
    above = 0
    bytecode = code.co_code
    for k in range(0, len(bytecode), 2):
        name = dis.opname[bytecode[k]]
        number = above | bytecode[k + 1]
        above = number << 8 if name == "EXTENDED_ARG" else 0
        if name not in ("EXTENDED_ARG", "CACHE"):
            yield k, name, number


# --- getattr and its kin --------------------------------------------------------------------------


def attribute_asked(frame: FrameType) -> tuple[Any, str | None]:
    """The object, or ``UNKNOWN``, and the attribute's name where ``frame`` is about to call
    ``getattr`` or its kin; None where that is not simple to tell."""
    steps = _calls_by_name(frame.f_code).get(frame.f_lasti)
    stack: list[Any] = []
    for name, number in steps or ():
        _run(name, number, frame, stack)
    if len(stack) > 1 and isinstance(stack[1], str):
        return stack[0], stack[1]
    return UNKNOWN, None


@lru_cache(maxsize=4096)
def _calls_by_name(code: CodeType) -> dict[int, list[Step]]:
    """By offset of a call of ``getattr`` or its kin, the instructions that make its arguments."""
    calls = {}
    began: list[tuple[list[Step], int]] = []  # calls that are not complete: depths of the stack
    depth = 0
    for offset, name, number in _instructions(code):
        if name == "CALL" and began and depth - began[-1][1] == number:
            calls[offset] = began.pop()[0]
        effect = _effect(name, number)
        if effect is None:
            began = []
            continue
        depth += effect
        for steps, _ in began:
            steps.append((name, number))
        if name == "LOAD_GLOBAL" and code.co_names[number >> 1] in ASKING:
            began.append(([], depth))
    return calls


def _effect(name: str, number: int) -> int | None:
    """How many values an instruction leaves on the stack more than it takes; None where it goes
    elsewhere. The NULL beside a function does not count."""
    if name in ("PUSH_NULL", "PRECALL", "LOAD_ATTR", "FORMAT_VALUE", "FORMAT_SIMPLE", "NOP"):
        return 0 if name != "FORMAT_VALUE" or number == 0 else None
    if name.startswith("LOAD_"):
        return {"LOAD_METHOD": 0, "LOAD_SUPER_ATTR": -2}.get(name, 1 + name.count("_LOAD_"))
    if name in ("CALL", "BUILD_STRING", "BINARY_OP", "BINARY_SUBSCR"):
        return {"CALL": -number, "BUILD_STRING": 1 - number}.get(name, -1)
    return None


def _run(name: str, number: int, frame: FrameType, stack: list[Any]) -> None:
    """Does what an instruction does, where that calls nothing."""
    code = frame.f_code
    if name == "LOAD_CONST":
        stack.append(code.co_consts[number])
    elif name == "LOAD_GLOBAL":
        key = code.co_names[number >> 1]
        stack.append(frame.f_globals.get(key, frame.f_builtins.get(key, UNKNOWN)))
    elif name.startswith(("LOAD_FAST", "LOAD_DEREF")):
        numbers = (number >> 4, number & 15) if "_LOAD_" in name else (number,)
        local: Any = code
        keys = map(local._varname_from_oparg, numbers)
        stack += [frame.f_locals.get(key, UNKNOWN) for key in keys]
    elif name == "LOAD_ATTR":
        stack.append(_attribute(stack.pop(), code.co_names[number >> SHIFTS.get(name, 0)]))
    elif name == "BUILD_STRING":
        parts = stack[len(stack) - number :]
        stack[len(stack) - number :] = [
            "".join(parts) if all(isinstance(each, str) for each in parts) else UNKNOWN
        ]
    elif name in ("FORMAT_VALUE", "FORMAT_SIMPLE"):
        stack[-1] = str(stack[-1]) if isinstance(stack[-1], str | int) else UNKNOWN
    elif name == "BINARY_SUBSCR" and type(stack[-2]) in (list, tuple) and type(stack[-1]) is int:
        stack[-2:] = stack[-2][stack[-1] :][:1] or [UNKNOWN]
    elif name == "BINARY_OP" and isinstance(stack[-1], str) and isinstance(stack[-2], str):
        stack[-2:] = [stack[-2] + stack[-1]]
    elif (effect := _effect(name, number)) and effect < 0:
        stack[effect - 1 :] = [UNKNOWN]
    elif name.startswith("LOAD_") and effect:
        stack += [UNKNOWN] * effect


def _attribute(value: Any, name: str) -> Any:
    """An attribute that no code computes."""
    entry: Any = getattr(type(value), name, None)
    if isinstance(entry, MemberDescriptorType):
        return entry.__get__(value)
    held = getattr(value, "__dict__", {})
    return UNKNOWN if hasattr(type(entry), "__set__") else held.get(name, UNKNOWN)
