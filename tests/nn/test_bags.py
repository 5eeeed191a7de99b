"""Bags of embeddings: sparse gradients and what is refused."""

import minitorch
import pytest
from minitorch import nn
from minitorch.nn import functional as F

INDEX = [[0, 1, 1], [2, 1, 3]]
WEIGHTS = minitorch.tensor([[1.0, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize(
    "arguments",
    [
        {"mode": "sum"},
        {"mode": "mean"},
        {"mode": "sum", "padding_idx": 1},
        {"mode": "mean", "padding_idx": -3},
        {"mode": "sum", "per_sample_weights": WEIGHTS},
        {"mode": "mean", "max_norm": 0.5},
    ],
)
def test_sparse_gradients(arguments):
    pytest.importorskip("scipy")
    grads = []
    for sparse in (False, True):
        weight = minitorch.arange(12.0).reshape(4, 3).requires_grad_()
        F.embedding_bag(
            minitorch.tensor(INDEX), weight, sparse=sparse, **arguments
        ).sum().backward()
        assert weight.grad.is_sparse is sparse
        grads.append(weight.grad.to_dense())
    assert minitorch.allclose(*grads)
    assert not weight.grad.is_coalesced()


def test_per_sample_weights_learn_beside_a_sparse_gradient():
    pytest.importorskip("scipy")
    weight = minitorch.arange(12.0).reshape(4, 3).requires_grad_()
    factors = WEIGHTS.clone().requires_grad_()
    F.embedding_bag(
        minitorch.tensor(INDEX), weight, mode="sum", sparse=True, per_sample_weights=factors
    ).sum().backward()
    assert factors.grad.tolist() == [[3, 12, 12], [21, 12, 30]]


@pytest.mark.parametrize("index", [-1, 4])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_numbers_out_of_range(index, sparse, mode):
    weight = minitorch.ones(4, 3, requires_grad=True)
    message = f"Expected idx >= 0 && idx < num_embeddings but found idx to be {index}"
    if mode != "max" or not sparse:
        with pytest.raises(RuntimeError, match=message):
            F.embedding_bag(minitorch.tensor([[0, index]]), weight, mode=mode, sparse=sparse)
    with pytest.raises(IndexError, match=f"index out of range in self: {index}"):
        F.embedding(minitorch.tensor([0, index]), weight, sparse=sparse)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"padding_idx": 4}, "padding_idx must be within the number of embeddings, -4 through 3"),
        ({"padding_idx": -5}, "padding_idx must be within the number of embeddings, -4 through 3"),
        (
            {"mode": "sum", "per_sample_weights": WEIGHTS.double()},
            "to have the same type as .* torch.FloatTensor does not equal torch.DoubleTensor",
        ),
        ({"sparse": True, "scale_grad_by_freq": True}, "not supported with sparse gradients"),
    ],
)
def test_refused(arguments, message):
    weight = minitorch.ones(4, 3, requires_grad=True)
    with pytest.raises(RuntimeError, match=message):
        F.embedding_bag(minitorch.tensor(INDEX), weight, **arguments)


@pytest.mark.parametrize(
    ("offsets", "message"),
    [
        ([0, 2, 1], "must not decrease"),
        ([1, 2], "has to be 0"),
        ([0, 4], "can not be greater than input's length 3"),
        ([0.0], r"Long, Int; but got torch\.FloatTensor"),
    ],
)
def test_refused_offsets(offsets, message):
    with pytest.raises(RuntimeError, match=message):
        F.embedding_bag(
            minitorch.tensor([0, 1, 2]), minitorch.ones(4, 3), minitorch.tensor(offsets)
        )


@pytest.mark.parametrize(("layer", "word"), [(nn.Embedding, "P"), (nn.EmbeddingBag, "p")])
def test_padding_of_layers(layer, word):
    with pytest.raises(AssertionError, match=f"{word}adding_idx must be within num_embeddings"):
        layer(4, 3, padding_idx=4)


def test_max_norm_in_forward_mode():
    from minitorch.autograd import forward_ad

    weight, tangent = minitorch.full((2, 2), 3.0), minitorch.ones(2, 2)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(weight, tangent)
        out = F.embedding(minitorch.tensor([1]), dual, max_norm=1.0)
        assert forward_ad.unpack_dual(out).tangent.tolist() == [[1, 1]]
    assert weight[1].norm().item() == pytest.approx(1)
    assert weight[0].tolist() == [3, 3]
