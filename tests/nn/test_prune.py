"""Pruned parameters: masks of each method, one after the other, and their removal."""

import pickle

import minitorch as torch
import pytest
from minitorch import nn
from minitorch.nn.utils import prune

W = torch.tensor([[1.0, -2.0, 3.0], [-4.0, 5.0, -6.0]])


def layer():
    made = nn.Linear(3, 2)
    made.weight.data = W.clone()
    return made


@pytest.mark.parametrize(
    ("function", "arguments", "mask"),
    [
        (prune.identity, (), [[1, 1, 1], [1, 1, 1]]),
        (prune.l1_unstructured, (2,), [[0, 0, 1], [1, 1, 1]]),
        (prune.l1_unstructured, (0.5,), [[0, 0, 0], [1, 1, 1]]),
        (prune.l1_unstructured, (0,), [[1, 1, 1], [1, 1, 1]]),
        (prune.ln_structured, (1, 2, 0), [[0, 0, 0], [1, 1, 1]]),
        (prune.ln_structured, (0.34, 1, -1), [[0, 1, 1], [0, 1, 1]]),
        (prune.custom_from_mask, (torch.eye(2, 3),), [[1, 0, 0], [0, 1, 0]]),
    ],
)
def test_masks(function, arguments, mask):
    module = function(layer(), "weight", *arguments)
    assert module.weight_mask.tolist() == mask
    assert module.weight.tolist() == (W * torch.tensor(mask)).tolist()
    assert sorted(module.state_dict()) == ["bias", "weight_mask", "weight_orig"]
    assert prune.is_pruned(module)
    module(torch.ones(1, 3)).sum().backward()
    assert module.weight_orig.grad.tolist() == mask
    prune.remove(module, "weight")
    assert module.weight.tolist() == (W * torch.tensor(mask)).tolist()
    assert sorted(module.state_dict()) == ["bias", "weight"]
    assert not prune.is_pruned(module)


@pytest.mark.parametrize(
    ("function", "arguments", "left"),
    [(prune.random_unstructured, (2,), 4), (prune.random_structured, (1, 1), 4)],
)
def test_random_masks(function, arguments, left):
    module = function(layer(), "weight", *arguments)
    assert module.weight_mask.sum() == left


def test_pruning_goes_on_where_it_left():
    module = prune.l1_unstructured(layer(), "weight", 2)
    prune.l1_unstructured(module, "weight", 1)
    assert module.weight_mask.tolist() == [[0, 0, 0], [1, 1, 1]]
    prune.ln_structured(module, "weight", 1, 2, 1)
    assert module.weight_mask.tolist() == [[0, 0, 0], [0, 1, 1]]
    (hook,) = module._forward_pre_hooks.values()
    assert isinstance(hook, prune.PruningContainer)
    assert len(hook) == 3
    again = pickle.loads(pickle.dumps(module))
    assert again.weight.tolist() == module.weight.tolist()


def test_parameters_are_pruned_together():
    a, b = layer(), layer()
    b.weight.data *= 10
    prune.global_unstructured(
        [(a, "weight"), (b, "weight")], prune.L1Unstructured, amount=7,
        importance_scores={(a, "weight"): -W},
    )  # fmt: skip
    assert not a.weight_mask.any()
    assert b.weight_mask.tolist() == [[0, 1, 1], [1, 1, 1]]


def test_a_failed_pruning_leaves_all_as_it_was():
    module = layer()
    for function, arguments, error, message in (
        (prune.l1_unstructured, (100,), ValueError, "smaller than the number of parameters"),
        (prune.l1_unstructured, (1.5,), ValueError, r"float in the range \[0, 1\]"),
        (prune.l1_unstructured, ("a",), TypeError, "Invalid type for amount"),
        (prune.random_structured, (1, 3), IndexError, "Invalid index 3"),
        (prune.l1_unstructured, (1, torch.ones(3)), AssertionError, "same shape"),
        (prune.custom_from_mask, (torch.ones(3),), AssertionError, "must match"),
    ):
        for _ in range(2):  # of one that is not pruned, and of one that is
            before = dict(module.state_dict())
            with pytest.raises(error, match=message):
                function(module, "weight", *arguments)
            assert module.state_dict().keys() == before.keys()
    with pytest.raises(ValueError, match="multidimensional"):
        prune.ln_structured(module, "bias", 1, 2, 0)
    with pytest.raises(ValueError, match="has to be pruned"):
        prune.remove(module, "weight")
    with pytest.raises(TypeError, match="not an Iterable"):
        prune.global_unstructured(3, prune.L1Unstructured, amount=1)
    with pytest.raises(TypeError, match="PRUNING_TYPE"):
        prune.global_unstructured([(module, "weight")], prune.RandomStructured, amount=1)


def test_pruned_recurrent_weights():
    layer = nn.LSTM(3, 4)
    prune.l1_unstructured(layer, "weight_ih_l0", 0.5)
    assert [isinstance(w, nn.Parameter) for w in layer._flat_weights] == [False, True, True, True]
    prune.remove(layer, "weight_ih_l0")
    assert all(isinstance(w, nn.Parameter) for w in layer._flat_weights)
    assert sorted(layer._flat_weights_names) == sorted(dict(layer.named_parameters()))
