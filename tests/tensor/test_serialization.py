import copy
import fractions
import io
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
import zipfile
from collections import OrderedDict

import minitorch
import numpy as np
import pytest
from minitorch._types.dtype import OWN
from minitorch.serialization import archive as archives
from minitorch.serialization.pickle_reader import Allowed, PickleReader
from minitorch.serialization.replacing import replacing


def again(obj):
    file = io.BytesIO()
    minitorch.save(obj, file)
    file.seek(0)
    return minitorch.load(file)


VALUES = [
    None, True, 0, -1, 255, 256, 2**31, -(2**31) - 1, 2**200, 1.5, float("inf"), 1 + 2j, "",
    "é\n\u2028",
    b"", b"\x00\xff", (), (1,), (1, 2, 3, 4), [], [1, [2]], {},
    {"a": 1, 2: "b", (1, 2): None}, {1, 2},
    minitorch.float16, minitorch.Size([2, 3]), minitorch.device("cpu"), OrderedDict(b=1, a=2),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(VALUES)))
def test_values(number):
    got = again(VALUES[number])
    assert got == VALUES[number]
    assert type(got) is type(VALUES[number])


@pytest.mark.parametrize("dtype", OWN, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4)])
def test_tensors(dtype, shape):
    x = minitorch.tensor(np.arange(np.prod(shape)).reshape(shape).astype(dtype.numpy))
    got = again(x)
    assert got.dtype is dtype
    assert got.shape == x.shape
    np.testing.assert_array_equal(got.numpy(), x.numpy())


def test_memory_that_is_shared_stays_shared():
    x = minitorch.arange(12.0).reshape(3, 4)
    got = again([x, x[1], x.t(), x[:, ::2], x.expand(2, 3, 4), x])
    assert got[0] is got[5]
    got[0][1, 2] = 99
    assert got[1][2] == got[2][2, 1] == got[3][1, 1] == got[4][1, 1, 2] == 99
    assert got[2].stride() == (1, 4)
    twice = again(got)
    twice[0][1, 2] = 5
    assert twice[1][2] == 5


NESTS = {
    "list": lambda x: [x], "tuple": lambda x: (x,), "long tuple": lambda x: (1, 2, 3, x),
    "dict": lambda x: {"a": x}, "mixed": lambda x: [1, {"a": (x, 2)}],
}  # fmt: skip


@pytest.mark.parametrize("name", NESTS)
def test_deep_nests(name):
    """As deep as PyTorch's: a level takes one frame of Python."""
    obj = minitorch.ones(1)
    levels = 800 // (3 if name == "mixed" else 1)
    for _ in range(levels):
        obj = NESTS[name](obj)
    got = again(obj)
    for _ in range(levels):
        assert type(got) is type(obj)
        got = got["a"] if name == "dict" else got[1]["a"][0] if name == "mixed" else got[-1]
        obj = obj["a"] if name == "dict" else obj[1]["a"][0] if name == "mixed" else obj[-1]
    assert got.tolist() == [1]


def test_map_location():
    file = io.BytesIO()
    minitorch.save(minitorch.ones(2), file)
    calls = []

    def double(storage, location):
        calls.append((storage.nbytes(), location, storage.device))
        return (2 * minitorch.ones(2)).untyped_storage()

    assert minitorch.load(file, double).tolist() == [2, 2]
    assert calls == [(8, "cpu", minitorch.device("cpu"))]
    assert minitorch.load(file, {"cuda:0": "cpu"}).tolist() == [1, 1]
    for location in ("cuda:1", {"cpu": "cuda"}, "cpu:0", "bogus"):
        with pytest.raises(RuntimeError, match="CPU"):
            minitorch.load(file, location)
    for location in (3, lambda storage, location: 3, {"cpu": 3}):
        with pytest.raises(TypeError, match="map_location"):
            minitorch.load(file, location)
    cause = ValueError("cause")

    def fail(storage, location):
        raise AttributeError("mine") from cause

    with pytest.raises(AttributeError, match="mine") as caught:
        minitorch.load(file, fail)
    assert caught.value.__cause__ is cause


