"""Diagonals and triangles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import as_dtype
from ..autograd.inplace import copy_slices_p
from ..autograd.primitive import primitive
from ..kernels.memory import packed
from .arguments import as_int, one_dim
from .conversion import promote
from .creation import literal, made
from .regions import slice_backward_p, slice_p
from .shape import ALL, VIEW, view_p

if TYPE_CHECKING:
    from .._tensor import Tensor
    from .._types.device import device
    from .._types.dtype import dtype
    from .._types.layout import layout
    from ..autograd.primitive import Operation

__all__ = [
    "block_diag", "diag", "diag_embed", "diagflat", "diagonal", "diagonal_scatter",
    "select_scatter", "slice_scatter", "trace", "tril", "tril_indices", "triu", "triu_indices",
]  # fmt: skip

LINEAR = {"traits": ("linear",)}


def _diagonal(x: Any, offset: int, dim1: int, dim2: int) -> Any:
    out = x.diagonal(offset, dim1, dim2)
    if x.flags.writeable:
        out.flags.writeable = True  # NumPy says no out of caution
    return out


diagonal_p: Operation = primitive(
    _diagonal,
    "x | offset dim1 dim2",
    lambda g, shape, offset, dim1, dim2: slice_backward_p(
        g, shape, diagonal_p, (offset, dim1, dim2)
    ),
    name="diagonal",
    **VIEW,
)


def _two_dims(input: Any, dim1: int, dim2: int, extra: int = 0) -> tuple[int, int]:
    a, b = one_dim(dim1, input.ndim + extra), one_dim(dim2, input.ndim + extra)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return a, b


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of the planes of ``dim1`` and ``dim2``, a view with it as last dimension."""
    return diagonal_p(input, offset, *_two_dims(input, dim1, dim2))


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Planes ``dim1``, ``dim2`` of zeros with the last dimension of ``input`` on a diagonal."""
    a, b = _two_dims(input, dim1, dim2, 1)
    n = input.shape[-1] + abs(offset)
    rest = iter(input.shape[:-1])
    shape = tuple(n if k in (a, b) else next(rest) for k in range(input.ndim + 1))
    return slice_backward_p(input, shape, diagonal_p, (offset, a, b))


def diag(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The diagonal of a matrix, as a copy; a matrix with a vector on its diagonal."""
    if input.ndim == 1:
        return diag_embed(input, diagonal)
    if input.ndim == 2:
        return diagonal_p(input, diagonal, 0, 1).clone()
    raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A matrix with all elements of ``input`` on its diagonal."""
    return diag_embed(view_p(input, (math.prod(input.shape),)), offset)


def trace(input: Tensor) -> Tensor:
    """The sum of the diagonal of a matrix."""
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    return diagonal_p(input, 0, 0, 1).sum()


def _scatter(input: Any, src: Any, op: Any, params: tuple[Any, ...], name: str) -> Tensor:
    shape = tuple(op.primitive.kernel(np.broadcast_to(False, tuple(input.shape)), *params).shape)
    if tuple(src.shape) != shape:
        raise RuntimeError(
            f"expected src to have a size equal to the {name} of self. src size = "
            f"{list(src.shape)}, {name} size = {list(shape)}"
        )
    return copy_slices_p(input, src.to(input.dtype), ((op, params),))


def diagonal_scatter(
    input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Tensor:
    """A copy of ``input`` with ``src`` on the diagonal."""
    dims = _two_dims(input, dim1, dim2)
    return _scatter(input, src, diagonal_p, (offset, *dims), "slice")


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of ``input`` with ``src`` as its slice ``index`` along ``dim``."""
    dim = one_dim(dim, input.ndim)
    size = input.shape[dim]
    if not -size <= index < size:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input.shape)} at "
            f"dimension {dim}"
        )
    return _scatter(input, src, slice_p, ((*(ALL,) * dim, index),), "slice")


def slice_scatter(
    input: Tensor,
    src: Tensor,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Tensor:
    """A copy of ``input`` with ``src`` as ``input[start:end:step]`` along ``dim``."""
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    key = (*(ALL,) * one_dim(dim, input.ndim), slice(start, end, step))
    return _scatter(input, src, slice_p, (key,), "slice")


# --- triangles ---------------------------------------------------------------------------------

tril_p: Operation = primitive(
    lambda x, k: packed(np.tril(x, k)), "x | k", lambda g, k: tril_p(g, k), name="tril", **LINEAR
)
triu_p: Operation = primitive(
    lambda x, k: packed(np.triu(x, k)), "x | k", lambda g, k: triu_p(g, k), name="triu", **LINEAR
)


def _matrix(input: Tensor, name: str) -> Tensor:
    if input.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
    return input


def tril(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The lower triangle of the matrices, zeros above ``diagonal``."""
    return tril_p(_matrix(input, "tril"), as_int("diagonal", diagonal))


def triu(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The upper triangle of the matrices, zeros below ``diagonal``."""
    return triu_p(_matrix(input, "triu"), as_int("diagonal", diagonal))


def tril_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: dtype | None = None,
    device: device | str | int | None = None,
    layout: layout | None = None,
) -> Tensor:
    """Row and column numbers of the lower triangle, a (2, n) tensor."""
    return _indices(np.tri(row, col, offset, bool), dtype, device, layout)


def triu_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: dtype | None = None,
    device: device | str | int | None = None,
    layout: layout | None = None,
) -> Tensor:
    """Row and column numbers of the upper triangle, a (2, n) tensor."""
    return _indices(~np.tri(row, col, offset - 1, bool), dtype, device, layout)


def _indices(where: Any, dtype: Any, device: Any, layout: Any) -> Tensor:
    kind = np.dtype(np.int64) if dtype is None else as_dtype(dtype).numpy
    return made(np.array(where.nonzero()).astype(kind), False, device, layout)


def _blocks(xs: list[Any], shapes: Any) -> Any:
    out = np.zeros(np.sum(shapes, 0), xs[0].dtype)
    for x, key in zip(xs, _corners(shapes), strict=True):
        out[key] = x
    return out


def _corners(shapes: Any) -> Any:
    a = b = 0
    for n, m in shapes:
        yield slice(a, a + n), slice(b, b + m)
        a, b = a + n, b + m


block_diag_p = primitive(
    _blocks,
    "*xs | shapes",
    joint=lambda g, shapes: [slice_p(g, key) for key in _corners(shapes)],
    name="block_diag",
    **LINEAR,
)


def block_diag(*tensors: Any) -> Any:
    """A matrix of zeros with the tensors, at most 2-dim, along its diagonal."""
    for k, x in enumerate(tensors):
        if x.ndim > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {k} has "
                f"{x.ndim} dimensions"
            )
    if not tensors:
        return literal(np.zeros((1, 0), np.float32))
    xs = [x if x.ndim == 2 else view_p(x, (1, math.prod(x.shape))) for x in tensors]
    if len({x.dtype for x in xs}) > 1:
        xs = list(promote(*xs))
    return block_diag_p(xs, tuple(tuple(x.shape) for x in xs))
