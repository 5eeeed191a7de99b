"""From one rank to another: send and receive.

Follows https://docs.pytorch.org/docs/stable/distributed.html#point-to-point-communication
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch import Tensor

from .buffers import Landing, check_tensor, sending
from .collectives import outside
from .communicator import mpi
from .process_group import ProcessGroup, chosen, get_global_rank, get_rank, member_rank
from .work import Work, progress

__all__ = ["P2POp", "batch_isend_irecv", "irecv", "isend", "recv", "send"]


def check_other(group: ProcessGroup, rank: int, kind: str) -> None:
    """Raises ValueError where ``rank`` is this process."""
    if group.rank() == rank:
        raise ValueError(
            f"Invalid {kind} rank: {kind} rank should not be the same as the rank of the current "
            "process."
        )


def isend(
    tensor: Tensor, dst: int | None = None, group: ProcessGroup | None = None, tag: int = 0,
    group_dst: int | None = None,
) -> Work | None:  # fmt: skip
    """Begins to send ``tensor`` to rank ``dst``; it must not be written to before ``wait()``.

    Args:
        dst: a rank among all; or ``group_dst``, one in the group.
        tag: ``irecv`` takes what has the tag that it asks for.

    Raises:
        ValueError: there is no group, or the rank is not in it.
    """
    if outside(group, "isend"):
        return None
    group = chosen(group)
    to = member_rank(group, dst, group_dst)
    check_tensor(tensor, "tensor")
    if group.is_alone:
        check_other(group, to, "destination")
    progress()
    sent = sending(tensor)
    request = group.comm.Isend(group.memory(sent), to, tag)
    return Work(group, f"send to rank {get_global_rank(group, to)}", request, sent, None, [tensor])


def irecv(
    tensor: Tensor, src: int | None = None, group: ProcessGroup | None = None, tag: int = 0,
    group_src: int | None = None,
) -> Work | None:  # fmt: skip
    """Begins to receive ``tensor`` from rank ``src``, from any where None.

    Raises:
        ValueError: there is no group, or the rank is not in it.
    """
    if outside(group, "irecv"):
        return None
    check_tensor(tensor, "tensor")
    group = chosen(group)
    given = src is not None or group_src is not None
    if group.is_alone:
        check_other(group, 0, "source")
    come_from = member_rank(group, src, group_src) if given else mpi().ANY_SOURCE
    progress()
    landing = Landing(tensor, filled=False)
    request = group.comm.Irecv(group.memory(landing.array), come_from, tag)
    whom = f"rank {get_global_rank(group, come_from)}" if given else "any rank"
    work = Work(group, f"receive from {whom}", request, landing, landing.settle, [tensor])
    work._status = mpi().Status()
    return work


def send(
    tensor: Tensor, dst: int | None = None, group: ProcessGroup | None = None, tag: int = 0,
    group_dst: int | None = None,
) -> None:  # fmt: skip
    """Sends ``tensor`` to rank ``dst``; see ``isend``.

    Raises:
        ValueError: there is no group, or the rank is not in it, or this process is the rank.
        RuntimeError: the rank died, left or did not receive in time.
    """
    if outside(group, "send"):
        return
    group = chosen(group)
    to = member_rank(group, dst, group_dst)
    check_other(group, to, "destination")
    work = isend(tensor, group=group, tag=tag, group_dst=to)
    if work is not None:
        work.wait()


def recv(
    tensor: Tensor, src: int | None = None, group: ProcessGroup | None = None, tag: int = 0,
    group_src: int | None = None,
) -> int:  # fmt: skip
    """Receives ``tensor`` from rank ``src``, from any where None; returns the sender's rank.

    Raises:
        ValueError: there is no group, or the rank is not in it, or this process is the rank.
        RuntimeError: the rank died, left or did not send in time.
    """
    if outside(group, "recv"):
        return -1
    group = chosen(group)
    if src is not None or group_src is not None:
        group_src, src = member_rank(group, src, group_src), None
        check_other(group, group_src, "source")
    work: Any = irecv(tensor, None, group, tag, group_src)
    work.wait()
    return get_global_rank(group, work.source_rank())


class P2POp:
    """What ``batch_isend_irecv`` is to begin.

    Args:
        op: ``isend`` or ``irecv``.
        tensor: what is sent or received.
        peer: the other rank among all; or ``group_peer``, that in the group.
        group, tag: as ``op`` takes them.

    Raises:
        ValueError: ``op`` is neither.
    """

    def __init__(
        self, op: Callable[..., Any], tensor: Tensor, peer: int | None = None,
        group: ProcessGroup | None = None, tag: int = 0, group_peer: int | None = None,
    ) -> None:  # fmt: skip
        if op not in (isend, irecv):
            raise ValueError(
                "Invalid ``op``. Expected ``op`` to be of type ``torch.distributed.isend`` or "
                "``torch.distributed.irecv``."
            )
        check_tensor(tensor, "tensor")
        self.op, self.tensor, self.tag = op, tensor, tag
        self.group = chosen(group)
        self.group_peer = member_rank(self.group, peer, group_peer)
        self.peer = get_global_rank(self.group, self.group_peer)

    def __repr__(self) -> str:
        ends = [get_rank(self.group), self.group_peer]
        start, stop = ends if self.op is isend else reversed(ends)
        return (
            f"P2POp({self.op.__name__} pg={self.group.group_name}, group_src={start}, "
            f"group_dst={stop},  {self.tensor.shape}, {self.tensor.dtype})"
        )


def batch_isend_irecv(p2p_op_list: list[P2POp]) -> list[Work]:
    """Begins all of them; returns what to wait for.

    Raises:
        ValueError: they are no P2POps, or of different groups.
    """
    if not isinstance(p2p_op_list, list) or not all(isinstance(p, P2POp) for p in p2p_op_list):
        raise ValueError(
            "Invalid ``p2p_op_list``. Each op is expected to to be of type "
            "``torch.distributed.P2POp``."
        )
    if any(each.group is not p2p_op_list[0].group for each in p2p_op_list):
        raise ValueError("All ops need to use the same group.")
    begun = []
    for each in p2p_op_list:
        peer = {"group_dst" if each.op is isend else "group_src": each.group_peer}
        begun.append(each.op(each.tensor, group=each.group, tag=each.tag, **peer))
    return begun
