"""Special functions: values to the last digits, limits, gradients of both orders, refusals."""

import math
import sys

import minitorch
import numpy as np
import pytest
from minitorch import special, tensor
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.kernels import approximation

# computed with 40 digits
VALUES = [
    ("erf", 0.3, 0.3286267594591274),
    ("erf", -2.5, -0.999593047982555),
    ("erfc", 0.3, 0.6713732405408726),
    ("erfc", 5.0, 1.5374597944280349e-12),
    ("erfc", 26.0, 5.663192408856143e-296),
    ("erfc", -1.0, 1.8427007929497148),
    ("erfcx", 0.2, 0.8090195199015807),
    ("erfcx", 30.0, 0.018795888861416751),
    ("erfcx", -3.0, 16205.988853999586),
    ("erfinv", 0.5, 0.4769362762044699),
    ("erfinv", -0.999, -2.326753765513525),
    ("ndtr", 1.0, 0.8413447460685429),
    ("ndtr", -10.0, 7.619853024160526e-24),
    ("log_ndtr", -40.0, -804.6084420137538),
    ("log_ndtr", 2.0, -0.023012909328963486),
    ("ndtri", 0.975, 1.959963984540054),
    ("ndtri", 1e-20, -9.262340089798408),
    ("gammaln", 0.5, 0.5723649429247001),
    ("gammaln", 10.0, 12.801827480081469),
    ("gammaln", -1.5, 0.8600470153764810),
    ("gammaln", 1e10, 220258509288.8113),
    ("digamma", 1.0, -0.5772156649015329),
    ("digamma", 12.5, 2.4851956512749),
    ("digamma", -0.5, 0.03648997397857652),
    ("i0", 1.0, 1.2660658777520084),
    ("i0", 20.0, 43558282.559553534),
    ("i0e", -10.0, 0.12783333716342861),
    ("i1", 1.0, 0.5651591039924851),
    ("i1", -20.0, -42454973.38512777),
    ("i1e", 0.5, 0.15642080318487173),
    ("entr", 0.5, 0.34657359027997264),
]
LIMITS = [
    ("erf", (math.inf, -math.inf, 0.0), (1.0, -1.0, 0.0)),
    ("erfc", (math.inf, -math.inf), (0.0, 2.0)),
    ("erfcx", (math.inf, -math.inf), (0.0, math.inf)),
    ("erfinv", (1.0, -1.0, 1.5, 0.0), (math.inf, -math.inf, math.nan, 0.0)),
    ("ndtri", (0.0, 1.0, -0.5), (-math.inf, math.inf, math.nan)),
    ("gammaln", (0.0, -1.0, math.inf, -math.inf, 1.0, 2.0), (math.inf,) * 4 + (0.0, 0.0)),
    ("digamma", (0.0, -0.0, -1.0, math.inf), (-math.inf, math.inf, math.nan, math.inf)),
    ("i0", (0.0,), (1.0,)),
    ("i1", (0.0,), (0.0,)),
    ("entr", (0.0, -1.0, 1.0), (0.0, -math.inf, 0.0)),
]
SMOOTH = [
    ("erf", (-2.1, -0.3, 0.4, 1.7)),
    ("erfc", (-2.1, -0.3, 0.4, 1.7)),
    ("erfcx", (-1.1, -0.3, 0.4, 5.0)),
    ("erfinv", (-0.8, 0.1, 0.6)),
    ("ndtr", (-2.1, 0.4)),
    ("log_ndtr", (-3.0, 0.4)),
    ("ndtri", (0.03, 0.4, 0.8)),
    ("gammaln", (-1.3, 0.4, 2.5, 15.0)),
    ("digamma", (-1.3, 0.4, 2.5, 15.0)),
    ("i0", (-2.0, 0.7, 10.0)),
    ("i1", (-2.0, 0.7, 9.0)),
    ("i0e", (-2.0, 0.7, 10.0)),
    ("i1e", (-2.0, 0.7, 10.0)),
    ("entr", (0.3, 1.7)),
    ("expit", (-1.0, 2.0)),
]


@pytest.mark.parametrize(("name", "x", "expected"), VALUES)
def test_values(name, x, expected):
    made = getattr(special, name)(tensor(x, dtype=minitorch.float64))
    assert made.item() == pytest.approx(expected, rel=2e-14)
    single = getattr(special, name)(tensor([x]))
    assert single.dtype is minitorch.float32
    if sys.float_info.epsilon < abs(expected) < 1e30:
        assert single.item() == pytest.approx(expected, rel=2e-6)


@pytest.mark.parametrize(("name", "xs", "expected"), LIMITS, ids=[row[0] for row in LIMITS])
def test_limits(name, xs, expected):
    function = getattr(special, name)
    made = function(tensor(xs, dtype=minitorch.float64))
    np.testing.assert_allclose(made.numpy(), expected, rtol=0, atol=1e-15)
    assert math.isnan(function(tensor(math.nan)).item())


