"""Forward and backward hooks."""

import gc
import warnings
import weakref
from collections import namedtuple

import minitorch
import pytest
from minitorch import nn

pytestmark = pytest.mark.filterwarnings("ignore:Using backward")


class Scale(nn.Module):
    def forward(self, x, *, by=1.0):
        return x * by


def test_forward_hooks():
    scale, seen = Scale(), []
    first = scale.register_forward_pre_hook(lambda m, args: (args[0] + 1,))
    scale.register_forward_hook(lambda m, args, out: seen.append(float(out)))
    scale.register_forward_hook(lambda m, args, out: out * 10)
    assert float(scale(minitorch.tensor(1.0))) == 20
    first.remove()
    assert float(scale(minitorch.tensor(1.0))) == 10
    assert seen == [2, 1]


def test_hooks_with_keywords_and_order():
    scale, seen = Scale(), []
    scale.register_forward_pre_hook(
        lambda m, args, kwargs: (args, {"by": kwargs["by"] * 10}), with_kwargs=True
    )
    scale.register_forward_hook(
        lambda m, args, kwargs, out: seen.append(kwargs["by"]), with_kwargs=True
    )
    scale.register_forward_hook(lambda m, args, out: seen.append("first"), prepend=True)
    assert float(scale(minitorch.tensor(1.0), by=2.0)) == 20
    assert seen == ["first", 20]


def test_always_call():
    module, seen = nn.Linear(2, 2), []
    module.register_forward_hook(lambda m, args, out: seen.append(out), always_call=True)
    with pytest.raises(RuntimeError):
        module(minitorch.ones(3))
    assert seen == [None]


def test_bad_pre_hook():
    scale = Scale()
    scale.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match="tuple"):
        scale(minitorch.ones(1))


@pytest.mark.parametrize("create_graph", [False, True])
def test_full_backward_hooks(create_graph):
    layer, seen = nn.Linear(2, 1, bias=False), []
    layer.register_full_backward_pre_hook(lambda m, outs: (outs[0] * 2,))
    layer.register_full_backward_hook(lambda m, ins, outs: seen.append((ins[0], outs[0])))
    layer.register_full_backward_hook(lambda m, ins, outs: (ins[0] * 3,))
    x = minitorch.ones(1, 2, requires_grad=True)
    layer(x).sum().backward(create_graph=create_graph)
    ((grad_in, grad_out),) = seen
    assert grad_out.tolist() == [[2.0]]
    assert grad_in.tolist() == (2 * layer.weight).tolist()
    assert x.grad.tolist() == (6 * layer.weight).tolist()
    assert layer.weight.grad.tolist() == [[2.0, 2.0]]


def test_backward_hook_without_input_gradient():
    layer, seen = nn.Linear(2, 1), []
    layer.register_full_backward_hook(lambda m, ins, outs: seen.append((ins, outs)))
    with pytest.warns(UserWarning, match="no inputs require gradients"):
        layer(minitorch.ones(1, 2)).sum().backward()
    assert seen[0][0] == (None,)


class Calls(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *args):
        return self.function(*args)


Pair = namedtuple("Pair", "first second")


@pytest.mark.parametrize("kind", [tuple, Pair._make])
def test_full_backward_hooks_keep_the_kind_of_tuple(kind):
    module, seen = Calls(lambda x, n, y: kind((x * 2, y * n))), []
    module.register_full_backward_hook(lambda m, ins, outs: seen.append((ins, outs)))
    x, y = minitorch.ones(2, requires_grad=True), minitorch.ones(2, requires_grad=True)
    out = module(x, 3, y)
    assert type(out) is type(kind((0, 0)))
    (out[0] + out[1]).sum().backward()
    ((ins, outs),) = seen
    assert [g if g is None else g.tolist() for g in ins] == [[2, 2], None, [3, 3]]
    assert [g.tolist() for g in outs] == [[1, 1], [1, 1]]


NONSENSE = [
    (
        lambda gs: (gs[0], gs[0]),
        RuntimeError,
        "invalid number of grad_.*put, got 2, but expected 1",
    ),
    (lambda gs: (), RuntimeError, "invalid number of grad_.*put, got 0, but expected 1"),
    (lambda gs: minitorch.ones(3), RuntimeError, "got 3, but expected 1"),
    (lambda gs: (minitorch.ones(3),), RuntimeError, "has changed the size of value"),
    (lambda gs: (gs[0].double(),), RuntimeError, "has changed the type of value"),
    (lambda gs: 3, TypeError, "int"),
    (lambda gs: (3,), TypeError, "expected Variable, but hook returned 'int'"),
]


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize(("hook", "error", "message"), NONSENSE)
def test_full_backward_hooks_that_return_nonsense(hook, error, message, before):
    module = Calls(lambda x: x * 2)
    if before:
        module.register_full_backward_pre_hook(lambda m, outs: hook(outs))
    else:
        module.register_full_backward_hook(lambda m, ins, outs: hook(ins))
    with pytest.raises(error, match=message):
        module(minitorch.ones(2, requires_grad=True)).sum().backward()


