"""Scaled losses: gradients too small for float16 are kept, and steps with infinite ones left out.

Follows Micikevicius et al., Mixed precision training (2018), https://arxiv.org/abs/1710.03740
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.device import as_device
from .._types.dtype import float16, float32, int32
from ..autograd.grad_mode import no_grad
from ..autograd.variable import Variable
from ..ops.creation import full

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["GradScaler", "OptState"]


class OptState(Enum):
    """What a scaler has done for an optimizer since the last ``update``."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


def _refresh_per_optimizer_state() -> dict[str, Any]:
    return {"stage": OptState.READY, "found_inf_per_device": {}}


def _amp_foreach_non_finite_check_and_unscale_(
    self: Sequence[Tensor], found_inf: Tensor, inv_scale: Tensor
) -> None:
    """Multiplies each of the tensors by ``inv_scale``; ``found_inf`` becomes 1 where an element is
    not finite."""
    with no_grad():
        for grad in self:
            if not np.isfinite(grad._array()).all():
                found_inf.fill_(1.0)
            grad.mul_(inv_scale.to(grad.dtype))


def _amp_update_scale_(
    self: Tensor, growth_tracker: Tensor, found_inf: Tensor, scale_growth_factor: float,
    scale_backoff_factor: float, growth_interval: int,
) -> Tensor:  # fmt: skip
    """The scale after a step: less where it was left out, more after ``growth_interval`` others."""
    with no_grad():
        if found_inf.item():
            self.mul_(scale_backoff_factor)
            growth_tracker.fill_(0)
            return self
        successes = int(growth_tracker.item()) + 1
        if successes == growth_interval:
            grown = self * scale_growth_factor
            if np.isfinite(grown._array()).all():
                self.copy_(grown)
            successes = 0
        growth_tracker.fill_(successes)
    return self


