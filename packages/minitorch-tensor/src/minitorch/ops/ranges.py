"""Numbers in a row: ``arange``, ``linspace``, ``logspace``."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import as_dtype, get_default_dtype, int64
from ..autograd.grad_mode import current
from ..autograd.variable import Variable, wrap
from ..kernels.multiply_add import multiply_add
from .conversion import fitted
from .creation import made, made_into, number, resized_into

if TYPE_CHECKING:
    from .._tensor import Tensor
    from .._types.device import device
    from .._types.dtype import dtype
    from .._types.layout import layout

__all__ = ["arange", "linspace", "logspace", "range"]


def arange(
    start: complex = 0, end: complex | None = None, step: complex = 1, *,
    dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, pin_memory: bool = False, requires_grad: bool = False,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """``start, start + step, ...`` up to, without, ``end``; int64 where all three are integers.

    Example:
        >>> import minitorch
        >>> minitorch.arange(1, 2.5, 0.5)
        tensor([1.0000, 1.5000, 2.0000])
    """
    if out is not None:
        return resized_into(
            row_into, out, arange, start, end, step, dtype=dtype, requires_grad=requires_grad
        )
    if end is None:
        start, end = 0, start
    first, last, by = number(start), number(end), number(step)
    integers = all(isinstance(x, int) for x in (first, last, by))
    kind = as_dtype(dtype) if dtype is not None else int64 if integers else get_default_dtype()
    if kind is int64 and by:
        first, last, by = int(first), int(last), int(by)
        if not by:
            raise ValueError("step must be nonzero, also after its conversion to int64")
    row = current.state.without_warnings(_multiples, first, by, _steps(first, last, by), kind)
    return made(row, requires_grad, device, layout, pin_memory)


def range(
    start: float, end: float, step: float = 1, *,
    dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, pin_memory: bool = False, requires_grad: bool = False,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """``start, start + step, ...`` up to ``end``, that included; PyTorch advises ``arange``."""
    if out is not None:
        return row_into(out, range, start, end, step, dtype=dtype, requires_grad=requires_grad)
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is "
        "inconsistent with Python's range builtin. Instead, use torch.arange, which produces "
        "values in [start, end).",
        stacklevel=2,
    )
    kind = as_dtype(dtype) if dtype is not None else get_default_dtype()
    count = _steps(start, end + step / 2, step)
    row = current.state.without_warnings(_multiples, start, step, count, kind)
    return made(row, requires_grad, device, layout, pin_memory)


def row_into(out: Tensor, factory: Any, *args: Any, **options: Any) -> Tensor:
    """``made_into``, but an ``out`` of as many elements keeps its shape."""
    if isinstance(out, Variable) and out.ndim != 1:
        empty: Any = wrap(np.empty(0, out._data.dtype))
        row = made_into(empty, factory, *args, **options)
        if row.numel() == out.numel():
            out.copy_(row.detach().reshape(out.shape))
            return out.requires_grad_(row.requires_grad)
    return made_into(out, factory, *args, **options)


def _steps(start: Any, end: Any, step: Any) -> int:
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not all(map(math.isfinite, (start, end))):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) * (1 if step > 0 else -1) < 0:
        raise RuntimeError(
            f"upper bound and lower bound inconsistent with step sign: {start}, {end}, step {step}"
        )
    if all(isinstance(x, int) for x in (start, end, step)):
        return int(-((start - end) // step))
    steps: float = (end - start) / step
    return math.ceil(steps)


def _multiples(start: Any, step: Any, count: int, kind: Any) -> Any:
    """``start + k step``, computed in float64 or int64."""
    k = np.arange(count, dtype=np.int64)
    if kind.category == 1:
        return (int(start) + k * int(step)).astype(kind.numpy)
    return multiply_add(k.astype(np.float64), float(step), float(start)).astype(kind.numpy)


def linspace(
    start: Tensor | complex, end: Tensor | complex, steps: int, *, dtype: dtype | None = None,
    layout: layout | None = None, device: device | str | int | None = None,
    pin_memory: bool = False, requires_grad: bool = False, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """``steps`` evenly spaced numbers from ``start`` to ``end``, both included."""
    if out is not None:
        return row_into(out, linspace, start, end, steps, dtype=dtype, requires_grad=requires_grad)
    start, end = _end(start, "linspace"), _end(end, "linspace")
    kind = _dtype_of("linspace", start, end, dtype)
    start, end = fitted(start, kind), fitted(end, kind)
    row = current.state.without_warnings(lambda: spaced(start, end, steps, kind).astype(kind.numpy))
    return made(row, requires_grad, device, layout, pin_memory)


def logspace(
    start: Tensor | complex, end: Tensor | complex, steps: int, base: float = 10.0, *,
    dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, pin_memory: bool = False, requires_grad: bool = False,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """``base`` to the powers ``linspace(start, end, steps)``."""
    if out is not None:
        return row_into(
            out, logspace, start, end, steps, base, dtype=dtype, requires_grad=requires_grad
        )
    start, end = _end(start, "logspace"), _end(end, "logspace")
    kind = _dtype_of("logspace", start, end, dtype)
    start, end = fitted(start, kind), fitted(end, kind)

    def powers() -> Any:
        return np.power(np.float64(base), spaced(start, end, steps, kind)).astype(kind.numpy)

    return made(current.state.without_warnings(powers), requires_grad, device, layout, pin_memory)


def _end(value: Any, name: str) -> Any:
    """A Python number of a number or a 0-dim tensor."""
    if getattr(value, "ndim", 0):
        raise RuntimeError(
            f"{name} only supports 0-dimensional start and end tensors, but got a tensor with "
            f"{value.ndim} dimension(s)."
        )
    return number(value)


def _dtype_of(name: str, start: Any, end: Any, dtype: Any) -> Any:
    real = not (isinstance(start, complex) or isinstance(end, complex))
    inferred = get_default_dtype() if real else get_default_dtype().to_complex()
    kind = inferred if dtype is None else as_dtype(dtype)
    if not (real or kind.is_complex):
        raise RuntimeError(
            f"torch.{name}(): inferred dtype {inferred.type_name} can't be safely cast to passed "
            f"dtype {kind.type_name}"
        )
    return kind


def spaced(start: Any, end: Any, steps: int, kind: Any) -> Any:
    """``start + k step`` in the first half, ``end - (steps - 1 - k) step`` in the second."""
    if isinstance(steps, bool) or not hasattr(steps, "__index__"):
        raise TypeError(f"argument 'steps' must be int, not {type(steps).__name__}")
    steps = int(steps.__index__())
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    if steps == 1:
        return np.asarray([start])
    if kind.category == 3 or (kind.itemsize == 2 and kind.category == 2):
        wide = kind.numpy.type
    else:
        wide = np.float32 if kind.name == "float32" else np.float64
    if kind.category == 1:
        start, end = int(start), int(end)
    first, last = wide(start), wide(end)
    step = (last - first) / wide(max(steps - 1, 1))
    half = steps // 2
    k = np.arange(steps, dtype=np.int64).astype(wide)
    if wide not in (np.float32, np.float64):
        return np.concatenate([first + step * k[:half], last - step * k[: steps - half][::-1]])
    back = multiply_add(k[: steps - half][::-1], -step, last)
    return np.concatenate([multiply_add(k[:half], step, first), back]) + 0  # no negative zeros
