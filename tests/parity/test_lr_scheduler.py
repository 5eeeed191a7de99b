"""Schedules and averaged models against PyTorch's."""

from __future__ import annotations

import minitorch
import numpy as np
import pytest
import torch

SCHEDULES = {
    "StepLR": [{"step_size": 7, "gamma": 0.3}],
    "MultiStepLR": [{"milestones": [3, 10, 10, 30], "gamma": 0.5}],
    "ConstantLR": [{}, {"factor": 0.2, "total_iters": 20}],
    "LinearLR": [{}, {"start_factor": 0.1, "end_factor": 0.3, "total_iters": 33}],
    "ExponentialLR": [{"gamma": 0.93}],
    "PolynomialLR": [{}, {"total_iters": 40, "power": 1.7}],
    "CosineAnnealingLR": [{"T_max": 12}, {"T_max": 60, "eta_min": 0.01}],
    "CosineAnnealingWarmRestarts": [{"T_0": 5}, {"T_0": 4, "T_mult": 2, "eta_min": 1e-3}],
    "LambdaLR": [
        {"lr_lambda": lambda e: 0.9**e},
        {"lr_lambda": [lambda e: 1 / (e + 1), lambda e: 1 + e]},
    ],
    "MultiplicativeLR": [{"lr_lambda": lambda e: 1 - 0.5 / (e + 1)}],
    "CyclicLR": [
        {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 6},
        {"base_lr": [0.01, 0.02], "max_lr": 0.2, "step_size_up": 6, "mode": "triangular2"},
        {
            "base_lr": 0.01, "max_lr": 0.2, "step_size_up": 3, "step_size_down": 5,
            "mode": "exp_range", "gamma": 0.9,
        },
        {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 6, "scale_fn": lambda x: 1 / x},
    ],
    "OneCycleLR": [
        {"max_lr": 0.3, "total_steps": 60},
        {"max_lr": [0.3, 0.1], "epochs": 6, "steps_per_epoch": 10, "three_phase": True},
        {"max_lr": 0.3, "total_steps": 55, "anneal_strategy": "linear", "pct_start": 0.5},
    ],
}  # fmt: skip
SCHEDULE_CASES = [
    pytest.param(name, kwargs, id=f"{name}-{k}")
    for name, cases in SCHEDULES.items()
    for k, kwargs in enumerate(cases)
]
OPTIMIZERS = {"SGD": {"lr": 0.1, "momentum": 0.9}, "AdamW": {"lr": 0.05}}


def two_groups(library, name="SGD", **kwargs):
    a, b = (library.ones(2, requires_grad=True) for _ in range(2))
    a.grad = library.ones(2)
    kwargs = {**OPTIMIZERS[name], **kwargs}
    return getattr(library.optim, name)([{"params": [a]}, {"params": [b], "lr": 0.02}], **kwargs)


def rates(optimizer):
    names = ("lr", "momentum", "betas", "initial_lr")
    return [[float(v) if n == "lr" else v for n in names if (v := g.get(n)) is not None]
            for g in optimizer.param_groups]  # fmt: skip


def run_schedules(make, epochs=50, resume=20, metrics=None, **kwargs):
    """Every epoch's rates agree bit for bit, also when both resume from a state_dict."""
    pair = [two_groups(library, **kwargs) for library in (minitorch, torch)]
    schedules = [
        make(library, optimizer)
        for library, optimizer in zip((minitorch, torch), pair, strict=True)
    ]
    for epoch in range(epochs):
        if epoch == resume:
            saved = [(o.state_dict(), s.state_dict()) for o, s in zip(pair, schedules, strict=True)]
            assert set(saved[0][1]) == set(saved[1][1])
            pair = [two_groups(library, **kwargs) for library in (minitorch, torch)]
            schedules = [make(lib, o) for lib, o in zip((minitorch, torch), pair, strict=True)]
            for optimizer, schedule, (state, own) in zip(pair, schedules, saved, strict=True):
                schedule.load_state_dict(own)
                optimizer.load_state_dict(state)
        for optimizer, schedule in zip(pair, schedules, strict=True):
            optimizer.step()
            schedule.step(*(() if metrics is None else (metrics[epoch],)))
        assert rates(pair[0]) == rates(pair[1])
        assert [float(x) for x in schedules[0].get_last_lr()] == [
            float(x) for x in schedules[1].get_last_lr()
        ]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("name", "kwargs"), SCHEDULE_CASES)
def test_schedule(name, kwargs, optimizer):
    def make(library, o):
        return getattr(library.optim.lr_scheduler, name)(o, **kwargs)

    run_schedules(make, name=optimizer)


