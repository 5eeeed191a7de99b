"""Collectives in which a rank has a tensor for, or of, each rank: gather, scatter, all_to_all.

Follows https://docs.pytorch.org/docs/stable/distributed.html#collective-functions
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from minitorch import Tensor

from .agreement import agreeing
from .buffers import (
    Landing,
    Spread,
    check_list,
    check_same_dtype,
    check_sizes,
    check_tensor,
    joined,
    sending,
)
from .collectives import Reduction, ended, outside
from .process_group import ProcessGroup, chosen, member_rank
from .reductions import ReduceOp
from .work import Work, progress

__all__ = [
    "all_gather", "all_gather_coalesced", "all_gather_into_tensor", "all_gather_single",
    "all_to_all", "all_to_all_single", "gather", "reduce_scatter", "reduce_scatter_single",
    "reduce_scatter_tensor", "scatter",
]  # fmt: skip


def check_count(what: str, tensors: Sequence[Tensor], group: ProcessGroup) -> None:
    """Raises RuntimeError unless there is a tensor for each rank."""
    if len(tensors) != group.size():
        raise RuntimeError(
            f"ProcessGroupMPI::{what}: invalid tensor list (expected length {group.size()}, got "
            f"{len(tensors)})"
        )


def all_gather(
    tensor_list: list[Tensor], tensor: Tensor, group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Work | None:  # fmt: skip
    """Gives the tensors of all ranks to all: ``tensor_list[rank]`` becomes that of ``rank``.

    The tensors have one dtype. Their shapes may differ from rank to rank if the tensors of
    ``tensor_list`` have them.

    Raises:
        ValueError: there is no group, or dtypes differ.
        RuntimeError: the number of tensors, or the size of this rank's, is another; or a rank died,
            left or did not call this in time.
    """
    if outside(group, "all_gather"):
        return None
    check_list(tensor_list, "tensor_list")
    check_tensor(tensor, "tensor")
    check_same_dtype(tensor, *tensor_list)
    group = chosen(group)
    check_count("allgather", tensor_list, group)
    sizes = [each.numel() for each in tensor_list]
    if len(set(sizes)) == 1:
        check_sizes("allgather", tensor_list, tensor.shape)
    else:
        check_sizes("allgather", [tensor_list[group.rank()]], tensor.shape)
    progress()
    sent, landing = sending(tensor), Spread(tensor_list)
    received = group.memory(landing.array)
    if len(set(sizes)) == 1:
        received[1] = sizes[0]
        request = group.comm.Iallgather(group.memory(sent), received)
        request = agreeing(group, request, "all_gather", tensor.dtype, sent.size)
    else:
        received[1] = sizes
        request = group.comm.Iallgatherv(group.memory(sent), received)
    work = Work(group, "all_gather", request, (sent, landing), landing.settle, tensor_list)
    return ended(work, async_op)


def all_gather_single(
    output_tensor: Tensor,
    input_tensor: Tensor,
    group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Work | None:
    """Gives the tensors of all ranks to all, in one: joined along the first dimension, or stacked.

    Args:
        output_tensor: of shape (size * n, ...) or (size, n, ...) where the input is (n, ...).

    Raises:
        ValueError: there is no group, or dtypes differ.
        RuntimeError: the output has another number of elements; or a rank died, left or did not
            call this in time.
    """
    if outside(group, "all_gather_single"):
        return None
    check_tensor(input_tensor, "input_tensor")
    check_tensor(output_tensor, "output_tensor")
    check_same_dtype(output_tensor, input_tensor)
    group = chosen(group)
    if output_tensor.numel() != input_tensor.numel() * group.size():
        raise RuntimeError(
            "output tensor size must be equal to world_size times input tensor size: got "
            f"{list(output_tensor.shape)} for {group.size()} times {list(input_tensor.shape)}"
        )
    progress()
    sent, landing = sending(input_tensor), Landing(output_tensor, filled=False)
    received = group.memory(landing.array)
    received[1] = sent.size
    request = group.comm.Iallgather(group.memory(sent), received)
    request = agreeing(group, request, "all_gather", input_tensor.dtype, sent.size)
    work = Work(group, "all_gather", request, (sent, landing), landing.settle, [output_tensor])
    return ended(work, async_op)


def all_gather_into_tensor(
    output_tensor: Tensor, input_tensor: Tensor, group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Work | None:  # fmt: skip
    """``all_gather_single``."""
    return all_gather_single(output_tensor, input_tensor, group, async_op)


def all_gather_coalesced(
    output_tensor_lists: list[list[Tensor]], input_tensor_list: list[Tensor],
    group: ProcessGroup | None = None, async_op: bool = False,
) -> Any:  # fmt: skip
    """``all_gather`` of several tensors: ``output_tensor_lists[rank][k]`` is the k-th of rank."""
    if outside(group, "all_gather_coalesced"):
        return None
    check_list(input_tensor_list, "input_tensor_list")
    for each in output_tensor_lists:
        check_list(each, "output_tensor_lists")
    works: list[Any] = [
        all_gather([row[k] for row in output_tensor_lists], each, group, async_op=True)
        for k, each in enumerate(input_tensor_list)
    ]
    if async_op:
        import minitorch

        return minitorch.futures.collect_all([work.get_future() for work in works])
    for work in works:
        work.wait()
    return None


def gather(
    tensor: Tensor, gather_list: list[Tensor] | None = None, dst: int | None = None,
    group: ProcessGroup | None = None, async_op: bool = False, group_dst: int | None = None,
) -> Work | None:  # fmt: skip
    """Gives the tensors of all ranks to rank ``dst``, whose ``gather_list`` they become.

    Raises:
        ValueError: ``gather_list`` is there on another rank, or missing on ``dst``.
        RuntimeError: the number of tensors or a size is another; or a rank died, left or did not
            call this in time.
    """
    if outside(group, "gather"):
        return None
    check_tensor(tensor, "tensor")
    if gather_list:
        check_list(gather_list, "gather_list")
        check_same_dtype(tensor, *gather_list)
    group = chosen(group)
    root = member_rank(group, dst, group_dst, 0)
    landing = None
    if root == group.rank():
        if not gather_list:
            raise ValueError("Argument ``gather_list`` must be specified on destination rank.")
        check_count("gather", gather_list, group)
        check_sizes("gather", gather_list, tensor.shape)
        landing = Spread(gather_list)
    elif gather_list:
        raise ValueError("Argument ``gather_list`` must NOT be specified on non-destination ranks.")
    progress()
    sent, received = sending(tensor), None
    if landing is not None:
        received = group.memory(landing.array)
        received[1] = sent.size
    request = group.comm.Igather(group.memory(sent), received, root)
    request = agreeing(group, request, "gather", tensor.dtype, sent.size, root)
    finish = None if landing is None else landing.settle
    work = Work(group, "gather", request, (sent, landing), finish, gather_list)
    return ended(work, async_op)


def scatter(
    tensor: Tensor, scatter_list: list[Tensor] | None = None, src: int | None = None,
    group: ProcessGroup | None = None, async_op: bool = False, group_src: int | None = None,
) -> Work | None:  # fmt: skip
    """Gives each rank its tensor of the ``scatter_list`` of rank ``src``.

    Raises:
        ValueError: ``scatter_list`` is there on another rank, or missing on ``src``.
        RuntimeError: the number of tensors or a size is another; or a rank died, left or did not
            call this in time.
    """
    if outside(group, "scatter"):
        return None
    check_tensor(tensor, "tensor")
    if scatter_list:
        check_list(scatter_list, "scatter_list")
        check_same_dtype(tensor, *scatter_list)
    group = chosen(group)
    root = member_rank(group, src, group_src, 0)
    sent = None
    if root == group.rank():
        if not scatter_list:
            raise ValueError("Argument ``scatter_list`` must be specified on source rank.")
        check_count("scatter", scatter_list, group)
        check_sizes("scatter", scatter_list, tensor.shape)
        sent = joined(scatter_list)
    elif scatter_list:
        raise ValueError("Argument ``scatter_list`` must NOT be specified on non-source ranks.")
    progress()
    landing, memory = Landing(tensor, filled=False), None
    if sent is not None:
        memory = group.memory(sent)
        memory[1] = landing.array.size
    request = group.comm.Iscatter(memory, group.memory(landing.array), root)
    request = agreeing(group, request, "scatter", tensor.dtype, tensor.numel(), root)
    work = Work(group, "scatter", request, (sent, landing), landing.settle, [tensor])
    return ended(work, async_op)


def reduce_scatter(
    output: Tensor, input_list: list[Tensor], op: Any = ReduceOp.SUM,
    group: ProcessGroup | None = None, async_op: bool = False,
) -> Work | None:  # fmt: skip
    """Reduces the lists of all ranks, and gives each rank its tensor of the result.

    Raises:
        ValueError: there is no group, or dtypes differ.
        RuntimeError: the number of tensors or a size is another; or a rank died, left or did not
            call this in time.
    """
    if outside(group, "reduce_scatter"):
        return None
    check_tensor(output, "output")
    check_list(input_list, "input_list")
    check_same_dtype(output, *input_list)
    group = chosen(group)
    if len(input_list) != group.size():
        raise RuntimeError("invalid input tensor list size, must be world size")
    check_sizes("reduce_scatter", input_list, output.shape)
    return _reduce_scatter(output, joined(input_list), True, op, group, async_op)


def reduce_scatter_single(
    output: Tensor, input: Tensor, op: Any = ReduceOp.SUM, group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Work | None:  # fmt: skip
    """Reduces ``input``, and gives each rank its part of the first dimension of the result.

    Args:
        input: of shape (size * n, ...) or (size, n, ...) where ``output`` is (n, ...).
    """
    if outside(group, "reduce_scatter_single"):
        return None
    check_tensor(output, "output")
    check_tensor(input, "input")
    check_same_dtype(output, input)
    group = chosen(group)
    if input.numel() != output.numel() * group.size():
        raise RuntimeError(
            "input tensor must be the same size as output size times world size: got "
            f"{list(input.shape)} for {group.size()} times {list(output.shape)}"
        )
    return _reduce_scatter(output, sending(input), False, op, group, async_op)


def _reduce_scatter(
    output: Tensor, sent: np.ndarray[Any, Any], owned: bool, op: Any, group: ProcessGroup,
    async_op: bool,
) -> Work | None:  # fmt: skip
    reduction = Reduction(group, "reduce_scatter", op, output)
    progress()
    sent = reduction.prepare(sent, owned)
    landing = Landing(output, filled=False)
    outgoing, incoming = group.memory(sent), group.memory(landing.array)
    outgoing[1] = incoming[1]  # what each rank gets
    request = group.comm.Ireduce_scatter_block(outgoing, incoming, reduction.operation)
    request = agreeing(group, request, "reduce_scatter", *reduction.kinds, output.numel())

    def finish() -> None:
        reduction.complete(landing.array)
        landing.settle()

    work = Work(group, "reduce_scatter", request, (sent, landing), finish, [output])
    return ended(work, async_op)


def reduce_scatter_tensor(
    output: Tensor, input: Tensor, op: Any = ReduceOp.SUM, group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Work | None:  # fmt: skip
    """``reduce_scatter_single``."""
    return reduce_scatter_single(output, input, op, group, async_op)


def all_to_all(
    output_tensor_list: list[Tensor], input_tensor_list: list[Tensor],
    group: ProcessGroup | None = None, async_op: bool = False,
) -> Work | None:  # fmt: skip
    """Gives ``input_tensor_list[rank]`` to each rank, and gets ``output_tensor_list[rank]``.

    The sizes may differ, if the receiver's are the sender's.

    Raises:
        ValueError: there is no group, or dtypes differ.
        RuntimeError: the number of tensors is another; or a rank died, left or did not call this
            in time.
    """
    if outside(group, "all_to_all"):
        return None
    check_list(output_tensor_list, "output_tensor_list")
    check_list(input_tensor_list, "input_tensor_list")
    check_same_dtype(*output_tensor_list, *input_tensor_list)
    group = chosen(group)
    check_count("alltoall", input_tensor_list, group)
    check_count("alltoall", output_tensor_list, group)
    landing, sent = Spread(output_tensor_list), joined(input_tensor_list)
    counts = [
        [each.numel() for each in tensors] for tensors in (input_tensor_list, output_tensor_list)
    ]
    return _all_to_all(landing, sent, counts, output_tensor_list, group, async_op)


def all_to_all_single(
    output: Tensor, input: Tensor, output_split_sizes: list[int] | None = None,
    input_split_sizes: list[int] | None = None, group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Work | None:  # fmt: skip
    """Gives each rank its part of the first dimension of ``input``, and joins what it gets.

    Args:
        output_split_sizes, input_split_sizes: the sizes of the parts; None for equal ones.

    Raises:
        ValueError: there is no group, or dtypes differ.
        RuntimeError: the parts are not the whole; or a rank died, left or did not call this in
            time.
    """
    if outside(group, "all_to_all_single"):
        return None
    check_tensor(output, "output")
    check_tensor(input, "input")
    check_same_dtype(output, input)
    group = chosen(group)
    counts = [
        split_counts(input, input_split_sizes, group),
        split_counts(output, output_split_sizes, group),
    ]
    landing = Landing(output, filled=False)
    return _all_to_all(landing, sending(input), counts, [output], group, async_op)


def split_counts(tensor: Tensor, sizes: list[int] | None, group: ProcessGroup) -> list[int]:
    """The numbers of elements of the parts for each rank.

    Raises:
        RuntimeError: they are not the whole.
    """
    rows = tensor.shape[0] if tensor.ndim else 1
    if not sizes:
        if rows % group.size():
            raise RuntimeError("Tensor's dim 0 does not divide equally across group size")
        sizes = [rows // group.size()] * group.size()
    if len(sizes) != group.size():
        raise RuntimeError("Number of tensor splits not equal to group size")
    if sum(sizes) != rows:
        raise RuntimeError("Split sizes doesn't match total dim 0 size")
    row = tensor.numel() // rows if rows else 0
    return [row * each for each in sizes]


def _all_to_all(
    landing: Landing | Spread, sent: np.ndarray[Any, Any], counts: list[list[int]],
    result: list[Tensor], group: ProcessGroup, async_op: bool,
) -> Work | None:  # fmt: skip
    progress()
    outgoing, incoming = group.memory(sent), group.memory(landing.array)
    outgoing[1], incoming[1] = counts
    request = group.comm.Ialltoallv(outgoing, incoming)
    work = Work(group, "all_to_all", request, (sent, landing), landing.settle, result)
    return ended(work, async_op)
