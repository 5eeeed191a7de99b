"""The gradients of convolutions, as functions.

Follows https://docs.pytorch.org/docs/stable/nn.functional.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import minitorch
from minitorch import Tensor

from .functional import conv1d, conv2d, conv3d

__all__: list[str] = []


def _by(
    convolution: Callable[..., Tensor], place: int, given: Tensor, size: Sequence[int],
    grad_output: Tensor, *geometry: Any,
) -> Tensor:  # fmt: skip
    """The gradient of ``convolution`` by its input (``place`` 0) or weight, of ``size``."""
    with minitorch.enable_grad():
        other = minitorch.zeros(tuple(size), dtype=given.dtype, requires_grad=True)
        pair = (other, given) if place == 0 else (given, other)
        made = convolution(*pair, None, *geometry)
        found: Tensor = minitorch.autograd.grad(
            made, other, grad_output, create_graph=given.requires_grad or grad_output.requires_grad
        )[0]
    return found


def _function(convolution: Callable[..., Tensor], name: str, place: int) -> Any:
    def by_input(
        input_size: Sequence[int], weight: Tensor, grad_output: Tensor, stride: Any = 1,
        padding: Any = 0, dilation: Any = 1, groups: int = 1,
    ) -> Tensor:  # fmt: skip
        return _by(
            convolution, 0, weight, input_size, grad_output, stride, padding, dilation, groups
        )

    def by_weight(
        input: Tensor, weight_size: Sequence[int], grad_output: Tensor, stride: Any = 1,
        padding: Any = 0, dilation: Any = 1, groups: int = 1,
    ) -> Tensor:  # fmt: skip
        return _by(
            convolution, 1, input, weight_size, grad_output, stride, padding, dilation, groups
        )

    function: Any = by_weight if place else by_input
    function.__name__ = function.__qualname__ = name
    by = "weight" if place else "input"
    function.__doc__ = f"The gradient of ``{convolution.__name__}`` by its {by}."
    return function


conv1d_input = _function(conv1d, "conv1d_input", 0)
conv1d_weight = _function(conv1d, "conv1d_weight", 1)
conv2d_input = _function(conv2d, "conv2d_input", 0)
conv2d_weight = _function(conv2d, "conv2d_weight", 1)
conv3d_input = _function(conv3d, "conv3d_input", 0)
conv3d_weight = _function(conv3d, "conv3d_weight", 1)
