"""The in-place forms as functions: ``minitorch.exp_(x)`` is ``x.exp_()``."""

from __future__ import annotations

from .tensor import Tensor

NAMES = (
    "abs acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh ceil clamp "
    "clamp_max clamp_min clip conj_physical cos cosh deg2rad detach erf erfc exp exp2 expm1 fill "
    "fix floor frac gcd i0 lcm ldexp log log10 log1p log2 logit nan_to_num neg negative rad2deg "
    "reciprocal relu round rsqrt sigmoid sin sinc sinh sqrt square tan tanh trunc xlogy zero"
)
__all__ = [name + "_" for name in NAMES.split()]


globals().update({name: getattr(Tensor, name) for name in __all__})
