"""``minitorch.distributed`` in one process, which needs no MPI; what several do is in tests/mpi."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from importlib import import_module

import minitorch as torch
import pytest
from minitorch import distributed as dist
from minitorch import nn
from minitorch.compat.modules import kinds_of
from minitorch.compat.table import TABLE
from minitorch.distributed import run as launcher

MISSING = (
    "Default process group has not been initialized, please make sure to call init_process_group."
)


@pytest.fixture
def alone():
    """A group of this process."""
    dist.init_process_group("gloo", rank=0, world_size=1)
    yield
    if dist.is_initialized():
        dist.destroy_process_group()


ROOMS = [key for key in TABLE if key.partition(".")[0] == "distributed"]


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_of_pytorchs_can_be_looked_up(room):
    """Of the modules that there are, and of those that the table makes."""
    if room.startswith("distributed.optim"):
        pytest.importorskip("minitorch.optim", reason="not installed")
    module = import_module(f"minitorch.{room}")
    row = TABLE[room]
    for name in [*kinds_of(row), *row.enumerations, *row.values]:
        assert getattr(module, name) is not None or name == "WORLD", f"{room}.{name}"


@pytest.mark.parametrize(
    "call",
    [
        dist.get_rank, dist.get_world_size, dist.barrier, dist.get_backend, dist.new_group,
        lambda: dist.all_reduce(torch.ones(2)), lambda: dist.broadcast(torch.ones(2), 0),
        lambda: dist.all_gather([torch.ones(2)], torch.ones(2)),
        lambda: dist.isend(torch.ones(2), 0), lambda: dist.all_gather_object([None], 1),
        lambda: nn.parallel.DistributedDataParallel(nn.Linear(2, 2)),
        lambda: torch.utils.data.DistributedSampler([1, 2]),
    ],
)  # fmt: skip
def test_without_a_group(call):
    assert not dist.is_initialized()
    assert dist.group.WORLD is None
    with pytest.raises(ValueError, match=MISSING):
        call()


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"backend": "gloo"}, ValueError, "env:// rendezvous: environment variable RANK expected"),
        ({"backend": "gloo", "rank": 0}, ValueError, "environment variable WORLD_SIZE expected"),
        ({"backend": "nccl"}, RuntimeError, "Distributed package doesn't have NCCL built in"),
        ({"backend": "foo"}, ValueError, "Invalid backend: 'foo'"),
        ({"init_method": "x://y"}, RuntimeError, "No rendezvous handler for x://"),
        ({"rank": 2, "world_size": 2}, ValueError, "rank is 2, of 2 processes"),
        ({"timeout": 3}, TypeError, "of type datetime.timedelta"),
        ({"store": object()}, NotImplementedError, "has no stores"),
        ({"device_id": "cuda:0"}, ValueError, "computes on the CPU"),
    ],
)
def test_how_a_group_is_not_made(arguments, kind, words, monkeypatch):
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(kind, match=words):
        dist.init_process_group(**arguments)
    assert not dist.is_initialized()


@pytest.mark.needs("processes")
def test_several_processes_need_mpi4py(monkeypatch):
    from minitorch.distributed import communicator

    for module in (communicator, import_module("minitorch.distributed.meeting")):
        monkeypatch.setattr(module, "has_mpi", lambda: False)
    communicator.mpi.cache_clear()
    with pytest.raises(RuntimeError, match=r"pip install\s+mpi4py mpich"):
        dist.init_process_group("gloo", rank=0, world_size=2, timeout=timedelta(seconds=1))
    assert not dist.is_initialized()


@pytest.mark.parametrize("backend", [None, "mpi", "cpu:gloo,cuda:nccl"])
def test_a_group_of_one(backend, monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "1")
    dist.init_process_group(backend)
    try:
        assert (dist.get_rank(), dist.get_world_size()) == (0, 1)
        assert dist.get_backend() == ("gloo" if backend and "gloo" in backend else "mpi")
        with pytest.raises(ValueError, match="initialize the default process group twice"):
            dist.init_process_group()
    finally:
        dist.destroy_process_group()
    with pytest.raises(AssertionError, match="Process group cannot be None"):
        dist.destroy_process_group()


@pytest.mark.usefixtures("alone")
def test_collectives_of_one():
    x = torch.arange(4.0)
    out, many = torch.zeros(4), [torch.zeros(4)]
    assert dist.all_reduce(x, dist.ReduceOp.AVG) is None
    dist.all_gather(many, x)
    assert torch.equal(many[0], x)
    dist.gather(2 * x, many)
    dist.scatter(out, many)
    assert torch.equal(out, 2 * x)
    dist.reduce_scatter(out, [x])
    dist.all_to_all(many, [3 * x])
    assert torch.equal(many[0], 3 * x)
    dist.all_to_all_single(out, x)
    assert torch.equal(out, x)
    work = dist.broadcast(x.t(), 0, async_op=True)
    assert work.wait()
    assert work.get_future().wait()[0].shape == (4,)
    objects = [None]
    dist.all_gather_object(objects, {"a": 1})
    assert objects == [{"a": 1}]
    dist.barrier()
    dist.monitored_barrier()
    with pytest.raises(ValueError, match=r"destination rank should not be the same"):
        dist.send(x, 0)
    with pytest.raises(RuntimeError, match=r"Cannot use ReduceOp\.BAND with non-integral dtype"):
        dist.all_reduce(x, dist.ReduceOp.BAND)
    with pytest.raises(RuntimeError, match=r"Float can't be cast to the desired output type Long"):
        dist.all_reduce(torch.ones(2).long(), dist.ReduceOp.AVG)


def test_reduce_ops():
    assert repr(dist.ReduceOp.SUM) == "<RedOpType.SUM: 0>"
    assert str(dist.ReduceOp.MAX) == "RedOpType.MAX"
    assert dist.ReduceOp(dist.ReduceOp.SUM) == dist.ReduceOp.SUM
    with pytest.warns(FutureWarning, match="please use `torch.distributed.ReduceOp`"):
        assert dist.reduce_op.SUM is dist.ReduceOp.SUM
    with pytest.raises(AttributeError, match="AVG"):
        _ = dist.reduce_op.AVG


@pytest.mark.usefixtures("alone")
def test_a_group_of_none():
    with pytest.raises(ValueError, match=r"Rank 1 is out of range. Valid ranks are 0 to 0"):
        dist.new_group([1])
    nobody = dist.new_group([])
    assert nobody == dist.GroupMember.NON_GROUP_MEMBER
    with pytest.warns(UserWarning, match="Running barrier on global rank 0 which does not belong"):
        assert dist.barrier(nobody) is None


@pytest.mark.usefixtures("alone")
def test_a_parallel_module_of_one():
    torch.manual_seed(0)
    plain, wrapped = nn.Linear(3, 2), nn.Linear(3, 2)
    wrapped.load_state_dict(plain.state_dict())
    parallel = nn.parallel.DistributedDataParallel(wrapped, gradient_as_bucket_view=True)
    for module in (plain, parallel):
        for _ in range(2):
            module(torch.ones(4, 3)).square().sum().backward()
    assert torch.equal(plain.weight.grad, wrapped.weight.grad)
    assert list(parallel.state_dict()) == ["module.weight", "module.bias"]
    sampler = torch.utils.data.DistributedSampler(range(5))
    assert sorted(sampler) == list(range(5))


def test_an_embedding_with_sparse_gradients_is_refused(alone):
    parallel = nn.parallel.DistributedDataParallel(nn.Embedding(4, 2, sparse=True))
    with pytest.raises(NotImplementedError, match=r"sparse.*use Embedding\(sparse=False\)"):
        parallel(torch.tensor([1, 2])).sum().backward()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--nnodes", "2", "x.py"], "on several machines use mpiexec itself"),
        (["--log-dir", "logs", "x.py"], "--log-dir is not supported"),
        (["--no-python", "x"], "--no-python is not supported"),
        ([], "training_script"),
    ],
)
def test_what_the_launcher_refuses(arguments, words, capsys):
    with pytest.raises(SystemExit):
        launcher.parse_args(arguments)
    assert words in capsys.readouterr().err


def test_what_the_launcher_takes(monkeypatch):
    monkeypatch.setenv("PET_NPROC_PER_NODE", "3")
    args = launcher.parse_args(
        ["--standalone", "--nnodes=1", "--max_restarts=2", "x.py", "--lr", "1"]
    )
    assert (args.nproc_per_node, args.max_restarts) == ("3", 2)
    assert (args.training_script, args.training_script_args) == ("x.py", ["--lr", "1"])
    assert launcher.process_count("auto") >= 1
    for wrong in ("gpu", "0", "-1", "many"):
        with pytest.raises(ValueError, match="Unsupported nproc_per_node value"):
            launcher.process_count(wrong)


@pytest.mark.needs("processes")
def test_the_variables_of_torchrun(monkeypatch):
    program = (
        "from minitorch.compat.launched import tell_rank; import os; tell_rank(); "
        "print([os.environ.get(k) for k in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_PORT')])"
    )
    told = {"OMPI_COMM_WORLD_RANK": "3", "OMPI_COMM_WORLD_SIZE": "4", "WORLD_SIZE": "9"}
    for given, expected in ((told, ["3", "9", None, "29500"]), ({}, [None] * 4)):
        for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_PORT"):
            monkeypatch.delenv(name, raising=False)
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert done.stdout.strip() == str(expected)
        for name in told:
            monkeypatch.delenv(name, raising=False)
