"""The backward pass: accumulation, sharing, depth, freeing, refusals."""

import gc
import threading
import weakref
from typing import Any

import minitorch
import numpy as np
import pytest
from minitorch import autograd
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.extend import primitive

pytestmark = pytest.mark.filterwarnings("ignore:Using backward")


def leaf(*values):
    return minitorch.tensor(values, dtype=minitorch.float64, requires_grad=True)


def scalar(value):
    return minitorch.tensor(value, dtype=minitorch.float64, requires_grad=True)


class TestBackward:
    def test_adds_into_grad(self):
        x = leaf(1.0, 2.0)
        (x * 3).sum().backward()
        (x * 4).sum().backward()
        assert x.grad.tolist() == [7.0, 7.0]

    def test_grad_stays_the_same_tensor(self):
        x = leaf(1.0, 2.0)
        x.sum().backward()
        before = x.grad
        x.sum().backward()
        assert x.grad is before
        assert before.tolist() == [2.0, 2.0]

    def test_a_value_used_many_times(self):
        x = scalar(3.0)
        (x * x * x + x * x + x).backward()
        assert x.grad.item() == 3 * 9 + 2 * 3 + 1

    def test_diamond_runs_each_node_once(self):
        x = scalar(2.0)
        calls = []
        y = x * 3
        y.grad_fn.register_prehook(lambda g: calls.append(g))
        (y.exp() + y.tanh() + y).backward()
        assert len(calls) == 1

    def test_two_leaves_never_share_memory(self):
        x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
        start = minitorch.tensor([1.0, 1.0], dtype=minitorch.float64)
        (x + y).backward(start)
        assert not np.shares_memory(x.grad.numpy(), y.grad.numpy())
        assert not np.shares_memory(x.grad.numpy(), start.numpy())
        x.grad.add_(5.0)
        assert y.grad.tolist() == [1.0, 1.0]
        assert start.tolist() == [1.0, 1.0]

    def test_broadcasting_is_undone(self):
        x, y = leaf(1.0, 2.0, 3.0), leaf(4.0, 5.0).reshape(2, 1)
        (x * y).sum().backward()
        assert x.grad.tolist() == [9.0, 9.0, 9.0]

    def test_gradient_of_a_non_scalar(self):
        x = leaf(1.0, 2.0)
        with pytest.raises(RuntimeError, match=r"scalar outputs.*shape \[2\]"):
            (x * 2).backward()
        (x * 2).backward(minitorch.tensor([1.0, 10.0], dtype=minitorch.float64))
        assert x.grad.tolist() == [2.0, 20.0]

    def test_gradient_of_the_wrong_shape(self):
        x = leaf(1.0, 2.0)
        with pytest.raises(RuntimeError, match="Mismatch in shape"):
            (x * 2).backward(minitorch.ones(3))
        assert x.grad is None

    def test_second_time(self):
        x = scalar(2.0)
        y = x * x
        y.backward()
        with pytest.raises(RuntimeError, match="second time"):
            y.backward()

    def test_retain_graph(self):
        x = scalar(2.0)
        y = x * x
        y.backward(retain_graph=True)
        y.backward()
        assert x.grad.item() == 8.0

    def test_nothing_requires_grad(self):
        with pytest.raises(RuntimeError, match="does not require grad"):
            minitorch.tensor(1.0).backward()

    def test_inputs_alone(self):
        x, y = scalar(2.0), scalar(3.0)
        (x * y).backward(inputs=[x])
        assert x.grad.item() == 3.0
        assert y.grad is None

    def test_deep_graph(self):
        x = scalar(1.0)
        y = x
        for _ in range(100_000):
            y = y + 1.0
        y.backward()
        assert x.grad.item() == 1.0
        del y

    def test_wide_graph(self):
        x = scalar(1.0)
        total = x * 0.0
        for k in range(1000):
            total = total + x * float(k)
        total.backward()
        assert x.grad.item() == sum(range(1000))

    def test_graph_goes_with_the_loss(self):
        x = leaf(1.0, 2.0)
        y = (x * x).exp()
        node = weakref.ref(y.grad_fn)
        gc.disable()
        try:
            del y
            assert node() is None
        finally:
            gc.enable()


