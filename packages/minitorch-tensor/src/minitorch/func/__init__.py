"""Functions of functions: ``grad``, ``vmap``, ``jvp`` and their kin, which nest.

Follows https://docs.pytorch.org/docs/stable/func.html
"""

from . import batching_rules  # noqa: F401  (registers them)
from .batching import vmap
from .forward import jvp, linearize
from .reverse import grad, grad_and_value, hessian, jacfwd, jacrev, vjp
from .stateful import functional_call, stack_module_state

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "stack_module_state",
    "vjp",
    "vmap",
]
