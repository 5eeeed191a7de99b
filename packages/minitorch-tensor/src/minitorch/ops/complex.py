"""Complex tensors from their parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import from_numpy_dtype
from ..autograd.primitive import primitive
from .arguments import check_tensors
from .complex_parts import imag, real
from .trigonometric import cos, sin

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["complex", "polar"]


def _complex(real: Any, imag: Any) -> Any:
    real = np.asarray(real)
    half = real.dtype == np.float16
    out = np.empty(
        np.broadcast_shapes(real.shape, np.shape(imag)),
        from_numpy_dtype(real.dtype).to_complex().numpy,
    )
    if half:  # whose parts NumPy does not know
        pairs = out.reshape(*out.shape, 1).view(np.float16)
        pairs[..., 0], pairs[..., 1] = real, imag
    else:
        out.real, out.imag = real, imag
    return out


complex_p = primitive(
    _complex, "real imag", lambda g: real(g), lambda g: -imag(g), name="complex",
    traits=("elementwise", "linear"),
)  # fmt: skip
polar_p = primitive(
    lambda r, angle: _complex(r * np.cos(angle), r * np.sin(angle)),
    "abs angle",
    lambda g, angle: real(g) * cos(angle) - imag(g) * sin(angle),  # Re(g dz / dr)
    lambda g, out: -imag(g * out),  # dz / d angle = i z
    name="polar",
)


def _checked(function: str, **parts: Any) -> None:
    check_tensors(function, **parts)
    first, second = parts.values()
    a, b = first.dtype, second.dtype
    floats = ("float16", "float32", "float64")
    if a.name not in floats or b.name not in floats:
        raise RuntimeError(
            f"Expected both inputs to be Half, Float or Double tensors but got {a.type_name} and "
            f"{b.type_name}"
        )
    if a is not b:
        raise RuntimeError(
            f"Expected object of scalar type {a.type_name} but got scalar type {b.type_name} for "
            "second argument"
        )


def complex(real: Tensor, imag: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``real + i imag``, of float32 or float64 parts."""
    _checked("complex", real=real, imag=imag)
    return complex_p(real, imag)


def polar(abs: Tensor, angle: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``abs cos(angle) + i abs sin(angle)``."""
    _checked("polar", abs=abs, angle=angle)
    return polar_p(abs, angle)
