"""A checkpoint as a directory: each rank's file, and ``.metadata``, which is written last."""

from __future__ import annotations

import io
import os
import pickle
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import minitorch
from minitorch import Tensor
from minitorch.extend import absent_names
from minitorch.serialization.saving import PickleWriter

from . import metadata as records
from .metadata import Metadata, MetadataIndex, StorageMeta

__all__ = ["FileSystemReader", "FileSystemWriter"]


@dataclass
class _StorageInfo:
    relative_path: str
    offset: int
    length: int
    transform_descriptors: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if value is not None}


class FileSystemWriter:
    """Writes checkpoints to the directory ``path``."""

    def __init__(
        self, path: str | os.PathLike[str], single_file_per_rank: bool = True,
        sync_files: bool = True, thread_count: int = 1, overwrite: bool = True, **other: Any,
    ) -> None:  # fmt: skip
        self.path, self.sync_files, self.overwrite = Path(path), sync_files, overwrite

    def prepare(self) -> None:
        """Makes the directory.

        Raises:
            RuntimeError: there is a checkpoint, which is not to be replaced.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if not self.overwrite and (self.path / ".metadata").exists():
            raise RuntimeError("Checkpoint already exists and self.overwrite=False.")

    def write(self, rank: int, values: Iterable[tuple[MetadataIndex, Any]]) -> dict[Any, Any]:
        """Writes a rank's values; returns where they lie."""
        name = f"__{rank}_0.distcp"
        places: dict[Any, Any] = {}
        with open(self.path / name, "wb") as file:
            for index, value in values:
                start = file.tell()
                data = io.BytesIO()
                minitorch.save(value.detach() if isinstance(value, Tensor) else value, data)
                file.write(data.getbuffer())
                places[index] = _StorageInfo(name, start, file.tell() - start)
            file.flush()
            if self.sync_files:
                os.fsync(file.fileno())
        return places

    def finish(self, metadata: Metadata) -> None:
        """Writes ``.metadata``, by which the checkpoint is there."""
        metadata.storage_meta = StorageMeta(str(self.path), str(uuid.uuid4()))
        program = io.BytesIO()
        PickleWriter(program, 2, ()).dump(metadata)
        written = self.path / ".metadata.tmp"
        written.write_bytes(program.getvalue())
        written.replace(self.path / ".metadata")


class MetadataUnpickler(pickle.Unpickler):
    """Reads ``.metadata``, and makes nothing but its records."""

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name of PyTorch's.

        Raises:
            UnpicklingError: it is none of a checkpoint's.
        """
        if module == "torch.distributed.checkpoint.metadata" and hasattr(records, name):
            return getattr(records, name)
        if (module, name) == ("torch.distributed.checkpoint.filesystem", "_StorageInfo"):
            return _StorageInfo
        if (module, name) in (("torch.serialization", "_get_layout"), ("torch", "strided")):
            return (lambda _: minitorch.strided) if name == "_get_layout" else minitorch.strided
        if module.startswith("pathlib") and name in ("PosixPath", "WindowsPath"):
            return Path
        if module == "torch" and name == "Size":
            return minitorch.Size
        found = getattr(minitorch, name, None) if module == "torch" else None
        if isinstance(found, minitorch.dtype):
            return found
        raise pickle.UnpicklingError(f"a checkpoint's metadata names {module}.{name}")


class FileSystemReader:
    """Reads checkpoints from the directory ``path``."""

    def __init__(self, path: str | os.PathLike[str], **other: Any) -> None:
        self.path = Path(path)

    def read_metadata(self) -> Metadata:
        """What the checkpoint has.

        Raises:
            FileNotFoundError: there is none.
        """
        with open(self.path / ".metadata", "rb") as file:
            found = MetadataUnpickler(file).load()
        if not isinstance(found, Metadata):
            raise pickle.UnpicklingError(f"{file.name} holds no metadata of a checkpoint")
        return found

    def read(self, place: Any) -> Any:
        """The value that lies there."""
        if not re.fullmatch(r"[^/\\]+\.distcp", place.relative_path) or place.transform_descriptors:
            raise ValueError(f"{place} is no place in a checkpoint that can be read")
        with open(self.path / place.relative_path, "rb") as file:
            file.seek(place.offset)
            data = io.BytesIO(file.read(place.length))
        return minitorch.load(data, weights_only=False)

    def read_tensor(self, name: str, metadata: Metadata) -> Tensor:
        """A tensor, of all its parts."""
        saved = metadata.state_dict_metadata[name]
        whole = minitorch.empty(saved.size, dtype=saved.properties.dtype)
        for chunk in saved.chunks:
            part = self.read(metadata.storage_data[MetadataIndex(name, chunk.offsets)])
            region = tuple(slice(o, o + n) for o, n in zip(chunk.offsets, chunk.sizes))
            whole[region] = part
        return whole


__getattr__, __dir__ = absent_names(__name__)
