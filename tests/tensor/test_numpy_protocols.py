"""NumPy's functions and operators on tensors."""

import minitorch
import numpy as np
import pytest

A = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])

# a function of an array that NumPy computes on arrays and MiniTorch on tensors
FUNCTIONS = {
    "sin": np.sin,
    "exp": np.exp,
    "absolute": np.absolute,
    "square": np.square,
    "negative": np.negative,
    "power": lambda x: np.power(x, 2),
    "maximum": lambda x: np.maximum(x, 0.7),
    "minimum": lambda x: np.minimum(0.7, x),
    "array +": lambda x: A + x,
    "+ array": lambda x: x + A,
    "array *": lambda x: A * x,
    "array -": lambda x: A - x,
    "array /": lambda x: A / x,
    "array @": lambda x: A.T @ x,
    "@ array": lambda x: x @ A.T,
    "scalar *": lambda x: np.float64(2.5) * x,
    "sum": np.sum,
    "sum axis": lambda x: np.sum(x, axis=0),
    "sum keepdims": lambda x: np.sum(x, 1, keepdims=True),
    "mean": lambda x: np.mean(x, axis=1),
    "std": np.std,
    "var ddof": lambda x: np.var(x, axis=0, ddof=1),
    "prod": lambda x: np.prod(x, axis=1),
    "max": lambda x: np.max(x, axis=1),
    "min": np.min,
    "cumsum": np.cumsum,
    "cumsum axis": lambda x: np.cumsum(x, axis=1),
    "add.reduce": np.add.reduce,
    "maximum.reduce": lambda x: np.maximum.reduce(x, axis=1),
    "concatenate": lambda x: np.concatenate([x, A], axis=1),
    "stack": lambda x: np.stack([x, x], axis=-1),
    "vstack": lambda x: np.vstack([x, A]),
    "where": lambda x: np.where(A > 0, x, 0.0),
    "clip": lambda x: np.clip(x, -0.75, 2.5),
    "clip array": lambda x: np.clip(x, None, 2.5),
    "sort": np.sort,
    "reshape": lambda x: np.reshape(x, (3, 2)),
    "ravel": np.ravel,
    "transpose": np.transpose,
    "transpose axes": lambda x: np.transpose(x, (1, 0)),
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "expand_dims": lambda x: np.expand_dims(x, (0, -1)),
    "squeeze": lambda x: np.squeeze(np.expand_dims(x, 0), 0),
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 2, 3)),
    "flip": np.flip,
    "roll": lambda x: np.roll(x, 1, 0),
    "tile": lambda x: np.tile(x, 2),
    "repeat": lambda x: np.repeat(x, 2, 1),
    "tril": np.tril,
    "diagonal": np.diagonal,
    "trace": np.trace,
    "dot": lambda x: np.dot(x, A.T),
    "dot 3d": lambda x: np.dot(x, np.ones((2, 3, 2))),
    "inner": lambda x: np.inner(x, A),
    "outer": lambda x: np.outer(x, A),
    "tensordot": lambda x: np.tensordot(x, A, 2),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, A),
    "norm": np.linalg.norm,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_keep_the_gradient(name):
    function = FUNCTIONS[name]
    want = function(A)
    for tracks in (False, True):
        x = minitorch.tensor(A, requires_grad=tracks)
        got = function(x)
        assert isinstance(got, minitorch.Tensor)
        assert got.requires_grad == tracks
        np.testing.assert_allclose(got.detach().numpy(), want)


def test_a_gradient():
    x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    np.sum(np.square(x) * np.array([1.0, 10.0], np.float32)).backward()
    assert x.grad.tolist() == [2, 40]


@pytest.mark.parametrize(
    "function",
    [np.argmax, np.isfinite, lambda x: x < A, lambda x: np.logical_and(x > 0, A > 1), np.shape,
     np.size, np.ndim, np.any, np.zeros_like, lambda x: np.isclose(x, A), np.argsort],
)  # fmt: skip
def test_functions_without_gradient(function):
    x = minitorch.tensor(A, requires_grad=True)
    got = function(x)
    np.testing.assert_array_equal(getattr(got, "_data", got), function(A))


UNKNOWN = [np.cbrt, np.median, lambda x: np.sum(x, where=A > 0), lambda x: np.exp(x, out=A.copy())]


@pytest.mark.parametrize("number", range(len(UNKNOWN)))
def test_functions_without_counterpart(number):
    function = UNKNOWN[number]
    got = function(minitorch.tensor(A))
    assert not isinstance(got, minitorch.Tensor)
    np.testing.assert_array_equal(got, function(A))
    x = minitorch.tensor(A, requires_grad=True)
    with pytest.raises(RuntimeError, match="no differentiable counterpart"):
        function(x)
    with minitorch.no_grad():
        np.testing.assert_array_equal(function(x), function(A))


def test_to_arrays():
    x = minitorch.tensor([1.0, 2.0])
    assert np.shares_memory(np.asarray(x), x.numpy())
    assert not np.shares_memory(np.array(x), x.numpy())
    assert np.asarray(x, dtype=np.float64).dtype == np.float64
    assert np.array([x, x]).shape == (2, 2)
    assert np.array([x[0], x[1]]).tolist() == [1, 2]
    tracked = x.requires_grad_()
    with pytest.raises(RuntimeError, match="detach"):
        np.asarray(tracked)
    with pytest.raises(RuntimeError, match="detach"):
        tracked.numpy()
    assert tracked.numpy(force=True).tolist() == [1, 2]


def test_into_arrays():
    array = np.ones(2, np.float32)
    array += minitorch.tensor([1.0, 2.0])
    assert array.tolist() == [2, 3]
    with pytest.raises(RuntimeError, match="no differentiable counterpart"):
        array += minitorch.tensor([1.0, 2.0], requires_grad=True)


def test_dlpack():
    x = minitorch.tensor([1.0, 2.0])
    array = np.from_dlpack(x)
    assert np.shares_memory(array, x.numpy())
    y = minitorch.from_dlpack(x)
    x[0] = 7
    assert y[0] == 7
    with pytest.raises(BufferError, match="gradient"):
        np.from_dlpack(minitorch.ones(1, requires_grad=True))


def test_python_numbers():
    assert float(minitorch.tensor([2.5])) == 2.5
    assert int(minitorch.tensor(2.7)) == 2
    assert complex(minitorch.tensor(1 + 2j)) == 1 + 2j
    assert [10, 20, 30][minitorch.tensor(1)] == 20
    assert minitorch.tensor([[1, 2]]).tolist() == [[1, 2]]
    assert minitorch.tensor([3]).item() == 3
    with pytest.raises(TypeError, match="index"):
        [1, 2][minitorch.tensor(1.0)]
    with pytest.raises(RuntimeError, match="2 elements"):
        minitorch.ones(2).item()
    with pytest.raises(RuntimeError, match="ambiguous"):
        bool(minitorch.ones(2))
    with pytest.raises(RuntimeError, match="imaginary"):
        float(minitorch.tensor(1j))
    with pytest.raises(TypeError, match="0-d"):
        len(minitorch.tensor(1))
