"""Programs are run once on what the recorded call began with, and have to give what it gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .program import Program
from .recording import Recording, quietly
from .stepping import StepOf

__all__ = ["verified"]


def verified(
    recording: Recording, recorded: Program, programs: list[Program], exactly: bool
) -> tuple[list[Program], Callable[..., Any] | None]:
    """``programs``, which passes made of ``recorded``, as far as the last one that gives what the
    call gave, or what differs from it by rounding; and the function of that one."""
    while programs:
        try:
            function = _right(recording, recorded, programs[-1], exactly)
            if function is not None:
                return programs, function
        except Exception:  # whatever it is, in a run that nobody asked for
            pass
        programs = programs[:-1]
    return [], None


def _right(
    recording: Recording, recorded: Program, program: Program, exactly: bool
) -> Callable[..., Any] | None:
    """Runs the function of ``program`` on what the call began with; None where that is not right.

    What is after an optimizer's step that is called as a whole is not looked at: it would be taken.
    """
    arrays, snapshots = recording.tracer.writer.arrays, recording.tracer.snapshots
    steps = [k for k, i in enumerate(program.instructions) if isinstance(i.function, StepOf)]
    end = steps[0] if steps else len(program.instructions)
    made = {v for each in program.instructions[:end] for v in each.results}
    after = {v for each in program.instructions[end:] for v in each.writes}
    kept = [
        (value, origin)
        for value, origin in zip(program.results, recorded.results, strict=True)
        if not steps or (value in made and value not in after)
    ]
    function = program.function()
    part = function
    if steps:
        part = program.having(
            "verified", "", program.instructions[:end], results=[value for value, _ in kept]
        ).function()
    numbers = {value: number for value, (_, _, number) in recording.tracer.numbers.items()}
    everything = arrays | numbers
    given = [
        snapshots[value].copy(order="K") if value in snapshots else everything[value]
        for value in program.arguments
    ]
    now = [(each, each.get_state()) for each, _ in recording.generators]
    for generator, state in recording.generators:
        generator.set_state(state)
    try:
        found = quietly(part, given)
        drawn = [(each, each.get_state()) for each, _ in recording.generators]
    finally:
        for generator, state in now:
            generator.set_state(state)
    if recorded is recording.forward and not _same_states(drawn, now):
        return None  # numbers were drawn that the recorder was not told of
    pairs = [(a, arrays[v]) for a, (_, v) in zip(found, kept, strict=True)]
    if not steps:
        pairs += [(a, arrays[v]) for a, v in zip(given, program.arguments) if v in snapshots]
    size = 0.0 if exactly else max(map(_size, (b for _, b in pairs)), default=0)
    noise = {} if exactly or recorded is not recording.forward else _noise(recording)
    right = all(
        a.dtype == b.dtype
        and a.strides == b.strides
        and (a.tobytes() == b.tobytes() or (not exactly and _close(a, b, size, noise.get(id(b)))))
        for a, b in pairs
    )
    return function if right else None


def _same_states(a: list[tuple[Any, Any]], b: list[tuple[Any, Any]]) -> bool:
    return all(
        state._data.tobytes() == other._data.tobytes()
        for (_, state), (_, other) in zip(a, b, strict=True)
    )


def _size(array: Any) -> float:
    """The largest of its numbers that is not infinite."""
    if array.dtype.kind not in "fc":
        return 0
    return float(np.abs(array[np.isfinite(array)]).max(initial=0))


def _close(a: Any, b: Any, size: float, noise: Any = None) -> bool:
    """Equal but for rounding, beside numbers as large as ``size``: gradients of 0 are noise. So is
    what a step makes of that: Adam divides gradients by their size."""
    if a.dtype.kind not in "fc" or a.shape != b.shape:
        return False
    rounding = np.finfo(a.dtype).eps ** 0.5
    close = np.isclose(a, b, rounding, rounding * size, equal_nan=True)
    if noise is not None and noise.shape == a.shape:
        close |= noise & np.isfinite(a) & np.isfinite(b)
    return bool(close.all())


def _noise(recording: Recording) -> dict[int, Any]:
    """By the identity of a parameter's array: where its new gradient is only rounding errors beside
    the largest gradient."""
    arrays = recording.tracer.writer.arrays
    grads = {
        id(recording.world.tensors[leaf]._data): arrays[recording.forward.results[number]]
        for leaf, number, _ in recording.grads
        if number is not None
    }
    size = max(map(_size, grads.values()), default=0)
    return {
        key: np.abs(g) <= np.finfo(g.dtype).eps ** 0.5 * size
        for key, g in grads.items()
        if g.dtype.kind == "f"
    }
