"""Operations on lists of tensors, and lists flattened into one."""

from __future__ import annotations

from typing import Any

import minitorch as torch
import pytest
from minitorch._utils import _flatten_dense_tensors, _take_tensors, _unflatten_dense_tensors
from minitorch.ops import foreach
from minitorch.utils._foreach_utils import _group_tensors_by_device_and_dtype


def lists() -> Any:
    return [torch.tensor([0.5, 0.25]), torch.tensor([[0.75]])]


OPERANDS: dict[str, list[Any]] = {
    **{name: [lists(), 2.0, [2.0, 3.0]] for name in ("add", "sub", "mul", "div", "pow")},
    **{name: [lists(), 0.3, [0.3, 0.4]] for name in ("maximum", "minimum", "clamp_max")},
    "copy": [lists()],
}
NUMBERS = {"maximum": "clamp_min", "minimum": "clamp_max"}


@pytest.mark.parametrize("name", foreach.NAMES)
def test_each(name: str) -> None:
    method = name.removeprefix("_foreach_")
    base = method.removesuffix("_")
    function = getattr(torch, name)
    if base in ("addcmul", "addcdiv", "clone", "lerp", "mm", "norm", "powsum", "max", "zero"):
        return
    for operand in OPERANDS.get(base, [None] if base in foreach.UNARY else [0.3]):
        tensors = lists()
        made = function(tensors) if operand is None else function(tensors, operand)
        each = operand if isinstance(operand, list) else [operand] * 2
        own = NUMBERS.get(base, base) if not isinstance(each[0], torch.Tensor) else base
        for x, y, start in zip(made, each, lists(), strict=True):
            if base == "copy":
                assert torch.equal(x, y)
                continue
            assert torch.equal(x, getattr(start, own)(*(() if operand is None else (y,))))
        assert (made is tensors) is method.endswith("_")


def test_three_lists() -> None:
    x, y = lists(), lists()
    for made in (
        torch._foreach_addcmul(x, y, y, 2),  # type: ignore[attr-defined]
        torch._foreach_addcmul(x, y, y, [2, 2]),  # type: ignore[attr-defined]
        torch._foreach_addcmul(x, y, y, scalars=torch.tensor([2.0, 2.0])),  # type: ignore[attr-defined]
    ):
        assert torch.equal(made[0], x[0] + 2 * y[0] * y[0])
    assert torch.equal(torch._foreach_lerp(x, y, weight=0.5)[1], x[1])  # type: ignore[attr-defined]
    assert torch._foreach_norm(x, 1)[0].item() == 0.75  # type: ignore[attr-defined]
    assert torch._foreach_pow(2, x)[1].item() == pytest.approx(2**0.75)  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match="at least one tensor"):
        torch._foreach_add([], 1)  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match="same number of tensors, got 2 and 1"):
        torch._foreach_add(x, y[:1])  # type: ignore[attr-defined]


def test_flattened() -> None:
    flat = _flatten_dense_tensors(lists())
    assert flat.tolist() == [0.5, 0.25, 0.75]
    parts = _unflatten_dense_tensors(flat, lists())
    assert all(map(torch.equal, parts, lists()))
    groups = list(_take_tensors([*lists(), torch.ones(1, dtype=torch.int64)], 8))
    assert [len(group) for group in groups] == [1, 1, 1]
    x, y = lists()[0], torch.ones(1, dtype=torch.int64)
    found = _group_tensors_by_device_and_dtype([[x, y], [x, y]], with_indices=True)
    assert found[x.device, y.dtype] == ([[y], [y]], [1])
