"""Steps of SGD and Adam: each number is read and written once."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .jit import formula, ready

__all__ = ["adam", "sgd"]

Kernel = Callable[..., Any]


@formula
def sgd_chunk(p, g, sign, weight_decay, lr):
    for k in range(p.size):
        d = sign * g[k]
        if weight_decay != 0:
            d += weight_decay * p[k]
        p[k] -= lr * d


@formula
def momentum_chunk(p, g, b, sign, weight_decay, lr, momentum, incoming, nesterov):
    """b = momentum b + incoming g;  p -= lr b, or lr (g + momentum b)."""
    for k in range(p.size):
        d = sign * g[k]
        if weight_decay != 0:
            d += weight_decay * p[k]
        m = momentum * b[k] + incoming * d
        b[k] = m
        p[k] -= lr * (d + momentum * m if nesterov else m)


def sgd(numpy: Kernel) -> Kernel:
    def kernel(
        xp: Any, s: Any, p: Any, g: Any, b: Any = None, *,
        lr: Any, momentum: Any, incoming: Any, weight_decay: Any, nesterov: bool, maximize: bool,
    ) -> Any:  # fmt: skip
        if xp is not np or not _fits(p, g, *([] if b is None else [b])):
            return numpy(
                xp, s, p, g, b, lr=lr, momentum=momentum, incoming=incoming,
                weight_decay=weight_decay, nesterov=nesterov, maximize=maximize,
            )  # fmt: skip
        kind = p.dtype.type
        sign = kind(-1 if maximize else 1)
        if b is None:
            sgd_chunk(p, g, sign, kind(weight_decay), kind(lr))
        else:
            momentum_chunk(
                p, g, b, sign, kind(weight_decay), kind(lr), kind(momentum), kind(incoming),
                bool(nesterov),
            )  # fmt: skip
        return p, b

    return kernel


@formula
def adam_chunk(p, g, m, v, sign, weight_decay, decay, lr, beta1, beta2, rest2, eps):
    """p -= lr m / (sqrt(v) + eps), the bias corrections being in lr and eps."""
    for k in range(p.size):
        d = sign * g[k]
        if weight_decay != 0:
            d += weight_decay * p[k]
        first = m[k] + beta1 * (d - m[k])
        second = beta2 * v[k] + rest2 * (d * d)
        m[k], v[k] = first, second
        p[k] = p[k] * decay - lr * first / (math.sqrt(second) + eps)


def adam(numpy: Kernel) -> Kernel:
    def kernel(
        xp: Any, s: Any, p: Any, g: Any, m: Any, v: Any, peak: Any = None, *,
        lr: Any, beta1: Any, beta2: Any, eps: Any, weight_decay: Any, decay: Any, maximize: bool,
    ) -> Any:  # fmt: skip
        if xp is not np or peak is not None or not _fits(p, g, m, v):
            return numpy(
                xp, s, p, g, m, v, peak, lr=lr, beta1=beta1, beta2=beta2, eps=eps,
                weight_decay=weight_decay, decay=decay, maximize=maximize,
            )  # fmt: skip
        kind = p.dtype.type
        adam_chunk(
            p, g, m, v, kind(-1 if maximize else 1), kind(weight_decay), kind(decay), kind(lr),
            kind(1 - beta1), kind(beta2), kind(1 - beta2), kind(eps),
        )  # fmt: skip
        return p, m, v, peak

    return kernel


def _fits(*lines: Any) -> bool:
    return ready(*lines) is not None and all(line.flags.c_contiguous for line in lines)
