"""``load``: the archives that ``save`` writes, and files from before PyTorch 1.6."""

from __future__ import annotations

import io
import mmap
import os
import pickle
import pickletools
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from .._tensor.untyped_storage import UntypedStorage
from .._types.device import device
from .archive import Archive, NoArchiveError
from .names import allowed_by_user
from .options import LoadEndianness, default_restore_location, options
from .pickle_reader import Allowed, PickleReader, brief, python3_name, said
from .rebuilding import FUNCTIONS, SETTERS, VALUES, Storage, StorageKind
from .unrestricted_reader import UnrestrictedReader

if TYPE_CHECKING:
    from os import PathLike
    from typing import IO

__all__ = ["get_unsafe_globals_in_checkpoint", "load"]

Array = np.ndarray[Any, Any]
MapLocation = (
    str | device | dict[str, str] | Callable[[UntypedStorage, str], UntypedStorage | None] | None
)
MAGIC = 0x1950A86A20F9469CFC6C  # of the format before PyTorch 1.6
MAGIC_PICKLED = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


def load(
    f: str | PathLike[str] | IO[bytes], map_location: MapLocation = None, pickle_module: Any = None,
    *, weights_only: bool | None = None, mmap: bool | None = None, encoding: str = "utf-8",
) -> Any:  # fmt: skip
    """Reads a file that ``save``, here or in PyTorch, wrote.

    Tensors, NumPy arrays, numbers, strings and Python's containers are read, and named tuples whose
    class the program has imported. Other classes are read after ``add_safe_globals``, or with
    ``weights_only=False``; otherwise a file runs no code that the reader did not name, and time and
    memory are bounded: beside the tensors, whose memory the file holds (without ml_dtypes bfloat16
    becomes float32, which takes twice that), what is made takes at most some 20 times the bytes of
    the file, plus 50 MB. All tensors come to the CPU, those that were saved on a GPU too.

    Args:
        f: a path, or a file open for reading in binary mode.
        map_location: ``"cpu"``; or a dict from the devices in the file to ``"cpu"``; or a function
            that is called with the ``UntypedStorage`` and the device of each memory and returns the
            ``UntypedStorage`` to use, or None for the same.
        pickle_module: None, as files are not read by Python's own ``pickle``.
        weights_only: False reads whatever the file names, whole models among it, and so **runs
            what the file says**: for files that you trust.
        mmap: leaves the tensors' memory in the file, of which the tensors become private copies
            page by page; for a path only.
        encoding: of the strings that Python 2 wrote; ``"bytes"`` leaves them as they are.

    Raises:
        pickle.UnpicklingError: the file names a class or function that is not allowed; the message
            says how to allow it.
        RuntimeError: the file is damaged, or no file of PyTorch's; or ``map_location`` names
            another device than the CPU.

    Example:
        >>> import io, minitorch
        >>> file = io.BytesIO()
        >>> minitorch.save([minitorch.ones(2), "text"], file)
        >>> _ = file.seek(0)
        >>> minitorch.load(file)
        [tensor([1., 1.]), 'text']
    """
    if pickle_module not in (None, pickle):
        raise RuntimeError(
            "load() has a reader of its own, which runs no code from the file; pickle_module can "
            "only be None"
        )
    safe = weights_only is None or weights_only
    locate = Location(map_location)
    if mmap and hasattr(f, "read"):
        raise ValueError("f must be a string or os.PathLike object in order to use mmap=True")
    with _opened(f) as file:
        place = file.tell()
        start = file.read(len(MAGIC_PICKLED))
        if not start:  # where save() left it
            place = file.seek(0)
            start = file.read(len(MAGIC_PICKLED))
        if not start:
            raise EOFError("Ran out of input: the file is empty")
        if start == MAGIC_PICKLED and mmap:
            raise RuntimeError(
                "mmap can only be used with files saved with _use_new_zipfile_serialization=True"
            )
        with _located(), _damage():
            if start == MAGIC_PICKLED:
                file.seek(place)
                made, size = _load_old(file.read(), locate, encoding, safe)
                file.seek(place + size)
                return made
            if start[:1] == b"\x80":
                raise RuntimeError(
                    "the file is a plain pickle, which load() does not read: read it where it was "
                    "written and save() it"
                )
            members = Members(file, locate, f if mmap else None)
            if safe:
                return members.reader(encoding).read()
        with _located():  # what the file's own classes raise is not damage
            return UnrestrictedReader(members.program(), members.storage, encoding).read()


