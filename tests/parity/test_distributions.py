"""Distributions are PyTorch's: samples, densities, moments, divergences, transforms, errors."""

import inspect
import warnings
from functools import cache
from itertools import product

import minitorch
import minitorch.distributions
import numpy as np
import pytest
import torch
from distribution_rows import ROWS

pytestmark = pytest.mark.filterwarnings("ignore:Singular sample:UserWarning")
LIBRARIES = torch, minitorch


def build(library, row, leaves=None, dtype="float32"):
    """The distribution of a row; the tensors that it is made of are added to ``leaves``."""
    name, arguments = row

    def value(x):
        if isinstance(x, list):
            made = library.tensor(x, dtype=getattr(library, dtype))
            if leaves is not None:
                leaves.append(made.requires_grad_())
            return made
        if isinstance(x, tuple):
            return build(library, x, leaves, dtype)
        if name.startswith("Relaxed") or "Relaxed" in name:
            return library.tensor(x, dtype=getattr(library, dtype))
        return x(library.distributions) if callable(x) else x

    kind = library.distributions
    for part in name.split("."):
        kind = getattr(kind, part)
    return kind(**{key: value(x) for key, x in arguments.items()})


def label(row):
    name, arguments = row
    return name + "-" + "-".join(map(str, arguments))


def outcome(f):
    """The values of ``f()``, or the type of what it raises."""
    try:
        found = f()
    except Exception as error:
        return type(error).__name__
    return found


def close(got, want, rtol=1e-5, atol=1e-5):
    if want == "AttributeError":  # Geometric's param_shape, an expanded Multinomial's entropy:
        return  # PyTorch forgot them
    if isinstance(want, torch.Tensor):
        assert isinstance(got, minitorch.Tensor), got
        assert tuple(got.shape) == tuple(want.shape)
        assert str(got.dtype) == str(want.dtype)
        a, b = np.asarray(got.detach().numpy()), np.asarray(want.detach().numpy())
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)
    elif isinstance(want, torch.Size):
        assert tuple(got) == tuple(want)
    else:
        assert got == want


def gradients(library, value, leaves):
    """Of the sum, by each leaf that it depends on."""
    if not (value.requires_grad and leaves):
        return ["none"] * len(leaves)
    found = library.autograd.grad(value.sum(), leaves, allow_unused=True)
    return [None if g is None else g for g in found]


each_row = pytest.mark.parametrize("row", ROWS, ids=label)


@cache
def some_values(k):
    """Samples of the k-th row, in PyTorch."""
    torch.manual_seed(k)
    return build(torch, ROWS[k]).sample((6,))


def values(library, row, leaves=None):
    made = library.tensor(some_values(ROWS.index(row)).numpy().copy())
    if leaves is not None and made.dtype.is_floating_point:
        leaves.append(made.requires_grad_())
    return made


# --- samples ---


