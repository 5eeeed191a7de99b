"""Binomial numbers: one by one, or of one distribution in bulk."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .rejection import accepted, lengths_of_runs

if TYPE_CHECKING:
    from .gamma_samples import Draws

# log k! - log(sqrt(2 pi)) - (k + 1/2) log(k + 1) + k + 1 for k = 0 ... 9
STIRLING_TAIL = (
    0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509,
    0.0166446911898211, 0.0138761288230707, 0.0118967099458917, 0.0104112652619720,
    0.00925546218271273, 0.00833056343336287,
)  # fmt: skip


def _stirling_tail(k: float) -> float:
    if k < 10:
        return STIRLING_TAIL[int(k)]
    square = (k + 1) * (k + 1)
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)


def _stirling_tails(k: Any) -> Any:
    if isinstance(k, float):
        return _stirling_tail(k)
    square = (k + 1) * (k + 1)
    tails = (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)
    few = k < 10
    tails[few] = np.array(STIRLING_TAIL)[k[few].astype(np.int64)]
    return tails


def binomial_one(count: Any, p: Any, draw: Callable[[], float]) -> float:
    """A binomial number of ``count`` trials; ``draw()`` gives uniform numbers on [0, 1).

    ``count`` and ``p`` are NumPy's numbers: the products of the two are rounded to their dtype.
    For p > 1/2 failures are counted. Below a mean of 10 the waiting times between successes, which
    are geometric, are added up. From there on it is algorithm BTRS of Hormann, "The generation of
    binomial random variates", 1993.
    """
    if count <= 0 or p <= 0:
        return 0.0
    if p >= 1:
        return float(count)
    if not p <= 0.5 and not p > 0.5:
        return math.nan
    kind = type(p)
    failures = p > 0.5
    if failures:
        p = kind(1.0 - float(p))
    few = count * p < 10
    k = _waiting(count, p, draw) if few else _rejection(count, p, kind, draw)
    return float(count) - k if failures else k


def _waiting(count: Any, p: Any, draw: Callable[[], float]) -> float:
    log_rest, trials, k = float(np.log1p(-p)), 0.0, 0
    while True:
        u = draw()
        trials += math.ceil(math.log(u) / log_rest) if u else math.inf
        if trials > count:
            return float(k)
        k += 1


def _bound(n: Any, m: Any, k: Any, ratio: float, log: Any, tail: Any) -> Any:
    """The logarithm of the density at ``k`` by that at its mode ``m``."""
    return (
        (m + 0.5) * log((m + 1) / (ratio * (n - m + 1)))
        + (n + 1) * log((n - m + 1) / (n - k + 1))
        + (k + 0.5) * log(ratio * (n - k + 1) / (k + 1))
        + tail(m) + tail(n - m) - tail(k) - tail(n - k)
    )  # fmt: skip


def _constants(count: Any, p: Any, kind: Any) -> tuple[float, ...]:
    one = kind(1)
    deviation = float(np.sqrt(count * p * (one - p)))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * float(p)
    c = float(count * p) + 0.5
    alpha = (2.83 + 5.1 / b) * deviation
    return a, b, c, 0.92 - 4.2 / b, float(p / (one - p)), alpha, float(np.floor((count + one) * p))


def _rejection(count: Any, p: Any, kind: Any, draw: Callable[[], float]) -> float:
    n = float(count)
    a, b, c, v_r, ratio, alpha, m = _constants(count, p, kind)
    while True:
        u = draw() - 0.5
        v = draw()
        us = 0.5 - abs(u)
        k = float(kind(math.floor((2 * a / us + b) * u + c))) if us else -1.0
        if k < 0 or k > n:
            continue
        if us >= 0.07 and v <= v_r:
            return k
        v = v * alpha / (a / (us * us) + b)
        if v <= 0 or math.log(v) <= _bound(n, m, k, ratio, math.log, _stirling_tail):
            return k


def binomial_numbers(count: Any, p: Any, size: int, draws: Draws) -> Any:
    """``binomial_one(count, p, draw)``, ``size`` times."""
    if count <= 0 or p <= 0 or p >= 1 or math.isnan(p):
        return np.full(size, binomial_one(count, p, lambda: math.nan))  # without a draw
    kind = type(p)
    failures = p > 0.5
    if failures:
        p = kind(1.0 - float(p))
    made = _waited if count * p < 10 else _tried
    k = made(count, p, size, draws)
    return float(count) - k if failures else k


def _waited(count: Any, p: Any, size: int, draws: Draws) -> Any:
    """``_waiting`` in bulk."""
    log_rest = float(np.log1p(-p))
    return lengths_of_runs(
        size, draws, lambda u: np.ceil(np.log(u) / log_rest), np.add, lambda x: x <= count
    )


def _tried(count: Any, p: Any, size: int, draws: Draws) -> Any:
    """``_rejection`` in bulk."""
    kind, n = type(p), float(count)
    a, b, c, v_r, ratio, alpha, m = _constants(count, p, kind)

    def attempt(u: Any, v: Any) -> Any:
        u = u - 0.5
        us = 0.5 - abs(u)
        k = np.floor((2 * a / us + b) * u + c).astype(kind).astype(np.float64)
        within = (k >= 0) & (k <= n)
        good = within & (us >= 0.07) & (v <= v_r)
        unsure = np.flatnonzero(within & ~good)
        scaled = v[unsure] * alpha / (a / (us[unsure] * us[unsure]) + b)
        good[unsure] = np.log(scaled) <= _bound(n, m, k[unsure], ratio, np.log, _stirling_tails)
        return k, good

    return accepted(size, draws, attempt)
