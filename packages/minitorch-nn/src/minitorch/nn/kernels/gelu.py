"""GELU and its derivatives, exact and by tanh."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from minitorch import erf

INNER = math.sqrt(2 / math.pi)


def gelu(x: Any) -> tuple[Any, Any]:
    cdf = np.asarray(erf(x * math.sqrt(0.5)))
    cdf *= 0.5
    cdf += 0.5
    return x * cdf, cdf


def gelu_backward(g: Any, x: Any, cdf: Any) -> tuple[Any]:
    """G (Phi(x) + x phi(x))"""
    y = np.asarray(x * x)
    y *= -0.5
    np.exp(y, out=y)
    y *= x
    y *= 1 / math.sqrt(2 * math.pi)
    y += cdf
    y *= g
    return (y,)


def gelu_tanh(x: Any) -> tuple[Any, Any]:
    t = np.asarray(x * x)
    t *= 0.044715 * INNER
    t += INNER
    t *= x
    np.tanh(t, out=t)
    y = t + 1
    y *= x
    y *= 0.5
    return y, t


def gelu_tanh_backward(g: Any, x: Any, t: Any) -> tuple[Any]:
    """G (1 + t + x (1 - t^2) INNER (1 + 3 * 0.044715 x^2)) / 2"""
    y = np.asarray(x * x)
    y *= 3 * 0.044715 * INNER
    y += INNER
    y *= x
    y *= 1 - t * t
    y += t
    y += 1
    y *= 0.5
    y *= g
    return (y,)
