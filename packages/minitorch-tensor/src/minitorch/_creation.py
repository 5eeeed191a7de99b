"""Tensors from data and from nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._dtype import as_dtype, from_numpy_dtype, get_default_dtype
from .autograd.variable import Variable, wrap

__all__ = ["tensor"]


def tensor_data(data: Any, dtype: Any, *, floats: bool = False) -> np.ndarray[Any, Any]:
    """A new array of ``data``.

    Without ``dtype``, Python floats become the default float dtype, and with ``floats`` Python
    integers and bools do too; arrays and tensors keep their dtype.
    """
    if isinstance(data, Variable):
        data = data._data
    own = isinstance(data, np.ndarray | np.generic)
    if not own and isinstance(data, list | tuple) and _holds_tensors(data):
        data = _plain(data)
    array = np.array(data)
    if dtype is not None:
        return array.astype(as_dtype(dtype).numpy, copy=False)
    if not own and (floats or array.dtype.kind == "f"):
        return array.astype(get_default_dtype().numpy)
    if not own and array.dtype.kind == "c":
        return array.astype(get_default_dtype().to_complex().numpy)
    return array.astype(from_numpy_dtype(array.dtype).numpy, copy=False)


def _holds_tensors(data: Any) -> bool:
    return any(
        isinstance(x, Variable) or (isinstance(x, list | tuple) and _holds_tensors(x)) for x in data
    )


def _plain(data: Any) -> Any:
    return [_plain(x) if isinstance(x, list | tuple) else getattr(x, "_data", x) for x in data]


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:  # fmt: skip
    """A tensor with a copy of ``data``; floats get the default dtype, integers int64.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.tensor.html
    """
    return wrap(tensor_data(data, dtype)).requires_grad_(requires_grad)
