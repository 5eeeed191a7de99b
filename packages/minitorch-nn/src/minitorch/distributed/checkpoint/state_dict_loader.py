"""``load``: each rank reads what it asks for.

Follows https://docs.pytorch.org/docs/stable/distributed.checkpoint.html
"""

from __future__ import annotations

import os
from typing import Any

import minitorch
from minitorch import Tensor
from minitorch.extend import absent_names

from ..process_group import ProcessGroup, chosen, is_initialized
from .default_planner import flatten_state_dict, set_element
from .filesystem import FileSystemReader
from .metadata import Metadata, MetadataIndex, TensorStorageMetadata
from .state_dict_saver import attempted, plain
from .stateful import Stateful

__all__ = ["load", "load_state_dict"]


def load(
    state_dict: dict[str, Any], *, checkpoint_id: str | os.PathLike[str] | None = None,
    storage_reader: FileSystemReader | None = None, planner: Any = None,
    process_group: ProcessGroup | None = None, no_dist: bool = False,
) -> None:  # fmt: skip
    """Reads a checkpoint of ``save``'s or of PyTorch's into ``state_dict``; all ranks call it.

    Tensors are written to in place; other values are put into their places; objects that have a
    state take it over. Each rank reads the names that its own ``state_dict`` has, whoever wrote
    them, however many ranks there were. Tensors that PyTorch wrote in parts are put together.

    Args:
        checkpoint_id: the directory.
        storage_reader: a ``FileSystemReader`` in its place.
        planner: ``DefaultLoadPlanner(allow_partial_load=True)`` lets names be missing.
        process_group: the ranks; the default group where None.
        no_dist: whether this process does it alone; so, too, where there is no group.

    Raises:
        CheckpointException: on some rank a name is missing, or a size differs.
    """
    if storage_reader is None and checkpoint_id is None:
        raise ValueError("load needs a checkpoint_id, the directory, or a storage_reader")
    reader = FileSystemReader(checkpoint_id or "") if storage_reader is None else storage_reader
    group = None if no_dist or not is_initialized() else chosen(process_group)
    partial = getattr(planner, "allow_partial_load", False)
    state = plain(state_dict)
    attempted("read", group, lambda: _read(state, reader, partial))
    for key, value in state_dict.items():
        if isinstance(value, Stateful):
            value.load_state_dict(state[key])
        else:
            state_dict[key] = state[key]


def _read(state: dict[str, Any], reader: FileSystemReader, partial: bool) -> None:
    metadata = reader.read_metadata()
    flat, paths = flatten_state_dict(state)
    for name, value in flat.items():  # nothing is written before all is known to be there
        if name not in metadata.state_dict_metadata:
            if not partial:
                raise RuntimeError(f"Missing key in checkpoint state_dict: {name}.")
        elif isinstance(value, Tensor):
            check_size(name, value, metadata)
    for name in flat.keys() & metadata.state_dict_metadata.keys():
        if isinstance(metadata.state_dict_metadata[name], TensorStorageMetadata):
            tensor = reader.read_tensor(name, metadata)
            if isinstance(flat[name], Tensor):
                with minitorch.no_grad():
                    flat[name].copy_(tensor)
            else:
                set_element(state, paths[name], tensor)
        else:
            value = reader.read(metadata.storage_data[MetadataIndex(name)])
            set_element(state, paths[name], value)


def check_size(name: str, value: Tensor, metadata: Metadata) -> None:
    """Raises ValueError where the saved tensor has another size, or is none."""
    saved = metadata.state_dict_metadata[name]
    size = getattr(saved, "size", None)
    if size != value.shape:
        raise ValueError(
            f"Size mismatch between saved {size} and current: {value.shape} for {name}"
        )


def load_state_dict(
    state_dict: dict[str, Any], storage_reader: FileSystemReader,
    process_group: ProcessGroup | None = None, coordinator_rank: int = 0, no_dist: bool = False,
    planner: Any = None,
) -> None:  # fmt: skip
    """The old name of ``load``."""
    load(
        state_dict, storage_reader=storage_reader, process_group=process_group, no_dist=no_dist,
        planner=planner,
    )  # fmt: skip


__getattr__, __dir__ = absent_names(__name__)
