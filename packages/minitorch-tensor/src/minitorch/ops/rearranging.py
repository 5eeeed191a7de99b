"""Rearranging elements: repeating, flipping, rolling, rotating; grids and products; padding."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.primitive import primitive
from ..autograd.variable import Variable, wrap
from ..kernels.memory import copy, formatted_as, packed
from .arguments import as_int, as_shape, numpy_names, one_dim, some_dims
from .broadcasting import expand_p
from .conversion import fitted
from .creation import literal
from .joining import stack
from .reduction import sum_p
from .regions import slice_p
from .shape import contiguous_p, transpose, view_p
from .slices import index_select

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor import Tensor
    from ..autograd.primitive import Operation

__all__ = [
    "cartesian_prod", "combinations", "constant_pad_nd", "flip", "fliplr", "flipud", "meshgrid",
    "repeat_interleave", "roll", "rot90", "tile",
]  # fmt: skip

LINEAR = {"traits": ("linear",)}


def _repeat_rule(g: Any, shape: tuple[int, ...], repeats: tuple[int, ...]) -> Any:
    full = (1,) * (len(repeats) - len(shape)) + tuple(shape)
    parts = tuple(itertools.chain(*zip(repeats, full, strict=True)))
    return view_p(sum_p(view_p(g, parts), tuple(range(0, len(parts), 2)), False), shape)


def _repeat(x: Any, repeats: tuple[int, ...]) -> Any:
    out = packed(np.tile(x, repeats))
    return out if out.size else out.copy()  # NumPy gives the memory of x then


repeat_p = primitive(
    _repeat,
    "x | repeats",
    _repeat_rule,
    name="repeat",
    **LINEAR,
)


def repeat(input: Any, *times: int | Sequence[int], repeats: Any = None) -> Tensor:
    """The tensor repeated this many times along each dimension; more numbers add dimensions."""
    counts = as_shape(times if repeats is None else (repeats,))
    if len(counts) < input.ndim:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            f"tensor: got {list(counts)} for shape {list(input.shape)}"
        )
    if any(n < 0 for n in counts):
        raise RuntimeError(f"Trying to create tensor with negative dimension: {list(counts)}")
    return repeat_p(input, counts)


def tile(input: Tensor, *times: int | Sequence[int], dims: Sequence[int] | None = None) -> Tensor:
    """``repeat`` where fewer numbers than dimensions mean the last ones."""
    counts = as_shape(times if dims is None else (dims,))
    return repeat(input, (1,) * (input.ndim - len(counts)) + counts)


@numpy_names
def repeat_interleave(
    input: Tensor,
    repeats: Tensor | int | None = None,
    dim: int | None = None,
    *,
    output_size: int | None = None,
) -> Tensor:
    """Every slice along ``dim`` (every element, without ``dim``) repeated in place.

    Args:
        repeats: how often: an int, or a tensor with a number for each slice. Left out,
            ``input`` itself holds the numbers and the result the indices.
    """
    if repeats is None:
        if input.ndim != 1 or input.dtype.category != 1:
            raise RuntimeError("repeats must be a 1-dim tensor of integers")
        counts = input._array()
        if (counts < 0).any():
            raise RuntimeError("repeats can not be negative")
        return wrap(np.repeat(np.arange(len(counts), dtype=np.int64), counts.astype(np.intp)))
    if dim is None:
        input, dim = view_p(input, (math.prod(input.shape),)), 0
    dim = one_dim(dim, input.ndim)
    n = input.shape[dim] if input.ndim else 1
    numbers = np.asarray(repeats.tolist() if isinstance(repeats, Variable) else repeats)
    if numbers.dtype.kind not in "iu" and numbers.size:
        raise RuntimeError("repeats has to be Long or Int tensor")
    if (numbers < 0).any():
        raise RuntimeError("repeats can not be negative")
    if numbers.size not in (1, n) or numbers.ndim > 1:
        raise RuntimeError(
            f"repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{numbers.size} and input.size({dim}) = {n}"
        )
    times = numbers.astype(np.intp).reshape(-1) if numbers.size else 0
    index = np.repeat(np.arange(n, dtype=np.int64), times)
    if output_size is not None and len(index) != output_size:
        raise RuntimeError(f"repeat_interleave: output_size is {output_size}, found {len(index)}")
    if not input.ndim:
        return expand_p(input, (len(index),)).clone()
    return index_select(input, dim, literal(index))


flip_p: Operation = primitive(
    lambda x, dims: copy(np.flip(x, dims)), "x | dims", lambda g, dims: flip_p(g, dims),
    name="flip", **LINEAR,
)  # fmt: skip


def flip(input: Tensor, *axes: int | Sequence[int], dims: Sequence[int] | None = None) -> Tensor:
    """A copy with the order along ``dims`` reversed."""
    if not axes and dims is None:
        raise TypeError("flip() missing 1 required positional argument: 'dims'")
    where = as_shape(axes if dims is None else (dims,))
    return flip_p(input, some_dims(where, input.ndim) if where else ())


def fliplr(input: Tensor) -> Tensor:
    """``flip`` along dimension 1."""
    if input.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip_p(input, (1,))


def flipud(input: Tensor) -> Tensor:
    """``flip`` along dimension 0."""
    if input.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip_p(input, (0,))


roll_p: Operation = primitive(
    lambda x, shifts, dims: formatted_as(packed(np.roll(x, shifts, dims)), x),
    "x | shifts dims",
    lambda g, shifts, dims: roll_p(g, tuple(-n for n in shifts), dims),
    name="roll",
    **LINEAR,
)


def roll(input: Tensor, shifts: int | Sequence[int], dims: int | Sequence[int] = ()) -> Tensor:
    """Elements shifted along ``dims``; what leaves at the end comes in at the start."""
    each: Any = shifts if isinstance(shifts, tuple | list) else (shifts,)
    by = tuple([as_int("shifts", n) for n in each])
    along: Any = tuple(dims or ()) if dims is None or isinstance(dims, tuple | list) else (dims,)
    if not by:
        raise RuntimeError("`shifts` required")
    if not along and len(by) == 1:
        flat = roll_p(view_p(input, (math.prod(input.shape),)), by, (0,))
        return view_p(flat, tuple(input.shape))
    if len(by) != len(along):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(by)}, dims:{len(along)}"
        )
    if not input.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    return roll_p(input, by, tuple(one_dim(d, input.ndim) for d in along))


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """A copy rotated ``k`` times by 90 degrees in the plane of ``dims``, from first to second."""
    k = as_int("k", k)
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input.ndim}")
    a, b = (one_dim(d, input.ndim) for d in dims)
    if a == b:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {a} = dim1")
    if k % 4 == 1:
        return transpose(flip_p(input, (b,)), a, b)
    if k % 4 == 3:
        return transpose(flip_p(input, (a,)), a, b)
    return flip_p(input, (a, b)) if k % 4 else contiguous_p(input)


# --- grids and products ------------------------------------------------------------------------


def meshgrid(
    *tensors: Tensor | Sequence[Tensor], indexing: str | None = None
) -> tuple[Tensor, ...]:
    """The coordinates of a grid, one tensor per axis, as views.

    Args:
        tensors: 0- or 1-dim tensors.
        indexing: ``"ij"`` (rows first, the default) or ``"xy"``.
    """
    xs: list[Any] = list(tensors)
    if len(xs) == 1 and not isinstance(xs[0], Variable):
        xs = list(xs[0])
    if not xs:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for x in xs:
        if x.ndim > 1:
            raise RuntimeError(
                f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: "
                f"{list(x.shape)}"
            )
        if x.dtype is not xs[0].dtype:
            raise RuntimeError("torch.meshgrid expects all tensors to have the same dtype")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    if indexing is None:
        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing "
            'argument; without it indexing="ij" holds.',
            stacklevel=2,
        )
    if len({x.device for x in xs}) > 1:
        raise RuntimeError("meshgrid expects all tensors to have the same device")
    swap = indexing == "xy" and len(xs) > 1
    if swap:
        xs[:2] = xs[1::-1]
    shape = tuple(x.numel() for x in xs)
    n = len(xs)
    made = [
        expand_p(view_p(x, (*(1,) * k, shape[k], *(1,) * (n - 1 - k))), shape)
        for k, x in enumerate(xs)
    ]
    if swap:
        made[:2] = made[1::-1]
    return tuple(made)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All tuples with one element from each 1-dim tensor, as rows."""
    for x in tensors:
        if x.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(x.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    grids = meshgrid(*tensors, indexing="ij")
    return stack([view_p(x, (math.prod(x.shape),)) for x in grids], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All ways to take ``r`` elements of a 1-dim tensor, as rows, like ``itertools``."""
    if input.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return slice_p(input, (slice(0, 0),))
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    found = np.array(list(choose(range(len(input)), r)), np.int64).reshape(-1, r)
    return input[wrap(found)]


# --- padding -----------------------------------------------------------------------------------


def _pad(x: Any, widths: tuple[tuple[int, int], ...], value: float) -> Any:
    shape = tuple(n + a + b for n, (a, b) in zip(x.shape, widths, strict=True))
    out = np.full(shape, value, x.dtype)
    inside = tuple(slice(max(a, 0), n + a + min(b, 0) if b < 0 else n + a)
                   for n, (a, b) in zip(x.shape, widths, strict=True))  # fmt: skip
    kept = tuple(
        slice(max(-a, 0), n + min(b, 0)) for n, (a, b) in zip(x.shape, widths, strict=True)
    )
    out[inside] = x[kept]
    return formatted_as(out, x)


constant_pad_nd_p: Operation = primitive(
    _pad,
    "x | widths value",
    lambda g, widths: constant_pad_nd_p(g, tuple((-a, -b) for a, b in widths), 0),
    name="constant_pad_nd",
)


def constant_pad_nd(input: Tensor, pad: Sequence[int], value: float = 0) -> Tensor:
    """``input`` with a border of ``value``; negative widths cut off.

    Args:
        pad: (before, after) for the last dimension, then for the one before it, ...

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
    """
    widths = tuple(int(n) for n in pad)
    if len(widths) % 2:
        raise RuntimeError(f"Length of pad must be even but instead it equals {len(widths)}")
    if len(widths) > 2 * input.ndim:
        raise RuntimeError(
            f"Length of pad should be no more than twice the number of dimensions of the input. "
            f"Pad length is {len(widths)} while the input has {input.ndim} dimensions."
        )
    pairs = [(0, 0)] * (input.ndim - len(widths) // 2)
    pairs += [(widths[k], widths[k + 1]) for k in range(len(widths) - 2, -1, -2)]
    for d, (n, (a, b)) in enumerate(zip(input.shape, pairs, strict=True)):
        if n + a + b < 0 or max(-a, 0) + max(-b, 0) > n + max(a, 0) + max(b, 0):
            raise RuntimeError(
                f"The input size {n}, plus negative padding {a} and {b} resulted in a negative "
                f"output size, which is invalid. Check dimension {d} of your input."
            )
    return constant_pad_nd_p(input, tuple(pairs), fitted(value, input.dtype))
