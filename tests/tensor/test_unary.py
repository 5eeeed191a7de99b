"""Functions of one operand: values, dtypes, gradients of both orders, refusals."""

import inspect
import math
import pickle

import minitorch
import numpy as np
import pytest
from minitorch import tensor
from minitorch.autograd import gradcheck, gradgradcheck

INNER = (-0.9, -0.3, 0.2, 0.7)
ALL = (-2.3, -0.4, 0.6, 1.9)
POSITIVE = (0.2, 0.9, 1.7, 3.4)

SMOOTH = [
    ("exp", np.exp, ALL),
    ("exp2", np.exp2, ALL),
    ("expm1", np.expm1, ALL),
    ("log", np.log, POSITIVE),
    ("log2", np.log2, POSITIVE),
    ("log10", np.log10, POSITIVE),
    ("log1p", np.log1p, POSITIVE),
    ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), ALL),
    ("logit", lambda x: np.log(x / (1 - x)), (0.1, 0.4, 0.8)),
    ("sqrt", np.sqrt, POSITIVE),
    ("rsqrt", lambda x: x**-0.5, POSITIVE),
    ("reciprocal", np.reciprocal, ALL),
    ("square", np.square, ALL),
    ("sin", np.sin, ALL),
    ("cos", np.cos, ALL),
    ("tan", np.tan, INNER),
    ("asin", np.arcsin, INNER),
    ("acos", np.arccos, INNER),
    ("atan", np.arctan, ALL),
    ("sinh", np.sinh, ALL),
    ("cosh", np.cosh, ALL),
    ("tanh", np.tanh, ALL),
    ("asinh", np.arcsinh, ALL),
    ("acosh", np.arccosh, (1.2, 2.5, 4.0)),
    ("atanh", np.arctanh, INNER),
    ("sinc", np.sinc, ALL),
    ("deg2rad", np.deg2rad, ALL),
    ("rad2deg", np.rad2deg, ALL),
    ("abs", np.abs, ALL),
    ("neg", np.negative, ALL),
    ("frac", lambda x: x - np.trunc(x), ALL),
    ("relu", lambda x: np.maximum(x, 0), ALL),
    ("nan_to_num", np.nan_to_num, ALL),
]
STEPS = [
    ("ceil", np.ceil, (-1.0, -0.0, 1.0, 2.0)),
    ("floor", np.floor, None),
    ("trunc", np.trunc, None),
    ("round", np.round, None),
    ("sign", np.sign, None),
    ("sgn", np.sign, None),
    ("angle", np.angle, None),
]
ALIASES = [
    ("absolute", "abs"),
    ("arccos", "acos"),
    ("arccosh", "acosh"),
    ("arcsin", "asin"),
    ("arcsinh", "asinh"),
    ("arctan", "atan"),
    ("arctanh", "atanh"),
    ("fix", "trunc"),
    ("negative", "neg"),
]
FLOATS_OF_INTEGERS = ["exp", "log", "sigmoid", "sqrt", "rsqrt", "reciprocal", "sin", "tanh", "sinc"]


@pytest.mark.parametrize(("name", "reference", "values"), SMOOTH, ids=[row[0] for row in SMOOTH])
class TestSmooth:
    def test_value(self, name, reference, values):
        x = np.array(values)
        made = getattr(minitorch, name)(tensor(x))
        assert made.dtype is minitorch.float64
        np.testing.assert_allclose(made.numpy(), reference(x), rtol=1e-14)

    def test_single_precision_and_no_dimensions(self, name, reference, values):
        made = getattr(minitorch, name)(tensor(values[0]))
        assert made.dtype is minitorch.float32
        assert made.shape == ()
        np.testing.assert_allclose(made.item(), reference(np.float64(values[0])), rtol=1e-5)

    def test_gradients(self, name, reference, values):
        x = tensor(np.array(values), requires_grad=True)
        function = getattr(minitorch, name)
        assert gradcheck(function, (x,))
        assert gradgradcheck(function, (x,))

    def test_in_place(self, name, reference, values):
        x = tensor(np.array(values))
        made = getattr(x, name + "_")()
        assert made is x
        np.testing.assert_allclose(x.numpy(), reference(np.array(values)), rtol=1e-14)


@pytest.mark.parametrize(("name", "reference", "expected"), STEPS, ids=[row[0] for row in STEPS])
def test_step_functions_have_zero_gradient(name, reference, expected):
    values = np.array([-1.6, -0.5, 0.5, 1.5])
    x = tensor(values, requires_grad=True)
    made = getattr(minitorch, name)(x)
    np.testing.assert_array_equal(made.detach().numpy(), reference(values))
    made.sum().backward()
    assert x.grad.tolist() == [0.0] * 4


@pytest.mark.parametrize(("alias", "name"), ALIASES)
def test_aliases(alias, name):
    functions = [getattr(minitorch, each) for each in (alias, name)]
    assert functions[0] is not functions[1]  # who has a say in functions can tell them apart
    assert functions[0].primitive is functions[1].primitive
    assert [each.__name__ for each in functions] == [alias, name]
    assert pickle.loads(pickle.dumps(functions[0])) is functions[0]
    methods = [inspect.unwrap(getattr(minitorch.Tensor, each)) for each in (alias, name)]
    assert methods[0].__code__ is methods[1].__code__


@pytest.mark.parametrize("name", FLOATS_OF_INTEGERS)
def test_integers_become_the_default_float(name):
    assert getattr(minitorch, name)(tensor([1, 2])).dtype is minitorch.float32
    assert getattr(minitorch, name)(tensor([True])).dtype is minitorch.float32


