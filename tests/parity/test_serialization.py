"""Files go both ways between MiniTorch and PyTorch."""

import contextlib
import io
import pickle
import random
from collections import OrderedDict

import minitorch
import numpy as np
import pytest
import torch

DTYPES = [
    "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool",
    "complex64", "complex128",
]  # fmt: skip


def through(writer, reader, obj):
    file = io.BytesIO()
    writer.save(obj, file)
    file.seek(0)
    return reader.load(file)


def example(lib):
    x = lib.arange(12.0).reshape(3, 4)
    ordered = OrderedDict(weight=x, bias=lib.zeros(2))
    ordered._metadata = OrderedDict({"": {"version": 1}})
    listed = [1, [2, x]]
    return {
        "ordered": ordered,
        "x": x,
        "row": x[1],
        "columns": x[:, 1:3],
        "transposed": x.t(),
        "expanded": lib.ones(1).expand(3),
        "empty": lib.zeros(0, 3),
        "scalar": lib.tensor(3),
        "grad": lib.ones(2, requires_grad=True),
        "numbers": (1, -1, 2**31, -(2**63), 2**100, 1.5, float("inf"), True, None, 1 + 2j),
        "strings": ["", "a", "é\u2028", b"\x00\xff"],
        "set": {1, 2},
        "types": [lib.float32, lib.bool, lib.Size([2, 3]), lib.device("cpu")],
        "nested": {"deep": {"er": [listed, listed]}, 3: 4, (1, 2): 5},
    }


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes_both_ways(dtype):
    values = np.array([[0, 1, 2], [3, 100, 5]]).astype(dtype)
    for writer, reader in ((torch, minitorch), (minitorch, torch), (minitorch, minitorch)):
        got = through(writer, reader, writer.tensor(values))
        assert str(got.dtype) == f"torch.{dtype}"
        np.testing.assert_array_equal(got.numpy(), values)


@pytest.mark.parametrize(("writer", "reader"), [(torch, minitorch), (minitorch, torch)])
def test_containers_both_ways(writer, reader):
    got = through(writer, reader, example(writer))
    assert repr(got) == repr(example(reader))
    assert list(got["ordered"]) == ["weight", "bias"]
    assert type(got["ordered"]) is OrderedDict
    assert got["ordered"]._metadata == {"": {"version": 1}}
    deep = got["nested"]["deep"]["er"]
    assert deep[0] is deep[1]
    got["x"][1, 1] = 77  # shared memory is shared still
    assert got["row"][1] == 77
    assert got["columns"][1, 0] == 77
    assert got["transposed"][1, 1] == 77
    assert got["ordered"]["weight"][1, 1] == 77


def test_bfloat16_widens():
    x = torch.randn(50).bfloat16()
    got = through(torch, minitorch, {"x": x, "view": x[10:]})
    assert got["x"].dtype is minitorch.float32
    np.testing.assert_array_equal(got["x"].numpy(), x.float().numpy())
    got["x"][10] = 5
    assert got["view"][0] == 5


def test_what_training_leaves():
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(5, 3)).sum().backward()
    optimizer.step()
    saved = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    got = through(torch, minitorch, saved)
    assert repr(got) == repr(saved)
    assert repr(through(minitorch, torch, got)) == repr(saved)


def test_parameters():
    got = through(torch, minitorch, list(torch.nn.Linear(3, 2).parameters()))
    assert [p.requires_grad for p in got] == [True, True]


def test_paths(tmp_path):
    torch.save({"x": torch.ones(2)}, tmp_path / "theirs.pt")
    assert minitorch.load(tmp_path / "theirs.pt")["x"].tolist() == [1, 1]
    minitorch.save({"x": minitorch.ones(2)}, tmp_path / "ours.pt")
    assert torch.load(tmp_path / "ours.pt")["x"].tolist() == [1, 1]
    assert torch.load(tmp_path / "ours.pt", mmap=True)["x"].tolist() == [1, 1]


def test_large(tmp_path):
    x = torch.randn(1000, 1000)
    torch.save(x, tmp_path / "x.pt")
    got = minitorch.load(tmp_path / "x.pt")
    np.testing.assert_array_equal(got.numpy(), x.numpy())
    minitorch.save(got, tmp_path / "y.pt")
    assert torch.equal(torch.load(tmp_path / "y.pt"), x)


def test_objects_are_refused():
    for obj in (torch.nn.Linear(2, 2), slice(1, 2), print):
        file = io.BytesIO()
        torch.save(obj, file)
        file.seek(0)
        with pytest.raises(pickle.UnpicklingError):
            minitorch.load(file)


def test_the_old_format_is_named():
    file = io.BytesIO()
    torch.save(torch.ones(2), file, _use_new_zipfile_serialization=False)
    file.seek(0)
    with pytest.raises(RuntimeError, match=r"before version 1\.6"):
        minitorch.load(file)


def attempt(data):
    try:
        return repr(minitorch.load(io.BytesIO(data)))
    except (RuntimeError, pickle.UnpicklingError, EOFError):
        return None


def mutate(data, rng):
    data = bytearray(data)
    kind = rng.randrange(4)
    if kind == 0:
        return bytes(data[: rng.randrange(len(data))])
    if kind == 1:
        a, b = sorted(rng.randrange(len(data)) for _ in range(2))
        return bytes(data[:a] + data[b:])
    for _ in range(rng.randrange(1, 5)):
        data[rng.randrange(len(data))] = rng.randrange(256) if kind == 2 else 255
    return bytes(data)


@pytest.mark.parametrize("writer", [torch, minitorch])
def test_mutated_files_are_right_or_an_error(writer):
    file = io.BytesIO()
    writer.save(example(writer), file)
    data = file.getvalue()
    want = attempt(data)
    assert want is not None
    rng = random.Random(0)
    for _ in range(1500):
        assert attempt(mutate(data, rng)) in (want, None)


def test_mutated_programs_only_make_data():
    """Past the checksums: the pickle itself mutated. Whatever comes out is data, or an error."""
    import zipfile

    from minitorch.serialization.pickle_reader import Allowed, PickleReader

    file = io.BytesIO()
    minitorch.save(example(minitorch), file)
    with zipfile.ZipFile(file) as archive:
        program = archive.read("archive/data.pkl")
    rng = random.Random(1)
    for _ in range(1500):
        with contextlib.suppress(pickle.UnpicklingError):
            read_pickle(mutate(program, rng), {"builtins.set": frozenset}, lambda key: None)


def test_dtypes_as_values():
    got = through(torch, minitorch, [torch.float16, torch.bfloat16, torch.int64])
    assert got == [minitorch.float16, minitorch.bfloat16, minitorch.int64]
