"""``save``: what PyTorch writes."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import struct
import sys
from collections import OrderedDict
from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import return_types
from .._tensor.tensor import Tensor
from .._tensor.untyped_storage import UntypedStorage
from .._types import layout as _layout
from .._types.dtype import as_dtype
from .._types.size import Size
from ..autograd.variable import Variable
from ..kernels.memory import StorageBase, address, packed_strides, storage_of
from . import rebuilding
from .archive import ALIGNMENT, ArchiveWriter
from .loading import MAGIC
from .names import pytorch_name
from .options import _package_registry, location_tag, options
from .rebuilding import FUNCTIONS, VALUES, StorageKind
from .replacing import replacing

if TYPE_CHECKING:
    from os import PathLike
    from typing import IO

__all__ = ["normalize_storage_type", "save"]

Array = np.ndarray[Any, Any]
PIECE = 1 << 20  # bytes: what is copied, summed and written at a time
# PyTorch's names of what the writer refers to
PATHS: dict[Any, str] = {
    call: path for path, call in FUNCTIONS.items() if path.startswith("torch.")
}
PATHS |= {kind: path for path, kind in VALUES.items() if isinstance(kind, StorageKind)}
KINDS: dict[Any, StorageKind] = {
    kind.dtype: kind for kind in map(VALUES.get, VALUES) if isinstance(kind, StorageKind)
}
KINDS[as_dtype("uint8")] = VALUES["torch.ByteStorage"]
BYTES = VALUES["torch.storage.UntypedStorage"]


def save(
    obj: Any, f: str | PathLike[str] | IO[bytes], pickle_module: Any = pickle,
    pickle_protocol: int = 2, _use_new_zipfile_serialization: bool = True,
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
    """
    if pickle_module not in (None, pickle):
        raise ValueError("save() has a pickler of its own: pickle_module can only be Python's")
    protocol = 2 if pickle_protocol is None else pickle_protocol
    if protocol not in (2, 3, 4, 5):
        raise ValueError(f"pickle_protocol must be from 2 to 5, not {pickle_protocol!r}")
    if options.skip and not _use_new_zipfile_serialization:
        raise RuntimeError("skip_data is only supported with _use_new_zipfile_serialization=True")
    if not (isinstance(f, str | bytes | os.PathLike) or hasattr(f, "write")):
        raise AttributeError(
            "expected 'f' to be string, path, or a file-like object with a 'write' attribute"
        )
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


TUPLES = (pickle.EMPTY_TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3)
# the instructions that make one, add one item and add a batch of them; the length of a batch
FILLED = {
    list: (pickle.EMPTY_LIST, pickle.APPEND, pickle.APPENDS, 1000),
    dict: (pickle.EMPTY_DICT, pickle.SETITEM, pickle.SETITEMS, 2000),
}


class Window(NamedTuple):
    """The arguments of ``rebuild`` for a tensor: the window of a storage, in elements."""

    storage: tuple[Any, ...]  # its persistent id
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]
    requires_grad: bool
    dtype: Any = None  # where the storage does not say it

    @property
    def rebuild(self) -> Callable[..., Any]:
        """What makes the tensor."""
        return rebuilding.rebuild if self.dtype is None else rebuilding.rebuild_untyped