@pytest.mark.parametrize("name", ["ceil", "floor", "trunc", "round", "abs", "sign", "relu", "neg"])
def test_integers_stay_integers(name):
    made = getattr(minitorch, name)(tensor([-2, 3], dtype=minitorch.int16))
    assert made.dtype is minitorch.int16


def test_round_to_decimals():
    x = tensor([1.25, -1234.5], dtype=minitorch.float64)
    assert minitorch.round(x, decimals=1).tolist() == [1.2, -1234.5]
    assert x.round(decimals=-2).tolist() == [0.0, -1200.0]


def test_nan():
    x = tensor([math.nan, math.inf, -math.inf, 1.0])
    assert minitorch.sign(x).tolist() == [0.0, 1.0, -1.0, 1.0]
    assert math.isnan(minitorch.relu(x)[0].item())
    assert x.nan_to_num(7.0, 8.0, 9.0).tolist() == [7.0, 8.0, 9.0, 1.0]
    assert x.nan_to_num()[1].item() == minitorch.finfo(minitorch.float32).max


def test_gradient_at_kinks():
    x = tensor([0.0, 0.0], requires_grad=True)
    (x.abs() + x.relu()).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]


def test_masked_gradients_ignore_infinities():
    x = tensor([-1.0, 1.0], requires_grad=True)
    x.relu().backward(tensor([math.inf, 1.0]))
    assert x.grad.tolist() == [0.0, 1.0]


def test_logit_brings_into_bounds():
    x = tensor([-1.0, 0.5, 2.0], requires_grad=True)
    made = minitorch.logit(x, 0.25)
    np.testing.assert_allclose(made.tolist(), [-math.log(3), 0.0, math.log(3)], rtol=1e-6)
    made.sum().backward()
    assert x.grad.tolist() == [0.0, 4.0, 0.0]


def test_frexp():
    x = tensor([3.0, -0.75, 0.0], dtype=minitorch.float64, requires_grad=True)
    mantissa, exponent = parts = minitorch.frexp(x)
    assert isinstance(parts, minitorch.return_types.frexp)
    assert mantissa.tolist() == [0.75, -0.75, 0.0]
    assert exponent.tolist() == [2, 0, 0]
    assert exponent.dtype is minitorch.int32
    mantissa.sum().backward()
    assert x.grad.tolist() == [0.25, 1.0, 1.0]


class TestComplex:
    z = np.array([3 + 4j, -1j, 0j])

    def test_parts(self):
        z = tensor(self.z)
        assert minitorch.real(z).tolist() == [3.0, 0.0, 0.0]
        assert z.imag.tolist() == [4.0, -1.0, 0.0]
        assert z.abs().tolist() == [5.0, 1.0, 0.0]
        assert z.conj().tolist() == [3 - 4j, 1j, 0j]
        np.testing.assert_allclose(z.sgn().numpy(), [0.6 + 0.8j, -1j, 0j])
        np.testing.assert_allclose(z.angle().numpy(), np.angle(self.z))

    def test_parts_are_views(self):
        z = tensor(self.z)
        z.real.fill_(1.0)
        assert z.tolist() == [1 + 4j, 1 - 1j, 1 + 0j]

    def test_of_real_tensors(self):
        x = tensor([1.0])
        assert x.real is x
        assert x.conj() is x
        with pytest.raises(RuntimeError, match="non-complex"):
            minitorch.imag(x)


REFUSALS = [
    (lambda: -tensor([True]), RuntimeError, "bool"),
    (lambda: +tensor([True]), RuntimeError, "bool"),
    (lambda: minitorch.abs(tensor([True])), NotImplementedError, "Bool"),
    (lambda: minitorch.floor(tensor([True])), NotImplementedError, "Bool"),
    (lambda: minitorch.frac(tensor([1])), NotImplementedError, "Long"),
    (lambda: tensor([1j]).abs_(), RuntimeError, "In-place abs is not supported for complex"),
    (lambda: minitorch.frac(tensor([1j])), NotImplementedError, "ComplexFloat"),
    (lambda: minitorch.floor(tensor([1j])), NotImplementedError, "floor is not supported for com"),
    (lambda: minitorch.ceil(tensor([1j])), NotImplementedError, "ceil is not supported for com"),
    (lambda: minitorch.trunc(tensor([1j])), NotImplementedError, "trunc is not supported for com"),
    (lambda: minitorch.round(tensor([1j])), NotImplementedError, "ComplexFloat"),
    (lambda: minitorch.sign(tensor([1j])), NotImplementedError, "Please use torch.sgn instead"),
    (lambda: minitorch.frexp(tensor([1])), RuntimeError, "floating"),
    (lambda: minitorch.relu(tensor([True])), RuntimeError, "Boolean"),
    (lambda: tensor([1]).exp_(), RuntimeError, "can't be cast"),
    (lambda: minitorch.round(tensor([1]), decimals=1), NotImplementedError, "Long"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSALS)
def test_refusals(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_pairs_of_parts():
    z = tensor([[1 + 2j, 3 - 1j], [0j, 1j]])
    pairs = minitorch.view_as_real(z.T)
    assert pairs.tolist()[1][0] == [3.0, -1.0]
    pairs[0, 0, 0] = 9.0
    assert z[0, 0].item() == 9 + 2j
    assert minitorch.view_as_complex(minitorch.view_as_real(z)).tolist() == z.tolist()
    with pytest.raises(RuntimeError, match="size 2"):
        minitorch.view_as_complex(tensor([1.0, 2.0, 3.0]))
