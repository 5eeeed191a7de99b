"""Discrete Fourier transforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import as_dtype, complex64, complex128, float64, get_default_dtype
from ..autograd.out import castable
from ..autograd.primitive import primitive
from ..kernels.memory import packed
from .arguments import numpy_names, one_dim
from .conversion import to
from .creation import made, made_into, resized_into

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor import Tensor
    from .._types.device import device
    from .._types.dtype import dtype
    from .._types.layout import layout
    from ..autograd.primitive import Operation

__all__ = ["fft", "fft2", "fftfreq", "fftn", "fftshift", "ifft", "ifft2", "ifftn", "ifftshift"]
__all__ += ["irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn"]

# The transpose of a real transform is the opposite one, whose factor 1/n stands on the other side;
# a complex one is its own transpose.
OPPOSITE: Any = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


# --- kernels -------------------------------------------------------------------------------------


def _resized(y: Any, shape: Any) -> Any:
    """``y`` cut, or filled up with zeros, to ``shape``: what sizes did to the input, undone."""
    if y.shape == shape:
        return packed(y)
    out = np.zeros(shape, y.dtype)
    both = tuple(slice(min(m, n)) for m, n in zip(shape, y.shape, strict=True))
    out[both] = y[both]
    return out


def _irfftn(x: Any, sizes: Any, dims: Any, norm: Any) -> Any:
    return packed(np.fft.irfftn(x, sizes, dims, norm))


def _irfftn_transposed(g: Any, shape: Any, dtype: Any, sizes: Any, dims: Any, norm: Any) -> Any:
    """The gradient of an ``x`` of ``shape``: all frequencies but the first one, and the last one
    of an even size, stand for themselves and their mirror image.
    """
    y: Any = np.fft.rfftn(g, sizes, dims, OPPOSITE[norm])
    y = y.conj() if dtype.kind == "c" else y.real
    doubled = [slice(None)] * y.ndim
    doubled[dims[-1]] = slice(1, (sizes[-1] + 1) // 2)
    y[tuple(doubled)] *= 2
    return _resized(y, shape)


fft_irfftn_p = primitive(
    _irfftn,
    "x | sizes dims norm",
    lambda g, shape, x_dtype, sizes, dims, norm: fft_irfftn_transposed_p(
        g, shape, x_dtype, sizes, dims, norm
    ),
    name="fft_irfftn",
    label="FftC2RBackward0",
    traits=("linear",),
)
fft_irfftn_transposed_p: Operation = primitive(
    _irfftn_transposed,
    "x | shape dtype sizes dims norm",
    lambda g, sizes, dims, norm: fft_irfftn_p(g, sizes, dims, norm),
    name="fft_irfftn_transposed",
    traits=("linear",),
)


def _fftn(x: Any, kind: str, sizes: Any, dims: Any, norm: Any) -> Any:
    return packed(getattr(np.fft, kind)(x, sizes, dims, norm))


def _fftn_transposed(
    g: Any, kind: str, shape: Any, dtype: Any, sizes: Any, dims: Any, norm: Any
) -> Any:
    y = _fftn(g, kind.lstrip("r"), sizes, dims, norm)  # of one-sided frequencies, the rest zeros
    return _resized(y if dtype.kind == "c" else y.real, shape)


fft_p = primitive(
    _fftn,
    "x | kind sizes dims norm",
    lambda g, kind, shape, x_dtype, sizes, dims, norm: fft_transposed_p(
        g, kind, shape, x_dtype, sizes, dims, norm
    ),
    name="fft",
    label="FftC2CBackward0",
    traits=("linear",),
)
fft_transposed_p: Operation = primitive(
    _fftn_transposed,
    "x | kind shape dtype sizes dims norm",
    lambda g, kind, sizes, dims, norm: fft_p(g, kind, sizes, dims, norm),
    name="fft_transposed",
    traits=("linear",),
)
rfft_p = fft_p.primitive.relabelled(label="FftR2CBackward0")
fftshift_p = primitive(
    lambda x, dims: packed(np.fft.fftshift(x, dims)),
    "x | dims",
    lambda g, dims: ifftshift_p(g, dims),
    name="roll",
    traits=("linear",),
)
ifftshift_p: Operation = primitive(
    lambda x, dims: packed(np.fft.ifftshift(x, dims)),
    "x | dims",
    lambda g, dims: fftshift_p(g, dims),
    name="roll",
    traits=("linear",),
)

# --- arguments -----------------------------------------------------------------------------------


def _input(input: Any) -> Any:
    if input.dtype.itemsize == 2 and input.dtype.is_floating_point:
        raise RuntimeError(f"Unsupported dtype {input.dtype.type_name}")
    return input if input.dtype.category > 1 else to(input, get_default_dtype())


def _norm(norm: str | None) -> str:
    if norm not in (None, "backward", "forward", "ortho"):
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    return norm or "backward"


def _sizes(input: Any, s: Any, dim: Any, half: bool) -> tuple[Any, tuple[int, ...]]:
    """The sizes of the signal along the dimensions, and these; ``half``: one side's frequencies."""
    n = input.ndim
    s = None if s is None else [s] if isinstance(s, int) else list(s)
    if dim is None:
        if s is not None and len(s) > n:
            raise RuntimeError(
                f"Got shape with {len(s)} values but input tensor only has {n} dimensions."
            )
        dims = tuple(range(n - len(s), n)) if s is not None else tuple(range(n))
    else:
        given = (dim,) if isinstance(dim, int) else tuple(dim)
        if not n and given:
            raise IndexError(f"Dimension specified as {given[0]} but tensor has no dimensions")
        dims = tuple(one_dim(d, n) for d in given)
        if len(set(dims)) < len(dims):
            raise RuntimeError("FFT dims must be unique")
        if s is not None and len(s) != len(dims):
            raise RuntimeError("When given, dim and shape arguments must have the same length")
    if half and not dims:
        raise RuntimeError("an inverse real transform must have at least one dimension to work on")
    sizes = [input.shape[d] for d in dims]
    if half:
        sizes[-1] = 2 * (sizes[-1] - 1)
    if s is not None:
        sizes = [old if new == -1 else new for old, new in zip(sizes, s, strict=True)]
    for size in sizes:
        if size < 1:
            raise RuntimeError(f"Invalid number of data points ({size}) specified")
    return tuple(sizes), dims


