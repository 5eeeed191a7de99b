"""``save``: what PyTorch writes."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from typing import Any

import numpy as np

from .. import return_types
from .._tensor.tensor import Tensor
from .._types import layout as _layout
from .._types.dtype import as_dtype
from .._types.size import Size
from ..autograd.variable import Variable
from ..kernels.memory import address, storage_of
from . import rebuilding
from .loading import MAGIC
from .names import pytorch_name
from .rebuilding import FUNCTIONS, VALUES, StorageKind
from .replacing import replacing

__all__ = ["save"]

Array = np.ndarray[Any, Any]
CHUNK = 1 << 18  # bytes: stays in the cache between copy, checksum and file
# PyTorch's names of what the writer refers to
PATHS: dict[Any, str] = {
    call: path for path, call in FUNCTIONS.items() if path.startswith("torch.")
}
PATHS |= {kind: path for path, kind in VALUES.items() if isinstance(kind, StorageKind)}
KINDS = {kind.dtype: kind for kind in map(VALUES.get, VALUES) if isinstance(kind, StorageKind)}
KINDS[as_dtype("uint8")] = VALUES["torch.ByteStorage"]


def save(
    obj: Any, f: Any, pickle_module: Any = pickle, pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
) -> None:  # fmt: skip
    """Writes an object to a file that PyTorch reads too.

    Tensors that share memory share it again after ``load``; the whole of that memory is written,
    as PyTorch does it. A file appears, or is replaced, when it is complete: a crash leaves the old
    one, unless its directory allows no new files.

    Args:
        obj: tensors, NumPy arrays, numbers, strings and Python's containers of these, such as a
            ``state_dict()``, which ``load`` reads; or any object that can be pickled, such as a
            whole module, which ``load`` reads after ``serialization.add_safe_globals``.
        f: a path, or a file open for writing in binary mode.
        pickle_module: Python's ``pickle``; no other.
        pickle_protocol: from 2 to 5; PyTorch's ``load`` reads 2 and 3.

    Raises:
        pickle.PicklingError, TypeError, AttributeError: something in ``obj`` cannot be pickled.

    Example:
        >>> import io, minitorch
        >>> file = io.BytesIO()
        >>> minitorch.save({"weight": minitorch.ones(2), "epoch": 3}, file)
        >>> _ = file.seek(0)
        >>> minitorch.load(file)
        {'weight': tensor([1., 1.]), 'epoch': 3}

    Follows https://docs.pytorch.org/docs/stable/generated/torch.save.html
    """
    if pickle_module not in (None, pickle):
        raise ValueError("save() has a pickler of its own: pickle_module can only be Python's")
    protocol = 2 if pickle_protocol is None else pickle_protocol
    if protocol not in (2, 3, 4, 5):
        raise ValueError(f"pickle_protocol must be from 2 to 5, not {pickle_protocol!r}")
    write = _write_archive if _use_new_zipfile_serialization else _write_old
    program = io.BytesIO()
    writer = PickleWriter(program, protocol, () if write is _write_archive else (None,))
    writer.dump(obj)
    if hasattr(f, "write"):
        write(f, "archive", program.getvalue(), writer.arrays)
        return
    path = os.path.realpath(os.fsdecode(f))
    stem = os.path.splitext(os.path.basename(path))[0]
    with replacing(path) as file:
        write(file, stem if stem.isascii() else "archive", program.getvalue(), writer.arrays)


class StorageReference:
    """Memory on its way to the file."""

    def __init__(self, *key: Any) -> None:
        self.key = key


# in Python: the one in C lets nobody replace save_global, which writes the names
_Pickler: Any = pickle._Pickler


class PickleWriter(_Pickler):  # type: ignore[misc]  # the stubs know too little of it
    """Writes objects under PyTorch's names; the memory of the tensors is in ``arrays`` then."""

    dispatch = _Pickler.dispatch.copy()

    def __init__(self, file: Any, protocol: int, suffix: tuple[Any, ...] = ()) -> None:
        super().__init__(file, protocol)
        self.suffix = suffix  # of the persistent ids
        self.arrays: list[Array] = []
        self.places: dict[tuple[Any, ...], int] = {}
        self.dispatch_table = {
            **copyreg.dispatch_table,
            Size: lambda size: (Size, (tuple(size),)),
            _layout.layout: lambda layout: (rebuilding.layout_of, (repr(layout),)),
        }

    def save_reference(self, obj: StorageReference) -> None:
        self.save(obj.key, save_persistent_id=False)
        self.write(pickle.BINPERSID)

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, Variable):
            return self.recipe(obj)
        if isinstance(obj, tuple) and type(obj).__module__ == return_types.__name__:
            return type(obj), (tuple(obj), {})
        return NotImplemented

    def save_global(self, obj: Any, name: str | None = None) -> None:
        path = PATHS.get(obj) if isinstance(obj, StorageKind) or callable(obj) else None
        if path:
            module, _, name = path.rpartition(".")
        elif str(getattr(obj, "__module__", "")).startswith("minitorch"):
            module, name = pytorch_name(obj, name)
        else:
            super().save_global(obj, name)
            return
        if self.proto >= 4:
            self.save(module)
            self.save(name)
            self.write(pickle.STACK_GLOBAL)
        else:
            self.write(f"c{module}\n{name}\n".encode())
        self.memoize(obj)

    dispatch[StorageReference] = save_reference
    dispatch[StorageKind] = save_global
    dispatch[type(rebuilding.rebuild)] = save_global

    # --- tensors ---

    def recipe(self, tensor: Any) -> tuple[Any, ...]:
        """What to call for a tensor, and with what."""
        kind, name = type(tensor), pytorch_name(type(tensor))
        state = {k: v for k, v in tensor.__dict__.items() if k not in Variable.__annotations__}
        if name[1].startswith("Uninitialized"):
            return kind, (tensor.requires_grad,)
        arguments: tuple[Any, ...] = (*self.window(tensor._array()), tensor.requires_grad)
        if any(pytorch_name(each) == PARAMETER for each in kind.__mro__):
            data = Call(rebuilding.rebuild, (*arguments[:-1], False, OrderedDict()))
            call, more = (rebuilding.parameter_with_state, (state,)) if state else (
                rebuilding.parameter, ())  # fmt: skip
            return call, (data, tensor.requires_grad, OrderedDict(), *more)
        arguments += (OrderedDict(),)
        if name == ("torch.nn.parameter", "Buffer"):
            kind, state = Tensor, {**state, "_is_buffer": True}
        if kind is Tensor and not state:
            return rebuilding.rebuild, arguments
        return rebuilding.rebuild_with_state, (rebuilding.rebuild, kind, arguments, state)

    def window(self, array: Array) -> tuple[Any, ...]:
        """The storage of ``array``, the offset in it, sizes and strides."""
        memory, offset = storage_of(array)
        item = array.itemsize
        steps = (offset, memory.nbytes, *array.strides)
        if any(step < 0 or step % item for step in steps):  # PyTorch has no such windows
            array = memory = np.array(array, order="C")
            offset = 0
        where = (address(memory), memory.nbytes, array.dtype)
        if where not in self.places or not memory.nbytes:
            self.places[where] = len(self.arrays)
            self.arrays.append(memory)
        kind, key = KINDS[as_dtype(array.dtype)], str(self.places[where])
        storage = StorageReference("storage", kind, key, "cpu", memory.nbytes // item, *self.suffix)
        strides = tuple(step // item for step in array.strides)
        return storage, offset // item, tuple(array.shape), strides


PARAMETER = ("torch.nn.parameter", "Parameter")


class Call:
    """``function(*arguments)``, to be called by the reader."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call


def _chunks(array: Array) -> Any:
    """The bytes, in copies: another thread may write meanwhile, and the checksum must be right."""
    raw = array.reshape(-1).view(np.uint8).data if array.nbytes else b""
    return (bytes(raw[at : at + CHUNK]) for at in range(0, len(raw), CHUNK))


def _write_archive(file: Any, stem: str, program: bytes, arrays: list[Array]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:

        def put(name: str, chunks: Any, size: int) -> None:
            entry = zipfile.ZipInfo(f"{stem or 'archive'}/{name}", (1980, 1, 1, 0, 0, 0))
            # the data start at a multiple of 64 bytes, as in PyTorch's files
            start = archive.fp.tell()  # type: ignore[union-attr]  # it is open
            head = start + 30 + len(entry.filename) + 4
            large = 20 if size * 1.05 > zipfile.ZIP64_LIMIT else 0
            padding = -(head + large) % 64
            entry.extra = struct.pack("<2sH", b"FB", padding) + b"Z" * padding
            entry.file_size = size
            with archive.open(entry, "w") as member:
                for chunk in chunks:
                    member.write(chunk)

        order = sys.byteorder.encode()
        put("data.pkl", [program], len(program))
        put(".format_version", [b"1"], 1)
        put(".storage_alignment", [b"64"], 2)
        put("byteorder", [order], len(order))
        for number, array in enumerate(arrays):
            put(f"data/{number}", _chunks(array), array.nbytes)
        put("version", [b"3\n"], 2)


def _write_old(file: Any, stem: str, program: bytes, arrays: list[Array]) -> None:
    """The format before PyTorch 1.6: pickles in a row, then the memory of the tensors."""
    system = {
        "protocol_version": 1001,
        "little_endian": sys.byteorder == "little",
        "type_sizes": {"short": 2, "int": 4, "long": struct.calcsize("l")},
    }
    for head in (MAGIC, 1001, system):
        file.write(pickle.dumps(head, 2))
    file.write(program)
    keys = sorted(map(str, range(len(arrays))))
    file.write(pickle.dumps(keys, 2))
    for key in keys:
        array = arrays[int(key)]
        file.write(struct.pack("=q", array.size))
        for chunk in _chunks(array):
            file.write(chunk)
