"""Elements at flat positions of some dimensions: gathered, spread out again, overwritten."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.primitive import primitive
from ..kernels.half import single
from ..kernels.indexing import accumulate, add_rows
from ..kernels.memory import laid_as
from ..kernels.meta import MetaArray
from .shape import ALL

if TYPE_CHECKING:
    from ..autograd.primitive import Operation


def _take_rows(x: Any, index: Any) -> Any:
    try:
        return x.take(index, 0)
    except TypeError:  # NumPy 2.0 where it counts in 32 bits
        return x.take(index.astype(np.intp), 0)
    except IndexError:
        raise out_of_bounds(index, len(x), 0) from None


def out_of_bounds(index: Any, size: int, dim: int) -> IndexError:
    if not size:
        return IndexError("index is out of bounds for dimension with size 0")
    wrong = index[(index < -size) | (index >= size)]
    return IndexError(
        f"index {wrong.flat[0]} is out of bounds for dimension {dim} with size {size}"
    )


# x[index] for a tensor of integers
index_rows_p: Operation = primitive(
    _take_rows, "x index",
    lambda g, shape, index: index_rows_backward_p(g, index, shape), None, name="index",
    traits=("linear",),
)  # fmt: skip
# zeros of `shape` to which x is added at the rows `index`
index_rows_backward_p: Operation = primitive(
    add_rows, "x index | shape", lambda g, index: index_rows_p(g, index), None,
    name="index_backward", traits=("linear",),
)  # fmt: skip


least, most = np.minimum.reduce, np.maximum.reduce  # index.min() costs twice as much


def flat_positions(indices: list[Any], sizes: tuple[int, ...], dim: int) -> Any:
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


def _shape_of_positions(indices: list[Any], sizes: tuple[int, ...], dim: int) -> MetaArray:
    if any(index.dtype == np.bool_ for index in indices):
        raise NotImplementedError(
            "index: how many elements a mask selects depends on values, and tensors on meta have "
            "none"
        )
    return MetaArray(np.broadcast_shapes(*(index.shape for index in indices)), np.int64)


positions_p = primitive(
    flat_positions, "*indices | sizes dim", name="positions", meta=_shape_of_positions
)


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


def adjacent(dims: tuple[int, ...]) -> bool:
    return dims[-1] - dims[0] == len(dims) - 1


def _gather(x: Any, places: Any, dims: tuple[int, ...]) -> Any:
    if adjacent(dims):
        rows = x.reshape(_merged(x.shape, dims))
        try:
            return rows.take(places, dims[0])
        except TypeError:  # NumPy 2.0 where it counts in 32 bits
            return rows.take(places.astype(np.intp), dims[0])
    return x[_key(x.ndim, dims, places, x.shape)]


def _spread(x: Any, places: Any, shape: tuple[int, ...], dims: tuple[int, ...], once: bool) -> Any:
    out = np.zeros(shape, x.dtype)
    write_places(out, x, places, dims, not once)
    return out


def write_places(out: Any, value: Any, places: Any, dims: tuple[int, ...], add: bool) -> None:
    """``out[.., places, ..] = value`` or ``+=``; ``out`` is contiguous."""
    if not adjacent(dims):
        if add:
            total = single(out)
            np.add.at(total, _key(out.ndim, dims, places, out.shape), value)
            if total is not out:
                out[...] = total
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
        batch = np.arange(math.prod(lead), dtype=np.int64).reshape((*lead, *(1,) * places.ndim))
        places = batch * out.shape[first] + places
    accumulate(out.reshape((math.prod(out.shape[: first + 1]), *rest)), places.reshape(-1), value)


# x at the flat positions `places` of its dimensions `dims`; `once`: no position repeats
index_p: Operation = primitive(
    lambda x, places, dims, once: _gather(x, places, dims),
    "x places | dims once",
    lambda g, places, shape, dims, once: index_backward_p(g, places, shape, dims, once),
    None,
    name="index",
    traits=("linear",),
)
index_backward_p: Operation = primitive(
    _spread,
    "x places | shape dims once",
    lambda g, places, dims, once: index_p(g, places, dims, once),
    None,
    name="index_backward",
    traits=("linear",),
)


def _put(x: Any, value: Any, places: Any, dims: tuple[int, ...], add: bool) -> Any:
    out = np.array(x, order="C")
    write_places(out, value, places, dims, add)
    return laid_as(out, x)


def _put_rule(g: Any, places: Any, dims: tuple[int, ...], add: bool) -> Any:
    return g if add else index_put_p(g, 0, places, dims, False)


# x with `value` written (or added) at these positions
index_put_p = primitive(
    _put,
    "x value places | dims add",
    _put_rule,
    lambda g, places, dims: index_p(g, places, dims, False),
    None,
    name="index_put",
)
