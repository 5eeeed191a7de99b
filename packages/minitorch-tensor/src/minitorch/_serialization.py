"""``save`` and ``load``: PyTorch's files, read and written without PyTorch.

A file is a zip archive whose members are not compressed: ``data.pkl``, the containers as a pickle,
and ``data/0``, ``data/1``, ..., the memory of the tensors. PyTorch's ``load`` (with
``weights_only=True``, its default) reads what ``save`` writes, and the other way round.
"""

from __future__ import annotations

import math
import os
import pickle
import stat
import struct
import sys
import zipfile
import zlib
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ._creation import made
from ._device import CPU, as_device
from ._dtype import ALL, as_dtype, bfloat16
from ._memory import address, storage_of
from ._pickle_reader import read_pickle
from ._pickle_writer import Call, Name, PersistentId, PickleWriter
from ._size import Size
from .autograd.variable import Variable

__all__ = ["load", "save"]

Array = np.ndarray[Any, Any]
STORAGES = {f"{each.type_name}Storage": each for each in ALL}
REBUILD = Name("torch._utils", "_rebuild_tensor_v2")
REBUILD_PARAMETER = Name("torch._utils", "_rebuild_parameter")


# --- save --------------------------------------------------------------------------------------


def save(obj: Any, f: Any, pickle_module: Any = None, pickle_protocol: Any = None) -> None:
    """Writes tensors and containers of them to a file that PyTorch reads too.

    Tensors that share memory share it again after ``load``; the whole of that memory is written,
    as PyTorch does it. A file appears, or is replaced, when it is complete: a crash leaves the old
    one.

    ``obj`` is a tensor, a number, a string, or dicts, lists, tuples, sets of these, such as a
    ``state_dict()``. ``f`` is a path, or a file open for writing in binary mode.

    Raises:
        TypeError: something in ``obj`` is none of these.

    Example:
        >>> import io, minitorch
        >>> file = io.BytesIO()
        >>> minitorch.save({"weight": minitorch.ones(2), "epoch": 3}, file)
        >>> _ = file.seek(0)
        >>> minitorch.load(file)
        {'weight': tensor([1., 1.]), 'epoch': 3}

    Follows https://docs.pytorch.org/docs/stable/generated/torch.save.html
    """
    storages = _Storages()
    program = PickleWriter(storages.describe).dump(obj)
    if hasattr(f, "write"):
        _write_archive(f, "archive", program, storages.arrays)
        return
    path = os.path.realpath(os.fspath(f))
    stem = os.path.splitext(os.path.basename(path))[0]
    with _replacing(path) as file:
        _write_archive(file, stem or "archive", program, storages.arrays)


