"""Muon."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from minitorch.extend import Variable, array_of, current, data_of, grad_of, mark_written, wrap

from .arguments import checked
from .optimizer import Optimizer, ParamsT, closure_loss

__all__ = ["Muon"]


class Muon(Optimizer):
    """Momentum whose steps are made (nearly) orthogonal, for matrices (Jordan et al. 2024).

    PyTorch computes the orthogonalization in bfloat16. So does MiniTorch, each product rounded to
    bfloat16 from float32; where a sum comes out on the other side of a rounding boundary, the
    update differs by a bfloat16 digit.

    Args:
        ns_coefficients: of the polynomial ``a x + b x^3 + c x^5`` that is applied ``ns_steps``
            times to the singular values.
        adjust_lr_fn: ``"original"`` multiplies the learning rate by
            ``sqrt(max(1, rows / columns))``, ``"match_rms_adamw"`` by
            ``0.2 sqrt(max(rows, columns))``.

    Raises:
        ValueError: a parameter is no matrix; a negative ``lr``, ``momentum`` or ``weight_decay``.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        defaults = checked(locals(), "adjust_lr_fn")
        if isinstance(lr, Variable) and data_of(lr).size != 1:
            raise ValueError("Tensor lr must be 1-element")
        for name, value in {
            "Learning rate": lr,
            "momentum": momentum,
            "weight decay": weight_decay,
        }.items():
            if not value >= 0.0:
                raise ValueError(f"{name} should be >= 0 but is: {value}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                if p.ndim != 2:
                    raise ValueError(
                        "Muon only supports 2D parameters whereas we found a parameter with size: "
                        f"{p.shape}"
                    )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = closure_loss(closure)
        for group in self.param_groups:
            if group["ns_steps"] >= 100:
                raise ValueError(
                    "Number of steps must be less than 100 for computational efficiency"
                )
            if len(group["ns_coefficients"]) != 3:
                raise ValueError("Coefficients must be a tuple of exactly 3 values")
            lr = group["lr"]
            options = {k: v for k, v in group.items() if k not in ("params", "param_names")}
            for p in group["params"]:
                if grad_of(p) is None:
                    continue
                if data_of(p).dtype.kind == "c":
                    raise RuntimeError("Muon does not support complex parameters")
                entry = self.state[p]
                if "momentum_buffer" not in entry:
                    entry["momentum_buffer"] = wrap(np.zeros_like(data_of(p)))
                buffer = array_of(entry["momentum_buffer"])
                if isinstance(lr, Variable):  # its dtype decides how its products are rounded
                    options["lr"] = array_of(lr).reshape(())[()]
                current.state.without_warnings(
                    muon, array_of(p), array_of(grad_of(p)), buffer, **options
                )
                mark_written(p)
        return loss

    step.__doc__ = Optimizer.step.__doc__


def muon(
    p: Any, g: Any, buffer: Any, *,
    lr: Any, weight_decay: float, momentum: float, nesterov: bool, ns_coefficients: Any,
    eps: float, ns_steps: int, adjust_lr_fn: str | None,
) -> None:  # fmt: skip
    """Updates the matrices ``p`` and ``buffer`` by the gradient ``g``."""
    buffer += (1 - momentum) * (g - buffer)
    direction = g + momentum * (buffer - g) if nesterov else buffer
    update = orthogonal(direction, ns_coefficients, ns_steps, eps)
    rows, columns = p.shape
    if adjust_lr_fn == "match_rms_adamw":
        ratio = 0.2 * math.sqrt(max(rows, columns))
    else:
        ratio = math.sqrt(max(1, rows / columns))
    p *= float(1 - lr * weight_decay)
    p -= float(lr * ratio) * update.astype(p.dtype)


def orthogonal(matrix: Any, coefficients: Any, steps: int, eps: float) -> Any:
    """About U V^T of the singular value decomposition U S V^T, by Newton-Schulz iterations."""
    a, b, c = coefficients
    wide = matrix.shape[0] <= matrix.shape[1]
    x = bfloat16(matrix if wide else matrix.T)
    x = bfloat16(x / max(float(bfloat16(np.linalg.norm(x))), float(bfloat16(np.float32(eps)))))
    for _ in range(steps):
        gram = bfloat16(x @ x.T)
        x = bfloat16(a * x + bfloat16(b * gram + c * (gram @ gram)) @ x)
    return x if wide else x.T


def bfloat16(array: Any) -> Any:
    """Float32 values with the 8 significant bits of bfloat16, rounded to nearest, ties to even."""
    bits = np.asarray(array, np.float32).view(np.uint32)
    rounded = (bits + (((bits >> 16) & 1) + 0x7FFF)) & np.uint32(0xFFFF0000)
    finite = (bits & 0x7F800000) != 0x7F800000
    return np.where(finite, rounded, bits & np.uint32(0xFFFF0000)).view(np.float32)
