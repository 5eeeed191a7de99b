"""Batching rules: how a primitive is applied to all examples of a batch at once.

Elementwise primitives need none. Most others name their parameters alike, ``dim``, ``dims``,
``shape``, ``key``: moving those up by one, for the batch in front, is their rule.
"""

from __future__ import annotations

import math
from typing import Any, cast

from ..autograd.dispatch import apply
from ..autograd.history import replay
from ..autograd.inplace import copy_slices_p
from ..autograd.primitive import batching_rule
from ..autograd.variable import Variable
from ..ops.broadcasting import expand_p
from ..ops.choice import fill_p, where
from ..ops.choice import nonzero_p as nonzero_of_conditions_p
from ..ops.complex import polar_p
from ..ops.complex_parts import view_as_complex_p, view_as_real_p
from ..ops.decompositions import (
    cholesky_inverse_p,
    cholesky_or_nan_p,
    cholesky_solve_p,
    linalg_cholesky_ex_info_p,
    linalg_cholesky_ex_p,
    linalg_eig_p,
    linalg_eigh_p,
    linalg_qr_p,
    linalg_svd_p,
)
from ..ops.diagonals import block_diag_p, tril_p, triu_p
from ..ops.extrema import tie_weights_p
from ..ops.fft import fft_irfftn_p, fft_irfftn_transposed_p, fft_p, fft_transposed_p
from ..ops.gathering import (
    index_backward_p,
    index_p,
    index_put_p,
    index_rows_backward_p,
    index_rows_p,
    positions_p,
)
from ..ops.geometry import greatest_distance_p, zero_norm_p
from ..ops.grid_sampler import (
    finite_coordinates_p,
    gather_rows_p,
    grid_cells_p,
    scatter_rows_p,
)
from ..ops.histograms import bincount_p
from ..ops.householder import geqrf_p
from ..ops.indexing import copy_p
from ..ops.joining import cat, stack_p
from ..ops.least_squares import linalg_pinv_p, maximum_p
from ..ops.linalg import (
    linalg_inv_ex_info_p,
    linalg_inv_ex_p,
    linalg_inv_p,
    linalg_solve_p,
    linalg_solve_triangular_p,
)
from ..ops.lu import (
    lu_factor_ex_p,
    lu_factors_p,
    lu_order_p,
    permutation_p,
    permute_rows_p,
)
from ..ops.matmul import matmul as matmul_p
from ..ops.matrix_functions import (
    cofactor_p,
    eye_like_p,
    linalg_det_p,
    linalg_matrix_exp_p,
    linalg_slogdet_p,
    linalg_vander_p,
    logdet_p,
)
from ..ops.norm import gt_p
from ..ops.order_statistics import (
    last_rank_p,
    median_dim_p,
    median_p,
    nanmedian_dim_p,
    nanmedian_p,
    rank_p,
    to_nan_p,
)
from ..ops.positions import nonzero_p, selected_p
from ..ops.ranges import arange
from ..ops.rearranging import constant_pad_nd, constant_pad_nd_p, repeat_p
from ..ops.regions import select_p, slice_backward_p, slice_p
from ..ops.scan import ne_p
from ..ops.shape import alias_p, permute_p
from ..ops.sorting import isin_p, searchsorted_p, unique_consecutive_p, unique_p
from ..ops.vector_norm import linalg_vector_norm_p
from .batching import Vmap, aligned, elementwise, one_by_one

ALL = slice(None)


def spread(value: Any, batched: bool, size: int) -> Any:
    """``value`` with a batch in front; one that lacks it is repeated."""
    if batched or not hasattr(value, "expand"):
        return value
    return value.expand((size, *value.shape))


def one_dim_up(dim: Any, rank: int, size: int) -> Any:
    if isinstance(dim, tuple):
        return tuple(d + 1 for d in dim)
    return dim + 1


