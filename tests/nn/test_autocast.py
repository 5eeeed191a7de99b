"""Mixed precision on the CPU: which functions compute in what."""

import warnings

import minitorch
import pytest
from minitorch import amp, nn
from minitorch.nn import functional as F

LOW = minitorch.float16  # needs no ml_dtypes


def x():
    return minitorch.tensor([[1.0, 2.0], [3.0, 4.0]])


ROWS = {
    "@": (lambda: x() @ x(), LOW),
    "matmul": (lambda: minitorch.matmul(x(), x()), LOW),
    "method": (lambda: x().mm(x()), LOW),
    "linear": (lambda: nn.Linear(2, 3)(x()), LOW),
    "conv": (lambda: nn.Conv1d(2, 3, 1)(x()[None]), LOW),
    "lstm": (lambda: nn.LSTM(2, 3)(x())[0], LOW),
    "attention": (lambda: F.scaled_dot_product_attention(x(), x(), x()), LOW),
    "heads": (lambda: nn.MultiheadAttention(2, 1)(x(), x(), x())[0], LOW),
    "dot": (lambda: x()[0].dot(x()[0]), minitorch.float32),
    "add": (lambda: x() + x(), minitorch.float32),
    "float64": (lambda: x().double() @ x().double(), minitorch.float64),
    "integers": (lambda: x().int() @ x().int(), minitorch.int32),
    "loss": (lambda: F.mse_loss(x().to(LOW), x()), minitorch.float32),
    "prod": (lambda: x().to(LOW).prod(), minitorch.float32),
    "softmax": (lambda: (x() @ x()).softmax(-1), LOW),
    "cat": (lambda: minitorch.cat([x(), x().to(LOW)]), minitorch.float32),
    "reflect": (lambda: F.pad(x().to(LOW), (1, 1), "reflect"), minitorch.float32),
    "zeros": (lambda: F.pad(x().to(LOW), (1, 1)), LOW),
}


@pytest.mark.parametrize("name", ROWS)
def test_dtypes(name):
    call, dtype = ROWS[name]
    before = call().dtype
    with minitorch.autocast("cpu", dtype=LOW):
        assert call().dtype is dtype
        with minitorch.autocast("cpu", enabled=False):
            assert call().dtype is before
        assert call().dtype is dtype
    assert call().dtype is before


def test_gradients_have_the_parameters_dtype():
    model = nn.Sequential(nn.Linear(2, 4), nn.GELU(), nn.Linear(4, 2))
    with minitorch.autocast("cpu", dtype=LOW):
        loss = F.cross_entropy(model(x()), minitorch.tensor([0, 1]))
    assert loss.dtype is minitorch.float32
    loss.backward()
    assert {p.grad.dtype for p in model.parameters()} == {minitorch.float32}


def test_a_parameter_is_converted_once_a_block():
    w = minitorch.ones(2, 2, requires_grad=True)
    with minitorch.autocast("cpu", dtype=LOW):
        first, second = x() @ w, x() @ w
    a, b = (out.grad_fn.next_functions[1][0] for out in (first, second))
    assert a is b
    with minitorch.no_grad():
        w.mul_(2)
    with minitorch.autocast("cpu", dtype=LOW):
        assert (x() @ w).tolist() == (2 * first).tolist()


def test_state():
    assert not minitorch.is_autocast_enabled("cpu")
    assert minitorch.get_autocast_dtype("cpu") is minitorch.bfloat16
    with amp.autocast("cpu", LOW):
        assert minitorch.is_autocast_enabled("cpu")
        assert not minitorch.is_autocast_enabled()
        assert minitorch.get_autocast_dtype("cpu") is LOW
    assert minitorch.get_autocast_dtype("cpu") is minitorch.bfloat16
    with pytest.raises(ValueError, match="device_type"):
        amp.autocast(3)
    with pytest.warns(UserWarning, match="not supported. Disabling"):
        assert not amp.autocast("cpu", minitorch.float64)._enabled


def test_decorators():
    @minitorch.autocast("cpu", dtype=LOW)
    def product(a):
        return a @ a

    assert product(x()).dtype is LOW

    class Product(minitorch.autograd.Function):
        @staticmethod
        @amp.custom_fwd(device_type="cpu")
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            return a.mm(b)

        @staticmethod
        @amp.custom_bwd(device_type="cpu")
        def backward(ctx, g):
            assert minitorch.is_autocast_enabled("cpu")
            a, b = ctx.saved_tensors
            return g.mm(b.t()), a.t().mm(g)

    w = minitorch.ones(2, 2, requires_grad=True)
    with warnings.catch_warnings(), minitorch.autocast("cpu", dtype=LOW):
        out = Product.apply(x(), w)
    assert out.dtype is LOW
    out.sum().backward()
    assert w.grad.dtype is minitorch.float32
