"""Where MiniTorch's time goes, beside what NumPy's own calls take: why a ratio is what it is.

    python benchmarks/explain.py [workload[:size] ...]

First what one call on a million float32 numbers takes, on one core: a kernel takes at least the sum
of its passes, less what a second core saves. Then the functions in which each workload spends its
time, by Python's profiler; what a function takes in NumPy's arithmetic counts as its own.
"""

from __future__ import annotations

import cProfile
import pstats
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import minitorch
import numpy as np
from minitorch.extend import axpby, column_sums, current, exp_into, over_rows, row_sums
from report import markdown
from workloads import WORKLOADS, Workload

ROWS = 1000
DEFAULT = (
    "layer_norm", "softmax", "gelu", "sigmoid:1000000", "embedding", "convolution", "lstm",
    "attention:1024", "digits_cnn", "gpt",
)  # fmt: skip
SECONDS = 1.0  # for each workload
FEW = 6  # functions of each


def microseconds(call: Callable[[], object]) -> float:
    """The median of a hundred."""
    times = []
    for _ in range(100):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e6 * statistics.median(times)


def calls() -> dict[str, Callable[[], object]]:
    """Single calls on ROWS x ROWS numbers."""
    x, y, out = np.random.default_rng(0).standard_normal((3, ROWS, ROWS)).astype(np.float32)
    row, column = x[0].copy(), x[:, :1].copy()
    lines = [array.reshape(-1) for array in (x, y, out)]
    return {
        "x * 2": lambda: np.multiply(x, 2, out=out),
        "x * y": lambda: np.multiply(x, y, out=out),
        "x * a row": lambda: np.multiply(x, row, out=out),
        "x * a column": lambda: np.multiply(x, column, out=out),
        "1 / x": lambda: np.divide(1, x, out=out),
        "a x + b y in place": lambda: axpby(0.1, lines[0], 0.9, lines[1], lines[2]),
        "sums of columns": lambda: column_sums(x),
        "sums of rows": lambda: row_sums(x),
        "products of rows": lambda: np.vecdot(x, y),
        "exp": lambda: np.exp(x, out=out),
        "exp by exp2": lambda: exp_into(x, out),
        "tanh": lambda: np.tanh(x, out=out),
        "a second core, from asleep to done with nothing": lambda: over_rows(
            lambda start, stop: None, ROWS, 10 * ROWS * ROWS
        ),
    }


def place(function: tuple[str, int, str]) -> str:
    file, _, name = function
    parts = Path(file).parts
    if "minitorch" in parts:
        package = len(parts) - 1 - parts[::-1].index("minitorch")
        return f"`{'/'.join(parts[package + 1 :])}`: {name}"
    return name if file == "~" else f"`{Path(file).name}`: {name}"


def shares(workload: Workload, size: int) -> list[list[str]]:
    """(function, percent of the time, calls a step) of what takes longest."""
    minitorch.manual_seed(0)
    step = workload.build(minitorch, size)
    step()
    profile, steps = cProfile.Profile(), 0
    start = time.perf_counter()
    with profile:
        while time.perf_counter() - start < SECONDS:
            step()
            steps += 1
    summary: Any = pstats.Stats(profile)
    stats = summary.stats
    total = sum(own for _, _, own, _, _ in stats.values())
    longest = sorted(stats.items(), key=lambda item: -item[1][2])[:FEW]
    return [
        [place(function), f"{own / total:.0%}", f"{count / steps:.3g}"]
        for function, (_, count, own, _, _) in longest
    ]


def main() -> None:
    asked = sys.argv[1:] or list(DEFAULT)
    if unknown := {name.partition(":")[0] for name in asked} - set(WORKLOADS):
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    quiet = current.state.without_warnings  # with NumPy's settings as operations have them
    times = [[name, f"{quiet(microseconds, call):.0f}"] for name, call in calls().items()]
    print(markdown([f"{ROWS * ROWS:,} numbers", "µs"], times))
    for name, _, size in (text.partition(":") for text in asked):
        workload = WORKLOADS[name]
        count = int(size) if size else workload.sizes[0]
        print(f"\n{workload.titled(count)}\n")
        print(markdown(["function", "time", "calls"], shares(workload, count)))


if __name__ == "__main__":
    main()
