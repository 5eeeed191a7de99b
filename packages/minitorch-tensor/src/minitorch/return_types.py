"""Named results of operations with several outputs, printed as PyTorch prints them.

Each is a named tuple, made when it is first asked for: all of them would take a millisecond of the
time to import MiniTorch, and a program needs few.

Follows https://docs.pytorch.org/docs/stable/generated/torch.max.html
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

FIELDS = {
    "max": "values indices",
    "min": "values indices",
    "aminmax": "min max",
    "sort": "values indices",
    "topk": "values indices",
    "median": "values indices",
    "nanmedian": "values indices",
    "mode": "values indices",
    "kthvalue": "values indices",
    "cummax": "values indices",
    "cummin": "values indices",
    "frexp": "mantissa exponent",
    "histogram": "hist bin_edges",
    "histogramdd": "hist bin_edges",
    "slogdet": "sign logabsdet",
    "qr": "Q R",
    "svd": "U S V",
    "linalg_slogdet": "sign logabsdet",
    "linalg_inv_ex": "inverse info",
    "linalg_solve_ex": "result info",
    "linalg_cholesky_ex": "L info",
    "linalg_qr": "Q R",
    "linalg_svd": "U S Vh",
    "linalg_eigh": "eigenvalues eigenvectors",
    "linalg_eig": "eigenvalues eigenvectors",
    "linalg_lstsq": "solution residuals rank singular_values",
}


def __getattr__(name: str) -> Any:
    if name not in FIELDS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    make: Any = namedtuple  # the stub wants literals
    made = make(name, FIELDS[name], module=__name__)

    def show(self: Any) -> str:
        lines = (f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
        return f"torch.return_types.{name}(\n" + ",\n".join(lines) + ")"

    made.__repr__ = show
    return globals().setdefault(name, made)  # another thread's, if it was quicker


def __dir__() -> list[str]:
    return sorted({*globals(), *FIELDS})
