"""Gamma numbers, by rejection; in bulk where what is drawn does not depend on what was accepted.

Marsaglia and Tsang, "A simple method for generating gamma variables", 2000: with d = a - 1/3, z
normal and v = (1 + z / sqrt(9 d))^3, the number d v of Gamma(a, 1) is accepted if a uniform number
u is less than ``1 - 0.0331 z^4``, or its logarithm less than ``z^2 / 2 + d (1 - v + log v)``. For
a < 1, u^(1 / a) times a number of Gamma(a + 1, 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
THIRD, SQUEEZE = float(np.float32(1 / 3)), float(np.float32(0.0331))
PAIRS = 4096  # of attempts at a time, at most


class Draws:
    """Uniform numbers that ``more(count)`` makes, how many of them are used, and the second of a
    pair of normal numbers that was not."""

    def __init__(self, more: Callable[[int], Array], kept: float | None) -> None:
        self.more, self.kept, self.used = more, kept, 0
        self.line = np.empty(0)
        self.start = 0  # of the line, among all

    def ahead(self, count: int) -> Array:
        """The next ``count`` numbers; they count as used when ``used`` says so."""
        first = self.used - self.start
        if first + count > self.line.size:
            self.line = np.concatenate([self.line[first:], self.more(max(count, 1024))])
            self.start, first = self.used, 0
        return self.line[first : first + count]


def _accepted(u: float, z: float, d: float, v: float) -> bool:
    square = z * z
    if u < 1 - SQUEEZE * square * square:
        return True
    return math.log(u) < 0.5 * square + d * (1 - v + math.log(v))


def _singly(a: Array, draws: Draws) -> list[float]:
    """A number of Gamma(a, 1) for each, one by one."""
    kind, out = a.dtype.type, []
    line: list[float] = []
    at = 0  # in the line
    kept = draws.kept
    for x in a:
        scale = 1.0
        if x < 1:
            if x == 0:
                out.append(0.0)
                continue
            inverse = float(kind(1) / x)
            x = x + kind(1)
        else:
            inverse = 0.0
        d = float(x - kind(THIRD))
        c = 1 / math.sqrt(9 * d)
        while True:
            if at + 4 > len(line):  # an attempt draws four numbers at most
                draws.used += at
                line, at = draws.ahead(min(4096, 8 * len(a))).tolist(), 0
            if inverse:
                scale = (1 - line[at]) ** inverse
                inverse = 0.0
                at += 1
            if kept is None:
                radius = math.sqrt(-2 * math.log1p(-line[at + 1]))
                angle = 2 * math.pi * line[at]
                at += 2
                z, kept = radius * math.cos(angle), radius * math.sin(angle)
            else:
                z, kept = kept, None
            y = 1 + c * z
            if y <= 0:
                continue
            v = y * y * y
            at += 1
            if _accepted(1 - line[at - 1], z, d, v):
                break
        out.append(scale * d * v)
    draws.used += at
    draws.kept = kept
    return out


def gamma_numbers(a: Array, draws: Draws) -> Array:
    """A number of Gamma(a, 1) for each of a line, in float64; ``a`` is rounded in its dtype."""
    if a.size >= 256 and 0 < a[0] < 2 and (a == a[0]).all():
        return _small(a, draws)
    if a.size < 16 or not a.min() >= 1:
        return np.array(_singly(a, draws))
    d = (a - a.dtype.type(THIRD)).astype(np.float64)
    lowest = -3 * math.sqrt(d.min())  # above it, 1 + z / sqrt(9 d) is positive
    # blocks are about as long as it takes a z to be too low
    chance = math.erfc(-lowest / math.sqrt(2))  # for one of the two of a pair
    pairs = int(min(PAIRS, max(32, 1 / chance if chance else PAIRS)))
    equal = bool((d == d[0]).all())
    out = np.empty(d.shape)
    done = 0
    while done < out.size:
        left = slice(done, done + 2 * pairs)
        count = 0 if draws.kept is not None else _bulk(d[left], equal, lowest, out[left], draws)
        if not count:
            count = 1
            out[done] = _singly(a[done : done + 1], draws)[0]
        done += count
    return out


def _bulk(d: Array, equal: bool, lowest: float, out: Array, draws: Draws) -> int:
    """Numbers for the first of ``d``, as many as attempts were accepted.

    Each two attempts draw two uniform numbers for their pair of normal ones, and one each: whatever
    is accepted, unless a z is too low and draws none. There a block ends, before that pair.
    """
    four = draws.ahead(4 * (len(d) // 2 + 1)).reshape(-1, 4)
    angle, v, *_ = np.ascontiguousarray(four.T)
    radius = np.sqrt(-2 * np.log1p(-v))
    angle *= 2 * np.pi
    z: Array = np.empty((len(four), 2))
    first = np.multiply(radius, np.cos(angle), out=z[:, 0])
    second = np.multiply(radius, np.sin(angle), out=z[:, 1])
    low = np.minimum(first, second) <= lowest
    pairs = int(low.argmax()) if low.any() else len(z)
    if not pairs:
        return 0
    z = z[:pairs].reshape(-1)
    u = 1 - four[:pairs, 2:].reshape(-1)
    square = z * z
    unsure = np.flatnonzero(u >= 1 - SQUEEZE * square * square)
    accepted = np.ones(z.shape, np.bool_)
    if equal:
        y = 1 + z[unsure] / math.sqrt(9 * d[0])
        v = y * y * y
        bound = 0.5 * square[unsure] + d[0] * (1 - v + np.log(v))
        accepted[unsure] = np.log(u[unsure]) < bound
    else:  # for which of d an attempt is made depends on how many were rejected
        rejected = 0
        for k in unsure.tolist():
            if k - rejected >= len(d):
                break
            of = float(d[k - rejected])
            cube = (1 + float(z[k]) / math.sqrt(9 * of)) ** 3
            if not _accepted(float(u[k]), float(z[k]), of, cube):
                accepted[k] = False
                rejected += 1
    taken = np.flatnonzero(accepted)[: len(d)]
    attempts = int(taken[-1]) + 1 if len(taken) == len(d) else len(z)
    of_taken = d[: len(taken)]
    y = 1 + z[taken] * (1 / np.sqrt(9 * of_taken))
    np.multiply(of_taken, y * y * y, out=out[: len(taken)])
    draws.used += attempts * 2
    if attempts % 2:  # the second normal number of a pair is left
        draws.used += 1
        draws.kept = float(z[attempts])
    return len(taken)


ACCEPTED, REJECTED, LOW = 0, 1, 2  # of an attempt; one whose z is too low draws no u
LINE = 1 << 14  # uniform numbers at a time


def _small(a: Array, draws: Draws) -> Array:
    """Numbers of one Gamma(a, 1) with a < 2, which rejects often: each attempt is decided for each
    place of the stream where it could begin, then the stream is followed from number to number."""
    kind, x = a.dtype.type, a[0]
    exact = a.dtype == np.float64  # else it is rounded in the end
    boost = int(x < 1)  # the uniform numbers before the attempts of a number, for its scale
    inverse = float(kind(1) / x)
    d = float((x + kind(1) if boost else x) - kind(THIRD))
    out, done = np.empty(a.shape), 0
    while done < a.size:
        if draws.kept is not None or a.size - done < 16:
            out[done] = _singly(a[done : done + 1], draws)[0]
            done += 1
            continue
        line = draws.ahead(min(LINE, 8 * (a.size - done)))
        radius, angle = np.sqrt(-2 * np.log1p(-line[1:])), 2 * math.pi * line[:-1]
        z = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)  # of the pair at a place
        starts, chosen, at, kept = _followed(_outcomes(line, z, d, boost), boost, a.size - done)
        if exact:
            numbers = _exactly(line, chosen)
            draws.kept = _exactly(line, np.array([2 * at - 5]))[0] if kept else None
        else:
            numbers = z.reshape(-1)[chosen]
            draws.kept = float(z[at - 3, 1]) if kept else None
        y = 1 + numbers * (1 / math.sqrt(9 * d))
        scale: Any = 1.0
        if boost:
            scale = 1 - line[starts]
            scale = [u**inverse for u in scale.tolist()] if exact else scale**inverse
        out[done : done + len(starts)] = np.multiply(scale, d) * (y * y * y)
        done += len(starts)
        draws.used += at
    return out


def _outcomes(line: Array, z: Array, d: float, boost: int) -> tuple[bytes, ...]:
    """By places: of the first number of the pair there; of the second one after it; of the second
    one kept from the pair before, for a number that starts there; and whether for a number that
    starts there, and the next, the pair is accepted."""
    c = 1 / math.sqrt(9 * d)

    def decided(z: Array, u: Array) -> Array:
        u, y, square = 1 - u, 1 + c * z, z * z
        good = u < 1 - SQUEEZE * square * square
        unsure = np.flatnonzero(~good & (y > 0))
        v = y[unsure] * y[unsure] * y[unsure]
        good[unsure] = np.log(u[unsure]) < 0.5 * square[unsure] + d * (1 - v + np.log(v))
        return np.where(y <= 0, LOW, ~good).astype(np.uint8)

    end = line.size - 4
    first = decided(z[:end, 0], line[2 : end + 2])  # u comes after the pair
    failed = np.flatnonzero(first)
    second, later, alone = np.zeros_like(first), np.zeros_like(first), np.ones_like(first)
    behind = failed + 2 + (first[failed] == REJECTED)
    second[failed] = decided(z[failed, 1], line[behind])
    later[3:] = decided(z[: end - 3, 1], line[3 + boost : end + boost])
    step = 2 * boost + 4
    alone[: end - step] = (
        first[boost : end - step + boost] | later[boost + 3 : end - step + boost + 3]
    )
    return first.tobytes(), second.tobytes(), later.tobytes(), alone.tobytes()


def _followed(outcomes: tuple[bytes, ...], boost: int, most: int) -> tuple[Any, Any, int, bool]:
    """Where each number starts and which z it takes (twice the place of the pair, and one for the
    second), the place after the last, and whether a second z is kept there."""
    first, second, later, alone = outcomes
    end, step = len(first), 2 * boost + 4
    at, kept, made = 0, False, 0
    places: list[int] = []  # of pairs; -1 for a number by itself
    numbers: list[tuple[int, int]] = []  # those: where they start, and their z
    while made < most and at < end:
        if not (alone[at] or kept) and made + 1 < most:  # nearly always
            places.append(at)
            at += step
            made += 2
            continue
        before = at, kept
        at += boost
        if kept and at < end and later[at - boost] == ACCEPTED:
            at, kept, z = at + 1, False, 2 * before[0] - 5
        else:
            if kept and at < end:
                at += later[at - boost] == REJECTED
            while at < end and first[at] and second[at]:
                at += 2 + (first[at] == REJECTED) + (second[at] == REJECTED)
            if at >= end:
                at, kept = before
                break
            kept = not first[at]
            z = 2 * at + 1 - kept
            at += 3 + (first[at] == REJECTED)
        places.append(-1)
        numbers.append((before[0], z))
        made += 1
    pairs = np.array(places, np.int64)
    twice = pairs >= 0
    order = np.cumsum(1 + twice) - 1 - twice  # the first number of each place
    starts, chosen = np.empty(made, np.int64), np.empty(made, np.int64)
    starts[order[~twice]], chosen[order[~twice]] = np.reshape(numbers, (-1, 2)).T
    pairs, order = pairs[twice], order[twice]
    starts[order], starts[order + 1] = pairs, pairs + boost + 3
    chosen[order], chosen[order + 1] = 2 * (pairs + boost), 2 * (pairs + boost) + 1
    return starts, chosen, at, kept


def _exactly(line: Array, chosen: Array) -> Array:
    """Normal numbers as Python's functions compute them; NumPy's differ in the last bit."""
    made = []
    for k in chosen.tolist():
        u, v = line[k // 2 : k // 2 + 2].tolist()
        wave = math.sin if k % 2 else math.cos
        made.append(math.sqrt(-2 * math.log1p(-v)) * wave(2 * math.pi * u))
    return np.array(made)
