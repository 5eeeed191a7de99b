"""MPI for processes that were not started by mpiexec, as by ``multiprocessing.spawn``.

The process of rank 0 calls mpiexec, which starts this file as a program for each rank. The program
finds the process of its rank by a socket and hands it what mpiexec gave: the environment, and the
connection over which MPI's processes find each other. That works on one machine, with MPIs that
pass this connection as ``PMI_FD`` (MPICH and its kin).
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from hashlib import sha256
from shutil import which

__all__ = ["connect", "mpiexec", "say_goodbye"]

PREFIXES = ("PMI_", "MPI_", "HYDI_", "MPIR_", "HYDRA_")


def mpiexec() -> str:
    """The path of mpiexec, by preference the one beside this Python.

    Raises:
        RuntimeError: there is none.
    """
    here = os.path.dirname(sys.executable)
    found = which("mpiexec", path=here) or which("mpiexec")
    if found is None:
        raise RuntimeError(
            "there is no mpiexec here, which starts MPI's processes: pip install mpich "
            "(or the extra minitorch-nn[mpi])"
        )
    return found


def meeting_point(name: str, rank: int) -> str:
    mark = sha256(f"{os.getuid()} {name}".encode()).hexdigest()[:16]
    return os.path.join(tempfile.gettempdir(), f"minitorch-{mark}-{rank}")


def connect(rank: int, size: int, name: str, timeout: float) -> int:
    """Makes this process the rank of an MPI job that is about to start, once all ranks call this.

    Args:
        name: what the ranks have in common, such as MASTER_ADDR and MASTER_PORT.

    Returns the descriptor of the connection, open until the process ends, for ``say_goodbye``.

    Raises:
        RuntimeError: the others did not come within ``timeout`` seconds.
    """
    import socket
    import subprocess

    place = meeting_point(name, rank)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(place)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen(1)
        listening.settimeout(timeout)
        if rank == 0:
            command = [mpiexec(), "-n", str(size), sys.executable, "-I", __file__, name, timeout]
            started = subprocess.Popen(
                list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
            started.returncode = 0  # nobody waits for it
        try:
            connection, _ = listening.accept()
        except TimeoutError:
            raise RuntimeError(
                f"rank {rank} of {size} waited {timeout:g} s at {name} for mpiexec to be called by "
                "rank 0 on this machine. On several machines start the ranks with mpiexec itself: "
                "mpiexec -n 4 python -m minitorch train.py"
            ) from None
        finally:
            os.unlink(place)
    told, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, 1)
    if not descriptors:
        raise RuntimeError(
            f"{mpiexec()} gave no connection that can be handed on (PMI_FD, as MPICH's does): "
            "start the ranks with mpiexec itself: mpiexec -n 4 python -m minitorch train.py"
        )
    os.environ.update(json.loads(told), PMI_FD=str(descriptors[0]))
    return connection.detach()


def say_goodbye(descriptor: int) -> None:
    """Says that the process will end in order."""
    with contextlib.suppress(OSError):
        os.write(descriptor, b"x")


def main(name: str, timeout: float) -> None:
    """The program: hands over, and stays until the process of its rank has left."""
    import socket

    rank = os.environ.get("PMI_RANK", "0")
    end = time.monotonic() + timeout
    with socket.socket(socket.AF_UNIX) as connection:
        while True:
            try:
                connection.connect(meeting_point(name, int(rank)))
                break
            except OSError:
                if time.monotonic() > end:
                    sys.exit(f"rank {rank} did not come to {name}")
                time.sleep(0.01)
        given = {key: value for key, value in os.environ.items() if key.startswith(PREFIXES)}
        descriptors = [int(given["PMI_FD"])] if "PMI_FD" in given else []
        socket.send_fds(connection, [json.dumps(given).encode()], descriptors)
        said_goodbye = connection.recv(1)
        connection.recv(1)  # until the process ends: MPI has a last word then
        sys.exit(0 if said_goodbye else 1)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
