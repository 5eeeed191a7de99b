"""What functions that are transformed must not do, and what they may: as PyTorch's transforms."""

from __future__ import annotations

from typing import Any

import minitorch as torch
import pytest
from minitorch import func
from minitorch.autograd import forward_ad, functional
from minitorch.autograd.graph import save_on_cpu, saved_tensors_hooks

TRANSFORMS = {
    "grad": func.grad,
    "grad_and_value": func.grad_and_value,
    "vjp": lambda f: lambda x: func.vjp(f, x),
    "jacrev": func.jacrev,
    "jacfwd": func.jacfwd,
    "hessian": func.hessian,
    "jvp": lambda f: lambda x: func.jvp(f, (x,), (torch.ones_like(x),)),
    "vmap": func.vmap,
    "vmap of grad": lambda f: func.vmap(func.grad(f)),
}
REVERSE = ["grad", "grad_and_value", "vjp", "jacrev", "hessian"]


class OldSin(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.sin()


ACTS = {
    "Function without setup_context": (OldSin.apply, "must override the setup_context"),
    "requires_grad_": (lambda x: x.requires_grad_().sum(), r"Tensor\.requires_grad_\(\)"),
    "requires_grad_ of another": (
        lambda x: torch.ones(2).requires_grad_() * x.sum(),
        r"Tensor\.requires_grad_\(\)",
    ),
    "retain_grad": (lambda x: x.sin().retain_grad(), r"Tensor\.retain_grad\(\)"),
    "functional.jacobian": (
        lambda x: functional.jacobian(torch.sum, x),
        r"torch\.autograd\.functional",
    ),
    "functional.vjp": (lambda x: functional.vjp(torch.sum, x), r"torch\.autograd\.functional"),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_refused_inside(transform: str, act: str) -> None:
    f, message = ACTS[act]
    x = torch.ones(3, 1) if transform == "vmap of grad" else torch.ones(3)
    with pytest.raises(RuntimeError, match=message):
        TRANSFORMS[transform](f)(x)
    torch.ones(2).requires_grad_()  # all is as before


@pytest.mark.parametrize("hooks", [save_on_cpu, lambda: saved_tensors_hooks(abs, abs)])
@pytest.mark.parametrize("transform", REVERSE)
def test_saved_tensor_hooks_are_refused(transform: str, hooks: Any) -> None:
    def inside(x: Any) -> Any:
        with hooks():
            return x.sin().sum()

    x = torch.ones(3)
    with pytest.raises(RuntimeError, match="saved tensor hooks"):
        TRANSFORMS[transform](inside)(x)
    with pytest.raises(RuntimeError, match="saved tensor hooks"), hooks():
        TRANSFORMS[transform](lambda x: x.sin().sum())(x)
    with hooks():
        pass


@pytest.mark.parametrize("transform", ["jacrev", "jacfwd"])
def test_jacobians_are_real(transform: str) -> None:
    jacobian = TRANSFORMS[transform]
    with pytest.raises(RuntimeError, match=f"{transform}: Expected all inputs to be real"):
        jacobian(lambda x: x * 2)(torch.ones(2, dtype=torch.complex64))
    with pytest.raises(RuntimeError, match=f"{transform}: Expected all outputs to be real"):
        jacobian(lambda x: x * 2j)(torch.ones(2))


@pytest.mark.parametrize("size", [0, -2])
def test_chunks_have_rows(size: int) -> None:
    with pytest.raises(ValueError, match="jacrev: `chunk_size` should be greater than 0"):
        func.jacrev(torch.sin, chunk_size=size)(torch.ones(2))


class DynamicBackward(torch.autograd.Function):
    generate_vmap_rule = True
    forward = staticmethod(lambda x: x.clone())
    setup_context = staticmethod(lambda ctx, inputs, output: None)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * len(g.nonzero())


def test_one_row_at_a_time_needs_no_vmap() -> None:
    x = torch.ones(3)
    assert torch.equal(func.jacrev(DynamicBackward.apply, chunk_size=1)(x), torch.eye(3))
    with pytest.raises(RuntimeError, match="operators that can output dynamic shape"):
        func.jacrev(DynamicBackward.apply, chunk_size=2)(x)


WRITING = {
    "grad": (lambda f: func.grad(lambda x, y: f(x, y).sum()), [1.0, 1.0]),
    "jacrev": (func.jacrev, [[1.0, 0.0], [0.0, 1.0]]),
    "jacfwd": (func.jacfwd, [[1.0, 0.0], [0.0, 1.0]]),
}


@pytest.mark.parametrize("name", WRITING)
def test_arguments_may_be_written_to(name: str) -> None:
    transform, expected = WRITING[name]

    def f(x: Any, y: Any) -> Any:
        y.copy_(x)
        return y * 1

    x, y = torch.tensor([3.0, 4.0]), torch.zeros(2)
    version = y._version
    assert transform(f)(x, y).tolist() == expected
    if name != "jacfwd":
        assert y.tolist() == [3.0, 4.0]
        assert y._version > version
    captured = torch.zeros(2)
    with pytest.raises(RuntimeError, match="would mutate a captured Tensor"):
        transform(lambda x, y: captured.add_(x) * y)(x, y)


def test_detach_drops_the_tangent() -> None:
    x, t = torch.tensor([2.0, 3.0]), torch.ones(2)
    assert func.jvp(lambda x: x.detach() * x, (x,), (t,))[1].tolist() == [2.0, 3.0]
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x.clone(), t)
        assert dual.detach_() is dual
        assert forward_ad.unpack_dual(dual * 2).tangent is None
    f = func.grad(lambda x: (x * x * x).sum())  # what is detached from a gradient is not
    assert func.jvp(f, (x,), (t,))[1].tolist() == [12.0, 18.0]


def test_a_dual_after_its_level() -> None:
    x, t = torch.tensor([2.0]), torch.ones(1)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, t)
        assert dual._version == x._version
        with pytest.raises(RuntimeError, match="has a forward gradient at the same level"):
            forward_ad.make_dual(x, dual)
        with pytest.raises(NotImplementedError, match="Trying to use forward AD with add"):
            torch.add(dual, x, out=torch.zeros(1))
    primal, tangent = forward_ad.unpack_dual(dual)
    assert primal.item() == 2
    assert tangent is None