def test_what_pytorch_cannot_store_is_copied():
    reversed_ = minitorch.from_numpy(np.arange(4.0)[::-1])
    assert again(reversed_).tolist() == [3, 2, 1, 0]
    odd = minitorch.zeros(9, dtype=minitorch.uint8)[:8].view(minitorch.float32)  # of 9 bytes
    assert again(odd).tolist() == [0, 0]


def test_requires_grad_and_containers():
    shared = [1]
    got = again({"w": minitorch.ones(2, requires_grad=True), "a": shared, "b": shared})
    assert got["w"].requires_grad
    assert got["w"].is_leaf
    assert got["a"] is got["b"]
    loop = []
    loop.append(loop)
    got = again(loop)
    assert got[0] is got
    ordered = OrderedDict(a=1)
    ordered._metadata = {"": {"version": 2}}
    assert again(ordered)._metadata == {"": {"version": 2}}
    assert again(np.float32(1.5)) == 1.5


@pytest.mark.parametrize(
    "obj", [{"a": lambda: 1}, iter([]), threading.Lock()], ids=["function", "iterator", "lock"]
)
def test_what_cannot_be_pickled_is_refused(obj, tmp_path):
    path = tmp_path / "x.pt"
    minitorch.save(1, path)
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        minitorch.save([obj, obj.__class__.__call__], path)
    assert minitorch.load(path) == 1
    assert os.listdir(tmp_path) == ["x.pt"]


def test_a_crash_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.pt"
    minitorch.save(minitorch.ones(2), path)

    def crash(*args):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="disk full"):
        minitorch.save(minitorch.zeros(2), path)
    assert minitorch.load(path).tolist() == [1, 1]
    assert os.listdir(tmp_path) == ["x.pt"]


@pytest.mark.needs("links and file modes")
def test_paths_and_links(tmp_path):
    target, link = tmp_path / "target.pt", tmp_path / "link.pt"
    minitorch.save(1, str(target))
    target.chmod(0o640)
    link.symlink_to(target)
    minitorch.save(2, link)
    assert link.is_symlink()
    assert minitorch.load(target) == 2
    assert target.stat().st_mode & 0o777 == 0o640
    with pytest.raises(FileNotFoundError):
        minitorch.load(tmp_path / "none.pt")
    assert minitorch.load(target, weights_only=False) == 2
    with pytest.raises(RuntimeError, match="CPU"):
        minitorch.load(target, map_location="cuda")
    assert minitorch.load(target, map_location="cpu") == 2


class Custom:
    def __init__(self, tensor):
        self.tensor = tensor

    def __setstate__(self, state):
        if state["tensor"].numel() > 2:
            raise TypeError("too long")
        self.__dict__.update(state)


@pytest.mark.parametrize("zipped", [True, False])
def test_whatever_a_trusted_file_names(tmp_path, zipped):
    """weights_only=False reads classes that nobody allowed; their own errors come through."""
    path = tmp_path / "custom.pt"
    for tensor in (minitorch.ones(2), minitorch.ones(3)):
        minitorch.save(Custom(tensor), path, _use_new_zipfile_serialization=zipped)
        for weights_only in (None, True):
            with pytest.raises(pickle.UnpicklingError, match="weights_only=False"):
                minitorch.load(path, weights_only=weights_only)
        if len(tensor) == 2:
            assert minitorch.load(path, weights_only=False).tensor.tolist() == [1, 1]
        else:
            with pytest.raises(TypeError if zipped else RuntimeError, match="too long"):
                minitorch.load(path, weights_only=False)
    with pytest.raises(RuntimeError, match="CPU"):
        minitorch.load(path, weights_only=False, map_location="cuda")


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