def _real_result(name: str, input: Any, s: Any, dim: Any, norm: str | None) -> Tensor:
    x = _input(input)
    sizes, dims = _sizes(x, s, dim, True)
    return fft_irfftn_p(x, sizes, dims, _norm(norm))


def _complex_result(name: str, kind: str, input: Any, s: Any, dim: Any, norm: str | None) -> Tensor:
    x = _input(input)
    if kind == "rfftn" and x.dtype.is_complex:
        real = "real-valued" if name[-1] in "2n" else "real"
        raise RuntimeError(
            f"{name.replace('2', 'n')} expects a {real} input tensor, but got {x.dtype.type_name}"
        )
    sizes, dims = _sizes(x, s, dim, False)
    if not dims and kind != "rfftn" and not x.dtype.is_complex:
        return to(x, complex128 if x.dtype is float64 else complex64)
    transform = rfft_p if kind == "rfftn" else fft_p
    return transform(x, kind, sizes, dims, _norm(norm))


# --- real results --------------------------------------------------------------------------------


@numpy_names
@castable
def irfft(
    input: Tensor,
    n: int | None = None,
    dim: int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The real signal of ``n`` values (``2 (m - 1)`` by default) whose ``m`` one-sided frequencies
    are ``input``.

    Args:
        input: complex, or real for frequencies without imaginary part.
        n: the signal's size; the frequencies are cut or filled up with zeros accordingly.
        dim: the dimension to transform.
        norm: where the factor ``1/n`` goes: "backward" (here, the default), "forward" or "ortho".
    """
    return _real_result("irfft", input, n, dim, norm)


@numpy_names
@castable
def irfft2(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Sequence[int] = (-2, -1),
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The real signal in two dimensions whose one-sided frequencies are ``input``."""
    return _real_result("irfft2", input, s, dim, norm)


@numpy_names
@castable
def irfftn(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Sequence[int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The real signal in ``dim`` (all by default) whose one-sided frequencies are ``input``."""
    return _real_result("irfftn", input, s, dim, norm)


@numpy_names
def fftshift(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """The frequencies reordered, zero in the middle."""
    return fftshift_p(input, _shift_dims(input, dim))


@numpy_names
def ifftshift(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """The opposite of ``fftshift``."""
    return ifftshift_p(input, _shift_dims(input, dim))


def _shift_dims(input: Any, dim: Any) -> tuple[int, ...]:
    if dim is None:
        return tuple(range(input.ndim))
    return tuple(one_dim(d, input.ndim) for d in ((dim,) if isinstance(dim, int) else dim))


# --- complex results -------------------------------------------------------


@numpy_names
def fft(
    input: Tensor,
    n: int | None = None,
    dim: int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The discrete Fourier transform."""
    return _complex_result("fft", "fftn", input, n, dim, norm)


@numpy_names
def ifft(
    input: Tensor,
    n: int | None = None,
    dim: int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of ``fft``."""
    return _complex_result("ifft", "ifftn", input, n, dim, norm)


@numpy_names
def rfft(
    input: Tensor,
    n: int | None = None,
    dim: int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The one-sided frequencies of a real signal."""
    return _complex_result("rfft", "rfftn", input, n, dim, norm)


@numpy_names
def fft2(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Sequence[int] = (-2, -1),
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The discrete Fourier transform in two dimensions."""
    return _complex_result("fft2", "fftn", input, s, dim, norm)


@numpy_names
def ifft2(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Sequence[int] = (-2, -1),
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of ``fft2``."""
    return _complex_result("ifft2", "ifftn", input, s, dim, norm)


@numpy_names
def rfft2(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Sequence[int] = (-2, -1),
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The one-sided frequencies of a real signal in two dimensions."""
    return _complex_result("rfft2", "rfftn", input, s, dim, norm)


@numpy_names
def fftn(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Sequence[int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The discrete Fourier transform in ``dim`` (all by default)."""
    return _complex_result("fftn", "fftn", input, s, dim, norm)


@numpy_names
def ifftn(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Sequence[int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of ``fftn``."""
    return _complex_result("ifftn", "ifftn", input, s, dim, norm)


@numpy_names
def rfftn(
    input: Tensor,
    s: Sequence[int] | None = None,
    dim: Sequence[int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The one-sided frequencies of a real signal in ``dim`` (all by default)."""
    return _complex_result("rfftn", "rfftn", input, s, dim, norm)


def fftfreq(
    n: int, d: float = 1.0, *, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """``[0, 1, ..., -2, -1] / (d n)``, the frequencies of ``fft`` for values at distance ``d``."""
    if out is not None:
        return resized_into(made_into, out, fftfreq, n, d, dtype=dtype, requires_grad=requires_grad)
    return _frequencies(np.fft.fftfreq(n, d), dtype, device, requires_grad, layout)


def rfftfreq(
    n: int, d: float = 1.0, *, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """``[0, 1, ...] / (d n)``, the frequencies of ``rfft`` for values at distance ``d``."""
    if out is not None:
        return resized_into(
            made_into, out, rfftfreq, n, d, dtype=dtype, requires_grad=requires_grad
        )
    return _frequencies(np.fft.rfftfreq(n, d), dtype, device, requires_grad, layout)


def _frequencies(values: Any, dtype: Any, device: Any, requires_grad: bool, layout: Any) -> Tensor:
    kind = as_dtype(dtype) if dtype is not None else get_default_dtype()
    return made(values.astype(kind.numpy), requires_grad, device, layout)
