"""State dicts: keys, errors, hooks; a load that fails changes nothing."""

import minitorch
import pytest
from minitorch import nn


def net():
    return nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.PReLU()))


KEYS = ["0.weight", "0.bias", "1.0.weight"]


def test_keys():
    state = net().state_dict()
    assert list(state) == KEYS
    assert list(state._metadata) == ["", "0", "1", "1.0"]
    assert not any(value.requires_grad for value in state.values())
    assert all(value.requires_grad for value in net().state_dict(keep_vars=True).values())
    assert list(net().state_dict(prefix="m.")) == ["m." + key for key in KEYS]


def test_round_trip():
    a, b = net(), net()
    x = minitorch.randn(4, 2)
    assert repr(b.load_state_dict(a.state_dict())) == "<All keys matched successfully>"
    assert (a(x) == b(x)).all()
    assert b[0].weight is not a[0].weight


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("0.bias"), 'Missing key(s) in state_dict: "0.bias"'),
        (lambda s: s.update(more=s["0.bias"]), 'Unexpected key(s) in state_dict: "more"'),
        (lambda s: s.update({"0.bias": minitorch.ones(5)}), "size mismatch for 0.bias"),
        (lambda s: s.update({"0.bias": 5}), "0.bias"),
        (lambda s: s.update({"1.0.weight": minitorch.ones(2)}), "torch.Size([2])"),
    ],
)
def test_errors(change, message):
    a, b = net(), net()
    state = dict(a.state_dict())
    change(state)
    before = {key: value.clone() for key, value in b.state_dict().items()}
    with pytest.raises(RuntimeError) as caught:
        b.load_state_dict(state)
    assert message in str(caught.value)
    assert all((before[key] == value).all() for key, value in b.state_dict().items())


def test_not_strict():
    model = net()
    result = model.load_state_dict({"0.bias": minitorch.ones(3), "x": 1}, strict=False)
    assert result.missing_keys == ["0.weight", "1.0.weight"]
    assert result.unexpected_keys == ["x"]
    assert (model[0].bias == 1).all()
    with pytest.raises(RuntimeError, match="size mismatch"):
        model.load_state_dict({"0.bias": minitorch.ones(4)}, strict=False)
    with pytest.raises(TypeError):
        model.load_state_dict([])


def test_assign():
    layer = nn.Linear(2, 2)
    weight = minitorch.ones(2, 2, dtype=minitorch.float64)
    layer.load_state_dict({"weight": weight, "bias": minitorch.zeros(2)}, assign=True)
    assert isinstance(layer.weight, nn.Parameter)
    assert layer.weight.dtype is minitorch.float64


def test_extra_state():
    class Counter(nn.Module):
        steps = 0

        def get_extra_state(self):
            return {"steps": self.steps}

        def set_extra_state(self, state):
            self.steps = state["steps"]

    a, b = Counter(), Counter()
    a.steps = 7
    b.load_state_dict(a.state_dict())
    assert b.steps == 7
    with pytest.raises(RuntimeError, match="_extra_state"):
        b.load_state_dict({})


def test_hooks():
    layer = nn.Linear(1, 1)
    seen = []
    layer.register_state_dict_pre_hook(lambda module, prefix, keep: seen.append("before"))
    layer.register_state_dict_post_hook(
        lambda module, state, prefix, meta: state.update({prefix + "note": minitorch.ones(1)})
    )
    layer.register_load_state_dict_pre_hook(lambda module, state, *rest: state.pop("note"))
    layer.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
    state = layer.state_dict()
    assert list(state) == ["weight", "bias", "note"]
    assert seen == ["before"]
    del state["bias"]
    state["weight"] = minitorch.full((1, 1), 5.0)
    layer.load_state_dict(state)
    assert layer.weight.item() == 5
