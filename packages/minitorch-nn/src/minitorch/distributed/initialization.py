"""The beginning and the end of a job: ``init_process_group`` and ``destroy_process_group``."""

from __future__ import annotations

import atexit
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Any

import minitorch

from .communicator import has_mpi, mpi
from .meeting import kept, meet
from .process_group import Backend, ProcessGroup, default_pg_timeout, is_outside, world
from .work import under_way

__all__ = [
    "destroy_process_group", "get_node_local_rank", "init_process_group", "is_available",
    "is_backend_available", "is_gloo_available", "is_mpi_available", "is_nccl_available",
    "is_torchelastic_launched", "is_ucc_available", "is_xccl_available",
]  # fmt: skip


def is_available() -> bool:
    """Whether mpi4py is installed. Without it a group of one process is all there can be."""
    return has_mpi()


def is_mpi_available() -> bool:
    """Whether mpi4py is installed."""
    return has_mpi()


def is_gloo_available() -> bool:
    """Whether mpi4py is installed, by which what asks for gloo is served."""
    return has_mpi()


def is_nccl_available() -> bool:
    """False: NCCL is for GPUs."""
    return False


def is_ucc_available() -> bool:
    """False."""
    return False


def is_xccl_available() -> bool:
    """False."""
    return False


def is_backend_available(backend: str) -> bool:
    """Whether ``init_process_group`` takes this backend and mpi4py is installed."""
    return has_mpi() and backend.lower() in ("mpi", "gloo")


def is_torchelastic_launched() -> bool:
    """Whether ``minitorch.distributed.run`` started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def get_node_local_rank(fallback_rank: int | None = None) -> int:
    """``LOCAL_RANK``, which the launcher sets, or ``fallback_rank``.

    Raises:
        RuntimeError: there is neither.
    """
    if "LOCAL_RANK" in os.environ:
        return int(os.environ["LOCAL_RANK"])
    if fallback_rank is not None:
        return int(fallback_rank)
    raise RuntimeError(
        "LOCAL_RANK is not in the environment. Consider passing fallback_rank to allow "
        "`get_node_local_rank` to work, assuming you are not running in a multi-device context "
        "and want the code to run locally instead."
    )


def backend_of(name: str | None) -> str:
    """The backend for the CPU that ``name`` asks for.

    Raises:
        RuntimeError: it is for a GPU.
        ValueError: there is none of this name.
    """
    if name is None:
        return Backend.MPI
    devices = dict(each.split(":") for each in name.lower().split(",") if ":" in each)
    backend = devices.get("cpu", name.lower())
    if backend in (Backend.MPI, Backend.GLOO):
        return backend
    if backend in Backend.backend_list:
        raise RuntimeError(
            f"Distributed package doesn't have {backend.upper()} built in: MiniTorch computes on "
            "the CPU and knows the backends mpi and gloo, which both are MPI"
        )
    raise ValueError(f"Invalid backend: {name!r}; MiniTorch knows mpi and gloo")


def checked_timeout(timeout: timedelta | None) -> timedelta:
    """The timeout, PyTorch's default for None."""
    if timeout is None:
        return default_pg_timeout
    if not isinstance(timeout, timedelta):
        raise TypeError(
            f"Expected timeout argument to be of type datetime.timedelta, got {timeout}"
        )
    return timeout


def init_process_group(
    backend: str | None = None,
    init_method: str | None = None,
    timeout: timedelta | None = None,
    world_size: int = -1,
    rank: int = -1,
    store: Any = None,
    group_name: str = "",
    pg_options: Any = None,
    device_id: Any = None,
) -> None:
    """Joins this process with the others of the job, which all call this.

    Processes that mpiexec started know each other, their number and ranks. Others, such as those
    of ``multiprocessing.spawn``, need ``rank`` and ``world_size``, as arguments or as ``RANK`` and
    ``WORLD_SIZE`` in the environment, and meet on one machine.

    Args:
        backend: None, ``"mpi"`` or ``"gloo"``, which are all MPI.
        init_method: ``env://`` (where None), ``tcp://host:port`` or ``file:///path``: for processes
            that mpiexec did not start, what they have in common.
        timeout: how long ranks wait for one another before they raise; half an hour where None.
        world_size: the number of processes.
        rank: which of them this is.
        store: None; there are no stores.
        group_name, pg_options: unused, as in PyTorch.
        device_id: None or the CPU.

    Raises:
        ValueError: there is a group already; ``RANK`` or ``WORLD_SIZE`` is missing or wrong.
        RuntimeError: mpi4py is missing where there are several processes, or they do not find each
            other.

    Example:
        >>> from minitorch import distributed
        >>> distributed.init_process_group("gloo", rank=0, world_size=1)
        >>> distributed.get_rank(), distributed.get_world_size()
        (0, 1)
        >>> distributed.destroy_process_group()
    """
    if world.default is not None:
        raise ValueError("trying to initialize the default process group twice!")
    if store is not None:
        raise NotImplementedError(
            "MiniTorch has no stores: MPI's processes find each other without. Use init_method"
        )
    if device_id is not None and minitorch.device(device_id).type != "cpu":
        raise ValueError(f"device_id is {device_id}, but MiniTorch computes on the CPU")
    chosen = backend_of(backend)
    limit = checked_timeout(timeout)
    needs_numbers = backend is not None and chosen == Backend.GLOO
    seconds = limit.total_seconds()
    comm, _, size = meet(init_method, rank, world_size, seconds, needs_numbers)
    ranks = list(range(size))
    made = ProcessGroup(comm, ranks, world.name(), chosen, limit, "default_pg")
    world.default = made
    world.groups.append(made)
    if size > 1:
        begin(made)


