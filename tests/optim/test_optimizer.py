"""Optimizer: groups, state, hooks, and what bad input gets."""

import copy
import inspect
import math
import pickle
import sys

import minitorch
import numpy as np
import pytest
from minitorch import optim
from minitorch.optim import SGD, Adam, AdamW, Optimizer, lr_scheduler


def parameter(*values):
    return minitorch.tensor(list(values), requires_grad=True)


def with_gradients(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    params = []
    for shape in shapes:
        p = minitorch.tensor(rng.standard_normal(shape), requires_grad=True)
        p.grad = minitorch.tensor(rng.standard_normal(shape))
        params.append(p)
    return params


def arrays(params):
    return [p.detach().numpy().copy() for p in params]


BAD = [
    (lambda p: SGD(p), TypeError, "params argument given to the optimizer should be an iterable"),
    (lambda p: SGD([]), ValueError, "optimizer got an empty parameter list"),
    (lambda p: SGD(iter([])), ValueError, "empty parameter list .an iterator"),
    (lambda p: SGD([1.0]), TypeError, "can only optimize Tensors, but one of the params is float"),
    (lambda p: SGD([p * 2]), ValueError, "can't optimize a non-leaf Tensor"),
    (lambda p: SGD([{"params": {p}}]), TypeError, "ordered collections"),
    (
        lambda p: SGD([{"params": [p]}, {"params": [p]}]),
        ValueError,
        "more than one parameter group",
    ),
    (lambda p: SGD([("a", p), parameter(1.0)]), ValueError, "with/without names"),
    (lambda p: SGD([p], lr=-1), ValueError, "Invalid learning rate: -1"),
    (lambda p: SGD([p], momentum=-0.5), ValueError, "Invalid momentum value: -0.5"),
    (lambda p: SGD([p], weight_decay=-1), ValueError, "Invalid weight_decay value: -1"),
    (lambda p: SGD([p], nesterov=True), ValueError, "Nesterov momentum requires a momentum"),
    (
        lambda p: SGD([p], lr=minitorch.tensor([1.0, 2.0])),
        ValueError,
        "Tensor lr must be 1-element",
    ),
    (lambda p: SGD([p], fused=True, foreach=True), RuntimeError, "cannot be `True` together"),
    (lambda p: SGD([p], fused=True, differentiable=True), RuntimeError, "not support `differ"),
    (lambda p: SGD([p]).add_param_group([p]), TypeError, "param_group must be a dict"),
    (lambda p: Adam([p], betas=(1.0, 0.5)), ValueError, "beta parameter at index 0: 1.0"),
    (lambda p: Adam([p], betas=(0.5, -1.0)), ValueError, "beta parameter at index 1: -1.0"),
    (lambda p: Adam([p], eps=-1), ValueError, "Invalid epsilon value: -1"),
    (lambda p: Adam([p], lr=minitorch.tensor(0.1), foreach=True), ValueError, "lr as a Tensor"),
    (lambda p: Optimizer([p], {}).step(), NotImplementedError, None),
]


@pytest.mark.parametrize(("make", "error", "message"), BAD)
def test_errors(make, error, message):
    with pytest.raises(error, match=message):
        make(parameter(1.0))


def test_duplicates_in_a_group_warn():
    p = parameter(1.0)
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optimizer = SGD([p, p], lr=0.25)
    p.grad = minitorch.tensor([1.0])
    optimizer.step()
    assert p.tolist() == [0.5]  # one step for each mention


def test_groups_have_their_own_options():
    a, b = parameter(1.0), parameter(1.0)
    groups = [{"params": a, "lr": 0.5}, {"params": iter([b])}]
    optimizer = SGD(groups, lr=0.125)
    (a.sum() + b.sum()).backward()
    optimizer.step()
    assert (a.item(), b.item()) == (0.5, 0.875)
    assert optimizer.param_groups[0] is groups[0]
    c = parameter(1.0)
    optimizer.add_param_group({"params": [c], "lr": 1.0})
    optimizer.zero_grad()
    (c * 0.5).sum().backward()
    optimizer.step()
    assert (a.item(), c.item()) == (0.5, 0.5)


def test_failed_add_param_group_changes_nothing():
    a, b = parameter(1.0), parameter(2.0)
    optimizer = SGD([a])
    group = {"params": [b, a]}
    with pytest.raises(ValueError, match="more than one"):
        optimizer.add_param_group(group)
    assert len(optimizer.param_groups) == 1
    assert list(group) == ["params"]


def test_named_parameters():
    a, b = parameter(1.0), parameter(2.0)
    optimizer = SGD([("a", a), ("b", b)])
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["a", "b"]
    with pytest.raises(ValueError, match="cannot add param group without names"):
        optimizer.add_param_group({"params": [parameter(3.0)]})


def test_zero_grad():
    p = parameter(1.0, 2.0)
    optimizer = SGD([p])
    (p * p).sum().backward()
    grad = p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is grad
    assert p.grad.tolist() == [0.0, 0.0]
    optimizer.zero_grad()
    assert p.grad is None


def test_closure_gets_gradients_and_its_loss_comes_back():
    p = parameter(2.0)
    optimizer = SGD([p], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with minitorch.no_grad():
        assert optimizer.step(closure).item() == 4.0
    assert p.item() == 1.0


def test_hooks():
    p = parameter(1.0)
    p.grad = minitorch.tensor([1.0])
    optimizer = SGD([p])
    seen = []
    first = optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("pre"))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("post"))
    with minitorch.optim.register_optimizer_step_pre_hook(lambda *a: seen.append("global")):
        pass
    optimizer.step()
    first.remove()
    optimizer.step()
    assert seen == ["pre", "post", "post"]
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        optimizer.step()


