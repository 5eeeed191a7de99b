"""Functions of functions: ``grad``, ``vmap``, ``jvp`` and their kin, which nest.

Follows https://docs.pytorch.org/docs/stable/func.html
"""

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
