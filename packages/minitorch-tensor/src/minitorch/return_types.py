"""Named results of operations with several outputs, printed as PyTorch prints them.

Follows https://docs.pytorch.org/docs/stable/generated/torch.max.html
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any


def return_type(name: str, fields: str, module: str = __name__) -> Any:
    """A named tuple called ``name`` that shows one field a line."""
    make: Any = namedtuple  # the stub wants literals
    made = make(name, fields)

    def show(self: Any) -> str:
        lines = (f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
        return f"torch.return_types.{name}(\n" + ",\n".join(lines) + ")"

    made.__repr__ = show
    made.__module__ = module
    return made


max = return_type("max", "values indices")
min = return_type("min", "values indices")
aminmax = return_type("aminmax", "min max")
sort = return_type("sort", "values indices")
topk = return_type("topk", "values indices")
median = return_type("median", "values indices")
nanmedian = return_type("nanmedian", "values indices")
mode = return_type("mode", "values indices")
kthvalue = return_type("kthvalue", "values indices")
cummax = return_type("cummax", "values indices")
cummin = return_type("cummin", "values indices")
histogram = return_type("histogram", "hist bin_edges")
histogramdd = return_type("histogramdd", "hist bin_edges")
slogdet = return_type("slogdet", "sign logabsdet")
qr = return_type("qr", "Q R")
svd = return_type("svd", "U S V")
linalg_slogdet = return_type("linalg_slogdet", "sign logabsdet")
linalg_inv_ex = return_type("linalg_inv_ex", "inverse info")
linalg_solve_ex = return_type("linalg_solve_ex", "result info")
linalg_cholesky_ex = return_type("linalg_cholesky_ex", "L info")
linalg_qr = return_type("linalg_qr", "Q R")
linalg_svd = return_type("linalg_svd", "U S Vh")
linalg_eigh = return_type("linalg_eigh", "eigenvalues eigenvectors")
linalg_eig = return_type("linalg_eig", "eigenvalues eigenvectors")
linalg_lstsq = return_type("linalg_lstsq", "solution residuals rank singular_values")
