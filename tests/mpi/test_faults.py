"""A rank that dies, fails, leaves or hangs: the job ends, and a message names the rank."""

from __future__ import annotations

import re
import sys
import time

import pytest
from test_ranks import MPIEXEC, RUN, free_port, run

TRAINING = """
import os, signal, sys, time
from datetime import timedelta
import torch, torch.distributed as dist
from torch import nn
dist.init_process_group("gloo", timeout=timedelta(seconds=float(os.environ.get("LIMIT", 60))))
rank = dist.get_rank()
model = nn.parallel.DistributedDataParallel(nn.Linear(50, 50))
for step in range(10):
    if step == 3 and rank == 1:
        {fault}
    model(torch.ones(4, 50)).sum().backward()
dist.destroy_process_group()
"""
FAULTS = {  # what rank 1 does, and what is said
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", [r"rank 1 \(process \d+\) has died"]),
    "crashed": ("os.abort()", [r"rank 1 \(process \d+\) has died"]),
    "failed": ("raise ValueError('no more')", [r"\[rank1\]: ValueError: no more"]),
    "left": ("sys.exit(3)", ["rank 1 has left the job: all_reduce of ranks .* cannot end"]),
    "stopped": ("time.sleep(30)", ["all_reduce timed out after 2 s: not all of ranks"]),
    "out of step": ("dist.barrier()", ["timed out after 2 s: not all of ranks"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_job_ends_and_says_why(fault, tmp_path):
    what, said = FAULTS[fault]
    program = tmp_path / "training.py"
    program.write_text(TRAINING.format(fault=what))
    limit = "2" if fault in ("stopped", "out of step") else "60"
    begun = time.monotonic()
    program_on = [MPIEXEC, "-n", 3, sys.executable, "-m", "minitorch", program]
    done = run(*program_on, LIMIT=limit)
    assert done.returncode != 0
    assert time.monotonic() - begun < 25
    for words in said:
        assert re.search(words, done.stderr), done.stderr


def test_torchrun_fails_with_the_script(tmp_path):
    program = tmp_path / "training.py"
    program.write_text(TRAINING.format(fault=FAULTS["failed"][0]))
    done = run(sys.executable, *RUN, "2", program)
    assert done.returncode == 1
    assert "[rank1]: ValueError: no more" in done.stderr
    assert "training.py FAILED" in done.stderr


SPAWNED = """
import os, signal, sys
import torch, torch.distributed as dist, torch.multiprocessing as mp

def main(rank):
    os.environ["MASTER_PORT"] = sys.argv[1]
    dist.init_process_group("gloo", rank=rank, world_size=2)
    if rank == 1:
        {fault}
    dist.all_reduce(torch.ones(2))
    dist.destroy_process_group()

if __name__ == "__main__":
    mp.spawn(main, nprocs=2)
"""


@pytest.mark.parametrize("fault", ["killed", "failed"])
def test_spawned_processes(fault, tmp_path):
    program = tmp_path / "spawned.py"
    program.write_text(SPAWNED.format(fault=FAULTS[fault][0]))
    done = run(sys.executable, "-m", "minitorch", program, free_port())
    assert done.returncode != 0
    words = {"killed": "process 1 terminated with signal SIGKILL", "failed": "ValueError: no more"}
    assert words[fault] in done.stderr


MONITORED = """
import time
from datetime import timedelta
import torch.distributed as dist
dist.init_process_group("gloo")
if dist.get_rank() in (1, 2):
    time.sleep(4)
dist.monitored_barrier(timeout=timedelta(seconds=1), wait_all_ranks=True)
"""


def test_monitored_barrier_names_who_is_missing(tmp_path):
    program = tmp_path / "monitored.py"
    program.write_text(MONITORED)
    done = run(MPIEXEC, "-n", 4, sys.executable, "-m", "minitorch", program)
    assert done.returncode != 0
    assert "[Rank 0]: Ranks 1, 2 failed to pass monitoredBarrier in 1000 ms" in done.stderr


DIFFERENT = {  # what rank 0 calls, and rank 1
    "sizes": ("dist.all_reduce(torch.ones(3))", "dist.all_reduce(torch.ones(5))"),
    "large sizes": ("dist.all_reduce(torch.ones(30_000))", "dist.all_reduce(torch.ones(40_000))"),
    "operations": ("dist.all_reduce(x)", "dist.all_reduce(x, dist.ReduceOp.MAX)"),
    "collectives": ("dist.all_reduce(x)", "dist.broadcast(x, 0)"),
    "roots": ("dist.broadcast(x, 0)", "dist.broadcast(x, 1)"),
}
DISAGREEING = """
import os, time
import torch, torch.distributed as dist
dist.init_process_group("gloo")
for here, there in {calls}:
    x = torch.ones(4)
    try:
        eval(here if dist.get_rank() == 0 else there)
    except RuntimeError as error:
        print(str(error).replace("\\n", " "), flush=True)
time.sleep(3)  # a rank that leaves ends the others, which may not have told yet
os._exit(0)
"""


@pytest.mark.parametrize("kind", DIFFERENT)
def test_ranks_that_call_something_else(kind, tmp_path):
    """No rank computes something else in silence, which MPI does with other sizes."""
    program = tmp_path / "disagreeing.py"
    program.write_text(DISAGREEING.format(calls=[DIFFERENT[kind]]))
    done = run(MPIEXEC, "-n", 2, sys.executable, "-m", "minitorch", program)
    for rank in (0, 1):
        assert re.search(rf"\[Rank {rank}\] \w+: not all ranks call the same", done.stdout), done
