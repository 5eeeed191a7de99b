"""Compiled kernels: the values and gradients of NumPy's, within rounding."""

import os
import subprocess
import sys
from contextlib import contextmanager

import minitorch as torch
import numpy as np
import pytest
from minitorch.autograd.gradcheck import gradcheck
from minitorch.kernels import choice

pytest.importorskip("numba")
try:
    import minitorch.nn.functional as F
except ImportError:
    F = None
nn = pytest.mark.skipif(F is None, reason="minitorch-nn is not installed")

TOLERANCE = {torch.float32: 4e-6, torch.float64: 1e-13}  # of the largest number
rng = np.random.default_rng(0)


@contextmanager
def kernels(name):
    before = torch.get_kernels()
    torch.set_kernels(name)
    try:
        yield
    finally:
        torch.set_kernels(before)


def numbers(shape, dtype=torch.float32, low=-4.0, high=4.0):
    return torch.tensor(rng.uniform(low, high, shape), dtype=dtype)


def with_affine(function, *extra):
    def run(x):
        c = x.shape[-1] if function == "layer_norm" else x.shape[1]
        w, b = (torch.linspace(-1, 2, c, dtype=x.dtype).requires_grad_() for _ in range(2))
        args = ((c,), w, b) if function == "layer_norm" else (*extra, w, b)
        return getattr(F, function)(x, *args), w, b

    return run


# name -> (function of a tensor, the compiled kernels that it runs)
ELEMENTWISE = {
    "exp": (lambda x: torch.exp(x), "elementwise.exp"),
    "log": (lambda x: torch.log(x.abs() + 0.5), "elementwise.log"),
    "tanh": (lambda x: torch.tanh(x), "elementwise.tanh elementwise.tanh_rule"),
    "sigmoid": (lambda x: torch.sigmoid(x), "elementwise.sigmoid elementwise.sigmoid_rule"),
    "erf": (lambda x: torch.erf(x), "elementwise.erf"),
}
ROWS = {
    "softmax": (lambda x: torch.softmax(x, -1), "rows.softmax rows.softmax_backward"),
    "log_softmax": (
        lambda x: torch.log_softmax(x, -1),
        "rows.log_softmax rows.log_softmax_backward",
    ),
}
if F is not None:
    ELEMENTWISE |= {
        "gelu": (lambda x: F.gelu(x), "elementwise.gelu elementwise.gelu_backward"),
        "gelu_tanh": (
            lambda x: F.gelu(x, approximate="tanh"),
            "elementwise.gelu_tanh elementwise.gelu_backward",
        ),
        "silu": (lambda x: F.silu(x), "elementwise.silu elementwise.silu_rule"),
    }
    ROWS |= {
        "layer_norm": (with_affine("layer_norm"), "rows.layer_norm rows.layer_norm_backward"),
        "layer_norm_alone": (lambda x: F.layer_norm(x, (x.shape[-1],)), ""),
        "layer_norm_of_two": (lambda x: F.layer_norm(x, x.shape[1:]), ""),
    }
ALL = ELEMENTWISE | ROWS


def run(function, values, view, weights):
    """The result and the gradients of all that it was made of, as arrays."""
    x = values.clone().requires_grad_()
    made = function(view(x))
    y, *params = made if type(made) is tuple else (made,)
    (y * weights(y)).sum().backward()
    return [y.detach().numpy(), *(p.grad.numpy() for p in (x, *params))]


def compare(function, values, view=lambda x: x, weights=lambda y: 1.0):
    with kernels("numpy"):
        expected = run(function, values, view, weights)
    with kernels("numba"):
        found = run(function, values, view, weights)
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        finite = np.isfinite(b)
        np.testing.assert_array_equal(a[~finite], b[~finite])
        size = abs(b[finite]).max(initial=1.0)
        np.testing.assert_allclose(
            a[finite], b[finite], rtol=0, atol=TOLERANCE[values.dtype] * size
        )


def ramp(y):
    return torch.linspace(0.5, 2, y.numel(), dtype=y.dtype).reshape(y.shape)


SHAPES = [(1, 1), (3, 5), (40, 33), (7, 4, 50), (2000, 1), (1, 2000), (1200, 1000)]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_values_and_gradients(name, shape, dtype):
    compare(ALL[name][0], numbers(shape, dtype), weights=ramp)


