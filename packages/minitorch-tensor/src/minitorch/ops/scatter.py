"""Gathering along a dimension by one index per element, and scattering back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.primitive import primitive
from ..autograd.recorder import checked
from ..autograd.variable import Variable, wrap
from ..kernels.indexing import accumulate
from ..kernels.memory import packed
from ..kernels.meta import MetaArray
from .arguments import check_tensors, numpy_names, one_dim
from .broadcasting import broadcast_shapes, expand_p
from .choice import where_p
from .conversion import cast, fitted
from .creation import literal
from .gathering import index_p
from .regions import slice_p
from .shape import view_p

if TYPE_CHECKING:
    from .._tensor import Tensor
    from ..autograd.primitive import Operation

__all__ = ["gather", "scatter", "scatter_add", "scatter_reduce", "take_along_dim"]


# --- gather and scatter ------------------------------------------------------------------------


def _along(index: Any, dim: int) -> tuple[Any, ...]:
    """The key that takes ``index`` along ``dim`` and every other dimension's own numbers."""
    key = [
        np.arange(n, dtype=np.int64).reshape((-1,) + (1,) * (index.ndim - 1 - k))
        for k, n in enumerate(index.shape)
    ]
    key[dim] = index
    return tuple(key)


def _gather(x: Any, index: Any, dim: int) -> Any:
    return packed(x[_along(index, dim)]) if x.ndim else np.array(x)


def _scatter(x: Any, index: Any, src: Any, dim: int) -> Any:
    out = np.array(x, order="C")
    out[_along(index, dim) if out.ndim else ()] = src
    return out


def _scatter_add(x: Any, index: Any, src: Any, dim: int) -> Any:
    out = np.array(x, order="C")
    _add_along(out, index, src, dim)
    return out


def _add_along(out: Any, index: Any, src: Any, dim: int) -> None:
    if not out.ndim:
        out += src
        return
    places = np.ravel_multi_index(_along(index, dim), out.shape) if out.size else index
    accumulate(out.reshape(-1), places.reshape(-1), np.asarray(src))


def _gather_back(x: Any, index: Any, shape: tuple[int, ...], dim: int) -> Any:
    out = np.zeros(shape, x.dtype)
    _add_along(out, index, x, dim)
    return out


gather_p: Operation = primitive(
    _gather, "x index | dim",
    lambda g, index, shape, dim: gather_backward_p(g, index, shape, dim), None,
    name="gather", traits=("linear",),
)  # fmt: skip
gather_backward_p: Operation = primitive(
    _gather_back, "x index | shape dim", lambda g, index, dim: gather_p(g, index, dim), None,
    name="gather_backward", traits=("linear",),
)  # fmt: skip
scatter_p: Operation = primitive(
    _scatter,
    "x index src | dim",
    lambda g, index, dim: scatter_p(g, index, 0, dim),
    None,
    lambda g, index, dim: gather_p(g, index, dim),
    name="scatter",
)
scatter_add_p = primitive(
    _scatter_add,
    "x index src | dim",
    lambda g: g,
    None,
    lambda g, index, dim: gather_p(g, index, dim),
    name="scatter_add",
    traits=("linear",),
)


def _in_range(values: Any, dim: int, size: int) -> None:
    if isinstance(values, MetaArray):  # no values, none too large
        return
    if values.min() < 0 or values.max() >= size:
        wrong = values[(values < 0) | (values >= size)].flat[0]
        raise RuntimeError(f"index {wrong} is out of bounds for dimension {dim} with size {size}")


def _check_index(name: str, input: Any, dim: int, index: Any, src: Any = None) -> int:
    """``dim`` from the front, after the checks that gather and scatter share."""
    check_tensors(name, input=input, index=index)
    dim = one_dim(dim, input.ndim)
    if index.numel() and index._data.dtype.name not in ("int64", "int32"):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
    shape, n = tuple(input.shape) or (1,), tuple(index.shape) or (1,)
    if len(shape) != len(n) and index.numel():
        raise RuntimeError(
            "Index tensor must have the same number of dimensions as "
            + ("input" if src is None else "self")
            + f" tensor: got {len(n)} and {len(shape)}"
        )
    if index.numel():
        if any(k != dim and a > b for k, (a, b) in enumerate(zip(n, shape, strict=True))):
            raise RuntimeError(
                f"Size does not match at dimension {dim} expected index {list(n)} to be no larger "
                f"than self {list(shape)} apart from dimension {dim}"
            )
        if isinstance(src, Variable):
            m = tuple(src.shape) or (1,)
            if len(m) != len(n):
                raise RuntimeError(
                    "Index tensor must have the same number of dimensions as src tensor: got "
                    f"{len(n)} and {len(m)}"
                )
            if any(a > b for a, b in zip(n, m, strict=True)):
                raise RuntimeError(f"Expected index {list(n)} to be no larger than src {list(m)}")
        while index._interpreter is not None:  # under vmap: the indices of all examples
            index = index._parts()[0]
        checked(_in_range, index, dim, shape[dim])
    if isinstance(src, Variable) and src._data.dtype != input._data.dtype:
        raise RuntimeError(
            f"{name}(): Expected self.dtype to be equal to src.dtype, got {input.dtype} and "
            f"{src.dtype}"
        )
    return dim


