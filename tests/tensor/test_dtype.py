import copy
import pickle

import minitorch as mt
import numpy as np
import pytest
from minitorch._types.dtype import ALL

pytestmark = pytest.mark.filterwarnings("ignore:torch.set_default_tensor_type")

PROMOTIONS = [
    ("uint8", "int8", "int16"),
    ("int64", "float16", "float16"),
    ("float16", "float32", "float32"),
    ("bool", "uint8", "uint8"),
    ("float64", "complex64", "complex128"),
    ("float16", "complex64", "complex64"),
    ("int64", "complex64", "complex64"),
    ("int32", "int64", "int64"),
]


@pytest.mark.parametrize(("a", "b", "c"), PROMOTIONS)
def test_promotion(a, b, c):
    a, b, c = (getattr(mt, name) for name in (a, b, c))
    assert mt.promote_types(a, b) is c
    assert mt.promote_types(b, a) is c


def test_can_cast():
    assert mt.can_cast(mt.int64, mt.uint8)
    assert mt.can_cast(mt.float64, mt.float16)
    assert not mt.can_cast(mt.float32, mt.int64)
    assert not mt.can_cast(mt.int64, mt.bool)
    assert not mt.can_cast(mt.complex64, mt.float32)


@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_each(dtype):
    assert repr(dtype) == f"torch.{dtype.name}"
    assert np.dtype(dtype) == dtype.numpy
    assert dtype.itemsize == dtype.numpy.itemsize
    assert pickle.loads(pickle.dumps(dtype)) is dtype
    assert copy.deepcopy(dtype) is dtype
    assert mt.zeros(1, dtype=dtype).dtype is dtype


def test_aliases_and_parts():
    assert mt.float is mt.float32
    assert mt.long is mt.int64
    assert mt.half is mt.float16
    assert mt.float64.to_complex() is mt.complex128
    assert mt.complex64.to_real() is mt.float32
    assert mt.float32.is_floating_point
    assert not mt.uint8.is_signed
    with pytest.raises(RuntimeError, match="Long"):
        mt.int64.to_complex()


def test_what_numpy_lacks_has_a_name():
    kind = mt.bfloat16
    assert repr(kind) == "torch.bfloat16"
    assert (kind.itemsize, kind.is_floating_point, kind.is_complex) == (2, True, False)
    assert kind != mt.float16
    assert pickle.loads(pickle.dumps(kind)) is kind
    assert copy.deepcopy(kind) is kind
    x = mt.ones(2)
    for call in (
        lambda: x.to(kind),
        lambda: x.sum(dtype=kind),
        lambda: mt.tensor([1], dtype=kind),
        lambda: mt.finfo(kind),
        lambda: mt.set_default_dtype(kind),
    ):
        with pytest.raises(TypeError, match="bfloat16 is not supported"):
            call()
    assert mt.get_default_dtype() is mt.float32


def test_limits():
    assert repr(mt.finfo(mt.float32)) == (
        "finfo(resolution=1e-06, min=-3.40282e+38, max=3.40282e+38, eps=1.19209e-07, "
        "smallest_normal=1.17549e-38, tiny=1.17549e-38, dtype=float32)"
    )
    assert mt.finfo().dtype == "float32"
    assert mt.finfo(mt.complex128).bits == 64
    assert repr(mt.iinfo(mt.uint8)) == "iinfo(min=0, max=255, dtype=uint8)"
    assert mt.iinfo(mt.int64).max == 2**63 - 1
    for wrong in (mt.int32, 3):
        with pytest.raises(TypeError):
            mt.finfo(wrong)
    for wrong in (mt.float32, mt.bool, 3):
        with pytest.raises(TypeError):
            mt.iinfo(wrong)


def test_devices():
    assert mt.device("cpu") == mt.zeros(1).device
    assert str(mt.device("cpu:0")) == "cpu:0"
    assert repr(mt.device("cpu", 0)) == "device(type='cpu', index=0)"
    with pytest.raises(AssertionError, match=r"cuda.is_available"):
        mt.zeros(1).cuda()


def test_lookups():
    assert not mt.cuda.is_available()
    assert mt.cuda.device_count() == 0
    assert not mt.backends.mps.is_available()
    mt.backends.cudnn.benchmark = False
    assert mt.accelerator.current_accelerator() is None
    with pytest.raises(RuntimeError, match="GPU"):
        mt.cuda.synchronize()
    threads = mt.get_num_threads()
    mt.set_num_threads(1)
    assert mt.get_num_threads() == 1
    mt.set_num_threads(threads)
    mt.set_float32_matmul_precision("high")
    assert mt.get_default_device() == mt.device("cpu")
    mt.set_default_device("cpu")
    assert mt.is_tensor(mt.zeros(1))
    assert mt.numel(mt.zeros(2, 3)) == 6
    assert mt.typename(mt.zeros(1)) == "torch.FloatTensor"
    assert mt.zeros(1).layout is mt.strided
    mt.set_default_tensor_type("torch.DoubleTensor")
    assert mt.get_default_dtype() is mt.float64
    mt.set_default_tensor_type("torch.FloatTensor")
    with pytest.raises(TypeError, match="invalid type"):
        mt.set_default_tensor_type("torch.Nonsense")