# how a parameter of that name changes for a batch in front; those that stay as they are: None
PARAMETERS: dict[str, Any] = {
    "dim": one_dim_up,
    "dim0": one_dim_up,
    "dim1": one_dim_up,
    "dim2": one_dim_up,
    "dims": one_dim_up,
    "shape": lambda shape, rank, size: (size, *shape),
    "key": lambda key, rank, size: (ALL, *key),
    "widths": lambda widths, rank, size: ((0, 0), *widths),
    **dict.fromkeys(
        ("keepdim", "nan", "repeats", "sizes", "arg", "correction", "step", "size", "length",
         "offset", "descending", "stable", "largest", "sorted", "k", "diagonal", "accumulate",
         "reverse", "ufunc", "shifts", "p", "value")
    ),
}  # fmt: skip

# reductions of one dimension or all; the others take a tuple of dimensions
ONE_DIM = {"prod", "argmax", "argmin"}


def movable(primitive: Any, params: tuple[Any, ...]) -> bool:
    """Whether every parameter is of a known kind and at least one places the operation."""
    names = primitive.params
    module = getattr(primitive.kernel, "__module__", "numpy").split(".")
    return (
        # the vocabulary is that of our own operations: a "shape" elsewhere may mean anything
        (module[0] == "numpy" or (module[0] == "minitorch" and module[1] in ("ops", "kernels")))
        and all(name in PARAMETERS for name in names)
        and any(PARAMETERS[name] for name in names)
        and not any(PARAMETERS[n] and p is None for n, p in zip(names, params, strict=True))
    )


