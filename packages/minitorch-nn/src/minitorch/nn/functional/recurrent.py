"""Recurrent layers over whole sequences: one fused step each, and their definitions.

Sequences come packed: all first elements, then all second ones, ...; ``sizes[t]`` sequences, the
longest first, have an element t. ``reverse`` runs through time backwards.
"""

from __future__ import annotations

from typing import Any

import minitorch
from minitorch import cat, sigmoid
from minitorch.extend import fused

from ..kernels import recurrent as kernels
from .piecewise_linear import relu as rectified

__all__: list[str] = []


def affine(x: Any, w: Any, b: Any) -> Any:
    y = x @ w.mT
    return y if b is None else y + b


def lstm_cell(
    x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any = None
) -> Any:
    """The new (h, c) of Hochreiter and Schmidhuber (1997), with forget gates."""
    i, f, g, o = (affine(x, w_ih, b_ih) + affine(h, w_hh, b_hh)).chunk(4, -1)
    c = sigmoid(f) * c + sigmoid(i) * minitorch.tanh(g)
    h = sigmoid(o) * minitorch.tanh(c)
    return (h if w_hr is None else h @ w_hr.mT), c


def gru_cell(x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """The new h of Cho et al. (2014); r acts after the product, as in cuDNN."""
    r, z, n = affine(x, w_ih, b_ih).chunk(3, -1)
    s, y, m = affine(h, w_hh, b_hh).chunk(3, -1)
    z = sigmoid(z + y)
    n = minitorch.tanh(n + sigmoid(r + s) * m)
    return n + z * (h - n)


def rnn_cell(x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, relu: bool) -> Any:
    """The new h of Elman (1990)."""
    y = affine(x, w_ih, b_ih) + affine(h, w_hh, b_hh)
    return rectified(y) if relu else minitorch.tanh(y)


def unrolled(cell: Any, x: Any, states: Any, sizes: Any, reverse: bool) -> Any:
    """(y, *states) of ``cell(x, *states) -> states`` step by step; y are the first states."""
    made = []
    for t in kernels.steps(sizes, reverse):
        count = t.stop - t.start
        new = cell(x[t], *(s[:count] for s in states))
        made.append(new[0])
        if count < len(states[0]):
            new = [cat([n, s[count:]]) for n, s in zip(new, states, strict=True)]
        states = new
    return cat(made[::-1] if reverse else made), *states


def lstm_definition(x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any,
                    sizes: Any, reverse: bool) -> Any:  # fmt: skip
    weights = (w_ih, w_hh, b_ih, b_hh, w_hr)
    return unrolled(lambda x, h, c: lstm_cell(x, h, c, *weights), x, (h, c), sizes, reverse)


def gru_definition(x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any,
                   sizes: Any, reverse: bool) -> Any:  # fmt: skip
    weights = (w_ih, w_hh, b_ih, b_hh)
    return unrolled(lambda x, h: (gru_cell(x, h, *weights),), x, (h,), sizes, reverse)


def rnn_definition(x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any,
                   sizes: Any, reverse: bool, relu: bool) -> Any:  # fmt: skip
    weights = (w_ih, w_hh, b_ih, b_hh, relu)
    return unrolled(lambda x, h: (rnn_cell(x, h, *weights),), x, (h,), sizes, reverse)


USED_BY = {"x": "w_ih", "w_ih": "x"}
USED_BY_ONE_STEP = USED_BY | {"w_hh": "h"}
lstm_p = fused(
    kernels.lstm,
    "x h c w_ih w_hh b_ih b_hh w_hr | sizes reverse -> y h_n c_n",
    kernels.lstm_backward,
    lstm_definition,
    name="lstm",
    residuals="gates before cells tanhs",
    used_by=USED_BY,
    compiled="recurrent.lstm recurrent.lstm_backward",
)
gru_p = fused(
    kernels.gru,
    "x h w_ih w_hh b_ih b_hh | sizes reverse -> y h_n",
    kernels.gru_backward,
    gru_definition,
    name="gru",
    residuals="gates before inner",
    used_by=USED_BY,
    compiled="recurrent.gru recurrent.gru_backward",
)
rnn_p = fused(
    kernels.rnn,
    "x h w_ih w_hh b_ih b_hh | sizes reverse relu -> y h_n",
    kernels.rnn_backward,
    rnn_definition,
    name="rnn",
    residuals="before after",
    used_by=USED_BY,
)
lstm_cell_p, gru_cell_p, rnn_cell_p = (
    op.primitive.relabelled(used_by=USED_BY_ONE_STEP) for op in (lstm_p, gru_p, rnn_p)
)
