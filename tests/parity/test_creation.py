"""Creation, dtypes and their errors against PyTorch."""

import itertools
import warnings

import minitorch
import numpy as np
import pytest
import torch

NAMES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64",
    "complex64", "complex128",
]  # fmt: skip


def outcome(make, lib):
    with warnings.catch_warnings():
        if lib is torch:
            warnings.simplefilter("ignore")
        warnings.filterwarnings("ignore", message=".*set_default_tensor_type.* is deprecated")
        try:
            return make(lib)
        except Exception as error:  # any: the types are compared
            return type(error)


def agree(make, ulps=0):
    want, got = outcome(make, torch), outcome(make, minitorch)
    if isinstance(want, type) and issubclass(want, Exception):
        assert got is want
        return
    assert not isinstance(got, type), got
    if not isinstance(want, torch.Tensor):
        assert repr(got) == repr(want)
        return
    assert str(got.dtype) == str(want.dtype)
    assert tuple(got.shape) == tuple(want.shape)
    assert got.requires_grad == want.requires_grad
    want, got = want.detach().numpy(), got.detach().numpy()
    if ulps and want.dtype.kind == "f":
        np.testing.assert_array_max_ulp(got, want, ulps)
    elif np.asarray(want).dtype.kind == "c":
        np.testing.assert_allclose(got, want, rtol=1e-6)
    else:
        np.testing.assert_array_equal(got, want)


DATA = {
    "float": 1.5, "int": 3, "bool": True, "complex": 1 + 2j, "list": [1, 2], "floats": [1.5, 2],
    "mixed": [True, 2], "mixed complex": [1, 2j], "nested": [[1, 2], [3, 4]], "empty": [],
    "empty nested": [[], []], "tuple": (1, (2,)), "tuples": ((1, 2), (3, 4)), "range": range(3),
    "ragged": [[1], [1, 2]], "ragged end": [[1], []], "number and list": [1, [2]],
    "huge": 2**63, "huge list": [2**70], "minimum": -(2**63), "huge and float": [2**70, 1.5],
    "string": "a", "strings": ["a"], "none": None, "nones": [None], "set": {1}, "dict": {},
    "huge float": 1e300, "inf": float("inf"), "nan": [float("nan")],
    "np float64": np.float64(1), "np list": [np.float64(1)], "np float32": [np.float32(1)],
    "np int32": [np.int32(1)], "np bool": np.bool_(True), "arrays": [np.zeros(2), np.ones(2)],
    "array": np.arange(3.0), "array0": np.array(2), "array int": np.arange(3, dtype=np.int16),
    "half": np.ones(2, np.float16), "string array": np.array(["a"]),
    "object array": np.array([None]), "datetime": np.array(["2020-01-01"], "datetime64[D]"),
    "void": np.zeros(2, "i4,f4"), "late string": [[1, 2], [3, "a"]],
}  # fmt: skip


@pytest.mark.parametrize("name", DATA)
def test_tensor(name):
    agree(lambda lib: lib.tensor(DATA[name]))
    agree(lambda lib: lib.as_tensor(DATA[name]))


@pytest.mark.parametrize("dtype", NAMES)
@pytest.mark.parametrize("value", [0, 1, -1, 300, 2**31, 1.7, -1.7, 1e10, float("inf"), True, 2j])
def test_conversion_of_numbers(value, dtype):
    if value in (float("inf"), 1e10) and dtype in ("uint8", "int8", "int16", "int32", "int64"):
        agree(lambda lib: lib.tensor(value, dtype=getattr(lib, dtype)))
    elif not (value == -1.7 and dtype == "uint8"):
        agree(lambda lib: lib.tensor(value, dtype=getattr(lib, dtype)))
        agree(lambda lib: lib.tensor([value], dtype=getattr(lib, dtype)))


def test_tensor_of_tensors():
    agree(lambda lib: lib.tensor([lib.tensor(1.0), 2.0]))
    agree(lambda lib: lib.tensor([lib.tensor(1.0, dtype=lib.float64)]))
    agree(lambda lib: lib.tensor([lib.ones(2), lib.ones(2)]))
    agree(lambda lib: lib.tensor([lib.ones(1), 2]))
    agree(lambda lib: lib.tensor([[lib.tensor(1), lib.tensor(2)]]))
    agree(lambda lib: lib.tensor(1.0, requires_grad=True))
    agree(lambda lib: lib.tensor(1, requires_grad=True))


