"""Indexing: ``x[key]`` and ``x[key] = value``.

Integers, slices, None and Ellipsis take a view (``regions.sliced``). What remains of a key, its
index tensors and masks, is turned into flat positions along the dimensions that they index
together; ``indexed`` gathers from there and ``put_places`` writes there.
"""

from __future__ import annotations

import operator
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import from_numpy_dtype
from ..autograd.frames import fold
from ..autograd.grad_mode import INTERPRETERS, current, marking
from ..autograd.inplace import check_history, check_overlap, check_writable, write
from ..autograd.primitive import primitive
from ..autograd.variable import Variable, check_marks, wrap
from ..kernels.meta import MetaArray, MetaError
from .choice import zeros_like_p
from .conversion import FITS, cast, cast_back, element, fitted, real_part
from .gathering import (
    adjacent,
    flat_positions,
    index_p,
    index_put_p,
    index_rows_p,
    positions_p,
    write_places,
)
from .regions import select_p, slice_p
from .shape import ALL, view_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor import Tensor

__all__ = ["index_put"]

PLAIN = {int, slice, type(None), type(...)}  # what NumPy reads as PyTorch does
TRUE = np.zeros(1, np.int64)  # x[True] is x[None] indexed with [0], x[False] with []


# --- reading a key -----------------------------------------------------------------------------


def _as_index(item: Any) -> Any:
    """An index tensor of int64 or bool, from a tensor, an ndarray or a sequence."""
    if isinstance(item, Variable):
        dtype = item._data.dtype
    else:
        array = np.asarray(item if isinstance(item, np.ndarray) else _plain(item))
        if not array.size and array.dtype.kind in "fV" and not isinstance(item, np.ndarray):
            array = array.astype(np.int64)
        item, dtype = wrap(array), array.dtype
    if dtype.char in "lqi?":  # int64, int32, bool
        return item
    if dtype.char in "bh" and not item.ndim:  # PyTorch takes numbers of these
        return cast(item, np.dtype(np.int64))
    if dtype == np.uint8:
        warnings.warn(
            "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool "
            "instead.",
            stacklevel=4,
        )
        return cast(item, np.dtype(np.bool_))
    raise IndexError(
        f"tensors used as indices must be long, int, byte or bool tensors, got {dtype}"
    )


def _plain(item: Any) -> Any:
    if isinstance(item, Variable):
        return item.tolist()
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
                warnings.warn(
                    "Using a non-tuple sequence for multidimensional indexing is deprecated; use "
                    "x[tuple(seq)] instead of x[seq], or x[torch.tensor(seq)] for an index tensor.",
                    stacklevel=4,
                )
                return tuple(key)
    return (key,)


def _slice_of_ints(item: slice) -> slice:
    start, stop, step = item.start, item.stop, item.step
    if step is not None and operator.index(step) <= 0:
        raise ValueError("step must be greater than zero")
    if (start is None or type(start) is int) and (stop is None or type(stop) is int):
        return item
    try:
        return slice(*(None if v is None else operator.index(v) for v in (start, stop, step)))
    except TypeError:
        raise TypeError(
            "slice indices must be integers or None or have an __index__ method: "
            f"{start}:{stop}:{step}"
        ) from None


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
            if not index.ndim and index._data.dtype.kind == "i" and index._interpreter is None:
                items.append(int(index))
            else:
                items.append(index)
        elif hasattr(item, "__index__"):
            items.append(item.__index__())
        elif kind in (str, bytes) and input.ndim:
            raise TypeError(f"invalid index: {item!r:.60} is a {kind.__name__}")
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
            select_p(input, items[0])  # raises: a 0-dim tensor
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
    basic: list[Any] = []
    indices: list[Any] = []
    dims: list[int] = []
    at = made = 0  # the dimension of x, and of x[basic]
    plain = True
    for k, item in enumerate(items):
        if item is ...:
            skip = len(shape) - used
            if ... in basic:  # it passes over as many dimensions again
                if skip and any(each is not ... for each in items[k:]):
                    raise IndexError(
                        f"a second ellipsis ('...') leads past the {len(shape)} dimensions of the "
                        f"tensor: what follows it has no dimension to index"
                    )
                continue
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
        elif not item.ndim and item._data.dtype.kind == "b":
            basic.append(None)
            indices.append(wrap(TRUE if bool(item) else TRUE[:0]))
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


