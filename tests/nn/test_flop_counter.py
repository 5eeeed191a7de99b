"""FlopCounterMode counts what PyTorch counts; the numbers are PyTorch's."""

import minitorch as torch
import pytest
from minitorch import nn
from minitorch.utils.flop_counter import FlopCounterMode


def randn(*shape):
    return torch.randn(*shape, requires_grad=True)


# call -> operations forward, with the backward pass
COUNTS = {
    "matrices": (lambda: torch.ones(2, 3) @ randn(3, 4), 48, 96),
    "matrix and vector": (lambda: torch.ones(2, 3) @ randn(3), 0, 0),
    "vector and matrix": (lambda: torch.ones(3) @ randn(3, 4), 24, 48),
    "batches": (lambda: randn(6, 2, 3) @ randn(6, 3, 4), 288, 864),
    "batch and matrix": (lambda: torch.ones(6, 2, 3) @ torch.ones(3, 4), 288, None),
    "einsum": (lambda: torch.einsum("bij,bjk->bik", randn(2, 2, 3), randn(2, 3, 4)), 96, 288),
    "linear": (lambda: nn.Linear(3, 4)(torch.ones(2, 5, 3)), 240, 480),
    "linear, both": (lambda: nn.Linear(3, 4, bias=False)(randn(2, 5, 3)), 240, 720),
    "convolution": (lambda: nn.Conv2d(3, 4, 3, stride=2)(randn(2, 3, 8, 8)), 3888, 11664),
    "groups": (lambda: nn.Conv1d(4, 8, 3, groups=2)(torch.ones(1, 4, 9)), 672, 2016),
    "transposed": (lambda: nn.ConvTranspose1d(4, 8, 3, groups=2)(randn(1, 4, 9)), 864, 3456),
    "gru": (lambda: nn.GRU(3, 4)(torch.ones(5, 2, 3))[0], 1680, 4128),
    "rnn, input": (lambda: nn.RNN(3, 4)(randn(5, 2, 3))[0], 560, 1616),
    "lstm": (lambda: nn.LSTM(3, 4)(randn(5, 2, 3))[0], 0, 0),
    "attention": (lambda: nn.MultiheadAttention(8, 2)(*randn(3, 3, 2, 8))[0], 3648, 10944),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_pytorchs(name):
    call, forward, both = COUNTS[name]
    with FlopCounterMode(display=False) as counter:
        out = call()
        assert counter.get_total_flops() == forward
        if both is not None:
            out.sum().backward()
            assert counter.get_total_flops() == both


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 8)
        self.b = nn.Sequential(nn.Linear(8, 8, bias=False), nn.ReLU())

    def forward(self, x):
        return self.b(self.a(x))


def test_by_module_and_operation(capsys):
    net = Net()
    with FlopCounterMode(depth=1) as counter:
        net(torch.ones(5, 4)).sum().backward()
    aten = torch.ops.aten
    assert counter.get_flop_counts() == {
        "Global": {aten.addmm: 320, aten.mm: 2240},
        "Net": {aten.addmm: 320, aten.mm: 2240},
        "Net.a": {aten.addmm: 320, aten.mm: 320},
        "Net.b": {aten.mm: 1920},
        "Net.b.0": {aten.mm: 1920},
    }
    printed = capsys.readouterr().out
    assert "2,560" in printed
    assert "Net.a" not in printed
    assert "Net.b.0" in counter.get_table(depth=3)
    with counter:
        net(torch.ones(5, 4))
    assert counter.get_total_flops() == 960
    with pytest.raises(NotImplementedError, match="custom_mapping"):
        FlopCounterMode(custom_mapping={aten.mm: len})
