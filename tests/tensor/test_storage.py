"""Windows into memory: every byte that a tensor reaches is one of its storage.

The bytes are enumerated one by one here, element for element, and the storage's bounds come from
the owner's own elements; the library takes them from sums over strides.
"""

from __future__ import annotations

import ctypes
import io
import itertools
import math
import mmap
from typing import Any

import minitorch
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.filterwarnings("ignore:The given")

DTYPES = (minitorch.uint8, minitorch.int16, minitorch.float32, minitorch.float64)
shapes = st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple)
steps = st.sampled_from([-3, -2, -1, 1, 2, 3])


def places(shape: Any, stride: Any, offset: int) -> list[int]:
    return [
        offset + sum(i * s for i, s in zip(index, stride, strict=True))
        for index in itertools.product(*map(range, shape))
    ]


def addresses(x: Any) -> set[int]:
    """The address of every byte that ``x`` reaches."""
    item = x.element_size()
    starts = places(x.shape, [s * item for s in x.stride()], x.data_ptr())
    return {start + k for start in starts for k in range(item)}


def counted(shape: Any, dtype: Any) -> Any:
    return minitorch.arange(math.prod(shape)).to(dtype).reshape(shape)


def permuted_clone(draw: Any, shape: Any, dtype: Any) -> Any:
    return counted(shape, dtype).permute(draw(st.permutations(range(len(shape))))).clone()


def steps_of_numpy(draw: Any, shape: Any, dtype: Any) -> Any:
    """NumPy's slices, backward ones too."""
    array = counted(shape, dtype).numpy()
    return array[tuple(slice(None, None, draw(steps)) for _ in shape)].T


def from_numpy(draw: Any, shape: Any, dtype: Any) -> Any:
    return minitorch.from_numpy(steps_of_numpy(draw, shape, dtype))


def through_dlpack(draw: Any, shape: Any, dtype: Any) -> Any:
    return minitorch.from_dlpack(steps_of_numpy(draw, shape, dtype))


def asarray(draw: Any, shape: Any, dtype: Any) -> Any:
    return minitorch.asarray(steps_of_numpy(draw, shape, dtype))


def field(draw: Any, shape: Any, dtype: Any) -> Any:
    kinds = np.dtype(
        [("a", "i8"), ("b", minitorch.zeros(1, dtype=dtype).numpy().dtype)], align=True
    )
    return minitorch.from_numpy(np.zeros(shape, kinds)["b"])


