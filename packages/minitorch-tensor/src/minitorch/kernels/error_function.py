"""The error function and the normal distribution.

W. J. Cody, Rational Chebyshev approximations for the error function, Math. Comp. 23 (1969);
M. J. Wichura, Algorithm AS 241: the percentage points of the normal distribution,
Applied Statistics 37 (1988). Both give full double precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .approximation import BLOCK, blockwise, horner, put_where

SQRT2 = 1.4142135623730951
ONE_OVER_SQRT_PI = 0.5641895835477563

# Cody: x N(x^2) / D(x^2) is erf(x) for |x| <= 0.46875
NEAR = 0.46875
NEAR_N = (
    1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2,
    3.77485237685302021e2, 3.20937758913846947e3,
)  # fmt: skip
NEAR_D = (
    1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
    2.84423683343917062e3,
)  # fmt: skip
# N(x) / D(x) is erfcx(x) for 0.46875 <= x <= 4
MIDDLE_N = (
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0,
    6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
    1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
)  # fmt: skip
MIDDLE_D = (
    1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
    1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3,
    3.43936767414372164e3, 1.23033935480374942e3,
)  # fmt: skip
# (1 / sqrt(pi) - w N(w) / D(w)) / x with w = 1 / x^2 is erfcx(x) for x >= 4
FAR = 4.0
FAR_N = (
    1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
    1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4,
)  # fmt: skip
FAR_D = (
    1.0, 2.56852019228982242e0, 1.87295284992346047e0, 5.27905102951428412e-1,
    6.05183413124413191e-2, 2.33520497626869185e-3,
)  # fmt: skip

# x P(2 x^2 / SINGLE^2 - 1) is erf(x) to 2 units in the last place of float32 for |x| <= SINGLE,
# beyond which erf(x) is 1: a Chebyshev interpolant
SINGLE = 3.92
SINGLE_P = (
    -0.000939271922, 0.00212785818, -0.00104527798, 0.00182033042, -0.00817048326, 0.014343502,
    -0.0196174901, 0.029609212, -0.0435857343, 0.0584258272, -0.0739898904, 0.0905922123,
    -0.109181854, 0.134084837, -0.180108562, 0.360736809,
)  # fmt: skip

# erfc(z) = -2 t P(t) exp(-z^2) with t = 1 / (1 + RATE z) to 9e-9, a fit in the form of
# Abramowitz and Stegun 7.1.26; what float32 needs, and its exponential is the normal density's
TAIL_RATE = 0.39
TAIL_P = (
    0.1137699148491662, -0.44333746220190935, 0.31770826448197125, -0.3247858626092986,
    -0.04569190602124687, -0.1176629476910126,
)  # fmt: skip


def _near(x: Any) -> Any:
    """erf(x) for |x| <= 0.46875."""
    square = x * x
    return x * horner(square, NEAR_N) / horner(square, NEAR_D)


def _tail(y: Any) -> Any:
    """erfcx(y) for y >= 0.46875."""
    z = np.minimum(y, FAR)
    return put_where(horner(z, MIDDLE_N) / horner(z, MIDDLE_D), y > FAR, _far_tail, y)


def _far_tail(y: Any) -> Any:
    w = 1 / (y * y)
    return (ONE_OVER_SQRT_PI - w * horner(w, FAR_N) / horner(w, FAR_D)) / y


def _exp_square(y: Any, sign: int) -> Any:
    """exp(sign y^2) for y >= 0, y^2 in two parts so that no digit is lost."""
    y = np.minimum(y, 40)
    head = np.trunc(y * 16) / 16
    return np.exp(sign * head * head) * np.exp(sign * (y - head) * (y + head))


@blockwise
def _erf(x: Any) -> Any:
    y = np.abs(x)
    z = np.minimum(y, NEAR)
    out = np.copysign(_near(z), x)
    return put_where(
        out, y > NEAR, lambda x, y: np.copysign(1 - _exp_square(y, -1) * _tail(y), x), x, y
    )


def _erf_single(x: Any) -> Any:
    z = np.clip(x, -SINGLE, SINGLE)
    t = z * z
    t *= 2 / SINGLE**2
    t -= 1
    z *= horner(t, SINGLE_P)
    return np.clip(z, -1, 1, out=z)


def erf(x: Any) -> Any:
    """2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    if x.dtype != np.float32:
        return _erf(x)
    flat = np.asarray(x).reshape(-1)
    out = np.empty_like(flat)
    for k in range(0, out.size, 2 * BLOCK):
        out[k : k + 2 * BLOCK] = _erf_single(flat[k : k + 2 * BLOCK])
    return out.reshape(x.shape)[()]