@pytest.mark.parametrize(("name", "reference"), [("erf", math.erf), ("erfc", math.erfc)])
def test_error_functions_everywhere(name, reference):
    x = np.linspace(-6, 6, 3001)
    expected = np.array([reference(v) for v in x])
    made = getattr(minitorch, name)(tensor(x)).numpy()
    np.testing.assert_allclose(made, expected, rtol=3e-15)
    single = getattr(minitorch, name)(tensor(x.astype(np.float32))).numpy()
    expected = np.array([reference(v) for v in x.astype(np.float32).tolist()])
    np.testing.assert_allclose(single, expected, rtol=4e-7)


def test_log_gamma_everywhere():
    x = np.concatenate([np.linspace(-9.97, 20, 2001), 10.0 ** np.linspace(-300, 300, 101)])
    expected = np.array([math.lgamma(v) for v in x])
    made = minitorch.lgamma(tensor(x)).numpy()
    np.testing.assert_allclose(made, expected, rtol=3e-15, atol=3e-15)


def test_inverses():
    x = np.linspace(-3, 3, 601)
    np.testing.assert_allclose(minitorch.erfinv(minitorch.erf(tensor(x))).numpy(), x, atol=1e-11)
    np.testing.assert_allclose(special.ndtri(special.ndtr(tensor(x))).numpy(), x, atol=1e-13)


def test_blocks_and_strides():
    x = np.linspace(-3, 3, 2 * approximation.BLOCK + 10).reshape(2, -1)
    made = minitorch.erf(tensor(x).T)
    np.testing.assert_allclose(made.numpy(), np.vectorize(math.erf)(x.T), rtol=1e-14)
    assert minitorch.erf(minitorch.zeros(0, 3)).shape == (0, 3)


@pytest.mark.parametrize(("name", "values"), SMOOTH, ids=[row[0] for row in SMOOTH])
def test_gradients(name, values):
    x = tensor(np.array(values), requires_grad=True)
    assert gradcheck(getattr(special, name), (x,))
    assert gradgradcheck(getattr(special, name), (x,))


def test_bessel_gradients_at_zero():
    x = tensor([0.0], dtype=minitorch.float64, requires_grad=True)
    (special.i1(x) + special.i0(x)).sum().backward()
    assert x.grad.tolist() == [0.5]


class TestPolygamma:
    def test_values(self):
        x = tensor([1.0], dtype=minitorch.float64)
        assert minitorch.polygamma(1, x).item() == pytest.approx(math.pi**2 / 6, rel=1e-15)
        assert x.polygamma(2).item() == pytest.approx(-2.4041138063191886, rel=1e-15)
        assert special.polygamma(0, x).item() == minitorch.digamma(x).item()

    def test_gradients(self):
        x = tensor([0.4, 2.5, -1.3], dtype=minitorch.float64, requires_grad=True)
        for n in (0, 1, 2):
            assert gradcheck(lambda x, n=n: minitorch.polygamma(n, x), (x,))
            assert gradgradcheck(lambda x, n=n: minitorch.polygamma(n, x), (x,))

    def test_negative_order(self):
        with pytest.raises(RuntimeError, match="negative n"):
            minitorch.polygamma(-1, tensor([1.0]))


class TestZeta:
    def test_values(self):
        x = tensor([2.0, 4.0], dtype=minitorch.float64)
        expected = [math.pi**2 / 6, math.pi**4 / 90]
        np.testing.assert_allclose(special.zeta(x, 1).numpy(), expected, rtol=1e-15)
        assert special.zeta(2, tensor([2])).item() == pytest.approx(expected[0] - 1, rel=1e-6)
        np.testing.assert_array_equal(
            special.zeta(tensor([1.0, 0.5, 2.0]), tensor([2.0, 2.0, -1.0])).numpy(),
            [math.inf, math.nan, math.inf],
        )

    def test_gradient_of_the_second_operand_alone(self):
        x = tensor([2.5, 3.0], dtype=minitorch.float64, requires_grad=True)
        q = tensor([1.5, 0.5], dtype=minitorch.float64, requires_grad=True)
        assert gradcheck(lambda q: special.zeta(x.detach(), q), (q,))
        assert gradgradcheck(lambda q: special.zeta(x.detach(), q), (q,))
        with pytest.raises(NotImplementedError, match="zeta"):
            special.zeta(x, q).sum().backward()


def test_mvlgamma():
    x = tensor([3.0, 4.5], dtype=minitorch.float64, requires_grad=True)
    expected = [0.5 * math.log(math.pi) + math.lgamma(v) + math.lgamma(v - 0.5) for v in x.tolist()]
    np.testing.assert_allclose(minitorch.mvlgamma(x, 2).tolist(), expected)
    assert gradcheck(lambda x: special.multigammaln(x, 3), (x,))


