"""In-place writes: the memory, the history of bases and views, the version, the refusals."""

from __future__ import annotations

import operator
from contextlib import nullcontext
from typing import Any

import minitorch
import minitorch as torch
import numpy as np
import pytest
from minitorch import tensor
from minitorch.autograd import gradcheck, gradgradcheck


def leaf() -> Any:
    return minitorch.tensor([[0.5, 1.0], [1.5, 2.0]], dtype=minitorch.float64, requires_grad=True)


def write_view(y: Any) -> Any:
    y[0].mul_(y[1] + 1)
    return y


def write_base(y: Any) -> Any:
    view = y[0]
    y.mul_(3)
    return view * y


def write_sibling(y: Any) -> Any:
    a, b = y[:, 0], y.T
    a.mul_(2)
    return b * y


def write_view_of_view(y: Any) -> Any:
    y.T[1][:1].exp_()
    return y


def write_reshaped(y: Any) -> Any:
    y.reshape(-1)[1:3] *= y.sum()
    return y


def write_diagonal(y: Any) -> Any:
    y.diagonal().mul_(y[0] + 1)
    return y


def write_windows(y: Any) -> Any:
    y.view(-1).unfold(0, 2, 2)[1].sin_()
    return y


def relaid(y: Any) -> Any:
    old = y[0]
    y.unsqueeze_(0)
    y.mul_(2)
    y[:, 1] += 1
    return old.sum() * y


def zeroed(y: Any) -> Any:
    z = y * 2
    y[1].zero_()
    y[0].fill_(3)
    return y + z


def copied(y: Any) -> Any:
    z = minitorch.zeros(2, 2, dtype=minitorch.float64)
    z[:, 1].copy_(y[0])
    z.T[0] = y[1] * y[0]
    return z


def masked(y: Any) -> Any:
    y[y > 0.9] = y[0, 0]
    y.masked_fill_(y < 0, 1)
    return y


def saved_result(y: Any) -> Any:
    z = y * 1
    z.exp_()
    return z * y


