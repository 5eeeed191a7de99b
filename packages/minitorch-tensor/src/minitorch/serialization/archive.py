"""A reader of zip archives whose members are not compressed, in time linear in their length."""

from __future__ import annotations

import os
import struct
import zlib
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Archive", "Member", "NoArchiveError"]

Array = np.ndarray[Any, Any]
END = struct.Struct("<4s4xHHLLH")  # entries here, entries, length and place of the directory
END_64 = struct.Struct("<4s20xQQQQ")
LOCATOR_64 = struct.Struct("<4s4xQ4x")  # the place of END_64, just before END
# flags, method, checksum, sizes in the file and outside, lengths of name, extra and comment, place
ENTRY = struct.Struct("<4s4xHH4xLLLHHH8xL")
LOCAL = struct.Struct("<4s22xHH")  # lengths of name and extra
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
            mark, end = LOCATOR_64.unpack_from(tail, at - LOCATOR_64.size)
            if mark == b"PK\6\7":
                mark, _, count, length, place = END_64.unpack(self._bytes(end, END_64.size))
                if mark != b"PK\6\6":
                    raise RuntimeError("the file is damaged: its directory is")
        return count, length, place

    def start(self, member: Member) -> int:
        """Where the bytes of the member begin."""
        mark, *lengths = LOCAL.unpack(self._bytes(member.place, LOCAL.size))
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

    def map(self, name: str, path: Any) -> Array:
        """The bytes of a member as pages of the file, copied where they are written to."""
        member = self.members[name]
        if not member.size:
            return np.empty(0, np.uint8)
        pages = np.memmap(path, np.uint8, "c", self.start(member), (member.size,))
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
