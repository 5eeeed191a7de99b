"""The operators that MaskedTensor has, as ``torch.masked.maskedtensor`` lists them."""

from __future__ import annotations

from ..masked.masked_functions import BINARY, NOT_IN_PLACE, REDUCTIONS, UNARY
from .operators import namespace

__all__ = ["BINARY_NAMES", "REDUCE_NAMES", "UNARY_NAMES"]

UNARY_NAMES, BINARY_NAMES, REDUCE_NAMES = UNARY.split(), BINARY.split(), REDUCTIONS.split()


def _operators(names: list[str], suffix: str) -> list[object]:
    return [getattr(namespace("aten"), name + suffix) for name in names]


def _written(names: list[str]) -> list[str]:
    return [name for name in names if name not in NOT_IN_PLACE.split()]


NATIVE_UNARY_FNS = _operators(UNARY_NAMES, "")
NATIVE_INPLACE_UNARY_FNS = _operators(_written(UNARY_NAMES), "_")
NATIVE_BINARY_FNS = _operators(BINARY_NAMES, "")
NATIVE_INPLACE_BINARY_FNS = _operators(_written(BINARY_NAMES), "_")
