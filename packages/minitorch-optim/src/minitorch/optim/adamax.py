"""Adamax."""

from __future__ import annotations

from typing import Any

from minitorch import Tensor

from . import kernels
from .arguments import check_adam, checked
from .elementwise import ElementwiseOptimizer, Update
from .optimizer import ParamsT

__all__ = ["Adamax"]


def states(group: dict[str, Any]) -> dict[str, Any]:
    return {"exp_avg": 0.0, "exp_inf": 0.0}


def options(group: dict[str, Any], fresh: bool, *scalars: Any) -> Any:
    step = float(scalars[0]) + 1
    beta1, beta2 = group["betas"]
    return {
        "lr": group["lr"] / (1 - beta1**step),
        "beta1": beta1,
        "beta2": beta2,
        "eps": group["eps"],
        "weight_decay": group["weight_decay"],
        "maximize": group["maximize"],
    }, (step,)


class Adamax(ElementwiseOptimizer):
    """Adam with the largest recent gradient in place of the average square (Kingma & Ba 2015)."""

    __update__ = Update(kernels.adamax, states, options)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_adam(lr, eps, betas, weight_decay)
        super().__init__(params, checked(locals()))
