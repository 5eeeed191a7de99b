"""SparseAdam."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from minitorch import Tensor
from minitorch.extend import SparseData, array_of, data_of, grad_of, mark_written, wrap

from .arguments import check, check_betas, checked
from .optimizer import Optimizer, ParamsT, closure_loss

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    """Adam that moves only the rows that have a gradient, and their averages.

    For the sparse gradients of ``Embedding(sparse=True)``.

    Raises:
        RuntimeError: by ``step``, a gradient is dense.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        check("learning rate", lr)
        if float(lr) == 0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not eps > 0.0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        super().__init__(params, checked(locals()))
        complex_params = [
            [i, k]
            for i, group in enumerate(self.param_groups)
            for k, p in enumerate(group["params"])
            if data_of(p).dtype.kind == "c"
        ]
        if complex_params:
            raise ValueError(
                f"Complex params at indices {complex_params}: SparseAdam does not support complex "
                "parameters"
            )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = closure_loss(closure)
        for group in self.param_groups:
            params = [p for p in group["params"] if grad_of(p) is not None]
            if not all(isinstance(data_of(grad_of(p)), SparseData) for p in params):
                raise RuntimeError(
                    "SparseAdam does not support dense gradients, please consider Adam instead"
                )
            for p in params:
                step_rows(p, self.state[p], group)
        return loss

    step.__doc__ = Optimizer.step.__doc__


def step_rows(p: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    """Adam's step for the rows of ``p`` that have a gradient; the others stay."""
    grad = grad_of(p).coalesce()
    rows, g = tuple(array_of(grad.indices())), array_of(grad.values().detach())
    if group["maximize"]:
        g = -g
    if not state:
        state["step"] = 0
        for name in ("exp_avg", "exp_avg_sq"):
            state[name] = wrap(np.zeros_like(array_of(p)))
    state["step"] += 1
    beta1, beta2 = group["betas"]
    exp_avg, exp_avg_sq = array_of(state["exp_avg"]), array_of(state["exp_avg_sq"])
    exp_avg[rows] += (g - exp_avg[rows]) * g.dtype.type(1 - beta1)
    exp_avg_sq[rows] += (g * g - exp_avg_sq[rows]) * g.dtype.type(1 - beta2)
    unbiased = math.sqrt(1 - beta2 ** state["step"]) / (1 - beta1 ** state["step"])
    size = g.dtype.type(float(group["lr"]) * unbiased)
    array_of(p)[rows] -= (
        size * exp_avg[rows] / (np.sqrt(exp_avg_sq[rows]) + g.dtype.type(group["eps"]))
    )
    mark_written(p, state["exp_avg"], state["exp_avg_sq"])
