"""Integers: their bits, and common divisors and multiples. No gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.primitive import primitive
from .conversion import not_implemented, promote, takes_tensors

__all__ = ["bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or"]
__all__ += ["bitwise_right_shift", "bitwise_xor", "gcd", "lcm"]


def _on_integers(ufunc: Any, name: str, kinds: str = "iub") -> Callable[..., Any]:
    def kernel(*xs: Any) -> Any:
        for x in xs:
            if getattr(x, "dtype", np.dtype(float)).kind not in kinds:
                raise not_implemented(name, getattr(x, "dtype", np.dtype(float)))
        return ufunc(*xs)

    return kernel


def _bitwise(ufunc: Any, name: str, kernel_name: str, kinds: str = "iub") -> Callable[..., Any]:
    kernel = _on_integers(ufunc, kernel_name, kinds)
    return primitive(kernel, "a b", None, None, name=name, promote=promote, traits=("elementwise",))


bitwise_and = _bitwise(np.bitwise_and, "bitwise_and", "bitwise_and_cpu")
bitwise_or = _bitwise(np.bitwise_or, "bitwise_or", "bitwise_or_cpu")
bitwise_xor = _bitwise(np.bitwise_xor, "bitwise_xor", "bitwise_xor_cpu")
# by too many bits, or a negative number of them, NumPy shifts as PyTorch: only the sign stays
bitwise_left_shift = _bitwise(np.left_shift, "bitwise_left_shift", "lshift_cpu", "iu")
bitwise_right_shift = _bitwise(np.right_shift, "bitwise_right_shift", "rshift_cpu", "iu")
gcd = takes_tensors(_bitwise(np.gcd, "gcd", "gcd_cpu", "iu"))
lcm = takes_tensors(_bitwise(np.lcm, "lcm", "lcm_cpu", "iu"))
bitwise_not = primitive(
    _on_integers(np.invert, "bitwise_not_cpu"), "x", None, name="bitwise_not",
    traits=("elementwise",),
)  # fmt: skip


def shift_left_of(a: Any, b: Any) -> Any:
    """``b << a``."""
    return bitwise_left_shift(b, a)


def shift_right_of(a: Any, b: Any) -> Any:
    """``b >> a``."""
    return bitwise_right_shift(b, a)


def invert(input: Any) -> Any:
    """``~input``.

    Raises:
        TypeError: ``input`` is neither an integer nor a bool tensor.
    """
    if input.dtype.category > 1:
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors, not on "
            f"{input.dtype}"
        )
    return bitwise_not(input)
