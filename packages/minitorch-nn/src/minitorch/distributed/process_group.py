"""Groups of processes: the default one, others made of it, and ranks in them."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .communicator import Alone, datatype
from .reductions import RedOpType, operation

if TYPE_CHECKING:
    from .watch import Watch

__all__ = [
    "Backend", "GroupMember", "ProcessGroup", "default_pg_timeout", "get_backend",
    "get_backend_config", "get_default_backend_for_device", "get_global_rank", "get_group_rank",
    "get_pg_count", "get_process_group_ranks", "get_rank", "get_world_size", "group",
    "is_initialized",
]  # fmt: skip

default_pg_timeout = timedelta(minutes=30)
UNINITIALIZED = (
    "Default process group has not been initialized, please make sure to call init_process_group."
)


class Backend(str):
    """The names of PyTorch's backends; those of the CPU all mean MPI here."""

    UNDEFINED: ClassVar[str] = "undefined"
    GLOO: ClassVar[str] = "gloo"
    NCCL: ClassVar[str] = "nccl"
    UCC: ClassVar[str] = "ucc"
    MPI: ClassVar[str] = "mpi"
    XCCL: ClassVar[str] = "xccl"
    FAKE: ClassVar[str] = "fake"
    backend_list: ClassVar[list[str]] = ["undefined", "gloo", "nccl", "xccl", "ucc", "mpi", "fake"]
    default_device_backend_map: ClassVar[dict[str, str]] = {"cpu": "gloo"}

    def __new__(cls, name: str) -> Backend:
        if not isinstance(name, str):
            raise ValueError("Backend constructor parameter must be string-ish")
        return str.__new__(cls, name.lower())


class ProcessGroup:
    """Processes that take part in collectives together; ``new_group`` makes one.

    Attributes:
        comm: their communicator.
        ranks: their ranks among all processes, in the order of their ranks in the group.
        timeout: how long to wait for one another.
    """

    def __init__(
        self, comm: Any, ranks: list[int], name: str, backend: str, timeout: timedelta,
        desc: str | None = None,
    ) -> None:  # fmt: skip
        self.comm, self.ranks, self.timeout = comm, ranks, timeout
        self.group_name, self.group_desc = name, desc or "undefined"
        self._backend = backend
        self._rank, self._size = int(comm.rank), int(comm.size)
        self.is_alone = isinstance(comm, Alone)
        self.derived: list[ProcessGroup] = []
        self.checking = None if self.is_alone else comm.Dup()  # see agreement
        self.agreed: set[tuple[Any, ...]] = set()

    def rank(self) -> int:
        """The rank of this process in the group."""
        return self._rank

    def size(self) -> int:
        """The number of processes."""
        return self._size

    def name(self) -> str:
        """The backend's name."""
        return self._backend

    @property
    def global_rank(self) -> int:
        """The rank of this process among all."""
        return self.ranks[self._rank]

    @cached_property
    def for_gradients(self) -> ProcessGroup:
        """The same processes; the order of its collectives is its own."""
        made = ProcessGroup(
            self.comm.Dup(), self.ranks, self.group_name, self._backend, self.timeout, "gradients"
        )
        self.derived.append(made)
        return made

    def free(self) -> None:
        """Gives the communicators back."""
        for each in self.derived:
            each.free()
        if self.checking is not None:
            self.checking.Free()
        self.comm.Free()

    def gone(self) -> dict[int, str]:
        """What is known of members that have died or left: rank among all -> what it is."""
        watch = world.watch
        told = {} if watch is None else watch.look()
        return {rank: told[rank] for rank in self.ranks if rank in told}

    def memory(self, array: np.ndarray[Any, Any]) -> list[Any]:
        """A contiguous array as MPI takes it."""
        flat = array.reshape(-1)
        kind = None if self.is_alone else datatype(array.dtype)
        return [flat.view(np.uint8), flat.size, kind]

    def operation(self, kind: RedOpType, dtype: np.dtype[Any]) -> Any:
        """What MPI reduces with."""
        return None if self.is_alone else operation(kind, dtype)

    def _get_backend_name(self) -> str:
        return self._backend


class World:
    """What there is one of in a process."""

    def __init__(self) -> None:
        self.default: ProcessGroup | None = None
        self.groups: list[ProcessGroup] = []  # in the order in which they were made
        self.made = 0  # also those that this process does not belong to
        self.watch: Watch | None = None

    def name(self) -> str:
        """The name of the next group."""
        self.made += 1
        return str(self.made - 1)


world = World()


class WorldMeta(type):
    """Lets the classes ``group`` and ``GroupMember`` tell of the default group."""

    @property
    def WORLD(cls) -> ProcessGroup | None:  # noqa: N802  (PyTorch's name)
        """The default group, None before ``init_process_group``."""
        return world.default

    @WORLD.setter
    def WORLD(cls, value: ProcessGroup | None) -> None:  # noqa: N802  (PyTorch's name)
        world.default = value


