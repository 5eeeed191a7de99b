"""Hooks: their order, what they may return, and that what they saw is never written into again."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import minitorch as torch
import numpy as np
import pytest

pytestmark = pytest.mark.filterwarnings("ignore:Using backward")

Tensor = Any


class Same(torch.autograd.Function):
    """The identity; its backward pass hands its argument on."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        return g


# From a leaf x of shape (2, 2) to a tensor y; the gradient of y passes through.
GRAPHS: dict[str, Callable[[Tensor], Tensor]] = {
    "add": lambda x: x + 0.0,
    "add_self": lambda x: x + x,
    "mul": lambda x: x * 3.0,
    "view": lambda x: x.view(4),
    "transpose": lambda x: x.t(),
    "slice": lambda x: x[:1],
    "expand": lambda x: x.expand(3, 2, 2),
    "sum": lambda x: x.sum(),
    "sum_dim": lambda x: x.sum(0),
    "element": lambda x: x[0, 0] * 2,
    "matmul": lambda x: x @ torch.ones(2, 2),
    "cat": lambda x: torch.cat([x, x * 2]),
    "unbind": lambda x: x.unbind()[1],
    "stack": lambda x: torch.stack([x, x]),
    "clone": lambda x: x.clone(),
    "exp": lambda x: x.exp(),
    "function": lambda x: Same.apply(x),
    "softmax": lambda x: x.softmax(-1),
    "where": lambda x: torch.where(x > 0, x, x * 2),
    "reshape_twice": lambda x: x.reshape(4).reshape(2, 2),
    "in_place": lambda x: (x * 1).add_(1),
}


def on_leaf(see: Any, x: Tensor, y: Tensor) -> None:
    x.register_hook(see)


def on_result(see: Any, x: Tensor, y: Tensor) -> None:
    y.register_hook(see)


def before_node(see: Any, x: Tensor, y: Tensor) -> None:
    y.grad_fn.register_prehook(lambda gs: replaced(see, gs))


def after_node(see: Any, x: Tensor, y: Tensor) -> None:
    y.grad_fn.register_hook(lambda gs, _: replaced(see, gs))


def what_node_got(see: Any, x: Tensor, y: Tensor) -> None:
    y.grad_fn.register_hook(lambda _, gs: only_seen(see, gs))


def before_leaf(see: Any, x: Tensor, y: Tensor) -> None:
    leaf_node(y).register_prehook(lambda gs: replaced(see, gs))


def after_leaf(see: Any, x: Tensor, y: Tensor) -> None:
    leaf_node(y).register_hook(lambda _, gs: only_seen(see, gs))


def leaf_node(y: Tensor) -> Any:
    node = y.grad_fn
    while node.next_functions:
        node = next(parent for parent, _ in node.next_functions if parent is not None)
    return node


def replaced(see: Any, gs: tuple[Any, ...]) -> Any:
    """The gradients with what ``see`` makes of the first that is one."""
    k = next(k for k, g in enumerate(gs) if g is not None)
    made = see(gs[k])
    return None if made is None else (*gs[:k], made, *gs[k + 1 :])


def only_seen(see: Any, gs: tuple[Any, ...]) -> None:
    replaced(see, gs)


PLACES = (on_leaf, on_result, before_node, after_node, what_node_got, before_leaf, after_leaf)


def rewrite(x: Tensor) -> None:
    """What may be done with ``.grad`` between two passes."""
    x.grad.mul_(7)
    x.grad.zero_()
    if hasattr(torch, "optim"):  # the core may be alone
        torch.optim.SGD([x], lr=0.1).zero_grad(set_to_none=False)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("graph", GRAPHS)
def test_seen_gradients_are_never_written_into(graph: str, place: Any) -> None:
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    seen: list[tuple[Tensor, Any]] = []
    for _ in range(3):
        y = GRAPHS[graph](x)
        place(lambda g: seen.append((g, g.tolist())), x, y)
        (y.sum() + x.sum()).backward()
        if place is on_leaf:
            break
    (GRAPHS[graph](x).sum() + x.sum()).backward()
    rewrite(x)
    assert seen
    assert all(g.tolist() == then for g, then in seen)


