"""Complex tensors from their parts. Complex values are computed; gradients of them are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import from_numpy_dtype
from ..autograd.grad_mode import is_grad_enabled
from ..autograd.primitive import primitive

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["complex", "polar"]


def _complex(real: Any, imag: Any) -> Any:
    real = np.asarray(real)
    out = np.empty(
        np.broadcast_shapes(real.shape, np.shape(imag)),
        from_numpy_dtype(real.dtype).to_complex().numpy,
    )
    out.real, out.imag = real, imag
    return out


complex_p = primitive(_complex, "real imag", None, None, name="complex")
polar_p = primitive(
    lambda r, angle: _complex(r * np.cos(angle), r * np.sin(angle)), "abs angle", None, None,
    name="polar",
)  # fmt: skip


def _checked(first: Any, second: Any, name: str) -> None:
    a, b = first.dtype, second.dtype
    if a.name not in ("float32", "float64") or b.name not in ("float32", "float64"):
        raise RuntimeError(
            f"Expected both inputs to be Float or Double tensors but got {a.type_name} and "
            f"{b.type_name}"
        )
    if a is not b:
        raise RuntimeError(
            f"Expected object of scalar type {a.type_name} but got scalar type {b.type_name} for "
            "second argument"
        )
    if is_grad_enabled() and (first.requires_grad or second.requires_grad):
        raise NotImplementedError(
            f"{name}(): gradients through complex tensors are not supported by MiniTorch; detach() "
            "the parts, or compute with the real and the imaginary part"
        )


def complex(real: Tensor, imag: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``real + i imag``, of float32 or float64 parts.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.complex.html
    """
    _checked(real, imag, "complex")
    return complex_p(real, imag)


def polar(abs: Tensor, angle: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``abs cos(angle) + i abs sin(angle)``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.polar.html
    """
    _checked(abs, angle, "polar")
    return polar_p(abs, angle)
