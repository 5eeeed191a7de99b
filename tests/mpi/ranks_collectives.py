"""Each collective beside NumPy, with random shapes and dtypes; every rank knows what all hold."""

from __future__ import annotations

import itertools
import os
import warnings
from functools import partial

import minitorch as torch
import numpy as np
import pytest
from minitorch import distributed as dist
from minitorch.distributed.distributed_c10d import _make_nccl_premul_sum

NAMES = "bool uint8 int8 int16 int32 int64 uint16 uint32 uint64 float16 bfloat16 float32 float64"
DTYPES = [getattr(torch, name) for name in f"{NAMES} complex64 complex128".split()]
FLOAT8 = [torch.float8_e5m2, torch.float8_e4m3fn]
SHAPES = [(), (5,), (2, 0, 3), (2, 3, 5)]
LAYOUTS = ["contiguous", "transposed", "strided"]


def laid_out(x: torch.Tensor, layout: str) -> torch.Tensor:
    """A tensor with the values of ``x`` in memory that is laid out otherwise."""
    if layout == "transposed" and x.ndim:
        back = range(x.ndim)[::-1]
        return torch.clone(x.permute(*back), memory_format=torch.contiguous_format).permute(*back)
    if layout == "strided" and x.ndim:
        wide = torch.zeros(*x.shape[:-1], 2 * x.shape[-1], dtype=x.dtype)
        view = wide[..., ::2]
        view.copy_(x)
        return view
    return x.clone()


def drawn(rank: int, dtype: torch.dtype, shape: tuple[int, ...]) -> torch.Tensor:
    """What ``rank`` holds: every rank can say what the others do."""
    draw = np.random.default_rng([rank, len(shape), *shape, dtype.itemsize])
    values = torch.from_numpy(np.asarray(draw.integers(0, 5, shape)))
    if dtype.is_complex:
        values = values + 1j * torch.from_numpy(np.asarray(draw.integers(0, 5, shape)))
    return values.to(dtype)


def everywhere(dtype: torch.dtype, shape: tuple[int, ...]) -> list[torch.Tensor]:
    return [drawn(rank, dtype, shape) for rank in range(dist.get_world_size())]


def same(x: torch.Tensor, expected: torch.Tensor) -> None:
    assert x.dtype is expected.dtype
    assert x.shape == expected.shape
    assert torch.equal(x, expected), (x, expected)


def as_numpy(x: torch.Tensor) -> np.ndarray:
    return x.double().numpy() if x.dtype.is_floating_point else x.numpy()


UFUNCS = {
    "SUM": np.add, "AVG": np.add, "PRODUCT": np.multiply, "MIN": np.minimum, "MAX": np.maximum,
    "BAND": np.bitwise_and, "BOR": np.bitwise_or, "BXOR": np.bitwise_xor,
}  # fmt: skip


def reduced(op: str, tensors: list[torch.Tensor]) -> torch.Tensor:
    arrays = [as_numpy(each) for each in tensors]
    total = arrays[0]
    for each in arrays[1:]:
        total = UFUNCS[op](total, each)
    if op == "AVG":
        total = total / len(arrays)
    return torch.from_numpy(np.asarray(total)).to(tensors[0].dtype)


def refusal(op: str, dtype: torch.dtype) -> str | None:
    """What is raised, as by PyTorch, where numbers of ``dtype`` are not reduced by ``op``."""
    if dtype.is_complex:
        return None if op in ("SUM", "AVG") else f"does not support RedOpType.{op} on complex"
    if op == "AVG" and not dtype.is_floating_point:
        return "result type Float can't be cast to the desired output type"
    if op[0] == "B" and dtype.is_floating_point:
        return f"Cannot use ReduceOp.{op} with non-integral dtype"
    return "Invalid scalar type" if dtype in FLOAT8 else None


CASES = [
    (dtype, shape, layout)
    for dtype, shape in itertools.product(DTYPES + FLOAT8, SHAPES)
    for layout in LAYOUTS
    if shape or layout == "contiguous"
]
if int(os.environ.get("PMI_SIZE", 1)) > 2:  # more ranks than cores: a part that is as wide
    CASES = CASES[::3]


