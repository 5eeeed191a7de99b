"""``LRScheduler``: what all schedules share."""

from __future__ import annotations

import warnings
from typing import Any

from minitorch.extend import Variable, array_of, mark_written, wrap

from ..optimizer import Optimizer

__all__ = [
    "LRScheduler",
    "check_optimizer",
    "per_group",
    "scaled",
    "set_lr",
    "set_rates",
    "unchanged",
    "values",
    "warn_outside_step",
]

EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where "
    "possible. Please use `scheduler.step()` to step the scheduler. During the deprecation, if "
    "epoch is different from None, the closed form is used instead of the new chainable form, "
    "where available. Please open an issue if you are unable to replicate your use case: "
    "https://github.com/pytorch/pytorch/issues/new/choose."
)


def copied(value: Any) -> Any:
    """A number as it is; a copy of a tensor, which the next epoch would change."""
    return wrap(array_of(value).copy()) if isinstance(value, Variable) else value


def values(optimizer: Any, name: str) -> list[Any]:
    """The option ``name`` of every group."""
    return [copied(group[name]) for group in optimizer.param_groups]


def per_group(name: str, optimizer: Any, value: Any) -> list[Any]:
    """One value for each group, from a list of them or one for all."""
    count = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [copied(value) for _ in range(count)]
    if len(value) != count:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} "
            f"values, param_groups has {count}."
        )
    return [copied(v) for v in value]


def set_lr(group: dict[str, Any], value: Any) -> None:
    """Sets the learning rate; one that is a tensor stays the same tensor."""
    lr = group["lr"]
    if isinstance(lr, Variable):
        array_of(lr).fill(float(value))
        mark_written(lr)
    else:
        group["lr"] = value


def check_optimizer(optimizer: Any) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


class LRScheduler:
    """Base of the schedules: a subclass defines ``get_lr()``, the rates of epoch ``last_epoch``.

    Args:
        optimizer: whose groups' ``"lr"`` to set; the rates now become ``"initial_lr"``.
        last_epoch: the epoch to resume after, -1 to start.
    """

    _get_lr_called_within_step: bool = False
    _is_initial: bool = False
    _last_lr: list[Any]

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{number}] when resuming "
                    "scheduler with last_epoch >= 0: load the optimizer's state_dict first, or "
                    "start with last_epoch=-1"
                )
        optimizer.__dict__.setdefault("_opt_called", False)  # steps count from here on
        self.base_lrs = values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        """Sets the rates of the first epoch."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over what ``state_dict()`` returned; the optimizer's rates are in its own state."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """The rates that the last ``step`` set, one per group."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """The rates of epoch ``last_epoch``, one per group."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr")

    def step(self, epoch: int | None = None) -> None:
        """Goes on to the next epoch: call it after the epoch's ``optimizer.step()`` calls."""
        if self._step_count == 1 and not getattr(self.optimizer.step, "hooked", False):
            warnings.warn(
                "Seems like `optimizer.step()` has been overridden after learning rate scheduler "
                "initialization. Please, make sure to call `optimizer.step()` before "
                "`lr_scheduler.step()`. See more details at "
                "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate",
                UserWarning,
                stacklevel=2,
            )
        elif self._step_count == 1 and not getattr(self.optimizer, "_opt_called", False):
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. You should call "
                "them in the opposite order: `optimizer.step()` before `lr_scheduler.step()`. "
                "Otherwise the first value of the learning rate schedule is skipped. See "
                "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATION_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        closed_form = getattr(self, "_get_closed_form_lr", None)
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                rates = closed_form() if closed_form else self.get_lr()
        finally:
            self._get_lr_called_within_step = False
        set_rates(self, rates)


def warn_outside_step(scheduler: LRScheduler) -> None:
    """For ``get_lr``, which computes the next rates from those of now."""
    if not scheduler._get_lr_called_within_step:
        warnings.warn(
            "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
            UserWarning,
            stacklevel=3,
        )


def set_rates(scheduler: LRScheduler, rates: list[Any]) -> None:
    for group, rate in zip(scheduler.optimizer.param_groups, rates, strict=True):
        set_lr(group, rate)
    scheduler._last_lr = unchanged(scheduler)


def scaled(scheduler: LRScheduler, factor: float) -> list[Any]:
    return [group["lr"] * factor for group in scheduler.optimizer.param_groups]


def unchanged(scheduler: LRScheduler) -> list[Any]:
    return values(scheduler.optimizer, "lr")
