"""Many tensors sent as few: those of one dtype in one piece."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import minitorch
from minitorch import Tensor
from minitorch.extend import array_of, mark_written

from .buffers import joined
from .collectives import broadcast
from .objects import all_gather_object
from .process_group import ProcessGroup

__all__ = ["broadcast_coalesced", "verify_shapes"]


def broadcast_coalesced(tensors: Iterable[Tensor], group: ProcessGroup, root: int) -> None:
    """Gives the tensors of the group's rank ``root`` to all its members, in place."""
    kinds: dict[Any, list[Tensor]] = {}
    for each in tensors:
        kinds.setdefault(each.dtype, []).append(each)
    for same in kinds.values():
        flat = joined(same)
        broadcast(minitorch.as_tensor(flat), group=group, group_src=root)
        start = 0
        for each in same if group.rank() != root else ():
            own = array_of(each)
            own[...] = flat[start : start + own.size].reshape(own.shape)
            start += own.size
            mark_written(each)


def verify_shapes(parameters: list[Tensor], group: ProcessGroup) -> None:
    """Raises RuntimeError on all ranks unless all have parameters of the same shapes."""
    told: list[Any] = [None] * group.size()
    all_gather_object(told, [(list(each.shape), str(each.dtype)) for each in parameters], group)
    for rank, theirs in enumerate(told):
        if len(theirs) != len(told[0]):
            raise RuntimeError(
                f"DDP expects same model across all ranks, but Rank 0 has {len(told[0])} params, "
                f"while rank {rank} has inconsistent {len(theirs)} params."
            )
        for k, (mine, first) in enumerate(zip(theirs, told[0])):
            if mine != first:
                raise RuntimeError(
                    f"[{rank}]: params[{k}] in this process with sizes {mine[0]} ({mine[1]}) "
                    "appears not to match sizes of the same param in process 0: "
                    f"{first[0]} ({first[1]})."
                )
