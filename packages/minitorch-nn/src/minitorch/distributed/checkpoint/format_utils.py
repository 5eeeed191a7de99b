"""From a checkpoint's directory to a file of ``save``'s, and back."""

from __future__ import annotations

import os
from typing import Any

import minitorch
from minitorch.extend import absent_names

from .filesystem import FileSystemReader
from .metadata import MetadataIndex, TensorStorageMetadata
from .state_dict_saver import save

__all__ = ["dcp_to_torch_save", "torch_save_to_dcp"]


def whole_state(reader: FileSystemReader) -> dict[str, Any]:
    """All that a checkpoint holds, nested as it was; lists become dictionaries by their numbers."""
    metadata = reader.read_metadata()
    state: dict[str, Any] = {}
    for name, saved in metadata.state_dict_metadata.items():
        path = (metadata.planner_data or {}).get(name, (name,))
        at = state
        for key in path[:-1]:
            at = at.setdefault(key, {})
        is_tensor = isinstance(saved, TensorStorageMetadata)
        at[path[-1]] = (
            reader.read_tensor(name, metadata)
            if is_tensor
            else reader.read(metadata.storage_data[MetadataIndex(name)])
        )
    made = with_lists(state)
    return made if isinstance(made, dict) else state


def with_lists(value: Any) -> Any:
    """Dictionaries whose keys are the ints from 0 on are lists."""
    if not isinstance(value, dict):
        return value
    inside = {key: with_lists(each) for key, each in value.items()}
    if inside and all(isinstance(key, int) for key in inside):
        return [inside[key] for key in sorted(inside)]
    return inside


def dcp_to_torch_save(
    dcp_checkpoint_dir: str | os.PathLike[str], torch_save_path: str | os.PathLike[str]
) -> None:
    """Writes what a checkpoint's directory holds to one file."""
    minitorch.save(whole_state(FileSystemReader(dcp_checkpoint_dir)), torch_save_path)


def torch_save_to_dcp(
    torch_save_path: str | os.PathLike[str], dcp_checkpoint_dir: str | os.PathLike[str]
) -> None:
    """Writes what a file of ``save``'s holds to a checkpoint's directory."""
    state = minitorch.load(torch_save_path, weights_only=False)
    save(state, checkpoint_id=dcp_checkpoint_dir, no_dist=True)


__getattr__, __dir__ = absent_names(__name__)
