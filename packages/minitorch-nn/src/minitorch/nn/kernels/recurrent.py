"""Recurrent layers over whole sequences, forward and backward.

Sequences come packed: all first elements, then all second ones, ...; ``sizes[t]`` sequences, the
longest first, have an element t. The products with the input and the sums over time are taken for
all elements at once; in the loop over time remain one product and few operations in place. What the
backward loop multiplies with, the derivatives of the gates, is prepared for all elements at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from minitorch.extend import column_sums, single_threaded

from .dtypes import check_same

Sizes = tuple[int, ...]


def steps(sizes: Sizes, reverse: bool) -> list[slice]:
    """Where each step's elements are, in the order of the steps."""
    found, start = [], 0
    for size in sizes:
        found.append(slice(start, start + size))
        start += size
    return found[::-1] if reverse else found


def along_input(x: Any, w: Any, *biases: Any) -> Any:
    made = np.dot(x, w.T)
    given = [b for b in biases if b is not None]
    if given:
        made += sum(given)
    return made


def remainder(
    grads: Any, x: Any, before: Any, w_ih: Any, needs: Any, wanted: tuple[int, ...]
) -> Any:
    """The gradients of x, w_ih, w_hh and both biases by that of the sums that they make.

    ``wanted`` are the places of these five among the inputs.
    """
    i, ih, hh, b_ih, b_hh = (needs[k] for k in wanted)
    gb: Any = column_sums(grads) if b_ih or b_hh else None
    return (
        np.dot(grads, w_ih) if i else None,
        np.dot(grads.T, x) if ih else None,
        np.dot(grads.T, before) if hh else None,
        gb if b_ih else None,
        gb.copy() if b_hh else None,
    )


# --- LSTM -----------------------------------------------------------------------------------


def lstm(
    x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any, sizes: Sizes,
    reverse: bool,
) -> Any:  # fmt: skip
    """((y, h, c), gates, h before each step, c before each step, tanh c after it)"""
    check_same("lstm", x, h=h, c=c, w_ih=w_ih, w_hh=w_hh, b_ih=b_ih, b_hh=b_hh)
    n = w_hh.shape[0] // 4
    kind = x.dtype.type
    # sigmoid(x) = (1 + tanh(x / 2)) / 2: the four gates i f g o by one tanh
    half = np.repeat(np.array([0.5, 0.5, 1, 0.5], kind), n)
    gates = along_input(
        x, w_ih * half[:, None], *(None if b is None else b * half for b in (b_ih, b_hh))
    )
    across = np.ascontiguousarray((w_hh * half[:, None]).T)
    # a row for each sequence: NumPy takes twice as long to broadcast one
    scale = np.tile(half, (len(h), 1))
    rest = np.tile(np.repeat(np.array([0.5, 0.5, 0, 0.5], kind), n), (len(h), 1))
    total = len(x)
    y = np.empty((total, h.shape[1]), x.dtype)
    before = np.empty_like(y)
    cells = np.empty((total, n), x.dtype)
    tanhs = np.empty((total, n), x.dtype)
    h, c = h.copy(), c.copy()
    product = np.empty((len(h), 4 * n), x.dtype)
    with single_threaded():
        for t in steps(sizes, reverse):
            count = t.stop - t.start
            past, cell, gate = h[:count], c[:count], gates[t]
            before[t] = past
            cells[t] = cell
            gate += np.dot(past, across, out=product[:count])
            np.tanh(gate, out=gate)
            gate *= scale[:count]
            gate += rest[:count]
            cell *= gate[:, n : 2 * n]
            cell += gate[:, :n] * gate[:, 2 * n : 3 * n]
            bent = np.tanh(cell, out=tanhs[t])
            if w_hr is None:
                np.multiply(gate[:, 3 * n :], bent, out=past)
            else:
                past[...] = np.dot(gate[:, 3 * n :] * bent, w_hr.T)
            y[t] = past
    return (y, h, c), gates, before, cells, tanhs


def lstm_backward(
    g: Any, x: Any, w_ih: Any, w_hh: Any, w_hr: Any, gates: Any, before: Any, cells: Any,
    tanhs: Any, sizes: Sizes, reverse: bool, needs: Any,
) -> Any:  # fmt: skip
    gy, gh, gc = g
    n = cells.shape[1]
    gh, gc = gh.copy(), gc.copy()
    i, f, v, o = (gates[:, k * n : (k + 1) * n] for k in range(4))
    bend = 1 - tanhs * tanhs
    bend *= o
    # the gates' derivatives, s - s^2 of a sigmoid and 1 - v^2 of tanh, times what they multiply
    local = gates * gates
    np.subtract(gates, local, out=local)
    parts = [local[:, k * n : (k + 1) * n] for k in range(4)]
    np.subtract(1, v * v, out=parts[2])
    for part, other in zip(parts, (v, cells, i, tanhs), strict=True):
        part *= other
    factors = np.empty((len(gh), 4, n), x.dtype)
    grads = local.reshape(-1, 4, n)
    flat = local
    projected = None if w_hr is None else np.empty((len(x), gh.shape[1]), x.dtype)
    with single_threaded():
        for t in reversed(steps(sizes, reverse)):
            count = t.stop - t.start
            dh, dc = gh[:count], gc[:count]
            dh += gy[t]
            if projected is not None:
                projected[t] = dh
                inner = np.dot(dh, w_hr)
            else:
                inner = dh
            dc += inner * bend[t]
            factor = factors[:count]
            factor[:, :3] = dc[:, None]
            factor[:, 3] = inner
            grads[t] *= factor
            dc *= f[t]
            np.dot(flat[t], w_hh, out=dh)
    gx, gw_ih, gw_hh, gb_ih, gb_hh = remainder(flat, x, before, w_ih, needs, (0, 3, 4, 5, 6))
    gw_hr = np.dot(projected.T, o * tanhs) if projected is not None and needs[7] else None
    return gx, gh, gc, gw_ih, gw_hh, gb_ih, gb_hh, gw_hr


