"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from minitorch import Tensor

from . import kernels
from .arguments import check, checked
from .elementwise import ElementwiseOptimizer, Update
from .layout import scalar_dtype
from .optimizer import ParamsT

__all__ = ["ASGD"]


def scalars(group: dict[str, Any]) -> dict[str, Any]:
    return {"step": 0.0, "eta": float(group["lr"]), "mu": 1.0}


def states(group: dict[str, Any]) -> dict[str, Any]:
    return {"ax": 0.0}


def options(group: dict[str, Any], fresh: bool, *scalars: Any) -> Any:
    step, eta, mu = map(float, scalars)
    step += 1
    lr, lambd = float(group["lr"]), group["lambd"]
    rounded = scalar_dtype().type  # whatever dtype the state is kept in
    next_eta = rounded(lr / (1 + lambd * lr * step) ** group["alpha"])
    next_mu = rounded(1 / max(1, step - group["t0"]))
    return {
        "eta": eta,
        "mu": mu,
        "lambd": lambd,
        "weight_decay": group["weight_decay"],
        "maximize": group["maximize"],
    }, (step, next_eta, next_mu)


class ASGD(ElementwiseOptimizer):
    """Averaged stochastic gradient descent (Polyak & Juditsky 1992).

    The average of the parameters after step ``t0`` is the state ``ax``.
    """

    __update__ = Update(kernels.asgd, states, options, scalars)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check("learning rate", lr)
        check("weight_decay value", weight_decay)
        super().__init__(params, checked(locals()))
