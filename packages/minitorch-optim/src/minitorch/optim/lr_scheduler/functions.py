"""Schedules that a function of the epoch gives."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from .base import LRScheduler, unchanged, warn_outside_step

if TYPE_CHECKING:
    from ..optimizer import Optimizer

__all__ = ["LambdaLR", "MultiplicativeLR"]


def saved(function: Any) -> Any:
    """What a state_dict keeps of a function: the attributes of a callable object, else None."""
    return None if isinstance(function, types.FunctionType) else function.__dict__.copy()


class _FunctionLR(LRScheduler):
    def __init__(self, optimizer: Optimizer, lr_lambda: Any, last_epoch: int = -1) -> None:
        self.optimizer = optimizer
        count = len(optimizer.param_groups)
        if not isinstance(lr_lambda, list | tuple):
            self.lr_lambdas = [lr_lambda] * count
        elif len(lr_lambda) != count:
            raise ValueError(f"Expected {count} lr_lambdas, but got {len(lr_lambda)}")
        else:
            self.lr_lambdas = list(lr_lambda)
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(
                    f"lr_lambda should be a function, but got {type(function).__name__}"
                )
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer; of functions only the attributes of callable objects."""
        return {**super().state_dict(), "lr_lambdas": [saved(f) for f in self.lr_lambdas]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over what ``state_dict()`` returned; plain functions stay as they are here."""
        state = dict(state_dict)
        for function, attributes in zip(self.lr_lambdas, state.pop("lr_lambdas"), strict=True):
            if attributes is not None:
                function.__dict__.update(attributes)
        self.__dict__.update(state)


class LambdaLR(_FunctionLR):
    """``lr_lambda(epoch)`` times the first rate; one function, or one per group."""

    def get_lr(self) -> list[Any]:
        warn_outside_step(self)
        return [
            lr * function(self.last_epoch)
            for function, lr in zip(self.lr_lambdas, self.base_lrs, strict=True)
        ]


class MultiplicativeLR(_FunctionLR):
    """``lr *= lr_lambda(epoch)`` every epoch; one function, or one per group."""

    def get_lr(self) -> list[Any]:
        warn_outside_step(self)
        if self._is_initial:
            return unchanged(self)
        return [
            group["lr"] * function(self.last_epoch)
            for function, group in zip(self.lr_lambdas, self.optimizer.param_groups, strict=True)
        ]
