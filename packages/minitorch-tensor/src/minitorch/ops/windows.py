"""Windows for signals: smooth weights that fade a stretch of a signal out at its ends.

Two families in PyTorch: ``signal.windows.hann(M, sym=True)``, of which the public module is
``minitorch.signal.windows``, and the older ``hann_window(window_length, periodic=True)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import as_dtype, float32, float64, get_default_dtype
from .._types.layout import strided
from ..autograd.grad_mode import current
from .creation import made

if TYPE_CHECKING:
    from .._tensor import Tensor
    from .._types.device import device
    from .._types.dtype import dtype
    from .._types.layout import layout

__all__ = ["bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"]

BLACKMAN = (0.42, 0.5, 0.08)
NUTTALL = (0.3635819, 0.4891775, 0.1365995, 0.0106411)


def _cosines(a: Any) -> Callable[[Any, int], Any]:
    """``sum_k (-1)^k a_k cos(2 pi k n / N)``."""
    return lambda n, N: sum(
        (-1) ** k * c * np.cos(2 * math.pi * k / N * n) for k, c in enumerate(a)
    )


def _triangle(n: Any, N: int) -> Any:
    return 1 - np.abs(2 * n / N - 1)


def _kaiser(beta: float) -> Callable[[Any, int], Any]:
    return lambda n, N: np.i0(beta * np.sqrt(np.maximum(1 - (2 * n / N - 1) ** 2, 0))) / np.i0(beta)


def _window(
    formula: Callable[[Any, int], Any], M: int, symmetric: bool, kind: Any, device: Any,
    requires_grad: bool, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """``formula(n, N)`` for ``n = 0 ... M - 1``; ``N = M`` for one period of a periodic window."""
    n, N = np.arange(M, dtype=np.float64), M - 1 if symmetric else M
    values = current.state.without_warnings(formula, n, N) if M > 1 else np.ones(M)
    values = current.state.without_warnings(values.astype, kind.numpy)
    return made(values, requires_grad, device, None, pin_memory)


def _checked(name: str, M: int, dtype: Any, layout: Any) -> Any:
    """The dtype; raises for what PyTorch refuses."""
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if layout is not None and layout is not strided:
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    kind = get_default_dtype() if dtype is None else as_dtype(dtype)
    if kind not in (float32, float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {kind}")
    return kind


# --- signal.windows ------------------------------------------------------------------------------


def general_cosine(
    M: int, *, a: Any, sym: bool = True, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A sum of cosines with the weights ``a``."""
    kind = _checked("general_cosine", M, dtype, layout)
    if not isinstance(a, list | tuple):
        raise TypeError("Coefficients must be a list/tuple")
    if not a:
        raise ValueError("Coefficients cannot be empty")
    return _window(_cosines(a), M, sym, kind, device, requires_grad)


