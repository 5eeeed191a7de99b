"""Normal numbers of uniform ones: Box and Muller's transform (1958), number for number PyTorch's.

In float32 PyTorch's code for x86 takes logarithm, sine and cosine from Cephes (Moshier,
https://www.netlib.org/cephes) in the form of Pommier's ``avx_mathfun``, and its compiler fuses
products with the sums that follow. The functions below round where that code rounds.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .multiply_add import fused
from .parallel import over_rows

Array = np.ndarray[Any, Any]
f32, f64 = np.float32, np.float64

ROWS = 1 << 14  # of 16 numbers, at a time
MANY = 1 << 18  # numbers from which a second thread helps; measured
PRODUCTS = 80  # that take as long as one number does


def rounded(numbers: Any) -> Array:
    """To float32, as float64; arrays without dimensions are NumPy's quickest numbers."""
    return np.array(numbers, f32).astype(f64)


SQRT_HALF = 0x3F3504F3  # its bits
LOG = [*map(rounded, (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
    -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
))]  # fmt: skip
COS_SIN = [
    rounded([[2.443315711809948e-5], [-1.9515295891e-4]]),
    rounded([[-1.388731625493765e-3], [8.3321608736e-3]]),
    rounded([[4.166664568298827e-2], [-1.6666654611e-1]]),
]
# sums of parts whose first multiples are exact, but for the last part
LOG_2 = -2.12194440e-4, 0.693359375
QUARTER_PI = 0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8


def polynomial(coefficients: list[Array], x: Array) -> Array:
    """By Horner's rule, the highest coefficient first, each step fused."""
    wide = x.astype(f64)
    total = wide * coefficients[0]
    y = np.empty(total.shape, f32)
    for c in coefficients[1:-1]:
        total += c
        y[...] = total  # rounded
        total[...] = y
        total *= wide
    total += coefficients[-1]
    y[...] = total
    return y


def log(x: Array) -> Array:
    """``log x`` for x = 2^k (1 + t), 1 + t in [sqrt(1/2), sqrt(2)): t - t^2/2 + t^3 P(t) + k log 2.

    x is positive and not subnormal.
    """
    bits = x.view(np.int32)
    exponent = bits - SQRT_HALF
    exponent >>= 23
    k = exponent.astype(f32)
    exponent <<= 23
    t: Array = (bits - exponent).view(f32)
    t -= 1
    square = t * t
    y = polynomial(LOG, t)
    y *= t
    y = fused(y, square, k * f32(LOG_2[0]))
    square *= f32(0.5)
    y -= square
    t += y
    k *= f32(LOG_2[1])
    t += k
    return t


def cos_sin(x: Array) -> Array:
    """``cos x`` and ``sin x``, in two rows, for x from 0 on: polynomials of what is left of x when
    the nearest multiple of pi / 2 is taken off."""
    eighths = (x * f32(4 / math.pi)).astype(np.int32)
    eighths += 1
    eighths &= ~1
    k = eighths.astype(f32)
    for part in QUARTER_PI[:2]:
        x = x - k * f32(part)
    x = fused(k, -f32(QUARTER_PI[2]), x)
    square = x * x
    both = polynomial(COS_SIN, square)
    both *= square
    both[0] = fused(both[0], square, square * f32(-0.5))
    both[0] += 1
    both[1] = fused(both[1], x, x)
    # after an odd number of quarter turns cosine and sine change places; then come their signs
    cosine, sine = both.view(np.int32)
    odd = (eighths << 30) >> 31
    change = (cosine ^ sine) & odd
    cosine ^= change
    sine ^= change
    cosine ^= ((eighths + 2) & 4) << 29
    sine ^= (eighths & 4) << 29
    return both


def to_normal(numbers: Array) -> None:
    """Of each 16 uniform numbers, with ``u = 1 - (first eight)`` and ``v = (last eight)``, makes
    eight ``sqrt(-2 log u) cos(2 pi v)`` and eight ``sqrt(-2 log u) sin(2 pi v)``.

    ``numbers``, float32 or float64, is a contiguous line of a multiple of 16.
    """
    kind = numbers.dtype.type
    eights = numbers.view(f"V{8 * numbers.itemsize}").reshape(-1, 2)  # to copy eight as one

    def work(start: int, stop: int) -> None:
        for row in range(start, stop, ROWS):
            part = eights[row : min(row + ROWS, stop)]
            u, angle = (part[:, k].copy().view(kind) for k in range(2))
            np.subtract(1, u, out=u)
            angle *= kind(2 * math.pi)
            if kind is f32:
                radius, waves = log(u), cos_sin(angle)
            else:
                radius, waves = np.log(u), np.stack((np.cos(angle), np.sin(angle)))
            radius *= -2
            np.sqrt(radius, out=radius)
            waves *= radius
            waves += 0  # the mean: no -0 is left
            part[...] = waves.view(eights.dtype).T

    over_rows(work, len(eights), PRODUCTS * numbers.size if numbers.size >= MANY else 0)
