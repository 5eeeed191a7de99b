"""Tensors print as PyTorch's do, character for character."""

import re

import minitorch
import numpy as np
import pytest
import torch

inf, nan = float("inf"), float("nan")
RNG = np.random.default_rng(0)
ARRAYS = {
    "scalar": np.float32(1.5),
    "int scalar": np.int64(-3),
    "bool scalar": np.bool_(True),
    "half scalar": np.float16(0.1),
    "empty": np.zeros(0, np.float32),
    "empty int": np.zeros((0,), np.int64),
    "empty 2d": np.zeros((0, 3), np.float32),
    "empty 2d bool": np.zeros((2, 0), np.bool_),
    "zeros": np.zeros((2, 2), np.float32),
    "negative zero": np.array([-0.0, 0.0], np.float32),
    "integers as floats": np.array([1.0, -20.0, 300.0], np.float32),
    "wide integers as floats": np.array([1.0, 2000.0], np.float32),
    "large": np.array([1e9, 1.5e9], np.float32),
    "large whole": np.array([1e8, 1e8], np.float64),
    "just not scientific": np.array([1e-4, 0.05], np.float64),
    "small": np.array([1e-5, 1e-4], np.float32),
    "mixed": np.array([1e-3, 1e4], np.float32),
    "ratio 1000": np.array([1.0, 1000.0, 0.5], np.float64),
    "denormal": np.array([1e-310, 1.0], np.float64),
    "inf": np.array([1.0, inf, -inf, nan], np.float32),
    "only nan": np.array([nan, nan], np.float32),
    "fraction and nan": np.array([1.25, nan, -inf], np.float32),
    "complex": np.array([1 + 2j, -3.5 - 0.25j, 0j], np.complex64),
    "complex nan": np.array([complex(nan, inf), -1j, complex(-0.0, -0.0)], np.complex64),
    "complex128": np.array([[1e-6 + 2j, 3j]], np.complex128),
    "complex long": RNG.normal(size=30).astype(np.complex64) * (1 - 2j),
    "bool": RNG.random((3, 20)) > 0.5,
    "uint8": np.arange(40, dtype=np.uint8),
    "int8": np.arange(-5, 5, dtype=np.int8).reshape(2, 5),
    "int32 1d": np.arange(100, dtype=np.int32),
    "int64 wide": np.array([2**62, -(2**62), 0]),
    "one dim long": RNG.normal(size=50).astype(np.float32),
    "two dim": RNG.normal(size=(5, 7)).astype(np.float64),
    "two dim wide": RNG.normal(size=(3, 25)).astype(np.float32),
    "three dim": RNG.normal(size=(2, 3, 4)).astype(np.float32),
    "four dim": RNG.normal(size=(2, 1, 3, 2)).astype(np.float16),
    "exactly 1000": np.arange(1000, dtype=np.float32),
    "1001": np.arange(1001, dtype=np.float32),
    "summary 2d": RNG.normal(size=(40, 40)).astype(np.float32),
    "summary tall": RNG.normal(size=(600, 2)).astype(np.float32),
    "summary wide": RNG.normal(size=(2, 600)).astype(np.float32),
    "summary 3d": RNG.normal(size=(11, 10, 12)).astype(np.float64),
    "summary int": np.arange(2000).reshape(2, 1000),
    "summary complex": RNG.normal(size=(40, 40)).astype(np.complex64),
    "summary small edges": np.arange(6 * 500).reshape(6, 500).astype(np.float32),
    "summary bool": RNG.random((50, 50)) > 0.5,
    "summary 4d": np.zeros((7, 7, 7, 7), np.float32),
}  # fmt: skip


def pair(array):
    return torch.from_numpy(np.array(array)), minitorch.from_numpy(np.array(array))


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(name):
    theirs, ours = pair(ARRAYS[name])
    assert repr(ours) == repr(theirs)
    assert str(ours) == str(theirs)


@pytest.mark.parametrize("name", ARRAYS)
def test_requires_grad(name):
    theirs, ours = pair(ARRAYS[name])
    if theirs.is_floating_point():
        assert repr(ours.requires_grad_()) == repr(theirs.requires_grad_())
        assert repr(ours * 2) == repr(theirs * 2)


