"""Files go both ways between MiniTorch and PyTorch."""

import argparse
import contextlib
import dataclasses
import datetime
import decimal
import enum
import fractions
import io
import itertools
import pathlib
import pickle
import random
import re
import typing
import uuid
import zipfile
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple

import minitorch
import numpy as np
import pytest
import safetensors.torch
import torch
from minitorch.serialization.rebuilding import UNTYPED

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


BOTH = [(torch, minitorch), (minitorch, torch)]


@pytest.mark.parametrize(("writer", "reader"), BOTH)
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


FEW = [str(each).removeprefix("torch.") for each in UNTYPED] + ["bfloat16"]


@pytest.mark.parametrize("dtype", FEW)
def test_dtypes_that_few_operations_have(dtype):
    x = (torch.arange(60) % 7).to(getattr(torch, dtype))
    got = through(torch, minitorch, {"x": x, "view": x[10:], "turned": x.reshape(6, 10).T})
    assert str(got["x"].dtype) == f"torch.{dtype}"
    assert got["x"].view(minitorch.uint8).tolist() == x.view(torch.uint8).tolist()
    assert got["view"].data_ptr() - got["x"].data_ptr() == 10 * x.element_size()
    assert got["turned"].stride() == (1, 10)
    back = through(minitorch, torch, got)
    assert torch.equal(back["turned"].float(), x.reshape(6, 10).T.float())
    assert back["x"].dtype is x.dtype
    safe = minitorch.safetensors.save({"x": got["x"]})
    assert safe == safetensors.torch.save({"x": x})
    again = minitorch.safetensors.load(safe)["x"]
    assert again.dtype is got["x"].dtype
    assert again.view(minitorch.uint8).tolist() == x.view(torch.uint8).tolist()


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
    for obj in (torch.nn.Linear(2, 2), print, datetime.date(2000, 1, 1)):
        file = io.BytesIO()
        torch.save(obj, file)
        file.seek(0)
        with pytest.raises(pickle.UnpicklingError):
            minitorch.load(file)


@pytest.mark.parametrize(("writer", "reader"), BOTH)
def test_the_old_format_both_ways(writer, reader):
    file = io.BytesIO()
    writer.save(example(writer), file, _use_new_zipfile_serialization=False)
    file.seek(0)
    got = reader.load(file)
    assert repr(got) == repr(example(reader))
    got["x"][1, 1] = 77
    assert got["row"][1] == 77


def raises(*_):
    raise KeyError("mine")


