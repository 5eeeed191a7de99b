"""Special functions, and functions of two operands made of exponentials and logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.primitive import primitive
from ..kernels import bessel, error_function, gamma
from .arithmetic import mul
from .choice import where, zeros_like
from .conversion import promote_floats_only, promote_to_float, takes_tensors
from .powers import power
from .shape import contiguous
from .unary import FLOATS, exp, log, sgn, sigmoid

__all__ = ["arctan2", "atan2", "copysign", "digamma", "erf", "erfc", "erfinv", "heaviside"]
__all__ += ["hypot", "i0", "igamma", "igammac", "ldexp", "lgamma", "logaddexp", "logaddexp2"]
__all__ += ["mvlgamma", "nextafter", "polygamma", "xlogy"]

TWO: Any = {"traits": ("elementwise",), "promote": promote_to_float, "floats": True}


def floats_only(name: str) -> Any:
    return {"traits": ("elementwise",), "promote": promote_floats_only(name), "floats": True}


def _not_differentiable(name: str) -> Any:
    def rule(g: Any) -> Any:
        raise NotImplementedError(f"the derivative for '{name}' is not implemented")

    return rule


# --- the error function and the normal distribution -------------------------------------------

SQRT_PI, SQRT_2, SQRT_2PI = math.sqrt(math.pi), math.sqrt(2), math.sqrt(2 * math.pi)
LOG_2 = math.log(2)

erf = primitive(
    error_function.erf, "x", lambda g, x: g * (2 / SQRT_PI * exp(-x * x)), name="erf", **FLOATS
)
erfc = primitive(
    error_function.erfc, "x", lambda g, x: g * (-2 / SQRT_PI * exp(-x * x)), name="erfc", **FLOATS
)
erfinv = primitive(
    error_function.erfinv, "x", lambda g, out: g * (SQRT_PI / 2 * exp(out * out)),
    name="erfinv", **FLOATS,
)  # fmt: skip
erfcx = primitive(
    error_function.erfcx, "x", lambda g, x, out: g * (2 * x * out - 2 / SQRT_PI),
    name="special_erfcx", **FLOATS,
)  # fmt: skip
ndtr = primitive(
    error_function.ndtr, "x", lambda g, x: g * (exp(-0.5 * x * x) / SQRT_2PI),
    name="special_ndtr", **FLOATS,
)  # fmt: skip
log_ndtr = primitive(
    error_function.log_ndtr, "x",
    lambda g, x: g / erfcx(x * (-1 / SQRT_2)) * math.sqrt(2 / math.pi),
    name="special_log_ndtr", **FLOATS,
)  # fmt: skip
ndtri = primitive(
    error_function.ndtri, "x", lambda g, out: g * (SQRT_2PI * exp(0.5 * out * out)),
    name="special_ndtri", **FLOATS,
)  # fmt: skip

# --- the gamma function's family --------------------------------------------------------------

lgamma = primitive(gamma.lgamma, "x", lambda g, x: g * digamma(x), name="lgamma", **FLOATS)
digamma: Any = primitive(
    gamma.digamma, "x", lambda g, x: g * polygamma(1, x), name="digamma", **FLOATS
)
polygamma_of: Any = primitive(
    gamma.polygamma, "x | n", lambda g, x, n: g * polygamma_of(x, n + 1), name="polygamma",
    **FLOATS,
)  # fmt: skip
zeta: Any = takes_tensors(primitive(
    gamma.zeta, "x q", _not_differentiable("zeta: self"),
    lambda g, x, q: g * -x * zeta(x + 1, q), name="special_zeta", **TWO,
), numbers="either")  # fmt: skip


def polygamma(n: int, input: Any) -> Any:
    """The derivative of order ``n`` of ``digamma``.

    Raises:
        RuntimeError: ``n`` is negative.

    Follows https://docs.pytorch.org/docs/stable/special.html#torch.special.polygamma
    """
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return polygamma_of(input, n)


def polygamma_method(self: Any, n: int) -> Any:
    """``polygamma`` with the order last."""
    return polygamma(n, self)


def mvlgamma(input: Any, p: int) -> Any:
    """The logarithm of the multivariate gamma function with dimension ``p``.

    Follows https://docs.pytorch.org/docs/stable/special.html#torch.special.multigammaln
    """
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    constant = p * (p - 1) / 4 * math.log(math.pi)
    return contiguous(sum((lgamma(input - j / 2) for j in range(p)), constant))


def _scipy(name: str) -> Any:
    """A kernel that SciPy has; imported when it is first wanted."""

    def kernel(a: Any, x: Any) -> Any:
        try:
            from scipy import special  # type: ignore[import-untyped]  # SciPy has no types
        except ImportError:
            raise ImportError(
                f"{name} needs SciPy: install it, or minitorch-tensor with the extra "
                "minitorch-tensor[scipy]"
            ) from None
        made = getattr(special, name)(a, x)
        return made.astype(np.result_type(a, x))

    return kernel


def _gamma_density(a: Any, x: Any) -> Any:
    """x^(a - 1) exp(-x) / Gamma(a)."""
    return exp((a - 1) * log(x) - x - lgamma(a))


igamma = takes_tensors(primitive(
    _scipy("gammainc"), "a x", _not_differentiable("igamma: input"),
    lambda g, a, x: g * _gamma_density(a, x), name="igamma", **floats_only("igamma_cpu"),
))  # fmt: skip
igammac = takes_tensors(primitive(
    _scipy("gammaincc"), "a x", _not_differentiable("igammac: input"),
    lambda g, a, x: -g * _gamma_density(a, x), name="igammac", **floats_only("igammac_cpu"),
))  # fmt: skip

# --- modified Bessel functions ----------------------------------------------------------------


def _ratio_at_zero(value: Any, x: Any) -> Any:
    """``value / x``, and its limit 1/2 at 0."""
    zero = x == 0
    return where(zero, 0.5, value / where(zero, 1.0, x))


i0 = primitive(bessel.i0, "x", lambda g, x: g * i1(x), name="i0", **FLOATS)
i1: Any = primitive(
    bessel.i1, "x", lambda g, x, out: g * (i0(x) - _ratio_at_zero(out, x)),
    name="special_i1", **FLOATS,
)  # fmt: skip
i0e = primitive(
    bessel.i0e, "x", lambda g, x, out: g * (i1e(x) - sgn(x) * out), name="special_i0e", **FLOATS
)
i1e: Any = primitive(
    bessel.i1e, "x", lambda g, x, out: g * (i0e(x) - sgn(x) * out - _ratio_at_zero(out, x)),
    name="special_i1e", **FLOATS,
)  # fmt: skip

# --- x log y and its kin ----------------------------------------------------------------------


def _x_log(log: Any) -> Any:
    """The kernel of x log(y), which is 0 where x is 0 unless y is NaN."""

    def kernel(x: Any, y: Any) -> Any:
        out = np.where((x == 0) & (y == y), 0, x * log(y))
        return out.astype(np.result_type(x, y), copy=False)[()]

    return kernel


xlogy: Any = takes_tensors(primitive(
    _x_log(np.log), "x y",
    lambda g, x, y: where((x == 0) & (y <= 0), 0.0, xlogy(g, y)),
    lambda g, x, y: g * x / y, name="xlogy", **TWO,
), numbers="either")  # fmt: skip
xlog1py: Any = takes_tensors(primitive(
    _x_log(np.log1p), "x y",
    lambda g, x, y: where((x == 0) & (y <= -1), 0.0, xlog1py(g, y)),
    lambda g, x, y: g * x / (y + 1), name="special_xlog1py", **TWO,
), numbers="either")  # fmt: skip


def _entr(x: Any) -> Any:
    return np.where(x > 0, -x * np.log(x), np.where(x == 0, 0, np.where(x < 0, -np.inf, x)))[
        ()
    ].astype(x.dtype)


entr = primitive(_entr, "x", lambda g, x: g * (-log(x) - 1), name="special_entr", **FLOATS)
logaddexp = takes_tensors(primitive(
    np.logaddexp, "a b",
    lambda g, a, b: g * sigmoid(a - b), lambda g, a, b: g * sigmoid(b - a),
    **floats_only("logaddexp_cpu"),
))  # fmt: skip
logaddexp2 = takes_tensors(primitive(
    np.logaddexp2, "a b",
    lambda g, a, b: g * sigmoid((a - b) * LOG_2), lambda g, a, b: g * sigmoid((b - a) * LOG_2),
    **floats_only("logaddexp2_cpu"),
))  # fmt: skip

# --- two floating-point operands --------------------------------------------------------------

hypot = takes_tensors(primitive(
    np.hypot, "a b", lambda g, a, out: g * (a / out), lambda g, b, out: g * (b / out),
    **floats_only("hypot_cpu"),
))  # fmt: skip
atan2 = arctan2 = takes_tensors(primitive(
    np.arctan2, "y x",
    lambda g, y, x: g * x / (x * x + y * y), lambda g, y, x: -g * y / (x * x + y * y),
    name="atan2", **TWO,
))  # fmt: skip


def _copysign_rule(g: Any, a: Any, out: Any) -> Any:
    return g * where(a == 0, 0.0, out / a)


copysign = takes_tensors(
    primitive(np.copysign, "a b", _copysign_rule, lambda g: zeros_like(g), name="copysign", **TWO),
    numbers="other",
)
nextafter = takes_tensors(primitive(
    np.nextafter, "a b", lambda g, a, b: where(a == b, 0, g), lambda g: zeros_like(g),
    **floats_only("nextafter_cpu"),
))  # fmt: skip


def _heaviside(x: Any, values: Any) -> Any:
    return np.where(x == 0, values, x > 0).astype(x.dtype)[()]


step = primitive(
    _heaviside, "x values", _not_differentiable("heaviside"), _not_differentiable("heaviside"),
    name="heaviside", traits=("elementwise",),
)  # fmt: skip


@takes_tensors
def heaviside(input: Any, values: Any) -> Any:
    """0 below zero, ``values`` at zero and 1 above.

    Raises:
        RuntimeError: the dtypes differ.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.heaviside.html
    """
    if input.dtype != values.dtype:
        raise RuntimeError(
            f"heaviside is not yet implemented for tensors with different dtypes: {input.dtype} "
            f"and {values.dtype}"
        )
    return step(input, values)


def _ldexp(input: Any, other: Any) -> Any:
    return mul(input, power(2.0, other))


_ldexp.__name__ = "ldexp"
ldexp = takes_tensors(_ldexp)  # input 2^other
