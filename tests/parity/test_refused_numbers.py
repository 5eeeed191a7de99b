"""Numbers that a dtype does not hold, and arrays in the place of tensors, are refused as PyTorch
refuses them."""

from __future__ import annotations

import itertools
from typing import Any

import minitorch
import numpy as np
import pytest
import torch


def set_(key: Any) -> Any:
    def write(lib: Any, x: Any, v: Any) -> Any:
        x[key(lib)] = v
        return x

    return write


MASK = [True, False, True]
TAKE_NUMBERS: dict[str, Any] = {
    "setitem": set_(lambda lib: 0),
    "setitem of a slice": set_(lambda lib: slice(1)),
    "setitem of a mask": set_(lambda lib: lib.tensor(MASK)),
    "setitem of indices": set_(lambda lib: lib.tensor([0, 2])),
    "setitem of all": set_(lambda lib: ...),
    "fill_": lambda lib, x, v: x.fill_(v),
    "full_like": lambda lib, x, v: lib.full_like(x, v),
    "full": lambda lib, x, v: lib.full((3,), v, dtype=x.dtype),
    "masked_fill": lambda lib, x, v: x.masked_fill(lib.tensor(MASK), v),
    "index_fill": lambda lib, x, v: x.index_fill(0, lib.tensor([0]), v),
    "scatter": lambda lib, x, v: x.scatter(0, lib.tensor([0]), v),
    "pad": lambda lib, x, v: lib.nn.functional.pad(x, (1, 1), value=v),
    "clamp max": lambda lib, x, v: x.clamp(max=v),
    "clamp min": lambda lib, x, v: x.clamp(min=v),
    "where": lambda lib, x, v: lib.where(lib.tensor(MASK), x, v),
    "threshold": lambda lib, x, v: lib.nn.functional.threshold(x, 1, v),
    "alpha": lambda lib, x, v: lib.add(x, x, alpha=v),
    "value": lambda lib, x, v: lib.addcmul(x, x, x, value=v),
    "linspace": lambda lib, x, v: lib.linspace(0, v, 3, dtype=x.dtype),
}
VALUES = [1e40, -1e40, 1e6, 300, 2**63, -1, float("inf"), float("nan"), np.float64(1e40), 1.5]
OURS = {  # refused here alone
    ("pad", "int64", 2**63): "PyTorch's wraps around",
}
KINDS = ["float32", "float64", "float16", "int64", "int8"]


def outcome(lib: Any, call: Any, kind: str, value: Any) -> Any:
    try:
        made = call(lib, lib.zeros(3, dtype=getattr(lib, kind)), value)
    except (RuntimeError, ValueError, OverflowError, TypeError, NotImplementedError):
        return "refused"
    return str(made.dtype).split(".")[-1], made.tolist()


@pytest.mark.parametrize("name", TAKE_NUMBERS)
def test_a_number_that_does_not_fit_is_refused(name: str) -> None:
    differing = []
    for kind, value in itertools.product(KINDS, VALUES):
        ours, theirs = (outcome(lib, TAKE_NUMBERS[name], kind, value) for lib in (minitorch, torch))
        if (name, kind, value) in OURS:
            assert ours == "refused"
        elif str(ours) != str(theirs):
            differing.append((kind, value, ours, theirs))
    assert not differing


VECTOR, MATRIX = np.ones(3, np.float32), np.ones((3, 3), np.float32)
BINARY = """
    add sub mul div true_divide floor_divide remainder fmod pow float_power atan2 hypot logaddexp
    logaddexp2 maximum minimum fmax fmin copysign nextafter ldexp heaviside eq ne lt le gt ge
    logical_and logical_or logical_xor dot vdot inner outer ger cross kron xlogy dist allclose
    isclose equal isin searchsorted bucketize rsub cdist complex polar cosine_similarity gather
    take masked_select index_select
"""


@pytest.mark.parametrize("name", BINARY.split())
@pytest.mark.filterwarnings("ignore:Using torch.cross")
def test_an_array_is_no_second_tensor(name: str) -> None:
    one = minitorch.ones(3, 3) if name == "cdist" else minitorch.ones(3)
    two = MATRIX if name == "cdist" else VECTOR
    function = getattr(minitorch, name, None) or getattr(minitorch.nn.functional, name)
    args = (0,) if name in ("gather", "index_select") else ()
    with pytest.raises(TypeError):
        function(one, *args, two)


MORE: dict[str, Any] = {
    "mm": lambda x, t: t.mm(t, x),
    "bmm": lambda x, t: t.bmm(t[None], x[None]),
    "mv": lambda x, t: torch.mv(t, x[0]),
    "where": lambda x, t: minitorch.where(t > 0, t, x),
    "lerp": lambda x, t: minitorch.lerp(t, x, 0.5),
    "clamp": lambda x, t: minitorch.clamp(t, x),
    "addmm": lambda x, t: minitorch.addmm(t, t, x),
    "addr": lambda x, t: minitorch.addr(t, t[0], x[0]),
    "addcdiv": lambda x, t: minitorch.addcdiv(t, x, t),
    "addcmul": lambda x, t: minitorch.addcmul(t, t, x),
    "stack": lambda x, t: minitorch.stack([t, x]),
    "cat": lambda x, t: minitorch.cat([t, x]),
    "cat of arrays": lambda x, t: minitorch.cat([x, x]),
    "einsum": lambda x, t: minitorch.einsum("ij,jk", t, x),
    "solve": lambda x, t: minitorch.linalg.solve(t, x),
    "add_": lambda x, t: t.add_(x),
    "method": lambda x, t: t.mul(x),
    "linear": lambda x, t: minitorch.nn.functional.linear(t, x),
    "bias": lambda x, t: minitorch.nn.functional.linear(t, t, x[0]),
    "layer_norm": lambda x, t: minitorch.nn.functional.layer_norm(t, (3,), x[0]),
    "conv1d": lambda x, t: minitorch.nn.functional.conv1d(t[None], x[None]),
    "attention": lambda x, t: minitorch.nn.functional.scaled_dot_product_attention(t, x, t),
    "cross_entropy": lambda x, t: minitorch.nn.functional.cross_entropy(t, np.arange(3)),
    "mse_loss": lambda x, t: minitorch.nn.functional.mse_loss(t, x),
    "prelu": lambda x, t: minitorch.nn.functional.prelu(t, x[0]),
    "batch_norm": lambda x, t: minitorch.nn.functional.batch_norm(t, x[0], x[0]),
    "pairwise_distance": lambda x, t: minitorch.nn.functional.pairwise_distance(t, x),
}  # fmt: skip


@pytest.mark.parametrize("name", MORE)
def test_an_array_is_no_tensor(name: str) -> None:
    with pytest.raises(TypeError):
        MORE[name](MATRIX, minitorch.ones(3, 3))


def test_operators_go_on_with_arrays() -> None:
    t = minitorch.ones(3, 3)
    for made in (
        t + MATRIX,
        MATRIX + t,
        t @ MATRIX,
        MATRIX @ t,
        t**MATRIX,
        t // MATRIX,
        t > MATRIX,
    ):
        assert type(made) is minitorch.Tensor
