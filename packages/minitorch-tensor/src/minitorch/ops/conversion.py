"""Conversions between dtypes, and the promotion of operands to one dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._dtype import as_dtype, from_numpy_dtype, get_default_dtype, result_dtype
from ..autograd.primitive import primitive
from ..autograd.variable import Variable, wrap

__all__ = ["cast", "promote", "promote_to_float"]


def _cast(x: Any, dtype: Any) -> Any:
    return x.astype(dtype)


# x as NumPy dtype `dtype`; always a copy
cast = primitive(
    _cast, "x | dtype", lambda g, x_dtype: cast(g, x_dtype), name="to", label="ToCopyBackward0",
    traits=("elementwise", "linear"),
)  # fmt: skip


def as_operand(x: Any) -> Any:
    """``x`` as something an operation takes: a tensor or a Python number."""
    if isinstance(x, Variable):
        return x
    if isinstance(x, bool | int | float | complex):
        return x
    if isinstance(x, np.ndarray | np.generic):
        return wrap(np.asarray(x, from_numpy_dtype(x.dtype).numpy))
    raise TypeError(f"expected a Tensor or a number, but got {type(x).__name__}")


def to_dtype(x: Any, dtype: np.dtype[Any]) -> Any:
    """The operand ``x`` in ``dtype``; itself where it has that already."""
    if isinstance(x, Variable):
        if x._data.dtype == dtype:
            if x._data.dtype is not dtype:  # an equal dtype, but not the one object of its kind
                x._data = x._data.view(dtype)
            return x
        return cast(x, dtype)
    if dtype.kind == "f" and isinstance(x, int | float):
        return x  # NumPy keeps the tensor's dtype by itself
    return wrap(np.asarray(x).astype(dtype))


def promote(*operands: Any) -> tuple[Any, ...]:
    """The operands in their common dtype (PyTorch's ``result_type``)."""
    operands = tuple(map(as_operand, operands))
    arrays = [x._data if isinstance(x, Variable) else x for x in operands]
    dtype = result_dtype(*arrays).numpy
    return tuple(to_dtype(x, dtype) for x in operands)


def promote_to_float(*operands: Any) -> Any:
    """The same, and integers become the default float dtype; one operand comes back alone."""
    operands = tuple(map(as_operand, operands))
    arrays = [x._data if isinstance(x, Variable) else x for x in operands]
    dtype = result_dtype(*arrays)
    if dtype.category < 2:
        dtype = get_default_dtype()
    made = tuple(to_dtype(x, dtype.numpy) for x in operands)
    return made if len(made) > 1 else made[0]


def to(x: Any, dtype: Any) -> Any:
    """``x`` in ``dtype``; itself where it has that already."""
    return to_dtype(x, as_dtype(dtype).numpy)