def test_full_backward_hooks_have_nothing_to_replace_without_input_gradients():
    layer = nn.Linear(2, 1)
    layer.register_full_backward_hook(lambda m, ins, outs: (minitorch.ones(1, 2),))
    with (
        pytest.warns(UserWarning, match="no inputs require gradients"),
        pytest.raises(RuntimeError, match="should always return None"),
    ):
        layer(minitorch.ones(1, 2)).sum().backward()


@pytest.mark.parametrize(
    "register", ["register_full_backward_hook", "register_full_backward_pre_hook"]
)
@pytest.mark.parametrize("write", ["add_", "mul_", "relu_", "zero_"])
def test_the_output_of_a_hooked_module_is_not_written_to(register, write):
    module = Calls(lambda x: x * 2)
    getattr(module, register)(lambda *_: None)
    out = module(minitorch.ones(2, requires_grad=True))
    with pytest.raises(RuntimeError, match="modified inplace"):
        getattr(out, write)(*([1.0] if write in ("add_", "mul_") else []))


def test_what_full_backward_hooks_saw_and_gave_is_never_written_into():
    module, seen, given = Calls(lambda x: x * 1), [], minitorch.full((2,), 4.0)

    def hook(module, ins, outs):
        seen.extend([*ins, *outs])
        return (given,)

    module.register_full_backward_hook(hook)
    x = minitorch.ones(2, requires_grad=True)
    for _ in range(3):
        module(x).sum().backward()
    assert x.grad.tolist() == [12, 12]
    nn.utils.clip_grad_norm_([x], 1e-3)
    x.grad.zero_()
    assert [g.tolist() for g in seen] == [[1, 1]] * 6
    assert given.tolist() == [4, 4]


def test_old_and_full_backward_hooks_do_not_mix():
    for first, second in (("full_", ""), ("", "full_")):
        module = Calls(lambda x: x * 2)
        getattr(module, f"register_{first}backward_hook")(print)
        with pytest.raises(RuntimeError, match="Cannot use both"):
            getattr(module, f"register_{second}backward_hook")(print)


def test_old_backward_hooks_see_the_last_step():
    module, seen = Calls(lambda x: (x * 2) * 3), []
    module.register_backward_hook(lambda m, ins, outs: seen.append((ins[0].tolist(), outs)))
    x = minitorch.ones(2, requires_grad=True)
    with pytest.warns(FutureWarning, match="multiple autograd Nodes"):
        module(x).sum().backward()
    assert seen[0][0] == [3, 3]
    assert x.grad.tolist() == [6, 6]


def test_full_backward_hooks_run_once_in_each_of_two_orders():
    layer, count = nn.Linear(2, 1, bias=False), []
    layer.register_full_backward_hook(lambda *_: count.append(1))
    x = minitorch.ones(1, 2, requires_grad=True)
    (g,) = minitorch.autograd.grad((layer(x) ** 2).sum(), x, create_graph=True)
    assert len(count) == 1
    g.sum().backward()
    assert len(count) == 2


@pytest.mark.parametrize(
    "register",
    [
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_backward_hook",
        "register_load_state_dict_pre_hook",
        "register_load_state_dict_post_hook",
        "register_state_dict_pre_hook",
    ],
)
def test_hooks_make_no_reference_cycle(register):
    gc.disable()
    try:
        module = nn.Linear(2, 2)
        getattr(module, register)(lambda *_: None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module(minitorch.ones(1, 2, requires_grad=True)).sum().backward()
        module.load_state_dict(module.state_dict())
        gone = weakref.ref(module)
        del module
        assert gone() is None
    finally:
        gc.enable()


def test_handles_do_not_keep_hooks_alive():
    layer = nn.Linear(1, 1)
    handle = layer.register_forward_hook(lambda *args: None, with_kwargs=True)
    assert handle.hooks_dict_ref() is layer._forward_hooks
    assert [each() for each in handle.extra_dict_ref] == [layer._forward_hooks_with_kwargs]
    del layer
    gc.collect()
    assert handle.hooks_dict_ref() is None
    handle.remove()


def test_the_first_error_goes_on():
    layer, seen = nn.Linear(1, 1), []

    def fail(*args):
        raise RuntimeError("second")

    layer.register_forward_hook(fail, always_call=True)
    layer.register_forward_hook(lambda *args: seen.append(args[-1]), always_call=True)
    with (
        pytest.warns(UserWarning, match="another error was raised in forward: second"),
        pytest.raises(RuntimeError, match="1x2 and 1x1"),
    ):
        layer(minitorch.ones(1, 2))
    assert seen == [None]
