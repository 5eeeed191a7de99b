import copy
import pickle
import subprocess
import sys

import minitorch as mt
import numpy as np
import pytest
from minitorch._types.dtype import EXTENSIONS, OWN, UNSIGNED, is_installed

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


@pytest.mark.parametrize("dtype", OWN, ids=str)
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


WITHOUT = """
import sys, warnings
sys.modules["ml_dtypes"] = None
import minitorch as mt
from minitorch.kernels.half import as_bfloat16
kind = mt.bfloat16
assert mt.finfo(kind).eps == 2.0**-7 and mt.finfo(mt.float8_e4m3fn).max == 448
assert mt.promote_types(kind, mt.float16) is mt.float32 and kind != mt.float16
x = mt.ones(2)
for call in (
    lambda: x.to(kind), lambda: x.sum(dtype=kind), lambda: mt.tensor([1], dtype=kind),
    lambda: x.bfloat16(), lambda: mt.zeros(2, dtype=mt.float8_e5m2), lambda: x.type(kind),
):
    try:
        call()
    except ImportError as error:
        assert "minitorch-tensor[bfloat16]" in str(error)
    else:
        raise AssertionError
bits = mt.tensor([0x80, 0x3F, 0x20, 0xC0], dtype=mt.uint8)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    for _ in range(2):
        made = bits.view(kind)
        assert made.dtype is mt.float32 and made.tolist() == [1.0, -2.5]
assert len(seen) == 1 and "minitorch-tensor[bfloat16]" in str(seen[0].message)
"""


def test_without_ml_dtypes_there_are_names():
    subprocess.run([sys.executable, "-c", WITHOUT], check=True)


def test_ml_dtypes_is_imported_on_first_use():
    text = (
        "import sys, minitorch as mt; mt.finfo(mt.bfloat16); assert 'ml_dtypes' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", text], check=True)


@pytest.mark.parametrize("dtype", [d for d in EXTENSIONS if not d.is_complex], ids=str)
def test_each_of_ml_dtypes(dtype):
    pytest.importorskip("ml_dtypes")
    x = mt.tensor([[1.0, 2.0], [4.0, 0.5]]).to(dtype)
    assert x.dtype is dtype
    assert x.tolist() == [[1.0, 2.0], [4.0, 0.5]]
    assert str(x[0]) == f"tensor([1., 2.], dtype={dtype})"
    assert mt.cat([x, x[:1]]).float().tolist()[2] == [1.0, 2.0]
    assert x.view(mt.uint8 if dtype.itemsize == 1 else mt.int16).view(dtype).equal(x)
    assert copy.deepcopy(x).dtype is dtype
    assert pickle.loads(pickle.dumps(x)).equal(x)
    with pytest.raises(TypeError, match="Got unsupported ScalarType"):
        x.numpy()
    if dtype.itemsize == 1:
        with pytest.raises(NotImplementedError, match="not implemented for 'Float8"):
            x + x
        with pytest.raises(RuntimeError, match="Promotion for Float8"):
            x + mt.ones(2)


