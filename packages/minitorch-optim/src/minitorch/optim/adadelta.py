"""Adadelta."""

from __future__ import annotations

from typing import Any

from minitorch import Tensor

from . import kernels
from .arguments import check, checked
from .elementwise import ElementwiseOptimizer, Update
from .optimizer import ParamsT

__all__ = ["Adadelta"]


def states(group: dict[str, Any]) -> dict[str, Any]:
    return {"square_avg": 0.0, "acc_delta": 0.0}


def options(group: dict[str, Any], fresh: bool, *scalars: Any) -> Any:
    names = ("lr", "rho", "eps", "weight_decay", "maximize")
    return {name: group[name] for name in names}, (float(scalars[0]) + 1,)


class Adadelta(ElementwiseOptimizer):
    """Steps in the units of the parameters, without a learning rate to tune (Zeiler 2012)."""

    __update__ = Update(kernels.adadelta, states, options)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check("learning rate", lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check("epsilon value", eps)
        check("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, checked(defaults))
