"""RMSprop."""

from __future__ import annotations

from typing import Any

from minitorch import Tensor

from . import kernels
from .arguments import check, checked
from .elementwise import ElementwiseOptimizer, Update
from .optimizer import ParamsT

__all__ = ["RMSprop"]


def states(group: dict[str, Any]) -> dict[str, Any]:
    names = {"square_avg": 0.0}
    if group["momentum"] > 0:
        names["momentum_buffer"] = 0.0
    if group["centered"]:
        names["grad_avg"] = 0.0
    return names


def options(group: dict[str, Any], fresh: bool, *scalars: Any) -> Any:
    names = ("lr", "alpha", "eps", "weight_decay", "momentum", "centered", "maximize")
    return {name: group[name] for name in names}, (float(scalars[0]) + 1,)


class RMSprop(ElementwiseOptimizer):
    """Steps divided by the root of the average squared gradient (Hinton's lecture 6e).

    ``centered`` divides by the standard deviation instead (Graves 2013).
    """

    __update__ = Update(kernels.rmsprop, states, options)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check("learning rate", lr)
        check("epsilon value", eps)
        check("momentum value", momentum)
        check("weight_decay value", weight_decay)
        check("alpha value", alpha)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, checked(defaults))
