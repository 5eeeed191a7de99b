"""``-(dF / da) / p``: how samples move with the parameter a when their place F(x) stays.

For standard Gamma and for Beta variables, by the approximations of Jankowiak and Obermeyer,
"Pathwise derivatives beyond the reparameterization trick", 2018, with PyTorch's coefficients:
Taylor series near the ends of the support, Rice's saddle point expansion for large parameters,
rational functions fitted to the derivative elsewhere. Their relative error is below 5e-4.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .approximation import blockwise, put_where
from .gamma import digamma

Array = np.ndarray[Any, Any]


# --- Gamma -----------------------------------------------------------------------------------


def _gamma_near_0(a: Any, x: Any) -> Any:
    """Of the series ``F = x^a / Gamma(a) sum (-x)^k / (k! (a + k))``, six terms."""
    term, of_cdf, of_slope = np.ones_like(x), 1 / a, 1 / (a * a)
    for k in range(1, 6):
        term = term * (-x / k)
        of_cdf = of_cdf + term / (a + k)
        of_slope = of_slope + term / (a + k) ** 2
    power = x**a
    slope = (np.log(x) - digamma(a)) * (power * of_cdf) - power * of_slope
    return np.nan_to_num(-slope / (x ** (a - 1) * np.exp(-x)), nan=0.0, posinf=None, neginf=None)


def _gamma_large(a: Any, x: Any) -> Any:
    """Rice's saddle point expansion, for x away from a."""
    root = np.sqrt(8 * a)
    log_ratio = np.log(x / a)
    term2 = root / (a - x)
    term3 = (x - a - a * log_ratio) ** -1.5
    term23 = np.where(x < a, term2 - term3, term2 + term3)
    term1 = log_ratio * term23 - np.sqrt(2 / a) * (a + x) / (a - x) ** 2
    stirling = 1 + 1 / (12 * a) * (1 + 1 / (24 * a))
    return -stirling * x * term1 / root


def _gamma_large_near_mean(a: Any, x: Any) -> Any:
    """The same where it is singular: its Taylor series around x = a."""
    square = a * a
    first = 1 + 24 * a * (1 + 12 * a)
    second = 1440 * square + 6 * x * (53 - 120 * x) - 65 * x * x / a + a * (107 + 3600 * x)
    return first * second / (1244160 * square * square)


# powers of log(x / a) down, of log a across: four of the numerator, four of the denominator
GAMMA = np.array([
    [0.16009398, -0.094634809, 0.025146376, -0.0030648343,
     1, 0.32668115, 0.10406089, 0.0014179084],
    [0.53487893, 0.1298071, 0.065735949, -0.0015649758,
     0.16639465, 0.020070113, -0.0035938915, -0.00058392623],
    [0.040121004, -0.0065914022, -0.0026286047, -0.0013441777,
     0.017050642, -0.0021309326, 0.00085092367, -1.5247877e-07],
])  # fmt: skip


def _gamma_between(a: Any, x: Any) -> Any:
    u, v = np.log(x / a), np.log(a)
    c = [GAMMA[0, k] + u * (GAMMA[1, k] + u * GAMMA[2, k]) for k in range(8)]
    p = c[0] + v * (c[1] + v * (c[2] + v * c[3]))
    q = c[4] + v * (c[5] + v * (c[6] + v * c[7]))
    return np.exp(p / q)


@blockwise
def standard_gamma_grad(a: Any, x: Any) -> Any:
    """The derivative by a of x, distributed as Gamma(a, 1)."""
    out = np.empty_like(x)
    near = x < np.float32(0.8)
    large = ~near & (a > 8)
    low, high = (float(np.float32(c)) for c in (0.9, 1.1))
    middle = large & (low * a <= x) & (x <= high * a)
    put_where(out, near, _gamma_near_0, a, x)
    put_where(out, middle, _gamma_large_near_mean, a, x)
    put_where(out, large & ~middle, _gamma_large, a, x)
    return put_where(out, ~(near | large), _gamma_between, a, x)


# --- Beta ------------------------------------------------------------------------------------


def _beta_near_0_by_a(x: Any, a: Any, b: Any) -> Any:
    factor = digamma(a) - digamma(a + b) - np.log(x)
    term = np.ones_like(x)
    series = term / a * (factor + 1 / a)
    for k in range(1, 11):
        term = term * ((k - b) * x / k)
        series = series + term / (a + k) * (factor + 1 / (a + k))
    return np.nan_to_num(x * (1 - x) ** -b * series, nan=0.0, posinf=None, neginf=None)


def _beta_near_0_by_b(x: Any, a: Any, b: Any) -> Any:
    factor = digamma(a + b) - digamma(b)
    term, product, slope = np.ones_like(x), np.ones_like(x), np.zeros_like(x)
    series = factor / a
    for k in range(1, 9):
        term = term * (-x / k)
        slope = slope * (b - k) + product  # of the product by b
        product = product * (b - k)
        series = series + term / (a + k) * (slope + factor * product)
    return np.nan_to_num(-((1 - x) ** (1 - b)) * series, nan=0.0, posinf=None, neginf=None)


