"""Signs, moduli and angles, and the parts of complex numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import complex32, from_numpy_dtype, get_default_dtype
from ..autograd.inplace import check_writable
from ..autograd.out import castable, modulus
from ..autograd.primitive import operation, primitive
from .choice import where, zeros_like_p
from .conversion import ELEMENTWISE, cast, not_implemented
from .rounding import zero_gradient

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor
    from ..autograd.primitive import Operation

__all__ = ["abs", "absolute", "angle", "conj", "conj_physical", "imag", "is_conj", "is_neg"]
__all__ += ["real", "resolve_conj", "resolve_neg", "sgn", "sign", "view_as_complex"]
__all__ += ["view_as_real"]

# --- signs and moduli -------------------------------------------------------------------------
# The engine carries the g of the differential Re(g dz), with which the rules of analytic functions
# hold as they are; users see its conjugate (``engine.py``).


def _abs(x: Any) -> Any:
    if x.dtype.kind == "b":
        raise not_implemented("abs_cpu", x.dtype)
    return np.abs(x)


def _sgn(x: Any) -> Any:
    if x.dtype.kind in "fV":
        return (x > 0).astype(x.dtype) - (x < 0)  # and 0 for NaN
    if x.dtype.kind == "c":
        return np.where(x == 0, x, x / np.abs(x))[()]
    return x.copy() if x.dtype.kind == "b" else np.sign(x)


def _sgn_rule(g: Any, x: Any) -> Any:
    if not complex_valued(x):
        return zeros_like_p(g)
    unit, size = sgn(x), cast(abs(x), np.dtype(x.dtype))
    across = imag(g * unit)  # only the turn counts: d sgn(z) = i sgn(z) Im(dz / z)
    return where(x == 0, 0.0, cast(across, np.dtype(x.dtype)) * conj(unit) * 1j / size)


@operation(_sgn, "x", _sgn_rule, **ELEMENTWISE)
def sgn(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``x / |x|`` of each element, 0 at 0; of real numbers -1, 0 or 1 with the gradient 0.

    Any shape and dtype.

    Example:
        >>> import minitorch
        >>> minitorch.sgn(minitorch.tensor([-2.0, 0.0, 3.0]))
        tensor([-1.,  0.,  1.])
    """


def _sign(x: Any) -> Any:
    if x.dtype.kind == "c":
        raise NotImplementedError(
            "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use "
            "torch.sgn instead."
        )
    return _sgn(x)