CALLS = {
    "zeros": lambda lib: lib.zeros(2, 3),
    "zeros tuple": lambda lib: lib.zeros((2, 3)),
    "zeros list": lambda lib: lib.zeros([2, 3]),
    "zeros size": lambda lib: lib.zeros(size=(2,)),
    "zeros scalar": lambda lib: lib.zeros(()),
    "zeros empty list": lambda lib: lib.zeros([]),
    "zeros shape": lambda lib: lib.zeros(lib.ones(2, 3).shape),
    "zeros int8": lambda lib: lib.zeros(2, dtype=lib.int8),
    "zeros grad": lambda lib: lib.zeros(2, requires_grad=True),
    "zeros tensor size": lambda lib: lib.zeros(lib.tensor(2), 3),
    "zeros negative": lambda lib: lib.zeros(2, -1),
    "zeros float": lambda lib: lib.zeros(2.5),
    "zeros grad int": lambda lib: lib.zeros(2, requires_grad=True, dtype=lib.int64),
    "ones": lambda lib: lib.ones(2, dtype=lib.bool),
    "ones layout": lambda lib: lib.ones(2, layout=lib.strided, device="cpu", pin_memory=False),
    "full": lambda lib: lib.full((2,), 2),
    "full bool": lambda lib: lib.full((2,), True),
    "full complex": lambda lib: lib.full((2,), 1j),
    "full float": lambda lib: lib.full((), 1.5),
    "full tensor": lambda lib: lib.full((2,), lib.tensor(3)),
    "full int size": lambda lib: lib.full(2, 1),
    "full uint8 overflow": lambda lib: lib.full((2,), 300, dtype=lib.uint8),
    "full overflow": lambda lib: lib.full((2,), 1e300),
    "full inf": lambda lib: lib.full((2,), float("-inf")),
    "full inf int": lambda lib: lib.full((2,), float("inf"), dtype=lib.int64),
    "full negative uint8": lambda lib: lib.full((2,), -1, dtype=lib.uint8),
    "full complex to real": lambda lib: lib.full((2,), 1 + 1j, dtype=lib.float32),
    "eye": lambda lib: lib.eye(3),
    "eye rect": lambda lib: lib.eye(2, 3, dtype=lib.int64),
    "eye zero": lambda lib: lib.eye(0),
    "eye negative": lambda lib: lib.eye(-1),
    "empty": lambda lib: lib.empty(2, 3).shape,
    "empty_strided": lambda lib: lib.empty_strided((2, 3), (1, 2)).stride(),
    "empty_strided mismatch": lambda lib: lib.empty_strided((2, 3), (1,)),
    "scalar_tensor": lambda lib: lib.scalar_tensor(3),
    "zeros_like": lambda lib: lib.zeros_like(lib.ones(2, 3)),
    "ones_like": lambda lib: lib.ones_like(lib.ones(2, 3), dtype=lib.int64),
    "full_like": lambda lib: lib.full_like(lib.ones(2, 3), 7),
    "full_like overflow": lambda lib: lib.full_like(lib.ones(2, dtype=lib.int8), 200),
    "empty_like strides": lambda lib: lib.empty_like(lib.ones(2, 3, 4).permute(2, 0, 1)).stride(),
    "empty_like expanded": lambda lib: lib.empty_like(lib.ones(3).expand(2, 3)).stride(),
    "new_zeros": lambda lib: lib.ones(2, dtype=lib.int8).new_zeros(2, 3),
    "new_zeros tuple": lambda lib: lib.ones(2).new_zeros((2, 3), dtype=lib.int64),
    "new_ones": lambda lib: lib.ones(2).new_ones(2, requires_grad=True),
    "new_full": lambda lib: lib.ones(2).new_full((2,), 3),
    "new_empty": lambda lib: lib.ones(2).new_empty(2, 3).shape,
    "new_tensor": lambda lib: lib.ones(2, dtype=lib.float64).new_tensor([1, 2]),
    "frombuffer": lambda lib: lib.frombuffer(bytearray(b"12345678"), dtype=lib.int16, offset=2),
    "frombuffer count": lambda lib: lib.frombuffer(bytearray(b"1234"), dtype=lib.int8, count=2),
    "frombuffer odd": lambda lib: lib.frombuffer(bytearray(b"12345"), dtype=lib.int16),
    "frombuffer long": lambda lib: lib.frombuffer(bytearray(b"1234"), dtype=lib.int16, count=9),
    "frombuffer offset": lambda lib: lib.frombuffer(bytearray(b"12"), dtype=lib.int8, offset=5),
    "from_numpy": lambda lib: lib.from_numpy(np.arange(3)),
    "from_numpy list": lambda lib: lib.from_numpy([1]),
    "from_numpy order": lambda lib: lib.from_numpy(np.zeros(2, ">f4")),
    "from_numpy strings": lambda lib: lib.from_numpy(np.array(["a"])),
    "asarray": lambda lib: lib.asarray([1, 2]),
    "asarray float": lambda lib: lib.asarray(np.arange(3), dtype=lib.float32),
    "asarray grad": lambda lib: lib.asarray([1.0], requires_grad=True),
    "asarray no copy": lambda lib: lib.asarray([1.0], copy=False),
    "is_tensor": lambda lib: (lib.is_tensor(lib.ones(1)), lib.is_tensor([1])),
    "numel": lambda lib: lib.numel(lib.ones(2, 3)),
    "is_nonzero": lambda lib: (lib.is_nonzero(lib.ones(1)), lib.is_nonzero(lib.tensor(0))),
    "is_nonzero many": lambda lib: lib.is_nonzero(lib.ones(2)),
    "is_floating_point": lambda lib: lib.is_floating_point(lib.ones(1)),
    "is_complex": lambda lib: lib.is_complex(lib.ones(1)),
    "complex": lambda lib: lib.complex(lib.ones(2), lib.zeros(2)),
    "complex mismatch": lambda lib: lib.complex(lib.ones(2), lib.ones(2).double()),
    "complex int": lambda lib: lib.complex(lib.ones(2).long(), lib.ones(2).long()),
    "polar": lambda lib: lib.polar(lib.ones(2), lib.tensor([0.0, 1.0])),
    "typename": lambda lib: lib.typename(lib.ones(1)),
    "type": lambda lib: lib.ones(1).type(),
    "numpy grad": lambda lib: lib.ones(2, requires_grad=True).numpy(),
    "numpy force": lambda lib: lib.ones(2, requires_grad=True).numpy(force=True),
    "item": lambda lib: lib.ones(2).item(),
    "tolist": lambda lib: [lib.tensor(3).tolist(), lib.ones(1, 1).tolist()],
    "index": lambda lib: [range(5)[lib.tensor(3)], range(5)[lib.tensor([2])]],
    "index float": lambda lib: range(5)[lib.tensor(3.0)],
    "int": lambda lib: [int(lib.tensor(1.7)), float(lib.tensor(2)), complex(lib.tensor(1.0))],
    "bool empty": lambda lib: bool(lib.ones(0)),
    "bool many": lambda lib: bool(lib.ones(2)),
    "len 0d": lambda lib: len(lib.tensor(1)),
    "iter 0d": lambda lib: list(lib.tensor(1)),
    "contains": lambda lib: [1 in lib.ones(2), 5 in lib.ones(2), lib.tensor(1.0) in lib.ones(2)],
    "contains string": lambda lib: "a" in lib.ones(2),
    "default dtype": lambda lib: lib.set_default_dtype(lib.int32),
    "default tensor type": lambda lib: lib.set_default_tensor_type("torch.FloatTensor"),
    "default device": lambda lib: lib.get_default_device(),
    "threads": lambda lib: lib.set_num_threads(0),
    "matmul precision": lambda lib: lib.get_float32_matmul_precision(),
    "float of complex": lambda lib: float(lib.tensor(1j)),
    "float of real complex": lambda lib: float(lib.tensor(1 + 0j)),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls(name):
    agree(CALLS[name])


RANGES = [
    (5,), (0,), (2.5,), (1, 4), (1, 4, 2), (0, 1, 0.1), (5, 0, -2), (5.0, 0, -1.5), (1, 0),
    (0, 5, 0), (float("nan"),), (0, float("inf")), (-3, 3), (0, 10, 3), (0.1, 0.7, 0.1), (True,),
    (1e6, 1e6 + 5), (0, 1, 1 / 3), (10**15, 10**15 + 3),
]  # fmt: skip


@pytest.mark.parametrize("arguments", RANGES, ids=str)
def test_arange(arguments):
    agree(lambda lib: lib.arange(*arguments))
    for dtype in ("float16", "float64", "int64", "uint8", "int32"):
        if max(map(abs, arguments)) < 200:
            agree(lambda lib, d=dtype: lib.arange(*arguments, dtype=getattr(lib, d)))


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 10, 50, 100, 101])
@pytest.mark.parametrize(("start", "end"), [(0, 1), (-3, 7.5), (10, -10), (1e6, 1e7), (3, 3)])
def test_linspace(start, end, steps):
    for dtype in (None, "float64", "int64", "int32"):
        agree(
            lambda lib, d=dtype: lib.linspace(start, end, steps, dtype=d and getattr(lib, d)),
            ulps=1,
        )


