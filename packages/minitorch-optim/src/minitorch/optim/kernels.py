"""The optimizers' formulas.

A kernel ``f(xp, s, p, g, *states, **options)`` takes a parameter, its gradient and the state
as arrays of one shape and returns the new parameter and states. ``xp`` says what to calculate with:

* NumPy itself: the results are written into ``p`` and the states, ``s`` holds scratch arrays
  of the same shape, and nothing is allocated;
* ``tensors``: every argument is a Tensor, ``out`` is ignored, and the step is differentiable.

Rounding follows PyTorch: ``value * a / b`` is ``(value * a) / b``, an average moves by
``weight * (new - old)``, and what is added to ``b y`` is not rounded itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from minitorch.extend import axpby

__all__ = [
    "adadelta", "adagrad", "adam", "adamax", "asgd", "nadam", "radam", "rmsprop", "rprop", "sgd",
]  # fmt: skip


def combine(xp: Any, u: Any, y: Any, b: Any, x: Any, a: Any) -> Any:
    """``y = b y + a x``; ``u`` may be ``x``."""
    return axpby(a, x, b, y, u) if xp is np else y * b + x * a


def gradient(xp: Any, t: Any, u: Any, p: Any, g: Any, weight_decay: Any, maximize: bool) -> Any:
    """``g + weight_decay p``, or ``-g + weight_decay p``; in ``t`` if it is not ``g`` itself."""
    if maximize:
        g = xp.negative(g, t)
    elif weight_decay != 0:
        g = xp.positive(g, t)
    return g if weight_decay == 0 else combine(xp, u, g, 1, p, weight_decay)


def average(xp: Any, u: Any, old: Any, new: Any, weight: Any) -> Any:
    """``old += weight (new - old)``."""
    return combine(xp, u, old, 1, xp.subtract(new, old, u), weight)


def square_average(xp: Any, u: Any, old: Any, g: Any, beta: Any) -> Any:
    """``old = beta old + (1 - beta) g^2``."""
    return combine(xp, u, old, beta, xp.multiply(g, g, u), 1 - beta)


def descend(xp: Any, u: Any, p: Any, lr: Any, direction: Any, denominator: Any) -> Any:
    """``p -= lr direction / denominator``."""
    return xp.subtract(p, xp.divide(xp.multiply(direction, lr, u), denominator, u), p)


def sgd(
    xp: Any, s: Any, p: Any, g: Any, b: Any = None, *,
    lr: Any, momentum: Any, incoming: Any, weight_decay: Any, nesterov: bool, maximize: bool,
) -> Any:  # fmt: skip
    # b = momentum b + incoming g;  p -= lr b
    t, u, *_ = s
    g = gradient(xp, t, u, p, g, weight_decay, maximize)
    if b is not None:
        b = combine(xp, u, b, momentum, g, incoming)
        g = combine(xp, u, xp.positive(g, t), 1, b, momentum) if nesterov else b
    return combine(xp, u, p, 1, g, -lr), b


def adam(
    xp: Any, s: Any, p: Any, g: Any, m: Any, v: Any, peak: Any = None, *,
    lr: Any, beta1: Any, beta2: Any, eps: Any, weight_decay: Any, decay: Any, maximize: bool,
) -> Any:  # fmt: skip
    # p -= lr m / (sqrt(v) + eps), the bias corrections being in lr and eps
    t, u, *_ = s
    g = gradient(xp, t, u, p, g, weight_decay, maximize)
    if decay != 1:
        p = xp.multiply(p, decay, p)
    m = average(xp, u, m, g, 1 - beta1)
    v = square_average(xp, u, v, g, beta2)
    if peak is not None:
        peak = xp.maximum(peak, v, out=peak)
    denominator = xp.add(xp.sqrt(v if peak is None else peak, t), eps, t)
    return descend(xp, u, p, lr, m, denominator), m, v, peak


def adamax(
    xp: Any, s: Any, p: Any, g: Any, m: Any, norm: Any, *,
    lr: Any, beta1: Any, beta2: Any, eps: Any, weight_decay: Any, maximize: bool,
) -> Any:  # fmt: skip
    # norm = max(beta2 norm, |g| + eps);  p -= lr m / norm
    t, u, *_ = s
    g = gradient(xp, t, u, p, g, weight_decay, maximize)
    m = average(xp, u, m, g, 1 - beta1)
    norm = xp.multiply(norm, beta2, norm)
    norm = xp.maximum(norm, xp.add(xp.absolute(g, u), eps, u), out=norm)
    return descend(xp, u, p, lr, m, norm), m, norm


def nadam(
    xp: Any, s: Any, p: Any, g: Any, m: Any, v: Any, *,
    lr_g: Any, lr_m: Any, beta1: Any, beta2: Any, correction: Any, eps: Any,
    weight_decay: Any, decay: Any, maximize: bool,
) -> Any:  # fmt: skip
    # p -= (lr_g g + lr_m m) / (sqrt(v / correction) + eps)
    t, u, w, *_ = s
    if decay != 1:
        p = xp.multiply(p, decay, p)
    g = gradient(xp, t, u, p, g, weight_decay, maximize)
    m = average(xp, u, m, g, 1 - beta1)
    v = square_average(xp, u, v, g, beta2)
    denominator = xp.add(xp.sqrt(xp.divide(v, correction, w), w), eps, w)
    p = descend(xp, u, p, lr_g, g, denominator)
    return descend(xp, u, p, lr_m, m, denominator), m, v


def radam(
    xp: Any, s: Any, p: Any, g: Any, m: Any, v: Any, *,
    lr: Any, adaptive: bool, beta1: Any, beta2: Any, eps: Any,
    weight_decay: Any, decay: Any, maximize: bool,
) -> Any:  # fmt: skip
    # p -= lr m / (sqrt(v) + eps) once the variance can be trusted, before that p -= lr m
    t, u, *_ = s
    g = gradient(xp, t, u, p, g, weight_decay, maximize)
    if decay != 1:
        p = xp.multiply(p, decay, p)
    m = average(xp, u, m, g, 1 - beta1)
    v = square_average(xp, u, v, g, beta2)
    if adaptive:
        return descend(xp, u, p, lr, m, xp.add(xp.sqrt(v, t), eps, t)), m, v
    return combine(xp, u, p, 1, m, -lr), m, v


def adagrad(
    xp: Any, s: Any, p: Any, g: Any, total: Any, *,
    lr: Any, eps: Any, weight_decay: Any, maximize: bool,
) -> Any:  # fmt: skip
    # total += g^2;  p -= lr g / (sqrt(total) + eps)
    t, u, w, *_ = s
    g = gradient(xp, t, u, p, g, weight_decay, maximize)
    total = xp.add(total, xp.multiply(g, g, u), total)
    return descend(xp, u, p, lr, g, xp.add(xp.sqrt(total, w), eps, w)), total


def adadelta(
    xp: Any, s: Any, p: Any, g: Any, v: Any, d: Any, *,
    lr: Any, rho: Any, eps: Any, weight_decay: Any, maximize: bool,
) -> Any:  # fmt: skip
    # delta = sqrt(d + eps) / sqrt(v + eps) g;  p -= lr delta
    t, u, w, x = s
    g = gradient(xp, t, u, p, g, weight_decay, maximize)
    v = square_average(xp, u, v, g, rho)
    root = xp.sqrt(xp.add(v, eps, w), w)
    delta = xp.divide(xp.sqrt(xp.add(d, eps, x), x), root, x)
    delta = xp.multiply(delta, g, x)
    d = square_average(xp, u, d, delta, rho)
    return combine(xp, u, p, 1, delta, -lr), v, d


def rmsprop(
    xp: Any, s: Any, p: Any, g: Any, v: Any, *rest: Any,
    lr: Any, alpha: Any, eps: Any, weight_decay: Any, momentum: Any, centered: bool, maximize: bool,
) -> Any:  # fmt: skip
    # p -= lr g / (sqrt(v - m^2) + eps), m = 0 unless centered;  rest: momentum buffer, m
    t, u, w, *_ = s
    g = gradient(xp, t, u, p, g, weight_decay, maximize)
    v = square_average(xp, u, v, g, alpha)
    moments = []
    variance = v
    if centered:
        m = average(xp, u, rest[-1], g, 1 - alpha)
        variance = xp.subtract(v, xp.multiply(m, m, u), w)
        moments = [m]
    root = xp.add(xp.sqrt(variance, w), eps, w)
    if not momentum > 0:
        return descend(xp, u, p, lr, g, root), v, *moments
    b = combine(xp, u, rest[0], momentum, xp.divide(g, root, u), 1)
    return combine(xp, u, p, 1, b, -lr), v, b, *moments


def rprop(
    xp: Any, s: Any, p: Any, g: Any, prev: Any, step: Any, *,
    shrink: Any, grow: Any, smallest: Any, largest: Any, maximize: bool,
) -> Any:  # fmt: skip
    # the step of an element grows while its gradient keeps its sign, and shrinks when it turns
    t, u, *_ = s
    g = gradient(xp, t, u, p, g, 0, maximize)
    agreement = xp.sign(xp.multiply(g, prev, u), u)
    turned = agreement < 0
    factor = xp.where(turned, shrink, xp.where(agreement > 0, grow, agreement * 0 + 1))
    step = xp.clip(xp.multiply(step, factor, step), smallest, largest, step)
    prev = xp.multiply(xp.where(turned, 0, g), 1, prev)
    return xp.subtract(p, xp.multiply(xp.sign(prev, u), step, u), p), prev, step


def asgd(
    xp: Any, s: Any, p: Any, g: Any, ax: Any, *,
    eta: Any, mu: Any, lambd: Any, weight_decay: Any, maximize: bool,
) -> Any:  # fmt: skip
    # p = (1 - lambd eta) p - eta g;  ax: the average of p, ax += mu (p - ax)
    t, u, *_ = s
    g = gradient(xp, t, u, p, g, weight_decay, maximize)
    p = xp.multiply(p, 1 - lambd * eta, p)
    p = combine(xp, u, p, 1, g, -eta)
    return p, xp.multiply(p, 1, ax) if mu == 1 else average(xp, u, ax, p, mu)
