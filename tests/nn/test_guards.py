"""Which changes of modules, hooks and optimizers between two calls a compiled function's guards
see."""

import minitorch as torch
import pytest
from minitorch import nn
from minitorch.compiler.guards import World


class Net(nn.Module):
    offset = 1.0

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.parts = nn.ModuleList([nn.Linear(4, 4), nn.Dropout(0.0)])
        self.norm = nn.BatchNorm1d(4)
        self.last = nn.Linear(4, 2, bias=False)
        self.scale = 2.0
        self.sizes = [1, 2]
        self.extra = None
        self.unused = 5
        self.register_buffer("shift", torch.ones(4))

    def forward(self, x):
        x = self.first(x) * self.scale + self.shift + len(self.sizes) + self.offset
        for part in self.parts:
            x = part(x)
        if self.extra is not None:
            x = self.extra(x)
        return self.last(self.norm(x).relu())


def hook(*args):
    pass


# what changes `net`, and must be seen
CHANGES = {
    "eval": lambda net: net.eval(),
    "eval of a part": lambda net: net.norm.eval(),
    "training set": lambda net: setattr(net.parts[1], "training", False),
    "attribute": lambda net: setattr(net, "scale", 3.0),
    "attribute's type": lambda net: setattr(net, "scale", 2),
    "attribute deleted": lambda net: delattr(net, "scale"),
    "list grows": lambda net: net.sizes.append(3),
    "class attribute": lambda net: setattr(Net, "offset", 2.0),
    "class attribute hidden": lambda net: setattr(net, "offset", 2.0),
    "dropout's p": lambda net: setattr(net.parts[1], "p", 0.5),
    "momentum": lambda net: setattr(net.norm, "momentum", 0.5),
    "eps": lambda net: setattr(net.norm, "eps", 0.5),
    "part replaced": lambda net: setattr(net, "first", nn.Linear(3, 4)),
    "part set": lambda net: setattr(net, "extra", nn.ReLU()),
    "part replaced in the dictionary": lambda net: net._modules.update(first=nn.Linear(3, 4)),
    "part of a list replaced": lambda net: net.parts.__setitem__(0, nn.Linear(4, 4)),
    "part of a list added": lambda net: net.parts.append(nn.ReLU()),
    "part of a list inserted": lambda net: net.parts.insert(0, nn.ReLU()),
    "part of a list deleted": lambda net: net.parts.__delitem__(1),
    "bias given": lambda net: setattr(net.last, "bias", nn.Parameter(torch.zeros(2))),
    "bias taken": lambda net: setattr(net.first, "bias", None),
    "parameter deleted": lambda net: delattr(net.first, "bias"),
    "parameters tied": lambda net: setattr(net.parts[0], "bias", net.first.bias),
    "buffer taken": lambda net: setattr(net.norm, "running_mean", None),
    "class": lambda net: setattr(net.parts[1], "__class__", nn.ReLU),
    "forward of the instance": lambda net: setattr(net.first, "forward", lambda x: x),
    "forward of the class": lambda net: setattr(Net, "forward", lambda self, x: x),
    "forward of ours": lambda net: setattr(nn.Linear, "forward", lambda self, x: x),
    "call of ours": lambda net: setattr(nn.Module, "__call__", lambda self, x: x),
    "forward hook": lambda net: net.first.register_forward_hook(hook),
    "forward pre-hook": lambda net: net.register_forward_pre_hook(hook),
    "backward hook": lambda net: net.first.register_full_backward_hook(hook),
    "backward pre-hook": lambda net: net.first.register_full_backward_pre_hook(hook),
    "hook in the dictionary": lambda net: net.first._forward_hooks.update({0: hook}),
    "parametrized": lambda net: nn.utils.parametrize.register_parametrization(
        net.first, "weight", nn.Identity()
    ),
    "weight norm": lambda net: nn.utils.parametrizations.weight_norm(net.first),
    "pruned": lambda net: nn.utils.prune.identity(net.first, "weight"),
}

SAME = {
    "nothing": lambda net: None,
    "another module": lambda net: setattr(nn.Linear(2, 2), "scale", 3.0),
    "attribute that is not read": lambda net: setattr(net, "unread", [3]),
    "attribute written again": lambda net: setattr(net, "scale", 2.0),
    "eval and train": lambda net: net.eval().train(),
    "update in place": lambda net: net.first.weight.data.add_(1),
    "load_state_dict": lambda net: net.load_state_dict(net.state_dict()),
    "parameter replaced": lambda net: setattr(net.first, "weight", nn.Parameter(torch.ones(4, 3))),
    "parameter's data": lambda net: setattr(net.first.weight, "data", torch.ones(4, 3)),
    "buffer replaced": lambda net: setattr(net, "shift", torch.zeros(4)),
    "call": lambda net: net(torch.ones(5, 3)),
    "gradient": lambda net: net(torch.ones(5, 3)).sum().backward(),
    "zero_grad": lambda net: net.zero_grad(),
    "frozen": lambda net: net.requires_grad_(False),
    "double": lambda net: net.double(),
    "hook of another module": lambda net: nn.Linear(2, 2).register_forward_hook(hook),
    "hook that comes and goes": lambda net: net.first.register_forward_hook(hook).remove(),
}


