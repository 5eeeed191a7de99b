"""DistributedDataParallel: several ranks take the steps of one process."""

from __future__ import annotations

import copy
import gc
import io
import tracemalloc

import minitorch as torch
import numpy as np
import pytest
from minitorch import distributed as dist
from minitorch import nn
from minitorch.distributed.algorithms.ddp_comm_hooks import default_hooks
from minitorch.distributed.algorithms.join import Join
from minitorch.distributed.nn import functional as DF
from minitorch.nn.parallel import DistributedDataParallel

with torch.as_torch():  # models.py is written for PyTorch, too
    from models import CNN, MLP, batches, train


def ranks() -> tuple[int, int]:
    return dist.get_rank(), dist.get_world_size()


def mean(values) -> list:
    """The mean over the ranks."""
    x = torch.tensor(values, dtype=torch.float64)
    dist.all_reduce(x, dist.ReduceOp.AVG)
    return x.tolist()


def wrapped(model, **options):
    return DistributedDataParallel(nn.SyncBatchNorm.convert_sync_batchnorm(model), **options)


OPTIONS = {
    "plain": {},
    "small buckets": {"bucket_cap_mb": 0.001},
    "unused": {"find_unused_parameters": True},
    "views": {"gradient_as_bucket_view": True},
    "static": {"static_graph": True, "gradient_as_bucket_view": True},
}


CASES = [("MLP", options) for options in OPTIONS]
CASES += [(name, options) for name in ("CNN", "GPT") for options in ("plain", "small buckets")]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_losses_of_one_process(name, options):
    rank, size = ranks()
    mine = train(name, 8, torch.float64, wrapped, rank, size, **OPTIONS[options])
    alone = train(name, 8, torch.float64)
    np.testing.assert_allclose(mean(mine), alone, rtol=0, atol=1e-6)


def test_all_begin_with_rank_0():
    rank, _ = ranks()
    torch.manual_seed(rank)
    model = DistributedDataParallel(wrapped(CNN()).module)
    told = [None] * dist.get_world_size()
    dist.all_gather_object(told, {k: v.numpy() for k, v in model.state_dict().items()})
    for other in told:
        for key, value in model.state_dict().items():
            assert key.startswith("module.")
            assert np.array_equal(value.numpy(), other[key])


def test_buffers_are_those_of_rank_0():
    rank, size = ranks()
    norm = DistributedDataParallel(nn.BatchNorm1d(2))
    for _ in range(2):
        norm(torch.full((4, 2), float(rank)) + torch.randn(4, 2))
    norm.eval()
    norm(torch.ones(1, 2))
    told = [torch.zeros(2) for _ in range(size)]
    dist.all_gather(told, norm.module.running_mean)
    assert all(torch.equal(each, told[0]) for each in told)
    with pytest.warns(FutureWarning, match="forward_sync_buffers"):
        assert not DistributedDataParallel(
            nn.BatchNorm1d(2), broadcast_buffers=False
        ).forward_sync_buffers


def test_gradients_add_up_without_synchronization():
    rank, size = ranks()
    torch.manual_seed(0)
    model, alone = MLP().double(), MLP().double()
    alone.load_state_dict(model.state_dict())
    ddp = DistributedDataParallel(model)
    (a, b), (c, d) = batches("MLP", 2, 8, torch.float64)
    with ddp.no_sync():
        ddp(a[rank::size], b[rank::size]).backward()
    own = model.layers[0].weight.grad.clone()
    told = [None] * size
    dist.all_gather_object(told, own.numpy())
    assert any(not np.array_equal(told[0], each) for each in told[1:])
    ddp(c[rank::size], d[rank::size]).backward()
    (alone(a, b) + alone(c, d)).backward()
    for mine, theirs in zip(model.parameters(), alone.parameters()):
        torch.testing.assert_close(mine.grad, theirs.grad)


