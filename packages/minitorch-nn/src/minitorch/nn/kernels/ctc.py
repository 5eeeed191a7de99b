"""Connectionist temporal classification (Graves et al., 2006), all sequences of a batch at once.

The labels of a sequence, with blanks between and around them, are its states. alpha[t, s] is the
log of the probability of all alignments of the frames up to t that end in state s, its emission
included; beta[t, s] the same of the frames from t on.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def states_of(targets: Any, lengths: Any, blank: int) -> tuple[Any, Any]:
    """The states (N, 2 S + 1) and whether each may be entered from two states before."""
    n, longest = targets.shape
    states = np.full((n, 2 * longest + 1), blank, np.int64)
    states[:, 1::2] = np.where(
        np.arange(longest, dtype=np.int64) < lengths[:, None], targets, blank
    )
    skips = np.zeros(states.shape, bool)
    skips[:, 2:] = (states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])
    return states, skips


def emissions_of(logp: Any, states: Any) -> Any:
    """(T, N, C) log-probabilities as those of the states, (T, N, 2 S + 1)."""
    return np.take_along_axis(logp, np.broadcast_to(states, (len(logp), *states.shape)), 2)


def step(before: Any, skips: Any) -> Any:
    """log(exp(a[s]) + exp(a[s - 1]) + exp(a[s - 2]) where that is allowed)."""
    total = before.copy()
    total[:, 1:] = np.logaddexp(total[:, 1:], before[:, :-1])
    two = np.where(skips[:, 2:], before[:, :-2], -np.inf)
    total[:, 2:] = np.logaddexp(total[:, 2:], two)
    return total


def last_states(lengths: Any, width: int) -> Any:
    """Which states may end a sequence: the last blank and the last label."""
    s = np.arange(width, dtype=np.int64)
    ends = 2 * lengths[:, None]
    return (s == ends) | (s == ends - 1)


def ctc(
    logp: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int
) -> tuple[Any, Any]:
    """The loss of each sequence, and alpha."""
    states, skips = states_of(targets, target_lengths, blank)
    emissions = emissions_of(logp, states).astype(np.float64)
    alpha = np.full(emissions.shape, -np.inf)
    if len(logp):
        alpha[0, :, :2] = emissions[0, :, :2]
        if not targets.shape[1]:
            alpha[0, :, :1] = emissions[0, :, :1]
    for t in range(1, len(logp)):
        running = (t < input_lengths)[:, None]
        alpha[t] = np.where(running, step(alpha[t - 1], skips) + emissions[t], alpha[t - 1])
    ends = last_states(target_lengths, states.shape[1])
    final = np.where(ends, alpha[-1], -np.inf)
    # a sequence without frames holds no label
    empty = np.where(target_lengths == 0, 0, -np.inf)
    loss = -np.where(input_lengths == 0, empty, np.logaddexp.reduce(final, axis=1))
    return loss.astype(logp.dtype), alpha


def ctc_backward(
    g: Any, logp: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int, out: Any,
    alpha: Any, zero_infinity: bool,
) -> tuple[Any, None]:  # fmt: skip
    """``p`` - (the probability that frame t is in a state of class c): zero along the ways on which
    the probabilities of a frame keep their sum.
    """
    states, skips = states_of(targets, target_lengths, blank)
    emissions = emissions_of(logp, states).astype(np.float64)
    ends = last_states(target_lengths, states.shape[1])
    flipped = np.zeros_like(skips)  # beta runs as alpha does, through the states in reverse
    flipped[:, 2:] = skips[:, :1:-1]
    beta = np.full(emissions.shape, -np.inf)
    after = beta[0]
    for t in reversed(range(len(logp))):
        last = (t == input_lengths - 1)[:, None]
        inside = (t < input_lengths)[:, None]
        onward = step(after[:, ::-1], flipped)[:, ::-1]
        start = np.where(ends, 0, -np.inf)
        after = np.where(inside, np.where(last, start, onward) + emissions[t], -np.inf)
        beta[t] = after
    total = np.logaddexp.reduce(np.where(ends, alpha[-1], -np.inf), axis=1)
    posterior = np.exp(alpha + beta - emissions - total[:, None])
    posterior[np.isneginf(alpha) | np.isneginf(beta)] = 0
    classes = np.arange(logp.shape[2], dtype=np.int64)
    onehot = (states[:, :, None] == classes).astype(np.float64)
    share = np.matmul(posterior.transpose(1, 0, 2), onehot).transpose(1, 0, 2)
    grad = np.exp(logp) - share
    if not zero_infinity:
        grad[:, np.isinf(out)] = np.nan
    else:
        grad[:, np.isinf(out)] = 0
    frames = np.arange(len(logp), dtype=np.int64)[:, None] < input_lengths
    return np.where(frames[:, :, None], grad * g[:, None], 0).astype(logp.dtype), None
