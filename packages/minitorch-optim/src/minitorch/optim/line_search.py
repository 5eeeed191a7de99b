"""A line search for the strong Wolfe conditions (Nocedal & Wright, algorithms 3.5 and 3.6).

Its constants and its safeguards are those of PyTorch, which has them from minFunc.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Point", "strong_wolfe"]


class Point(NamedTuple):
    """A place on the line: step, value, gradient, and the slope along the line."""

    t: float
    f: float
    g: Any
    slope: float


def strong_wolfe(
    evaluate: Callable[[float], Point],
    t: float,
    start: Point,
    length: float,
    *,
    tolerance: float,
    most: int,
) -> tuple[Point, int]:
    """A point that satisfies the conditions, and how many evaluations it took.

    Args:
        evaluate: the point at a step.
        t: the first step to try.
        start: the point at step 0.
        length: the largest element of the direction.
        tolerance: stop where the parameters in the bracket differ by less.
        most: how many steps to try at most.
    """

    def too_high(point: Point) -> bool:
        return point.f > start.f + 1e-4 * point.t * start.slope

    def flat_enough(point: Point) -> bool:
        return abs(point.slope) <= -0.9 * start.slope

    # walk out until two points have a good one between them
    before, point, tries = start, evaluate(t), 0
    bracket = None
    while tries < most:
        higher = too_high(point) or (tries > 1 and point.f >= before.f)
        if not higher and flat_enough(point):
            return point, tries + 1
        if higher or point.slope >= 0:
            bracket = [before, point]
            break
        low, high = point.t + 0.01 * (point.t - before.t), point.t * 10
        t = cubic_minimum(before, point, low, high)
        before, point = point, evaluate(t)
        tries += 1
    if bracket is None:
        bracket = [start, point]

    # narrow the bracket down
    best = 0 if bracket[0].f <= bracket[1].f else 1
    stuck = False
    while tries < most:
        a, b = sorted((bracket[0].t, bracket[1].t))
        if (b - a) * length < tolerance:
            break
        t = cubic_minimum(bracket[0], bracket[1])
        margin = 0.1 * (b - a)
        if min(b - t, t - a) < margin:  # too close to an end, twice or beyond it: move inwards
            if stuck or t >= b or t <= a:
                t = b - margin if abs(t - b) < abs(t - a) else a + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        point = evaluate(t)
        tries += 1
        if too_high(point) or point.f >= bracket[best].f:
            bracket[1 - best] = point
            best = 0 if bracket[0].f <= bracket[1].f else 1
            continue
        good = flat_enough(point)
        if not good and point.slope * (bracket[1 - best].t - bracket[best].t) >= 0:
            bracket[1 - best] = bracket[best]
        bracket[best] = point
        if good:
            break
    return bracket[best], tries + 1


def cubic_minimum(a: Point, b: Point, low: float | None = None, high: float | None = None) -> float:
    """Where the cubic through two points with their slopes is smallest, within the bounds."""
    if a.t > b.t:
        a, b = b, a
    low, high = a.t if low is None else low, b.t if high is None else high
    if a.t == b.t:
        return (low + high) / 2
    d = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t)
    square = d * d - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2
    root = math.sqrt(square)
    width = b.slope - a.slope + 2 * root
    t = b.t - (b.t - a.t) * ((b.slope + root - d) / width) if width else math.inf
    return min(max(t, low), high)
