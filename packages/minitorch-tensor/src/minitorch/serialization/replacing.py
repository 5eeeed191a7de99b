"""Files that appear, or are replaced, when they are complete."""

from __future__ import annotations

import contextlib
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be deleted
    fcntl = None  # type: ignore[assignment]  # Windows has none

__all__ = ["replacing"]


@contextmanager
def replacing(path: str) -> Iterator[Any]:
    """A new file that takes the place of ``path`` when all went well.

    It is written beside ``path``; what a process that was killed has left there goes first. Where
    the directory allows no new files, ``path`` itself is written.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):  # a device, a pipe
        with open(path, "wb") as file:
            yield file
        return
    directory, name = os.path.split(path)
    # short, whatever the length of the name
    prefix = f".save-{zlib.crc32(os.fsencode(name)):08x}-"
    _clean(directory or ".", prefix)
    temporary = os.path.join(directory, f"{prefix}{os.urandom(6).hex()}.tmp")
    try:
        file = _locked(temporary)
    except OSError:
        if mode is None or os.access(directory or ".", os.W_OK):
            raise
        with open(path, "wb") as file:
            yield file
        return
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if mode is not None:
                os.chmod(temporary, stat.S_IMODE(mode))
            if fcntl is not None:  # while the lock lasts
                os.replace(temporary, path)
        if fcntl is None:
            os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _locked(path: str) -> Any:
    """A new file with a lock, which says that its process is alive."""
    while True:
        file = open(path, "xb")  # noqa: SIM115  (the caller closes it)
        if fcntl is None:
            return file
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        if os.path.exists(path):
            return file
        file.close()  # _clean was faster than the lock


def _clean(directory: str, prefix: str) -> None:
    """Deletes the files of processes that are gone."""
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if not (entry.name.startswith(prefix) and entry.name.endswith(".tmp")):
                continue
            with contextlib.suppress(OSError):
                if fcntl is None:
                    os.unlink(entry.path)
                    continue
                with open(entry.path, "rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(entry.path)