@pytest.mark.parametrize("place", [p for p in PLACES if p not in (what_node_got, after_leaf)])
@pytest.mark.parametrize("graph", GRAPHS)
def test_given_gradients_are_never_written_into(graph: str, place: Any) -> None:
    given: list[Tensor] = []

    def constant(g: Tensor) -> Tensor:
        if not given:
            given.append(torch.full(tuple(g.shape), 4.0))
        return given[0]

    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    once = None
    for n in range(1, 4):
        y = GRAPHS[graph](x)
        if place is not on_leaf or n == 1:
            place(constant, x, y)
        y.sum().backward()
        once = x.grad.numpy().copy() if once is None else once
        np.testing.assert_allclose(x.grad.numpy(), n * once, rtol=1e-6)
    rewrite(x)
    assert (given[0].numpy() == 4).all()


@pytest.mark.parametrize("graph", GRAPHS)
def test_retained_and_returned_gradients_are_never_written_into(graph: str) -> None:
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = GRAPHS[graph](x)
    y.retain_grad()
    start = torch.ones(tuple(y.shape))
    y.backward(start, retain_graph=True)
    found = torch.autograd.grad(y, (x, y), start, retain_graph=True)
    seen = [(g, g.tolist()) for g in (y.grad, *found, start)]
    for _ in range(2):
        y.grad = None
        y.backward(start, retain_graph=True)
    rewrite(x)
    assert all(g.tolist() == then for g, then in seen)


def test_gradients_with_a_graph_are_nobody_elses() -> None:
    x = torch.ones(2, requires_grad=True)
    given = torch.ones(2)
    (x * 1).backward(given, create_graph=True)
    x.backward(given, create_graph=True)
    x.grad.detach().mul_(5)
    assert given.tolist() == [1, 1]


def hooked() -> tuple[Tensor, Tensor, Tensor, list[str]]:
    """x, y = 2 x, z = 3 y with every kind of hook on x and y, and the list that they write to."""
    log: list[str] = []
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    node, leaf = y.grad_fn, y.grad_fn.next_functions[0][0]
    node.register_prehook(lambda gs: log.append("node before"))
    node.register_hook(lambda gs, _: log.append("node after"))
    leaf.register_prehook(lambda gs: log.append("leaf before"))
    leaf.register_hook(lambda gs, _: log.append("leaf after"))
    x.register_post_accumulate_grad_hook(lambda x: log.append("accumulated"))
    y.register_hook(lambda g: log.append("y"))
    y.register_hook(lambda g: g * 10)
    y.retain_grad()
    x.register_hook(lambda g: log.append("x"))
    return x, y, y * 3, log


Y, X = ["y", "node before", "node after"], ["x", "leaf before", "accumulated", "leaf after"]


@pytest.mark.parametrize(
    ("run", "order"),
    [
        (lambda x, y, z: z.sum().backward(), Y + X),
        (lambda x, y, z: torch.autograd.grad(z.sum(), y), ["y"]),
        (lambda x, y, z: torch.autograd.grad(z.sum(), x), [*Y, "x"]),
        (lambda x, y, z: torch.autograd.grad(z.sum(), (x, y)), [*Y, "x"]),
        (lambda x, y, z: torch.autograd.grad(x.sum(), y, allow_unused=True), []),
        (lambda x, y, z: z.sum().backward(inputs=[x]), Y + X),
        (lambda x, y, z: z.sum().backward(inputs=[y]), Y),
        (lambda x, y, z: z.sum().backward(inputs=[x, y]), Y + X),
        (
            lambda x, y, z: (
                torch.autograd.grad((z * z).sum(), x, create_graph=True)[0].sum().backward()
            ),
            [*Y, "x", *Y, *X],
        ),
    ],
)
def test_hooks_run_in_pytorchs_order(run: Any, order: list[str]) -> None:
    x, y, z, log = hooked()
    run(x, y, z)
    assert log == order


