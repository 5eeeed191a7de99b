"""What PyTorch's and NumPy's pickles call to make tensors and arrays."""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import return_types
from .._tensor.tensor import Tensor
from .._tensor.typed_storage import TypedStorage
from .._tensor.untyped_storage import UntypedStorage
from .._types import layout as _layout
from .._types.device import CPU
from .._types.dtype import ALL, FLOAT8, UNSIGNED, bfloat16, dtype, from_numpy_dtype
from .._types.size import Size
from ..autograd.variable import Variable, wrap
from ..kernels.half import as_bfloat16
from ..kernels.memory import address, window
from .pickle_reader import brief

__all__ = ["FUNCTIONS", "SETTERS", "VALUES", "Storage", "StorageKind"]
__all__ += ["layout_of", "parameter", "parameter_with_state", "rebuild", "rebuild_with_state"]

Array = np.ndarray[Any, Any]
Charge = Callable[[int], None]
UNTYPED = (*FLOAT8, *UNSIGNED)  # dtypes without a class of storages: the tensor says which it has
STORAGES = {f"{each.type_name}Storage": each for each in ALL if each not in UNTYPED}


class StorageKind:
    """One of PyTorch's storage classes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dtype = STORAGES[name]
        self.itemsize = self.dtype.itemsize

    def swap(self, raw: Array) -> None:
        """Turns the bytes ``raw`` of another machine into those of this one."""
        raw.view(np.uint16 if self.dtype is bfloat16 else self.dtype.numpy).byteswap(inplace=True)

    def view(self, raw: Array) -> Array:
        """The bytes ``raw`` as elements, in the same memory."""
        if self.dtype is bfloat16:
            made: Array = as_bfloat16(raw)
            return made
        if self.dtype.name == "bool":
            return np.not_equal(raw, 0, out=raw.view(np.bool_))
        return raw.view(self.dtype.numpy)


class Storage(TypedStorage):
    """Memory that tensors are made of; ``count`` is the number of elements in the file."""

    def __init__(self, kind: StorageKind, array: Array, count: int) -> None:
        self.kind, self.array, self.count = kind, array, count
        self._dtype = from_numpy_dtype(array.dtype)

    @property
    def _untyped_storage(self) -> UntypedStorage:  # type: ignore[override]  # made on demand
        whole = UntypedStorage.of(self.array)
        start = address(self.array) - address(whole._memory)
        part = slice(start, start + self.array.nbytes)
        return whole if self.array.nbytes == whole.nbytes() else whole[part]


def rebuild(
    storage: Any, offset: Any, size: Any, stride: Any, requires_grad: bool = False,
    backward_hooks: Any = None, metadata: Any = None,
) -> Any:  # fmt: skip
    """A tensor: a window into a storage, which must lie within it."""
    if type(storage) is not Storage or type(size) not in (tuple, Size) or type(stride) is not tuple:
        raise pickle.UnpicklingError("a damaged description of a tensor")
    if len(size) != len(stride) or len(size) > 64:
        raise pickle.UnpicklingError("a tensor's sizes and strides do not match")
    if not all(type(n) is int and 0 <= n < 2**62 for n in (offset, *size, *stride)):
        raise pickle.UnpicklingError("a damaged description of a tensor")
    array = storage.array
    item = array.itemsize
    view = window(array, size, array.dtype, offset * item, [step * item for step in stride])
    return wrap(view).requires_grad_(bool(requires_grad))


def rebuild_untyped(
    storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any, backward_hooks: Any,
    kind: Any, metadata: Any = None,
) -> Any:  # fmt: skip
    """The same for a storage of bytes and a dtype."""
    if type(storage) is not Storage or not isinstance(kind, dtype) or storage.array.itemsize != 1:
        raise pickle.UnpicklingError("a damaged description of a tensor")
    if storage.array.size % kind.itemsize:
        raise pickle.UnpicklingError("a tensor's memory ends within an element")
    array = storage.array.view(kind.numpy)
    return rebuild(Storage(storage.kind, array, len(array)), offset, size, stride, requires_grad)


def rebuild_with_state(function: Any, kind: Any, arguments: Any, state: Any) -> Any:
    """A tensor of a class of its own, or with attributes."""
    if (
        not any(function is each for each in (rebuild, rebuild_untyped, parameter))
        or type(arguments) is not tuple
    ):
        raise pickle.UnpicklingError("a damaged description of a tensor")
    tensor = function(*arguments)
    if kind is Tensor and type(state) is dict and "_is_buffer" in state:
        import minitorch.nn

        tensor.__class__ = minitorch.nn.Buffer
    if kind is not Tensor and not (isinstance(kind, type) and issubclass(kind, type(tensor))):
        raise pickle.UnpicklingError(f"{brief(kind)} is no class of tensors")
    tensor.__class__ = kind if kind is not Tensor else type(tensor)
    return _with_attributes(tensor, state)


def _with_attributes(tensor: Any, state: Any) -> Any:
    if type(state) is tuple and len(state) == 2 and not state[1]:  # no slots
        state = state[0]
    if state is not None and type(state) is not dict:
        raise pickle.UnpicklingError("a damaged description of a tensor's attributes")
    for name, value in (state or {}).items():
        if type(name) is not str or name in Variable.__annotations__:
            raise pickle.UnpicklingError(f"a tensor has no attribute {brief(name)}")
        tensor.__dict__[name] = value
    return tensor


def parameter(data: Any, requires_grad: Any, backward_hooks: Any) -> Any:
    """A Parameter; where minitorch-nn is not installed, a tensor that requires grad."""
    if not isinstance(data, Variable):
        raise pickle.UnpicklingError("a Parameter without a tensor")
    import minitorch

    nn = getattr(minitorch, "nn", None)
    if nn is None:
        return data.requires_grad_(bool(requires_grad))
    return nn.Parameter(data, bool(requires_grad))


def parameter_with_state(data: Any, requires_grad: Any, backward_hooks: Any, state: Any) -> Any:
    return _with_attributes(parameter(data, requires_grad, backward_hooks), state)


def _uninitialized(name: str) -> Callable[[Any], Any]:
    def make(requires_grad: Any) -> Any:
        import minitorch.nn

        return getattr(minitorch.nn.parameter, name)(bool(requires_grad))

    return make


def _size(sizes: Any = ()) -> Size:
    if type(sizes) not in (tuple, list) or not all(type(n) is int for n in sizes):
        raise pickle.UnpicklingError("a Size is a tuple of integers")
    return Size(sizes)


def _device(*arguments: Any) -> Any:
    """Whatever the device was, here it is the CPU."""
    return CPU


def layout_of(name: Any) -> Any:
    if name != "torch.strided":
        raise pickle.UnpicklingError(f"the layout {brief(name)} is not one that MiniTorch has")
    return _layout.strided


def _named_result(name: str) -> Callable[..., Any]:
    def make(values: Any, more: Any = None) -> Any:
        kind = getattr(return_types, name)
        if type(values) is not tuple or len(values) != len(kind._fields):
            raise pickle.UnpicklingError(f"a damaged description of torch.return_types.{name}")
        return kind(*values)

    return make


# --- NumPy ---------------------------------------------------------------------------------------

UNITS = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"]


def _numpy_dtype(code: Any, align: Any = False, copy: Any = True) -> Any:
    if type(code) is not str or not re.fullmatch(r"[?OSUVMmbiufc]\d{0,9}", code):
        raise pickle.UnpicklingError(f"{brief(code)} is no dtype of an array")
    return np.dtype(code, copy=True)  # one that can be set up


def _set_dtype(target: Any, state: Any, charge: Charge) -> None:
    """What ``dtype.__setstate__`` does, with a state that NumPy's own constructor has made."""
    if type(state) is not tuple or len(state) < 8:
        raise pickle.UnpicklingError("a damaged description of an array's dtype")
    _, order, base, names, fields, size, *_ = state
    if names is not None:
        if type(names) is not tuple or type(fields) is not dict or len(names) != len(fields):
            raise pickle.UnpicklingError("a damaged description of an array's fields")
        charge(100 * len(names))
        entries = [fields[name] for name in names]
        if not all(type(e) is tuple and isinstance(e[0], np.dtype) for e in entries):
            raise pickle.UnpicklingError("a damaged description of an array's fields")
        formats, offsets = [e[0] for e in entries], [e[1] for e in entries]
        whole: Any = {"names": names, "formats": formats, "offsets": offsets, "itemsize": size}
    elif base is not None:
        if type(base) is not tuple or not isinstance(base[0], np.dtype):
            raise pickle.UnpicklingError("a damaged description of an array's dtype")
        whole = base
    elif len(state) == 9 and target.kind in "Mm":
        unit, number, *_ = state[8][1]
        unit = unit.decode("ascii") if type(unit) is bytes else unit
        if unit not in UNITS or type(number) is not int:
            raise pickle.UnpicklingError("a damaged unit of time")
        whole = f"{target.kind}8[{number:d}{unit}]"
    elif target.kind in "SUV":
        if type(size) is not int or size < 0 or size >> 31:
            raise pickle.UnpicklingError("a damaged description of an array's dtype")
        whole = f"{target.kind}{size // 4 if target.kind == 'U' else size}"
    else:
        whole = target.str
    genuine = np.dtype(whole)
    if order in ("<", ">") and names is None and base is None:
        genuine = genuine.newbyteorder(order)
    if genuine.hasobject and genuine != np.dtype(object):
        raise pickle.UnpicklingError("arrays whose fields are objects are not read")
    target.__setstate__(genuine.__reduce__()[2])


