"""Compiled kernels: the values and gradients of NumPy's, within rounding."""

import math
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


def channels(name, *extra):
    """Batch, group or instance norm with gradients of factors and summands."""

    def run(x):
        w, b = (torch.linspace(-1, 2, x.shape[1], dtype=x.dtype).requires_grad_() for _ in "wb")
        if name == "batch_norm":
            return F.batch_norm(x, None, None, w, b, True), w, b
        return F.group_norm(x, *extra, w, b), w, b

    return run


def labelled(classes, **options):
    """Cross entropy of rows with labels, some of which are not to count."""

    def run(x):
        labels = torch.arange(x.numel() // classes).reshape(x.shape[:1] + x.shape[2:]) % classes
        if options.get("ignore_index") == -100:
            labels[::3] = -100
        options.update({k: v.to(x.dtype) for k, v in options.items() if k == "weight"})
        return F.cross_entropy(x, labels, **options)

    return run


def embedded(shape, padding=-1):
    def run(table):
        index = torch.arange(200).reshape(shape) ** 2 % len(table)
        return F.embedding(index, table, None if padding < 0 else padding)

    return run


def recurrent(kind, **options):
    def run(x):
        torch.manual_seed(0)
        layer = getattr(torch.nn, kind)(x.shape[-1], 6, dtype=x.dtype, **options)
        y, state = layer(x)
        state = torch.cat(state, -1) if kind == "LSTM" else state
        return torch.cat([y.reshape(-1), state.reshape(-1)]), *layer.parameters()

    return run


CHANNELS = "channels.moments channels.channel_norm channels.channel_norm_backward"
WINDOWS = "places.max_pool places.put"
LSTM = "recurrent.lstm recurrent.lstm_backward"
GRU = "recurrent.gru recurrent.gru_backward"
# name -> (function, shape of its tensor, the compiled kernels that it runs)
SHAPED = {} if F is None else {
    "batch_norm": (channels("batch_norm"), (6, 4, 5, 7), CHANNELS),
    "batch_norm of rows": (channels("batch_norm"), (50, 4), ""),
    "batch_norm of many": (
            lambda x: F.batch_norm(x, None, None, training=True), (20, 8, 90, 90), "",
        ),
    "batch_norm alone": (lambda x: F.batch_norm(x, None, None, training=True), (5, 3, 9), ""),
    "group_norm": (channels("group_norm", 2), (6, 4, 5, 7), ""),
    "instance_norm": (lambda x: F.instance_norm(x), (6, 4, 5, 7), ""),
    "cross_entropy": (labelled(5), (60, 5), "losses.probabilities"),
    "cross_entropy of many": (labelled(1100), (1100, 1100), ""),
    "cross_entropy of pixels": (labelled(4), (3, 4, 6, 5), ""),
    "cross_entropy, ignoring": (labelled(40, ignore_index=-100), (60, 40), ""),
    "cross_entropy, weighted": (labelled(5, weight=torch.arange(1.0, 6.0)), (60, 5), ""),
    "cross_entropy, smoothed": (labelled(5, label_smoothing=0.1), (60, 5), ""),
    "cross_entropy, sums": (labelled(5, reduction="sum"), (60, 5), ""),
    "cross_entropy of each": (labelled(5, reduction="none"), (60, 5), ""),
    "embedding": (embedded((20, 10)), (30, 7), "places.add_rows"),
    "embedding with padding": (embedded((200,), 4), (30, 7), ""),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2), (3, 4, 9, 8), WINDOWS),
    "max_pool2d, overlapping": (lambda x: F.max_pool2d(x, 3, 1), (3, 4, 9, 8), ""),
    "max_pool2d, padded": (lambda x: F.max_pool2d(x, 3, 2, 1), (3, 4, 9, 8), ""),
    "max_pool1d, dilated": (lambda x: F.max_pool1d(x, 3, 2, 0, 2), (3, 4, 30), ""),
    "max_pool3d": (lambda x: F.max_pool3d(x, 2), (2, 3, 6, 4, 5), ""),
    "adaptive_max_pool2d": (lambda x: F.adaptive_max_pool2d(x, (3, 5)), (3, 4, 8, 9), ""),
    "max_pool2d of many": (lambda x: F.max_pool2d(x, 2), (40, 8, 60, 60), ""),
    "lstm": (recurrent("LSTM"), (7, 3, 5), LSTM),
    "lstm of two layers": (recurrent("LSTM", num_layers=2, bidirectional=True), (7, 3, 5), ""),
    "gru": (recurrent("GRU"), (7, 3, 5), GRU),
    "gru of two layers": (recurrent("GRU", num_layers=2, bidirectional=True), (7, 3, 5), ""),
    "gru without bias": (recurrent("GRU", bias=False), (7, 3, 5), ""),
    "lstm, projected": (recurrent("LSTM", proj_size=2, bias=False), (7, 3, 5), ""),
}  # fmt: skip


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


