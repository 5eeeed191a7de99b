"""``PackedSequence``: sequences of different lengths as recurrent layers take them."""

from __future__ import annotations

from typing import Any, NamedTuple

import minitorch
from minitorch import Tensor, arange

__all__ = ["PackedSequence", "invert_permutation"]


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """All first elements of several sequences, then all second ones, ..., the longest first.

    Attributes:
        data: (total length, *)
        batch_sizes: how many sequences have a first, a second, ... element; int64
        sorted_indices: the sequences in the order of their lengths; None where they were in it
        unsorted_indices: the way back

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.PackedSequence.html
    """

    __slots__ = ()

    def __new__(
        cls, data: Any, batch_sizes: Any = None, sorted_indices: Any = None,
        unsorted_indices: Any = None,
    ) -> PackedSequence:  # fmt: skip
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same sequences with ``data.to(...)``."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self._replace(data=data)

    def double(self) -> PackedSequence:
        """In float64."""
        return self.to(minitorch.float64)

    def float(self) -> PackedSequence:
        """In float32."""
        return self.to(minitorch.float32)

    def half(self) -> PackedSequence:
        """In float16."""
        return self.to(minitorch.float16)

    def bfloat16(self) -> PackedSequence:
        """In bfloat16."""
        return self.to(minitorch.bfloat16)

    def long(self) -> PackedSequence:
        """In int64."""
        return self.to(minitorch.int64)

    def int(self) -> PackedSequence:
        """In int32."""
        return self.to(minitorch.int32)

    def short(self) -> PackedSequence:
        """In int16."""
        return self.to(minitorch.int16)

    def char(self) -> PackedSequence:
        """In int8."""
        return self.to(minitorch.int8)

    def byte(self) -> PackedSequence:
        """In uint8."""
        return self.to(minitorch.uint8)

    def is_pinned(self) -> bool:
        """False: no memory is pinned."""
        return False

    def cpu(self) -> PackedSequence:
        """The same: everything is on the CPU."""
        return self

    @property
    def is_cuda(self) -> bool:
        """False."""
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes ``permutation``; None for None."""
    if permutation is None:
        return None
    places = arange(len(permutation))
    return minitorch.empty_like(permutation).scatter_(0, permutation, places)