KILLED = """
import os, signal, sys, minitorch
os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)
minitorch.save(minitorch.ones(2), sys.argv[1])
"""


@pytest.mark.needs("processes")
@pytest.mark.parametrize("name", ["x.pt", "n" * 255, "é" * 127])
def test_what_a_killed_save_left_goes_with_the_next(tmp_path, name):
    path, other = tmp_path / name, tmp_path / "other.pt"
    for target in (path, path, other):
        assert run(KILLED, target).returncode == -signal.SIGKILL
    assert len(os.listdir(tmp_path)) == 2  # the second save cleaned up after the first
    minitorch.save(1, path)
    assert minitorch.load(path) == 1
    assert len(os.listdir(tmp_path)) == 2  # other.pt's is its own
    minitorch.save(1, other)
    assert sorted(os.listdir(tmp_path)) == sorted([name, "other.pt"])


def test_a_save_that_is_under_way_is_left_alone(tmp_path):
    path = tmp_path / "x.pt"
    with replacing(str(path)) as file:
        file.write(b"slow")
        minitorch.save(1, path)
    assert path.read_bytes() == b"slow"
    assert os.listdir(tmp_path) == ["x.pt"]


@pytest.mark.parametrize("name", [b"x.pt", b"\xff.pt", "é.pt", "a b.c.pt", ".pt", "n" * 255])
def test_names(tmp_path, name):
    path = os.path.join(os.fsencode(tmp_path), os.fsencode(name))
    for target in (path, os.fsdecode(path)):
        minitorch.save(minitorch.ones(2), target)
        assert minitorch.load(target).tolist() == [1, 1]
    assert os.listdir(os.fsencode(tmp_path)) == [os.fsencode(name)]


def test_a_directory_that_takes_no_new_files(tmp_path, monkeypatch):
    path = tmp_path / "x.pt"
    minitorch.save(1, path)
    number = path.stat().st_ino
    monkeypatch.setattr(os, "access", lambda *arguments: False)

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(sys.modules[replacing.__module__], "_locked", refuse)
    minitorch.save(2, path)
    assert minitorch.load(path) == 2
    assert path.stat().st_ino == number
    with pytest.raises(PermissionError):
        minitorch.save(2, tmp_path / "new.pt")


