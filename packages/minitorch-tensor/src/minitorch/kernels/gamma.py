"""The gamma function's family: log-gamma, digamma, Hurwitz zeta, polygamma.

Recurrences bring the argument to where a series converges (Abramowitz and Stegun, chapters 6 and
23); reflection formulas take care of negative arguments.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .approximation import blockwise, horner, put_where

# log Gamma(x) / (x - 2) in 2 x - 5 for 2 <= x <= 3: a Chebyshev interpolant
LOG_GAMMA = (
    1.57446847643340582e-15, -8.20209612144280491e-15, 3.53733254033972824e-14,
    -1.87705841917221575e-13, 1.01459912775290094e-12, -5.41523049586738832e-12,
    2.90339652296969183e-11, -1.56716224724261735e-10, 8.52079143625682461e-10,
    -4.67422918618351667e-9, 2.59292752122294536e-8, -1.45911590217253136e-7,
    8.36720345607955329e-7, -4.92280078819137059e-6, 0.0000300343102745644072,
    -0.000193448893350985047, 0.00135962518927417657, -0.0112014606743461517,
    0.133790899699404858, 0.56936574094583825,
)  # fmt: skip
# Bernoulli numbers: B_2k / (2k (2k - 1)) for k = 7 ... 1, B_2k / 2k for k = 8 ... 1
STIRLING = (1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12)
DIGAMMA = (
    -3617 / 8160, 1 / 12, -691 / 32760, 1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12,
)  # fmt: skip
# B_2k / (2k)! for k = 1 ... 12
EULER_MACLAURIN = (
    8.3333333333333333e-2, -1.3888888888888889e-3, 3.3068783068783069e-5,
    -8.2671957671957672e-7, 2.0876756987868099e-8, -5.2841901386874932e-10,
    1.3382536530684679e-11, -3.3896802963225829e-13, 8.5860620562778446e-15,
    -2.1748686985580619e-16, 5.5090028283602295e-18, -1.3954464685812523e-19,
)  # fmt: skip


def _stirling(x: Any) -> Any:
    """Log Gamma(x) for x >= 13."""
    correction = horner(1 / (x * x), STIRLING) / x
    return (x - 0.5) * np.log(x) - x + 0.9189385332046728 + correction


def _log_gamma(y: Any) -> Any:
    """Log Gamma(y) for y >= 0."""
    z = np.minimum(y, 13)
    steps = np.floor(z) - 2
    u = np.minimum(z - steps, 3)
    product = np.ones_like(u)
    for k in range(10):
        np.multiply(product, u + k, out=product, where=steps > k)
    np.divide(product, z, out=product, where=steps < 0)
    np.divide(product, z + 1, out=product, where=steps < -1)
    out = np.log(product) + (u - 2) * horner(2 * u - 5, LOG_GAMMA)
    put_where(out, y > 12.5, lambda y: _stirling(np.where(y < np.inf, y, 1e306)), y)
    out[y > 1e306] = np.inf
    return out


@blockwise
def lgamma(x: Any) -> Any:
    """Log |Gamma(x)|."""
    y = np.abs(x)
    out = _log_gamma(y)

    def reflected(y: Any, value: Any) -> Any:
        # Gamma(y) Gamma(-y) = -pi / (y sin(pi y))
        sine = np.abs(np.sin(np.pi * (y - np.round(y))))
        made = np.log(np.pi / (y * sine)) - value
        made[sine == 0] = np.inf  # the poles
        return made

    put_where(out, x < 0, reflected, y, out)
    put_where(out, y < 1e-300, lambda y: -np.log(y), y)  # 1 / y may be too large
    out[np.isinf(x)] = np.inf
    return out


@blockwise
def digamma(x: Any) -> Any:
    """The derivative of log Gamma(x)."""
    y = np.where(x < 0, 1 - x, x)
    out = np.zeros_like(y)
    for _ in range(10):  # psi(y) = psi(y + 1) - 1 / y
        low = y < 10
        if not low.any():
            break
        np.subtract(out, 1 / y, out=out, where=low)
        y = np.where(low, y + 1, y)
    w = 1 / (y * y)
    out += np.log(y) - 0.5 / y - w * horner(w, DIGAMMA)
    # psi(1 - x) - psi(x) = pi / tan(pi x)
    put_where(
        out, x < 0, lambda x, value: value - np.pi / np.tan(np.pi * (x - np.round(x))), x, out
    )
    out[(x < 0) & (x == np.floor(x))] = np.nan
    out[x == np.inf] = np.inf
    return np.where(x == 0, np.copysign(np.inf, -x), out)


def _zeta_positive(s: Any, q: Any) -> Any:
    """Sum of (q + k)^-s over k >= 0 for q > 0: ten terms, then Euler and Maclaurin's rest."""
    total = np.zeros_like(q)
    for k in range(10):
        total += (q + k) ** -s
    w = q + 10
    power = w**-s
    total += power * w / (s - 1) + power / 2
    factor = power * s / w
    for j, c in enumerate(EULER_MACLAURIN):
        total += c * factor
        factor *= (s + 2 * j + 1) * (s + 2 * j + 2) / (w * w)
    return total


@blockwise
def zeta(s: Any, q: Any) -> Any:
    """The Hurwitz zeta function, sum of (q + k)^-s over k >= 0."""

    def left(s: Any, q: Any) -> Any:
        # m terms are negative; with r = q + m in (0, 1] they are (-1)^s (1 - r + j)^-s, j < m;
        # 1 - r is taken so that q near 0 keeps its digits
        m = np.floor(-q) + 1
        r = q + m
        sign = np.where(s % 2, -1.0, 1.0)
        rest = (1 - m) - q
        terms = sign * (_zeta_positive(s, rest) - _zeta_positive(s, rest + m))
        made = terms + _zeta_positive(s, r)
        made[s != np.floor(s)] = np.nan
        made[q == np.floor(q)] = np.inf
        return made

    out = _zeta_positive(s, np.where(q > 0, q, 1))
    put_where(out, ~(q > 0), left, s, q)
    out[s == 1] = np.inf
    out[(s < 1) | np.isnan(s) | np.isnan(q)] = np.nan
    return out


def polygamma(x: Any, n: int) -> Any:
    """The derivative of order ``n`` of ``digamma``: (-1)^(n + 1) n! zeta(n + 1, x)."""
    if n == 0:
        return digamma(x)
    sign = 1.0 if n % 2 else -1.0
    return sign * math.gamma(n + 1) * zeta(np.full_like(x, n + 1), x)
