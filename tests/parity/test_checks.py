"""What PyTorch refuses or warns of is refused or warned of here: checks that would be missed.

Rows are expressions, evaluated with either package: the values, the kinds of warnings and the kind
of error are PyTorch's. (NotImplementedError counts as its base RuntimeError.)
"""

from __future__ import annotations

import importlib
import math
import warnings

import minitorch
import minitorch.nn
import minitorch.optim
import numpy as np
import pytest
import torch

ROWS = """
bce(t.tensor([1.5, 0.2]), t.tensor([1.0, 0.0]))
bce(t.tensor([-0.5, 0.2]), t.tensor([1.0, 0.0]))
bce(t.tensor([math.nan, 0.2]), t.tensor([1.0, 0.0]))
bce(t.tensor([0.5, 0.2]), t.tensor([1.5, 0.0]))
bce(t.tensor([0.5, 0.2]), t.tensor([-1.0, 0.0]))
bce(t.tensor([0.5, 0.2]), t.tensor([math.nan, 0.0]))
bce(t.tensor([math.inf, 0.2]), t.tensor([1.0, 0.0]))
bce(t.zeros(0), t.zeros(0))
bce(t.zeros(2, 1), t.zeros(2))
bce(t.zeros(2, 3), t.zeros(2, 3), weight=t.ones(2))
F.binary_cross_entropy_with_logits(t.zeros(2, 1), t.zeros(2))
F.soft_margin_loss(t.zeros(2, 1), t.zeros(2))
F.soft_margin_loss(t.zeros(2, 3), t.zeros(3))
F.multilabel_soft_margin_loss(t.zeros(2, 3), t.zeros(3))
F.multilabel_soft_margin_loss(t.zeros(2, 3), t.zeros(2, 1))
F.multilabel_soft_margin_loss(t.zeros(3), t.zeros(3))
F.cross_entropy(t.zeros(2, 3), t.zeros(2, 3), ignore_index=1)
F.cross_entropy(t.zeros(2, 3), t.zeros(2, 3), ignore_index=-100)
F.cross_entropy(t.zeros(2, 3), t.zeros(2, 3), ignore_index=-1)
nn.CrossEntropyLoss(t.zeros(2, 3), t.tensor([0, 1]))
optim.Adm
nn.Liner
nn.relu
optim.Adam([])
optim.Adam(nn.Linear(2, 2))
optim.Adam(t.zeros(2))
optim.Adam(nn.Linear(2, 2).parameters)
F.layer_norm(t.zeros(2, 0), (0,))
F.layer_norm(t.zeros(0, 3), (3,))
F.cosine_similarity(t.tensor([[1, 2]]), t.tensor([[1.0, 2]]))
F.cosine_similarity(t.tensor([[1, 2]]), t.tensor([[1, 2]]))
F.cosine_similarity(t.zeros(2, 0), t.zeros(2, 0))
F.linear(t.tensor([1.0, 2]), t.tensor([3.0, 4]))
F.linear(t.tensor([1.0, 2]), t.tensor([3.0, 4]), t.tensor(1.0))
F.linear(t.ones(3, 2), t.tensor([3.0, 4]))
F.linear(t.ones(3, 2, 2), t.tensor([3.0, 4]))
F.linear(t.ones(2), t.ones(3, 2))
F.linear(t.ones(()), t.ones(3, 2))
F.linear(t.ones(2, 2), t.ones(3, 2), t.ones(1))
F.linear(t.ones(2, 2), t.ones(3, 2), t.ones(2, 3))
F.linear(t.ones(2, 2), t.ones(3, 2), t.ones(2))
F.cross_entropy(t.tensor([1.0, 2, 3]), t.tensor([1]))
F.cross_entropy(t.tensor([1.0, 2, 3]), t.tensor(1))
F.cross_entropy(t.tensor([1.0, 2, 3]), t.tensor([1]), reduction="none")
F.cross_entropy(t.tensor([1.0, 2, 3]), t.tensor([1, 2]))
F.nll_loss(t.tensor([1.0, 2, 3]), t.tensor([1]))
F.nll_loss(t.tensor([1.0, 2, 3]), t.tensor([1]), reduction="none")
F.cross_entropy(t.zeros(2, 3), t.zeros(2, 3, dtype=t.int64))
F.cross_entropy(t.zeros(2, 3), t.zeros(2, 1, dtype=t.int64))
F.cross_entropy(t.zeros(2, 3), t.zeros(3, dtype=t.int64))
F.cross_entropy(t.zeros(2, 3), t.tensor([0, 3]))
F.cross_entropy(t.zeros(2, 3), t.tensor([0, -1]))
F.cross_entropy(t.zeros(()), t.tensor(0))
F.cross_entropy(t.zeros(2, 3), t.tensor([0.0, 1.0]))
F.cross_entropy(t.zeros(2, 3), t.tensor([0, 1]), weight=t.ones(2))
F.cross_entropy(t.zeros(2, 3), t.tensor([0, 1]), label_smoothing=1.5)
nn.DataParallel(nn.Linear(2, 2), device_ids=[0])
pack(t.ones(3, 2), t.tensor([5, 2]), batch_first=False).data.shape
pack(t.arange(6.0).reshape(3, 2), t.tensor([4, 1]))
pack(t.arange(6.0).reshape(3, 2), t.tensor([4, 4]))
pack(t.arange(6.0).reshape(3, 2), t.tensor([3, 0]))
pack(t.arange(6.0).reshape(3, 2), t.tensor([1, 3]))
pack(t.arange(6.0).reshape(3, 2), t.tensor([3]))
pack(t.arange(6.0).reshape(3, 2), [3, 2])
optim.lr_scheduler.StepLR(optim.SGD([nn.Parameter(t.ones(1))], lr=1.0), 1, verbose=True)
nn.utils.clip_grad_norm_([], 1.0)
nn.utils.clip_grad_norm_((p for p in []), 1.0)
nn.utils.clip_grad_norm_([nn.Parameter(t.ones(2))], 1.0)
nn.utils.clip_grad_norm([nn.Parameter(t.ones(2))], 1.0)
nn.utils.weight_norm(nn.Linear(2, 2)) and None
nn.utils.spectral_norm(nn.Linear(2, 2)) and None
F.upsample(t.ones(1, 1, 2, 2), scale_factor=2).shape
F.upsample_nearest(t.ones(1, 1, 2, 2), scale_factor=2).shape
F.upsample_bilinear(t.ones(1, 1, 2, 2), scale_factor=2).shape
nn.UpsamplingNearest2d(scale_factor=2)(t.ones(1, 1, 2, 2)).shape
F.tanh(t.ones(1))
F.sigmoid(t.ones(1))
nn.MSELoss(size_average=False)(t.ones(2), t.zeros(2))
nn.MSELoss(reduce=False)(t.ones(2), t.zeros(2))
F.mse_loss(t.ones(2), t.zeros(2), size_average=True)
F.mse_loss(t.ones(2), t.zeros(2), reduction="elementwise_mean")
nn.MSELoss(reduction="elementwise_mean")(t.ones(2), t.zeros(2))
F.mse_loss(t.ones(2), t.zeros(2), reduction="foo")
F.cross_entropy(t.ones(2, 2), t.tensor([0, 1]), reduction="foo")
F.kl_div(t.ones(2), t.zeros(2))
nn.Softmax2d()(t.ones(2, 2))
nn.Embedding(3, 2)(1)
F.embedding(1, t.ones(3, 2))
nn.Embedding(3, 2)([1])
nn.Embedding(3, 2)(t.tensor([3]))
nn.Embedding(3, 2)(t.tensor([-1]))
nn.Embedding(3, 2)(t.tensor([1.0]))
nn.Embedding(3, 2, padding_idx=5)
nn.Embedding(3, 2, _weight=t.ones(2, 2))
F.poisson_nll_loss(t.ones(2, 1), t.zeros(2))
F.gaussian_nll_loss(t.ones(2, 1), t.zeros(2), t.ones(2, 1))
F.gaussian_nll_loss(t.ones(2), t.zeros(2), -t.ones(2))
F.kl_div(t.ones(2, 1), t.zeros(2), reduction="sum")
F.hinge_embedding_loss(t.ones(2, 1), t.ones(2))
F.margin_ranking_loss(t.ones(2), t.ones(3), t.ones(2))
F.triplet_margin_loss(t.ones(2, 3), t.ones(2, 3), t.ones(2))
F.cosine_embedding_loss(t.ones(2, 3), t.ones(2, 3), t.ones(3))
F.interpolate(t.ones(1, 1, 2, 2), scale_factor=2, mode="bilinear").shape
F.interpolate(t.ones(1, 1, 2, 2), scale_factor=2, align_corners=True).shape
F.interpolate(t.ones(1, 1, 2, 2), size=(4, 4), recompute_scale_factor=True).shape
F.grid_sample(t.ones(1, 1, 2, 2), t.zeros(1, 2, 2, 2)).shape
F.affine_grid(t.ones(1, 2, 3), (1, 1, 2, 2)).shape
nn.LSTM(2, 2, dropout=0.5) and None
nn.LSTM(2, 2, dropout=2.0) and None
nn.LSTM(2, 2, proj_size=2) and None
nn.Dropout(2.0)
nn.Linear(0, 2).weight.shape
nn.Linear(2, 0)(t.ones(1, 2)).shape
nn.init.kaiming_uniform_(t.zeros(0, 2)).shape
nn.init.constant_(t.zeros(2, dtype=t.int64), 1.5)
nn.init.constant_(t.zeros(2, dtype=t.uint8), 300)
nn.init.constant_(t.zeros(2, dtype=t.int64), math.inf)
nn.init.constant_(t.zeros(2), 1j)
nn.init.xavier_uniform_(t.zeros(2))
nn.init.kaiming_uniform_(t.zeros(2, 2), mode="foo")
nn.init.calculate_gain("foo")
nn.init.trunc_normal_(t.zeros(2, 2), mean=10.0).shape
F.linear(t.tensor([1.0, 2]), t.tensor([3.0, 4]), t.tensor([[1.0]]))
checkpoint(lambda x: x * 2, t.ones(2, requires_grad=True)).detach()
checkpoint(lambda x: x * 2, t.ones(2), use_reentrant=True)
checkpoint(lambda x: x * 2, t.ones(2, requires_grad=True), use_reentrant=False).detach()
"""
CASES = ROWS.strip().splitlines()
CASES += [
    f"nn.{name}(t.zeros(2, 3), t.ones(2, 3))"
    for name in [
        "MSELoss",
        "L1Loss",
        "BCELoss",
        "BCEWithLogitsLoss",
        "NLLLoss",
        "KLDivLoss",
        "SmoothL1Loss",
        "HuberLoss",
        "HingeEmbeddingLoss",
        "SoftMarginLoss",
        "CosineEmbeddingLoss",
        "MultiMarginLoss",
        "MultiLabelMarginLoss",
        "MultiLabelSoftMarginLoss",
        "MarginRankingLoss",
        "TripletMarginLoss",
        "GaussianNLLLoss",
    ]
]
CASES += [
    f"nn.{name}(t.ones(2, 3))"
    for name in ("ReLU", "Softmax", "Dropout", "Flatten", "BatchNorm2d", "LayerNorm", "MaxPool2d")
]
CASES += [
    f"optim.{name}([t.zeros(2)], lr=0.1)"
    for name in ("adam", "sgd", "adamw", "rmsprop", "adagrad", "lbfgs", "Adm")
]
for n in (1, 2, 3):
    CASES += [f"F.dropout{n}d(t.ones({(2,) * d}), {p}).shape" for d in range(7) for p in (0.0, 0.5)]
    for options in ("", ", affine=True", ", track_running_stats=True"):
        CASES.append(f"nn.InstanceNorm{n}d(3{options})(t.ones({(2, 4, *(3,) * n)})).shape")