@pytest.mark.parametrize("name", SHAPED)
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_layers(name, dtype):
    function, shape, _ = SHAPED[name]
    compare(function, numbers(shape, dtype), weights=ramp)


@pytest.mark.parametrize("name", SHAPED)
def test_layers_of_memory_in_another_order(name):
    function, shape, _ = SHAPED[name]
    turned = numbers(shape[::-1])
    compare(function, turned, lambda x: x.permute(tuple(range(x.ndim))[::-1]), ramp)


@pytest.mark.parametrize("first", ["numpy", "numba"])
@pytest.mark.parametrize("name", [*ALL, *SHAPED])
def test_kernels_may_change_before_the_backward_pass(name, first):
    function, shape, _ = SHAPED.get(name) or (ALL[name][0], (40, 33), "")
    if math.prod(shape) > 100_000:
        return
    values, second = numbers(shape), "numba" if first == "numpy" else "numpy"
    expected = run(function, values, lambda x: x, ramp)
    x = values.clone().requires_grad_()
    with kernels(first):
        made = function(x)
    y, *params = made if type(made) is tuple else (made,)
    with kernels(second):
        (y * ramp(y)).sum().backward()
    for p, theirs in zip((x, *params), expected[1:], strict=True):
        np.testing.assert_allclose(p.grad.numpy(), theirs, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", ["max_pool2d", "max_pool2d, overlapping", "adaptive_max_pool2d"])
def test_maxima_of_equals_and_of_nans(name):
    function, shape, _ = SHAPED[name]
    values = torch.tensor(rng.integers(0, 3, shape), dtype=torch.float32)
    values[0, 0, :4] = np.nan
    compare(function, values, weights=ramp)


@nn
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_sequences_of_different_lengths(kind):
    def function(x):
        torch.manual_seed(0)
        layer = getattr(torch.nn, kind)(5, 6, bidirectional=True)
        lengths = torch.tensor([7, 4, 1])
        y, _ = layer(torch.nn.utils.rnn.pack_padded_sequence(x, lengths))
        return y.data, *layer.parameters()

    compare(function, numbers((7, 3, 5)), weights=ramp)


@nn
def test_places_beyond_the_end_are_refused():
    with kernels("numba"), pytest.raises((RuntimeError, IndexError)):
        torch.ops.aten.embedding_dense_backward(
            torch.ones(2, 3), torch.tensor([0, 9]), 5, -1, False
        )


OPTIMIZERS = {
    "SGD": [{}, {"weight_decay": 0.1, "maximize": True}, {"momentum": 0.9, "dampening": 0.2},
            {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}],
    "Adam": [{}, {"weight_decay": 0.1}, {"amsgrad": True}, {"maximize": True}],
    "AdamW": [{}, {"betas": (0.5, 0.7), "eps": 1e-3}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "options"), [(name, each) for name in OPTIMIZERS for each in OPTIMIZERS[name]]
)
@pytest.mark.parametrize("dtype", [*TOLERANCE, torch.float16, torch.complex64], ids=str)
def test_optimizers(name, options, dtype):
    optim = pytest.importorskip("minitorch.optim", reason="not installed")

    def trained():
        shapes = [(5, 4), (7,), (200, 300), ()]
        params = [torch.ones(shape, dtype=dtype, requires_grad=True) for shape in shapes]
        with torch.no_grad():
            params[1][2] = np.inf
        params.append(torch.ones(20, 30, dtype=dtype).T.requires_grad_())
        optimizer = getattr(optim, name)(params, lr=0.1, **options)
        for step in range(4):
            for p in params:
                grad = torch.linspace(-1, 1, p.numel()).reshape(p.shape) * (step + 1)
                p.grad = grad.to(dtype)
            optimizer.step()
        return [p.detach().numpy() for p in params]

    with kernels("numpy"):
        expected = trained()
    with kernels("numba"):
        found = trained()
    tolerance = 4 * TOLERANCE.get(dtype, 4e-6)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


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
    tables = [*ALL.values(), *SHAPED.values()]
    listed = {each for *_, names in tables for each in names.split()} | OPTIMIZER_STEPS
    offered = {name for name, _, _ in choice._offers}
    assert offered <= listed


OPTIMIZER_STEPS = {"optimizers.adam", "optimizers.sgd"}


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


def test_without_a_folder_to_write_to():
    code = """
from numba.core.caching import FunctionCache
FunctionCache._impl_class._locator_classes = []
import minitorch as m
m.set_kernels("numba")
print(m.sigmoid(m.zeros(2000)).sum())
"""
    made = python(code)
    assert made.stdout == "tensor(1000.)\n", made.stderr


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