def _beta_large(x: Any, a: Any, b: Any) -> Any:
    """Rice's saddle point expansion; around the mean, where it is singular, its Taylor series."""
    total = a + b
    mean = a / total
    deviation = np.sqrt(a * b / (total + 1)) / total
    middle = (mean - 0.1 * deviation <= x) & (x <= mean + 0.1 * deviation)
    out = put_where(np.empty_like(x), middle, _beta_large_near_mean, x, a, b)
    return put_where(out, ~middle, _beta_large_off_mean, x, a, b)


def _beta_large_near_mean(x: Any, a: Any, b: Any) -> Any:
    total, b2 = a + b, b * b
    polynomial = 47 * x * b2 * b2 + a * (
        (43 + 20 * (16 + 27 * b) * x) * b2 * b
        + a * (
            3 * (59 + 180 * b - 90 * x) * b2
            + a * (
                (453 + 1620 * b * (1 - x) - 455 * x) * b
                + a * (8 * (1 - x) * (135 * b - 11))
            )
        )
    )  # fmt: skip
    numerator = (1 + 12 * a) * (1 + 12 * b) / (total * total)
    denominator = 12960 * a * a * a * b * b * (1 + 12 * total)
    return numerator / (1 - x) * polynomial / denominator


def _stirling(a: Any) -> Any:
    return 1 + 1 / (12 * a) + 1 / (288 * a * a)


def _beta_large_off_mean(x: Any, a: Any, b: Any) -> Any:
    total = a + b
    prefactor = -x / np.sqrt(2 * a * b / total)
    stirling = _stirling(a) * _stirling(b) / _stirling(total)
    shift = a * (x - 1) + b * x
    numerator = 2 * (a * a) * (x - 1) + a * b * (x - 1) - x * (b * b)
    term1 = numerator / (np.sqrt(2 * a / b) * total**1.5 * shift * shift)
    term2 = 0.5 * np.log(a / (total * x))
    term3 = np.sqrt(8 * a * b / total) / shift
    exponent = b * np.log(b / (total * (1 - x))) + a * np.log(a / (total * x))
    term4 = exponent**-1.5
    below = x < a / total
    return stirling * prefactor * (term1 + term2 * (term3 + np.where(below, term4, -term4)))


# numerator and denominator; powers of u = log x, of a' = log a - u, of log(a + b) - a'
BETA = np.array([
    [[[1.003668233, -0.01061107488, -0.0657888334, 0.01201642863],
      [0.6336835991, -0.3557432599, 0.05486251648, -0.001465281033],
      [-0.03276231906, 0.004474107445, 0.002429354597, -0.0001557569013]],
     [[0.221950385, -0.3187676331, 0.01799915743, 0.01074823814],
      [-0.2951249643, 0.06219954479, 0.01535556598, 0.001550077057],
      [0.02155310298, 0.004170831599, 0.001292462449, 6.976601077e-05]],
     [[-0.05980841433, 0.008441916499, 0.01085618172, 0.002319392565],
      [0.02911413504, 0.01400243777, -0.002721828457, 0.000751041181],
      [0.005900514878, -0.001936558688, -9.495446725e-06, 5.385558597e-05]]],
    [[[1, -0.02924021934, -0.04438342661, 0.007285809825],
      [0.6357567472, -0.3473456711, 0.05454656494, -0.002407477521],
      [-0.03301322327, 0.004845219414, 0.00231480583, -0.0002307248149]],
     [[0.5925320577, -0.1757678135, 0.01505928619, 0.000564515273],
      [0.1014815858, -0.06589186703, 0.01272886114, -0.0007316646956],
      [-0.007258481865, 0.001096195486, 0.0003934994223, -4.12701925e-05]],
     [[0.06469649321, -0.0236701437, 0.002902096474, -5.896963079e-05],
      [0.001925008108, -0.002869809258, 0.0008000589141, -6.063713228e-05],
      [-0.0003477407336, 6.959756487e-05, 1.097287507e-05, -1.650964693e-06]]],
])  # fmt: skip


def _beta_between(x: Any, a: Any, total: Any) -> Any:
    u = np.log(x)
    v = np.log(a) - u
    w = np.log(total) - v
    p, q = (
        sum(
            u**i * v**j * (c[0] + w * (c[1] + w * (c[2] + w * c[3])))
            for i, rows in enumerate(table)
            for j, c in enumerate(rows)
        )
        for table in BETA
    )
    return p / q * (x * (digamma(total) - digamma(a)) / (total - a))


@blockwise
def dirichlet_grad(x: Any, a: Any, total: Any) -> Any:
    """The derivative by a of x, distributed as Beta(a, total - a), divided by 1 - x."""
    out = np.empty_like(x)
    b = total - a
    left = total * x * (1 - x)
    low = (x <= 0.5) & (left < 2.5)
    high = ~low & (x >= 0.5) & (left < 0.75)
    large = ~(low | high) & (a > 6) & (b > 6)
    put_where(out, low, _beta_near_0_by_a, x, a, b)
    put_where(out, high, lambda x, a, b: -_beta_near_0_by_b(1 - x, b, a), x, a, b)
    put_where(out, large, _beta_large, x, a, b)
    return put_where(out, ~(low | high | large), _beta_between, x, a, total)
