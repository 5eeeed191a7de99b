"""Checkpoints of ``distributed.checkpoint``: PyTorch reads MiniTorch's, and MiniTorch PyTorch's."""

from __future__ import annotations

import pickle

import minitorch
import minitorch.distributed.checkpoint as ours
import pytest
import torch
import torch.distributed.checkpoint as theirs
from minitorch.distributed.checkpoint.format_utils import dcp_to_torch_save, torch_save_to_dcp

pytestmark = pytest.mark.filterwarnings("ignore:torch.distributed is disabled")  # no group: one

PAIRS = {
    "ours to theirs": (minitorch, ours, torch, theirs),
    "theirs to ours": (torch, theirs, minitorch, ours),
}


def state(library, scale):
    model = library.nn.Linear(2, 3)
    optimizer = library.optim.Adam(model.parameters(), lr=0.1 * scale)
    (model(library.ones(1, 2)).sum() * scale).backward()
    optimizer.step()
    return {
        "model": model.state_dict(),
        "optim": optimizer.state_dict(),
        "epoch": 3 * scale,
        "half": library.full((2,), float(scale)).bfloat16(),
        "list": [1, library.full((2,), float(scale))],
        "scalar": library.tensor(float(scale)),
        "none": None,
    }


def plain(value):
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value.tolist() if hasattr(value, "tolist") else value


@pytest.mark.parametrize("pair", PAIRS)
def test_what_one_saves_the_other_loads(pair, tmp_path):
    library, writes, other, reads = PAIRS[pair]
    saved, loaded = state(library, 1), state(other, 2)
    writes.save(saved, checkpoint_id=tmp_path)
    reads.load(loaded, checkpoint_id=tmp_path)
    assert plain(loaded) == plain(saved)


def test_parts_are_put_together(tmp_path):
    """As PyTorch writes what several of its ranks have a part of."""
    from torch.distributed.checkpoint.metadata import ChunkStorageMetadata

    whole = torch.arange(12.0).reshape(4, 3)
    theirs.save({"x": whole}, checkpoint_id=tmp_path)
    reader, writer = ours.FileSystemReader(tmp_path), ours.FileSystemWriter(tmp_path)
    metadata = reader.read_metadata()
    chunks, values = [], []
    for start, part in ((0, whole[:1]), (1, whole[1:])):
        size = minitorch.Size(part.shape)
        chunks.append(ours.ChunkStorageMetadata(minitorch.Size([start, 0]), size))
        index = ours.MetadataIndex("x", [start, 0], len(chunks) - 1)
        values.append((index, minitorch.tensor(part.tolist())))
    metadata.state_dict_metadata["x"].chunks = chunks
    metadata.storage_data = writer.write(0, values)
    writer.finish(metadata)
    mine, other = {"x": minitorch.zeros(4, 3)}, {"x": torch.zeros(4, 3)}
    ours.load(mine, checkpoint_id=tmp_path)
    theirs.load(other, checkpoint_id=tmp_path, no_dist=True)
    assert mine["x"].tolist() == other["x"].tolist() == whole.tolist()
    assert ChunkStorageMetadata.__module__.endswith("checkpoint.metadata")


def test_files_and_directories(tmp_path):
    saved = state(minitorch, 1)
    minitorch.save(saved, tmp_path / "one.pt")
    torch_save_to_dcp(tmp_path / "one.pt", tmp_path / "many")
    dcp_to_torch_save(tmp_path / "many", tmp_path / "two.pt")
    again = plain(minitorch.load(tmp_path / "two.pt"))
    expected = plain(saved)
    expected["optim"]["state"] = {str(k): v for k, v in expected["optim"]["state"].items()}
    assert again == expected


def test_metadata_that_names_something_else_is_refused(tmp_path):
    (tmp_path / ".metadata").write_bytes(pickle.dumps(print))
    with pytest.raises(pickle.UnpicklingError, match=r"names builtins\.print"):
        ours.FileSystemReader(tmp_path).read_metadata()
