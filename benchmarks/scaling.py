"""How far data parallelism scales: a simulation from measured times, for docs/scaling.md.

    python benchmarks/scaling.py             the tables of docs/scaling.md, from scaling.json
    python benchmarks/scaling.py --measure   writes scaling.json anew (with mpi4py and mpich)

What is measured: when the gradients of a small GPT come in the backward pass of one process with
one thread, what the rest of a step takes, and what messages between two processes take. What is
simulated: p such processes that reduce the gradients in buckets while the backward pass goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MEASURED = HERE / "scaling.json"
PAGE = HERE.parent / "docs" / "scaling.md"
FAST = 1000  # how much faster than a core what one may have in its place computes
RANKS = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
MB = 1 << 20


# --- the model ------------------------------------------------------------------------------------


@dataclass
class Network:
    """A message of n bytes takes latency + n / bandwidth; a byte is added in 1 / adding."""

    name: str
    latency: float
    bandwidth: float
    adding: float

    def ring(self, p: int, n: float) -> float:
        """All-reduce of n bytes by a ring: 2 (p - 1) messages of n / p bytes, half are added."""
        part = n / p
        return (p - 1) * (2 * (self.latency + part / self.bandwidth) + part / self.adding)

    def tree(self, p: int, n: float) -> float:
        """All-reduce by a binomial tree: log2 p messages of n bytes up, added, and down."""
        depth = math.ceil(math.log2(p))
        return depth * (2 * (self.latency + n / self.bandwidth) + n / self.adding)

    def best(self, p: int, n: float) -> float:
        """The faster of both."""
        return min(self.ring(p, n), self.tree(p, n)) if p > 1 else 0.0


@dataclass
class Model:
    """A training step on one process: forward, backward with its gradients' arrivals, update."""

    name: str
    forward: float
    arrivals: list[tuple[float, int]]  # seconds after the start of the backward pass, bytes
    backward: float
    update: float

    @property
    def size(self) -> int:
        return sum(n for _, n in self.arrivals)

    @property
    def step(self) -> float:
        return self.forward + self.backward + self.update

    def scaled(self, name: str, compute: float, size: float) -> Model:
        """A model with as many times the work and the bytes."""
        arrivals = [(compute * t, round(size * n)) for t, n in self.arrivals]
        return Model(
            name, compute * self.forward, arrivals, compute * self.backward, size * self.update
        )


DEFAULT = (MB, 25 * MB)  # what DistributedDataParallel takes: the first bucket, and all others


def buckets(model: Model, caps: Sequence[float]) -> list[tuple[float, int]]:
    """When each bucket of ``caps`` bytes (the last holds for all others) is complete; its bytes."""
    found: list[tuple[float, int]] = []
    filled = 0
    for t, n in model.arrivals:
        filled += n
        if filled >= caps[min(len(found), len(caps) - 1)]:
            found.append((t, filled))
            filled = 0
    if filled:
        found.append((model.arrivals[-1][0], filled))
    return found


def step(model: Model, reduce, p: int, caps=DEFAULT, accumulate: int = 1) -> float:
    """Seconds per batch: ``accumulate`` passes, of which the last reduces bucket after bucket."""
    free = 0.0  # when the network is, from the start of the backward pass
    for ready, n in buckets(model, caps):
        free = max(ready, free) + (reduce(p, n) if p > 1 else 0.0)
    last = model.forward + max(model.backward, free)
    passes = (accumulate - 1) * (model.forward + model.backward) + last
    return (passes + model.update) / accumulate


def efficiency(model: Model, reduce, p: int, caps=DEFAULT, accumulate: int = 1) -> float:
    """The share of p processes' work that goes into the model."""
    return step(model, reduce, 1, caps, accumulate) / step(model, reduce, p, caps, accumulate)


# --- the tables -----------------------------------------------------------------------------------


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def percent(x: float) -> str:
    return f"{100 * x:.0f} %"


def read() -> tuple[Model, list[Network]]:
    """The measured model, and networks: this machine's memory, and two that are assumed."""
    told = json.loads(MEASURED.read_text())
    arrivals = [(t, n) for t, n in told["arrivals"]]
    small = Model("GPT, 0.8 M", told["forward"], arrivals, told["backward"], told["update"])
    here = Network("shared memory", told["latency"], told["bandwidth"], told["adding"])
    ethernet = Network("10 Gb/s Ethernet", 30e-6, 1.1e9, told["adding"])
    infiniband = Network("100 Gb/s InfiniBand", 2e-6, 11e9, told["adding"])
    return small, [here, ethernet, infiniband]


