"""Time of ``Optimizer.step()`` against PyTorch's, alternating in one run.

python benchmarks/optim_step.py
"""

from __future__ import annotations

import statistics
import time
import tracemalloc

import minitorch
import numpy as np
import torch

SMALL = [(100, 10), (100,), (50, 100), (50,), (5, 50), (5,)]
CASES = {
    "6 small": (SMALL, 400),
    "1M": ([(1000, 1000)], 150),
    "10M": ([(2500, 4000)], 15),
}
OPTIMIZERS = {
    "SGD momentum": ("SGD", {"lr": 0.01, "momentum": 0.9}),
    "AdamW": ("AdamW", {"lr": 1e-3}),
}


def setup(library, name, kwargs, shapes):
    rng = np.random.default_rng(0)
    params = []
    for shape in shapes:
        p = library.tensor(rng.standard_normal(shape).astype(np.float32), requires_grad=True)
        p.grad = library.tensor(rng.standard_normal(shape).astype(np.float32))
        params.append(p)
    optimizer = getattr(library.optim, name)(params, **kwargs)
    optimizer.step()
    return optimizer


def seconds(optimizer, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        optimizer.step()
    return (time.perf_counter() - start) / repeats


def allocated(optimizer):
    """Bytes that ten steps leave behind, and the peak above what was there before."""
    optimizer.step()
    tracemalloc.start()
    optimizer.step()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    for _ in range(10):
        optimizer.step()
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return after - before, peak - before


def main():
    for label, (name, kwargs) in OPTIMIZERS.items():
        for size, (shapes, repeats) in CASES.items():
            mine = setup(minitorch, name, kwargs, shapes)
            reference = setup(torch, name, kwargs, shapes)
            times = []
            for _ in range(7):
                times.append((seconds(mine, repeats), seconds(reference, repeats)))
            ratio = statistics.median(a / b for a, b in times)
            ours, theirs = (statistics.median(t) * 1e6 for t in zip(*times, strict=True))
            left, peak = allocated(mine)
            print(
                f"{label:14s} {size:8s} {ours:10.1f} us  torch {theirs:10.1f} us  ratio {ratio:.2f}"
                f"   left {left} B, peak {peak} B"
            )


if __name__ == "__main__":
    main()
