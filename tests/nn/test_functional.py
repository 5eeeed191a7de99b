"""Functionals: values by NumPy, gradients of both orders by differences."""

import math

import minitorch
import minitorch.nn.functional as F
import numpy as np
import pytest
from minitorch.autograd import gradcheck, gradgradcheck

F64 = minitorch.float64


def x(*shape, seed=0):
    made = np.random.default_rng(seed).standard_normal(shape)
    return minitorch.from_numpy(made).requires_grad_()


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


erf = np.vectorize(math.erf)

ACTIVATIONS = {
    "relu": (F.relu, lambda a: np.maximum(a, 0)),
    "relu6": (lambda t: F.relu6(t * 5), lambda a: np.clip(a * 5, 0, 6)),
    "leaky_relu": (lambda t: F.leaky_relu(t, 0.1), lambda a: np.where(a > 0, a, 0.1 * a)),
    "hardtanh": (lambda t: F.hardtanh(t, -0.5, 0.7), lambda a: np.clip(a, -0.5, 0.7)),
    "threshold": (lambda t: F.threshold(t, 0.1, 20), lambda a: np.where(a > 0.1, a, 20)),
    "hardsigmoid": (F.hardsigmoid, lambda a: np.clip(a / 6 + 0.5, 0, 1)),
    "hardswish": (F.hardswish, lambda a: a * np.clip(a / 6 + 0.5, 0, 1)),
    "hardshrink": (F.hardshrink, lambda a: np.where(abs(a) > 0.5, a, 0)),
    "softshrink": (F.softshrink, lambda a: np.sign(a) * np.maximum(abs(a) - 0.5, 0)),
    "elu": (lambda t: F.elu(t, 0.5), lambda a: np.where(a > 0, a, 0.5 * np.expm1(a))),
    "celu": (lambda t: F.celu(t, 0.5), lambda a: np.where(a > 0, a, 0.5 * np.expm1(a / 0.5))),
    "selu": (
        F.selu,
        lambda a: 1.0507009873554805 * np.where(a > 0, a, 1.6732632423543772 * np.expm1(a)),
    ),
    "softplus": (lambda t: F.softplus(t, 2), lambda a: np.log1p(np.exp(2 * a)) / 2),
    "logsigmoid": (F.logsigmoid, lambda a: np.log(sigmoid(a))),
    "silu": (F.silu, lambda a: a * sigmoid(a)),
    "mish": (F.mish, lambda a: a * np.tanh(np.log1p(np.exp(a)))),
    "softsign": (F.softsign, lambda a: a / (1 + abs(a))),
    "tanhshrink": (F.tanhshrink, lambda a: a - np.tanh(a)),
    "glu": (F.glu, lambda a: a[:, :2] * sigmoid(a[:, 2:])),
    "gelu": (F.gelu, lambda a: a * (1 + erf(a / math.sqrt(2))) / 2),
    "gelu_tanh": (
        lambda t: F.gelu(t, "tanh"),
        lambda a: a / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3))),
    ),
    "softmax": (lambda t: F.softmax(t, 1), lambda a: np.exp(a) / np.exp(a).sum(1, keepdims=True)),
    "softmin": (
        lambda t: F.softmin(t, dim=0),
        lambda a: np.exp(-a) / np.exp(-a).sum(0, keepdims=True),
    ),
    "log_softmax": (
        lambda t: F.log_softmax(t, axis=1),
        lambda a: a - np.log(np.exp(a).sum(1, keepdims=True)),
    ),
    "normalize": (F.normalize, lambda a: a / np.sqrt((a * a).sum(1, keepdims=True))),
    "pdist": (
        F.pdist,
        lambda a: np.sqrt(((a[[0, 0, 1]] - a[[1, 2, 2]]) ** 2).sum(1)),
    ),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    function, reference = ACTIVATIONS[name]
    t = x(3, 4)
    np.testing.assert_allclose(function(t).detach().numpy(), reference(t.detach().numpy()), 1e-12)
    assert gradcheck(function, (t,))
    assert gradgradcheck(function, (t,))
    single = t.detach().float()
    assert function(single).dtype is minitorch.float32


INPLACE = ["relu", "elu", "celu", "selu", "hardtanh", "leaky_relu", "threshold", "silu", "mish"]


