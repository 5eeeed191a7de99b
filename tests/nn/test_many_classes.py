"""Losses for many classes: an adaptive softmax, cross-entropy in chunks."""

import minitorch
import pytest
from minitorch import nn
from minitorch.autograd import gradcheck
from minitorch.nn import functional as F


def make(**options):
    minitorch.manual_seed(0)
    layer = nn.AdaptiveLogSoftmaxWithLoss(8, 12, cutoffs=[3, 7], div_value=2.0, **options)
    return layer.double(), minitorch.randn(5, 8, dtype=minitorch.float64)


@pytest.mark.parametrize("head_bias", [False, True])
def test_adaptive_log_softmax(head_bias):
    layer, x = make(head_bias=head_bias)
    target = minitorch.tensor([0, 2, 3, 6, 11])
    whole = layer.log_prob(x)
    assert minitorch.allclose(whole.exp().sum(1), minitorch.ones(5, dtype=minitorch.float64))
    output, loss = layer(x, target)
    assert minitorch.allclose(output, whole[range(5), target])
    assert minitorch.allclose(loss, -output.mean())
    assert layer.predict(x).equal(whole.argmax(1))
    single = layer(x[3], target[3])
    assert minitorch.allclose(single.output, output[3])
    assert gradcheck(lambda x: layer(x, target).output, (x.requires_grad_(),))


REFUSED = [
    (lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 12, cutoffs=[]), ValueError, "larger than 0"),
    (lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 12, cutoffs=[7, 3]), ValueError, "unique"),
    (lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 12, cutoffs=[3, 12]), ValueError, "unique"),
    (lambda: make()[0](make()[1], minitorch.tensor([0, 1, 2, 3, 12])), RuntimeError, r"\[0, 11\]"),
    (lambda: make()[0](make()[1], minitorch.tensor([0])), RuntimeError, "same size"),
    (lambda: make()[0](make()[1][0], minitorch.tensor([0])), RuntimeError, "2D input"),
    (lambda: nn.LinearCrossEntropyLoss(4, 3, label_smoothing=2.0), RuntimeError, "label_smoothing"),
    (lambda: nn.LinearCrossEntropyOptions(batch_chunk_size=0), ValueError, "positive"),
    (lambda: nn.LinearCrossEntropyOptions(chunking_method="half"), ValueError, "chunking_method"),
    (lambda: nn.factory_kwargs({"size": 3}), TypeError, "unexpected"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 0.5, 3.0]])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_chunks_make_no_difference(reduction, weight):
    minitorch.manual_seed(0)
    x = minitorch.randn(7, 3, dtype=minitorch.float64, requires_grad=True)
    w = minitorch.randn(4, 3, dtype=minitorch.float64, requires_grad=True)
    b = minitorch.randn(4, dtype=minitorch.float64, requires_grad=True)
    target = minitorch.tensor([0, 1, 2, 3, 1, 1, 0])
    weight = None if weight is None else minitorch.tensor(weight, dtype=minitorch.float64)
    for size in (1, 3, 7):
        options = nn.LinearCrossEntropyOptions(batch_chunk_size=size)
        settings = {"linear_bias": b, "weight": weight, "ignore_index": 1, "reduction": reduction}
        chunked = F.linear_cross_entropy(x, w, target, options=options, **settings)
        plain = F.linear_cross_entropy(x, w, target, **settings)
        assert minitorch.allclose(chunked, plain)
        found = [minitorch.autograd.grad(made.sum(), (x, w, b)) for made in (chunked, plain)]
        assert all(map(minitorch.allclose, *found))


def test_losses_at_places():
    loss = nn.LinearCrossEntropyLoss(4, 3, out_features=(2,), bias=True)
    x, target = minitorch.randn(5, 4), minitorch.randint(0, 3, (5, 2))
    logits = loss.linear(x).reshape(5, 3, 2)
    assert minitorch.allclose(loss(x, target), F.cross_entropy(logits, target))
