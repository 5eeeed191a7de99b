"""Modules on "meta": made in no time, given memory later."""

import copy

import minitorch as mt
import pytest
from minitorch import nn

MODULES = {
    "Linear": lambda **o: nn.Linear(3, 4, **o),
    "Bilinear": lambda **o: nn.Bilinear(3, 4, 5, **o),
    "Conv2d": lambda **o: nn.Conv2d(3, 4, 3, **o),
    "ConvTranspose1d": lambda **o: nn.ConvTranspose1d(3, 4, 3, **o),
    "Embedding": lambda **o: nn.Embedding(5, 3, **o),
    "EmbeddingBag": lambda **o: nn.EmbeddingBag(5, 3, **o),
    "LayerNorm": lambda **o: nn.LayerNorm(3, **o),
    "RMSNorm": lambda **o: nn.RMSNorm(3, **o),
    "GroupNorm": lambda **o: nn.GroupNorm(1, 3, **o),
    "BatchNorm1d": lambda **o: nn.BatchNorm1d(3, **o),
    "InstanceNorm1d": lambda **o: nn.InstanceNorm1d(3, affine=True, **o),
    "PReLU": lambda **o: nn.PReLU(**o),
    "LSTM": lambda **o: nn.LSTM(3, 4, **o),
    "GRUCell": lambda **o: nn.GRUCell(3, 4, **o),
    "MultiheadAttention": lambda **o: nn.MultiheadAttention(4, 2, **o),
    "TransformerEncoderLayer": lambda **o: nn.TransformerEncoderLayer(4, 2, 8, **o),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules(name):
    make = MODULES[name]
    usual = make()
    mt.manual_seed(3)
    given = make(device="meta")
    with mt.device("meta"):
        inside = make()
    assert mt.initial_seed() == 3
    assert mt.equal(mt.rand(2), mt.rand(2, generator=mt.Generator().manual_seed(3)))
    for made in (given, inside, copy.deepcopy(given), copy.deepcopy(usual).to("meta")):
        state = made.state_dict()
        assert {k: v.shape for k, v in state.items()} == {
            k: v.shape for k, v in usual.state_dict().items()
        }
        assert all(v.is_meta for v in state.values())
        with pytest.raises(NotImplementedError, match="to_empty"):
            made.to("cpu")
        made.to_empty(device="cpu")
        assert not any(v.is_meta for v in made.state_dict().values())
        made.load_state_dict(usual.state_dict())
    given = make(device="meta")
    given.load_state_dict(usual.state_dict(), assign=True)
    assert all(mt.equal(v, usual.state_dict()[k]) for k, v in given.state_dict().items())
    assert all(p.requires_grad for p in given.parameters())


@pytest.mark.parametrize(
    "fill",
    [
        lambda p: nn.init.uniform_(p),
        lambda p: nn.init.normal_(p),
        lambda p: nn.init.trunc_normal_(p),
        lambda p: nn.init.constant_(p, 3.0),
        lambda p: nn.init.eye_(p),
        lambda p: nn.init.xavier_uniform_(p),
        lambda p: nn.init.kaiming_normal_(p),
        lambda p: nn.init.orthogonal_(p),
    ],
)
def test_init_draws_nothing(fill):
    before = mt.get_rng_state()
    p = nn.Parameter(mt.empty(4, 6, device="meta"))
    assert fill(p) is p
    assert mt.equal(mt.get_rng_state(), before)


def test_forward_and_gradients():
    net = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.LayerNorm(8), nn.Linear(8, 2)).to("meta")
    loss = nn.functional.cross_entropy(
        net(mt.empty(3, 4, device="meta")), mt.zeros(3, dtype=mt.long, device="meta")
    )
    loss.backward()
    assert loss.is_meta
    assert all(p.grad.shape == p.shape for p in net.parameters())
    with pytest.raises(RuntimeError, match="expected device meta"):
        net(mt.empty(3, 4))


def test_a_large_model():
    with mt.device("meta"):
        layers = [nn.TransformerEncoderLayer(8192, 64, 4 * 8192) for _ in range(8)]
    assert sum(p.numel() for layer in layers for p in layer.parameters()) > 6 * 10**9


def test_parameters_show_what_users_set():
    p = nn.Parameter(mt.ones(2))
    assert p.__dict__ == {}
    p.note = 3
    assert p.__dict__ == vars(p) == {"note": 3}
    p.__dict__["other"] = 4
    assert p.other == 4
    p.__dict__.update(more=5)
    p.__dict__ = {"one": 1}
    assert (p.__dict__, hasattr(p, "note"), p.tolist()) == ({"one": 1}, False, [1.0, 1.0])
