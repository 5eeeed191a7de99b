"""The product and the sum with one rounding."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
SPLITTER = 2.0**27 + 1


def fused(x: Array, y: Any, z: Any) -> Array:
    """``x y + z`` of float32: the product is exact in float64."""
    wide = x.astype(np.float64)
    wide *= y
    wide += z
    return wide.astype(np.float32)


def multiply_add(x: Array, scale: Any, shift: Any) -> Array:
    """``scale x + shift`` as a processor's fused multiply-add gives it, in float32 or float64.

    PyTorch's compiler fuses the two; to agree with it to the last bit, so must we.
    """
    if not np.any(shift):
        return x if scale == 1 else x * x.dtype.type(scale)
    if x.dtype == np.float32:
        return fused(x, scale, shift)
    # the exact product as high + low (Dekker), the exact sum as total + error (Knuth)
    high = x * scale
    x_upper, scale_upper = _upper(x), _upper(scale)
    x_lower, scale_lower = x - x_upper, scale - scale_upper
    low = x_upper * scale_upper - high
    low = ((low + x_upper * scale_lower) + x_lower * scale_upper) + x_lower * scale_lower
    total = high + shift
    part = total - high
    error = (high - (total - part)) + (shift - part)
    rounded: Array = total + (error + low)
    return rounded


def _upper(x: Any) -> Any:
    """The upper 26 bits."""
    scaled = x * SPLITTER
    return scaled - (scaled - x)
