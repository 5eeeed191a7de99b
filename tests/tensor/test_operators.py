"""Python's operators between tensors and what is none."""

import operator
from decimal import Decimal

import minitorch as torch
import pytest
from minitorch import tensor

REFLECTED = {
    "add": "radd", "sub": "rsub", "mul": "rmul", "truediv": "rtruediv", "floordiv": "rfloordiv",
    "mod": "rmod", "pow": "rpow", "matmul": "rmatmul", "and_": "rand", "or_": "ror",
    "xor": "rxor", "lshift": "rlshift", "rshift": "rrshift", "lt": "gt", "le": "ge", "gt": "lt",
    "ge": "le", "eq": "eq", "ne": "ne",
}  # fmt: skip
COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
IN_PLACE = [name for name in REFLECTED if name not in (*COMPARISONS, "matmul")]


class Foreign:
    """Answers every reflected operator with its name."""


def _answer(name):
    return lambda self, other: name


for _name in {*REFLECTED.values()}:
    setattr(Foreign, f"__{_name}__", _answer(_name))
TENSORS = {
    "float": tensor([1.0, 2.0]),
    "int": tensor([1, 2]),
    "bool": tensor([True, False]),
    "0-dim": tensor(2),
    "0-dim float": tensor(2.0),
    "leaf": torch.ones(2, requires_grad=True),
}
NO_OPERANDS = ["a", None, {}, {1}, object(), int, torch.float32, Decimal(1), b"ab", [1.0], (1, 2)]


@pytest.mark.parametrize("kind", TENSORS)
@pytest.mark.parametrize("name", REFLECTED)
def test_the_other_operand_is_asked(name, kind):
    assert getattr(operator, name)(TENSORS[kind], Foreign()) == REFLECTED[name]


@pytest.mark.parametrize("kind", TENSORS)
@pytest.mark.parametrize("name", IN_PLACE)
def test_the_other_operand_is_asked_in_place(name, kind):
    x = TENSORS[kind].detach().clone()
    version = x._version
    made = getattr(operator, "i" + name.rstrip("_"))(x, Foreign())
    assert made == REFLECTED[name]
    assert x._version == version
    assert torch.equal(x, TENSORS[kind])


@pytest.mark.parametrize("kind", TENSORS)
@pytest.mark.parametrize("name", REFLECTED)
def test_neither_knows_the_other(name, kind):
    x, op = TENSORS[kind], getattr(operator, name)
    for other in NO_OPERANDS:
        if name in ("eq", "ne"):
            assert op(x, other) is op(other, x) is (name == "ne")
        elif not (name in ("mul", "mod", "add") and isinstance(other, str | bytes | list | tuple)):
            with pytest.raises(TypeError, match=r"not supported|unsupported operand"):
                op(x, other)
            with pytest.raises(TypeError, match=r"not supported|unsupported operand"):
                op(other, x)


def test_repeated_sequences():
    assert [0] * tensor(2) == tensor(2) * [0] == [0, 0]
    assert "ab" * tensor(2) == "abab"
    assert (1,) * tensor(True) == (1,)
    with pytest.raises(TypeError):
        [0] * tensor(2.0)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "pow", "lt", "eq", "fmod"])
def test_functions_raise(name):
    for function in (getattr(torch, name), getattr(torch.Tensor, name)):
        with pytest.raises(TypeError):
            function(tensor([1.0]), Foreign())
