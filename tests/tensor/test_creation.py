import copy
import pickle

import minitorch
import numpy as np
import pytest
from minitorch import Tensor

pytestmark = pytest.mark.filterwarnings(
    "ignore:To copy construct", "ignore:torch.range is", "ignore:The given buffer"
)

CASES = [
    # call, values, dtype
    (lambda: minitorch.tensor([1, 2]), [1, 2], "int64"),
    (lambda: minitorch.tensor([1.0, 2]), [1, 2], "float32"),
    (lambda: minitorch.tensor(True), True, "bool"),
    (lambda: minitorch.tensor(1j), 1j, "complex64"),
    (lambda: minitorch.tensor([]), [], "float32"),
    (lambda: minitorch.tensor(np.arange(3.0)), [0, 1, 2], "float64"),
    (lambda: minitorch.tensor([np.float32(1), 2.0]), [1, 2], "float32"),
    (lambda: minitorch.tensor([np.float64(1), 2.0]), [1, 2], "float64"),
    (lambda: minitorch.tensor([minitorch.tensor(1.0), 2.0]), [1, 2], "float32"),
    (lambda: minitorch.tensor([1.7], dtype=minitorch.int64), [1], "int64"),
    (lambda: minitorch.tensor(range(3)), [0, 1, 2], "int64"),
    (lambda: minitorch.zeros(2, 3), np.zeros((2, 3)), "float32"),
    (lambda: minitorch.zeros((2,), dtype=minitorch.int8), [0, 0], "int8"),
    (lambda: minitorch.zeros([]), 0, "float32"),
    (lambda: minitorch.ones(size=(2,)), [1, 1], "float32"),
    (lambda: minitorch.full((2,), 7), [7, 7], "int64"),
    (lambda: minitorch.full((), 1.5), 1.5, "float32"),
    (lambda: minitorch.full((1,), minitorch.tensor(3)), [3], "int64"),
    (lambda: minitorch.eye(2, 3), np.eye(2, 3), "float32"),
    (lambda: minitorch.arange(3), [0, 1, 2], "int64"),
    (lambda: minitorch.arange(1, 2.5, 0.5), [1, 1.5, 2], "float32"),
    (lambda: minitorch.arange(5, 0, -2), [5, 3, 1], "int64"),
    (lambda: minitorch.linspace(0, 1, 5), [0, 0.25, 0.5, 0.75, 1], "float32"),
    (lambda: minitorch.linspace(0, 10, 5, dtype=minitorch.int64), [0, 2, 5, 7, 10], "int64"),
    (lambda: minitorch.linspace(0, 1, 1), [0], "float32"),
    (lambda: minitorch.logspace(0, 2, 3), [1, 10, 100], "float32"),
    (lambda: minitorch.range(0, 3), [0, 1, 2, 3], "float32"),
    (lambda: minitorch.scalar_tensor(2), 2, "float32"),
    (lambda: minitorch.zeros_like(minitorch.ones(2, dtype=minitorch.int8)), [0, 0], "int8"),
    (lambda: minitorch.ones_like(minitorch.zeros(2), dtype=minitorch.bool), [True, True], "bool"),
    (lambda: minitorch.full_like(minitorch.zeros(2), 3), [3, 3], "float32"),
    (lambda: minitorch.ones(1, dtype=minitorch.int8).new_zeros(2), [0, 0], "int8"),
    (lambda: minitorch.ones(1).new_full((2,), 4), [4, 4], "float32"),
    (lambda: minitorch.ones(1).new_tensor([1, 2]), [1, 2], "float32"),
    (lambda: minitorch.frombuffer(b"\1\0\2\0", dtype=minitorch.int16), [1, 2], "int16"),
    (lambda: minitorch.complex(minitorch.ones(1), minitorch.ones(1)), [1 + 1j], "complex64"),
    (lambda: minitorch.polar(minitorch.ones(1), minitorch.zeros(1)), [1 + 0j], "complex64"),
]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_values_and_dtypes(number):
    call, values, dtype = CASES[number]
    made = call()
    assert made.dtype is getattr(minitorch, dtype)
    assert not made.requires_grad
    np.testing.assert_array_equal(made.numpy(), np.array(values))


