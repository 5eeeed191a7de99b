"""Layers, losses and functions whose tensors have different dtypes, or one that is not theirs.

What PyTorch refuses is refused, by the same kind of error, and results have PyTorch's dtypes.
"""

from __future__ import annotations

import itertools
import warnings

import minitorch
import minitorch.nn
import pytest
import torch

DTYPES = ("float32", "float64", "float16", "int64", "int32", "uint8", "bool", "complex64")
FEW = ("float32", "float64", "int64", "float16")

ROWS = """
nn.Linear(3, 4)(a) : 2,3
nn.Linear(3, 4)(a) : 3
nn.Linear(3, 4, bias=False)(a) : 2,2,3
nn.Bilinear(3, 4, 2)(a, b) : 2,3 2,4
nn.Conv1d(2, 3, 2)(a) : 1,2,4
nn.Conv2d(2, 3, 2)(a) : 1,2,4,4
nn.Conv3d(2, 3, 2)(a) : 1,2,4,4,4
nn.ConvTranspose1d(2, 3, 2)(a) : 1,2,4
nn.ConvTranspose2d(2, 3, 2)(a) : 1,2,4,4
nn.Embedding(10, 3)(a) : 2
nn.EmbeddingBag(10, 3)(a) : 2,2
nn.RNNCell(3, 4)(a) : 2,3
nn.RNNCell(3, 4)(a, b) : 2,3 2,4
nn.LSTMCell(3, 4)(a) : 2,3
nn.LSTMCell(3, 4)(a, (b, c)) : 2,3 2,4 2,4
nn.GRUCell(3, 4)(a) : 2,3
nn.GRUCell(3, 4)(a, b) : 2,3 2,4
nn.RNN(3, 4)(a) : 5,2,3
nn.RNN(3, 4)(a, b) : 5,2,3 1,2,4
nn.LSTM(3, 4)(a) : 5,2,3
nn.LSTM(3, 4)(a, (b, c)) : 5,2,3 1,2,4 1,2,4
nn.GRU(3, 4)(a) : 5,2,3
nn.GRU(3, 4)(a, b) : 5,2,3 1,2,4
nn.LayerNorm(3)(a) : 2,3
nn.LayerNorm(3, elementwise_affine=False)(a) : 2,3
nn.RMSNorm(3)(a) : 2,3
nn.BatchNorm1d(3)(a) : 2,3
nn.BatchNorm1d(3).eval()(a) : 2,3
nn.BatchNorm2d(3)(a) : 2,3,2,2
nn.BatchNorm2d(3).eval()(a) : 2,3,2,2
nn.BatchNorm2d(3, affine=False)(a) : 2,3,2,2
nn.BatchNorm2d(3, affine=False, track_running_stats=False)(a) : 2,3,2,2
nn.BatchNorm3d(3)(a) : 2,3,2,2,2
nn.GroupNorm(2, 4)(a) : 2,4,2
nn.GroupNorm(2, 4, affine=False)(a) : 2,4,2
nn.InstanceNorm1d(3)(a) : 2,3,4
nn.InstanceNorm2d(3, affine=True)(a) : 2,3,4,4
nn.InstanceNorm2d(3, track_running_stats=True)(a) : 2,3,4,4
nn.LocalResponseNorm(2)(a) : 2,3,4,4
nn.MultiheadAttention(4, 2)(a, a, a) : 3,2,4
nn.MultiheadAttention(4, 2)(a, b, c) : 3,2,4 3,2,4 3,2,4
nn.TransformerEncoderLayer(4, 2, 8)(a) : 3,2,4
nn.PReLU()(a) : 2,3
F.scaled_dot_product_attention(a, b, c) : 2,3,4 2,3,4 2,3,4
F.scaled_dot_product_attention(a, a, a, b) : 2,3,4 3,3
t.cdist(a, b) : 2,3 4,3
t.pdist(a) : 4,3
t.linalg.cross(a, b) : 2,3 2,3
t.cross(a, b, dim=-1) : 2,3 2,3
t.matmul(a, b) : 2,3 3,2
t.mm(a, b) : 2,3 3,2
t.bmm(a, b) : 2,2,3 2,3,2
t.mv(a, b) : 2,3 3
t.dot(a, b) : 3 3
t.addmm(a, b, c) : 2,2 2,3 3,2
t.addmv(a, b, c) : 2 2,3 3
t.baddbmm(a, b, c) : 2,2,2 2,2,3 2,3,2
t.addcmul(a, b, c) : 2 2 2
t.addcdiv(a, b, c) : 2 2 2
t.lerp(a, b, c) : 2 2 2
t.einsum("ij,jk->ik", a, b) : 2,3 3,2
t.tensordot(a, b, 1) : 2,3 3,2
t.outer(a, b) : 2 3
t.kron(a, b) : 2 3
F.linear(a, b) : 2,3 4,3
F.linear(a, b, c) : 2,3 4,3 4
F.bilinear(a, b, c) : 2,3 2,4 2,3,4
F.conv1d(a, b) : 1,2,4 3,2,2
F.conv2d(a, b, c) : 1,2,4,4 3,2,2,2 3
F.layer_norm(a, (3,), b, c) : 2,3 3 3
F.layer_norm(a, (3,), b) : 2,3 3
F.rms_norm(a, (3,), b) : 2,3 3
F.group_norm(a, 2, b, c) : 2,4,2 4 4
F.batch_norm(a, b, b, c, c, True) : 2,3 3 3
F.batch_norm(a, b, b, c, c) : 2,3 3 3
F.instance_norm(a, None, None, b, c) : 2,3,4 3 3
F.embedding(t.tensor([0, 1]), a) : 4,3
F.embedding(a, b) : 2 4,3
F.embedding_bag(a, b) : 2,2 4,3
F.embedding_bag(t.tensor([[0, 1]]), a, mode="sum", per_sample_weights=b) : 4,3 1,2
F.prelu(a, b) : 2,3 1
F.pairwise_distance(a, b) : 2,3 2,3
F.cosine_similarity(a, b) : 2,3 2,3
F.normalize(a) : 2,3
F.one_hot(a) : 2
F.grid_sample(a, b, align_corners=False) : 1,1,2,2 1,2,2,2
F.affine_grid(a, (1, 1, 2, 2), align_corners=False) : 1,2,3
nn.utils.rnn.pad_sequence([a, b]) : 2 3
t.cat([a, b]) : 2 3
t.stack([a, b]) : 2 2
t.where(t.tensor([True, False]), a, b) : 2 2
F.glu(a) : 2,4
F.unfold(a, 2) : 1,1,3,3
F.fold(a, (3, 3), 2) : 1,4,4
F.pixel_shuffle(a, 2) : 1,4,2,2
F.channel_shuffle(a, 2) : 1,4,2,2
F.threshold(a, 0.1, 0.2) : 2,3
F.binary_cross_entropy_with_logits(a, b, pos_weight=c) : 2,3 2,3 3
F.cross_entropy(a, b) : 2,3 2,3
F.cross_entropy(a, b, c) : 2,3 2,3 3
F.cross_entropy(a, t.tensor([0, 1]), b, label_smoothing=0.1) : 2,3 3
F.nll_loss(a, b) : 2,3,2 2,2
F.margin_ranking_loss(a, b, c) : 2 2 2
F.cosine_embedding_loss(a, b, c) : 2,3 2,3 2
F.triplet_margin_loss(a, b, c) : 2,3 2,3 2,3
F.gaussian_nll_loss(a, b, c) : 2,3 2,3 2,3
F.ctc_loss(a, t.tensor([[1]]), t.tensor([3]), t.tensor([1])) : 3,1,2
F.ctc_loss(t.zeros(3, 1, 2), a, t.tensor([3]), t.tensor([1])) : 1,1
F.ctc_loss(t.zeros(3, 1, 2), t.tensor([[1]]), a, t.tensor([1])) : 1
"""
CASES = [tuple(line.split(" : ")) for line in ROWS.strip().splitlines()]
for n, image in ((1, "1,2,4"), (2, "1,2,4,4"), (3, "1,2,4,4,4")):
    pools = ("max_pool", "avg_pool", "adaptive_avg_pool", "adaptive_max_pool")
    CASES += [(f"F.{pool}{n}d(a, 2)", image) for pool in pools]
    CASES += [(f"F.lp_pool{n}d(a, 2.0, 2)", image), (f"F.dropout{n}d(a, 0.5)", image)]
    for mode in ("nearest", "linear", "bilinear", "trilinear", "area", "nearest-exact", "bicubic"):
        CASES.append((f"F.interpolate(a, scale_factor=2, mode={mode!r})", image))
    for mode in ("constant", "reflect", "replicate", "circular"):
        CASES.append((f"F.pad(a, {(1, 1) * n}, {mode!r})", image))
