"""``minitorch.optim`` under its first name: ``from minitorch.nn.optim import SGD``."""

from __future__ import annotations

try:
    from minitorch.optim import *  # noqa: F403
except ImportError as error:
    if error.name not in ("minitorch.optim", "minitorch-optim"):
        raise
    raise ImportError(
        "minitorch.nn.optim is an alias of minitorch.optim, which the package minitorch-optim brings "
        "and which is not installed. From a clone of MiniTorch: pip install ./packages/minitorch-optim",
        name="minitorch-optim",
    ) from None
