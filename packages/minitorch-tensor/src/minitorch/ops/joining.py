"""Joining tensors and splitting them. The pieces of a split are views."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.grad_mode import current
from ..autograd.out import joined
from ..autograd.primitive import labelled, primitive
from ..autograd.variable import Variable, new_counter
from ..kernels.memory import format_of, formatted_as, packed
from ..kernels.meta import MetaArray
from .arguments import as_int, numpy_names, one_dim
from .conversion import promote
from .regions import narrow, slice_p
from .shape import ALL, atleast_1d, atleast_2d, atleast_3d, clone, view_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor import Tensor

__all__ = [
    "cat", "chunk", "column_stack", "concat", "concatenate", "dsplit", "dstack", "hsplit",
    "hstack", "row_stack", "split", "split_with_sizes", "stack", "tensor_split", "unbind",
    "unsafe_chunk", "unsafe_split", "unsafe_split_with_sizes", "vsplit", "vstack",
]  # fmt: skip


# --- joining -----------------------------------------------------------------------------------


def _cat(xs: list[Any], dim: int) -> Any:
    out = packed(np.concatenate(xs, dim))
    if not xs[0].flags.c_contiguous and len({format_of(x) for x in xs}) == 1:
        return formatted_as(out, xs[0])
    return out


def _cat_rule(g: Any, xs_shapes: Any, dim: int, needs: Any) -> list[Any]:
    made, start = [], 0
    for shape, need in zip(xs_shapes, needs, strict=True):
        end = start + shape[dim]
        made.append(slice_p(g, (*(ALL,) * dim, slice(start, end))) if need else None)
        start = end
    return made


def _cat_on_meta(xs: list[MetaArray], dim: int) -> MetaArray:
    from ..autograd.meta import laid, of_small_sizes

    shape = list(xs[0].shape)
    shape[dim] = sum(x.shape[dim] for x in xs)
    if any(n != x.shape[d] for x in xs for d, n in enumerate(shape) if d != dim):
        raise ValueError("sizes differ in another dimension")
    return laid(shape, _cat([of_small_sizes(x) for x in xs], dim))


cat_p = primitive(
    _cat, "*xs | dim", joint=_cat_rule, name="cat", traits=("linear",), meta=_cat_on_meta
)


def _stack(xs: list[Any], dim: int) -> Any:
    if not xs[0].ndim:
        return np.array(xs)
    key = (*(ALL,) * dim, None)
    return packed(np.concatenate([x[key] for x in xs], dim))


stack_p = primitive(
    _stack,
    "*xs | dim",
    joint=lambda g, dim, needs: [
        slice_p(g, (*(ALL,) * dim, k)) if need else None for k, need in enumerate(needs)
    ],
    name="stack",
    traits=("linear",),
)


def _one_dtype(tensors: list[Any]) -> list[Any]:
    dtype = tensors[0].dtype
    for tensor in tensors:
        if tensor.dtype is not dtype:
            return list(promote(*tensors))
    return tensors


@numpy_names
@joined
def cat(tensors: Sequence[Tensor], dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The tensors one after another along ``dim``, in their common dtype.

    Raises:
        RuntimeError: their other dimensions differ, or a tensor has no dimension.

    Example:
        >>> import minitorch
        >>> minitorch.cat([minitorch.tensor([1, 2]), minitorch.tensor([3])])
        tensor([1, 2, 3])
    """
    xs = list(tensors)
    if not xs:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    if not _alike(xs):
        xs = _made_alike(xs)
    try:
        dim = one_dim(dim, xs[0].ndim)
    except IndexError:
        if any(tuple(x.shape) != (0,) for x in xs):
            raise
        return clone(xs[0])  # such tensors fit along any dimension
    try:
        return cat_p(xs, dim)
    except ValueError:
        raise RuntimeError(_cannot_join(xs, dim)) from None


def _alike(xs: list[Any]) -> bool:
    """Whether all are tensors of one dtype and one number of dimensions, not of none."""
    try:
        dtype, ndim = xs[0].dtype, xs[0].ndim
        for x in xs:
            if x.dtype is not dtype or x.ndim != ndim:
                return False
    except AttributeError:
        return False
    return bool(ndim)


def _made_alike(xs: list[Any]) -> list[Any]:
    """``xs`` in one dtype; without 1-dim tensors of no elements, which fit anything, if need be."""
    for k, x in enumerate(_some(xs, "cat")):
        if not x.ndim:
            raise RuntimeError(f"zero-dimensional tensor (at position {k}) cannot be concatenated")
    xs = _one_dtype(xs)
    if len({x.ndim for x in xs}) == 1:
        return xs
    return [x for x in xs if tuple(x.shape) != (0,)] or xs[:1]


