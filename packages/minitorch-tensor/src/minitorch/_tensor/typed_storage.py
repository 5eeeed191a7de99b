"""``TypedStorage``, ``FloatStorage`` and its kin: PyTorch's old storages, which have a dtype.

Follows https://docs.pytorch.org/docs/stable/storage.html
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import wraps
from types import FunctionType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from .._types.device import CPU, as_device, device
from .._types.dtype import ALL, as_dtype, bfloat16, dtype, get_default_dtype
from ..autograd.grad_mode import current
from ..kernels.memory import StorageBase
from ..ops.conversion import METHODS
from ..ops.from_data import tensor_data
from .untyped_storage import UntypedStorage

Array = np.ndarray[Any, Any]


def _dtype_to_storage_type_map() -> dict[dtype, str]:
    """The names of the classes by their dtypes."""
    return {each.dtype: name for name, each in globals().items() if name in BY_NAME}


BY_NAME = {f"{each.type_name}Storage": each for each in (*ALL, bfloat16)}
__all__ = [
    "BFloat16Storage", "BoolStorage", "ByteStorage", "CharStorage", "ComplexDoubleStorage",
    "ComplexFloatStorage", "DoubleStorage", "FloatStorage", "HalfStorage", "IntStorage",
    "LongStorage", "ShortStorage", "Storage", "StorageBase", "TypedStorage", "UntypedStorage",
]  # fmt: skip

# --- the warning ---------------------------------------------------------------------------------

_always_warn = False
_warned = False


def _warn_typed_storage_removal(stacklevel: int = 2) -> None:
    """PyTorch's warning: once, or always after ``_set_always_warn_typed_storage_removal(True)``."""
    global _warned
    if _warned and not _always_warn:
        return
    _warned = True
    warnings.warn(
        "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be "
        "the only storage class. This should only matter to you if you are using storages "
        "directly.  To access UntypedStorage directly, use tensor.untyped_storage() instead of "
        "tensor.storage()",
        UserWarning,
        stacklevel=stacklevel + 1,
    )


def _reset_warn_typed_storage_removal() -> None:
    global _warned
    _warned = False


def _set_always_warn_typed_storage_removal(always_warn: bool) -> None:
    global _always_warn
    _always_warn = bool(always_warn)


def _get_always_warn_typed_storage_removal() -> bool:
    return _always_warn