class Call(NamedTuple):
    """``function(*arguments)``, to be called by the reader."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class NoHooks:
    """An empty OrderedDict, where PyTorch had the hooks of a tensor."""


# in Python: the one in C lets nobody replace save_global, which writes the names
_Pickler: Any = pickle._Pickler


NUMBERS = {kind: _Pickler.dispatch[kind] for kind in (int, float, bool, type(None))}
WITH_NUMBER = struct.Struct("<cI")


class PickleWriter(_Pickler):  # type: ignore[misc]  # the stubs know too little of it
    """Writes objects under PyTorch's names; the memory of the tensors is in ``arrays`` then."""

    dispatch = _Pickler.dispatch.copy()

    def __init__(self, file: Any, protocol: int, suffix: tuple[Any, ...] = ()) -> None:
        super().__init__(file, protocol)
        if protocol < 4:  # which has no frames
            self.write = file.write
        self.suffix = suffix  # of the persistent ids
        self.arrays: list[Array] = []
        self.places: dict[tuple[int, int], tuple[int, Any]] = {}
        self.names: dict[type, list[tuple[str, str]]] = {}  # of a tensor's class and its bases
        self.dispatch_table = {
            **copyreg.dispatch_table,
            Size: lambda size: (Size, (tuple(size),)),
            _layout.layout: lambda layout: (rebuilding.layout_of, (repr(layout),)),
        }

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        """As the pickler in C, which PyTorch uses: its bytes, one frame for a level of a nest."""
        kind, write = type(obj), self.write
        if self.proto >= 4:
            self.framer.commit_frame()
        if kind in NUMBERS:
            NUMBERS[kind](self, obj)
            return
        known = self.memo.get(id(obj))
        if known is not None:
            write(self.get(known[0]))
        elif kind is tuple:
            size = len(obj)
            if size > 3:
                write(pickle.MARK)
            for item in obj:
                self.save(item)
            known = self.memo.get(id(obj))
            if known is not None and obj:  # one of its items contains it
                write(pickle.POP_MARK if size > 3 else pickle.POP * size)
                write(self.get(known[0]))
                return
            write(TUPLES[size] if size < 4 else pickle.TUPLE)
            if obj:
                self.memoize(obj)
        elif kind is list or kind is dict:
            empty, one, many, batch = FILLED[kind]
            items = list(chain.from_iterable(obj.items())) if kind is dict else obj
            write(empty)
            self.memoize(obj)
            # after the last full batch of a dict the pickler in C writes an empty one
            for at in range(0, len(items) + (kind is dict and len(obj) > 1), batch):
                if len(obj) > 1:
                    write(pickle.MARK)
                for item in items[at : at + batch]:
                    self.save(item)
                write(many if len(obj) > 1 else one)
        elif kind is str and self.proto < 4:
            text = obj.encode("utf-8", "surrogatepass")
            write(WITH_NUMBER.pack(pickle.BINUNICODE, len(text)) + text)
            self.memoize(obj)
        elif kind in self.dispatch:
            self.dispatch[kind](self, obj)
        elif isinstance(obj, Variable):
            self.save_tensor(obj)
        elif isinstance(obj, StorageBase):
            self.save_storage(obj)
        else:
            super().save(obj)

    def memoize(self, obj: Any) -> None:
        number = len(self.memo)
        self.memo[id(obj)] = number, obj
        if number > 255 and self.proto < 4:
            self.write(WITH_NUMBER.pack(pickle.LONG_BINPUT, number))
        else:
            self.write(self.put(number))

    def keep(self) -> None:
        """Gives a number of the memo to what was written last, which nothing refers to again."""
        number = len(self.memo)
        self.memo[~number] = number, None  # no object has a negative id
        self.write(self.put(number))

    def reducer_override(self, obj: Any) -> Any:
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

    dispatch[StorageKind] = save_global
    dispatch[type(rebuilding.rebuild)] = save_global

    # --- tensors ---

    def save_no_hooks(self, obj: NoHooks) -> None:
        self.save(OrderedDict)
        self.write(pickle.EMPTY_TUPLE + pickle.REDUCE)
        self.keep()

    def save_call(self, obj: Call) -> None:
        self.save_reduce(*obj, obj=obj)

    def save_window(self, obj: Window) -> None:
        storage, offset, size, stride, requires_grad, dtype = obj
        save, write = self.save, self.write
        write(pickle.MARK + pickle.MARK)
        for item in storage:
            save(item)
        write(pickle.TUPLE)
        self.keep()
        write(pickle.BINPERSID)
        save(offset)
        save(size)
        save(stride)
        save(requires_grad)
        self.save_no_hooks(NO_HOOKS)
        if dtype is not None:
            save(dtype)
        write(pickle.TUPLE)
        self.keep()

    def save_tensor(self, tensor: Any) -> None:
        kind = type(tensor)
        if kind not in self.names:
            self.names[kind] = [pytorch_name(each) for each in kind.__mro__]
        names = self.names[kind]
        state = {k: v for k, v in tensor.__dict__.items() if k not in Variable.__annotations__}
        call: Any = rebuilding.rebuild_with_state
        arguments: Any
        if names[0][1].startswith("Uninitialized"):
            call, arguments = kind, (tensor.requires_grad,)
        elif PARAMETER in names:
            window = self.window(tensor._array(), False)
            data = Call(window.rebuild, window)
            call, arguments = rebuilding.parameter, (data, tensor.requires_grad, NO_HOOKS)
            if state:
                call, arguments = rebuilding.parameter_with_state, (*arguments, state)
        else:
            window = self.window(tensor._array(), tensor.requires_grad)
            if names[0] == BUFFER:
                kind, state = Tensor, {**state, "_is_buffer": True}
            if kind is Tensor and not state:
                call, arguments = window.rebuild, window
            else:
                arguments = (window.rebuild, kind, window, state)
        self.save_reduce(call, arguments, obj=tensor)

    def window(self, array: Array, requires_grad: bool) -> Window:
        """The window of ``array``, whose memory is among ``arrays`` then."""
        memory, offset = storage_of(array)
        item = array.itemsize
        steps = (offset, memory.nbytes, *array.strides)
        if any(step < 0 or step % item for step in steps):  # PyTorch has no such windows
            array = memory = np.array(array, order="C")
            offset = 0
        dtype = as_dtype(array.dtype)
        storage = self.storage_id(memory, KINDS.get(dtype, BYTES))
        if array.size:
            stride = tuple([step // item for step in array.strides])
        else:  # NumPy's are 0
            stride = packed_strides(array.shape, 1, range(array.ndim))
        untyped = dtype if dtype in rebuilding.UNTYPED else None
        return Window(storage, offset // item, array.shape, stride, requires_grad, untyped)

    def storage_id(self, memory: Array, kind: StorageKind) -> tuple[Any, ...]:
        """The persistent id of ``memory``, which is among ``arrays`` then."""
        where = (address(memory), memory.nbytes)
        known = self.places.get(where) if memory.nbytes else None
        if known is None:
            known = self.places[where] = (len(self.arrays), kind.dtype)
            self.arrays.append(memory)
        key, dtype = known
        if dtype is not kind.dtype:
            raise RuntimeError(
                "Cannot save multiple tensors or storages that view the same data as different "
                f"types: {dtype} and {kind.dtype}. Save one of them, or a clone()"
            )
        place = location_tag(UntypedStorage.of(memory)) if len(_package_registry) > 1 else "cpu"
        return ("storage", kind, str(key), place, memory.nbytes // kind.itemsize, *self.suffix)

    def save_storage(self, storage: Any) -> None:
        """A storage itself, which ``load`` gives back as a TypedStorage."""
        kind = VALUES["torch.storage.UntypedStorage"]
        if storage._dtype is not None:
            kind = KINDS.get(storage._dtype, BYTES)
        memory, _ = storage_of(storage._memory)
        self.write(pickle.MARK)
        for item in self.storage_id(memory, kind):
            self.save(item)
        self.write(pickle.TUPLE)
        self.keep()
        self.write(pickle.BINPERSID)

    dispatch |= {Window: save_window, Call: save_call, NoHooks: save_no_hooks}


PARAMETER = ("torch.nn.parameter", "Parameter")
BUFFER = ("torch.nn.parameter", "Buffer")
NO_HOOKS = NoHooks()


def _chunks(array: Array) -> Any:
    """The bytes, in copies: another thread may write meanwhile, and the checksum must be right."""
    raw = array.reshape(-1).view(np.uint8).data if array.nbytes else b""
    return (bytes(raw[at : at + PIECE]) for at in range(0, len(raw), PIECE))


def _write_archive(file: Any, stem: str, program: bytes, arrays: list[Array]) -> None:
    archive = ArchiveWriter(file, stem or "archive", options.crc32)
    archive.add("data.pkl", [program], len(program))
    archive.add(".format_version", [b"1"], 1)
    archive.add(".storage_alignment", [b"%d" % ALIGNMENT], 2)
    archive.add("byteorder", [sys.byteorder.encode()], len(sys.byteorder))
    for number, array in enumerate(arrays):
        chunks = [bytes(array.nbytes)] if options.skip else _chunks(array)
        archive.add(f"data/{number}", chunks, array.nbytes)
    archive.add("version", [b"3\n"], 2)
    archive.close()
    if hasattr(file, "flush"):
        file.flush()


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
    if hasattr(file, "flush"):
        file.flush()


def normalize_storage_type(storage_type: Any) -> Any:
    """The class of storages that files name for ``storage_type``: itself."""
    return storage_type
