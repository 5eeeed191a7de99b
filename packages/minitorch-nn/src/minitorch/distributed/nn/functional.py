"""Collectives that gradients go through, of any order.

The gradient of a collective is a collective: what was sent to many is summed up, what was summed up
is sent to many. All ranks call both.

Follows https://docs.pytorch.org/docs/stable/distributed.html#autograd-enabled-communication-primitives
"""

from __future__ import annotations

from typing import Any

import minitorch
from minitorch import Tensor
from minitorch.autograd import Function
from minitorch.extend import absent_names

from .. import collectives, gathering
from ..process_group import ProcessGroup, chosen, member_rank
from ..reductions import ReduceOp

__all__ = [
    "all_gather", "all_reduce", "all_to_all", "all_to_all_single", "broadcast", "gather", "reduce",
    "reduce_scatter", "scatter",
]  # fmt: skip


def broadcast(tensor: Tensor, src: int, group: ProcessGroup | None = None) -> Tensor:
    """The tensor of rank ``src``, on all ranks."""
    group = chosen(group)
    return _Broadcast.apply(tensor, member_rank(group, src, None), group)  # type: ignore[no-any-return]


def reduce(
    tensor: Tensor, dst: int, op: Any = ReduceOp.SUM, group: ProcessGroup | None = None
) -> Tensor:
    """The sum over the ranks on rank ``dst``; elsewhere the tensor itself."""
    group = chosen(group)
    return _Reduce.apply(tensor, member_rank(group, dst, None), op, group)  # type: ignore[no-any-return]


def all_reduce(tensor: Tensor, op: Any = ReduceOp.SUM, group: ProcessGroup | None = None) -> Tensor:
    """The sum over the ranks, on all ranks."""
    return _AllReduce.apply(tensor, op, chosen(group))  # type: ignore[no-any-return]


def all_gather(tensor: Tensor, group: ProcessGroup | None = None) -> tuple[Tensor, ...]:
    """The tensors of all ranks, on all ranks."""
    return tuple(_AllGather.apply(tensor, chosen(group)))


def gather(tensor: Tensor, dst: int = 0, group: ProcessGroup | None = None) -> tuple[Tensor, ...]:
    """The tensors of all ranks on rank ``dst``; elsewhere zeros."""
    group = chosen(group)
    return tuple(_Gather.apply(tensor, member_rank(group, dst, None), group))


def scatter(tensors: Any, src: int = 0, group: ProcessGroup | None = None) -> Tensor:
    """The tensor for this rank of those of rank ``src``; the others' give the shape."""
    group = chosen(group)
    return _Scatter.apply(member_rank(group, src, None), group, *tensors)  # type: ignore[no-any-return]


def reduce_scatter(
    output: Tensor, input_list: list[Tensor], op: Any = ReduceOp.SUM,
    group: ProcessGroup | None = None,
) -> Tensor:  # fmt: skip
    """The tensor for this rank of the sum of all lists; ``output`` gives the shape."""
    return _ReduceScatter.apply(op, chosen(group), *input_list)  # type: ignore[no-any-return]


def all_to_all(
    output_tensor_list: list[Tensor], input_tensor_list: list[Tensor],
    group: ProcessGroup | None = None,
) -> tuple[Tensor, ...]:  # fmt: skip
    """The tensors that the ranks have for this one; ``output_tensor_list`` gives the shapes."""
    shapes = [each.shape for each in output_tensor_list]
    return tuple(_AllToAll.apply(shapes, chosen(group), *input_tensor_list))


def all_to_all_single(
    output: Tensor, input: Tensor, output_split_sizes: list[int] | None = None,
    input_split_sizes: list[int] | None = None, group: ProcessGroup | None = None,
) -> Tensor:  # fmt: skip
    """``all_to_all`` of parts of the first dimension; ``output`` gives the shape."""
    sizes = output_split_sizes, input_split_sizes
    return _AllToAllSingle.apply(input, output.shape, *sizes, chosen(group))  # type: ignore[no-any-return]


