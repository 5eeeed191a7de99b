"""``PyTorchFileReader`` and ``PyTorchFileWriter``: the members of PyTorch's archives, by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any, Self

from .._tensor.untyped_storage import UntypedStorage
from ..ops.creation import empty
from .archive import ALIGNMENT, Archive, ArchiveWriter

__all__ = ["PyTorchFileReader", "PyTorchFileWriter"]


class PyTorchFileReader:
    """Reads the members of an archive that ``save`` or a ``PyTorchFileWriter`` made.

    Args:
        name_or_buffer: a path, or a file open for reading in binary mode.

    Raises:
        RuntimeError: it is no such archive.
    """

    def __init__(self, name_or_buffer: Any) -> None:
        own = not hasattr(name_or_buffer, "read")
        self.file: Any = open(name_or_buffer, "rb") if own else name_or_buffer  # noqa: SIM115  (closed by close())
        self.archive = Archive(self.file)
        self.stem = next(iter(self.archive.members), "archive/").partition("/")[0] + "/"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def _name(self, name: str) -> str:
        if self.stem + name not in self.archive.members:
            raise RuntimeError(f"PytorchStreamReader failed locating file {name}: file not found")
        return self.stem + name

    def has_record(self, name: str) -> bool:
        """Whether there is a member of this name."""
        return self.stem + name in self.archive.members

    def get_all_records(self) -> list[str]:
        """The names of all members."""
        return [name.removeprefix(self.stem) for name in self.archive.members]

    def get_record(self, name: str) -> bytes:
        """The bytes of a member."""
        return self.archive.read(self._name(name)).tobytes()

    def get_storage_from_record(self, name: str, numel: int, dtype: Any) -> Any:
        """A tensor whose storage has the bytes of a member."""
        storage = UntypedStorage.of(self.archive.read(self._name(name)))
        made: Any = empty(0, dtype=dtype)
        return made.set_(storage, 0, (numel,), (1,))

    def get_record_offset(self, name: str) -> int:
        """Where in the file the bytes of a member begin."""
        return self.archive.start(self.archive.members[self._name(name)])

    def get_record_size(self, name: str) -> int:
        """How many bytes a member has."""
        return self.archive.members[self._name(name)].size

    def version(self) -> int:
        """The version of the format."""
        return int(self.get_record("version"))

    def serialization_id(self) -> str:
        """What the file has in the place of the archive's number; empty where it has none."""
        name = ".data/serialization_id"
        return self.get_record(name).decode() if self.has_record(name) else ""


class PyTorchFileWriter:
    """Writes an archive, member by member.

    Args:
        name_or_buffer: a path, or a file open for writing in binary mode.
    """

    def __init__(
        self, name_or_buffer: Any, compute_crc32: bool = True, storage_alignment: int = ALIGNMENT
    ) -> None:
        self.own = not hasattr(name_or_buffer, "write")
        stem = PurePath(name_or_buffer).stem if self.own else "archive"
        self.file: Any = open(name_or_buffer, "wb") if self.own else name_or_buffer  # noqa: SIM115  (closed by close())
        self.writer = ArchiveWriter(self.file, stem or "archive", compute_crc32, storage_alignment)
        self.names: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.write_end_of_file()

    def archive_name(self) -> str:
        """The folder of the archive in which its members are."""
        return self.writer.stem

    def write_record(self, name: str, data: Any, size: int) -> None:
        """A member: ``data`` are bytes, a string or a storage."""
        raw = data.encode() if isinstance(data, str) else data
        raw = raw._memory.tobytes() if isinstance(raw, UntypedStorage) else bytes(raw)
        self.names.append(name)
        self.writer.add(name, [raw[:size]], size)

    def write_record_metadata(self, name: str, size: int) -> None:
        """A member of ``size`` zeros."""
        self.write_record(name, bytes(size), size)

    def get_all_written_records(self) -> list[str]:
        """The names of the members so far."""
        return list(self.names)

    def write_end_of_file(self) -> None:
        """Writes the version and the directory."""
        if "version" not in self.names:
            self.write_record("version", b"3\n", 2)
            self.writer.close()
        if self.own:
            self.file.close()
        elif hasattr(self.file, "flush"):
            self.file.flush()


@contextmanager
def _open_file_like(name_or_buffer: Any, mode: str) -> Iterator[Any]:
    if isinstance(name_or_buffer, str | PurePath):
        with open(name_or_buffer, mode) as file:
            yield file
    else:
        yield name_or_buffer


_open_zipfile_reader = PyTorchFileReader
_open_zipfile_writer = PyTorchFileWriter


def _is_zipfile(f: Any) -> bool:
    """Whether an archive begins at the present place of a file."""
    start = f.tell()
    signature = f.read(4)
    f.seek(start)
    return bool(signature == b"PK\3\4")