class GradScaler:
    """Scales losses so that gradients of float16 do not vanish, and leaves steps out whose
    gradients are not finite. For a GPU it is off: ``scale`` returns its argument, ``step`` steps.

    Args:
        device: ``"cpu"``, or that of a GPU.
        init_scale: the first scale.
        growth_factor, backoff_factor: what the scale is multiplied by after ``growth_interval``
            steps in a row, and after a step that was left out.
        enabled: False for a scaler that is off.

    Raises:
        AssertionError: the growth factor is at most 1, or the backoff factor at least 1.

    Example:
        >>> import minitorch as torch
        >>> w = torch.ones(2, requires_grad=True)
        >>> optimizer, scaler = torch.optim.SGD([w], lr=0.5), torch.amp.GradScaler("cpu")
        >>> scaler.scale(w.sum()).backward()
        >>> scaler.step(optimizer)
        >>> scaler.update()
        >>> w
        tensor([0.5000, 0.5000], requires_grad=True)

    Follows https://docs.pytorch.org/docs/stable/amp.html#gradient-scaling
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device = str(device).partition(":")[0]
        self._enabled = enabled and self._device == "cpu"
        if not self._enabled:
            return
        if growth_factor <= 1:
            raise AssertionError(f"The growth factor must be > 1.0, but is {growth_factor}.")
        if backoff_factor >= 1:
            raise AssertionError(f"The backoff factor must be < 1.0, but is {backoff_factor}.")
        self._init_scale, self._init_growth_tracker = init_scale, 0
        self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
        self._growth_interval = growth_interval
        self._scale: Tensor | None = None  # made by the first call of scale()
        self._growth_tracker: Tensor | None = None
        self._per_optimizer_states: Any = defaultdict(_refresh_per_optimizer_state)

    def _check_scale_growth_tracker(self, funcname: str) -> tuple[Tensor, Tensor]:
        if self._scale is None or self._growth_tracker is None:
            raise AssertionError(
                f"Attempted {funcname} but _scale is None.  This may indicate your script did not "
                "use scaler.scale(loss or outputs) earlier in the iteration."
            )
        return self._scale, self._growth_tracker

    def scale(self, outputs: Any) -> Any:
        """A tensor, or the tensors in nested lists and tuples, times the scale.

        Raises:
            ValueError: ``outputs`` is something else.
        """
        if not self._enabled:
            return outputs
        if isinstance(outputs, Variable):
            if self._scale is None:
                self._scale = full((), self._init_scale, dtype=float32)
                self._growth_tracker = full((), self._init_growth_tracker, dtype=int32)
            return outputs * self._scale  # type: ignore[operator]  # Tensor's
        if not isinstance(outputs, Iterable) or isinstance(outputs, str):
            raise ValueError("outputs must be a Tensor or an iterable of Tensors")
        scaled = map(self.scale, outputs)
        return type(outputs)(scaled) if isinstance(outputs, list | tuple) else scaled

    def unscale_(self, optimizer: Any) -> None:
        """Divides the gradients of the optimizer's parameters by the scale: for clipping them.

        Raises:
            RuntimeError: it did so, or stepped, since the last ``update``.
            ValueError: a gradient is of float16, which the division would lose.
        """
        if not self._enabled:
            return
        scale, _ = self._check_scale_growth_tracker("unscale_")
        state = self._per_optimizer_states[id(optimizer)]
        if state["stage"] is OptState.UNSCALED:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        if state["stage"] is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        inverse = scale.double().reciprocal().float()
        found = full((), 0.0, dtype=float32)
        state["found_inf_per_device"] = self._unscale_grads_(optimizer, inverse, found, False)
        state["stage"] = OptState.UNSCALED

    def _unscale_grads_(
        self, optimizer: Any, inv_scale: Tensor, found_inf: Tensor, allow_fp16: bool
    ) -> dict[Any, Tensor]:
        grads = [
            p.grad for group in optimizer.param_groups for p in group["params"]
            if p.grad is not None
        ]  # fmt: skip
        if not allow_fp16 and any(grad.dtype is float16 for grad in grads):
            raise ValueError("Attempting to unscale FP16 gradients.")
        if not grads:
            return {}
        dense = [grad._values() if grad.is_sparse else grad for grad in grads]
        _amp_foreach_non_finite_check_and_unscale_(dense, found_inf, inv_scale)
        return {as_device("cpu"): found_inf}

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step(*args, **kwargs)`` on gradients without the scale, unless one is not
        finite; what that returns, or None.

        Raises:
            RuntimeError: it is given a closure, or stepped since the last ``update``.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._check_scale_growth_tracker("step")
        state = self._per_optimizer_states[id(optimizer)]
        if state["stage"] is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if state["stage"] is OptState.READY:
            self.unscale_(optimizer)
        found = state["found_inf_per_device"]
        if not found:
            raise AssertionError("No inf checks were recorded for this optimizer.")
        state["stage"] = OptState.STEPPED
        if any(x.item() for x in found.values()):
            return None
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Adapts the scale, or sets it to ``new_scale``.

        Raises:
            AssertionError: no step was looked at; ``new_scale`` is no number of float32.
        """
        if not self._enabled:
            return
        scale, tracker = self._check_scale_growth_tracker("update")
        if new_scale is None:
            found = [
                x for state in self._per_optimizer_states.values()
                for x in state["found_inf_per_device"].values()
            ]  # fmt: skip
            if not found:
                raise AssertionError("No inf checks were recorded prior to update.")
            worst = max(found, key=lambda x: float(x.item()))
            _amp_update_scale_(
                scale, tracker, worst, self._growth_factor, self._backoff_factor,
                self._growth_interval,
            )  # fmt: skip
        elif isinstance(new_scale, float | int):
            scale.fill_(new_scale)
        else:
            if new_scale.numel() != 1 or new_scale.requires_grad:
                raise AssertionError(
                    "new_scale should be a float or a 1-element torch.FloatTensor with "
                    "requires_grad=False."
                )
            scale.copy_(new_scale.reshape(()))
        self._per_optimizer_states = defaultdict(_refresh_per_optimizer_state)

    def get_scale(self) -> float:
        """The scale; 1 where it is off."""
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else float(self._scale.item())

    def get_growth_factor(self) -> float:
        """What the scale grows by."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Sets what the scale grows by."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What the scale is multiplied by after a step that was left out."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Sets what the scale is multiplied by after a step that was left out."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """After how many steps in a row the scale grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Sets after how many steps in a row the scale grows."""
        self._growth_interval = new_interval

    def _get_growth_tracker(self) -> int:
        if not self._enabled:
            return 0
        tracker = self._growth_tracker
        return self._init_growth_tracker if tracker is None else int(tracker.item())

    def is_enabled(self) -> bool:
        """Whether it scales."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """The scale and how it changes; empty where it is off."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._get_growth_tracker(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over what ``state_dict`` gave.

        Raises:
            RuntimeError: that was of a scaler that was off.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled "
                "instance of GradScaler."
            )
        self._init_scale = state_dict["scale"]
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._init_growth_tracker = state_dict["_growth_tracker"]
        if self._scale is not None and self._growth_tracker is not None:
            self._scale.fill_(self._init_scale)
            self._growth_tracker.fill_(self._init_growth_tracker)

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        if self._enabled:
            if self._per_optimizer_states:
                raise AssertionError(
                    "A GradScaler instance may only be pickled at the beginning of an iteration, "
                    "or at the end after scaler.update()."
                )
            state |= {
                "_init_scale": self.get_scale(), "_init_growth_tracker": self._get_growth_tracker(),
                "_scale": None, "_growth_tracker": None,
            }  # fmt: skip
        return state

    def _check_inf_per_device(self, optimizer: Any) -> Any:
        self._check_scale_growth_tracker("_check_inf_per_device")
        found = self._unscale_grads_(
            optimizer, full((), 1.0, dtype=float32), full((), 0.0, dtype=float32), True
        )
        self._per_optimizer_states[id(optimizer)]["found_inf_per_device"] = found
        return found

    def _found_inf_per_device(self, optimizer: Any) -> Any:
        return self._per_optimizer_states[id(optimizer)]["found_inf_per_device"]
