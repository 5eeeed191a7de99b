"""How files are read and written, as long as nobody says otherwise."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Callable
from enum import Enum
from operator import itemgetter
from types import TracebackType
from typing import Any

from .._tensor.untyped_storage import UntypedStorage

__all__ = [
    "LoadEndianness", "default_restore_location", "get_crc32_options",
    "get_default_load_endianness", "get_default_mmap_options", "location_tag", "register_package",
    "set_crc32_options", "set_default_load_endianness", "set_default_mmap_options", "skip_data",
]  # fmt: skip


MAP_LOCATION = Callable[[Any, str], Any] | Any | str | dict[str, str] | None  # of `load`


class LoadEndianness(Enum):
    """The byte order of a file that does not say it."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


class Options(threading.local):
    """What the functions below set, for each thread."""

    endianness: LoadEndianness | None = None
    mmap_flags = getattr(mmap, "MAP_PRIVATE", 2)
    crc32 = True
    skip = False


options = Options()


def get_default_load_endianness() -> LoadEndianness | None:
    """What ``set_default_load_endianness`` was given; None at first, which means little."""
    return options.endianness


def set_default_load_endianness(endianness: LoadEndianness | None) -> None:
    """Sets the byte order of files that do not say it, as PyTorch's before 2.1.

    Raises:
        TypeError: ``endianness`` is neither a ``LoadEndianness`` nor None.
    """
    if not isinstance(endianness, LoadEndianness | None):
        raise TypeError("Invalid argument type in function set_default_load_endianness")
    options.endianness = endianness


def get_default_mmap_options() -> int:
    """``mmap.MAP_PRIVATE`` or ``mmap.MAP_SHARED``."""
    return options.mmap_flags


class set_default_mmap_options:  # noqa: N801  (PyTorch's name)
    """Sets how ``load(mmap=True)`` maps files; as a context manager, for its time.

    Args:
        flags: ``mmap.MAP_PRIVATE``: writes go to copies of pages; ``mmap.MAP_SHARED``: to the file.

    Raises:
        ValueError: ``flags`` are others.
    """

    def __init__(self, flags: int) -> None:
        if flags not in (getattr(mmap, "MAP_PRIVATE", 2), getattr(mmap, "MAP_SHARED", 1)):
            raise ValueError(
                "Invalid argument in function set_default_mmap_options, expected mmap.MAP_PRIVATE "
                f"or mmap.MAP_SHARED, but got {flags}"
            )
        self.before = options.mmap_flags
        options.mmap_flags = flags

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        options.mmap_flags = self.before


def get_crc32_options() -> bool:
    """Whether ``save`` computes checksums."""
    return options.crc32


def set_crc32_options(compute_crc32: bool) -> None:
    """Sets whether ``save`` computes checksums, without which other programs refuse the files."""
    options.crc32 = compute_crc32


class skip_data:  # noqa: N801  (PyTorch's name)
    """Within it ``save`` leaves the tensors' bytes out, as zeros, and ``load`` does not read them.

    Args:
        materialize_fake_tensors: makes no difference: there are none.

    Example:
        >>> import io, minitorch
        >>> file = io.BytesIO()
        >>> with minitorch.serialization.skip_data():
        ...     minitorch.save(minitorch.ones(2), file)
        >>> _ = file.seek(0)
        >>> minitorch.load(file)
        tensor([0., 0.])
    """

    def __init__(self, materialize_fake_tensors: bool = False) -> None:
        self.materialize_fake_tensors = materialize_fake_tensors

    def __enter__(self) -> None:
        self.before = options.skip
        options.skip = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        options.skip = self.before


# --- devices -------------------------------------------------------------------------------------

Tagger = Callable[[Any], str | None]
Deserializer = Callable[[Any, str], Any]
_package_registry: list[tuple[int, Tagger, Deserializer]] = [
    (10, lambda storage: "cpu", lambda storage, location: storage if location == "cpu" else None)
]


def register_package(priority: int, tagger: Tagger, deserializer: Deserializer) -> None:
    """Adds a device: how files name the place of a storage and how a storage gets there.

    Args:
        priority: those of lower numbers are asked first.
        tagger: of a storage, its name for the place, or None where it is not its own.
        deserializer: of a storage and such a name, the storage there, or None.
    """
    _package_registry.append((priority, tagger, deserializer))
    _package_registry.sort(key=itemgetter(0))


def location_tag(storage: Any) -> str:
    """The name that files have for the place of ``storage``."""
    for _, tagger, _ in _package_registry:
        location = tagger(storage)
        if location:
            return location
    raise RuntimeError(f"don't know how to determine data location of {type(storage)}")


def default_restore_location(storage: UntypedStorage, location: str) -> Any:
    """The storage at the place that a file names.

    Raises:
        RuntimeError: nobody registered for that place.
    """
    for _, _, deserializer in _package_registry:
        result = deserializer(storage, location)
        if result is not None:
            return result
    kind = location.partition(":")[0]
    if kind in ("cuda", "xpu", "mps", "hpu"):
        raise RuntimeError(
            f"Attempting to deserialize object on a {kind.upper()} device but "
            f"torch.{kind}.is_available() is False. Use map_location=torch.device('cpu') to map "
            "your storages to the CPU."
        )
    raise RuntimeError(
        "don't know how to restore data location of torch.storage.UntypedStorage (tagged with "
        f"{location}): MiniTorch computes on the CPU, use map_location='cpu'"
    )