RULES = {  # that save their input, so that all that is rounded is what they give
    "sin": lambda x: x.sin(), "erf": lambda x: x.erf(), "atan": lambda x: x.atan(),
    "log1p": lambda x: x.log1p(), "asinh": lambda x: x.asinh(), "lgamma": lambda x: x.lgamma(),
    "log": lambda x: x.log(), "pow": lambda x: x**2.7, "var": lambda x: x.var(0),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_rules_of_bfloat16_compute_in_float32(name):
    """The gradient is that of float32, rounded once: half a unit of the last of its 8 bits."""
    pytest.importorskip("ml_dtypes")
    mt.manual_seed(0)
    x = (mt.rand(4, 5) + 0.25).bfloat16().requires_grad_()
    wide = x.detach().float().requires_grad_()
    g = mt.randn_like(RULES[name](wide).detach()).bfloat16()
    (got,) = mt.autograd.grad(RULES[name](x), x, g)
    (expected,) = mt.autograd.grad(RULES[name](wide), wide, g.float())
    assert mt.allclose(got.float(), expected, rtol=2**-8, atol=0)


def test_bfloat16_rounds_once_per_operation():
    pytest.importorskip("ml_dtypes")
    x = mt.full((300,), 1.0, dtype=mt.bfloat16)
    assert x.sum().item() == 300  # a bfloat16 sum ends at 256
    assert (x @ x).item() == 300
    tenth = mt.tensor([0.3], dtype=mt.bfloat16)
    assert (tenth * 0.1).item() == (tenth.float() * 0.1).bfloat16().item()
    w = mt.tensor([0.5, 3.0], dtype=mt.bfloat16, requires_grad=True)
    (w.exp() * w).sum().backward()
    assert w.grad.dtype is mt.bfloat16
    wide = w.detach().float().requires_grad_()
    (wide.exp() * wide).sum().backward()
    np.testing.assert_allclose(w.grad.tolist(), wide.grad.tolist(), rtol=2**-7)
    (g,) = mt.autograd.grad((w**3).sum(), w, create_graph=True)
    (h,) = mt.autograd.grad(g.sum(), w)
    assert g.dtype is h.dtype is mt.bfloat16
    np.testing.assert_allclose(h.tolist(), [3.0, 18.0], rtol=2**-7)


UNSIGNED_REFUSED = [
    lambda x: x + x, lambda x: x - 1, lambda x: -x, lambda x: x < 2, lambda x: x.max(),
    lambda x: x.clamp(0, 1), lambda x: x**2, lambda x: x.nonzero(), lambda x: x // 2,
]  # fmt: skip


@pytest.mark.parametrize("dtype", UNSIGNED, ids=str)
def test_wide_unsigned_numbers(dtype):
    most = mt.iinfo(dtype).max
    assert most == 2 ** (8 * dtype.itemsize) - 1
    x = mt.tensor([1, 2, most], dtype=dtype)
    assert x.tolist() == [1, 2, most]
    assert str(x[2:]) == f"tensor([{most}], dtype={dtype})"
    assert mt.from_numpy(x.numpy()).dtype is dtype
    assert (x * x).tolist() == [1, 4, 1]
    assert (x == 2).tolist() == [False, True, False]
    assert (x * 0.5).dtype is mt.float32
    assert x[:2].sum().dtype is mt.int64
    with pytest.raises(RuntimeError, match="Promotion for uint16, uint32, uint64"):
        x * mt.tensor([1, 2, 3])
    for call in UNSIGNED_REFUSED:
        with pytest.raises(NotImplementedError, match="not implemented for 'UInt"):
            call(x)


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


# --- complex32: ml_dtypes has it since its version 0.6 -----------------------------------------

C32 = mt.complex32
needs_complex32 = pytest.mark.skipif(not is_installed(C32), reason="no ml_dtypes with complex32")
Z = [1 + 2j, 3 - 1j]
H = [1.5, 2.0]
COMPLEX_HALVES = {
    "sum": (lambda z, h: z + z * 2 - 1j, "complex32", [3 + 5j, 9 - 4j]),
    "product with halves": (lambda z, h: z * h, "complex32", [1.5 + 3j, 6 - 2j]),
    "halves and a number": (lambda z, h: h * 1j, "complex32", [1.5j, 2j]),
    "beside float32": (lambda z, h: z * h.float(), "complex64", [1.5 + 3j, 6 - 2j]),
    "modulus": (lambda z, h: (z * 0 + 3 + 4j).abs(), "float16", [5.0, 5.0]),
    "real part": (lambda z, h: z.real, "float16", [1.0, 3.0]),
    "imaginary part": (lambda z, h: z.imag, "float16", [2.0, -1.0]),
    "conjugate": (lambda z, h: z.conj(), "complex32", [1 - 2j, 3 + 1j]),
    "pairs": (lambda z, h: mt.view_as_real(z), "float16", [[1.0, 2.0], [3.0, -1.0]]),
    "of pairs": (lambda z, h: mt.view_as_complex(h), "complex32", 1.5 + 2j),
    "of parts": (lambda z, h: mt.complex(h, h * 2), "complex32", [1.5 + 3j, 2 + 4j]),
    "of halves": (lambda z, h: h.chalf(), "complex32", [1.5 + 0j, 2 + 0j]),
    "wider": (lambda z, h: z.cfloat(), "complex64", Z),
    "comparison": (lambda z, h: z == z.flip(0), "bool", [False, False]),
    "joined": (lambda z, h: mt.cat([z, mt.zeros(1, dtype=C32)]), "complex32", [*Z, 0j]),
    "written": (lambda z, h: mt.zeros(2, dtype=C32).copy_(h), "complex32", [1.5 + 0j, 2 + 0j]),
    "chosen": (lambda z, h: mt.where(h > 1.7, z, 0), "complex32", [0j, 3 - 1j]),
}


@needs_complex32
@pytest.mark.parametrize("name", COMPLEX_HALVES)
def test_complex_halves(name):
    function, dtype, values = COMPLEX_HALVES[name]
    made = function(mt.tensor(Z, dtype=C32), mt.tensor(H, dtype=mt.float16))
    assert made.dtype is getattr(mt, dtype)
    assert made.tolist() == values


@needs_complex32
@pytest.mark.parametrize("name", ["sum", "exp", "sqrt", "sigmoid", "angle", "prod", "reciprocal"])
def test_what_complex_halves_lack(name):
    with pytest.raises(NotImplementedError, match="not implemented for 'ComplexHalf'"):
        getattr(mt.tensor(Z, dtype=C32), name)()
    with pytest.raises(TypeError, match="unsupported ScalarType ComplexHalf"):
        mt.tensor(Z, dtype=C32).numpy()


@needs_complex32
def test_more_of_complex_halves():
    z = mt.tensor([1.25 + 4j, -7 + 6j], dtype=C32)
    assert repr(z) == "tensor([ 1.2500+4.j, -7.0000+6.j], dtype=torch.complex32)"
    z.real[0] = 2.0  # a view
    assert z[0].item() == 2 + 4j
    with pytest.warns(UserWarning, match="discards the imaginary part"):
        assert z.half().tolist() == [2.0, -7.0]
    mt.manual_seed(0)
    assert mt.randn(20, dtype=C32).dtype is C32
    leaf = mt.tensor([1 + 2j], dtype=C32, requires_grad=True)
    (leaf * leaf).real.backward(mt.ones(1, dtype=mt.float16))
    assert leaf.grad.tolist() == [2 - 4j]  # conj(2 z)
    leaf = mt.tensor([3 + 4j], dtype=mt.complex64, requires_grad=True)
    (leaf.to(C32) * 2).abs().float().sum().backward()
    assert leaf.grad.dtype is mt.complex64
    assert abs(leaf.grad.item() - (1.2 + 1.6j)) < 1e-3


@pytest.mark.parametrize("wide", [mt.complex64, mt.complex128])
@pytest.mark.parametrize(
    ("real", "expected"),
    [(mt.bfloat16, "complex64"), (mt.float32, "complex64"), (mt.float64, "complex128")],
)
def test_complex_numbers_without_dimensions_take_the_width_of_floats(wide, real, expected):
    if not is_installed(real):
        pytest.skip("no ml_dtypes")
    number, floats = mt.tensor(1j, dtype=wide), mt.ones(2, dtype=real)
    assert (number * floats).dtype is getattr(mt, expected)
    assert mt.result_type(floats, number) is getattr(mt, expected)
    assert (number * mt.ones(2, dtype=mt.int64)).dtype is wide
