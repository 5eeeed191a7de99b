"""``minitorch.optim`` under its first name: ``from minitorch.nn.optim import SGD``."""

from __future__ import annotations

try:
    from minitorch.optim import *  # noqa: F403  (an alias has every name)
except ImportError as error:
    if error.name not in ("minitorch.optim", "minitorch-optim"):
        raise
    raise ImportError(
        "minitorch.nn.optim is an alias of minitorch.optim, and the package that brings it, "
        "minitorch-optim, is not installed. From a clone of MiniTorch: "
        "pip install ./packages/minitorch-optim",
        name="minitorch-optim",
    ) from None