ERRORS = [
    (lambda: minitorch.tensor([[1], [1, 2]]), ValueError, "expected sequence of length 1 at dim 1"),
    (lambda: minitorch.tensor([1, [2]]), TypeError, "both numbers and sequences"),
    (lambda: minitorch.tensor(2**63), ValueError, "beyond 64 bits"),
    (lambda: minitorch.tensor("a"), TypeError, "invalid data type 'str'"),
    (lambda: minitorch.tensor(["a"]), ValueError, "too many dimensions 'str'"),
    (lambda: minitorch.tensor(None), RuntimeError, "NoneType"),
    (lambda: minitorch.tensor(np.array(["a"])), TypeError, "can't convert np.ndarray"),
    (lambda: minitorch.tensor(np.zeros(1, np.longdouble)), TypeError, "can't convert np.ndarray"),
    (lambda: minitorch.tensor([minitorch.ones(2)]), ValueError, "stack"),
    (lambda: minitorch.tensor([300], dtype=minitorch.uint8), RuntimeError, "without overflow"),
    (lambda: minitorch.tensor(1j, dtype=minitorch.float32), TypeError, "complex"),
    (lambda: minitorch.zeros(2, -1), RuntimeError, "negative dimension"),
    (lambda: minitorch.zeros(2.5), TypeError, "size"),
    (lambda: minitorch.zeros(1, device="cuda"), AssertionError, "CPU"),
    (
        lambda: minitorch.zeros(1, dtype=minitorch.int8, requires_grad=True),
        RuntimeError,
        "gradient",
    ),
    (lambda: minitorch.full((1,), 1e300), RuntimeError, "without overflow"),
    (lambda: minitorch.full(2, 1), TypeError, "tuple of ints"),
    (lambda: minitorch.arange(1, 0), RuntimeError, "inconsistent"),
    (lambda: minitorch.arange(0, 1, 0), RuntimeError, "nonzero"),
    (lambda: minitorch.arange(float("nan")), RuntimeError, "unsupported range"),
    (lambda: minitorch.linspace(0, 1, -1), RuntimeError, "non-negative"),
    (lambda: minitorch.linspace(minitorch.ones(1), 2, 3), RuntimeError, "0-dimensional"),
    (lambda: minitorch.logspace(0, minitorch.ones(2), 3), RuntimeError, "0-dimensional"),
    (lambda: minitorch.zeros(1, layout=minitorch.sparse_coo), NotImplementedError, "sparse_coo"),
    (lambda: minitorch.rand(1, layout=minitorch.sparse_coo), NotImplementedError, "sparse_coo"),
    (lambda: minitorch.eye(-1), RuntimeError, "greater or equal to 0"),
    (lambda: minitorch.from_numpy([1]), TypeError, "expected np.ndarray"),
    (lambda: minitorch.from_numpy(np.zeros(1, ">f4")), ValueError, "byte order"),
    (lambda: minitorch.frombuffer(b"abc", dtype=minitorch.int16), ValueError, "multiple"),
]


@pytest.mark.parametrize("number", range(len(ERRORS)))
def test_errors(number):
    call, error, message = ERRORS[number]
    with pytest.raises(error, match=message):
        call()


def test_copies_and_shares():
    array = np.zeros(2)
    copied, shared = minitorch.tensor(array), minitorch.from_numpy(array)
    as_tensor, asarray = minitorch.as_tensor(array), minitorch.asarray(array)
    array[0] = 1
    assert copied[0] == 0
    assert shared[0] == as_tensor[0] == asarray[0] == 1
    assert minitorch.as_tensor(copied) is copied
    with pytest.raises(ValueError, match="can't alias arbitrary sequence"):
        minitorch.asarray([1.0], copy=False)


def test_class_constructors_track_gradients():
    assert Tensor([1, 2]).requires_grad
    assert Tensor([1, 2]).dtype is minitorch.float32
    assert not Tensor([1, 2], requires_grad=False).requires_grad
    assert not Tensor(np.arange(2)).requires_grad
    assert Tensor(3.0).tolist() == 3
    for made in (
        Tensor.zeros((2, 3)),
        Tensor.ones(2, 3),
        Tensor.randn((2, 3)),
        Tensor.rand(2, 3),
        Tensor.full((2, 3), 1.5),
        Tensor.zeros_like(minitorch.ones(2, 3)),
        Tensor.ones_like(minitorch.ones(2, 3)),
    ):
        assert made.requires_grad
        assert made.shape == (2, 3)
    assert Tensor.eye(2).requires_grad
    assert not Tensor.arange(3).requires_grad
    assert not Tensor.zeros(2, requires_grad=False).requires_grad
    assert Tensor.randint(0, 5, 3).shape == (3,)
    assert Tensor.randint(0, 5, (3, 2)).shape == (3, 2)
    assert not Tensor.randint(0, 5, (3, 2)).requires_grad


def test_like_keeps_the_order_in_memory():
    x = minitorch.zeros(2, 3, 4).permute(2, 0, 1)
    assert minitorch.empty_like(x).stride() == x.stride()
    assert minitorch.empty_strided((2, 3), (1, 2)).stride() == (1, 2)


def test_default_dtype():
    try:
        minitorch.set_default_dtype(minitorch.float64)
        assert minitorch.zeros(1).dtype is minitorch.float64
        assert minitorch.tensor(1.5).dtype is minitorch.float64
        assert minitorch.tensor(1j).dtype is minitorch.complex128
    finally:
        minitorch.set_default_dtype(minitorch.float32)
    with pytest.raises(TypeError, match="floating-point"):
        minitorch.set_default_dtype(minitorch.int32)


def test_old_names():
    x = minitorch.FloatTensor([1, 2])
    assert x.dtype is minitorch.float32
    assert isinstance(x, minitorch.FloatTensor)
    assert not isinstance(x, minitorch.LongTensor)
    assert not isinstance(1, minitorch.FloatTensor)
    assert minitorch.LongTensor(2, 3).shape == (2, 3)
    assert minitorch.BoolTensor().shape == (0,)