def _erfc(x: Any) -> Any:
    y = np.abs(x)
    out = 1 - _near(np.clip(x, -NEAR, NEAR))

    def outside(x: Any, y: Any) -> Any:
        tail = _exp_square(y, -1) * _tail(y)
        return np.where(x < 0, 2 - tail, tail)

    return put_where(out, y > NEAR, outside, x, y)


def _erfcx(x: Any) -> Any:
    y = np.abs(x)
    z = np.clip(x, -NEAR, NEAR)
    out = np.exp(z * z) * (1 - _near(z))

    def outside(x: Any, y: Any) -> Any:
        return np.where(x < 0, 2 * _exp_square(y, 1) - _tail(y), _tail(y))

    return put_where(out, y > NEAR, outside, x, y)


def _log_ndtr(x: Any) -> Any:
    out = np.log1p(-0.5 * _erfc(np.maximum(x, -1) / SQRT2))
    return put_where(out, x < -1, lambda x: np.log(_erfcx(-x / SQRT2) / 2) - x * x / 2, x)


erfc = blockwise(_erfc)  # 1 - erf(x)
erfcx = blockwise(_erfcx)  # exp(x^2) erfc(x)
log_ndtr = blockwise(_log_ndtr)  # the logarithm of the normal distribution function

# Wichura: q N(r) / D(r) with r = 0.425^2 - q^2 for |q| <= 0.425; beyond, with r = sqrt(-log tail),
# N(r - 1.6) / D(r - 1.6) for r <= 5 and N(r - 5) / D(r - 5) above
CENTRE_N = (
    2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
    13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
)  # fmt: skip
CENTRE_D = (
    5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
    5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0,
)  # fmt: skip
SIDE_N = (
    7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
    1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055,
    4.6303378461565452959, 1.42343711074968357734,
)  # fmt: skip
SIDE_D = (
    1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
    0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494,
    2.05319162663775882187, 1.0,
)  # fmt: skip
END_N = (
    2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
    2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580,
    5.46378491116411436990, 6.65790464350110377720,
)  # fmt: skip
END_D = (
    2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
    7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
    5.99832206555887937690e-1, 1.0,
)  # fmt: skip


def _quantile(q: Any, tail: Any) -> Any:
    """The normal quantile of 1/2 + q, where ``tail`` is 1/2 - |q|."""

    def side(tail: Any) -> Any:
        r = np.sqrt(-np.log(tail))
        s = np.minimum(r, 5) - 1.6
        out = horner(s, SIDE_N) / horner(s, SIDE_D)
        put_where(out, r > 5, lambda r: horner(r - 5, END_N) / horner(r - 5, END_D), r)
        out[tail == 0] = np.inf
        return out

    r = 0.180625 - q * q
    out = q * horner(r, CENTRE_N) / horner(r, CENTRE_D)
    return put_where(out, np.abs(q) > 0.425, lambda q, tail: np.copysign(side(tail), q), q, tail)


@blockwise
def ndtri(p: Any) -> Any:
    """The normal quantile function, the inverse of the distribution function."""
    return _quantile(p - 0.5, np.minimum(p, 1 - p))


@blockwise
def erfinv(y: Any) -> Any:
    """The inverse of ``erf``."""
    return _quantile(y / 2, (1 - np.abs(y)) / 2) / SQRT2
