"""Embeddings with sparse gradients, and the optimizers that take them."""

import copy

import pytest

minitorch = pytest.importorskip("minitorch")
nn = pytest.importorskip("minitorch.nn")
optim = pytest.importorskip("minitorch.optim")


def trained(name, sparse, steps=4):
    minitorch.manual_seed(0)
    layer = nn.Embedding(6, 3, sparse=sparse)
    optimizer = getattr(optim, name)(layer.parameters(), lr=0.1)
    for k in range(steps):
        optimizer.zero_grad()
        (layer(minitorch.tensor([1, 1, 3, k])) ** 2).sum().backward()
        assert layer.weight.grad.is_sparse is sparse
        optimizer.step()
    return layer.weight.detach()


@pytest.mark.parametrize("name", ["SGD", "Adagrad"])
def test_as_with_dense_gradients(name):
    assert minitorch.allclose(trained(name, True), trained(name, False))


def test_sparse_adam_moves_rows_in_use():
    minitorch.manual_seed(0)
    start = nn.Embedding(6, 3).weight.detach()
    end = trained("SparseAdam", True)
    moved = (start != end).any(1).tolist()
    assert moved == [True, True, True, True, False, False]
    once = trained("SparseAdam", True, steps=1)
    assert minitorch.allclose(once, trained("Adam", False, steps=1))


@pytest.mark.parametrize("name", ["Adam", "AdamW", "RMSprop", "NAdam"])
def test_other_optimizers_refuse(name):
    with pytest.raises(RuntimeError, match="does not support sparse gradients"):
        trained(name, True)


def test_gradients_are_zeroed_and_copied():
    layer = nn.Embedding(4, 2, sparse=True)
    layer(minitorch.tensor([0, 1, 1])).sum().backward()
    kept = copy.deepcopy(layer.weight.grad)
    optim.SGD(layer.parameters()).zero_grad(set_to_none=False)
    assert layer.weight.grad.to_dense().tolist() == [[0, 0]] * 4
    assert kept.to_dense().tolist() == [[1, 1], [2, 2], [0, 0], [0, 0]]


@pytest.mark.parametrize("name", ["LBFGS", "Adafactor"])
def test_what_needs_an_array_refuses(name):
    layer = nn.Embedding(4, 2, sparse=True)

    def closure():
        loss = layer(minitorch.tensor([0, 1])).sum()
        loss.backward()
        return loss

    with pytest.raises(NotImplementedError, match="to_dense"):
        getattr(optim, name)(layer.parameters()).step(closure)


def test_padding_has_no_gradient():
    layer = nn.Embedding(4, 2, padding_idx=1, sparse=True)
    layer(minitorch.tensor([0, 1, 1])).sum().backward()
    assert layer.weight.grad.to_dense().tolist() == [[1, 1], [0, 0], [0, 0], [0, 0]]