def test_deep_copies_keep_sharing():
    x = minitorch.arange(4.0)
    whole, part, again = copy.deepcopy([x, x[1:].flip(0), x])
    assert whole is again
    view = copy.deepcopy([x, x[1:]])
    view[0][1] = 9
    assert view[1][0] == 9
    assert x[1] == 1
    assert part.tolist() == [3, 2, 1]
    leaf = copy.deepcopy(minitorch.ones(1, requires_grad=True))
    assert leaf.requires_grad
    assert leaf.is_leaf


def test_storages():
    x = minitorch.zeros(4, 5)
    view = x[1:, ::2]
    assert view.untyped_storage().data_ptr() == x.untyped_storage().data_ptr() == x.data_ptr()
    assert view.untyped_storage().nbytes() == 80


UNINITIALISED = [
    # arguments of Tensor(...), the shape
    ((2, 3), (2, 3)),
    ((3,), (3,)),
    ((0,), (0,)),
    ((), (0,)),
    ((np.int64(2), 3), (2, 3)),
    ((minitorch.tensor(2), 3), (2, 3)),
    ((minitorch.zeros(2, 3).size(),), (2, 3)),
    ((minitorch.Size([]),), ()),
]
TYPED = [
    getattr(minitorch, f"{name}Tensor")
    for name in ["Float", "Double", "Half", "Long", "Int", "Short", "Char", "Byte", "Bool"]
]


@pytest.mark.parametrize(("sizes", "shape"), UNINITIALISED)
def test_integers_mean_a_shape(sizes, shape):
    made = Tensor(*sizes)
    assert made.shape == shape
    assert made.dtype is minitorch.float32
    assert made.requires_grad
    assert not Tensor(*sizes, requires_grad=False).requires_grad
    for kind in TYPED:
        made = kind(*sizes)
        assert made.shape == shape
        assert made.dtype is kind.dtype
        assert not made.requires_grad


def test_a_bool_after_data_is_requires_grad():
    assert not Tensor([1.0, 2.0], False).requires_grad
    assert Tensor([1.0, 2.0], True).requires_grad
    assert not Tensor(2, False).requires_grad
    assert Tensor(2, 1).shape == (2, 1)
    assert Tensor(data=[1.0]).tolist() == Tensor((1.0,)).tolist() == [1.0]
    assert Tensor(2.5).tolist() == 2.5
    assert Tensor(np.float32(2.5)).tolist() == 2.5


@pytest.mark.parametrize(
    "wrong", [(2, 3.0), ([1.0], [2.0]), ((2, 3), (4,)), ("a",), (None,), ({},)]
)
@pytest.mark.parametrize("kind", [Tensor, *TYPED])
def test_neither_a_shape_nor_data(kind, wrong):
    with pytest.raises((TypeError, RuntimeError)):
        kind(*wrong)


def test_typed_constructors_take_sequences():
    assert minitorch.LongTensor([2.5]).tolist() == [2]
    assert minitorch.FloatTensor((2, 3)).tolist() == [2.0, 3.0]
    assert minitorch.FloatTensor(np.array([2])).dtype is minitorch.float32
    for wrong in (2.0, True, {}, minitorch.ones(2)):
        with pytest.raises(TypeError):
            minitorch.LongTensor(wrong)


def test_negative_sizes():
    for kind in (Tensor, *TYPED):
        with pytest.raises(RuntimeError, match="negative dimension -1"):
            kind(-1)


def test_size():
    size = minitorch.Size((minitorch.tensor(3), np.int64(2), True, 4))
    assert size == (3, 2, 1, 4)
    assert {*map(type, size)} == {int}
    longer = [size + (1,), (1,) + size]  # noqa: RUF005
    for made in (size[1:], *longer, size * 2, 2 * size, size + size):
        assert type(made) is minitorch.Size
    assert pickle.loads(pickle.dumps(size)) == size
    assert minitorch.Size(n for n in (2, 3)).numel() == 6
    for wrong in ([2.0], ["a"], [None], [minitorch.tensor([1, 2])], [minitorch.tensor(2.0)], 3):
        with pytest.raises(TypeError):
            minitorch.Size(wrong)
    with pytest.raises(TypeError):
        size + [1]  # noqa: RUF005


def test_numpy_without_gradients():
    x = Tensor([1.0, 2.0])
    with pytest.raises(RuntimeError, match="requires grad"):
        x.numpy()
    with minitorch.no_grad():
        assert x.numpy().tolist() == np.asarray(x).tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        ([np.ones((3, 3)), np.ones((3, 0))], ValueError, "expected sequence of length 3 at dim 2"),
        ([[np.ones((3, 3)), np.ones((3, 2))]], ValueError, "expected sequence of length 3 at dim"),
        ([[1, 2, 3], np.ones(2)], ValueError, "expected sequence of length 3 at dim 1"),
        ([[np.ones(3), 1.0]], TypeError, "not a sequence"),
    ],
)
def test_lists_of_arrays_that_do_not_fit(data, error, text):
    with pytest.raises(error, match=text):
        minitorch.tensor(data)