def test_a_view_in_place_under_vmap() -> None:
    x = torch.arange(6.0).reshape(3, 1, 2)
    assert torch.equal(func.vmap(lambda x: (x + 1).squeeze_(0))(x), (x + 1)[:, 0])


def test_how_tensors_of_transforms_print() -> None:
    seen = []

    def f(x: Any) -> Any:
        seen.append(repr(x))
        return x.sum()

    func.vmap(func.grad(f))(torch.ones(2, 1))
    batched = "BatchedTensor(lvl=1, bdim=0, value=tensor([[1.],\n        [1.]]))"
    assert seen.pop() == f"GradTrackingTensor(lvl=2, value={batched})"
    func.vmap(func.vmap(f), in_dims=1)(torch.ones(1, 2, 1))
    assert seen.pop().startswith("BatchedTensor(lvl=2, bdim=0, value=BatchedTensor(lvl=1, bdim=1, ")


def of_vmap(vmap: Any, **more: Any) -> Any:
    """A Function with this ``vmap``."""
    body = {
        "forward": staticmethod(lambda *xs: xs[0] * 2),
        "setup_context": staticmethod(lambda ctx, inputs, output: None),
        "vmap": staticmethod(vmap),
    }
    return type("Made", (torch.autograd.Function,), {**body, **more}).apply


VMAPS = {
    "one return": (lambda info, dims, x: x, {}, "to have two returns"),
    "four returns": (lambda info, dims, x: (x, x, 0, 0), {}, "to have two returns"),
    "another structure": (lambda info, dims, x: (x, (None,)), {}, "returned an incompatible"),
    "a tuple for a list": (lambda info, dims, x: ([x], (None,)), {}, "returned an incompatible"),
    "both rules": (
        lambda info, dims, x: (x, 0),
        {"generate_vmap_rule": True},
        "generate_vmap_rule=True and an overridden vmap",
    ),
}


