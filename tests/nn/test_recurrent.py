"""Recurrent layers: the fused steps against their definitions, packing, errors."""

from __future__ import annotations

from typing import Any

import minitorch
import pytest
from minitorch import nn
from minitorch.autograd import gradgradcheck
from minitorch.nn.functional import recurrent as source
from minitorch.nn.utils.rnn import (
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
    unpack_sequence,
)

SIZES = (3, 3, 2, 1)


def leaf(*shape: int) -> Any:
    return minitorch.randn(*shape, dtype=minitorch.float64, requires_grad=True)


def weights(gates: int, state: int = 2) -> list[Any]:
    return [leaf(2 * gates, 2), leaf(2 * gates, state), leaf(2 * gates), leaf(2 * gates)]


CASES = {
    "lstm": (source.lstm_p, source.lstm_definition, 4, 2, ()),
    "projected": (source.lstm_p, source.lstm_definition, 4, 1, ()),
    "gru": (source.gru_p, source.gru_definition, 3, 2, ()),
    "tanh": (source.rnn_p, source.rnn_definition, 1, 2, (False,)),
    "relu": (source.rnn_p, source.rnn_definition, 1, 2, (True,)),
}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_fused(name: str, reverse: bool) -> None:
    minitorch.manual_seed(0)
    op, definition, gates, state, more = CASES[name]
    inputs = [leaf(9, 2), leaf(3, state)] + ([leaf(3, 2)] if gates == 4 else [])
    inputs += weights(gates, state)
    rest: list[Any] = [None] if name == "lstm" else []
    if name == "projected":
        inputs.append(leaf(1, 2))
    made = [f(*inputs, *rest, SIZES, reverse, *more) for f in (op, definition)]
    gs = [minitorch.randn(t.shape, dtype=minitorch.float64) for t in made[0]]
    for a, b in zip(*made, strict=True):
        assert minitorch.allclose(a, b)
    grads = [minitorch.autograd.grad(list(m), inputs, gs) for m in made]
    for a, b in zip(*grads, strict=True):
        assert minitorch.allclose(a, b)


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_packed_is_one_by_one(kind: Any) -> None:
    minitorch.manual_seed(0)
    layer = kind(3, 4, num_layers=2, bidirectional=True).double()
    sequences = [minitorch.randn(n, 3, dtype=minitorch.float64) for n in (2, 5, 3)]
    out, state = layer(pack_sequence(sequences, enforce_sorted=False))
    for k, (each, sequence) in enumerate(zip(unpack_sequence(out), sequences, strict=True)):
        alone, last = layer(sequence)
        assert minitorch.allclose(each, alone)
        h, first = (state[0], last[0]) if kind is nn.LSTM else (state, last)
        assert minitorch.allclose(h[:, k], first)


def test_cells_are_steps() -> None:
    for cell, layer in ((nn.LSTMCell, nn.LSTM), (nn.GRUCell, nn.GRU), (nn.RNNCell, nn.RNN)):
        minitorch.manual_seed(0)
        one = cell(3, 4)
        minitorch.manual_seed(0)
        whole = layer(3, 4)
        x = minitorch.randn(5, 2, 3)
        state = None
        for t in range(5):
            state = one(x[t], state)
        last = whole(x)[1]
        state, last = (state[0], last[0]) if cell is nn.LSTMCell else (state, last)
        assert minitorch.allclose(state, last[0], atol=1e-6)


def test_second_order() -> None:
    layer = nn.LSTM(2, 2).double()
    assert gradgradcheck(lambda x: layer(x)[0], (leaf(3, 2, 2),))


def test_padding() -> None:
    sequences = [minitorch.arange(n).float() for n in (3, 1)]
    assert pad_sequence(sequences, True, 9.0).tolist() == [[0, 1, 2], [0, 9, 9]]
    assert pad_sequence(sequences, True, padding_side="left").tolist() == [[0, 1, 2], [0, 0, 0]]
    packed = pack_padded_sequence(pad_sequence(sequences), [3, 1])
    assert packed.data.tolist() == [0, 0, 1, 2]
    assert packed.batch_sizes.tolist() == [2, 1, 1]
    padded, lengths = pad_packed_sequence(packed, total_length=4)
    assert padded.shape == (4, 2)
    assert lengths.tolist() == [3, 1]


ERRORS = [
    (lambda: nn.LSTM(3, 4)(minitorch.zeros(5, 2, 4)), RuntimeError, "Expected 3, got 4"),
    (lambda: nn.GRU(3, 4)(minitorch.zeros(3)), ValueError, "2D or 3D, got 1D"),
    (lambda: nn.RNN(3, 4, nonlinearity="gelu"), ValueError, "'tanh' or 'relu'"),
    (lambda: nn.LSTM(3, 4, proj_size=4), ValueError, "smaller than hidden_size"),
    (
        lambda: nn.GRU(3, 4)(minitorch.zeros(5, 2, 3), minitorch.zeros(1, 3, 4)),
        RuntimeError,
        "Expected hidden size",
    ),
    (lambda: nn.LSTMCell(3, 4)(minitorch.zeros(2, 5)), RuntimeError, "got 5, expected 3"),
    (
        lambda: pack_padded_sequence(minitorch.zeros(3, 2, 1), [1, 2]),
        RuntimeError,
        "decreasing order",
    ),
]


@pytest.mark.parametrize(("wrong", "kind", "message"), ERRORS)
def test_errors(wrong: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        wrong()