for name in ("dropout", "alpha_dropout", "feature_alpha_dropout"):
    for options in ("0.5, True", "0.5, False", "0.0, True"):
        CASES.append((f"F.{name}(a, {options})", "2,3"))
CASES += [
    (f"F.{name}(a)", "2,3")
    for name in [
        "relu",
        "relu6",
        "elu",
        "selu",
        "celu",
        "leaky_relu",
        "gelu",
        "silu",
        "mish",
        "softplus",
        "softsign",
        "tanhshrink",
        "hardtanh",
        "hardswish",
        "hardsigmoid",
        "hardshrink",
        "softshrink",
        "logsigmoid",
        "sigmoid",
        "tanh",
        "rrelu",
    ]
]
CASES += [
    (f"F.{name}(a, dim=-1)", "2,3")
    for name in ("softmax", "log_softmax", "softmin", "gumbel_softmax")
]
for loss in [
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "kl_div",
    "poisson_nll_loss",
    "soft_margin_loss",
    "multilabel_soft_margin_loss",
    "hinge_embedding_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "multilabel_margin_loss",
]:
    CASES += [(f"F.{loss}(a, b, reduction={how!r})", "2,3 2,3") for how in ("mean", "none")]
for loss in ("mse_loss", "l1_loss", "huber_loss"):
    CASES.append((f"F.{loss}(a, b, weight=c)", "2,3 2,3 2,3"))
