"""Automatic differentiation: ``backward``, ``grad``, the modes and the interpreters.

Follows https://docs.pytorch.org/docs/stable/autograd.html
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .frames import folding
from .grad import grad
from .grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    is_multithreading_enabled,
    no_grad,
    set_grad_enabled,
    set_multithreading_enabled,
)
from .gradcheck import GradcheckError, gradcheck, gradgradcheck
from .gradients import backward as _backward

__all__ = [
    "Function",
    "GradcheckError",
    "SavedTensor",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "forward_ad",
    "function",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "is_multithreading_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
    "set_multithreading_enabled",
]

backward = folding(_backward)

if TYPE_CHECKING:  # of what comes in on first use
    from . import forward_ad as forward_ad
    from . import function as function
    from . import functional as functional
    from . import graph as graph
    from .function import Function as Function
    from .interpreters import detect_anomaly as detect_anomaly
    from .interpreters import is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled
    from .interpreters import is_anomaly_enabled as is_anomaly_enabled
    from .interpreters import set_detect_anomaly as set_detect_anomaly
    from .legacy import Variable as Variable
    from .saved import SavedTensor as SavedTensor
else:

    def __getattr__(name: str) -> Any:
        if name in ("forward_ad", "function", "functional", "graph"):
            return import_module(f"{__name__}.{name}")
        if name == "Function":
            return import_module(f"{__name__}.function").Function
        if name == "Variable":
            return import_module(f"{__name__}.legacy").Variable
        if name == "SavedTensor":
            return import_module(f"{__name__}.saved").SavedTensor
        if name == "torch":  # as PyTorch's module has it
            return import_module(__package__.rpartition(".")[0])
        if name in __all__:
            return getattr(import_module(f"{__name__}.interpreters"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
