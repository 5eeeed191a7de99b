"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from minitorch import Tensor

from . import kernels
from .arguments import check, check_modes, checked
from .elementwise import ElementwiseOptimizer, Update, compiled
from .optimizer import ParamsT

__all__ = ["SGD"]


def scalars(group: dict[str, Any]) -> dict[str, Any]:
    return {}


def states(group: dict[str, Any]) -> dict[str, Any]:
    return {"momentum_buffer": 0.0} if group["momentum"] != 0 else {}


def options(group: dict[str, Any], fresh: bool, *scalars: Any) -> Any:
    return {
        "lr": group["lr"],
        "momentum": group["momentum"],
        "incoming": 1 if fresh else 1 - group["dampening"],
        "weight_decay": group["weight_decay"],
        "nesterov": group["nesterov"],
        "maximize": group["maximize"],
    }, ()


@compiled("optimizers.sgd")
class SGD(ElementwiseOptimizer):
    """Stochastic gradient descent, with momentum if asked for.

    ``b = momentum b + (1 - dampening) g;  p -= lr b``, with ``nesterov``
    ``p -= lr (g + momentum b)``; ``weight_decay`` adds ``weight_decay p`` to the gradient.

    Raises:
        ValueError: a negative learning rate, momentum or weight decay; ``nesterov`` without
            momentum or with dampening.

    Example:
        >>> import minitorch
        >>> p = minitorch.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = minitorch.optim.SGD([p], lr=0.5)
        >>> (p * p).sum().backward()
        >>> optimizer.step()
        >>> p.tolist()
        [0.0, 0.0]
    """

    __update__ = Update(kernels.sgd, states, options, scalars, sparse=True)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check("learning rate", lr)
        check("momentum value", momentum)
        check("weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        check_modes(differentiable, foreach, fused)
        super().__init__(params, checked(locals()))
