"""Every batching rule is reached, and is right: vmap of each call is the call on each example."""

import contextlib
import gc
import warnings

import minitorch as torch
import minitorch.linalg as linalg
import numpy as np
import pytest
from minitorch.autograd.primitive import Primitive
from minitorch.func import grad, jvp, vmap

F = pytest.importorskip("minitorch.nn.functional", reason="not installed")
torch.manual_seed(0)
X = torch.randn(3, 4, 4, dtype=torch.float64)  # three examples
V = torch.randn(3, 4, dtype=torch.float64)
N = torch.randn(3, dtype=torch.float64)
SPD = X @ X.mT + torch.eye(4, dtype=torch.float64)
IMAGE = torch.randn(3, 2, 2, 6, 6, dtype=torch.float64)
INDEX = torch.tensor([[0, 2], [1, 1], [3, 0]])
LABELS = torch.tensor([[0, 2], [1, -100], [3, 0]])
MASK = torch.tensor([[True, False, True, True], [False, True, False, False], [True] * 4])
FEW = torch.tensor([True, False, True, True])
GRID = torch.rand(3, 2, 3, 3, 2, dtype=torch.float64) * 2 - 1
PLACES = torch.tensor([[0, 2], [1, 3]])


def double(f):
    return lambda *xs: grad(lambda *ys: grad(lambda *zs: (f(*zs) ** 2).sum())(*ys).sin().sum())(*xs)


def slope(f):
    return lambda *xs: grad(lambda *ys: (f(*ys) ** 2).sum())(*xs)


def pull(f, x):
    """The gradient of ``f`` at ``x`` by that of its result: vmap of it batches gradient rules."""
    x = x.detach().requires_grad_()
    out = f(x)
    return (lambda g: torch.autograd.grad(out, x, g, retain_graph=True)[0]), torch.randn(
        3, *out.shape, dtype=out.dtype
    )


def again(f, x):
    """The same of the gradient: it is linear in what it starts with."""
    x = x.detach().requires_grad_()
    out = f(x)
    g = torch.randn(out.shape, dtype=out.dtype, requires_grad=True)
    (made,) = torch.autograd.grad(out, x, g, create_graph=True)
    return (lambda h: torch.autograd.grad(made, g, h, retain_graph=True)[0]), torch.randn(
        3, *x.shape, dtype=x.dtype
    )


def filled(x):
    y = x.clone()
    y[1:3] = 2 * x[0:2]
    return y


