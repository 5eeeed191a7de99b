"""Adafactor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from minitorch import Tensor
from minitorch.extend import Variable, array_of, current, data_of, grad_of, mark_written, wrap

from .arguments import checked
from .layout import scalar_dtype
from .optimizer import Optimizer, ParamsT, closure_loss

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """Adam's scaling from the row and column sums of the squared gradients (Shazeer & Stern 2018).

    Parameters with two or more dimensions keep one number per row and per column instead of one
    per element. The step is scaled by the parameter's own root mean square.

    Args:
        eps: the smallest squared-gradient root (None: the dtype's epsilon) and parameter scale.
        d: the largest root mean square of an update.
        beta2_decay: the averages move by ``step ** beta2_decay``.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        if isinstance(lr, Variable) and data_of(lr).size != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not lr >= 0.0:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not beta2_decay <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None and not eps[0] >= 0.0:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps[0]}")
        if not eps[1] >= 0.0:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps[1]}")
        if not d >= 1.0:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        super().__init__(params, checked(locals()))

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = closure_loss(closure)
        for group in self.param_groups:
            options = {
                "lr": float(group["lr"]),
                **{k: group[k] for k in ("beta2_decay", "eps", "d", "weight_decay", "maximize")},
            }
            for p in group["params"]:
                if grad_of(p) is not None:
                    if data_of(p).dtype.kind == "c":
                        raise RuntimeError("Adafactor does not support complex parameters")
                    entry = first_state(self.state[p], p)
                    step = array_of(entry["step"])
                    step += 1
                    arrays = [array_of(value) for name, value in entry.items() if name != "step"]
                    current.state.without_warnings(
                        adafactor, array_of(p), array_of(grad_of(p)), arrays, float(step), **options
                    )
                    mark_written(p)
        return loss

    step.__doc__ = Optimizer.step.__doc__


def first_state(entry: dict[str, Any], p: Any) -> dict[str, Any]:
    """The state ``entry`` of ``p``, made where it is empty."""
    if not entry:
        shape, dtype = data_of(p).shape, data_of(p).dtype
        entry["step"] = wrap(np.zeros((), scalar_dtype()))
        if len(shape) > 1:
            entry["row_var"] = wrap(np.zeros((*shape[:-1], 1), dtype))
            entry["col_var"] = wrap(np.zeros((*shape[:-2], 1, shape[-1]), dtype))
        else:
            entry["variance"] = wrap(np.zeros(shape, dtype))
    elif not isinstance(entry["step"], Variable):
        entry["step"] = wrap(np.array(entry["step"], scalar_dtype()))
    return entry


def adafactor(
    p: Any, g: Any, averages: list[Any], step: float, *,
    lr: float, beta2_decay: float, eps: tuple[float | None, float], d: float,
    weight_decay: float, maximize: bool,
) -> None:  # fmt: skip
    """Updates the array ``p`` and ``averages``: [row, column], or [elements] for a vector."""
    smallest = float(np.finfo(p.dtype).eps) if eps[0] is None else eps[0]
    scale = max(eps[1], float(np.linalg.norm(p.ravel())) / (p.size**0.5 or 1.0))
    moved = step**beta2_decay
    if weight_decay != 0:
        p *= 1 - lr * weight_decay
    squares = g * g
    if g.ndim > 1:
        row, col = averages
        row += moved * (squares.mean(-1, keepdims=True) - row)
        col += moved * (squares.mean(-2, keepdims=True) - col)
        variance = row @ col
        variance /= np.maximum(row.mean(-2, keepdims=True), smallest)
    else:
        (average,) = averages
        average += moved * (squares - average)
        variance = average
    update = g / np.sqrt(np.maximum(variance, smallest * smallest))
    size = max(1.0, float(np.linalg.norm(update.ravel())) / ((update.size**0.5 or 1.0) * d))
    update *= scale * min(lr, 1 / step**0.5) / size
    if maximize:
        p += update
    else:
        p -= update
