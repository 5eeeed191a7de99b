"""What is the same in every run is computed once, and what is computed twice in a run, too."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..instructions import Instruction, Method, Value
from ..memory import NONE, Memory, hand_on_name, key_of, of_numpy, plural

if TYPE_CHECKING:
    from ..program import Program

__all__ = ["fold"]

MOST = 1 << 16  # bytes that a folded constant may have


def fold(program: Program) -> Program:
    """With constants for what depends on constants alone, and repeated work done once."""
    memory = Memory(program)
    changed: dict[Value, Value] = {}
    versions: dict[Value, int] = {}  # of a root: how often it was written to
    known: dict[Hashable, Instruction] = {}
    kept: list[Instruction] = []
    setup = list(program.setup)
    arrays: dict[Value, Value] = {}  # what the setup makes, as constants
    constants = repeated = 0
    for instruction in program.instructions:
        instruction = instruction.renamed(changed)
        if instruction.writes:
            for root in memory.of_all(instruction.writes):
                versions[root] = versions.get(root, 0) + 1
        if not _foldable(instruction, memory):
            kept.append(instruction)
            continue
        read = memory.of_all(instruction.inputs()) if versions else NONE
        key = (
            key_of(instruction.function), key_of(instruction.args), key_of(instruction.kwargs),
            # a view is of the same memory, whatever is written there
            None if instruction.views and not instruction.several else
            frozenset((root, versions[root]) for root in read if root in versions),
        )  # fmt: skip
        earlier = known.setdefault(key, instruction)
        if earlier is not instruction and _same_for_all(instruction, earlier, memory):
            for value, other in zip(instruction.results, earlier.results):
                hand_on_name(value, other)  # type: ignore[arg-type]  # no Nones
            others = (changed.get(value, value) for value in earlier.results)  # type: ignore[arg-type]
            changed.update(zip(instruction.results, others))  # type: ignore[arg-type]
            repeated += 1
            continue
        made = _constants(instruction, memory, arrays)
        if made is None:
            kept.append(instruction)
            continue
        constants += 1
        if (
            instruction.function == Method("copy")
            and instruction.args[0].strides == made[0].strides
        ):
            changed[instruction.results[0]] = instruction.args[0]  # type: ignore[index]
        elif all(value.scalar for value in made):
            changed.update(zip(instruction.results, made))  # type: ignore[arg-type]  # no Nones
        else:
            setup.append(instruction)
            arrays.update(zip(instruction.results, made))  # type: ignore[arg-type]
    results = [changed.get(value, value) for value in program.results]
    change = (
        f"{plural(constants, 'instruction')} always gave the same, and run once now; "
        f"{plural(repeated, 'instruction')} repeated an earlier one."
    )
    name = "constants and repeated work folded"
    return program.having(name, change, kept, results=results, setup=setup)


def _foldable(instruction: Instruction, memory: Memory) -> bool:
    if not instruction.pure or instruction.writes or not instruction.results:
        return False
    for value in instruction.results:
        if value is None or memory.defined[value] != 1:
            return False
        if not instruction.views and not memory.never_written(value):
            return False
    return True


def _constants(
    instruction: Instruction, memory: Memory, arrays: dict[Value, Value]
) -> list[Value] | None:
    """The results as constants; None where they are none, or large, or handed out."""
    results: Any = instruction.results
    for value in instruction.inputs():
        if value.constant is None and value not in arrays:
            return None
    for value in results:
        size = value.dtype.itemsize * math.prod(value.shape)
        if size > MOST or memory.of(value) & memory.escaping or not memory.never_written(value):
            return None
    if not of_numpy(instruction.function) or instruction.function is np.empty:
        return None
    plain = instruction.mapped(lambda value: arrays.get(value, value).constant)
    try:
        with np.errstate(all="ignore"):
            made = plain.function(*plain.args, **plain.kwargs)
    except Exception:  # the program is to raise it
        return None
    found = made if instruction.several else [made]
    return [Value.of(x, value.hint, True) for x, value in zip(found, results)]


def _same_for_all(instruction: Instruction, earlier: Instruction, memory: Memory) -> bool:
    """Whether nobody can tell the results of both from those of the earlier one."""
    if instruction.views or earlier.views:  # the same memory anyway
        return True
    for value, other in zip(instruction.results, earlier.results):
        assert value is not None
        assert other is not None
        both = memory.of(value), memory.of(other)
        if all(roots & memory.escaping for roots in both):
            return False  # two arrays that the user may write to
        if both[0] & memory.escaping:
            memory.escaping |= both[1]
    return True
