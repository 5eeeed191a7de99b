"""Whole slices along a dimension: selected, added, copied, filled, reduced by an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.primitive import labelled
from ..autograd.recorder import checked
from ..autograd.variable import Variable, wrap
from ..kernels.meta import MetaArray
from .arguments import check_tensors, numpy_names, one_dim
from .broadcasting import expand_p
from .conversion import cast, fitted
from .gathering import index_p, index_put_p
from .scatter import scatter_reduce
from .shape import contiguous, view_p

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["index_add", "index_copy", "index_fill", "index_reduce", "index_select"]


def _flat_index(name: str, input: Any, dim: int, index: Any) -> tuple[Any, int]:
    check_tensors(name, input=input, index=index)
    dim = one_dim(dim, input.ndim)
    if index._data.dtype.name not in ("int64", "int32"):
        raise RuntimeError(f"{name}(): Expected dtype int32 or int64 for index")
    if index.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, got {index.ndim} dims")
    return index if index.ndim else view_p(index, (1,)), dim


def _in_range(values: Any, name: str, size: int, least: int = 0) -> None:
    if isinstance(values, MetaArray):  # no values, none too large
        return
    if values.size and (values.min() < least or values.max() >= size):
        kind = RuntimeError if name == "index_add" else IndexError  # PyTorch's types
        raise kind(
            f"{name}(): index out of range in self: the indices go from {values.min()} to "
            f"{values.max()}, the size is {size}"
        )


def _within(values: Any, name: str, size: int) -> None:
    """``_in_range`` in the words that PyTorch has for the second dimension."""
    try:
        _in_range(values, name, size)
    except IndexError as error:
        raise RuntimeError(f"INDICES element is out of DATA bounds: {error}") from None


index_select_p = labelled(index_p, "IndexSelectBackward0")


@numpy_names
def index_select(input: Tensor, dim: int, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The slices ``index`` (1-dim) along ``dim``, a copy."""
    index, dim = _flat_index("index_select", input, dim, index)
    if not input.ndim:
        if index.numel() != 1:
            raise RuntimeError(
                "index_select(): Index to scalar can have only 1 value, got "
                f"{index.numel()} value(s)"
            )
        return input.clone()
    if not input.shape[dim] and input.ndim > 1 and index.numel():
        raise RuntimeError("index_select(): self indexing axis dim should be positive")
    checked(_within if dim == 1 else _in_range, index, "index_select", input.shape[dim])
    return index_select_p(input, index, (dim,), False)


def _check_source(name: str, input: Any, dim: int, index: Any, source: Any) -> Any:
    check_tensors(name, source=source)
    if source._data.dtype != input._data.dtype:
        raise RuntimeError(
            f"{name}(): self and source expected to have the same dtype, but got (self) "
            f"{input.dtype} and (source) {source.dtype}"
        )
    shape = list(input.shape) or [1]
    shape[dim] = index.numel()
    found = list(source.shape) or [1]
    copies = name == "index_copy"
    if copies and input.ndim and source.ndim and input.ndim != source.ndim:
        raise IndexError(
            "index_copy_(): When source and destination are not scalars, their dimensionality must "
            f"match. Source dimensionality ({source.ndim}), destination dimensionality "
            f"({input.ndim})"
        )
    others = (found[:dim] + found[dim + 1 :]) == (shape[:dim] + shape[dim + 1 :])
    if copies and not others:
        raise RuntimeError(
            "index_copy_(): Source/destination tensor must have same slice shapes: "
            f"{list(input.shape)} and {list(source.shape)} along dimension {dim}"
        )
    if found[dim : dim + 1] != [index.numel()]:
        raise (IndexError if copies else RuntimeError)(
            f"{name}_(): Number of indices ({index.numel()}) should be equal to "
            f"source.size(dim): ({(found[dim : dim + 1] or [1])[0]}), for dim: {dim}"
        )
    if not copies and (not others or input.ndim != source.ndim):
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. "
            f"Got self.shape = {list(input.shape)} source.shape = {list(source.shape)}"
        )
    return source if source.ndim else view_p(source, (1,))