def buffer(draw: Any, shape: Any, dtype: Any) -> Any:
    size = 8 * math.prod(shape)
    memory: Any = draw(st.sampled_from(["bytearray", "bytes", "mmap", "memoryview"]))
    if memory == "bytearray":
        made: Any = bytearray(range(size % 256)) + bytearray(size - size % 256)
    elif memory == "bytes":
        made = bytes(size)
    elif memory == "mmap":
        made = mmap.mmap(-1, size)
    else:
        made = memoryview(bytearray(size + 8))[8:]
    return minitorch.frombuffer(made, dtype=dtype, offset=8 * draw(st.integers(0, size // 8 - 1)))


def loaded(draw: Any, shape: Any, dtype: Any) -> Any:
    file = io.BytesIO()
    minitorch.save(permuted_clone(draw, shape, dtype), file)
    file.seek(0)
    return minitorch.load(file)


def expanded(draw: Any, shape: Any, dtype: Any) -> Any:
    return counted(shape, dtype).unsqueeze(1).expand(shape[0], 3, *shape[1:]).data


OWNERS = (
    permuted_clone, from_numpy, through_dlpack, asarray, field, buffer, loaded, expanded
)  # fmt: skip


@st.composite
def owner_and_view(draw: Any) -> Any:
    """(the bytes of a storage, a tensor in it)."""
    make = draw(st.sampled_from(OWNERS))
    x = make(draw, draw(shapes), draw(st.sampled_from(DTYPES)))
    reached = addresses(x)
    storage = range(min(reached), max(reached) + 1)
    for _ in range(draw(st.integers(0, 2))):
        kind = draw(st.sampled_from(["slice", "permute", "dtype", "select"]))
        if kind == "slice":
            start = draw(st.integers(0, x.shape[0] - 1))
            x = x[start :: draw(st.integers(1, 2))]
        elif kind == "permute":
            x = x.permute(draw(st.permutations(range(x.ndim))))
        elif kind == "select" and x.ndim > 1:
            x = x[draw(st.integers(0, x.shape[0] - 1))]
        elif kind == "dtype":
            try:
                x = x.view(draw(st.sampled_from(DTYPES)))
            except RuntimeError:
                continue
    return storage, x


windows = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([0, 1, 1, 1, 2, 3, 5, 2**40])), max_size=3
)


def check(made: Any, at: list[int], storage: range) -> None:
    """``made`` is the elements that begin at the bytes ``at`` of the storage."""
    item = made.element_size()
    assert addresses(made) == {storage[0] + start + k for start in at for k in range(item)}
    assert addresses(made) <= set(storage)
    memory = ctypes.string_at(storage[0], len(storage))
    assert made.numpy().tobytes() == b"".join(memory[start : start + item] for start in at)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(owner_and_view(), windows, st.none() | st.integers(-1, 12), st.booleans())
def test_windows_by_strides(view: Any, window: Any, offset: Any, in_place: bool) -> None:
    storage, x = view
    item = x.element_size()
    first = (x.data_ptr() - storage[0]) // item
    assert x.storage_offset() == first
    assert (x.untyped_storage().data_ptr(), x.untyped_storage().nbytes()) == (
        storage[0],
        len(storage),
    )
    size, stride = [n for n, _ in window], [s for _, s in window]
    at = [item * place for place in places(size, stride, first if offset is None else offset)]
    call = x.as_strided_ if in_place else x.as_strided
    if offset == -1 or any(not 0 <= start <= len(storage) - item for start in at):
        with pytest.raises(RuntimeError):
            call(size, stride, offset)
    else:
        check(call(size, stride, offset), at, storage)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(owner_and_view(), windows, st.integers(-1, 12))
def test_windows_that_are_set(view: Any, window: Any, offset: int) -> None:
    storage, x = view
    item = x.element_size()
    size, stride = [n for n, _ in window], [s for _, s in window]
    at = [item * place for place in places(size, stride, offset)]
    made = minitorch.empty(0, dtype=x.dtype)
    if offset == -1 or any(not 0 <= start <= len(storage) - item for start in at):
        with pytest.raises(RuntimeError):
            made.set_(x.untyped_storage(), offset, size, stride)
        assert made.shape == (0,)
    else:
        check(made.set_(x.untyped_storage(), offset, size, stride), at, storage)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(owner_and_view(), st.integers(0, 2), st.integers(0, 4), st.sampled_from([1, 2, 3, 2**62]))
def test_windows_that_are_unfolded(view: Any, dim: int, size: int, step: int) -> None:
    _, x = view
    dim %= x.ndim
    if size > x.shape[dim]:
        with pytest.raises(RuntimeError, match="maximum size"):
            x.unfold(dim, size, step)
        return
    made = x.unfold(dim, size, step)
    count = (x.shape[dim] - size) // step + 1
    assert made.shape == (*x.shape[:dim], count, *x.shape[dim + 1 :], size)
    assert addresses(made) <= addresses(x)
    expected = [x.narrow(dim, k * step, size).movedim(dim, -1).tolist() for k in range(count)]
    assert made.movedim(dim, 0).tolist() == expected


@settings(max_examples=200, deadline=None, derandomize=True)
@given(owner_and_view(), st.sampled_from(DTYPES))
def test_windows_of_another_dtype(view: Any, dtype: Any) -> None:
    storage, x = view
    old, new = x.element_size(), minitorch.empty(0, dtype=dtype).element_size()
    start = x.data_ptr() - storage[0]
    possible = old == new or x.stride(-1) == 1
    if new > old:
        whole = (start, old * x.shape[-1], *(old * s for s in x.stride()[:-1]))
        possible = possible and not any(n % new for n in whole)
    if not possible:
        with pytest.raises(RuntimeError, match="different element sizes"):
            x.view(dtype)
        return
    made = x.view(dtype)
    assert made.dtype is dtype
    assert addresses(made) == addresses(x)
    assert made.numpy().tobytes() == x.numpy().tobytes()
    assert made.storage_offset() * new == start


@settings(max_examples=200, deadline=None, derandomize=True)
@given(owner_and_view(), st.lists(st.integers(0, 6), max_size=3))
def test_windows_that_are_resized(view: Any, size: Any) -> None:
    storage, x = view
    size, item, start = tuple(size), x.element_size(), x.data_ptr() - storage[0]
    at = list(range(start, start + item * math.prod(size), item))
    before = ctypes.string_at(storage[0], len(storage))
    if size == x.shape:
        assert x.resize_(size).stride() == x.stride()
    elif not at or at[-1] + item <= len(storage):
        check(x.resize_(size), at, storage)
    else:
        stride = x.stride()
        try:
            x.resize_(size)
        except RuntimeError:  # something else uses the memory
            assert (x.data_ptr() - storage[0], x.stride()) == (start, stride)
        else:
            grown = before + bytes(at[-1] + item)
            assert x.numpy().tobytes() == b"".join(grown[a : a + item] for a in at)


# --- gradients and writes ----------------------------------------------------------------------

VIEWS: list[Any] = [
    lambda x: x,
    lambda x: x.reshape(3, 4).t(),
    lambda x: x[2:],
    lambda x: x[::2],
    lambda x: x.reshape(2, 6)[:, 1:4].T,
    lambda x: x.as_strided((3, 2), (4, 1), 2),
    lambda x: x[:4].expand(3, 4),
    lambda x: x.reshape(4, 3).unsqueeze(1).expand(4, 2, 3),
    lambda x: x[5],
]
few = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=3)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.sampled_from(VIEWS), few, st.none() | st.integers(0, 3))
def test_gradients_of_windows(take: Any, window: Any, offset: Any) -> None:
    """The gradient is that of indexing: by the numbers of the elements at the same places."""
    size, stride = tuple(n for n, _ in window), tuple(s for _, s in window)
    numbers = take(minitorch.arange(12.0))
    if not (0 not in size and max(places(size, stride, 0)) > 8):
        x = minitorch.arange(12.0, dtype=minitorch.float64, requires_grad=True)
        y = take(x * x)
        out = y.as_strided(size, stride, offset)
        at = places(size, stride, numbers.storage_offset() if offset is None else offset)
        weights = minitorch.arange(1.0, 1 + len(at)).double().reshape(size)
        within = [int(n) for n in numbers.reshape(-1).tolist()]
        expected = np.zeros(12)
        for place, weight in zip(at, weights.reshape(-1).tolist(), strict=True):
            expected[place] += weight * 2 * place * (place in within)
        (grad,) = minitorch.autograd.grad((out * weights).sum(), x, create_graph=True)
        np.testing.assert_allclose(grad.detach().numpy(), expected)
        if len(at):
            (second,) = minitorch.autograd.grad(grad.sum(), x)
            np.testing.assert_allclose(second.numpy()[1:], (expected / np.arange(12).clip(1))[1:])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.sampled_from(VIEWS), few, st.none() | st.integers(0, 3))
