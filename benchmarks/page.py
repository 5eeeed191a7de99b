"""What ``minitorch.explain`` costs: time to record beside the plain step's, time and size of pages.

    python benchmarks/page.py

Times are of the processor, the best of many runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import minitorch as torch
from minitorch import nn


def training_step(model: Any, x: Any, classes: int) -> Callable[[], None]:
    """A step of SGD on random labels."""
    y = torch.randint(0, classes, (len(x),))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def step() -> None:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()

    return step


def chain(length: int) -> Callable[[], None]:
    """As many operations on two numbers: nothing but overhead."""
    x = torch.ones(2, requires_grad=True)

    def step() -> None:
        y = x
        for _ in range(length):
            y = y.sin()
        y.sum().backward()

    return step


STEPS = {
    "10-100-5 network, batch 64": training_step(
        nn.Sequential(nn.Linear(10, 100), nn.Tanh(), nn.Linear(100, 5)), torch.randn(64, 10), 5
    ),
    "784-512-10 network, batch 256": training_step(
        nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10)),
        torch.randn(256, 784),
        10,
    ),
    "convolutional network": training_step(
        nn.Sequential(
            nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1352, 10)
        ),
        torch.randn(32, 1, 28, 28),
        10,
    ),
    "1,000 operations on two numbers": chain(1000),
}


def best(call: Callable[[], Any], seconds: float = 1.0) -> float:
    """The least processor time of ``call``, for as long as ``seconds``."""
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end or len(found) < 3:
        started = time.thread_time()
        call()
        found.append(time.thread_time() - started)
    return min(found)


def main() -> None:
    print(f"{'':32} {'step':>10} {'recorded':>10} {'ratio':>6} {'page made':>10} {'size':>8}")
    for name, step in STEPS.items():
        plain, recorded = best(step), best(torch.explain(step))
        page = torch.explain(step)()
        started = time.thread_time()
        size = len(page.html().encode())
        made = time.thread_time() - started
        print(
            f"{name:32} {plain * 1e6:8.0f} µs {recorded * 1e6:8.0f} µs {recorded / plain:6.1f} "
            f"{made * 1e3:7.0f} ms {size / 1e6:5.2f} MB"
        )


if __name__ == "__main__":
    main()