def measured(small: Model, networks: list[Network]) -> str:
    here = networks[0]
    rows = [
        ["parameters' gradients", f"{small.size / MB:.1f} MB in {len(small.arrivals)} tensors"],
        ["forward pass", f"{1e3 * small.forward:.1f} ms"],
        ["backward pass", f"{1e3 * small.backward:.1f} ms"],
        ["update (AdamW)", f"{1e3 * small.update:.1f} ms"],
        ["latency of a message", f"{1e6 * here.latency:.1f} µs"],
        ["bandwidth", f"{here.bandwidth / 1e9:.1f} GB/s"],
        ["adding two arrays", f"{here.adding / 1e9:.1f} GB/s"],
        ["load of the two cores meanwhile", f"{json.loads(MEASURED.read_text())['load']}"],
    ]
    return table(["measured, one thread a process", ""], rows)


def algorithms(small: Model, networks: list[Network]) -> str:
    rows = []
    for network in networks[1:]:
        for n in (4096, MB, 25 * MB):
            name = f"{n // 1024} KB" if n < MB else f"{n // MB} MB"
            times = [
                f"{1e3 * network.ring(p, n):.2f} / {1e3 * network.tree(p, n):.2f}"
                for p in (2, 8, 64, 1000)
            ]
            rows.append([f"{network.name}, {name}", *times])
    return table(["ring / tree, ms", "2", "8", "64", "1000"], rows)


def by_ranks(models: list[Model], networks: list[Network]) -> str:
    chosen = [2, 8, 32, 128, 512, 1000]
    rows = [
        [f"{model.name}, {network.name}"]
        + [percent(efficiency(model, network.best, p)) for p in chosen]
        for model in models
        for network in networks[1:]
    ]
    return table(["efficiency on ranks:", *map(str, chosen)], rows)


CAPS = {
    "0.25 MB": (MB / 4,), "1 MB": (MB,), "5 MB": (5 * MB,), "25 MB": (25 * MB,),
    "1, then 25 MB": DEFAULT, "all": (math.inf,),
}  # fmt: skip


def by_bucket(models: list[Model], networks: list[Network]) -> str:
    rows = [
        [f"{model.name}, {network.name}, {p} ranks"]
        + [percent(efficiency(model, network.best, p, caps)) for caps in CAPS.values()]
        for model in models
        for network in networks[1:]
        for p in (8, 256)
    ]
    return table(["efficiency with buckets of", *CAPS], rows)


def strong(model: Model, network: Network, p: int) -> float:
    """How many times faster one batch is on p ranks that divide it."""
    part = model.scaled(model.name, 1 / p, 1)
    return model.step / step(part, network.best, p)


def limits(models: list[Model], networks: list[Network]) -> str:
    """Where the same batch, divided among more ranks, is not done faster any more."""
    rows = []
    for model in models:
        for network in networks[1:]:
            speed = {p: strong(model, network, p) for p in (1, *RANKS)}
            top = max(speed, key=speed.__getitem__)
            half = max(p for p in speed if speed[p] >= p / 2)
            shown = [f"{speed[p]:.1f}" for p in (2, 8, 32, 128, 1000)]
            rows.append([f"{model.name}, {network.name}", *shown, str(half), f"{top}"])
    head = ["times as fast on", "2", "8", "32", "128", "1000", "half of all until", "best at"]
    return table(head, rows)


def accumulated(models: list[Model], networks: list[Network]) -> str:
    counts = (1, 2, 4, 16)
    rows = [
        [f"{model.name}, {network.name}"]
        + [percent(efficiency(model, network.best, 256, DEFAULT, k)) for k in counts]
        for model in models
        for network in networks[1:]
    ]
    return table(["efficiency, 256 ranks, passes per update:", *map(str, counts)], rows)


def memory() -> str:
    """Bytes per parameter in float32 with Adam: weight, gradient, two moments."""
    sizes = {"124 M": 124e6, "1.3 B": 1.3e9, "7 B": 7e9}
    kinds = {
        "DistributedDataParallel": lambda p: 16.0,
        "with ZeroRedundancyOptimizer (ZeRO 1)": lambda p: 8 + 8 / p,
        "all in parts (ZeRO 3, FSDP; not in MiniTorch)": lambda p: 16 / p,
    }
    rows = [
        [f"{kind}, {p} ranks", *(f"{per(p) * n / 1e9:.1f}" for n in sizes.values())]
        for kind, per in kinds.items()
        for p in (8, 64)
    ]
    return table(["GB per rank, parameters:", *sizes], rows)


def zero(models: list[Model], networks: list[Network]) -> str:
    """ZeroRedundancyOptimizer: the update is divided by p, its result is sent around."""
    rows = []
    for model in models:
        for network in networks[1:]:
            shown = []
            for p in (8, 64, 256):
                whole = step(model, network.best, p)
                depth = math.ceil(math.log2(p))
                sent = p * depth * network.latency + depth * model.size / network.bandwidth
                divided = whole - model.update + model.update / p + sent
                shown.append(f"{divided / whole:.2f}")
            rows.append([f"{model.name}, {network.name}", *shown])
    return table(["step with ZeroRedundancyOptimizer / without, ranks:", "8", "64", "256"], rows)