def begin(group: ProcessGroup) -> None:
    """What a process of several needs once: its share of the cores, and somebody who watches."""
    from multiprocessing.util import Finalize

    from . import watch  # which needs sockets

    local = group.comm.Split_type(mpi().COMM_TYPE_SHARED)
    share_cores(local.size)
    directory = tempfile.mkdtemp(prefix="minitorch-") if local.rank == 0 else ""
    path = watch.start(directory) if local.rank == 0 else ""
    world.watch = watch.Watch(group.rank(), local.bcast(path))
    local.Free()
    if not registered:
        registered.append(True)
        atexit.register(farewell)
        Finalize(None, farewell, exitpriority=-100)  # for processes of multiprocessing
        sys.excepthook = hook_of(sys.excepthook)


registered: list[bool] = []
failed: list[bool] = []


def share_cores(processes: int) -> None:
    """Lets this process use its share of the machine's cores, unless the user has said how many."""
    asked = ("MINITORCH_NUM_THREADS", "OMP_NUM_THREADS")
    mine = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    if not any(os.environ.get(name) for name in asked[:1]):
        told = os.environ.get("OMP_NUM_THREADS", "")
        count = int(told) if told.isdecimal() and int(told) else max(1, len(mine) // processes)
        minitorch.set_num_threads(min(count, minitorch.get_num_threads()))


def hook_of(former: Callable[..., Any]) -> Callable[..., Any]:
    """An excepthook that puts the rank before each line, and then ends the job."""

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        stderr, sys.stderr = sys.stderr, io.StringIO()
        try:
            former(kind, error, trace)
            text = sys.stderr.getvalue()
        finally:
            sys.stderr = stderr
        rank = "" if world.default is None else f"[rank{world.default.rank()}]: "
        print("".join(f"{rank}{line}\n" for line in text.splitlines()), end="", file=sys.stderr)
        failed.append(True)

    return show


def farewell() -> None:
    """At the end of the process: says goodbye, and ends MPI together with the others."""
    if not registered:
        return
    registered.clear()
    sys.stdout.flush()
    sys.stderr.flush()
    gone = any("died" in what for what in (world.watch.look() if world.watch else {}).values())
    if failed and not gone and world.default is not None:
        time.sleep(0.3)  # in which mpiexec passes on what was said
        mpi().COMM_WORLD.Abort(1)
    if world.watch is not None:
        world.watch.leave()
    forgotten = world.default is not None and kept  # as after an exception: nobody is waited for
    if not gone and not forgotten and not mpi().Is_finalized():
        mpi().Finalize()
    from .relay import say_goodbye

    for connection in kept:
        say_goodbye(connection)


def destroy_process_group(group: Any = None) -> None:
    """Ends a group, or all groups for None; all its members call this.

    Raises:
        AssertionError: there is no group.
        ValueError: there is no such group.
    """
    if is_outside(group):
        return
    ended = world.default if group is None else group
    if ended is None:
        raise AssertionError("Process group cannot be None")
    if ended not in world.groups:
        raise ValueError("Invalid process group specified")
    for work in [work for work in under_way if ended in (work._group, world.default)]:
        work.wait()
    if ended is not world.default:
        world.groups.remove(ended)
        ended.free()
        return
    for each in reversed(world.groups):
        each.free()
    world.groups.clear()
    world.default = None
    world.made = 0
    if world.watch is not None:
        world.watch.leave()
        world.watch = None
