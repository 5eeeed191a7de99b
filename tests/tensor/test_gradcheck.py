"""The checks themselves: right gradients pass, each kind of wrong one is found."""

import minitorch
import numpy as np
import pytest
from minitorch.autograd import GradcheckError, gradcheck, gradgradcheck
from minitorch.extend import primitive


def leaf(*shape):
    values = np.random.default_rng(0).uniform(0.5, 2.0, shape)
    return minitorch.from_numpy(values).requires_grad_()


def square(rule):
    return primitive(lambda x: x * x, "x", rule, name="square")


RIGHT = square(lambda g, x: 2 * g * x)
WRONG = {
    "factor": square(lambda g, x: g * x),
    "place": square(lambda g, x: 2 * g * x.flip(0) if hasattr(x, "flip") else 2 * g * x[::-1]),
    "nan": square(lambda g, x: g * (x - x) / (x - x)),
}


def test_right():
    assert gradcheck(RIGHT, leaf(3))
    assert gradcheck(RIGHT, (leaf(2, 2),), check_forward_ad=True)
    assert gradgradcheck(RIGHT, leaf(3))


@pytest.mark.parametrize("name", WRONG)
def test_wrong(name):
    with pytest.raises(GradcheckError, match=r"Jacobian mismatch for output 0 .* input 0"):
        gradcheck(WRONG[name], leaf(3))
    assert not gradcheck(WRONG[name], leaf(3), raise_exception=False)


def test_only_the_second_order_is_wrong():
    halved = primitive(lambda g, x: 2 * g * x, "g x", lambda g, x: 2 * g * x, lambda g: g, name="h")
    op = square(lambda g, x: halved(g, x))
    assert gradcheck(op, leaf(3))
    with pytest.raises(GradcheckError):
        gradgradcheck(op, leaf(3))


def test_a_gradient_that_is_missing():
    with pytest.raises(GradcheckError, match="expected to be zero"):
        gradcheck(lambda x: minitorch.tensor((x.detach() * 2).numpy()), leaf(2))


def test_several_inputs_and_outputs():
    x, y = leaf(2, 3), leaf(3)
    assert gradcheck(lambda x, y: (x * y, x + y.exp()), (x, y))
    assert gradgradcheck(lambda x, y: (x * y, x + y.exp()), (x, y))


@pytest.mark.parametrize("shape", [(0,), (2, 0)])
def test_nothing_to_check(shape):
    x, y = leaf(*shape), leaf(2)
    assert gradcheck(lambda x, y: (x.exp(), y * 2), (x, y))
    assert gradcheck(lambda x, y: minitorch.cat([x.reshape(-1), y]), (x, y))
    assert gradgradcheck(lambda x, y: (x.exp(), y * y), (x, y))


def test_refusals():
    with pytest.raises(ValueError, match="at least one input"):
        gradcheck(RIGHT, leaf(2).detach())
    with pytest.raises(RuntimeError, match="stride 0"):
        gradcheck(RIGHT, leaf(1).expand(3))
    with pytest.warns(UserWarning, match="double precision"):
        gradcheck(RIGHT, minitorch.ones(2, requires_grad=True), raise_exception=False)


def hooked(factor):
    def f(x):
        y = x * 1
        y.register_hook(lambda g: g * factor)
        return y

    return f


def test_functions_that_need_gradients_on():
    x = minitorch.rand(2, dtype=minitorch.float64, requires_grad=True)
    assert gradcheck(hooked(1), x)
    assert gradgradcheck(hooked(1), x)
    assert gradcheck(lambda x: minitorch.autograd.grad((x**3).sum(), x, create_graph=True)[0], x)
    with pytest.raises(GradcheckError, match="Jacobian"):
        gradcheck(hooked(2), x)


def test_only_outputs_that_require_grad_are_compared():
    def f(x):
        return x * 2, x.detach() * 3, x.argmax()

    x = minitorch.rand(2, dtype=minitorch.float64, requires_grad=True)
    assert gradcheck(f, x, check_forward_ad=True)
    assert gradgradcheck(f, x)


def test_outputs_keep_their_shape_and_dtype():
    a = minitorch.ones(1, dtype=minitorch.float64, requires_grad=True)
    for change, what in (
        (lambda x: minitorch.cat([x, x]), "shape"),
        (lambda x: x.float(), "dtype"),
    ):
        with pytest.raises(AssertionError, match=f"return outputs with the same {what}"):
            gradcheck(lambda x, change=change: change(x) if bool((x >= 1).all()) else x * 1, (a,))


class Passes(minitorch.autograd.Function):
    """Twice the input; by which pass it is wrong."""

    @staticmethod
    def forward(ctx, x, wrong):
        ctx.wrong = wrong
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * (3 if "backward" in ctx.wrong else 2), None

    @staticmethod
    def jvp(ctx, t, _):
        if "undefined" in ctx.wrong and not t.any():
            return t + 1
        return t * (3 if "forward" in ctx.wrong else 2)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("backward", "Jacobian mismatch for output 0"),
        ("forward", "Jacobian computed with forward mode mismatch for output 0"),
        ("forward backward", "Jacobian mismatch for output 0"),  # the backward pass comes first
    ],
)
def test_the_report_says_which_mode(wrong, message):
    x = minitorch.ones(2, dtype=minitorch.float64, requires_grad=True)
    with pytest.raises(GradcheckError, match=message):
        gradcheck(lambda x: Passes.apply(x, wrong), (x,), check_forward_ad=True)


def test_tangents_that_are_missing_are_zeros():
    class Sum(minitorch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.set_materialize_grads(False)
            return x + y

        @staticmethod
        def jvp(ctx, s, t):
            return s * 1 if t is None else t * 5 if s is None else s + t

    x, y = (minitorch.ones(2, dtype=minitorch.float64, requires_grad=True) for _ in range(2))
    options = {"check_forward_ad": True, "check_backward_ad": False}
    assert gradcheck(Sum.apply, (x, y), check_undefined_grad=False, **options)
    with pytest.raises(GradcheckError, match="has an undefined tangent value"):
        gradcheck(Sum.apply, (x, y), **options)


def test_the_imaginary_part_is_named():
    def wrong(x):
        y = x.clone()
        y.register_hook(lambda g: g + 0.5j)
        return y

    x = minitorch.ones(2, dtype=minitorch.complex128, requires_grad=True)
    with pytest.raises(GradcheckError, match="imaginary part of complex outputs only, Jacobian"):
        gradcheck(wrong, (x,), check_undefined_grad=False)


def test_jacobians_by_their_old_names():
    from minitorch.autograd.gradcheck import get_analytical_jacobian, get_numerical_jacobian

    x, y = (minitorch.ones(2, dtype=minitorch.float64, requires_grad=True) for _ in range(2))
    with pytest.warns(FutureWarning, match="private API"):
        found = get_numerical_jacobian(lambda xs: 2 * xs[0] + xs[1], (x, y), eps=1e-6)
    assert minitorch.allclose(found[0], 2 * minitorch.eye(2, dtype=minitorch.float64))
    with pytest.warns(FutureWarning, match="private API"):
        matrices, same, *_ = get_analytical_jacobian((x, y), 2 * x + y)
    assert same
    assert minitorch.allclose(matrices[1], minitorch.eye(2, dtype=minitorch.float64))
    with pytest.warns(FutureWarning), pytest.raises(ValueError, match=r"grad_out to be 1\.0"):
        get_numerical_jacobian(lambda xs: xs[0], (x,), grad_out=2.0)