def test_writes_through_windows(take: Any, window: Any, offset: Any) -> None:
    size, stride = tuple(n for n, _ in window), tuple(s for _, s in window)
    at = places(
        size, stride, take(minitorch.arange(12.0)).storage_offset() if offset is None else offset
    )
    if len(set(at)) < len(at) or max(at, default=0) > 11:
        return
    x = minitorch.arange(12.0, dtype=minitorch.float64, requires_grad=True)
    y = x * x
    view = take(y)
    view.as_strided(size, stride, offset).mul_(3.0)
    weights = minitorch.arange(1.0, 13.0).double()
    factor = np.array([3.0 if place in at else 1.0 for place in range(12)])
    np.testing.assert_array_equal(y.detach().numpy(), factor * np.arange(12) ** 2)
    (y * weights).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), factor * np.arange(1, 13) * 2 * np.arange(12))


def test_what_is_refused() -> None:
    x, array = minitorch.arange(6.0), np.zeros(2)
    for call in (
        lambda: x.as_strided((2,), (-1,)),
        lambda: x.as_strided((-2,), (1,)),
        lambda: x.as_strided((2,), (1,), -1),
        lambda: x.as_strided((2,), (1, 1)),
        lambda: x.as_strided((2**62, 2**62), (0, 0)),
        lambda: x.as_strided((2**40, 2**40), (2**40, 2**40)),
        lambda: x.resize_(2**62, 8),
        lambda: x.resize_(-1),
        lambda: x[2:4].resize_(50),
        lambda: minitorch.empty(0).set_(x.reshape(2, 3).t(), 0, (2,)),
        lambda: minitorch.empty(0).set_(x[2:], 1, (4,)),
        lambda: minitorch.empty(0).set_(x.double()),
        lambda: minitorch.empty_strided((2, 3), (2**62, 2**62)),
        lambda: minitorch.from_numpy(array).resize_(3),
    ):
        with pytest.raises(RuntimeError):
            call()
    for data in ((2.0,), 2):
        with pytest.raises(TypeError):
            x.as_strided(data, (1,))
    with pytest.raises(ValueError, match="not a multiple"):
        minitorch.from_numpy(np.zeros(8, "u1,f4")["f1"])
    with pytest.raises(ValueError, match="read-only"):
        minitorch.frombuffer(bytes(4), dtype=minitorch.uint8).as_strided((2,), (1,)).fill_(1)


def test_set_takes_a_window() -> None:
    x = minitorch.arange(6.0)
    made = minitorch.empty(0).set_(x[2:], 1, (2,), (2,))
    assert made.tolist() == [3, 5]
    made.zero_()
    assert x.tolist() == [0, 1, 2, 0, 4, 0]
    assert minitorch.empty(0).set_(x.untyped_storage()).tolist() == x.tolist()
    assert minitorch.empty(0).set_(x[1:], 1, (2,)).tolist() == [2, 0]


def test_growing() -> None:
    x = minitorch.arange(3.0)
    assert x.resize_(2, 2).tolist() == [[0, 1], [2, 0]]
    assert x.resize_(1).tolist() == [0]
    assert x.resize_(4).tolist() == [0, 1, 2, 0]
    assert minitorch.empty(0).resize_(
        2, 3, 1, 2, memory_format=minitorch.channels_last
    ).stride() == (6, 1, 6, 3)
    alias = x.detach()
    with pytest.raises(RuntimeError, match="not resizable"):
        x.resize_(9)
    assert alias.shape == (4,)


@pytest.mark.parametrize("dtype", [minitorch.float16, minitorch.float32, minitorch.float64])
def test_the_gradient_of_a_window_keeps_the_dtype(dtype: minitorch.dtype) -> None:
    x = minitorch.arange(4, dtype=dtype).requires_grad_()
    wide = x.expand(3, 4)
    (g,) = minitorch.autograd.grad(wide.as_strided((2, 2), (1, 1)).sum(), wide)
    assert g.dtype is dtype
