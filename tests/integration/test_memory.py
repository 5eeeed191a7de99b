"""Memory goes when the loss goes; depth is no trouble."""

import gc
import tracemalloc

import minitorch as torch
import pytest


def core_step():
    w = torch.randn(20, 20, requires_grad=True)

    def step():
        x = torch.randn(8, 20)
        loss = ((x @ w).tanh() - x).square().mean()
        loss.backward()
        with torch.no_grad():
            w.sub_(0.1 * w.grad)
        w.grad = None

    return step


def double_backward_step():
    w = torch.randn(20, 20, requires_grad=True)

    def step():
        x = torch.randn(8, 20, requires_grad=True)
        (slope,) = torch.autograd.grad((x @ w).exp().mean(), x, create_graph=True)
        slope.square().sum().backward()
        w.grad = None

    return step


def module_step():
    nn = pytest.importorskip("minitorch.nn", reason="the core alone")
    optim = pytest.importorskip("minitorch.optim", reason="the core alone")
    model = nn.Sequential(nn.Linear(10, 50), nn.ReLU(), nn.Linear(50, 5))
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def step():
        optimizer.zero_grad()
        x, y = torch.randn(16, 10), torch.randint(0, 5, (16,))
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


@pytest.mark.parametrize("make", [core_step, double_backward_step, module_step])
def test_a_thousand_steps_leak_nothing_and_make_no_cycles(make):
    step = make()
    for _ in range(20):
        step()
    gc.collect()
    gc.disable()  # what only the collector could free would count as a leak
    tracemalloc.start()
    try:
        step()
        objects, (memory, _) = len(gc.get_objects()), tracemalloc.get_traced_memory()
        for _ in range(1000):
            step()
        more = len(gc.get_objects()) - objects
        more_memory = tracemalloc.get_traced_memory()[0] - memory
    finally:
        tracemalloc.stop()
        gc.enable()
    assert more < 50
    assert (
        more_memory < 400_000
    )  # Python's free lists fill up; 1,000 of the smallest arrays are more


def test_a_graph_100_000_operations_deep():
    x = torch.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 0.5
    y.backward()
    assert x.grad.item() == 1
    z = x
    for _ in range(100_000):
        z = z + 0.5
    del z  # without a backward pass the graph is freed all the same
