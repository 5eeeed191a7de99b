"""Every public operation is strict: its own parameters and no others, tensors and no arrays."""

from __future__ import annotations

import doctest
import inspect
import pickle
import re
import typing
from pathlib import Path
from typing import Any

import minitorch
import numpy as np
import pytest
from minitorch import Tensor, fft, linalg, masked, return_types, special
from minitorch.autograd.primitive import Primitive
from minitorch.ops.arguments import TENSORS

PLACES = ("minitorch", "minitorch.special", "minitorch.linalg")


def _operations() -> dict[str, Any]:
    """The public operations that are one primitive, by the names they have."""
    places = {"": minitorch, "special.": special, "linalg.": linalg}
    return {
        prefix + name: value
        for prefix, place in places.items()
        for name in sorted(getattr(place, "__all__", dir(place)))
        if isinstance(getattr(value := getattr(place, name), "primitive", None), Primitive)
    }


OPERATIONS = _operations()
INTEGERS = {"bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "gcd", "lcm"}
INTEGERS |= {"bitwise_left_shift", "bitwise_right_shift"}


def _operands(name: str) -> list[Tensor]:
    values = [1, 2] if name in INTEGERS else [0.25, 0.5]
    return [minitorch.tensor(values) for _ in OPERATIONS[name].primitive.inputs]


def test_there_are_operations_to_look_at() -> None:
    assert len(OPERATIONS) > 110


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_argument_too_many_is_refused_and_untouched(name: str) -> None:
    op, operands = OPERATIONS[name], _operands(name)
    out = minitorch.full((2,), 7, dtype=operands[0].dtype)
    calls = [op]
    if hasattr(Tensor, name):
        calls.append(getattr(Tensor, name))
    for call in calls:
        for surplus in (out, None, 3):
            for requires_grad in (False, operands[0].dtype.is_floating_point):
                operands[0].requires_grad_(requires_grad)
                with pytest.raises(TypeError, match=rf"\(\) takes {len(operands)} positional"):
                    call(*operands, surplus)
    if hasattr(Tensor, f"{name}_"):
        before = [x.detach().clone() for x in operands]
        with pytest.raises(TypeError):
            getattr(operands[0].detach(), f"{name}_")(*operands[1:], out)
        assert all(map(minitorch.equal, before, operands))
        assert operands[0]._version == 0
    assert out.tolist() == [7, 7]
    assert out._version == 0


@pytest.mark.parametrize("name", OPERATIONS)
def test_signature_source_and_text(name: str) -> None:
    op = OPERATIONS[name]
    parameters = [name for name in inspect.signature(op).parameters if name != "out"]
    assert parameters[0] == "input"
    assert len(parameters) == len(op.primitive.inputs)
    declared = inspect.unwrap(op).__name__
    assert re.search(rf"def {declared}\(\s*input: Tensor", inspect.getsource(op))
    assert op.__name__ in (name, name.replace(".", "_"), declared)
    assert op.__module__.startswith(("minitorch.ops.", *PLACES))
    text = inspect.getdoc(op) or ""
    assert "Example:" in text
    assert pickle.loads(pickle.dumps(op)) is op
    operands = _operands(name)
    try:
        made = op(*operands)
    except ImportError:  # igamma needs SciPy
        return
    named = op(**dict(zip(parameters, operands, strict=True)))
    assert minitorch.allclose(made, named, equal_nan=True)


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_example_in_the_text_runs(name: str) -> None:
    op = OPERATIONS[name]
    module = inspect.unwrap(op).__module__
    if op.primitive.name.startswith("igamma") or module.endswith("bessel_values"):
        pytest.importorskip("scipy")
    example = doctest.DocTestParser().get_doctest(op.__doc__, {}, name, None, 0)
    runner = doctest.DocTestRunner()
    assert runner.run(example).failed == 0
    assert example.examples


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize(
    "wrong",
    [np.ones(2, np.float32), [1.0, 2.0], np.float32(1.0), "text", None],
    ids=["numpy.ndarray", "list", "numpy.float32", "str", "NoneType"],
)
def test_what_is_no_tensor_is_refused(name: str, wrong: Any) -> None:
    op = OPERATIONS[name]
    arguments = [wrong] * len(op.primitive.inputs)
    kind = "numpy." * (type(wrong).__module__ == "numpy") + type(wrong).__name__
    message = rf"argument 'input' \(position 1\) must be Tensor, not {kind}"
    with pytest.raises(TypeError, match=message):
        op(*arguments)
    if len(arguments) == 2 and kind != "numpy.float32":
        with pytest.raises(TypeError, match=message):
            op(wrong, _operands(name)[0])


def test_rules_still_take_arrays() -> None:
    seen = []

    def rule(g: Any, x: Any) -> Any:
        seen.append(type(x))
        return g * minitorch.exp(minitorch.sin(x)) * minitorch.cos(x)

    from minitorch.extend import primitive

    op = primitive(lambda x: np.exp(np.sin(x)), "x", rule, name="exp_of_sin")
    x = minitorch.tensor([0.5, 1.0], requires_grad=True)
    (first,) = minitorch.autograd.grad(op(x).sum(), x)
    (graph,) = minitorch.autograd.grad(op(x).sum(), x, create_graph=True)
    assert seen == [np.ndarray, Tensor]
    assert minitorch.allclose(first, graph)
    with pytest.raises(TypeError):
        minitorch.exp(np.ones(2))  # type: ignore[arg-type]


OTHERS = {  # take numbers, or what `tensor` makes tensors of
    "sparse_coo_tensor", "sym_float", "sym_int", "sym_max", "sym_min", "sym_not", "sym_sqrt",
}  # fmt: skip


def _functions() -> dict[str, Any]:
    """The public functions whose first parameter is a tensor."""
    found = {}
    for place in (minitorch, linalg, special, fft, masked):
        for name in getattr(place, "__all__", dir(place)):
            function = getattr(place, name)
            if name[0] != "_" and inspect.isfunction(function):
                first = next(iter(inspect.signature(function).parameters), "")
                if first in TENSORS and name not in OTHERS:
                    found[f"{place.__name__}.{name}"] = function
    return found


FUNCTIONS = _functions()


def test_there_are_functions_to_look_at() -> None:
    assert len(FUNCTIONS) > 380


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_refuses_what_is_no_tensor(name: str) -> None:
    function = FUNCTIONS[name]
    parameters = inspect.signature(function).parameters.values()
    required = [p for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    for wrong in (np.ones((2, 2), np.float32), [[1.0, 2.0], [3.0, 4.0]], "text", None):
        kind = "numpy." * isinstance(wrong, np.ndarray) + type(wrong).__name__
        with pytest.raises(TypeError, match=rf"\(position 1\) must be Tensor, not {kind}"):
            function(wrong, *[minitorch.ones(2, 2)] * (len(required) - 1))


def test_numpy_itself_still_computes() -> None:
    t, array = minitorch.tensor([[1.0, 2.0]]), np.ones((1, 2), np.float32)
    for made in (np.sin(t), np.sum(t), array + t, t + array, array * t, t @ array.T, array @ t.T):
        assert isinstance(made, Tensor)
    assert minitorch.equal(np.concatenate([t, array]), minitorch.tensor([[1.0, 2.0], [1.0, 1.0]]))


def test_named_results_have_the_fields_that_checkers_see(monkeypatch):
    monkeypatch.setattr(typing, "TYPE_CHECKING", True)
    seen = {"__name__": return_types.__name__, "__package__": "minitorch"}
    exec(Path(return_types.__file__).read_text(), seen)
    assert {name: " ".join(seen[name]._fields) for name in return_types.FIELDS} == (
        return_types.FIELDS
    )