def pipelines() -> str:
    """A model cut into p stages, m micro-batches: the share of (m + p - 1) slots that work."""
    rows = [
        [f"{p} stages", *(percent(m / (m + p - 1)) for m in (1, 4, 16, 64))] for p in (2, 4, 8, 16)
    ]
    return table(["efficiency of a pipeline, micro-batches:", "1", "4", "16", "64"], rows)


def tables() -> dict[str, str]:
    """The page's tables by name."""
    small, networks = read()
    tokens, parameters = 8 * 1024, 124e6
    work = (parameters * tokens) / (small.size / 4 * 8 * 64)  # 6 N D operations
    large = small.scaled("GPT-2, 124 M", work, 4 * parameters / small.size)
    fast = large.scaled("the same, 1,000 times as fast", 1 / FAST, 1)
    fast.update = large.update / FAST
    models = [small, large, fast]
    return {
        "measured": measured(small, networks),
        "algorithms": algorithms(small, networks),
        "ranks": by_ranks(models, networks),
        "buckets": by_bucket(models, networks),
        "limits": limits(models, networks),
        "accumulation": accumulated(models, networks),
        "memory": memory(),
        "zero": zero(models, networks),
        "pipelines": pipelines(),
    }


def filled(page: str) -> str:
    """The page with its tables as they are now."""
    for name, text in tables().items():
        mark = rf"(<!-- {name} -->\n).*?(\n<!-- end -->)"
        page, count = re.subn(mark, lambda m, t=text: m[1] + t + m[2], page, flags=re.S)
        assert count == 1, name
    return page


# --- the measurements -----------------------------------------------------------------------------


def measure_model(count: int = 150) -> dict[str, Any]:
    """The GPT's passes, with the arrivals of its gradients, the best of many."""
    sys.path.insert(0, str(HERE.parent / "tests" / "mpi"))
    import minitorch

    with minitorch.as_torch():
        from models import GPT
    minitorch.set_num_threads(1)
    minitorch.manual_seed(0)
    model = GPT(64, 128, 4, 4, 64)
    text = minitorch.randint(0, 64, (8, 65))
    optimizer = minitorch.optim.AdamW(model.parameters(), lr=1e-4)
    came: list[tuple[float, int]] = []
    for each in model.parameters():
        each.register_post_accumulate_grad_hook(
            lambda p: came.append((time.perf_counter(), 4 * p.numel()))
        )
    best: dict[str, Any] = {}
    for _ in range(count):
        came.clear()
        times = [time.perf_counter()]
        loss = model(text[:, :-1], text[:, 1:])
        times.append(time.perf_counter())
        optimizer.zero_grad()
        loss.backward()
        times.append(time.perf_counter())
        optimizer.step()
        times.append(time.perf_counter())
        forward, backward, update = (b - a for a, b in pairwise(times))
        if backward < best.get("backward", math.inf):
            best["backward"] = backward
            best["arrivals"] = [[t - times[1], n] for t, n in came]
        best["forward"] = min(forward, best.get("forward", forward))
        best["update"] = min(update, best.get("update", update))
    return best


def measure_messages() -> None:
    """One of two ranks: messages to and fro, and additions."""
    import numpy as np
    from mpi4py import MPI

    comm = MPI.COMM_WORLD
    times: dict[int, float] = {}
    for n in (1, 1 << 22):
        data = np.zeros(n, np.uint8)
        for _ in range(300 if n == 1 else 60):
            comm.Barrier()
            start = time.perf_counter()
            for side in (0, 1):
                comm.Send(data, 1) if comm.rank == side == 0 else None
                comm.Recv(data, 0) if comm.rank == 1 and side == 0 else None
                comm.Send(data, 0) if comm.rank == side == 1 else None
                comm.Recv(data, 1) if comm.rank == 0 and side == 1 else None
            times[n] = min((time.perf_counter() - start) / 2, times.get(n, math.inf))
    a, b = np.ones(MB, np.float32), np.ones(MB, np.float32)
    adding = min(_timed(lambda: np.add(a, b, out=a)) for _ in range(50))
    if comm.rank == 0:
        latency = times[1]
        bandwidth = (1 << 22) / (times[1 << 22] - latency)
        print(json.dumps({"latency": latency, "bandwidth": bandwidth, "adding": a.nbytes / adding}))


def _timed(run) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def measure() -> None:
    mpiexec = shutil.which("mpiexec", path=Path(sys.executable).parent) or "mpiexec"
    command = [mpiexec, "-n", "2", sys.executable, __file__, "--messages"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = measure_model() | json.loads(done.stdout)
    found["load"] = round(os.getloadavg()[0], 1)
    MEASURED.write_text(json.dumps(found, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--messages", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.messages:
        measure_messages()
        return
    if args.measure:
        measure()
    PAGE.write_text(filled(PAGE.read_text()))
    for name, text in tables().items():
        print(f"{name}\n\n{text}\n")


if __name__ == "__main__":
    main()
