"""Functions of one operand, element by element."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import return_types
from .._dtype import get_default_dtype
from ..autograd.node import NO_COMPLEX_GRADIENTS
from ..autograd.primitive import primitive
from ..kernels.elementwise import constant, exp_into, over_elements
from .choice import between, where, zeros_like
from .conversion import cast, not_implemented, promote_floats_only, promote_to_float

__all__ = ["abs", "absolute", "acos", "acosh", "angle", "arccos", "arccosh", "arcsin", "arcsinh"]
__all__ += ["arctan", "arctanh", "asin", "asinh", "atan", "atanh", "ceil", "conj", "conj_physical"]
__all__ += ["cos", "cosh", "deg2rad", "exp", "exp2", "expm1", "fix", "floor", "frac", "frexp"]
__all__ += ["is_conj", "is_neg", "view_as_complex", "view_as_real"]
__all__ += ["imag", "log", "log1p", "log2", "log10", "logit", "nan_to_num", "rad2deg", "real"]
__all__ += ["reciprocal", "relu", "resolve_conj", "resolve_neg", "round", "rsqrt", "sgn"]
__all__ += ["sigmoid", "sign", "sin", "sinc", "sinh", "sqrt", "square", "tan", "tanh", "trunc"]

FLOATS: Any = {"promote": promote_to_float, "floats": True, "traits": ("elementwise",)}
ELEMENTWISE: Any = {"traits": ("elementwise",)}

# --- exponentials and logarithms --------------------------------------------------------------

LOG2, LOG10 = math.log(2), math.log(10)

exp = primitive(np.exp, "x", lambda g, out: g * out, **FLOATS)
exp2 = primitive(np.exp2, "x", lambda g, out: g * out * LOG2, **FLOATS)
expm1 = primitive(np.expm1, "x", lambda g, out: g * (out + 1), **FLOATS)
log = primitive(np.log, "x", lambda g, x: g / x, **FLOATS)
log2 = primitive(np.log2, "x", lambda g, x: g / (x * LOG2), **FLOATS)
log10 = primitive(np.log10, "x", lambda g, x: g / (x * LOG10), **FLOATS)
log1p = primitive(np.log1p, "x", lambda g, x: g / (x + 1), **FLOATS)


FEW = 1 << 13  # elements for which fewer calls count more than quicker ones


def _sigmoid(x: Any) -> Any:
    if x.size < FEW or not x.flags.c_contiguous:
        one = constant(1, x.dtype)
        return one / (np.exp(-x) + one)
    out = np.empty_like(x)
    over_elements(_sigmoid_into, 5, x, out)
    return out


def _sigmoid_into(x: Any, out: Any) -> None:
    exp_into(x, out, -1.0)
    out += 1
    np.divide(1, out, out=out)


sigmoid = primitive(_sigmoid, "x", lambda g, out: g * (out * (1 - out)), name="sigmoid", **FLOATS)


def _logit(x: Any, eps: float | None) -> Any:
    if eps is not None:
        x = np.clip(x, eps, 1 - eps)
    return np.log(x / (1 - x))


def _logit_rule(g: Any, x: Any, eps: float | None) -> Any:
    slope = g / (x * (1 - x))
    if eps is None:
        return where((x >= 0) & (x <= 1), slope, math.nan)
    return where((x >= eps) & (x <= 1 - eps), slope, 0.0)


logit_of = primitive(_logit, "x | eps", _logit_rule, name="logit", **FLOATS)


def logit(input: Any, eps: float | None = None) -> Any:
    """``log(x / (1 - x))``, of ``x`` brought into [eps, 1 - eps] where ``eps`` is given.

    Follows https://docs.pytorch.org/docs/stable/special.html#torch.special.logit
    """
    return logit_of(input, eps)


# --- powers -----------------------------------------------------------------------------------

sqrt = primitive(np.sqrt, "x", lambda g, out: g / (2 * out), **FLOATS)
rsqrt = primitive(
    lambda x: 1 / np.sqrt(x), "x", lambda g, out: g * (-0.5 * (out * out * out)),
    name="rsqrt", **FLOATS,
)  # fmt: skip
reciprocal = primitive(
    lambda x: 1 / x, "x", lambda g, out: -g * (out * out), name="reciprocal", **FLOATS
)


def _square(x: Any) -> Any:
    return x * x if x.dtype.kind != "b" else x.astype(np.int64)


square = primitive(
    _square, "x", lambda g, x: g * (2 * x), name="square", label="PowBackward0", **ELEMENTWISE
)

# --- trigonometric and hyperbolic functions ---------------------------------------------------

sin = primitive(np.sin, "x", lambda g, x: g * cos(x), **FLOATS)
cos: Any = primitive(np.cos, "x", lambda g, x: g * -sin(x), **FLOATS)
tan = primitive(np.tan, "x", lambda g, out: g * (1 + out * out), **FLOATS)
asin = arcsin = primitive(np.arcsin, "x", lambda g, x: g / sqrt(1 - x * x), name="asin", **FLOATS)
acos = arccos = primitive(np.arccos, "x", lambda g, x: -g / sqrt(1 - x * x), name="acos", **FLOATS)
atan = arctan = primitive(np.arctan, "x", lambda g, x: g / (1 + x * x), name="atan", **FLOATS)
sinh = primitive(np.sinh, "x", lambda g, x: g * cosh(x), **FLOATS)
cosh: Any = primitive(np.cosh, "x", lambda g, x: g * sinh(x), **FLOATS)
tanh = primitive(np.tanh, "x", lambda g, out: g * (1 - out * out), **FLOATS)
asinh = arcsinh = primitive(
    np.arcsinh, "x", lambda g, x: g / sqrt(x * x + 1), name="asinh", **FLOATS
)
acosh = arccosh = primitive(
    np.arccosh, "x", lambda g, x: g / (sqrt(x - 1) * sqrt(x + 1)), name="acosh", **FLOATS
)
atanh = arctanh = primitive(np.arctanh, "x", lambda g, x: g / (1 - x * x), name="atanh", **FLOATS)


def _sinc_rule(g: Any, x: Any) -> Any:
    t = x * math.pi
    slope = (t * cos(t) - sin(t)) / (t * x)
    return where(x == 0, 0.0, g * slope)


sinc = primitive(lambda x: np.sinc(x).astype(x.dtype), "x", _sinc_rule, name="sinc", **FLOATS)
LINEAR: Any = {**FLOATS, "traits": ("elementwise", "linear")}
deg2rad = primitive(
    lambda x: x * (math.pi / 180), "x", lambda g: g * (math.pi / 180), name="deg2rad", **LINEAR
)
rad2deg = primitive(
    lambda x: x * (180 / math.pi), "x", lambda g: g * (180 / math.pi), name="rad2deg", **LINEAR
)

# --- rounding: step functions, whose gradient is zero -----------------------------------------


def _rounding(ufunc: Any) -> Any:
    def kernel(x: Any) -> Any:
        if x.dtype.kind == "f":
            return ufunc(x)
        if x.dtype.kind == "b":
            raise not_implemented(ufunc.__name__, x.dtype)
        return +x

    return kernel


def flat(g: Any) -> Any:
    """The rule of a step function."""
    return zeros_like(g)


ceil = primitive(_rounding(np.ceil), "x", flat, name="ceil", **ELEMENTWISE)
floor = primitive(_rounding(np.floor), "x", flat, name="floor", **ELEMENTWISE)
trunc = fix = primitive(_rounding(np.trunc), "x", flat, name="trunc", **ELEMENTWISE)
frac = primitive(
    lambda x: x - np.trunc(x), "x", lambda g: g,
    name="frac", promote=promote_floats_only("frac_cpu"), floats=True, **ELEMENTWISE,
)  # fmt: skip


def _round(x: Any, decimals: int) -> Any:
    if x.dtype.kind == "f":
        return np.round(x, decimals)
    if decimals or x.dtype.kind == "b":
        raise not_implemented("round_cpu", x.dtype)
    return +x


rounded = primitive(_round, "x | decimals", flat, name="round", **ELEMENTWISE)


def round(input: Any, *, decimals: int = 0) -> Any:
    """The nearest number with that many decimals, halves to even.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.round.html
    """
    return rounded(input, decimals)


# --- signs and parts --------------------------------------------------------------------------
# A complex gradient g stands for the differential Re(g dz), so the rules of analytic functions hold
# as they are. The step from real to complex numbers refuses it (``conversion.cast``).


def _abs(x: Any) -> Any:
    if x.dtype.kind == "b":
        raise not_implemented("abs_cpu", x.dtype)
    return np.abs(x)


def _sgn(x: Any) -> Any:
    if x.dtype.kind == "f":
        return (x > 0).astype(x.dtype) - (x < 0)  # and 0 for NaN
    if x.dtype.kind == "c":
        return np.where(x == 0, x, x / np.abs(x))[()]
    return x.copy() if x.dtype.kind == "b" else np.sign(x)


def _sgn_rule(g: Any, x: Any) -> Any:
    if np.dtype(x.dtype).kind != "c":
        return zeros_like(g)
    unit, size = sgn(x), cast(abs(x), np.dtype(x.dtype))
    across = imag(g * unit)  # only the turn counts: d sgn(z) = i sgn(z) Im(dz / z)
    return where(x == 0, 0.0, cast(across, np.dtype(x.dtype)) * conj(unit) * 1j / size)


sgn = primitive(_sgn, "x", _sgn_rule, name="sgn", **ELEMENTWISE)
sign = primitive(_sgn, "x", flat, name="sign", **ELEMENTWISE)
abs = absolute = primitive(_abs, "x", lambda g, x: g * conj(sgn(x)), name="abs", **ELEMENTWISE)


def _relu(x: Any) -> Any:
    if x.dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu")
    return np.maximum(x, constant(0, x.dtype)) if x.size < FEW else between(x, 0, None)


relu = primitive(_relu, "x", lambda g, out: where(out <= 0, 0, g), name="relu", **ELEMENTWISE)

conjugate: Any = primitive(
    np.conjugate, "x", lambda g: conjugate(g), name="conj", traits=("elementwise", "linear")
)
real_part = primitive(
    lambda x: x.real, "x", lambda g, x_dtype: cast(g, x_dtype), name="real", view=True,
    traits=("elementwise", "linear"),
)  # fmt: skip
imaginary_part = primitive(
    lambda x: x.imag, "x", lambda g, x_dtype: cast(g, x_dtype) * -1j, name="imag", view=True,
    traits=("elementwise", "linear"),
)  # fmt: skip


def _is_complex(x: Any) -> bool:
    return bool(np.dtype(x.dtype).kind == "c")


def conj(input: Any) -> Any:
    """The complex conjugate; a real ``input`` itself.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.conj.html
    """
    return conjugate(input) if _is_complex(input) else input


def conj_physical(input: Any) -> Any:
    """The complex conjugate; a real ``input`` itself."""
    return conj(input)


def resolve_conj(input: Any) -> Any:
    """``input``: conjugates are computed at once here."""
    return input


resolve_neg = resolve_conj


def real(input: Any) -> Any:
    """The real part, a view; a real ``input`` itself.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.real.html
    """
    return real_part(input) if _is_complex(input) else input


def imag(input: Any) -> Any:
    """The imaginary part, a view.

    Raises:
        RuntimeError: ``input`` is not complex.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.imag.html
    """
    if not _is_complex(input):
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return imaginary_part(input)


def is_conj(input: Any) -> bool:
    """False: conjugates are computed at once here."""
    return False


is_neg = is_conj


def _pairs(z: Any) -> Any:
    return z[..., None].view(z.real.dtype)


def _refuse(g: Any) -> Any:
    raise RuntimeError(NO_COMPLEX_GRADIENTS)


def _from_pairs(x: Any) -> Any:
    return x.view(np.result_type(x.dtype, np.complex64))[..., 0]


pairs: Any = primitive(
    _pairs, "z", lambda g: conj(from_pairs(g)), name="view_as_real", view=True, traits=("linear",)
)
from_pairs: Any = primitive(
    _from_pairs, "x", lambda g: _refuse(g), name="view_as_complex", view=True, traits=("linear",)
)  # fmt: skip


def view_as_real(input: Any) -> Any:
    """A complex tensor as real and imaginary parts along a new last dimension, a view.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.view_as_real.html
    """
    if not _is_complex(input):
        raise RuntimeError("view_as_real is only supported for complex tensors")
    return pairs(input)


def view_as_complex(input: Any) -> Any:
    """A tensor whose last dimension holds real and imaginary parts as complex numbers, a view.

    Raises:
        RuntimeError: the last dimension does not have size 2, or is not contiguous.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.view_as_complex.html
    """
    if input.dtype.name not in ("float32", "float64"):
        raise RuntimeError(
            "view_as_complex is only supported for float and double tensors, but got a tensor of "
            f"scalar type: {input.dtype.type_name}"
        )
    if not input.ndim or input.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    if input.stride()[-1] != 1:
        raise RuntimeError("Tensor must have a last dimension with stride 1")
    return from_pairs(input)


def _angle(x: Any) -> Any:
    if x.dtype.kind == "c":
        return np.angle(x)
    if x.dtype.kind != "f":
        x = x.astype(get_default_dtype().numpy)
    return np.where(x < 0, x.dtype.type(math.pi), np.where(x == x, 0, x))[()]


def _angle_rule(g: Any, x: Any) -> Any:
    if not _is_complex(x):
        return zeros_like(g)
    return where(x == 0, 0.0, g * -1j / x)


angle = primitive(_angle, "x", _angle_rule, name="angle", **ELEMENTWISE)

# --- floating-point parts ---------------------------------------------------------------------

finite = primitive(np.isfinite, "x", None, name="isfinite", **ELEMENTWISE)
nan_replaced = primitive(
    lambda x, nan, posinf, neginf: (
        np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf) if x.dtype.kind == "f" else +x
    ),
    "x | nan posinf neginf",
    lambda g, x: where(finite(x), g, 0),
    name="nan_to_num",
    **ELEMENTWISE,
)


def nan_to_num(
    input: Any, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """NaN and infinities replaced: by 0 and the dtype's extreme values where not told otherwise.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nan_to_num.html
    """
    return nan_replaced(input, 0.0 if nan is None else nan, posinf, neginf)


split_exponent = primitive(
    np.frexp,
    "x -> mantissa exponent",
    lambda g, exponent: g / exp2(cast(exponent, np.dtype(g.dtype))),
    name="frexp",
    **ELEMENTWISE,
)


def frexp(input: Any) -> Any:
    """``(mantissa, exponent)`` with ``input = mantissa * 2 ** exponent`` and 1/2 <= |mantissa| < 1.

    Raises:
        RuntimeError: ``input`` is not floating.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.frexp.html
    """
    if not input.dtype.is_floating_point:
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    return return_types.frexp(*split_exponent(input))