@pytest.mark.parametrize(("name", "kwargs"), SCHEDULE_CASES)
def test_schedule_of_a_tensor(name, kwargs):
    pair = []
    for library in (minitorch, torch):
        p = library.ones(2, requires_grad=True)
        p.grad = library.ones(2)
        optimizer = library.optim.SGD([p], lr=library.tensor(0.1), momentum=0.9)
        single = {
            k: v[0] if k != "milestones" and isinstance(v, list) else v for k, v in kwargs.items()
        }
        schedule = getattr(library.optim.lr_scheduler, name)(optimizer, **single)
        lr = optimizer.param_groups[0]["lr"]
        found = []
        for _ in range(20):
            optimizer.step()
            schedule.step()
            found.append(lr.item())
        pair.append(found)
    np.testing.assert_allclose(*pair, rtol=1e-6)


def test_sequential_and_chained():
    def sequential(library, o):
        s = library.optim.lr_scheduler
        parts = [s.LinearLR(o, 0.1, 1.0, 10), s.ExponentialLR(o, 0.9), s.StepLR(o, 5)]
        return s.SequentialLR(o, parts, milestones=[10, 30])

    def chained(library, o):
        s = library.optim.lr_scheduler
        return s.ChainedScheduler([s.ConstantLR(o, 0.1, 10), s.ExponentialLR(o, 0.9)], o)

    def nested(library, o):
        s = library.optim.lr_scheduler
        parts = [s.ConstantLR(o, 0.1, 10), s.CosineAnnealingLR(o, 20)]
        return s.SequentialLR(o, parts, milestones=[8])

    for make in (sequential, chained, nested):
        run_schedules(make)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"patience": 2},
        {"mode": "max", "patience": 1, "cooldown": 2, "threshold_mode": "abs", "factor": 0.5},
        {"patience": 0, "min_lr": [0.01, 0.005], "threshold": 0.1, "factor": 0.7},
        {"mode": "max", "patience": 3, "threshold": 0.2},
    ],
    ids=str,
)
def test_plateau(kwargs):
    metrics = np.random.default_rng(0).standard_normal(50).cumsum().tolist()

    def make(library, o):
        return library.optim.lr_scheduler.ReduceLROnPlateau(o, **kwargs)

    run_schedules(make, metrics=metrics)


@pytest.mark.parametrize("kwargs", [{}, {"anneal_epochs": 3}, {"anneal_epochs": 0}, {
    "anneal_strategy": "linear", "anneal_epochs": 30}], ids=str)  # fmt: skip
def test_swalr(kwargs):
    def make(library, o):
        return library.optim.swa_utils.SWALR(o, swa_lr=[0.5, 0.001], **kwargs)

    run_schedules(make)


@pytest.mark.parametrize(
    ("kind", "use_buffers"),
    [
        (kind, use_buffers)
        for kind in ("default", "swa", "multi_swa", "ema", "multi_ema", "own")
        for use_buffers in (False, True)
        # PyTorch refuses the mean of BatchNorm's integer counter
        if (kind, use_buffers) != ("multi_swa", True)
    ],
)
def test_averaged_model(kind, use_buffers):
    found = []
    for library in (minitorch, torch):
        rng = np.random.default_rng(0)
        swa = library.optim.swa_utils
        chosen = {
            "default": {},
            "swa": {"avg_fn": swa.get_swa_avg_fn()},
            "multi_swa": {"multi_avg_fn": swa.get_swa_multi_avg_fn()},
            "ema": {"avg_fn": swa.get_ema_avg_fn(0.7)},
            "multi_ema": {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.3)},
            "own": {"avg_fn": lambda a, b, n: 0.25 * a + 0.75 * b},
        }[kind]
        model = library.nn.Sequential(library.nn.Linear(3, 2), library.nn.BatchNorm1d(2))
        averaged = swa.AveragedModel(model, use_buffers=use_buffers, **chosen)
        for _ in range(4):
            for p in [*model.parameters(), *model.buffers()][:-1]:
                p.data = library.tensor(rng.standard_normal(tuple(p.shape)).astype(np.float32))
            averaged.update_parameters(model)
        batches = [library.tensor(rng.standard_normal((8, 3)).astype(np.float32)) for _ in range(3)]
        swa.update_bn(batches, averaged)
        found.append({k: v.detach().numpy() for k, v in averaged.state_dict().items()})
    assert list(found[0]) == list(found[1])
    for name in found[0]:
        np.testing.assert_allclose(found[0][name], found[1][name], rtol=1e-5, atol=1e-6)
