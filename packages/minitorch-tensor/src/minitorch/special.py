"""``minitorch.special``: special functions.

Follows https://docs.pytorch.org/docs/stable/special.html
"""

from .ops.arguments import take_tensors as _take_tensors
from .ops.bessel import i0, i0e, i1, i1e
from .ops.error_functions import erf, erfc, erfcx, erfinv, log_ndtr, ndtr, ndtri
from .ops.exponential import exp2, expm1, log1p, logit
from .ops.exponential import sigmoid as expit
from .ops.gamma_functions import digamma, polygamma, zeta
from .ops.gamma_functions import digamma as psi
from .ops.gamma_functions import igamma as gammainc
from .ops.gamma_functions import igammac as gammaincc
from .ops.gamma_functions import lgamma as gammaln
from .ops.gamma_functions import mvlgamma as multigammaln
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

_take_tensors(globals())
