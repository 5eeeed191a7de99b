"""Two and four ranks run the tests of ranks_*.py, and programs that PyTorch ran on gloo."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from minitorch import distributed as dist

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
RECORDED = json.loads((HERE / "recorded.json").read_text())
MPIEXEC = shutil.which("mpiexec", path=Path(sys.executable).parent) or "mpiexec"
RUN = ["-m", "minitorch.distributed.run", "--nproc-per-node"]


def run(*command: object, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*map(str, command)], capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | environment,
    )  # fmt: skip


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.mark.parametrize("ranks", [2, 4])
@pytest.mark.parametrize("subject", ["collectives", "training", "state"])
def test_on_ranks(subject, ranks):
    options = ["-q", "-p", "no:cacheprovider", "-c", HERE.parents[1] / "pyproject.toml"]
    tests = HERE / f"ranks_{subject}.py"
    done = run(MPIEXEC, "-n", ranks, sys.executable, "-m", "pytest", *options, tests)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]


def losses(done: subprocess.CompletedProcess) -> list[float]:
    assert done.returncode == 0, done.stdout + done.stderr
    return [float(line) for line in done.stdout.split()]


@pytest.mark.parametrize(
    ("name", "ranks"), [("MLP", "2"), ("CNN", "2"), ("CNN", "4"), ("GPT", "2"), ("GPT", "4")]
)
def test_torchrun_program(name, ranks):
    found = losses(run(sys.executable, *RUN, ranks, PROGRAMS / "elastic.py", name))
    np.testing.assert_allclose(found, RECORDED[f"elastic {name} {ranks}"], rtol=0, atol=1e-4)


def test_mpiexec_program():
    program = [sys.executable, "-m", "minitorch", PROGRAMS / "elastic.py", "MLP"]
    found = losses(run(MPIEXEC, "-n", 2, *program, MASTER_PORT=free_port()))
    np.testing.assert_allclose(found, RECORDED["elastic MLP 2"], rtol=0, atol=1e-4)


def test_spawned_program():
    done = run(sys.executable, "-m", "minitorch", PROGRAMS / "spawned.py", free_port())
    np.testing.assert_allclose(losses(done), RECORDED["spawned"], rtol=0, atol=1e-4)


SYNCHRONIZED = """
import json, sys; sys.path.insert(0, sys.argv[1])
import torch, models
import torch.distributed as dist
dist.init_process_group("gloo")
convert = torch.nn.SyncBatchNorm.convert_sync_batchnorm
wrap = lambda model: torch.nn.parallel.DistributedDataParallel(convert(model))
rank, size = dist.get_rank(), dist.get_world_size()
losses = torch.tensor(models.train("CNN", 8, torch.float32, wrap, rank, size))
dist.all_reduce(losses, dist.ReduceOp.AVG)
if rank == 0:
    print(*losses.tolist(), sep="\\n")
dist.destroy_process_group()
"""


@pytest.mark.parametrize("ranks", ["2", "4"])
def test_synchronized_batch_norm(ranks, tmp_path):
    """PyTorch has it on GPUs alone: its one process has all the examples."""
    program = tmp_path / "synchronized.py"
    program.write_text(SYNCHRONIZED)
    found = losses(run(sys.executable, *RUN, ranks, program, HERE))
    np.testing.assert_allclose(found, RECORDED["CNN in one process"], rtol=0, atol=1e-4)


def test_mpi_is_available():
    assert dist.is_available()
    assert dist.is_mpi_available()
    assert not dist.is_nccl_available()
