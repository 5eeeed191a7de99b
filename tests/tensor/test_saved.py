"""What nodes show of what they saved, and what may be done to it."""

import gc
import weakref

import minitorch
import pytest
from minitorch.autograd import Function, forward_ad, graph
from minitorch.autograd.legacy import Variable


def leaf(*shape):
    return minitorch.ones(*shape).requires_grad_()


SAVED = {  # an operation on x of shape (2, 3), and what its node shows, as PyTorch's
    "mul": (lambda x: x * x, {"self": "x", "other": "x"}),
    "mul by a number": (lambda x: x * 2, {"other": 2.0, "self": None}),
    "add": (lambda x: x + x, {"alpha": 1}),
    "pow": (lambda x: x**2, {"self": "x", "exponent": 2}),
    "exp": (lambda x: x.exp(), {"result": "out"}),
    "sum": (lambda x: x.sum(), {"self_sym_sizes": (2, 3)}),
    "mean": (lambda x: x.mean(), {"self_sym_sizes": (2, 3), "self_sym_numel": 6}),
    "sum of rows": (
        lambda x: x.sum(1), {"self_sym_sizes": (2, 3), "dim": (1,), "keepdim": False},
    ),
    "softmax": (lambda x: x.softmax(1), {"result": "out", "dim": 1}),
    "view": (lambda x: x.view(6), {"self_sym_sizes": (2, 3)}),
    "permute": (lambda x: x.permute(1, 0), {"dims": (1, 0)}),
    "clamp": (lambda x: x.clamp(0, 1), {"self": "x", "min": 0, "max": 1}),
    "mm": (
        lambda x: x @ minitorch.ones(3, 4),
        {
            "mat2": 1.0, "self": None, "mat2_sym_sizes": (3, 4), "mat2_sym_strides": (),
            "self_sym_sizes": (2, 3), "self_sym_strides": (),
        },
    ),
    "neg": (lambda x: -x, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", SAVED)
def test_attributes(name):
    call, expected = SAVED[name]
    x = leaf(2, 3)
    out = call(x)
    node = out.grad_fn
    shown = {k.removeprefix("_saved_") for k in dir(node) if k.startswith("_saved_")}
    assert shown == set(expected)
    for key, value in expected.items():
        found = getattr(node, f"_saved_{key}")
        if value == "x":
            assert found is x
        elif value == "out":
            assert minitorch.equal(found, out)
            assert found.grad_fn is node
        elif isinstance(value, float):
            assert (found == value).all()
        else:
            assert found == value


def test_freed_and_unknown():
    x = leaf(2)
    out = x.exp()
    with pytest.raises(AttributeError, match="has no attribute '_saved_other'"):
        _ = out.grad_fn._saved_other
    assert not hasattr(out.grad_fn, "_other")
    out.sum().backward()
    for name in ("_saved_result", "_raw_saved_result"):
        with pytest.raises(RuntimeError, match="after they have already been freed"):
            getattr(out.grad_fn, name)
    out = x.exp()
    out.detach().zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        _ = out.grad_fn._saved_result


def test_hooks_of_one_saved_tensor():
    x = leaf(2)
    out = x * x
    saved = out.grad_fn._raw_saved_self
    saved.register_hooks(lambda t: t * 3, lambda t: t * 2)
    assert minitorch.equal(out.grad_fn._saved_self, x * 6)
    with pytest.raises(RuntimeError, match="have already been set"):
        saved.register_hooks(lambda t: t, lambda t: t)
    out.sum().backward()
    assert x.grad.tolist() == [7, 7]
    with pytest.raises(RuntimeError, match="is forbidden"):
        minitorch.autograd.SavedTensor()
    with pytest.raises(RuntimeError, match="modifying its input in place"):
        (x * x).grad_fn._raw_saved_self.register_hooks(lambda t: t.mul_(2), lambda t: t)


def test_a_shown_node_keeps_no_circle():
    x = leaf(3)
    out = x.exp()
    out.grad_fn._raw_saved_result.register_hooks(lambda t: t, lambda t: t)
    alive = weakref.ref(out.grad_fn)
    gc.disable()
    try:
        del out
        assert alive() is None
    finally:
        gc.enable()


MUTATIONS = {
    "the tensor": lambda y: y.sin_(),
    "a view": lambda y: y[:1].mul_(5),
    "by index": lambda y: y.__setitem__(0, 5.0),
    "fill": lambda y: y.fill_(2),
    "copy": lambda y: y.copy_(minitorch.zeros(2, 3)),
    "random": lambda y: y.uniform_(),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_saved_tensors_may_be_written_to(name):
    x = (minitorch.arange(6.0).view(2, 3) + 1).requires_grad_()
    with graph.allow_mutation_on_saved_tensors() as context:
        y = x.clone()
        out = (y**2).sum() + (y * y).sum()
        MUTATIONS[name](y)
        assert len(context.cloned) == 1
        out.backward()
        assert not context.cloned
    assert minitorch.equal(x.grad, 4 * x.detach())


def test_in_place_operations_keep_what_hooks_saw():
    x = minitorch.arange(1.0, 4).requires_grad_()
    hooks = graph.saved_tensors_hooks(same, same)
    for context in (graph.allow_mutation_on_saved_tensors(), hooks):
        x.grad = None
        with context:
            y = x.clone()
            y.sin_()
            y.sum().backward()
        assert minitorch.allclose(x.grad, x.detach().cos())


def same(t):
    return t


def test_mutation_contexts():
    x = leaf(2)
    with graph.allow_mutation_on_saved_tensors():
        out = (x**2).sum()
        with (
            pytest.raises(RuntimeError, match="contexts cannot be nested"),
            graph.allow_mutation_on_saved_tensors(),
        ):
            pass
    with pytest.raises(AssertionError, match="Trying to backward outside"):
        out.backward()


def test_increment_version():
    x = leaf(2)
    y = x * 2
    out = y.exp() * y
    graph.increment_version([y])
    assert y._version == 1
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        out.sum().backward()


def test_edges():
    x = leaf(2)
    y = x.clone()
    edge = graph.get_gradient_edge(y)
    assert minitorch.autograd.grad(y.sum(), edge)[0].tolist() == [1, 1]
    y.sum().backward(inputs=(edge,))
    assert x.grad is None
    total = graph.get_gradient_edge(y.sum())
    minitorch.autograd.backward(total)
    assert x.grad.tolist() == [1, 1]
    with pytest.raises(RuntimeError, match="only for scalar outputs"):
        minitorch.autograd.backward(edge)
    with pytest.raises(RuntimeError, match="cannot be used when the given input is a GradientEdge"):
        minitorch.autograd.grad(leaf(2).sum(), edge, allow_unused=True, materialize_grads=True)


def test_nodes_are_called():
    x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    node = (x**2).grad_fn
    assert node(minitorch.ones(2))[0].tolist() == [2, 4]
    with pytest.raises(TypeError, match="expected 1 arguments, got 2 instead"):
        node(x, x)
    assert node._sequence_nr() > (x + 1).grad_fn._sequence_nr() - 10
    node._set_sequence_nr(7)
    assert node._sequence_nr() == 7


def test_callbacks_at_the_end_of_a_pass():
    order = []

    class Calling(Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            Variable._execution_engine.queue_callback(again)
            order.append("backward")
            return g

    def again():
        order.append("callback")
        if len(order) < 3:
            Variable._execution_engine.queue_callback(again)

    x = leaf(2)
    x.register_hook(lambda g: order.append("leaf"))
    Calling.apply(x).sum().backward()
    assert order == ["backward", "leaf", "callback"]
    with pytest.raises(RuntimeError, match="only be installed during backward pass"):
        Variable._execution_engine.queue_callback(again)


def test_old_functions_say_so():
    class Old(Function):
        def forward(self, x):
            return x

    with pytest.warns(DeprecationWarning, match="should not be instantiated"):
        made = Old()
    with pytest.raises(RuntimeError, match="Legacy autograd function"):
        made(leaf(1))


def test_dual_levels():
    assert forward_ad._current_level == -1
    level = forward_ad.enter_dual_level()
    assert forward_ad._current_level == level == 0
    with pytest.raises(RuntimeError, match="not the last one"):
        forward_ad.exit_dual_level(level=3)
    forward_ad.exit_dual_level(level=level)
    with pytest.raises(RuntimeError, match="not the last one"):
        forward_ad.exit_dual_level()
    with forward_ad.dual_level(), pytest.raises(ValueError, match="floating point or complex"):
        forward_ad.make_dual(minitorch.ones(2), minitorch.ones(2, dtype=minitorch.int64))


def test_multithreading_is_remembered():
    with minitorch.autograd.set_multithreading_enabled(False):
        assert not minitorch.autograd.is_multithreading_enabled()
    assert minitorch.autograd.is_multithreading_enabled()


def test_levels_can_be_paused():
    x, t = minitorch.tensor(3.0), minitorch.tensor(1.0)

    def shifted(x):
        with forward_ad._set_fwd_grad_enabled(False):
            assert not forward_ad._is_fwd_grad_enabled()
            shift = x**2
        return x**2 - shift

    value, slope = minitorch.func.jvp(shifted, (x,), (t,))
    assert (value.item(), slope.item()) == (0, 6)
    with forward_ad._set_fwd_grad_enabled(False):
        assert minitorch.func.jvp(lambda x: x**2, (x,), (t,))[1].item() == 6


def test_gradients_of_outputs_without_one():
    seen, materialize = [], [False, True]

    class Two(Function):
        @staticmethod
        def forward(ctx, x):
            ctx._materialize_non_diff_grads = materialize.pop()
            out = x.clone()
            ctx.mark_non_differentiable(out)
            return x.clone(), out

        @staticmethod
        def backward(ctx, g, other):
            seen.append(other is None)
            return g

    for _ in range(2):
        made = Two.apply(leaf(2))[0]
        assert isinstance(made.grad_fn, Two._backward_cls)
        made.sum().backward()
    assert seen == [False, True]


def test_a_leaf_takes_other_memory_under_no_grad():
    x = leaf(3)
    edge, out = graph.get_gradient_edge(x), x.clone()
    with minitorch.no_grad():
        x.set_(x[1:])
    assert x.shape == (2,)
    assert minitorch.autograd.grad(out.sum(), edge, retain_graph=True)[0].tolist() == [1, 1, 1]
    with pytest.raises(RuntimeError, match="to not have been used in the graph"):
        minitorch.autograd.grad(out.sum(), x)
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2, 2]
    with pytest.raises(RuntimeError, match="outside of autograd"):
        x.set_(minitorch.ones(2))


@pytest.mark.parametrize("batched", [False, True])
def test_shapes_of_gradients(batched):
    x = leaf(2, 2)
    text = "we interpret the first" if batched else r"has a shape of torch.Size\(\[3\]\)"
    with pytest.raises(RuntimeError, match=text):
        minitorch.autograd.grad(x * 1, x, minitorch.ones(3), is_grads_batched=batched)
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        minitorch.autograd.grad(graph.get_gradient_edge(x * 1), x, minitorch.ones(3))


def test_nodes_have_a_class_for_each_name():
    x = leaf(2, 3)
    for y in (x.sum(), x.sum(1), x**2, 2**x, x.max(), x.unbind()[0]):
        node = y.grad_fn
        assert type(node).__name__ == node.name() == repr(node)[1:].partition(" ")[0]
        assert y.grad_fn is node
        (end, _) = node.next_functions[0]
        assert (end.name(), type(end).__name__) == (
            "torch::autograd::AccumulateGrad",
            "AccumulateGrad",
        )
        assert end.variable is x


def test_functions_save_the_leaf_itself():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 2 * x * g

    x = leaf(2)
    out = Square.apply(x)
    assert out.grad_fn.saved_tensors[0] is x
    out.sum().backward()
    assert x.grad.tolist() == [2, 2]