for loss in (
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "multilabel_soft_margin_loss"
):  # fmt: skip
    CASES.append((f"F.{loss}(a, b, weight=c)", "2,3 2,3 3"))
for loss in ("cross_entropy", "nll_loss", "multi_margin_loss"):
    CASES.append((f"F.{loss}(a, b)", "2,3 2"))
    CASES.append((f"F.{loss}(a, t.tensor([0, 1]), weight=b)", "2,3 3"))


def dtypes_of(out):
    if isinstance(out, tuple | list):
        return tuple(dtypes_of(x) for x in out if x is not None)
    return str(out.dtype)


def outcome(package, call, shapes, dtypes):
    """The dtypes of the results, or the kind of error: no kernel (NotImplementedError) counts as
    its base RuntimeError, which PyTorch raises as well, depending on what it looks at first.
    """
    names = {"t": package, "nn": package.nn, "F": package.nn.functional}
    for name, shape, dtype in zip("abc", shapes, dtypes, strict=False):
        names[name] = package.ones(shape).to(getattr(package, dtype))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return dtypes_of(eval(call, names))
    except RuntimeError:
        return RuntimeError
    except Exception as error:
        return type(error)


def combinations(count):
    if count < 3:
        return list(itertools.product(DTYPES, repeat=count))
    return [c for c in itertools.product(FEW, repeat=count) if len(set(c)) < 3]


# what differs knowingly, and in which dtypes; one stands for all arguments
KNOWN: dict[str, tuple[str, ...]] = {
    # PyTorch's CPU has no kernel, MiniTorch computes
    **dict.fromkeys(
        ("t.cdist", "t.pdist", "nn.LocalResponseNorm", "F.avg_pool3d", "F.lp_pool3d", "F.ctc_loss",
         "F.multi_margin_loss"), ("float16",),
    ),
    **dict.fromkeys(
        ("t.matmul", "t.mm", "t.bmm", "t.mv", "t.dot", "t.einsum", "t.tensordot", "F.linear",
         "F.softsign"), ("bool",),
    ),
    "F.multilabel_margin_loss": ("float16 int64",),
    "F.multi_margin_loss(a, b)": ("float16 int64",),
    "F.conv1d(a, b)": ("bool", "complex64"),  # complex convolutions are not there yet
    # PyTorch rounds images of bytes in a way of its own
    "F.interpolate(a, scale_factor=2, mode='bilinear') : 1,2,4,4": ("uint8",),
    "F.interpolate(a, scale_factor=2, mode='bicubic') : 1,2,4,4": ("uint8",),
    "F.relu(a)": ("complex64",),
    # there is no logsigmoid of complex numbers
    "F.soft_margin_loss": ("complex64", *(f"complex64 {dtype}" for dtype in DTYPES)),
}  # fmt: skip


@pytest.mark.parametrize(("call", "sizes"), CASES)
def test_dtypes(call, sizes):
    shapes = [tuple(map(int, size.split(","))) for size in sizes.split()]
    differing = {}
    for dtypes in combinations(len(shapes)):
        theirs, ours = (outcome(t, call, shapes, dtypes) for t in (torch, minitorch))
        if theirs != ours:
            differing[" ".join(dtypes if len(set(dtypes)) > 1 else dtypes[:1])] = (theirs, ours)
    known = {
        dtypes
        for name, listed in KNOWN.items()
        if f"{call} : {sizes}".startswith(name)
        for dtypes in listed
    }
    assert {k: v for k, v in differing.items() if k not in known} == {}