@pytest.mark.parametrize("steps", [0, 1, 2, 5, 50])
@pytest.mark.parametrize("dtype", [None, "float64"])
def test_logspace(steps, dtype):
    agree(lambda lib: lib.logspace(-2, 2, steps, dtype=dtype and getattr(lib, dtype)), ulps=8)
    agree(
        lambda lib: lib.logspace(0, 5, steps, base=2, dtype=dtype and getattr(lib, dtype)), ulps=8
    )


def test_range_errors():
    agree(lambda lib: lib.linspace(0, 1, -1))
    agree(lambda lib: lib.linspace(0, 1))
    agree(lambda lib: lib.linspace(1j, 2, 3))
    agree(lambda lib: lib.linspace(lib.tensor(1.0), 2, 3))


@pytest.mark.parametrize(("a", "b"), [*itertools.product(NAMES, NAMES)])
def test_pairs_of_dtypes(a, b):
    agree(lambda lib: lib.promote_types(getattr(lib, a), getattr(lib, b)))
    agree(lambda lib: lib.can_cast(getattr(lib, a), getattr(lib, b)))


@pytest.mark.parametrize("name", NAMES)
def test_properties_of_dtypes(name):
    for what in ("itemsize", "is_floating_point", "is_complex", "is_signed"):
        agree(lambda lib, what=what: getattr(getattr(lib, name), what))
    agree(lambda lib: getattr(lib, name))
    agree(lambda lib: getattr(lib, name).to_real())
    agree(lambda lib: getattr(lib, name).to_complex())
    agree(lambda lib: lib.iinfo(getattr(lib, name)))
    agree(lambda lib: lib.finfo(getattr(lib, name)))
    limits = ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype")
    if getattr(torch, name).is_floating_point:
        for what in limits:
            agree(lambda lib, what=what: getattr(lib.finfo(getattr(lib, name)), what))
    elif not getattr(torch, name).is_complex and name != "bool":
        for what in ("bits", "max", "min", "dtype"):
            agree(lambda lib, what=what: getattr(lib.iinfo(getattr(lib, name)), what))


def test_lookups_answer_as_on_a_machine_without_gpu():
    for look in (
        lambda lib: lib.cuda.is_available(),
        lambda lib: lib.cuda.device_count(),
        lambda lib: lib.cuda.memory_allocated(),
        lambda lib: lib.cuda.manual_seed_all(0),
        lambda lib: lib.backends.mps.is_available(),
        lambda lib: lib.backends.cudnn.is_available(),
        lambda lib: lib.backends.cudnn.benchmark,
        lambda lib: lib.accelerator.is_available(),
        lambda lib: lib.accelerator.current_accelerator(),
        lambda lib: lib.mps.is_available(),
        lambda lib: lib.xpu.is_available(),
        lambda lib: lib.device("cpu"),
        lambda lib: lib.device("cpu", 0),
        lambda lib: lib.device("cpu:0") == lib.device("cpu"),
        lambda lib: lib.device("nonsense"),
        lambda lib: (lib.ones(1).is_cuda, lib.ones(1).is_cpu, lib.ones(1).get_device()),
        lambda lib: lib.ones(1).layout,
        lambda lib: lib.channels_last,
        lambda lib: lib.ones(1).is_pinned(),
    ):
        agree(look)
