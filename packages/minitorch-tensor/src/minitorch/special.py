"""``minitorch.special``: special functions.

Follows https://docs.pytorch.org/docs/stable/special.html
"""

from .ops.arguments import take_tensors as _take_tensors
from .ops.bessel import i0, i0e, i1, i1e
from .ops.bessel_values import (
    airy_ai,
    bessel_j0,
    bessel_j1,
    bessel_y0,
    bessel_y1,
    modified_bessel_i0,
    modified_bessel_i1,
    modified_bessel_k0,
    modified_bessel_k1,
    scaled_modified_bessel_k0,
    scaled_modified_bessel_k1,
    spherical_bessel_j0,
)
from .ops.error_functions import erf, erfc, erfcx, erfinv, log_ndtr, ndtr, ndtri
from .ops.exponential import exp2, expm1, log1p, logit
from .ops.exponential import sigmoid as expit
from .ops.gamma_functions import digamma, polygamma, zeta
from .ops.gamma_functions import digamma as psi
from .ops.gamma_functions import igamma as gammainc
from .ops.gamma_functions import igammac as gammaincc
from .ops.gamma_functions import lgamma as gammaln
from .ops.gamma_functions import mvlgamma as multigammaln
from .ops.polynomials import (
    chebyshev_polynomial_t,
    chebyshev_polynomial_u,
    chebyshev_polynomial_v,
    chebyshev_polynomial_w,
    hermite_polynomial_h,
    hermite_polynomial_he,
    laguerre_polynomial_l,
    legendre_polynomial_p,
    shifted_chebyshev_polynomial_t,
    shifted_chebyshev_polynomial_u,
    shifted_chebyshev_polynomial_v,
    shifted_chebyshev_polynomial_w,
)
from .ops.rounding import round
from .ops.softmax import log_softmax, logsumexp, softmax
from .ops.special import entr, xlog1py, xlogy
from .ops.trigonometric import sinc

__all__ = ["digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "exp2", "expit", "expm1"]
__all__ += [
    "gammainc",
    "gammaincc",
    "gammaln",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "log1p",
    "log_ndtr",
    "log_softmax",
]
__all__ += [
    "logit",
    "logsumexp",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "sinc",
    "softmax",
]
__all__ += ["xlog1py", "xlogy", "zeta"]
__all__ += [
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
__all__ += [
    "chebyshev_polynomial_t",
    "chebyshev_polynomial_u",
    "chebyshev_polynomial_v",
    "chebyshev_polynomial_w",
    "hermite_polynomial_h",
    "hermite_polynomial_he",
    "laguerre_polynomial_l",
    "legendre_polynomial_p",
    "shifted_chebyshev_polynomial_t",
    "shifted_chebyshev_polynomial_u",
    "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w",
]

_take_tensors(globals(), "special_")
