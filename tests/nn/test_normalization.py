"""Normalization: the kernels against their definitions, running statistics, errors."""

from __future__ import annotations

from typing import Any

import minitorch
import pytest
from minitorch import nn
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.nn import functional as F


def leaf(*shape: int) -> Any:
    return minitorch.randn(*shape, dtype=minitorch.float64, requires_grad=True)


CASES: dict[str, Any] = {
    "batch": (lambda x, w, b: F.batch_norm(x, None, None, w, b, True), (3, 4, 2), (4,)),
    "batch of vectors": (lambda x, w, b: F.batch_norm(x, None, None, w, b, True), (5, 2), (2,)),
    "instance": (lambda x, w, b: F.instance_norm(x, None, None, w, b), (2, 3, 4), (3,)),
    "group": (lambda x, w, b: F.group_norm(x, 2, w, b), (2, 4, 3), (4,)),
    "layer": (lambda x, w, b: F.layer_norm(x, (3, 2), w, b), (4, 3, 2), (3, 2)),
    "rms": (lambda x, w, b: F.rms_norm(x, (4,), w) + b, (3, 4), (4,)),
    "eval": (
        lambda x, w, b: F.batch_norm(x, x.detach()[0, :, 0], x.detach()[0, :, 0] ** 2, w, b),
        (3, 4, 2),
        (4,),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_gradients(name: str) -> None:
    minitorch.manual_seed(0)
    function, shape, affine = CASES[name]
    inputs = leaf(*shape), leaf(*affine), leaf(*affine)
    if name != "eval":
        assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs) if name != "eval" else True


@pytest.mark.parametrize(
    ("groups", "shape"), [(0, (64, 8, 30)), (2, (64, 8, 30)), (8, (64, 8, 30))]
)
def test_many_blocks(groups: int, shape: Any) -> None:
    minitorch.manual_seed(0)
    x = minitorch.randn(shape, dtype=minitorch.float64) * 3 + 5
    if groups:
        y = F.group_norm(x, groups).reshape((64, groups, -1))
        dims: tuple[int, ...] = (2,)
    else:
        y, dims = F.batch_norm(x, None, None, training=True), (0, 2)
    assert minitorch.allclose(y.mean(dims), minitorch.zeros(1, dtype=y.dtype), atol=1e-9)
    assert minitorch.allclose(
        y.var(dims, correction=0), minitorch.ones(1, dtype=y.dtype), atol=1e-4
    )


def test_running_statistics() -> None:
    x = minitorch.tensor([[1.0], [3.0]])
    layer = nn.BatchNorm1d(1)
    layer(x)
    assert layer.running_mean.item() == pytest.approx(0.2)
    assert layer.running_var.item() == pytest.approx(0.9 + 0.1 * 2)
    mean = nn.BatchNorm1d(1, momentum=None)
    mean(x)
    mean(x + 2)
    assert mean.running_mean.item() == pytest.approx(3)
    assert mean.num_batches_tracked.item() == 2


def test_failed_forward_changes_nothing() -> None:
    layer = nn.BatchNorm2d(3)
    before = {k: v.clone() for k, v in layer.state_dict().items()}
    for wrong, kind in (
        (minitorch.ones(2, 4, 5, 5), RuntimeError),
        (minitorch.ones(2, 3), ValueError),
    ):
        with pytest.raises(kind):
            layer(wrong)
    for key, value in layer.state_dict().items():
        assert minitorch.equal(value, before[key])


ERRORS = [
    (lambda: nn.BatchNorm1d(3)(minitorch.zeros(1, 3)), ValueError, "more than 1 value per channel"),
    (lambda: nn.LayerNorm(3)(minitorch.zeros(2, 4)), RuntimeError, "expected input with shape"),
    (lambda: nn.GroupNorm(2, 3), ValueError, "divisible by num_groups"),
    (lambda: nn.InstanceNorm1d(3)(minitorch.zeros(3, 1)), ValueError, "spatial element"),
    (lambda: nn.BatchNorm3d(3)(minitorch.zeros(2, 3, 4)), ValueError, "expected 5D input"),
    (lambda: F.batch_norm(minitorch.zeros(2, 3), None, None), RuntimeError, "running_mean"),
]


@pytest.mark.parametrize(("wrong", "kind", "message"), ERRORS)
def test_errors(wrong: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        wrong()
