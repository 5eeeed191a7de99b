"""``save``: all ranks write a checkpoint together.

Follows https://docs.pytorch.org/docs/stable/distributed.checkpoint.html
"""

from __future__ import annotations

import copy
import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from minitorch import Tensor
from minitorch.extend import absent_names, array_of

from ..objects import all_gather_object
from ..process_group import ProcessGroup, chosen, is_initialized
from .api import CheckpointException
from .default_planner import flatten_state_dict
from .filesystem import FileSystemWriter
from .metadata import (
    BytesStorageMetadata,
    ChunkStorageMetadata,
    Metadata,
    MetadataIndex,
    TensorProperties,
    TensorStorageMetadata,
)
from .stateful import Stateful

__all__ = ["async_save", "save", "save_state_dict"]


def gathered(value: Any, group: ProcessGroup | None) -> list[Any]:
    """The values of all ranks; of this one alone where there is no group."""
    if group is None:
        return [value]
    told: list[Any] = [None] * group.size()
    all_gather_object(told, value, group)
    return told


def attempted(what: str, group: ProcessGroup | None, run: Any) -> Any:
    """``run()``, which may fail on some ranks: then all raise.

    Raises:
        CheckpointException: it failed somewhere.
    """
    result, error = None, None
    try:
        result = run()
    except Exception as failure:
        error = failure
    told = enumerate(gathered(None if error is None else (type(error), str(error)), group))
    failures = {rank: kind(words) for rank, said in told if said for kind, words in [said]}
    if failures:
        raise CheckpointException(what, failures) from error
    return result


def plain(state_dict: dict[str, Any]) -> dict[str, Any]:
    """The state, with that of objects that have one in their place."""
    return {
        key: value.state_dict() if isinstance(value, Stateful) else value
        for key, value in state_dict.items()
    }


def described(value: Any) -> Any:
    """What the metadata say of a value."""
    if not isinstance(value, Tensor):
        return BytesStorageMetadata()
    whole = ChunkStorageMetadata(type(value.shape)([0] * value.ndim), value.shape)
    return TensorStorageMetadata(TensorProperties(value.dtype), value.shape, [whole])


def divided(told: list[dict[str, int]]) -> dict[str, int]:
    """Who writes what: of the ranks that have it the one that has the least to write."""
    loads, writers = [0] * len(told), {}
    for name in dict.fromkeys(name for each in told for name in each):
        holders = [rank for rank, each in enumerate(told) if name in each]
        writers[name] = writer = min(holders, key=lambda rank: loads[rank])
        loads[writer] += told[writer][name]
    return writers


def save(
    state_dict: dict[str, Any], *, checkpoint_id: str | os.PathLike[str] | None = None,
    storage_writer: FileSystemWriter | None = None, planner: Any = None,
    process_group: ProcessGroup | None = None, no_dist: bool = False, use_collectives: bool = True,
) -> Metadata:  # fmt: skip
    """Writes a checkpoint that PyTorch reads too; all ranks call it.

    What only one rank has it writes; of what several have (the same value) one of them writes it,
    so that each writes about as much. Nested dictionaries are taken apart into names,
    ``optim.state.0.step``. The file ``.metadata`` comes last: without it there is no checkpoint.

    Args:
        state_dict: tensors and other values, nested; or objects that have a ``state_dict()``.
        checkpoint_id: the directory.
        storage_writer: a ``FileSystemWriter`` in its place.
        process_group: the ranks; the default group where None.
        no_dist: whether this process does it alone; so, too, where there is no group.

    Raises:
        CheckpointException: a rank could not write.

    Example:
        >>> import minitorch, tempfile
        >>> from minitorch.distributed import checkpoint
        >>> model = minitorch.nn.Linear(2, 1)
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     _ = checkpoint.save({"model": model, "epoch": 3}, checkpoint_id=directory)
        ...     state = {"model": minitorch.nn.Linear(2, 1), "epoch": 0}
        ...     checkpoint.load(state, checkpoint_id=directory)
        >>> state["epoch"], bool((state["model"].weight == model.weight).all())
        (3, True)
    """
    if storage_writer is None and checkpoint_id is None:
        raise ValueError("save needs a checkpoint_id, the directory, or a storage_writer")
    writer = FileSystemWriter(checkpoint_id or "") if storage_writer is None else storage_writer
    group = None if no_dist or not is_initialized() else chosen(process_group)
    rank = 0 if group is None else group.rank()
    flat, paths = flatten_state_dict(plain(state_dict))
    attempted("prepare", group, writer.prepare)
    sizes = {
        name: array_of(value).nbytes if isinstance(value, Tensor) else 0
        for name, value in flat.items()
    }
    writers = divided(gathered(sizes, group))
    mine = [name for name in flat if writers[name] == rank]

    def index(name: str) -> MetadataIndex:
        value = flat[name]
        tensor = isinstance(value, Tensor)
        return MetadataIndex(name, [0] * value.ndim if tensor else None, 0 if tensor else None)

    places = attempted(
        "write", group, lambda: writer.write(rank, ((index(name), flat[name]) for name in mine))
    )
    told = gathered(
        ({n: described(flat[n]) for n in mine}, {n: paths[n] for n in mine}, places), group
    )
    metadata = Metadata({}, {}, {}, version="1.0.0")
    for kinds, their_paths, their_places in told:
        metadata.state_dict_metadata |= kinds
        metadata.planner_data |= their_paths
        metadata.storage_data |= their_places
    attempted("finish", group, lambda: writer.finish(metadata) if rank == 0 else None)
    return metadata


def save_state_dict(
    state_dict: dict[str, Any], storage_writer: FileSystemWriter,
    process_group: ProcessGroup | None = None, coordinator_rank: int = 0, no_dist: bool = False,
    planner: Any = None,
) -> Metadata:  # fmt: skip
    """The old name of ``save``."""
    return save(
        state_dict, storage_writer=storage_writer, process_group=process_group, no_dist=no_dist
    )


def async_save(
    state_dict: dict[str, Any], *, checkpoint_id: str | os.PathLike[str] | None = None,
    storage_writer: FileSystemWriter | None = None, planner: Any = None,
    process_group: ProcessGroup | None = None, **other: Any,
) -> Future[Metadata]:  # fmt: skip
    """``save`` of a copy of the state, in another thread; returns a future.

    With several ranks the thread's collectives would meet the program's, so that these save at
    once, and the future is done.
    """
    copied = copy.deepcopy(plain(state_dict))
    done: Future[Metadata] = Future()

    def run() -> Metadata:
        return save(
            copied, checkpoint_id=checkpoint_id, storage_writer=storage_writer,
            process_group=process_group,
        )  # fmt: skip

    if is_initialized() and chosen(process_group).size() > 1:
        done.set_result(run())
        return done
    pool = ThreadPoolExecutor(1)
    done = pool.submit(run)
    pool.shutdown(wait=False)
    return done


__getattr__, __dir__ = absent_names(__name__)
