"""Parts of a tensor as views: slices, windows. Their adjoint fills zeros."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.primitive import primitive
from ..autograd.variable import Variable
from ..kernels.indexing import fold_windows, windows
from .arguments import as_int, numpy_names, one_dim
from .shape import ALL, VIEW, view_p

if TYPE_CHECKING:
    from .._tensor import Tensor
    from ..autograd.primitive import Operation

__all__ = ["narrow", "select"]


def _embed(x: Any, shape: tuple[int, ...], op: Any, params: tuple[Any, ...]) -> Any:
    out = np.zeros(shape, x.dtype)
    op.primitive.kernel(out, *params)[...] = x
    return out


# zeros in which the region that the view `op` takes holds x: the adjoint of taking it
slice_backward_p = primitive(
    _embed,
    "x | shape op params",
    lambda g, op, params: op(g, *params),
    name="slice_backward",
    traits=("linear",),
)


def _slice(x: Any, key: tuple[Any, ...]) -> Any:
    part = x[key]
    return part if type(part) is np.ndarray else x[(*key, ...)]  # not a number, a view


def _by_last_part(node: Any) -> str:
    """PyTorch takes a key apart: the name is that of the last part that changes something."""
    if node.saved is None:  # freed: what it did to the number of dimensions is still known
        made = len(node.shape) - len(node.parents[0].shape or ())
        return ("SliceBackward0", "UnsqueezeBackward0", "SelectBackward0")[(made > 0) - (made < 0)]
    shape, key = node.saved[0]
    name, at = "Slice" if len(key) == 1 else "Alias", 0
    for part in key:
        if part is ...:
            at += len(shape) - sum(each is not None and each is not ... for each in key)
        elif part is None:
            name = "Unsqueeze"
        else:
            if type(part) is not slice:
                name = "Select"
            elif part.indices(shape[at]) != (0, shape[at], 1):
                name = "Slice"
            at += 1
    return f"{name}Backward0"


# x[key] for a key of slices, integers, None and at most one Ellipsis
slice_p: Operation = primitive(
    _slice, "x | key", lambda g, shape, key: slice_backward_p(g, shape, slice_p, (key,)),
    name="slice", label=_by_last_part, **VIEW,
)  # fmt: skip


def _select(x: Any, index: int) -> Any:
    try:
        return x[index, ...]
    except IndexError:
        if not x.ndim:
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` to convert it to a number"
            ) from None
        raise IndexError(
            f"index {index} is out of bounds for dimension 0 with size {len(x)}"
        ) from None


# x[index]
select_p: Operation = primitive(
    _select, "x | index", lambda g, shape, index: slice_backward_p(g, shape, select_p, (index,)),
    name="select", **VIEW,
)  # fmt: skip


@numpy_names
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """The slice number ``index`` along ``dim``, a view without that dimension."""
    if not input.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim, index = one_dim(dim, input.ndim), as_int("index", index)
    size = input.shape[dim]
    if not -size <= index < size:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input.shape)} at "
            f"dimension {dim}"
        )
    return slice_p(input, (*(ALL,) * dim, index)) if dim else select_p(input, index)


@numpy_names
def narrow(input: Tensor, dim: int, start: Tensor | int, length: int) -> Tensor:
    """The ``length`` slices along ``dim`` from ``start`` on, a view."""
    if not input.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if isinstance(start, Variable) and (start._data.ndim or start._data.dtype.kind not in "iu"):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    dim, start = one_dim(dim, input.ndim), as_int("start", start)
    size = input.shape[dim]
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -size <= start <= size:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-size}, {size}], but got "
            f"{start})"
        )
    start += size if start < 0 else 0
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return slice_p(input, (*(ALL,) * dim, slice(start, start + length)))


unfold_p: Operation = primitive(
    windows,
    "x | dim size step",
    lambda g, shape, dim, size, step: unfold_backward_p(g, shape, dim, size, step),
    name="unfold",
    **VIEW,
)
unfold_backward_p: Operation = primitive(
    fold_windows,
    "x | shape dim size step",
    lambda g, dim, size, step: unfold_p(g, dim, size, step),
    name="unfold_backward",
    traits=("linear",),
)


def unfold(input: Any, dimension: int, size: int, step: int) -> Tensor:
    """All windows of ``size`` elements along ``dimension``, ``step`` apart, in a last dimension."""
    dim = one_dim(dimension, input.ndim)
    size, step = as_int("size", size), as_int("step", step)
    length = input.shape[dim] if input.ndim else 1
    if size > length:
        raise RuntimeError(
            f"maximum size for tensor at dimension {dim} is {length} but size is {size}"
        )
    if size < 0:
        raise RuntimeError(f"unfold: size is {size} but must be >= 0")
    if step <= 0:
        raise RuntimeError(f"unfold: step is {step} but must be > 0")
    if not input.ndim:
        return slice_p(view_p(input, (1,)), (slice(0, size),))
    return unfold_p(input, dim, size, step)
