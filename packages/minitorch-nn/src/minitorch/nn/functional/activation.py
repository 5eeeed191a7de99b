"""What the elementwise activations share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch import Tensor
from minitorch.extend import inplace, primitive

from ..kernels.dtypes import of_floats

__all__: list[str] = []

ELEMENTWISE = ("elementwise",)


def activation(
    kernel: Any, signature: str, *rules: Any, name: str, kinds: str = "f", **options: Any
) -> Callable[..., Tensor]:
    """An elementwise operation of floats, or of NumPy's ``kinds``; others raise."""
    checked = of_floats(kernel, name, kinds)
    return primitive(checked, signature, *rules, name=name, traits=ELEMENTWISE, **options)


def in_place(op: Callable[..., Tensor], input: Tensor, *params: Any) -> Tensor:
    """``op`` written into ``input``."""
    return inplace(op)(input, *params)
