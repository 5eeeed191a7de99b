"""Forward and backward hooks."""

import minitorch
import pytest
from minitorch import nn


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
    layer(minitorch.ones(1, 2)).sum().backward()
    assert seen[0][0] == (None,)
