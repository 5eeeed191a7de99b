"""Groups of some of the processes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from .communicator import mpi
from .initialization import backend_of, checked_timeout
from .process_group import (
    GroupMember,
    ProcessGroup,
    default_group,
    get_process_group_ranks,
    get_rank,
    get_world_size,
    world,
)

__all__ = ["new_group", "new_subgroups", "new_subgroups_by_enumeration"]


def new_group(
    ranks: Sequence[int] | None = None,
    timeout: timedelta | None = None,
    backend: str | None = None,
    pg_options: Any = None,
    use_local_synchronization: bool = False,
    group_desc: str | None = None,
    device_id: Any = None,
    sort_ranks: bool = True,
) -> Any:
    """A group of some processes; all processes of the job call this, in the same order.

    Args:
        ranks: who belongs to it, None for all.
        timeout, backend: None for those of the default group.
        use_local_synchronization: whether only those who belong to it call this.
        sort_ranks: whether ranks in the group are in the order of ranks among all.

    Returns the group, or ``GroupMember.NON_GROUP_MEMBER`` to those who are not in it.

    Raises:
        ValueError: there is no default group, or ``ranks`` are not distinct ranks.
    """
    whole = default_group()
    members = list(range(whole.size())) if ranks is None else list(ranks)
    if len(set(members)) < len(members):
        raise ValueError(f"ranks list must not contain duplicate entries, got {members}")
    if len(members) > whole.size():
        raise ValueError(
            "the new group's world size should be less or equal to the world size set by "
            "init_process_group"
        )
    for rank in members:
        if not 0 <= rank < whole.size():
            raise ValueError(
                f"Rank {rank} is out of range. Valid ranks are 0 to {whole.size() - 1} "
                f"(world_size={whole.size()})"
            )
    if sort_ranks:
        members.sort()
    limit = whole.timeout if timeout is None else checked_timeout(timeout)
    called = whole.name() if backend is None else backend_of(backend)
    mine = whole.rank() in members
    name = world.name()
    if whole.is_alone:
        comm = whole.comm
    elif use_local_synchronization:
        if not mine:
            return GroupMember.NON_GROUP_MEMBER
        comm = whole.comm.Create_group(whole.comm.Get_group().Incl(members))
    else:
        color, key = (0, members.index(whole.rank())) if mine else (mpi().UNDEFINED, 0)
        comm = whole.comm.Split(color, key)
    if not mine:
        return GroupMember.NON_GROUP_MEMBER
    made = ProcessGroup(comm, members, name, called, limit, group_desc)
    world.groups.append(made)
    return made


def new_subgroups(
    group_size: int | None = None, group: ProcessGroup | None = None,
    timeout: timedelta | None = None, backend: str | None = None, pg_options: Any = None,
    group_desc: str | None = None,
) -> tuple[Any, list[Any]]:  # fmt: skip
    """Groups of ``group_size`` neighbours each; all processes call this.

    Returns the group of this process, and all of them.

    Raises:
        ValueError: the number of processes is not divisible by ``group_size``.
    """
    if group_size is None:
        raise ValueError(
            "Default group size only takes effect when CUDA is available."
            "If your subgroup using a backend that does not depend on CUDA,"
            "please pass in 'group_size' correctly."
        )
    if group_size <= 0:
        raise ValueError(f"The arg 'group_size' ({group_size}) must be positive")
    size = get_world_size(group)
    if size < group_size:
        raise ValueError(
            f"The arg 'group_size' ({group_size}) must not exceed the world size ({size})"
        )
    if size % group_size != 0:
        raise ValueError(f"The world size ({size}) must be divisible by '{group_size=}'")
    ranks = get_process_group_ranks(group)
    parts = [ranks[start : start + group_size] for start in range(0, size, group_size)]
    return new_subgroups_by_enumeration(parts, timeout, backend, pg_options, group_desc)


def new_subgroups_by_enumeration(
    ranks_per_subgroup_list: list[list[int]], timeout: timedelta | None = None,
    backend: str | None = None, pg_options: Any = None, group_desc: str | None = None,
) -> tuple[Any, list[Any]]:  # fmt: skip
    """A group for each list of ranks; all processes call this.

    Returns the group of this process, None if it is in none, and all of them.

    Raises:
        ValueError: there are no lists, or a rank is in two.
    """
    if not ranks_per_subgroup_list:
        raise ValueError("The arg 'ranks_per_subgroup_list' cannot be empty")
    seen: dict[int, list[int]] = {}
    for ranks in ranks_per_subgroup_list:
        for rank in ranks:
            if rank in seen:
                raise ValueError(
                    f"Rank {rank} has appeared in both subgroup {seen[rank]} and {ranks}"
                )
            seen[rank] = ranks
    made = [
        new_group(ranks, timeout, backend, pg_options, group_desc=group_desc)
        for ranks in ranks_per_subgroup_list
    ]
    mine = next((g for g, r in zip(made, ranks_per_subgroup_list) if get_rank() in r), None)
    return mine, made
