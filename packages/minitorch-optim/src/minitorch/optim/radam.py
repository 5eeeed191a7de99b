"""RAdam."""

from __future__ import annotations

from typing import Any

from minitorch import Tensor

from . import kernels
from .arguments import check_adam, checked
from .elementwise import ElementwiseOptimizer, Update, number
from .optimizer import ParamsT

__all__ = ["RAdam"]


def states(group: dict[str, Any]) -> dict[str, Any]:
    return {"exp_avg": 0.0, "exp_avg_sq": 0.0}


def options(group: dict[str, Any], fresh: bool, *scalars: Any) -> Any:
    step = float(scalars[0]) + 1
    beta1, beta2 = group["betas"]
    correction = 1 - beta2**step
    # the length of the simple moving average that the exponential one amounts to
    limit = 2 / (1 - beta2) - 1
    length = limit - 2 * step * beta2**step / correction
    adaptive = length > 5
    lr = number(group["lr"], group) / (1 - beta1**step)
    if adaptive:
        rectified = (length - 4) * (length - 2) * limit
        rectified /= (limit - 4) * (limit - 2) * length
        lr = lr * (correction * rectified) ** 0.5
    decay, decoupled = group["weight_decay"], group["decoupled_weight_decay"]
    return {
        "lr": lr,
        "adaptive": adaptive,
        "beta1": beta1,
        "beta2": beta2,
        "eps": group["eps"],
        "weight_decay": 0 if decoupled else decay,
        "decay": 1 - group["lr"] * decay if decoupled else 1,
        "maximize": group["maximize"],
    }, (step,)


class RAdam(ElementwiseOptimizer):
    """Adam that waits until its variance can be trusted (Liu et al. 2020)."""

    __update__ = Update(kernels.radam, states, options)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_adam(lr, eps, betas, weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, checked(defaults))