CALLS = {
    "permute": (lambda x: x.permute(1, 0), X),
    "transpose": (lambda x: x.transpose(0, 1) * 2, X),
    "expand": (lambda x: x.expand(2, 4), V),
    "stack": (lambda x, y: torch.stack([x, y], 1), X, X),
    "stack with what is the same": (lambda x: torch.stack([x, torch.ones(4).double()]), V),
    "select": (slope(lambda x: x[1]), X),
    "slice": (slope(lambda x: x[1:3, ::2]), X),
    "diagonal": (slope(lambda x: x.diagonal(1)), X),
    "diag_embed": (slope(lambda x: torch.diag_embed(x)), V),
    "matmul": (lambda x, y: x @ y, X, V),
    "cholesky": (slope(linalg.cholesky), SPD),
    "cholesky_ex": (lambda x: linalg.cholesky_ex(x)[1], SPD),
    "cholesky_inverse": (torch.cholesky_inverse, SPD),
    "cholesky_solve": (torch.cholesky_solve, X, SPD),
    "det": (double(torch.det), X),
    "eigvals": (lambda x: linalg.eig(x)[0].real.sort()[0], SPD),
    "eigh": (lambda x: linalg.eigh(x)[0], SPD),
    "inverse": (slope(torch.inverse), SPD),
    "inv_ex": (lambda x: linalg.inv_ex(x)[0], SPD),
    "inv_ex info": (lambda x: linalg.inv_ex(x)[1], SPD),
    "matrix_exp": (torch.matrix_exp, X),
    "matrix_power": (lambda x: linalg.matrix_power(x, 0), X),
    "qr": (lambda x: abs(linalg.qr(x)[1]), X),
    "slogdet": (lambda x: linalg.slogdet(x)[1], X),
    "logdet": (torch.logdet, SPD),
    "svd": (lambda x: linalg.svd(x)[1], X),
    "tril": (torch.tril, X),
    "triu": (torch.triu, X),
    "vander": (linalg.vander, V),
    "cdist inf": (lambda x: torch.cdist(x, x + 1, p=float("inf")), X),
    "cdist 0": (lambda x: torch.cdist(x, x.round(), p=0), X),
    "quantile": (lambda x: torch.quantile(x, 0.3, dim=0), X),
    "nanquantile": (lambda x: torch.nanquantile(x, 0.3, dim=0), X),
    "view_as_complex": (lambda x: torch.view_as_real(torch.view_as_complex(x) * 2), X[..., :2]),
    "polar": (lambda x: torch.view_as_real(torch.polar(abs(x), x)), V),
    "alias": (lambda x: x.squeeze() * 2, N),
    "matrix_rank": (lambda x: linalg.matrix_rank(x, atol=0.1), X),
    "renorm": (lambda x: torch.renorm(x, 2, 0, 1.0), X),
    "cumprod": (slope(lambda x: torch.cumprod(x, 0)), V),
    "grid_sample": (
        lambda x, g: F.grid_sample(x, g, align_corners=False), IMAGE, GRID,
    ),
    "grid_sample's gradient": (
        slope(lambda x, g: F.grid_sample(x, g, align_corners=False)), IMAGE, GRID,
    ),
    "reflected": (
        lambda x, g: F.grid_sample(x, 3 * g, "bilinear", "reflection", False), IMAGE, GRID,
    ),
    "pinv": (linalg.pinv, X),
    "fft": (slope(lambda x: torch.fft.fft(x).real), X),
    "rfft": (slope(lambda x: torch.fft.rfft2(x).imag), X),
    "irfft": (slope(lambda x: torch.fft.irfft(x.to(torch.complex128))), X),
    "median": (slope(torch.median), X),
    "nanmedian": (slope(torch.nanmedian), V.round()),
    "block_diag": (lambda x, y: torch.block_diag(x, y), X, V),
    "searchsorted": (lambda s, x: torch.searchsorted(s.sort()[0], x), V, X),
    "isin": (torch.isin, V.round(), V.round().flip(1)),
    "copy": (lambda x, y: x.clone().copy_(y), X, V),
    "fill": (lambda x: torch.fill(x, 2.0), X),
    "fill with": (lambda x, n: torch.fill(x, n), X, N),
    "index": (slope(lambda x: x[PLACES]), X),
    "index of each": (slope(lambda x, i: x[i]), X, INDEX),
    "index of the same": (lambda i: X[0][i], INDEX),
    "two indices": (slope(lambda x, i: x[i, i]), X, INDEX),
    "take": (lambda x: torch.take(x, PLACES), X),
    "index_select": (slope(lambda x: x.index_select(1, PLACES[0])), X),
    "index_put": (lambda x, y: x.index_put((PLACES[0],), y), X, V),
    "masked_scatter": (lambda x, m: x.masked_scatter(m, x * 2), V, MASK),
    "masked_scatter, one mask": (lambda x: x.masked_scatter(FEW, x * 2), V),
    "vector_norm": (linalg.vector_norm, X),
    "amax": (slope(torch.amax), X.round()),
    "max of numbers": (slope(lambda x: torch.amax(x, 0)), N),
    "repeat": (lambda x: x.repeat(2, 1, 3), X),
    "pad": (lambda x: F.pad(x, (1, 2)), X),
    "write": (slope(filled), X),
    "sum of numbers": (lambda x: x.sum(0), N),
    "sort of numbers": (lambda x: x.sort(0)[0], N),
    "argmax": (torch.argmax, X),
    "topk of numbers": (lambda x: x.topk(1)[0], N),
    "nll": (slope(lambda x, t: F.nll_loss(x, t)), X[:, :2], LABELS),
    "nll of one": (slope(lambda x, t: F.nll_loss(x, t)), V, LABELS[:, 0]),
    "nll with weights": (lambda x, t, w: F.nll_loss(x, t, abs(w)), X[:, :2], LABELS, V),
    "nll twice": (double(lambda x, t: F.nll_loss(x, t)), X[:, :2], LABELS),
    "embedding": (slope(lambda w, i: F.embedding(i, w)), X, INDEX),
    "embedding with padding": (slope(lambda w, i: F.embedding(i, w, padding_idx=0)), X, INDEX),
    "embedding twice": (double(lambda w, i: F.embedding(i, w, padding_idx=0)), X, INDEX),
    "embedding, one table": (lambda i: F.embedding(i, X[0], padding_idx=0), INDEX),
    "binary_cross_entropy": (F.binary_cross_entropy, V.sigmoid(), V.sigmoid()),
    "binary_cross_entropy_with_logits": (F.binary_cross_entropy_with_logits, V, V.sigmoid()),
    "batch_norm": (lambda x: F.batch_norm(x, None, None, training=True), IMAGE),
    "group_norm": (lambda x: F.group_norm(x, 2), IMAGE),
    "unfold": (slope(lambda x: F.unfold(x, 2)), IMAGE),
    "max_pool": (double(lambda x: F.max_pool2d(x, 2)), IMAGE),
    "pullback of a slice": pull(lambda x: x[1:3, ::2], X[0]),
    "pullback of select": pull(lambda x: x[1], X[0]),
    "pullback of a diagonal": pull(lambda x: x.diagonal(1), X[0]),
    "pullback of an index": pull(lambda x: x[PLACES], X[0]),
    "pullback of two indices": pull(lambda x: x[PLACES[0], PLACES[0]], X[0]),
    "pullback of a write": pull(filled, X[0]),
    "pullback of det": pull(torch.det, X[0]),
    "pullback of amax": pull(lambda x: torch.amax(x, 0), X[0]),
    "pullback of fft": pull(lambda x: torch.fft.fft(x).real, X[0]),
    "pullback of irfft": pull(lambda x: torch.fft.irfft(torch.complex(x, x)), X[0]),
    "pullback of grid_sample": pull(
        lambda x: F.grid_sample(x, GRID[0], align_corners=False), IMAGE[0]
    ),
    "pullback of nll": pull(lambda x: F.nll_loss(x, LABELS[0], reduction="none"), X[0, :2]),
    "pullback of embedding": pull(lambda w: F.embedding(INDEX[0], w, padding_idx=0), X[0]),
    "pullback of unfold": pull(lambda x: F.unfold(x, 2), IMAGE[0]),
    "pullback of max_pool": pull(lambda x: F.max_pool2d(x, 2), IMAGE[0]),
    "twice max_pool": again(lambda x: F.max_pool2d(x, 2), IMAGE[0]),
    "twice nll": again(lambda x: F.nll_loss(x, LABELS[0], reduction="none"), X[0, :2]),
    "twice embedding": again(lambda w: F.embedding(INDEX[0], w, padding_idx=0), X[0]),
    "tangent of cholesky": (lambda x: jvp(linalg.cholesky, (x,), (x,))[1], SPD),
    "tangent of amax": (lambda x: jvp(lambda y: torch.amax(y, 0), (x,), (x,))[1], X.round()),
    "tangent of logcumsumexp": (
        lambda x: jvp(lambda y: torch.logcumsumexp(y, 0), (x,), (x,))[1], V,
    ),
    "solve": (linalg.solve, SPD, X),
    "as_subclass": (lambda x: x.as_subclass(torch.Tensor) * 2, V),
    "tangent of det": (lambda x: jvp(torch.det, (x,), (x,))[1], SPD),
    "geqrf": (lambda x: torch.geqrf(x)[0], X),
    "lu_factor_ex": (lambda x: linalg.lu_factor_ex(x)[0], SPD),
    "lu": (lambda x: linalg.lu(x)[1], SPD),
    "lu permutation": (lambda x: linalg.lu(x)[0], SPD),
    "slope of lu": (slope(lambda x: linalg.lu(x)[2]), SPD),
    "slope of lu_factor": (slope(lambda x: linalg.lu_factor_ex(x)[0]), SPD),
    "lu_solve": (lambda b: linalg.lu_solve(*linalg.lu_factor(SPD[0]), b), X),
    "interpolate": (slope(lambda x: F.interpolate(x, scale_factor=2, mode="bilinear")), IMAGE),
}  # fmt: skip