PROGRAMS = [
    write_view, write_base, write_sibling, write_view_of_view, write_reshaped, write_diagonal,
    write_windows, relaid, zeroed, copied, masked, saved_result,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_history(program: Any) -> None:
    assert gradcheck(lambda x: program(x * 1.0), (leaf(),))
    assert gradgradcheck(lambda x: program(x * 1.0) ** 2, (leaf(),))


def views_of_no_grad(y: Any) -> Any:
    with minitorch.no_grad():
        view = y[0]
    return view.mul_(2)


def unbound_base(y: Any) -> Any:
    first, _ = y.unbind()
    y.mul_(2)
    return first * 1


def unbound_tracked_value(y: Any) -> Any:
    return minitorch.zeros(2, 2, dtype=minitorch.float64).unbind()[0].mul_(y[0])


REFUSED = [
    (lambda y: y.unbind()[0].mul_(2), "multiple views"),
    (unbound_base, "multiple views"),
    (unbound_tracked_value, "multiple views"),
    (views_of_no_grad, "no_grad"),
    (lambda y: y[0].expand(3, 2).mul_(2), "single memory location"),
    (lambda y: y.mul_(minitorch.ones(3, 2, 2)), "broadcast shape"),
    (lambda y: minitorch.tensor([1]).mul_(1.5), "can't be cast"),
    (lambda y: y.copy_(minitorch.ones(3)), "shape mismatch"),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_refusals(call: Any, text: str) -> None:
    with pytest.raises(RuntimeError, match=text):
        call(leaf() * 1.0)


@pytest.mark.parametrize("shape", [(2, 0), (2, 0, 3)])
def test_nothing_is_written_to_where_nothing_is(shape: tuple[int, ...]) -> None:
    y = minitorch.zeros(shape) + minitorch.ones(shape[-1])  # NumPy gives it steps of 0
    assert y.mul_(2).shape == shape
    assert minitorch.ones(1, 0).expand(3, 0).add_(1).shape == (3, 0)


@pytest.mark.parametrize("write", ["mul_", "add_", "fill_", "__imul__"])
def test_leaves_refuse(write: str) -> None:
    x = leaf()
    for target in (x, x[0]):
        with pytest.raises(RuntimeError, match="leaf Variable"):
            getattr(target, write)(2.0)
    with minitorch.no_grad():
        getattr(x[0], write)(2.0)
    assert x._version == 1
    assert x.requires_grad


def test_overwritten_saved_values_are_noticed() -> None:
    x = leaf()
    y = x * 1
    z = y * y
    y[0, 0] = 5.0
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_old_values_are_kept_for_the_other_operand() -> None:
    x, y = minitorch.tensor([2.0, 3.0]), minitorch.tensor([1.0, 1.0], requires_grad=True)
    x.mul_(y)
    x.mul_(y)
    x.sum().backward()
    np.testing.assert_allclose(y.grad.numpy(), [4.0, 6.0])


def test_versions_are_shared() -> None:
    x = minitorch.zeros(2, 2)
    views = [x[0], x.T, x.detach(), x.view(4), *x.unbind()]
    views[0].add_(1)
    x.zero_()
    assert {v._version for v in views} == {x._version} == {2}
    assert x.data._version == 0


def test_a_version_is_a_number_that_stays() -> None:
    x = minitorch.zeros(2)
    before = x._version
    x.add_(1)
    assert (type(before), before, x._version) == (int, 0, 1)
    with pytest.raises(AttributeError):
        x._version = 3


def test_zeroed_tensor_still_requires_grad() -> None:
    x = leaf()
    y = (x * 2).zero_()
    assert y.requires_grad
    y.sum().backward()
    assert not x.grad.numpy().any()


def test_set_shares_the_memory():
    x, y = minitorch.zeros(2), minitorch.ones(3)
    assert x.set_(y) is x
    y[0] = 5.0
    assert x.tolist() == [5.0, 1.0, 1.0]
    assert minitorch.ones(2).set_().shape == (0,)
    with pytest.raises(RuntimeError, match="float64"):
        x.set_(y.double())
    with pytest.raises(RuntimeError, match="autograd"):
        minitorch.ones(2, requires_grad=True).set_(y)


def test_apply():
    x = minitorch.tensor([[1.0, 2.0]])
    assert x.apply_(lambda v: v * 10).tolist() == [[10.0, 20.0]]


RELAID = {
    "t_": (),
    "squeeze_": (),
    "unsqueeze_": (0,),
    "transpose_": (0, 1),
    "swapaxes_": (0, 1),
    "swapdims_": (0, 1),
}
RELAID_SHAPES = [(2, 3), (1, 3), (2, 2)]


@pytest.mark.parametrize("shape", RELAID_SHAPES)
@pytest.mark.parametrize("name", RELAID)
def test_a_leaf_relaid_under_no_grad_stays_a_leaf(name: str, shape: tuple[int, ...]) -> None:
    x = minitorch.ones(shape, requires_grad=True)
    with minitorch.no_grad():
        assert getattr(x, name)(*RELAID[name]) is x
    weights = minitorch.arange(1.0, x.numel() + 1).reshape(x.shape)
    (x * weights).sum().backward()
    assert (x.requires_grad, x.is_leaf, x._version, x._is_view()) == (True, True, 1, False)
    np.testing.assert_array_equal(x.grad.numpy(), weights.numpy())
    with minitorch.no_grad():
        x.sub_(x.grad)
    (x * 2).sum().backward()  # still right after an optimizer's write
    np.testing.assert_array_equal(x.grad.numpy(), weights.numpy() + 2)


@pytest.mark.parametrize("shape", RELAID_SHAPES)
@pytest.mark.parametrize("name", RELAID)
def test_a_result_relaid_under_no_grad_keeps_its_history(name: str, shape: tuple[int, ...]) -> None:
    w = minitorch.ones(shape, requires_grad=True)
    x = w * 2
    with minitorch.no_grad():
        getattr(x, name)(*RELAID[name])
    assert (x.requires_grad, x.is_leaf) == (True, False)
    x.mul_(3)
    if x.shape == shape or name == "unsqueeze_":
        x.sum().backward()
        assert (w.grad.numpy() == 6).all()
    else:  # its step knows the old shape
        with pytest.raises(RuntimeError, match="invalid gradient"):
            x.sum().backward()


@pytest.mark.parametrize("shape", RELAID_SHAPES)
@pytest.mark.parametrize("name", RELAID)
def test_a_view_relaid_under_no_grad_keeps_its_history(name: str, shape: tuple[int, ...]) -> None:
    w = minitorch.ones(2, *shape, requires_grad=True)
    x = w * 2
    view = x[0]
    with minitorch.no_grad():
        getattr(view, name)(*RELAID[name])
    weights = minitorch.arange(1.0, view.numel() + 1).reshape(view.shape)
    (view * weights).sum().backward()
    back = {
        "t_": weights.t,
        "transpose_": weights.t,
        "swapaxes_": weights.t,
        "swapdims_": weights.t,
    }
    expected = back[name]() if name in back else weights.reshape(shape)
    np.testing.assert_array_equal(w.grad[0].numpy(), 2 * expected.numpy())
    assert not w.grad[1].any()


@pytest.mark.parametrize("shape", RELAID_SHAPES)
@pytest.mark.parametrize("name", RELAID)
def test_a_plain_tensor_relaid_under_no_grad_may_take_part(
    name: str, shape: tuple[int, ...]
) -> None:
    x, w = minitorch.zeros(shape), minitorch.ones((), requires_grad=True)
    row = x[0]
    with minitorch.no_grad():
        getattr(x, name)(*RELAID[name])
    x.add_(w)
    assert row.requires_grad
    row.sum().backward()
    assert w.grad.item() == row.numel()


def test_an_old_view_of_what_was_relaid_under_no_grad_is_refused() -> None:
    x = minitorch.ones(2, 3, requires_grad=True)
    row = x[0]
    with minitorch.no_grad():
        x.t_()
    with pytest.raises(RuntimeError, match="Take the view again"):
        row.sum()


VIEWS = {
    "slice": lambda x: x[:2],
    "view": lambda x: x.view(2, 2),
    "unbind": lambda x: x.unbind()[0],
    "t": lambda x: x.t(),
    "split": lambda x: x.split(2)[0],
    "reshape": lambda x: x.reshape(2, 2),
    "unsqueeze": lambda x: x.unsqueeze(0),
    "step": lambda x: x[::2],
}


@pytest.mark.parametrize("source", ["leaf", "result", "view"])
@pytest.mark.parametrize("name", VIEWS)
def test_views_under_no_grad_require_grad_as_their_base(name: str, source: str) -> None:
    leaf = minitorch.ones(4, requires_grad=True)
    x = {"leaf": leaf, "result": leaf * 1, "view": leaf[:]}[source]
    with minitorch.no_grad():
        view = VIEWS[name](x)
        view.numpy()
        view.zero_()
    assert view.requires_grad
    with pytest.raises(RuntimeError, match="created in no_grad mode"):
        view * 2
    with minitorch.no_grad():
        assert not x.detach()[:2].requires_grad


class Identity(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g


def no_grad_view(x: Any) -> Any:
    with torch.no_grad():
        return x.view(-1)


def inference_view(x: Any) -> Any:
    with torch.inference_mode():
        return x.view(-1)


UNFOLLOWED = {
    "several": (lambda x: x.unbind()[0], "Output 0 of UnbindBackward0 is a view and {0} modified"),
    "no_grad": (no_grad_view, "A view was created in no_grad mode and {0} modified"),
    "inference": (inference_view, "A view was created in inference mode and {0} modified"),
    "function": (Identity.apply, "IdentityBackward is a view and {0} modified .* custom Function"),
}


@pytest.mark.parametrize("write", ["view", "base"])
@pytest.mark.parametrize("name", UNFOLLOWED)
def test_writes_that_cannot_be_followed_say_why(name: str, write: str) -> None:
    take, message = UNFOLLOWED[name]
    x = torch.ones(4, requires_grad=True) * 1
    view = take(x)
    if write == "view":
        with pytest.raises(RuntimeError, match=message.format("is being")):
            view.mul_(2)
    elif name != "function":  # a node of its own, which the base's write leaves alone
        x.mul_(2)
        with pytest.raises(RuntimeError, match=message.format("its base .* has been")):
            view.grad_fn  # noqa: B018
    x = torch.ones(4)  # outside of autograd all are written to
    assert take(x).zero_().sum() == 0


def test_a_view_of_a_view_from_no_grad_says_so() -> None:
    y = no_grad_view(torch.zeros(2)).requires_grad_()
    with pytest.raises(RuntimeError, match="ViewBackward0 is a view of a view which was created"):
        y.view(2).div_(2)


@pytest.mark.parametrize("split", ["unsafe_split", "unsafe_chunk", "unsafe_split_with_sizes"])
@pytest.mark.parametrize("where", [torch, torch.Tensor])
def test_pieces_of_unsafe_splits_are_apart(split: str, where: Any) -> None:
    x = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    a, b = getattr(where, split)(x * 1, [2, 2] if "sizes" in split else 2)
    a.mul_(b)
    a.sum().backward()
    assert x.grad.tolist() == [3.0, 4.0, 1.0, 2.0]


def test_an_inference_tensor_is_no_part_of_the_graph() -> None:
    with torch.inference_mode():
        x = torch.ones(4, requires_grad=True)
        x.resize_(2)
    for watched in (torch.enable_grad(), torch.profiler.profile()):
        with watched:
            assert not x.view(-1).requires_grad
            assert not x.view(-1)._is_view()


EXPANDED = {
    # writes of one value, which expanded tensors take
    "fill_": (lambda x: x.fill_(2), [2, 2, 2]),
    "zero_": (lambda x: x.zero_(), [0, 0, 0]),
    "masked_fill_, last": (lambda x: x.masked_fill_(tensor([False, False, True]), 2), [2, 2, 2]),
    "masked_fill_, first": (lambda x: x.masked_fill_(tensor([True, False, False]), 2), [2, 2, 2]),
    "masked_fill_, none": (lambda x: x.masked_fill_(tensor([False] * 3), 2), [1, 1, 1]),
    "index_fill_": (lambda x: x.index_fill_(0, tensor([0]), 2), [2, 2, 2]),
    "index_put_": (lambda x: x.index_put_((tensor([0]),), tensor([3.0])), [3, 3, 3]),
    "setitem": (lambda x: x.__setitem__(tensor([0]), 3.0), [3, 3, 3]),
}
REFUSED = {
    "add_": lambda x: x.add_(1),
    "copy_": lambda x: x.copy_(torch.ones(3)),
    "exp_": lambda x: x.exp_(),
    "uniform_": lambda x: x.uniform_(),
    "clamp_": lambda x: x.clamp_(2),
    "index_add_": lambda x: x.index_add_(0, tensor([0]), torch.ones(1)),
    "scatter_": lambda x: x.scatter_(0, tensor([0]), 2.0),
    "put_": lambda x: x.put_(tensor([0]), torch.ones(1)),
}


@pytest.mark.parametrize("case", EXPANDED)
def test_one_value_into_expanded_tensors(case):
    write, expected = EXPANDED[case]
    base = torch.ones(1)
    x = base.expand(3)
    warned = case.split(",")[0] in ("index_fill_", "index_put_", "masked_fill_")
    with pytest.warns(UserWarning, match="on expanded tensors") if warned else nullcontext():
        write(x)
    assert x.tolist() == expected
    assert base.tolist() == expected[:1]


OVERLAPPING = {
    "add_": lambda x: x[:3].add_(x[1:]),
    "mul_": lambda x: x[:2].mul_(x[1:3]),
    "copy_": lambda x: x[1:].copy_(x[:-1]),
    "lerp_": lambda x: x[:2].lerp_(x[1:3], 0.5),
    "+=": lambda x: operator.iadd(x[:3], x[1:]),
    "index_add_": lambda x: x.index_add_(0, tensor([0]), x[:1]),
    "index_copy_": lambda x: x.index_copy_(0, tensor([0]), source=x[:1]),
    "index_put_": lambda x: x.index_put_((tensor([0, 1]),), x[:2]),
    "put_": lambda x: x.put_(tensor([0, 1, 2, 3]), x),
    "scatter_": lambda x: x.scatter_(0, tensor([0]), x),
    "index": lambda x: (i := x.long()).index_fill_(0, i, 0),
}


@pytest.mark.parametrize("case", OVERLAPPING)
def test_inputs_that_share_memory_with_the_target(case):
    x = torch.zeros(4)
    with pytest.raises(RuntimeError, match="unsupported operation: some elements of the input"):
        OVERLAPPING[case](x)
    assert (x.tolist(), x._version) == ([0.0] * 4, 0)


def test_the_same_elements_may_be_written():
    x = torch.ones(4)
    assert x.add_(x).tolist() == [2.0] * 4
    assert x[:2].mul_(x[:2]).tolist() == [4.0, 4.0]
    assert x[:2].sub_(x[2:]).tolist() == [2.0, 2.0]


@pytest.mark.parametrize("case", REFUSED)
def test_several_values_into_expanded_tensors(case):
    with pytest.raises(RuntimeError, match="single memory location"):
        REFUSED[case](torch.ones(1).expand(3))


def test_a_history_asked_for_under_no_grad_is_the_history() -> None:
    w = minitorch.ones(3, requires_grad=True)
    x = w * 2
    view = x.view(3)
    view[0] = 3.0
    with minitorch.no_grad():
        assert view.grad_fn is not None
    view.sum().backward()
    assert w.grad.tolist() == [0, 2, 2]


def test_what_a_view_says_under_no_grad_changes_nothing():
    leaf = minitorch.ones(2, 2, requires_grad=True)
    x = leaf * 1
    view = x[0]
    x.mul_(3)
    with minitorch.no_grad():
        assert not view.is_leaf
    view.sum().backward()
    assert leaf.grad.tolist() == [[3, 3], [0, 0]]


def test_a_view_taken_under_no_grad_drops_its_gradient():
    leaf = minitorch.ones(2, 2, requires_grad=True)
    with minitorch.no_grad():
        view = leaf[0]
    made = view * 2
    assert (view.requires_grad, view.is_leaf, made.requires_grad) == (True, True, True)
    made.sum().backward()
    assert leaf.grad is None
    assert view.grad is None


def test_a_write_to_a_hooked_view_leads_past_the_hook():
    seen = []
    x = minitorch.ones(2, 2, requires_grad=True) * 1
    view = x[0]
    view.register_hook(seen.append)
    view.mul_(2)
    x.sum().backward()
    assert seen == []


def test_detach_after_an_in_place_shape():
    x = minitorch.ones(2, requires_grad=True) * 1
    x.unsqueeze_(0)
    assert not x._is_view()
    assert not x.detach_().requires_grad
