"""Elements by their position: counted flat, where a mask holds, where they are not zero."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.primitive import labelled, primitive
from ..autograd.recorder import checked
from ..autograd.variable import wrap
from ..kernels.meta import MetaArray
from .arguments import check_tensors
from .broadcasting import broadcast_shapes, expand_p
from .choice import where
from .gathering import index_p, index_put_p, out_of_bounds
from .joining import unbind
from .regions import slice_p
from .shape import view_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor import Tensor
    from .._types.size import Size

__all__ = [
    "argwhere", "masked_scatter", "masked_select", "nonzero", "put", "take", "unravel_index",
]  # fmt: skip


# --- flat positions ----------------------------------------------------------------------------


def _in_range(values: Any, size: int) -> None:
    if isinstance(values, MetaArray):  # no values, none too large
        return
    if values.size and (values.min() < -size or values.max() >= size):
        raise out_of_bounds(np.asarray(values), size, 0)


def _from_front(input: Any, index: Any, name: str) -> Any:
    """``index``, which counts the elements of ``input``, without negative numbers."""
    if index._data.dtype != np.int64:
        raise (IndexError if index._data.dtype.kind != "i" else RuntimeError)(
            f"{name}(): Expected a long tensor for index, but got {index.dtype}"
        )
    size = math.prod(input.shape)
    checked(_in_range, index, size)
    values = index._data
    if isinstance(values, MetaArray):
        return index
    if values.size and values.min() < 0:
        index = wrap(np.where(values < 0, values + size, values))
    return index


take_p = labelled(index_p, "TakeBackward0")


def take(input: Tensor, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements at ``index``, counted as if ``input`` had one dimension."""
    index = _from_front(input, index, "take")
    return take_p(view_p(input, (math.prod(input.shape),)), index, (0,), False)


def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with ``source`` written (or added) at ``index``, counted as in ``take``."""
    if source._data.dtype != input._data.dtype:
        raise RuntimeError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{input.dtype} and source.dtype = {source.dtype}"
        )
    if index.numel() != source.numel():
        raise RuntimeError(
            f"put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {source.numel()}, index.numel() = {index.numel()}"
        )
    x = input if input.ndim else view_p(input, (1,))
    index = _from_front(input, index, "put_")
    source = view_p(source, tuple(index.shape))
    made = index_put_p(x, source, index, tuple(range(x.ndim)), accumulate)
    return made if input.ndim else view_p(made, ())


def unravel_index(indices: Tensor, shape: int | Sequence[int] | Size) -> tuple[Any, ...]:
    """Flat positions in ``shape`` as one tensor of positions per dimension."""
    if indices._data.dtype.kind not in "iu":
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    if not isinstance(shape, int | Sequence):
        raise TypeError(f"expected 'shape' to be int or sequence of ints, but got {type(shape)}")
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    for n in sizes:
        if not isinstance(n, int):
            raise TypeError(f"expected 'shape' sequence to only contain ints, but got {type(n)}")
    if any(n < 0 for n in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {sizes}")
    rest = indices._data
    if isinstance(rest, MetaArray):
        return unbind(wrap(MetaArray((*rest.shape, len(sizes)), rest.dtype)), -1)
    table = np.empty((*rest.shape, len(sizes)), rest.dtype)
    for k in reversed(range(len(sizes))):
        rest, table[..., k] = np.divmod(rest, np.asarray(max(sizes[k], 1), rest.dtype))
    return unbind(wrap(table), -1)


# --- masks -------------------------------------------------------------------------------------


def flatnonzero(mask: Any) -> Any:
    """The flat positions at which a mask is True."""
    return np.flatnonzero(mask).astype(np.int64, copy=False)


flatnonzero_p = primitive(flatnonzero, "mask", None, traits=("values",))
# by another name, for vmap: the shape of what is selected depends on the mask's values
selected_p = primitive(flatnonzero, "mask", None, name="masked_select", traits=("values",))
masked_select_p = labelled(index_p, "MaskedSelectBackward0")


def masked_select(input: Tensor, mask: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements at which ``mask`` is True, in one dimension; both are broadcast."""
    check_tensors("masked_select", input=input, mask=mask)
    if mask._data.dtype != np.bool_:
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, but got {mask.dtype}")
    shape = tuple(broadcast_shapes(input.shape, mask.shape))
    flat = view_p(expand_p(input, shape), (math.prod(shape),))
    return masked_select_p(flat, selected_p(expand_p(mask, shape)), (0,), True)


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """``input`` with the elements of ``source``, one after another, where ``mask`` is True."""
    check_tensors("masked_scatter", input=input, mask=mask, source=source)
    if mask._data.dtype != np.bool_:
        raise RuntimeError(
            f"masked_scatter_ only supports boolean masks, but got mask with dtype {mask.dtype}"
        )
    if source._data.dtype != input._data.dtype:
        raise RuntimeError(
            f"masked_scatter: expected self and source to have same dtypes but got {input.dtype} "
            f"and {source.dtype}"
        )
    shape = tuple(broadcast_shapes(input.shape, mask.shape))
    if mask._interpreter is not None:  # of a batch, each example takes as many as its mask has
        taken = mask.expand(shape).reshape(-1).cumsum(0) - 1
        values = source.reshape(-1)[taken.clamp(min=0)].reshape(shape)
        return where(mask, values, input)
    places = flatnonzero_p(expand_p(mask, shape))
    count = places.numel()
    if count > source.numel():
        raise RuntimeError(
            f"masked_scatter: expected source to have at least {count} elements, one for each True "
            f"of the mask, but got {source.numel()}"
        )
    values = slice_p(view_p(source, (math.prod(source.shape),)), (slice(0, count),))
    flat = view_p(expand_p(input, shape), (math.prod(shape),))
    return view_p(index_put_p(flat, values, places, (0,), False), shape)


# --- where something is ------------------------------------------------------------------------

nonzero_p = primitive(
    lambda x: np.argwhere(x).astype(np.int64, copy=False), "x", None, name="nonzero",
    traits=("values",),
)  # fmt: skip


def nonzero(
    input: Tensor, *, as_tuple: bool = False, out: Tensor | None = None
) -> Tensor | tuple[Tensor, ...]:
    """The positions of the nonzero elements, an (n, ndim) tensor, or a tuple of its columns."""
    if not as_tuple:
        return nonzero_p(input)
    return unbind(nonzero_p(input if input.ndim else view_p(input, (1,))), 1)


def argwhere(input: Tensor) -> Tensor:
    """The positions of the nonzero elements, an (n, ndim) tensor."""
    return nonzero_p(input)