def getitem(self: Tensor, key: Any) -> Tensor:
    """``x[key]``: a view for integers, slices, None and Ellipsis; a copy for index tensors.

    Integers and slices go first, then index tensors, lists and masks together, as in PyTorch.

    Raises:
        IndexError: out of range, or too many indices.
        ValueError: a slice with a step of zero or less.
    """
    try:
        kind = type(key)
        if kind is int:
            return select_p(self, key)
        if kind is tuple and key:
            for item in key:
                if type(item) is not int:
                    break
            else:
                try:
                    return slice_p(self, (*key, ...))  # with an Ellipsis NumPy gives a view
                except IndexError:
                    pass  # `parse` says it in PyTorch's words
        if kind is slice and self.ndim:
            return slice_p(self, (_slice_of_ints(key),))
        if (
            isinstance(key, Variable)
            and key._data.dtype.kind == "i"
            and key._data.ndim
            and self.ndim
        ):
            return index_rows_p(self, _as_index(key))
        if kind is tuple and key:
            kinds = {*map(type, key)}
            if kinds <= PLAIN:
                if slice in kinds:
                    key = tuple([_slice_of_ints(i) if type(i) is slice else i for i in key])
                try:
                    return slice_p(self, key)
                except IndexError:
                    pass  # `parse` says it in PyTorch's words
            elif len(key) <= self.ndim and all(map(_is_rows, key)):
                return index_p(self, *_places(self, list(key), tuple(range(len(key)))), False)
        basic, indices, dims = parse(self, key)
        x = self if basic is None and indices else slice_p(self, basic or ())
        if not indices:
            return x
        return index_p(x, *_places(x, indices, dims), all(map(_is_mask, indices)))
    except Exception as error:
        fold(error)
        raise


def _is_rows(item: Any) -> bool:
    return isinstance(item, Variable) and item._data.dtype == np.int64 and item._data.ndim > 0


