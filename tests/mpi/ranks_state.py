"""The state of several ranks: ZeroRedundancyOptimizer, and checkpoints that all write together."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path

import minitorch as torch
import pytest
from minitorch import distributed as dist
from minitorch import nn, optim
from minitorch.distributed import checkpoint
from minitorch.distributed.algorithms.join import Join
from minitorch.distributed.checkpoint import CheckpointException, state_dict
from minitorch.distributed.optim import ZeroRedundancyOptimizer
from minitorch.nn.parallel import DistributedDataParallel

with torch.as_torch():
    from models import MLP, batches


@pytest.fixture
def directory():
    """A directory that all ranks share."""
    told = [tempfile.mkdtemp(prefix="mpi-checkpoint-")]
    dist.broadcast_object_list(told, 0)
    yield Path(told[0])
    dist.barrier()


def grouped(model: nn.Module) -> list[dict]:
    layers = model.layers
    return [
        {"params": layers[0].parameters()},
        {"params": layers[2].parameters(), "lr": 0.003, "weight_decay": 0.1},
    ]


OPTIMIZERS = {"SGD": {"momentum": 0.9}, "AdamW": {}, "Adagrad": {}}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_zero_redundancy(name):
    rank, size = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(0)
    model = DistributedDataParallel(MLP().double())
    alone = copy.deepcopy(model.module)
    kind, options = getattr(optim, name), {"lr": 0.01, **OPTIMIZERS[name]}
    zero = ZeroRedundancyOptimizer(grouped(model.module), kind, **options)
    whole = kind(grouped(alone), **options)
    schedules = [optim.lr_scheduler.StepLR(each, 2, 0.5) for each in (zero, whole)]
    for x, y in batches("MLP", 5, 8, torch.float64):
        for net, optimizer, part in ((model, zero, slice(rank, None, size)), (alone, whole, ...)):
            optimizer.zero_grad()
            net(x[part], y[part]).backward()
            optimizer.step()
        for each in schedules:
            each.step()
    for a, b in zip(model.parameters(), alone.parameters()):
        torch.testing.assert_close(a, b)
    owned = sum(p.numel() for g in zero.optim.param_groups for p in g["params"])
    assert owned < sum(p.numel() for p in alone.parameters())
    if rank:
        with pytest.raises(RuntimeError, match=r"consolidate_state_dict\(to=1\)|to=[23]"):
            zero.state_dict()
    zero.consolidate_state_dict(0)
    told = [zero.state_dict() if rank == 0 else None]
    dist.broadcast_object_list(told, 0)
    expected = whole.state_dict()
    assert told[0]["param_groups"] == expected["param_groups"]
    for number, state in expected["state"].items():
        for key, value in state.items():
            torch.testing.assert_close(told[0]["state"][number][key], value)
    again = ZeroRedundancyOptimizer(grouped(model.module), kind, **options)
    again.load_state_dict(told[0])
    for optimizer in (again, whole):
        optimizer.step()
    for a, b in zip(model.parameters(), alone.parameters()):
        torch.testing.assert_close(a, b)


def test_unequal_inputs_of_model_and_optimizer():
    rank, size = dist.get_rank(), dist.get_world_size()
    model = DistributedDataParallel(MLP())
    zero = ZeroRedundancyOptimizer(model.parameters(), optim.SGD, lr=0.1)
    with Join([model, zero]):
        for x, y in batches("MLP", 2 + rank, 4, torch.float32):
            zero.zero_grad()
            model(x, y).backward()
            zero.step()
    told = [None] * size
    dist.all_gather_object(told, [p.detach().numpy() for p in model.parameters()])
    for other in told[1:]:
        assert all((a == b).all() for a, b in zip(told[0], other))


def test_a_checkpoint_of_all_ranks(directory):
    rank, size = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(0)
    model = DistributedDataParallel(MLP())
    optimizer = optim.Adam(model.parameters())
    ((x, y),) = batches("MLP", 1, 8, torch.float32)
    model(x, y).backward()
    optimizer.step()

    def state(model, optimizer, own):
        weights, moments = state_dict.get_state_dict(model, optimizer)
        return {
            "model": weights,
            "optim": moments,
            f"rank {rank}": own,
            "epoch": 3,
            "many": [torch.ones(2)],
        }

    saved = state(model, optimizer, torch.full((3,), float(rank)))
    checkpoint.save(saved, checkpoint_id=directory)
    files = sorted(each.name for each in directory.iterdir())
    assert files == sorted([".metadata", *(f"__{r}_0.distcp" for r in range(size))])
    torch.manual_seed(1 + rank)
    other = MLP()
    fresh = optim.Adam(other.parameters())
    other(x, y).backward()
    fresh.step()
    found = state(other, fresh, torch.zeros(3))
    found["epoch"] = 0
    checkpoint.load(found, checkpoint_id=directory)
    assert found["epoch"] == 3
    assert (found[f"rank {rank}"] == rank).all()
    state_dict.set_state_dict(
        other, fresh, model_state_dict=found["model"], optim_state_dict=found["optim"]
    )
    for a, b in zip(model.parameters(), other.parameters()):
        assert torch.equal(a, b)
        for key, value in optimizer.state[a].items():
            torch.testing.assert_close(fresh.state[b][key], value)
    # what another rank wrote, by whoever asks
    asked = {f"rank {(rank + 1) % size}": torch.zeros(3)}
    checkpoint.load(asked, checkpoint_id=directory)
    assert (asked[f"rank {(rank + 1) % size}"] == (rank + 1) % size).all()


def test_what_cannot_be_loaded_is_an_error_on_all_ranks(directory):
    rank = dist.get_rank()
    checkpoint.save({"x": torch.ones(3), "y": 1}, checkpoint_id=directory)
    mine = {"x": torch.zeros(3), "z" if rank == 1 else "y": 5}
    with pytest.raises(CheckpointException, match=r"(?s)ranks:\{1\}.*Missing key in .*: z\."):
        checkpoint.load(mine, checkpoint_id=directory)
    assert (mine["x"] == (0 if rank == 1 else 1)).all()
    planner = checkpoint.DefaultLoadPlanner(allow_partial_load=True)
    checkpoint.load(mine, checkpoint_id=directory, planner=planner)
    assert (mine["x"] == 1).all()
    with pytest.raises(CheckpointException, match=r"Size mismatch between saved.*\[3\].*for x"):
        checkpoint.load({"x": torch.zeros(2 + (rank == 0))}, checkpoint_id=directory)


def test_objects_that_have_a_state(directory):
    model, other = nn.Linear(2, 2), nn.Linear(2, 2)
    dist.broadcast(model.weight.data, 0)
    dist.broadcast(model.bias.data, 0)
    checkpoint.async_save({"model": model}, checkpoint_id=directory).result()
    checkpoint.load({"model": other}, checkpoint_id=directory)
    assert torch.equal(other.weight, model.weight)