def get_unsafe_globals_in_checkpoint(f: str | PathLike[str] | IO[bytes]) -> list[str]:
    """The names in a file that ``load`` refuses unless ``add_safe_globals`` allows them.

    Args:
        f: a path, or a file open for reading in binary mode.

    Raises:
        ValueError: the file is not one of ``save``'s.

    Example:
        >>> import io, argparse, minitorch
        >>> file = io.BytesIO()
        >>> minitorch.save(argparse.Namespace(lr=0.1), file)
        >>> minitorch.serialization.get_unsafe_globals_in_checkpoint(file)
        ['argparse.Namespace']

    Follows https://docs.pytorch.org/docs/stable/notes/serialization.html
    """
    with _opened(f) as file:
        file.seek(0)
        if file.read(2) != b"PK":
            raise ValueError("Expected input to be a checkpoint returned by torch.save")
        with _damage():
            reader = Members(file, Location(None)).reader()
            found: dict[str, None] = {}
            strings: list[Any] = ["", ""]
            for code, value, _ in pickletools.genops(reader.program):
                if code.name == "GLOBAL":
                    strings = str(value).split(" ", 1)
                elif "UNICODE" in code.name:
                    strings = [strings[-1], value]
                if code.name in ("GLOBAL", "STACK_GLOBAL"):
                    try:
                        reader.name(*strings)
                    except pickle.UnpicklingError:
                        found[".".join(python3_name(*strings))] = None
        return list(found)


@contextmanager
def _opened(f: Any) -> Iterator[Any]:
    if not hasattr(f, "read"):
        with open(os.fspath(f), "rb") as file:
            yield file
    elif not hasattr(f, "seek"):
        raise AttributeError(
            "You can only torch.load from a file that is seekable. Please pre-load the data into a "
            "buffer like io.BytesIO and try to load from it instead."
        )
    elif hasattr(f, "readinto"):
        yield f
    else:
        place = f.tell()
        copy = io.BytesIO(f.read())
        yield copy
        f.seek(place + copy.tell())


@contextmanager
def _located() -> Iterator[None]:
    """Raises what ``map_location`` raised."""
    try:
        yield
    except LocationError as failure:
        error = failure.error
        raise error from error.__cause__


@contextmanager
def _damage() -> Iterator[None]:
    """Says of whatever a damaged file leads to that the file is damaged."""
    try:
        yield
    except NoArchiveError as error:
        raise RuntimeError(f"the file is damaged or not one of save()'s: {said(error)}") from None
    except (
        EOFError, LookupError, MemoryError, OverflowError, TypeError, ValueError, struct.error,
    ) as error:  # fmt: skip
        raise RuntimeError(f"the file is damaged: {said(error)}") from error