def test_state_dict_hooks():
    optimizer = SGD([parameter(1.0)])
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "extra": 1})
    optimizer.register_load_state_dict_pre_hook(
        lambda o, state: {k: v for k, v in state.items() if k != "extra"}
    )
    loaded = []
    optimizer.register_load_state_dict_post_hook(lambda o: loaded.append(1))
    state = optimizer.state_dict()
    assert state["extra"] == 1
    optimizer.load_state_dict(state)
    assert loaded == [1]


def test_state_dict_layout():
    params = with_gradients((2,), (3,))
    optimizer = Adam([{"params": params[:1]}, {"params": params[1:], "lr": 0.5}])
    optimizer.step()
    state = optimizer.state_dict()
    assert [g["params"] for g in state["param_groups"]] == [[0], [1]]
    assert list(state["state"]) == [0, 1]
    assert list(state["state"][0]) == ["step", "exp_avg", "exp_avg_sq"]
    assert state["state"][0]["step"].dtype == minitorch.float32
    assert state["state"][1]["exp_avg"].shape == (3,)


def test_load_casts_copies_and_does_not_share():
    (a,) = with_gradients((3,))
    optimizer = Adam([a])
    optimizer.step()
    b = minitorch.ones(3, requires_grad=True)
    other = Adam([b])
    other.load_state_dict(optimizer.state_dict())
    assert other.state[b]["exp_avg"].dtype == minitorch.float32
    assert other.state[b]["step"].item() == 1
    other.state[b]["step"].numpy()[...] = 7
    assert optimizer.state[a]["step"].item() == 1


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(3,), (2,)], "parameter group that doesn't match the size of optimizer's group: group 0"),
        (None, "different number of parameter groups: it has 2, the optimizer 1"),
    ],
)
def test_a_failed_load_changes_nothing(shapes, message):
    (p,) = with_gradients((3,))
    optimizer = Adam([p], lr=0.5)
    optimizer.step()
    before = copy.deepcopy(optimizer.state_dict())
    if shapes is None:
        a, b = with_gradients((3,), (2,))
        other = Adam([{"params": [a]}, {"params": [b]}])
    else:
        other = Adam(with_gradients(*shapes))
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(other.state_dict())
    assert str(optimizer.state_dict()) == str(before)


def test_a_state_of_another_shape_is_an_error():
    (p,) = with_gradients((3,))
    optimizer = Adam([p])
    optimizer.step()
    (q,) = with_gradients((4,))
    other = Adam([q])
    other.load_state_dict(optimizer.state_dict())
    with pytest.raises(RuntimeError, match=r"exp_avg has shape \[3\], but the parameter has .*4"):
        other.step()


