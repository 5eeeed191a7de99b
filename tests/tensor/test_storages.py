"""UntypedStorage, TypedStorage and their kin: bytes, and the tensors on them."""

import copy
import io
import mmap
import os
import pickle
import sys
import warnings
import zipfile

import minitorch
import pytest
from minitorch import UntypedStorage, storage

S = UntypedStorage


@pytest.fixture(autouse=True)
def silent():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="TypedStorage is deprecated")
        yield


def changed(change):
    made = S([1, 2, 3, 4])
    change(made)
    return made.tolist()


BYTES = {  # what is done to the bytes 1 2 3 4, and what they are then
    "item": (lambda s: s.__setitem__(0, 9), [9, 2, 3, 4]),
    "item wraps": (lambda s: s.__setitem__(-1, 300), [1, 2, 3, 44]),
    "slice": (lambda s: s.__setitem__(slice(1, 3), 7), [1, 7, 7, 4]),
    "slice is shared": (lambda s: s[1:3].fill_(7), [1, 7, 7, 4]),
    "fill": (lambda s: s.fill_(-1), [255] * 4),
    "copy": (lambda s: s.copy_(S([5, 6, 7, 8])), [5, 6, 7, 8]),
    "byteswap 2": (lambda s: s.byteswap(minitorch.int16), [2, 1, 4, 3]),
    "byteswap 4": (lambda s: s.byteswap(minitorch.float32), [4, 3, 2, 1]),
    "shrink": (lambda s: s.resize_(2), [1, 2]),
    "grow": (lambda s: s.resize_(5), [1, 2, 3, 4, 0]),
    "share": (lambda s: s.share_memory_(), [1, 2, 3, 4]),
    "clone": (lambda s: s.clone().fill_(0), [1, 2, 3, 4]),
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes(name):
    change, expected = BYTES[name]
    assert changed(change) == expected


ERRORS = {
    "step": (lambda: S(4)[::2], RuntimeError, "step of 2"),
    "index": (lambda: S(4)[4], IndexError, "index 4 out of range for storage of size 4"),
    "key": (lambda: S(4)["a"], TypeError, "can't index"),
    "value": (lambda: S(4).__setitem__(0, 1.5), RuntimeError, "int types, but got float"),
    "float": (lambda: S(1.5), RuntimeError, "Expected a sequence type, but got float"),
    "text": (lambda: S("a"), RuntimeError, "one of the items was of type str"),
    "negative": (lambda: S(-1), RuntimeError, "must not be negative"),
    "sizes": (lambda: S(2).copy_(S(3)), RuntimeError, "self was 2 bytes but src was 3"),
    "swap": (lambda: S(3).byteswap(minitorch.int16), RuntimeError, "not a multiple of 2"),
    "no dtype": (lambda: S.from_buffer(b"ab"), RuntimeError, "'dtype' cannot be None"),
    "order": (
        lambda: S.from_buffer(b"ab", "middle", dtype=minitorch.uint8), ValueError, "'middle'",
    ),
    "rest": (
        lambda: S.from_buffer(b"abc", dtype=minitorch.int16), ValueError, "multiple of element",
    ),
    "typed slice": (lambda: storage.FloatStorage(2)[:1], RuntimeError, "slices are only"),
    "typed of typed": (
        lambda: storage.FloatStorage(storage.FloatStorage(1)), TypeError, "not recognized",
    ),
    "two sizes": (lambda: storage.FloatStorage(1, 2), RuntimeError, "Too many positional"),
    "foreign dtype": (
        lambda: minitorch.zeros(1).set_(storage.DoubleStorage(1)), RuntimeError, "type Double",
    ),
    "numpy's": (
        lambda: minitorch.frombuffer(bytearray(4), dtype=minitorch.int32)
        .untyped_storage().resize_(8),
        RuntimeError, "not resizable",
    ),
    "no file": (lambda: S.from_file("/no/such/file"), RuntimeError, "unable to open file"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, kind, text = ERRORS[name]
    with pytest.raises(kind, match=text):
        call()


def test_a_tensor_and_its_views_have_one_storage():
    x = minitorch.arange(6.0)
    bytes_ = x.untyped_storage()
    assert bytes_ is x[2:].untyped_storage() is x.view(2, 3).untyped_storage()
    assert bytes_ is x.storage().untyped()
    assert bytes_ is not x.clone().untyped_storage()
    assert x[2:].data_ptr() == bytes_.data_ptr() + 8
    assert bytes_.nbytes() == 24
    assert sys.getsizeof(bytes_) - sys.getsizeof(S()) == 24
    assert minitorch.empty(0).data_ptr() == minitorch.empty(0).untyped_storage().data_ptr() == 0


def test_slices_are_storages_of_their_own():
    whole = S(range(8))
    made = minitorch.asarray(whole[4:8], dtype=minitorch.uint8)
    assert made.untyped_storage().nbytes() == 4
    assert made.storage_offset() == 0
    made[0] = 99
    assert whole[4] == 99


def test_resizing_moves_all_tensors():
    x = minitorch.arange(4.0)
    view, other = x[1:3], minitorch.arange(4.0)
    x.untyped_storage().resize_(32)
    x[1] = 7
    assert view.tolist() == [7, 2]
    assert view.untyped_storage().nbytes() == 32
    assert other.untyped_storage().nbytes() == 16


def test_a_tensor_outlives_its_memory():
    x = minitorch.arange(4.0).view(2, 2).t()
    x.untyped_storage().resize_(0)
    assert x.shape == (2, 2)
    assert x.untyped_storage().nbytes() == 0
    assert x.isnan().all()
    with pytest.raises(ValueError, match="read-only"):
        x.fill_(1)
    x.untyped_storage().resize_(16)
    x.copy_(minitorch.tensor([[1.0, 2], [3, 4]]))
    assert x.stride() == (1, 2)
    assert x.storage().tolist() == [1, 3, 2, 4]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes to fork")
def test_shared_memory():
    x = minitorch.zeros(3)
    view = x[1:]
    assert not x.is_shared()
    assert x.share_memory_() is x
    assert x.is_shared()
    assert view.is_shared()
    child = os.fork()
    if not child:
        view[1] = 5
        os._exit(0)
    os.waitpid(child, 0)
    assert x.tolist() == [0, 0, 5]


def test_files(tmp_path):
    path = tmp_path / "bytes"
    made = S.from_file(path, shared=True, nbytes=8)
    made.fill_(1)
    assert made.filename == str(path)
    assert made.is_shared()
    assert not made.resizable()
    made[0] = 2
    private = S.from_file(str(path))
    assert private.tolist() == [2] + [1] * 7
    assert private.filename is None
    private[0] = 3
    assert path.read_bytes()[0] == 2
    floats = storage.FloatStorage.from_file(str(path), False, 1)
    assert floats.size() == 1
    assert len(path.read_bytes()) == 8
    with pytest.raises(RuntimeError, match="smaller than the required"):
        S.from_file(path, False, 9)


def test_typed():
    made = storage.FloatStorage([1, 2])
    assert type(made) is storage.TypedStorage
    assert isinstance(made, minitorch.FloatStorage)
    assert not isinstance(made, minitorch.DoubleStorage)
    assert issubclass(minitorch.FloatStorage, minitorch.TypedStorage)
    assert (len(made), made.size(), made.nbytes(), made.element_size()) == (2, 2, 8, 4)
    assert (made.dtype, made.type(), made[1]) == (minitorch.float32, "torch.FloatStorage", 2.0)
    made[0] = 5
    assert made.double().tolist() == [5, 2]
    assert made.double().dtype is minitorch.float64
    assert minitorch.zeros(1).storage_type() is minitorch.FloatStorage is minitorch.Storage
    assert minitorch.tensor(made).tolist() == [5, 2]
    assert minitorch.zeros(1).set_(made, 1, (1,), (1,)).tolist() == [2]
    assert storage.FloatStorage.from_buffer(b"\0\0\x80?", "little").tolist() == [1]
    assert repr(made).endswith(
        "[torch.storage.TypedStorage(dtype=torch.float32, device=cpu) of size 2]"
    )
    assert S([1, 2]).float().tolist() == [1, 2]
    assert all(map(minitorch.is_storage, (made, S())))
    assert not minitorch.is_storage(3)


def test_as_tensors():
    bytes_ = S([0, 0, 128, 63])
    as_float = minitorch.asarray(bytes_, dtype=minitorch.float32)
    assert as_float.tolist() == [1]
    assert as_float.data_ptr() == bytes_.data_ptr()
    assert minitorch.FloatTensor(bytes_).data_ptr() == bytes_.data_ptr()
    assert minitorch.asarray(bytes_, dtype=minitorch.int16).shape == (2,)


def test_copies():
    x = minitorch.arange(2.0)
    again, bytes_ = copy.deepcopy((x, x.untyped_storage()))
    assert again.untyped_storage() is bytes_ is not x.untyped_storage()
    for made in (S([1, 2]), storage.IntStorage([1, 2])):
        assert pickle.loads(pickle.dumps(made)).tolist() == [1, 2]
        assert copy.copy(made).data_ptr() != made.data_ptr()


@pytest.mark.parametrize("zipped", [True, False])
def test_saved(zipped):
    x = minitorch.arange(4.0)
    file = io.BytesIO()
    minitorch.save([x[1:], x.storage(), S([1, 2])], file, _use_new_zipfile_serialization=zipped)
    file.seek(0)
    view, floats, bytes_ = minitorch.load(file)
    assert isinstance(floats, minitorch.FloatStorage)
    assert floats.tolist() == [0, 1, 2, 3]
    assert view.untyped_storage() is floats.untyped()
    assert isinstance(bytes_, minitorch.ByteStorage)
    assert bytes_.tolist() == [1, 2]
    with pytest.raises(RuntimeError, match="the same data as different types"):
        minitorch.save([x, x.view(minitorch.int32)], io.BytesIO())


def test_the_warning_comes_once():
    def warned(call):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            call()
        return len(found)

    storage._reset_warn_typed_storage_removal()
    assert warned(lambda: minitorch.zeros(1).storage()) == 1
    assert warned(lambda: minitorch.zeros(1).storage()) == 0
    storage._set_always_warn_typed_storage_removal(True)
    try:
        made = minitorch.zeros(2).storage()
        uses = [
            lambda: storage.FloatStorage(), lambda: made[0], lambda: len(made), made.size,
            made.tolist, made.untyped, made.clone, lambda: made.dtype, lambda: repr(made),
        ]  # fmt: skip
        assert [warned(use) for use in uses] == [1] * len(uses)
        assert warned(lambda: minitorch.zeros(2).untyped_storage().float()) == 0
    finally:
        storage._set_always_warn_typed_storage_removal(False)


def test_dlpack():
    numpy = pytest.importorskip("numpy")
    from minitorch.utils.dlpack import DLDeviceType, from_dlpack, to_dlpack

    x = minitorch.zeros(2, 3).t()
    array = numpy.from_dlpack(x)
    for made in (from_dlpack(x), from_dlpack(to_dlpack(x))):
        made[0, 0] += 1
        assert tuple(made.shape) == array.shape == (3, 2)
    assert array[0, 0] == x[0, 0] == 2
    frozen = numpy.zeros(2)
    frozen.flags.writeable = False
    try:
        assert not from_dlpack(frozen).numpy().flags.writeable
    except BufferError:  # what NumPy 2.0 says of memory that must not be written to
        assert numpy.__version__.startswith("2.0.")
    assert from_dlpack(to_dlpack(x)).stride() == (1, 3)
    assert from_dlpack(x, copy=True).data_ptr() != x.data_ptr()
    assert x.__dlpack_device__()[0] == DLDeviceType.kDLCPU
    with pytest.raises(BufferError, match="require gradient"):
        minitorch.ones(1).requires_grad_().__dlpack__()
    with pytest.raises(TypeError, match="stream must be"):
        x.__dlpack__(stream=object())

    class Speaks:
        def __dlpack__(self, **options):
            return x.__dlpack__(**options)

        def __dlpack_device__(self):
            return x.__dlpack_device__()

    assert minitorch.tensor(Speaks()).tolist() == x.tolist()


def test_files_are_paths_or_have_write():
    with pytest.raises(AttributeError, match="expected 'f' to be string, path, or a file-like"):
        minitorch.save("text", minitorch.ones(1))


def test_options_of_files(tmp_path):
    serialization = minitorch.serialization
    path = tmp_path / "x.pt"
    serialization.set_crc32_options(False)
    try:
        minitorch.save(minitorch.arange(3.0), path)
    finally:
        serialization.set_crc32_options(True)
    assert minitorch.load(path).tolist() == [0, 1, 2]
    with zipfile.ZipFile(path) as file, pytest.raises(zipfile.BadZipFile, match="Bad CRC-32"):
        file.read("x/data/0")
    shared, before = getattr(mmap, "MAP_SHARED", 1), serialization.get_default_mmap_options()
    with serialization.set_default_mmap_options(shared):
        minitorch.load(path, mmap=True)[0] = 7
    assert serialization.get_default_mmap_options() == before
    assert minitorch.load(path)[0] == 7
    with pytest.raises(ValueError, match="Invalid argument in function"):
        serialization.set_default_mmap_options(99)
    with pytest.raises(TypeError, match="Invalid argument type"):
        serialization.set_default_load_endianness("big")


def test_byte_orders(tmp_path):
    serialization = minitorch.serialization
    path = tmp_path / "x.pt"
    with serialization.PyTorchFileReader(_saved(minitorch.ones(1))) as reader:
        assert reader.has_record("byteorder")
        with serialization.PyTorchFileWriter(path) as writer:
            for name in reader.get_all_records():
                if name not in ("byteorder", "version"):
                    data = reader.get_record(name)
                    writer.write_record(name, data, len(data))
        assert reader.version() == 3
        with pytest.raises(RuntimeError, match="failed locating file"):
            reader.get_record("nothing")
    orders = serialization.LoadEndianness
    assert serialization.get_default_load_endianness() is None
    for order, value in ((None, 1.0), (orders.LITTLE, 1.0), (orders.BIG, 4.6006e-41)):
        serialization.set_default_load_endianness(order)
        try:
            assert minitorch.load(path).item() == pytest.approx(value, rel=1e-3)
        finally:
            serialization.set_default_load_endianness(None)


def _saved(value):
    file = io.BytesIO()
    minitorch.save(value, file)
    file.seek(0)
    return file


def test_devices_of_ones_own():
    serialization = minitorch.serialization
    seen = []

    def deserialize(storage, location):
        return (seen.append(location), storage)[1] if location == "own:0" else None

    serialization.register_package(5, lambda storage: "own:0", deserialize)
    try:
        assert serialization.location_tag(S(1)) == "own:0"
        assert serialization.default_restore_location(S(1), "own:0").nbytes() == 1
        assert b"own:0" in _saved(minitorch.ones(1)).getvalue()
    finally:
        serialization._package_registry.pop(0)
    assert seen == ["own:0"]
    assert serialization.location_tag(S(1)) == "cpu"
    with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device"):
        serialization.default_restore_location(S(1), "cuda:0")
