"""Times of several ranks: ``python benchmarks/ranks.py [--pytorch PYTHON]`` with mpi4py and mpich.

Three figures, each from runs in turns, the best of many: what an all-reduce of 4 MB takes beside
mpi4py's own; what a step of a small GPT takes on two ranks with one thread each, beside one process
with one thread and the same part of the batch; and both under PyTorch's gloo, if a Python with
PyTorch is named.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "mpi"))
MEGABYTES = 4


def best(run, count: int) -> float:
    """The shortest time of ``run()``, in seconds."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def messages(torch, dist, count: int) -> dict[str, float]:
    """All-reduces of 4 MB, ours (or gloo's) and mpi4py's in turns."""
    x = torch.ones(MEGABYTES * 250_000)
    found: dict[str, list[float]] = {"all_reduce": [], "mpi4py": []}
    raw = None
    if "minitorch" in torch.__version__:
        from mpi4py import MPI

        raw = x.numpy()
    for _ in range(count):
        dist.barrier()
        found["all_reduce"].append(best(lambda: dist.all_reduce(x), 5))
        if raw is not None:
            dist.barrier()
            found["mpi4py"].append(best(lambda: MPI.COMM_WORLD.Allreduce(MPI.IN_PLACE, raw), 5))
        x.fill_(1)
    return {name: min(times) for name, times in found.items() if times}


def steps(torch, called, model, count: int) -> float:
    """A training step of the GPT on eight texts of 64 characters."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    text = torch.randint(0, 64, (8, 65))

    def step() -> None:
        loss = called(text[:, :-1], text[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    step()
    return best(step, count)


def worker(count: int) -> None:
    """One rank, of one or more, under MiniTorch or PyTorch."""
    import torch
    import torch.distributed as dist
    from models import GPT

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = GPT(64, 128, 4, 4, 64)
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        print(json.dumps({"step": steps(torch, model, model, count)}))
        return
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    found = messages(torch, dist, count)
    found["step without DDP"] = steps(torch, model, model, count)
    found["step"] = steps(torch, torch.nn.parallel.DistributedDataParallel(model), model, count)
    if dist.get_rank() == 0:
        print(json.dumps(found))
    dist.destroy_process_group()


def run(*command: str, **environment: str) -> dict[str, float]:
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pytorch", help="a Python that has PyTorch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--worker", action="store_true")
    args = parser.parse_args()
    if args.worker:
        worker(args.count)
        return
    this = [str(Path(__file__)), "--worker", "--count", str(args.count)]
    ours = [sys.executable, "-m", "minitorch", *this]
    mpiexec = shutil.which("mpiexec", path=Path(sys.executable).parent) or "mpiexec"
    one = {"MINITORCH_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    kinds = {"one process": (ours, one), "two ranks": ([mpiexec, "-n", "2", *ours], one)}
    if args.pytorch:
        launch = [args.pytorch, "-m", "torch.distributed.run", "--nproc-per-node", "2", *this]
        kinds["PyTorch, one process"] = ([args.pytorch, *this], one)
        kinds["PyTorch, two ranks"] = (launch, one)
    found: dict[str, dict[str, float]] = {}
    for _ in range(args.rounds):
        for kind, (command, environment) in kinds.items():
            for name, seconds in run(*command, **environment).items():
                times = found.setdefault(kind, {})
                times[name] = min(seconds, times.get(name, seconds))
    for kind, times in found.items():
        print(f"{kind:22}", *(f"{name} {1000 * s:.2f} ms" for name, s in times.items()), sep="  ")
    two, alone = found["two ranks"], found["one process"]
    print(f"all-reduce of {MEGABYTES} MB: {two['all_reduce'] / two['mpi4py']:.2f} of mpi4py's")
    print(f"a step on two ranks: {two['step'] / alone['step']:.2f} of one process,", end=" ")
    print(f"{two['step'] / two['step without DDP']:.2f} of two that do not communicate")
    if args.pytorch:
        theirs = found["PyTorch, two ranks"]
        for name in ("all_reduce", "step"):
            print(f"{name}: {two[name] / theirs[name]:.2f} of PyTorch's on gloo")
    print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
