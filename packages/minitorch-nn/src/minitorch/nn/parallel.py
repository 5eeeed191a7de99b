"""``nn.parallel``: left for later."""

from __future__ import annotations

from typing import Any

__all__ = ["DataParallel", "DistributedDataParallel"]


def _left_out(name: str) -> Any:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            f"nn.parallel.{name} is not supported: MiniTorch computes in one process on the CPU. "
            "Use the module itself."
        )

    refuse.__name__ = refuse.__qualname__ = name
    return refuse


DataParallel = _left_out("DataParallel")
DistributedDataParallel = _left_out("DistributedDataParallel")
data_parallel = _left_out("data_parallel")
