"""``pytest test_lesson_1.py`` says which exercises are solved. MiniTorch checks the gradients."""

import math

import minitorch as torch
from lesson_1 import Value, add, backward, div, exp, minimum, mul, relu, slope, sub


def close(x, y):
    return math.isclose(x, y, rel_tol=1e-6, abs_tol=1e-8)


def test_slope():
    assert close(slope(lambda x: x * x, 3.0), 6.0)
    assert close(slope(math.sin, 1.0), math.cos(1.0))


def test_sub():
    result = sub(Value(5.0), Value(3.0))
    assert (result.data, result.slopes) == (2.0, (1.0, -1.0))


def test_div():
    result = div(Value(3.0), Value(2.0))
    assert (result.data, result.slopes) == (1.5, (0.5, -0.75))


def test_exp():
    result = exp(Value(2.0))
    assert close(result.data, math.e**2)
    assert close(result.slopes[0], math.e**2)


def test_relu():
    for x, value, slope_of_x in [(2.0, 2.0, 1.0), (-2.0, 0.0, 0.0), (0.0, 0.0, 0.0)]:
        result = relu(Value(x))
        assert (result.data, result.slopes) == (value, (slope_of_x,))


def test_backward():
    a, b = Value(0.5), Value(-0.4)
    c = mul(a, b)
    d = add(c, b)
    backward(d)
    assert (a.grad, b.grad) == (-0.4, 1.5)


def test_backward_waits_for_all_paths():
    """2^20 paths lead back from here: an engine that follows each of them does not finish."""
    x = value = Value(1.0)
    for _ in range(20):
        value = add(value, value)
    backward(value)
    assert x.grad == 2.0**20


def test_backward_as_minitorch_does():
    def formula(a, b, add, sub, mul, div, exp, relu):
        c = mul(sub(a, b), exp(a))
        return div(add(relu(c), mul(a, a)), exp(sub(b, a)))

    for x, y in [(0.7, -1.2), (-0.3, 0.9), (1.5, 0.2)]:
        a, b = Value(x), Value(y)
        result = formula(a, b, add, sub, mul, div, exp, relu)
        backward(result)
        s = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        t = torch.tensor(y, dtype=torch.float64, requires_grad=True)
        expected = formula(
            s, t, torch.add, torch.sub, torch.mul, torch.div, torch.exp, torch.relu
        )  # fmt: skip
        expected.backward()
        assert close(result.data, expected.item())
        assert close(a.grad, s.grad.item())
        assert close(b.grad, t.grad.item())


def test_minimum():
    def f(x):  # (x - 3)² + 1
        error = sub(x, Value(3.0))
        return add(mul(error, error), Value(1.0))

    assert close(minimum(f, start=-5.0), 3.0)