@pytest.mark.needs("threads")
def test_a_tensor_that_changes_while_it_is_saved():
    x, stop = minitorch.zeros(1_000_000), threading.Event()

    def write():
        while not stop.is_set():
            x.add_(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            assert again(x).shape == x.shape
    finally:
        stop.set()
        writer.join()


def test_pages_of_the_file(tmp_path):
    path = tmp_path / "x.pt"
    x = minitorch.arange(100_000.0)
    minitorch.save({"x": x, "part": x[5:], "none": minitorch.zeros(0)}, path)
    got = minitorch.load(path, mmap=True)
    assert got["x"].equal(x)
    got["x"][5] = -1
    assert got["part"][0] == -1
    assert minitorch.load(path)["x"].equal(x)
    with pytest.raises(ValueError, match="mmap"):
        minitorch.load(io.BytesIO(path.read_bytes()), mmap=True)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("zipped", [True, False])
def test_protocols(protocol, zipped):
    obj = {"x": minitorch.ones(2), "a": np.arange(3), "b": bytearray(b"ab"), "s": frozenset([1])}
    file = io.BytesIO()
    minitorch.save(obj, file, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    file.seek(0)
    assert repr(minitorch.load(file)) == repr(obj)
    with pytest.raises(ValueError, match="from 2 to 5"):
        minitorch.save(1, file, pickle_protocol=1)


def test_safe_globals():
    serialization = minitorch.serialization
    file = io.BytesIO()
    minitorch.save(fractions.Fraction(1, 2), file)
    serialization.add_safe_globals([fractions.Fraction])
    try:
        assert minitorch.load(file) == fractions.Fraction(1, 2)
        assert serialization.get_safe_globals() == [fractions.Fraction]
        assert serialization.get_unsafe_globals_in_checkpoint(file) == []
    finally:
        serialization.clear_safe_globals()
    assert serialization.get_unsafe_globals_in_checkpoint(file) == ["fractions.Fraction"]
    with pytest.raises(pickle.UnpicklingError, match=r"add_safe_globals\(\[Fraction\]\)"):
        minitorch.load(file)
    with serialization.safe_globals([(lambda *parts: "half", "fractions.Fraction")]):
        assert minitorch.load(file) == "half"
    for wrong in (1, (str,), ("a", str), object()):
        with pytest.raises(TypeError, match="expected a class or function"):
            serialization.add_safe_globals([wrong])
    system = b"\x80\x02cposix\nsystem\n(X\x04\0\0\0truetR."
    with (
        serialization.safe_globals([os.system]),
        pytest.raises(pickle.UnpicklingError, match="whose module posix is blocked"),
    ):
        minitorch.load(archive(system))


def archive(program, members=(), compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        made.writestr("archive/data.pkl", program)
        for name, data in members:
            made.writestr(f"archive/{name}", data)
    file.seek(0)
    return file


def tensor_program(kind="FloatStorage", count=2, offset=0, size=(2,), stride=(1,), key="0"):
    def integers(values):
        return b"(" + b"".join(b"J" + struct.pack("<i", v) for v in values) + b"t"

    return (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storage"
        + f"ctorch\n{kind}\n".encode()
        + b"X" + struct.pack("<I", len(key)) + key.encode()
        + b"X\x03\0\0\0cpuJ" + struct.pack("<i", count) + b"tQJ" + struct.pack("<i", offset)
        + integers(size) + integers(stride) + b"\x89ccollections\nOrderedDict\n)RtR."
    )  # fmt: skip


EIGHT = [("data/0", b"\0" * 8)]
HOSTILE = {
    "system": (b"\x80\x02cos\nsystem\n(X\x02\0\0\0lstR.", ()),
    "eval": (b"\x80\x02cbuiltins\neval\n(X\x01\0\0\0" + b"1tR.", ()),
    "getattr": (b"\x80\x02c__builtin__\ngetattr\n.", ()),
    "torch internals": (b"\x80\x02ctorch.serialization\nload\n.", ()),
    "attribute by path": (b"\x80\x02ccollections\nOrderedDict.fromkeys\n.", ()),
    "calls data": (b"\x80\x02X\x01\0\0\0a)R.", ()),
    "calls a dtype": (b"\x80\x02ctorch\nfloat32\n)R.", ()),
    "build on a list": (b"\x80\x02]}b.", ()),
    "build attributes": (b"\x80\x02ccollections\nOrderedDict\n)R}X\1\0\0\0aK\1sb.", ()),
    "no end": (b"\x80\x02K\x01", ()),
    "empty stack": (b"\x80\x02.", ()),
    "only a mark": (b"\x80\x02(.", ()),
    "no mark": (b"\x80\x02]K\x01e.", ()),
    "unknown instruction": (b"\x80\x02\xff.", ()),
    "huge string": (b"\x80\x02X\xff\xff\xff\xff.", ()),
    "huge integer": (b"\x80\x02\x8b\xff\xff\xff\x7f.", ()),
    "negative integer": (b"\x80\x02\x8b\xff\xff\xff\xff.", ()),
    "missing memo": (b"\x80\x02h\x07.", ()),
    "unhashable key": (b"\x80\x02}]K\x01s.", ()),
    "deep key": (b"\x80\x02}" + b")" + b"\x85" * 60 + b"K\x01s.", ()),
    "persistent": (b"\x80\x02K\x01Q.", ()),
    "copies": (
        b"\x80\x02](" + b"K\x01" * 5000 + b"eq\x00]("
        + b"c__builtin__\nset\n(h\x00tR" * 5000 + b"e.",
        (),
    ),
    "missing storage": (tensor_program(), ()),
    "short storage": (tensor_program(count=4), EIGHT),
    "long storage": (tensor_program(count=1, size=(1,)), EIGHT),
    "negative count": (tensor_program(count=-2), EIGHT),
    "beyond": (tensor_program(size=(3,)), EIGHT),
    "beyond by offset": (tensor_program(offset=1), EIGHT),
    "beyond by stride": (tensor_program(stride=(2,)), EIGHT),
    "negative offset": (tensor_program(offset=-1), EIGHT),
    "negative size": (tensor_program(size=(-1,)), EIGHT),
    "negative stride": (tensor_program(stride=(-1,)), EIGHT),
    "sizes without strides": (tensor_program(stride=()), EIGHT),
    "huge expanded": (tensor_program(size=(2**30,) * 9, stride=(0,) * 9), EIGHT),
    "unknown storage": (tensor_program(kind="QInt8Storage"), EIGHT),
    "path": (tensor_program(key="../data.pkl"), EIGHT),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(name):
    with pytest.raises((pickle.UnpicklingError, RuntimeError)):
        minitorch.load(archive(*HOSTILE[name]))


@pytest.mark.filterwarnings("ignore:bfloat16 becomes float32")  # without ml_dtypes
def test_the_program_above_is_right():
    got = minitorch.load(archive(tensor_program(), [("data/0", struct.pack("<2f", 1, 2))]))
    assert got.tolist() == [1, 2]
    half = minitorch.load(archive(tensor_program("BFloat16Storage"), [("data/0", b"\x80?\0@")]))
    assert half.tolist() == [1, 2]
    assert half.dtype in (minitorch.bfloat16, minitorch.float32)  # without ml_dtypes
    big = [("data/0", struct.pack(">2f", 1, 2)), ("byteorder", "big")]
    assert minitorch.load(archive(tensor_program(), big)).tolist() == [1, 2]
    bools = minitorch.load(archive(tensor_program("BoolStorage"), [("data/0", b"\0\7")]))
    assert bools.numpy().view(np.uint8).tolist() == [0, 1]


def test_bombs_are_refused():
    bomb = archive(b"\x80\x02N.", [("data/0", b"\0" * 10_000_000)], zipfile.ZIP_DEFLATED)
    with pytest.raises(RuntimeError, match="compressed"):
        minitorch.load(bomb)
    file = io.BytesIO()
    minitorch.save(minitorch.zeros(1000), file)
    with zipfile.ZipFile(file, "a") as made:  # members that claim the same bytes again
        for k in range(5):
            entry = copy.copy(made.getinfo("archive/data/0"))
            entry.filename = f"archive/data/{k + 1}"
            made.filelist.append(entry)
        made._didModify = True
    with pytest.raises(RuntimeError, match="longer than the file"):
        minitorch.load(file)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"", EOFError, "empty"),
        (b"hello", RuntimeError, "not one of"),
        (pickle.dumps({"a": 1}, 2), RuntimeError, "plain pickle"),
    ],
)
def test_other_files(data, error, message):
    with pytest.raises(error, match=message):
        minitorch.load(io.BytesIO(data))


def test_a_flipped_byte_is_noticed():
    file = io.BytesIO()
    minitorch.save(minitorch.ones(100), file)
    data = bytearray(file.getvalue())
    data[data.index(struct.pack("<4f", 1, 1, 1, 1))] ^= 1
    with pytest.raises(RuntimeError, match="damaged"):
        minitorch.load(io.BytesIO(bytes(data)))


def test_members_are_aligned():
    file = io.BytesIO()
    minitorch.save([minitorch.ones(3), minitorch.ones(5)], file)
    with zipfile.ZipFile(file) as made:
        for entry in made.infolist():
            head = file.getvalue()[entry.header_offset :][:30]
            name, extra = struct.unpack("<HH", head[26:30])
            assert (entry.header_offset + 30 + name + extra) % 64 == 0


@pytest.mark.parametrize("limit", [0, 1, 64, 300, 2**32 - 1])
def test_archives_beyond_4_gigabytes(limit, monkeypatch):
    """As if the fields of 32 bits ended at ``limit``: the longer ones stand there too."""
    monkeypatch.setattr(archives, "IN_64", limit)
    file = io.BytesIO()
    writer = archives.ArchiveWriter(file, "é")
    members = {"a": b"x" * 200, "b": b"", "data/0": b"y" * 70, "data/1": b"z" * (1 << 19)}
    for name, data in members.items():
        chunks = [data[at : at + (1 << 18)] for at in range(0, len(data), 1 << 18)]
        writer.add(name, chunks, len(data))
    writer.close()
    # readers look at 64 bits where a field of 32 is full
    data = file.getvalue()
    read = archives.Archive(io.BytesIO(data))
    for name, expected in members.items():
        assert read.read(f"é/{name}").tobytes() == expected
        assert read.start(read.members[f"é/{name}"]) % 64 == 0
    if limit == 2**32 - 1:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            assert opened.testzip() is None
            assert [opened.read(f"é/{name}") for name in members] == list(members.values())


def test_members_stand_where_pytorch_has_them():
    """PyTorch can compute the places: after each member 16 bytes with its checksum and sizes."""
    file = io.BytesIO()
    minitorch.save([minitorch.ones(3), minitorch.ones(40)], file)
    with zipfile.ZipFile(file) as opened:
        entries = opened.infolist()
        ends = [entry.header_offset for entry in entries[1:]] + [opened.start_dir]
    for entry, end in zip(entries, ends, strict=True):
        data = file.getvalue()[: end - 16]
        assert data[-entry.file_size :] == zipfile.ZipFile(file).read(entry)
        start = end - 16 - entry.file_size
        assert start % 64 == 0
        assert start - entry.header_offset < 30 + len(entry.filename) + 4 + 64


@pytest.mark.parametrize("place", [None, 0, 37])
def test_streams(place):
    """Files that only take bytes, and files that have content already."""
    file = io.BytesIO(b"?" * (place or 0))
    file.seek(0, os.SEEK_END)

    class Pipe:
        write = staticmethod(file.write)

    minitorch.save(minitorch.ones(2), Pipe() if place is None else file)
    assert minitorch.load(file).tolist() == [1, 1] if place != 37 else zipfile.is_zipfile(file)


def test_newer_pickles_are_read():
    program = pickle.dumps({"a": [1, 2.5, "b", b"c", {1}, (1, 2), 2**70]}, 5)
    want = {"a": [1, 2.5, "b", b"c", {1}, (1, 2), 2**70]}
    assert PickleReader(program, Allowed(), lambda key: None).read() == want


def test_safetensors(tmp_path):
    pytest.importorskip("safetensors", reason="what reads these files")
    from minitorch.safetensors import load_file, save_file

    x = minitorch.arange(6.0).reshape(2, 3)
    tensors = {"x": x, "t": x.t(), "scalar": minitorch.tensor(3), "b": minitorch.tensor([True])}
    path = tmp_path / "x.safetensors"
    save_file(tensors, path, {"format": "pt"})
    got = load_file(path)
    assert got.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert got[name].dtype is tensor.dtype
        np.testing.assert_array_equal(got[name].numpy(), tensor.numpy())
    got["x"][0] = 5  # can be written to
    with pytest.raises(TypeError, match="not a tensor"):
        save_file({"x": 1}, path)
    header = b'{"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\x80?\0@")
    assert load_file(path)["x"].tolist() == [1, 2]


def test_safetensors_absent(monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    from minitorch.safetensors import save

    with pytest.raises(ImportError, match="pip install safetensors"):
        save({})