def general_hamming(
    M: int, *, alpha: float = 0.54, sym: bool = True, dtype: dtype | None = None,
    layout: layout | None = None, device: device | str | int | None = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``alpha - (1 - alpha) cos(2 pi n / N)``."""
    kind = _checked("general_hamming", M, dtype, layout)
    return _window(_cosines((alpha, 1 - alpha)), M, sym, kind, device, requires_grad)


def hamming(
    M: int, *, sym: bool = True, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``0.54 - 0.46 cos(2 pi n / N)``."""
    kind = _checked("hamming", M, dtype, layout)
    return _window(_cosines((0.54, 0.46)), M, sym, kind, device, requires_grad)


def hann(
    M: int, *, sym: bool = True, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``(1 - cos(2 pi n / N)) / 2``.

    Example:
        >>> import minitorch
        >>> minitorch.signal.windows.hann(5)
        tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    kind = _checked("hann", M, dtype, layout)
    return _window(_cosines((0.5, 0.5)), M, sym, kind, device, requires_grad)


def blackman(
    M: int, *, sym: bool = True, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``0.42 - 0.5 cos(2 pi n / N) + 0.08 cos(4 pi n / N)``."""
    kind = _checked("blackman", M, dtype, layout)
    return _window(_cosines(BLACKMAN), M, sym, kind, device, requires_grad)


def nuttall(
    M: int, *, sym: bool = True, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Four cosines with small side lobes (Nuttall 1981)."""
    kind = _checked("nuttall", M, dtype, layout)
    return _window(_cosines(NUTTALL), M, sym, kind, device, requires_grad)


def bartlett(
    M: int, *, sym: bool = True, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A triangle, ``1 - |2 n / N - 1|``."""
    kind = _checked("bartlett", M, dtype, layout)
    return _window(_triangle, M, sym, kind, device, requires_grad)


def cosine(
    M: int, *, sym: bool = True, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Half a period of the sine, ``sin(pi (n + 1/2) / (N + 1))``."""
    kind = _checked("cosine", M, dtype, layout)
    return _window(
        lambda n, N: np.sin(math.pi * (n + 0.5) / (N + 1)), M, sym, kind, device, requires_grad
    )


def exponential(
    M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True,
    dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``exp(-|n - center| / tau)``; ``center`` is ``N / 2`` by default, and always if symmetric."""
    kind = _checked("exponential", M, dtype, layout)
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    return _window(
        lambda n, N: np.exp(-np.abs(n - (N / 2 if center is None else center)) / tau),
        M, sym, kind, device, requires_grad,
    )  # fmt: skip


def gaussian(
    M: int, *, std: float = 1.0, sym: bool = True, dtype: dtype | None = None,
    layout: layout | None = None, device: device | str | int | None = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``exp(-((n - N / 2) / std)^2 / 2)``."""
    kind = _checked("gaussian", M, dtype, layout)
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    return _window(
        lambda n, N: np.exp(-0.5 * ((n - N / 2) / std) ** 2), M, sym, kind, device, requires_grad
    )


def kaiser(
    M: int, *, beta: float = 12.0, sym: bool = True, dtype: dtype | None = None,
    layout: layout | None = None, device: device | str | int | None = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``i0(beta sqrt(1 - (2 n / N - 1)^2)) / i0(beta)``."""
    kind = _checked("kaiser", M, dtype, layout)
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    return _window(_kaiser(beta), M, sym, kind, device, requires_grad)


# --- the older functions -------------------------------------------------------------------------


def _older(
    name: str, formula: Callable[[Any, int], Any], M: int, periodic: bool, dtype: Any, layout: Any,
    device: Any, requires_grad: bool, pin_memory: bool,
) -> Tensor:  # fmt: skip
    if M < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got window_length={M}")
    if layout is not None and layout is not strided:
        raise RuntimeError(f"{name} is not implemented for sparse types, got: {layout}")
    kind = get_default_dtype() if dtype is None else as_dtype(dtype)
    if not kind.is_floating_point:
        raise RuntimeError(f"{name} expects floating point dtypes, got: {kind}")
    return _window(formula, M, not periodic, kind, device, requires_grad, pin_memory)


def hann_window(
    window_length: int, periodic: bool = True, *, dtype: dtype | None = None,
    layout: layout | None = None, device: device | str | int | None = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``(1 - cos(2 pi n / N)) / 2``, ``N`` the length, or that less one if not periodic."""
    formula = _cosines((0.5, 0.5))
    return _older(
        "hann_window",
        formula,
        window_length,
        periodic,
        dtype,
        layout,
        device,
        requires_grad,
        pin_memory,
    )


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *,
    dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``alpha - beta cos(2 pi n / N)``."""
    formula = _cosines((alpha, beta))
    return _older(
        "hamming_window",
        formula,
        window_length,
        periodic,
        dtype,
        layout,
        device,
        requires_grad,
        pin_memory,
    )


def blackman_window(
    window_length: int, periodic: bool = True, *, dtype: dtype | None = None,
    layout: layout | None = None, device: device | str | int | None = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``0.42 - 0.5 cos(2 pi n / N) + 0.08 cos(4 pi n / N)``."""
    formula = _cosines(BLACKMAN)
    return _older(
        "blackman_window",
        formula,
        window_length,
        periodic,
        dtype,
        layout,
        device,
        requires_grad,
        pin_memory,
    )


def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype: dtype | None = None,
    layout: layout | None = None, device: device | str | int | None = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A triangle, ``1 - |2 n / N - 1|``."""
    name = "bartlett_window"
    return _older(
        name, _triangle, window_length, periodic, dtype, layout, device, requires_grad, pin_memory
    )


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: dtype | None = None,
    layout: layout | None = None, device: device | str | int | None = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``i0(beta sqrt(1 - (2 n / N - 1)^2)) / i0(beta)``."""
    formula = _kaiser(beta)
    return _older(
        "kaiser_window",
        formula,
        window_length,
        periodic,
        dtype,
        layout,
        device,
        requires_grad,
        pin_memory,
    )
