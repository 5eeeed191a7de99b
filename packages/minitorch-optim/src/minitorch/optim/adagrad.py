"""Adagrad."""

from __future__ import annotations

from typing import Any

from minitorch import Tensor

from . import kernels
from .arguments import check, check_modes, checked
from .elementwise import ElementwiseOptimizer, Update, first_state
from .optimizer import ParamsT

__all__ = ["Adagrad"]


def states(group: dict[str, Any]) -> dict[str, Any]:
    return {"sum": group["initial_accumulator_value"]}


def options(group: dict[str, Any], fresh: bool, *scalars: Any) -> Any:
    step = float(scalars[0]) + 1
    return {
        "lr": group["lr"] / (1 + (step - 1) * group["lr_decay"]),
        "eps": group["eps"],
        "weight_decay": group["weight_decay"],
        "maximize": group["maximize"],
    }, (step,)


class Adagrad(ElementwiseOptimizer):
    """Steps divided by the root of the sum of all squared gradients (Duchi et al. 2011)."""

    __update__ = Update(kernels.adagrad, states, options, sparse=True)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check("learning rate", lr)
        check("lr_decay value", lr_decay)
        check("weight_decay value", weight_decay)
        check("initial_accumulator_value value", initial_accumulator_value)
        check("epsilon value", eps)
        check_modes(differentiable, foreach, fused)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, checked(defaults))
        for group in self.param_groups:  # PyTorch has this state before the first step
            for p in group["params"]:
                p.numel()  # refused by a parameter whose shape is not known yet
                first_state(self.__update__, self.state[p], p, group)
