"""Activations of straight pieces, with their slopes (hardswish bends in its middle one).

The rules take arrays and tensors alike, so the second derivatives come from them too. A mask picks
with ``where``: a product with it would make NaN of the infinite gradients that it is to hide.
"""

from __future__ import annotations

import minitorch
import numpy as np
from minitorch import Tensor, where
from minitorch.extend import fitted, inplace, primitive, select

from .activation import ELEMENTWISE, activation, in_place

__all__ = [
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "leaky_relu",
    "leaky_relu_",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "rrelu",
    "rrelu_",
    "softshrink",
    "threshold",
    "threshold_",
]


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(0, x)."""
    return relu_(input) if inplace else minitorch.relu(input)


leaky_relu_p = activation(
    lambda x, slope: np.maximum(x, x * slope) if 0 <= slope <= 1 else select(x > 0, x, x * slope),
    "x | slope",
    lambda g, x, slope: where(x > 0, g, g * slope),
    name="leaky_relu",
)
hardtanh_p = primitive(
    lambda x, low, high: np.clip(x, x.dtype.type(low), x.dtype.type(high)),
    "x | low high",
    lambda g, x, low, high: where((x <= low) | (x >= high), 0.0, g),
    name="hardtanh",
    traits=ELEMENTWISE,
)
threshold_p = primitive(
    lambda x, limit, value: select(x <= limit, x.dtype.type(value).item(), x),
    "x | limit value",
    lambda g, x, limit: where(x <= limit, 0.0, g),
    name="threshold",
    traits=ELEMENTWISE,
)
hardsigmoid_p = activation(
    lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "x",
    lambda g, x: where((x > -3) & (x < 3), g / 6, 0.0),
    name="hardsigmoid",
)
hardswish_p = activation(
    lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "x",
    lambda g, x: where(x >= 3, g, where(x <= -3, 0.0, g * (x / 3 + 0.5))),
    name="hardswish",
)
hardshrink_p = activation(
    lambda x, lambd: select(abs(x) <= lambd, 0, x),
    "x | lambd",
    lambda g, x, lambd: where(abs(x) <= lambd, 0.0, g),
    name="hardshrink",
)
softshrink_p = activation(
    # NaN stays NaN
    lambda x, lambd: select(abs(x) <= lambd, 0, x - np.sign(x) * lambd),
    "x | lambd",
    lambda g, x, lambd: where(abs(x) <= lambd, 0.0, g),
    name="softshrink",
)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """``x`` where it is positive, ``negative_slope`` x elsewhere."""
    if inplace:
        return in_place(leaky_relu_p, input, negative_slope)
    return leaky_relu_p(input, negative_slope)


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """x, held between ``min_val`` and ``max_val``."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if input.dtype.is_complex or input.dtype is minitorch.bool:
        raise NotImplementedError(f"hardtanh is not implemented for {input.dtype}")
    if input.dtype is minitorch.uint8 and min_val < 0:
        raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
    min_val, max_val = fitted(min_val, input.dtype), fitted(max_val, input.dtype)
    if inplace:
        return in_place(hardtanh_p, input, min_val, max_val)
    return hardtanh_p(input, min_val, max_val)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """x, held between 0 and 6."""
    return hardtanh(input, 0, 6, inplace)


def threshold(
    input: Tensor,
    threshold: float,
    value: float,
    inplace: bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """``x`` where it is above ``threshold``, ``value`` elsewhere."""
    if input.dtype.is_complex or input.dtype is minitorch.bool:
        raise NotImplementedError(f"threshold is not implemented for {input.dtype}")
    threshold, value = fitted(threshold, input.dtype), fitted(value, input.dtype)
    if inplace:
        return in_place(threshold_p, input, threshold, value)
    return threshold_p(input, threshold, value)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """``x`` / 6 + 1/2, held between 0 and 1."""
    return in_place(hardsigmoid_p, input) if inplace else hardsigmoid_p(input)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """``x`` hardsigmoid(x)."""
    return in_place(hardswish_p, input) if inplace else hardswish_p(input)


def hardshrink(input: Tensor, lambd: float = 0.5, *, out: Tensor | None = None) -> Tensor:
    """``x`` outside of [-lambd, lambd], 0 inside.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.hardshrink.html
    """
    return hardshrink_p(input, lambd)


def softshrink(input: Tensor, lambd: float = 0.5, *, out: Tensor | None = None) -> Tensor:
    """``x`` moved towards 0 by ``lambd``, 0 where it gets there."""
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd}.")
    return softshrink_p(input, lambd)


# --- learned and random slopes --------------------------------------------------------------

prelu_p = activation(
    lambda x, slope: select(x > 0, x, x * slope),
    "x slope",
    lambda g, x, slope: where(x > 0, g, g * slope),
    lambda g, x: where(x > 0, 0.0, g * x),
    name="prelu",
    label="PreluKernelBackward0",
)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """``x`` where it is positive, ``weight`` x elsewhere: one for all or one per channel (dim 1).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.prelu.html
    """
    if weight.ndim > 1:
        raise RuntimeError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}"
        )
    if weight.dtype != input.dtype:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {input.dtype} and {weight.dtype}"
        )
    if weight.numel() != 1:
        if not input.ndim:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = input.shape[1] if input.ndim > 1 else 1
        if channels != weight.numel():
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.numel()} and channel size = {channels}."
            )
    if input.ndim > 1:
        weight = weight.reshape((1, -1) + (1,) * (input.ndim - 2))
    elif weight.ndim and not input.ndim:
        weight = weight.reshape(())
    return prelu_p(input, weight)


def rrelu(
    input: Tensor,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """``x`` where it is positive, elsewhere times a slope drawn from [lower, upper) while training,
    the mean slope otherwise.
    """
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    with minitorch.no_grad():
        slopes = minitorch.ones_like(input)
        negative = input.detach() <= 0
        count = int(negative.sum())
        # one 53-bit draw for each negative element, in order, as PyTorch's kernel does
        drawn = minitorch.rand(count, dtype=minitorch.float64)
        low, high = slopes.new_tensor([lower, upper]).tolist()
        slopes[negative] = (drawn * (high - low) + low).to(slopes.dtype)
    return in_place(prelu_p, input, slopes) if inplace else prelu_p(input, slopes)


relu_ = inplace(minitorch.relu)
hardtanh_ = inplace(hardtanh)
leaky_relu_ = inplace(leaky_relu)
rrelu_ = inplace(rrelu)
threshold_ = inplace(threshold)