@pytest.mark.parametrize("op", UFUNCS)
def test_all_reduce_and_reduce(op):
    rank, size = dist.get_rank(), dist.get_world_size()
    for dtype, shape, layout in CASES:
        x = laid_out(drawn(rank, dtype, shape), layout)
        before, kind = x.clone(), getattr(dist.ReduceOp, op)
        why = refusal(op, dtype)
        if why is not None:
            for call in (partial(dist.all_reduce, x, kind), partial(dist.reduce, x, 0, kind)):
                with pytest.raises((RuntimeError, ValueError), match=why):
                    call()
            same(x, before)
            continue
        expected = reduced(op, everywhere(dtype, shape))
        version = x._version
        assert dist.all_reduce(x, kind) is None
        assert x._version > version
        same(x, expected)
        y = laid_out(before, layout)
        dist.reduce(y, size - 1, kind)
        same(y, expected if rank == size - 1 else before)


def test_premultiplied_sum():
    rank = dist.get_rank()
    for dtype in (torch.float32, torch.float64, torch.complex64):
        x = drawn(rank, dtype, (3,))
        dist.all_reduce(x, _make_nccl_premul_sum(0.5))
        same(x, sum(0.5 * each for each in everywhere(dtype, (3,))))


@pytest.mark.parametrize("root", [0, 1])
def test_broadcast_gather_scatter(root):
    rank, size = dist.get_rank(), dist.get_world_size()
    for dtype, shape, layout in CASES:
        all_ = everywhere(dtype, shape)
        x = laid_out(all_[rank], layout)
        dist.broadcast(x, root)
        same(x, all_[root])
        x = laid_out(all_[rank], layout)
        into = [laid_out(torch.zeros_like(x), layout) for _ in range(size if rank == root else 0)]
        dist.gather(x, into, root)
        for each, expected in zip(into, all_):
            same(each, expected)
        dist.scatter(x, [laid_out(e, layout) for e in all_[::-1]] if rank == root else None, root)
        same(x, all_[::-1][rank])


def test_all_gather():
    rank, size = dist.get_rank(), dist.get_world_size()
    for dtype, shape, layout in CASES:
        all_ = everywhere(dtype, shape)
        x = laid_out(all_[rank], layout)
        into = [laid_out(torch.zeros_like(x), layout) for _ in range(size)]
        dist.all_gather(into, x)
        for each, expected in zip(into, all_):
            same(each, expected)
        stacked = torch.zeros(size, *shape, dtype=dtype)
        dist.all_gather_single(stacked, x)
        same(stacked, torch.stack(all_))
        if shape:
            long = torch.zeros(size * shape[0], *shape[1:], dtype=dtype)
            dist.all_gather_into_tensor(long, x)
            same(long, torch.cat(all_))


def test_all_gather_of_different_sizes():
    rank, size = dist.get_rank(), dist.get_world_size()
    into = [torch.zeros(k, 2) for k in range(size)]
    dist.all_gather(into, torch.full((rank, 2), rank + 1.0))
    for k, each in enumerate(into):
        same(each, torch.full((k, 2), k + 1.0))


@pytest.mark.parametrize("op", ["SUM", "AVG", "MAX", "BXOR"])
def test_reduce_scatter(op):
    rank, size = dist.get_rank(), dist.get_world_size()
    for dtype, shape, layout in CASES:
        if refusal(op, dtype) is not None:
            continue
        whole = everywhere(dtype, (size, *shape))
        expected = reduced(op, whole)[rank]
        mine, kind = whole[rank], getattr(dist.ReduceOp, op)
        out = laid_out(torch.zeros(shape, dtype=dtype), layout)
        dist.reduce_scatter(out, [laid_out(each, layout) for each in mine], kind)
        same(out, expected)
        out = laid_out(torch.zeros(shape, dtype=dtype), layout)
        dist.reduce_scatter_tensor(out, mine, kind)
        same(out, expected)
        same(mine, drawn(rank, dtype, (size, *shape)))


def test_all_to_all():
    rank, size = dist.get_rank(), dist.get_world_size()
    for dtype, shape, layout in CASES:
        whole = everywhere(dtype, (size, *shape))
        out = [laid_out(torch.zeros(shape, dtype=dtype), layout) for _ in range(size)]
        dist.all_to_all(out, [laid_out(each, layout) for each in whole[rank]])
        for each, source in zip(out, whole):
            same(each, source[rank])
        single = torch.zeros(size, *shape, dtype=dtype)
        dist.all_to_all_single(single, whole[rank])
        same(single, torch.stack([source[rank] for source in whole]))