OPTIONS = [
    {"precision": 2},
    {"precision": 8},
    {"threshold": 10},
    {"threshold": 10, "edgeitems": 1},
    {"linewidth": 40},
    {"linewidth": 200},
    {"profile": "short"},
    {"profile": "full"},
    {"profile": "short", "precision": 3},
    {"sci_mode": True},
    {"sci_mode": False},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options(options):
    try:
        for lib in (torch, minitorch):
            lib.set_printoptions(**options)
        for name, array in ARRAYS.items():
            if options.get("profile") == "full" and np.size(array) > 1100:
                continue
            theirs, ours = pair(array)
            assert repr(ours) == repr(theirs), name
    finally:
        for lib in (torch, minitorch):
            lib.set_printoptions(profile="default")


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_default_dtype(dtype):
    try:
        for lib in (torch, minitorch):
            lib.set_default_dtype(getattr(lib, dtype))
        for array in ARRAYS.values():
            theirs, ours = pair(array)
            assert repr(ours) == repr(theirs)
    finally:
        for lib in (torch, minitorch):
            lib.set_default_dtype(lib.float32)


def test_random_tensors():
    rng = np.random.default_rng(1)
    for _ in range(500):
        shape = tuple(rng.integers(0, 6, rng.integers(0, 4)))
        array = rng.normal(size=shape) * 10.0 ** rng.integers(-6, 10, shape or None)
        if rng.random() < 0.3:
            array = np.round(array)
        dtype = rng.choice(["float32", "float64", "float16", "int64", "complex64"])
        with np.errstate(all="ignore"):
            array = np.asarray(array).astype(dtype)
        theirs, ours = pair(array)
        assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("spec", ["", ".3f", "10.2e", "d", ">8"])
@pytest.mark.parametrize("value", [1.5, 3, True, [1.5], [[1, 2]]])
def test_format(value, spec):
    def attempt(lib, track):
        x = lib.tensor(value)
        if track and x.is_floating_point():
            x = x.requires_grad_()
        try:
            return format(x, spec)
        except Exception as error:  # any: the types are compared
            return type(error)

    for track in (False, True):
        assert attempt(minitorch, track) == attempt(torch, track)


def test_subclasses_and_sizes():
    class Mine(minitorch.Tensor):
        pass

    assert repr(Mine([1.0, 2.0], requires_grad=False)) == "Mine([1., 2.])"
    assert repr(minitorch.zeros(2, 3).shape) == repr(torch.zeros(2, 3).shape)


NODES = """
x ** y;  x ** 2;  2 ** x;  x ** y.detach();  y.detach() ** x;  m.pow(2, x);  m.pow(x, y)
2 / x;  x / 2;  x / y;  x - 1;  1 - x;  x - y;  m.rsub(x, y);  m.rsub(x, 1)
x % 2;  x % y;  m.fmod(x, 2);  m.fmod(x, y);  m.lerp(x, y, 0.5);  m.lerp(x, y, y)
m.addcmul(x, y, y);  m.addcdiv(x, y, y)
x.max();  x.min();  x.max(1).values;  m.max(x, y);  x.amax(0);  x.sum();  x.sum(0);  x.prod(1)
x @ y;  x @ v;  v @ x;  v @ v;  x @ x3;  x3 @ x;  x3 @ x3;  x3 @ v;  v @ x3;  x3.detach() @ x
m.mm(x, y);  m.bmm(x3, x3);  m.mv(x, v);  m.dot(v, v);  m.matmul(x, x3)
m.addmm(v, x, y);  m.addmv(v, x, v);  m.addr(x, v, v);  m.baddbmm(x3, x3, x3);  m.addbmm(x, x3, x3)
f.linear(x, y, v);  f.linear(x, y);  f.linear(x3, y, v);  f.linear(x3, y);  f.linear(v, y, v)
f.linear(v, y);  f.linear(x, y, v.detach());  f.linear(x3, y, v.detach());  f.linear(x.detach(), y)
x[0];  x[0, 1];  x[0:2];  x[:];  x[:, 1];  x[..., 0];  x[None];  x[...];  x[0, None];  x[:, None, 1]
x[:, 0:2];  x[0:1, None];  x[None, 0:1];  x[1, :];  x[..., None];  x3[..., 0, :];  x3[0, ..., 1:]
x[[0, 2]];  x[x > 0];  x[0, [0, 2]];  x[..., ...];  x[0, ..., ...];  x.select(1, 0)
x.index_select(0, i);  x.take(i);  x.masked_select(x > 0)
x.index_add(0, i, y[:2]);  x.index_copy(0, i, y[:2]);  x.index_fill(0, i, 1.0)
x.split([1, 2])[1];  x.split(2)[0];  x.median(0).values;  x.median();  f.group_norm(x3, 3)
f.max_pool2d(x3[None], 2);  f.max_pool1d(x3, 2);  f.adaptive_max_pool2d(x3[None], 2)
f.avg_pool2d(x3[None], 2);  f.avg_pool1d(x3, 2);  f.adaptive_avg_pool2d(x3[None], 2)
"""


@pytest.mark.parametrize("expression", re.split(r"[;\n] *", NODES.strip()))
def test_names_of_steps(expression):
    def printed(lib):
        def made(*shape):
            x = lib.arange(3 ** len(shape), dtype=lib.float32).reshape(shape) + 1
            return x.requires_grad_()

        given = {"m": lib, "f": lib.nn.functional, "i": lib.tensor([0, 2])}
        given |= {"v": made(3), "x": made(3, 3), "y": made(3, 3), "x3": made(3, 3, 3)}
        result = eval(expression, given)
        name = repr(result).partition("grad_fn=")[2]
        result.sum().backward()
        if "detach" not in expression:  # a constant bias is forgotten once it is freed
            assert repr(result).partition("grad_fn=")[2] == name
        return name

    assert printed(minitorch) == printed(torch) != ""