@pytest.fixture(autouse=True)
def _classes():
    saved = Net.forward, nn.Linear.forward, nn.Module.__call__
    yield
    Net.offset = 1.0
    Net.forward, nn.Linear.forward, nn.Module.__call__ = saved


def recorded(function, *args):
    world = World(function, args, {})
    with world.watching():
        function(*args)
    return world, world.settle()


@pytest.mark.parametrize("as_argument", [False, True], ids=["global", "argument"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen(name, as_argument):
    net, x = Net(), torch.ones(5, 3)
    world, reason = recorded(*((lambda n, x: n(x), net, x) if as_argument else (net, x)))
    args = (net, x) if as_argument else (x,)
    assert reason is None
    assert world.holds(args, {}) is None
    CHANGES[name](net)
    assert world.holds(args, {}) is not None
    assert world.holds(args, {}) is not None  # and the next time, too


@pytest.mark.parametrize("name", SAME)
def test_the_world_holds(name):
    net, x = Net(), torch.ones(5, 3)
    world, reason = recorded(net, x)
    assert reason is None
    SAME[name](net)
    assert world.holds((x,), {}) is None
    found = world.read((x,), {})
    assert {id(t) for t in found} == set(map(id, (x, *net.parameters(), *net.buffers())))


@pytest.mark.parametrize(
    "register",
    [
        nn.modules.module.register_module_forward_hook,
        nn.modules.module.register_module_forward_pre_hook,
        nn.modules.module.register_module_full_backward_hook,
    ],
)
def test_hooks_of_all_modules(register):
    net, x = Net(), torch.ones(5, 3)
    world, reason = recorded(net, x)
    assert reason is None
    handle = register(hook)
    try:
        assert "hooks" in world.holds((x,), {})
        assert "hooks" in recorded(net, x)[1]
    finally:
        handle.remove()
    assert world.holds((x,), {}) is None


def test_hooks_are_a_reason():
    net, x = Net(), torch.ones(5, 3)
    net.first.register_forward_hook(hook)
    assert "hooks" in recorded(net, x)[1]


@pytest.mark.parametrize("name", ["keep", "count"])
def test_a_module_that_writes_to_itself_is_a_reason(name):
    class Keeps(nn.Module):
        count = 0

        def forward(self, x):
            if name == "keep":
                self.kept = x * 2
            else:
                self.count += 1
            return x

    assert "changed while" in recorded(Keeps(), torch.ones(3))[1]


def test_a_module_is_looked_at_again_only_after_a_write():
    net, x = Net(), torch.ones(5, 3)
    world, _ = recorded(net, x)
    assert world.holds((x,), {}) is None
    net.__dict__["scale"] = 3.0  # past Module: not seen, as the class's docstring says
    assert world.holds((x,), {}) is None
    nn.Linear(2, 2).training = True
    assert "scale" in world.holds((x,), {})


# --- optimizers -----------------------------------------------------------------------------------


def step_of(optimizer, net):
    def step(x):
        optimizer.zero_grad()
        net(x).sum().backward()
        optimizer.step()

    return step


OPTIONS = {
    "lr": (lambda o: o.param_groups[0].update(lr=0.5), True),
    "momentum": (lambda o: o.param_groups[0].update(momentum=0.5), True),
    "switch": (lambda o: o.param_groups[0].update(maximize=True), False),
    "lr as a tensor": (lambda o: o.param_groups[0].update(lr=torch.tensor(0.5)), False),
    "new option": (lambda o: o.param_groups[0].update(mine=1), False),
    "new group": (lambda o: o.add_param_group({"params": [torch.ones(2)]}), False),
    "parameters fewer": (lambda o: o.param_groups[0]["params"].pop(), False),
    "hook": (lambda o: o.register_step_pre_hook(hook), False),
    "hook after": (lambda o: o.register_step_post_hook(hook), False),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_optimizer(name):
    optim = pytest.importorskip("minitorch.optim")
    net, x = Net(), torch.ones(5, 3)
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    step_of(optimizer, net)(x)
    world, reason = recorded(step_of(optimizer, net), x)
    assert reason is None
    assert world.opaque == [optimizer]
    change, holds = OPTIONS[name]
    change(optimizer)
    assert (world.holds((x,), {}) is None) is holds


def test_schedule():
    optim = pytest.importorskip("minitorch.optim")
    net, x = Net(), torch.ones(5, 3)
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    schedule = optim.lr_scheduler.StepLR(optimizer, 1)
    step = step_of(optimizer, net)

    def both(x):
        step(x)
        schedule.step()

    both(x)
    world, reason = recorded(both, x)
    assert reason is None
    assert world.opaque == [optimizer, schedule] or world.opaque == [schedule, optimizer]
    schedule.step()
    assert world.holds((x,), {}) is None


def test_numbers_of_an_optimizer_that_the_code_reads():
    optim = pytest.importorskip("minitorch.optim")
    net, x = Net(), torch.ones(5, 3)
    optimizer = optim.SGD(net.parameters(), lr=0.1)

    def f(x):
        return net(x) * optimizer.param_groups[0]["lr"]

    world, reason = recorded(f, x)
    assert reason is None
    optimizer.param_groups[0]["lr"] = 0.2
    assert world.holds((x,), {}) is not None
