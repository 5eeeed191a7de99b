"""Training steps of MiniTorch and PyTorch, timed in turns.

    python benchmarks/training_steps.py [--readme]

Each library runs in a process of its own, on its default threads, and rests while the other works.
The ratio MiniTorch / PyTorch is taken turn by turn; the table has the median of the ratios and, as
their spread, the middle half. ``--readme`` puts the table into README.md as well.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from typing import Any

LIBRARIES = {"MiniTorch": "minitorch", "PyTorch": "torch"}
TURNS = 21
SECONDS = 0.05  # of work in a turn
IMPORT = "import numpy, time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"

Step = Callable[[], object]


def chained_scalars(torch: Any) -> Step:
    """200 chained scalar operations, forward and backward"""
    x = torch.tensor(0.5, requires_grad=True)

    def step() -> None:
        y = x
        for _ in range(100):
            y = y * 0.99 + 0.01
        y.backward()

    return step


def tracked_add(torch: Any) -> Step:
    """`a + b`, tracked, 64x64"""
    a, b = (torch.randn(64, 64, requires_grad=True) for _ in range(2))
    return lambda: a + b


def index_a_scalar(torch: Any) -> Step:
    """`x[3, 4]`, tracked, of 64x64"""
    x = torch.randn(64, 64, requires_grad=True)
    return lambda: x[3, 4]


def small_mlp(torch: Any) -> Step:
    """MLP 10-100-5 at batch 64: index, forward, cross-entropy, backward, SGD"""
    nn = torch.nn
    model = nn.Sequential(nn.Linear(10, 100), nn.Tanh(), nn.Linear(100, 5))
    x, y = torch.randn(1000, 10), torch.randint(0, 5, (1000,))
    return training(torch, model, x, y, batch=64)


def character_mlp(torch: Any) -> Step:
    """Embedding 27x10, MLP 30-200-27 at batch 64"""
    nn = torch.nn
    layers = (nn.Embedding(27, 10), nn.Flatten(), nn.Linear(30, 200), nn.Tanh(), nn.Linear(200, 27))
    x, y = torch.randint(0, 27, (1000, 3)), torch.randint(0, 27, (1000,))
    return training(torch, nn.Sequential(*layers), x, y, batch=64)


def large_mlp(torch: Any) -> Step:
    """MLP 784-512-256-10 at batch 128"""
    nn = torch.nn
    layers = (nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
    x, y = torch.randn(4096, 784), torch.randint(0, 10, (4096,))
    return training(torch, nn.Sequential(*layers), x, y, batch=128)


def training(torch: Any, model: Any, x: Any, y: Any, batch: int) -> Step:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    criterion = torch.nn.CrossEntropyLoss()

    def step() -> None:
        index = torch.randint(0, len(x), (batch,))
        optimizer.zero_grad()
        loss = criterion(model(x[index]), y[index])
        loss.backward()
        optimizer.step()

    return step


WORKLOADS = (chained_scalars, tracked_add, index_a_scalar, small_mlp, character_mlp, large_mlp)


def serve(module: str, channel: Any) -> None:
    """One library's process: runs a step as often as asked and answers with seconds a step."""
    library = import_module(module)
    library.manual_seed(0)
    steps: dict[Any, Step] = {}
    while (request := channel.recv()) is not None:
        workload, times = request
        if workload not in steps:
            steps[workload] = workload(library)
        step = steps[workload]
        start = time.perf_counter()
        for _ in range(times):
            step()
        channel.send((time.perf_counter() - start) / times)


def in_turns(ask: Callable[[str, Any, int], float], workload: Any) -> list[list[float]]:
    counts = {}
    for name in LIBRARIES:
        ask(name, workload, 10)  # warms caches up
        counts[name] = max(1, round(SECONDS / ask(name, workload, 10)))
    return [[ask(name, workload, counts[name]) for name in LIBRARIES] for _ in range(TURNS)]


def import_times() -> list[list[float]]:
    def seconds(module: str) -> float:
        command = [sys.executable, "-c", IMPORT.format(module)]
        return float(subprocess.run(command, check=True, capture_output=True).stdout)

    return [[seconds(module) for module in LIBRARIES.values()] for _ in range(TURNS // 2 + 1)][1:]


def row(title: str, turns: list[list[float]]) -> str:
    mine, theirs = (median(times) for times in zip(*turns, strict=True))
    low, middle, high = quantiles([a / b for a, b in turns], n=4)
    scale, unit = (1e6, "µs") if theirs < 1e-3 else (1e3, "ms")
    return (
        f"| {title} | {mine * scale:.3g} {unit} | {theirs * scale:.3g} {unit} "
        f"| **{middle:.2f}** | {low:.2f} to {high:.2f} |"
    )


def table() -> str:
    context = get_context("spawn")
    channels, processes = {}, []
    for name, module in LIBRARIES.items():
        channels[name], far_end = context.Pipe()
        processes.append(context.Process(target=serve, args=(module, far_end)))
        processes[-1].start()

    def ask(name: str, workload: Any, times: int) -> float:
        channels[name].send((workload, times))
        seconds: float = channels[name].recv()
        return seconds

    rows = [row(workload.__doc__ or "", in_turns(ask, workload)) for workload in WORKLOADS]
    for channel in channels.values():
        channel.send(None)
    for process in processes:
        process.join()
    rows.append(row("`import`, after `import numpy`", import_times()))
    head = ["| workload | MiniTorch | PyTorch | ratio | middle half |", "|---|---:|---:|---:|---:|"]
    return "\n".join(head + rows)


def put_into_readme(text: str) -> None:
    readme = Path(__file__).parent.parent / "README.md"
    before, _, rest = readme.read_text().partition("<!-- speed -->\n")
    _, end, after = rest.partition("<!-- end of speed -->")
    readme.write_text(f"{before}<!-- speed -->\n{text}\n{end}{after}")


if __name__ == "__main__":
    result = table()
    print(result)
    if "--readme" in sys.argv[1:]:
        put_into_readme(result)
