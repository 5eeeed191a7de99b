"""Files made to be slow, large or dangerous: ``load`` is quick, small, and runs nothing."""

import datetime
import io
import pickle
import random
import struct
import sys
import time
import tracemalloc
import zipfile
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple

import minitorch
import numpy as np
import pytest

SECONDS, GROWTH, ROOM = 2.0, 20, 50_000_000
DANGERS = ("exec", "compile", "import", "os.", "subprocess.", "socket.", "ctypes.", "shutil.")
Point = namedtuple("Point", "x y")
watched: list[str] | None = None


def watch(event: str, arguments: object) -> None:
    if watched is not None and event.startswith(DANGERS):
        watched.append(f"{event} {str(arguments)[:80]}")


sys.addaudithook(watch)


def archive(program: bytes, members=(("data/0", b"\0" * 8),)) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("archive/data.pkl", program)
        for name, data in members:
            made.writestr(f"archive/{name}", data)
    return file.getvalue()


def saved(obj: object, **options: object) -> bytes:
    file = io.BytesIO()
    minitorch.save(obj, file, **options)
    return file.getvalue()


def check(data: bytes) -> object:
    """Loads ``data`` within the bounds; returns the object, or the error."""
    global watched
    tracemalloc.start()
    start, watched = time.thread_time(), []
    try:
        result: object = minitorch.load(io.BytesIO(data))
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        result = error
    finally:
        seconds, seen, watched = time.thread_time() - start, watched, None
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert seconds < SECONDS, f"{seconds} s for {len(data)} bytes"
    assert peak < GROWTH * len(data) + ROOM, f"{peak} bytes for {len(data)}"
    assert not seen
    assert not isinstance(result, Exception) or len(str(result)) < 3000
    return result


@pytest.fixture(autouse=True, scope="module")
def first() -> None:
    """What the first load of a process imports, and the named results, which are made late."""
    for name in minitorch.return_types.FIELDS:
        getattr(minitorch.return_types, name)
    minitorch.load(io.BytesIO(saved(example())))
    minitorch.load(io.BytesIO(saved(example(), _use_new_zipfile_serialization=False)))


# --- crafted programs, each of about n instructions ---


def text(value: bytes) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value


def integer(value: int) -> bytes:
    digits = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8b" + struct.pack("<I", len(digits)) + digits


def again(call: bytes, n: int) -> bytes:
    """Calls what memo 1 holds with what memo 0 holds, again and again."""
    return call + b"q\1(" + b"h\1h\0R" * n + b"t"


def doubled(n: int, first: bytes = b"]", join: bytes = b"]q%c(h%ch%ce") -> bytes:
    """Lists of two lists of two lists: twice as long to print with every level."""
    return first + b"q\0" + b"".join(join % (k + 1, k, k) for k in range(min(n, 250)))


def tuples(n: int) -> bytes:
    return b"Nq\0" + b"".join(b"h%ch%c\x86q%c" % (k, k, k + 1) for k in range(min(n, 250)))


def numbers(n: int) -> bytes:
    return b"](" + b"".join(b"J" + struct.pack("<i", k) for k in range(n)) + b"e"


