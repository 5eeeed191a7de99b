"""GELU, exact and by tanh: the value and the slope of each element in one pass."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from minitorch.extend import (
    TAIL_P,
    TAIL_RATE,
    error_function,
    exp_into,
    over_elements,
    scratch,
)

INNER = math.sqrt(2 / math.pi)
SIGN = np.int32(-(2**31))  # the bit of a float32 that is its sign


def _single(x: Any, out: Any, slope: Any) -> None:
    """Writes x Phi(x) into ``out`` and Phi(x) + x phi(x) into ``slope``."""
    t, remainder = scratch(2, x.shape, x.dtype)
    np.absolute(x, out=t)
    t *= TAIL_RATE * math.sqrt(0.5)
    t += 1
    np.divide(1, t, out=t)
    np.multiply(t, TAIL_P[0], out=remainder)
    for c in TAIL_P[1:]:
        remainder += c
        remainder *= t
    density = np.multiply(x, x, out=t)
    exp_into(density, density, -0.5)
    remainder *= density
    remainder += 0.5  # now the probability of [0, |x|]
    # copysign(remainder, x), in a third of its time
    sign, bits = slope.view(np.int32), remainder.view(np.int32)
    np.bitwise_and(x.view(np.int32), SIGN, out=sign)
    bits &= ~SIGN
    bits |= sign
    cdf = remainder
    cdf += 0.5
    np.multiply(x, cdf, out=out)
    np.multiply(x, density, out=slope)
    slope *= 1 / math.sqrt(2 * math.pi)
    slope += cdf


def _blockwise(f: Any, x: Any) -> tuple[Any, Any]:
    x = np.asarray(x, order="C")
    out, slope = np.empty_like(x), np.empty_like(x)
    over_elements(f, 10, x, out, slope)  # from 100,000 elements on two threads are quicker
    return out, slope


def gelu(x: Any) -> tuple[Any, Any]:
    if x.dtype == np.float32:
        return _blockwise(_single, x)
    cdf = 0.5 + 0.5 * error_function(x * math.sqrt(0.5))
    return x * cdf, cdf + x * np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))


def _by_tanh(x: Any, out: Any, slope: Any) -> None:
    """Writes x / 2 (1 + t) and (1 + t + x (1 - t^2) INNER (1 + 3 * 0.044715 x^2)) / 2."""
    square, t = scratch(2, x.shape, x.dtype)
    np.multiply(x, x, out=square)
    np.multiply(square, 0.044715 * INNER, out=t)
    t += INNER
    t *= x
    np.tanh(t, out=t)
    inner = np.multiply(square, 3 * 0.044715 * INNER, out=square)
    inner += INNER
    inner *= x
    np.multiply(t, t, out=slope)
    np.subtract(1, slope, out=slope)
    slope *= inner
    t += 1
    slope += t
    slope *= 0.5
    np.multiply(t, x, out=out)
    out *= 0.5


def gelu_tanh(x: Any) -> tuple[Any, Any]:
    return _blockwise(_by_tanh, x)


def gelu_backward(g: Any, slope: Any) -> tuple[Any]:
    return (g * slope,)