def deprecated(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` that warns first."""

    @wraps(function)
    def warning(*args: Any, **kwargs: Any) -> Any:
        _warn_typed_storage_removal()
        return function(*args, **kwargs)

    return warning


# --- storages ------------------------------------------------------------------------------------


class LegacyStorageMeta(type):
    """``isinstance(storage, torch.FloatStorage)`` asks for the dtype."""

    dtype: Any

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, TypedStorage) and instance._dtype is cls.dtype


class TypedStorage(StorageBase):
    """The elements of ``dtype`` in an ``UntypedStorage``.

    Args:
        size: how many elements, or a sequence of their values.
        wrap_storage: the storage, in place of ``size``; not copied.
        dtype: of the elements; the default dtype.

    Raises:
        TypeError: ``size`` is neither a number nor a sequence.

    Follows https://docs.pytorch.org/docs/stable/storage.html#torch.TypedStorage
    """

    is_sparse = is_cuda = is_hpu = False
    _dtype: dtype
    _untyped_storage: UntypedStorage

    def __init__(
        self, *size: Any, wrap_storage: UntypedStorage | None = None, dtype: dtype | None = None,
        device: Any = None, _internal: bool = False,
    ) -> None:  # fmt: skip
        if not _internal:
            _warn_typed_storage_removal(2)
        if device is not None:
            as_device(device)
        if len(size) > 1 or (size and wrap_storage is not None):
            raise RuntimeError(
                "a TypedStorage is made of no arguments, of one size, of one sequence of values or "
                f"of wrap_storage=: Too many positional arguments, got {len(size)}"
            )
        self._dtype = as_dtype(get_default_dtype() if dtype is None else dtype)
        if wrap_storage is not None:
            if type(wrap_storage) is not UntypedStorage:
                raise TypeError(
                    f"Argument 'wrap_storage' must be UntypedStorage, but got {type(wrap_storage)}"
                )
            self._untyped_storage = wrap_storage
        else:
            self._untyped_storage = _storage_for(size[0] if size else 0, self._dtype)

    @property
    def _memory(self) -> Array:  # type: ignore[override]  # it is that of the untyped one
        return self._untyped_storage._memory

    @property
    def _cdata(self) -> int:
        return self._untyped_storage._cdata

    # --- what it is ---

    @property
    def dtype(self) -> dtype:
        """The dtype of the elements."""
        return self._dtype

    @property
    def device(self) -> device:
        """Where the elements are: on the CPU."""
        return CPU

    @property
    def filename(self) -> str | None:
        """The file whose bytes these are, for ``from_file(shared=True)``; else None."""
        return self._untyped_storage.filename

    def untyped(self) -> UntypedStorage:
        """The storage without the dtype."""
        return self._untyped_storage

    def data_ptr(self) -> int:
        """The address of the first byte, 0 where there is none."""
        return self._untyped_storage.data_ptr()

    def element_size(self) -> int:
        """The bytes of an element."""
        return self._dtype.itemsize

    def nbytes(self) -> int:
        """The number of bytes."""
        return self._untyped_storage.nbytes()

    def size(self) -> int:
        """The number of elements."""
        return self._elements().size

    def __len__(self) -> int:
        return self._elements().size

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + self._untyped_storage.nbytes()

    def get_device(self) -> int:
        """-1: the CPU has no number."""
        return -1

    def resizable(self) -> bool:
        """Whether ``resize_`` can be called."""
        return self._untyped_storage.resizable()

    def is_shared(self) -> bool:
        """Whether processes that this one forks see the same bytes."""
        return self._untyped_storage.is_shared()

    def is_pinned(self, device: Any = "cuda") -> bool:
        """False."""
        return False

    def pickle_storage_type(self) -> str:
        """The name of the class in files, such as ``"FloatStorage"``."""
        return f"{self._dtype.type_name}Storage"

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """``"torch.FloatStorage"``; with a class, the storage as one of that."""
        if dtype is None:
            return f"torch.{self._dtype.type_name}Storage"
        kind = globals()[dtype.removeprefix("torch.")] if isinstance(dtype, str) else dtype
        if isinstance(self, kind):
            return self
        raise RuntimeError(
            f"a storage of {self._dtype} is none of {kind.dtype}: convert it, such as by .float()"
        )

    def __repr__(self) -> str:
        values = "\n ".join(map(str, self._elements().tolist()))
        return (
            f" {values}\n[torch.storage.TypedStorage(dtype={self._dtype}, device=cpu) of size "
            f"{self._elements().size}]"
        )

    # --- elements ---

    def tolist(self) -> list[Any]:
        """The elements as numbers."""
        values: list[Any] = self._elements().tolist()
        return values

    def __iter__(self) -> Iterator[Any]:
        return iter(self._elements().tolist())

    def __getitem__(self, index: int) -> Any:
        if isinstance(index, slice):
            raise RuntimeError("slices are only supported in UntypedStorage.__getitem__")
        return self._elements()[self._place(index)].item()

    def __setitem__(self, index: int | slice, value: Any) -> None:
        place = index if isinstance(index, slice) else self._place(index)
        if isinstance(value, list | tuple):
            raise TypeError(
                f"can't assign a {type(value).__name__} to a torch.{self._dtype.type_name}Tensor"
            )
        self._elements()[place] = tensor_data(value, self._dtype)

    def _place(self, index: Any) -> int:
        if not isinstance(index, int):
            raise RuntimeError(f"can't index a {type(self)} with {type(index)}")
        size = self._elements().size
        if not -size <= index < size:
            raise IndexError(f"index {index} out of range for storage of size {size}")
        return index

    def fill_(self, value: Any) -> Self:
        """Sets all elements to ``value``."""
        self._elements()[...] = tensor_data(value, self._dtype)
        return self

    def copy_(self, source: Any, non_blocking: bool | None = None) -> Self:
        """Takes over the bytes of ``source``.

        Raises:
            RuntimeError: the sizes differ.
        """
        self._untyped_storage.copy_(source)
        return self

    def resize_(self, size: int) -> None:
        """``UntypedStorage.resize_``, to ``size`` elements."""
        self._untyped_storage.resize_(size * self._dtype.itemsize)

    def share_memory_(self) -> Self:
        """``UntypedStorage.share_memory_``."""
        self._untyped_storage.share_memory_()
        return self

    # --- copies ---

    def _of(self, storage: UntypedStorage) -> TypedStorage:
        return TypedStorage(wrap_storage=storage, dtype=self._dtype, _internal=True)

    def clone(self) -> TypedStorage:
        """A copy."""
        return self._of(self._untyped_storage.clone())

    __copy__ = clone

    def __deepcopy__(self, memo: dict[Any, Any]) -> TypedStorage:
        return self._of(self._untyped_storage.__deepcopy__(memo))

    def __reduce__(self) -> Any:
        return _typed, (self._untyped_storage, self._dtype)

    def cpu(self) -> Self:
        """The storage itself."""
        return self

    def to(self, *, device: Any, non_blocking: bool = False) -> Self:
        """The storage itself: it is on the CPU.

        Raises:
            RuntimeError: ``device`` is another one.
        """
        as_device(device)
        return self

    @classmethod
    def from_buffer(cls, *args: Any, **kwargs: Any) -> TypedStorage:
        """``UntypedStorage.from_buffer``; of ``FloatStorage`` and its kin the dtype is known."""
        kind = kwargs.pop("dtype", None) or getattr(cls, "dtype", None)
        kind = kind if isinstance(kind, dtype) else get_default_dtype()
        ordered = "byte_order" in kwargs or len(args) > 1 or kind.itemsize == 1
        if cls is not TypedStorage and not ordered:
            raise RuntimeError("function missing required argument 'byte_order' (pos 2)")
        storage = UntypedStorage.from_buffer(*args, dtype=kind, **kwargs)
        return TypedStorage(wrap_storage=storage, dtype=kind, _internal=True)

    @classmethod
    def from_file(cls, filename: Any, shared: bool = False, size: int = 0) -> TypedStorage:
        """``UntypedStorage.from_file``, of ``size`` elements.

        Raises:
            RuntimeError: of ``TypedStorage`` itself, whose dtype is not known.
        """
        kind = getattr(cls, "dtype", None)
        if not isinstance(kind, dtype):
            raise RuntimeError("from_file can only be called on derived classes")
        storage = UntypedStorage.from_file(filename, shared, size * kind.itemsize)
        return TypedStorage(wrap_storage=storage, dtype=kind, _internal=True)


def _storage_for(size: Any, kind: dtype) -> UntypedStorage:
    if isinstance(size, int | np.integer) and not isinstance(size, bool):
        return UntypedStorage(int(size) * kind.itemsize)
    if not hasattr(size, "__len__") or isinstance(size, TypedStorage | UntypedStorage):
        raise TypeError(
            "a TypedStorage is made of no arguments, of one size, of one sequence of values or of "
            f"wrap_storage=: Argument type not recognized: {type(size)}"
        )
    return UntypedStorage.of(tensor_data(size, kind).reshape(-1))


def _typed(storage: UntypedStorage, dtype: dtype) -> TypedStorage:
    return TypedStorage(wrap_storage=storage, dtype=dtype, _internal=True)


def converter(name: str, to: dtype) -> Callable[[Any], TypedStorage]:
    """``storage.float()`` and its kin: a copy whose elements are those of the storage."""

    def convert(self: StorageBase) -> TypedStorage:
        array = self._elements()
        made = UntypedStorage.of(current.state.without_warnings(array.astype, to.numpy))
        return TypedStorage(wrap_storage=made, dtype=to, _internal=True)

    convert.__name__, convert.__qualname__ = name, f"UntypedStorage.{name}"
    convert.__doc__ = f"A copy whose elements are {to}."
    return convert


# each use of one warns
for _name, _member in list(vars(TypedStorage).items()):
    if isinstance(_member, FunctionType) and _name not in (
        "__init__", "__sizeof__", "_of", "_place", "__reduce__", "__deepcopy__", "_elements",
    ):  # fmt: skip
        setattr(TypedStorage, _name, deprecated(_member))
    elif isinstance(_member, property) and _name[0] != "_":
        setattr(TypedStorage, _name, property(deprecated(_member.fget)))  # type: ignore[arg-type]  # a property has one
for _name, _dtype in METHODS.items():
    _name = f"complex_{_name[1:]}" if _name in ("cfloat", "cdouble") else _name
    _converter = converter(_name, _dtype)
    setattr(UntypedStorage, _name, _converter)
    setattr(TypedStorage, _name, deprecated(_converter))


class _LegacyStorage(TypedStorage, metaclass=LegacyStorageMeta):
    """What ``FloatStorage`` and its kin have in common."""

    dtype: Any

    def __new__(
        cls, *size: Any, wrap_storage: Any = None, _internal: bool = False, **others: Any
    ) -> Any:
        if not _internal:
            _warn_typed_storage_removal()
        if cls is _LegacyStorage:
            raise RuntimeError("Only child classes of _LegacyStorage can be instantiated")
        if others:
            raise RuntimeError(
                f"{cls.__name__} is made of a size, a sequence or wrap_storage=: Keyword argument "
                f"'{next(iter(others))}' cannot be specified"
            )
        return TypedStorage(*size, wrap_storage=wrap_storage, dtype=cls.dtype, _internal=True)


for _name, _dtype in BY_NAME.items():
    globals()[_name] = LegacyStorageMeta(
        _name,
        (_LegacyStorage,),
        {"dtype": _dtype, "__module__": "torch", "__doc__": f"Makes a TypedStorage of {_dtype}."},
    )
Storage = globals()["FloatStorage"]

if TYPE_CHECKING:  # which does not follow the loop
    # fmt: off
    class BFloat16Storage(_LegacyStorage): ...
    class BoolStorage(_LegacyStorage): ...
    class ByteStorage(_LegacyStorage): ...
    class CharStorage(_LegacyStorage): ...
    class ComplexDoubleStorage(_LegacyStorage): ...
    class ComplexFloatStorage(_LegacyStorage): ...
    class DoubleStorage(_LegacyStorage): ...
    class FloatStorage(_LegacyStorage): ...
    class HalfStorage(_LegacyStorage): ...
    class IntStorage(_LegacyStorage): ...
    class LongStorage(_LegacyStorage): ...
    class ShortStorage(_LegacyStorage): ...
    # fmt: on
    Storage = FloatStorage
