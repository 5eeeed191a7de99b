"""LSTM and GRU: what a step does beside its product, in one pass over the gates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..blas import single_threaded
from ..sums import column_sums
from .functions import sigmoid, tanh
from .jit import formula, ready

__all__ = ["gru", "gru_backward", "lstm", "lstm_backward"]

Kernel = Callable[..., Any]


@formula
def lstm_cell(gates, product, h, c, before, cells, tanhs, y):
    """The gates i, f, g, o of the sums; c = f c + i g; h = o tanh(c). Keeps h and c before it."""
    n = c.shape[1]
    for k in range(gates.shape[0]):
        gate, part = gates[k], product[k]
        for j in range(n):
            before[k, j] = h[k, j]
            cells[k, j] = c[k, j]
        for j in range(n):
            i = sigmoid(gate[j] + part[j])
            f = sigmoid(gate[n + j] + part[n + j])
            gate[j], gate[n + j] = i, f
        for j in range(n):
            v = tanh(gate[2 * n + j] + part[2 * n + j])
            o = sigmoid(gate[3 * n + j] + part[3 * n + j])
            gate[2 * n + j], gate[3 * n + j] = v, o
        for j in range(n):
            cell = gate[n + j] * c[k, j] + gate[j] * gate[2 * n + j]
            bent = tanh(cell)
            c[k, j], tanhs[k, j] = cell, bent
            h[k, j] = gate[3 * n + j] * bent
            y[k, j] = gate[3 * n + j] * bent


def spans(sizes: tuple[int, ...], reverse: bool) -> list[slice]:
    """Where each step's elements are, in the order of the steps."""
    found, start = [], 0
    for size in sizes:
        found.append(slice(start, start + size))
        start += size
    return found[::-1] if reverse else found


def lstm(numpy: Kernel) -> Kernel:
    def kernel(
        x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any,
        sizes: tuple[int, ...], reverse: bool,
    ) -> Any:  # fmt: skip
        biases = [b for b in (b_ih, b_hh) if b is not None]
        if w_hr is not None or ready(x, h, c, w_ih, w_hh, *biases) is None:
            return numpy(x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, sizes, reverse)
        gates = np.dot(x, w_ih.T)
        if biases:
            gates += sum(biases)
        h, c = h.copy(), c.copy()
        total, (rows, n) = len(x), c.shape
        y, before, cells, tanhs = np.empty((4, total, n), x.dtype)
        product = np.empty((rows, 4 * n), x.dtype)
        across = np.ascontiguousarray(w_hh.T)
        with single_threaded():
            for t in spans(sizes, reverse):
                m = t.stop - t.start
                past, part = h[:m], product[:m]
                np.dot(past, across, out=part)
                lstm_cell(gates[t], part, past, c[:m], before[t], cells[t], tanhs[t], y[t])
        return (y, h, c), gates, before, cells, tanhs

    return kernel


@formula
def lstm_cell_backward(gates, cells, tanhs, gy, dh, dc, out):
    """Of the gradients of h and c after the step those of the four sums, and of c before it."""
    n = dc.shape[1]
    one = dc.dtype.type(1)
    for k in range(gates.shape[0]):
        gate, to = gates[k], out[k]
        for j in range(n):
            i, f, v, o = gate[j], gate[n + j], gate[2 * n + j], gate[3 * n + j]
            bent = tanhs[k, j]
            inner = dh[k, j] + gy[k, j]
            cell = dc[k, j] + inner * o * (one - bent * bent)
            to[j] = cell * v * i * (one - i)
            to[n + j] = cell * cells[k, j] * f * (one - f)
            to[2 * n + j] = cell * i * (one - v * v)
            to[3 * n + j] = inner * bent * o * (one - o)
            dc[k, j] = cell * f


def lstm_backward(numpy: Kernel) -> Kernel:
    def kernel(
        g: Any, x: Any, w_ih: Any, w_hh: Any, w_hr: Any, gates: Any, before: Any, cells: Any,
        tanhs: Any, sizes: tuple[int, ...], reverse: bool, needs: Any,
    ) -> Any:  # fmt: skip
        arrays = ready(*g, x, w_ih, w_hh, gates, before, cells, tanhs)
        if w_hr is not None or arrays is None:
            return numpy(g, x, w_ih, w_hh, w_hr, gates, before, cells, tanhs, sizes, reverse, needs)
        gy, gh, gc = arrays[0], g[1].copy(), g[2].copy()
        grads = np.empty_like(gates)
        with single_threaded():
            for t in reversed(spans(sizes, reverse)):
                m = t.stop - t.start
                dh, part = gh[:m], grads[t]
                lstm_cell_backward(gates[t], cells[t], tanhs[t], gy[t], dh, gc[:m], part)
                np.dot(part, w_hh, out=dh)
        gb: Any = column_sums(grads) if needs[5] or needs[6] else None
        return (
            np.dot(grads, w_ih) if needs[0] else None,
            gh,
            gc,
            np.dot(grads.T, x) if needs[3] else None,
            np.dot(grads.T, before) if needs[4] else None,
            gb if needs[5] else None,
            gb.copy() if needs[6] else None,
            None,
        )

    return kernel


