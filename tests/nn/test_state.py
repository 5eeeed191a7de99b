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


def test_what_a_hook_returns():
    layer = nn.Linear(1, 1)

    def emptied(module, state, prefix, metadata):
        return {}

    layer._register_state_dict_hook(emptied).remove()
    handle = layer._register_state_dict_hook(emptied)
    assert layer.state_dict() == {}
    handle.remove()
    layer.register_state_dict_post_hook(emptied)
    with pytest.raises(RuntimeError, match="must return None"):
        layer.state_dict()
    with pytest.raises(RuntimeError, match="previously registered via"):
        layer._register_state_dict_hook(emptied)


@pytest.fixture
def swapping():
    minitorch.__future__.set_swap_module_params_on_conversion(True)
    yield
    minitorch.__future__.set_swap_module_params_on_conversion(False)


def test_conversion_swaps(swapping):
    layer = nn.Linear(2, 1)
    layer(minitorch.ones(1, 2)).sum().backward()
    before = [layer.weight, layer.weight.grad]
    numbers = [t._cdata for t in before]
    layer.double()
    assert layer.weight is before[0]
    assert layer.weight.grad is before[1]
    assert [t.dtype for t in before] == [minitorch.float64] * 2
    assert all(t._cdata != number for t, number in zip(before, numbers, strict=True))
    assert isinstance(layer.weight, nn.Parameter)
    assert layer.weight.requires_grad


@pytest.mark.parametrize("assign", [False, True])
def test_loading_swaps(swapping, assign):
    layer, other = nn.Linear(2, 1), nn.Linear(2, 1).double()
    weight = layer.weight
    layer.load_state_dict(other.state_dict(), assign=assign)
    assert layer.weight is weight
    assert weight.dtype is (minitorch.float64 if assign else minitorch.float32)
    assert minitorch.equal(weight, other.weight.to(weight.dtype))


def test_conversion_overwrites():
    layer = nn.Linear(2, 1)
    weight = layer.weight
    minitorch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        layer.double()
    finally:
        minitorch.__future__.set_overwrite_module_params_on_conversion(False)
    assert layer.weight is not weight
    assert weight.dtype is minitorch.float32
    assert not minitorch.__future__.get_overwrite_module_params_on_conversion()


def test_conversion_keeps_gradients_identity():
    layer = nn.Linear(2, 1)
    layer(minitorch.ones(1, 2)).sum().backward()
    grad = layer.weight.grad
    assert layer.double().weight.grad is grad
    assert grad.dtype is minitorch.float64


def test_a_failed_copy_names_its_parameter():
    class Refusing(minitorch.Tensor):
        def copy_(self, other):
            raise ValueError("no")

    layer = nn.Module()
    layer.register_buffer("b", minitorch.zeros(1).as_subclass(Refusing))
    with pytest.raises(RuntimeError, match=r'While copying the parameter named "b".*no'):
        layer.load_state_dict({"b": minitorch.ones(1)})
