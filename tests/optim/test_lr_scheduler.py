"""Schedules against their closed forms."""

import copy
import math
import warnings

import minitorch
import pytest
from minitorch.optim import SGD, AdamW, lr_scheduler
from minitorch.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)

EPOCHS = 50


def make(lr=0.5, other=0.25, optimizer=SGD, **kwargs):
    params = [minitorch.zeros(1, requires_grad=True) for _ in range(2)]
    groups = [{"params": [params[0]]}, {"params": [params[1]], "lr": other}]
    return optimizer(groups, lr=lr, **kwargs)


def curve(schedule, epochs=EPOCHS):
    """The first group's rate in each epoch; the second one's is half of it."""
    rates = []
    for _ in range(epochs):
        first, second = schedule.get_last_lr()
        assert [group["lr"] for group in schedule.optimizer.param_groups] == [first, second]
        assert second == pytest.approx(first / 2, abs=1e-12)
        rates.append(first)
        schedule.optimizer.step()
        schedule.step()
    return rates


def restarts(epoch, period, times):
    while epoch >= period:
        epoch, period = epoch - period, period * times
    return 0.25 * (1 + math.cos(math.pi * epoch / period))


CASES = [
    (lambda o: StepLR(o, 7, 0.5), lambda e: 0.5 * 0.5 ** (e // 7)),
    (lambda o: MultiStepLR(o, [5, 20, 20], 0.5), lambda e: 0.5 * 0.5 ** ((e >= 5) + 2 * (e >= 20))),
    (lambda o: ConstantLR(o, 0.5, 4), lambda e: 0.25 if e < 4 else 0.5),
    (lambda o: LinearLR(o, 0.2, 0.6, 10), lambda e: 0.5 * (0.2 + 0.4 * min(e, 10) / 10)),
    (lambda o: ExponentialLR(o, 0.9), lambda e: 0.5 * 0.9**e),
    (lambda o: PolynomialLR(o, 60, 2), lambda e: 0.5 * (1 - e / 60) ** 2),
    (lambda o: CosineAnnealingLR(o, 12), lambda e: 0.25 * (1 + math.cos(math.pi * e / 12))),
    (lambda o: CosineAnnealingWarmRestarts(o, 5), lambda e: restarts(e, 5, 1)),
    (lambda o: CosineAnnealingWarmRestarts(o, 4, 2), lambda e: restarts(e, 4, 2)),
    (lambda o: LambdaLR(o, lambda e: 1 / (1 + e)), lambda e: 0.5 / (1 + e)),
    (lambda o: MultiplicativeLR(o, lambda e: 0.9), lambda e: 0.5 * 0.9**e),
    (
        lambda o: CyclicLR(o, [0.1, 0.05], [0.5, 0.25], 5, cycle_momentum=False),
        lambda e: 0.1 + 0.4 * (1 - abs(e % 10 / 5 - 1)),
    ),
    (
        lambda o: CyclicLR(
            o, [0.1, 0.05], [0.5, 0.25], 5, mode="triangular2", cycle_momentum=False
        ),
        lambda e: 0.1 + 0.4 * (1 - abs(e % 10 / 5 - 1)) / 2 ** (e // 10),
    ),
    (
        lambda o: OneCycleLR(o, [1.0, 0.5], EPOCHS + 1, pct_start=0.5, cycle_momentum=False),
        lambda e: (
            1 - 0.48 * (1 + math.cos(math.pi * e / 24.5))
            if e <= 24.5
            else 4e-6 + (1 - 4e-6) / 2 * (1 + math.cos(math.pi * (e - 24.5) / 25.5))
        ),
    ),
    (
        lambda o: SequentialLR(o, [ConstantLR(o, 0.5, 100), ExponentialLR(o, 0.9)], [10]),
        lambda e: 0.25 if e < 10 else 0.5 * 0.9 ** (e - 10),
    ),
    (
        lambda o: ChainedScheduler([ConstantLR(o, 0.5, 4), ExponentialLR(o, 0.9)]),
        lambda e: (0.5 if e < 4 else 1.0) * 0.5 * 0.9**e,
    ),
]


@pytest.mark.parametrize(("schedule", "rate"), CASES)
def test_closed_form(schedule, rate):
    expected = [rate(e) for e in range(EPOCHS)]
    assert curve(schedule(make())) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(("schedule", "rate"), CASES)
def test_resumed_in_the_middle(schedule, rate):
    whole = curve(schedule(make()))
    first = schedule(make())
    assert curve(first, 20) == whole[:20]
    state = copy.deepcopy((first.optimizer.state_dict(), first.state_dict()))
    second = schedule(make())
    second.load_state_dict(state[1])
    second.optimizer.load_state_dict(state[0])
    assert curve(second, EPOCHS - 20) == whole[20:]


def test_linear_starts_at_the_first_factor():
    optimizer = make()
    LinearLR(optimizer, start_factor=0.25)
    assert optimizer.param_groups[0]["lr"] == 0.125
    assert optimizer.param_groups[0]["initial_lr"] == 0.5


@pytest.mark.parametrize(
    "optimizer", [lambda **k: make(momentum=0.5), lambda **k: make(optimizer=AdamW)]
)
def test_momentum_goes_against_the_rate(optimizer):
    optimizer = optimizer()
    schedule = OneCycleLR(optimizer, 1.0, 11, pct_start=0.5)
    group, momenta = optimizer.param_groups[0], []
    for _ in range(11):
        momenta.append(group["betas"][0] if "betas" in group else group["momentum"])
        optimizer.step()
        schedule.step()
    assert momenta[0] == 0.95
    assert min(momenta) == pytest.approx(0.85, abs=0.01)
    assert momenta[-1] == pytest.approx(0.95)
    with pytest.raises(ValueError, match=r"Tried to step 12 times. The .* total steps is 11"):
        schedule.step()


def test_a_tensor_stays_the_same_tensor():
    lr = minitorch.tensor(0.5)
    optimizer = SGD([minitorch.zeros(1, requires_grad=True)], lr=lr)
    schedule = StepLR(optimizer, 1, 0.5)
    for _ in range(2):
        optimizer.step()
        schedule.step()
    assert optimizer.param_groups[0]["lr"] is lr
    assert lr.item() == 0.125
    assert optimizer.param_groups[0]["initial_lr"].item() == 0.5


def test_plateau():
    optimizer = make()
    schedule = ReduceLROnPlateau(optimizer, patience=2, factor=0.5, cooldown=1, min_lr=[0.1, 0.0])
    rates = []
    for metric in [3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, math.nan, 2, 2, 2]:
        schedule.step(metric)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [0.5] * 4 + [0.25] * 4 + [0.125] * 4 + [0.125] * 2 + [0.1] * 2
    assert optimizer.param_groups[1]["lr"] == 0.03125
    assert schedule.get_last_lr() == [0.1, 0.03125]


def test_plateau_up():
    optimizer = make()
    schedule = ReduceLROnPlateau(
        optimizer, mode="max", patience=0, threshold=0.5, threshold_mode="abs"
    )
    for metric, rate in [(1, 0.5), (2, 0.5), (2.25, 0.05), (3, 0.05)]:
        schedule.step(metric)
        assert optimizer.param_groups[0]["lr"] == pytest.approx(rate)


def test_stepping_the_schedule_first_warns():
    schedule = StepLR(make(), 1)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        schedule.step()
    with pytest.warns(UserWarning, match="get_last_lr"):
        schedule.get_lr()


def test_epoch_argument():
    optimizer = make()
    schedule = ExponentialLR(optimizer, 0.5)
    optimizer.step()
    with pytest.warns(UserWarning, match="epoch parameter"):
        schedule.step(3)
    assert schedule.get_last_lr()[0] == 0.0625
    restarts = CosineAnnealingWarmRestarts(make(), 4, 2)
    restarts.step(14.5)
    assert restarts.get_last_lr()[0] == pytest.approx(0.25 * (1 + math.cos(math.pi * 2.5 / 16)))


def test_callable_objects_are_saved():
    class Halving:
        def __init__(self, factor):
            self.factor = factor

        def __call__(self, epoch):
            return self.factor**epoch

    schedule = LambdaLR(make(), Halving(0.5))
    state = schedule.state_dict()
    assert state["lr_lambdas"] == [{"factor": 0.5}] * 2
    other = LambdaLR(make(), Halving(0.1))
    other.load_state_dict(state)
    assert other.lr_lambdas[0].factor == 0.5
    assert LambdaLR(make(), lambda e: 1.0).state_dict()["lr_lambdas"] == [None, None]


def test_resuming_needs_the_first_rates():
    with pytest.raises(KeyError, match=r"initial_lr.* is not specified in param_groups.0."):
        StepLR(make(), 1, last_epoch=3)


ERRORS = [
    (lambda o: StepLR(None, 1), TypeError, "NoneType is not an Optimizer"),
    (lambda o: ConstantLR(o, factor=2), ValueError, "between 0 and 1"),
    (lambda o: LinearLR(o, start_factor=0), ValueError, "greater than 0"),
    (lambda o: LinearLR(o, end_factor=2), ValueError, "between 0 and 1"),
    (lambda o: LambdaLR(o, [abs]), ValueError, "Expected 2 lr_lambdas, but got 1"),
    (lambda o: MultiplicativeLR(o, 0.5), TypeError, "lr_lambda should be a function"),
    (lambda o: CosineAnnealingWarmRestarts(o, 0), ValueError, "Expected positive integer T_0"),
    (lambda o: CosineAnnealingWarmRestarts(o, 1, 0), ValueError, "T_mult >= 1"),
    (lambda o: CosineAnnealingWarmRestarts(o, 1).step(-1), ValueError, "non-negative epoch"),
    (lambda o: CyclicLR(o, [0.1], 1.0), ValueError, "base_lr must have the same length"),
    (lambda o: CyclicLR(o, 0.1, 1.0, mode="square"), ValueError, "mode is invalid"),
    (
        lambda o: CyclicLR(make(optimizer=minitorch.optim.Adagrad), 0.1, 1.0),
        ValueError,
        "optimizer must support momentum or beta1",
    ),
    (lambda o: OneCycleLR(o, 0.1), ValueError, "You must define either total_steps"),
    (lambda o: OneCycleLR(o, 0.1, -1), ValueError, "Expected positive integer total_steps"),
    (lambda o: OneCycleLR(o, 0.1, 5, pct_start=2), ValueError, "Expected float between 0 and 1"),
    (lambda o: OneCycleLR(o, 0.1, 5, anneal_strategy="x"), ValueError, "must be one of 'cos'"),
    (lambda o: ReduceLROnPlateau(o, factor=1.0), ValueError, "Factor should be < 1.0"),
    (lambda o: ReduceLROnPlateau(o, mode="x"), ValueError, "mode x is unknown"),
    (lambda o: ReduceLROnPlateau(o, min_lr=[1]), ValueError, "expected 2 min_lrs, got 1"),
    (lambda o: SequentialLR(o, [], []), ValueError, "expects at least one scheduler"),
    (lambda o: SequentialLR(o, [StepLR(o, 1)], [1]), ValueError, "to be one more than the number"),
    (lambda o: SequentialLR(o, [ReduceLROnPlateau(o)], []), ValueError, "ReduceLROnPlateau"),
    (lambda o: ChainedScheduler([StepLR(o, 1), StepLR(make(), 1)]), ValueError, "same optimizer"),
    (lambda o: lr_scheduler.LRScheduler(o), NotImplementedError, None),
]


@pytest.mark.parametrize(("make_it", "error", "message"), ERRORS)
def test_errors(make_it, error, message):
    with pytest.raises(error, match=message), warnings.catch_warnings():
        make_it(make())


def test_a_step_that_was_replaced_is_told_of() -> None:
    optimizer = SGD([minitorch.ones(1, requires_grad=True)], 0.1)
    scheduler = lr_scheduler.StepLR(optimizer, 1)
    step = optimizer.step
    optimizer.step = lambda: step()
    optimizer.step()
    with pytest.warns(UserWarning, match="has been overridden"):
        scheduler.step()


def test_old_state_dicts_hold_the_curve_of_one_cycle():
    new, old = (OneCycleLR(make(momentum=0.5), 1.0, 11) for _ in range(2))
    del old._anneal_func_type
    old.load_state_dict(old.state_dict() | {"anneal_func": OneCycleLR._annealing_cos})
    assert old._anneal_func(2.0, 1.0, 0.2) == new._anneal_func(2.0, 1.0, 0.2)