def rules() -> dict:
    """Each rule with the primitives that it is registered for."""
    found = {}
    for each in gc.get_objects():
        if isinstance(each, Primitive) and each.batching is not None:
            found.setdefault(each.origin, each.origin.batching)
    return found


@pytest.fixture
def reached():
    """The primitives whose rule runs in a test."""
    ran = set()
    before = rules()
    for primitive, rule in before.items():

        def watched(primitive, *rest, rule=rule):
            ran.add(primitive.origin)
            return rule(primitive, *rest)

        primitive.batching = watched
    yield ran
    for primitive, rule in before.items():
        primitive.batching = rule


@pytest.mark.parametrize("name", CALLS)
def test_vmap_is_the_call_on_each_example(name):
    function, *batches = CALLS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a loop over the examples says so
        made = vmap(function)(*batches)
    for k in range(3):
        expected = function(*(batch[k] for batch in batches))
        np.testing.assert_allclose(made[k].detach(), expected.detach(), 1e-9, 1e-9)


DATA_DEPENDENT = [
    lambda x: x.nonzero(), lambda x: torch.where(x > 0), lambda x: torch.unique(x),
    lambda x: torch.unique_consecutive(x), lambda x: x.masked_select(x > 0),
    lambda x: torch.bincount(x.long().abs()), lambda x: x[x > 0],
]  # fmt: skip


@pytest.mark.parametrize("k", range(len(DATA_DEPENDENT)))
def test_shapes_that_depend_on_values_raise(k):
    with pytest.raises(RuntimeError, match=r"depends on values|mask that differs|shapes"):
        vmap(DATA_DEPENDENT[k])(V)


def test_every_rule_is_reached(reached):
    """A rule that none of these calls comes to is a rule that nobody tests."""
    for function, *batches in CALLS.values():
        vmap(function)(*batches)
    for function in DATA_DEPENDENT:
        with contextlib.suppress(RuntimeError):
            vmap(function)(V)
    unreached = sorted(p.name for p in rules().keys() - reached)
    assert " ".join(unreached) == ""


def test_relabelled_primitives_share_the_rule():
    found = rules()
    for each in gc.get_objects():
        if isinstance(each, Primitive) and each.origin is not each:
            assert each.batching is None
            assert each.kernel is each.origin.kernel
            assert each.inputs == each.origin.inputs
    assert found