# what map_location may be, given a library
LOCATIONS = {
    "cpu": lambda lib: "cpu", "device": lambda lib: lib.device("cpu"), "none": lambda lib: None,
    "other devices": lambda lib: {"cuda:0": "cpu", "cuda:1": "cpu"}, "empty": lambda lib: {},
    "cuda": lambda lib: "cuda", "cuda:0": lambda lib: "cuda:0", "xpu": lambda lib: "xpu",
    "mps": lambda lib: "mps", "cpu:0": lambda lib: "cpu:0", "no device": lambda lib: "bogus",
    "no name": lambda lib: "", "numbered": lambda lib: lib.device("cpu", 0),
    "to cuda": lambda lib: {"cpu": "cuda:1", "cuda:0": "cuda:1"},
    "to a device": lambda lib: {"cpu": lib.device("cpu"), "cuda:0": lib.device("cpu")},
    "to nothing": lambda lib: {"cpu": None, "cuda:0": None}, "a number": lambda lib: 0,
    "a list": lambda lib: [], "bytes": lambda lib: b"cpu",
    "itself": lambda lib: lambda storage, location: storage,
    "moved": lambda lib: lambda storage, location: storage.cpu(),
    "a copy": lambda lib: lambda storage, location: storage.clone(),
    "another": lambda lib: lambda s, at: lib.arange(s.nbytes() // 4.0).untyped_storage(),
    "a larger one": lambda lib: lambda s, at: lib.ones(s.nbytes()).untyped_storage(),
    "nothing": lambda lib: lambda storage, location: None,
    "a tensor": lambda lib: lambda storage, location: lib.ones(9),
    "one argument": lambda lib: lambda storage: storage, "raises": lambda lib: raises,
}  # fmt: skip


def where_saved(file, location):
    """The same file, as if its tensors had been on ``location``."""
    if not zipfile.is_zipfile(file):
        file.seek(0)
        return io.BytesIO(renamed(file.read(), location))
    moved = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(moved, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, renamed(data, location) if name.endswith("data.pkl") else data)
    moved.seek(0)
    return moved


def renamed(program, location):
    assert program.count(b"X\x03\0\0\0cpu") == 1
    return program.replace(b"X\x03\0\0\0cpu", b"X%c\0\0\0%s" % (len(location), location.encode()))


@pytest.mark.parametrize("name", LOCATIONS)
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("location", ["cpu", "cuda:0"])
def test_map_location(name, zipped, location):
    """The values, the calls and the types of errors are PyTorch's."""
    by_itself = location != "cpu" and name in ("none", "empty", "nothing")
    results = []
    for lib in (torch, minitorch):
        file = io.BytesIO()
        x = torch.ones(2)
        saved = {"x": x, "also": x[1:], "y": torch.zeros(3, dtype=torch.int32)}
        saved["p"] = torch.nn.Parameter(torch.ones(1))
        torch.save(saved, file, _use_new_zipfile_serialization=zipped)
        file = where_saved(file, location)
        wanted, calls = LOCATIONS[name](lib), []
        function = wanted
        if callable(wanted):

            def function(storage, location, wanted=wanted, calls=calls):
                calls.append((type(storage).__name__, storage.nbytes(), location))
                return wanted(storage, location)

        try:
            got = lib.load(file, map_location=function)
            results.append(({key: value.tolist() for key, value in got.items()}, calls))
            got["x"][1] = 7
            assert got["also"].item() == 7
        except Exception as error:
            results.append((type(error), calls))
    if by_itself:  # what was saved on a GPU comes to the CPU here; PyTorch wants to be asked
        assert results[0][0] is RuntimeError
        assert results[1][0]["x"] == [1, 1]
    else:
        assert results[0] == results[1]


@pytest.mark.parametrize("dtype", [*DTYPES, "bfloat16"])
def test_map_location_sees_and_fills_the_bytes(dtype):
    file, seen = io.BytesIO(), []
    torch.save(torch.tensor([1, 0, 1]).to(getattr(torch, dtype)), file)

    def function(storage, location):
        seen.append(storage.tolist())
        for at in range(len(storage) // 3):
            storage[at] = 0
        return storage

    results = []
    for lib in (torch, minitorch):
        file.seek(0)
        results.append(lib.load(file, function).tolist())
    assert results[0] == results[1] == [0, 0, 1]
    assert seen[0] == seen[1]


@pytest.mark.parametrize("dtype", [*DTYPES, "bfloat16"])
def test_the_old_format_of_every_dtype(dtype):
    x = torch.tensor([[0, 1, 2], [3, 100, 5]]).to(getattr(torch, dtype))
    file = io.BytesIO()
    torch.save({"x": x, "column": x[:, 1]}, file, _use_new_zipfile_serialization=False)
    file.seek(0)
    got = minitorch.load(file)
    assert got["x"].tolist() == x.tolist()
    assert got["column"].tolist() == x[:, 1].tolist()


class Plain:
    def __init__(self):
        self.x = 1

    def __eq__(self, other):
        return vars(self) == vars(other)

    __hash__ = None


class Slotted:
    __slots__ = ("a",)

    def __init__(self):
        self.a = 1

    __eq__ = lambda self, other: self.a == other.a  # noqa: E731
    __hash__ = None


class WithSetState(Plain):
    def __getstate__(self):
        return {"x": 5}

    def __setstate__(self, state):
        self.x = state["x"] - 4


class Dictionary(dict):
    pass


class Several(list):
    pass


class Color(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Options:
    rate: float = 0.1
    path: object = None


Point = namedtuple("Point", "x y")


class Typed(typing.NamedTuple):
    x: int
    y: object


def what_people_save(lib):
    """What ``load`` reads by itself."""
    x = lib.arange(12.0).reshape(3, 4)
    noted = lib.ones(2)
    noted.note = [3]
    default = defaultdict(list, a=[1])
    random_state = np.random.RandomState(0)
    return {
        "array": np.arange(6.0).reshape(2, 3), "transposed": np.arange(6).reshape(2, 3).T,
        "bools": np.array([True]), "texts": np.array(["a", "bc"]), "bytes array": np.array([b"x"]),
        "fields": np.zeros(2, [("a", "f4"), ("b", "i8", (2,))]), "no elements": np.zeros((0, 3)),
        "times": np.array(["2020-01-01"], "M8[D]"), "spans": np.array([3], "m8[ms]"),
        "objects": np.array([1, "a", None], object), "scalar array": np.array(3),
        "half": np.ones(2, np.float16), "unsigned": np.ones(2, np.uint16),
        "complex array": np.ones(2, np.complex64),
        **{f"np.{kind.__name__}": kind(1) for kind in (
            np.float16, np.float32, np.float64, np.int8, np.uint8, np.int64, np.bool_,
            np.complex128, np.str_,
        )},
        "dtype of an array": np.dtype("f4"), "dtype of fields": np.dtype([("a", "f4")]),
        "NumPy's state": random_state.get_state(), "Python's state": random.Random(0).getstate(),
        "the state": lib.zeros(5056, dtype=lib.uint8),
        "counter": Counter("abca"), "default": default, "nested": defaultdict(dict, a={1: x}),
        "deque": deque([1, 2], maxlen=3), "endless deque": deque("ab"), "bytes": b"a\xff",
        "no bytes": b"", "bytearray": bytearray(b"ab\xff"), "no bytearray": bytearray(),
        "set": {1, 2}, "sets": {frozenset([1])}, "frozenset": frozenset([1, 2]), "range": range(3),
        "slice": slice(1, 2), "complex": 1 + 2j, "long": 2**100, "point": Point(lib.ones(1), 2),
        "typed": Typed(1, [x]), "keys": {(1, (2, "a")): 3, Point(1, 2): 4, frozenset([1]): 2},
        "named result": x.max(0), "sorted": x.sort(), "Size": lib.Size([2, 3]),
        "dtype": lib.float32, "bfloat16": lib.bfloat16, "device": lib.device("cpu"),
        "noted": noted, "parameter": lib.nn.Parameter(lib.ones(2)),
        "buffer": lib.nn.Buffer(lib.ones(2)), "lazy": lib.nn.UninitializedParameter(),
        "tracking": lib.ones(2, requires_grad=True), "expanded": lib.ones(1).expand(3),
        "layout": lib.strided, "state_dict": lib.nn.BatchNorm1d(2).state_dict(),
    }  # fmt: skip


@pytest.mark.parametrize("name", what_people_save(minitorch))
def test_what_people_save(name):
    """The pickles are the same to the byte, and both libraries read both."""
    theirs, ours = what_people_save(torch)[name], what_people_save(minitorch)[name]
    assert program(minitorch, ours) == program(torch, theirs)
    for reader, writer in itertools.product((torch, minitorch), repeat=2):
        file = io.BytesIO()
        writer.save(theirs if writer is torch else ours, file)
        file.seek(0)
        got = reader.load(file, weights_only=False)
        want = theirs if reader is torch else ours
        assert repr(got) == repr(want)
        assert type(got) is type(want)


OBJECTS = {
    "Namespace": argparse.Namespace(rate=0.1), "path": pathlib.PurePosixPath("/a/b"),
    "date": datetime.datetime(2020, 1, 1), "span": datetime.timedelta(1), "enum": Color.RED,
    "enum as key": {Color.RED: 1}, "dataclass": Options(1, [2]), "plain": Plain(),
    "slots": Slotted(), "setstate": WithSetState(), "dict's subclass": Dictionary(a=1),
    "list's subclass": Several([1, 2]), "a class": Plain, "a function": len,
    "fraction": fractions.Fraction(1, 2), "decimal": decimal.Decimal("1.5"),
    "identifier": uuid.UUID(int=5), "path as key": {pathlib.PurePosixPath("a"): 1},
    "default of a class": defaultdict(Plain),
}  # fmt: skip
ALLOWED = [
    argparse.Namespace, pathlib.PurePosixPath, datetime.datetime, datetime.timedelta, Color,
    Options, Plain, Slotted, WithSetState, Dictionary, Several, len, fractions.Fraction,
    decimal.Decimal, uuid.UUID,
]  # fmt: skip


@pytest.mark.parametrize("name", OBJECTS)
def test_objects(name):
    """Other objects are written as PyTorch writes them and read if they are allowed."""
    obj = OBJECTS[name]
    assert program(minitorch, obj) == program(torch, obj)
    file = io.BytesIO()
    torch.save(obj, file)
    file.seek(0)
    names = minitorch.serialization.get_unsafe_globals_in_checkpoint(file)
    file.seek(0)
    theirs = torch.serialization.get_unsafe_globals_in_checkpoint(file)
    assert sorted(names) == sorted({*theirs} - {"collections.defaultdict"})  # which is safe
    with pytest.raises(pickle.UnpicklingError, match=rf"GLOBAL {re.escape(names[0])} was not"):
        minitorch.load(file)
    assert minitorch.load(file, weights_only=False) == obj
    with minitorch.serialization.safe_globals(ALLOWED):
        assert minitorch.serialization.get_unsafe_globals_in_checkpoint(file) == []
        assert minitorch.load(file) == obj
    assert minitorch.serialization.get_safe_globals() == []


def program(lib, obj):
    file = io.BytesIO()
    lib.save(obj, file)
    with zipfile.ZipFile(file) as archive:
        return archive.read("archive/data.pkl")


@pytest.mark.parametrize("size", [1, 2, 3, 4, 255, 999, 1000, 1001, 2001])
def test_batches_of_any_length(size):
    x, tensors = list(range(size)), {f"{i}": i for i in range(size)}
    ordered, inner = OrderedDict(tensors), [x, tuple(x)]
    inner.append((inner, [(inner,)]))  # and one that contains itself
    for obj in (x, tuple(x), tensors, ordered, set(x), inner, deque(x)):
        assert program(minitorch, obj) == program(torch, obj)
    many = [[lib.ones(i % 3 + 1) for i in range(size)] for lib in (minitorch, torch)]
    parameters = [[lib.nn.Parameter(lib.ones(2, i % 3)) for i in range(size)] for lib in BOTH[1]]
    assert program(minitorch, many[0]) == program(torch, many[1])
    assert program(minitorch, parameters[0]) == program(torch, parameters[1])


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
    from minitorch.serialization.pickle_reader import Allowed, PickleReader

    file = io.BytesIO()
    minitorch.save(example(minitorch), file)
    with zipfile.ZipFile(file) as archive:
        program = archive.read("archive/data.pkl")
    rng = random.Random(1)
    for _ in range(1500):
        with contextlib.suppress(pickle.UnpicklingError):
            PickleReader(mutate(program, rng), Allowed(), lambda key: None).read()


def test_dtypes_as_values():
    got = through(torch, minitorch, [torch.float16, torch.bfloat16, torch.int64])
    assert got == [minitorch.float16, minitorch.bfloat16, minitorch.int64]


MODULES = {
    "Linear": ((3, 2), (4, 3)), "Conv2d": ((2, 3, 3, 1, 1, 1, 1, True, "circular"), (1, 2, 5, 5)),
    "ConvTranspose1d": ((2, 3, 3), (1, 2, 5)), "BatchNorm1d": ((3,), (4, 3)),
    "LSTM": ((3, 2, 2), (5, 1, 3)), "GRU": ((3, 2), (5, 1, 3)), "Softmax": ((1,), (2, 3)),
    "TransformerEncoderLayer": ((4, 2, 8), (5, 2, 4)), "PReLU": ((), (2, 3)),
    "MaxPool2d": ((2,), (1, 1, 4, 4)), "Upsample": ((None, 2), (1, 1, 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize(("writer", "reader"), BOTH)
def test_whole_modules_both_ways(name, writer, reader):
    arguments, shape = MODULES[name]
    layer = getattr(writer.nn, name)
    model = writer.nn.Sequential(OrderedDict(layer=layer(*arguments), end=writer.nn.ReLU())).eval()
    if name in ("LSTM", "GRU"):
        model = model.layer
    file = io.BytesIO()
    writer.save(model, file)
    file.seek(0)
    classes = [v for v in vars(reader.nn).values() if isinstance(v, type)]
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL torch\.nn\.modules"):
        reader.load(file, weights_only=True)
    file.seek(0)
    more = [reader.nn.functional.relu]
    more += [v for v in vars(reader.nn.modules.linear).values() if isinstance(v, type)]
    with reader.serialization.safe_globals(classes + more):
        got = reader.load(file, weights_only=True)
    assert repr(got) == repr(model)
    x = np.random.RandomState(0).rand(*shape).astype(np.float32)
    out, want = got(reader.from_numpy(x)), model(writer.from_numpy(x))
    out, want = (y[0] if isinstance(y, tuple) else y for y in (out, want))
    np.testing.assert_allclose(out.detach().numpy(), want.detach().numpy(), 1e-5, 1e-6)
    got.train()
    got.state_dict()
