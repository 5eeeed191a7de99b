"""Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict."""

from collections import OrderedDict

import minitorch
import pytest
from minitorch import nn


def layers():
    return [nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)]


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Sequential(*layers()),
        lambda: nn.Sequential(layers()),
        lambda: nn.Sequential(tuple(layers())),
        lambda: nn.Sequential(OrderedDict(zip("abc", layers(), strict=True))),
    ],
)
def test_sequential(make):
    model = make()
    assert len(model) == 3
    assert model(minitorch.zeros(5, 2)).shape == (5, 1)
    assert isinstance(model[1], nn.Tanh)
    assert isinstance(model[-2], nn.Tanh)
    assert [type(m).__name__ for m in model[:2]] == ["Linear", "Tanh"]


def test_sequential_changes():
    model = nn.Sequential(*layers())
    model.append(nn.ReLU()).extend([nn.Identity()]).insert(0, nn.Flatten())
    assert [type(m).__name__ for m in model] == [
        "Flatten", "Linear", "Tanh", "Linear", "ReLU", "Identity",
    ]  # fmt: skip
    del model[0]
    assert isinstance(model.pop(-1), nn.Identity)
    model[3] = nn.Sigmoid()
    assert list(dict(model.named_children())) == ["0", "1", "2", "3"]
    assert len(model + nn.Sequential(nn.ReLU())) == 5
    assert len(model * 2) == 8
    with pytest.raises(IndexError):
        model[9]
    with pytest.raises(TypeError):
        nn.Sequential(3)
    with pytest.raises(ValueError, match="Sequential"):
        model.__add__([nn.ReLU()])


def test_module_list():
    found = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1)])
    found += [nn.ReLU()]
    found.insert(1, nn.Tanh())
    assert [type(m).__name__ for m in found] == ["Linear", "Tanh", "Linear", "ReLU"]
    assert isinstance(found[1:3], nn.ModuleList)
    assert "(0-1): 2 x ReLU()" in repr(nn.ModuleList([nn.ReLU(), nn.ReLU()]))
    assert len(list(found.parameters())) == 4
    with pytest.raises(TypeError):
        nn.ModuleList([3])


def test_module_dict():
    found = nn.ModuleDict({"a": nn.ReLU()})
    found["b"] = nn.Tanh()
    found.update([("c", nn.Sigmoid())])
    assert list(found) == ["a", "b", "c"]
    assert "b" in found
    assert isinstance(found.pop("a"), nn.ReLU)
    assert len(found) == 2
    found.clear()
    assert not len(found)
    with pytest.raises(TypeError):
        found.update(3)


def test_parameter_list():
    found = nn.ParameterList([minitorch.ones(2), 3])
    found.append(nn.Parameter(minitorch.zeros(1)))
    assert isinstance(found[0], nn.Parameter)
    assert found[1] == 3
    assert len(list(found.parameters())) == 2
    found[0] = minitorch.zeros(4)
    assert found[0].shape == (4,)
    assert "(1): Object of type: int" in repr(found)
    assert len(found[1:]) == 2
    with pytest.raises(IndexError):
        found[3]


def test_parameter_dict():
    found = nn.ParameterDict({"b": minitorch.ones(2), "a": minitorch.zeros(1)})
    assert list(found.keys()) == ["a", "b"]
    found["c"] = nn.Parameter(minitorch.zeros(3))
    assert [p.numel() for p in found.parameters()] == [1, 2, 3]
    assert found.get("x") is None
    assert found.popitem()[0] == "c"
    assert len(found | {"d": minitorch.ones(1)}) == 3
    with pytest.raises(KeyError):
        found["x"]
