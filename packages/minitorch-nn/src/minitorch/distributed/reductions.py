"""``ReduceOp``: how values of several ranks become one, and MPI's operation for it."""

from __future__ import annotations

import warnings
from enum import IntEnum
from functools import cache
from typing import Any, ClassVar

import numpy as np

from .communicator import mpi

__all__ = [
    "ReduceOp",
    "check",
    "kind_of",
    "operation",
    "premultiplied",
    "reduce_op",
    "supports_complex",
]


class ReduceOp:
    """How values of several ranks become one: ``ReduceOp.SUM`` and its kin.

    ``AVG`` is the sum divided by the number of ranks. Of booleans ``SUM``, ``MAX`` and ``BOR`` are
    "or", ``PRODUCT``, ``MIN`` and ``BAND`` are "and", ``BXOR`` is "exclusive or".
    """

    class RedOpType(IntEnum):
        """The members of ``ReduceOp``."""

        SUM = 0
        AVG = 1
        PRODUCT = 2
        MIN = 3
        MAX = 4
        BAND = 5
        BOR = 6
        BXOR = 7
        PREMUL_SUM = 8

        def __repr__(self) -> str:
            return f"<RedOpType.{self.name}: {self.value}>"

        def __str__(self) -> str:
            return f"RedOpType.{self.name}"

    SUM: ClassVar[RedOpType] = RedOpType.SUM
    AVG: ClassVar[RedOpType] = RedOpType.AVG
    PRODUCT: ClassVar[RedOpType] = RedOpType.PRODUCT
    MIN: ClassVar[RedOpType] = RedOpType.MIN
    MAX: ClassVar[RedOpType] = RedOpType.MAX
    BAND: ClassVar[RedOpType] = RedOpType.BAND
    BOR: ClassVar[RedOpType] = RedOpType.BOR
    BXOR: ClassVar[RedOpType] = RedOpType.BXOR
    PREMUL_SUM: ClassVar[RedOpType] = RedOpType.PREMUL_SUM

    def __init__(self, op: RedOpType, factor: Any = None) -> None:
        self.op, self.factor = RedOpType(op), factor

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReduceOp | RedOpType) and kind_of(other) is self.op

    def __hash__(self) -> int:
        return hash(self.op)


RedOpType = ReduceOp.RedOpType


class OldNames:
    """``reduce_op``, the name that ``ReduceOp`` had once."""

    def __getattr__(self, name: str) -> RedOpType:
        if name not in ("SUM", "PRODUCT", "MIN", "MAX"):
            raise AttributeError(f"torch.distributed.reduce_op has no {name}: see ReduceOp")
        warnings.warn(
            "`torch.distributed.reduce_op` is deprecated, please use `torch.distributed.ReduceOp` "
            "instead",
            category=FutureWarning,
            stacklevel=2,
        )
        return RedOpType.__members__[name]


reduce_op = OldNames()


def kind_of(op: Any) -> RedOpType:
    """The member that ``op`` is or wraps.

    Raises:
        TypeError: it is none.
    """
    kind = op.op if isinstance(op, ReduceOp) else op
    if not isinstance(kind, RedOpType):
        raise TypeError(f"op must be a torch.distributed.ReduceOp, but got {op!r}")
    return kind


def premultiplied(factor: Any) -> ReduceOp:
    """The sum of the values, each multiplied by ``factor`` first."""
    return ReduceOp(RedOpType.PREMUL_SUM, factor)


def supports_complex(reduceOp: Any) -> bool:
    """Whether complex numbers can be reduced so."""
    summing = (RedOpType.SUM, RedOpType.AVG, RedOpType.PREMUL_SUM)
    return kind_of(reduceOp) in summing


UFUNCS: dict[RedOpType, Any] = {
    RedOpType.SUM: np.add,
    RedOpType.PRODUCT: np.multiply,
    RedOpType.MIN: np.minimum,
    RedOpType.MAX: np.maximum,
}
MPI_NAMES = {
    RedOpType.SUM: "SUM", RedOpType.PRODUCT: "PROD", RedOpType.MIN: "MIN", RedOpType.MAX: "MAX",
    RedOpType.BAND: "BAND", RedOpType.BOR: "BOR", RedOpType.BXOR: "BXOR",
}  # fmt: skip
OF_BOOLEANS = {
    RedOpType.SUM: "LOR", RedOpType.MAX: "LOR", RedOpType.BOR: "LOR", RedOpType.PRODUCT: "LAND",
    RedOpType.MIN: "LAND", RedOpType.BAND: "LAND", RedOpType.BXOR: "LXOR",
}  # fmt: skip


def check(kind: RedOpType, dtype: Any) -> None:
    """Whether numbers of a tensor's ``dtype`` can be reduced so.

    Raises:
        RuntimeError: they cannot.
    """
    if kind is RedOpType.AVG and not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {dtype.type_name}"
        )
    if kind in (RedOpType.BAND, RedOpType.BOR, RedOpType.BXOR):
        if dtype.is_floating_point or dtype.is_complex:
            raise RuntimeError(f"Cannot use ReduceOp.{kind.name} with non-integral dtype")
    if dtype.is_floating_point and dtype.itemsize == 1:  # moved and converted, not computed with
        raise RuntimeError("Invalid scalar type")


@cache
def operation(kind: RedOpType, dtype: np.dtype[Any]) -> Any:
    """MPI's operation on elements of ``dtype``: its own, or NumPy's where MPI has none."""
    if kind in (RedOpType.AVG, RedOpType.PREMUL_SUM):  # what differs is done before or after
        kind = RedOpType.SUM
    if dtype.kind in "biufc" and dtype.char != "e":
        return getattr(mpi(), (OF_BOOLEANS if dtype.kind == "b" else MPI_NAMES)[kind])
    ufunc = UFUNCS[kind]

    def reduce(sent: Any, kept: Any, datatype: Any) -> None:
        out = np.frombuffer(kept, np.uint8).view(dtype)
        ufunc(np.frombuffer(sent, np.uint8).view(dtype), out, out=out)

    return mpi().Op.Create(reduce, commute=True)