def _numpy_shell(kind: Any, shape: Any, code: Any) -> Any:
    """An array that ``_set_array`` makes one of the right shape."""
    if kind is not np.ndarray:
        raise pickle.UnpicklingError("subclasses of NumPy's arrays are not read")
    return np.empty(0, np.uint8)


def _set_array(target: Any, state: Any, charge: Charge) -> None:
    if type(state) is not tuple or len(state) != 5:
        raise pickle.UnpicklingError("a damaged description of an array")
    _, shape, dtype, fortran, data = state
    _check_array(shape, dtype, len(data) if type(data) in (bytes, list) else -1)
    if dtype.hasobject:
        charge(8 * len(data))
    else:
        charge(len(data))
        data = bytes(bytearray(data))  # memory of its own
    target.__setstate__((1, shape, dtype, bool(fortran), data))


def _check_array(shape: Any, dtype: Any, size: int) -> None:
    if not isinstance(dtype, np.dtype) or type(shape) is not tuple or len(shape) > 64:
        raise pickle.UnpicklingError("a damaged description of an array")
    if not all(type(n) is int and 0 <= n < 2**62 for n in shape):
        raise pickle.UnpicklingError("a damaged shape of an array")
    item = 1 if dtype.hasobject else dtype.itemsize
    if size != math.prod(shape) * item:
        raise pickle.UnpicklingError(f"an array of {shape} elements of {dtype} has other data")


