"""Fisher and Yates' shuffle of 0 ... n - 1, all swaps at once."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def permutation(targets: Array, n: int) -> Array:
    """What 0 ... n - 1 becomes when position i is swapped with ``targets[i] >= i``, i ascending."""
    if n < 2000:
        order = list(range(n))
        for i, j in enumerate(targets.tolist()):
            order[i], order[j] = order[j], order[i]
        return np.array(order, np.int64)
    # Position p holds, before swap i, what came there with the last swap m < i that had target p:
    # the value W(m) that position m held before swap m; or p itself if there was none.
    k = np.arange(targets.size, dtype=np.int32)
    targets = targets.astype(np.int32)
    last = np.full(n, -1, np.int32)
    before = np.full(n, -1, np.int32)  # before[i]: the last m < i with targets[m] == targets[i]
    before[n - 1] = -1
    moved = k[targets != k]
    last[targets[moved]] = moved  # of several writes to one place NumPy keeps the last
    left = k
    while left.size:
        newest = np.full(n, -1, np.int32) if left is k else newest
        newest[targets[left]] = left
        top = newest[targets[left]]
        rest = left[top != left]
        # the newest of the rest is what came before the newest
        if rest.size:
            held = targets[left[top == left]]
            newest[held] = -1
            newest[targets[rest]] = rest
            tops = left[top == left]
            before[tops] = newest[targets[tops]]
            newest[held] = -1
        left = rest
    # W(k): follow last[] to the root
    root = np.where(last >= 0, last, np.arange(n, dtype=np.int32))
    while True:
        further = root[root]
        if np.array_equal(further, root):
            break
        root = further
    order = np.empty(n, np.int64)
    origin = before[: targets.size]
    order[:-1] = np.where(origin >= 0, root[origin], targets)
    order[-1] = root[n - 1]
    return order