@pytest.mark.parametrize("name", VMAPS)
def test_vmap_of_a_function_is_checked(name: str) -> None:
    vmap, more, message = VMAPS[name]
    with pytest.raises(RuntimeError, match=message):
        func.vmap(of_vmap(vmap, **more))(torch.ones(3))


def test_vmap_of_a_function_sees_the_structure() -> None:
    seen = []

    def vmap(info: Any, in_dims: Any, x: Any, ys: Any) -> Any:
        seen.append(in_dims)
        return x + ys[0] + ys[1], 0

    x = torch.ones(3)
    assert func.vmap(of_vmap(vmap))(x, [x, x]).tolist() == [3.0, 3.0, 3.0]
    assert seen == [(0, [0, 0])]


def test_tensors_by_name_alone_are_not_for_functions() -> None:
    made = of_vmap(lambda info, dims, x, *, y: (x + y, 0), forward=staticmethod(lambda x, *, y: x))
    with pytest.raises(NotImplementedError, match="kwarg-only Tensor args"):
        func.vmap(made)(torch.ones(3), y=torch.ones(3))


def test_windows_of_tensors_of_transforms() -> None:
    def window(x: Any) -> Any:
        return x.as_strided((2, 2), (1, 1), 1)

    x, t = torch.arange(6.0), torch.arange(6.0) * 10
    for start in (0, 1):  # counted in the storage
        value, tangent = func.jvp(window, (x[start:],), (t[start:],))
        assert value.tolist() == [[1.0, 2.0], [2.0, 3.0]]
        assert tangent.tolist() == [[10.0, 20.0], [20.0, 30.0]]
    rows = torch.arange(12.0).reshape(3, 4)
    assert func.vmap(lambda x: x.as_strided((2,), (2,)))(rows).tolist() == rows[:, ::2].tolist()
    assert func.vmap(lambda x: x.as_strided((2,), (1,), 1))(rows).tolist() == rows[:, 1:3].tolist()
    slopes = func.vmap(func.grad(lambda x: window(x).sum()))(rows)
    assert slopes.tolist() == [[0.0, 1.0, 2.0, 1.0]] * 3


def test_out_dims_of_one_output_and_of_none():
    x = torch.arange(6.0).reshape(2, 3)
    assert torch.equal(func.vmap(lambda row: row, out_dims=(1,))(x), x.T)
    assert func.vmap(lambda row: (row, "text"), out_dims=(0, None))(x)[1] == "text"


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: func.vmap(lambda: x)(), "got no inputs"),
        (lambda x: func.vmap(lambda y: y, in_dims=(None,))(x), "at least one Tensor"),
        (lambda x: func.vmap(lambda y: y, in_dims=(0, 0))(x), "structure of `inputs`"),
        (lambda x: func.vmap(lambda y: y, out_dims=(0, 0))(x), "structure of `outputs`"),
        (lambda x: func.vmap(lambda y: y, out_dims="a")(x), "`out_dims` must be an int"),
        (lambda x: func.vmap(lambda y: y, out_dims=None)(x), "can not return a BatchedTensor"),
    ],
)
def test_dimensions_that_do_not_fit(call, text):
    with pytest.raises(ValueError, match=text):
        call(torch.ones(2, 3))


def test_what_is_drawn_once_is_the_same_for_all():
    x = torch.rand(4, 3, 5)
    made = func.vmap(lambda row: row * torch.bernoulli(row, 0.5), randomness="same")(x)
    assert made.shape == x.shape
    kept = made != 0
    assert all(torch.equal(each, kept[0]) for each in kept)


