"""Fourier transforms of Hermitian signals: their frequencies are real."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..autograd.out import castable
from .arguments import numpy_names
from .complex_parts import conj
from .fft import OPPOSITE, _norm, irfftn, rfftn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor import Tensor

__all__ = ["hfft", "hfft2", "hfftn", "ihfft", "ihfft2", "ihfftn"]

# sum_k x_k e^-iwk is the inverse transform of conj(x), but for its factor


@numpy_names
@castable
def hfft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The ``n`` real frequencies (``2 (m - 1)`` by default) of a Hermitian signal, of which
    ``input`` is one half, ``m`` values.

    Args:
        input: complex, or real for a signal without imaginary part.
        n: the number of frequencies; the signal is cut or filled up with zeros accordingly.
        dim: the dimension to transform.
        norm: where the factor ``1/n`` goes: "backward" (not here, the default), "forward" or
            "ortho".

    Example:
        >>> import minitorch
        >>> minitorch.fft.hfft(minitorch.tensor([1.0, 2.0, 3.0]))
        tensor([ 8., -2.,  0., -2.])
    """
    return hfftn(input, None if n is None else (n,), (dim,), norm)


@numpy_names
@castable
def hfft2(
    input: Tensor, s: Sequence[int] | None = None, dim: Sequence[int] = (-2, -1),
    norm: str | None = None, *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """``hfftn`` over two dimensions."""
    return hfftn(input, s, dim, norm)


@numpy_names
@castable
def hfftn(
    input: Tensor, s: Sequence[int] | None = None, dim: Sequence[int] | None = None,
    norm: str | None = None, *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The real frequencies in ``dim`` (all by default) of a Hermitian signal, of which ``input`` is
    one half (of the last dimension).
    """
    return irfftn(conj(input), s, dim, OPPOSITE[_norm(norm)])


@numpy_names
def ihfft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """One half of the Hermitian signal whose real frequencies are ``input``."""
    return ihfftn(input, None if n is None else (n,), (dim,), norm)


@numpy_names
def ihfft2(
    input: Tensor, s: Sequence[int] | None = None, dim: Sequence[int] = (-2, -1),
    norm: str | None = None, *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """``ihfftn`` over two dimensions."""
    return ihfftn(input, s, dim, norm)


@numpy_names
def ihfftn(
    input: Tensor, s: Sequence[int] | None = None, dim: Sequence[int] | None = None,
    norm: str | None = None, *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """One half (of the last dimension) of the Hermitian signal whose real frequencies in ``dim``
    (all by default) are ``input``.
    """
    return conj(rfftn(input, s, dim, OPPOSITE[_norm(norm)]))
