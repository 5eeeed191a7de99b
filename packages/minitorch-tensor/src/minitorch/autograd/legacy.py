"""``autograd.Variable``: what tensors that track gradients were called before 2018."""

from __future__ import annotations

import warnings
from typing import Any

from . import engine, variable

__all__ = ["Variable"]


class _VariableType(type):
    def __call__(cls, data: Any, requires_grad: bool = False, volatile: bool = False) -> Any:
        """The tensor outside of its history, sharing its memory."""
        if volatile:
            warnings.warn(
                "volatile was removed and now has no effect. Use `with torch.no_grad():` instead.",
                stacklevel=2,
            )
        return data.detach().requires_grad_(requires_grad) if requires_grad else data

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, variable.Variable)


class Variable(metaclass=_VariableType):
    """An old name of Tensor: ``Variable(data)`` is ``data``."""

    _execution_engine = engine
