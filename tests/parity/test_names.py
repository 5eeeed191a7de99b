"""Classes that users subclass have no name that PyTorch's do not have: none is in a user's way."""

from __future__ import annotations

from typing import Generic

import minitorch
import minitorch.nn
import minitorch.optim
import minitorch.utils.data
import pytest
import torch
import torch.utils.data

PACKAGES = (
    (minitorch.nn, torch.nn),
    (minitorch.optim, torch.optim),
    (minitorch.optim.lr_scheduler, torch.optim.lr_scheduler),
    (minitorch.optim.swa_utils, torch.optim.swa_utils),
    (minitorch.utils.data, torch.utils.data),
)
# what a subclass of Tensor may collide with is another matter: it has NumPy's names and its own
TENSORS = ("Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter")
CLASSES = [
    pytest.param(ours, theirs, id=f"{package.__name__}.{name}")
    for package, reference in PACKAGES
    for name in sorted(dir(reference))
    if isinstance(theirs := getattr(reference, name), type)
    and isinstance(ours := getattr(package, name, None), type)
    and name not in TENSORS
]


def names(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("__")}


# attributes of PyTorch's instances, which dir() of its classes does not show
INSTANCES = {
    "Module": torch.nn.Module().__dict__,
    "BCEWithLogitsLoss": ("pos_weight",),
    "Optimizer": torch.optim.SGD([torch.zeros(1)]).__dict__,
    "_ConvNd": torch.nn.Conv2d(1, 1, 1).__dict__,
    "RNNBase": torch.nn.LSTM(1, 1).__dict__,
    "CyclicLR": ("use_beta1",),
    "OneCycleLR": ("use_beta1",),
}


@pytest.mark.parametrize(("ours", "theirs"), CLASSES)
def test_a_class_has_no_name_of_its_own(ours, theirs):
    bases = (*ours.__mro__, *theirs.__mro__)
    known = names(theirs).union(
        names(Generic),  # Python's own
        *(INSTANCES.get(base.__name__, ()) for base in bases),
        *(getattr(base, "__annotations__", ()) for base in bases if base in theirs.__mro__),
    )
    assert names(ours) <= known


MODULES = {
    "Linear": (2, 3), "Conv2d": (1, 2, 3), "ConvTranspose1d": (1, 2, 3), "LSTM": (2, 3),
    "GRUCell": (2, 3), "Embedding": (3, 2), "BatchNorm1d": (3,), "LayerNorm": (3,),
    "MultiheadAttention": (4, 2), "TransformerEncoderLayer": (4, 2, 8), "Sequential": (),
    "Dropout": (), "CELU": (), "MaxPool2d": (2,), "ReflectionPad2d": (1,), "Softmax": (1,),
    "MSELoss": (), "CrossEntropyLoss": (), "PReLU": (), "Flatten": (), "InstanceNorm2d": (2,),
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_an_instance_has_no_name_of_its_own(name):
    ours, theirs = (getattr(nn, name)(*MODULES[name]) for nn in (minitorch.nn, torch.nn))
    assert set(vars(ours)) <= set(vars(theirs))


def test_hook_dictionaries_are_read_and_written():
    """Libraries count, clear and fill them without asking the module."""
    seen = []
    for torch_, layer in ((minitorch, minitorch.nn.Linear(2, 2)), (torch, torch.nn.Linear(2, 2))):
        handle = layer.register_forward_hook(lambda m, x, y: seen.append("hook"))
        assert list(layer._forward_hooks) == [handle.id]
        layer._forward_hooks[-1] = lambda m, x, y: seen.append("written")
        layer(torch_.zeros(1, 2))
        layer._forward_hooks.clear()
        layer(torch_.zeros(1, 2))
        handle = layer.register_forward_pre_hook(lambda *a: None, with_kwargs=True)
        assert handle.id in layer._forward_pre_hooks_with_kwargs
        handle.remove()
        assert not layer._forward_pre_hooks
        assert not layer._forward_pre_hooks_with_kwargs
    assert seen == ["hook", "written"] * 2