class TestGrad:
    def test_leaves_are_untouched(self):
        x = scalar(3.0)
        (g,) = autograd.grad(x * x, x)
        assert g.item() == 6.0
        assert x.grad is None

    def test_by_an_intermediate(self):
        x = scalar(3.0)
        y = x * 2
        (g,) = autograd.grad(y * y, y)
        assert g.item() == 12.0

    def test_unused(self):
        x, y = scalar(1.0), scalar(2.0)
        with pytest.raises(RuntimeError, match="not have been used"):
            autograd.grad(x * 2, [x, y])
        assert autograd.grad(x * 2, [x, y], allow_unused=True)[1] is None
        assert autograd.grad(x * 2, [x, y], materialize_grads=True)[1].item() == 0.0

    def test_output_is_input(self):
        x = scalar(2.0)
        assert autograd.grad(x, x)[0].item() == 1.0

    def test_orders_of_a_polynomial(self):
        x = scalar(2.0)
        y = x * x * x * x
        values = []
        for _ in range(4):
            (y,) = autograd.grad(y, x, create_graph=True)
            values.append(y.item())
        assert values == [32.0, 48.0, 48.0, 24.0]

    def test_does_not_require_grad(self):
        x = minitorch.tensor(1.0)
        with pytest.raises(RuntimeError, match="does not require grad"):
            autograd.grad(scalar(1.0) * x, x)


class TestGradcheck:
    def test_right(self):
        x, y = leaf(0.5, 1.5), leaf(2.0, 3.0)
        assert gradcheck(lambda x, y: (x * y).exp() / y, (x, y))
        assert gradgradcheck(lambda x, y: (x * y).exp() / y, (x, y))

    def test_wrong_rule_is_found(self):
        from minitorch.extend import primitive

        wrong = primitive(lambda x: x * x, "x", lambda g, x: g * x, name="wrong")
        with pytest.raises(RuntimeError, match=r"(?s)numerical:.*analytical:"):
            gradcheck(wrong, (leaf(1.0, 2.0),))
        assert not gradcheck(wrong, (leaf(1.0, 2.0),), raise_exception=False)

    def test_wrong_second_order_is_found(self):
        from minitorch.extend import primitive

        detached = primitive(
            lambda x: x * x * x, "x", lambda g, x: g * 3 * (x * x).detach()
            if isinstance(x, minitorch.Tensor) else g * 3 * x * x, name="detached",
        )  # fmt: skip
        assert gradcheck(detached, (leaf(1.0, 2.0),))
        assert not gradgradcheck(detached, (leaf(1.0, 2.0),), raise_exception=False)

    def test_nothing_to_check(self):
        with pytest.raises(ValueError, match="requires_grad"):
            gradcheck(lambda x: x, (minitorch.ones(2),))


class TestHooks:
    def test_tensor_hook_changes_the_gradient(self):
        x = scalar(2.0)
        y = x * 3
        handle = y.register_hook(lambda g: g * 10)
        y.backward(retain_graph=True)
        assert x.grad.item() == 30.0
        handle.remove()
        x.grad = None
        y.backward()
        assert x.grad.item() == 3.0

    def test_leaf_hook_sees_the_whole_gradient(self):
        x = scalar(2.0)
        seen = []
        x.register_hook(lambda g: seen.append(g.item()))
        (x * 2 + x * 3).backward()
        assert seen == [5.0]

    def test_retain_grad(self):
        x = scalar(2.0)
        y = x * 3
        y.retain_grad()
        (y * y).backward()
        assert y.grad.item() == 12.0

    def test_post_accumulate(self):
        x = scalar(2.0)
        seen = []
        x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.item()))
        (x * x).backward()
        assert seen == [4.0]