def _numpy_scalar(dtype: Any, data: Any) -> Any:
    if type(data) is not bytes or not isinstance(dtype, np.dtype) or dtype.hasobject:
        raise pickle.UnpicklingError("a damaged description of a NumPy number")
    _check_array((), dtype, len(data))
    return np.ndarray((), dtype, bytearray(data))[()]


def _numpy_from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> Any:
    if type(data) not in (bytes, bytearray) or getattr(dtype, "hasobject", True):
        raise pickle.UnpicklingError("a damaged description of an array")
    _check_array(shape, dtype, len(data))
    return np.ndarray(shape, dtype, bytearray(data), order="F" if order == "F" else "C")


# --- the tables ----------------------------------------------------------------------------------

FORMATS = ("contiguous_format", "preserve_format", "channels_last", "channels_last_3d", "strided")
VALUES: dict[str, Any] = {
    "numpy.ndarray": np.ndarray,
    "torch.Tensor": Tensor,
    **{f"torch.{each.name}": each for each in ALL},
    **{f"torch.{name}": getattr(_layout, name) for name in FORMATS},
    **{f"torch.{name}": StorageKind(name) for name in STORAGES},
    "torch.storage.UntypedStorage": StorageKind("ByteStorage"),
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "torch.Size": _size,
    "torch.device": _device,
    "torch.serialization._get_layout": layout_of,
    "torch._tensor._rebuild_from_type_v2": rebuild_with_state,
    "torch._utils._rebuild_tensor": rebuild,
    "torch._utils._rebuild_tensor_v2": rebuild,
    "torch._utils._rebuild_tensor_v3": rebuild_untyped,
    "torch._utils._rebuild_parameter": parameter,
    "torch._utils._rebuild_parameter_with_state": parameter_with_state,
    **{f"torch.return_types.{name}": _named_result(name) for name in return_types.FIELDS},
    **{
        f"torch.nn.parameter.{name}": _uninitialized(name)
        for name in ("UninitializedParameter", "UninitializedBuffer")
    },
    "numpy.dtype": _numpy_dtype,
}
NUMPY: dict[str, Callable[..., Any]] = {
    "multiarray._reconstruct": _numpy_shell,
    "multiarray.scalar": _numpy_scalar,
    "numeric._frombuffer": _numpy_from_buffer,
}
for core in ("core", "_core"):  # before NumPy 2 and since
    FUNCTIONS |= {f"numpy.{core}.{name}": call for name, call in NUMPY.items()}
SETTERS: dict[type, Callable[[Any, Any, Charge], Any]] = {
    np.ndarray: _set_array,
    **dict.fromkeys({np.dtype, *map(type, map(np.dtype, np.typecodes["All"]))}, _set_dtype),
}