@pytest.mark.parametrize("name", INPLACE)
def test_in_place(name):
    args = (0.1, 20) if name == "threshold" else ()
    t = x(3, 4)
    out_of_place = getattr(F, name)(t * 1, *args)
    y = t * 1
    written = getattr(F, name)(y, *args, inplace=True)
    assert written is y
    assert (written == out_of_place).all()
    (g,) = minitorch.autograd.grad(written.sum(), t)
    (h,) = minitorch.autograd.grad(out_of_place.sum(), t)
    assert (g == h).all()


LABELS = minitorch.tensor([0, 2, 1])
SIGNS = minitorch.tensor([1.0, -1.0, 1.0], dtype=F64)
WEIGHT = minitorch.tensor([0.5, 1.0, 2.0, 0.7], dtype=F64)
SHARES = minitorch.softmax(x(3, 4, seed=5).detach(), 1)
LOSSES = {
    "linear": (F.linear, (x(3, 4), x(2, 4, seed=1), x(2, seed=2))),
    "linear_vector": (F.linear, (x(4), x(2, 4, seed=1), x(2, seed=2))),
    "linear_batches": (F.linear, (x(2, 3, 4), x(2, 4, seed=1), None)),
    "linear_one_output": (F.linear, (x(2, 3, 4), x(4, seed=1), x(seed=2))),
    "bilinear": (F.bilinear, (x(3, 2), x(3, 4, seed=1), x(2, 2, 4, seed=2), x(2))),
    "prelu": (F.prelu, (x(3, 4), x(4, seed=1))),
    "mse": (F.mse_loss, (x(3, 4), x(3, 4, seed=1))),
    "mse_sum": (lambda a, b: F.mse_loss(a, b, reduction="sum"), (x(3, 4), x(3, 4, seed=1))),
    "mse_weight": (lambda a, b: F.mse_loss(a, b, weight=SHARES), (x(3, 4), x(3, 4, seed=1))),
    "l1": (F.l1_loss, (x(3, 4), x(3, 4, seed=1))),
    "smooth_l1": (lambda a, b: F.smooth_l1_loss(a, b, beta=0.7), (x(3, 4), x(3, 4, seed=1))),
    "huber": (lambda a, b: F.huber_loss(a, b, delta=0.7), (x(3, 4), x(3, 4, seed=1))),
    "gaussian_nll": (
        lambda a, b: F.gaussian_nll_loss(a, b, SHARES, full=True),
        (x(3, 4), x(3, 4, seed=1)),
    ),
    "poisson_nll": (lambda a: F.poisson_nll_loss(a, SHARES), (x(3, 4),)),
    "nll": (lambda a: F.nll_loss(F.log_softmax(a, 1), LABELS, WEIGHT), (x(3, 4),)),
    "nll_ignore": (
        lambda a: F.nll_loss(a, LABELS, ignore_index=2, reduction="none"),
        (x(3, 4),),
    ),
    "cross_entropy": (lambda a: F.cross_entropy(a, LABELS), (x(3, 4),)),
    "cross_entropy_weight": (
        lambda a: F.cross_entropy(a, LABELS, WEIGHT, ignore_index=2),
        (x(3, 4),),
    ),
    "cross_entropy_smooth": (
        lambda a: F.cross_entropy(a, LABELS, WEIGHT, label_smoothing=0.2),
        (x(3, 4),),
    ),
    "cross_entropy_smooth_ignore": (
        lambda a: F.cross_entropy(a, LABELS, ignore_index=2, label_smoothing=0.2),
        (x(3, 4),),
    ),
    "cross_entropy_none": (
        lambda a: F.cross_entropy(a, LABELS, WEIGHT, reduction="none", label_smoothing=0.1),
        (x(3, 4),),
    ),
    "cross_entropy_images": (
        lambda a: F.cross_entropy(a, minitorch.tensor([[0, 2], [1, 1]]), reduction="sum"),
        (x(2, 3, 2),),
    ),
    "cross_entropy_one": (lambda a: F.cross_entropy(a, minitorch.tensor(2)), (x(4),)),
    "cross_entropy_shares": (
        lambda a: F.cross_entropy(a, SHARES, WEIGHT, label_smoothing=0.1),
        (x(3, 4),),
    ),
    "bce": (lambda a: F.binary_cross_entropy(minitorch.sigmoid(a), SHARES), (x(3, 4),)),
    "bce_logits": (
        lambda a: F.binary_cross_entropy_with_logits(a, SHARES, pos_weight=WEIGHT),
        (x(3, 4),),
    ),
    "bce_logits_plain": (
        lambda a: F.binary_cross_entropy_with_logits(a, SHARES, weight=WEIGHT),
        (x(3, 4),),
    ),
    "kl_div": (lambda a: F.kl_div(a, SHARES, reduction="batchmean"), (x(3, 4),)),
    "kl_div_log": (
        lambda a: F.kl_div(a, SHARES.log(), reduction="sum", log_target=True),
        (x(3, 4),),
    ),
    "soft_margin": (lambda a: F.soft_margin_loss(a, SIGNS), (x(3),)),
    "multilabel_soft_margin": (lambda a: F.multilabel_soft_margin_loss(a, SHARES), (x(3, 4),)),
    "hinge_embedding": (lambda a: F.hinge_embedding_loss(a, SIGNS), (x(3),)),
    "margin_ranking": (
        lambda a, b: F.margin_ranking_loss(a, b, SIGNS, 0.1),
        (x(3), x(3, seed=1)),
    ),
    "cosine_embedding": (
        lambda a, b: F.cosine_embedding_loss(a, b, SIGNS, -0.9),
        (x(3, 4), x(3, 4, seed=1)),
    ),
    "multi_margin": (lambda a: F.multi_margin_loss(a, LABELS, 2, weight=WEIGHT), (x(3, 4),)),
    "multilabel_margin": (
        lambda a: F.multilabel_margin_loss(a, minitorch.tensor([[3, 0, -1, 1]])),
        (x(1, 4),),
    ),
    "triplet_margin": (
        lambda a, b, c: F.triplet_margin_loss(a, b, c, swap=True),
        (x(3, 4), x(3, 4, seed=1), x(3, 4, seed=2)),
    ),
    "ctc": (
        lambda a: F.ctc_loss(
            F.log_softmax(a, 2), minitorch.tensor([[1, 1], [2, 1]]), (4, 3), (2, 1)
        ),
        (x(4, 2, 3),),
    ),
    "embedding": (
        lambda w: F.embedding(minitorch.tensor([[0, 2], [2, 1]]), w, padding_idx=1)[:1],
        (x(3, 2),),
    ),
    "embedding_bag": (
        lambda w: F.embedding_bag(
            minitorch.tensor([0, 2, 2, 1]), w, minitorch.tensor([0, 1, 1]), mode="mean"
        ),
        (x(3, 2),),
    ),
    "embedding_bag_max": (
        lambda w: F.embedding_bag(minitorch.tensor([[0, 2], [2, 1]]), w, mode="max"),
        (x(3, 2),),
    ),
    "embedding_bag_weights": (
        lambda w, p: F.embedding_bag(
            minitorch.tensor([[0, 2], [2, 1]]), w, mode="sum", per_sample_weights=p
        ),
        (x(3, 2), x(2, 2)),
    ),
    "cosine_similarity": (F.cosine_similarity, (x(3, 4), x(3, 4, seed=1))),
    "pairwise_distance": (F.pairwise_distance, (x(3, 4), x(3, 4, seed=1))),
    "channel_shuffle": (lambda a: F.channel_shuffle(a, 2), (x(1, 4, 2),)),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients(name):
    function, inputs = LOSSES[name]
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


@pytest.mark.parametrize("scale", [1, 300])  # sums in the middle of the range, and beyond it
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_cross_entropy_of_many_scores_is_that_of_few(scale, smoothing, reduction):
    scores = scale * minitorch.randn(64, 5000, dtype=minitorch.float64)
    scores[3, ::2] = -math.inf if smoothing == 0 else -1e4
    labels = minitorch.randint(0, 2500, (64,)) * 2 + 1
    found = []
    for rows in (64, 8):
        x = scores.clone().requires_grad_()
        losses = [
            F.cross_entropy(part, label, reduction=reduction, label_smoothing=smoothing)
            for part, label in zip(x.split(rows), labels.split(rows), strict=True)
        ]
        loss = minitorch.stack(losses).mean() if reduction == "mean" else minitorch.cat(losses)
        loss.sum().backward()
        found.append((loss.detach().numpy(), x.grad.numpy()))
    (loss, grad), (by_parts, grad_by_parts) = found
    assert np.allclose(loss, by_parts, rtol=1e-12)
    assert np.allclose(grad, grad_by_parts, rtol=1e-10, atol=1e-15)


def test_cross_entropy_by_hand():
    a = x(3, 4).detach()
    p = np.exp(a.numpy()) / np.exp(a.numpy()).sum(1, keepdims=True)
    rows = -np.log(p[np.arange(3), LABELS.numpy()])
    assert F.cross_entropy(a, LABELS).item() == pytest.approx(rows.mean())
    w = WEIGHT.numpy()[LABELS.numpy()]
    assert F.cross_entropy(a, LABELS, WEIGHT).item() == pytest.approx((w * rows).sum() / w.sum())
    assert math.isnan(F.cross_entropy(a, LABELS * 0, ignore_index=0).item())
    big = minitorch.tensor([[1000.0, 0.0]])
    assert F.cross_entropy(big, minitorch.tensor([1])).item() == 1000


def test_ctc_by_hand():
    # one frame, one label: its probability; two frames: label-blank, blank-label, label-label
    p = np.array([[0.3, 0.7], [0.4, 0.6]])
    logp = minitorch.from_numpy(np.log(p))
    one = F.ctc_loss(logp[:1], minitorch.tensor([1]), [1], [1], reduction="sum")
    assert one.item() == pytest.approx(-math.log(0.7))
    two = F.ctc_loss(logp, minitorch.tensor([1]), [2], [1], reduction="sum")
    assert two.item() == pytest.approx(-math.log(0.7 * 0.4 + 0.3 * 0.6 + 0.7 * 0.6))
    never = F.ctc_loss(logp, minitorch.tensor([1, 1]), [2], [2], zero_infinity=True)
    assert never.item() == 0


def test_one_hot():
    assert F.one_hot(minitorch.tensor([0, 2])).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert F.one_hot(minitorch.tensor([[1]]), 2).tolist() == [[[0, 1]]]
    each = minitorch.func.vmap(lambda row: F.one_hot(row, 2))(minitorch.tensor([[1], [0]]))
    assert each.tolist() == [[[0, 1]], [[1, 0]]]


def test_dropout():
    minitorch.manual_seed(0)
    ones = minitorch.ones(100, 100)
    dropped = F.dropout(ones, 0.25)
    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert dropped.mean().item() == pytest.approx(1, abs=0.03)
    assert F.dropout(ones, 0.5, training=False) is ones
    assert (F.dropout(ones, 1.0) == 0).all()
    channels = F.dropout2d(minitorch.ones(4, 5, 3, 3), 0.5).flatten(2)
    assert (channels == channels[:, :, :1]).all()
    normal = minitorch.randn(200, 100)
    alpha = F.alpha_dropout(normal, 0.3, training=True)
    assert alpha.mean().item() == pytest.approx(0, abs=0.05)
    assert alpha.std().item() == pytest.approx(1, abs=0.05)


def test_gumbel_softmax():
    minitorch.manual_seed(0)
    logits = x(5, 3)
    hard = F.gumbel_softmax(logits, hard=True)
    assert (hard.sum(-1) == 1).all()
    hard[:, 0].sum().backward()
    assert (logits.grad != 0).any()
    logits.grad = None


def test_embedding_max_norm():
    w = minitorch.full((3, 4), 2.0)
    F.embedding(minitorch.tensor([1]), w, max_norm=1.0)
    assert w[0].tolist() == [2.0] * 4
    assert w[1].norm().item() == pytest.approx(1)


def test_scale_grad_by_freq():
    w = minitorch.ones(3, 1, requires_grad=True)
    F.embedding(minitorch.tensor([0, 0, 2]), w, scale_grad_by_freq=True).sum().backward()
    assert w.grad.tolist() == [[1.0], [0.0], [1.0]]


ZEROS = minitorch.zeros(2, 3)


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda: F.linear(ZEROS, minitorch.zeros(4, 5)), RuntimeError, "2x3 and 5x4"),
        (lambda: F.linear(ZEROS, ZEROS.double()), RuntimeError, "float64"),
        (lambda: F.linear(3, ZEROS), TypeError, "must be Tensor"),
        (lambda: F.cross_entropy(ZEROS, minitorch.tensor([0, 3])), IndexError, "Target 3"),
        (lambda: F.cross_entropy(ZEROS, minitorch.tensor([0, -1])), IndexError, "Target -1"),
        (lambda: F.cross_entropy(ZEROS, minitorch.tensor([0])), ValueError, "batch_size"),
        (lambda: F.cross_entropy(ZEROS, minitorch.tensor([0.0, 1.0])), RuntimeError, "Long"),
        (lambda: F.cross_entropy(ZEROS, LABELS[:2], reduction="x"), ValueError, "x is not"),
        (lambda: F.nll_loss(ZEROS, minitorch.tensor([0, 3])), IndexError, "Target 3"),
        (lambda: F.embedding(minitorch.tensor([2]), ZEROS), IndexError, "2 rows"),
        (lambda: F.embedding(minitorch.tensor([-1]), ZEROS), IndexError, "-1"),
        (lambda: F.embedding(ZEROS, ZEROS), RuntimeError, "Long"),
        (lambda: F.embedding_bag(LABELS, ZEROS), ValueError, "offsets"),
        (lambda: F.dropout(ZEROS, 2), ValueError, "between 0 and 1"),
        (lambda: F.dropout1d(minitorch.ones(2)), RuntimeError, "2D or 3D"),
        (lambda: F.binary_cross_entropy(ZEROS - 1, ZEROS), RuntimeError, "between 0 and 1"),
        (lambda: F.binary_cross_entropy(ZEROS, ZEROS[:1]), ValueError, "size"),
        (lambda: F.huber_loss(ZEROS, ZEROS, delta=0), RuntimeError, "delta"),
        (lambda: F.gaussian_nll_loss(ZEROS, ZEROS, ZEROS - 1), ValueError, "negative"),
        (lambda: F.glu(ZEROS), RuntimeError, "even"),
        (lambda: F.prelu(ZEROS, minitorch.ones(2)), RuntimeError, "channel size = 3"),
        (lambda: F.gelu(ZEROS, "x"), RuntimeError, "tanh"),
        (lambda: F.softshrink(ZEROS, -1), RuntimeError, "lambda"),
        (lambda: F.one_hot(minitorch.tensor([3]), 2), RuntimeError, "smaller"),
        (lambda: F.one_hot(minitorch.tensor([-1])), RuntimeError, "non-negative"),
        (lambda: F.multi_margin_loss(ZEROS, minitorch.tensor([0, 9])), RuntimeError, "range"),
        (lambda: F.triplet_margin_loss(ZEROS, ZEROS, ZEROS[0]), RuntimeError, "dimensions"),
        (lambda: F.ctc_loss(ZEROS, LABELS, [9], [1]), RuntimeError, "at most 2"),
        (lambda: F.channel_shuffle(minitorch.ones(1, 3, 2), 2), RuntimeError, "divisible"),
        (lambda: F.bilinear(ZEROS, ZEROS, minitorch.ones(1, 2, 3)), RuntimeError, "expected 2"),
        (lambda: F.pdist(ZEROS[0]), RuntimeError, "2D"),
    ],
)
def test_errors(act, error, message):
    with pytest.raises(error, match=message):
        act()


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: F.mse_loss(minitorch.ones(3, 1), minitorch.ones(3)), "target size"),
        (lambda: F.softmax(ZEROS), "Implicit dimension"),
        (lambda: F.mse_loss(ZEROS, ZEROS, size_average=False), "reduction='sum'"),
        (lambda: F.kl_div(ZEROS, ZEROS), "batchmean"),
        (lambda: F.dropout2d(ZEROS), "2-D input"),
    ],
)
def test_warnings(act, message):
    with pytest.warns(UserWarning, match=message):
        act()


@pytest.mark.parametrize("value", [3e38, 1e-40, 0.0])
def test_renormalizing_is_quiet(value):
    weight = minitorch.full((3, 4), value)
    with np.errstate(all="raise"):
        F.embedding(minitorch.tensor([0, 1]), weight, max_norm=1e-41)
        F.embedding_bag(minitorch.tensor([[0, 1]]), weight, max_norm=1e-41)
    assert np.isfinite(weight.numpy()).all()
