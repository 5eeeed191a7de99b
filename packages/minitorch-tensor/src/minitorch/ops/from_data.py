"""Tensors from data: numbers, nested lists, arrays, buffers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.device import CPU, as_device, chosen, default_device
from .._types.dtype import (
    as_dtype,
    from_numpy_dtype,
    get_default_dtype,
    number_dtype,
    promote_types,
    uint64,
)
from .._types.size import Size
from ..autograd.grad_mode import current
from ..autograd.variable import Variable, wrap
from ..kernels.half import in_float8
from ..kernels.memory import StorageBase, foreign
from ..kernels.meta import MetaArray
from .arguments import as_shape
from .creation import made
from .inspection import is_tensor

if TYPE_CHECKING:
    from .._tensor import Tensor
    from .._types.device import device
    from .._types.dtype import dtype
    from .._types.layout import layout

__all__ = ["as_tensor", "asarray", "from_dlpack", "from_numpy", "frombuffer", "tensor"]

Array = np.ndarray[Any, Any]
NUMBERS = {bool, int, float, complex}
SEQUENCES = (list, tuple)


def tensor_data(data: Any, dtype: Any, *, floats: bool = False) -> Array:
    """A new array of ``data``.

    Without ``dtype``, Python floats become the default float dtype, and with ``floats`` Python
    integers and bools do too; arrays and tensors keep their dtype.
    """
    if isinstance(data, Variable):
        data = data._data
        if isinstance(data, MetaArray):
            return MetaArray(data.shape, data.dtype if dtype is None else as_dtype(dtype).numpy)  # type: ignore[return-value]  # an array without values
    elif isinstance(data, StorageBase):
        wanted = None if dtype is None else as_dtype(dtype)
        if data._dtype is not None and wanted not in (None, data._dtype):
            raise RuntimeError(
                f"Expected a Storage of type {wanted.type_name} or an UntypedStorage, but got "
                f"{data._dtype.type_name}"
            )
        data = data._elements(data._dtype or wanted)
    own = isinstance(data, np.ndarray | np.generic) or hasattr(data, "__array__")
    wide = dtype is uint64 and not own  # whose numbers NumPy takes for floats beside smaller ones
    try:
        if type(data) in (list, tuple) and not _leaf_types(data) <= NUMBERS:
            data = _plain(data)
            array = np.array(data)
            if array.dtype.kind in "biufVcW":
                own = True
                dtype = dtype or _dtype_of_leaves(data)
        else:
            array = np.array(data, np.uint64 if wide else None)
    except (ValueError, OverflowError, RuntimeError) as error:
        raise _why_not(data, error) from None
    except TypeError as error:  # of its __getitem__
        if type(data).__module__ == "builtins":
            raise
        raise ValueError(
            f"could not determine the shape of object type '{type(data).__name__}'"
        ) from error
    kind = array.dtype.kind
    if (
        kind not in "biufVcW"
        or array.dtype.itemsize > 16
        or (not own and not wide and array.dtype == np.uint64)
    ):
        array = _unusual(data, array, dtype)
        kind = array.dtype.kind
    if dtype is not None:
        return _converted(array, as_dtype(dtype), own)
    if not own:
        if kind in "fV" or (floats and kind in "bi"):
            dtype = get_default_dtype()
            return current.state.without_warnings(array.astype, dtype.numpy)  # type: ignore[no-any-return]  # of an array an array
        if kind == "c":
            dtype = get_default_dtype().to_complex()
            return current.state.without_warnings(array.astype, dtype.numpy)  # type: ignore[no-any-return]  # of an array an array
        if kind == "i":
            return array.astype(np.int64, copy=False)
    return array.astype(from_numpy_dtype(array.dtype).numpy, copy=False)


def shape_in(data: tuple[Any, ...], size: Any = None) -> tuple[int, ...] | None:
    """The shape that a constructor's arguments mean, None where they are one piece of data.

    A shape is ``(2, 3)``, integers of any kind, or one ``Size``; nothing at all is a shape of 0.
    """
    if size is not None or not data:
        return as_shape((0,) if size is None else size)
    if len(data) == 1:
        if isinstance(data[0], Size):
            return data[0]
        if isinstance(data[0], Variable | np.ndarray | bool) or not hasattr(data[0], "__index__"):
            return None
    try:
        sizes = Size(data)
        if max(sizes) >= 2**63:
            raise TypeError("an integer is beyond 64 bits")
        return sizes
    except TypeError as error:
        raise TypeError(
            "new() received an invalid combination of arguments: it takes integers, which are the "
            "sizes of a shape, or one piece of data, but got "
            + ", ".join(type(x).__name__ for x in data)
        ) from error


def _leaf_types(data: Any) -> set[type]:
    """The types of the elements of nested lists."""
    types = set(map(type, data))
    nested = {kind for kind in types if issubclass(kind, SEQUENCES)}
    for x in data if nested else ():
        if type(x) in nested:
            types |= _leaf_types(x)
    return types - nested


def _leaves(data: Any) -> Iterator[Any]:
    for x in data:
        if isinstance(x, SEQUENCES):
            yield from _leaves(x)
        else:
            yield x


def _dtype_of_leaves(data: Any) -> Any:
    """The common dtype of numbers, arrays and tensors in nested lists."""
    kinds = (
        from_numpy_dtype(x.dtype) if isinstance(x, np.ndarray | np.generic) else number_dtype(x)
        for x in _leaves(data)
    )
    return reduce(promote_types, kinds)


def _plain(data: Any) -> Any:
    """Nested lists with the values of the tensors, of one element each, in them."""
    return [
        _plain(x) if isinstance(x, SEQUENCES) else _value(x) if hasattr(x, "__array__") else x
        for x in data
    ]


def _value(x: Any) -> Any:
    """The array of a tensor or of anything with ``__array__``."""
    if not isinstance(x, Variable):
        return x if isinstance(x, np.ndarray | np.generic) else np.asarray(x)
    if x._data.size != 1:
        raise ValueError(
            "only one element tensors can be converted to Python scalars; stack() joins tensors"
        )
    return x._data.reshape(())


def _converted(array: Array, to: Any, own: bool) -> Array:
    if not own and to.numpy.kind in "iu" and array.size and to.numpy != array.dtype:
        # a Python number must fit (a negative one may wrap around an unsigned dtype)
        low, high = array.min(), array.max()
        limits = np.iinfo(to.numpy)
        least = limits.min if limits.min else -limits.max - 1
        if array.dtype.kind in "iufV" and not least <= low <= high <= limits.max:
            raise RuntimeError(f"value cannot be converted to type {to.name} without overflow")
    if array.dtype.kind == "c" and to.numpy.kind not in "cWb" and not own:
        raise TypeError(f"must be real number, not complex, for dtype {to}")
    if to.numpy.kind == "V":
        array = in_float8(array, to.numpy)
    same = array.dtype == to.numpy
    return array if same else current.state.without_warnings(array.astype, to.numpy)


def _unusual(data: Any, array: Array, dtype: Any) -> Array:
    """What NumPy made an array of objects, strings or wide numbers of."""
    if hasattr(data, "__dlpack__") and not hasattr(data, "__array__"):
        array = np.from_dlpack(data).copy()
        return array.astype(from_numpy_dtype(array.dtype).numpy, copy=False)
    if isinstance(data, np.ndarray | np.generic) or hasattr(data, "__array__"):
        from_numpy_dtype(array.dtype)  # raises
    leaves = [data]
    while leaves and isinstance(leaves[0], list | tuple):
        leaves = [y for x in leaves for y in (x if isinstance(x, list | tuple) else (x,))]
    if all(isinstance(x, int | float | complex | np.number | np.bool_) for x in leaves):
        if not any(isinstance(x, float | complex | np.inexact) for x in leaves) and (
            dtype is None or as_dtype(dtype).category < 2
        ):
            raise ValueError("Overflow when unpacking long long: an integer is beyond 64 bits")
        return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    bad = next(x for x in leaves if not isinstance(x, int | float | complex | np.number | np.bool_))
    kind = type(bad).__name__
    if isinstance(bad, str | bytes):
        if data is bad or leaves[0] is not bad:
            raise TypeError(f"new(): invalid data type '{kind}'")
        raise ValueError(f"too many dimensions '{kind}'")
    if dtype is not None:
        raise TypeError(f"must be real number, not {kind}")
    raise RuntimeError(f"Could not infer dtype of {kind}")


def _holds_itself(data: Any, around: tuple[Any, ...]) -> bool:
    if not isinstance(data, list | tuple):
        return False
    return any(data is x for x in around) or any(_holds_itself(x, (*around, data)) for x in data)


def _listed(x: Any) -> Any:
    return x.tolist() if isinstance(x, np.ndarray) and x.ndim else x


def _why_not(data: Any, error: Exception) -> Exception:
    """PyTorch's error for data that make no array."""
    level, dim = [_listed(data)], 0
    if _holds_itself(data, ()):
        return TypeError("new(): self-referential lists are incompatible")
    while all(isinstance(x, list | tuple) for x in level):
        sizes = [len(x) for x in level]
        for size in sizes:
            if size != sizes[0]:
                return ValueError(
                    f"expected sequence of length {sizes[0]} at dim {dim} (got {size})"
                )
        level, dim = [_listed(y) for x in level for y in x], dim + 1
    if any(isinstance(x, list | tuple) for x in level):
        return TypeError(f"dim {dim} holds both numbers and sequences: not a sequence")
    if any(getattr(x, "ndim", 0) for x in level):
        return ValueError(
            "only one element tensors can be converted to Python scalars: stack() joins tensors"
        )
    return error