# --- GRU ------------------------------------------------------------------------------------


@formula
def gru_cell(gates, product, bias, h, before, inner, y):
    """The gates r, z, n of the sums, r acting on what the product gives n; h = n + z (h - n)."""
    n = h.shape[1]
    for k in range(gates.shape[0]):
        gate, part = gates[k], product[k]
        for j in range(n):
            before[k, j] = h[k, j]
            inner[k, j] = part[2 * n + j] + bias[2 * n + j]
        for j in range(n):
            r = sigmoid(gate[j] + (part[j] + bias[j]))
            z = sigmoid(gate[n + j] + (part[n + j] + bias[n + j]))
            gate[j], gate[n + j] = r, z
        for j in range(n):
            v = tanh(gate[2 * n + j] + gate[j] * inner[k, j])
            gate[2 * n + j] = v
            h[k, j] = v + gate[n + j] * (h[k, j] - v)
            y[k, j] = h[k, j]


def gru(numpy: Kernel) -> Kernel:
    def kernel(
        x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, sizes: tuple[int, ...],
        reverse: bool,
    ) -> Any:  # fmt: skip
        if ready(x, h, w_ih, w_hh, *(b for b in (b_ih, b_hh) if b is not None)) is None:
            return numpy(x, h, w_ih, w_hh, b_ih, b_hh, sizes, reverse)
        gates = np.dot(x, w_ih.T)
        if b_ih is not None:
            gates += b_ih
        h = h.copy()
        total, (rows, n) = len(x), h.shape
        bias = np.zeros(3 * n, x.dtype) if b_hh is None else np.ascontiguousarray(b_hh)
        y, before, inner = np.empty((3, total, n), x.dtype)
        product = np.empty((rows, 3 * n), x.dtype)
        across = np.ascontiguousarray(w_hh.T)
        with single_threaded():
            for t in spans(sizes, reverse):
                m = t.stop - t.start
                past, part = h[:m], product[:m]
                np.dot(past, across, out=part)
                gru_cell(gates[t], part, bias, past, before[t], inner[t], y[t])
        return (y, h), gates, before, inner

    return kernel


@formula
def gru_cell_backward(gates, before, inner, gy, dh, across, along):
    """Of the gradient of h after the step those of the product's three parts, of n's other summand,
    and of h before it beside the product."""
    n = dh.shape[1]
    one = dh.dtype.type(1)
    for k in range(gates.shape[0]):
        gate, to = gates[k], across[k]
        for j in range(n):
            r, z, v = gate[j], gate[n + j], gate[2 * n + j]
            g = dh[k, j] + gy[k, j]
            bend = g * (one - z) * (one - v * v)
            to[j] = bend * inner[k, j] * r * (one - r)
            to[n + j] = g * (before[k, j] - v) * z * (one - z)
            to[2 * n + j] = bend * r
            along[k, j] = bend
            dh[k, j] = g * z


def gru_backward(numpy: Kernel) -> Kernel:
    def kernel(
        g: Any, x: Any, w_ih: Any, w_hh: Any, gates: Any, before: Any, inner: Any,
        sizes: tuple[int, ...], reverse: bool, needs: Any,
    ) -> Any:  # fmt: skip
        arrays = ready(*g, x, w_ih, w_hh, gates, before, inner)
        if arrays is None:
            return numpy(g, x, w_ih, w_hh, gates, before, inner, sizes, reverse, needs)
        gy, gh, n = arrays[0], g[1].copy(), before.shape[1]
        grads, along = np.empty_like(gates), np.empty_like(before)
        with single_threaded():
            for t in reversed(spans(sizes, reverse)):
                dh, part = gh[: t.stop - t.start], grads[t]
                gru_cell_backward(gates[t], before[t], inner[t], gy[t], dh, part, along[t])
                dh += np.dot(part, w_hh)
        gw_hh = np.dot(grads.T, before) if needs[3] else None
        gb_hh = column_sums(grads) if needs[5] else None
        grads[:, 2 * n :] = along
        return (
            np.dot(grads, w_ih) if needs[0] else None,
            gh,
            np.dot(grads.T, x) if needs[2] else None,
            gw_hh,
            column_sums(grads) if needs[4] else None,
            gb_hh,
        )

    return kernel
