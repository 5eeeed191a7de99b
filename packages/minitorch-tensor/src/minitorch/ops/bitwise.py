"""Integers: their bits, and common divisors and multiples. No gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.primitive import operation
from .conversion import not_implemented, promote

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

__all__ = ["bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or"]
__all__ += ["bitwise_right_shift", "bitwise_xor", "gcd", "lcm"]


def _on_integers(ufunc: Any, name: str, kinds: str = "iub") -> Callable[..., Any]:
    def kernel(*xs: Any) -> Any:
        for x in xs:
            if getattr(x, "dtype", np.dtype(float)).kind not in kinds:
                raise not_implemented(name, getattr(x, "dtype", np.dtype(float)))
        return ufunc(*xs)

    return kernel


TWO: Any = {"promote": promote, "traits": ("elementwise",)}


@operation(_on_integers(np.bitwise_and, "bitwise_and_cpu"), "a b", None, None, **TWO)
def bitwise_and(input: Tensor, other: Tensor | int, *, out: Tensor | None = None) -> Tensor:
    """The bits that both have, ``input & other``, broadcast.

    Integers and bools alone; no gradient.

    Raises:
        NotImplementedError: another dtype.

    Example:
        >>> import minitorch
        >>> minitorch.bitwise_and(minitorch.tensor([6, 6]), minitorch.tensor([2, 3]))
        tensor([2, 2])
    """


@operation(_on_integers(np.bitwise_or, "bitwise_or_cpu"), "a b", None, None, **TWO)
def bitwise_or(input: Tensor, other: Tensor | int, *, out: Tensor | None = None) -> Tensor:
    """The bits that at least one has, ``input | other``, broadcast.

    Integers and bools alone; no gradient.

    Raises:
        NotImplementedError: another dtype.

    Example:
        >>> import minitorch
        >>> minitorch.bitwise_or(minitorch.tensor([4, 4]), minitorch.tensor([2, 3]))
        tensor([6, 7])
    """


@operation(_on_integers(np.bitwise_xor, "bitwise_xor_cpu"), "a b", None, None, **TWO)
def bitwise_xor(input: Tensor, other: Tensor | int, *, out: Tensor | None = None) -> Tensor:
    """The bits that just one has, ``input ^ other``, broadcast.

    Integers and bools alone; no gradient.

    Raises:
        NotImplementedError: another dtype.

    Example:
        >>> import minitorch
        >>> minitorch.bitwise_xor(minitorch.tensor([6, 6]), minitorch.tensor([2, 3]))
        tensor([4, 5])
    """


# by too many bits, or a negative number of them, NumPy shifts as PyTorch: only the sign stays


@operation(_on_integers(np.left_shift, "lshift_cpu", "iu"), "a b", None, None, **TWO)
def bitwise_left_shift(input: Tensor, other: Tensor | int, *, out: Tensor | None = None) -> Tensor:
    """``input`` shifted to the left by ``other`` bits, broadcast.

    Integers alone; no gradient.

    Raises:
        NotImplementedError: another dtype.

    Example:
        >>> import minitorch
        >>> minitorch.bitwise_left_shift(minitorch.tensor([1, 1]), minitorch.tensor([2, 3]))
        tensor([4, 8])
    """


@operation(_on_integers(np.right_shift, "rshift_cpu", "iu"), "a b", None, None, **TWO)
def bitwise_right_shift(input: Tensor, other: Tensor | int, *, out: Tensor | None = None) -> Tensor:
    """``input`` shifted to the right by ``other`` bits, broadcast; the sign stays.

    Integers alone; no gradient.

    Raises:
        NotImplementedError: another dtype.

    Example:
        >>> import minitorch
        >>> minitorch.bitwise_right_shift(minitorch.tensor([8, 8]), minitorch.tensor([2, 3]))
        tensor([2, 1])
    """


@operation(_on_integers(np.gcd, "gcd_cpu", "iu"), "a b", None, None, numbers="", **TWO)
def gcd(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The greatest common divisor, broadcast; of 0 and 0 it is 0.

    Integers alone; no gradient.

    Raises:
        NotImplementedError: another dtype.

    Example:
        >>> import minitorch
        >>> minitorch.gcd(minitorch.tensor([4, 9]), minitorch.tensor([2, 3]))
        tensor([2, 3])
    """


@operation(_on_integers(np.lcm, "lcm_cpu", "iu"), "a b", None, None, numbers="", **TWO)
def lcm(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The least common multiple, broadcast; with 0 it is 0.

    Integers alone; no gradient.

    Raises:
        NotImplementedError: another dtype.

    Example:
        >>> import minitorch
        >>> minitorch.lcm(minitorch.tensor([3, 4]), minitorch.tensor([2, 3]))
        tensor([ 6, 12])
    """


@operation(_on_integers(np.invert, "bitwise_not_cpu"), "x", None, traits=("elementwise",))
def bitwise_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Each bit inverted, ``~input``; of bools the negation.

    Integers and bools alone; no gradient.

    Raises:
        NotImplementedError: another dtype.

    Example:
        >>> import minitorch
        >>> minitorch.bitwise_not(minitorch.tensor([0, -2]))
        tensor([-1,  1])
    """


def shift_left_of(a: Any, b: Any) -> Tensor:
    """``b << a``."""
    return bitwise_left_shift(b, a)


def shift_right_of(a: Any, b: Any) -> Tensor:
    """``b >> a``."""
    return bitwise_right_shift(b, a)


def invert(input: Any) -> Tensor:
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