def _aligned(input: Any, index: Any, src: Any) -> tuple[Any, Any, Any]:
    """0-dim tensors as 1-dim ones, ``src`` cut to the shape of ``index``."""
    if input.ndim and not index.ndim:
        index = view_p(index, (1,))
    if isinstance(src, Variable):
        if index.ndim and not src.ndim:
            src = view_p(src, (1,))
        if src.shape != index.shape:
            src = slice_p(src, tuple(slice(0, n) for n in index.shape))
    return input, index, src


@numpy_names
def gather(
    input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False, out: Tensor | None = None
) -> Tensor:
    """``out[i][j] = input[index[i][j]][j]`` for ``dim`` 0, and so on.

    Args:
        index: int64 or int32, as many dimensions as ``input``, no larger but along ``dim``.

    Example:
        >>> import minitorch
        >>> x = minitorch.tensor([[1, 2], [3, 4]])
        >>> minitorch.gather(x, 1, minitorch.tensor([[0, 0], [1, 0]]))
        tensor([[1, 1],
                [4, 3]])
    """
    if sparse_grad:
        raise NotImplementedError("gather: sparse gradients are not supported")
    dim = _check_index("gather", input, dim, index)
    if not index.numel():
        flat = view_p(input, (math.prod(input.shape),))
        return index_p(flat, literal(np.zeros(index._data.shape, np.int64)), (0,), True)
    if not input.ndim:
        return expand_p(input, tuple(index.shape)).clone()
    out = gather_p(input, index if index.ndim else view_p(index, (1,)), dim)
    return out if index.ndim else view_p(out, ())


@numpy_names
def take_along_dim(
    input: Tensor, indices: Tensor, dim: int | None = None, *, out: Tensor | None = None
) -> Tensor:
    """``gather`` with broadcasting, as for what ``argsort`` gives."""
    check_tensors("take_along_dim", input=input, indices=indices)
    if indices._data.dtype != np.int64:
        raise RuntimeError(
            f"torch.take_along_dim(): dtype of indices should be Long but got {indices.dtype}"
        )
    if dim is None:
        flat = view_p(input, (math.prod(input.shape),))
        return take_along_dim(flat, view_p(indices, (math.prod(indices.shape),)), 0)
    if input.ndim != indices.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {input.ndim} dimensions for input, and {indices.ndim} dimensions for indices"
        )
    dim = one_dim(dim, input.ndim)
    shape, own = list(input.shape), list(indices.shape)
    if not shape:
        return gather(input, dim, indices)
    n, m = shape[dim], own[dim]
    if not isinstance(indices._data, MetaArray) and (indices._data < 0).any():
        indices = wrap(np.where(indices._data < 0, indices._data + n, indices._data))
    shape[dim] = own[dim] = 1
    common = list(broadcast_shapes(shape, own))
    x = expand_p(input, (*common[:dim], n, *common[dim + 1 :]))
    return gather(x, dim, expand_p(indices, (*common[:dim], m, *common[dim + 1 :])))


