"""Collectives of any objects that can be pickled: sizes first, then the bytes.

Unpickling runs code of the sender's choice: the ranks of a job trust each other.

Follows https://docs.pytorch.org/docs/stable/distributed.html#torch.distributed.all_gather_object
"""

from __future__ import annotations

import pickle
from typing import Any

import minitorch
import numpy as np
from minitorch import Tensor

from .collectives import broadcast, outside
from .gathering import all_gather, all_to_all_single
from .point_to_point import recv, send
from .process_group import ProcessGroup, chosen, get_global_rank, member_rank

__all__ = [
    "all_gather_object", "broadcast_object_list", "gather_object", "recv_object_list",
    "scatter_object_list", "send_object_list",
]  # fmt: skip


def pickled(obj: Any) -> Tensor:
    return minitorch.from_numpy(np.frombuffer(bytearray(pickle.dumps(obj)), np.uint8))


def unpickled(data: Tensor) -> Any:
    return pickle.loads(data.numpy().tobytes())


def empty(size: int) -> Tensor:
    return minitorch.empty(int(size), dtype=minitorch.uint8)


def sizes_of(tensors: list[Tensor]) -> Tensor:
    return minitorch.tensor([each.numel() for each in tensors], dtype=minitorch.int64)


def gathered(obj: Any, group: ProcessGroup) -> list[Any]:
    """The objects of all ranks."""
    data = pickled(obj)
    sizes = [minitorch.zeros(1, dtype=minitorch.int64) for _ in range(group.size())]
    all_gather(sizes, sizes_of([data]), group)
    parts = [empty(int(size)) for size in sizes]
    all_gather(parts, data, group)
    return [unpickled(part) for part in parts]


def all_gather_object(object_list: list[Any], obj: Any, group: ProcessGroup | None = None) -> None:
    """``object_list[rank]`` becomes the ``obj`` of ``rank``.

    Example:
        >>> from minitorch import distributed
        >>> distributed.init_process_group("gloo", rank=0, world_size=1)
        >>> objects = [None]
        >>> distributed.all_gather_object(objects, {"rank": 0})
        >>> objects
        [{'rank': 0}]
        >>> distributed.destroy_process_group()
    """
    if outside(group, "all_gather_object"):
        return
    for k, each in enumerate(gathered(obj, chosen(group))):
        object_list[k] = each


def gather_object(
    obj: Any, object_gather_list: list[Any] | None = None, dst: int | None = None,
    group: ProcessGroup | None = None, group_dst: int | None = None,
) -> None:  # fmt: skip
    """``object_gather_list[rank]`` of rank ``dst`` becomes the ``obj`` of ``rank``.

    Raises:
        ValueError: the list is there on another rank, or missing on ``dst``.
    """
    if outside(group, "gather_object"):
        return
    group = chosen(group)
    root = member_rank(group, dst, group_dst, 0)
    if root == group.rank():
        if not object_gather_list:
            raise ValueError("Argument ``gather_list`` must be specified on destination rank.")
    elif object_gather_list:
        raise ValueError("Argument ``gather_list`` must NOT be specified on non-destination ranks.")
    size, data = group.size(), pickled(obj)
    sizes = minitorch.zeros(size, dtype=minitorch.int64)
    to_root = [data.numel() if rank == root else 0 for rank in range(size)]
    all_to_all_single(sizes, minitorch.tensor(to_root, dtype=minitorch.int64), group=group)
    counts = [int(each) for each in sizes]
    received = empty(sum(counts))
    all_to_all_single(received, data, counts, to_root, group)
    if object_gather_list:
        for k, part in enumerate(received.split(counts)):
            object_gather_list[k] = unpickled(part)


def broadcast_object_list(
    object_list: list[Any], src: int | None = None, group: ProcessGroup | None = None,
    device: Any = None, group_src: int | None = None,
) -> None:  # fmt: skip
    """Gives the objects of rank ``src`` to all, whose lists are as long."""
    if outside(group, "broadcast_object_list"):
        return
    group = chosen(group)
    root = member_rank(group, src, group_src, 0)
    sends = root == group.rank()
    parts = [pickled(each) for each in object_list] if sends else []
    sizes = sizes_of(parts) if sends else minitorch.zeros(len(object_list), dtype=minitorch.int64)
    broadcast(sizes, group=group, group_src=root)
    data = minitorch.cat(parts) if parts else empty(int(sizes.sum()))
    broadcast(data, group=group, group_src=root)
    if not sends:
        for k, part in enumerate(data.split([int(each) for each in sizes])):
            object_list[k] = unpickled(part)


def scatter_object_list(
    scatter_object_output_list: list[Any], scatter_object_input_list: list[Any] | None = None,
    src: int | None = None, group: ProcessGroup | None = None, group_src: int | None = None,
) -> None:  # fmt: skip
    """``scatter_object_output_list[0]`` becomes this rank's object of the list of rank ``src``.

    Raises:
        ValueError: the input list is missing on ``src``, or has another length.
        RuntimeError: the output list is empty.
    """
    if outside(group, "scatter_object_list"):
        return
    if not isinstance(scatter_object_output_list, list) or not scatter_object_output_list:
        raise ValueError(
            "Expected argument scatter_object_output_list to be a list of size at least 1."
        )
    group = chosen(group)
    root = member_rank(group, src, group_src, 0)
    size = group.size()
    parts: list[Tensor] = []
    if root == group.rank():
        if not scatter_object_input_list or len(scatter_object_input_list) != size:
            raise ValueError(
                f"scatter_object_input_list must have an object for each of {size} ranks on the "
                "source rank"
            )
        parts = [pickled(each) for each in scatter_object_input_list]
    counts = [each.numel() for each in parts] or [0] * size
    sizes = minitorch.zeros(size, dtype=minitorch.int64)
    all_to_all_single(sizes, minitorch.tensor(counts, dtype=minitorch.int64), group=group)
    received = empty(int(sizes[root]))
    data = minitorch.cat(parts) if parts else empty(0)
    all_to_all_single(received, data, [int(each) for each in sizes], counts, group)
    scatter_object_output_list[0] = unpickled(received)


def send_object_list(
    object_list: list[Any], dst: int | None = None, group: ProcessGroup | None = None,
    device: Any = None, group_dst: int | None = None, use_batch: bool = False,
) -> None:  # fmt: skip
    """Sends the objects to rank ``dst``, which calls ``recv_object_list`` with as many."""
    if outside(group, "send_object_list"):
        return
    group = chosen(group)
    to = member_rank(group, dst, group_dst)
    parts = [pickled(each) for each in object_list]
    send(sizes_of(parts), group=group, group_dst=to)
    send(minitorch.cat(parts), group=group, group_dst=to)


def recv_object_list(
    object_list: list[Any], src: int | None = None, group: ProcessGroup | None = None,
    device: Any = None, group_src: int | None = None, use_batch: bool = False,
) -> int:  # fmt: skip
    """Receives objects from rank ``src``, from any where None; returns the sender's rank."""
    if outside(group, "recv_object_list"):
        return -1
    group = chosen(group)
    sizes = minitorch.zeros(len(object_list), dtype=minitorch.int64)
    come_from = recv(sizes, src, group, group_src=group_src)
    data = empty(int(sizes.sum()))
    recv(data, come_from, group)
    for k, part in enumerate(data.split([int(each) for each in sizes])):
        object_list[k] = unpickled(part)
    return get_global_rank(group, member_rank(group, come_from, None))
