"""NAdam."""

from __future__ import annotations

from typing import Any

from minitorch import Tensor

from . import kernels
from .arguments import check, check_adam, checked
from .elementwise import ElementwiseOptimizer, Update
from .optimizer import ParamsT

__all__ = ["NAdam"]


def scalars(group: dict[str, Any]) -> dict[str, Any]:
    return {"step": 0.0, "mu_product": 1.0}


def states(group: dict[str, Any]) -> dict[str, Any]:
    return {"exp_avg": 0.0, "exp_avg_sq": 0.0}


def options(group: dict[str, Any], fresh: bool, *scalars: Any) -> Any:
    step = float(scalars[0]) + 1
    lr, (beta1, beta2) = group["lr"], group["betas"]
    momentum = group["momentum_decay"]
    mu = beta1 * (1 - 0.5 * 0.96 ** (step * momentum))
    following = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * momentum))
    product = scalars[1] * mu
    if not isinstance(product, Tensor):
        product = float(product)  # rounded as it is kept
    decay, decoupled = group["weight_decay"], group["decoupled_weight_decay"]
    return {
        "lr_g": lr * (1 - mu) / (1 - product),
        "lr_m": lr * following / (1 - product * following),
        "beta1": beta1,
        "beta2": beta2,
        "correction": 1 - beta2**step,
        "eps": group["eps"],
        "weight_decay": 0 if decoupled else decay,
        "decay": 1 - lr * decay if decoupled else 1,
        "maximize": group["maximize"],
    }, (step, product)


class NAdam(ElementwiseOptimizer):
    """Adam with Nesterov momentum (Dozat 2016).

    ``mu = beta1 (1 - 0.96^(step momentum_decay) / 2)`` is the momentum of a step; the state
    ``mu_product`` is the product of all so far.
    """

    __update__ = Update(kernels.nadam, states, options, scalars)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_adam(lr, eps, betas, weight_decay)
        check("momentum_decay value", momentum_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, checked(defaults))