def test_numpy_arrays_load():
    (p,) = with_gradients((3,))
    optimizer = Adam([p])
    optimizer.step()
    state = optimizer.state_dict()
    state["state"] = {
        k: {name: t.numpy() for name, t in entry.items()} for k, entry in state["state"].items()
    }
    optimizer.load_state_dict(state)
    optimizer.step()
    assert optimizer.state[p]["step"].item() == 2


def test_repr():
    text = repr(SGD([parameter(1.0)], lr=0.5))
    assert text.startswith("SGD (\nParameter Group 0\n    dampening: 0\n")
    assert "    lr: 0.5\n" in text
    assert text.endswith("\n)")


def test_pickle_and_deepcopy():
    params = with_gradients((3,), (2, 2))
    optimizer = AdamW(params, lr=0.1)
    optimizer.step()
    for clone in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        twins = clone.param_groups[0]["params"]
        assert twins[0] is not params[0]
        for twin, p in zip(twins, params):
            twin.grad = p.grad
        clone.step()
        expected = copy.deepcopy((optimizer, params))
        for twin, p in zip(expected[1], params):
            twin.grad = p.grad
        expected[0].step()
        for a, b in zip(arrays(twins), arrays(expected[0].param_groups[0]["params"])):
            assert (a == b).all()


class Halving(Optimizer):
    """An optimizer as users write them."""

    def __init__(self, params, factor=0.5):
        super().__init__(params, {"factor": factor})

    @minitorch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["count"] = self.state[p].get("count", 0) + 1
                p.mul_(group["factor"])


def test_users_own_optimizer():
    p = parameter(1.0)
    optimizer = Halving([p])
    seen = []
    optimizer.register_step_post_hook(lambda *args: seen.append(1))
    optimizer.step()
    assert p.item() == 0.5
    assert seen == [1]
    other = Halving([p])
    other.load_state_dict(optimizer.state_dict())
    assert other.state[p]["count"] == 1


@pytest.mark.parametrize("name", ["SGD", "AdamW", "NAdam", "RMSprop", "LBFGS"])
def test_a_resumed_run_continues_bit_for_bit(name):
    kwargs = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
    target = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)

    def start():
        params = [minitorch.zeros(20, 3, requires_grad=True)]
        params.append(minitorch.tensor([[0.1] * 4] * 3, requires_grad=True))
        optimizer = getattr(minitorch.optim, name)(params, lr=0.05, **kwargs)
        return params, optimizer, lr_scheduler.CosineAnnealingLR(optimizer, 10)

    def epochs(params, optimizer, schedule, count):
        for _ in range(count):

            def closure():
                optimizer.zero_grad()
                noise = minitorch.randn(20, 4) * 0.01
                difference = (params[0] + 0.1) @ params[1] + noise - minitorch.tensor(target)
                loss = (difference * difference).sum()
                loss.backward()
                return loss

            optimizer.step(closure)
            schedule.step()

    minitorch.manual_seed(3)
    params, optimizer, schedule = start()
    epochs(params, optimizer, schedule, 4)
    saved = pickle.dumps(
        (
            arrays(params),
            optimizer.state_dict(),
            schedule.state_dict(),
            minitorch.get_rng_state(),
        )
    )
    epochs(params, optimizer, schedule, 4)
    expected = arrays(params)

    params, optimizer, schedule = start()
    values, state, epoch, rng = pickle.loads(saved)
    for p, value in zip(params, values):
        p.data = minitorch.tensor(value)
    optimizer.load_state_dict(state)
    schedule.load_state_dict(epoch)
    minitorch.set_rng_state(rng)
    epochs(params, optimizer, schedule, 4)
    for a, b in zip(arrays(params), expected):
        assert (a == b).all()