class TestGradMode:
    @pytest.mark.needs("threads")
    def test_no_grad_is_per_thread(self):
        seen = []
        with minitorch.no_grad():
            thread = threading.Thread(target=lambda: seen.append(minitorch.is_grad_enabled()))
            thread.start()
            thread.join()
            assert not minitorch.is_grad_enabled()
        assert seen == [True]

    def test_decorators(self):
        x = scalar(1.0)

        @minitorch.no_grad()
        def off(depth=2):
            return (x * 2).requires_grad or (depth and off(depth - 1))

        @minitorch.no_grad
        def bare():
            return (x * 2).requires_grad

        assert not off()
        assert not bare()
        assert (x * 2).requires_grad

    def test_generator(self):
        x = scalar(1.0)

        @minitorch.no_grad()
        def steps():
            yield (x * 2).requires_grad
            yield (x * 2).requires_grad

        seen = [(inside, (x * 2).requires_grad) for inside in steps()]
        assert seen == [(False, True), (False, True)]

    def test_set_grad_enabled_as_a_call(self):
        minitorch.set_grad_enabled(False)
        try:
            assert not (scalar(1.0) * 2).requires_grad
        finally:
            minitorch.set_grad_enabled(True)

    def test_restored_after_an_error(self):
        with pytest.raises(KeyError), minitorch.no_grad():
            raise KeyError
        assert minitorch.is_grad_enabled()


class TestWarnings:
    def test_numpy_stays_quiet_and_untouched(self):
        before = np.geterr()
        x = minitorch.tensor([0.0, -1.0], requires_grad=True)
        y = (x.log() / x).sum()
        y.backward()
        with np.errstate(all="raise"):
            (minitorch.zeros(2).log() / minitorch.zeros(2)).sum()
        assert np.geterr() == before


@pytest.mark.needs("threads")
def test_threads_train_apart():
    def train(seed, results):
        random = np.random.default_rng(seed)
        w = minitorch.tensor(random.standard_normal((4, 4)), requires_grad=True)
        for _ in range(50):
            loss = ((w * w).tanh() - 0.1 * w).sum()
            (g,) = autograd.grad(loss, w)
            with minitorch.no_grad():
                w -= 0.1 * g
        results[seed] = w.tolist()

    alone, together = {}, {}
    for seed in range(8):
        train(seed, alone)
    threads = [threading.Thread(target=train, args=(seed, together)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert alone == together


class TestArguments:
    def test_inputs_that_are_no_leaves(self):
        x = leaf(1.0, 2.0)
        y = x * 3
        (y * y).sum().backward(inputs=[y, x, x])
        assert y.grad.tolist() == [6.0, 12.0]
        assert x.grad.tolist() == [18.0, 36.0]

    def test_inputs_run_the_hooks_of_leaves(self):
        x, seen = leaf(1.0), []
        x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.item()))
        (x * 3).sum().backward(inputs=[x])
        assert seen == [3.0]

    def test_lengths_differ(self):
        x = leaf(1.0)
        with pytest.raises(RuntimeError, match="got 2 tensors and 1 gradients"):
            autograd.grad([x.sum(), x.sum()], x, [None])

    def test_materialized_zeros_of_infinite_inputs(self):
        x, y = leaf(1.0), leaf(np.inf)
        _, g = autograd.grad(x.sum(), [x, y], materialize_grads=True, create_graph=True)
        assert g.tolist() == [0.0]
        assert g.requires_grad

    def test_batched_gradients_of_what_does_not_matter(self):
        x, y = leaf(1.0, 2.0), leaf(1.0)
        eye = minitorch.eye(2, dtype=minitorch.float64)
        with pytest.raises(RuntimeError, match="index 0"):
            autograd.grad(x * x, y, eye, is_grads_batched=True)
        options = {"is_grads_batched": True, "allow_unused": True}
        g, none = autograd.grad(x * x, [x, y], eye, **options)
        assert g.tolist() == [[2.0, 0.0], [0.0, 4.0]]
        assert none is None

    def test_a_graph_that_saved_nothing_runs_twice(self):
        x = leaf(1.0, 2.0)
        y = (x + 1).sum()
        y.backward()
        y.backward()
        assert x.grad.tolist() == [2.0, 2.0]

    def test_retained_gradient_follows_a_write(self):
        x = leaf(1.0)
        y = x * 3
        y.retain_grad()
        y.mul_(2)
        (y * 5).sum().backward()
        assert y.grad.tolist() == [5.0]

    def test_accumulating_keeps_the_graph_of_the_gradient(self):
        x = leaf(2.0)
        (x**3).sum().backward(create_graph=True)
        x.sum().backward()
        assert autograd.grad(x.grad.sum(), x)[0].tolist() == [12.0]

    @pytest.mark.filterwarnings("ignore:The .grad attribute")
    def test_grad_of_no_leaf_warns(self):
        with pytest.warns(UserWarning, match="not a leaf"):
            assert (leaf(1.0) * 2).grad is None


