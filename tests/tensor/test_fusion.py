"""Fused chains of elementwise operations, beside the same chains in NumPy."""

import numpy as np
import pytest

pytest.importorskip("numba")

from minitorch.kernels.numba.fusion import OPERATIONS, fuse

rng = np.random.default_rng(0)
SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-30, -80.0, 80.0, 200.0]


@pytest.fixture(autouse=True, scope="module")
def _folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINITORCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def erf(x):
    from math import erf as one

    return np.vectorize(one)(x)


NUMPY = {
    "abs": np.abs, "add": np.add, "div": np.divide, "eq": np.equal, "erf": erf,
    "exp": np.exp, "ge": np.greater_equal, "gt": np.greater, "le": np.less_equal, "log": np.log,
    "lt": np.less, "maximum": np.maximum, "minimum": np.minimum, "mul": np.multiply,
    "ne": np.not_equal, "neg": np.negative, "reciprocal": np.reciprocal,
    "clamp_min": np.maximum, "clamp_max": np.minimum, "relu": lambda x: np.maximum(x, 0),
    "rsqrt": lambda x: 1 / np.sqrt(x), "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "sqrt": np.sqrt, "square": np.square, "sub": np.subtract, "tanh": np.tanh,
}  # fmt: skip
OTHERS = {"logical_and", "logical_not", "logical_or", "pow", "where"}


def test_each_operation_is_in_the_table():
    assert NUMPY.keys() | OTHERS == OPERATIONS.keys()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NUMPY)
def test_operations(name, dtype):
    f = NUMPY[name]
    count = f.nin if isinstance(f, np.ufunc) else 1
    values = np.concatenate([SPECIAL, rng.standard_normal(1000) * 3]).astype(dtype)
    arrays = [values, np.roll(values, 1)][:count]
    if name.startswith("clamp"):
        arrays[1] = np.full_like(values, 0.5)
    names = ("a", "b")[:count]
    run = fuse(
        [("y", name, names)],
        dict.fromkeys(names, (values.shape, dtype)),
        {"y": values.shape},
    )
    made = run(*arrays)
    with np.errstate(all="ignore"):
        expected = f(*(a.astype(np.float64) if name == "erf" else a for a in arrays))
    assert made.dtype == (np.bool_ if expected.dtype == np.bool_ else dtype)
    rounding = 64 * np.finfo(dtype).eps
    np.testing.assert_allclose(made, expected, rtol=rounding, atol=np.finfo(dtype).tiny * 1e2)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 10, -1, -3])
def test_powers(n):
    x = rng.uniform(0.5, 2, 50)
    y = fuse([("y", "pow", ("x", n))], {"x": (x.shape, x.dtype)}, {"y": x.shape})(x)
    np.testing.assert_allclose(y, x**n, rtol=1e-14)


def test_conditions():
    a, b = rng.random((2, 40)) < 0.5
    x = rng.standard_normal(40)
    program = [
        ("both", "logical_and", ("a", "b")),
        ("one", "logical_or", ("a", "b")),
        ("none", "logical_not", ("one",)),
        ("y", "where", ("both", "x", -1.0)),
        ("z", "where", ("none", float("inf"), "y")),
    ]
    inputs = {"a": ((40,), bool), "b": ((40,), bool), "x": ((40,), np.float64)}
    none, z = fuse(program, inputs, {"none": (40,), "z": (40,)})(a, b, x)
    np.testing.assert_array_equal(none, ~(a | b))
    np.testing.assert_array_equal(z, np.where(a | b, np.where(a & b, x, -1), np.inf))


SHAPES = [  # of two inputs and of the sum
    ((5, 7), (5, 7), ()),
    ((5, 7), (7,), (7,)),
    ((5, 7), (5, 1), (5, 1)),
    ((5, 7), (), (1, 7)),
    ((5, 1), (1, 7), (5, 1)),
    ((4, 3, 5, 6), (3, 1, 1), (1, 3, 1, 1)),
    ((4, 3, 5, 6), (4, 1, 5, 1), (3, 1, 6)),
    ((4, 3, 5, 6), (6,), (4, 3, 5, 6)),
    ((), (), ()),
    ((0, 7), (7,), (7,)),
    ((7, 0), (1,), (7, 1)),
    ((1200, 1100), (1100,), (1100,)),
    ((1200, 1100), (1200, 1), ()),
    ((1200, 1100), (1200, 1100), (1200, 1)),
    ((3, 500_000), (3, 500_000), (3, 1)),
    ((2_000_000,), (2_000_000,), ()),
]


