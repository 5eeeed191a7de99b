"""Operators of one's own: schemas, kernels, gradients."""

import itertools
from collections.abc import Sequence

import minitorch as torch
import numpy as np
import pytest
from minitorch import Tensor, library
from minitorch.compat.schema import parse

numbers = itertools.count()


@pytest.fixture
def space() -> str:
    return f"test_library_{next(numbers)}"


def scale(x: Tensor, by: float = 2.0, *, shift: int | None = None) -> Tensor:
    return torch.from_numpy(x.detach().numpy() * by + (shift or 0))


def test_an_operator_computes_and_is_found(space):
    op = library.custom_op(f"{space}::scale", scale, mutates_args=())
    assert op(torch.ones(2), 3.0, shift=1).tolist() == [4, 4]
    packet = getattr(torch.ops, space).scale
    assert packet(torch.ones(2)).tolist() == packet.default(torch.ones(2)).tolist() == [2, 2]
    assert str(packet) == f"{space}.scale"
    assert packet.overloads() == ["default"]
    assert str(packet.default._schema) == (
        f"{space}::scale(Tensor x, float by=2.0, *, SymInt? shift=None) -> Tensor"
    )
    assert not hasattr(getattr(torch.ops, space), "absent")


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "missing value for argument 'x'"),
        (
            (3,),
            {},
            "Expected a value of type 'Tensor' for argument 'x'",
        ),
        ((torch.ones(1), 1.0, 2), {}, r"takes 2 positional argument\(s\) but 3"),
        ((torch.ones(1),), {"b": 1}, "Unknown keyword argument 'b'"),
        ((torch.ones(1),), {"shift": 1.5}, "type 'int"),
    ],
)
def test_calls_are_held_against_the_schema(space, args, kwargs, message):
    op = library.custom_op(f"{space}::scale", scale, mutates_args=())
    with pytest.raises(RuntimeError, match=message):
        op(*args, **kwargs)


def test_gradient(space):
    op = library.custom_op(f"{space}::scale", scale, mutates_args=())
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="no autograd formula was registered"):
        op(x).sum().backward()

    def setup_context(ctx, inputs, keyword_only_inputs, output):
        ctx.by = inputs[1]
        assert keyword_only_inputs == {"shift": None}

    op.register_autograd(lambda ctx, g: (g * ctx.by, None), setup_context=setup_context)
    op(x, 3.0).sum().backward()
    assert x.grad.tolist() == [3, 3]
    assert not op(x.detach()).requires_grad


def test_gradients_of_lists(space):
    def total(xs: list[Tensor], by: float) -> list[Tensor]:
        return [torch.from_numpy(x.detach().numpy() * by) for x in xs]

    op = library.custom_op(f"{space}::total", total, mutates_args=())
    op.register_autograd(
        lambda ctx, grads: ([2 * g for g in grads], None),
        setup_context=lambda ctx, inputs, output: None,
    )
    a, b = torch.ones(1, requires_grad=True), torch.ones(2, requires_grad=True)
    one, two = op([a, b], 2.0)
    (one.sum() + 3 * two.sum()).backward()
    assert a.grad.tolist() == [2]
    assert b.grad.tolist() == [6, 6]


def test_writing_is_noticed(space):
    def clear(x: Tensor) -> None:
        x.detach().numpy()[:] = 0

    op = library.custom_op(f"{space}::clear", clear, mutates_args={"x"})
    x = torch.ones(2)
    before = x._version
    op(x)
    assert x.tolist() == [0, 0]
    assert x._version == before + 1
    with pytest.raises(RuntimeError, match="non-functional operator"):
        op.register_autograd(lambda ctx, g: None)
    secret = library.custom_op(f"{space}::secret", clear, mutates_args=())
    with pytest.raises(RuntimeError, match="does not mark"):
        library.opcheck(secret, (torch.ones(2),))


def test_results_own_their_memory(space):
    op = library.custom_op(
        f"{space}::same", lambda x: x, mutates_args=(), schema="(Tensor x) -> Tensor"
    )
    with pytest.raises(RuntimeError, match="may not alias any inputs"):
        op(torch.ones(2))


