"""autograd.Function: forward and backward written by the user."""

import minitorch
import numpy as np
import pytest
from minitorch import autograd
from minitorch.autograd import Function, gradcheck, gradgradcheck
from minitorch.autograd.function import once_differentiable


def leaf(*values):
    return minitorch.tensor(values, dtype=minitorch.float64, requires_grad=True)


class Cube(Function):
    @staticmethod
    def forward(ctx, x, factor=1.0):
        ctx.save_for_backward(x)
        ctx.factor = factor
        return x * x * x * factor

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x * x * g * ctx.factor, None


class CubeInTwoParts(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x * x * x

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x * x * g

    @staticmethod
    def jvp(ctx, t):
        (x,) = ctx.saved_tensors
        return 3 * x * x * t


class ExpAndDouble(Function):
    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y, x * 2

    @staticmethod
    def backward(ctx, g, h):
        (y,) = ctx.saved_tensors
        return g * y + h * 2


@pytest.mark.parametrize("function", [Cube.apply, CubeInTwoParts.apply, ExpAndDouble.apply])
def test_orders(function):
    assert gradcheck(function, (leaf(1.0, 2.0),))
    assert gradgradcheck(function, (leaf(1.0, 2.0),))


def test_the_context_is_the_node():
    x = leaf(1.0, 2.0)
    y = Cube.apply(x, 2.0)
    assert y.grad_fn.name() == type(y.grad_fn).__name__ == "CubeBackward"
    assert y.grad_fn.factor == 2.0
    assert y.grad_fn.needs_input_grad == (True, False)
    assert y.grad_fn.next_functions[0][0].name() == "torch::autograd::AccumulateGrad"


def test_one_output_used():
    x = leaf(1.0, 2.0)
    ExpAndDouble.apply(x)[1].sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_gradients_that_did_not_arrive_can_be_none():
    class Seen(ExpAndDouble):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x.exp(), x * 2

        @staticmethod
        def backward(ctx, g, h):
            assert g is None
            return h * 2

    x = leaf(1.0)
    Seen.apply(x)[1].sum().backward()
    assert x.grad.tolist() == [2.0]


def test_wrong_number_of_gradients():
    class Wrong(Cube):
        @staticmethod
        def backward(ctx, g):
            return g, g, g

    with pytest.raises(RuntimeError, match=r"WrongBackward returned an incorrect number.*2, got 3"):
        Wrong.apply(leaf(1.0), 1.0).sum().backward()


def test_wrong_shape_of_gradient():
    class Wrong(Cube):
        @staticmethod
        def backward(ctx, g):
            return minitorch.ones(3, dtype=minitorch.float64), None

    with pytest.raises(RuntimeError, match=r"index 0 - got \[3\].*compatible with \[2\]"):
        Wrong.apply(leaf(1.0, 2.0), 1.0).sum().backward()


def test_missing_passes():
    class Nothing(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

    with pytest.raises(NotImplementedError, match="backward"):
        Nothing.apply(leaf(1.0)).sum().backward()
    with pytest.raises(NotImplementedError, match="forward"):
        Function.apply(leaf(1.0))


def test_saved_value_overwritten():
    x = leaf(1.0, 2.0)
    y = x * 1
    z = Cube.apply(y)
    y.add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_second_time():
    z = Cube.apply(leaf(1.0)).sum()
    z.backward()
    with pytest.raises(RuntimeError, match="second time"):
        z.backward()


def test_mark_dirty():
    class Double(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            x.mul_(2.0)
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = leaf(1.0, 2.0)
    y = x * 1
    z = Double.apply(y)
    assert z is y
    (z * 3).sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]
    with pytest.raises(RuntimeError, match="leaf"):
        Double.apply(x)


def test_non_differentiable_output():
    class Split(Function):
        @staticmethod
        def forward(ctx, x):
            a, b = x * 2, x.sign()
            ctx.mark_non_differentiable(b)
            return a, b

        @staticmethod
        def backward(ctx, g, h):
            return g * 2

    a, b = Split.apply(leaf(1.0, -2.0))
    assert a.requires_grad
    assert not b.requires_grad


def test_an_input_returned_as_it_is():
    class Same(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 5

    x = leaf(1.0)
    y = Same.apply(x)
    assert y is not x
    y.sum().backward()
    assert x.grad.tolist() == [5.0]


def test_once_differentiable():
    class Once(Cube):
        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * x * x * g, None

    x = leaf(2.0)
    (g,) = autograd.grad(Once.apply(x, 1.0).sum(), x)
    assert g.tolist() == [12.0]
    (g,) = autograd.grad(Once.apply(x, 1.0).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        autograd.grad(g.sum(), x)


def test_user_keeps_what_backward_returns():
    class Constant(Function):
        @staticmethod
        def forward(ctx, x, slope):
            ctx.slope = slope
            return x * slope

        @staticmethod
        def backward(ctx, g):
            return ctx.slope, None

    x, slope = leaf(1.0, 1.0), minitorch.tensor([2.0, 3.0], dtype=minitorch.float64)
    Constant.apply(x, slope).sum().backward()
    x.grad.zero_()
    assert slope.tolist() == [2.0, 3.0]


def test_under_transforms():
    from minitorch.func import grad, jvp, vmap

    x = minitorch.tensor([1.0, 2.0, 3.0], dtype=minitorch.float64)
    cube = CubeInTwoParts.apply
    np.testing.assert_allclose(vmap(cube)(x).numpy(), x.numpy() ** 3)
    np.testing.assert_allclose(vmap(grad(cube))(x).numpy(), 3 * x.numpy() ** 2)
    _, slope = jvp(cube, (x,), (minitorch.ones_like(x),))
    np.testing.assert_allclose(slope.numpy(), 3 * x.numpy() ** 2)


def made_of(forward, backward):
    methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("Made", (Function,), methods).apply


def test_dirty_inputs_must_be_returned():
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2).clone()

    with pytest.raises(RuntimeError, match="not returned as output"):
        made_of(forward, None)(leaf(1.0) * 1)


def test_zeros_for_outputs_without_gradient():
    seen = []

    def forward(ctx, x):
        large = x > 0
        ctx.mark_non_differentiable(large)
        return x * 2, large

    made, _ = made_of(forward, lambda ctx, g, h: seen.append(h.tolist()) or g * 2)(leaf(1.0))
    made.sum().backward()
    assert seen == [[False]]


def test_vjp_is_another_name_of_backward():
    class Twice(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def vjp(ctx, g):
            return g * 2

    x = leaf(1.0)
    Twice.apply(x=x).sum().backward()
    assert x.grad.tolist() == [2.0]


def test_gradient_that_is_no_tensor():
    made = made_of(lambda ctx, x: x * 2, lambda ctx, g: 2.0)(leaf(1.0))
    with pytest.raises(RuntimeError, match="got float"):
        made.sum().backward()


def test_gradient_gets_the_dtype_of_its_input():
    x = leaf(1.0)
    made = made_of(lambda ctx, x: x * 2, lambda ctx, g: g.float())(x)
    assert autograd.grad(made.sum(), x)[0].dtype is minitorch.float64


def test_no_write_to_an_input_returned_as_it_is():
    made = made_of(lambda ctx, x: x, lambda ctx, g: g * 5)(leaf(1.0) * 1)
    with pytest.raises(RuntimeError, match="created inside a custom Function"):
        made.mul_(2)


def test_saved_values_pass_the_hooks():
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    x = leaf(2.0)
    with autograd.graph.saved_tensors_hooks(lambda t: t * 10, lambda t: t):
        made = made_of(forward, lambda ctx, g: 2 * g * ctx.saved_tensors[0])(x)
    made.sum().backward()
    assert x.grad.tolist() == [40.0]


# --- forward mode ---------------------------------------------------------------------------------


def pushed(forward, jvp, *, view=False, **flags):
    """A Function with these passes, applied to a dual of [1, 2, 3] with the tangent [1, 1, 1]."""

    class Made(Function):
        @staticmethod
        def forward(ctx, x):
            return forward(ctx, x)

        backward = staticmethod(lambda ctx, g: g)

        @staticmethod
        def jvp(ctx, t):
            return jvp(ctx, t)

    fw = autograd.forward_ad
    with fw.dual_level():
        dual = fw.make_dual(minitorch.tensor([1.0, 2.0, 3.0]), minitorch.ones(3))
        if view:
            dual = dual[:]
        made = Made.apply(dual)
        return dual, made, fw.unpack_dual(made[0] if isinstance(made, tuple) else made).tangent


def dirty(ctx, x):
    ctx.mark_dirty(x)
    return x.mul_(2)


def constant(ctx, x):
    out = x.clone()
    ctx.mark_non_differentiable(out)
    return out


REFUSED = {
    "as many tangents as outputs": (
        lambda ctx, x: x.clone(),
        lambda ctx, t: (t, t),
        "expected 1 but got 2",
    ),
    "none for a constant": (constant, lambda ctx, t: t.clone(), "You should return None at that"),
    "in place as well": (dirty, lambda ctx, t: t * 2, "not modifying the forward mode gradients"),
    "in place for real": (dirty, lambda ctx, t: t, "not modifying the forward mode gradients"),
    "an input as it is": (lambda ctx, x: x, lambda ctx, t: t, "or an input as-is"),
    "a view": (lambda ctx, x: x[:2], lambda ctx, t: t[:2].clone(), "jvp is not returning a view"),
    "a view of the tangent": (
        lambda ctx, x: x[:2],
        lambda ctx, t: t[:2].clone()[:],
        "jvp is not returning a view of the given grad input",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_jvp_must_do_what_forward_does(name):
    forward, jvp, message = REFUSED[name]
    with pytest.raises(RuntimeError, match=message):
        pushed(forward, jvp)


def test_jvp_of_a_view_is_one_of_the_same_base():
    with pytest.raises(RuntimeError, match="same base as the given grad input"):
        pushed(lambda ctx, x: x[:2], lambda ctx, t: t[:2].clone()[:], view=True)
    assert pushed(lambda ctx, x: x[:2], lambda ctx, t: t[:2], view=True)[2].tolist() == [1, 1]


def test_jvp_in_place_returns_the_input():
    dual, made, tangent = pushed(dirty, lambda ctx, t: t.mul_(2))
    assert made is dual
    assert tangent.tolist() == [2, 2, 2]


def test_jvp_sees_what_was_saved_for_it():
    def forward(ctx, x):
        ctx.save_for_backward(x, x)
        return x.clone()

    def jvp(ctx, t):
        assert ctx.saved_tensors == ()
        return t

    assert pushed(forward, jvp)[2].tolist() == [1, 1, 1]


def test_a_dual_goes_backward_by_backward():
    class Forged(Function):
        forward = staticmethod(lambda ctx, x: x * 2)
        backward = staticmethod(lambda ctx, g: g * 5)
        jvp = staticmethod(lambda ctx, t: t * 7)

    x = leaf(1.0)
    with autograd.forward_ad.dual_level():
        made = Forged.apply(autograd.forward_ad.make_dual(x, minitorch.ones_like(x)))
        assert autograd.forward_ad.unpack_dual(made).tangent.tolist() == [7]
        made.sum().backward()
    assert x.grad.tolist() == [5]


def test_only_inputs_are_dirty():
    def forward(ctx, x):
        made = x * 3
        ctx.mark_dirty(made)
        return made

    with pytest.warns(UserWarning, match="Only input Tensors should be given"):
        made_of(forward, lambda ctx, g: g)(leaf(1.0))


def test_several_results_and_a_view_written_to():
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2), x * 1

    with pytest.raises(RuntimeError, match="an input that is a view of another Tensor"):
        made_of(forward, lambda ctx, g, h: g)((leaf(1.0) * 1)[:])