class LocationError(Exception):
    """What went wrong in ``map_location``, on its way past the reports of damage."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class Location:
    """Takes the bytes of tensors to where ``map_location`` wants them."""

    def __init__(self, map_location: MapLocation) -> None:
        if isinstance(map_location, (str, device)):
            _check_cpu(str(map_location))
        elif not (map_location is None or isinstance(map_location, dict) or callable(map_location)):
            raise TypeError(
                "map_location must be a device, its name, a dict from names to names or a function "
                f"of a storage and a name, not a {type(map_location).__name__}"
            )
        self.wanted = map_location

    def __call__(self, raw: Array, location: str) -> Array:
        try:
            if isinstance(self.wanted, dict):
                _check_cpu(self.wanted.get(location, "cpu"))
            elif not isinstance(self.wanted, device) and callable(self.wanted):
                result = self.wanted(UntypedStorage.of(raw), location)
                if result is None:
                    return raw
                if not isinstance(result, UntypedStorage):
                    raise TypeError(
                        "map_location must return the storage to use, or None, not a "
                        + type(result).__name__
                    )
                return result._memory
        except Exception as error:
            raise LocationError(error) from error
        return raw


def _check_cpu(location: Any) -> None:
    if not isinstance(location, str):
        raise TypeError(
            f"map_location's values must be names of devices, not a {type(location).__name__}"
        )
    default_restore_location(UntypedStorage(), location)


class Members:
    """The members of an archive; ``path`` where the tensors' memory is to stay in the file."""

    def __init__(self, file: Any, locate: Location, path: Any = None) -> None:
        self.archive, self.locate, self.path = Archive(file), locate, path
        pickles = [name for name in self.archive.members if name.count("/") == 1]
        pickles = [name for name in pickles if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise RuntimeError("the file is a zip archive, but not one that save() writes")
        self.stem = pickles[0].removesuffix("data.pkl")
        default = options.endianness or LoadEndianness.LITTLE
        order = (
            sys.byteorder if default is LoadEndianness.NATIVE else default.name.lower()
        ).encode()
        if f"{self.stem}byteorder" in self.archive.members:
            order = self.archive.read(f"{self.stem}byteorder").tobytes()
        if order not in (b"little", b"big"):
            raise RuntimeError(f"Unknown endianness type: {brief(order)}")
        self.swapped = order.decode() != sys.byteorder
        self.storages: dict[str, Storage] = {}

    def reader(self, encoding: str = "utf-8") -> PickleReader:
        allowed = Allowed(VALUES, FUNCTIONS, SETTERS, allowed_by_user())
        return PickleReader(self.program(), allowed, self.storage, self.archive.size, encoding)

    def program(self) -> bytes:
        return self.archive.read(f"{self.stem}data.pkl").tobytes()

    def storage(self, key: Any) -> Storage:
        """The memory that the persistent id names, read once."""
        kind, name, location, count = _storage_id(key)
        if name not in self.storages:
            path = f"{self.stem}data/{name}"
            if path not in self.archive.members:
                raise pickle.UnpicklingError(f"the memory {brief(name)} of a tensor is missing")
            if options.skip:
                raw = np.zeros(self.archive.members[path].size, np.uint8)
            elif self.path is not None:
                shared = options.mmap_flags == mmap.MAP_SHARED
                raw = self.archive.map(path, self.path, shared)
            else:
                raw = self.archive.read(path)
            if raw.size % kind.itemsize:
                raise pickle.UnpicklingError("a tensor's memory ends within an element")
            if self.swapped:
                kind.swap(raw)
            array = kind.view(self.locate(raw, location))
            self.storages[name] = Storage(kind, array, raw.size // kind.itemsize)
        storage = self.storages[name]
        if storage.kind is not kind or storage.count != count:
            raise pickle.UnpicklingError(
                f"the memory {brief(name)} has {storage.count} elements of a {storage.kind.name}, "
                f"but {brief(count)} of a {kind.name} are announced"
            )
        return storage


def _storage_id(key: Any) -> tuple[StorageKind, str, str, int]:
    if type(key) is tuple:  # strings of Python 2 may have been left as bytes
        key = tuple(x.decode("latin-1") if type(x) is bytes else x for x in key)
    if type(key) is not tuple or len(key) < 5 or type(key[0]) is not str or key[0] != "storage":
        raise pickle.UnpicklingError(f"unknown persistent id {brief(key)}")
    _, kind, name, location, count = key[:5]
    if type(kind) is not StorageKind or {type(name), type(location)} != {str}:
        raise pickle.UnpicklingError("a damaged description of a tensor's memory")
    if type(count) is not int or count < 0:
        raise pickle.UnpicklingError("a tensor's memory of no or of negative length")
    return kind, name, location, count


def _load_old(data: bytes, locate: Location, encoding: str, safe: bool) -> tuple[Any, int]:
    """The format before PyTorch 1.6: pickles in a row, then the memory of the tensors.

    Returns the object and the number of bytes that it takes.
    """
    storages: dict[str, Storage] = {}
    left = len(data)

    def persistent(key: Any) -> Storage:
        nonlocal left
        kind, name, location, count = _storage_id(key)
        if name not in storages:
            size = count * kind.itemsize
            left -= size
            if left < 0:
                raise pickle.UnpicklingError("the memory of the tensors is longer than the file")
            raw = locate(np.zeros(size, np.uint8), location)  # the values follow
            storages[name] = Storage(kind, kind.view(raw), count)
        whole = storages[name]
        if whole.kind is not kind or whole.count != count:
            raise pickle.UnpicklingError("one memory of tensors is described in two ways")
        if len(key) < 6 or key[5] is None:
            return whole
        _, offset, length = key[5]  # a part of it, as PyTorch before 0.4 wrote views
        if not 0 <= offset <= offset + length <= count:
            raise pickle.UnpicklingError("a part of a tensor's memory lies beyond it")
        return Storage(kind, whole.array[offset : offset + length], length)

    allowed = Allowed(VALUES, FUNCTIONS, SETTERS, allowed_by_user())
    reader: PickleReader | UnrestrictedReader = (
        PickleReader(data, allowed, persistent, encoding=encoding)
        if safe
        else UnrestrictedReader(data, persistent, encoding)
    )
    magic, version, system, made, names = (reader.read() for _ in range(5))
    if magic != MAGIC or version != 1001 or type(system) is not dict or type(names) is not list:
        raise RuntimeError("Invalid magic number; corrupt file?")
    little = system.get("little_endian", system.get(b"little_endian"))
    names = [name.decode("latin-1") if type(name) is bytes else name for name in names]
    swapped = little is not (sys.byteorder == "little")
    for name in names:
        storage = storages.get(name) if type(name) is str else None
        (count,) = struct.unpack("<q" if sys.byteorder == "little" else ">q", reader.take(8))
        if storage is None or count != storage.count:
            raise RuntimeError("the file is damaged: a tensor's memory is not the one announced")
        if storage.array.size != count:
            raise RuntimeError(
                f"storage has wrong byte size: the file has {count} elements, but map_location "
                f"returned a storage of {storage.array.size}"
            )
        raw = np.frombuffer(bytearray(reader.take(count * storage.kind.itemsize)), np.uint8)
        if swapped:
            storage.kind.swap(raw)
        storage.array[...] = storage.kind.view(raw)
    return made, reader.at