def moved(primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    """The batch in front, the dimensions in the parameters one further back."""
    ranks = [v.ndim - b for v, b in zip(values, batched, strict=True) if hasattr(v, "ndim")]
    given = dict(zip(primitive.params, params, strict=True))
    if "dim" in given and given["dim"] is None and len(values) == 1:
        # all elements of each example
        values = [v.reshape((size, math.prod(v.shape[1:]))) for v in values]
        given["dim"] = 1 if primitive.name in ONE_DIM else (1,)
        made = apply(primitive, *values, *given.values())
        return made.reshape((size, *(1,) * ranks[0])) if given.get("keepdim") else made
    if not movable(primitive, params):
        return one_by_one(primitive, values, batched, params, size)
    values = [spread(v, b, size) for v, b in zip(values, batched, strict=True)]
    if min(ranks) == 0 and "dim" in given:
        # of numbers: each is a dimension of one element
        values = [v.reshape((size, 1)) if hasattr(v, "ndim") else v for v in values]
        given["dim"] = (1,) if isinstance(given["dim"], tuple) else 1
        given |= {"shape": (size, 1)} if "shape" in given else {}
        made = apply(primitive, *([values] if primitive.variadic else values), *given.values())
        several = isinstance(made, tuple)
        return tuple(each.reshape(size) for each in made) if several else made.reshape(size)
    changed = [
        PARAMETERS[name](p, ranks[0], size) if PARAMETERS[name] else p
        for name, p in zip(primitive.params, params, strict=True)
    ]
    return apply(primitive, *([values] if primitive.variadic else values), *changed)


@batching_rule(permute_p)
def permute(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    return apply(primitive, values[0], (0, *(d + 1 for d in params[0])))


@batching_rule(expand_p)
def expand(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    (shape,) = params
    x = values[0]
    ones = (1,) * (len(shape) - (x.ndim - 1))
    return apply(primitive, x.reshape((size, *ones, *x.shape[1:])), (size, *shape))


@batching_rule(stack_p)
def stack(primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    return apply(
        primitive, [spread(v, b, size) for v, b in zip(values, batched, strict=True)], params[0] + 1
    )


@batching_rule(select_p)
def select(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    return values[0][:, params[0]]


@batching_rule(slice_backward_p)
def slice_backward(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    shape, op, inner = params
    if op.primitive is select_p.primitive:
        return apply(primitive, values[0], (size, *shape), slice_p, ((ALL, inner[0]),))
    names = op.primitive.params
    if not set(names) <= PARAMETERS.keys():
        return one_by_one(primitive, values, batched, params, size)
    moved = [PARAMETERS[n](p, 0, size) if PARAMETERS[n] else p for n, p in zip(names, inner)]
    return apply(primitive, values[0], (size, *shape), op, tuple(moved))


@batching_rule(matmul_p)
def matmul(primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    a, b = values
    m, n = a.ndim - batched[0], b.ndim - batched[1]
    if not batched[1] and n <= 2:  # one product for the whole batch
        return apply(primitive, a, b)
    if not batched[0] and m == 2 and n == 1:
        return apply(primitive, b, a.mT)
    if m == 1:
        a = a.unsqueeze(-2)
    if n == 1:
        b = b.unsqueeze(-1)
    made = apply(primitive, *aligned([a, b], batched))
    if m == 1:
        made = made.squeeze(-2)
    return made.squeeze(-1) if n == 1 else made


@batching_rule(
    linalg_cholesky_ex_p, linalg_cholesky_ex_info_p, cholesky_or_nan_p, cholesky_inverse_p,
    linalg_det_p, linalg_eig_p, linalg_eigh_p, linalg_inv_p, linalg_inv_ex_p, linalg_inv_ex_info_p,
    linalg_matrix_exp_p, linalg_qr_p, linalg_slogdet_p, linalg_svd_p, logdet_p, cofactor_p,
    eye_like_p, tril_p, triu_p, linalg_vander_p, greatest_distance_p, zero_norm_p, last_rank_p,
    to_nan_p, geqrf_p, lu_factor_ex_p, lu_order_p, permutation_p,
    view_as_real_p, view_as_complex_p,
)  # fmt: skip
def of_matrices(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    """These take any number of leading dimensions."""
    return apply(primitive, *values, *params)


batching_rule(alias_p, maximum_p, rank_p, finite_coordinates_p, polar_p, gt_p, ne_p)(elementwise)


@batching_rule(grid_cells_p)
def grid_cells(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    slope, shift, index, inside = apply(primitive, *values, *params)
    return slope, shift, index.transpose(0, 1), inside.transpose(0, 1)  # one each per weight


@batching_rule(linalg_pinv_p, permute_rows_p, lu_factors_p)
def of_one_size(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    return apply(primitive, *(spread(v, b, size) for v, b in zip(values, batched, strict=True)))


@batching_rule(fft_p, fft_transposed_p, fft_irfftn_p, fft_irfftn_transposed_p)
def fft(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    given = dict(zip(primitive.params, params, strict=True))
    given["dims"] = tuple(d + (d >= 0) for d in given["dims"])
    if "shape" in given:
        given["shape"] = (size, *given["shape"])
    return apply(primitive, *values, *given.values())


@batching_rule(median_p, nanmedian_p)
def median(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    """Of all elements of each example. Equal ones share the gradient: each adds x - its value."""
    x = values[0].reshape((size, math.prod(values[0].shape[1:])))
    of_rows = median_dim_p if primitive is median_p.primitive else nanmedian_dim_p
    made = apply(of_rows.primitive, x.detach(), 1, True)[0]
    equal = (x == made) | ((x != x) & (made != made))
    parts = where(equal & x.isfinite(), x - x.detach(), 0) / equal.sum(1, keepdim=True)
    return made.squeeze(1) + parts.sum(1)


@batching_rule(block_diag_p)
def block_diag(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    blocks = [spread(v, b, size) for v, b in zip(values, batched, strict=True)]
    width, left, rows = sum(m for _, m in params[0]), 0, []
    for block, (_, m) in zip(blocks, params[0], strict=True):
        rows.append(constant_pad_nd(block, (left, width - left - m)))
        left += m
    return cat(rows, 1)


@batching_rule(searchsorted_p)
def searchsorted(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    sequence, x, sorter = values
    if not (batched[0] or batched[2]) and sequence.ndim == 1:
        return apply(primitive, *values, *params)
    sequence, x, sorter = (spread(v, b, size) for v, b in zip(values, batched, strict=True))
    rows = x if sequence.ndim > 2 else x.reshape((size, math.prod(x.shape[1:])))
    return apply(primitive, sequence, rows, sorter, *params).reshape(x.shape)


@batching_rule(isin_p)
def isin(primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    if not batched[1]:
        return apply(primitive, *values, *params)
    x, test = (spread(v, b, size) for v, b in zip(values, batched, strict=True))
    found = (x.reshape((size, -1, 1)) == test.reshape((size, 1, -1))).any(-1).reshape(x.shape)
    return ~found if params[0] else found


@batching_rule(linalg_solve_triangular_p, cholesky_solve_p)
def solve_triangular(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    a, b = (spread(v, each, size) for v, each in zip(values, batched, strict=True))
    ndim = max(a.ndim, b.ndim)  # the examples' own batches broadcast behind ours
    a, b = (x.reshape((size, *[1] * (ndim - x.ndim), *x.shape[1:])) for x in (a, b))
    return apply(primitive, a, b, *params)


@batching_rule(linalg_solve_p)
def solve(primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    a, b = (spread(v, each, size) for v, each in zip(values, batched, strict=True))
    if b.ndim < a.ndim:  # a vector on the right
        return apply(primitive, a, b.unsqueeze(-1), *params).squeeze(-1)
    if a.ndim != b.ndim:
        return one_by_one(primitive, values, batched, params, size)
    return apply(primitive, a, b, *params)


def together(dims: tuple[int, ...]) -> bool:
    """Whether the indexed dimensions are neighbours: else NumPy moves them to the front."""
    return dims[-1] - dims[0] == len(dims) - 1


def leading(dims: tuple[int, ...]) -> bool:
    """Whether the indexed dimensions are the first ones."""
    return dims == tuple(range(len(dims)))


def numbered(index: Any, count: int, size: int) -> Any:
    """Row numbers within each example's ``count`` rows as row numbers of all examples' rows."""
    starts = arange(size).reshape((size, *(1,) * (index.ndim - 1))) * count
    return where(index < 0, index + count, index) + starts


@batching_rule(copy_p, fill_p)
def written(primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    return elementwise(
        primitive,
        [spread(values[0], batched[0], size), values[1]],
        [True, batched[1]],
        params,
        size,
    )


@batching_rule(
    nonzero_p,
    nonzero_of_conditions_p,
    unique_p,
    unique_consecutive_p,
    selected_p,
    bincount_p,
)
def by_values(primitive: Any, *_: Any) -> Any:
    raise RuntimeError(
        "vmap: We do not support batching operators that can output dynamic shape. "
        f"Attempted to vmap over aten::{primitive.name}: the shape of its result depends on "
        "values, which differ from example to example."
    )


@batching_rule(index_p)
def index(primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    (x, places), (dims, once) = values, params
    if not batched[1] and together(dims):
        return apply(primitive, x, places, one_dim_up(dims, 0, size), once)
    if not (batched[1] and leading(dims)):
        return one_by_one(primitive, values, batched, params, size)
    if not batched[0]:
        return apply(primitive, x, places, dims, once)
    flat = numbered(places, math.prod(x.shape[1 : 1 + len(dims)]), size)
    return apply(primitive, x.reshape((size * x.shape[1], *x.shape[2:])), flat, dims, once)


@batching_rule(index_backward_p)
def index_backward(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    shape, dims, once = params
    if not batched[1] and together(dims):
        return apply(primitive, *values, (size, *shape), one_dim_up(dims, 0, size), once)
    if not (batched[1] and leading(dims)):
        return one_by_one(primitive, values, batched, params, size)
    flat = numbered(values[1], math.prod(shape[: len(dims)]), size)
    value = spread(values[0], batched[0], size)
    made = apply(primitive, value, flat, (size * shape[0], *shape[1:]), dims, once)
    return made.reshape((size, *shape))


@batching_rule(index_rows_p)
def index_rows(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    x, places = values
    if not batched[0]:
        return apply(primitive, x, places)
    flat = numbered(spread(places, batched[1], size), x.shape[1], size)
    return apply(primitive, x.reshape((size * x.shape[1], *x.shape[2:])), flat)


@batching_rule(index_rows_backward_p)
def index_rows_backward(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    (shape,) = params
    x, places = (spread(v, b, size) for v, b in zip(values, batched, strict=True))
    made = apply(primitive, x, numbered(places, shape[0], size), (size * shape[0], *shape[1:]))
    return made.reshape((size, *shape))


@batching_rule(index_put_p)
def index_put(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    dims, add = params
    if batched[2] or not together(dims):
        return one_by_one(primitive, values, batched, params, size)
    x = spread(values[0], batched[0], size)
    value = values[1]
    if batched[1]:  # its dimensions stand before, at and after the places: fill in the missing ones
        rank = x.ndim - 1 - len(dims) + values[2].ndim
        value = value.reshape((size, *(1,) * (rank - value.ndim + 1), *value.shape[1:]))
    return apply(primitive, x, value, values[2], one_dim_up(dims, 0, size), add)


@batching_rule(linalg_vector_norm_p)
def vector_norm(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    p, dim, keepdim = params
    x = values[0]
    if x.ndim == 1:  # of each number by itself
        return apply(primitive, x.unsqueeze(1), p, (1,), False)
    dims = tuple(range(1, x.ndim)) if dim is None else tuple(d + 1 for d in _tuple(dim))
    return apply(primitive, x, p, dims, keepdim)


@batching_rule(tie_weights_p)
def tie_weights(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    x, out = (spread(v, b, size) for v, b in zip(values, batched, strict=True))
    dim, keepdim, nan = params
    if x.ndim == 1:
        return apply(primitive, x.unsqueeze(1), out.reshape((size, 1)), (1,), True, nan).squeeze(1)
    if dim is None:
        dim, keepdim = tuple(range(x.ndim - 1)), True
        out = out.reshape((size, *(1,) * (x.ndim - 1)))
    return apply(primitive, x, out, tuple(d + 1 for d in _tuple(dim)), keepdim, nan)


def _tuple(dims: Any) -> tuple[int, ...]:
    return dims if isinstance(dims, tuple) else (dims,)


@batching_rule(repeat_p)
def repeat(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    (repeats,) = params
    x = values[0]
    ones = (1,) * (len(repeats) - (x.ndim - 1))
    return apply(primitive, x.reshape((size, *ones, *x.shape[1:])), (1, *repeats))


@batching_rule(constant_pad_nd_p)
def pad(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    return apply(primitive, values[0], ((0, 0), *params[0]), params[1])


@batching_rule(gather_rows_p, scatter_rows_p)
def rows_of_each(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    """These take a batch already: both become one."""
    x, places = (spread(v, b, size) for v, b in zip(values, batched, strict=True))
    flat = (v.reshape((size * v.shape[1], *v.shape[2:])) for v in (x, places))
    made = apply(primitive, *flat, *params)
    return made.reshape((*x.shape[:2], *made.shape[1:]))


@batching_rule(positions_p)
def positions(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    if any(str(v.dtype).endswith("bool") for v in values):
        raise RuntimeError(
            "vmap: indexing with a mask that differs from example to example gives results of "
            "different shapes. Use torch.where."
        )
    return apply(primitive, aligned(values, batched), *params)


Vmap.otherwise = staticmethod(moved)


@batching_rule(copy_slices_p)
def written_region(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    """The places of the region, found once, hold for all examples."""
    base, value = (spread(v, b, size) for v, b in zip(values, batched, strict=True))
    shape = base.shape[1:]
    places = replay(arange(math.prod(shape)).reshape(shape), params[0]).reshape(-1)
    rows = base.reshape(size, -1)
    if isinstance(value, Variable):
        filled = rows.index_copy(1, places, cast(Any, value).reshape(size, -1))
    else:  # the zeros that a gradient has there
        filled = rows.index_fill(1, places, 0)
    return filled.reshape(base.shape)