def test_chunks_get_the_same_random_numbers():
    x = torch.zeros(5, 3)
    made = func.vmap(lambda row: row + torch.rand(3), randomness="same", chunk_size=2)(x)
    assert all(torch.equal(row, made[0]) for row in made)
    with pytest.raises(RuntimeError, match="same randomness with a batched tensor input"):
        func.vmap(lambda row: torch.bernoulli(row), randomness="same")(x)
    with pytest.raises(RuntimeError, match="randomness error mode"):
        func.vmap(lambda row: torch.bernoulli(row))(x)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda x: x.sum().item(), r"item\(\) on a Tensor"),
        (lambda x: x if x.sum() else 0, "data-dependent control flow"),
        (lambda x: x.tolist(), "Batching rule not implemented"),
        (lambda x: x.data, "accessing `data` under vmap"),
        (lambda x: setattr(x, "data", torch.ones(3)), "`.data` under vmap"),
        (lambda x: torch.abs(x, out=torch.empty(3)), "Batching rule not implemented for aten::abs"),
        (lambda x: torch.abs(torch.ones(3), out=x), "doesn't work on out="),
        (lambda x: x.nonzero(), "Attempted to vmap over aten::nonzero"),
        (lambda x: torch.zeros(3).bernoulli_(x), "has more elements than `self`"),
    ],
)
def test_what_a_batch_cannot_do(function, text):
    with pytest.raises(RuntimeError, match=text):
        func.vmap(function, randomness="different")(torch.ones(2, 3))


@pytest.mark.parametrize("in_dims", [[0, 0], {0}, "0", None])
def test_in_dims_are_an_int_or_a_tuple(in_dims):
    with pytest.raises(ValueError, match="expected `in_dims` to be int or a"):
        func.vmap(torch.mul, in_dims)(torch.ones(3), torch.ones(3))


def test_dims_have_the_structure_of_the_arguments():
    pair = [torch.arange(3.0), torch.ones(3)]
    assert func.vmap(lambda p: p[0] + p[1], ([0, 0],))(pair).tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="structure of `inputs`"):
        func.vmap(lambda p: p[0] + p[1], ((0, 0),))(pair)
    with pytest.raises(ValueError, match="structure of `outputs`"):
        func.vmap(lambda x: [x, x], out_dims=(0, 0))(torch.ones(3))


def test_an_argument_comes_back_as_it_is():
    x = torch.arange(24.0).reshape(2, 3, 4)
    assert func.vmap(lambda row: row, 1, 1)(x) is x
    assert func.vmap(lambda row: row.contiguous(), 0, 0)(x) is x
    assert func.vmap(lambda row: row, 1, 0)(x).tolist() == x.transpose(0, 1).tolist()


def test_what_is_drawn_like_a_tensor_lies_in_memory_like_it():
    x = torch.rand(3, 5, 2).movedim(-1, 0)  # the batch is the fastest in memory
    for draw in (torch.rand_like, torch.bernoulli, lambda t: torch.randint_like(t, 9)):
        torch.manual_seed(0)
        expected = draw(x)
        torch.manual_seed(0)
        assert torch.equal(func.vmap(draw, randomness="different")(x), expected)


def test_a_batch_in_chunks():
    from minitorch.compat.functorch.experimental import chunk_vmap

    x = torch.arange(20.0).reshape(5, 4)
    for chunks in (1, 2, 4, 7):
        assert torch.equal(chunk_vmap(torch.sum, chunks=chunks)(x), x.sum(1))
        made = chunk_vmap(lambda c: c * 2, in_dims=1, out_dims=1, chunks=chunks)(x)
        assert torch.equal(made, x * 2)


def test_where_the_batches_are():
    from minitorch.func.vmap_forms import restore_vmap

    x, y = torch.ones(2, 3), torch.ones(4)
    made, dims = restore_vmap(lambda x, y: {"a": x + 1, "b": (y, 3)}, (0, None), 2, "error")(x, y)
    assert dims == {"a": 0, "b": (None, None)}
    assert made["a"].shape == (2, 3)
    assert made["b"] == (y, 3)


def test_dimensions_into_each_other():
    from minitorch.func.vmap_forms import reshape_dim_into, reshape_dim_outof

    x = torch.arange(24.0).reshape(2, 3, 4)
    for dst in (0, 1, -1):
        made = reshape_dim_into(1, dst, x)
        assert torch.equal(made, x.movedim(1, dst % 2).flatten(dst % 2, dst % 2 + 1))
        assert torch.equal(reshape_dim_outof(dst, 3, made).movedim(dst % 2, 1), x)
