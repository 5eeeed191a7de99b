"""One `step()` of an optimizer, with PyTorch's defaults."""

from __future__ import annotations

from typing import Any

from .workload import Step, workload

SHAPES: dict[int, list[tuple[int, ...]]] = {
    6_405: [(100, 10), (100,), (50, 100), (50,), (5, 50), (5,)],  # six small ones
    100_000: [(250, 400)],
    1_000_000: [(1000, 1000)],
    10_000_000: [(2500, 4000)],
}
SIZES = (6_405, 1_000_000, 10_000_000)


def stepping(torch: Any, size: int, optimizer: str, **options: float) -> Step:
    parameters = [torch.randn(*shape, requires_grad=True) for shape in SHAPES[size]]
    for p in parameters:
        p.grad = torch.randn(*p.shape)
    step: Step = getattr(torch.optim, optimizer)(parameters, **options).step
    return step


@workload(*SIZES, growth=tuple(SHAPES))
def sgd(torch: Any, size: int) -> Step:
    """SGD with momentum, {size} parameters"""
    return stepping(torch, size, "SGD", lr=0.01, momentum=0.9)


@workload(*SIZES, growth=tuple(SHAPES))
def adamw(torch: Any, size: int) -> Step:
    """AdamW, {size} parameters"""
    return stepping(torch, size, "AdamW", lr=1e-3)
