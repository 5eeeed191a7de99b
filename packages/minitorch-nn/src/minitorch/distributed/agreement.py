"""Whether all ranks mean the same collective: MPI does not tell, and computes something else.

The first time that a rank calls a collective with some dtype, count and operation, the ranks
compare what they call, beside the collective itself; where the environment has
``TORCH_DISTRIBUTED_DEBUG=DETAIL`` they do it each time.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from .communicator import mpi

if TYPE_CHECKING:
    from .process_group import ProcessGroup

__all__ = ["agreeing"]

always = os.environ.get("TORCH_DISTRIBUTED_DEBUG", "").upper() == "DETAIL"


def agreeing(group: ProcessGroup, request: Any, *what: Any) -> Any:
    """``request``, of the collective that ``what`` says, with the comparison if there is one."""
    if group.checking is None or (what in group.agreed and not always):
        return request
    group.agreed.add(what)
    return Compared(group, request, what)


class Compared:
    """A request that is complete when the comparison is, too.

    Each rank has a mark of its collective: the largest mark, and the largest of their negatives,
    tell whether all are the same.
    """

    def __init__(self, group: ProcessGroup, request: Any, what: tuple[Any, ...]) -> None:
        self._request, self._what = request, what
        mark = crc32(repr(what).encode())
        self._marks = np.array([mark, -mark])
        checking: Any = group.checking
        self._check = checking.Iallreduce(mpi().IN_PLACE, self._marks, mpi().MAX)

    def Test(self, status: Any = None) -> bool:  # noqa: N802  (mpi4py's)
        """Whether both are complete.

        Raises:
            RuntimeError: the ranks do not call the same.
        """
        if self._check is not None:
            if not self._check.Test():
                return False
            if self._marks[0] != -self._marks[1]:
                told = ", ".join(str(each) for each in self._what)
                raise RuntimeError(
                    f"not all ranks call the same: this one calls {told}. Dtype, number of "
                    "elements and operation have to be the same on all ranks"
                )
            self._check = None
        return bool(self._request.Test(status))
