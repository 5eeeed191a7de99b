"""Parameters and buffers whose shape is not known yet, and what refuses them."""

import copy
import subprocess
import sys

import minitorch
import pytest
from minitorch import nn


@pytest.mark.parametrize(
    "use",
    [
        lambda p: p + p,
        lambda p: minitorch.add(p, p),
        minitorch.empty_like,
        lambda p: p.numel(),
        lambda p: p.sum(),
        lambda p: p @ p,
    ],
)
def test_operations_refuse_them(use):
    for kind in (nn.UninitializedParameter, nn.UninitializedBuffer):
        with pytest.raises(ValueError, match=f"uninitialized parameter in .*{kind.__name__}"):
            use(kind())


def test_what_they_allow():
    p = nn.UninitializedParameter(dtype=minitorch.float64)
    assert p.dtype is minitorch.float64
    assert p.requires_grad
    assert p.is_floating_point()
    assert repr(p) == "<UninitializedParameter>"
    assert type(copy.deepcopy(p)) is nn.UninitializedParameter


def test_buffers_join_a_module():
    module = nn.Module()
    module.b = nn.UninitializedBuffer()
    module.c = nn.UninitializedBuffer(persistent=False)
    assert list(module.state_dict()) == ["b"]
    assert isinstance(module.b, nn.Buffer)
    module.load_state_dict({"b": minitorch.ones(2)})
    assert type(module.b) is minitorch.Tensor
    assert module.b.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("wrapped", "error"),
    [
        (lambda layer: nn.utils.spectral_norm(layer), "`SpectralNorm` can't have uninitialized"),
        (lambda layer: nn.utils.weight_norm(layer), "`WeightNorm` can't have uninitialized"),
    ],
)
@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm`")
def test_norms_refuse_them(wrapped, error):
    with pytest.raises(ValueError, match=error):
        wrapped(nn.LazyLinear(3))


def test_shared_memory():
    with pytest.raises(RuntimeError, match="share memory on an uninitialized"):
        nn.LazyLinear(3).share_memory()
    layer = nn.Linear(2, 1).share_memory()
    assert layer.weight.is_shared()


def test_functions_ask_nobody_before_there_is_a_lazy_parameter() -> None:
    program = (
        "import minitorch as torch\nfrom minitorch import nn, overrides\nnn.Linear(2, 2)\n"
        "assert not overrides._enabled.is_set()\nnn.LazyLinear(2)\n"
        "assert overrides._enabled.is_set()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