class TestOneRuleForAllInputs:
    def test_that_saves_nothing(self):
        both = primitive(lambda a, b: a + b, "a b", joint=lambda g: (g, 2 * g), name="both")
        a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
        both(a, b).sum().backward()
        assert (a.grad.tolist(), b.grad.tolist()) == ([1, 1], [2, 2])

    def test_of_a_view(self):
        front = primitive(
            lambda x, y: x[:1], "x y", joint=lambda g: (None, None), name="front", view=True
        )
        x = minitorch.zeros(2)
        front(x, x).add_(1)
        assert x.tolist() == [1, 0]
        assert x._version == 1


def test_grad_without_inputs_and_only_inputs() -> None:
    x = minitorch.ones(2, requires_grad=True)
    y = x.sum()
    with pytest.raises(RuntimeError, match="cannot be empty"):
        minitorch.autograd.grad(y, [])
    with pytest.warns(FutureWarning, match="only_inputs"):
        minitorch.autograd.grad(y, x, only_inputs=False)
    found = minitorch.autograd.grad(y, [minitorch.ones(1, requires_grad=True)], None, None, False,
                                    True, True)  # fmt: skip
    assert found == (None,)


class Square(minitorch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return 2 * x * g


# op, its derivative at the old value a and the new value b of its input
MOVED = {
    "pow": (lambda x: x**2, lambda a, b: 2 * b),
    "mul": (lambda x: x * x, lambda a, b: 2 * b),
    "sin": (lambda x: x.sin(), lambda a, b: np.cos(b)),
    "function": (Square.apply, lambda a, b: 2 * b),
    "log": (lambda x: x.log(), lambda a, b: 1 / b),
    "matmul": (lambda x: x @ x, lambda a, b: 4 * b),
    "cat": (lambda x: minitorch.cat([x, x]) ** 2, lambda a, b: 4 * a),
    "exp": (lambda x: x.exp(), lambda a, b: np.exp(a)),  # saves its result
    "view": (lambda x: x.view(4) * x.view(4), lambda a, b: 2 * a),  # saves views
}


@pytest.mark.parametrize("kind", ["leaf", "result"])
@pytest.mark.parametrize("name", MOVED)
def test_inputs_given_other_memory_are_read_as_they_are(name: str, kind: str) -> None:
    op, slope = MOVED[name]
    x = minitorch.full((2, 2), 2.0, requires_grad=True)
    y = x if kind == "leaf" else x * 1
    z = op(y).sum()
    y.data = minitorch.full((2, 2), 5.0)
    assert y._version == 0
    z.backward()
    np.testing.assert_allclose(x.grad.numpy(), np.full((2, 2), slope(2.0, 5.0)), rtol=1e-6)


def test_a_number_given_other_memory_twice() -> None:
    x = minitorch.tensor(2.0, requires_grad=True)
    y = x * x
    x.data = minitorch.tensor(3.0)
    x.data = minitorch.tensor(5.0)
    y.backward()
    (x * x).backward()
    assert x.grad.item() == 20


def test_a_write_to_other_memory_is_noticed() -> None:
    x = minitorch.ones(2, requires_grad=True)
    y = x * x
    x.data = minitorch.zeros(2)
    with minitorch.no_grad():
        x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    x.grad = None
    (x * x).sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_a_gradient_edge_is_made_of_a_node_and_a_number() -> None:
    x = minitorch.ones(2, requires_grad=True)
    y = x * 2
    edge = minitorch.autograd.graph.GradientEdge(y.grad_fn, y.output_nr)
    (g,) = minitorch.autograd.grad(y.sum(), edge)
    assert g.tolist() == [1, 1]


def test_a_tensor_is_not_its_own_gradient() -> None:
    x = minitorch.ones(2)
    with pytest.raises(RuntimeError, match="its own grad"):
        x.grad = x
    with pytest.raises(RuntimeError, match="Deleting tensor data"):
        del x.data