@operation(_sign, "x", zero_gradient, **ELEMENTWISE)
def sign(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """-1, 0 or 1, as each element is below, at or above 0 (or NaN, 0 too); the gradient is 0.

    Any shape.

    Example:
        >>> import minitorch
        >>> minitorch.sign(minitorch.tensor([-2.0, 0.0, 3.0]))
        tensor([-1.,  0.,  1.])
    """


@modulus
@operation(_abs, "x", lambda g, x: g * conj(sgn(x)), **ELEMENTWISE)
def abs(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``|x|`` of each element; the derivative is the sign, 0 at 0.

    Any shape; of complex numbers the modulus, which is real.

    Raises:
        NotImplementedError: ``input`` is a bool tensor.

    Example:
        >>> import minitorch
        >>> minitorch.abs(minitorch.tensor([-2.0, 3.0]))
        tensor([2., 3.])
    """


absolute = abs


def writable_by_abs(input: Any) -> None:
    """Raises where ``abs_`` cannot write to ``input``: a modulus is no complex number."""
    check_writable(input)
    if complex_valued(input):
        raise RuntimeError("In-place abs is not supported for complex tensors.")


# --- parts -------------------------------------------------------------------------------------

conj_p: Operation = primitive(
    np.conjugate, "x", lambda g: conj_p(g), name="conj", traits=("elementwise", "linear")
)
real_p = primitive(
    lambda x: _pairs(x)[..., 0] if x.dtype.kind == "W" else x.real,
    "x",
    lambda g, x_dtype: cast(g, x_dtype), name="real", view=True,
    traits=("elementwise", "linear"),
)  # fmt: skip
imag_p = primitive(
    lambda x: _pairs(x)[..., 1] if x.dtype.kind == "W" else x.imag,
    "x",
    lambda g, x_dtype: cast(g, x_dtype) * -1j, name="imag", view=True,
    traits=("elementwise", "linear"),
)  # fmt: skip


def complex_valued(x: Any) -> bool:
    """Whether ``x``, an array or a Tensor, holds complex numbers."""
    return bool(np.dtype(x.dtype).kind in "cW")


def conj(input: Tensor) -> Tensor:
    """The complex conjugate; a real ``input`` itself."""
    return conj_p(input) if complex_valued(input) else input


def conj_physical(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex conjugate; a real ``input`` itself."""
    return conj(input)


def resolve_conj(input: Tensor) -> Tensor:
    """``input``: conjugates are computed at once here."""
    return input


resolve_neg = resolve_conj


def real(input: Tensor) -> Tensor:
    """The real part, a view; a real ``input`` itself."""
    return real_p(input) if complex_valued(input) else input


def imag(input: Tensor) -> Tensor:
    """The imaginary part, a view.

    Raises:
        RuntimeError: ``input`` is not complex.
    """
    if not complex_valued(input):
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return imag_p(input)


def is_conj(input: Tensor) -> bool:
    """False: conjugates are computed at once here."""
    return False


is_neg = is_conj


def _pairs(z: Any) -> Any:
    return z[..., None].view(from_numpy_dtype(z.dtype).to_real().numpy)


def _from_pairs(x: Any) -> Any:
    kind = complex32.numpy if x.dtype == np.float16 else np.result_type(x.dtype, np.complex64)
    return x.view(kind)[..., 0]


view_as_real_p: Operation = primitive(
    _pairs,
    "z",
    lambda g: conj(view_as_complex_p(g)),
    name="view_as_real",
    view=True,
    traits=("linear",),
)
view_as_complex_p: Operation = primitive(
    _from_pairs,
    "x",
    lambda g: view_as_real_p(conj(g)),
    name="view_as_complex",
    view=True,
    traits=("linear",),
)


def view_as_real(input: Tensor) -> Tensor:
    """A complex tensor as real and imaginary parts along a new last dimension, a view."""
    if not complex_valued(input):
        raise RuntimeError("view_as_real is only supported for complex tensors")
    return view_as_real_p(input)


def view_as_complex(input: Tensor) -> Tensor:
    """A tensor whose last dimension holds real and imaginary parts as complex numbers, a view.

    Raises:
        RuntimeError: the last dimension does not have size 2, or is not contiguous.
    """
    if input.dtype.name not in ("float16", "float32", "float64"):
        raise RuntimeError(
            "view_as_complex is only supported for half, float and double tensors, but got a "
            f"tensor of scalar type: {input.dtype.type_name}"
        )
    if not input.ndim:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if input.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    if input.stride()[-1] != 1:
        raise RuntimeError("Tensor must have a last dimension with stride 1")
    if any(step % 2 for step in input.stride()[:-1]):
        raise RuntimeError("Tensor must have a stride divisible by 2 for all but last dimension")
    if input._interpreter is None and input.storage_offset() % 2:
        raise RuntimeError("Tensor must have a storage_offset divisible by 2")
    return view_as_complex_p(input)


def _angle(x: Any) -> Any:
    if x.dtype.kind == "c":
        return np.angle(x)
    if x.dtype.kind not in "fV":
        x = x.astype(get_default_dtype().numpy)
    return np.where(x < 0, x.dtype.type(math.pi), np.where(x == x, 0, x))[()]


def _angle_rule(g: Any, x: Any) -> Any:
    if not complex_valued(x):
        return zeros_like_p(g)
    return where(x == 0, 0.0, g * -1j / x)


@castable
@operation(_angle, "x", _angle_rule, **ELEMENTWISE)
def angle(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The argument of each complex number, in (-pi, pi]; of a real one 0, or pi where it is
    negative, with the gradient 0.

    Any shape; integers become the default float dtype.

    Example:
        >>> import minitorch
        >>> minitorch.angle(minitorch.tensor([1j, -1.0]))
        tensor([1.5708, 3.1416])
    """


def set_real(input: Any, value: Any) -> None:
    """``x.real = value``: writes into the real part."""
    real(input).copy_(value)


def set_imag(input: Any, value: Any) -> None:
    """``x.imag = value``: writes into the imaginary part."""
    imag(input).copy_(value)
