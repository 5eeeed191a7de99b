"""How the processes of a job find each other: started by mpiexec, or brought together here."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlparse

from .communicator import Alone, has_mpi, mpi, starts_mpi

__all__ = ["launched_size", "meet"]

# how launchers tell a process how many there are
SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE", "PMIX_SIZE")

kept: list[int] = []  # connections that hold the job together, see relay


def launched_size() -> int:
    """The number of processes that an MPI launcher started, 1 where none did."""
    told = next((os.environ[name] for name in SIZES if name in os.environ), None)
    if told is not None:
        return int(told)
    if {"PMIX_RANK", "PMI_RANK"} & os.environ.keys() or starts_mpi():
        return int(mpi().COMM_WORLD.size)
    return 1


def _number(name: str, given: int, method: str) -> int:
    """RANK or WORLD_SIZE, as an argument or from the environment."""
    if given >= 0:
        return given
    if name not in os.environ:
        raise ValueError(
            f"Error initializing torch.distributed using {method} rendezvous: environment variable "
            f"{name} expected, but not set"
        )
    return int(os.environ[name])


def _place(init_method: str) -> str:
    """What the processes have in common: an address, or a file's path."""
    url = urlparse(init_method)
    if url.scheme == "env":
        address = os.environ.get("MASTER_ADDR", "localhost")
        return f"{address}:{os.environ.get('MASTER_PORT', '29500')}"
    return url.netloc + url.path


def meet(
    init_method: str | None, rank: int, world_size: int, timeout: float, needs_numbers: bool
) -> tuple[Any, int, int]:
    """The communicator of all processes, and rank and size in it.

    Args:
        init_method: as ``init_process_group`` takes it.
        rank, world_size: -1 where they are not given.
        needs_numbers: whether a process that no launcher started has to be told them.

    Raises:
        ValueError: the numbers are not there, or are not those of the launcher.
        RuntimeError: there is no such method, or the processes did not find each other.
    """
    method = init_method or "env://"
    scheme = urlparse(method).scheme
    if scheme not in ("env", "tcp", "file"):
        raise RuntimeError(f"No rendezvous handler for {scheme}://")
    launched = launched_size()
    told = rank >= 0 or world_size >= 0 or scheme != "env" or "RANK" in os.environ
    if launched == 1 and not told and not needs_numbers:
        return Alone(), 0, 1
    if launched > 1 and not told:
        world = mpi().COMM_WORLD.Dup()
        return world, world.rank, world.size
    rank = _number("RANK", rank, f"{scheme}://")
    world_size = _number("WORLD_SIZE", world_size, f"{scheme}://")
    if not 0 <= rank < world_size:
        raise ValueError(f"rank is {rank}, of {world_size} processes")
    if world_size == launched == 1:
        return Alone(), 0, 1
    if launched == 1:
        if not has_mpi():
            mpi()  # says what to install
        from .relay import connect  # which needs sockets

        kept.append(connect(rank, world_size, _place(method), timeout))
    world = mpi().COMM_WORLD
    if world.size != world_size:
        raise ValueError(
            f"world_size is {world_size}, but {world.size} processes were started together"
        )
    world = world.Split(0, rank)  # in the order that the user says
    return world, world.rank, world.size
