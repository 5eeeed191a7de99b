"""Module: attributes, walking, changing all, repr, copies."""

import copy
import pickle

import minitorch
import pytest
from minitorch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(3, 4)
        self.out = nn.Sequential(nn.Tanh(), nn.Linear(4, 2, bias=False))
        self.scale = nn.Parameter(minitorch.ones(1))
        self.register_buffer("mean", minitorch.zeros(2))
        self.register_buffer("cache", minitorch.zeros(2), persistent=False)

    def forward(self, x):
        return self.out(self.hidden(x)) * self.scale + self.mean


NAMES = ["scale", "hidden.weight", "hidden.bias", "out.1.weight"]


def test_names():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert [name for name, _ in net.named_parameters(recurse=False)] == ["scale"]
    assert next(net.named_parameters("net"))[0] == "net.scale"
    assert [name for name, _ in net.named_buffers()] == ["mean", "cache"]
    assert [name for name, _ in net.named_modules()] == ["", "hidden", "out", "out.0", "out.1"]
    assert [name for name, _ in net.named_children()] == ["hidden", "out"]
    assert list(net.children()) == [net.hidden, net.out]
    assert len(list(net.modules())) == 5
    assert all(p.requires_grad for p in net.parameters())
    assert not any(b.requires_grad for b in net.buffers())


def test_tied_weights_appear_once():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    assert len(list(net.parameters())) == 3
    assert len(list(net.named_parameters(remove_duplicate=False))) == 4
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    twin = copy.deepcopy(net)
    assert twin[0].weight is twin[1].weight
    assert twin[0].weight is not net[0].weight


def test_get():
    net = Net()
    assert net.get_submodule("out.1") is net.out[1]
    assert net.get_submodule("") is net
    assert net.get_parameter("out.1.weight") is net.out[1].weight
    assert net.get_buffer("mean") is net.mean
    net.set_submodule("out.0", nn.ReLU())
    assert isinstance(net.out[0], nn.ReLU)


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda net: setattr(net, "scale", 3), TypeError),
        (lambda net: setattr(net, "scale", minitorch.ones(1)), TypeError),
        (lambda net: setattr(net, "hidden", 3), TypeError),
        (lambda net: setattr(net, "mean", 3), TypeError),
        (lambda net: net.nothing, AttributeError),
        (lambda net: net.get_parameter("out.9"), AttributeError),
        (lambda net: net.get_parameter("mean"), AttributeError),
        (lambda net: net.get_submodule("scale"), AttributeError),
        (lambda net: net.register_parameter("a.b", None), KeyError),
        (lambda net: net.register_parameter("", None), KeyError),
        (lambda net: net.register_parameter("forward", None), KeyError),
        (lambda net: net.register_parameter("new", minitorch.ones(1)), TypeError),
        (lambda net: net.register_parameter("new", net.scale * 2), TypeError),
        (lambda net: net.register_buffer("new", 3), TypeError),
        (lambda net: net.add_module("new", 3), TypeError),
        (lambda net: net.train("yes"), ValueError),
        (lambda net: net.to(minitorch.int64), TypeError),
        (lambda net: net.to("cuda"), AssertionError),
        (lambda net: nn.Module()(1), NotImplementedError),
        (lambda net: nn.Module(3), TypeError),
        (lambda net: nn.Module(size=3), TypeError),
    ],
)
def test_bad_input_changes_nothing(act, error):
    net = Net()
    with pytest.raises(error):
        act(net)
    assert [name for name, _ in net.named_parameters()] == NAMES


def test_parts_before_init():
    class Early(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)

    with pytest.raises(AttributeError, match="before Module"):
        Early()


def test_none_and_delete():
    net = Net()
    net.scale = None
    assert "scale" not in dict(net.named_parameters())
    assert net.scale is None
    del net.mean
    assert [name for name, _ in net.named_buffers()] == ["cache"]
    net.hidden = None
    assert [name for name, _ in net.named_children()] == ["out"]


def test_buffers_by_class():
    class Holder(nn.Module):
        def __init__(self):
            super().__init__()
            self.kept = nn.Buffer(minitorch.ones(2))
            self.left = nn.Buffer(minitorch.ones(2), persistent=False)

    holder = Holder()
    assert list(holder.state_dict()) == ["kept"]
    assert [name for name, _ in holder.named_buffers()] == ["kept", "left"]


def test_modes():
    net = Net()
    assert net.training
    assert net.out[1].training
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    net.requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())


def test_zero_grad():
    net = Net()
    net(minitorch.ones(1, 3)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert all((p.grad == 0).all() for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_dtypes():
    net = Net()
    net.register_buffer("steps", minitorch.zeros(1, dtype=minitorch.int64))
    weight = net.hidden.weight
    net(minitorch.ones(1, 3)).sum().backward()
    assert net.double() is net
    assert net.hidden.weight is weight
    assert weight.dtype is minitorch.float64
    assert weight.grad.dtype is minitorch.float64
    assert net.mean.dtype is minitorch.float64
    assert net.steps.dtype is minitorch.int64
    assert net.to(minitorch.float32).scale.dtype is minitorch.float32
    assert net.half().scale.dtype is minitorch.float16
    assert net.float()(minitorch.ones(1, 3)).dtype is minitorch.float32


def test_apply_goes_children_first():
    seen = []
    Net().apply(lambda m: seen.append(type(m).__name__))
    assert seen == ["Linear", "Tanh", "Linear", "Sequential", "Net"]


def test_repr():
    assert repr(Net()) == (
        "Net(\n"
        "  (hidden): Linear(in_features=3, out_features=4, bias=True)\n"
        "  (out): Sequential(\n"
        "    (0): Tanh()\n"
        "    (1): Linear(in_features=4, out_features=2, bias=False)\n"
        "  )\n"
        ")"
    )
    assert repr(nn.Parameter(minitorch.ones(2))) == (
        "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    )


def test_pickle():
    net = pickle.loads(pickle.dumps(nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.2))))
    assert isinstance(net[0].weight, nn.Parameter)
    assert net[0].weight.requires_grad
    assert net[1].p == 0.2


def test_missing_sibling_names():
    with pytest.raises(ValueError, match="Default process group has not been initialized"):
        nn.parallel.DistributedDataParallel(Net())
    net = Net()
    assert [*nn.DataParallel(net).state_dict()] == [f"module.{name}" for name in net.state_dict()]
    with pytest.raises(AttributeError):
        _ = nn.nothing


def test_buffers_by_assignment():
    class Old(nn.Module):
        def register_buffer(self, name, tensor):
            super().register_buffer(name, tensor)

    module = Old()
    module.b = nn.Buffer(minitorch.ones(1))
    assert list(module.state_dict()) == ["b"]
    with pytest.raises(RuntimeError, match="without the persistent argument"):
        module.c = nn.Buffer(minitorch.ones(1), persistent=False)
    other = nn.Module()
    other.b = 5
    with pytest.raises(KeyError, match="already exists"):
        other.b = nn.Buffer(minitorch.ones(1))


def test_conversions_that_write_or_are_refused():
    layer = nn.Linear(2, 1)
    square = layer.weight * layer.weight
    layer._apply(lambda t: t.add_(1))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        square.sum().backward()
    with pytest.raises(RuntimeError, match="copy argument"):
        layer.to("cpu", copy=True)
    with pytest.warns(UserWarning, match="Complex modules are a new feature"):
        layer.to(minitorch.complex64)
