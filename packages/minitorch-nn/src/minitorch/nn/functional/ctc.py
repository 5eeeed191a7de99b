"""Connectionist temporal classification: labels of a sequence without their places in time."""

from __future__ import annotations

from typing import Any

import minitorch
import numpy as np
from minitorch import Tensor, where
from minitorch.extend import fused

from ..kernels import ctc as kernels
from ..kernels.dtypes import check_float
from .reduction import chosen

__all__ = ["ctc_loss"]

FAR = -1e30  # the log of no probability, without the NaNs of its infinite gradients


def definition(
    logp: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int, zero: bool
) -> Any:
    """The forward recursion, frame by frame."""
    ends_at = target_lengths.numpy()
    states, skips = kernels.states_of(targets.numpy(), ends_at, blank)
    n, width = states.shape
    frames = minitorch.from_numpy(input_lengths.numpy())
    far = minitorch.full((n, width + 2), FAR, dtype=logp.dtype)
    places = minitorch.from_numpy(states)
    first = minitorch.arange(width) < 2
    alpha = where(first, logp[0].gather(1, places), FAR)
    for t in range(1, logp.shape[0]):
        before = minitorch.cat([far[:, :2], alpha], 1)  # [s], [s - 1] and [s - 2] side by side
        two = where(minitorch.from_numpy(skips), before[:, :width], FAR)
        ways = minitorch.stack([alpha, before[:, 1 : width + 1], two])
        onward = minitorch.logsumexp(ways, 0) + logp[t].gather(1, places)
        alpha = where((t < frames).unsqueeze(1), onward, alpha)
    ends = minitorch.from_numpy(kernels.last_states(ends_at, width))
    loss = -minitorch.logsumexp(where(ends, alpha, FAR), 1)
    if zero:
        loss = where(loss > -FAR / 2, 0.0, loss)
    # adds p to the gradient and nothing to the value, as the kernel does
    inside = minitorch.arange(logp.shape[0]).unsqueeze(1) < frames
    mass = (logp.exp().sum(2) * inside).sum(0)
    return loss + (mass - mass.detach())


ctc_loss_p = fused(
    lambda logp, targets, input_lengths, target_lengths, blank, zero_infinity: kernels.ctc(
        logp, targets, input_lengths, target_lengths, blank
    ),
    "logp targets input_lengths target_lengths | blank zero_infinity",
    lambda g, logp, targets, input_lengths, target_lengths, blank, out, alpha, zero_infinity: (
        *kernels.ctc_backward(
            g, logp, targets, input_lengths, target_lengths, blank, out, alpha, zero_infinity
        ),
        None,
        None,
    ),
    definition,
    name="ctc_loss",
    residuals="alpha",
)


def as_lengths(lengths: Any, name: str, batch: int) -> Any:
    made: Any = lengths if isinstance(lengths, Tensor) else minitorch.tensor(lengths)
    if made.dtype.is_floating_point or made.dtype.is_complex or made.dtype is minitorch.bool:
        raise RuntimeError(f"{name} must be integral")
    made = made.long().reshape(-1).clone()  # kept for the backward pass: the caller may go on
    if made.shape != (batch,):
        raise RuntimeError(f"{name} must be of size batch_size: {batch}, got {list(made.shape)}")
    if (made < 0).any():
        raise RuntimeError(f"Expected {name} to have value at least 0, but got {int(made.min())}")
    return made


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor,
    target_lengths: Tensor,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """-log of the probability of a labelling, summed over all its alignments (Graves et al., 2006).

    The gradient is that of PyTorch: right for ``log_probs`` that come from ``log_softmax``.

    Args:
        log_probs: (T, N, C) or (T, C), log-probabilities of the classes in each frame.
        targets: (N, S), or all labels in one row.
        input_lengths: (N), how many frames count, up to T.
        target_lengths: (N), how many labels count.
        blank: the class that stands for no label.
        reduction: ``"none"``, ``"sum"``, or ``"mean"``: of the losses over their target lengths.
        zero_infinity: 0 in the place of infinite losses, of targets too long for their input.
    """
    chosen(reduction)
    check_float(log_probs, "ctc_loss")
    batched = log_probs.ndim == 3
    logp = log_probs if batched else log_probs.unsqueeze(1)
    frames, n, classes = logp.shape
    if not logp.numel():
        raise RuntimeError(f"log_probs tensor must not be empty, but has shape {list(logp.shape)}")
    if not 0 <= blank < classes:
        raise RuntimeError(f"blank must be in label range: {blank} is none of {classes} classes")
    input_lengths = as_lengths(input_lengths, "input_lengths", n)
    target_lengths = as_lengths(target_lengths, "target_lengths", n)
    if n and int(input_lengths.max()) > frames:
        raise RuntimeError(
            f"Expected input_lengths to have value at most {frames}, but got value "
            f"{int(input_lengths.max())}"
        )
    sizes = target_lengths.numpy()
    longest = int(sizes.max()) if n else 0
    if targets.ndim == 1 and batched:
        if targets.shape[0] != sizes.sum():
            raise RuntimeError(
                f"Expected tensor to have size {int(sizes.sum())} at dimension 0, but got size "
                f"{targets.shape[0]} for argument #2 'targets'"
            )
        padded = np.full((n, longest), blank, np.int64)
        padded[np.arange(longest, dtype=np.int64) < sizes[:, None]] = targets.numpy()
        rows = minitorch.from_numpy(padded)
    else:
        rows = (targets if targets.ndim == 2 else targets.unsqueeze(0)).long()
        if rows.shape[1] < longest:
            raise RuntimeError(
                f"Expected tensor to have size at least {longest} at dimension 1, but got size "
                f"{rows.shape[1]} for argument #2 'targets'"
            )
    loss = ctc_loss_p(logp, rows, input_lengths, target_lengths, blank, zero_infinity)
    if zero_infinity:
        loss = where(loss == float("inf"), 0.0, loss)
    if reduction == "mean":
        return (loss / target_lengths.clamp_min(1).to(loss.dtype)).mean()
    if reduction == "sum":
        return loss.sum()
    return loss if batched else loss.squeeze(0)
