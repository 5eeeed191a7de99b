"""Random numbers that take varying many uniform ones each, in bulk: one after the other a generator
gives the same. For numbers of one distribution; else the place in the stream decides which one an
attempt is for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .gamma_samples import Draws

__all__ = ["accepted", "lengths_of_runs"]

Array = np.ndarray[Any, Any]
AHEAD = 1 << 14  # uniform numbers at a time


def accepted(count: int, draws: Draws, attempt: Callable[[Array, Array], Any]) -> Array:
    """The first ``count`` numbers that ``attempt(u, v)`` accepts: it returns numbers, and which of
    them are."""
    out = np.empty(count)
    done = 0
    while done < count:
        pairs = min(AHEAD // 2, 2 * (count - done) + 8)
        u, v = np.ascontiguousarray(draws.ahead(2 * pairs).reshape(-1, 2).T)
        numbers, good = attempt(u, v)
        taken = np.flatnonzero(good)[: count - done]
        out[done : done + len(taken)] = numbers[taken]
        done += len(taken)
        draws.used += 2 * (int(taken[-1]) + 1 if done == count else pairs)
    return out


def lengths_of_runs(
    count: int,
    draws: Draws,
    values: Callable[[Array], Array],
    join: Any,
    goes_on: Callable[[Array], Array],
) -> Array:
    """How many of ``values(u)`` go, one after the other, before their product (or sum, ``join``)
    no longer ``goes_on``, ``count`` times; the value at which it ends is used up.

    It is told for a run from each place of the stream, then runs are followed.
    """
    out, done = np.empty(count), 0
    while done < count:
        line = values(draws.ahead(AHEAD))
        joined = line.copy()
        lengths = np.zeros(line.shape, np.uint8)  # 255 is far beyond what means below 10 give
        known = line.size  # places from which a run ends within the line
        going = goes_on(joined)
        while known > 1 and going.any():
            lengths[:known] += going.view(np.uint8)
            known -= 1
            join(joined[:known], line[line.size - known :], out=joined[:known])
            going = goes_on(joined[:known])
        at, steps, runs = 0, lengths[:known].tobytes(), bytearray()
        for _ in range(count - done):
            if at >= known:
                break
            runs.append(steps[at])
            at += steps[at] + 1
        out[done : done + len(runs)] = np.frombuffer(runs, np.uint8)
        done += len(runs)
        draws.used += at
    return out
