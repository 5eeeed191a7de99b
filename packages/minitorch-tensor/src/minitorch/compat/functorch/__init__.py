"""``functorch``: the package that became ``torch.func``; its functions warn so.

Follows https://docs.pytorch.org/docs/stable/func.migrating.html
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

from ... import func
from ...func import module_functions as _module_functions

__all__ = [
    "combine_state_for_ensemble", "functionalize", "grad", "grad_and_value", "hessian", "jacfwd",
    "jacrev", "jvp", "make_functional", "make_functional_with_buffers", "vjp", "vmap",
]  # fmt: skip


def _deprecated(function: Callable[..., Any], instead: str) -> Any:
    @wraps(function)
    def warning(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(
            "We've integrated functorch into PyTorch. As the final step of the integration, "
            f"`functorch.{function.__name__}` is deprecated as of PyTorch 2.0 and will be deleted "
            f"in a future version of PyTorch >= 2.3. Please use `{instead}` instead; see the "
            "PyTorch 2.0 release notes and/or the `torch.func` migration guide for more details "
            "https://pytorch.org/docs/main/func.migrating.html",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    return warning


INSTEAD = {
    "make_functional": "torch.func.functional_call",
    "make_functional_with_buffers": "torch.func.functional_call",
    "combine_state_for_ensemble": "torch.func.stack_module_state",
    "vmap": "torch.vmap",
}
for _name in __all__:
    _function = getattr(_module_functions, _name, None) or getattr(func, _name)
    globals()[_name] = _deprecated(_function, INSTEAD.get(_name, f"torch.func.{_name}"))