for name in ("softmax", "log_softmax", "softmin"):
    CASES += [f"F.{name}(t.ones({(2,) * d})).shape" for d in range(5)]
for name in ("Softmax", "LogSoftmax", "Softmin"):
    CASES += [f"nn.{name}()(t.ones({(2,) * d})).shape" for d in (1, 2, 3)]
for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
    CASES += [f"F.{name}(t.ones({a}), t.zeros(2))" for a in ((2, 1), (3,))]
for name in [
    "uniform",
    "normal",
    "constant",
    "xavier_uniform",
    "xavier_normal",
    "kaiming_uniform",
    "kaiming_normal",
    "orthogonal",
    "eye",
    "sparse",
]:
    more = {"constant": ", 1.0", "sparse": ", 0.5"}.get(name, "")
    CASES.append(f"nn.init.{name}(t.zeros(3, 3){more}).shape")


def canonical(x):
    if type(x).__name__ == "PackedSequence":
        return [canonical(part) for part in x]
    if hasattr(x, "tolist"):
        return str(x.dtype), repr(np.round(x.detach().numpy().astype(float), 4).tolist())
    return type(x).__name__ if hasattr(x, "state_dict") else x


def outcome(package, call):
    names = {
        "t": package, "nn": package.nn, "F": package.nn.functional, "optim": package.optim,
        "math": math, "bce": package.nn.functional.binary_cross_entropy,
        "pack": package.nn.utils.rnn.pack_padded_sequence,
        "checkpoint": importlib.import_module(f"{package.__name__}.utils.checkpoint").checkpoint,
    }  # fmt: skip
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        try:
            made = canonical(eval(call, names))
        except RuntimeError:
            made = RuntimeError
        except Exception as error:
            made = type(error)
    return made, [warning.category for warning in given]