TENSOR = (
    b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\1\0\0\x000X\3\0\0\0cpuK\2tQK\0K\1\x85K\1\x85\x89N"
)
REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
PRIME = 2**61 - 1  # Python's hashes of numbers are remainders of it
CRAFTED = {
    "persistent id that doubles": lambda n: doubled(n) + b"Q",
    "tuple as persistent id": lambda n: tuples(n) + b"Q",
    "storage of a nested type": lambda n: (
        doubled(n) + b"q\xfe0(X\x07\0\0\0storageh\xfeX\1\0\0\x000X\3\0\0\0cpuK\2tQ"
    ),
    "storage of a nested name": lambda n: (
        doubled(n) + b"q\xfe0(X\x07\0\0\0storagectorch\nFloatStorage\nh\xfeX\3\0\0\0cpuK\2tQ"
    ),
    "module that doubles": lambda n: doubled(n) + text(b"a") + b"\x93",
    "name that doubles": lambda n: text(b"a") + b"q\xfe0" + doubled(n) + b"q\xffh\xfeh\xff\x93",
    "call of what doubles": lambda n: doubled(n) + b")R",
    "object of what doubles": lambda n: doubled(n) + b")\x81",
    "state that doubles": lambda n: b"ccollections\nOrderedDict\n)R" + doubled(n) + b"b",
    "key that doubles": lambda n: tuples(n) + b"}h%cNs" % min(n, 250),
    "deep key": lambda n: b"}" + b")" + b"\x85" * n + b"Ns",
    "deep tuple": lambda n: b")" + b"\x85" * n,
    "deep list": lambda n: b"]" * n + b"a" * (n - 1),
    "long key, often": lambda n: b"(" + b"K\1" * n + b"tq\0}" + b"h\0Ns" * n,
    "long key in many sets": lambda n: b"(" + b"K\1" * n + b"tq\0" + b"\x8f(h\0\x90" * n,
    "huge number in many sets": lambda n: integer(1 << 8 * n) + b"q\0" + b"\x8f(h\0\x90" * n,
    "numbers that collide": lambda n: (
        b"\x8f(" + b"".join(integer(k * PRIME) for k in range(1, n)) + b"\x90"
    ),
    "complex numbers that collide": lambda n: (
        b"\x8f("
        + b"".join(
            b"cbuiltins\ncomplex\nG" + struct.pack(">dcd", -1000003.0 * k, b"G", k) + b"\x86R"
            for k in range(n)
        )
        + b"\x90"
    ),
    "Size of a set": lambda n: numbers(n) + b"\x85Rq\0" + again(b"ctorch\nSize\n", n),
    "Size of a list": lambda n: numbers(n) + b"\x85q\0" + again(b"ctorch\nSize\n", n),
    "set of a list": lambda n: numbers(n) + b"\x85q\0" + again(b"cbuiltins\nset\n", n),
    "frozenset of a list": lambda n: numbers(n) + b"\x85q\0" + again(b"cbuiltins\nfrozenset\n", n),
    "deque of a list": lambda n: numbers(n) + b"\x85q\0" + again(b"ccollections\ndeque\n", n),
    "Counter of a dict": lambda n: (
        b"}("
        + b"".join(b"J" + struct.pack("<i", k) + b"K\1" for k in range(n))
        + b"u\x85q\0"
        + again(b"ccollections\nCounter\n", n)
    ),
    "bytes of a text": lambda n: text(b"a" * n) + b"\x85q\0" + again(b"c_codecs\nencode\n", n),
    "bytearrays": lambda n: text(b"a" * n) + b"\x85q\0" + again(b"cbuiltins\nbytearray\n", n),
    "dtypes": lambda n: text(b"f4") + b"\x85q\0" + again(b"cnumpy\ndtype\n", n),
    "array shells": lambda n: (
        b"cnumpy\nndarray\nK\0\x85C\1b\x87q\0" + again(b"cnumpy.core.multiarray\n_reconstruct\n", n)
    ),
    "one state, many arrays": lambda n: (
        b"(K\1J" + struct.pack("<i", n) + b"\x85cnumpy\ndtype\n" + text(b"u1") + b"\x85R\x89B"
        + struct.pack("<I", n) + b"\0" * n + b"tq\0" + b"cnumpy\nndarray\nK\0\x85C\1b\x87q\2"
        + b"cnumpy.core.multiarray\n_reconstruct\nq\1(" + b"h\1h\2Rh\0b" * n + b"t"
    ),
    "tensors": lambda n: b"(" + TENSOR + b"tq\0" + again(REBUILD, n),
    "huge sizes": lambda n: (
        REBUILD + b"(" + TENSOR[:-8] + integer(1 << 8 * n) + b"\x85K\1\x85\x89NtR"
    ),
    "many sizes": lambda n: REBUILD + b"(" + TENSOR[:-8] + b"(" + b"K\1" * n + b"tq\0h\0\x89NtR",
    "huge count": lambda n: TENSOR[:-12].replace(b"K\2t", integer(1 << 8 * n) + b"t"),
    "complex of text": lambda n: b"cbuiltins\ncomplex\n" + text(b"1" * n) + b"K\1\x86R",
    "range of huge numbers": lambda n: b"cbuiltins\nrange\n" + integer(1 << 8 * n) + b"\x85R",
    "ordered dicts": lambda n: b")q\0" + again(b"ccollections\nOrderedDict\n", n),
    "sets": lambda n: b"(" + b"\x8f" * n + b"t",
    "dicts": lambda n: b"(" + b"}" * n + b"t",
    "lists": lambda n: b"(" + b"]" * n + b"t",
    "Nones": lambda n: b"](" + b"N" * n + b"e",
    "small texts": lambda n: b"](" + text(b"\xf0\x9f\x98\x80ab") * n + b"e",
    "memo far away": lambda n: b"Nr\xff\xff\xff\x7f",
    "long module": lambda n: b"c" + b"a" * n + b"\nb\n",
    "long names": lambda n: text(b"a" * n) + b"\x85q\0h\0" + again(b"ctorch\nreturn_types\n", n),
    "eval": lambda n: b"cbuiltins\neval\n" + text(b"open('/tmp/x', 'w')") + b"\x85R",
    "system": lambda n: b"cposix\nsystem\n" + text(b"true") + b"\x85R",
    "getattr": lambda n: b"cbuiltins\ngetattr\nctorch\nTensor\n" + text(b"__init__") + b"\x86R",
    "import": lambda n: b"cantigravity\nfly_geohash\n",
    "date": lambda n: b"cdatetime\ndate\n(M\xd0\x07K\1K\1tR",
    "call of a class": lambda n: b"cbuiltins\nlist\n" + numbers(n) + b"\x85R",
    "call of ndarray": lambda n: b"cnumpy\nndarray\n" + integer(2**40) + b"\x85\x85R",
    "state of a tensor": lambda n: REBUILD + b"(" + TENSOR + b"tR}" + text(b"_data") + b"Nsb",
    "attributes of a tensor": lambda n: (
        b"ctorch._tensor\n_rebuild_from_type_v2\n(" + REBUILD + b"ctorch\nTensor\n(" + TENSOR
        + b"t}" + text(b"_node") + b"K\1stR"
    ),
    "fields beyond an array": lambda n: (
        b"cnumpy\ndtype\n" + text(b"V4") + b"\x89\x88\x87R(K\3" + text(b"|") + b"N" + text(b"a")
        + b"\x85}" + text(b"a") + b"cnumpy\ndtype\n" + text(b"f8") + b"\x85R" + integer(2**30)
        + b"\x86sK\4K\1K\0tb"
    ),
    "array beyond its data": lambda n: (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\1b\x87R(K\1"
        + integer(2**20) + b"\x85cnumpy\ndtype\n" + text(b"u1") + b"\x85R\x89C\2abtb"
    ),
    "array of objects from bytes": lambda n: (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\1b\x87R(K\1K\1\x85"
        + b"cnumpy\ndtype\n" + text(b"O") + b"\x85R\x89C\x08abcdefghtb"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CRAFTED)
@pytest.mark.parametrize("n", [3, 240, 20_000])
def test_crafted(name, n):
    check(archive(b"\x80\x02" + CRAFTED[name](n) + b"."))


REFUSED = (
    "eval", "system", "getattr", "import", "date", "call of a class", "call of ndarray",
    "state of a tensor", "attributes of a tensor", "fields beyond an array",
    "array beyond its data", "array of objects from bytes", "key that doubles", "deep key",
)  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    program = b"\x80\x02" + CRAFTED[name](100) + b"."
    assert isinstance(check(archive(program)), pickle.UnpicklingError)


def directory(names: int, extra: int) -> bytes:
    """An archive whose directory lists many members, or long ones."""
    entry = struct.pack(
        "<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 1, extra, 0, 0, 0, 0, 0
    )
    whole = (entry + b"a" + b"\0" * extra) * names
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, names % 65536, names % 65536, len(whole), 0, 0)
    return whole + end


@pytest.mark.parametrize(("names", "extra"), [(20_000, 0), (5, 65_000), (100, 4000), (1, 65535)])
def test_directories(names, extra):
    assert isinstance(check(directory(names, extra)), RuntimeError)


# --- mutated files ---


def example() -> object:
    x = minitorch.arange(12.0).reshape(3, 4)
    state = OrderedDict(weight=x, row=x[1])
    state._metadata = {"": {"version": 2}}  # type: ignore[attr-defined]
    return {
        "state": state, "grad": minitorch.ones(2, requires_grad=True), "named": x.max(0),
        "array": np.arange(6.0).reshape(2, 3), "number": np.float32(1), "texts": np.array(["a"]),
        "fields": np.zeros(2, [("a", "f4"), ("b", "i8", 2)]), "time": np.array([0], "M8[s]"),
        "objects": np.array([1, "a"], object), "counter": Counter("abca"), "deque": deque([1], 3),
        "default": defaultdict(list, a=[1]), "point": Point(x, 2), "bytes": bytearray(b"a\xff"),
        "keys": {(1, (2, "a")): 3, frozenset([1]): 2}, "set": {1, 2}, "complex": 1 + 2j,
        "long": 2**100, "types": [minitorch.float32, minitorch.Size([2]), minitorch.device("cpu")],
    }  # fmt: skip


def spoil(data: bytes, rng: random.Random) -> bytes:
    spoiled = bytearray(data)
    kind = rng.randrange(6)
    if kind == 0:
        return data[: rng.randrange(len(data))]
    a, b = sorted(rng.randrange(len(data)) for _ in range(2))
    if kind == 1:
        return data[:a] + data[b:]
    if kind == 2:  # a piece again, elsewhere
        at = rng.randrange(len(data))
        return data[:at] + data[a : min(b, a + 300)] * rng.randrange(1, 50) + data[at:]
    for _ in range(rng.randrange(1, 9)):
        spoiled[rng.randrange(len(data))] = rng.choice((rng.randrange(256), 255, 0, data[a]))
    return bytes(spoiled)


def random_program(rng: random.Random) -> bytes:
    """Instructions in any order, with memos to repeat."""
    pieces = [
        b"N", b"K\1", b"]", b"}", b"(", b")", b"\x8f", b"t", b"\x85", b"\x86", b"\x87", b"a", b"e",
        b"s", b"u", b"\x90", b"R", b"\x81", b"b", b"Q", b"0", b"ctorch\nSize\n", b"cnumpy\ndtype\n",
        b"cbuiltins\nset\n", b"ccollections\nOrderedDict\n", b"ccollections\nCounter\n", REBUILD,
        b"ccollections\ndeque\n", b"\x91", b"\x94", text(b"f4"), text(b"storage"), integer(2**70),
        b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy.core.multiarray\nscalar\n",
        b"cnumpy\nndarray\n", b"(" + TENSOR + b"t", b"C\4abcd", b"ctorch\nFloatStorage\n",
    ]  # fmt: skip
    pieces += [b"h%c" % k for k in range(6)] + [b"q%c" % k for k in range(6)]
    start = b"\x80\x02](K\1\x85" + TENSOR
    body = b"".join(rng.choice(pieces) for _ in range(rng.randrange(1, 60)))
    loop = b"".join(rng.choice(pieces) for _ in range(rng.randrange(1, 12)))
    return start + body + loop * rng.choice((1, 10, 1000)) + b"."


def test_mutated_files(pytestconfig):
    rng = random.Random(0)
    whole, old = saved(example()), saved(example(), _use_new_zipfile_serialization=False)
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        program = opened.read("archive/data.pkl")
        members = [
            (name.partition("/")[2], opened.read(name))
            for name in opened.namelist()
            if name != "archive/data.pkl"
        ]
    for data in (whole, old):
        assert isinstance(check(data), dict)
    crafted = list(CRAFTED.values())
    loaded = 0
    for number in range(pytestconfig.getoption("--hostile-files")):
        kind = number % 5
        if kind == 0:
            data = spoil(whole, rng)
        elif kind == 1:
            data = spoil(old, rng)
        elif kind == 2:  # past the checksums
            data = archive(spoil(program, rng), members)
        elif kind == 3:
            data = archive(random_program(rng))
        else:
            made = b"\x80\x02" + rng.choice(crafted)(rng.choice((5, 100, 1000))) + b"."
            data = archive(made if rng.random() < 0.5 else spoil(made, rng))
        loaded += not isinstance(check(data), Exception)
    assert loaded  # some mutations are harmless


def test_what_is_allowed_is_not_all():
    data = saved(datetime.date(2000, 1, 1))
    with minitorch.serialization.safe_globals([datetime.datetime]):
        assert isinstance(check(data), pickle.UnpicklingError)
    with minitorch.serialization.safe_globals([datetime.date]):
        assert check(data) == datetime.date(2000, 1, 1)