@contextmanager
def _replacing(path: str) -> Iterator[Any]:
    """A new file that takes the place of ``path`` when all went well."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):  # a device, a pipe
        with open(path, "wb") as file:
            yield file
        return
    temporary = f"{path}.{os.getpid()}-{os.urandom(4).hex()}.tmp"
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


class _Storages:
    """The memory that the tensors of one file share."""

    def __init__(self) -> None:
        self.arrays: list[Array] = []
        self.places: dict[tuple[Any, ...], int] = {}

    def describe(self, tensor: Any) -> Call:
        """PyTorch's recipe for ``tensor``."""
        array = tensor._array()
        memory, offset = storage_of(array)
        item = array.itemsize
        steps = (offset, memory.nbytes, *array.strides)
        if any(step < 0 or step % item for step in steps):
            array = memory = np.array(array, order="C")
            offset = 0
        where = (address(memory), memory.nbytes, array.dtype)
        if where not in self.places or not memory.nbytes:
            self.places[where] = len(self.arrays)
            self.arrays.append(memory)
        key = self.places[where]
        kind = as_dtype(array.dtype)
        storage = PersistentId(
            ("storage", Name("torch", f"{kind.type_name}Storage"), str(key), "cpu",
             memory.nbytes // item)
        )  # fmt: skip
        strides = tuple(step // item for step in array.strides)
        parameter = type(tensor).__name__ == "Parameter"
        values = Call(
            REBUILD, storage, offset // item, tuple(array.shape), strides,
            tensor.requires_grad and not parameter, OrderedDict(),
        )  # fmt: skip
        if not parameter:
            return values
        return Call(REBUILD_PARAMETER, values, tensor.requires_grad, OrderedDict())


def _write_archive(file: Any, stem: str, program: bytes, arrays: list[Array]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:

        def put(name: str, data: Any, size: int) -> None:
            entry = zipfile.ZipInfo(f"{stem}/{name}", (1980, 1, 1, 0, 0, 0))
            # the data start at a multiple of 64 bytes, as in PyTorch's files
            start = archive.fp.tell()  # type: ignore[union-attr]  # it is open
            head = start + 30 + len(entry.filename.encode()) + 4
            large = 20 if size * 1.05 > zipfile.ZIP64_LIMIT else 0
            padding = -(head + large) % 64
            entry.extra = struct.pack("<2sH", b"FB", padding) + b"Z" * padding
            entry.file_size = size
            with archive.open(entry, "w") as member:
                member.write(data)

        put("data.pkl", program, len(program))
        put(".format_version", b"1", 1)
        put("byteorder", sys.byteorder.encode(), len(sys.byteorder))
        for number, array in enumerate(arrays):
            put(f"data/{number}", _bytes(array), array.nbytes)
        put("version", b"3\n", 2)


def _bytes(array: Array) -> Any:
    if not array.nbytes:
        return b""
    whole = array.T if array.flags.f_contiguous else array
    return whole.reshape(-1).view(np.uint8).data


# --- load --------------------------------------------------------------------------------------


def load(
    f: Any, map_location: Any = None, pickle_module: Any = None, *, weights_only: bool = True,
    mmap: bool | None = None,
) -> Any:  # fmt: skip
    """Reads a file that ``save``, here or in PyTorch, wrote: tensors and containers of them.

    Nothing in the file is executed, whatever it holds, and no more memory is taken than the file is
    long (bfloat16 becomes float32, which takes twice that). All tensors come to the CPU.

    ``f`` is a path, or a file open for reading in binary mode; ``map_location`` may name the CPU;
    ``weights_only`` can only be True.

    Raises:
        pickle.UnpicklingError: the file holds other objects than data.
        RuntimeError: the file is damaged, or no file of PyTorch's.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.load.html
    """
    if not weights_only:
        raise ValueError(
            "load(weights_only=False) would run code from the file, which MiniTorch never does. "
            "Files of tensors and containers load with weights_only=True."
        )
    if isinstance(map_location, str):
        as_device(map_location)
    if not hasattr(f, "read"):
        with open(f, "rb") as file:
            return _load(file)
    if not hasattr(f, "seek"):
        raise AttributeError("load() needs a file that can seek: read it into an io.BytesIO first")
    return _load(f)


def _load(file: Any) -> Any:
    file.seek(0, os.SEEK_END)
    size = file.tell()
    file.seek(0)
    if not size:
        raise EOFError("Ran out of input: the file is empty")
    try:
        with zipfile.ZipFile(file) as archive:
            members = _Members(archive, size)
            return read_pickle(members.read("data.pkl"), members.names(), members.storage)
    except pickle.UnpicklingError:
        raise
    except zipfile.BadZipFile as error:
        file.seek(0)
        if file.read(2) == b"\x80\x02":
            raise RuntimeError(
                "the file is a plain pickle or in PyTorch's format from before version 1.6, which "
                "MiniTorch does not read: load and save it again with a current PyTorch"
            ) from None
        raise RuntimeError(f"the file is damaged or not one of save()'s: {error}") from error
    except (
        EOFError, LookupError, MemoryError, NotImplementedError, OverflowError, TypeError,
        UnicodeError, ValueError, struct.error, zlib.error,
    ) as error:  # fmt: skip
        raise RuntimeError(f"the file is damaged: {type(error).__name__}: {error}") from error


class _Members:
    """The members of one archive."""

    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        self.archive = archive
        entries = archive.infolist()
        paths = [entry.filename for entry in entries]
        pickles = [path for path in paths if path.count("/") == 1 and path.endswith("/data.pkl")]
        if len(pickles) != 1 or len(set(paths)) != len(paths):
            raise RuntimeError("the file is a zip archive, but not one that save() writes")
        self.stem = pickles[0].removesuffix("data.pkl")
        for entry in entries:
            if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
                raise RuntimeError(f"{entry.filename} is compressed, which save() never does")
            if entry.flag_bits & 1:
                raise RuntimeError(f"{entry.filename} is encrypted")
        if sum(entry.file_size for entry in entries) > size:
            raise RuntimeError("the members of the archive are longer than the file")
        self.entries = {entry.filename: entry for entry in entries}
        order = self.read("byteorder") if f"{self.stem}byteorder" in self.entries else b"little"
        self.swapped = order.decode() != sys.byteorder
        self.memory: dict[str, Array] = {}
        self.views: dict[tuple[str, Any], Array] = {}

    def read(self, name: str) -> bytes:
        return self.archive.read(self.stem + name)

    def storage(self, key: Any) -> _Storage:
        """The memory that the persistent id names, read once."""
        if not (isinstance(key, tuple) and len(key) == 5 and key[0] == "storage"):
            raise pickle.UnpicklingError(f"unknown persistent id {key!r:.80}")
        _, kind, name, _, count = key
        if not (isinstance(kind, _StorageKind) and type(name) is str and type(count) is int):
            raise pickle.UnpicklingError("a damaged description of a tensor's memory")
        entry = self.entries.get(f"{self.stem}data/{name}")
        if entry is None:
            raise pickle.UnpicklingError(f"the memory {name!r:.80} of a tensor is missing")
        if count < 0 or entry.file_size != count * kind.itemsize:
            raise pickle.UnpicklingError(
                f"the memory {name!r} has {entry.file_size} bytes, but {count} elements of "
                f"{kind.itemsize} bytes are announced"
            )
        if name not in self.memory:
            raw = np.empty(entry.file_size, np.uint8)
            with self.archive.open(entry) as member:
                _fill(member, raw)
            self.memory[name] = raw
        if (name, kind.name) not in self.views:
            self.views[name, kind.name] = kind.view(self.memory[name], self.swapped)
        return _Storage(self.views[name, kind.name])

    def names(self) -> dict[str, Any]:
        """What a file may ask for."""
        return {
            "collections.OrderedDict": _ordered_dict,
            "collections.Counter": _counter,
            "builtins.set": _set,
            "builtins.complex": _complex,
            "builtins.bytearray": _bytearray,
            "_codecs.encode": _encode,
            "torch.Size": _size,
            "torch.device": _device,
            "torch._utils._rebuild_tensor": _rebuild,
            "torch._utils._rebuild_tensor_v2": _rebuild,
            "torch._utils._rebuild_parameter": _parameter,
            "torch._utils._rebuild_parameter_with_state": _parameter,
            "torch.bfloat16": bfloat16,
            **{f"torch.{each.name}": each for each in ALL},
            **{f"torch.{name}": _StorageKind(name) for name in (*STORAGES, "BFloat16Storage")},
            "torch.storage.UntypedStorage": _StorageKind("ByteStorage"),
        }


def _fill(member: Any, raw: Array) -> None:
    """Reads all of ``member`` into ``raw``; its checksum is verified at the end."""
    target, at = raw.data, 0
    while at < len(target):
        count = member.readinto(target[at:])
        if not count:
            raise EOFError("a tensor's memory ends too early")
        at += count
    if member.read(1):
        raise ValueError("a tensor's memory is longer than announced")


class _StorageKind:
    """One of PyTorch's storage classes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dtype = STORAGES.get(name)  # None: bfloat16
        self.itemsize = 2 if self.dtype is None else self.dtype.itemsize

    def view(self, raw: Array, swapped: bool) -> Array:
        """The bytes ``raw`` as elements."""
        if self.dtype is None:  # the upper half of a float32
            bits = raw.view(np.uint16)
            bits = bits.byteswap() if swapped else bits
            return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)
        if self.dtype.name == "bool":
            return np.not_equal(raw, 0)
        if swapped:
            return raw.view(self.dtype.numpy.newbyteorder()).astype(self.dtype.numpy)
        return raw.view(self.dtype.numpy)


class _Storage:
    """Memory that tensors are made of."""

    def __init__(self, array: Array) -> None:
        self.array = array


def _rebuild(
    storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any = False,
    backward_hooks: Any = None, metadata: Any = None,
) -> Any:  # fmt: skip
    """A tensor: a window into a storage, which must lie within it."""
    whole = [offset, *size, *stride]
    if not isinstance(storage, _Storage) or not all(type(n) is int and n >= 0 for n in whole):
        raise pickle.UnpicklingError("a damaged description of a tensor")
    array = storage.array
    if len(size) != len(stride) or len(size) > 64:
        raise pickle.UnpicklingError("a tensor's sizes and strides do not match")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if math.prod(size) and last >= array.size:
        raise pickle.UnpicklingError(
            f"a tensor of sizes {size} and strides {stride} at {offset} lies beyond its memory of "
            f"{array.size} elements"
        )
    if math.prod(size) > max(array.size, 1) and 0 not in stride:
        raise pickle.UnpicklingError("a tensor with more elements than its memory")
    if math.prod(size) == 0:
        window = np.empty(size, array.dtype)
    else:
        steps = [n * array.itemsize for n in stride]
        window = np.ndarray(size, array.dtype, array, offset * array.itemsize, steps)
    return made(window).requires_grad_(bool(requires_grad))


def _parameter(data: Any, requires_grad: Any, backward_hooks: Any, state: Any = None) -> Any:
    """A Parameter; where minitorch-nn is not installed, a tensor that requires grad."""
    if not isinstance(data, Variable):
        raise pickle.UnpicklingError("a Parameter without a tensor")
    import minitorch

    nn = getattr(minitorch, "nn", None)
    if nn is None:
        return data.requires_grad_(bool(requires_grad))
    return nn.Parameter(data, bool(requires_grad))


def _ordered_dict(*arguments: Any) -> Any:
    if arguments:
        raise pickle.UnpicklingError("an OrderedDict is written empty and then filled")
    return OrderedDict()


def _counter(counts: Any = ()) -> Any:
    if type(counts) is not dict or not all(type(n) is int for n in counts.values()):
        raise pickle.UnpicklingError("a damaged Counter")
    return Counter(counts)


def _set(items: Any = ()) -> Any:
    from ._pickle_reader import _key

    if type(items) not in (list, tuple):
        raise pickle.UnpicklingError("a set is written as a list")
    return set(map(_key, items))


def _complex(real: Any, imaginary: Any) -> complex:
    return complex(float(real), float(imaginary))


def _bytearray(*arguments: Any) -> bytearray:
    if arguments and type(arguments[0]) not in (bytes, str):
        raise pickle.UnpicklingError("a bytearray is written as bytes")
    return bytearray(_encode(*arguments) if arguments else b"")


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if type(text) is bytes:
        return text
    if type(text) is not str or encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError("bytes are written as a latin1 string")
    return text.encode("latin-1")


def _size(sizes: Any = ()) -> Size:
    if not all(type(n) is int for n in sizes):
        raise pickle.UnpicklingError("a Size is a tuple of integers")
    return Size(sizes)


def _device(*arguments: Any) -> Any:
    """Whatever the device was, here it is the CPU."""
    return CPU