index_add_p = labelled(index_put_p, "IndexAddBackward0")
index_copy_p = labelled(index_put_p, "IndexCopyBackward0")
index_fill_p = labelled(index_put_p, "IndexFillBackward0")


def _put_slices(name: str, input: Any, dim: int, index: Any, source: Any, add: bool) -> Tensor:
    index, dim = _flat_index(name, input, dim, index)
    source = _check_source(name, input, dim, index, source)
    checked(_in_range, index, name, input.shape[dim] if input.ndim else 1)
    put = index_add_p if add else index_copy_p
    if not input.ndim:
        return view_p(put(view_p(input, (1,)), source, index, (0,), add), ())
    return put(contiguous(input), source, index, (dim,), add)


@numpy_names
def index_add(
    input: Tensor,
    dim: int,
    index: Tensor,
    source: Tensor,
    *,
    alpha: complex = 1,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of ``input`` to whose slices ``index`` along ``dim`` those of ``source`` are added."""
    check_tensors("index_add", input=input, index=index, source=source)
    source = source if alpha == 1 else source * alpha
    return _put_slices("index_add", input, dim, index, source, True)


@numpy_names
def index_copy(
    input: Tensor, dim: int, index: Tensor, source: Tensor, *, out: Tensor | None = None
) -> Tensor:
    """A copy of ``input`` whose slices ``index`` along ``dim`` are those of ``source``."""
    return _put_slices("index_copy", input, dim, index, source, False)


@numpy_names
def index_fill(input: Tensor, dim: int, index: Tensor, value: Tensor | complex) -> Tensor:
    """A copy of ``input`` whose slices ``index`` along ``dim`` hold ``value``."""
    if not isinstance(value, Variable | int | float | complex):
        raise TypeError(
            f"index_fill(): argument 'value' must be Number, not {type(value).__name__}"
        )
    index, dim = _flat_index("index_fill", input, dim, index)
    _scalar_only("index_fill", value)
    if isinstance(value, Variable) and value._data.dtype != input._data.dtype:
        value = cast(value, input._data.dtype)
    elif not isinstance(value, Variable):
        if isinstance(value, complex) and not input.dtype.is_complex:
            raise RuntimeError(
                "index_fill_(): Converting complex Scalar to non-complex type is not supported: "
                f"{value} to {input.dtype}"
            )
        value = fitted(value, input.dtype)
    n = input.shape[dim] if input.ndim else 1
    checked(_in_range, index, "index_fill", n, -n)
    index = wrap(np.unique(index._data % max(n, 1)))  # `value` counts once in each slice
    if not input.ndim:
        return view_p(index_fill_p(view_p(input, (1,)), value, index, (0,), False), ())
    return index_fill_p(input, value, index, (dim,), False)


def _scalar_only(name: str, value: Any) -> None:
    if isinstance(value, Variable) and value._data.ndim:
        raise RuntimeError(
            f"{name} only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._data.ndim} dimension(s)."
        )


@numpy_names
def index_reduce(
    input: Tensor,
    dim: int,
    index: Tensor,
    source: Tensor,
    reduce: str,
    *,
    include_self: bool = True,
    out: Tensor | None = None,
) -> Tensor:
    """``index_add`` with prod, mean, amax or amin in place of the sum."""
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got "
            f"{reduce}."
        )
    index, dim = _flat_index("index_reduce", input, dim, index)
    source = _check_source("index_reduce", input, dim, index, source)
    checked(_in_range, index, "index_reduce", input.shape[dim] if input.ndim else 1)
    column = view_p(index, tuple(index.numel() if k == dim else 1 for k in range(source.ndim)))
    x = input if input.ndim else view_p(input, (1,))
    whole = expand_p(column, tuple(source.shape))
    made = scatter_reduce(x, dim, whole, source, reduce, include_self=include_self)
    return made if input.ndim else view_p(made, ())