def tensor(
    data: Any, *, dtype: dtype | None = None, device: device | str | int | None = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor with a copy of ``data``; floats get the default dtype, integers int64.

    ``data`` is a number, nested lists, an ndarray or a tensor; the last two keep their dtype.

    Raises:
        ValueError: the lists are ragged, or hold strings or integers beyond 64 bits.
        TypeError: an ndarray's dtype is not one of MiniTorch's.
        RuntimeError: a number does not fit ``dtype``.

    Example:
        >>> import minitorch
        >>> minitorch.tensor([[1, 2], [3, 4]])
        tensor([[1, 2],
                [3, 4]])
    """
    if isinstance(data, Variable):
        _warn_copy("torch.tensor(sourceTensor)")
        if device is None and not chosen:
            device = data.device
    return made(tensor_data(data, dtype), requires_grad, device, None, pin_memory)


def _warn_copy(call: str) -> None:
    warnings.warn(
        "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() "
        f"or sourceTensor.detach().clone().requires_grad_(True), rather than {call}.",
        stacklevel=3,
    )


def as_tensor(
    data: Any, dtype: dtype | None = None, device: device | str | int | None = None
) -> Tensor:
    """``data`` as a tensor without a copy where that can be: a tensor itself, an ndarray's
    memory."""
    if is_tensor(data):
        place: Any = default_device() if device is None and chosen else device
        return data if dtype is None and place is None else data.to(place, dtype)
    if isinstance(data, np.ndarray):
        return as_tensor(from_numpy(data), dtype, device)
    return tensor(data, dtype=dtype, device=device)


def asarray(
    obj: Any, *, dtype: dtype | None = None, device: device | str | int | None = None,
    copy: bool | None = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``obj`` as a tensor; its memory is shared unless ``copy`` or another ``dtype`` forbids it.

    Args:
        obj: a tensor, an ndarray, what speaks DLPack, a buffer of elements of ``dtype`` (by default
            the default dtype) such as a bytearray, a storage, whose bytes are elements of
            ``dtype``, or numbers as for ``tensor``.

    Raises:
        ValueError: ``copy=False``, and the memory cannot be shared; a buffer that is no whole
            number of elements.
    """
    if not isinstance(obj, Variable | np.ndarray | np.generic | list | tuple):
        if isinstance(obj, StorageBase):
            obj = wrap(obj._elements(obj._dtype or dtype))
        elif hasattr(obj, "__dlpack__") or type(obj).__name__ == "PyCapsule":
            obj = from_dlpack(obj)
        elif not hasattr(obj, "__array__"):
            try:
                memoryview(obj)
            except TypeError:
                pass
            else:
                obj = frombuffer(obj, dtype=dtype or get_default_dtype())
    if copy:
        return tensor(
            getattr(obj, "_data", obj), dtype=dtype, device=device, requires_grad=requires_grad
        )
    result = as_tensor(obj, dtype, device)
    if copy is False and not (
        isinstance(obj, Variable | np.ndarray) and _shares_memory(result, obj)
    ):
        if isinstance(obj, np.generic):
            raise RuntimeError(
                "can't alias NumPy scalars. Either remove copy=False or the NumPy scalar"
            )
        if isinstance(obj, Variable) and result.dtype is not obj.dtype:
            raise ValueError(
                f"can't alias tensor with dtype '{obj.dtype.type_name}' into dtype "
                f"'{result.dtype.type_name}'"
            )
        if isinstance(obj, list | tuple | range | int | float | complex):
            raise ValueError("can't alias arbitrary sequence into a tensor.")
        raise ValueError("asarray(copy=False): the memory of this object cannot be shared")
    if isinstance(obj, Variable) and not requires_grad and result.requires_grad:
        return result.detach()
    return result.requires_grad_() if requires_grad else result


def _shares_memory(result: Any, source: Any) -> bool:
    return np.shares_memory(result._data, getattr(source, "_data", source))


def from_numpy(ndarray: Array) -> Tensor:
    """A tensor that shares the memory of an ndarray."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    if not ndarray.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion "
            "between byte orders is currently not supported."
        )
    if not ndarray.flags.writeable:
        _warn_read_only("NumPy array")
    numpy = from_numpy_dtype(ndarray.dtype).numpy
    if any(step % ndarray.itemsize for step in ndarray.strides):
        raise ValueError(
            f"given numpy array strides {ndarray.strides} not a multiple of the element byte size "
            f"{ndarray.itemsize}. Copy the numpy array to reallocate the memory."
        )
    ndarray = foreign(ndarray)
    return wrap(
        ndarray.view(np.ndarray) if ndarray.dtype is numpy else ndarray.view(numpy, np.ndarray)
    )


def _warn_read_only(what: str) -> None:
    warnings.warn(
        f"The given {what} is not writable, and PyTorch does not support non-writable tensors. "
        "Here writing to this tensor is an error. You may want to copy it before converting it.",
        stacklevel=3,
    )


def frombuffer(
    buffer: Any, *, dtype: dtype, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A 1-dim tensor that shares the memory of a buffer."""
    try:
        memory = memoryview(buffer)
    except TypeError:
        raise ValueError(
            f"object does not implement Python buffer protocol: {type(buffer).__name__}"
        ) from None
    if memory.readonly:
        _warn_read_only("buffer")
    size = memory.nbytes
    if not (size and count):
        raise ValueError(f"both buffer length ({size}) and count ({count}) must not be 0")
    if not 0 <= offset < size:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length "
            f"({size} bytes) - 1"
        )
    kind = as_dtype(dtype).numpy
    left = size - offset
    if count < 0 and left % kind.itemsize:
        raise ValueError(
            f"buffer length ({left} bytes) after offset ({offset} bytes) must be a multiple of "
            f"element size ({kind.itemsize})"
        )
    if count > left // kind.itemsize:
        raise ValueError(
            f"requested buffer length ({count} * {kind.itemsize} bytes) after offset ({offset} "
            f"bytes) must not be greater than actual buffer length ({size} bytes)"
        )
    return made(np.frombuffer(buffer, kind, count, offset), requires_grad, CPU)