@pytest.mark.parametrize("call", CASES)
def test_checks(call):
    theirs, ours = outcome(torch, call), outcome(minitorch, call)
    assert ours == theirs


VALUES = ("1.5", "300", "-1", "math.inf", "math.nan", "2**40", "1j", "True", "-129", "2**63")
WRITES = {
    "fill_": "x.fill_(v)",
    "masked_fill_": "x.masked_fill_(t.tensor([True, False]), v)",
    "masked_fill": "x.masked_fill(t.tensor([True, False]), v)",
    "setitem": "x.__setitem__(0, v)",
    "mask": "x.__setitem__(t.tensor([True, False]), v)",
    "index_fill_": "x.index_fill_(0, t.tensor([0]), v)",
    "scatter_": "x.scatter_(0, t.tensor([0]), v)",
    "constant_": "nn.init.constant_(x, v)",
    "full_like": "t.full_like(x, v)",
    "new_full": "x.new_full((2,), v)",
}
KINDS = ("uint8", "int8", "int32", "int64", "bool", "float16", "float32")
# PyTorch reads an int that no int64 holds before it looks where it is to go: ValueError
UNREAD = {("setitem", "2**63"), ("mask", "2**63")}


@pytest.mark.parametrize("how", WRITES)
@pytest.mark.parametrize("kind", KINDS)
def test_values_that_do_not_fit(how, kind):
    for value in VALUES:
        if (how, value) in UNREAD or (how, kind, value) == ("index_fill_", "bool", "1j"):
            continue
        call = f"(x := t.zeros(2, dtype=t.{kind}), v := {value}, {WRITES[how]}, x)[-2:]"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = [repr(value_of(package, call)) for package in (minitorch, torch)]
        assert found[0] == found[1], call


def value_of(package, call):
    try:
        made = eval(call, {"t": package, "nn": package.nn, "math": math})
    except Exception as error:
        return type(error)
    return [x.tolist() for x in made if x is not None]
