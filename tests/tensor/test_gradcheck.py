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