# --- GRU ------------------------------------------------------------------------------------


def gru(
    x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, sizes: Sizes, reverse: bool
) -> Any:
    """((y, h), gates r z n, h before each step, its part of n before r)"""
    check_same("gru", x, h=h, w_ih=w_ih, w_hh=w_hh, b_ih=b_ih, b_hh=b_hh)
    n = w_hh.shape[0] // 3
    gates = along_input(x, w_ih, b_ih)
    gates[:, : 2 * n] *= x.dtype.type(0.5)  # sigmoid(x) = (1 + tanh(x / 2)) / 2
    scale = np.repeat(np.array([0.5, 0.5, 1], x.dtype), n)
    across = np.ascontiguousarray((w_hh * scale[:, None]).T)
    bias = None if b_hh is None else b_hh * scale
    total = len(x)
    y = np.empty((total, n), x.dtype)
    before = np.empty_like(y)
    inner = np.empty_like(y)
    h = h.copy()
    product = np.empty((len(h), 3 * n), x.dtype)
    with single_threaded():
        for t in steps(sizes, reverse):
            count = t.stop - t.start
            past, gate = h[:count], gates[t]
            before[t] = past
            part = np.dot(past, across, out=product[:count])
            if bias is not None:
                part += bias
            rz, new = gate[:, : 2 * n], gate[:, 2 * n :]
            rz += part[:, : 2 * n]
            np.tanh(rz, out=rz)
            rz *= 0.5
            rz += 0.5
            inner[t] = part[:, 2 * n :]
            new += rz[:, :n] * inner[t]
            np.tanh(new, out=new)
            past -= new
            past *= rz[:, n:]
            past += new
            y[t] = past
    return (y, h), gates, before, inner


def gru_backward(
    g: Any, x: Any, w_ih: Any, w_hh: Any, gates: Any, before: Any, inner: Any, sizes: Sizes,
    reverse: bool, needs: Any,
) -> Any:  # fmt: skip
    gy, gh = g
    n = before.shape[1]
    gh = gh.copy()
    r, z, v = (gates[:, k * n : (k + 1) * n] for k in range(3))
    bend = (1 - z) * (1 - v * v)
    local = np.empty((len(x), 3, n), x.dtype)
    local[:, 0] = bend * inner * r * (1 - r)
    local[:, 1] = (before - v) * z * (1 - z)
    local[:, 2] = bend * r
    flat = local.reshape(-1, 3 * n)
    with single_threaded():
        for t in reversed(steps(sizes, reverse)):
            dh = gh[: t.stop - t.start]
            dh += gy[t]
            local[t] *= dh[:, None]
            bend[t] *= dh
            dh *= z[t]
            dh += np.dot(flat[t], w_hh)
    gw_hh = np.dot(flat.T, before) if needs[3] else None
    gb_hh = column_sums(flat) if needs[5] else None
    local[:, 2] = bend
    gx, gw_ih, _, gb_ih, _ = remainder(
        flat, x, before, w_ih, (needs[0], needs[2], False, needs[4], False), (0, 1, 2, 3, 4)
    )
    return gx, gh, gw_ih, gw_hh, gb_ih, gb_hh


# --- RNN ------------------------------------------------------------------------------------


def rnn(
    x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, sizes: Sizes, reverse: bool,
    relu: bool,
) -> Any:  # fmt: skip
    """((y, h), h before each step, a copy of y)"""
    check_same("rnn", x, h=h, w_ih=w_ih, w_hh=w_hh, b_ih=b_ih, b_hh=b_hh)
    y = along_input(x, w_ih, b_ih, b_hh)
    before = np.empty_like(y)
    h = h.copy()
    across = np.ascontiguousarray(w_hh.T)
    with single_threaded():
        for t in steps(sizes, reverse):
            past, out = h[: t.stop - t.start], y[t]
            before[t] = past
            out += np.dot(past, across)
            if relu:
                np.maximum(out, 0, out=out)
            else:
                np.tanh(out, out=out)
            past[...] = out
    return (y, h), before, y.copy()


def rnn_backward(
    g: Any, x: Any, w_ih: Any, w_hh: Any, before: Any, after: Any, sizes: Sizes, reverse: bool,
    relu: bool, needs: Any,
) -> Any:  # fmt: skip
    gy, gh = g
    gh = gh.copy()
    grads = (after > 0).astype(after.dtype) if relu else 1 - after * after
    with single_threaded():
        for t in reversed(steps(sizes, reverse)):
            dh, each = gh[: t.stop - t.start], grads[t]
            dh += gy[t]
            each *= dh
            np.dot(each, w_hh, out=dh)
    gx, gw_ih, gw_hh, gb_ih, gb_hh = remainder(grads, x, before, w_ih, needs, (0, 2, 3, 4, 5))
    return gx, gh, gw_ih, gw_hh, gb_ih, gb_hh
