"""Calls of a module with other parameters than its own: the old place of ``func.functional_call``.

Follows https://docs.pytorch.org/docs/stable/generated/torch.func.functional_call.html
"""

from __future__ import annotations

import warnings
from typing import Any

from minitorch import Tensor
from minitorch.func import functional_call as _functional_call

from ..module import Module

__all__ = ["functional_call"]


def functional_call(
    module: Module,
    parameters_and_buffers: dict[str, Tensor],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``func.functional_call`` with one dict, and a warning that says to use that."""
    warnings.warn(
        "This API is deprecated as of PyTorch 2.0 and will be removed in a future version of "
        "PyTorch. Please use `torch.func.functional_call` instead",
        FutureWarning, stacklevel=2,
    )  # fmt: skip
    return _functional_call(
        module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict
    )