VIEWS = {
    "transposed": lambda x: x.transpose(0, 1),
    "every second": lambda x: x[:, ::2],
    "reversed rows": lambda x: x.flip(0)[1:],
    "broadcast": lambda x: x[:1].expand(40, -1),
    "no rows": lambda x: x[:0],
    "no columns": lambda x: x[:, :0],
}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("view", VIEWS)
def test_memory_in_another_order(name, view):
    compare(ALL[name][0], numbers((60, 60)), VIEWS[view], ramp)


@pytest.mark.parametrize("name", ALL)
def test_a_gradient_without_memory_of_its_own(name):
    compare(ALL[name][0], numbers((60, 60)))


SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, 88.0, 89.0, 100.0, -88.0, -104.0, -3e38]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("value", SPECIAL)
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_special_values(name, value, dtype):
    values = numbers((40, 40), dtype)
    values[3, 5:9] = value
    values[6] = value
    x = {}
    for kind in ("numpy", "numba"):
        with kernels(kind):
            made = ALL[name][0](values)
            x[kind] = (made[0] if type(made) is tuple else made).detach().numpy()
    np.testing.assert_allclose(x["numba"], x["numpy"], rtol=4e-6, atol=4e-6)


@pytest.mark.parametrize("name", ALL)
def test_gradcheck(name):
    def function(x):
        made = ALL[name][0](x)
        return made[0] if type(made) is tuple else made

    x = numbers((34, 31) if name in ELEMENTWISE else (3, 5), torch.float64).requires_grad_()
    with kernels("numba"):
        assert gradcheck(function, x, fast_mode=True)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64, torch.complex64])
@pytest.mark.parametrize("name", ["softmax", "sigmoid", "tanh"])
def test_other_dtypes_are_numpys(name, dtype):
    x = numbers((50, 50)).to(dtype)
    found = []
    for kind in ("numpy", "numba"):
        with kernels(kind):
            try:
                found.append(ALL[name][0](x).tolist())
            except (NotImplementedError, RuntimeError) as error:
                found.append(str(error))
    if dtype is torch.int64 and name != "softmax":  # computed in float32
        np.testing.assert_allclose(found[1], found[0], rtol=4e-6)
    else:
        assert found[0] == found[1]


def test_each_compiled_kernel_is_in_a_table():
    listed = {each for _, names in ALL.values() for each in names.split()} | OTHERS
    offered = {name for name, _, _ in choice._offers}
    assert offered <= listed


OTHERS: set[str] = set()


def test_create_graph_goes_through_the_definition():
    x = numbers((40, 40), torch.float64).requires_grad_()
    with kernels("numba"):
        (g,) = torch.autograd.grad(torch.sigmoid(x).sum(), x, create_graph=True)
        g.sum().backward()
    s = torch.sigmoid(x.detach())
    assert torch.allclose(x.grad, s * (1 - s) * (1 - 2 * s))


def test_the_choice():
    assert torch.get_kernels() == "numpy"
    primitive = torch.sigmoid.primitive
    before = primitive.kernel
    with kernels("numba"):
        assert torch.get_kernels() == "numba"
        assert primitive.kernel is not before
    assert primitive.kernel is before
    with pytest.raises(ValueError, match="'numpy' or 'numba', but got 'cuda'"):
        torch.set_kernels("cuda")


def python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_the_environment_chooses():
    code = "import minitorch as m; print(m.get_kernels(), m.sigmoid.primitive.kernel.__module__)"
    made = python(code, MINITORCH_KERNELS="numba")
    assert made.stdout.split()[0] == "numba", made.stderr
    assert python(code, MINITORCH_KERNELS="").stdout.startswith("numpy ")
    assert "'numpy' or 'numba'" in python(code, MINITORCH_KERNELS="fast").stderr


def test_without_numba_the_error_says_what_to_install():
    code = """
import sys, minitorch as m
sys.modules["numba"] = None
try:
    m.set_kernels("numba")
except ImportError as error:
    print(error.name, error)
print(m.get_kernels(), m.sigmoid(m.zeros(2000)).sum())
"""
    made = python(code)
    assert made.stdout.startswith("numba the compiled kernels need Numba")
    assert "pip install minitorch-tensor[numba]" in made.stdout
    assert "numpy tensor(1000.)" in made.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_computes():
    code = """
import os, minitorch as m
m.set_kernels("numba")
x = m.linspace(-1, 1, 2_000_000)
y = m.sigmoid(x)
pid = os.fork()
if not pid:
    os._exit(0 if m.equal(m.sigmoid(x), y) else 1)
print(os.waitpid(pid, 0)[1])
"""
    assert python(code).stdout == "0\n"