class Branches(nn.Module):
    """Uses one of two layers, and never the third."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.never = nn.Linear(3, 1), nn.Linear(3, 1), nn.Linear(3, 1)

    def forward(self, x, which):
        return {"out": [(self.first if which else self.second)(x)]}


def test_unused_parameters():
    rank, size = ranks()
    ddp = DistributedDataParallel(Branches(), find_unused_parameters=True)
    for step in range(3):
        ddp.zero_grad()
        ddp(torch.ones(2, 3), rank == 0)["out"][0].sum().backward()
        model = ddp.module
        assert model.first.weight.grad.tolist() == [[2.0 / size] * 3]
        assert model.second.weight.grad.tolist() == [[2.0 * (size - 1) / size] * 3]
        assert model.never.weight.grad is None, step


def test_unused_parameters_are_an_error_unless_they_are_expected():
    ddp = DistributedDataParallel(Branches())
    ddp(torch.ones(2, 3), True)["out"][0].sum().backward()
    with pytest.raises(RuntimeError, match=r"(?s)finished reduction in the prior.*never.we"):
        ddp(torch.ones(2, 3), True)


def test_models_that_differ_are_an_error():
    rank, _ = ranks()
    with pytest.raises(RuntimeError, match="expects same model across all ranks, but Rank 0 has 2"):
        DistributedDataParallel(nn.Linear(2, 2, bias=rank == 0))
    with pytest.raises(RuntimeError, match=r"params\[0\] in this process with sizes \[1, 3\]"):
        DistributedDataParallel(nn.Linear(2 if rank == 0 else 3, 1))
    with pytest.raises(RuntimeError, match="doesn't have any parameter that requires a gradient"):
        DistributedDataParallel(nn.ReLU())
    with pytest.raises(ValueError, match="device_ids and output_device arguments only work with"):
        DistributedDataParallel(nn.Linear(2, 2), device_ids=[0])


HOOKS = {
    "allreduce": (default_hooks.allreduce_hook, 1e-12),
    "float16": (default_hooks.fp16_compress_hook, 1e-3),
    "bfloat16": (default_hooks.bf16_compress_hook, 1e-2),
    "wrapped": (default_hooks.fp16_compress_wrapper(default_hooks.allreduce_hook), 1e-3),
}


@pytest.mark.parametrize("name", HOOKS)
def test_communication_hooks(name):
    rank, size = ranks()
    hook, error = HOOKS[name]
    torch.manual_seed(0)
    model, alone = MLP().double(), MLP().double()
    alone.load_state_dict(model.state_dict())
    ddp = DistributedDataParallel(model)
    ddp.register_comm_hook(None, hook)
    ((x, y),) = batches("MLP", 1, 8, torch.float64)
    ddp(x[rank::size], y[rank::size]).backward()
    alone(x, y).backward()
    for mine, theirs in zip(model.parameters(), alone.parameters()):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=0, atol=error)
    with pytest.raises(RuntimeError, match="can only be called once"):
        ddp.register_comm_hook(None, hook)


def test_a_hook_sees_the_gradients():
    seen = []
    model = nn.Linear(2, 1)
    ddp = DistributedDataParallel(model)

    def hook(state: object, bucket: dist.GradBucket) -> torch.futures.Future:
        seen.append((bucket.index(), bucket.is_last(), [p.shape for p in bucket.parameters()]))
        assert [g.shape for g in bucket.gradients()] == [p.shape for p in bucket.parameters()]
        future = torch.futures.Future()
        future.set_result(bucket.buffer() * 0 + 3)
        return future

    ddp.register_comm_hook(None, hook)
    ddp(torch.ones(1, 2)).sum().backward()
    assert model.weight.grad.tolist() == [[3.0, 3.0]]
    assert seen == [(0, True, [model.bias.shape, model.weight.shape])]


@pytest.mark.parametrize("by_initial", [True, False])
@pytest.mark.parametrize("name", ["MLP", "CNN"])
def test_ranks_with_unequal_inputs(name, by_initial):
    rank, size = ranks()
    torch.manual_seed(0)
    model = {"MLP": MLP, "CNN": CNN}[name]().double()
    start = copy.deepcopy(model)
    ddp = DistributedDataParallel(model, bucket_cap_mb=0.001)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    data = batches(name, 3 + size, 4, torch.float64)
    mine = data[: 3 + rank]
    with ddp.join(divide_by_initial_world_size=by_initial):
        for x, y in mine:
            optimizer.zero_grad()
            ddp(x, y).backward()
            optimizer.step()
    told = [None] * size
    dist.all_gather_object(told, {k: v.numpy() for k, v in model.state_dict().items()})
    for key, value in model.state_dict().items():
        assert all(np.array_equal(value.numpy(), each[key]) for each in told)
    if name == "MLP":  # the steps, by one process: each rank at work has the same batch
        follow = torch.optim.SGD(start.parameters(), lr=0.1)
        for step, (x, y) in enumerate(data[: 2 + size]):
            at_work = sum(step < 3 + r for r in range(size))
            follow.zero_grad()
            (start(x, y) * (at_work / size if by_initial else 1)).backward()
            follow.step()
        for a, b in zip(model.parameters(), start.parameters()):
            torch.testing.assert_close(a, b)


def test_one_that_ends_may_end_all():
    rank, _ = ranks()
    ddp = DistributedDataParallel(nn.Linear(1, 1))
    words = "exhausted all inputs" if rank == 0 else "Detected at least one rank that exhausted"

    def go_through() -> None:
        with Join([ddp], throw_on_early_termination=True):
            for _ in range(3 + rank):
                ddp(torch.ones(1, 1)).sum().backward()

    with pytest.raises(RuntimeError, match=words):
        go_through()
    dist.barrier()


def test_batch_norm_of_unequal_batches():
    rank, size = ranks()
    torch.manual_seed(0)
    norm, alone = nn.SyncBatchNorm(3).double(), nn.BatchNorm2d(3).double()
    sizes = [2 * r for r in range(size)]  # rank 0 has none
    x = torch.randn(sum(sizes), 3, 2, 2, dtype=torch.float64) * 2 + 1
    mine = x.split(sizes)[rank].clone().requires_grad_()
    whole = x.clone().requires_grad_()
    factor = torch.randn(x.shape, dtype=torch.float64)
    out = norm(mine)
    (out * factor.split(sizes)[rank]).sum().backward()
    expected = alone(whole)
    (expected * factor).sum().backward()
    torch.testing.assert_close(out, expected.split(sizes)[rank])
    torch.testing.assert_close(mine.grad, whole.grad.split(sizes)[rank])
    torch.testing.assert_close(norm.running_mean, alone.running_mean)
    torch.testing.assert_close(norm.running_var, alone.running_var)
    dist.all_reduce(norm.weight.grad)
    torch.testing.assert_close(norm.weight.grad, alone.weight.grad)
    norm.eval(), alone.eval()
    torch.testing.assert_close(norm(x), alone(x))
    half = nn.SyncBatchNorm(3)(torch.randn(4, 3).half().float().half())
    assert half.dtype is torch.float16
    with pytest.raises(ValueError, match="expected at least 2D input"):
        norm.train()(torch.ones(3, dtype=torch.float64))


def test_differentiable_collectives():
    rank, size = ranks()
    x = torch.full((2,), rank + 1.0, dtype=torch.float64, requires_grad=True)
    weights = torch.arange(1.0, size + 1, dtype=torch.float64)

    def gradient(loss):
        (g,) = torch.autograd.grad(loss.sum(), x)
        return g[0].item()

    mine = weights[rank].item()
    assert gradient(DF.all_reduce(x) * mine) == weights.sum()
    assert gradient(DF.broadcast(x, 0) * mine) == (weights.sum() if rank == 0 else 0)
    assert gradient(DF.reduce(x, 1) * mine) == 2
    assert gradient(torch.stack(DF.all_gather(x)) * mine) == weights.sum()
    assert gradient(torch.stack(DF.gather(x, 0)) * mine) == 1
    assert gradient(DF.scatter([x * w for w in weights], 0)) == (weights.sum() if rank == 0 else 0)
    scattered = DF.reduce_scatter(torch.zeros_like(x), [x * w for w in weights])
    assert gradient(scattered * mine) == (weights * weights).sum()
    swapped = DF.all_to_all([torch.zeros_like(x)] * size, [x * w for w in weights])
    assert gradient(torch.stack(swapped) * mine) == (weights * weights).sum()
    long = torch.cat([x[:1] * w for w in weights])
    single = DF.all_to_all_single(torch.zeros(size, dtype=torch.float64), long)
    assert gradient(single * mine) == (weights * weights).sum()
    # the second order: the sum's square has the gradient 2 sum, and that the gradient 2 size
    total = DF.all_reduce(x)
    (first,) = torch.autograd.grad((total * total).sum(), x, create_graph=True)
    assert first[0].item() == 2 * size * total[0].item()
    assert gradient(first) == 2 * size * size


def test_the_sampler_asks_the_group():
    rank, size = ranks()
    sampler = torch.utils.data.DistributedSampler(range(10))
    assert (sampler.rank, sampler.num_replicas) == (rank, size)


def test_copies():
    rank, size = ranks()
    model = DistributedDataParallel(nn.Linear(2, 1))
    again = copy.deepcopy(model)
    again(torch.full((1, 2), float(rank))).sum().backward()
    assert again.module.weight.grad.tolist() == [[(size - 1) / 2] * 2]
    assert model.module.weight.grad is None
    file = io.BytesIO()
    torch.save(model.state_dict(), file)


def test_200_steps_leave_nothing_behind():
    rank, size = ranks()
    model = wrapped(CNN(), gradient_as_bucket_view=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    ((x, y),) = batches("CNN", 1, 8, torch.float32)

    def steps(count):
        for _ in range(count):
            optimizer.zero_grad()
            model(x[rank::size], y[rank::size]).backward()
            optimizer.step()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    before = steps(20)
    after = steps(200)
    tracemalloc.stop()
    assert after - before < 20_000