def summed_to(x, shape):
    x = x.sum(tuple(range(x.ndim - len(shape))))
    lost = tuple(k for k, n in enumerate(shape) if n == 1)
    return x.sum(lost, keepdims=True) if lost else x


@pytest.mark.parametrize(("a", "b", "total"), SHAPES, ids=str)
def test_broadcasting_and_sums(a, b, total):
    x, y = rng.random(a, np.float32), rng.random(b, np.float32)
    shape = np.broadcast_shapes(a, b)
    program = [("s", "mul", ("x", "y")), ("t", "add", ("s", 1.0))]
    inputs = {"x": (a, np.float32), "y": (b, np.float32)}
    run = fuse(program, inputs, {"t": shape, "s": total})
    t, s = run(x, y)
    assert t.shape == shape
    assert s.shape == total
    np.testing.assert_allclose(t, x * y + 1, rtol=2e-7)
    expected = summed_to(np.multiply(x, y, dtype=np.float64), total)
    np.testing.assert_allclose(s, expected, rtol=2e-6)
    outs = np.empty_like(t), np.empty_like(s)
    assert run(x, y, out=outs)[0] is outs[0]
    np.testing.assert_array_equal(outs[1], s)  # the same order of sums each time


def test_memory_in_another_order():
    x = rng.random((8, 12))[::2, ::-1].T
    y = fuse([("y", "sub", ("x", 1.0))], {"x": (x.shape, x.dtype)}, {"y": x.shape})(x)
    np.testing.assert_array_equal(y, x - 1)


def test_numbers_may_change():
    p, g = rng.random((2, 300_000), np.float32)
    before = p.copy()
    run = fuse(
        [("step", "mul", ("g", "lr")), ("q", "sub", ("p", "step"))],
        {"p": (p.shape, p.dtype), "g": (g.shape, g.dtype), "lr": ((), np.float32)},
        {},
        into={"q": "p"},
    )
    assert run(p, g, 0.5) is None
    run(p, g, np.float32(0.25))
    np.testing.assert_allclose(p, before - np.float32(0.75) * g, atol=1e-6)


def test_without_a_folder_to_keep_it_in(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MINITORCH_CACHE", str(tmp_path / "file" / "folder"))
    run = fuse([("y", "add", ("x", 41.0))], {"x": ((3,), np.float32)}, {"y": (3,)})
    assert run(np.ones(3, np.float32)).tolist() == [42.0] * 3


X = {"x": ((4,), np.float32)}
WRONG = [
    ([("y", "fold", ("x",))], X, {"y": (4,)}, "'fold'"),
    ([("y", "neg", ("z",))], X, {"y": (4,)}, "'z' is neither"),
    ([("y", "neg", ("x",))], X, {"z": (4,)}, "'z' is no result"),
    ([("_y", "neg", ("x",))], X, {"_y": (4,)}, "'_y' cannot name"),
    ([("y", "pow", ("x", 0.5))], X, {"y": (4,)}, "0.5"),
    ([("y", "pow", ("x", float("inf")))], X, {"y": (4,)}, "inf"),
    ([("y", "neg", ("x",))], X, {"y": (3,)}, r"\[3\] does not broadcast"),
    ([("y", "neg", ("x",))], {"x": ((4,), np.int64)}, {"y": (4,)}, "float32 or of float64"),
    ([("y", "neg", ("x",))], X | {"z": ((4,), np.float64)}, {"y": (4,)}, "float32 or of"),
]


@pytest.mark.parametrize(("program", "inputs", "outputs", "message"), WRONG)
def test_what_cannot_be_fused(program, inputs, outputs, message):
    with pytest.raises(ValueError, match=message):
        fuse(program, inputs, outputs)


def test_arrays_of_another_dtype_are_refused():
    run = fuse([("y", "neg", ("x",))], X, {"y": (4,)})
    with pytest.raises(TypeError, match="takes x as float32"):
        run(np.zeros(4))
    with pytest.raises(ValueError, match="reshape"):
        run(np.zeros(5, np.float32))