NAMES = [
    "ASGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "LBFGS", "Muon", "NAdam",
    "RAdam", "RMSprop", "Rprop", "SGD",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_steps_and_loading_are_quiet(name):
    p = minitorch.full((4, 4), 1e-40, requires_grad=True)
    made = getattr(minitorch.optim, name)([p])
    with np.errstate(all="raise"):
        for size in (1e38, 1e-40, 0.0, math.inf, 1e-30):
            p.grad = minitorch.full((4, 4), size)
            made.step((lambda: (p * p).sum()) if name == "LBFGS" else None)
        state = made.state_dict()
        for entry in state["state"].values():
            for key, value in entry.items():
                if isinstance(value, minitorch.Tensor) and value.shape == p.shape:
                    entry[key] = minitorch.full((4, 4), 1e300, dtype=minitorch.float64)
        made.load_state_dict(state)


def calls_of(function):
    """How many calls, of Python's and C's functions, ``function()`` takes."""
    count = 0

    def seen(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("name", ["SGD", "Adam", "Adagrad"])
def test_the_first_step_is_linear_in_the_number_of_parameters(name):
    counts = []
    for size in (500, 2000):
        params = [minitorch.zeros(2, requires_grad=True) for _ in range(size)]
        for p in params:
            p.grad = minitorch.ones(2)
        optimizer = getattr(optim, name)(params, lr=0.1)
        counts.append(calls_of(optimizer.step))
    assert counts[1] < 5 * counts[0]


def test_a_subclass_that_does_not_call_init():
    """Wrappers around an optimizer, such as Lookahead, have its groups and nothing else."""

    class Wrapper(optim.Optimizer):
        def __init__(self, inner):
            self.inner, self.param_groups = inner, inner.param_groups

        def step(self, closure=None):
            return self.inner.step(closure)

    p = minitorch.ones(1, requires_grad=True)
    p.grad = minitorch.ones(1)
    wrapper = Wrapper(optim.SGD([p], lr=0.5))
    with optim.register_optimizer_step_pre_hook(lambda *a: None):
        wrapper.step()
    wrapper.zero_grad()
    assert p.tolist() == [0.5]
    assert p.grad is None

    class Plain(optim.SGD):
        def __init__(self, p):
            self.param_groups, self.state = [{**wrapper.param_groups[0], "params": [p]}], {}

    p.grad = minitorch.ones(1)
    Plain(p).step()
    assert p.tolist() == [0.0]


NUMBERS = [
    (name, option, default)
    for name in optim.__all__
    if name[0].isupper() and name != "Optimizer"
    for option, parameter in inspect.signature(getattr(optim, name)).parameters.items()
    if isinstance(default := parameter.default, bool | int | float | tuple)
]


@pytest.mark.parametrize(("name", "option", "default"), NUMBERS)
def test_strings_are_no_options(name, option, default):
    """YAML reads 1e-4 as a string."""
    params = [minitorch.zeros(2, 2, requires_grad=True)]
    text = tuple(map(str, default)) if isinstance(default, tuple) else str(default)
    with pytest.raises((TypeError, ValueError), match=r"is the string|str|Nesterov"):
        getattr(optim, name)(params, **{option: text})
    if not isinstance(default, tuple | bool) and name != "LBFGS":
        with pytest.raises(TypeError, match="float"):
            getattr(optim, name)([{"params": params, option: text}])


@pytest.mark.parametrize("name", ["adam", "sgd", "rmsprop", "Adma"])
def test_names_that_are_no_optimizers(name):
    with pytest.raises(AttributeError, match=r"has no (attribute|torch\.optim\.)") as raised:
        getattr(optim, name)
    assert ("is the class" in str(raised.value)) is name.islower()


def test_step_of_an_optimizer_without_init():
    class Wrapping(minitorch.optim.Optimizer):
        def __init__(self, inner):
            self.inner = inner
            self._patch_step_function()

        def step(self, closure=None):
            return self.inner.step(closure)

    p = minitorch.ones(2).requires_grad_()
    p.grad = minitorch.ones(2)
    made, seen = Wrapping(minitorch.optim.SGD([p], 0.5)), []
    made.register_step_post_hook(lambda *args: seen.append(1))
    made.step()
    assert p.tolist() == [0.5, 0.5]
    assert seen == [1]
    step = minitorch.optim.Optimizer.profile_hook_step(lambda self: seen.append(2))
    step(made)
    assert seen == [1, 2, 1]