def test_hooks_of_one_tensor_see_one_gradient() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 1
    seen: list[Tensor] = []
    y.register_hook(seen.append)
    y.register_hook(seen.append)
    y.grad_fn.register_prehook(lambda gs: seen.append(gs[0]))
    y.grad_fn.register_hook(lambda _, gs: seen.append(gs[0]))
    (y * 2).sum().backward()
    assert len({id(g) for g in seen}) == 1


def test_a_gradient_of_no_dimensions_can_be_written_by_its_hook() -> None:
    x = torch.tensor(1.0, requires_grad=True)
    x.register_hook(lambda g: g.mul_(3) and None)
    (x * 2).backward()
    assert x.grad.item() == 6


BAD = [
    ("tensor", lambda g: 3, TypeError, "expected Variable, but hook returned 'int'"),
    ("tensor", lambda g: (g,), TypeError, "expected Variable, but hook returned 'tuple'"),
    ("tensor", lambda g: torch.ones(3), RuntimeError, "has changed the size of value"),
    ("tensor", lambda g: g.double(), RuntimeError, "was torch.FloatTensor got torch.DoubleTensor"),
    ("before", lambda gs: 3, TypeError, "expected tuple, but hook returned 'int'"),
    ("before", lambda gs: gs[0], TypeError, "expected tuple, but hook returned 'Tensor'"),
    ("before", lambda gs: [*gs], TypeError, "expected tuple, but hook returned 'list'"),
    ("before", lambda gs: (), RuntimeError, r"incorrect number of values \(got 0, but expected 1"),
    ("before", lambda gs: (*gs, *gs), RuntimeError, r"values \(got 2, but expected 1\)"),
    ("after", lambda gs, _: gs[0], TypeError, "expected tuple, but hook returned 'Tensor'"),
    ("after", lambda gs, _: (gs[0],), RuntimeError, r"\(got 1, but expected 2\)"),
    ("after", lambda gs, _: (gs[0], gs[0]), RuntimeError, "can't replace a None gradient"),
    ("after", lambda gs, _: (torch.ones(3), None), RuntimeError, "has changed the size of value"),
]


@pytest.mark.parametrize(("where", "hook", "error", "message"), BAD)
def test_hooks_that_return_nonsense(where: str, hook: Any, error: Any, message: str) -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    if where == "tensor":
        y.register_hook(hook)
    elif where == "before":
        y.grad_fn.register_prehook(hook)
    else:
        y.grad_fn.register_hook(hook)
    with pytest.raises(error, match=message):
        y.sum().backward()
    assert x.grad is None


@pytest.mark.parametrize("take", [lambda x: x.requires_grad_(False), lambda x: x.detach_()])
@pytest.mark.parametrize("graph", GRAPHS)
def test_a_leaf_that_wants_no_gradient_any_more_gets_none(graph: str, take: Any) -> None:
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    log: list[Tensor] = []
    x.register_post_accumulate_grad_hook(log.append)
    y = GRAPHS[graph](x).sum()
    take(x)
    y.backward(retain_graph=True)
    assert x.grad is None
    assert not log
    with pytest.raises(RuntimeError):
        torch.autograd.grad(y, x, retain_graph=True)
    x.requires_grad_()  # and now it does
    y.backward(retain_graph=True)
    assert len(log) == 1
    (g,) = torch.autograd.grad(y, x)
    np.testing.assert_array_equal(g.numpy(), x.grad.numpy())


def test_gan_training_with_a_frozen_discriminator() -> None:
    w, z = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    fake = (w * z).sum()
    w.requires_grad_(False)
    fake.backward()
    w.requires_grad_(True)
    assert (w.grad, z.grad.tolist()) == (None, [1, 1])


def written_view(order: str) -> tuple[list[tuple[str, list[float]]], list[float]]:
    """Hooks on a base and its view ("r"), and writes to the base ("b") and the view ("v")."""
    w = torch.arange(1.0, 5.0).requires_grad_()
    x = w * 2
    view = x[:2]
    log: list[tuple[str, list[float]]] = []
    for what in order:
        if what == "r":
            x.register_hook(lambda g: log.append(("x", g.tolist())))
            view.register_hook(lambda g: log.append(("view", g.tolist())))
        else:
            (x if what == "b" else view).mul_(3)
    (x.sum() + view.sum() * 100).backward()
    return log, w.grad.tolist()