def _places(x: Any, indices: list[Any], dims: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    shape = x.shape
    sizes = tuple([shape[d] for d in dims])
    if current.state.flags >= INTERPRETERS:
        return positions_p(indices, sizes, dims[0]), dims
    arrays = [index._array() for index in indices]
    try:
        places = flat_positions(arrays, sizes, dims[0])
    except MetaError:
        return positions_p(indices, sizes, dims[0]), dims
    # a lone index is its own places: with its version, writes into it are noticed
    return indices[0] if places is arrays[0] else wrap(places), dims


# --- x[key] = value ----------------------------------------------------------------------------


def _overwrite(x: Any, value: Any) -> Any:
    out = np.empty_like(x)
    dtype, given = out.dtype, getattr(value, "dtype", None)
    if given is not None and given is not dtype:
        if given.kind in "cW" and dtype.kind not in "cWb":
            value = real_part(value)
    out[...] = value
    return out


# `value` in the shape and dtype of x
copy_p = primitive(
    _overwrite,
    "x value",
    lambda g: zeros_like_p(g),
    lambda g, value_dtype: cast_back(g, value_dtype),
    name="copy",
    label="CopyBackwards",
)


def setitem(self: Any, key: Any, value: Any) -> None:
    """``x[key] = value``, in place; the value is cast to the dtype of ``x``.

    Raises:
        RuntimeError: the value does not broadcast to ``x[key]``; a leaf that requires grad.
    """
    try:
        tracked = current.state.flags and (
            current.state.flags > 1
            or self._node is not None
            or (self._base is not None and self._base._node is not None)
            or (
                isinstance(value, Variable) and (value._node is not None or value._base is not None)
            )
        )
        if not tracked and (type(key) is int or type(key) is slice or _plain_key(key)):
            data = self._array()
            if 0 not in data.strides and not isinstance(data, MetaArray):
                if type(key) is slice:
                    _slice_of_ints(key)
                if data.ndim:
                    _assign(self, data, key, value)
                    return
        value = _as_value(self, value)
        basic, indices, dims = parse(self, key)
        if not indices:
            x = slice_p(self, basic or ())
            fewer: Any = _without_lead(value, x._data.ndim)
            number = isinstance(fewer, Variable) and not fewer._data.ndim and x._data.ndim
            if number:  # which may be one of those that are overwritten
                fewer = fewer.clone()
            try:
                copy_(x, fewer)
            except RuntimeError:
                if not isinstance(fewer, Variable) or _broadcasts(fewer, x._data.shape):
                    raise
                raise _cannot_assign(value, x._data.shape) from None
            return
        x = self if basic is None else slice_p(self, basic)
        if isinstance(value, Variable) and value._data.dtype != x._data.dtype:
            lone_mask = len(indices) == 1 and _is_mask(indices[0]) and value._data.size == 1
            if not lone_mask:
                _same_dtype(x, value)
            value = cast(value, x._data.dtype)
        put_(x, value, *_places(x, indices, dims), False)
    except Exception as error:
        fold(error)
        raise


def _plain_key(key: Any) -> bool:
    return type(key) is tuple and all(type(item) is int for item in key)


def _assign(self: Any, data: Any, key: Any, value: Any) -> None:
    """The untracked write, straight into the memory."""
    if marking or type(self._counter) is not list:
        check_marks(self)
    try:
        source: Any
        if isinstance(value, Variable):
            source = value._data
            if source.ndim and source.size == 1:  # also of more dimensions than data[key] has
                source = source.reshape(())
        elif type(value) is float and data.dtype.kind in "fV" and -FITS <= value <= FITS:
            source = value
        else:
            source = _as_value(self, value)
        current.state.without_warnings(operator.setitem, data, key, source)
    except IndexError:
        parse(self, key)
        raise
    except (ValueError, OverflowError, TypeError):
        if not isinstance(value, Variable):
            raise
        fewer = _without_lead(value, data[key].ndim)
        if fewer is value:
            raise _cannot_assign(value, data[key].shape) from None
        _assign(self, data, key, fewer)
        return
    self._counter[0] += 1


def _broadcasts(value: Any, shape: tuple[int, ...]) -> bool:
    given = value._data.shape
    pairs = zip(reversed(given), reversed(shape), strict=False)
    return len(given) <= len(shape) and all(n in (1, m) for n, m in pairs)


def _cannot_assign(value: Any, shape: tuple[int, ...]) -> RuntimeError:
    return RuntimeError(
        f"shape mismatch: value tensor of shape {list(value._data.shape)} cannot be broadcast to "
        f"indexing result of shape {list(shape)}"
    )


def _as_value(self: Any, value: Any) -> Any:
    """The tensor ``value``, or the number as the dtype of ``self`` holds it."""
    if isinstance(value, Variable):
        return value
    kind = from_numpy_dtype(self._data.dtype)
    if not isinstance(value, bool | int | float | complex | np.generic):
        raise TypeError(
            f"can't assign a {type(value).__name__} to a torch.{kind.type_name}Tensor: make a "
            "tensor of it first"
        )
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError(f"Overflow when unpacking long long: {value!r:.60}")
    return element(value, kind)


VALUES = (Variable, int, float, complex, np.generic)


def copy_(self: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """Writes ``src``, broadcast and cast, into the tensor; gradients flow to ``src``."""
    check_writable(self)
    check_overlap(self, (src,))
    if not isinstance(src, VALUES):
        raise TypeError(f"copy_(): argument 'other' must be Tensor, not {type(src).__name__}")
    if isinstance(src, Variable) and src._data.ndim > self._data.ndim:
        raise RuntimeError(
            f"output with shape {list(self.shape)} doesn't match the broadcast shape of the "
            f"source, {list(src._data.shape)}"
        )
    if isinstance(src, Variable) and any(isinstance(x._data, MetaArray) for x in (src, self)):
        src = src.to(self.device)  # "meta" takes any values, and gives none
    try:
        made = copy_p(self, _differentiable(self, src))
    except (ValueError, RuntimeError, OverflowError):
        if isinstance(src, Variable):
            raise _cannot_assign(src, tuple(self.shape)) from None
        raise RuntimeError(
            f"{src!r} cannot be converted to {self.dtype} without overflow"
        ) from None
    write(self, made)
    return self


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
            return view_p(value, shape[extra:])
    return value


def put_(x: Any, value: Any, places: Any, dims: tuple[int, ...], add: bool) -> Any:
    """The write to flat positions, in place."""
    check_history(x)
    first = dims[0] if adjacent(dims) else 0
    rest = [n for k, n in enumerate(x.shape) if k not in dims]
    shape = (*rest[:first], *places.shape, *rest[first:])
    value = _differentiable(x, _without_lead(value, len(shape)))
    try:
        direct = not current.state.flags and not isinstance(x._data, MetaArray)
        if direct and x._data.flags.c_contiguous:
            write_places(x._array(), getattr(value, "_data", value), places._data, dims, add)
            x._counter[0] += 1
            return x
        made = index_put_p(x, value, places, dims, add)
    except (ValueError, RuntimeError, OverflowError, TypeError):
        if isinstance(value, Variable):
            raise _cannot_assign(value, shape) from None
        return put_(x, fitted(value, x.dtype), places, dims, add)
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
    return index if index.ndim or _is_mask(index) else view_p(index, (1,))


def index_put(
    input: Tensor, indices: Sequence[Tensor | None], values: Tensor, accumulate: bool = False
) -> Tensor:
    """``input`` with ``values`` written (or added) at ``input[indices]``.

    Args:
        indices: a tuple of index tensors or masks, None for a whole dimension.
    """
    key = tuple(ALL if index is None else _with_dims(index) for index in indices)
    _, found, dims = parse(input, key)
    _same_dtype(input, values)
    places, dims = _places(input, found, dims)
    return index_put_p(input, values, places, dims, accumulate)