class _Broadcast(Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor, root: int, group: ProcessGroup) -> Tensor:
        ctx.root, ctx.group = root, group
        out = tensor.clone()
        collectives.broadcast(out, group=group, group_src=root)
        return out

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Any, ...]:
        total = _Reduce.apply(g, ctx.root, ReduceOp.SUM, ctx.group)
        here = ctx.group.rank() == ctx.root
        return total if here else total * 0, None, None


class _Reduce(Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor, root: int, op: Any, group: ProcessGroup) -> Tensor:
        ctx.root, ctx.group = root, group
        out = tensor.clone()
        collectives.reduce(out, op=op, group=group, group_dst=root)
        return out

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Any, ...]:
        return _Broadcast.apply(g, ctx.root, ctx.group), None, None, None


class _AllReduce(Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor, op: Any, group: ProcessGroup) -> Tensor:
        ctx.op, ctx.group = op, group
        out = tensor.clone(memory_format=minitorch.contiguous_format)
        collectives.all_reduce(out, op, group)
        return out

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Any, ...]:
        return _AllReduce.apply(g, ctx.op, ctx.group), None, None


class _AllGather(Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor, group: ProcessGroup) -> tuple[Tensor, ...]:
        ctx.group = group
        out = [minitorch.empty_like(tensor) for _ in range(group.size())]
        gathering.all_gather(out, tensor, group)
        return tuple(out)

    @staticmethod
    def backward(ctx: Any, *gs: Tensor) -> tuple[Any, ...]:
        return _ReduceScatter.apply(ReduceOp.SUM, ctx.group, *gs), None


class _ReduceScatter(Function):
    @staticmethod
    def forward(ctx: Any, op: Any, group: ProcessGroup, *tensors: Tensor) -> Tensor:
        ctx.op, ctx.group = op, group
        out = minitorch.empty_like(tensors[group.rank()])
        gathering.reduce_scatter(out, list(tensors), op, group)
        return out

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Any, ...]:
        return None, None, *_AllGather.apply(g, ctx.group)


class _Gather(Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor, root: int, group: ProcessGroup) -> tuple[Tensor, ...]:
        ctx.root, ctx.group = root, group
        out = [minitorch.zeros_like(tensor) for _ in range(group.size())]
        here = out if group.rank() == root else None
        gathering.gather(tensor, here, group=group, group_dst=root)
        return tuple(out)

    @staticmethod
    def backward(ctx: Any, *gs: Tensor) -> tuple[Any, ...]:
        return _Scatter.apply(ctx.root, ctx.group, *gs), None, None


class _Scatter(Function):
    @staticmethod
    def forward(ctx: Any, root: int, group: ProcessGroup, *tensors: Tensor) -> Tensor:
        ctx.root, ctx.group = root, group
        out = minitorch.zeros_like(tensors[0])
        here = list(tensors) if group.rank() == root else None
        gathering.scatter(out, here, group=group, group_src=root)
        return out

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Any, ...]:
        return None, None, *_Gather.apply(g, ctx.root, ctx.group)


class _AllToAll(Function):
    @staticmethod
    def forward(ctx: Any, shapes: Any, group: ProcessGroup, *tensors: Tensor) -> Any:
        ctx.shapes, ctx.group = [each.shape for each in tensors], group
        out = [minitorch.empty(each, dtype=tensors[0].dtype) for each in shapes]
        gathering.all_to_all(out, list(tensors), group)
        return tuple(out)

    @staticmethod
    def backward(ctx: Any, *gs: Tensor) -> tuple[Any, ...]:
        return None, None, *_AllToAll.apply(ctx.shapes, ctx.group, *gs)


class _AllToAllSingle(Function):
    @staticmethod
    def forward(
        ctx: Any, tensor: Tensor, shape: Any, output_sizes: Any, input_sizes: Any,
        group: ProcessGroup,
    ) -> Tensor:  # fmt: skip
        ctx.back = tensor.shape, input_sizes, output_sizes, group
        out = minitorch.empty(shape, dtype=tensor.dtype)
        gathering.all_to_all_single(out, tensor, output_sizes, input_sizes, group)
        return out

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Any, ...]:
        return _AllToAllSingle.apply(g, *ctx.back), None, None, None, None


__getattr__, __dir__ = absent_names(__name__)