def _cannot_join(xs: list[Any], dim: int) -> str:
    shape = tuple(xs[0].shape)
    for k, x in enumerate(xs):
        if x.ndim != len(shape):
            return f"Tensors must have same number of dimensions: got {len(shape)} and {x.ndim}"
        for d, (n, m) in enumerate(zip(shape, x.shape, strict=True)):
            if n != m and d != dim:
                return (
                    f"Sizes of tensors must match except in dimension {dim}. Expected size {n} "
                    f"but got size {m} for tensor number {k} in the list."
                )
    return "cat: the tensors do not fit together"


concat = concatenate = cat


@numpy_names
@joined
def stack(tensors: Sequence[Tensor], dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The tensors, all of one shape, side by side along a new dimension ``dim``."""
    xs = _some(tensors, "stack")
    shape = xs[0].shape
    for k, x in enumerate(xs):
        if x.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and "
                f"{list(x.shape)} at entry {k}"
            )
    return stack_p(_one_dtype(xs), one_dim(dim, len(shape) + 1))


def _some(tensors: Any, name: str) -> list[Any]:
    xs = list(tensors)
    if not xs:
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    for k, x in enumerate(xs):
        if not (isinstance(x, Variable) or (hasattr(x, "ndim") and current.state.arrays)):
            raise TypeError(f"{name}(): expected Tensor as element {k}, but got {type(x).__name__}")
    return xs


@joined
def hstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """The tensors joined along columns: dimension 1, or 0 of 1-dim tensors."""
    xs = atleast_1d(_some(tensors, "hstack"))
    return cat(xs, 0 if xs[0].ndim == 1 else 1)


@joined
def vstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """The tensors, at least 2-dim, joined along rows."""
    return cat(atleast_2d(_some(tensors, "vstack")), 0)


row_stack = vstack


@joined
def dstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """The tensors, at least 3-dim, joined along dimension 2."""
    return cat(atleast_3d(_some(tensors, "dstack")), 2)


@joined
def column_stack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """1-dim tensors as columns and matrices as they are, joined along dimension 1."""
    return cat([view_p(x, (*x.shape, 1)[-2:]) if x.ndim == 1 else
                view_p(x, (1, 1)) if not x.ndim else x for x in tensors], 1)  # fmt: skip


# --- splitting ---------------------------------------------------------------------------------


def _pieces(x: Any, sizes: tuple[int, ...], dim: int) -> tuple[Any, ...]:
    lead, start, made = (ALL,) * dim, 0, []
    for size in sizes:
        made.append(x[(*lead, slice(start, start + size), ...)])
        start += size
    return tuple(made)


split_p: Any = primitive(
    _pieces, "x | sizes dim -> *pieces", lambda g, dim: cat_p(list(g), dim), name="split",
    view=True, traits=("linear",),
)  # fmt: skip
split_with_sizes_p: Any = labelled(split_p, "SplitWithSizesBackward0")
unbind_p: Any = primitive(
    lambda x, dim: tuple(x[(*(ALL,) * dim, k, ...)] for k in range(x.shape[dim])),
    "x | dim -> *slices",
    lambda g, dim: stack_p(list(g), dim),
    name="unbind",
    view=True,
    traits=("linear",),
)


@numpy_names
def split(
    tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """Views of ``tensor`` along ``dim``: of one size, the last maybe smaller, or of given sizes.

    Raises:
        RuntimeError: the sizes do not add up to that of the dimension.
    """
    if isinstance(split_size_or_sections, tuple | list):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    if not tensor.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    dim = one_dim(dim, tensor.ndim)
    n, size = tensor.shape[dim], as_int("split_size", split_size_or_sections)
    if size < 0 or (size == 0 and n):
        raise RuntimeError(
            f"split expects split_size be non-negative, but got split_size={size}"
            if size < 0
            else f"split_size can only be 0 if dimension size is 0, but got dimension size of {n}"
        )
    sizes = [min(size, n - start) for start in range(0, n, size)] if n else [0]
    pieces: tuple[Tensor, ...] = split_p(tensor, tuple(sizes), dim)
    return pieces


@numpy_names
def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of ``input`` of the given sizes along ``dim``."""
    if not input.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    dim, sizes = one_dim(dim, input.ndim), tuple([as_int("split_sizes", n) for n in split_sizes])
    if sum(sizes) != input.shape[dim] or any(n < 0 for n in sizes):
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {input.shape[dim]} (input "
            f"tensor's size at dimension {dim}), but got split_sizes={list(sizes)}"
        )
    pieces: tuple[Tensor, ...] = split_with_sizes_p(input, sizes, dim)
    return pieces


@numpy_names
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most ``chunks`` views of ``input`` along ``dim``, of one size, the last maybe smaller."""
    pieces: tuple[Tensor, ...] = split_p(input, *_chunk_sizes(input, chunks, dim))
    return pieces


def _chunk_sizes(input: Any, chunks: int, dim: int) -> tuple[tuple[int, ...], int]:
    if not input.ndim:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    chunks = as_int("chunks", chunks)
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    dim = one_dim(dim, input.ndim)
    n = input.shape[dim]
    size = -(-n // chunks)
    return tuple(min(size, n - k) for k in range(0, n, size)) if n else (0,) * chunks, dim


@numpy_names
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """All slices along ``dim``, views without that dimension."""
    if not input.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    slices: tuple[Tensor, ...] = unbind_p(input, one_dim(dim, input.ndim))
    return slices


def only(function: str, given: tuple[Any, ...]) -> Any:
    """The indices or sections, by whichever name."""
    found = [value for value in given if value is not None]
    if len(found) != 1:
        raise TypeError(f"{function}() takes either indices or a number of sections")
    return found[0]


@numpy_names
def tensor_split(
    input: Tensor,
    indices_or_sections: int | Sequence[int] | Tensor | None = None,
    dim: int = 0,
    *,
    indices: Sequence[int] | None = None,
    sections: int | None = None,
    tensor_indices_or_sections: Tensor | None = None,
) -> tuple[Tensor, ...]:
    """Views of ``input`` along ``dim``: a number of nearly equal ones, or cut at given indices."""
    if not input.ndim:
        raise RuntimeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    dim = one_dim(dim, input.ndim)
    n = input.shape[dim]
    given = (indices_or_sections, indices, sections, tensor_indices_or_sections)
    cuts = only("tensor_split", given)
    if isinstance(cuts, Variable):
        if cuts._data.dtype != np.int64:
            raise RuntimeError(
                "tensor_split expected tensor_indices_or_sections to have dtype of long, but got "
                f"{cuts.dtype.type_name}"
            )
        if cuts.ndim > 1:
            raise RuntimeError(
                "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or "
                f"one-dimensional tensor, but got a tensor with {cuts.ndim} dims"
            )
        cuts = cuts.tolist()
    try:
        cuts = operator.index(cuts) if hasattr(cuts, "__index__") else [*map(operator.index, cuts)]
    except TypeError:
        raise TypeError(
            "tensor_split() received an invalid combination of arguments: indices_or_sections is "
            f"an int, ints or a tensor of int64, not {indices_or_sections!r:.60}"
        ) from None
    if isinstance(cuts, int):
        if cuts <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {cuts}")
        size, larger = divmod(n, cuts)
        cuts = [k * size + min(k, larger) for k in range(1, cuts)]
    lead = (ALL,) * dim
    starts = [0, *cuts]
    ends = [*cuts, n]
    return tuple(slice_p(input, (*lead, slice(a, b))) for a, b in zip(starts, ends, strict=True))


def _split_along(name: str, dim: int, least: int) -> Callable[..., tuple[Tensor, ...]]:
    def divided(
        input: Tensor,
        indices_or_sections: int | Sequence[int] | None = None,
        *,
        indices: Sequence[int] | None = None,
        sections: int | None = None,
    ) -> tuple[Tensor, ...]:
        cuts = only(name, (indices_or_sections, indices, sections))
        n = input.ndim
        if n < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension"
                f"{'s' * (least > 1)}, but got a tensor with {n} dimensions!"
            )
        along = 0 if dim == 1 and n == 1 else dim
        if isinstance(cuts, int):
            size = input.shape[along]
            if cuts <= 0 or size % cuts:
                raise RuntimeError(
                    f"torch.{name} attempted to split along dimension {along}, but the size of the "
                    f"dimension {size} is not divisible by the split_size {cuts}!"
                )
        return tensor_split(input, cuts, along)

    divided.__name__ = divided.__qualname__ = name
    divided.__doc__ = (
        f"``tensor_split`` along dimension {dim}; a number of sections must divide the size."
    )
    return divided


hsplit = _split_along("hsplit", 1, 1)
vsplit = _split_along("vsplit", 0, 2)
dsplit = _split_along("dsplit", 2, 3)


@numpy_names
def unsafe_split_with_sizes(
    input: Tensor, split_sizes: Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """``split_with_sizes`` into pieces that may be written to in place: they share the memory,
    but not what autograd knows of it, so that a write to one is not seen in the others' gradients.
    """
    made, start = [], 0
    for size in split_sizes:
        piece = narrow(input, dim, start, size)
        piece._base, piece._chain, piece._counter = None, (), new_counter()
        made.append(piece)
        start += size
    return tuple(made)


@numpy_names
def unsafe_split(input: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    """``split`` into views that may each be written to in place."""
    sizes = [piece.shape[dim] for piece in split(input, split_size, dim)]
    return unsafe_split_with_sizes(input, sizes, dim)


@numpy_names
def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """``chunk`` into views that may each be written to in place."""
    return unsafe_split_with_sizes(input, *_chunk_sizes(input, chunks, dim))
