"""Indexing: ``x[key]`` and ``x[key] = value``.

Integers, slices, None and Ellipsis take a view (``shape.sliced``). What remains of a key, its index
tensors and masks, is turned into flat positions along the dimensions that they index together;
``indexed`` gathers them and ``put`` writes to them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._dtype import from_numpy_dtype
from ..autograd.grad_mode import TOOLS, current
from ..autograd.inplace import check_writable, write
from ..autograd.primitive import primitive
from ..autograd.variable import Variable, wrap
from ..kernels.indexing import accumulate, add_rows
from .choice import zeros_like
from .conversion import cast
from .regions import selected, sliced
from .shape import ALL, reshaped

__all__ = ["index_put"]

TRUE = np.zeros(1, np.int64)  # x[True] is x[None] indexed with [0], x[False] with []


# --- gathering ---------------------------------------------------------------------------------


def _take_rows(x: Any, index: Any) -> Any:
    try:
        return x.take(index, 0)
    except IndexError:
        raise out_of_bounds(index, len(x), 0) from None


def out_of_bounds(index: Any, size: int, dim: int) -> IndexError:
    wrong = index[(index < -size) | (index >= size)]
    return IndexError(
        f"index {wrong.flat[0]} is out of bounds for dimension {dim} with size {size}"
    )


# x[index] for a tensor of integers
rows: Any = primitive(
    _take_rows, "x index", lambda g, shape, index: put_rows(g, index, shape), None, name="index",
    traits=("linear",),
)  # fmt: skip
# zeros of `shape` to which x is added at the rows `index`
put_rows: Any = primitive(
    add_rows, "x index | shape", lambda g, index: rows(g, index), None, name="index_backward",
    traits=("linear",),
)  # fmt: skip


least, most = np.minimum.reduce, np.maximum.reduce  # index.min() costs twice as much


def _positions(indices: list[Any], sizes: tuple[int, ...], dim: int) -> Any:
    """The flat positions of index arrays that index dimensions of ``sizes`` together."""
    flat: Any = 0
    at = 0
    for index in indices:
        if index.dtype == np.bool_:
            parts = index.nonzero()
        else:
            n = sizes[at]
            low, high = (least(index, None), most(index, None)) if index.size else (0, -1)
            if high >= n or low < -n:
                raise out_of_bounds(index, n, dim + at)
            parts = (np.where(index < 0, index + n, index) if low < 0 else index,)
        for part in parts:
            try:
                flat = flat * sizes[at] + part if at else part
            except ValueError:
                shapes = ", ".join(str(list(i.shape)) for i in indices)
                raise IndexError(
                    "shape mismatch: indexing tensors could not be broadcast together with shapes "
                    + shapes
                ) from None
            at += 1
    return flat


positions = primitive(_positions, "*indices | sizes dim", name="positions")


def _key(ndim: int, dims: tuple[int, ...], places: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    key: list[Any] = [ALL] * ndim
    found = np.unravel_index(places, [shape[d] for d in dims])
    for d, index in zip(dims, found, strict=True):
        key[d] = index
    return tuple(key)


def _merged(shape: tuple[int, ...], dims: tuple[int, ...]) -> tuple[int, ...]:
    """``shape`` with the adjacent ``dims`` as one."""
    first, last = dims[0], dims[-1] + 1
    return (*shape[:first], math.prod(shape[first:last]), *shape[last:])


def _adjacent(dims: tuple[int, ...]) -> bool:
    return dims[-1] - dims[0] == len(dims) - 1


def _gather(x: Any, places: Any, dims: tuple[int, ...]) -> Any:
    if _adjacent(dims):
        return x.reshape(_merged(x.shape, dims)).take(places, dims[0])
    return x[_key(x.ndim, dims, places, x.shape)]


def _spread(x: Any, places: Any, shape: tuple[int, ...], dims: tuple[int, ...], once: bool) -> Any:
    out = np.zeros(shape, x.dtype)
    _write(out, x, places, dims, not once)
    return out


def _write(out: Any, value: Any, places: Any, dims: tuple[int, ...], add: bool) -> None:
    """``out[.., places, ..] = value`` or ``+=``; ``out`` is contiguous."""
    if not _adjacent(dims):
        if add:
            np.add.at(out, _key(out.ndim, dims, places, out.shape), value)
        else:
            out[_key(out.ndim, dims, places, out.shape)] = value
        return
    first = dims[0]
    out = out.reshape(_merged(out.shape, dims))
    if not add:
        out[(*(ALL,) * first, places)] = value
        return
    lead, rest = out.shape[:first], out.shape[first + 1 :]
    if np.shape(value) != (*lead, *places.shape, *rest):
        value = np.broadcast_to(value, (*lead, *places.shape, *rest))
    if first:  # rows of the first `first + 1` dimensions as one
        batch = np.arange(math.prod(lead)).reshape((*lead, *(1,) * places.ndim))
        places = batch * out.shape[first] + places
    accumulate(out.reshape((-1, *rest)), places.reshape(-1), value)


# x at the flat positions `places` of its dimensions `dims`; `once`: no position repeats
indexed: Any = primitive(
    lambda x, places, dims, once: _gather(x, places, dims),
    "x places | dims once",
    lambda g, places, shape, dims, once: spread_places(g, places, shape, dims, once),
    None,
    name="index",
    traits=("linear",),
)
spread_places: Any = primitive(
    _spread,
    "x places | shape dims once",
    lambda g, places, dims, once: indexed(g, places, dims, once),
    None,
    name="index_backward",
    traits=("linear",),
)


def _put(x: Any, value: Any, places: Any, dims: tuple[int, ...], add: bool) -> Any:
    out = np.array(x, order="C")
    _write(out, value, places, dims, add)
    return out


def _put_rule(g: Any, places: Any, dims: tuple[int, ...], add: bool) -> Any:
    return g if add else put_places(g, 0, places, dims, False)


# x with `value` written (or added) at these positions
put_places = primitive(
    _put,
    "x value places | dims add",
    _put_rule,
    lambda g, places, dims: indexed(g, places, dims, False),
    None,
    name="index_put",
)


# --- reading a key -----------------------------------------------------------------------------


def _as_index(item: Any) -> Any:
    """An index tensor of int64 or bool, from a tensor, an ndarray or a sequence."""
    if isinstance(item, Variable):
        dtype = item._data.dtype
    else:
        array = np.asarray(item if isinstance(item, np.ndarray) else _plain(item))
        if not array.size and array.dtype.kind == "f" and not isinstance(item, np.ndarray):
            array = array.astype(np.int64)
        item, dtype = wrap(array), array.dtype
    if dtype.char in "lqi?":  # int64, int32, bool
        return item
    if dtype == np.uint8:
        return cast(item, np.dtype(np.bool_))
    raise IndexError(
        f"tensors used as indices must be long, int, byte or bool tensors, got {dtype}"
    )


def _plain(item: Any) -> Any:
    if isinstance(item, Variable):
        return item.tolist()  # type: ignore[attr-defined]
    return [_plain(each) for each in item] if isinstance(item, list | tuple | range) else item


def _as_tuple(key: Any) -> tuple[Any, ...]:
    """The key as a tuple. A short list that holds more than numbers means one, as in PyTorch."""
    if isinstance(key, tuple):
        return key
    if isinstance(key, list) and len(key) < 32:
        for item in key:
            if item is None or isinstance(
                item, Variable | np.ndarray | list | tuple | range | slice | type(...)
            ):
                return tuple(key)
    return (key,)


def _slice_of_ints(item: slice) -> slice:
    start, stop, step = item.start, item.stop, item.step
    if step is not None and step.__index__() <= 0:
        raise ValueError("step must be greater than zero")
    if (start is None or type(start) is int) and (stop is None or type(stop) is int):
        return item
    return slice(*(None if v is None else v.__index__() for v in (start, stop, step)))


def parse(input: Any, key: Any) -> tuple[tuple[Any, ...] | None, list[Any], tuple[int, ...]]:
    """A key as ``(basic, indices, dims)``: first ``x[basic]`` (None: as it is), then index tensors
    on the dimensions ``dims`` of that; a mask has as many of them as it has dimensions."""
    items: list[Any] = []
    for item in _as_tuple(key):
        kind = type(item)
        if kind is int or item is None or item is ...:
            items.append(item)
        elif kind is slice:
            items.append(_slice_of_ints(item))
        elif kind is bool or kind is np.bool_:
            items.append(wrap(np.array(bool(item))))
        elif isinstance(item, np.integer):
            items.append(int(item))
        elif isinstance(item, Variable | np.ndarray | list | tuple | range):
            index = _as_index(item)
            if not index.ndim and index._data.dtype.kind == "i":
                items.append(int(index._data))
            else:
                items.append(index)
        elif hasattr(item, "__index__"):
            items.append(item.__index__())
        else:
            raise IndexError(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables "
                f"are valid indices (got {kind.__name__})"
            )
    shape = tuple(input.shape)
    used = sum(
        0 if item is None or item is ... else (item.ndim if _is_mask(item) else 1) for item in items
    )
    if used > len(shape):
        if len(items) == 1 and type(items[0]) is int:
            selected(input, items[0])  # raises: a 0-dim tensor
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
    basic: list[Any] = []
    indices: list[Any] = []
    dims: list[int] = []
    at = made = 0  # the dimension of x, and of x[basic]
    plain = True
    for item in items:
        if item is ...:
            skip = len(shape) - used
            if ... in basic:
                raise IndexError("an index can only have a single ellipsis ('...')")
            basic.append(item)
            at, made = at + skip, made + skip
        elif type(item) is slice:
            basic.append(item)
            at, made, plain = at + 1, made + 1, plain and item == ALL
        elif type(item) is int:
            if not -shape[at] <= item < shape[at]:
                raise IndexError(
                    f"index {item} is out of bounds for dimension {at} with size {shape[at]}"
                )
            basic.append(item)
            at, plain = at + 1, False
        elif item is None:
            basic.append(item)
            made, plain = made + 1, False
        elif not item.ndim:  # a bool
            basic.append(None)
            indices.append(wrap(TRUE if item._data else TRUE[:0]))
            dims.append(made)
            made, plain = made + 1, False
        else:
            count = item.ndim if _is_mask(item) else 1
            if _is_mask(item) and tuple(item.shape) != shape[at : at + count]:
                k = next(k for k in range(count) if item.shape[k] != shape[at + k])
                raise IndexError(
                    f"The shape of the mask {list(item.shape)} at index {k} does not match the "
                    f"shape of the indexed tensor {list(shape)} at index {at + k}"
                )
            basic.extend([ALL] * count)
            indices.append(item)
            dims.extend(range(made, made + count))
            at, made = at + count, made + count
    return None if plain else tuple(basic), indices, tuple(dims)


def _is_mask(item: Any) -> bool:
    return isinstance(item, Variable) and item._data.dtype == np.bool_


# --- x[key] ------------------------------------------------------------------------------------


def getitem(self: Any, key: Any) -> Any:
    """``x[key]``: a view for integers, slices, None and Ellipsis; a copy for index tensors.

    Integers and slices go first, then index tensors, lists and masks together, as in PyTorch.

    Raises:
        IndexError: out of range, or too many indices.
        ValueError: a slice with a step of zero or less.
    """
    kind = type(key)
    if kind is int:
        return selected(self, key)
    if kind is slice and self.ndim:
        return sliced(self, (_slice_of_ints(key),))
    if isinstance(key, Variable) and key._data.dtype.kind == "i" and key._data.ndim and self.ndim:
        return rows(self, _as_index(key))
    if kind is tuple and 0 < len(key) <= self.ndim and all(map(_is_rows, key)):
        return indexed(self, *_places(self, list(key), tuple(range(len(key)))), False)
    basic, indices, dims = parse(self, key)
    x = self if basic is None and indices else sliced(self, basic or ())
    if not indices:
        return x
    return indexed(x, *_places(x, indices, dims), all(map(_is_mask, indices)))


def _is_rows(item: Any) -> bool:
    return isinstance(item, Variable) and item._data.dtype == np.int64 and item._data.ndim > 0


def _places(x: Any, indices: list[Any], dims: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    shape = x.shape
    sizes = tuple([shape[d] for d in dims])
    if current.state.flags >= TOOLS:
        return positions(indices, sizes, dims[0]), dims
    return wrap(_positions([index._array() for index in indices], sizes, dims[0])), dims


# --- x[key] = value ----------------------------------------------------------------------------


def _overwrite(x: Any, value: Any) -> Any:
    out = np.empty_like(x)
    out[...] = value
    return out


# `value` in the shape and dtype of x
overwritten = primitive(
    _overwrite,
    "x value",
    lambda g: zeros_like(g),
    lambda g, value_dtype: cast(g, value_dtype),
    name="copy",
    label="CopyBackwards",
)


def setitem(self: Any, key: Any, value: Any) -> None:
    """``x[key] = value``, in place; the value is cast to the dtype of ``x``.

    Raises:
        RuntimeError: the value does not broadcast to ``x[key]``; a leaf that requires grad.
    """
    tracked = current.state.flags and (
        current.state.flags > 1
        or self._node is not None
        or (self._base is not None and self._base._node is not None)
        or (isinstance(value, Variable) and (value._node is not None or value._base is not None))
    )
    if not tracked and (type(key) is int or type(key) is slice or _plain_key(key)):
        data = self._array()
        if 0 not in data.strides:
            if type(key) is slice:
                _slice_of_ints(key)
            if data.ndim:
                _assign(self, data, key, value)
                return
    basic, indices, dims = parse(self, key)
    value = _as_value(self, value)
    if not indices:
        x = sliced(self, basic or ())
        copy_(x, _without_lead(value, x._data.ndim))
        return
    x = self if basic is None else sliced(self, basic)
    if isinstance(value, Variable) and value._data.dtype != x._data.dtype:
        lone_mask = len(indices) == 1 and _is_mask(indices[0]) and value._data.size == 1
        if not lone_mask:
            _same_dtype(x, value)
        value = cast(value, x._data.dtype)
    put_(x, value, *_places(x, indices, dims), False)


def _plain_key(key: Any) -> bool:
    return type(key) is tuple and all(type(item) is int for item in key)


def _assign(self: Any, data: Any, key: Any, value: Any) -> None:
    """The untracked write, straight into the memory."""
    try:
        data[key] = value._data if isinstance(value, Variable) else _as_value(self, value)
    except IndexError:
        parse(self, key)
        raise
    except (ValueError, OverflowError):
        region = data[key]
        raise _cannot_assign(value, region.shape, data.dtype) from None
    self._version[0] += 1


def _cannot_assign(value: Any, shape: tuple[int, ...], dtype: Any) -> RuntimeError:
    if not isinstance(value, Variable):
        name = from_numpy_dtype(dtype).name
        return RuntimeError(f"value cannot be converted to type {name} without overflow")
    return RuntimeError(
        f"shape mismatch: value tensor of shape {list(value._data.shape)} cannot be broadcast to "
        f"indexing result of shape {list(shape)}"
    )


def _as_value(self: Any, value: Any) -> Any:
    if isinstance(value, Variable | bool | int | float | complex | np.generic):
        return value
    kind = from_numpy_dtype(self._data.dtype).type_name
    raise TypeError(
        f"can't assign a {type(value).__name__} to a torch.{kind}Tensor: make a tensor of it first"
    )


def copy_(self: Any, src: Any, non_blocking: bool = False) -> Any:
    """Writes ``src``, broadcast and cast, into the tensor; gradients flow to ``src``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.Tensor.copy_.html
    """
    check_writable(self)
    if isinstance(src, Variable) and src._data.ndim > self._data.ndim:
        raise RuntimeError(
            f"output with shape {list(self.shape)} doesn't match the broadcast shape of the "
            f"source, {list(src._data.shape)}"
        )
    try:
        made = overwritten(self, _differentiable(self, src))
    except (ValueError, RuntimeError, OverflowError):
        raise _cannot_assign(src, tuple(self.shape), self._data.dtype) from None
    return write(self, made)


def _differentiable(x: Any, value: Any) -> Any:
    """``value``, outside of autograd where it is written to integers or bools."""
    plain = x._data.dtype.kind in "biu" and isinstance(value, Variable)
    return value.detach() if plain else value


def _without_lead(value: Any, ndim: int) -> Any:
    """``value`` without the leading dimensions of size 1 that are too many."""
    if isinstance(value, Variable):
        shape = tuple(value._data.shape)
        extra = len(shape) - ndim
        if extra > 0 and shape[:extra] == (1,) * extra:
            return reshaped(value, shape[extra:])
    return value


def put_(x: Any, value: Any, places: Any, dims: tuple[int, ...], add: bool) -> Any:
    """The write to flat positions, in place."""
    check_writable(x)
    first = dims[0] if _adjacent(dims) else 0
    rest = [n for k, n in enumerate(x.shape) if k not in dims]
    shape = (*rest[:first], *places.shape, *rest[first:])
    value = _differentiable(x, _without_lead(value, len(shape)))
    try:
        if not current.state.flags and x._data.flags.c_contiguous:
            _write(x._array(), getattr(value, "_data", value), places._data, dims, add)
            x._version[0] += 1
            return x
        made = put_places(x, value, places, dims, add)
    except (ValueError, RuntimeError, OverflowError):
        raise _cannot_assign(value, shape, x._data.dtype) from None
    return write(x, made)


def _same_dtype(input: Any, values: Any) -> None:
    if values._data.dtype != input._data.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got "
            f"{input.dtype.type_name} for the destination and {values.dtype.type_name} for the "
            "source."
        )


def _with_dims(index: Any) -> Any:
    index = _as_index(index)
    return index if index.ndim or _is_mask(index) else reshaped(index, (1,))


def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """``input`` with ``values`` written (or added) at ``input[indices]``.

    Args:
        indices: a tuple of index tensors or masks, None for a whole dimension.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.index_put.html
    """
    key = tuple(ALL if index is None else _with_dims(index) for index in indices)
    _, found, dims = parse(input, key)
    _same_dtype(input, values)
    places, dims = _places(input, found, dims)
    return put_places(input, values, places, dims, accumulate)
