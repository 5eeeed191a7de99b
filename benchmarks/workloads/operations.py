"""Single operations from 8 to ten million elements, and what an operation costs by itself."""

from __future__ import annotations

from functools import partial
from typing import Any

from .workload import WORKLOADS, Step, Workload, workload

SIZES = (8, 1_000, 100_000, 1_000_000, 10_000_000)

OPERATIONS: dict[str, Any] = {
    "add": lambda torch, a, b: a + b,
    "sub": lambda torch, a, b: a - b,
    "mul": lambda torch, a, b: a * b,
    "div": lambda torch, a, b: a / b,
    "maximum": lambda torch, a, b: torch.maximum(a, b),
    "where": lambda torch, a, b: torch.where(a > b, a, b),
    "cat": lambda torch, a, b: torch.cat([a, b]),
    "neg": lambda torch, a: -a,
    "abs": lambda torch, a: a.abs(),
    "square": lambda torch, a: a**2,
    "sqrt": lambda torch, a: a.sqrt(),
    "exp": lambda torch, a: a.exp(),
    "log": lambda torch, a: a.log(),
    "sin": lambda torch, a: a.sin(),
    "tanh": lambda torch, a: a.tanh(),
    "sigmoid": lambda torch, a: a.sigmoid(),
    "relu": lambda torch, a: a.relu(),
    "clamp": lambda torch, a: a.clamp(0.75, 1.25),
    "sum": lambda torch, a: a.sum(),
    "mean": lambda torch, a: a.mean(),
}
BINARY = ("add", "sub", "mul", "div", "maximum", "where", "cat")


def forward(torch: Any, size: int, name: str) -> Step:
    operation = OPERATIONS[name]
    inputs = [torch.rand(size) + 0.5 for _ in range(1 + (name in BINARY))]
    return lambda: operation(torch, *inputs)


def forward_and_backward(torch: Any, size: int, name: str) -> Step:
    operation = OPERATIONS[name]
    inputs = [(torch.rand(size) + 0.5).requires_grad_() for _ in range(1 + (name in BINARY))]
    incoming = torch.rand(operation(torch, *inputs).shape)

    def step() -> Any:
        for x in inputs:
            x.grad = None
        y = operation(torch, *inputs)
        y.backward(incoming)
        return y

    return step


for name in OPERATIONS:
    for build, suffix, title in (
        (forward, "", "forward"),
        (forward_and_backward, "_backward", "forward and backward"),
    ):
        key, title = name + suffix, f"`{name}`, {{size}}, {title}"
        WORKLOADS[key] = Workload(key, "operations", title, partial(build, name=name), SIZES)


@workload(200, growth=(50, 200, 800, 3200))
def chained_scalars(torch: Any, size: int) -> Step:
    """{size} chained scalar operations, forward and backward"""
    x = torch.tensor(0.5, requires_grad=True)

    def step() -> Any:
        x.grad = None
        y = x
        for _ in range(size // 2):
            y = y * 0.99 + 0.01
        y.backward()
        return y

    return step


@workload(64)
def tracked_add(torch: Any, size: int) -> Step:
    """`a + b`, tracked, {size}x{size}"""
    a, b = (torch.randn(size, size, requires_grad=True) for _ in range(2))
    return lambda: a + b


@workload(64)
def index_a_scalar(torch: Any, size: int) -> Step:
    """`x[3, 4]`, tracked, of {size}x{size}"""
    x = torch.randn(size, size, requires_grad=True)
    return lambda: x[3, 4]


@workload(10_000, growth=(1_000, 10_000, 100_000, 1_000_000))
def advanced_index(torch: Any, size: int) -> Step:
    """`x[i, j]`, {size} pairs of 1000x1000, forward"""
    x = torch.randn(1000, 1000)
    i, j = torch.randint(0, 1000, (2, size))
    return lambda: x[i, j]


@workload(10_000, growth=(1_000, 10_000, 100_000, 1_000_000))
def advanced_index_backward(torch: Any, size: int) -> Step:
    """`x[i, j]`, {size} pairs of 1000x1000, forward and backward"""
    x = torch.randn(1000, 1000, requires_grad=True)
    i, j = torch.randint(0, 1000, (2, size))
    incoming = torch.randn(size)

    def step() -> None:
        x.grad = None
        x[i, j].backward(incoming)

    return step
