"""What carries the messages: MPI through mpi4py, or, for one process, nothing at all.

Both are used through mpi4py's nonblocking methods: each takes ``[memory, count, datatype]`` and
gives a request that is tested until it is complete.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

__all__ = ["Alone", "datatype", "has_mpi", "mpi", "starts_mpi"]


@cache
def has_mpi() -> bool:
    """Whether mpi4py is installed."""
    return find_spec("mpi4py") is not None


def starts_mpi() -> bool:
    """Whether MPI is running in this process, ours to end or somebody else's."""
    return "mpi4py.MPI" in sys.modules


@cache
def mpi() -> Any:
    """``mpi4py.MPI``, whose import starts MPI; ``farewell`` ends it.

    Raises:
        RuntimeError: mpi4py is not installed, or finds no MPI.
    """
    if not has_mpi():
        raise RuntimeError(
            "minitorch.distributed runs on MPI, which it reaches through mpi4py: pip install "
            "mpi4py mpich (or the extra minitorch-nn[mpi]). A group of one process needs none"
        )
    if not starts_mpi():
        import_module("mpi4py").rc.finalize = False
    try:
        return import_module("mpi4py.MPI")
    except (ImportError, RuntimeError) as error:
        raise RuntimeError(f"mpi4py finds no MPI: {error}. pip install mpich") from error


KNOWN = {
    "?": "C_BOOL", "b": "INT8_T", "B": "UINT8_T", "h": "INT16_T", "H": "UINT16_T", "i": "INT32_T",
    "I": "UINT32_T", "f": "FLOAT", "d": "DOUBLE", "F": "C_FLOAT_COMPLEX", "D": "C_DOUBLE_COMPLEX",
}  # fmt: skip


@cache
def datatype(dtype: np.dtype[Any]) -> Any:
    """MPI's name of an element of ``dtype``; of what MPI does not know, as many bytes."""
    name = KNOWN.get(dtype.char)
    if name is None and dtype.kind in "iu":  # "l" and "q" have eight bytes, or "l" has four
        name = f"{'U' if dtype.kind == 'u' else ''}INT{8 * dtype.itemsize}_T"
    if name is not None:
        return getattr(mpi(), name)
    return mpi().BYTE.Create_contiguous(dtype.itemsize).Commit()


class Done:
    """The request of something that needs no waiting."""

    source = 0

    def Test(self, status: Any = None) -> bool:  # noqa: N802  (mpi4py's)
        return True


class Alone:
    """The communicator of one process: what is sent arrives in the same place."""

    size, rank = 1, 0

    def Get_size(self) -> int:  # noqa: N802
        return 1

    def _copy(self, sent: Any, received: Any) -> Done:
        if isinstance(sent, list) and isinstance(received, list) and sent[0] is not received[0]:
            received[0][: sent[0].nbytes] = sent[0]
        return Done()

    def Ibarrier(self) -> Done:  # noqa: N802
        return Done()

    def Ibcast(self, buffer: Any, root: int) -> Done:  # noqa: N802
        return Done()

    def Iallreduce(self, sent: Any, received: Any, op: Any) -> Done:  # noqa: N802
        return self._copy(sent, received)

    Ireduce_scatter_block = Iallreduce

    def Ireduce(self, sent: Any, received: Any, op: Any, root: int) -> Done:  # noqa: N802
        return self._copy(sent, received)

    def Iallgather(self, sent: Any, received: Any) -> Done:  # noqa: N802
        return self._copy(sent, received)

    Ialltoall = Ialltoallv = Iallgather

    def Igather(self, sent: Any, received: Any, root: int) -> Done:  # noqa: N802
        return self._copy(sent, received)

    Iscatter = Igather

    def Dup(self) -> Alone:  # noqa: N802
        return self

    def Free(self) -> None:  # noqa: N802
        pass