@each_row
@pytest.mark.parametrize("shape", [(), (5,), (3, 40)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_samples(row, shape, dtype):
    found = []
    for library in LIBRARIES:
        d = build(library, row, dtype=dtype)
        library.manual_seed(3)
        found.append((d.sample(shape), library.rand(3)))
    (want, want_next), (got, got_next) = found
    # LKJCholesky's 1 - sum of squares, LogNormal's exp
    rtol, atol = (2e-6, 1e-5) if want.dtype != torch.float64 else (1e-12, 1e-12)
    close(got, want, rtol, atol)
    close(got_next, want_next, 0, 0)  # as many numbers were drawn


@each_row
def test_rsample_and_gradients(row):
    found = []
    for library in LIBRARIES:
        leaves = []
        d = build(library, row, leaves)
        library.manual_seed(3)
        if not d.has_rsample:
            found.append(outcome(lambda d=d: d.rsample((4,))))
            continue
        sample = d.rsample((4,))
        weights = library.linspace(-1, 1, sample.numel()).reshape(sample.shape)
        slopes = outcome(lambda s=sample * weights, x=leaves: gradients(library, s, x))  # noqa: B023
        found.append([sample, *slopes])
    want, got = found
    if isinstance(want, str):
        assert got == want
        return
    if "".join(map(str, want[1:])) == "RuntimeError":  # Wishart's in-place write: it cannot
        assert row[0] == "Wishart"
        want, got = want[:1], got[:1]
    for a, b in zip(got, want, strict=True):
        close(a, b, rtol=1e-4, atol=1e-5)


# --- densities and their kin ---


@each_row
def test_log_prob_and_gradients(row):
    found = []
    for library in LIBRARIES:
        leaves = []
        value = values(library, row, leaves)
        d = build(library, row, leaves)
        log_prob = d.log_prob(value)
        found.append([log_prob, *gradients(library, log_prob, leaves)])
    for got, want in zip(found[1], found[0], strict=True):
        close(got, want, rtol=2e-4, atol=2e-4)


MOMENTS = ["mean", "mode", "variance", "stddev", "batch_shape", "event_shape", "has_rsample"]
MOMENTS += ["has_enumerate_support", "param_shape"]


@each_row
@pytest.mark.parametrize("name", MOMENTS)
def test_moments(row, name):
    want, got = (
        outcome(lambda library=library: getattr(build(library, row), name)) for library in LIBRARIES
    )
    close(got, want)


@each_row
def test_repr_and_support(row):
    want, got = (build(library, row) for library in LIBRARIES)
    assert repr(got) == repr(want)
    assert repr(got.support) == repr(want.support)
    assert got.support.is_discrete == want.support.is_discrete
    assert got.support.event_dim == want.support.event_dim
    close(got.support.check(values(minitorch, row)), want.support.check(values(torch, row)))


@each_row
@pytest.mark.parametrize("name", ["entropy", "perplexity", "enumerate_support"])
def test_entropy_and_support(row, name):
    options = [{}, {"expand": False}] if name == "enumerate_support" else [{}]
    for option in options:
        want, got = (
            outcome(lambda library=library, o=option: getattr(build(library, row), name)(**o))
            for library in LIBRARIES
        )
        close(got, want, rtol=1e-4)


@each_row
def test_cdf_and_icdf(row):
    pytest.importorskip("scipy")  # of igamma
    p = np.linspace(0.05, 0.95, 6, dtype="f")
    for library_values, method in ((values, "cdf"), (None, "icdf")):
        found = []
        for library in LIBRARIES:
            d = build(library, row)
            if library_values is None:
                x = library.tensor(p.reshape((6, *[1] * len(d.batch_shape + d.event_shape))))
            else:
                x = values(library, row)
            found.append(outcome(lambda d=d, x=x, method=method: getattr(d, method)(x)))
        want, got = found
        close(got, want, rtol=1e-4)


@each_row
def test_expand(row):
    found = []
    for library in LIBRARIES:
        d = build(library, row)
        e = d.expand((3, 2, *d.batch_shape))
        value = values(library, row)[0]
        library.manual_seed(5)
        results = [e.batch_shape, e.event_shape, e.sample((2,)), outcome(lambda e=e: e.mean)]
        results += [outcome(e.entropy), e.log_prob(value), repr(e)]
        found.append(results)
    for got, want in zip(found[1], found[0], strict=True):
        close(got, want, rtol=1e-4)


# --- divergences ---


def test_the_same_pairs_are_registered():
    pairs = [
        {(p.__name__, q.__name__) for p, q in library.distributions.kl._KL_REGISTRY}
        for library in LIBRARIES
    ]
    assert pairs[0] == pairs[1]


def inside(row):
    """Parameters of Uniform within [0, 1], so that there is a finite divergence, too."""
    return ("Uniform", {"low": [0.1, 0.2], "high": [0.5, 0.9]}) if row[0] == "Uniform" else row


FIRST: dict = {}
for _row in ROWS:
    FIRST.setdefault(_row[0], []).append(_row)
PAIRS = sorted(
    (p.__name__, q.__name__)
    for p, q in torch.distributions.kl._KL_REGISTRY
    if p.__name__ in FIRST and q.__name__ in FIRST
)
PAIRS += [("Chi2", "Gamma"), ("NegativeBinomial", "Poisson"), ("LogNormal", "LogNormal")]


def compare_kl(row_p, row_q):
    found = []
    for library in LIBRARIES:
        leaves = []
        p, q = build(library, row_p, leaves), build(library, row_q, leaves)
        made = outcome(lambda p=p, q=q, d=library.distributions: d.kl_divergence(p, q))
        slopes = [] if isinstance(made, str) else gradients(library, made, leaves)
        found.append([made, *slopes])
    want, got = found
    if want == ["IndexError"]:  # its masks do not broadcast
        return
    finite = not isinstance(want[0], str) and bool(torch.isfinite(want[0]).all())
    for a, b in zip(got, want, strict=True):
        if isinstance(b, torch.Tensor) and not finite:  # what is infinite has no slope
            b = torch.where(torch.isfinite(b), b, torch.zeros_like(b))
            a = minitorch.where(a.isfinite(), a, minitorch.zeros_like(a))
        close(a, b, rtol=5e-4, atol=5e-4)


@pytest.mark.parametrize(("name_p", "name_q"), PAIRS)
def test_kl(name_p, name_q):
    for row_p, row_q in product(FIRST[name_p], FIRST[name_q]):
        compare_kl(row_p, row_q)
        if "Uniform" in (name_p, name_q):
            compare_kl(inside(row_p), inside(row_q))


def test_kl_of_an_exponential_family():
    without_batch = [row for row in FIRST["Wishart"] if row[1]["df"] == 4.0]
    for row_p, row_q in product(without_batch, without_batch):  # PyTorch sums over the batch
        compare_kl(row_p, row_q)


def test_kl_has_no_rule_where_pytorch_has_none():
    rows = [rows[0] for rows in FIRST.values()]
    kinds = [[type(build(library, row)) for row in rows] for library in LIBRARIES]
    rules = [library.distributions.kl._dispatch_kl for library in LIBRARIES]
    for i, j in product(range(len(rows)), repeat=2):
        want, got = (
            rule(of[i], of[j]) is NotImplemented for rule, of in zip(rules, kinds, strict=True)
        )
        assert got == want, (rows[i], rows[j])


# --- arguments that are wrong ---

WRONG = [
    ("Normal", {"loc": [0.0], "scale": [-1.0]}),
    ("Normal", {"loc": [float("nan")], "scale": [1.0]}),
    ("Normal", {"loc": "zero", "scale": 1.0}),
    ("Normal", {"loc": [0.0, 1.0], "scale": [1.0, 1.0, 1.0]}),
    ("Uniform", {"low": [1.0], "high": [0.0]}),
    ("Bernoulli", {"probs": [1.5]}),
    ("Bernoulli", {}),
    ("Bernoulli", {"probs": [0.5], "logits": [0.0]}),
    ("ContinuousBernoulli", {"probs": [1.5], "validate_args": True}),
    ("Categorical", {"probs": [-0.1, 1.1]}),
    ("Categorical", {}),
    ("Geometric", {"probs": [0.0]}),
    ("Binomial", {"total_count": -1, "probs": [0.5]}),
    ("NegativeBinomial", {"total_count": [1.0], "probs": [1.0]}),
    ("Dirichlet", {"concentration": [0.0, 1.0]}),
    ("Gamma", {"concentration": [0.0], "rate": [1.0]}),
    ("Poisson", {"rate": [-1.0]}),
    ("Multinomial", {"total_count": [1.0], "probs": [0.5, 0.5]}),
    ("MultivariateNormal", {"loc": [0.0, 0.0], "covariance_matrix": [[1.0, 2.0], [2.0, 1.0]]}),
    ("MultivariateNormal", {"loc": [0.0, 0.0]}),
    ("MultivariateNormal", {"loc": [0.0, 0.0], "scale_tril": [1.0]}),
    ("MultivariateNormal", {"loc": 0.0, "scale_tril": TRIL if (TRIL := [[1.0]]) else None}),
    ("LKJCholesky", {"dim": 1}),
    ("Wishart", {"df": 0.5, "scale_tril": [[1.0, 0.0], [0.0, 1.0]]}),
    ("StudentT", {"df": [-1.0]}),
    ("Independent", {"base_distribution": ("Normal", {"loc": 0.0, "scale": 1.0}),
                     "reinterpreted_batch_ndims": 1}),
    ("TransformedDistribution", {"base_distribution": ("Normal", {"loc": 0.0, "scale": 1.0}),
                                 "transforms": 3}),
]  # fmt: skip


@pytest.mark.parametrize("row", WRONG, ids=label)
def test_wrong_parameters(row):
    messages = []
    for library in LIBRARIES:
        with pytest.raises(Exception) as caught:  # noqa: PT011  (the same as PyTorch's)
            build(library, row)
        messages.append((type(caught.value).__name__, str(caught.value)))
    assert messages[1][0] == messages[0][0]
    if messages[0][0] == "ValueError":
        assert messages[1][1] == messages[0][1]


@each_row
def test_values_outside(row):
    for change in (lambda x: x * 0 - 1.5, lambda x: x * float("nan"), lambda x: x[..., None, None]):
        found = []
        for library in LIBRARIES:
            d, x = build(library, row), change(values(library, row))
            found.append(outcome(lambda d=d, x=x: d.log_prob(x)))
        want, got = found
        close(got, want, rtol=2e-4, atol=2e-4)


# --- names ---


def test_names():
    for name in torch.distributions.__all__:
        assert hasattr(minitorch.distributions, name)
    assert set(minitorch.distributions.__all__) == set(torch.distributions.__all__)


def modules():
    return [
        name
        for name, value in vars(torch.distributions).items()
        if inspect.ismodule(value) and value.__name__.startswith("torch.distributions.")
    ]


@pytest.mark.parametrize("name", modules())
def test_modules(name):
    theirs = getattr(torch.distributions, name)
    ours = getattr(minitorch.distributions, name)
    for each in theirs.__all__:
        want, got = getattr(theirs, each), getattr(ours, each)
        assert type(got).__name__ == type(want).__name__
        if inspect.isclass(want):
            assert issubclass(got, object)
            parameters = list(inspect.signature(want).parameters)
            assert list(inspect.signature(got).parameters) == parameters
            public = {key for key in dir(want) if key[0] != "_"}
            assert not public - set(dir(got))


def test_default_validation():
    for library in LIBRARIES:
        d = library.distributions
        assert d.Distribution._validate_args
        try:
            d.Distribution.set_default_validate_args(False)
            d.Normal(0.0, -1.0)
        finally:
            d.Distribution.set_default_validate_args(True)
        with pytest.raises(ValueError, match="scale"):
            d.Normal(0.0, -1.0)


def test_subclasses_expand():
    for library in LIBRARIES:
        d = library.distributions

        class Plain(d.Normal):
            pass

        class Own(d.Normal):
            def __init__(self):
                super().__init__(0.0, 1.0)

        class Without(d.Distribution):
            arg_constraints = {}  # noqa: RUF012

        assert type(Plain(0.0, 1.0).expand((2,))) is Plain
        for wrong in (Own(), Without()):
            with pytest.raises(NotImplementedError):
                wrong.expand((2,))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            d.Distribution(validate_args=True)
        assert "arg_constraints" in str(caught[0].message)
