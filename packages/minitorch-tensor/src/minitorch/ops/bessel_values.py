"""Bessel and Airy functions without derivatives, as PyTorch has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..autograd.primitive import operation
from ..kernels import bessel
from .conversion import FLOATS, not_differentiable
from .gamma_functions import from_scipy

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "airy_ai",
    "bessel_j0",
    "bessel_j1",
    "bessel_y0",
    "bessel_y1",
    "modified_bessel_i0",
    "modified_bessel_i1",
    "modified_bessel_k0",
    "modified_bessel_k1",
    "scaled_modified_bessel_k0",
    "scaled_modified_bessel_k1",
    "spherical_bessel_j0",
]


def value(kernel: Callable[..., Any], name: str) -> Callable[[F], F]:
    """The decorator of a function's def."""
    name = f"special_{name}"
    return operation(kernel, "x", not_differentiable(name), name=name, **FLOATS)


def _sinc(x: Any) -> Any:
    return np.where(x == 0, 1, np.sin(x) / x).astype(x.dtype)[()]


@value(from_scipy("airy"), "airy_ai")
def airy_ai(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Airy function Ai, a solution of y'' = x y.

    Any shape; integers become the default float dtype. Needs SciPy.

    Example:
        >>> import minitorch
        >>> minitorch.special.airy_ai(minitorch.tensor([1.0, 2.0]))
        tensor([0.1353, 0.0349])
    """


@value(from_scipy("j0"), "bessel_j0")
def bessel_j0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Bessel function of the first kind, order 0.

    Any shape; integers become the default float dtype. Needs SciPy.

    Example:
        >>> import minitorch
        >>> minitorch.special.bessel_j0(minitorch.tensor([1.0, 2.0]))
        tensor([0.7652, 0.2239])
    """


@value(from_scipy("j1"), "bessel_j1")
def bessel_j1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Bessel function of the first kind, order 1.

    Any shape; integers become the default float dtype. Needs SciPy.

    Example:
        >>> import minitorch
        >>> minitorch.special.bessel_j1(minitorch.tensor([1.0, 2.0]))
        tensor([0.4401, 0.5767])
    """


@value(from_scipy("y0"), "bessel_y0")
def bessel_y0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Bessel function of the second kind, order 0.

    Any shape; integers become the default float dtype. Needs SciPy.

    Example:
        >>> import minitorch
        >>> minitorch.special.bessel_y0(minitorch.tensor([1.0, 2.0]))
        tensor([0.0883, 0.5104])
    """


@value(from_scipy("y1"), "bessel_y1")
def bessel_y1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Bessel function of the second kind, order 1.

    Any shape; integers become the default float dtype. Needs SciPy.

    Example:
        >>> import minitorch
        >>> minitorch.special.bessel_y1(minitorch.tensor([1.0, 2.0]))
        tensor([-0.7812, -0.1070])
    """


@value(from_scipy("k0"), "modified_bessel_k0")
def modified_bessel_k0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the second kind, order 0.

    Any shape; integers become the default float dtype. Needs SciPy.

    Example:
        >>> import minitorch
        >>> minitorch.special.modified_bessel_k0(minitorch.tensor([1.0, 2.0]))
        tensor([0.4210, 0.1139])
    """


@value(from_scipy("k1"), "modified_bessel_k1")
def modified_bessel_k1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the second kind, order 1.

    Any shape; integers become the default float dtype. Needs SciPy.

    Example:
        >>> import minitorch
        >>> minitorch.special.modified_bessel_k1(minitorch.tensor([1.0, 2.0]))
        tensor([0.6019, 0.1399])
    """


@value(from_scipy("k0e"), "scaled_modified_bessel_k0")
def scaled_modified_bessel_k0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the second kind, order 0, times ``e^x``.

    Any shape; integers become the default float dtype. Needs SciPy.

    Example:
        >>> import minitorch
        >>> minitorch.special.scaled_modified_bessel_k0(minitorch.tensor([1.0, 2.0]))
        tensor([1.1445, 0.8416])
    """


@value(from_scipy("k1e"), "scaled_modified_bessel_k1")
def scaled_modified_bessel_k1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the second kind, order 1, times ``e^x``.

    Any shape; integers become the default float dtype. Needs SciPy.

    Example:
        >>> import minitorch
        >>> minitorch.special.scaled_modified_bessel_k1(minitorch.tensor([1.0, 2.0]))
        tensor([1.6362, 1.0335])
    """


@value(bessel.i0, "modified_bessel_i0")
def modified_bessel_i0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind, order 0, as ``i0``.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.special.modified_bessel_i0(minitorch.tensor([1.0, 2.0]))
        tensor([1.2661, 2.2796])
    """


@value(bessel.i1, "modified_bessel_i1")
def modified_bessel_i1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind, order 1, as ``i1``.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.special.modified_bessel_i1(minitorch.tensor([1.0, 2.0]))
        tensor([0.5652, 1.5906])
    """


@value(_sinc, "spherical_bessel_j0")
def spherical_bessel_j0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The spherical Bessel function of the first kind, order 0: sin(x) / x.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.special.spherical_bessel_j0(minitorch.tensor([1.0, 2.0]))
        tensor([0.8415, 0.4546])
    """
