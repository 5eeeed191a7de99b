"""Fisher and Yates' shuffle of 0 ... n - 1, all swaps at once."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def permutation(targets: Array, n: int) -> Array:
    """What 0 ... n - 1 becomes when position i is swapped with ``targets[i] >= i``, i ascending."""
    if n < 2000:
        items = list(range(n))
        for i, j in enumerate(targets.tolist()):
            items[i], items[j] = items[j], items[i]
        return np.array(items, np.int64)
    # Before swap i, position p holds what the last swap m < i with target p brought there, which is
    # held[m], what position m held before swap m; or p itself if there was no such swap.
    keys = np.sort(targets << 32 | np.arange(n - 1, dtype=np.int64))
    target, swap = keys >> 32, keys & (2**32 - 1)
    again = np.flatnonzero(target[1:] == target[:-1])
    before = np.full(n, -1, np.int64)  # the last earlier swap with the same target
    before[swap[again + 1]] = swap[again]
    last = np.full(n, -1, np.int64)  # the last swap m < p with target p
    last[target] = swap
    alone = np.flatnonzero(last == np.arange(n, dtype=np.int64))
    last[alone] = before[alone]
    held = np.where(last >= 0, last, np.arange(n, dtype=np.int64))
    while True:
        further = held[held]
        if np.array_equal(further, held):
            break
        held = further
    order = np.empty(n, np.int64)
    order[:-1] = np.where(before[:-1] >= 0, held[before[:-1]], targets)
    order[-1] = held[-1]
    return order
