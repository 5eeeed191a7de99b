"""Rates that rise and fall, and the momentum against them (Smith 2017, Smith & Topin 2019)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from .base import LRScheduler, check_optimizer, per_group, set_lr, warn_outside_step
from .functions import saved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..optimizer import Optimizer

__all__ = ["CyclicLR", "OneCycleLR"]


def has_momentum(scheduler: CyclicLR | OneCycleLR) -> None:
    """Finds out whether the optimizer has ``momentum`` or ``betas``."""
    defaults = scheduler.optimizer.defaults
    if "momentum" not in defaults and "betas" not in defaults:
        raise ValueError(
            "optimizer must support momentum or beta1 with `cycle_momentum` option enabled"
        )
    scheduler.use_beta1 = "betas" in defaults


def first_momentum(scheduler: CyclicLR | OneCycleLR, base: list[Any], top: list[Any]) -> None:
    for group, low, high in zip(scheduler.optimizer.param_groups, base, top, strict=True):
        set_momentum(scheduler, group, high)
        group["max_momentum"] = high
        group["base_momentum"] = low


def set_momentum(scheduler: CyclicLR | OneCycleLR, group: dict[str, Any], value: float) -> None:
    if scheduler.use_beta1:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value


class CyclicLR(LRScheduler):
    """Up from ``base_lr`` to ``max_lr`` in ``step_size_up`` steps, and down again; step per batch.

    Args:
        mode: ``"triangular"``; ``"triangular2"``, half as high each cycle; ``"exp_range"``,
            ``gamma ** iteration`` as high.
        scale_fn: the height as a function of the cycle or (``scale_mode="iterations"``) the step.
        cycle_momentum: momentum (or beta1) falls from ``max_momentum`` to ``base_momentum``
            meanwhile.
    """

    use_beta1: bool

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | Sequence[float],
        max_lr: float | Sequence[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float = 0.8,
        max_momentum: float = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        base_lrs = per_group("base_lr", optimizer, base_lr)
        self.max_lrs = per_group("max_lr", optimizer, max_lr)
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom: Any = scale_fn
        self.scale_mode = scale_mode
        self._init_scale_fn()
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            has_momentum(self)
            self.base_momentums = per_group("base_momentum", optimizer, base_momentum)
            self.max_momentums = per_group("max_momentum", optimizer, max_momentum)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, base_lrs, strict=True):
                set_lr(group, lr)
            if cycle_momentum:
                first_momentum(self, self.base_momentums, self.max_momentums)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def _init_scale_fn(self) -> None:
        if self._scale_fn_custom is None:
            scale, self.scale_mode = {
                "triangular": (_flat, "cycle"),
                "triangular2": (_halved, "cycle"),
                "exp_range": (partial(pow, self.gamma), "iterations"),
            }[self.mode]
            self._scale_fn_ref: Any = scale

    def scale_fn(self, x: float) -> float:
        """The height at cycle, or step, ``x``."""
        scale = self._scale_fn_ref if self._scale_fn_custom is None else self._scale_fn_custom
        height: float = scale(x)
        return height

    def get_lr(self) -> list[Any]:
        warn_outside_step(self)
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        place = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        at = cycle if self.scale_mode == "cycle" else self.last_epoch
        rates = [
            low + (high - low) * place * self.scale_fn(at)
            for low, high in zip(self.base_lrs, self.max_lrs, strict=True)
        ]
        if self.cycle_momentum:
            for group, low, high in zip(
                self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True
            ):
                set_momentum(self, group, high - (high - low) * place * self.scale_fn(at))
        return rates

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer; of ``scale_fn`` only a callable object's attributes."""
        state = super().state_dict()
        state.pop("_scale_fn_ref", None)
        scale = state.pop("_scale_fn_custom")
        state["_scale_fn_custom"] = None if scale is None else saved(scale)
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over what ``state_dict()`` returned."""
        state = dict(state_dict)
        attributes = state.pop("_scale_fn_custom")
        super().load_state_dict(state)
        if attributes is not None:
            self._scale_fn_custom.__dict__.update(attributes)
        self._init_scale_fn()


def _flat(x: float) -> float:
    return 1.0


def _halved(x: float) -> float:
    return float(1 / 2.0 ** (x - 1))


class OneCycleLR(LRScheduler):
    """Up to ``max_lr`` and down to far below the start, once in ``total_steps``; step per batch.

    The rate starts at ``max_lr / div_factor`` and ends at that over ``final_div_factor``.

    Args:
        total_steps: or give ``epochs`` and ``steps_per_epoch``.
        pct_start: the part of the steps that the rate rises for.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        three_phase: come down to the start as fast as it rose, and then further.
    """

    use_beta1: bool

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        if total_steps is not None:
            self.total_steps = _positive("total_steps", total_steps)
        elif epochs is not None and steps_per_epoch is not None:
            self.total_steps = _positive("epochs", epochs)
            self.total_steps *= _positive("steps_per_epoch", steps_per_epoch)
        else:
            raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        rise, down = ("initial_lr", "max_lr"), ("max_lr", "initial_lr")
        turn = float(pct_start * self.total_steps) - 1
        if three_phase:
            back = float(2 * pct_start * self.total_steps) - 2
            ends = [(turn, rise), (back, down), (self.total_steps - 1, ("initial_lr", "min_lr"))]
        else:
            ends = [(turn, rise), (self.total_steps - 1, ("max_lr", "min_lr"))]
        momenta = [("max_momentum", "base_momentum"), ("base_momentum", "max_momentum")]
        momenta.append(("max_momentum", "max_momentum"))
        self._schedule_phases: list[dict[str, Any]] = [
            {
                "end_step": end,
                "start_lr": first,
                "end_lr": last,
                "start_momentum": momentum[0],
                "end_momentum": momentum[1],
            }
            for (end, (first, last)), momentum in zip(ends, momenta, strict=False)
        ]
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._anneal_func_type = anneal_strategy
        max_lrs = per_group("max_lr", optimizer, max_lr)
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            has_momentum(self)
            top = per_group("max_momentum", optimizer, max_momentum)
            base = per_group("base_momentum", optimizer, base_momentum)
        if last_epoch == -1:
            for group, highest in zip(optimizer.param_groups, max_lrs, strict=True):
                group["initial_lr"] = highest / div_factor
                group["max_lr"] = highest
                group["min_lr"] = group["initial_lr"] / final_div_factor
            if cycle_momentum:
                first_momentum(self, base, top)
        super().__init__(optimizer, last_epoch)

    anneal_func: Any

    def _anneal_func(self, start: Any, end: Any, part: float) -> Any:
        if not hasattr(self, "_anneal_func_type"):  # of an old state dict
            return self.anneal_func(start, end, part)
        linear = self._anneal_func_type == "linear"
        return (self._annealing_linear if linear else self._annealing_cos)(start, end, part)

    @staticmethod
    def _annealing_cos(start: Any, end: Any, pct: float) -> Any:
        return end + (start - end) / 2.0 * (math.cos(math.pi * pct) + 1)

    @staticmethod
    def _annealing_linear(start: Any, end: Any, pct: float) -> Any:
        return (end - start) * pct + start

    def get_lr(self) -> list[Any]:
        warn_outside_step(self)
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"Tried to step {step} times. The specified number of total steps is "
                f"{self.total_steps}"
            )
        start = 0.0
        for phase in self._schedule_phases:
            if step <= phase["end_step"] or phase is self._schedule_phases[-1]:
                break
            start = phase["end_step"]
        part = (step - start) / (phase["end_step"] - start)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._anneal_func(group[phase["start_lr"]], group[phase["end_lr"]], part))
            if self.cycle_momentum:
                first, last = group[phase["start_momentum"]], group[phase["end_momentum"]]
                set_momentum(self, group, self._anneal_func(first, last, part))
        return rates


def _positive(name: str, value: Any) -> int:
    if not isinstance(value, int) or value <= 0:
        raise ValueError(f"Expected positive integer {name}, but got {value}")
    return value