@numpy_names
def scatter(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Tensor | complex | None = None,
    *,
    value: complex | None = None,
    reduce: str | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """``out[index[i][j]][j] = src[i][j]`` for ``dim`` 0, on a copy of ``input``.

    Args:
        src: a tensor at least as large as ``index``, or a number (also as ``value=``).
        reduce: ``"add"`` or ``"multiply"`` instead of writing.
    """
    src = value if src is None else src
    if not isinstance(src, Variable):
        src = fitted(src, input.dtype)
    dim = _check_index("scatter", input, dim, index, src)
    if not index.numel():
        return input.clone()
    if reduce is not None:
        if reduce not in ("add", "multiply"):
            raise RuntimeError("reduce argument must be either add or multiply.")
        if not isinstance(src, Variable):
            src = literal(np.full(index._data.shape, src, input._data.dtype))
        return scatter_reduce(input, dim, index, src, {"add": "sum", "multiply": "prod"}[reduce])
    return scatter_p(*_aligned(input, index, src), dim)


@numpy_names
def scatter_add(
    input: Tensor, dim: int, index: Tensor, src: Tensor, *, out: Tensor | None = None
) -> Tensor:
    """``out[index[i][j]][j] += src[i][j]`` for ``dim`` 0, on a copy of ``input``."""
    check_tensors("scatter_add", input=input, index=index, src=src)
    dim = _check_index("scatter", input, dim, index, src)
    return scatter_add_p(*_aligned(input, index, src), dim) if index.numel() else input.clone()


# --- scatter_reduce ----------------------------------------------------------------------------


def _scatter_extreme(x: Any, index: Any, src: Any, dim: int, ufunc: Any) -> Any:
    out = np.array(x, order="C")
    ufunc.at(out, _along(index, dim) if out.ndim else (), src)
    return out


def _extreme_rule(g: Any, x: Any, index: Any, src: Any, out: Any, dim: int, x_dtype: Any) -> Any:
    # the gradient is shared evenly among all that reached the extreme
    mine = cast(x == out, x_dtype)
    theirs = cast(src == gather_p(out, index, dim), x_dtype)
    share = g / scatter_add_p(mine, index, theirs, dim)
    return share * mine, None, gather_p(share, index, dim) * theirs


scatter_reduce_p = primitive(
    _scatter_extreme, "x index src | dim ufunc", joint=_extreme_rule, name="scatter_reduce",
    label="ScatterReduceBackward0",
)  # fmt: skip


def _prod_rule(g: Any, x: Any, index: Any, src: Any, dim: int) -> Any:
    """Each factor gets the product of the others, also where factors are zero: with P the product
    of the nonzero ones and S and Q the sums of the others and of their squares, a lone zero gets P,
    one of two zeros f gets P (S - f), and a factor f that is not zero P / f times 1, S or
    (S S - Q) / 2 for none, one or two zeros."""
    at, x0, src0 = (getattr(each, "_data", each) for each in (index, x == 0, src == 0))
    count = _scatter_add(x0.astype(np.int64), at, src0.astype(np.int64), dim)
    if isinstance(g, Variable) and (count > 2).any():
        raise NotImplementedError(
            "higher derivatives of 'prod' are not defined here where three factors are zero"
        )
    ones, other_ones = where_p(x0, 1, x), where_p(src0, 1, src)
    zeros, other_zeros = where_p(x0, x, 0), where_p(src0, src, 0)
    product = g * scatter_prod_p(ones, index, other_ones, dim)
    s = scatter_add_p(zeros, index, other_zeros, dim)
    q = scatter_add_p(zeros * zeros, index, other_zeros * other_zeros, dim)
    rest = product * where_p(count == 0, 1, where_p(count == 1, s, (s * s - q) / 2))
    one, two = where_p(count == 1, product, 0), where_p(count == 2, product, 0)
    of_zero = gather_p(one, index, dim) + gather_p(two, index, dim) * (
        gather_p(s, index, dim) - src
    )
    theirs = where_p(src0, of_zero, gather_p(rest, index, dim) / other_ones)
    return where_p(x0, one + two * (s - x), rest / ones), None, theirs


def _scatter_product(x: Any, index: Any, src: Any, dim: int) -> Any:
    return _scatter_extreme(x, index, src, dim, np.multiply)


scatter_prod_p = primitive(
    _scatter_product, "x index src | dim", joint=_prod_rule, name="scatter_reduce",
    label="ScatterReduceBackward0",
)  # fmt: skip


def _extreme_start(dtype: Any, largest: bool) -> Any:
    if dtype.kind in "fV":
        return -np.inf if largest else np.inf
    if dtype.kind == "b":
        return not largest
    return np.iinfo(dtype).min if largest else np.iinfo(dtype).max


@numpy_names
def scatter_reduce(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Tensor,
    reduce: str,
    *,
    include_self: bool = True,
    out: Tensor | None = None,
) -> Tensor:
    """All ``src`` elements that go to one place, reduced: sum, prod, mean, amax or amin.

    Args:
        include_self: whether the element of ``input`` at that place takes part.
    """
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}."
        )
    dim = _check_index("scatter_reduce", input, dim, index, src)
    if not index.numel():
        return input.clone()
    x, index, src = _aligned(input, index, src)
    dtype = x._data.dtype
    if reduce in ("amax", "amin"):
        if not include_self:
            x = scatter_p(x, index, _extreme_start(dtype, reduce == "amax"), dim)
        return scatter_reduce_p(x, index, src, dim, np.maximum if reduce == "amax" else np.minimum)
    if not include_self:
        x = scatter_p(x, index, 1 if reduce == "prod" else 0, dim)
    if reduce == "prod":
        return scatter_prod_p(x, index, src, dim)
    made = scatter_add_p(x, index, src, dim)
    if reduce == "sum":
        return made
    start = literal(np.full(x._data.shape, include_self, np.int64))
    ones = literal(np.ones(index._data.shape, np.int64))
    counts = np.maximum(scatter_add_p(start, index, ones, dim)._data, 1)
    if dtype.kind in "fVc":
        return made / wrap(counts.astype(dtype))
    return wrap(made._data // counts.astype(dtype))