class _Capsule:
    """A bare capsule, as what NumPy asks for it."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def from_dlpack(
    ext_tensor: Any, *, device: device | str | int | None = None, copy: bool | None = None
) -> Tensor:
    """A tensor that shares the memory of whatever speaks DLPack, or of a capsule of DLPack's.

    Args:
        copy: True for a copy of the memory; False and None share it.

    Raises:
        BufferError, RuntimeError: the memory is not the CPU's, or of another dtype.

    Example:
        >>> import minitorch, numpy
        >>> minitorch.from_dlpack(numpy.arange(3))
        tensor([0, 1, 2])

    Follows https://docs.pytorch.org/docs/stable/dlpack.html
    """
    if device is not None:
        as_device(device)
    capsule = type(ext_tensor).__name__ == "PyCapsule"
    if not capsule and not np.from_dlpack(np.zeros(1)).flags.writeable:
        # NumPy before 2.2 takes all foreign memory for read-only; the old protocol says none is.
        with suppress(BufferError):
            ext_tensor, capsule = ext_tensor.__dlpack__(), True
    array = np.from_dlpack(_Capsule(ext_tensor) if capsule else ext_tensor)
    if capsule:  # the old protocol cannot say that memory is to be read only, NumPy assumes it
        array = foreign(array, writable=True)
    if copy:
        array = array.copy()
    return wrap(array.view(from_numpy_dtype(array.dtype).numpy))


def new_tensor(
    self: Tensor, data: Any, *, dtype: dtype | None = None,
    device: device | str | int | None = None, requires_grad: bool = False,
    layout: layout | None = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor with a copy of ``data``, of this tensor's dtype unless told else."""
    if isinstance(data, Variable):
        _warn_copy("tensor.new_tensor(sourceTensor)")
    array, place = tensor_data(data, dtype or self.dtype), self.device if device is None else device
    return made(array, requires_grad, place, layout, pin_memory)