def test_all_to_all_of_different_sizes():
    rank, size = dist.get_rank(), dist.get_world_size()
    # rank r sends s + 1 rows to rank s
    sent = torch.cat([torch.full((s + 1, 2), 10.0 * rank + s) for s in range(size)])
    out = torch.zeros(size * (rank + 1), 2)
    dist.all_to_all_single(out, sent, [rank + 1] * size, [s + 1 for s in range(size)])
    expected = [torch.full((rank + 1, 2), 10.0 * r + rank) for r in range(size)]
    same(out, torch.cat(expected))


def test_point_to_point():
    rank, size = dist.get_rank(), dist.get_world_size()
    after, before = (rank + 1) % size, (rank - 1) % size
    for dtype, shape, layout in CASES:
        all_ = everywhere(dtype, shape)
        x, out = laid_out(all_[rank], layout), laid_out(torch.zeros_like(all_[0]), layout)
        sending = dist.isend(x, after, tag=3)
        receiving = dist.irecv(out, before, tag=3)
        assert [receiving.wait(), sending.wait()] == [True, True]
        assert receiving.source_rank() == before
        same(out, all_[before])
        out = laid_out(torch.zeros_like(all_[0]), layout)
        both = [dist.P2POp(dist.irecv, out, before), dist.P2POp(dist.isend, x, after)]
        for work in dist.batch_isend_irecv(both):
            work.wait()
        same(out, all_[before])


def test_send_and_receive_from_any():
    rank, size = dist.get_rank(), dist.get_world_size()
    if rank:
        dist.send(torch.full((3,), float(rank)), 0)
        return
    seen = set()
    for _ in range(size - 1):
        x = torch.zeros(3)
        source = dist.recv(x)
        same(x, torch.full((3,), float(source)))
        seen.add(source)
    assert seen == set(range(1, size))


def test_tags_choose():
    rank = dist.get_rank()
    if rank == 0:
        works = [dist.isend(torch.full((2,), float(tag)), 1, tag=tag) for tag in (1, 2)]
        for work in works:
            work.wait()
    elif rank == 1:
        for tag in (2, 1):
            x = torch.zeros(2)
            dist.recv(x, 0, tag=tag)
            same(x, torch.full((2,), float(tag)))


def test_work():
    rank, size = dist.get_rank(), dist.get_world_size()
    total = float(sum(range(size)))
    x = torch.full((1000, 1000), float(rank))
    work = dist.all_reduce(x, async_op=True)
    assert work.wait() is True
    assert (work.is_completed(), work.is_success(), work.exception()) == (True, True, None)
    assert work.result()[0] is x
    assert x[0, 0] == total
    y = torch.full((3,), float(rank))
    future = dist.all_reduce(y, async_op=True).get_future()
    assert (future.then(lambda f: f.value()[0] * 2).wait() == 2 * total).all()
    works = [dist.all_reduce(torch.full((50,), float(k)), async_op=True) for k in range(20)]
    for k, work in reversed(list(enumerate(works))):
        work.wait()
        assert (work.result()[0] == k * size).all()


def test_what_nobody_waits_for_is_kept_until_it_is_complete():
    for _ in range(50):
        dist.all_reduce(torch.ones(10_000), async_op=True)
    x = torch.ones(3)
    dist.all_reduce(x)
    assert (x == dist.get_world_size()).all()


def test_objects():
    rank, size = dist.get_rank(), dist.get_world_size()
    mine = {"rank": rank, "text": "x" * 1000 * rank, "tensor": torch.full((rank,), 1.0)}
    objects = [None] * size
    dist.all_gather_object(objects, mine)
    assert [each["rank"] for each in objects] == list(range(size))
    assert [each["tensor"].numel() for each in objects] == list(range(size))
    for root in (0, size - 1):
        into = [None] * size if rank == root else None
        dist.gather_object(("from", rank), into, dst=root)
        if into is not None:
            assert into == [("from", r) for r in range(size)]
        told = [rank, "a" * (rank + 1), None]
        dist.broadcast_object_list(told, src=root)
        assert told == [root, "a" * (root + 1), None]
        out = [None]
        given = [f"for {r}" * (r + 1) for r in range(size)] if rank == root else None
        dist.scatter_object_list(out, given, src=root)
        assert out == [f"for {rank}" * (rank + 1)]
    if rank == 1:
        dist.send_object_list([1, "two", [3]], 0)
    elif rank == 0:
        received = [None] * 3
        assert dist.recv_object_list(received, 1) == 1
        assert received == [1, "two", [3]]