@pytest.mark.parametrize(
    ("order", "log", "grad"),
    [
        ("r", [("view", [100, 100]), ("x", [101, 101, 1, 1])], [202, 202, 2, 2]),
        ("rb", [("x", [303, 303, 3, 3])], [606, 606, 6, 6]),
        ("rv", [("x", [303, 303, 1, 1])], [606, 606, 2, 2]),
        ("vr", [("view", [100, 100]), ("x", [101, 101, 1, 1])], [606, 606, 2, 2]),
        ("rvb", [("x", [909, 909, 3, 3])], [1818, 1818, 6, 6]),
        ("rbv", [("x", [909, 909, 3, 3])], [1818, 1818, 6, 6]),
    ],
)
def test_hooks_stay_on_what_a_view_was(order: str, log: Any, grad: Any) -> None:
    assert written_view(order) == (log, grad)


PACKS = {
    "add_": lambda x: x.add_(1),
    "detached": lambda x: x.detach().mul_(2),
    "item": lambda x: (x.__setitem__(0, 3.0), x)[1],
    "no_grad": lambda x: torch.no_grad()(x.mul_)(2),
    "view": lambda x: x.view(2).zero_(),
    "uniform_": lambda x: x.uniform_(),
}


@pytest.mark.parametrize("source", ["leaf", "result"])
@pytest.mark.parametrize("name", PACKS)
def test_a_pack_hook_must_not_write_to_what_it_gets(name: str, source: str) -> None:
    x = torch.ones(2, requires_grad=True)
    x = x if source == "leaf" else x * 1
    with (
        torch.autograd.graph.saved_tensors_hooks(PACKS[name], lambda x: x),
        pytest.raises(RuntimeError, match="modifying its input in place"),
    ):
        x.exp() * x


def test_post_accumulate_hooks_return_nothing() -> None:
    x = torch.ones(2, requires_grad=True)
    x.register_post_accumulate_grad_hook(lambda x: x)
    with pytest.raises(RuntimeError, match="should return None"):
        x.sum().backward()
    with pytest.raises(RuntimeError, match="doesn't require gradient"):
        torch.ones(2).register_post_accumulate_grad_hook(print)


MODES = [
    (torch.no_grad(), False),
    (torch.enable_grad(), True),
    (torch.inference_mode(), False),
]


@pytest.mark.parametrize("end", ["close", "throw", "delete", "exhaust"])
@pytest.mark.parametrize(("mode", "enabled"), MODES)
def test_a_decorated_generator_ends_in_its_mode(mode: Any, enabled: bool, end: str) -> None:
    log: list[bool] = []

    @mode
    def steps() -> Any:
        try:
            log.append(torch.is_grad_enabled())
            yield 1
        except ValueError:
            log.append(torch.is_grad_enabled())
            yield 2
        finally:
            log.append(torch.is_grad_enabled())

    with torch.set_grad_enabled(not enabled):
        generator = steps()
        next(generator)
        assert torch.is_grad_enabled() is not enabled
        if end == "close":
            generator.close()
        elif end == "throw":
            generator.throw(ValueError())
            generator.close()
        elif end == "exhaust":
            list(generator)
        del generator
        assert torch.is_grad_enabled() is not enabled
    assert set(log) == {enabled}
    assert len(log) == (3 if end == "throw" else 2)


def test_decorating_a_class_warns() -> None:
    with pytest.warns(FutureWarning, match="Decorating classes is deprecated"):

        @torch.no_grad()
        class Model:
            pass


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_pass_to_a_result_runs_its_node_and_goes_no_further(graph: str) -> None:
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = GRAPHS[graph](x)
    log: list[Any] = []
    y.grad_fn.register_hook(lambda ins, _: log.append(ins))
    x.register_hook(log.append)
    (y.sum() * 2).backward(inputs=[y])
    assert (y.grad.numpy() == 2).all()
    assert x.grad is None
    assert len(log) == 1
    assert all(g is None for g in log[0])


