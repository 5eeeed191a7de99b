"""Functions of functions: ``grad``, ``vmap``, ``jvp`` and their kin, which nest.

Follows https://docs.pytorch.org/docs/stable/func.html
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from . import batching_rules  # noqa: F401  (registers them)
from .batching import vmap
from .forward import jvp, linearize
from .reverse import grad, grad_and_value, hessian, jacfwd, jacrev, vjp
from .stateful import (
    functional_call,
    functionalize,
    replace_all_batch_norm_modules_,
    stack_module_state,
)

__all__ = [
    "functional_call",
    "functionalize",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "replace_all_batch_norm_modules_",
    "stack_module_state",
    "vjp",
    "vmap",
]


def __getattr__(name: str) -> Any:
    """functorch's functions of modules, for programs that import it under this name."""
    if name in ("combine_state_for_ensemble", "make_functional", "make_functional_with_buffers"):
        return getattr(import_module(f"{__name__}.module_functions"), name)
    if name == "chunk_vmap":
        return import_module(f"{__name__}.vmap_forms").chunk_vmap
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
