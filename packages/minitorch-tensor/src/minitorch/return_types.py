"""Named results of operations with several outputs, printed as PyTorch prints them.

Each is a named tuple, made when it is first asked for: all of them would take a millisecond of the
time to import MiniTorch, and a program needs few.

Follows https://docs.pytorch.org/docs/stable/generated/torch.max.html
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any, NamedTuple

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
    "linalg_lu": "P L U",
    "linalg_lu_factor": "LU pivots",
    "linalg_lu_factor_ex": "LU pivots info",
    "lu_unpack": "P L U",
    "linalg_ldl_factor": "LD pivots",
    "linalg_ldl_factor_ex": "LD pivots info",
    "geqrf": "a tau",
    "triangular_solve": "solution cloned_coefficient",
    "linalg_lstsq": "solution residuals rank singular_values",
}

if TYPE_CHECKING:
    from ._tensor import Tensor

    class _ValuesIndices(NamedTuple):
        values: Tensor
        indices: Tensor

    class _SignLogabsdet(NamedTuple):
        sign: Tensor
        logabsdet: Tensor

    class _QR(NamedTuple):
        Q: Tensor
        R: Tensor

    class _EigenvaluesEigenvectors(NamedTuple):
        eigenvalues: Tensor
        eigenvectors: Tensor

    class max(_ValuesIndices): ...

    class min(_ValuesIndices): ...

    class sort(_ValuesIndices): ...

    class topk(_ValuesIndices): ...

    class median(_ValuesIndices): ...

    class nanmedian(_ValuesIndices): ...

    class mode(_ValuesIndices): ...

    class kthvalue(_ValuesIndices): ...

    class cummax(_ValuesIndices): ...

    class cummin(_ValuesIndices): ...

    class aminmax(NamedTuple):
        min: Tensor
        max: Tensor

    class frexp(NamedTuple):
        mantissa: Tensor
        exponent: Tensor

    class histogram(NamedTuple):
        hist: Tensor
        bin_edges: Tensor

    class histogramdd(NamedTuple):
        hist: Tensor
        bin_edges: tuple[Tensor, ...]

    class slogdet(_SignLogabsdet): ...

    class linalg_slogdet(_SignLogabsdet): ...

    class qr(_QR): ...

    class linalg_qr(_QR): ...

    class svd(NamedTuple):
        U: Tensor
        S: Tensor
        V: Tensor

    class linalg_inv_ex(NamedTuple):
        inverse: Tensor
        info: Tensor

    class linalg_solve_ex(NamedTuple):
        result: Tensor
        info: Tensor

    class linalg_cholesky_ex(NamedTuple):
        L: Tensor
        info: Tensor

    class linalg_svd(NamedTuple):
        U: Tensor
        S: Tensor
        Vh: Tensor

    class linalg_eigh(_EigenvaluesEigenvectors): ...

    class linalg_eig(_EigenvaluesEigenvectors): ...

    class _PLU(NamedTuple):
        P: Tensor
        L: Tensor
        U: Tensor

    class linalg_lu(_PLU): ...

    class lu_unpack(_PLU): ...

    class linalg_lu_factor(NamedTuple):
        LU: Tensor
        pivots: Tensor

    class linalg_lu_factor_ex(NamedTuple):
        LU: Tensor
        pivots: Tensor
        info: Tensor

    class linalg_ldl_factor(NamedTuple):
        LD: Tensor
        pivots: Tensor

    class linalg_ldl_factor_ex(NamedTuple):
        LD: Tensor
        pivots: Tensor
        info: Tensor

    class geqrf(NamedTuple):
        a: Tensor
        tau: Tensor

    class triangular_solve(NamedTuple):
        solution: Tensor
        cloned_coefficient: Tensor

    class linalg_lstsq(NamedTuple):
        solution: Tensor
        residuals: Tensor
        rank: Tensor
        singular_values: Tensor


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in FIELDS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        made = namedtuple(name, FIELDS[name], module=__name__)

        def show(self: Any) -> str:
            lines = (f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
            return f"torch.return_types.{name}(\n" + ",\n".join(lines) + ")"

        made.__repr__ = show
        return globals().setdefault(name, made)  # another thread's, if it was quicker


def __dir__() -> list[str]:
    return sorted({*globals(), *FIELDS})