def refuses_arrays(*_: Any) -> None:
    with pytest.raises(TypeError):
        torch.relu(np.ones(2, np.float32))
    SEEN.append(True)


SEEN: list[bool] = []


class Refusing(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        refuses_arrays()
        return g


def with_unpack_hook(x: Tensor) -> Tensor:
    with torch.autograd.graph.saved_tensors_hooks(
        lambda saved: saved, lambda saved: (refuses_arrays(), saved)[1]
    ):
        return x * x


def checkpointed(x: Tensor, reentrant: bool) -> Tensor:
    calls: list[Tensor] = []

    def function(x: Tensor) -> Tensor:
        calls.append(x)
        if len(calls) > 1:
            refuses_arrays()
        return x.sin()

    return torch.utils.checkpoint.checkpoint(function, x, use_reentrant=reentrant)


USER_CODE: dict[str, Callable[[Tensor], Any]] = {
    "tensor hook": lambda x: x.register_hook(refuses_arrays),
    "accumulate hook": lambda x: x.register_post_accumulate_grad_hook(refuses_arrays),
    "node hook": lambda x: leaf_node(x * 2).register_hook(refuses_arrays),
    "node prehook": lambda x: leaf_node(x * 2).register_prehook(refuses_arrays),
    "unpack hook": with_unpack_hook,
    "backward of a Function": Refusing.apply,
    "checkpoint": lambda x: checkpointed(x, False),
    "reentrant checkpoint": lambda x: checkpointed(x, True),
}


@pytest.mark.parametrize("name", USER_CODE)
def test_in_users_code_an_array_is_no_tensor(name: str) -> None:
    SEEN.clear()
    x = torch.ones(2, requires_grad=True)
    made = USER_CODE[name](x)
    (made if isinstance(made, torch.Tensor) else x * 2).sum().backward()
    assert SEEN


def test_pack_hooks_see_the_tensors_that_they_were() -> None:
    seen: list[Any] = []
    x = torch.ones(2, requires_grad=True)

    def pack(value: Tensor) -> Tensor:
        seen.append((value is x, value.requires_grad, value.is_leaf, value.grad_fn))
        return value

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value):
        y = x * x
        z = y.exp()
        w = z * y
    w.sum().backward()
    leaf, exp = (True, True, True, None), (False, True, False, z.grad_fn)
    assert seen[:3] == [leaf, leaf, exp]
    assert sorted(seen[3:], key=lambda row: row[3] is exp[3]) == [(*exp[:3], y.grad_fn), exp]


def test_what_an_identity_pack_hook_keeps_goes_with_the_graph() -> None:
    x = torch.ones(2, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda value: value, lambda value: value):
        y = x.exp()
    node = weakref.ref(y.grad_fn)
    gc.disable()
    try:
        del y
        assert node() is None
    finally:
        gc.enable()


def test_hooks_for_complete_gradients_run_while_the_pass_goes_on():
    """Right after the first operation that used the leaf: PyTorch's order."""
    a, b, c = (torch.ones(2, requires_grad=True) for _ in range(3))
    log = []
    for name, leaf in {"a": a, "b": b, "c": c}.items():
        leaf.register_post_accumulate_grad_hook(lambda t, name=name: log.append(name))

    def run():
        x = a * b
        x.register_hook(lambda g: log.append("x"))
        y = (x * c).exp()
        y.register_hook(lambda g: log.append("y"))
        return (y * b).sum()

    run().backward()
    assert log == ["y", "c", "x", "a", "b"]
    assert b.grad.tolist() == [2 * np.exp(np.float32(1))] * 2
    log.clear()
    (run() + run()).backward()
    assert log == ["y", "x", "y", "c", "x", "a", "b"]
    log.clear()
    first, second = run(), run()
    second.backward()
    first.backward()
    assert log == ["y", "c", "x", "a", "b"] * 2
    assert a.grad.tolist() == pytest.approx([5 * np.exp(1)] * 2)