class group(metaclass=WorldMeta):  # noqa: N801  (PyTorch's name)
    """``group.WORLD`` is the default group."""


class GroupMember(metaclass=WorldMeta):
    """``GroupMember.NON_GROUP_MEMBER`` stands for a group that this process is not in."""

    NON_GROUP_MEMBER: ClassVar[int] = -100


def is_initialized() -> bool:
    """Whether there is a default group."""
    return world.default is not None


def default_group() -> ProcessGroup:
    """The default group.

    Raises:
        ValueError: there is none.
    """
    if world.default is None:
        raise ValueError(UNINITIALIZED)
    return world.default


def chosen(group: Any) -> Any:
    """``group``, or the default group for None."""
    return default_group() if group is None else group


def is_outside(group: Any) -> bool:
    """Whether ``group`` stands for one that this process is not in."""
    return isinstance(group, int) and group == GroupMember.NON_GROUP_MEMBER


def known(group: Any) -> ProcessGroup:
    """``group``, one that exists.

    Raises:
        ValueError: it does not.
    """
    if group not in world.groups:
        raise ValueError(
            f"Group {group} is not registered, please create group with "
            "torch.distributed.new_group API"
        )
    return group  # type: ignore[no-any-return]  # it is one of them


def get_rank(group: ProcessGroup | int | None = None) -> int:
    """The rank of this process in the group; -1 where it is not in it.

    Raises:
        ValueError: there is no default group.
    """
    if is_outside(group):
        return -1
    default = default_group()
    return default.rank() if group is None else get_group_rank(group, default.rank())


def get_world_size(group: ProcessGroup | int | None = None) -> int:
    """The number of processes in the group; -1 where this one is not in it.

    Raises:
        ValueError: there is no default group.
    """
    return -1 if is_outside(group) else chosen(group).size()


def get_group_rank(group: Any, global_rank: int) -> int:
    """The rank in ``group`` of the process that has ``global_rank`` among all.

    Raises:
        ValueError: it is not in the group.
    """
    if group is not None and group is world.default:
        return global_rank
    if is_outside(group):
        raise ValueError(f"Global rank {global_rank} is not part of group {group}")
    ranks = known(group).ranks
    if global_rank not in ranks:
        raise ValueError(f"Global rank {global_rank} is not part of group {group}")
    return ranks.index(global_rank)


def get_global_rank(group: Any, group_rank: int) -> int:
    """The rank among all of the process that has ``group_rank`` in ``group``.

    Raises:
        ValueError: there is no such rank.
    """
    if group is not None and group is world.default:
        return group_rank
    ranks = [] if is_outside(group) else known(group).ranks
    if not 0 <= group_rank < len(ranks):
        raise ValueError(f"Group rank {group_rank} is not part of group {group}")
    return ranks[group_rank]


def get_process_group_ranks(group: ProcessGroup | None) -> list[int]:
    """The ranks among all of the group's processes, in the order of the group."""
    return list(known(chosen(group)).ranks)


def member_rank(
    group: Any, global_rank: int | None, group_rank: int | None, default: int | None = None
) -> int:
    """The rank in ``group`` that a call names by one of two arguments.

    Raises:
        ValueError: it names both or none, or no member.
    """
    if global_rank is None and group_rank is None:
        global_rank = default
    if group_rank is not None:
        if global_rank is not None:
            raise ValueError("Can't specify both group_rank and global_rank")
    elif global_rank is None:
        raise ValueError("Must specify global_rank or group_rank")
    else:
        group_rank = get_group_rank(group, global_rank)
    if not 0 <= group_rank < group.size():
        raise ValueError(
            f"rank {group_rank} is out of range: the group has ranks 0 to {group.size() - 1}"
        )
    return group_rank


def get_backend(group: ProcessGroup | int | None = None) -> str:
    """The name by which the group's backend was asked for, ``"mpi"`` where by none.

    Raises:
        ValueError: there is no such group, or this process is not in it.
    """
    found = chosen(group)
    if is_outside(found) or found not in world.groups:
        raise ValueError("Invalid process group specified")
    return str(found.name())


def get_backend_config(group: ProcessGroup | None = None) -> str:
    """The backend of each device: there is one."""
    return f"cpu:{get_backend(group)}"


def get_default_backend_for_device(device: Any) -> str:
    """The backend for a device: ``"gloo"``, which means MPI here.

    Raises:
        ValueError: it is not the CPU.
    """
    name = getattr(device, "type", str(device).partition(":")[0])
    if name != "cpu":
        raise ValueError(f"Default backend not registered for device : {name}")
    return Backend.GLOO


def get_pg_count() -> int:
    """How many groups were made."""
    return world.made