def test_groups():
    rank, size = dist.get_rank(), dist.get_world_size()
    evens = dist.new_group(range(0, size, 2))
    if rank % 2:
        assert evens == dist.GroupMember.NON_GROUP_MEMBER
        assert dist.get_rank(evens) == dist.get_world_size(evens) == -1
        with pytest.warns(UserWarning, match="does not belong to the given group"):
            assert dist.all_reduce(torch.ones(2), group=evens) is None
    else:
        x = torch.ones(2)
        dist.all_reduce(x, group=evens)
        assert (x == (size + 1) // 2).all()
        assert dist.get_rank(evens) == rank // 2
        assert dist.get_process_group_ranks(evens) == list(range(0, size, 2))
        dist.destroy_process_group(evens)
        with pytest.raises(ValueError, match="Invalid process group specified"):
            dist.get_backend(evens)
    backwards = dist.new_group(list(range(size))[::-1], sort_ranks=False)
    assert dist.get_rank(backwards) == size - 1 - rank
    assert dist.get_global_rank(backwards, 0) == size - 1
    assert dist.get_group_rank(backwards, 0) == size - 1
    x = torch.tensor([rank])
    dist.broadcast(x, size - 1, group=backwards)
    assert x.item() == size - 1
    dist.broadcast(x, group=backwards, group_src=size - 1)
    pairs, all_pairs = dist.new_subgroups(2)
    assert len(all_pairs) == size // 2
    x = torch.tensor([float(rank)])
    dist.all_reduce(x, group=pairs)
    assert x.item() == 2 * (rank // 2 * 2) + 1
    mine = dist.new_group([rank], use_local_synchronization=True)
    dist.all_reduce(x, group=mine)
    for each in (backwards, pairs, mine):
        dist.destroy_process_group(each)


def test_barriers():
    dist.barrier()
    assert dist.barrier(async_op=True).wait()
    dist.monitored_barrier()


def test_wrong_calls():
    rank, size = dist.get_rank(), dist.get_world_size()
    x = torch.ones(2)
    other = 1 - rank if rank < 2 else 0
    rows = [
        (lambda: dist.all_reduce([1.0]), TypeError, "Expected parameter `tensor` of type torch.Te"),
        (lambda: dist.all_reduce(x, "sum"), TypeError, "ReduceOp"),
        (lambda: dist.all_gather(x, x), TypeError, "`tensor_list` of type List"),
        (lambda: dist.all_gather([x], x), RuntimeError, f"expected length {size}, got 1"),
        (lambda: dist.all_gather([torch.ones(3)] * size, x), RuntimeError, r"\(2\), got \(3\)"),
        (lambda: dist.all_gather([x.int()] * size, x), ValueError, "with different dtypesFound"),
        (lambda: dist.all_gather_single(torch.ones(5), x), RuntimeError, "output tensor size must"),
        (lambda: dist.reduce_scatter(x, [x]), RuntimeError, "invalid input tensor list size"),
        (lambda: dist.gather(x, None, rank), ValueError, "must be specified on destination"),
        (lambda: dist.gather(x, [x] * size, other), ValueError, "must NOT be specified on non-des"),
        (lambda: dist.scatter(x, None, rank), ValueError, "must be specified on source rank"),
        (lambda: dist.scatter(x, [x] * size, other), ValueError, "must NOT be specified on non-so"),
        (lambda: dist.all_to_all_single(x, torch.ones(3), None, [1] * size), RuntimeError, "Split"),
        (lambda: dist.send(x, rank), ValueError, "Invalid destination rank"),
        (lambda: dist.recv(x, rank), ValueError, "Invalid source rank"),
        (lambda: dist.broadcast(x, size), ValueError, "out of range"),
        (lambda: dist.broadcast(x), ValueError, "Must specify global_rank or group_rank"),
        (lambda: dist.broadcast(x, 0, group_src=0), ValueError, "Can't specify both group_rank"),
        (lambda: dist.P2POp(dist.send, x, other), ValueError, "Invalid ``op``"),
        (lambda: dist.new_group([0, size]), ValueError, f"Rank {size} is out of range"),
        (lambda: dist.new_group([0, 0]), ValueError, r"duplicate entries, got \[0, 0\]"),
        (lambda: dist.new_subgroups(3), ValueError, "group_size"),
        (lambda: dist.init_process_group("gloo"), ValueError, "process group twice"),
        (lambda: dist.all_reduce(torch.ones(2, device="meta")), RuntimeError, "dense tensors on"),
    ]  # fmt: skip
    for call, kind, words in rows:
        with warnings.catch_warnings(), pytest.raises(kind, match=words):
            call()
    dist.barrier()
