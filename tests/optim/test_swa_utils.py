"""Averaged models, with a model that is not from minitorch.nn."""

import minitorch
import numpy as np
import pytest
from minitorch.optim import SGD, swa_utils
from minitorch.optim.swa_utils import SWALR, AveragedModel


class Model:
    """The least that a model has to offer."""

    def __init__(self):
        self.weight = minitorch.zeros(2, requires_grad=True)
        self.mean = minitorch.zeros(2)
        self.training = True

    def __call__(self, x):
        return x * self.weight

    def parameters(self, recurse=True):
        return iter([self.weight])

    def named_parameters(self):
        return iter([("weight", self.weight)])

    def buffers(self, recurse=True):
        return iter([self.mean])

    def modules(self):
        return iter([self])

    def train(self, mode=True):
        self.training = mode

    def state_dict(self):
        return {"weight": self.weight, "mean": self.mean}

    def load_state_dict(self, state, strict=True):
        self.weight.data, self.mean.data = state["weight"].detach(), state["mean"]

    def set(self, value):
        self.weight.data = minitorch.tensor([value, -value])
        self.mean.data = minitorch.tensor([value, value])


VALUES = [1.0, 2.0, 6.0, 7.0]
MEAN, EMA = 4.0, 0.5 * (0.5 * (0.5 * 1 + 0.5 * 2) + 0.5 * 6) + 0.5 * 7


@pytest.mark.parametrize(
    ("kwargs", "expected"),
    [
        ({}, MEAN),
        ({"avg_fn": swa_utils.get_swa_avg_fn()}, MEAN),
        ({"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()}, MEAN),
        ({"avg_fn": swa_utils.get_ema_avg_fn(0.5)}, EMA),
        ({"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.5)}, EMA),
        ({"avg_fn": lambda average, new, n: new * 2}, 14.0),
    ],
)
@pytest.mark.parametrize("use_buffers", [False, True])
def test_averages(kwargs, expected, use_buffers):
    model = Model()
    averaged = AveragedModel(model, use_buffers=use_buffers, **kwargs)
    for value in VALUES:
        model.set(value)
        averaged.update_parameters(model)
    np.testing.assert_allclose(averaged.module.weight.tolist(), [expected, -expected], rtol=1e-6)
    mean = expected if use_buffers else 7.0
    np.testing.assert_allclose(averaged.module.mean.tolist(), [mean, mean], rtol=1e-6)
    assert averaged.n_averaged.item() == 4
    assert model.weight.tolist() == [7.0, -7.0]
    assert averaged(minitorch.ones(2)).tolist() == averaged.module.weight.tolist()


def test_state_dict():
    model = Model()
    averaged = AveragedModel(model)
    model.set(3.0)
    averaged.update_parameters(model)
    state = averaged.state_dict()
    assert list(state) == ["n_averaged", "module.weight", "module.mean"]
    other = AveragedModel(Model())
    other.load_state_dict(state)
    assert other.n_averaged.item() == 1
    assert other.module.weight.tolist() == [3.0, -3.0]
    del state["n_averaged"]
    with pytest.raises(RuntimeError, match=r'Missing key.*"n_averaged"'):
        other.load_state_dict(state)


def test_what_a_module_has():
    averaged = AveragedModel(Model())
    assert [name for name, _ in averaged.named_parameters()] == ["module.weight"]
    assert len(list(averaged.parameters())) == 1
    assert len(list(averaged.buffers())) == 2
    assert list(averaged.modules()) == [averaged, averaged.module]
    averaged.eval()
    assert not averaged.training


class BatchNorm:
    """What update_bn looks for."""

    def __init__(self):
        self.momentum, self.means, self.training = 0.1, [9.0], False

    def reset_running_stats(self):
        self.means.clear()

    def modules(self):
        return [self]

    def train(self, mode=True):
        self.training = mode

    def __call__(self, x):
        assert self.training
        assert self.momentum is None
        assert not minitorch.is_grad_enabled()
        self.means.append(x.mean().item())


def test_update_bn():
    model = BatchNorm()
    swa_utils.update_bn([minitorch.ones(3), (minitorch.zeros(3), "label")], model)
    assert model.means == [1.0, 0.0]
    assert model.momentum == 0.1
    assert not model.training
    swa_utils.update_bn([minitorch.ones(3)], Model())  # nothing to do


def test_swalr():
    optimizer = SGD([minitorch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = SWALR(optimizer, swa_lr=0.5, anneal_epochs=4, anneal_strategy="linear")
    rates = []
    for _ in range(7):
        rates += schedule.get_last_lr()
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx([1.0, 0.875, 0.75, 0.625, 0.5, 0.5, 0.5])


def test_errors():
    optimizer = SGD([minitorch.zeros(1, requires_grad=True)], lr=1.0)
    with pytest.raises(ValueError, match=r"Invalid decay value 1.5 provided"):
        swa_utils.get_ema_avg_fn(1.5)
    with pytest.raises(AssertionError, match="Only one of avg_fn and multi_avg_fn"):
        AveragedModel(Model(), avg_fn=max, multi_avg_fn=max)
    with pytest.raises(ValueError, match="must be one of 'cos' or 'linear', instead got x"):
        SWALR(optimizer, 0.1, anneal_strategy="x")
    with pytest.raises(ValueError, match="anneal_epochs must be equal or greater than 0, got -1"):
        SWALR(optimizer, 0.1, anneal_epochs=-1)