def test_library(space):
    lib = library.Library(space, "DEF")
    assert lib.define("add(Tensor x, int n=2) -> Tensor") == "add"
    op = getattr(torch.ops, space).add
    with pytest.raises(NotImplementedError, match="register a kernel"):
        op(torch.ones(2))
    lib.impl("add", lambda x, n: x + n, "CPU")
    x = torch.ones(2, requires_grad=True)
    op(x, 3).sum().backward()
    assert x.grad.tolist() == [1, 1]
    with pytest.raises(RuntimeError, match="multiple times"):
        lib.define("add(Tensor x) -> Tensor")
    with pytest.raises(RuntimeError, match="Only a single"):
        library.Library(space, "DEF")
    with pytest.raises(RuntimeError, match="does not exist"):
        lib.impl("absent", len)
    with pytest.raises(ValueError, match="Unsupported kind"):
        library.Library(space, "ANY")
    lib._destroy()
    assert not hasattr(getattr(torch.ops, space), "add")


def test_functions(space):
    library.define(f"{space}::two", "(Tensor x) -> (Tensor, Tensor)")

    @library.impl(f"{space}::two", "default")
    def two(x):
        return x + 1, x + 2

    assert [y.item() for y in getattr(torch.ops, space).two(torch.zeros(1))] == [1, 2]
    with pytest.raises(RuntimeError, match="does not exist"):
        library.register_autograd(f"{space}::absent", len)
    with pytest.raises(ValueError, match="namespace::name"):
        library.define("two", "(Tensor x) -> Tensor")


def test_the_other_devices_kernels_do_not_run(space):
    op = library.custom_op(f"{space}::scale", scale, mutates_args=(), device_types="cuda")
    with pytest.raises(NotImplementedError, match="'CPU' backend"):
        op(torch.ones(1))
    op.register_kernel("cpu", scale)
    assert op(torch.ones(1)).item() == 2


def everything(
    a: Tensor, b: Tensor | None, c: list[Tensor], d: Sequence[int], e: float | None, f: bool,
    g: torch.dtype, h: torch.device, i: int | float | bool = 2, *, j: str = "x",
) -> tuple[Tensor, int]: ...  # fmt: skip


def test_schemas_of_annotations():
    assert library.infer_schema(everything, mutates_args={"a"}, op_name="n::f") == (
        "n::f(Tensor(a0!) a, Tensor? b, Tensor[] c, SymInt[] d, float? e, bool f, ScalarType g, "
        'Device h, Scalar i=2, *, str j="x") -> (Tensor, SymInt)'
    )

    def no_result(x: Tensor): ...
    def unknown(x: dict) -> Tensor: ...
    def several(*x: Tensor) -> Tensor: ...

    for function, message in (
        (lambda x: x, "must have a type annotation"),
        (no_result, "No return type annotation"),
        (unknown, "unsupported type"),
        (several, "varargs"),
    ):
        with pytest.raises(ValueError, match=message):
            library.infer_schema(function, mutates_args=())
    with pytest.raises(ValueError, match="'y'"):
        library.infer_schema(scale, mutates_args={"y"})


@pytest.mark.parametrize(
    "text",
    [
        "n::f(Tensor x) -> Tensor",
        "n::f.out(Tensor x, *, Tensor(a!) out) -> Tensor(a!)",
        "n::f(Tensor[] xs, int[2] size=[1, 2], float? p=None, bool b=True) -> (Tensor, Tensor[])",
        'n::f(str mode="a, b") -> ()',
    ],
)
def test_schemas_print_as_they_were_written(text):
    assert str(parse(text)) == text


def test_aten():
    x, aten = torch.tensor([1.0, -2.0]), torch.ops.aten
    assert aten.add.Tensor(x, x).tolist() == [2, -4]
    assert aten.relu(x).tolist() == [1, 0]
    assert aten.linalg_vector_norm(x).item() == np.sqrt(np.float32(5))
    assert str(aten.add.Tensor) == "aten.add.Tensor"
    assert aten.add.Tensor.overloadpacket is aten.add
    assert aten.add is aten.add
    assert aten.mul.Tensor is aten.mul.Tensor
    assert not hasattr(aten, "no_such_operator")
    assert not hasattr(aten.add, "no_such_overload")


def test_compiled_operators_are_not_loaded():
    with pytest.raises(OSError, match=r"nms\.so"):
        torch.ops.load_library("/lib/nms.so")
    library.register_fake("compiled::nms", len)  # what comes of it waits for the library
