"""Gamma numbers, one by one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

THIRD, SQUEEZE = float(np.float32(1 / 3)), float(np.float32(0.0331))


def gamma_one(a: Any, uniform: Callable[[], float], normal: Callable[[], float]) -> float:
    """A number of Gamma(a, 1); ``a`` is NumPy's, in whose dtype it is added to.

    Marsaglia and Tsang, "A simple method for generating gamma variables", 2000: with
    d = a - 1/3 and v = (1 + z / sqrt(9 d))^3, z normal, d v is taken if a uniform number is less
    than a function of z. For a < 1, u^(1 / a) times a number of Gamma(a + 1, 1).
    """
    if a == 0:
        return 0.0
    kind = type(a)
    scale = 1.0
    if a < 1:
        scale = (1 - uniform()) ** float(kind(1) / a)
        a = a + kind(1)
    d = float(a - kind(THIRD))
    c = 1 / math.sqrt(9 * d)
    while True:
        z = normal()
        y = 1 + c * z
        if y <= 0:
            continue
        v = y * y * y
        u = 1 - uniform()
        square = z * z
        if u < 1 - SQUEEZE * square * square:
            return scale * d * v
        if math.log(u) < 0.5 * square + d * (1 - v + math.log(v)):
            return scale * d * v
