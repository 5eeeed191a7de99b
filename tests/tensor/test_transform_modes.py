"""Transforms beside grad mode, in-place writes and dual tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import minitorch as torch
import pytest
from minitorch.autograd import forward_ad
from minitorch.func import grad, grad_and_value, hessian, jacfwd, jacrev, jvp, vjp, vmap

Tensor = Any
ONE = torch.ones(1)

# a derivative of a function of one number, at 3
DERIVATIVES: dict[str, Callable[[Any], float]] = {
    "grad": lambda f: grad(f)(torch.tensor(3.0)).item(),
    "grad_and_value": lambda f: grad_and_value(f)(torch.tensor(3.0))[0].item(),
    "vjp": lambda f: vjp(f, torch.tensor(3.0))[1](torch.tensor(1.0))[0].item(),
    "jacrev": lambda f: jacrev(f)(torch.tensor(3.0)).item(),
    "vmap_grad": lambda f: vmap(grad(f))(torch.tensor([3.0])).item(),
    "vmap_jacrev": lambda f: vmap(jacrev(f))(torch.tensor([3.0])).item(),
    "vjp_vmap": lambda f: vjp(vmap(f), torch.tensor([3.0]))[1](ONE)[0].item(),
}


def held(x: Tensor) -> Tensor:
    with torch.no_grad():
        square = x * x
    return square * x


def shifted(x: Tensor) -> Tensor:
    with torch.no_grad():
        shift = x * x
    return x * x - shift


def switched(x: Tensor) -> Tensor:
    torch.set_grad_enabled(False)
    square = x * x
    torch.set_grad_enabled(True)
    return square * x


def recorded_after_all(x: Tensor) -> Tensor:
    with torch.no_grad(), torch.enable_grad():
        square = x * x
    return square * x


@pytest.mark.parametrize("name", DERIVATIVES)
@pytest.mark.parametrize(
    ("f", "slope"), [(held, 9), (shifted, 6), (switched, 9), (recorded_after_all, 27)]
)
def test_no_grad_inside_of_a_transform_holds(name: str, f: Any, slope: float) -> None:
    assert DERIVATIVES[name](f) == slope


@pytest.mark.parametrize("name", DERIVATIVES)
def test_no_grad_around_a_transform_does_not_reach_into_it(name: str) -> None:
    with torch.no_grad():
        assert DERIVATIVES[name](lambda x: x**3) == 27


# what is 2 x, computed by a transform
INNER: dict[str, Callable[[Tensor], Tensor]] = {
    "grad": lambda x: grad(lambda y: y**2)(x),
    "grad_and_value": lambda x: grad_and_value(lambda y: y**2)(x)[0],
    "vjp": lambda x: vjp(lambda y: y**2, x)[1](torch.ones(()))[0],
    "jacrev": lambda x: jacrev(lambda y: y**2)(x),
    "jacfwd": lambda x: jacfwd(lambda y: y**2)(x),
    "jvp": lambda x: jvp(lambda y: y**2, (x,), (torch.ones(()),))[1],
    "hessian": lambda x: hessian(lambda y: y**3 / 3)(x),
    "value": lambda x: vjp(lambda y: 2 * y, x)[0],
}


@pytest.mark.parametrize("name", INNER)
def test_no_grad_around_an_inner_transform_makes_a_constant_of_it(name: str) -> None:
    def outer(x: Tensor) -> Tensor:
        with torch.no_grad():
            inner = INNER[name](x)
        return inner * x

    assert grad(outer)(torch.tensor(3.0)).item() == pytest.approx(6)
    assert grad(lambda x: INNER[name](x) * x)(torch.tensor(3.0)).item() == pytest.approx(12)
    w = torch.tensor(3.0, requires_grad=True)
    with torch.no_grad():
        assert not INNER[name](w).requires_grad
    assert INNER[name](w).requires_grad


CAPTURED = torch.zeros(2)
WRITES: dict[str, Callable[[Tensor], Any]] = {
    "copy_": lambda x: CAPTURED.copy_(x),
    "add_": lambda x: CAPTURED.add_(x),
    "add_a_number": lambda x: CAPTURED.add_(1),
    "zero_": lambda x: CAPTURED.zero_(),
    "item": lambda x: CAPTURED.__setitem__(0, x[0]),
    "slice": lambda x: CAPTURED.__setitem__(slice(None), x),
    "index": lambda x: CAPTURED.__setitem__(torch.tensor([0]), 1.0),
    "view": lambda x: CAPTURED.view(2).mul_(x),
    "detached": lambda x: CAPTURED.detach().copy_(x.detach()),
    "unsqueeze_": lambda x: CAPTURED.unsqueeze_(0),
    "no_grad": lambda x: torch.no_grad()(CAPTURED.copy_)(x),
    "uniform_": lambda x: CAPTURED.uniform_(),
    "resize_": lambda x: CAPTURED.resize_(1),
}
TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "grad": lambda f: grad(f)(torch.ones(2)),
    "vjp": lambda f: vjp(f, torch.ones(2)),
    "jvp": lambda f: jvp(f, (torch.ones(2),), (torch.ones(2),)),
    "jacrev": lambda f: jacrev(f)(torch.ones(2)),
    "jacfwd": lambda f: jacfwd(f)(torch.ones(2)),
    "hessian": lambda f: hessian(f)(torch.ones(2)),
    "vmap_grad": lambda f: vmap(grad(f), randomness="same")(torch.ones(3, 2)),
    "grad_grad": lambda f: grad(lambda x: grad(f)(x).sum())(torch.ones(2)),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("write", WRITES)
def test_captured_tensors_are_not_written_to(write: str, transform: str) -> None:
    def f(x: Tensor) -> Tensor:
        WRITES[write](x)
        return x.sum()

    with pytest.raises(RuntimeError, match="captured Tensor"):
        TRANSFORMS[transform](f)
    assert CAPTURED.tolist() == [0, 0]
    assert not CAPTURED.requires_grad


@pytest.mark.parametrize("transform", [t for t in TRANSFORMS if t not in ("jvp", "jacfwd")])
def test_arguments_are_not_written_to(transform: str) -> None:
    with pytest.raises(RuntimeError, match=r"captured Tensor|leaf Variable"):
        TRANSFORMS[transform](lambda x: x.mul_(2).sum())


def filled(x: Tensor) -> Tensor:
    y = torch.zeros(2)
    y.copy_(x)
    return (y * x).sum()


def filled_by_element(x: Tensor) -> Tensor:
    y = torch.zeros(2)
    y[0] = x[0]
    y[1] = x[1] * 1
    return (y * x).sum()


def filled_by_view(x: Tensor) -> Tensor:
    y = torch.zeros(1, 2)
    row = y[0]
    row.add_(x)
    return (y * x).sum()


def written_clone(x: Tensor) -> Tensor:
    y = x.clone()
    y.mul_(x)
    return y.sum()


@pytest.mark.parametrize("f", [filled, filled_by_element, filled_by_view, written_clone])
def test_tensors_made_within_may_be_written_to(f: Any) -> None:
    x = torch.tensor([1.0, 2.0])
    assert grad(f)(x).tolist() == [2, 4]
    assert jacrev(f)(x).tolist() == [2, 4]
    assert jacfwd(f)(x).tolist() == [2, 4]
    assert vjp(f, x)[1](torch.tensor(1.0))[0].tolist() == [2, 4]
    assert jvp(f, (x,), (torch.tensor([1.0, 0.0]),))[1].item() == 2
    assert grad(lambda x: grad(f)(x).sum())(x).tolist() == [2, 2]


def test_a_hessian_through_a_write() -> None:
    assert hessian(written_clone)(torch.ones(2)).tolist() == [[2, 0], [0, 2]]


def test_backward_over_dual_tensors() -> None:
    a, t = torch.tensor([1.0, 2.0], requires_grad=True), torch.ones(2)
    with forward_ad.dual_level():
        y = (forward_ad.make_dual(a, t) ** 2).sum()
        y.backward()
        assert forward_ad.unpack_dual(y).tangent.item() == 6
    assert a.grad.tolist() == [2, 4]


LIFTS: dict[str, tuple[Callable[[Tensor, Tensor], Any], list[float]]] = {
    "copy_": (lambda p, d: p.copy_(d), [1, 1]),
    "add_": (lambda p, d: p.add_(d), [1, 1]),
    "mul_": (lambda p, d: p.mul_(d), [2, 2]),
    "slice": (lambda p, d: p.__setitem__(slice(1), d[:1]), [1, 0]),
    "element": (lambda p, d: p.__setitem__(1, d[1]), [0, 1]),
    "view": (lambda p, d: p[:1].mul_(d[:1]), [2, 0]),
    "view_of_view": (lambda p, d: p.view(2, 1)[1].add_(d[1]), [0, 1]),
}


@pytest.mark.parametrize("name", LIFTS)
def test_duals_written_into_plain_tensors(name: str) -> None:
    """Also the views that the tensor has, and afterwards all are plain again."""
    write, tangent = LIFTS[name]
    p = torch.full((2,), 2.0)
    old = p[:]
    with forward_ad.dual_level():
        write(p, forward_ad.make_dual(torch.ones(2), torch.ones(2)))
        for x in (p, old, p * 1, old[:]):
            assert forward_ad.unpack_dual(x).tangent.tolist() == tangent
    assert type(p) is torch.Tensor
    assert (p * 2).tolist() == (old * 2).tolist()
    p.add_(1)
    assert old.tolist() == p.tolist()


def test_a_dual_written_into_a_result_joins_the_graph() -> None:
    w, x = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    with forward_ad.dual_level():
        p = w * 2
        p.mul_(forward_ad.make_dual(x * 3, torch.ones(2)))
        assert forward_ad.unpack_dual(p).tangent.tolist() == [2, 2]
    p.sum().backward()
    assert (w.grad.tolist(), x.grad.tolist()) == ([6, 6], [6, 6])


def test_outside_of_a_level_a_tensor_has_no_tangent() -> None:
    x = torch.ones(2)
    assert forward_ad.unpack_dual(x) == (x, None)


@pytest.mark.parametrize(
    ("in_dims", "shapes"),
    [
        ((0, 0), [(3, 2), (3, 2)]),
        ((1, 0), [(2, 3), (3, 2)]),
        ((0, None), [(3, 2), (2,)]),
        ((None, 1), [(2,), (2, 3)]),
        ((-1, 1), [(2, 3), (2, 3)]),
    ],
)
def test_a_functions_vmap_is_told_where_the_batch_is(in_dims: Any, shapes: Any) -> None:
    told = []

    class Product(torch.autograd.Function):
        @staticmethod
        def forward(x: Tensor, y: Tensor) -> Tensor:
            return x * y

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            pass

        @staticmethod
        def vmap(info: Any, in_dims: Any, x: Tensor, y: Tensor) -> Any:
            told.append((in_dims, x.shape, y.shape))
            front = [v if d is None else v.movedim(d, 0) for v, d in zip((x, y), in_dims)]
            return front[0] * front[1], 0

    x, y = (torch.arange(1.0, 1 + torch.Size(s).numel()).reshape(s) for s in shapes)
    made = vmap(Product.apply, in_dims)(x, y)
    assert told == [(tuple(d if d is None else d % 2 for d in in_dims), *shapes)]
    assert made.tolist() == vmap(lambda x, y: x * y, in_dims)(x, y).tolist()
