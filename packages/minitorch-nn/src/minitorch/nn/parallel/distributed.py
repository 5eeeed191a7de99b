"""``DistributedDataParallel``, which there is no process group for."""

from __future__ import annotations

from typing import Any

from ..module import Module

__all__ = ["DistributedDataParallel"]


class DistributedDataParallel(Module):
    """Nothing is one: MiniTorch computes in one process. Use the module itself.

    Follows
    https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(
            "nn.parallel.DistributedDataParallel is not supported: MiniTorch computes in one "
            "process on the CPU. Use the module itself."
        )
