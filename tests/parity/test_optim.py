"""Optimizers against PyTorch's, on the same gradients."""

from __future__ import annotations

import minitorch
import numpy as np
import pytest
import torch
from torch.testing._internal.common_optimizers import optim_db

STEPS = 10
SHAPES = [(3, 4), (4,), (), (2, 3, 2), (1,), (200, 100), (0, 3)]
CASES = [
    pytest.param(info.name, case.kwargs, id=f"{info.name}-{case.desc}".replace(" ", "_"))
    for info in optim_db
    for case in info.optim_inputs_func(device="cpu")
    if info.name not in ("LBFGS", "SparseAdam")
]
EXTRA = [
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1, "maximize": True}),
    ("Adam", {"lr": torch.tensor(0.01)}),
    ("Adam", {"betas": (torch.tensor(0.8), torch.tensor(0.9)), "lr": torch.tensor(0.001)}),
    ("Adam", {"amsgrad": True, "decoupled_weight_decay": True, "weight_decay": 0.1, "eps": 1e-3}),
    ("AdamW", {"lr": torch.tensor(0.01), "amsgrad": True, "betas": (0.3, 0.5)}),
    ("NAdam", {"lr": torch.tensor(0.01), "betas": (0.7, 0.95)}),
    ("RAdam", {"lr": torch.tensor(0.01), "betas": (0.7, 0.8)}),
    ("Adamax", {"lr": torch.tensor(0.01)}),
    ("Adadelta", {"lr": torch.tensor(0.5)}),
    ("RMSprop", {"lr": torch.tensor(0.01), "momentum": 0.5}),
    ("Rprop", {"lr": torch.tensor(0.01)}),
    ("ASGD", {"t0": 3, "lambd": 0.1, "alpha": 0.5}),
    ("Adagrad", {"fused": True}),
    ("SGD", {"foreach": True, "momentum": 0.9}),
]
CASES += [
    pytest.param(name, kwargs, id=f"{name}-extra{k}") for k, (name, kwargs) in enumerate(EXTRA)
]
BIT_FOR_BIT = [
    ("SGD", {"lr": 0.01}),
    ("SGD", {"lr": 0.01, "momentum": 0.9}),
    ("SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.01, "momentum": 0.9, "dampening": 0.3, "maximize": True}),
    ("Adamax", {}),
    ("ASGD", {}),
    ("Rprop", {}),
]


def ours(value):
    """A value of PyTorch's as MiniTorch's."""
    if isinstance(value, torch.Tensor):
        return minitorch.tensor(value.detach().numpy())
    if isinstance(value, dict):
        return {k: ours(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(ours(v) for v in value)
    return value


def theirs(value):
    """A value of MiniTorch's as PyTorch's."""
    if isinstance(value, minitorch.Tensor):
        return torch.from_numpy(value.detach().numpy().copy())
    if isinstance(value, dict):
        return {k: theirs(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(theirs(v) for v in value)
    return value


def parameters(shapes, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    if np.dtype(dtype).kind == "c":
        arrays = [a + 1j * rng.standard_normal(a.shape) for a in arrays]
        arrays = [a.astype(dtype) for a in arrays]
    real = np.dtype(dtype).kind != "c"  # MiniTorch's autograd is for real numbers
    a = [minitorch.tensor(x, requires_grad=real) for x in arrays]
    b = [torch.tensor(x, requires_grad=True) for x in arrays]
    return a, b


def give_gradients(a, b, seed, missing=0.0):
    rng = np.random.default_rng(1000 + seed)
    for p, q in zip(a, b, strict=True):
        array = rng.standard_normal(tuple(q.shape))
        if q.is_complex():
            array = array + 1j * rng.standard_normal(tuple(q.shape))
        if rng.random() < missing:
            p.grad = q.grad = None
        else:
            q.grad = torch.from_numpy(np.array(array)).to(q.dtype)
            p.grad = minitorch.tensor(q.grad.numpy())


def assert_same(a, b, tolerance=1e-9):
    for p, q in zip(a, b, strict=True):
        np.testing.assert_allclose(
            p.detach().numpy(), q.detach().numpy(), rtol=tolerance, atol=tolerance
        )


def assert_same_state(ours_state, theirs_state, tolerance=1e-9):
    assert list(ours_state) == list(theirs_state)
    for group, expected in zip(
        ours_state["param_groups"], theirs_state["param_groups"], strict=True
    ):
        assert list(group) == list(expected)
        assert group["params"] == expected["params"]
    assert list(ours_state["state"]) == list(theirs_state["state"])
    for key, expected in theirs_state["state"].items():
        entry = ours_state["state"][key]
        assert list(entry) == list(expected)
        for name, value in expected.items():
            if isinstance(value, torch.Tensor):
                assert str(entry[name].dtype) == str(value.dtype), name
                assert tuple(entry[name].shape) == tuple(value.shape), name
                np.testing.assert_allclose(
                    entry[name].numpy(), value.numpy(), rtol=max(tolerance, 2e-7), atol=tolerance
                )


def shapes_for(name):
    if name == "Muon":
        return [(3, 4), (40, 30), (5, 20)]
    return [s for s in SHAPES if name != "Adafactor" or 0 not in s]  # PyTorch divides by zero


def tolerance(name):
    """Muon rounds to bfloat16 on the way: a sum may come out on the other side of a boundary."""
    return 1e-4 if name == "Muon" else 1e-9


@pytest.mark.parametrize(("name", "kwargs"), CASES)
def test_trajectory(name, kwargs):
    a, b = parameters(shapes_for(name))
    mine = getattr(minitorch.optim, name)(a, **ours(kwargs))
    reference = getattr(torch.optim, name)(b, **kwargs)
    for step in range(STEPS):
        give_gradients(a, b, step)
        mine.step()
        reference.step()
        assert_same(a, b, tolerance(name))
    assert_same_state(mine.state_dict(), reference.state_dict())


@pytest.mark.parametrize(("name", "kwargs"), CASES)
def test_missing_gradients(name, kwargs):
    a, b = parameters(shapes_for(name) * 2)
    mine = getattr(minitorch.optim, name)(a, **ours(kwargs))
    reference = getattr(torch.optim, name)(b, **kwargs)
    for step in range(STEPS):
        give_gradients(a, b, step, missing=0.4)
        mine.step()
        reference.step()
        assert_same(a, b, tolerance(name))
    theirs_state, ours_state = reference.state_dict(), mine.state_dict()
    for state in (theirs_state, ours_state):  # the order of first appearance
        state["state"] = dict(sorted(state["state"].items()))
    assert_same_state(ours_state, theirs_state)


@pytest.mark.parametrize(("name", "kwargs"), CASES)
def test_state_there_and_back(name, kwargs):
    """Half of the way with one library, the other half with the other one."""
    a, b = parameters(shapes_for(name))
    mine = getattr(minitorch.optim, name)(a, **ours(kwargs))
    reference = getattr(torch.optim, name)(b, **kwargs)
    for step in range(4):
        give_gradients(a, b, step)
        mine.step()
        reference.step()
    state, reference_state = mine.state_dict(), reference.state_dict()
    mine = getattr(minitorch.optim, name)(a, **ours(kwargs))
    reference = getattr(torch.optim, name)(b, **kwargs)
    mine.load_state_dict(reference_state)
    reference.load_state_dict(theirs(state))
    for step in range(4, 8):
        give_gradients(a, b, step)
        mine.step()
        reference.step()
    assert_same(a, b, tolerance(name))
    assert_same_state(mine.state_dict(), reference.state_dict())


LBFGS = [case.kwargs for o in optim_db if o.name == "LBFGS" for case in o.optim_inputs_func("cpu")]
LBFGS += [{"history_size": 3, "lr": 0.5}, {"max_iter": 5, "line_search_fn": "strong_wolfe"}]


def lbfgs_closure(params, optimizer):
    """Two quadratics in one another, as real numbers; one of complex numbers with its gradient."""
    x, y = params

    def real():
        optimizer.zero_grad()
        loss = ((x - 1) * (x - 1)).sum() + 0.1 * ((y - x.sum() * x.sum()) ** 2).sum()
        loss.backward()
        return loss

    def complex():
        x.grad, y.grad = (2 * (x - 1)).detach(), (6 * (y - 1j)).detach()
        return float((abs((x - 1).detach().numpy()) ** 2).sum()) + 3 * float(
            (abs((y - 1j).detach().numpy()) ** 2).sum()
        )

    return complex if x.dtype.is_complex else real


@pytest.mark.parametrize("kwargs", LBFGS, ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_lbfgs(kwargs, dtype):
    """In the middle, each goes on with the other library's state."""
    a, b = parameters([(3, 2), (4,)], dtype)
    kwargs = {"max_iter": 4, **kwargs}
    mine, reference = minitorch.optim.LBFGS(a, **ours(kwargs)), torch.optim.LBFGS(b, **kwargs)
    for half in range(2):
        for _ in range(2):
            loss = mine.step(lbfgs_closure(a, mine))
            expected = reference.step(lbfgs_closure(b, reference))
            loss, expected = (x if type(x) is float else x.item() for x in (loss, expected))
            np.testing.assert_allclose(loss, expected, rtol=1e-8, atol=1e-20)
        assert_same(a, b, 1e-8)
        state, reference_state = mine.state_dict(), reference.state_dict()
        for name in ("func_evals", "n_iter"):
            assert state["state"][0][name] == reference_state["state"][0][name]
        assert list(state["state"][0]) == list(reference_state["state"][0])
        if not half:
            mine = minitorch.optim.LBFGS(a, **ours(kwargs))
            reference = torch.optim.LBFGS(b, **kwargs)
            mine.load_state_dict(reference_state)
            reference.load_state_dict(theirs(state))


COMPLEX = ("SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "Adagrad", "Adadelta", "RMSprop")
COMPLEX += ("Rprop", "ASGD")


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_parameters(name):
    a, b = parameters(SHAPES, np.complex128)
    mine = getattr(minitorch.optim, name)(a, lr=0.01)
    reference = getattr(torch.optim, name)(b, lr=0.01)
    for step in range(STEPS):
        give_gradients(a, b, step)
        mine.step()
        reference.step()
    assert_same(a, b)
    assert_same_state(mine.state_dict(), reference.state_dict())


@pytest.mark.parametrize("name", [*COMPLEX, "Adafactor"])
def test_groups_dtypes_and_large_parameters(name):
    shapes = [(30, 20), (300, 300), (7,), (40_000,), (5, 1)]
    a, b = parameters(shapes, np.float32)
    c, d = parameters(shapes, np.float64, seed=1)
    a += c
    b += d

    def groups(p):
        return [{"params": p[:4]}, {"params": p[4:], "lr": 0.02}]

    mine = getattr(minitorch.optim, name)(groups(a), lr=0.01)
    reference = getattr(torch.optim, name)(groups(b), lr=0.01)
    for step in range(STEPS):
        give_gradients(a, b, step, missing=0.2)
        mine.step()
        reference.step()
        for x, y in ((a, b), (c, d)):
            assert_same(x[:5], y[:5], 1e-5)
    assert_same(c, d)


@pytest.mark.parametrize("name", ["SGD", "Adam", "Rprop"])
def test_more_elements_than_one_thread_takes(name):
    a, b = parameters([(1200, 1000)], np.float32)
    mine = getattr(minitorch.optim, name)(a, lr=0.01)
    reference = getattr(torch.optim, name)(b, lr=0.01)
    for step in range(3):
        give_gradients(a, b, step)
        a[0].grad = minitorch.tensor(np.asfortranarray(a[0].grad.numpy()))
        mine.step()
        reference.step()
    assert_same(a, b, 1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "kwargs"), BIT_FOR_BIT)
def test_bit_for_bit(name, kwargs, dtype):
    """Sums of multiples are rounded as PyTorch's are."""
    a, b = parameters([(3, 4), (), (40_000,)], dtype)
    mine = getattr(minitorch.optim, name)(a, **kwargs)
    reference = getattr(torch.optim, name)(b, **kwargs)
    for step in range(STEPS):
        give_gradients(a, b, step)
        mine.step()
        reference.step()
    for p, q in zip(a, b, strict=True):
        assert p.tolist() == q.tolist()


def test_not_contiguous():
    rng = np.random.default_rng(0)
    w = rng.standard_normal((300, 200))
    a, b = minitorch.tensor(w, requires_grad=True), torch.tensor(w, requires_grad=True)
    a.data, b.data = a.data.T, b.data.T
    mine, reference = minitorch.optim.AdamW([a]), torch.optim.AdamW([b])
    for step in range(STEPS):
        give_gradients([a], [b], step)
        a.grad = minitorch.tensor(np.asfortranarray(a.grad.numpy()))
        mine.step()
        reference.step()
    assert_same([a], [b])


@pytest.mark.parametrize(("name", "kwargs"), CASES)
def test_groups_repr(name, kwargs):
    a, b = parameters([(2, 3)])
    kwargs = {k: v for k, v in kwargs.items() if not isinstance(v, torch.Tensor | tuple)}
    mine = getattr(minitorch.optim, name)(a, **kwargs)
    assert repr(mine) == repr(getattr(torch.optim, name)(b, **kwargs))


def converted(value, memo):
    """PyTorch's value as MiniTorch's; the same tensor twice stays the same tensor."""
    if isinstance(value, torch.Tensor):
        if id(value) not in memo:
            made = minitorch.tensor(value.detach().numpy())
            memo[id(value)] = made.requires_grad_(value.requires_grad)
        return memo[id(value)]
    if isinstance(value, dict):
        return {k: converted(v, memo) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(converted(v, memo) for v in value)
    return value


def bad_inputs():
    for info in optim_db:
        for k, case in enumerate(info.optim_error_inputs_func(device="cpu", dtype=torch.float32)):
            bad = case.optimizer_error_input
            if "dense params" in bad.desc:  # there are no sparse tensors
                continue
            # PyTorch's table leaves complex parameters to step(); see test_no_complex
            if "complex" not in bad.desc:
                yield pytest.param(info.name, case, id=f"{info.name}-{k}")


@pytest.mark.parametrize(("name", "case"), [*bad_inputs()])
def test_errors(name, case):
    bad = case.optimizer_error_input
    params, kwargs = converted([bad.params, bad.kwargs], {})
    if issubclass(case.error_type, Warning):
        with pytest.warns(case.error_type, match=case.error_regex):
            getattr(minitorch.optim, name)(params, **kwargs)
    elif name == "LBFGS" and "across param groups" in bad.desc:
        with pytest.raises(ValueError, match="parameter group"):
            getattr(minitorch.optim, name)(params, **kwargs)
    else:
        with pytest.raises(case.error_type, match=case.error_regex):
            getattr(minitorch.optim, name)(params, **kwargs)


@pytest.mark.parametrize("name", ["Adafactor", "Muon"])
def test_no_complex(name):
    a, _ = parameters([(2, 3)], np.complex128)
    a[0].grad = minitorch.tensor(np.ones((2, 3), np.complex128))
    with pytest.raises(RuntimeError, match=f"{name} does not support complex parameters"):
        getattr(minitorch.optim, name)(a).step()


# PyTorch's own backward through Adamax and Rprop stops at its in-place writes
@pytest.mark.parametrize("name", [n for n in COMPLEX if n not in ("Adamax", "Rprop")])
def test_differentiable(name):
    """The gradient through three steps, with respect to the start and the loss's coefficients."""
    found = []
    for library in (minitorch, torch):
        rng = np.random.default_rng(0)
        x = library.tensor(rng.standard_normal(5), requires_grad=True)
        a = library.tensor(rng.standard_normal((3, 5)), requires_grad=True)
        p = x.clone()
        kwargs = {"weight_decay": 0.1} if name != "Rprop" else {}
        optimizer = getattr(library.optim, name)([p], lr=0.1, differentiable=True, **kwargs)
        for k in range(3):
            p.grad = a[k] * a[k] - 0.5
            optimizer.step()
        (p * p).sum().backward()
        found.append([v.detach().numpy() for v in (p, x.grad, a.grad)])
    for mine, expected in zip(*found, strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["SGD", "AdamW", "Adagrad"])
def test_training(name):
    """A small network: the losses of 60 steps, with a schedule and clipped targets."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((64, 3)), rng.standard_normal((64, 2))
    values = [rng.standard_normal(s) * 0.5 for s in ((3, 16), (16,), (16, 2), (2,))]
    found = []
    for library in (minitorch, torch):
        w1, b1, w2, b2 = (library.tensor(v, requires_grad=True) for v in values)
        groups = [{"params": [w1, w2]}, {"params": [b1, b2], "lr": 0.01}]
        optimizer = getattr(library.optim, name)(groups, lr=0.02, weight_decay=0.01)
        schedule = library.optim.lr_scheduler.CosineAnnealingLR(optimizer, 60)
        data, target, losses = library.tensor(x), library.tensor(y), []
        for _ in range(60):
            optimizer.zero_grad()
            loss = ((library.tanh(data @ w1 + b1) @ w2 + b2 - target) ** 2).mean()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        found.append(losses)
    np.testing.assert_allclose(*found, rtol=1e-9)
