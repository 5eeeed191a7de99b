"""``UntypedStorage``: the bytes that a tensor shares with its views.

Follows https://docs.pytorch.org/docs/stable/storage.html
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from mmap import mmap
from operator import index
from typing import TYPE_CHECKING, Any, Self, overload
from weakref import WeakValueDictionary

import numpy as np

from .._types.device import CPU, as_device, device
from .._types.dtype import as_dtype, dtype
from ..autograd.variable import Variable
from ..kernels.memory import (
    StorageBase,
    address,
    deep_copy,
    foreign,
    owner_of,
    storage_of,
    window,
)
from ..ops.creation import empty

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["UntypedStorage", "from_file"]

Array = np.ndarray[Any, Any]
BYTE = np.dtype(np.uint8)
# by the id of the array that owns the memory: a tensor and its views have one storage
_known: WeakValueDictionary[int, UntypedStorage] = WeakValueDictionary()


class OutOfStorage(bytearray):
    """Under a tensor whose storage became too small for it, in the place of its memory.

    Its bytes are ones, so that floats read as nan; nothing can be written.
    """

    memory: Array  # of the storage
    start: int
    strides: tuple[int, ...]

    @classmethod
    def under(cls, array: Array, memory: Array, start: int, strides: tuple[int, ...]) -> Array:
        """An array of the shape and dtype of ``array`` that remembers its place in ``memory``."""
        bytes_of_one = cls(b"\xff" * array.itemsize)
        bytes_of_one.memory, bytes_of_one.start, bytes_of_one.strides = memory, start, strides
        made: Array = np.ndarray(array.shape, array.dtype, bytes_of_one, 0, (0,) * array.ndim)
        made.flags.writeable = False
        return made


class UntypedStorage(StorageBase):
    """Bytes, uninitialised or of a sequence of integers; tensors are windows of them.

    Args:
        size: how many bytes, or a sequence of integers, of which the lowest eight bits count.
        device: the CPU.

    Raises:
        RuntimeError: ``size`` is negative, or something else than integers.

    Example:
        >>> import minitorch
        >>> x = minitorch.zeros(2)
        >>> x.untyped_storage().nbytes()
        8
        >>> storage = minitorch.UntypedStorage([1, 2, 3, 4])
        >>> minitorch.asarray(storage[:2], dtype=minitorch.uint8)
        tensor([1, 2], dtype=torch.uint8)

    Follows https://docs.pytorch.org/docs/stable/storage.html#torch.UntypedStorage
    """

    is_cuda = is_hpu = is_sparse = is_sparse_csr = False
    _filename: str | None = None

    def __new__(cls, size: Any = 0, *, device: Any = None, allocator: Any = None) -> Self:
        if device is not None and as_device(device).type == "meta":
            raise NotImplementedError("MiniTorch has no storages without memory")
        made = object.__new__(cls)
        if hasattr(size, "__index__"):
            count = index(size)
            if count < 0:
                raise RuntimeError(f"a storage of {count} bytes: the size must not be negative")
            made._memory = np.empty(count, BYTE)
        elif not hasattr(size, "__len__"):
            raise RuntimeError(
                "torch.UntypedStorage(): Expected a sequence type, but got " + type(size).__name__
            )
        else:
            for item in size:
                if not hasattr(item, "__index__"):
                    raise RuntimeError(
                        "torch.UntypedStorage(): tried to construct a storage from a sequence "
                        f"({type(size).__name__}), but one of the items was of type "
                        f"{type(item).__name__} instead of int"
                    )
            made._memory = np.array([index(item) & 0xFF for item in size], BYTE)
        _known[id(made._memory)] = made
        return made

    @classmethod
    def of(cls, array: Array) -> UntypedStorage:
        """The storage whose window ``array`` is: the same object as long as somebody has it."""
        owner = owner_of(array)
        lost: Any = owner.base
        if isinstance(lost, OutOfStorage):
            owner = owner_of(lost.memory)
        known = _known.get(id(owner))
        if known is None:
            memory, _ = storage_of(owner)
            known = object.__new__(cls)
            known._memory = window(memory, (memory.nbytes,), BYTE, 0, (1,))
            _known[id(owner)] = known
        return known

    @classmethod
    def from_file(cls, filename: Any, shared: bool = False, nbytes: int = 0) -> UntypedStorage:
        """The bytes of a file, mapped into memory.

        Args:
            shared: writes go to the file, which is made, or made longer, where it has to be.
            nbytes: how many bytes from the beginning on; 0: all.

        Raises:
            RuntimeError: there is no such file, or it is shorter and not ``shared``.
        """
        path = os.fsdecode(filename)
        if not shared and not os.path.exists(path):
            raise RuntimeError(
                f"unable to open file <{path}> in read-only mode: No such file or directory (2)"
            )
        with open(path, "a+b" if shared else "rb") as file:
            there = file.seek(0, os.SEEK_END)
            if shared and nbytes > there:
                file.truncate(nbytes)
            elif nbytes > there:
                raise RuntimeError(
                    f"file <{path}> size <{there}> is smaller than the required mapping size "
                    f"<{nbytes}>"
                )
        size = nbytes or there
        made = cls.of(np.empty(0, BYTE))
        if size:
            mapped = np.memmap(path, BYTE, "r+" if shared else "c", 0, (size,))
            made = cls.of(foreign(mapped.view(np.ndarray)))
        made._filename = path if shared else None
        return made

    @staticmethod
    def from_buffer(
        buffer: Any, byte_order: str = "native", count: int = -1, offset: int = 0, *,
        dtype: dtype | None = None,
    ) -> UntypedStorage:  # fmt: skip
        """A copy of the bytes of a buffer, which hold elements of ``dtype`` in ``byte_order``.

        Raises:
            RuntimeError: there is no ``dtype``.
            ValueError: the byte order is unknown; the buffer holds no whole number of elements, or
                fewer than ``count`` from ``offset`` on.
        """
        if dtype is None:
            raise RuntimeError("argument 'dtype' cannot be None")
        if byte_order not in ("native", "little", "big"):
            raise ValueError(
                f"invalid byte_order '{byte_order}' (expected 'big', 'little', or 'native')"
            )
        item = as_dtype(dtype).itemsize
        raw = np.frombuffer(buffer, BYTE)
        if not 0 <= offset <= raw.size:
            raise ValueError(
                f"offset must be non-negative and no greater than buffer length ({raw.size}), but "
                f"got {offset}"
            )
        if count < 0:
            if (raw.size - offset) % item:
                raise ValueError(
                    f"buffer size ({raw.size}) must be a multiple of element size ({item})"
                )
            count = (raw.size - offset) // item
        if offset + count * item > raw.size:
            raise ValueError(
                f"buffer has only {raw.size - offset} elements after offset {offset}, but "
                f"specified a size of {count}"
            )
        made = UntypedStorage.of(raw[offset : offset + count * item].copy())
        if byte_order not in ("native", sys.byteorder):
            made.byteswap(dtype)
        return made

    # --- what it is ---

    def data_ptr(self) -> int:
        """The address of the first byte, 0 where there is none."""
        return address(self._memory) if self._memory.size else 0

    @property
    def _cdata(self) -> int:
        """A number that no other storage has."""
        return id(owner_of(self._memory))

    def nbytes(self) -> int:
        """The number of bytes."""
        return self._memory.size

    size = __len__ = nbytes

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + self.nbytes()

    def element_size(self) -> int:
        """1."""
        return 1

    @property
    def device(self) -> device:
        """Where the bytes are: on the CPU."""
        return CPU

    def get_device(self) -> int:
        """-1: the CPU has no number."""
        return -1

    @property
    def filename(self) -> str | None:
        """The file whose bytes these are, for ``from_file(shared=True)``; else None."""
        return self._filename

    def resizable(self) -> bool:
        """Whether ``resize_`` can be called: not for memory that NumPy or a file owns."""
        return owner_of(self._memory).flags.owndata

    def is_shared(self) -> bool:
        """Whether processes that this one forks see the same bytes."""
        owner: Any = owner_of(self._memory).base
        return self._filename is not None or isinstance(getattr(owner, "obj", None), mmap)

    def is_pinned(self, device: Any = "cuda") -> bool:
        """False."""
        return False

    def __repr__(self) -> str:
        values = "\n ".join(map(str, self.tolist()))
        return f" {values}\n[torch.storage.UntypedStorage(device=cpu) of size {len(self)}]"

    # --- bytes ---

    def tolist(self) -> list[int]:
        """The bytes as numbers."""
        values: list[int] = self._memory.tolist()
        return values

    def __iter__(self) -> Iterator[int]:
        return iter(self.tolist())

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> UntypedStorage: ...
    def __getitem__(self, index: Any) -> Any:
        self._check(index)
        if isinstance(index, slice):  # a storage of its own on these bytes
            return UntypedStorage.of(foreign(self._memory[index]))
        return int(self._memory[index])

    def __setitem__(self, index: int | slice, value: int) -> None:
        self._check(index)
        if not hasattr(value, "__index__"):
            raise RuntimeError(
                f"can only set storage content with a int types, but got {type(value).__name__} "
                "instead"
            )
        self._memory[index] = int(value) & 0xFF

    def _check(self, index: Any) -> None:
        if isinstance(index, slice):
            if index.step not in (None, 1):
                raise RuntimeError(
                    f"Trying to slice with a step of {index.step}, but only a step of 1 is "
                    "supported"
                )
        elif not hasattr(index, "__index__"):
            raise TypeError(f"can't index a torch.UntypedStorage with {type(index).__name__}")
        elif not -len(self) <= index < len(self):
            raise IndexError(f"index {index} out of range for storage of size {len(self)}")

    def fill_(self, value: int) -> Self:
        """Sets all bytes to ``value``."""
        self[:] = value
        return self

    def copy_(self, source: Any, non_blocking: bool | None = None) -> Self:
        """Takes over the bytes of ``source``.

        Raises:
            RuntimeError: the sizes differ.
        """
        memory = source._memory
        if memory.size != self._memory.size:
            raise RuntimeError(
                f"size does not match, self was {self._memory.size} bytes but src was "
                f"{memory.size} bytes"
            )
        self._memory[...] = memory
        return self

    def byteswap(self, dtype: dtype) -> None:
        """Turns round the bytes of each element of ``dtype``, of each part of a complex one.

        Raises:
            RuntimeError: the bytes are no whole number of elements.
        """
        kind = as_dtype(dtype)
        item = kind.itemsize // (2 if kind.is_complex else 1)
        if self._memory.size % item:
            raise RuntimeError(f"the length of data is not a multiple of {item}")
        parts = self._memory.reshape(-1, item)
        parts[...] = parts[:, ::-1].copy()

    # --- copies ---

    def clone(self) -> UntypedStorage:
        """A copy."""
        return UntypedStorage.of(self._memory.copy())

    __copy__ = clone

    def __deepcopy__(self, memo: dict[Any, Any]) -> UntypedStorage:
        return UntypedStorage.of(deep_copy(self._memory, memo))

    def __reduce__(self) -> Any:
        return _of_bytes, (self._memory.tobytes(),)

    def new(self) -> UntypedStorage:
        """A storage of no bytes."""
        return UntypedStorage()

    def untyped(self) -> UntypedStorage:
        """The storage itself."""
        return self

    def cpu(self) -> UntypedStorage:
        """The storage itself."""
        return self

    def to(self, *, device: Any, non_blocking: bool = False) -> UntypedStorage:
        """The storage itself: it is on the CPU.

        Raises:
            RuntimeError: ``device`` is another one.
        """
        as_device(device)
        return self

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """The name of its class; with a class, the storage as one of that."""
        if dtype is None:
            return "torch.storage.UntypedStorage"
        if dtype in (UntypedStorage, "torch.storage.UntypedStorage"):
            return self
        return dtype(wrap_storage=self)

    # --- other memory ---

    def resize_(self, nbytes: int) -> Self:
        """Gives the storage, and the tensors on it, another number of bytes.

        Bytes beyond the old ones are zeros. A tensor that reaches beyond the new ones keeps its
        shape and reads as nan until they are there again. What a graph saved keeps its values.

        Raises:
            RuntimeError: ``nbytes`` is negative, or the memory is NumPy's or a file's.
        """
        count = index(nbytes)
        if count < 0:
            raise RuntimeError(f"a storage of {count} bytes: the size must not be negative")
        if not self.resizable():
            raise RuntimeError("Trying to resize storage that is not resizable")
        grown = np.zeros(count, BYTE)
        kept = min(count, self._memory.size)
        grown[:kept] = self._memory[:kept]
        self._move(grown)
        return self

    def share_memory_(self) -> Self:
        """Moves the bytes, and the tensors on them, to memory that forked processes share."""
        if self._memory.size and not self.is_shared():
            shared = np.frombuffer(mmap(-1, self._memory.size), BYTE)
            shared[...] = self._memory
            self._move(shared)
        return self

    @classmethod
    def _new_shared(cls, size: int, *, device: Any = "cpu") -> UntypedStorage:
        return cls(size).share_memory_()

    def _move(self, memory: Array) -> None:
        """Lets the storage and all tensors on it have the bytes ``memory``."""
        old = self._memory
        owner = owner_of(old)
        for each in gc.get_objects():
            array = each._data if issubclass(type(each), Variable) else None
            if type(array) is not np.ndarray:
                continue
            own: Any = owner_of(array)
            lost = own.base if isinstance(own.base, OutOfStorage) else None
            if own is not owner and (lost is None or owner_of(lost.memory) is not owner):
                continue
            start = lost.start if lost else address(array) - address(old)
            strides = lost.strides if lost else array.strides
            try:
                each._data = window(memory, array.shape, array.dtype, start, strides)
            except RuntimeError:
                each._data = OutOfStorage.under(array, memory, start, strides)
        _known.pop(id(owner), None)
        self._memory = memory
        _known[id(memory)] = self


def _of_bytes(raw: bytes) -> UntypedStorage:
    return UntypedStorage.of(np.frombuffer(bytearray(raw), BYTE))


def from_file(
    filename: str, shared: bool | None = None, size: int | None = 0, *, dtype: dtype | None = None,
    layout: Any = None, device: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of the first ``size`` elements in a file, mapped into memory.

    Args:
        shared: writes go to the file, which is made, or made longer, where it has to be.
        dtype: of the elements; the default dtype.

    Raises:
        RuntimeError: there is no such file, or it is shorter and not ``shared``.
    """
    made = empty(0, dtype=dtype, layout=layout, device=device, pin_memory=pin_memory)
    storage = UntypedStorage.from_file(filename, bool(shared), (size or 0) * made.dtype.itemsize)
    return made.set_(storage, 0, (size or 0,))
