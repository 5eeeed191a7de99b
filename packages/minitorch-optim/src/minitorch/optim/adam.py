"""Adam and AdamW."""

from __future__ import annotations

from typing import Any

from minitorch import Tensor

from . import kernels
from .arguments import check_adam, check_modes, checked
from .elementwise import ElementwiseOptimizer, Update, compiled, number
from .optimizer import ParamsT

__all__ = ["Adam", "AdamW"]


def states(group: dict[str, Any]) -> dict[str, Any]:
    names = {"exp_avg": 0.0, "exp_avg_sq": 0.0}
    return {**names, "max_exp_avg_sq": 0.0} if group["amsgrad"] else names


def options(group: dict[str, Any], fresh: bool, *scalars: Any) -> Any:
    step = float(scalars[0]) + 1
    beta1, beta2 = group["betas"]
    root = number((1 - beta2**step) ** 0.5, group)
    decay = group["weight_decay"]
    decoupled = group["decoupled_weight_decay"]
    return {
        "lr": number(group["lr"] / (1 - beta1**step), group) * root,
        "beta1": beta1,
        "beta2": beta2,
        "eps": group["eps"] * root,
        "weight_decay": 0 if decoupled else decay,
        "decay": 1 - group["lr"] * decay if decoupled else 1,
        "maximize": group["maximize"],
    }, (step,)


@compiled("optimizers.adam")
class Adam(ElementwiseOptimizer):
    """Adam (Kingma & Ba 2015): steps scaled by running averages of gradient and squared gradient.

    ``m`` and ``v`` are the bias-corrected averages: ``p -= lr m / (sqrt(v) + eps)``.
    ``amsgrad`` takes the largest ``v`` so far; ``decoupled_weight_decay`` shrinks ``p`` by
    ``lr weight_decay`` instead of adding to the gradient.

    Raises:
        ValueError: a negative ``lr``, ``eps`` or ``weight_decay``, betas outside [0, 1).

    Example:
        >>> import minitorch
        >>> p = minitorch.tensor([1.0, -2.0], requires_grad=True)
        >>> optimizer = minitorch.optim.Adam([p], lr=0.5)
        >>> (p * p).sum().backward()
        >>> optimizer.step()
        >>> p.tolist()
        [0.5, -1.5]
    """

    __update__ = Update(kernels.adam, states, options)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_modes(differentiable, foreach, fused, capturable, lr=lr, betas=betas)
        check_adam(lr, eps, betas, weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, checked(defaults))


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters themselves (Loshchilov & Hutter 2019)."""

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True
