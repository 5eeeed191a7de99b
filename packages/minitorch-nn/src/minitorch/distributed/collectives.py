"""Collectives in which each rank has one tensor: broadcast, sums and other reductions, barriers.

Follows https://docs.pytorch.org/docs/stable/distributed.html#collective-functions
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import minitorch
import numpy as np
from minitorch import Tensor
from minitorch.extend import array_of

from .agreement import agreeing
from .buffers import Landing, check_same_dtype, check_tensor
from .communicator import mpi
from .process_group import ProcessGroup, chosen, is_outside, member_rank, world
from .reductions import RedOpType, ReduceOp, check, kind_of, supports_complex
from .work import Work, progress

__all__ = [
    "all_reduce", "all_reduce_coalesced", "barrier", "broadcast", "monitored_barrier", "reduce",
]  # fmt: skip


def outside(group: Any, what: str) -> bool:
    """Whether this process is not in ``group``: a warning says that nothing happens."""
    if not is_outside(group):
        return False
    rank = -1 if world.default is None else world.default.rank()
    warnings.warn(
        f"Running {what} on global rank {rank} which does not belong to the given group.",
        stacklevel=3,
    )
    return True


def ended(work: Work, async_op: bool) -> Work | None:
    """The work under way, or None once it is complete."""
    if async_op:
        return work
    work.wait()
    return None


def in_place() -> Any:
    """What MPI takes for "where the result comes"."""
    return mpi().IN_PLACE


def broadcast(
    tensor: Tensor, src: int | None = None, group: ProcessGroup | None = None,
    async_op: bool = False, group_src: int | None = None,
) -> Work | None:  # fmt: skip
    """Gives the tensor of rank ``src`` to all, in place.

    Args:
        tensor: of the same shape and dtype everywhere.
        src: a rank among all; or ``group_src``, one in the group.
        async_op: whether to return before it is complete, a ``Work`` to wait for.

    Raises:
        ValueError: there is no group, or the rank is not in it.
        TypeError: ``tensor`` is no tensor.
        RuntimeError: a rank died, left or did not call this in time.
    """
    if outside(group, "broadcast"):
        return None
    group = chosen(group)
    root = member_rank(group, src, group_src)
    check_tensor(tensor, "tensor")
    progress()
    landing = Landing(tensor)
    request = group.comm.Ibcast(group.memory(landing.array), root)
    request = agreeing(group, request, "broadcast", tensor.dtype, tensor.numel(), root)
    return ended(Work(group, "broadcast", request, landing, landing.settle, [tensor]), async_op)


class Reduction:
    """What reducing numbers of one dtype takes: MPI's operation, what precedes and follows it.

    Raises:
        TypeError: ``op`` is no ReduceOp.
        ValueError: complex numbers are not reduced so.
        RuntimeError: numbers of this dtype are not.
    """

    def __init__(self, group: ProcessGroup, what: str, op: Any, tensor: Tensor) -> None:
        self.kind = kind_of(op)
        if tensor.is_complex() and not supports_complex(op):
            raise ValueError(f"{what} does not support {op} on complex tensors")
        check(self.kind, tensor.dtype)
        self.kinds = self.kind, tensor.dtype  # what all ranks have to agree on
        self.factor = op.factor if self.kind is RedOpType.PREMUL_SUM else None
        self.size = group.size()
        self.operation = group.operation(self.kind, array_of(tensor).dtype)

    def prepare(self, array: np.ndarray[Any, Any], owned: bool) -> np.ndarray[Any, Any]:
        """What goes into the sum; written over ``array`` where ``owned``."""
        if self.factor is None:
            return array
        factor = array_of(self.factor) if isinstance(self.factor, Tensor) else self.factor
        out = array if owned else np.empty_like(array)
        np.multiply(array, factor, out=out, casting="unsafe")
        return out

    def complete(self, array: np.ndarray[Any, Any]) -> None:
        """Makes the mean of a sum."""
        if self.kind is RedOpType.AVG:
            np.divide(array, self.size, out=array, casting="unsafe")


def all_reduce(
    tensor: Tensor, op: Any = ReduceOp.SUM, group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Work | None:  # fmt: skip
    """Replaces the tensors of all ranks by their sum, or what else ``op`` says.

    Args:
        tensor: of the same shape and dtype everywhere.
        op: a ``ReduceOp``.
        async_op: whether to return before it is complete, a ``Work`` to wait for.

    Raises:
        ValueError: there is no group, or complex numbers are not reduced so.
        TypeError: ``tensor`` is no tensor, ``op`` no ReduceOp.
        RuntimeError: numbers of this dtype are not reduced so; or a rank died, left or did not
            call this in time.

    Example:
        >>> import minitorch
        >>> from minitorch import distributed
        >>> distributed.init_process_group("gloo", rank=0, world_size=1)
        >>> x = minitorch.ones(2)
        >>> work = distributed.all_reduce(x, async_op=True)
        >>> work.wait(), x
        (True, tensor([1., 1.]))
        >>> distributed.destroy_process_group()
    """
    if outside(group, "all_reduce"):
        return None
    check_tensor(tensor, "tensor")
    group = chosen(group)
    reduction = Reduction(group, "all_reduce", op, tensor)
    progress()
    landing = Landing(tensor)
    array = reduction.prepare(landing.array, True)
    if group.is_alone:
        request = group.comm.Iallreduce(None, None, None)
    else:
        request = group.comm.Iallreduce(in_place(), group.memory(array), reduction.operation)
        request = agreeing(group, request, "all_reduce", *reduction.kinds, tensor.numel())

    def finish() -> None:
        reduction.complete(array)
        landing.settle()

    return ended(Work(group, "all_reduce", request, landing, finish, [tensor]), async_op)


def all_reduce_coalesced(
    tensors: Sequence[Tensor], op: Any = ReduceOp.SUM, group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Any:  # fmt: skip
    """``all_reduce`` of several tensors of one dtype; with ``async_op`` a future of them."""
    if outside(group, "all_reduce_coalesced"):
        return None
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    check_same_dtype(*tensors)
    works: list[Any] = [all_reduce(each, op, group, async_op=True) for each in tensors]
    if async_op:
        return minitorch.futures.collect_all([each.get_future() for each in works])
    for work in works:
        work.wait()
    return None


def reduce(
    tensor: Tensor, dst: int | None = None, op: Any = ReduceOp.SUM,
    group: ProcessGroup | None = None, async_op: bool = False, group_dst: int | None = None,
) -> Work | None:  # fmt: skip
    """``all_reduce`` whose result only rank ``dst`` gets; the other tensors stay as they are."""
    if outside(group, "reduce"):
        return None
    group = chosen(group)
    root = member_rank(group, dst, group_dst)
    check_tensor(tensor, "tensor")
    reduction = Reduction(group, "reduce", op, tensor)
    progress()
    landing = Landing(tensor)
    receives = root == group.rank()
    array = reduction.prepare(landing.array, receives)
    memory = group.memory(array)
    sent, received = (in_place(), memory) if receives and not group.is_alone else (memory, None)
    request = group.comm.Ireduce(sent, received, reduction.operation, root)
    request = agreeing(group, request, "reduce", *reduction.kinds, tensor.numel(), root)

    def finish() -> None:
        if receives:
            reduction.complete(array)
            landing.settle()

    held = landing, array
    return ended(Work(group, "reduce", request, held, finish, [tensor]), async_op)


def barrier(
    group: ProcessGroup | None = None, async_op: bool = False, device_ids: Any = None,
    timeout: timedelta | None = None,
) -> Work | None:  # fmt: skip
    """Returns when all ranks have called it.

    Raises:
        ValueError: there is no group.
        RuntimeError: a rank died, left or did not call this within ``timeout``.
    """
    if outside(group, "barrier"):
        return None
    group = chosen(group)
    progress()
    work = Work(group, "barrier", group.comm.Ibarrier())
    if async_op:
        return work
    work.wait(timeout)
    return None


def monitored_barrier(
    group: ProcessGroup | None = None, timeout: timedelta | float | None = None,
    wait_all_ranks: bool = False,
) -> None:  # fmt: skip
    """A barrier that says which ranks have not come.

    Each rank tells rank 0, which waits for them in their order and then tells them to go on.

    Args:
        timeout: how long rank 0 waits, the group's where None.
        wait_all_ranks: whether to name all that are missing, not the first alone.

    Raises:
        RuntimeError: some have not come in time.
    """
    if outside(group, "monitored_barrier"):
        return
    group = chosen(group)
    if isinstance(timeout, float):
        warnings.warn(
            "Please specify timeout arg as a timedelta. Converting current value of "
            f"{timeout} assuming it represents seconds",
            stacklevel=2,
        )
        timeout = timedelta(seconds=timeout)
    seconds = (timeout or group.timeout).total_seconds()
    if group.is_alone:
        return
    rank, note = group.rank(), np.zeros(1)

    def exchange(send: bool, other: int) -> Work:
        call = group.comm.Isend if send else group.comm.Irecv
        return Work(group, "monitored_barrier", call(group.memory(note), other, MONITORED), note)

    if rank != 0:
        exchange(True, 0)
        try:
            exchange(False, 0).wait()
        except RuntimeError as error:
            raise RuntimeError(
                f"Rank {rank} successfully reached monitoredBarrier, but received errors while "
                f"waiting for send/recv from rank 0. Please check rank 0 logs for faulty rank. "
                f"({error})"
            ) from None
        return
    begun, missing = time.monotonic(), []
    for other in range(1, group.size()):
        left = max(0.0, seconds - (time.monotonic() - begun))
        try:
            exchange(False, other).wait(timedelta(seconds=left))
        except RuntimeError as error:
            if not wait_all_ranks:
                raise RuntimeError(
                    f"[Rank 0]: Rank {other} failed to pass monitoredBarrier in "
                    f"{round(seconds * 1000)} ms: {error}"
                ) from None
            missing.append(other)
    if missing:
        raise RuntimeError(
            f"[Rank 0]: Ranks {', '.join(map(str, missing))} failed to pass monitoredBarrier in "
            f"{round(seconds * 1000)} ms"
        )
    for other in range(1, group.size()):
        exchange(True, other)


MONITORED = 32_000  # the tag of its messages
