"""Functions of torch itself that are those of nn under other signatures."""

from __future__ import annotations

from typing import Any

import minitorch as torch
import pytest
from minitorch.nn import native

F = torch.nn.functional


@pytest.mark.parametrize("name", native.__all__)
def test_each_is_in_torch(name: str) -> None:
    assert getattr(torch, name) is getattr(native, name)
    assert name in dir(torch)


@pytest.mark.parametrize(("kind", "name"), [("LSTM", "lstm"), ("GRU", "gru"), ("RNN", "rnn_tanh")])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_layers(kind: str, name: str, layers: int, bidirectional: bool, bias: bool) -> None:
    torch.manual_seed(0)
    module = getattr(torch.nn, kind)(3, 4, layers, bias=bias, bidirectional=bidirectional)
    x = torch.randn(5, 2, 3)
    h = torch.randn(layers * (2 if bidirectional else 1), 2, 4)
    state: Any = (h, h) if kind == "LSTM" else h
    params = list(module.parameters())
    before = torch.get_rng_state()
    made = getattr(torch, name)(x, state, params, bias, layers, 0.0, False, bidirectional, False)
    assert torch.equal(torch.get_rng_state(), before)
    y, last = module(x, state)
    assert torch.equal(made[0], y)
    assert torch.equal(made[1], last[0] if kind == "LSTM" else last)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, [5, 4])
    options = (params, bias, layers, 0.0, False, bidirectional)
    made = getattr(torch, name)(packed.data, packed.batch_sizes, state, *options)
    assert torch.equal(made[0], module(packed, state)[0].data)


def test_cells() -> None:
    cell, x, h = torch.nn.LSTMCell(3, 4), torch.randn(2, 3), torch.randn(2, 4)
    made = torch.lstm_cell(x, (h, h), *cell.parameters())
    assert all(map(torch.allclose, made, cell(x, (h, h))))
    gru = torch.nn.GRUCell(3, 4)
    assert torch.allclose(torch.gru_cell(x, h, *gru.parameters()), gru(x, h))
    for name in ("tanh", "relu"):
        rnn = torch.nn.RNNCell(3, 4, nonlinearity=name)
        made = getattr(torch, f"rnn_{name}_cell")(x, h, *rnn.parameters())
        assert torch.allclose(made, rnn(x, h))


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
def test_losses() -> None:
    x, target = torch.randn(3), torch.rand(3)
    for number, kind in enumerate(("none", "mean", "sum")):
        for name in ("binary_cross_entropy_with_logits", "kl_div"):
            made = getattr(torch, name)(x, target, reduction=number)
            assert torch.allclose(made, getattr(F, name)(x, target, reduction=kind))


def test_the_others() -> None:
    x, weight = torch.randn(1, 2, 6, 6), torch.randn(4, 2, 3, 3)
    made = torch.convolution(x, weight, None, [1], [1], [1], False, [0], 1)
    assert torch.equal(made, F.conv2d(x, weight, padding=1))
    made = torch.convolution(x, weight.transpose(0, 1), None, [2], [1], [1], True, [1], 1)
    assert torch.equal(made, F.conv_transpose2d(x, weight.transpose(0, 1), None, 2, 1, 1))
    table, rows = torch.randn(5, 2), torch.tensor([1, 2])
    assert torch.equal(torch.embedding(table, rows), table[rows])
    made, mean, inverse = torch.native_layer_norm(table, [2], None, None, 1e-5)
    assert torch.allclose((table - mean) * inverse, made, atol=1e-6)
    torch.embedding_renorm_(table, rows, 0.1, 2.0)
    assert bool((table[rows].norm(dim=1) <= 0.1001).all())
    ones = torch.ones(50)
    torch.manual_seed(1)
    dropped = torch.dropout(ones, 0.5, True)
    torch.manual_seed(1)
    assert torch.dropout_(ones, 0.5, True) is ones
    assert torch.equal(ones, dropped)


def test_statistics_beside_the_result() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    running = torch.zeros(3), torch.ones(3)
    mean, var = torch.batch_norm_update_stats(x, *running, 0.1)
    assert (mean.tolist(), var.tolist()) == ([1.5, 2.5, 3.5], [2.25] * 3)
    assert torch.allclose(running[0], mean / 10)
    assert torch.allclose(running[1], torch.full((3,), 0.9 + 0.45))
    made, mean, inverse = torch.native_batch_norm(x, None, None, *running, True, 0.1, 0)
    assert torch.allclose(made, (x - mean) * inverse)
    grouped = x.reshape(1, 2, 3)
    made, mean, inverse = torch.native_group_norm(grouped, None, None, 1, 2, 3, 2, 0)
    assert torch.allclose(made, (grouped - mean[..., None]) * inverse[..., None])
    made, kept = torch.native_dropout(x + 1, 0.5, True)
    assert torch.equal(made, (x + 1) * kept * 2)
    with pytest.raises(RuntimeError, match="at least one element"):
        torch.batch_norm_update_stats(x[:0], *running, 0.1)


X = torch.randn(2, 4, 6, 6)
SHORTER = {
    "celu": (X, 0.5),
    "selu": (X,),
    "rrelu": (X, 0.1, 0.2, False),
    "threshold": (X, 0.5, 0.1),
    "rms_norm": (X, (6,)),
    "max_pool1d": (X[0], 2, 1),
    "max_pool2d": (X, 2, 1, 1),
    "max_pool3d": (X, 2),
}


@pytest.mark.parametrize("name", SHORTER)
def test_without_what_functional_adds(name: str) -> None:
    assert torch.equal(getattr(torch, name)(*SHORTER[name]), getattr(F, name)(*SHORTER[name]))
    for extra in ("inplace", "return_indices"):
        with pytest.raises(TypeError, match=extra):
            getattr(torch, name)(*SHORTER[name], **{extra: True})


def test_norms_and_a_library() -> None:
    w, b = torch.randn(4), torch.randn(4)
    expected = F.group_norm(X, 2, w, b, 1e-3)
    assert torch.equal(torch.group_norm(X, 2, w, b, 1e-3, True), expected)
    x = X.movedim(1, -1)
    assert torch.equal(
        torch.layer_norm(x, (4,), w, b, 1e-3, False), F.layer_norm(x, (4,), w, b, 1e-3)
    )
