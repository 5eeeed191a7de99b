"""What those answer that run in more than one process or on more than one machine."""

from __future__ import annotations

from datetime import timedelta

from .absent import Absent

__all__ = ["TABLE"]

BACKENDS = (
    "is_backend_available is_gloo_available is_initialized is_mpi_available is_nccl_available "
    "is_torchelastic_launched is_ucc_available is_xccl_available"
)


class GroupMember:
    """The group of all processes: there is none before ``init_process_group``."""

    WORLD = None
    NON_GROUP_MEMBER = -100


class group:  # noqa: N801  (PyTorch's name)
    """The group of all processes: there is none before ``init_process_group``."""

    WORLD = None


GROUPS = {"group": group, "GroupMember": GroupMember}

TABLE: dict[str, Absent] = {
    "distributed": Absent(false=f"is_available {BACKENDS}", values=GROUPS),
    "distributed.distributed_c10d": Absent(
        false=BACKENDS,
        values={"default_pg_timeout": timedelta(minutes=30), "_pg_map": {}, **GROUPS},
    ),
    "distributed.constants": Absent(values={"default_pg_timeout": timedelta(minutes=30)}),
    "distributed.rpc": Absent(false="is_available"),
    "distributed.rpc.api": Absent(same="_require_initialized"),
    "distributed.autograd": Absent(false="is_available"),
    "distributed.elastic.multiprocessing.errors": Absent(same="record"),
    "distributed.fsdp._common_utils": Absent(
        false="_has_fsdp_params _is_composable _is_fsdp_flattened"
    ),
    "distributed.fsdp._runtime_utils": Absent(false="_is_fsdp_root"),
}
