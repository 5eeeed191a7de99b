"""Zip archives whose members are not compressed, read and written in PyTorch's layout."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Archive", "ArchiveWriter", "Member", "NoArchiveError"]

Array = np.ndarray[Any, Any]
END = struct.Struct("<4s4xHHLLH")  # entries here, entries, length and place of the directory
END_64 = struct.Struct("<4sQHH8xQQQQ")  # the length of the rest, versions, and the same
LOCATOR_64 = struct.Struct("<4s4xQL")  # the place of END_64, just before END; 1
# flags, method, checksum, sizes in the file and outside, lengths of name, extra and comment, place
ENTRY = struct.Struct("<4s4xHH4xLLLHHH8xL")
LOCAL = struct.Struct("<4s2xH18xHH")  # flags, lengths of name and extra
AFTER = struct.Struct("<4sLLL")  # after the bytes of a member: checksum, sizes
AFTER_64 = struct.Struct("<4sLQQ")
FLAGS = 0x808  # the sizes stand after the bytes, names are in UTF-8
ALIGNMENT = 64  # of the bytes of a member
IN_64 = 0xFFFFFFFF  # a field of END or ENTRY whose value stands in END_64 or in the extra data
CHUNK = 1 << 18  # bytes: stays in the cache between file, checksum and memory


class NoArchiveError(RuntimeError):
    """The file has no directory of a zip archive."""


class Member(NamedTuple):
    """Where the bytes of a member are described, how many, and their checksum."""

    place: int
    size: int
    checksum: int


class Archive:
    """The members of ``file``, by name.

    Raises:
        NoArchiveError: the file is no zip archive.
        RuntimeError: it is one that ``save`` cannot have written.
    """

    def __init__(self, file: Any) -> None:
        self.file = file
        self.size = file.seek(0, os.SEEK_END)
        count, length, place = self._end()
        if place + length > self.size or count * ENTRY.size > length:
            raise RuntimeError("the file is damaged: its directory lies beyond it")
        directory, at = self._bytes(place, length), 0
        self.members: dict[str, Member] = {}
        for _ in range(count):
            mark, flags, method, checksum, stored, size, *lengths, start = ENTRY.unpack_from(
                directory, at
            )
            if mark != b"PK\1\2":
                raise RuntimeError("the file is damaged: its directory is")
            at += ENTRY.size
            name = directory[at : at + lengths[0]]
            if IN_64 in (size, stored, start):
                extra = directory[at + lengths[0] : at + lengths[0] + lengths[1]]
                size, stored, start = _extended(extra, [size, stored, start])
            at += sum(lengths)
            text = name.decode("utf-8", "surrogateescape")
            if method or stored != size:
                raise RuntimeError(f"{text[:80]!r} is compressed, which save() never does")
            if flags & 1:
                raise RuntimeError(f"{text[:80]!r} is encrypted")
            self.members[text] = Member(start, size, checksum)
        if len(self.members) != count:
            raise RuntimeError("the file is damaged: two of its members have one name")
        if sum(member.size for member in self.members.values()) > self.size:
            raise RuntimeError("the members of the archive are longer than the file")

    def _bytes(self, place: int, length: int) -> bytes:
        self.file.seek(place)
        found: bytes = self.file.read(length)
        if len(found) != length:
            raise RuntimeError("the file is damaged: it ends too early")
        return found

    def _end(self) -> tuple[int, int, int]:
        """The number of entries of the directory, its length and its place."""
        longest = min(self.size, END.size + 0xFFFF)
        tail = self._bytes(self.size - longest, longest)
        at = tail.rfind(b"PK\5\6")
        if at < 0 or at + END.size > len(tail):
            raise NoArchiveError("it is no zip archive")
        _, _, count, length, place, _ = END.unpack_from(tail, at)
        if at >= LOCATOR_64.size:
            mark, end, _ = LOCATOR_64.unpack_from(tail, at - LOCATOR_64.size)
            if mark == b"PK\6\7":
                mark, *_, count, length, place = END_64.unpack(self._bytes(end, END_64.size))
                if mark != b"PK\6\6":
                    raise RuntimeError("the file is damaged: its directory is")
        return count, length, place

    def start(self, member: Member) -> int:
        """Where the bytes of the member begin."""
        mark, _, *lengths = LOCAL.unpack(self._bytes(member.place, LOCAL.size))
        if mark != b"PK\3\4":
            raise RuntimeError("the file is damaged: a member is not where it should be")
        return member.place + LOCAL.size + int(sum(lengths))

    def read(self, name: str) -> Array:
        """The bytes of a member; their checksum is verified, if the writer computed one."""
        member = self.members[name]
        raw = np.empty(member.size, np.uint8)
        self.file.seek(self.start(member))
        whole, at, checksum = raw.data, 0, 0
        while at < member.size:
            target = whole[at : at + CHUNK]
            count = self.file.readinto(target)
            if not count:
                raise RuntimeError("the file is damaged: it ends too early")
            checksum = zlib.crc32(target[:count], checksum)
            at += count
        if checksum != member.checksum and member.checksum:
            raise RuntimeError(f"the file is damaged: {name[:80]!r} has another checksum")
        return raw

    def map(self, name: str, path: Any, shared: bool) -> Array:
        """The bytes of a member as pages of the file, unless ``shared`` copied where they are
        written to."""
        member = self.members[name]
        if not member.size:
            return np.empty(0, np.uint8)
        pages = np.memmap(
            path, np.uint8, "r+" if shared else "c", self.start(member), (member.size,)
        )
        return pages.view(np.ndarray)


def _extended(extra: bytes, fields: list[int]) -> list[int]:
    """The sizes and the place of a member in a file beyond 4 GB."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            longer = iter(struct.unpack_from(f"<{length // 8}Q", extra, at + 4))
            return [next(longer, field) if field == IN_64 else field for field in fields]
        at += 4 + length
    return fields


class ArchiveWriter:
    """Writes members named ``stem/...`` to ``file``, from its present place on."""

    def __init__(
        self, file: Any, stem: str, checksums: bool = True, alignment: int = ALIGNMENT
    ) -> None:
        self.file, self.stem = file, stem
        self.checksums, self.alignment = checksums, alignment
        try:
            self.place = file.tell()
        except (AttributeError, OSError):  # a pipe
            self.place = 0
        self.directory: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.file.write(data)
        self.place += len(data)

    def add(self, name: str, chunks: Iterable[bytes], size: int) -> None:
        """A member of ``size`` bytes."""
        path, start, checksum = f"{self.stem}/{name}".encode(), self.place, 0
        large = size >= IN_64
        sizes = struct.pack("<HHQQ", 1, 16, 0, 0) if large else b""
        padding = -(start + LOCAL.size + len(path) + len(sizes) + 4) % self.alignment
        extra = sizes + struct.pack("<2sH", b"FB", padding) + b"Z" * padding
        pending = LOCAL.pack(b"PK\3\4", FLAGS, len(path), len(extra)) + path + extra
        for chunk in chunks:
            checksum = zlib.crc32(chunk, checksum) if self.checksums else 0
            self.write(pending + chunk if len(chunk) < CHUNK else pending)
            if len(chunk) >= CHUNK:
                self.write(chunk)
            pending = b""
        after = AFTER_64 if large else AFTER
        self.write(pending + after.pack(b"PK\7\x08", checksum, size, size))
        longer = [n for n in (size, size, start) if n >= IN_64]
        extra = struct.pack(f"<HH{len(longer)}Q", 1, 8 * len(longer), *longer) if longer else b""
        size, at = min(size, IN_64), min(start, IN_64)
        lengths = len(path), len(extra), 0
        entry = ENTRY.pack(b"PK\1\2", FLAGS, 0, checksum, size, size, *lengths, at)
        self.directory.append(entry + path + extra)

    def close(self) -> None:
        """Writes the directory."""
        start, count, directory = self.place, len(self.directory), b"".join(self.directory)
        length = len(directory)
        end = start + length
        short = min(count, 0xFFFF)
        self.write(
            directory
            + END_64.pack(b"PK\6\6", END_64.size - 12, 0x31E, 45, count, count, length, start)
            + LOCATOR_64.pack(b"PK\6\7", end, 1)
            + END.pack(b"PK\5\6", short, short, min(length, IN_64), min(start, IN_64), 0)
        )
