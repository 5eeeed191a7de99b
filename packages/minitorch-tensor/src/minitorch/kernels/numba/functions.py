"""exp, log, tanh, erf of one number, in float32 and float64, as arithmetic without branches.

A loop over them becomes vector instructions, which the calls that Numba's ``math`` makes do not.
Exact to one or two units in the last place. Coefficients: S. Moshier, Cephes (exp, tanh); Sun
Microsystems, fdlibm (log); W. J. Cody (erf, see ``kernels/error_function.py``).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from ..error_function import (
    FAR,
    FAR_D,
    FAR_N,
    MIDDLE_D,
    MIDDLE_N,
    NEAR,
    NEAR_D,
    NEAR_N,
    ONE_OVER_SQRT_PI,
    SINGLE,
    SINGLE_P,
    TAIL_P,
    TAIL_RATE,
)
from .jit import FORMULA, formula, from_bits, rint, to_bits

__all__ = ["erf", "exp", "exp_quick", "log", "normal", "sigmoid", "tanh"]

f, d, i, q = np.float32, np.float64, np.int32, np.int64


def by_dtype(single: Any, double: Any) -> Any:
    """The function of compiled code that is ``single`` of float32 and ``double`` of float64."""

    def function(x):
        raise NotImplementedError("for compiled code")

    @overload(function, jit_options={"fastmath": FORMULA, "error_model": "numpy"})
    def choose(x):
        return {types.float32: lambda x: single(x), types.float64: lambda x: double(x)}.get(x)

    return function


def coefficients(kind: Any, *numbers: float) -> tuple[Any, ...]:
    return tuple(map(kind, numbers))


@formula
def horner(x, numbers):
    """The polynomial with these coefficients, highest power first."""
    total = numbers[0]
    for c in numbers[1:]:
        total = total * x + c
    return total


# --- exp: 2^k e^r with |r| <= log(2) / 2, where 2^k is made in two halves, so that the ends of the
# range are those of the dtype ------------------------------------------------------------------

EXP_SINGLE = coefficients(
    f, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
    5.0000001201e-1,
)  # fmt: skip
EXP_DOUBLE = coefficients(d, *(1 / math.factorial(n) for n in range(13, 1, -1)))


@formula
def exp_single(x):
    x = f(89) if x > f(89) else x
    x = f(-104) if x < f(-104) else x
    k = rint(x * f(1 / math.log(2)))
    r = x - k * f(0.693145751953125) - k * f(1.42860682030941723212e-6)
    e = horner(r, EXP_SINGLE) * (r * r) + r + f(1)
    n = i(k)
    half = n >> i(1)
    rest = n - half
    return e * from_bits(i((half + i(127)) << i(23))) * from_bits(i((rest + i(127)) << i(23)))


@formula
def exp_double(x):
    x = d(710) if x > d(710) else x
    x = d(-746) if x < d(-746) else x
    k = rint(x * d(1 / math.log(2)))
    r = x - k * d(6.93147180369123816490e-01) - k * d(1.90821492927058770002e-10)
    e = horner(r, EXP_DOUBLE) * (r * r) + r + d(1)
    n = q(k)
    half = n >> q(1)
    rest = n - half
    return e * from_bits(q((half + q(1023)) << q(52))) * from_bits(q((rest + q(1023)) << q(52)))


exp = by_dtype(exp_single, exp_double)


@formula
def exp_quick_single(x):
    x = f(89) if x > f(89) else x  # 2^128 is infinite
    k = rint(x * f(1 / math.log(2)))
    r = x - k * f(0.693145751953125) - k * f(1.42860682030941723212e-6)
    e = horner(r, EXP_SINGLE) * (r * r) + r + f(1)
    return f(0) if x < f(-87) else e * from_bits(i((i(k) + i(127)) << i(23)))


@formula
def exp_quick_double(x):
    x = d(710) if x > d(710) else x
    k = rint(x * d(1 / math.log(2)))
    r = x - k * d(6.93147180369123816490e-01) - k * d(1.90821492927058770002e-10)
    e = horner(r, EXP_DOUBLE) * (r * r) + r + d(1)
    return d(0) if x < d(-708) else e * from_bits(q((q(k) + q(1023)) << q(52)))


# exp in fewer steps: 0 and infinity a little early, where it is below 1e-37 and above 1e38
exp_quick = by_dtype(exp_quick_single, exp_quick_double)


# --- log: k log(2) + log(1 + z) with 1 + z in [sqrt(1/2), sqrt(2)] --------------------------------

LOG_SINGLE = coefficients(f, 0.24279078841, 0.28498786688, 0.40000972152, 0.66666662693)
LOG_DOUBLE = coefficients(
    d, 1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01,
    2.222219843214978396e-01, 2.857142874366239149e-01, 3.999999999940941908e-01,
    6.666666666666735130e-01,
)  # fmt: skip


@formula
def log_single(x):
    small = x < f(2.0**-126)
    y = x * f(2.0**25) if small else x
    bits = to_bits(y) + i(0x3F800000 - 0x3F3504F3)
    k = f((bits >> i(23)) - i(127)) - (f(25) if small else f(0))
    z = from_bits(i((bits & i(0x007FFFFF)) + i(0x3F3504F3))) - f(1)
    s = z / (f(2) + z)
    w = s * s
    half = f(0.5) * z * z
    r = s * (half + w * horner(w, LOG_SINGLE)) + k * f(9.0580006145e-06)
    out = r - half + z + k * f(6.9313812256e-01)
    out = x if x == f(math.inf) else out
    out = f(-math.inf) if x == f(0) else out
    return out if x >= f(0) else f(math.nan)


@formula
def log_double(x):
    small = x < d(2.0**-1022)
    y = x * d(2.0**54) if small else x
    bits = to_bits(y) + q(0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
    k = d((bits >> q(52)) - q(1023)) - (d(54) if small else d(0))
    z = from_bits(q((bits & q(0x000FFFFFFFFFFFFF)) + q(0x3FE6A09E667F3BCD))) - d(1)
    s = z / (d(2) + z)
    w = s * s
    half = d(0.5) * z * z
    r = s * (half + w * horner(w, LOG_DOUBLE)) + k * d(1.90821492927058770002e-10)
    out = r - half + z + k * d(6.93147180369123816490e-01)
    out = x if x == d(math.inf) else out
    out = d(-math.inf) if x == d(0) else out
    return out if x >= d(0) else d(math.nan)


log = by_dtype(log_single, log_double)


# --- tanh and sigmoid ---------------------------------------------------------------------------

TANH_SINGLE = coefficients(
    f, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1
)
TANH_N = coefficients(
    d, -9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3
)
TANH_D = coefficients(
    d, 1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3
)


@formula
def tanh_single(x):
    w = x * x
    near = x * w * horner(w, TANH_SINGLE) + x
    far = f(1) - f(2) / (exp_quick_single(f(2) * abs(x)) + f(1))
    return near if abs(x) < f(0.625) else math.copysign(far, x)


@formula
def tanh_double(x):
    w = x * x
    near = x * w * (horner(w, TANH_N) / horner(w, TANH_D)) + x
    far = d(1) - d(2) / (exp_quick_double(d(2) * abs(x)) + d(1))
    return near if abs(x) < d(0.625) else math.copysign(far, x)


tanh = by_dtype(tanh_single, tanh_double)
sigmoid = by_dtype(
    formula(lambda x: f(1) / (f(1) + exp_quick_single(-x))),
    formula(lambda x: d(1) / (d(1) + exp_quick_double(-x))),
)


# --- erf ----------------------------------------------------------------------------------------

ERF_SINGLE = coefficients(f, *SINGLE_P)
ERF_NEAR_N, ERF_NEAR_D = coefficients(d, *NEAR_N), coefficients(d, *NEAR_D)
ERF_MIDDLE_N, ERF_MIDDLE_D = coefficients(d, *MIDDLE_N), coefficients(d, *MIDDLE_D)
ERF_FAR_N, ERF_FAR_D = coefficients(d, *FAR_N), coefficients(d, *FAR_D)


@formula
def erf_single(x):
    z = f(SINGLE) if x > f(SINGLE) else x
    z = f(-SINGLE) if z < f(-SINGLE) else z
    out = z * horner(z * z * f(2 / SINGLE**2) - f(1), ERF_SINGLE)
    out = f(1) if out > f(1) else out
    return f(-1) if out < f(-1) else out


@formula
def erf_double(x):
    y = abs(x)
    y = d(6) if y > d(6) else y  # from there on it is 1
    w = x * x
    near = x * horner(w, ERF_NEAR_N) / horner(w, ERF_NEAR_D)
    v = d(1) / (y * y)
    middle = horner(y, ERF_MIDDLE_N) / horner(y, ERF_MIDDLE_D)
    far = (d(ONE_OVER_SQRT_PI) - v * horner(v, ERF_FAR_N) / horner(v, ERF_FAR_D)) / y
    tail = exp_double(-y * y) * (far if y > d(FAR) else middle)
    return near if abs(x) <= d(NEAR) else math.copysign(d(1) - tail, x)


erf = by_dtype(erf_single, erf_double)


# --- the normal distribution: its function and its density at x -------------------------------

TAIL_SINGLE = coefficients(f, *TAIL_P, 0.0)
DENSITY = 1 / math.sqrt(2 * math.pi)


@formula
def normal_single(x):
    t = f(1) / (f(1) + f(TAIL_RATE * math.sqrt(0.5)) * abs(x))
    power = exp_quick_single(f(-0.5) * x * x)
    half = f(0.5) + horner(t, TAIL_SINGLE) * power  # the probability of [0, |x|]
    return f(0.5) + math.copysign(half, x), f(DENSITY) * power


@formula
def normal_double(x):
    cdf = d(0.5) + d(0.5) * erf_double(x * d(math.sqrt(0.5)))
    return cdf, d(DENSITY) * exp_quick_double(d(-0.5) * x * x)


normal = by_dtype(normal_single, normal_double)
