"""Rprop."""

from __future__ import annotations

from typing import Any

from minitorch import Tensor

from . import kernels
from .arguments import check, checked
from .elementwise import ElementwiseOptimizer, Update
from .optimizer import ParamsT

__all__ = ["Rprop"]


def states(group: dict[str, Any]) -> dict[str, Any]:
    return {"prev": 0.0, "step_size": float(group["lr"])}


def options(group: dict[str, Any], fresh: bool, *scalars: Any) -> Any:
    shrink, grow = group["etas"]
    smallest, largest = group["step_sizes"]
    return {
        "shrink": shrink,
        "grow": grow,
        "smallest": smallest,
        "largest": largest,
        "maximize": group["maximize"],
    }, (float(scalars[0]) + 1,)


class Rprop(ElementwiseOptimizer):
    """Resilient backpropagation (Riedmiller & Braun 1993): only the gradients' signs count."""

    __update__ = Update(kernels.rprop, states, options)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check("learning rate", lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, checked(defaults))
