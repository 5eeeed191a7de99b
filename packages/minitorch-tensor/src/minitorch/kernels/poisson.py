"""Poisson numbers: one by one, or of one rate in bulk."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .rejection import accepted, lengths_of_runs

if TYPE_CHECKING:
    from .gamma_samples import Draws


def poisson_one(rate: float, draw: Callable[[], float]) -> float:
    """A Poisson number; ``draw()`` gives uniform numbers on [0, 1).

    Below a rate of 10 the product of uniforms is held against exp(-rate) (Knuth). From there on it
    is algorithm PTRS of Hormann, "The transformed rejection method for generating Poisson random
    variables", 1993.
    """
    if rate == 0:
        return 0
    if rate < 10:
        least, product, k = math.exp(-rate), 1.0, 0
        while True:
            product *= draw()
            if product <= least:
                return k
            k += 1
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2)
    while True:
        u = draw() - 0.5
        v = draw()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43) if us else -1
        if us >= 0.07 and v <= v_r:
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        left = math.log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b)
        if left <= -rate + k * log_rate - math.lgamma(k + 1):
            return k


def poisson_numbers(rate: float, count: int, draws: Draws) -> Any:
    """``poisson_one(rate, draw)``, ``count`` times."""
    if rate == 0:
        return np.zeros(count)
    if rate < 10:
        least = math.exp(-rate)
        return lengths_of_runs(count, draws, lambda u: u, np.multiply, lambda x: x > least)
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2)

    def attempt(u: Any, v: Any) -> Any:
        u = u - 0.5
        us = 0.5 - abs(u)
        k = np.floor((2 * a / us + b) * u + rate + 0.43)
        good = (us >= 0.07) & (v <= v_r)
        unsure = np.flatnonzero(~good & (k >= 0) & ~((us < 0.013) & (v > us)))
        few, places = np.unique(k[unsure], return_inverse=True)
        lgamma = np.array([math.lgamma(x + 1) for x in few.tolist()])[places]
        shape = a / (us[unsure] * us[unsure]) + b
        left = np.log(v[unsure]) + math.log(inverse_alpha) - np.log(shape)
        good[unsure] = left <= -rate + k[unsure] * log_rate - lgamma
        return k, good

    return accepted(count, draws, attempt)
