"""What torchrun tells the processes that it starts, told to those that mpiexec starts."""

from __future__ import annotations

import os

__all__ = ["tell_rank"]

# torchrun's variable -> those of MPICH (and its kin), Open MPI and Slurm
SAID = {
    "RANK": ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID"),
    "WORLD_SIZE": ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_NTASKS"),
    "LOCAL_RANK": ("MPI_LOCALRANKID", "OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID"),
    "LOCAL_WORLD_SIZE": ("MPI_LOCALNRANKS", "OMPI_COMM_WORLD_LOCAL_SIZE", "SLURM_NTASKS_PER_NODE"),
}
ELSE = {"MASTER_ADDR": "localhost", "MASTER_PORT": "29500", "GROUP_RANK": "0"}


def tell_rank() -> None:
    """Sets those of ``RANK``, ``WORLD_SIZE``, ``LOCAL_RANK`` … that are not set, if mpiexec started
    this process."""
    found = {
        name: next((os.environ[each] for each in theirs if each in os.environ), None)
        for name, theirs in SAID.items()
    }
    if found["RANK"] is None or found["WORLD_SIZE"] is None:
        return
    for name, value in (found | ELSE).items():
        if value is not None:
            os.environ.setdefault(name, value)