BINARY = [
    ("hypot", np.hypot),
    ("atan2", np.arctan2),
    ("logaddexp", np.logaddexp),
    ("logaddexp2", np.logaddexp2),
    ("copysign", np.copysign),
    ("xlogy", lambda x, y: x * np.log(y)),
    ("special.xlog1py", lambda x, y: x * np.log1p(y)),
    ("ldexp", lambda x, y: x * 2.0**y),
]


@pytest.mark.parametrize(("name", "reference"), BINARY, ids=[row[0] for row in BINARY])
def test_binary(name, reference):
    function = minitorch
    for part in name.split("."):
        function = getattr(function, part)
    a, b = np.array([[1.5], [-0.75]]), np.array([0.5, 2.0, 3.25])
    np.testing.assert_allclose(function(tensor(a), tensor(b)).numpy(), reference(a, b), rtol=1e-14)
    x, y = tensor(a, requires_grad=True), tensor(b, requires_grad=True)
    assert gradcheck(function, (x, y))
    assert gradgradcheck(function, (x, y))


def test_xlogy_at_zero():
    x = tensor([0.0, 0.0, 0.0], requires_grad=True)
    y = tensor([0.0, math.inf, math.nan])
    made = minitorch.xlogy(x, y)
    np.testing.assert_array_equal(made.detach().numpy(), [0.0, 0.0, math.nan])
    made[:2].sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [0.0, math.inf, math.nan])
    assert minitorch.xlogy(tensor([1]), 2).dtype is minitorch.float32


@pytest.mark.parametrize("name", ["logaddexp", "logaddexp2"])
def test_log_of_sums_with_one_term_missing(name):
    a = minitorch.tensor([-np.inf, 1.0, 0.5], dtype=minitorch.float64, requires_grad=True)
    b = minitorch.tensor([2.0, -np.inf, 0.5], dtype=minitorch.float64, requires_grad=True)
    first, second = minitorch.autograd.grad(
        getattr(minitorch, name)(a, b).sum(), (a, b), create_graph=True
    )
    np.testing.assert_allclose(first.detach().numpy(), [0, 1, 0.5])
    np.testing.assert_allclose(second.detach().numpy(), [1, 0, 0.5])
    slope = 0.25 * (np.log(2) if name == "logaddexp2" else 1)
    (twice,) = minitorch.autograd.grad(first.sum(), a)
    np.testing.assert_allclose(twice.numpy(), [0, 0, slope])


def test_heaviside():
    x = tensor([-1.0, 0.0, 2.0, math.nan])
    assert minitorch.heaviside(x, tensor([0.5])).tolist() == [0.0, 0.5, 1.0, 0.0]
    with pytest.raises(RuntimeError, match="different dtypes"):
        minitorch.heaviside(x, tensor([1]))


def test_nextafter():
    made = minitorch.nextafter(tensor([1.0]), tensor([2.0]))
    assert made.item() == 1 + minitorch.finfo(minitorch.float32).eps


class TestIncompleteGamma:
    def test_values_and_gradient(self):
        pytest.importorskip("scipy", reason="what computes igamma")
        a = tensor([1.0, 2.5], dtype=minitorch.float64)
        x = tensor([2.0, 0.5], dtype=minitorch.float64, requires_grad=True)
        lower, upper = minitorch.igamma(a, x), special.gammaincc(a, x)
        assert lower[0].item() == pytest.approx(1 - math.exp(-2))
        np.testing.assert_allclose((lower + upper).tolist(), [1.0, 1.0])
        assert gradcheck(lambda x: minitorch.igamma(a, x), (x,))
        assert gradgradcheck(lambda x: minitorch.igammac(a, x), (x,))

    def test_without_scipy(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "scipy", None)
        with pytest.raises(ImportError, match=r"minitorch-tensor\[scipy\]"):
            minitorch.igamma(tensor([1.0]), tensor([2.0]))


REFUSALS = [
    (lambda: minitorch.hypot(tensor([1]), tensor([2])), NotImplementedError, "Long"),
    (lambda: minitorch.nextafter(tensor([1]), tensor([2])), NotImplementedError, "Long"),
    (lambda: minitorch.hypot(tensor([1.0]), 2), TypeError, "must be Tensor"),
    (lambda: minitorch.atan2(tensor([1.0]), 2), TypeError, "must be Tensor"),
    (lambda: minitorch.xlogy(1.0, 2.0), TypeError, "must be Tensor"),
    (lambda: minitorch.heaviside(tensor([1.0]), 2), TypeError, "must be Tensor"),
    (lambda: minitorch.isclose(tensor([1.0]), 2), TypeError, "must be Tensor"),
    (lambda: minitorch.clamp_max(2, 3), TypeError, "must be Tensor"),
    (lambda: minitorch.max(2, 3), TypeError, "must be Tensor"),
    (lambda: minitorch.mvlgamma(tensor([3.0]), 0), RuntimeError, "greater than or equal"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSALS)
def test_refusals(call, error, text):
    with pytest.raises(error, match=text):
        call()
