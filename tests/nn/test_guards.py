"""Which changes of modules, hooks and optimizers between two calls a compiled function's guards
see."""

import minitorch as torch
import pytest
from minitorch import nn
from minitorch.compiler.guards import World
from module_worlds import CHANGES, SAME, Net, hook


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
    assert "schedule" in recorded(both, x)[1]
    world, reason = recorded(step, x)
    assert reason is None
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
