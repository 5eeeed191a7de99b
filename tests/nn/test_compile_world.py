"""Compiled modules and training steps give what they give uncompiled, whatever changes between two
calls."""

import warnings

import minitorch as torch
import pytest
from minitorch import nn
from minitorch.nn import functional as F
from module_worlds import CHANGES, SAME, Net, hook


@pytest.fixture(autouse=True)
def _classes():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    restore()


SAVED = Net.forward, nn.Linear.forward, nn.Module.__call__


def restore():
    Net.offset = 1.0
    Net.forward, nn.Linear.forward, nn.Module.__call__ = SAVED


def told(value):
    if isinstance(value, torch.Tensor):
        data = value.detach().numpy()
        return str(value.dtype), data.shape, data.tobytes(), value.requires_grad, value._version
    if isinstance(value, dict):
        return {str(told(key)): told(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [*map(told, value)]
    return repr(value) if isinstance(value, int | float | str | None) else type(value).__name__


def state(net):
    grads = {name: told(p.grad) for name, p in net.named_parameters()}
    return told(dict(net.named_parameters())), told(dict(net.named_buffers())), grads


def forward_and_backward(net, compiled):
    f = torch.compile(net) if compiled else net

    def call(x):
        made = f(x)
        made.sum().backward()
        return told(made)

    return call


def in_a_function(net, compiled):
    def loss(x):
        return F.mse_loss(net(x), torch.ones(5, 2)) * 3

    f = torch.compile(loss) if compiled else loss

    def call(x):
        made = f(x)
        if made.requires_grad:
            made.backward()
        return told(made)

    return call


def outcomes(make, change, compiled, calls=7):
    restore()
    torch.manual_seed(0)
    net = Net()
    call = make(net, compiled)
    found = []
    for k in range(calls):
        if k == 3:
            change(net)
        try:
            made = call(torch.randn(5, 3))
        except Exception as error:
            made = type(error).__name__, str(error)
        found.append((made, state(net)))
    return found


def check(eager, compiled):
    for call, (expected, got) in enumerate(zip(eager, compiled, strict=True), 1):
        assert got == expected, f"call {call}"


@pytest.mark.parametrize("make", [forward_and_backward, in_a_function])
@pytest.mark.parametrize("name", [*CHANGES, *SAME])
def test_a_change_of_a_module(name, make):
    change = {**CHANGES, **SAME}[name]
    check(outcomes(make, change, False), outcomes(make, change, True))


# --- whole steps ----------------------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": {"lr": 0.1},
    "SGD with momentum": {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01, "nesterov": True},
    "Adam": {"lr": 0.01},
    "AdamW": {"lr": 0.01, "amsgrad": True},
    "RMSprop": {"lr": 0.01},
    "Adagrad": {"lr": 0.01},
    "RAdam": {"lr": 0.01},  # another formula from the sixth step on
    "NAdam": {"lr": 0.01},
    "Adamax": {"lr": 0.01},
    "Adadelta": {"lr": 0.1, "weight_decay": 0.01},
    "ASGD": {"lr": 0.01, "t0": 3},
    "Rprop": {"lr": 0.01},
    "Adafactor": {"lr": 0.01},
}


def group(optimizer, **options):
    optimizer.param_groups[0].update(options)


def add_group(net, optimizer):
    more = nn.Parameter(torch.ones(4))
    net.register_parameter("more", more)
    optimizer.add_param_group({"params": [more], "lr": 0.5})


def load(net, optimizer):
    optimizer.load_state_dict(optimizer.state_dict())
    net.load_state_dict(net.state_dict())


def other_data(net, optimizer):
    for p in net.parameters():
        p.data = p.data * 0.5


STEP_CHANGES = {
    "nothing": lambda net, optimizer: None,
    "lr": lambda net, optimizer: group(optimizer, lr=0.5),
    "lr as a tensor": lambda net, optimizer: group(optimizer, lr=torch.tensor(0.05)),
    "momentum": lambda net, optimizer: group(optimizer, momentum=0.5),
    "betas": lambda net, optimizer: group(optimizer, betas=(0.5, 0.9)),
    "weight decay": lambda net, optimizer: group(optimizer, weight_decay=0.5),
    "maximize": lambda net, optimizer: group(optimizer, maximize=True),
    "new group": add_group,
    "state loaded": load,
    "state forgotten": lambda net, optimizer: optimizer.state.clear(),
    "step hook": lambda net, optimizer: optimizer.register_step_pre_hook(hook),
    "hook of a parameter": lambda net, optimizer: net.first.weight.register_hook(lambda g: g * 2),
    "frozen": lambda net, optimizer: net.first.requires_grad_(False),
    "gradient forgotten": lambda net, optimizer: setattr(net.first.weight, "grad", None),
    "gradient there": lambda net, optimizer: setattr(
        net.first.weight, "grad", torch.ones_like(net.first.weight)
    ),
    "other data": other_data,
    "parameter replaced": lambda net, optimizer: setattr(
        net.first, "weight", nn.Parameter(torch.ones(4, 3))
    ),
    "eval": lambda net, optimizer: net.eval(),
    "dropout": lambda net, optimizer: setattr(net.parts[1], "p", 0.5),
}


def step_outcomes(name, change, schedule, compiled, set_to_none):
    optim = pytest.importorskip("minitorch.optim")
    torch.manual_seed(0)
    net = Net()
    options = OPTIMIZERS[name]
    optimizer = getattr(optim, name.split()[0])(net.parameters(), **options)
    schedules = [optim.lr_scheduler.CosineAnnealingLR(optimizer, 5)] if schedule else []

    def step(x, y):
        optimizer.zero_grad(set_to_none=set_to_none)
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        for each in schedules:
            each.step()
        return loss

    f = torch.compile(step) if compiled else step
    found = []
    for call in range(8):
        if call == 4:
            change(net, optimizer)
        try:
            made = told(f(torch.randn(5, 3), torch.randint(0, 2, (5,))))
        except Exception as error:
            made = type(error).__name__, str(error)
        numbers = [told(g["lr"]) for g in optimizer.param_groups]
        states = [told(dict(optimizer.state.get(p, {}))) for p in net.parameters()]
        found.append((made, numbers, states, state(net)))
    return found


@pytest.mark.parametrize("change", STEP_CHANGES)
@pytest.mark.parametrize("name", ["SGD with momentum", "AdamW"])
def test_a_change_of_a_step(name, change):
    made = STEP_CHANGES[change]
    check(*(step_outcomes(name, made, False, compiled, True) for compiled in (False, True)))


@pytest.mark.parametrize("change", ["nothing", "lr", "state loaded", "frozen"])
def test_a_schedule_within_a_step(change):
    made = STEP_CHANGES[change]
    check(*(step_outcomes("SGD", made, True, compiled, True) for compiled in (False, True)))


PARTS = {
    "step": lambda net, optimizer: optimizer.step(),
    "step and zero_grad": lambda net, optimizer: (optimizer.step(), optimizer.zero_grad())[0],
    "zero_grad": lambda net, optimizer: optimizer.zero_grad(),
    "zero_grad to zero": lambda net, optimizer: optimizer.zero_grad(set_to_none=False),
    "zero_grad of the module": lambda net, optimizer: net.zero_grad(),
    "clip_grad_norm_": lambda net, optimizer: nn.utils.clip_grad_norm_(net.parameters(), 0.1),
    "clip_grad_value_": lambda net, optimizer: nn.utils.clip_grad_value_(net.parameters(), 0.1),
    "norm": lambda net, optimizer: nn.utils.get_total_norm(
        [p.grad for p in net.parameters() if p.grad is not None]
    ),
}  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_parts_of_steps_that_find_gradients_or_none(part):
    """Called where no parameter has a gradient, some have, all have, and none any more."""
    optim = pytest.importorskip("minitorch.optim")

    def found(compiled):
        torch.manual_seed(0)
        net = Net()
        optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        f = torch.compile(PARTS[part]) if compiled else PARTS[part]
        made = []
        for given in (0, 0, 2, 2, 99, 99, 0, 1, 99):
            for p in net.parameters():
                p.grad = None
            for p in list(net.parameters())[:given]:
                p.grad = torch.randn(p.shape)
            try:
                outcome = told(f(net, optimizer))
            except RuntimeError as error:
                outcome = str(error)
            made.append((outcome, state(net), told(list(optimizer.state.values()))))
        return made

    check(found(False), found(True))


@pytest.mark.parametrize("set_to_none", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name, set_to_none):
    made = STEP_CHANGES["lr"]
    check(*(step_outcomes(name, made, False, compiled, set_to_none) for compiled in (False, True)))
