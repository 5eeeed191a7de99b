"""PyTorch's older constructors: of sizes, or of data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._types.device import CPU
from .._types.dtype import get_default_dtype
from ..autograd.variable import Variable, wrap
from ..kernels.memory import StorageBase
from .creation import empty
from .from_data import shape_in, tensor

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

__all__ = ["constructed", "new"]


def constructed(data: tuple[Any, ...], size: Any, dtype: Any) -> Any:
    """PyTorch's constructors: uninitialised memory of a shape, or a sequence of data.

    ``dtype`` None is the default float dtype. A tensor shares its memory, and without ``dtype``
    keeps its own.

    Raises:
        TypeError: the data are no sequence, or a tensor of another dtype.
    """
    shape = shape_in(data, size)
    if shape is not None:
        return empty(shape, dtype=dtype, device=CPU)
    given = data[0]
    if isinstance(given, StorageBase):
        if dtype is not None and given._dtype not in (None, dtype):
            raise RuntimeError(
                f"Expected a Storage of type {dtype.type_name} or an UntypedStorage, but got type "
                f"{given._dtype.type_name} for argument 1 'storage'"
            )
        return wrap(given._elements(given._dtype or dtype or get_default_dtype()))
    if isinstance(given, Variable):
        if dtype is not None and given.dtype is not dtype:
            raise TypeError(
                f"expected a tensor of dtype {dtype} but got {given.dtype}: convert it with .to()"
            )
        return given
    if not hasattr(given, "__len__") or isinstance(given, dict | set):
        raise TypeError(f"new(): data must be a sequence (got {type(given).__name__})")
    return tensor(given, dtype=dtype or get_default_dtype(), device=CPU)


def new(input: Tensor, *data: Any, size: Any = None, device: Any = None) -> Tensor:
    """A tensor of this one's dtype: uninitialised of given sizes, or of a sequence of data.

    Raises:
        TypeError: the data are no sequence, or a tensor of another dtype.
    """
    made = constructed(data, size, input.dtype)
    return made.detach() if data and made is data[0] else made  # type: ignore[no-any-return]  # one that is given back is a Tensor
