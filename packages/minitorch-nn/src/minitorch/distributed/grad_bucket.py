"""``GradBucket``: some parameters' gradients in one piece of memory, for communication hooks."""

from __future__ import annotations

from collections.abc import Sequence

import minitorch
from minitorch import Tensor

__all__ = ["GradBucket"]


class GradBucket:
    """Gradients that are reduced together.

    Follows https://docs.pytorch.org/docs/stable/ddp_comm_hooks.html#torch.distributed.GradBucket
    """

    def __init__(self, index: int, parameters: Sequence[Tensor], is_last: bool) -> None:
        self._index, self._parameters, self._is_last = index, list(parameters), is_last
        total = sum(each.numel() for each in parameters)
        self._buffer = minitorch.zeros(total, dtype=parameters[0].dtype)
        self.views: list[Tensor] = []
        start = 0
        for each in parameters:
            view = self._buffer[start : start + each.numel()].view(each.shape)
            self.views.append(view)
            start += each.numel()

    def index(self) -> int:
        """Its place among the buckets, in the order in which they are reduced."""
        return self._index

    def buffer(self) -> Tensor:
        """All gradients, flat."""
        return self._buffer

    def set_buffer(self, buffer: Tensor) -> None:
        """Takes over the values of ``buffer``."""
        self._buffer.copy_(buffer)

    def gradients(self) -> list[Tensor]:
        """The gradients, in the shapes of their parameters: views of ``buffer()``."""
        return list(self.views)

    def parameters(self) -> list[Tensor]:
        """The parameters."""
        return list(self._parameters)

    def is_last(self) -> bool:
        """Whether it is the last one of a backward pass."""
        return self._is_last
